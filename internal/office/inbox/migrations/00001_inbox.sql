-- +goose Up
-- Messages, one row for each recipient.
CREATE TABLE inbox_item (
    id          TEXT    NOT NULL PRIMARY KEY, -- UUIDv7
    item_key    TEXT    NOT NULL UNIQUE,      -- the room's key and the recipient
    kind        TEXT    NOT NULL,             -- todo, note
    topic       TEXT    NOT NULL,
    person      TEXT    NOT NULL,             -- or ''
    org         TEXT    NOT NULL,             -- or ''
    verb        TEXT    NOT NULL,
    part        TEXT    NOT NULL,
    words       TEXT    NOT NULL,             -- {"zh","en"}
    link        TEXT    NOT NULL,
    object_kind TEXT    NOT NULL,
    object_id   TEXT    NOT NULL,
    rank        BIGINT  NOT NULL,             -- 0 urgent, 1 high, 2 normal
    due         BIGINT  NOT NULL,
    at          BIGINT  NOT NULL,
    done        BIGINT  NOT NULL,             -- 0 while it waits
    spread      BOOLEAN NOT NULL              -- its deliveries have been queued
);
CREATE INDEX inbox_item_person ON inbox_item (person, kind, done, rank, due, id);
CREATE INDEX inbox_item_org ON inbox_item (org, kind, done, rank, due, id);
CREATE INDEX inbox_item_object ON inbox_item (object_kind, object_id);
CREATE INDEX inbox_item_spread ON inbox_item (spread, id);
CREATE INDEX inbox_item_at ON inbox_item (at);
-- Who has read what.
CREATE TABLE inbox_read (
    item   TEXT   NOT NULL REFERENCES inbox_item (id),
    person TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (item, person)
);
-- How a person wants to be told.
CREATE TABLE inbox_preference (
    person     TEXT    NOT NULL PRIMARY KEY,
    quiet      BOOLEAN NOT NULL,
    quiet_from BIGINT  NOT NULL, -- minutes since midnight, UTC+8
    quiet_to   BIGINT  NOT NULL,
    digest     TEXT    NOT NULL,
    digest_at  BIGINT  NOT NULL,
    desk       BOOLEAN NOT NULL
);
-- Where messages are sent.
CREATE TABLE inbox_channel (
    id         TEXT    NOT NULL PRIMARY KEY,
    org        TEXT    NOT NULL, -- whose it is: an organisation's
    person     TEXT    NOT NULL, -- or a person's; one of both is ''
    kind       TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    address    TEXT    NOT NULL, -- what is shown: mail address, number, or the host
    same       TEXT    NOT NULL, -- keyed hash of owner, kind and whole address
    sealed     TEXT    NOT NULL, -- settings with secrets, AES-256-GCM
    lang       TEXT    NOT NULL,
    enabled    BOOLEAN NOT NULL,
    verified   BIGINT  NOT NULL, -- 0: not yet
    code       TEXT    NOT NULL, -- keyed hash
    code_until BIGINT  NOT NULL,
    code_left  BIGINT  NOT NULL,
    trouble    TEXT    NOT NULL, -- code of the last failure, '' since the last success
    detail     TEXT    NOT NULL,
    trouble_at BIGINT  NOT NULL,
    sent_at    BIGINT  NOT NULL, -- last success
    created    BIGINT  NOT NULL,
    UNIQUE (same)
);
CREATE INDEX inbox_channel_org ON inbox_channel (org, id);
CREATE INDEX inbox_channel_person ON inbox_channel (person, id);
-- Codes that were sent, so that nobody is flooded with them.
CREATE TABLE inbox_code (
    owner   TEXT   NOT NULL, -- person or organisation
    channel TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX inbox_code_owner ON inbox_code (owner, at);
-- What is to be sent, was sent, or could not be.
CREATE TABLE inbox_delivery (
    id       TEXT    NOT NULL PRIMARY KEY, -- the key by which the other side knows it again
    item     TEXT    NOT NULL REFERENCES inbox_item (id),
    channel  TEXT    NOT NULL REFERENCES inbox_channel (id),
    org      TEXT    NOT NULL,
    person   TEXT    NOT NULL,
    state    TEXT    NOT NULL, -- queued, sent, dead, dropped
    bundled  BOOLEAN NOT NULL,
    try_at   BIGINT  NOT NULL, -- for ever unless queued
    tries    BIGINT  NOT NULL,
    trouble  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    at       BIGINT  NOT NULL,
    ended    BIGINT  NOT NULL,
    UNIQUE (item, channel)
);
CREATE INDEX inbox_delivery_try ON inbox_delivery (try_at, id);
CREATE INDEX inbox_delivery_channel ON inbox_delivery (channel, state, try_at);
CREATE INDEX inbox_delivery_org ON inbox_delivery (org, state, id);
CREATE INDEX inbox_delivery_person ON inbox_delivery (person, state, id);
CREATE INDEX inbox_delivery_ended ON inbox_delivery (state, ended);
-- The node's own ways out: mail server and SMS gateway.
CREATE TABLE inbox_sender (
    kind    TEXT   NOT NULL PRIMARY KEY,
    shown   TEXT   NOT NULL, -- JSON without secrets
    sealed  TEXT   NOT NULL,
    changed BIGINT NOT NULL
);

-- +goose Down
DROP TABLE inbox_sender;
DROP TABLE inbox_delivery;
DROP TABLE inbox_code;
DROP TABLE inbox_channel;
DROP TABLE inbox_preference;
DROP TABLE inbox_read;
DROP TABLE inbox_item;
