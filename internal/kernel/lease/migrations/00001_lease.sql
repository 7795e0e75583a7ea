-- +goose Up
CREATE TABLE lease (
    name    TEXT NOT NULL PRIMARY KEY,
    holder  TEXT NOT NULL,
    note    TEXT NOT NULL,
    epoch   BIGINT NOT NULL,
    taken   BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
