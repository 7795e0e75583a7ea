-- +goose Up
-- In order of their last step, for whoever follows them.
CREATE INDEX flow_case_at ON flow_case (at, id, revision);
