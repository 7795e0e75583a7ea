-- +goose Up
-- The evidence log is the truth of what was sealed; these tables find it again, and keep what must be deletable.
CREATE TABLE seal_day (
    day          BIGINT NOT NULL PRIMARY KEY, -- UTC day of the commits, days since 1970-01-01
    first_commit BIGINT NOT NULL,             -- commits of the day; last_commit is first_commit - 1 where there are none
    last_commit  BIGINT NOT NULL,
    first        BIGINT NOT NULL,             -- index of its first leaf; -1: none
    leaves       BIGINT NOT NULL,             -- those of its parts in the first go
    skipped      BIGINT NOT NULL,             -- series that could not be read then
    size         BIGINT NOT NULL,             -- of the log when the day was done
    root         TEXT   NOT NULL,             -- of the tree of that size, base64
    sealed       BIGINT NOT NULL              -- when; 0 while it is being done
);
CREATE TABLE seal_part (                      -- neighbouring leaves of a day, in order of series
    first  BIGINT NOT NULL PRIMARY KEY,
    day    BIGINT NOT NULL,
    leaves BIGINT NOT NULL,
    lo     TEXT   NOT NULL,                   -- the series at both ends
    hi     TEXT   NOT NULL
);
CREATE INDEX seal_part_day ON seal_part (day, first);
CREATE TABLE seal_skip (                      -- what could not be read; tried again
    day    BIGINT NOT NULL,
    series TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    PRIMARY KEY (day, series)
);
CREATE TABLE seal_key (
    series   TEXT   NOT NULL,
    month    BIGINT NOT NULL,                 -- UTC calendar month: year * 12 + month - 1
    secret   TEXT   NOT NULL,                 -- 32 bytes in hex; '' once shredded
    shredded BIGINT NOT NULL,                 -- when; 0: not
    PRIMARY KEY (month, series)
);
CREATE TABLE seal_record (                    -- leaves that are no samples
    id      TEXT   NOT NULL PRIMARY KEY,      -- of the correction, the audit entry, the tombstone, the shredding
    kind    TEXT   NOT NULL,
    org     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    digest  TEXT   NOT NULL,                  -- salted, hex
    salt    TEXT   NOT NULL,                  -- hex
    leaf    BIGINT NOT NULL,                  -- -1: not in the log yet
    payload TEXT   NOT NULL                   -- canonical bytes, base64; '' where another room keeps them
);
CREATE INDEX seal_record_leaf ON seal_record (leaf);
CREATE INDEX seal_record_subject ON seal_record (subject, id);
CREATE TABLE seal_cursor (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
