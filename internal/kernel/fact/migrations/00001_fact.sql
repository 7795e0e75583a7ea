-- +goose Up
-- Facts as their sources know them. A row is made with the first revision and never changed.
CREATE TABLE fact (
    id       TEXT NOT NULL PRIMARY KEY, -- UUIDv7
    org      TEXT NOT NULL,
    kind     TEXT NOT NULL,
    source   TEXT NOT NULL,
    external TEXT NOT NULL,
    UNIQUE (org, kind, source, external)
);
-- Revisions, only ever added. superseded alone changes, once: it is the commit of the next revision, so that what was known at
-- a commit is found without a search.
CREATE TABLE fact_revision (
    id            TEXT    NOT NULL PRIMARY KEY, -- UUIDv7
    fact          TEXT    NOT NULL REFERENCES fact (id),
    revision      BIGINT  NOT NULL,
    org           TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    kind_version  TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    external      TEXT    NOT NULL,
    content       TEXT    NOT NULL, -- canonical JSON
    documents     TEXT    NOT NULL, -- JSON
    grade         BIGINT  NOT NULL,
    evidence      TEXT    NOT NULL, -- JSON
    since         BIGINT  NOT NULL, -- when it holds, half-open
    until         BIGINT  NOT NULL,
    withdrawn     BOOLEAN NOT NULL,
    actor         TEXT    NOT NULL, -- JSON
    reason        TEXT    NOT NULL,
    digest        TEXT    NOT NULL,
    commit_number BIGINT  NOT NULL UNIQUE,
    at            BIGINT  NOT NULL, -- commit time
    superseded    BIGINT  NOT NULL,
    UNIQUE (fact, revision)
);
CREATE INDEX fact_revision_org ON fact_revision (org, kind, since);
CREATE INDEX fact_revision_list ON fact_revision (org, superseded, fact);
CREATE INDEX fact_revision_at ON fact_revision (at);
-- Values by which facts are found, counted and summed.
CREATE TABLE fact_value (
    revision TEXT   NOT NULL REFERENCES fact_revision (id),
    field    TEXT   NOT NULL,
    word     TEXT   NOT NULL,
    number   BIGINT NOT NULL
);
CREATE INDEX fact_value_revision ON fact_value (revision, field);
CREATE INDEX fact_value_word ON fact_value (field, word, revision);
-- The last commit of the node; one row.
CREATE TABLE fact_clock (
    id            BIGINT NOT NULL PRIMARY KEY,
    commit_number BIGINT NOT NULL,
    at            BIGINT NOT NULL
);
INSERT INTO fact_clock (id, commit_number, at) VALUES (1, 0, 0);
-- Documents that organisations have handed in.
CREATE TABLE fact_document (
    org   TEXT   NOT NULL,
    id    TEXT   NOT NULL, -- of the object
    name  TEXT   NOT NULL,
    media TEXT   NOT NULL,
    size  BIGINT NOT NULL,
    actor TEXT   NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
