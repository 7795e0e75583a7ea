-- +goose Up
-- In order of their last change, for whoever follows them.
CREATE INDEX register_entry_at ON register_entry (at, id, revision);
