-- +goose Up
-- Published versions of flows; one never changes, because running cases live by it.
CREATE TABLE flow_version (
    id      TEXT   NOT NULL,
    version TEXT   NOT NULL,
    hash    TEXT   NOT NULL, -- SHA-256 of the body
    file    TEXT   NOT NULL,
    body    TEXT   NOT NULL, -- YAML
    at      BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);
-- Flows for which an organisation takes cases that others file.
CREATE TABLE flow_offer (
    org   TEXT   NOT NULL,
    flow  TEXT   NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (org, flow)
);
CREATE INDEX flow_offer_flow ON flow_offer (flow, org);
-- Cases as they stand.
CREATE TABLE flow_case (
    id        TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    org       TEXT   NOT NULL,             -- who keeps it
    subject   TEXT   NOT NULL,             -- the organisation that it is about, or ''
    flow      TEXT   NOT NULL,
    version   TEXT   NOT NULL,
    state     TEXT   NOT NULL,
    title     TEXT   NOT NULL,
    words     TEXT   NOT NULL,             -- title in small letters, for looking up
    same      TEXT   NOT NULL,             -- what must differ among the cases of an organisation's flow
    content   TEXT   NOT NULL,             -- canonical JSON
    documents TEXT   NOT NULL,             -- JSON
    parties   TEXT   NOT NULL,             -- JSON
    clocks    TEXT   NOT NULL,             -- JSON
    opened    BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    ended     BIGINT NOT NULL,             -- 0 while it runs
    next_at   BIGINT NOT NULL,             -- when a deadline does something
    revision  BIGINT NOT NULL,
    UNIQUE (org, flow, same)
);
CREATE INDEX flow_case_next ON flow_case (next_at, id);
CREATE INDEX flow_case_org ON flow_case (org, flow, state, id);
CREATE INDEX flow_case_subject ON flow_case (subject, id);
CREATE INDEX flow_case_flow ON flow_case (flow, state, id);
-- Who is named for a role.
CREATE TABLE flow_party (
    case_id TEXT NOT NULL REFERENCES flow_case (id),
    role    TEXT NOT NULL,
    org     TEXT NOT NULL,
    person  TEXT NOT NULL, -- or ''
    PRIMARY KEY (case_id, role, org, person)
);
CREATE INDEX flow_party_org ON flow_party (org, case_id);
-- What was done, only ever added.
CREATE TABLE flow_step (
    case_id      TEXT    NOT NULL REFERENCES flow_case (id),
    revision     BIGINT  NOT NULL,
    transition   TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    from_state   TEXT    NOT NULL,
    to_state     TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    org          TEXT    NOT NULL, -- for which it was done, or ''
    actor_id     TEXT    NOT NULL,
    actor        TEXT    NOT NULL, -- JSON
    reason       TEXT    NOT NULL,
    content      TEXT    NOT NULL,
    documents    TEXT    NOT NULL,
    named        TEXT    NOT NULL,
    deadline     TEXT    NOT NULL,
    confidential BOOLEAN NOT NULL,
    at           BIGINT  NOT NULL,
    PRIMARY KEY (case_id, revision)
);
-- What waits for whom, of running cases.
CREATE TABLE flow_task (
    id       TEXT   NOT NULL PRIMARY KEY,
    case_id  TEXT   NOT NULL REFERENCES flow_case (id),
    org      TEXT   NOT NULL,
    role     TEXT   NOT NULL,
    person   TEXT   NOT NULL, -- or ''
    seen     TEXT   NOT NULL, -- the person who alone sees it, or ''
    deadline TEXT   NOT NULL, -- or ''
    due      BIGINT NOT NULL
);
CREATE INDEX flow_task_org ON flow_task (org, due, id);
CREATE INDEX flow_task_role ON flow_task (org, role, due, id);
CREATE INDEX flow_task_person ON flow_task (person, due, id);
CREATE INDEX flow_task_case ON flow_task (case_id);
-- Messages, written with what they tell of and handed on later, each once.
CREATE TABLE flow_notice (
    id      TEXT   NOT NULL PRIMARY KEY,
    case_id TEXT   NOT NULL REFERENCES flow_case (id),
    body    TEXT   NOT NULL, -- JSON
    at      BIGINT NOT NULL,
    try_at  BIGINT NOT NULL, -- when it is to be handed on; for ever: it has been
    tries   BIGINT NOT NULL,
    sent    BIGINT NOT NULL, -- 0 before
    trouble TEXT   NOT NULL
);
CREATE INDEX flow_notice_try ON flow_notice (try_at, id);
CREATE INDEX flow_notice_case ON flow_notice (case_id, id);
