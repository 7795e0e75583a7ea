// Package store keeps a node's records in SQL: SQLite inside the process by default, PostgreSQL when one machine is not
// enough. The same Go code and the same migration files run on both, and every store test of the product does
// (package storetest).
//
// # The common subset
//
// Migrations are plain SQL that both engines understand, so that nobody writes anything twice:
//
//   - TEXT for words, for identifiers (UUIDv7, 36 characters, lowercase), for JSON documents and for text.Text.
//   - BIGINT for whole numbers and for times, which are nanoseconds since 1970-01-01 UTC. An open end of a span is the
//     greatest int64 (store.Forever), not NULL: half-open spans [from, to) then compare with < and > alone.
//   - DOUBLE PRECISION for float64, BOOLEAN for truth (SQLite keeps 0 and 1 under it and its driver answers with bool),
//     BYTEA for bytes (no affinity on SQLite, so bytes stay bytes).
//   - Every column is NOT NULL unless NULL means something; SQLite accepts NULL in a primary key that does not say so.
//   - PRIMARY KEY, UNIQUE (also on expressions of columns with WHERE), CHECK, REFERENCES, CREATE INDEX, row values
//     (a, b) > (x, y), INSERT … ON CONFLICT … DO UPDATE, RETURNING, WITH RECURSIVE, window functions.
//   - Not: AUTOINCREMENT/SERIAL, DATE/TIMESTAMP, JSON operators, ILIKE, arrays, triggers, ALTER COLUMN, ORDER BY of
//     words that people read. The order of text differs between engines and collations, so words are sorted in Go; keys
//     that are paged by are times, numbers and identifiers.
//
// A column that is added later needs a DEFAULT. Each room has its own migrations and its own version table
// (goose_<room>), so rooms do not wait for each other's numbers.
//
// # Transactions
//
// InTx is serializable on both engines. SQLite has one writer at a time: a transaction begins IMMEDIATE and writers of
// this process queue in order, so no code ever meets "database is locked" half-way. PostgreSQL may refuse a
// transaction that ran beside another (SQLSTATE 40001); InTx then runs the function again, so the function must change
// nothing outside the transaction until InTx has returned.
//
// Hot point reads use DB.QueryRowContext with a prepared statement: bun's formatting costs three times the query
// (measured).
//
// Sources: SQLite "Write-Ahead Logging" and "PRAGMA synchronous"; PostgreSQL 15, 13.2.3 "Serializable Isolation Level".
package store
