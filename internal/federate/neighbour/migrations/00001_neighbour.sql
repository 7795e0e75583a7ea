-- +goose Up
-- Nodes that this one is linked with. The key and the certificate of a link that this node dials are in a file.
CREATE TABLE neighbour_peer (
    node      TEXT   NOT NULL,
    way       TEXT   NOT NULL, -- up: this node dials; down: the other does
    name      TEXT   NOT NULL,
    org       TEXT   NOT NULL, -- JSON of the organisation that runs it, '' while not told
    evidence  TEXT   NOT NULL, -- its verifier, as it told it
    software  TEXT   NOT NULL,
    joined    BIGINT NOT NULL,
    seen      BIGINT NOT NULL, -- last linked, exact to a minute
    not_after BIGINT NOT NULL, -- of the newest certificate
    told      BIGINT NOT NULL, -- number of the last change of an agreement that it has taken
    heard     BIGINT NOT NULL, -- number of the last change that was taken from it
    removed   BIGINT NOT NULL, -- 0 while it is there
    PRIMARY KEY (node, way)
);
-- Invitations. The secret is kept as a hash only.
CREATE TABLE neighbour_code (
    id      TEXT   NOT NULL PRIMARY KEY,
    name    TEXT   NOT NULL, -- for whom
    node    TEXT   NOT NULL, -- a node that is linked already and may join again, '' for a new one
    hash    TEXT   NOT NULL UNIQUE,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL, -- 0 while it can be used
    request TEXT   NOT NULL  -- SHA-256 of the certificate request that used it
);
-- Agreements that the other node does not take as they are told.
CREATE TABLE neighbour_refused (
    agreement TEXT   NOT NULL PRIMARY KEY,
    code      TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
-- Streams that this node gives.
CREATE TABLE neighbour_out (
    agreement TEXT   NOT NULL PRIMARY KEY,
    peer      TEXT   NOT NULL,
    epoch     BIGINT NOT NULL,
    last      BIGINT NOT NULL,
    acked     BIGINT NOT NULL,
    announced BIGINT NOT NULL, -- epoch for which the rooms have sent everything that stands
    moved     BIGINT NOT NULL,
    closed    BIGINT NOT NULL, -- 0 while the agreement has not ended
    fork_seq  BIGINT NOT NULL, -- 0 for none
    fork_held TEXT   NOT NULL, -- at the taker
    fork_came TEXT   NOT NULL,
    fork_at   BIGINT NOT NULL
);
CREATE INDEX neighbour_out_peer ON neighbour_out (peer, agreement);
CREATE TABLE neighbour_out_record (
    agreement TEXT   NOT NULL,
    epoch     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    size      BIGINT NOT NULL,
    bytes     BYTEA  NOT NULL,
    PRIMARY KEY (agreement, epoch, seq)
);
-- Streams that this node takes.
CREATE TABLE neighbour_in (
    agreement TEXT   NOT NULL PRIMARY KEY,
    peer      TEXT   NOT NULL,
    epoch     BIGINT NOT NULL,
    last      BIGINT NOT NULL,
    moved     BIGINT NOT NULL,
    closed    BIGINT NOT NULL,
    checked   BIGINT NOT NULL, -- when the ranges were last compared to the end without a difference
    deep      BIGINT NOT NULL, -- up to where the bytes themselves were read for it last
    repaired  BIGINT NOT NULL,
    fork_seq  BIGINT NOT NULL,
    fork_held TEXT   NOT NULL,
    fork_came TEXT   NOT NULL,
    fork_at   BIGINT NOT NULL
);
CREATE INDEX neighbour_in_peer ON neighbour_in (peer, agreement);
CREATE TABLE neighbour_in_record (
    agreement TEXT   NOT NULL,
    epoch     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    hash      BYTEA  NOT NULL,
    size      BIGINT NOT NULL,
    bytes     BYTEA  NOT NULL,
    PRIMARY KEY (agreement, epoch, seq)
);
-- Bytes that were found wrong.
CREATE TABLE neighbour_aside (
    id        TEXT   NOT NULL PRIMARY KEY,
    agreement TEXT   NOT NULL,
    epoch     BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    why       TEXT   NOT NULL, -- repaired, fork
    held      TEXT   NOT NULL, -- hash that the row had
    bytes     BYTEA  NOT NULL
);
CREATE INDEX neighbour_aside_agreement ON neighbour_aside (agreement, id);
-- Who asked what.
CREATE TABLE neighbour_question (
    id        TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    agreement TEXT   NOT NULL,
    side      TEXT   NOT NULL, -- taker: this node asked; giver: it was asked
    verb      TEXT   NOT NULL,
    who       TEXT   NOT NULL,
    body      TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    took      BIGINT NOT NULL,
    outcome   TEXT   NOT NULL,
    bytes     BIGINT NOT NULL
);
CREATE INDEX neighbour_question_agreement ON neighbour_question (agreement, id);

-- +goose Down
DROP TABLE neighbour_question;
DROP TABLE neighbour_aside;
DROP TABLE neighbour_in_record;
DROP TABLE neighbour_in;
DROP TABLE neighbour_out_record;
DROP TABLE neighbour_out;
DROP TABLE neighbour_refused;
DROP TABLE neighbour_code;
DROP TABLE neighbour_peer;
