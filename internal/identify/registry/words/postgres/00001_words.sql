-- +goose Up
CREATE TABLE identify_words (
    serial BIGINT   NOT NULL PRIMARY KEY,
    words  TSVECTOR NOT NULL
);
CREATE INDEX identify_words_words ON identify_words USING GIN (words);
