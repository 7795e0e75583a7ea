-- +goose Up
CREATE TABLE gs1_prefix (
    prefix TEXT   NOT NULL, -- GS1 Company Prefix, 4 to 12 digits
    since  BIGINT NOT NULL, -- ns
    until  BIGINT NOT NULL, -- ns; the greatest number while it lasts
    org    TEXT   NOT NULL, -- to whom it is entrusted
    ground TEXT   NOT NULL, -- on what ground: the certificate that was shown
    actor  TEXT   NOT NULL, -- who did it: {"kind","id","name"}
    PRIMARY KEY (prefix, since)
);
CREATE INDEX gs1_prefix_org ON gs1_prefix (org, prefix);

CREATE TABLE gs1_set (
    anchor      TEXT   NOT NULL, -- /01/09506000134352/10/ABC
    version     BIGINT NOT NULL, -- from 1; a version is never changed
    org         TEXT   NOT NULL,
    prefix      TEXT   NOT NULL,
    description TEXT   NOT NULL, -- {"zh","en"}
    links       TEXT   NOT NULL, -- [] where the links were withdrawn
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    PRIMARY KEY (anchor, version)
);
CREATE INDEX gs1_set_org ON gs1_set (org, anchor);

-- +goose Down
DROP TABLE gs1_set;
DROP TABLE gs1_prefix;
