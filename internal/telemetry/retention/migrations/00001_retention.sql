-- +goose Up
CREATE TABLE retention_class (
    id      TEXT   NOT NULL PRIMARY KEY,
    org     TEXT   NOT NULL,
    name    TEXT   NOT NULL, -- {"zh","en"}
    removed BIGINT NOT NULL  -- 0 while it is there
);
CREATE INDEX retention_class_org ON retention_class (org, id);

-- What a class says from a time on.
CREATE TABLE retention_term (
    class  TEXT   NOT NULL REFERENCES retention_class (id),
    since  BIGINT NOT NULL,
    made   BIGINT NOT NULL, -- the later made of two with one since counts
    days   BIGINT NOT NULL, -- 0: for ever
    reason TEXT   NOT NULL,
    PRIMARY KEY (class, since, made)
);

CREATE TABLE retention_assignment (
    id     TEXT   NOT NULL PRIMARY KEY,
    org    TEXT   NOT NULL,
    target TEXT   NOT NULL, -- org, node, template, series
    target_id TEXT NOT NULL,
    class  TEXT   NOT NULL, -- '' keeps for ever
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL, -- 9223372036854775807 while it lasts
    reason TEXT   NOT NULL
);
CREATE INDEX retention_assignment_org ON retention_assignment (org, id);

CREATE TABLE retention_hold (
    id     TEXT   NOT NULL PRIMARY KEY,
    org    TEXT   NOT NULL,
    series TEXT   NOT NULL, -- '' for all of the organisation
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    reason TEXT   NOT NULL,
    made   BIGINT NOT NULL,
    ended  BIGINT NOT NULL -- 0 while it stands
);
CREATE INDEX retention_hold_org ON retention_hold (org, id);

-- Up to where a series' samples have gone, or are about to.
CREATE TABLE retention_horizon (
    series  TEXT   NOT NULL PRIMARY KEY,
    org     TEXT   NOT NULL,
    horizon BIGINT NOT NULL,
    at      BIGINT NOT NULL
);
