-- +goose Up
-- What each commit wrote, as the evidence log takes it: the hashes of its figures, rows and records. place is filled in once, when the
-- leaf stands in the log.
CREATE TABLE figure_batch (
    at     BIGINT NOT NULL PRIMARY KEY, -- the commit
    items  BYTEA  NOT NULL,             -- 32 bytes each
    secret BYTEA  NOT NULL,             -- by which they are blinded
    place  BIGINT NOT NULL              -- of the leaf; -1 while it is not in the log
);
CREATE INDEX figure_batch_place ON figure_batch (place);
-- Which items of a commit were told under an agreement. told is 1 once their proof has been.
CREATE TABLE figure_telling (
    agreement TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    places    BYTEA  NOT NULL, -- uvarints, ascending
    told      BIGINT NOT NULL,
    PRIMARY KEY (agreement, at)
);
CREATE INDEX figure_telling_told ON figure_telling (told, at);
-- Which populations have been told in the stream of an agreement.
CREATE TABLE figure_told (
    agreement  TEXT   NOT NULL,
    epoch      BIGINT NOT NULL,
    population TEXT   NOT NULL,
    PRIMARY KEY (agreement, epoch, population)
);
-- Who gives observations, by the agreement under which they tell it.
CREATE TABLE figure_giver (
    agreement TEXT  NOT NULL PRIMARY KEY,
    keeper    TEXT  NOT NULL,
    code      TEXT  NOT NULL,
    body      BYTEA NOT NULL -- canonical bytes of the enterprise
);
CREATE INDEX figure_giver_keeper ON figure_giver (keeper, code);
