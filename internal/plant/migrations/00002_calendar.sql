-- +goose Up
-- What a plant works by: zone, start of the day, shifts, days off.
CREATE TABLE plant_calendar (
    id      TEXT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    name    TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX plant_calendar_org ON plant_calendar (org, id);

-- Its definitions (calendar.Definition as JSON). Rows are never changed: at a time the greatest number holds of those
-- with since at or before it, so that a later row may also mend the past.
CREATE TABLE plant_calendar_version (
    calendar   TEXT NOT NULL REFERENCES plant_calendar (id),
    number     BIGINT NOT NULL,
    since      BIGINT NOT NULL,
    made       BIGINT NOT NULL,
    maker      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    definition TEXT NOT NULL,
    hash       TEXT NOT NULL,
    PRIMARY KEY (calendar, number)
);

-- By which calendar a site works.
CREATE TABLE plant_site_calendar (
    node     TEXT NOT NULL REFERENCES plant_node (id),
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    calendar TEXT NOT NULL, -- '' is the default
    PRIMARY KEY (node, since),
    CHECK (since < until)
);
CREATE INDEX plant_site_calendar_calendar ON plant_site_calendar (calendar);
