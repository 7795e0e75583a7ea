-- +goose Up
CREATE TABLE plant_node (
    id      TEXT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    kind    TEXT NOT NULL,
    class   TEXT NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    reason  TEXT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (since < until)
);
CREATE INDEX plant_node_org ON plant_node (org, id);

-- Where it stands: parent '' is the enterprise.
CREATE TABLE plant_place (
    node   TEXT NOT NULL REFERENCES plant_node (id),
    since  BIGINT NOT NULL,
    until  BIGINT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (node, since),
    CHECK (since < until)
);
CREATE INDEX plant_place_parent ON plant_place (parent, until);

-- What it is called.
CREATE TABLE plant_name (
    node  TEXT NOT NULL REFERENCES plant_node (id),
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    name  TEXT NOT NULL,
    PRIMARY KEY (node, since),
    CHECK (since < until)
);

-- Of which device template it is.
CREATE TABLE plant_instance (
    node     TEXT NOT NULL REFERENCES plant_node (id),
    since    BIGINT NOT NULL,
    until    BIGINT NOT NULL,
    template TEXT NOT NULL,
    release  TEXT NOT NULL,
    PRIMARY KEY (node, since),
    CHECK (since < until)
);

-- What never changes of a point: a series has one type and one unit for life.
CREATE TABLE plant_point (
    id      TEXT NOT NULL PRIMARY KEY,
    org     TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES plant_node (id),
    key     TEXT NOT NULL,
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    version BIGINT NOT NULL,
    CHECK (since < until)
);
CREATE INDEX plant_point_machine ON plant_point (machine, id);
CREATE INDEX plant_point_org ON plant_point (org, id);
CREATE UNIQUE INDEX plant_point_key ON plant_point (machine, key) WHERE until = 9223372036854775807;

-- How it is called and read: a JSON document (template.Point).
CREATE TABLE plant_setup (
    node  TEXT NOT NULL REFERENCES plant_point (id),
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    setup TEXT NOT NULL,
    PRIMARY KEY (node, since),
    CHECK (since < until)
);
