package backup

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// seriesOf reads the numbers and types of the declared series from a SQLite file, without migrating anything. A file
// of a node that has no such table yet has none.
func seriesOf(ctx context.Context, path string) ([]telemetry.Series, error) {
	db, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(store.SQLiteURL(path), "sqlite://")+"?mode=rw&_pragma=query_only(on)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'telemetry_series'").Scan(&tables); err != nil || tables == 0 {
		return []telemetry.Series{}, store.Err(err)
	}
	return seriesIn(ctx, db)
}

func seriesIn(ctx context.Context, db *sql.DB) ([]telemetry.Series, error) {
	rows, err := db.QueryContext(ctx, "SELECT ref, type FROM telemetry_series ORDER BY ref")
	if err != nil {
		return nil, fmt.Errorf("read the catalogue of series: %w", store.Err(err))
	}
	defer rows.Close()
	out := []telemetry.Series{}
	for rows.Next() {
		var ref, typ int64
		if err := rows.Scan(&ref, &typ); err != nil {
			return nil, store.Err(err)
		}
		if ref > 0 && ref < 1<<31 {
			out = append(out, telemetry.Series{Ref: telemetry.Ref(ref), Type: telemetry.Type(typ)})
		}
	}
	return out, store.Err(rows.Err())
}

// seriesOfDump reads a dump to its end and takes the series from it. The error tells what is wrong with the dump.
func seriesOfDump(ctx context.Context, r io.Reader) ([]telemetry.Series, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	out := []telemetry.Series{}
	rows, series, last := false, false, ""
	for n := 1; ; n++ {
		l, err := in.ReadString('\n')
		if err == io.EOF && l == "" {
			if rows || last == "" {
				return out, errors.New("it is cut off")
			}
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("line %d is cut off: %w", n, err)
		}
		if n%10_000 == 0 && ctx.Err() != nil {
			return out, ctx.Err()
		}
		switch {
		case l == "\\.\n":
			rows, series = false, false
		case rows && series:
			f := strings.Split(strings.TrimSuffix(l, "\n"), "\t")
			ref, err1 := strconv.ParseInt(f[0], 10, 32)
			typ, err2 := int64(0), error(nil)
			if len(f) == 5 {
				typ, err2 = strconv.ParseInt(f[3], 10, 8)
			}
			if err1 != nil || err2 != nil || len(f) != 5 || ref <= 0 {
				return out, fmt.Errorf("line %d is no series", n)
			}
			out = append(out, telemetry.Series{Ref: telemetry.Ref(ref), Type: telemetry.Type(typ)})
		case rows:
		case strings.HasPrefix(l, "COPY ") && strings.HasSuffix(l, " FROM stdin;\n"):
			rows, series = true, strings.HasPrefix(l, "COPY telemetry_series (ref, id, org, type, unit)")
		case !strings.HasSuffix(l, ";\n"):
			return out, fmt.Errorf("line %d is no statement", n)
		}
		last = l
	}
}
