-- +goose Up
-- What lies on a desk is counted from the index alone.
CREATE INDEX flow_task_desk ON flow_task (org, seen, due, person);
