-- +goose Up
-- Nodes below this one. What stands; every revision is in the next table.
CREATE TABLE docking_node (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL, -- in whose register it stands
    prefix   TEXT   NOT NULL UNIQUE, -- ASCII letters in upper case
    state    TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    content  TEXT   NOT NULL, -- JSON
    actor    TEXT   NOT NULL, -- JSON
    at       BIGINT NOT NULL,
    since    BIGINT NOT NULL  -- when it first came into service; 0 before
);
CREATE INDEX docking_node_org ON docking_node (org, prefix);
CREATE TABLE docking_revision (
    node     TEXT   NOT NULL REFERENCES docking_node (id),
    revision BIGINT NOT NULL,
    state    TEXT   NOT NULL,
    content  TEXT   NOT NULL,
    reason   TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (node, revision)
);
-- What the probes say of a node now.
CREATE TABLE docking_health (
    node    TEXT   NOT NULL PRIMARY KEY REFERENCES docking_node (id),
    down    BIGINT NOT NULL, -- 0, 1
    streak  BIGINT NOT NULL,
    event   TEXT   NOT NULL, -- the abnormal one while it is down
    at      BIGINT NOT NULL, -- of the last round
    answers TEXT   NOT NULL  -- JSON, door by door
);
-- Probes of an hour, door by door. Times in microseconds, of answers only.
CREATE TABLE docking_hour (
    node  TEXT   NOT NULL,
    door  TEXT   NOT NULL,
    hour  BIGINT NOT NULL, -- its begin, ns since 1970
    asked BIGINT NOT NULL,
    well  BIGINT NOT NULL,
    took  BIGINT NOT NULL, -- sum
    least BIGINT NOT NULL,
    most  BIGINT NOT NULL,
    PRIMARY KEY (node, door, hour)
);
CREATE INDEX docking_hour_age ON docking_hour (hour);
-- When nodes went down and came back.
CREATE TABLE docking_event (
    id    TEXT   NOT NULL PRIMARY KEY, -- UUIDv7
    node  TEXT   NOT NULL,
    state TEXT   NOT NULL, -- abnormal, recovered
    of    TEXT   NOT NULL, -- of a recovery: the abnormal event
    at    BIGINT NOT NULL,
    cause TEXT   NOT NULL
);
CREATE INDEX docking_event_node ON docking_event (node, id);
-- Returns of nodes below, as they were signed.
CREATE TABLE docking_return (
    id       TEXT   NOT NULL PRIMARY KEY,
    node     TEXT   NOT NULL REFERENCES docking_node (id),
    kind     TEXT   NOT NULL, -- table of the guide
    period   TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    part     BIGINT NOT NULL,
    parts    BIGINT NOT NULL,
    rows     BIGINT NOT NULL,
    sha256   TEXT   NOT NULL,
    made     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    document BYTEA  NOT NULL, -- zstd
    UNIQUE (node, kind, period, revision, part)
);
-- Figures of days that nodes have handed in: those of the newest revision.
CREATE TABLE docking_day (
    node       TEXT   NOT NULL,
    kind       TEXT   NOT NULL, -- table of the guide
    day        TEXT   NOT NULL,
    prefix     TEXT   NOT NULL,
    registered BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    requests   BIGINT NOT NULL,
    successes  BIGINT NOT NULL,
    PRIMARY KEY (node, kind, day, prefix)
);
-- The node above, by organisation: what an organisation hands in, and to whom. The greatest revision holds.
CREATE TABLE docking_above (
    org      TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    content  TEXT   NOT NULL, -- JSON; empty: to nobody any more
    reason   TEXT   NOT NULL,
    actor    TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (org, revision)
);
-- Returns of this node, as they were signed, and what became of them.
CREATE TABLE docking_sent (
    id       TEXT   NOT NULL PRIMARY KEY,
    org      TEXT   NOT NULL,
    kind     TEXT   NOT NULL,
    period   TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    part     BIGINT NOT NULL,
    parts    BIGINT NOT NULL,
    rows     BIGINT NOT NULL,
    sha256   TEXT   NOT NULL,
    made     BIGINT NOT NULL,
    state    TEXT   NOT NULL, -- waiting, taken, refused
    tries    BIGINT NOT NULL,
    due      BIGINT NOT NULL, -- of the next try
    at       BIGINT NOT NULL, -- of the last try, 0 before
    answer   TEXT   NOT NULL,
    document BYTEA  NOT NULL, -- zstd
    UNIQUE (org, kind, period, revision, part)
);
CREATE INDEX docking_sent_waiting ON docking_sent (due) WHERE state = 'waiting';
