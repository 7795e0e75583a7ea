package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// SQLiteProblems checks a database file that no process has open: its pages, indexes and foreign keys (PRAGMA
// integrity_check, foreign_key_check). It returns what is wrong, at most 100 lines, none where all is well.
func SQLiteProblems(ctx context.Context, path string) ([]string, error) {
	raw, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(SQLiteURL(path), "sqlite://")+"?mode=rw&_pragma=query_only(on)")
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	var out []string
	rows, err := raw.QueryContext(ctx, "PRAGMA integrity_check(100)")
	if err != nil {
		if err = Err(err); errors.Is(err, ErrCorrupt) {
			return []string{err.Error()}, nil
		}
		return nil, err
	}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			break
		}
		if s != "ok" {
			out = append(out, s)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		if err = Err(err); errors.Is(err, ErrCorrupt) {
			return append(out, err.Error()), nil
		}
		return nil, err
	}
	if len(out) > 0 {
		return out, nil
	}
	rows, err = raw.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return nil, Err(err)
	}
	defer rows.Close()
	for rows.Next() && len(out) < 100 {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return nil, Err(err)
		}
		out = append(out, fmt.Sprintf("row %d of table %s names a row of %s that is not there", row.Int64, table, parent))
	}
	return out, rows.Err()
}
