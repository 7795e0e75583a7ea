-- +goose Up
-- Of which times of an organisation a batch makes rows or restates them: written down, as restatements are, under the number of the batch
-- that carries the rows, before it is sent. It counts once the store has the batch.
CREATE TABLE rollup_told (
    id     BIGINT NOT NULL PRIMARY KEY, -- number of the batch, then a place in it
    seq    BIGINT NOT NULL,             -- of the batch
    org    TEXT   NOT NULL,
    since  BIGINT NOT NULL,             -- begin of the first bucket
    until  BIGINT NOT NULL              -- end of the last
);
CREATE INDEX rollup_told_seq ON rollup_told (seq);
