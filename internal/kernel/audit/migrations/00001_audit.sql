-- +goose Up
CREATE TABLE audit_entry (
    id          TEXT NOT NULL PRIMARY KEY,
    time        BIGINT NOT NULL,
    org         TEXT NOT NULL,
    actor_kind  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    actor_name  TEXT NOT NULL,
    via         TEXT NOT NULL,
    verb        TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object      TEXT NOT NULL,
    object_name TEXT NOT NULL,
    before      TEXT NOT NULL,
    after       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    trace       TEXT NOT NULL
);
CREATE INDEX audit_entry_org ON audit_entry (org, time, id);
CREATE INDEX audit_entry_object ON audit_entry (object, time, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor, time, id);
CREATE INDEX audit_entry_time ON audit_entry (time, id);
