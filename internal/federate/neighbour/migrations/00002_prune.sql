-- +goose Up
-- Up to which both ends have compared a stream without a difference, and up to which this one has dropped the bytes and kept the hashes.
ALTER TABLE neighbour_out ADD COLUMN agreed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE neighbour_out ADD COLUMN pruned BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE neighbour_out DROP COLUMN pruned;
ALTER TABLE neighbour_out DROP COLUMN agreed;
