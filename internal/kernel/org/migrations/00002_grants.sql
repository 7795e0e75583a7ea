-- +goose Up
-- What one organisation lets another read.
CREATE TABLE org_grant (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    giver    TEXT   NOT NULL REFERENCES org (id),
    taker    TEXT   NOT NULL REFERENCES org (id),
    person   TEXT   NOT NULL, -- the one of the taker's people who may read, or '' for all
    purpose  TEXT   NOT NULL,
    words    TEXT   NOT NULL, -- the purpose in the giver's words
    kind     TEXT   NOT NULL, -- of thing: fact, register, …
    subject  TEXT   NOT NULL, -- which of that kind
    fields   TEXT   NOT NULL, -- JSON list; '' for all that are not restricted
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    basis    TEXT   NOT NULL, -- the document that it rests on
    given    BIGINT NOT NULL,
    given_by TEXT   NOT NULL,
    ended    BIGINT NOT NULL, -- 0 while it stands
    ended_by TEXT   NOT NULL,
    reason   TEXT   NOT NULL, -- of the end
    CHECK (since < until),
    CHECK (giver <> taker)
);
CREATE INDEX org_grant_giver ON org_grant (giver, id);
CREATE INDEX org_grant_taker ON org_grant (taker, kind, giver, id);
-- Who looked, by day.
CREATE TABLE org_grant_read (
    grant_id TEXT   NOT NULL REFERENCES org_grant (id),
    day      TEXT   NOT NULL, -- UTC+8
    reader   TEXT   NOT NULL, -- id of the person or token
    name     TEXT   NOT NULL,
    reads    BIGINT NOT NULL,
    things   BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    PRIMARY KEY (grant_id, day, reader)
);

-- +goose Down
DROP TABLE org_grant_read;
DROP TABLE org_grant;
