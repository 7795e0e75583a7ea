-- +goose Up
-- Secrets are kept as hashes only: a copy of these tables signs nobody in.
CREATE TABLE auth_person (
    id           TEXT    NOT NULL PRIMARY KEY,
    login        TEXT    NOT NULL UNIQUE, -- lower case
    name         TEXT    NOT NULL,
    password     TEXT    NOT NULL, -- argon2id in PHC form; '' while none has been set
    password_set BIGINT  NOT NULL, -- when; 0 for never
    disabled     BOOLEAN NOT NULL,
    created      BIGINT  NOT NULL,
    seen         BIGINT  NOT NULL  -- last request of any session; 0 for never
);

-- A person's own roles. What is inherited by ownership is worked out at each request.
CREATE TABLE auth_role (
    person  TEXT   NOT NULL REFERENCES auth_person (id),
    org     TEXT   NOT NULL REFERENCES org (id),
    role    TEXT   NOT NULL,
    granted BIGINT NOT NULL,
    PRIMARY KEY (person, org)
);
CREATE INDEX auth_role_org ON auth_role (org, person);

CREATE TABLE auth_session (
    id      TEXT   NOT NULL PRIMARY KEY,
    hash    TEXT   NOT NULL UNIQUE, -- SHA-256 of the cookie
    person  TEXT   NOT NULL REFERENCES auth_person (id),
    via     TEXT   NOT NULL, -- password, link
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL, -- last request, exact to a minute
    remote  TEXT   NOT NULL,
    agent   TEXT   NOT NULL
);
CREATE INDEX auth_session_person ON auth_session (person);
CREATE INDEX auth_session_seen ON auth_session (seen);

CREATE TABLE auth_token (
    id      TEXT   NOT NULL PRIMARY KEY,
    hash    TEXT   NOT NULL, -- SHA-256 of the secret
    name    TEXT   NOT NULL,
    org     TEXT   NOT NULL REFERENCES org (id),
    role    TEXT   NOT NULL,
    creator TEXT   NOT NULL, -- name of who made it, at that time
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL, -- last request, exact to five minutes; 0 for never
    ended   BIGINT NOT NULL  -- withdrawn at; 0 while it counts
);
CREATE INDEX auth_token_org ON auth_token (org, id);

CREATE TABLE auth_link (
    id      TEXT   NOT NULL PRIMARY KEY,
    hash    TEXT   NOT NULL UNIQUE, -- SHA-256 of the secret
    person  TEXT   NOT NULL REFERENCES auth_person (id),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL -- 0 while it can be used
);
CREATE INDEX auth_link_person ON auth_link (person);

CREATE TABLE auth_certificate (
    serial     TEXT   NOT NULL PRIMARY KEY, -- lower-case hex
    subject    TEXT   NOT NULL, -- gateway id
    org        TEXT   NOT NULL REFERENCES org (id),
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    revoked    BIGINT NOT NULL, -- 0 while it counts
    reason     TEXT   NOT NULL
);
CREATE INDEX auth_certificate_subject ON auth_certificate (subject, not_after);

-- +goose Down
DROP TABLE auth_certificate;
DROP TABLE auth_link;
DROP TABLE auth_token;
DROP TABLE auth_session;
DROP TABLE auth_role;
DROP TABLE auth_person;
