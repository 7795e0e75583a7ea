// Package storetest runs a test against real databases: SQLite in a temporary folder, and a PostgreSQL cluster of its
// own that is started from Debian's server programs, used by one test process and thrown away.
package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"jingwei/internal/kernel/store"
)

// Each runs fn as a subtest on SQLite and on PostgreSQL, each time with an empty database. Where PostgreSQL is not
// installed that half is SKIPPED by name, or fails under JINGWEI_TEST_STRICT.
func Each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite opens an empty SQLite database that lives as long as the test.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return open(t, store.SQLiteURL(filepath.Join(t.TempDir(), "test.db")))
}

var databases atomic.Int64

// Postgres opens an empty PostgreSQL database that lives as long as the test.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

// PostgresURL creates an empty PostgreSQL database that lives as long as the test and returns its address.
func PostgresURL(t testing.TB) string {
	t.Helper()
	c := shared(t)
	name := fmt.Sprintf("test%d", databases.Add(1))
	c.exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { c.exec(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return c.url(name)
}

func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close database: %v", err)
		}
	})
	return db
}
