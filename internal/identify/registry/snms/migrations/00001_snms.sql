-- +goose Up
-- Accounts of enterprises' programs.
CREATE TABLE identify_snms_account (
    name     TEXT   NOT NULL PRIMARY KEY,
    id       TEXT   NOT NULL,
    org      TEXT   NOT NULL,
    verifier TEXT   NOT NULL, -- hex of SHA-256(password); the password has 160 random bits
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL
);
CREATE INDEX identify_snms_account_org ON identify_snms_account (org, name);
