-- +goose Up
-- What is wrong with rows of files of bulk registration, in the order in which it was found.
CREATE TABLE identify_import_fault (
    job    TEXT   NOT NULL,
    number BIGINT NOT NULL,
    line   BIGINT NOT NULL, -- row of the file, from 1
    item   TEXT   NOT NULL, -- heading of the column, or of the item
    value  TEXT   NOT NULL,
    reason TEXT   NOT NULL, -- JSON, zh and en
    mend   TEXT   NOT NULL,
    PRIMARY KEY (job, number)
);
