-- +goose Up
-- What was wrong, and when: the beginnings and ends that the journal tells of conditions, and the node's own rests.
CREATE TABLE health_outage (
    id      TEXT   NOT NULL PRIMARY KEY, -- of the condition
    org     TEXT   NOT NULL,             -- the zero id for the node's own
    kind    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    text    TEXT   NOT NULL, -- {"zh","en"}, the last words of it
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL  -- 9223372036854775807 while it lasts
);
CREATE INDEX health_outage_org ON health_outage (org, until);
CREATE INDEX health_outage_until ON health_outage (until);

-- cursor: the next record of the journal; known: since when the history is whole; alive: when the node was seen running.
CREATE TABLE health_state (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
