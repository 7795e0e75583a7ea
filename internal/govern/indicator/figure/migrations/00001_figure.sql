-- +goose Up
-- The last commit of this room on this node, ns since 1970 (row 1), and the last mark of what is to be worked out again (row 2).
CREATE TABLE figure_clock (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
INSERT INTO figure_clock (id, at) VALUES (1, 0);
INSERT INTO figure_clock (id, at) VALUES (2, 0);
-- What a keeper of registers has figures of. A row is never changed: the greatest version holds.
CREATE TABLE figure_keeper (
    org     TEXT   NOT NULL,
    version BIGINT NOT NULL,
    scope   TEXT   NOT NULL, -- GB/T 2260; '' for wherever its enterprises lie
    adopted TEXT   NOT NULL, -- JSON: ids of policies
    reason  TEXT   NOT NULL,
    actor   TEXT   NOT NULL, -- JSON
    at      BIGINT NOT NULL,
    PRIMARY KEY (org, version)
);
-- Who figures are of: values, found by their hash.
CREATE TABLE figure_population (
    hash     TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the canonical bytes
    keeper   TEXT   NOT NULL,
    scope    TEXT   NOT NULL,
    filter   TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    members  BIGINT NOT NULL,
    doubles  BIGINT NOT NULL,
    unplaced BIGINT NOT NULL,
    body     BYTEA  NOT NULL, -- their size, then zstd of the canonical bytes
    at       BIGINT NOT NULL
);
-- Observations of enterprises, column by column. A blob is a base with all rows, or a delta that lies on one. A delta at the place n
-- behind its base (seq - base) holds what changed at the last k places, k the largest power of 8 that divides n.
CREATE TABLE figure_column (
    id        TEXT   NOT NULL, -- UUIDv5 of the next six
    keeper    TEXT   NOT NULL,
    source    TEXT   NOT NULL, -- local: observed here, of no keeper; given: by enterprises with a node of their own
    indicator TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    baseline  TEXT   NOT NULL,
    seq       BIGINT NOT NULL,
    base      BIGINT NOT NULL, -- seq of its base; its own where it is one
    changed   BIGINT NOT NULL, -- rows put since the base
    size      BIGINT NOT NULL, -- rows of the blob
    body      BYTEA  NOT NULL,
    hash      TEXT   NOT NULL, -- SHA-256 of it
    at        BIGINT NOT NULL,
    PRIMARY KEY (id, seq)
);
CREATE INDEX figure_column_keeper ON figure_column (keeper, source, indicator);
-- Figures. Only superseded ever changes, once: the commit of the next revision.
CREATE TABLE figure (
    id         TEXT   NOT NULL, -- UUIDv5 of the key
    revision   BIGINT NOT NULL,
    keeper     TEXT   NOT NULL,
    indicator  TEXT   NOT NULL,
    filter     TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    label      TEXT   NOT NULL,
    baseline   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    definition TEXT   NOT NULL,
    population TEXT   NOT NULL,
    account    BYTEA  NOT NULL,
    parts      BYTEA  NOT NULL,
    watermark  BIGINT NOT NULL,
    hash       TEXT   NOT NULL, -- SHA-256 of the canonical bytes of all of it
    at         BIGINT NOT NULL,
    superseded BIGINT NOT NULL,
    PRIMARY KEY (id, revision)
);
CREATE INDEX figure_board ON figure (keeper, superseded, kind, label);
CREATE INDEX figure_trend ON figure (keeper, indicator, superseded);
CREATE INDEX figure_at ON figure (keeper, at);
-- What is to be worked out again.
CREATE TABLE figure_dirty (
    keeper    TEXT   NOT NULL,
    code      TEXT   NOT NULL, -- of one enterprise; '' for all
    indicator TEXT   NOT NULL, -- '' for all
    kind      TEXT   NOT NULL, -- '' for all
    label     TEXT   NOT NULL, -- '' for all
    first     BIGINT NOT NULL, -- mark with which it came in
    mark      BIGINT NOT NULL, -- the last
    PRIMARY KEY (keeper, code, indicator, kind, label)
);
CREATE INDEX figure_dirty_first ON figure_dirty (first);
-- What has been followed, and how far.
CREATE TABLE figure_cursor (
    name     TEXT   NOT NULL PRIMARY KEY,
    epoch    BIGINT NOT NULL,
    position BIGINT NOT NULL
);
-- Steps of handing in a period.
CREATE TABLE figure_seal (
    id        TEXT   NOT NULL UNIQUE, -- of its leaf, UUIDv5
    keeper    TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    step      BIGINT NOT NULL,
    state     TEXT   NOT NULL, -- submitted, returned, accepted
    figures   BIGINT NOT NULL, -- of the period when it was submitted
    root      TEXT   NOT NULL, -- SHA-256 over their ids, revisions and hashes
    as_of     BIGINT NOT NULL, -- commit as of which
    agreement TEXT   NOT NULL, -- of who decided
    taker     TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    actor     TEXT   NOT NULL, -- JSON
    at        BIGINT NOT NULL,
    PRIMARY KEY (keeper, kind, label, step)
);
CREATE INDEX figure_seal_at ON figure_seal (at);
-- Values that people have entered beside the computed ones.
CREATE TABLE figure_manual (
    id         TEXT   NOT NULL, -- UUIDv5 of key and reading
    revision   BIGINT NOT NULL,
    figure     TEXT   NOT NULL,
    keeper     TEXT   NOT NULL,
    indicator  TEXT   NOT NULL,
    filter     TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    label      TEXT   NOT NULL,
    baseline   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    reading    TEXT   NOT NULL,
    state      TEXT   NOT NULL, -- entered, confirmed, withdrawn
    value      TEXT   NOT NULL, -- decimal
    unit       TEXT   NOT NULL,
    grade      BIGINT NOT NULL,
    document   TEXT   NOT NULL, -- of the facts' documents, or ''
    checked_by TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    entered    TEXT   NOT NULL, -- JSON: who entered the value
    actor      TEXT   NOT NULL, -- JSON: who made this revision
    at         BIGINT NOT NULL,
    superseded BIGINT NOT NULL,
    leaf       TEXT   NOT NULL UNIQUE, -- id of its leaf, UUIDv5
    PRIMARY KEY (id, revision)
);
CREATE INDEX figure_manual_board ON figure_manual (keeper, superseded);
CREATE INDEX figure_manual_at ON figure_manual (at);
