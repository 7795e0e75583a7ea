-- +goose Up
-- A role may hold for a time only: under a mandate. Outside [since, until) it counts for nothing.
ALTER TABLE auth_role ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE auth_role ADD COLUMN until BIGINT NOT NULL DEFAULT 9223372036854775807;

-- A token that somebody made under a mandate counts only while the mandate does.
ALTER TABLE auth_token ADD COLUMN holder TEXT NOT NULL DEFAULT ''; -- the person, '' where it stands by itself
ALTER TABLE auth_token ADD COLUMN root TEXT NOT NULL DEFAULT '';   -- the organisation of the mandate

-- Mobile numbers with which people sign in, each proved by a code.
CREATE TABLE auth_phone (
    phone    TEXT   NOT NULL PRIMARY KEY, -- E.164
    person   TEXT   NOT NULL UNIQUE REFERENCES auth_person (id),
    verified BIGINT NOT NULL
);

-- Codes that were sent. The hash is keyed with the challenge, which only the browser holds: a copy of this table tells no code.
CREATE TABLE auth_code (
    challenge TEXT   NOT NULL PRIMARY KEY, -- SHA-256
    phone     TEXT   NOT NULL,
    hash      TEXT   NOT NULL,
    tries     BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    used      BIGINT NOT NULL -- 0 while it can be used
);
CREATE INDEX auth_code_expires ON auth_code (expires);

-- Who is known at a provider by which subject.
CREATE TABLE auth_identity (
    issuer  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    person  TEXT   NOT NULL REFERENCES auth_person (id),
    created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX auth_identity_person ON auth_identity (person);

-- Sign-ins that are under way at a provider. Nonce and PKCE verifier are derived from the cookie and stand nowhere.
CREATE TABLE auth_oidc (
    state    TEXT   NOT NULL PRIMARY KEY, -- SHA-256
    provider TEXT   NOT NULL,
    browser  TEXT   NOT NULL, -- SHA-256 of the cookie
    person   TEXT   NOT NULL, -- who was signed in at the start, or ''
    expires  BIGINT NOT NULL,
    used     BIGINT NOT NULL, -- 0 until the provider's answer has come
    issuer   TEXT   NOT NULL, -- of somebody whom nobody here is known by yet
    subject  TEXT   NOT NULL,
    ticket   TEXT   NOT NULL  -- SHA-256 of what binds them; '' where there is none
);
CREATE INDEX auth_oidc_expires ON auth_oidc (expires);

-- +goose Down
DROP TABLE auth_oidc;
DROP TABLE auth_identity;
DROP TABLE auth_code;
DROP TABLE auth_phone;
ALTER TABLE auth_token DROP COLUMN root;
ALTER TABLE auth_token DROP COLUMN holder;
ALTER TABLE auth_role DROP COLUMN until;
ALTER TABLE auth_role DROP COLUMN since;
