-- +goose Up
CREATE TABLE thing (
    id    TEXT NOT NULL PRIMARY KEY,
    org   TEXT NOT NULL,
    time  BIGINT NOT NULL,
    name  TEXT NOT NULL,
    ratio DOUBLE PRECISION NOT NULL DEFAULT 0,
    on_   BOOLEAN NOT NULL DEFAULT FALSE,
    raw   BYTEA,
    owner TEXT REFERENCES thing (id),
    CHECK (time >= 0)
);
CREATE UNIQUE INDEX thing_org_name ON thing (org, name);
CREATE INDEX thing_time ON thing (time, id);
