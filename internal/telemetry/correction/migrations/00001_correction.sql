-- +goose Up
CREATE TABLE correction (
    id           TEXT   NOT NULL PRIMARY KEY, -- UUIDv7: in the order in which they were accepted
    org          TEXT   NOT NULL,
    series       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    since        BIGINT NOT NULL, -- source times, half-open
    until        BIGINT NOT NULL,
    words        TEXT   NOT NULL, -- JSON: what was asked for
    undoes       TEXT   NOT NULL, -- '' but for undo
    undone_by    TEXT   NOT NULL, -- '' while it stands
    actor        TEXT   NOT NULL, -- JSON
    at           BIGINT NOT NULL,
    basis        BIGINT NOT NULL, -- telemetry commit as of which the samples are meant
    first_seq    BIGINT NOT NULL, -- of the producer of corrections
    last_seq     BIGINT NOT NULL,
    row_count    BIGINT NOT NULL,
    applied      BIGINT NOT NULL, -- 0 while it is carried out
    first_commit BIGINT NOT NULL,
    last_commit  BIGINT NOT NULL
);
CREATE INDEX correction_series ON correction (series, id);
CREATE INDEX correction_org ON correction (org, id);
CREATE INDEX correction_seq ON correction (first_seq);
