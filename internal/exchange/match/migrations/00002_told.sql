-- +goose Up
-- Which side of a pair is still to hear of it: 'firm' of a supply that is new to a need, 'provider' of a need that is new to a supply;
-- '' when it has heard.
ALTER TABLE match_pair ADD COLUMN news TEXT NOT NULL DEFAULT '';
CREATE INDEX match_pair_news_firm ON match_pair (org) WHERE news = 'firm';
CREATE INDEX match_pair_news_provider ON match_pair (provider) WHERE news = 'provider';
-- When an organisation was last told of new pairs: once a day at most.
CREATE TABLE match_told (
    org  TEXT   NOT NULL,
    side TEXT   NOT NULL,
    day  TEXT   NOT NULL, -- civil
    PRIMARY KEY (org, side)
);
-- Who was invited to an event.
CREATE TABLE match_invited (
    event TEXT   NOT NULL REFERENCES match_event (id),
    org   TEXT   NOT NULL,
    at    BIGINT NOT NULL,
    PRIMARY KEY (event, org)
);
