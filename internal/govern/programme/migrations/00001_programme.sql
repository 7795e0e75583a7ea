-- +goose Up
-- Versions of calls; one never changes, because rounds live by it.
CREATE TABLE programme_call (
    id      TEXT   NOT NULL,
    version TEXT   NOT NULL,
    hash    TEXT   NOT NULL, -- SHA-256 of the body
    file    TEXT   NOT NULL,
    body    TEXT   NOT NULL, -- YAML
    at      BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);
-- Rounds: one opening of a call by one organisation.
CREATE TABLE programme_round (
    id         TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org        TEXT   NOT NULL,
    call       TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    name       TEXT   NOT NULL, -- JSON, zh and en
    closes     TEXT   NOT NULL, -- last day of filing
    budget     BIGINT NOT NULL, -- fen; 0: not bounded here
    fund       TEXT   NOT NULL, -- budget line of the ledger, or ''
    year       BIGINT NOT NULL,
    state      TEXT   NOT NULL, -- open, drawn, ranked, published
    seed       TEXT   NOT NULL, -- told to nobody before the draw
    commitment TEXT   NOT NULL, -- its hash, published from the beginning
    drawn      BIGINT NOT NULL, -- when the seed was revealed; 0 before
    opened     BIGINT NOT NULL,
    revision   BIGINT NOT NULL
);
CREATE INDEX programme_round_org ON programme_round (org, id);
CREATE INDEX programme_round_call ON programme_round (call, org, id);
-- What is filed in a round: a mirror of its case, written in the transaction of each step.
CREATE TABLE programme_file (
    case_id   TEXT   NOT NULL PRIMARY KEY,
    round     TEXT   NOT NULL REFERENCES programme_round (id),
    org       TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    call      TEXT   NOT NULL,
    same      TEXT   NOT NULL, -- the project as others would file it; the case's own id before it is filed and once it is free again
    title     TEXT   NOT NULL,
    state     TEXT   NOT NULL,
    content   TEXT   NOT NULL, -- canonical JSON
    documents TEXT   NOT NULL, -- JSON
    receipt   TEXT   NOT NULL, -- SHA-256 of what was filed last
    filed     BIGINT NOT NULL, -- 0 before
    at        BIGINT NOT NULL,
    revision  BIGINT NOT NULL, -- of the case
    UNIQUE (call, same)
);
CREATE INDEX programme_file_round ON programme_file (round, case_id);
CREATE INDEX programme_file_subject ON programme_file (subject, case_id);
-- Who judges what.
CREATE TABLE programme_review (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    round    TEXT   NOT NULL REFERENCES programme_round (id),
    org      TEXT   NOT NULL,
    case_id  TEXT   NOT NULL REFERENCES programme_file (case_id),
    expert   TEXT   NOT NULL, -- entry of the register
    person   TEXT   NOT NULL, -- who signs in, or ''
    employer TEXT   NOT NULL,
    place    BIGINT NOT NULL,
    state    TEXT   NOT NULL, -- drawn, scored, declined, conflict
    reason   TEXT   NOT NULL,
    points   TEXT   NOT NULL, -- JSON, by criterion; a draft before it is handed in
    opinion  TEXT   NOT NULL,
    due      TEXT   NOT NULL, -- day
    at       BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    UNIQUE (case_id, expert)
);
CREATE INDEX programme_review_person ON programme_review (person, id);
CREATE INDEX programme_review_round ON programme_review (round, id);
-- What is granted.
CREATE TABLE programme_award (
    case_id   TEXT   NOT NULL PRIMARY KEY REFERENCES programme_file (case_id),
    round     TEXT   NOT NULL,
    org       TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    due       BIGINT NOT NULL, -- fen, by the measures
    amount    BIGINT NOT NULL, -- fen, after the budget
    explained TEXT   NOT NULL, -- JSON
    state     TEXT   NOT NULL, -- proposed, granted, accepted, failed, withdrawn, dropped
    ref       TEXT   NOT NULL, -- of the commitment, or ''
    granted   BIGINT NOT NULL, -- 0 before
    baseline  TEXT   NOT NULL, -- SHA-256 of the frozen baseline
    revision  BIGINT NOT NULL
);
CREATE INDEX programme_award_round ON programme_award (round, case_id);
-- What is paid, and paid back.
CREATE TABLE programme_payment (
    id       TEXT   NOT NULL PRIMARY KEY,
    case_id  TEXT   NOT NULL REFERENCES programme_award (case_id),
    round    TEXT   NOT NULL,
    org      TEXT   NOT NULL,
    kind     TEXT   NOT NULL, -- tranche, clawback
    part     TEXT   NOT NULL, -- tranche of the call, or its clause
    amount   BIGINT NOT NULL, -- fen
    state    TEXT   NOT NULL, -- planned, released, paid, dropped; of a clawback due, received
    due      TEXT   NOT NULL, -- day, or ''
    on_day   TEXT   NOT NULL,
    document TEXT   NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX programme_payment_round ON programme_payment (round, id);
CREATE INDEX programme_payment_case ON programme_payment (case_id, id);
-- Which series of the applicant an indicator is measured by.
CREATE TABLE programme_binding (
    case_id   TEXT NOT NULL,
    indicator TEXT NOT NULL,
    role      TEXT NOT NULL,
    series    TEXT NOT NULL,
    PRIMARY KEY (case_id, indicator, role)
);
-- Measurements, only ever added; what is frozen is never measured again.
CREATE TABLE programme_measurement (
    id        TEXT    NOT NULL PRIMARY KEY, -- UUIDv7
    case_id   TEXT    NOT NULL,
    indicator TEXT    NOT NULL,
    phase     TEXT    NOT NULL, -- baseline, acceptance
    since     BIGINT  NOT NULL, -- whole minutes [since, until)
    until     BIGINT  NOT NULL,
    value     TEXT    NOT NULL, -- exact fraction, or ''
    coverage  BIGINT  NOT NULL, -- per mille
    grade     TEXT    NOT NULL,
    rests_on  TEXT    NOT NULL, -- JSON
    input     TEXT    NOT NULL, -- revision of the roll-ups
    trouble   TEXT    NOT NULL, -- JSON
    document  TEXT    NOT NULL,
    frozen    BOOLEAN NOT NULL,
    at        BIGINT  NOT NULL
);
CREATE INDEX programme_measurement_case ON programme_measurement (case_id, indicator, phase, id);
-- What happened, only ever added: draws, rankings, milestones, orders, warnings, payments.
CREATE TABLE programme_event (
    id      TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    round   TEXT   NOT NULL,
    case_id TEXT   NOT NULL, -- or ''
    org     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    kind    TEXT   NOT NULL,
    body    TEXT   NOT NULL, -- JSON
    actor   TEXT   NOT NULL, -- JSON
    at      BIGINT NOT NULL
);
CREATE INDEX programme_event_case ON programme_event (case_id, id);
CREATE INDEX programme_event_round ON programme_event (round, kind, id);
