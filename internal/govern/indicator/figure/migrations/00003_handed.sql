-- +goose Up
ALTER TABLE figure_seal ADD COLUMN decision TEXT NOT NULL DEFAULT ''; -- of a taker on another node, that the step follows
-- Which root was told of a submission under an agreement: a decision on it names that root.
CREATE TABLE figure_seal_told (
    agreement TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    step      BIGINT NOT NULL,
    root      TEXT   NOT NULL, -- SHA-256 over what the agreement names of it
    PRIMARY KEY (agreement, kind, label, step)
);
-- Decisions of takers on other nodes that have come, each once.
CREATE TABLE figure_seal_decided (
    id        TEXT   NOT NULL PRIMARY KEY, -- as the taker gave it
    agreement TEXT   NOT NULL,
    answer    TEXT   NOT NULL, -- JSON: what was told in return
    at        BIGINT NOT NULL  -- ns
);
-- Steps of periods as givers on other nodes have told them. A row is never changed.
CREATE TABLE figure_handed (
    agreement TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    step      BIGINT NOT NULL,
    taker     TEXT   NOT NULL,
    state     TEXT   NOT NULL, -- submitted, returned, accepted
    figures   BIGINT NOT NULL, -- that the agreement names
    here      BIGINT NOT NULL, -- of these, that stand here as they were handed in
    root      TEXT   NOT NULL, -- over them; '' of a decision
    reason    TEXT   NOT NULL,
    actor     TEXT   NOT NULL, -- name, as the giver tells it
    decision  TEXT   NOT NULL, -- that it follows, '' for none of this node
    as_of     BIGINT NOT NULL, -- of the giver, as is at
    at        BIGINT NOT NULL,
    came      BIGINT NOT NULL, -- ns
    PRIMARY KEY (agreement, kind, label, step)
);
CREATE INDEX figure_handed_taker ON figure_handed (taker, kind, label);
-- Which revisions here a submission is of.
CREATE TABLE figure_handed_figure (
    agreement TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    step      BIGINT NOT NULL,
    figure    TEXT   NOT NULL,
    revision  BIGINT NOT NULL,
    indicator TEXT   NOT NULL,
    PRIMARY KEY (agreement, kind, label, step, figure)
);
-- Decisions of this node on periods of givers on other nodes, and what became of them.
CREATE TABLE figure_decision (
    id        TEXT   NOT NULL PRIMARY KEY, -- UUIDv7, and of its leaf
    agreement TEXT   NOT NULL,
    taker     TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    step      BIGINT NOT NULL, -- the submission on which it is
    root      TEXT   NOT NULL,
    state     TEXT   NOT NULL, -- returned, accepted
    reason    TEXT   NOT NULL,
    actor     TEXT   NOT NULL, -- JSON
    at        BIGINT NOT NULL UNIQUE, -- commit
    outcome   TEXT   NOT NULL, -- waiting, done, refused
    why       TEXT   NOT NULL, -- JSON: words, where it was refused
    settled   BIGINT NOT NULL  -- ns, 0 while it waits
);
CREATE INDEX figure_decision_waiting ON figure_decision (outcome, agreement, at);
CREATE INDEX figure_decision_period ON figure_decision (agreement, kind, label, step);
-- The revisions that a taker counts of an accepted period, whatever came later.
CREATE TABLE figure_pin (
    agreement TEXT   NOT NULL,
    figure    TEXT   NOT NULL,
    revision  BIGINT NOT NULL,
    indicator TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    label     TEXT   NOT NULL,
    PRIMARY KEY (agreement, figure)
);
CREATE INDEX figure_pin_period ON figure_pin (indicator, kind, label);

-- +goose Down
DROP TABLE figure_pin;
DROP TABLE figure_decision;
DROP TABLE figure_handed_figure;
DROP TABLE figure_handed;
DROP TABLE figure_seal_decided;
DROP TABLE figure_seal_told;
ALTER TABLE figure_seal DROP COLUMN decision;
