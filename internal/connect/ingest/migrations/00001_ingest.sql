-- +goose Up
CREATE TABLE ingest_source (
    id        TEXT   NOT NULL PRIMARY KEY,
    org       TEXT   NOT NULL,
    name      TEXT   NOT NULL, -- {"zh","en"}
    kind      TEXT   NOT NULL, -- mqtt, sparkplug, push
    transport TEXT   NOT NULL, -- broker, remote, http
    config    TEXT   NOT NULL, -- JSON: the kind's, and "remote"
    adopt     TEXT   NOT NULL, -- plant node under which machines are made, '' where none are
    origin    BIGINT NOT NULL, -- telemetry.Origin
    created   BIGINT NOT NULL,
    removed   BIGINT NOT NULL, -- 0 while it is there
    version   BIGINT NOT NULL
);
CREATE INDEX ingest_source_org ON ingest_source (org, id);

-- How devices sign in. Secrets are kept as a hash only.
CREATE TABLE ingest_credential (
    id        TEXT   NOT NULL PRIMARY KEY,
    source    TEXT   NOT NULL REFERENCES ingest_source (id),
    org       TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    device    TEXT   NOT NULL, -- the only device that it may speak for, '' for any of the source
    hash      TEXT   NOT NULL, -- SHA-256 of the secret, '' for a certificate
    serial    TEXT   NOT NULL, -- of the certificate, '' for a secret
    not_after BIGINT NOT NULL, -- of the certificate, 0 for a secret
    created   BIGINT NOT NULL,
    revoked   BIGINT NOT NULL, -- 0 while it counts
    used      BIGINT NOT NULL  -- last sign-in, exact to a minute; 0 for never
);
CREATE INDEX ingest_credential_source ON ingest_credential (source, id);

-- Which device feeds a machine, and since when. One at a time.
CREATE TABLE ingest_feed (
    machine TEXT   NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL, -- 9223372036854775807 while it lasts
    org     TEXT   NOT NULL,
    source  TEXT   NOT NULL REFERENCES ingest_source (id),
    device  TEXT   NOT NULL,
    grows   BIGINT NOT NULL, -- 1: the source made the machine, and adds points for metrics that come later
    PRIMARY KEY (machine, since),
    CHECK (since < until)
);
CREATE INDEX ingest_feed_source ON ingest_feed (source, until);

-- Devices that were heard of.
CREATE TABLE ingest_device (
    source TEXT   NOT NULL REFERENCES ingest_source (id),
    device TEXT   NOT NULL,
    org    TEXT   NOT NULL,
    first  BIGINT NOT NULL,
    last   BIGINT NOT NULL, -- exact to a minute
    PRIMARY KEY (source, device)
);

-- What a decoder must still know after a restart, such as the aliases of a Sparkplug node's birth.
CREATE TABLE ingest_memory (
    source TEXT   NOT NULL REFERENCES ingest_source (id),
    name   TEXT   NOT NULL,
    value  BYTEA  NOT NULL,
    PRIMARY KEY (source, name)
);
