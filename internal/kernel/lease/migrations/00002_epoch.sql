-- +goose Up
-- On PostgreSQL this makes the epoch part of a key: a new holder's update then waits for whoever holds FOR KEY SHARE (the
-- fence), and a renewal, which does not change the epoch, does not.
CREATE UNIQUE INDEX lease_epoch ON lease (name, epoch);
