-- +goose Up
-- Prefixes that this node knows: those that it serves, has allocated, or has delegated to another node.
CREATE TABLE identify_prefix (
    number   BIGINT NOT NULL PRIMARY KEY, -- dense; never leaves the node
    prefix   TEXT   NOT NULL UNIQUE,      -- folded: ASCII letters in upper case
    name     TEXT   NOT NULL,             -- as it was allocated
    org      TEXT   NOT NULL,             -- whose it is
    state    TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX identify_prefix_org ON identify_prefix (org, number);
-- All states of prefixes with their dates, only ever added; until ends a row when the next begins.
CREATE TABLE identify_prefix_state (
    number   BIGINT NOT NULL REFERENCES identify_prefix (number),
    revision BIGINT NOT NULL,
    org      TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    actor    TEXT   NOT NULL, -- JSON
    reason   TEXT   NOT NULL,
    PRIMARY KEY (number, revision)
);
-- Who changed identifiers; versions name them by number.
CREATE TABLE identify_author (
    number BIGINT NOT NULL PRIMARY KEY,
    kind   TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    via    TEXT   NOT NULL,
    UNIQUE (kind, id, name, via)
);
-- Groups of versions that became durable together. Each is a group of the evidence log, by its number.
CREATE TABLE identify_commit (
    number   BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    first    BIGINT NOT NULL UNIQUE, -- serial of its first version
    versions BIGINT NOT NULL,
    chain    BYTEA  NOT NULL         -- hash over the commit before it and its versions
);
-- All versions of identifiers, only ever added; until ends a row when the next begins.
CREATE TABLE identify_version (
    serial    BIGINT NOT NULL PRIMARY KEY, -- dense, in the order of commits
    ident_key BYTEA  NOT NULL,             -- the name folded
    prefix    BIGINT NOT NULL,             -- number
    name      TEXT   NOT NULL,
    operation TEXT   NOT NULL,
    author    BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    template  BIGINT NOT NULL,             -- number, 0 for none
    record    BYTEA  NOT NULL,             -- empty where the identifier was deleted
    UNIQUE (ident_key, serial)
);
-- Values of template items that are searched, of the versions that hold.
CREATE TABLE identify_value (
    serial BIGINT           NOT NULL,
    prefix BIGINT           NOT NULL,
    item   BIGINT           NOT NULL, -- index
    word   TEXT             NOT NULL,
    number DOUBLE PRECISION NOT NULL  -- of numbers, and of dates in days since 1970; 0 of words
);
CREATE INDEX identify_value_serial ON identify_value (serial);
CREATE INDEX identify_value_word ON identify_value (prefix, item, word);
CREATE INDEX identify_value_number ON identify_value (prefix, item, number);
-- Metadata templates.
CREATE TABLE identify_template (
    number   BIGINT NOT NULL PRIMARY KEY,
    id       TEXT   NOT NULL UNIQUE, -- UUIDv7
    prefix   BIGINT NOT NULL REFERENCES identify_prefix (number),
    version  TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    content  TEXT   NOT NULL,        -- JSON
    revision BIGINT NOT NULL,
    actor    TEXT   NOT NULL,        -- JSON, of the last change
    at       BIGINT NOT NULL,
    UNIQUE (prefix, version)
);
-- Requests that carried a key of their own, so that the same one changes nothing twice.
CREATE TABLE identify_once (
    org    TEXT   NOT NULL,
    once   TEXT   NOT NULL,
    digest TEXT   NOT NULL, -- of what was asked
    result TEXT   NOT NULL, -- JSON
    at     BIGINT NOT NULL,
    PRIMARY KEY (org, once)
);
CREATE INDEX identify_once_at ON identify_once (at);
