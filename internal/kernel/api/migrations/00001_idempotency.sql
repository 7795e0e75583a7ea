-- +goose Up
-- Answers to POST requests that came with an Idempotency-Key, kept for a day. The answer is sealed with a key that only
-- the caller's credential yields: it may hold a token that is shown once.
CREATE TABLE api_idempotency (
    credential TEXT   NOT NULL, -- derived from the caller's credential
    key        TEXT   NOT NULL,
    request    TEXT   NOT NULL, -- hash of method, address and body
    started    BIGINT NOT NULL,
    status     BIGINT NOT NULL, -- 0 while the request runs
    answer     BYTEA  NOT NULL, -- sealed headers and body
    PRIMARY KEY (credential, key)
);
CREATE INDEX api_idempotency_started ON api_idempotency (started);

-- +goose Down
DROP TABLE api_idempotency;
