-- +goose Up
-- The large tables differ from those of PostgreSQL in one thing: WITHOUT ROWID keeps a row once, in its key's own tree.
CREATE TABLE trace_names (num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE trace_pages (num INTEGER PRIMARY KEY, body BYTEA NOT NULL);
CREATE TABLE trace_events (
  num INTEGER PRIMARY KEY, org INTEGER NOT NULL, capture INTEGER NOT NULL, kind INTEGER NOT NULL, action INTEGER NOT NULL, at BIGINT NOT NULL,
  step INTEGER NOT NULL, disposition INTEGER NOT NULL, point INTEGER NOT NULL, place INTEGER NOT NULL, flags INTEGER NOT NULL,
  page INTEGER NOT NULL, slot INTEGER NOT NULL, fingerprint BIGINT NOT NULL, ident BIGINT NOT NULL, digest BYTEA NOT NULL, members BYTEA NOT NULL
);
CREATE INDEX trace_events_at ON trace_events (at);
CREATE INDEX trace_events_fingerprint ON trace_events (fingerprint);
CREATE INDEX trace_events_ident ON trace_events (ident) WHERE ident <> 0;
CREATE TABLE trace_links (name INTEGER NOT NULL, event INTEGER NOT NULL, role INTEGER NOT NULL, PRIMARY KEY (name, event, role)) WITHOUT ROWID;
CREATE TABLE trace_shares (event INTEGER NOT NULL, org INTEGER NOT NULL, PRIMARY KEY (event, org)) WITHOUT ROWID;
CREATE TABLE trace_used (org INTEGER NOT NULL, kind INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (org, kind, name)) WITHOUT ROWID;
CREATE TABLE trace_orgs (num INTEGER PRIMARY KEY, org TEXT NOT NULL UNIQUE);
CREATE TABLE trace_captures (
  num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, org INTEGER NOT NULL, actor TEXT NOT NULL, created BIGINT NOT NULL, finished BIGINT NOT NULL,
  proceed BOOLEAN NOT NULL, success BOOLEAN NOT NULL, total INTEGER NOT NULL, first INTEGER NOT NULL, events INTEGER NOT NULL, duplicates INTEGER NOT NULL,
  faults TEXT NOT NULL
);
CREATE INDEX trace_captures_org ON trace_captures (org, num);
CREATE TABLE trace_parties (id TEXT PRIMARY KEY NOT NULL, org TEXT NOT NULL, party TEXT NOT NULL, regulator BOOLEAN NOT NULL, reason TEXT NOT NULL, since BIGINT NOT NULL);
CREATE UNIQUE INDEX trace_parties_party ON trace_parties (party) WHERE party <> '';
CREATE TABLE trace_queries (id TEXT PRIMARY KEY NOT NULL, org TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, created BIGINT NOT NULL, UNIQUE (org, name));
CREATE TABLE trace_subscriptions (
  id TEXT PRIMARY KEY NOT NULL, query TEXT NOT NULL REFERENCES trace_queries (id), org TEXT NOT NULL, dest TEXT NOT NULL, every BIGINT NOT NULL,
  empties BOOLEAN NOT NULL, cursor BIGINT NOT NULL, due BIGINT NOT NULL, failures INTEGER NOT NULL, trouble TEXT NOT NULL, created BIGINT NOT NULL
);
CREATE INDEX trace_subscriptions_due ON trace_subscriptions (due);

-- +goose Down
DROP TABLE trace_subscriptions;
DROP TABLE trace_queries;
DROP TABLE trace_parties;
DROP TABLE trace_captures;
DROP TABLE trace_orgs;
DROP TABLE trace_used;
DROP TABLE trace_shares;
DROP TABLE trace_links;
DROP TABLE trace_events;
DROP TABLE trace_pages;
DROP TABLE trace_names;
