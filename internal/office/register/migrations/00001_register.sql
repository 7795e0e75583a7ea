-- +goose Up
-- Entries as they stand.
CREATE TABLE register_entry (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org      TEXT   NOT NULL,             -- who keeps it
    register TEXT   NOT NULL,
    entry_key TEXT  NOT NULL,
    subject  TEXT   NOT NULL,             -- the organisation that it is about, or ''
    state    TEXT   NOT NULL,
    class    TEXT   NOT NULL,
    since    BIGINT NOT NULL,             -- when it holds, half-open
    until    BIGINT NOT NULL,
    content  TEXT   NOT NULL,             -- canonical JSON
    words    TEXT   NOT NULL,             -- key and title in small letters, for looking up; short enough for an index
    revision BIGINT NOT NULL,
    version  TEXT   NOT NULL,             -- of the pack
    actor    TEXT   NOT NULL,             -- JSON
    reason   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    UNIQUE (org, register, entry_key)
);
CREATE INDEX register_entry_list ON register_entry (register, id);
CREATE INDEX register_entry_words ON register_entry (register, words, id);
CREATE INDEX register_entry_subject ON register_entry (subject, register);
-- All revisions, only ever added.
CREATE TABLE register_revision (
    entry    TEXT   NOT NULL REFERENCES register_entry (id),
    revision BIGINT NOT NULL,
    org      TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    class    TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    content  TEXT   NOT NULL,
    version  TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (entry, revision)
);
-- Values of the newest revisions, by which entries are found and counted.
CREATE TABLE register_value (
    entry  TEXT   NOT NULL REFERENCES register_entry (id),
    field  TEXT   NOT NULL,
    word   TEXT   NOT NULL,
    number BIGINT NOT NULL,
    since  BIGINT NOT NULL, -- of an item of a list with dates
    until  BIGINT NOT NULL
);
CREATE INDEX register_value_entry ON register_value (entry, field);
CREATE INDEX register_value_word ON register_value (field, word, entry);
