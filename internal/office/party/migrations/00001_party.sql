-- +goose Up
-- Applications to join, or to act for an enterprise that has joined, as they stand.
CREATE TABLE party_application (
    id          TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    home        TEXT   NOT NULL,             -- the organisation that decides
    person      TEXT   NOT NULL,
    login       TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    kind        TEXT   NOT NULL, -- join, act
    role        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    target      TEXT   NOT NULL, -- the organisation, or ''
    credit_code TEXT   NOT NULL,
    words       TEXT   NOT NULL, -- code and name in small letters, for looking up
    content     TEXT   NOT NULL, -- canonical JSON
    letter      TEXT   NOT NULL, -- JSON, '' where there is none
    revision    BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    submitted   BIGINT NOT NULL, -- 0 for never
    actor       TEXT   NOT NULL, -- JSON
    reason      TEXT   NOT NULL
);
CREATE INDEX party_application_person ON party_application (person, id);
CREATE INDEX party_application_home ON party_application (home, state, id);
CREATE INDEX party_application_target ON party_application (target, id);
-- Their steps, only ever added.
CREATE TABLE party_step (
    application TEXT   NOT NULL REFERENCES party_application (id),
    revision    BIGINT NOT NULL,
    from_state  TEXT   NOT NULL,
    to_state    TEXT   NOT NULL,
    content     TEXT   NOT NULL, -- as it was at the step
    actor       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (application, revision)
);
CREATE TABLE party_mandate (
    id          TEXT    NOT NULL PRIMARY KEY, -- UUIDv7
    org         TEXT    NOT NULL,
    person      TEXT    NOT NULL,
    login       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    since       BIGINT  NOT NULL, -- half-open
    until       BIGINT  NOT NULL,
    application TEXT    NOT NULL,
    letter      TEXT    NOT NULL, -- JSON
    revision    BIGINT  NOT NULL,
    revoked     BOOLEAN NOT NULL,
    actor       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    at          BIGINT  NOT NULL
);
CREATE INDEX party_mandate_org ON party_mandate (org, id);
CREATE INDEX party_mandate_person ON party_mandate (person, id);
-- +goose Down
DROP TABLE party_mandate;
DROP TABLE party_step;
DROP TABLE party_application;
