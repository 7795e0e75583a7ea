-- +goose Up
-- Groups of records, each with one leaf of the evidence log. The records are the rooms'.
CREATE TABLE evidence_group (
    kind   TEXT   NOT NULL,
    id     BIGINT NOT NULL, -- the room's
    at     BIGINT NOT NULL, -- commit, ns since 1970
    size   BIGINT NOT NULL, -- records
    secret BYTEA  NOT NULL, -- blinds them
    digest BYTEA  NOT NULL, -- of size and root of the tree over them
    place  BIGINT NOT NULL, -- of the leaf; -1 before it has one
    PRIMARY KEY (kind, id)
);
CREATE INDEX evidence_group_waiting ON evidence_group (at) WHERE place = -1;
