-- +goose Up
-- What firms need.
CREATE TABLE match_need (
    id         TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org        TEXT   NOT NULL,             -- whose need it is
    kind       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    visibility TEXT   NOT NULL,
    division   TEXT   NOT NULL,             -- two digits of GB/T 4754, or ''
    province   TEXT   NOT NULL,             -- two digits of GB/T 2260, or ''
    deadline   TEXT   NOT NULL,             -- a civil day, or ''
    origin     TEXT   NOT NULL,
    name       TEXT   NOT NULL,             -- of the firm, JSON
    code       TEXT   NOT NULL,             -- its credit code, or ''
    content    TEXT   NOT NULL,             -- the brief, JSON
    reason     TEXT   NOT NULL,
    revision   BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX match_need_org ON match_need (org, id);
CREATE INDEX match_need_state ON match_need (state, id);
-- The best supplies of each need that is sought, as they were when they were found.
CREATE TABLE match_pair (
    need     TEXT   NOT NULL REFERENCES match_need (id),
    supply   TEXT   NOT NULL,               -- entry of a register
    org      TEXT   NOT NULL,               -- whose need it is
    provider TEXT   NOT NULL,               -- or '' where it is not on this node
    score    BIGINT NOT NULL,
    found    BIGINT NOT NULL,
    PRIMARY KEY (need, supply)
);
CREATE INDEX match_pair_provider ON match_pair (provider, found, need);
CREATE INDEX match_pair_supply ON match_pair (supply);
-- Contacts of a firm with a provider.
CREATE TABLE match_contact (
    id       TEXT   NOT NULL PRIMARY KEY,
    need     TEXT   NOT NULL REFERENCES match_need (id),
    firm     TEXT   NOT NULL,
    supply   TEXT   NOT NULL,
    provider TEXT   NOT NULL,
    event    TEXT   NOT NULL,               -- or ''
    side     TEXT   NOT NULL,               -- who asked
    way      TEXT   NOT NULL,
    state    TEXT   NOT NULL,
    reached  TEXT   NOT NULL,               -- the furthest state that it has been in, for the funnel
    amount   BIGINT NOT NULL,               -- of the contract in fen; 0 before
    content  TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX match_contact_pair ON match_contact (need, supply);
-- One at a time about a need and a supply; after it was declined or closed it may be begun again.
CREATE UNIQUE INDEX match_contact_once ON match_contact (need, supply) WHERE state NOT IN ('declined', 'closed');
CREATE INDEX match_contact_firm ON match_contact (firm, id);
CREATE INDEX match_contact_provider ON match_contact (provider, id);
-- What was done and said in a contact, only ever added.
CREATE TABLE match_step (
    id      TEXT   NOT NULL PRIMARY KEY,
    contact TEXT   NOT NULL REFERENCES match_contact (id),
    side    TEXT   NOT NULL,
    kind    TEXT   NOT NULL,                -- a step, request or message
    words   TEXT   NOT NULL,
    data    TEXT   NOT NULL,                -- JSON
    actor   TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX match_step_contact ON match_step (contact, id);
-- Ratings by customers: one for each contract.
CREATE TABLE match_rating (
    id       TEXT   NOT NULL PRIMARY KEY,
    contact  TEXT   NOT NULL UNIQUE REFERENCES match_contact (id),
    firm     TEXT   NOT NULL,
    provider TEXT   NOT NULL,
    state    TEXT   NOT NULL,               -- counts, appealed, upheld, struck
    score    BIGINT NOT NULL,               -- 0 to 100
    content  TEXT   NOT NULL,               -- JSON: aspects, words, appeal, decision
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX match_rating_provider ON match_rating (provider, id);
-- Checks of providers by third parties.
CREATE TABLE match_check (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,               -- who entered it
    provider TEXT   NOT NULL,
    party    TEXT   NOT NULL,               -- who checked
    report   TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    score    BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX match_check_provider ON match_check (provider, id);
-- Events at which firms and providers meet.
CREATE TABLE match_event (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,               -- who holds it
    state    TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    content  TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
CREATE TABLE match_guest (
    id     TEXT   NOT NULL PRIMARY KEY,
    event  TEXT   NOT NULL REFERENCES match_event (id),
    org    TEXT   NOT NULL,
    side   TEXT   NOT NULL,
    need   TEXT   NOT NULL,                 -- of a firm, or ''
    supply TEXT   NOT NULL,                 -- of a provider, or ''
    name   TEXT   NOT NULL,                 -- JSON
    wishes TEXT   NOT NULL,                 -- JSON: guests of the other side
    at     BIGINT NOT NULL,
    UNIQUE (event, org)
);
CREATE TABLE match_meeting (
    event    TEXT   NOT NULL REFERENCES match_event (id),
    round    BIGINT NOT NULL,
    seat     BIGINT NOT NULL,               -- table
    firm     TEXT   NOT NULL REFERENCES match_guest (id),
    provider TEXT   NOT NULL REFERENCES match_guest (id),
    mutual   BIGINT NOT NULL,
    score    BIGINT NOT NULL,
    outcome  TEXT   NOT NULL,               -- '', absent, no-interest, follow-up
    words    TEXT   NOT NULL,
    PRIMARY KEY (event, round, firm),
    UNIQUE (event, round, provider),
    UNIQUE (event, round, seat)
);
