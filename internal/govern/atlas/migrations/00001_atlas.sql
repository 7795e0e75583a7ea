-- +goose Up
CREATE TABLE atlas_map (
    org       TEXT   NOT NULL,
    region    TEXT   NOT NULL, -- GB/T 2260 of the region whose parts it shows
    review    TEXT   NOT NULL, -- its review number, without which it may not be shown
    source    TEXT   NOT NULL, -- who gives it out
    outlines  TEXT   NOT NULL, -- [{"code","polygons"}]
    divisions BIGINT NOT NULL,
    sha256    TEXT   NOT NULL, -- of the file that was loaded, in hex
    at        BIGINT NOT NULL,
    actor     TEXT   NOT NULL, -- who loaded it: {"kind","id","name"}
    PRIMARY KEY (org, region)
);

-- +goose Down
DROP TABLE atlas_map;
