-- +goose Up
CREATE TABLE rollup_state (
    name  TEXT   NOT NULL PRIMARY KEY, -- cursor, clock, horizon
    value BIGINT NOT NULL
);
CREATE TABLE rollup_series (
    series TEXT NOT NULL PRIMARY KEY,
    print  TEXT NOT NULL -- of the calendars and the reporting by which its rows were checked
);
CREATE TABLE rollup_restatement (
    id        BIGINT NOT NULL PRIMARY KEY, -- batch and place in it
    seq       BIGINT NOT NULL, -- of the batch that carries the row
    at        BIGINT NOT NULL,
    org       TEXT   NOT NULL,
    series    TEXT   NOT NULL,
    level     BIGINT NOT NULL,
    since     BIGINT NOT NULL, -- the bucket, half-open
    until     BIGINT NOT NULL,
    old_input BIGINT NOT NULL,
    new_input BIGINT NOT NULL,
    revision  BIGINT NOT NULL,
    withdrawn BIGINT NOT NULL, -- 1: the bucket is no more
    cause     TEXT   NOT NULL
);
CREATE INDEX rollup_restatement_seq ON rollup_restatement (seq);
CREATE INDEX rollup_restatement_org ON rollup_restatement (org, id);
CREATE INDEX rollup_restatement_series ON rollup_restatement (series, id);
CREATE INDEX rollup_restatement_at ON rollup_restatement (at);
CREATE TABLE rollup_todo (
    id     TEXT   NOT NULL PRIMARY KEY,
    series TEXT   NOT NULL,
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    cause  TEXT   NOT NULL
);
CREATE TABLE rollup_setting (
    id        TEXT   NOT NULL PRIMARY KEY, -- UUIDv7: the newest counts
    org       TEXT   NOT NULL,
    series    TEXT   NOT NULL,
    kind      TEXT   NOT NULL, -- counter, states
    given     BIGINT NOT NULL, -- 0: it is none any more
    modulus   TEXT   NOT NULL,
    max_step  TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    actor     TEXT   NOT NULL, -- JSON
    made      BIGINT NOT NULL
);
CREATE INDEX rollup_setting_series ON rollup_setting (series, id);
CREATE TABLE rollup_meter_change (
    id        TEXT   NOT NULL PRIMARY KEY, -- UUIDv7: of one time the newest counts
    org       TEXT   NOT NULL,
    series    TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    void      BIGINT NOT NULL, -- 1: there was none at that time
    old_value TEXT   NOT NULL,
    new_value TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    reference TEXT   NOT NULL,
    actor     TEXT   NOT NULL, -- JSON
    made      BIGINT NOT NULL
);
CREATE INDEX rollup_meter_change_series ON rollup_meter_change (series, id);
CREATE TABLE rollup_group (
    id      TEXT   NOT NULL,
    number  BIGINT NOT NULL, -- from 1
    org     TEXT   NOT NULL,
    name    TEXT   NOT NULL, -- JSON
    since   BIGINT NOT NULL, -- of the buckets that begin at or after it
    members TEXT   NOT NULL, -- JSON, sorted
    reason  TEXT   NOT NULL,
    actor   TEXT   NOT NULL, -- JSON
    made    BIGINT NOT NULL,
    PRIMARY KEY (id, number)
);
CREATE INDEX rollup_group_org ON rollup_group (org, id);
