-- +goose Up
CREATE TABLE seal_running (                   -- leaves of days that had not ended: what stood up to a commit
    series      TEXT   NOT NULL,
    day         BIGINT NOT NULL,
    last_commit BIGINT NOT NULL,
    leaf        BIGINT NOT NULL,              -- index in the log
    PRIMARY KEY (series, day, last_commit)
);
