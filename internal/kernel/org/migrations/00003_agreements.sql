-- +goose Up
-- What organisations have agreed to let others have figures of, here and on linked nodes.
CREATE TABLE org_agreement (
    id         TEXT   NOT NULL PRIMARY KEY,
    giver      TEXT   NOT NULL, -- its id; '' while its node has not told it
    giver_node TEXT   NOT NULL,
    giver_code TEXT   NOT NULL, -- credit code, '' where it has none
    giver_name TEXT   NOT NULL, -- {"zh","en"}
    giver_key  TEXT   NOT NULL, -- verifier of its node's evidence, '' for this node
    taker      TEXT   NOT NULL,
    taker_node TEXT   NOT NULL,
    taker_code TEXT   NOT NULL,
    taker_name TEXT   NOT NULL,
    taker_key  TEXT   NOT NULL,
    standing   BIGINT NOT NULL, -- newest version that both have accepted, 0 for none
    newest     BIGINT NOT NULL,
    until      BIGINT NOT NULL, -- end of the span of the standing version, or of the newest
    epoch      BIGINT NOT NULL, -- of its stream
    changed    BIGINT NOT NULL, -- number of its last change
    created    BIGINT NOT NULL,
    ended      BIGINT NOT NULL, -- 0 while it stands
    ended_by   TEXT   NOT NULL,
    ended_on   TEXT   NOT NULL, -- giver, taker
    reason     TEXT   NOT NULL
);
CREATE INDEX org_agreement_giver ON org_agreement (giver, id);
CREATE INDEX org_agreement_taker ON org_agreement (taker, id);
CREATE INDEX org_agreement_giver_node ON org_agreement (giver_node, changed);
CREATE INDEX org_agreement_taker_node ON org_agreement (taker_node, changed);
-- Terms, version by version.
CREATE TABLE org_agreement_version (
    agreement TEXT   NOT NULL REFERENCES org_agreement (id),
    version   BIGINT NOT NULL,
    hash      TEXT   NOT NULL, -- of the canonical terms
    terms     TEXT   NOT NULL, -- JSON
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    giver_by  TEXT   NOT NULL,
    giver_at  BIGINT NOT NULL, -- 0: not accepted
    taker_by  TEXT   NOT NULL,
    taker_at  BIGINT NOT NULL,
    PRIMARY KEY (agreement, version),
    CHECK (since < until)
);
-- Acceptances and ends, in the order in which this node learned of them.
CREATE TABLE org_agreement_act (
    n         BIGINT NOT NULL PRIMARY KEY,
    id        TEXT   NOT NULL UNIQUE,
    agreement TEXT   NOT NULL REFERENCES org_agreement (id),
    version   BIGINT NOT NULL,
    act       TEXT   NOT NULL, -- accept, end
    side      TEXT   NOT NULL, -- who acted
    org       TEXT   NOT NULL, -- of this node, whom it concerns
    by        TEXT   NOT NULL,
    at        BIGINT NOT NULL, -- as the acting node tells it
    known     BIGINT NOT NULL, -- when this node learned of it
    hash      TEXT   NOT NULL, -- of the terms
    reason    TEXT   NOT NULL
);
CREATE INDEX org_agreement_act_agreement ON org_agreement_act (agreement, n);
CREATE TABLE org_agreement_clock (
    id INTEGER NOT NULL PRIMARY KEY,
    n  BIGINT  NOT NULL
);
INSERT INTO org_agreement_clock (id, n) VALUES (1, 0);

-- +goose Down
DROP TABLE org_agreement_clock;
DROP TABLE org_agreement_act;
DROP TABLE org_agreement_version;
DROP TABLE org_agreement;
