-- +goose Up
-- What is kept, by what it is called. Only short, semantic, alive and version change: they are those of the newest version.
CREATE TABLE twin_item (
    item     TEXT    NOT NULL PRIMARY KEY, -- UUIDv7: the order of lists
    org      TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    digest   TEXT    NOT NULL, -- of id, which may be long
    id       TEXT    NOT NULL,
    short    TEXT    NOT NULL, -- idShort
    semantic TEXT    NOT NULL, -- first key of a submodel's semantic id
    beside   BOOLEAN NOT NULL, -- stands beside what the plant model says, and is no document of its own
    alive    BOOLEAN NOT NULL,
    version  BIGINT  NOT NULL,
    UNIQUE (org, kind, digest)
);
CREATE INDEX twin_item_list ON twin_item (org, kind, item) WHERE alive AND NOT beside;
CREATE INDEX twin_item_short ON twin_item (org, kind, short, item) WHERE alive AND NOT beside;
CREATE INDEX twin_item_semantic ON twin_item (org, semantic, item) WHERE alive AND NOT beside AND semantic <> '';
-- Versions, only ever added.
CREATE TABLE twin_version (
    item          TEXT   NOT NULL REFERENCES twin_item (item),
    number        BIGINT NOT NULL,
    org           TEXT   NOT NULL,
    commit_number BIGINT NOT NULL,
    at            BIGINT NOT NULL, -- commit time
    act           TEXT   NOT NULL, -- put, delete
    actor         TEXT   NOT NULL,
    reason        TEXT   NOT NULL,
    content       TEXT   NOT NULL, -- canonical JSON; empty where it was deleted
    PRIMARY KEY (item, number)
);
CREATE INDEX twin_version_commit ON twin_version (commit_number, item);
-- Under what an asset is known, of the newest versions: digests of name and value.
CREATE TABLE twin_asset (
    item   TEXT NOT NULL REFERENCES twin_item (item), -- what says so
    digest TEXT NOT NULL,
    org    TEXT NOT NULL,
    shell  TEXT NOT NULL, -- id of the shell that it leads to
    PRIMARY KEY (item, digest)
);
CREATE INDEX twin_asset_digest ON twin_asset (org, digest, item);
-- Files beside documents, only ever added: the newest number counts.
CREATE TABLE twin_file (
    item   TEXT   NOT NULL REFERENCES twin_item (item),
    path   TEXT   NOT NULL,
    number BIGINT NOT NULL,
    org    TEXT   NOT NULL,
    blob   TEXT   NOT NULL, -- empty where it was deleted
    media  TEXT   NOT NULL,
    size   BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (item, path, number)
);
-- The last commit; one row.
CREATE TABLE twin_clock (
    id            BIGINT NOT NULL PRIMARY KEY,
    commit_number BIGINT NOT NULL,
    at            BIGINT NOT NULL
);
INSERT INTO twin_clock (id, commit_number, at) VALUES (1, 0, 0);
-- Product passports that organisations publish, only ever added: the newest number counts.
CREATE TABLE twin_passport (
    passport TEXT   NOT NULL, -- digest of its id
    number   BIGINT NOT NULL,
    org      TEXT   NOT NULL,
    product  TEXT   NOT NULL, -- digest of the product's id
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    content  TEXT   NOT NULL, -- JSON
    PRIMARY KEY (passport, number)
);
CREATE INDEX twin_passport_product ON twin_passport (product, passport);
CREATE INDEX twin_passport_org ON twin_passport (org, passport);
