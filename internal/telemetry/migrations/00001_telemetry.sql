-- +goose Up
-- Series of this node. ref names a series in the journal: it is given out once, densely from 1, and never again.
CREATE TABLE telemetry_series (
    ref  BIGINT NOT NULL PRIMARY KEY CHECK (ref > 0),
    id   TEXT NOT NULL UNIQUE,
    org  TEXT NOT NULL,
    type BIGINT NOT NULL CHECK (type BETWEEN 1 AND 4),
    unit TEXT NOT NULL
);
CREATE INDEX telemetry_series_org ON telemetry_series (org, id);

-- How a series reports from a time on (ns): report 1 periodic, 2 on change; max_silence in ns.
CREATE TABLE telemetry_reporting (
    ref         BIGINT NOT NULL REFERENCES telemetry_series (ref),
    since       BIGINT NOT NULL CHECK (since >= 0),
    report      BIGINT NOT NULL CHECK (report BETWEEN 1 AND 2),
    max_silence BIGINT NOT NULL CHECK (max_silence > 0),
    PRIMARY KEY (ref, since)
);
