-- +goose Up
-- Days on which documents were published that do not date themselves, told by whoever runs the node.
CREATE TABLE support_published (
    document TEXT   NOT NULL PRIMARY KEY,
    day      TEXT   NOT NULL,
    source   TEXT   NOT NULL, -- where it is published
    actor    TEXT   NOT NULL, -- JSON
    at       BIGINT NOT NULL
);
CREATE TABLE support_inquiry (
    id       TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org      TEXT   NOT NULL,             -- the enterprise
    name     TEXT   NOT NULL,
    object   TEXT   NOT NULL,             -- the name as filings and awards know it
    region   TEXT   NOT NULL,
    day      TEXT   NOT NULL,             -- of filing; '' for the day on which it is looked at
    answers  TEXT   NOT NULL,             -- JSON by fact
    chosen   TEXT   NOT NULL,             -- JSON by group of alternatives
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    UNIQUE (org, object)
);
CREATE INDEX support_inquiry_list ON support_inquiry (org, id);
-- Results, only ever added.
CREATE TABLE support_result (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,
    inquiry  TEXT   NOT NULL REFERENCES support_inquiry (id),
    day      TEXT   NOT NULL,
    packs    TEXT   NOT NULL, -- hash of the measures
    inputs   TEXT   NOT NULL, -- canonical JSON of all that was put in
    facts    TEXT   NOT NULL, -- its hash
    report   TEXT   NOT NULL, -- canonical JSON
    hash     TEXT   NOT NULL, -- of the report
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX support_result_list ON support_result (inquiry, id);
CREATE TABLE support_filing (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL, -- the enterprise
    keeper   TEXT   NOT NULL, -- the organisation to which it is filed
    measure  TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    result   TEXT   NOT NULL, -- what was worked out at filing: canonical JSON of one outcome, or ''
    inputs   TEXT   NOT NULL,
    packs    TEXT   NOT NULL,
    state    TEXT   NOT NULL, -- open, awarded, refused, withdrawn
    why      TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX support_filing_org ON support_filing (org, object);
CREATE INDEX support_filing_keeper ON support_filing (keeper, id);
CREATE TABLE support_award (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,
    keeper   TEXT   NOT NULL,
    measure  TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    day      TEXT   NOT NULL,
    amount   BIGINT NOT NULL, -- fen
    ref      TEXT   NOT NULL, -- of the commitment in the keeper's book, or ''
    filing   TEXT   NOT NULL,
    why      TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX support_award_org ON support_award (org, id);
CREATE INDEX support_award_keeper ON support_award (keeper, id);
CREATE UNIQUE INDEX support_award_filing ON support_award (filing) WHERE filing <> '';
CREATE TABLE support_recovery (
    id        TEXT   NOT NULL PRIMARY KEY,
    award     TEXT   NOT NULL REFERENCES support_award (id),
    org       TEXT   NOT NULL,
    keeper    TEXT   NOT NULL,
    cause     TEXT   NOT NULL,
    clause    TEXT   NOT NULL,
    why       TEXT   NOT NULL,
    amount    BIGINT NOT NULL,
    received  BIGINT NOT NULL,
    state     TEXT   NOT NULL, -- claimed, objected, upheld, withdrawn, received
    objection TEXT   NOT NULL,
    decision  TEXT   NOT NULL,
    until     TEXT   NOT NULL, -- last day of objection
    actor     TEXT   NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX support_recovery_org ON support_recovery (org, id);
CREATE INDEX support_recovery_keeper ON support_recovery (keeper, id);
CREATE TABLE support_voucher (
    id        TEXT   NOT NULL PRIMARY KEY,
    number    TEXT   NOT NULL UNIQUE,
    keeper    TEXT   NOT NULL,
    holder    TEXT   NOT NULL, -- the enterprise
    provider  TEXT   NOT NULL, -- '' until it is spent
    fund      TEXT   NOT NULL,
    year      BIGINT NOT NULL,
    amount    BIGINT NOT NULL,
    purpose   TEXT   NOT NULL,
    issued    TEXT   NOT NULL,
    expires   TEXT   NOT NULL, -- last day on which it can be spent
    state     TEXT   NOT NULL, -- held, spent, delivered, confirmed, redeemed, expired
    contract  TEXT   NOT NULL,
    delivery  TEXT   NOT NULL, -- what the provider says
    reply     TEXT   NOT NULL, -- what the holder says
    payment   TEXT   NOT NULL,
    revision  BIGINT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX support_voucher_holder ON support_voucher (holder, id);
CREATE INDEX support_voucher_provider ON support_voucher (provider, id);
CREATE INDEX support_voucher_keeper ON support_voucher (keeper, id);
CREATE INDEX support_voucher_expires ON support_voucher (state, expires);
CREATE TABLE support_draft (
    id      TEXT   NOT NULL PRIMARY KEY,
    org     TEXT   NOT NULL,
    measure TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    sha256  TEXT   NOT NULL,
    body    TEXT   NOT NULL, -- YAML
    actor   TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    UNIQUE (org, measure, sha256)
);
CREATE INDEX support_draft_list ON support_draft (org, id);
CREATE TABLE support_lab (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,
    job      TEXT   NOT NULL,
    input    TEXT   NOT NULL,
    finding  TEXT   NOT NULL, -- '' until it has run
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL
);
CREATE INDEX support_lab_list ON support_lab (org, id);
