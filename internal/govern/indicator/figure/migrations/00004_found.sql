-- +goose Up
-- What is looked up of columns and figures stands in an index: in the table it lies behind a blob, which SQLite would go through page by
-- page.
CREATE INDEX figure_column_head ON figure_column (id, at, seq, base, changed, size);
CREATE INDEX figure_standing ON figure (id, superseded, revision, hash);
