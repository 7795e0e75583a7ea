-- +goose Up
CREATE TABLE fleet_gateway (
    id        TEXT   NOT NULL PRIMARY KEY,
    org       TEXT   NOT NULL,
    name      TEXT   NOT NULL, -- {"zh","en"}
    site      TEXT   NOT NULL, -- plant node, '' where nobody said
    created   BIGINT NOT NULL,
    enrolled  BIGINT NOT NULL, -- last time; 0 for never
    removed   BIGINT NOT NULL, -- 0 while it is there
    seen      BIGINT NOT NULL, -- last heard, exact to a minute; 0 for never
    software  TEXT   NOT NULL,
    not_after BIGINT NOT NULL, -- of its newest certificate
    version   BIGINT NOT NULL
);
CREATE INDEX fleet_gateway_org ON fleet_gateway (org, id);

CREATE TABLE fleet_link (
    id      TEXT   NOT NULL PRIMARY KEY,
    org     TEXT   NOT NULL,
    gateway TEXT   NOT NULL REFERENCES fleet_gateway (id),
    name    TEXT   NOT NULL, -- {"zh","en"}
    driver  TEXT   NOT NULL,
    config  TEXT   NOT NULL, -- JSON, the driver's
    created BIGINT NOT NULL,
    removed BIGINT NOT NULL, -- 0 while it is there
    version BIGINT NOT NULL
);
CREATE INDEX fleet_link_gateway ON fleet_link (gateway, id);

-- Through which link, and as which unit behind it, a machine is read, and since when. One at a time.
CREATE TABLE fleet_connection (
    machine TEXT   NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL, -- 9223372036854775807 while it lasts
    org     TEXT   NOT NULL,
    link    TEXT   NOT NULL REFERENCES fleet_link (id),
    unit    TEXT   NOT NULL,
    PRIMARY KEY (machine, since),
    CHECK (since < until)
);
CREATE INDEX fleet_connection_link ON fleet_connection (link, until);

-- Enrolment codes. The secret is kept as a hash only.
CREATE TABLE fleet_code (
    id      TEXT   NOT NULL PRIMARY KEY,
    gateway TEXT   NOT NULL REFERENCES fleet_gateway (id),
    org     TEXT   NOT NULL,
    hash    TEXT   NOT NULL UNIQUE, -- SHA-256 of the secret
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL, -- 0 while it can be used; also set when a newer code replaces it
    request TEXT   NOT NULL  -- SHA-256 of the certificate request that used it, '' for none
);
CREATE INDEX fleet_code_gateway ON fleet_code (gateway);

-- Series that a configuration of the gateway has named at some time. Only these may it write: samples that were
-- spooled before a point was taken away are still true.
CREATE TABLE fleet_grant (
    gateway TEXT   NOT NULL REFERENCES fleet_gateway (id),
    series  TEXT   NOT NULL,
    org     TEXT   NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (gateway, series)
);
