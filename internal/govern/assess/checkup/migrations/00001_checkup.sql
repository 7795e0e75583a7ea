-- +goose Up
-- Instruments by which somebody is or was checked up: the file as it was, so that a result can be computed again.
CREATE TABLE checkup_instrument (
    hash       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the file, hex
    instrument TEXT NOT NULL,
    version    TEXT NOT NULL,
    content    TEXT NOT NULL              -- YAML
);
CREATE TABLE checkup (
    id         TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org        TEXT   NOT NULL,             -- who is checked up
    instrument TEXT   NOT NULL,
    family     TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    hash       TEXT   NOT NULL REFERENCES checkup_instrument (hash),
    day        TEXT   NOT NULL,             -- civil day on which it was begun
    state      TEXT   NOT NULL,             -- open, submitted, withdrawn
    profile    TEXT   NOT NULL,             -- JSON: traits of the enterprise
    quotes     TEXT   NOT NULL,             -- JSON: own quotations for steps
    campaign   TEXT   NOT NULL,             -- '' where none called for it
    copied     TEXT   NOT NULL,             -- the check-up whose answers it began with, or ''
    edits      BIGINT NOT NULL,             -- how often it was written to while open
    begun_by   TEXT   NOT NULL,             -- JSON
    begun_at   BIGINT NOT NULL,             -- ns since 1970 UTC, as all times
    edited_at  BIGINT NOT NULL,
    ended_by   TEXT   NOT NULL,             -- JSON; '' while open
    ended_at   BIGINT NOT NULL,
    reason     TEXT   NOT NULL,
    facts      TEXT   NOT NULL,             -- JSON, as used; '' until submitted
    result     TEXT   NOT NULL,             -- canonical JSON
    digest     TEXT   NOT NULL,             -- SHA-256 of the result, hex
    level      BIGINT NOT NULL,             -- declared
    points     BIGINT NOT NULL,             -- ten-thousandths of a point
    proven_level  BIGINT NOT NULL,
    proven_points BIGINT NOT NULL,
    industry   TEXT   NOT NULL,             -- of the enterprise on the day of submission, '' where unknown
    size       TEXT   NOT NULL,
    place      TEXT   NOT NULL
);
CREATE INDEX checkup_org ON checkup (org, id);
CREATE INDEX checkup_family ON checkup (family, state, org);
CREATE INDEX checkup_campaign_of ON checkup (campaign, org);
-- What was answered, each time it was; the greatest revision of a question counts.
CREATE TABLE checkup_answer (
    checkup  TEXT   NOT NULL REFERENCES checkup (id),
    question TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    content  TEXT   NOT NULL, -- JSON
    actor    TEXT   NOT NULL, -- JSON
    at       BIGINT NOT NULL,
    PRIMARY KEY (checkup, question, revision)
);
-- Enterprises that agree to be counted in benchmarks; the audit log has what was before.
CREATE TABLE checkup_consent (
    org   TEXT   NOT NULL PRIMARY KEY,
    actor TEXT   NOT NULL, -- JSON
    since BIGINT NOT NULL
);
CREATE TABLE checkup_expert (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    checkup  TEXT   NOT NULL REFERENCES checkup (id),
    org      TEXT   NOT NULL,             -- who is checked up
    expert   TEXT   NOT NULL,             -- the organisation that checks
    person   TEXT   NOT NULL,             -- who of it alone may; '' for anybody who works there
    asker    TEXT   NOT NULL,             -- the organisation that asked: the enterprise, or that of its campaign
    state    TEXT   NOT NULL,             -- asked, accepted, declined, finished, ended
    due      TEXT   NOT NULL,             -- day, or ''
    note     TEXT   NOT NULL,
    asked_by TEXT   NOT NULL,             -- JSON
    asked_at BIGINT NOT NULL,
    conflict TEXT   NOT NULL,             -- what was declared; '' for none
    declared_by TEXT NOT NULL,            -- JSON, or ''
    declared_at BIGINT NOT NULL,
    ended_by TEXT   NOT NULL,             -- JSON, or ''
    ended_at BIGINT NOT NULL,
    reason   TEXT   NOT NULL,
    result   TEXT   NOT NULL,             -- canonical JSON
    digest   TEXT   NOT NULL,
    level    BIGINT NOT NULL,             -- evidenced by E2 and above
    points   BIGINT NOT NULL
);
CREATE INDEX checkup_expert_checkup ON checkup_expert (checkup, id);
CREATE INDEX checkup_expert_desk ON checkup_expert (expert, id);
CREATE TABLE checkup_verdict (
    expert_check TEXT   NOT NULL REFERENCES checkup_expert (id),
    question     TEXT   NOT NULL,
    revision     BIGINT NOT NULL,
    content      TEXT   NOT NULL, -- JSON
    actor        TEXT   NOT NULL, -- JSON
    at           BIGINT NOT NULL,
    PRIMARY KEY (expert_check, question, revision)
);
CREATE TABLE checkup_campaign (
    id         TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org        TEXT   NOT NULL,             -- who calls
    instrument TEXT   NOT NULL,
    family     TEXT   NOT NULL,
    name       TEXT   NOT NULL,             -- JSON {zh, en}
    note       TEXT   NOT NULL,
    since      TEXT   NOT NULL,             -- day
    until      TEXT   NOT NULL,             -- last day
    state      TEXT   NOT NULL,             -- open, closed
    plan       TEXT   NOT NULL,             -- JSON: enterprises planned per level
    actor      TEXT   NOT NULL,             -- JSON
    at         BIGINT NOT NULL,
    published_at BIGINT NOT NULL,           -- 0 until then
    report     TEXT   NOT NULL              -- JSON, as published
);
CREATE INDEX checkup_campaign_org ON checkup_campaign (org, id);
CREATE TABLE checkup_call (
    campaign  TEXT   NOT NULL REFERENCES checkup_campaign (id),
    firm      TEXT   NOT NULL, -- organisation
    called_at BIGINT NOT NULL,
    reminded_at BIGINT NOT NULL,
    reminders BIGINT NOT NULL,
    PRIMARY KEY (campaign, firm)
);
CREATE INDEX checkup_call_firm ON checkup_call (firm, campaign);
