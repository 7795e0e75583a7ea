-- +goose Up
CREATE TABLE form_draft (
    id          TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org         TEXT   NOT NULL,             -- for which it is filled in
    person      TEXT   NOT NULL,             -- whose it is
    name        TEXT   NOT NULL,
    kind        TEXT   NOT NULL,             -- of what it is to become
    target      TEXT   NOT NULL,
    action      TEXT   NOT NULL,
    case_id     TEXT   NOT NULL,             -- or ''
    keeper      TEXT   NOT NULL,             -- or ''
    title       TEXT   NOT NULL,             -- JSON
    state       TEXT   NOT NULL,
    content     TEXT   NOT NULL,             -- JSON as it was given
    reason      TEXT   NOT NULL,
    filled      TEXT   NOT NULL,             -- JSON, by the node
    private     BOOLEAN NOT NULL,
    device      TEXT   NOT NULL,
    before_name TEXT   NOT NULL,             -- from whom it was taken over
    outcome     TEXT   NOT NULL,             -- JSON
    made        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    warned      BOOLEAN NOT NULL,
    revision    BIGINT NOT NULL
);
CREATE INDEX form_draft_org ON form_draft (org, state, id);
CREATE INDEX form_draft_case ON form_draft (case_id);
CREATE INDEX form_draft_expires ON form_draft (state, expires);
CREATE TABLE form_attachment (
    id    TEXT   NOT NULL PRIMARY KEY,
    draft TEXT   NOT NULL REFERENCES form_draft (id),
    kind  TEXT   NOT NULL,
    name  TEXT   NOT NULL,
    media TEXT   NOT NULL,
    size  BIGINT NOT NULL,
    blob  TEXT   NOT NULL, -- SHA-256 of its content
    at    BIGINT NOT NULL
);
CREATE INDEX form_attachment_draft ON form_attachment (draft, id);
CREATE INDEX form_attachment_blob ON form_attachment (blob);
