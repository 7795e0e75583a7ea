-- +goose Up
-- What processes tell of themselves. Times are ns by the database's clock; lists and maps are JSON.
CREATE TABLE cell_process (
    id        TEXT NOT NULL PRIMARY KEY,
    name      TEXT NOT NULL,
    addresses TEXT NOT NULL,
    serving   TEXT NOT NULL,
    failing   TEXT NOT NULL,
    began     BIGINT NOT NULL,
    beat      BIGINT NOT NULL
);

-- One row: what processes of the deployment share and nobody else knows.
CREATE TABLE cell_key (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    secret BYTEA NOT NULL
);
