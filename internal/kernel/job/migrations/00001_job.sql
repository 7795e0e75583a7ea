-- +goose Up
CREATE TABLE job (
    id         TEXT NOT NULL PRIMARY KEY,
    org        TEXT NOT NULL,
    node       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    actor      TEXT NOT NULL,
    input      TEXT NOT NULL,
    state      TEXT NOT NULL,
    status     TEXT NOT NULL,
    done       BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    output     TEXT NOT NULL,
    error      TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    cancel     BOOLEAN NOT NULL,
    created    BIGINT NOT NULL,
    started    BIGINT NOT NULL,
    finished   BIGINT NOT NULL
);
CREATE INDEX job_org ON job (org, created, id);
CREATE INDEX job_next ON job (node, status, created, id);
