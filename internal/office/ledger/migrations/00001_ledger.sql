-- +goose Up
-- One row for each book; its counter makes entries of a book wait for each other.
CREATE TABLE ledger_book (
    org     TEXT   NOT NULL PRIMARY KEY,
    entries BIGINT NOT NULL
);
CREATE TABLE ledger_fund (
    org    TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    name   TEXT   NOT NULL, -- zh and en
    line   TEXT   NOT NULL, -- budget line of measures that is paid from it, or ''
    actor  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (org, id)
);
-- Balances as they stand, debit less credit, in fen.
CREATE TABLE ledger_balance (
    org     TEXT   NOT NULL,
    account TEXT   NOT NULL,
    fund    TEXT   NOT NULL,
    year    BIGINT NOT NULL,
    amount  BIGINT NOT NULL,
    PRIMARY KEY (org, account, fund, year)
);
-- Entries and their lines, only ever added.
CREATE TABLE ledger_entry (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org      TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    act      TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    fund     TEXT   NOT NULL,
    year     BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    memo     TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    document TEXT   NOT NULL,
    reverses TEXT   NOT NULL, -- an entry, or ''
    actor    TEXT   NOT NULL, -- JSON
    at       BIGINT NOT NULL,
    UNIQUE (org, number)
);
CREATE INDEX ledger_entry_ref ON ledger_entry (org, ref);
CREATE UNIQUE INDEX ledger_entry_reverses ON ledger_entry (reverses) WHERE reverses <> '';
CREATE TABLE ledger_posting (
    entry   TEXT   NOT NULL REFERENCES ledger_entry (id),
    line    BIGINT NOT NULL,
    org     TEXT   NOT NULL,
    account TEXT   NOT NULL,
    fund    TEXT   NOT NULL,
    year    BIGINT NOT NULL,
    debit   BIGINT NOT NULL,
    credit  BIGINT NOT NULL,
    PRIMARY KEY (entry, line)
);
CREATE INDEX ledger_posting_account ON ledger_posting (org, account, fund, year);
CREATE TABLE ledger_commitment (
    org      TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    fund     TEXT   NOT NULL,
    year     BIGINT NOT NULL,
    party    TEXT   NOT NULL,
    amount   BIGINT NOT NULL,
    memo     TEXT   NOT NULL,
    released BIGINT NOT NULL,
    paid     BIGINT NOT NULL,
    claimed  BIGINT NOT NULL, -- and not yet received
    received BIGINT NOT NULL,
    number   BIGINT NOT NULL, -- of its entry
    at       BIGINT NOT NULL,
    PRIMARY KEY (org, ref)
);
CREATE INDEX ledger_commitment_list ON ledger_commitment (org, number);
-- Payments, claims, waivers and receipts of commitments.
CREATE TABLE ledger_movement (
    org      TEXT   NOT NULL,
    ref      TEXT   NOT NULL,
    id       TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    amount   BIGINT NOT NULL,
    day      TEXT   NOT NULL,
    document TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    entry    TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    state    TEXT   NOT NULL, -- open, settled, reversed
    PRIMARY KEY (org, ref, id)
);
CREATE INDEX ledger_movement_open ON ledger_movement (org, state, id);
CREATE TABLE ledger_statement (
    id     TEXT   NOT NULL PRIMARY KEY,
    org    TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    sha256 TEXT   NOT NULL,
    lines  BIGINT NOT NULL,
    actor  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    UNIQUE (org, sha256)
);
CREATE TABLE ledger_line (
    statement TEXT   NOT NULL REFERENCES ledger_statement (id),
    line      BIGINT NOT NULL, -- row of the file
    org       TEXT   NOT NULL,
    day       TEXT   NOT NULL,
    reference TEXT   NOT NULL,
    party     TEXT   NOT NULL,
    note      TEXT   NOT NULL,
    amount    BIGINT NOT NULL, -- received is positive, paid negative
    state     TEXT   NOT NULL, -- open, matched
    ref       TEXT   NOT NULL, -- of the commitment it was matched with
    movement  TEXT   NOT NULL,
    entry     TEXT   NOT NULL,
    PRIMARY KEY (statement, line)
);
CREATE INDEX ledger_line_open ON ledger_line (org, state);
