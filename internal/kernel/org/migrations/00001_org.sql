-- +goose Up
CREATE TABLE org (
    id          TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL, -- {"zh","en"}
    credit_code TEXT    NOT NULL, -- '' where there is none
    home        BOOLEAN NOT NULL, -- it runs this node
    created     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX org_credit_code ON org (credit_code) WHERE credit_code <> '';
CREATE UNIQUE INDEX org_home ON org (home) WHERE home;

CREATE TABLE org_ownership (
    id     TEXT   NOT NULL PRIMARY KEY,
    child  TEXT   NOT NULL REFERENCES org (id),
    parent TEXT   NOT NULL REFERENCES org (id),
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL, -- 9223372036854775807 while it lasts
    CHECK (since < until),
    CHECK (child <> parent)
);
CREATE INDEX org_ownership_child ON org_ownership (child, since);
CREATE INDEX org_ownership_parent ON org_ownership (parent, since);

CREATE TABLE org_membership (
    id     TEXT   NOT NULL PRIMARY KEY,
    member TEXT   NOT NULL REFERENCES org (id),
    body   TEXT   NOT NULL REFERENCES org (id),
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    CHECK (since < until),
    CHECK (member <> body)
);
CREATE INDEX org_membership_member ON org_membership (member, since);
CREATE INDEX org_membership_body ON org_membership (body, since);

-- +goose Down
DROP TABLE org_membership;
DROP TABLE org_ownership;
DROP TABLE org;
