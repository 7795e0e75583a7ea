-- +goose Up
CREATE TABLE condition_current (
    id       TEXT NOT NULL PRIMARY KEY,
    org      TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    severity TEXT NOT NULL,
    text     TEXT NOT NULL,
    attr     TEXT NOT NULL,
    raised   BIGINT NOT NULL,
    last     BIGINT NOT NULL,
    count    BIGINT NOT NULL
);
CREATE UNIQUE INDEX condition_current_key ON condition_current (kind, subject);
CREATE INDEX condition_current_org ON condition_current (org, raised, id);
