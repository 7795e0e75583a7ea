-- +goose Up
CREATE TABLE shared_head (
    cell    TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
CREATE TABLE shared_file (
    cell    TEXT NOT NULL,
    path    TEXT NOT NULL,
    is_dir  BOOLEAN NOT NULL,
    mode    BIGINT NOT NULL,
    size    BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    version BIGINT NOT NULL,
    pieces  TEXT NOT NULL,
    PRIMARY KEY (cell, path)
);
