package seal

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

//go:embed migrations/*.sql
var migrations embed.FS

type dayRow struct {
	bun.BaseModel `bun:"table:seal_day,alias:d"`

	Day         int64 `bun:"day,pk"`
	FirstCommit int64
	LastCommit  int64
	First       int64
	Leaves      int64
	Skipped     int64
	Size        int64
	Root        string
	Sealed      int64
}

func (r *dayRow) between() telemetry.Between {
	d := Day(r.Day)
	return telemetry.Between{First: uint64(r.FirstCommit), Last: uint64(r.LastCommit), Time: telemetry.Span{From: d.Begin(), To: d.End()}}
}

type partRow struct {
	bun.BaseModel `bun:"table:seal_part,alias:p"`

	First  int64 `bun:"first,pk"`
	Day    int64
	Leaves int64
	Lo     string
	Hi     string
}

type skipRow struct {
	bun.BaseModel `bun:"table:seal_skip,alias:k"`

	Day    int64     `bun:"day,pk"`
	Series uuid.UUID `bun:"series,pk"`
	Reason string
}

type keyRow struct {
	bun.BaseModel `bun:"table:seal_key,alias:m"`

	Series   uuid.UUID `bun:"series,pk"`
	Month    int64     `bun:"month,pk"`
	Secret   string
	Shredded int64
}

type recordRow struct {
	bun.BaseModel `bun:"table:seal_record,alias:r"`

	ID      uuid.UUID `bun:"id,pk"`
	Kind    string
	Org     uuid.UUID
	Subject uuid.UUID
	At      int64
	Digest  string
	Salt    string
	Leaf    int64
	Payload string
}

type cursorRow struct {
	bun.BaseModel `bun:"table:seal_cursor,alias:c"`

	Name  string `bun:"name,pk"`
	Value string
}

// Names of cursors.
const (
	cursorLog        = "log"        // entries of the log that are in the tables
	cursorAudit      = "audit"      // the greatest id of an entry that has a leaf
	cursorAgreement  = "agreement"  // number of the last act on an agreement that has a leaf
	cursorFigure     = "figure"     // commit of the last word on figures that has a leaf
	cursorFact       = "fact"       // commit number of the last revision of a fact that has a leaf
	cursorCorrection = "correction" // sequence number of the last correction that has a leaf
)

func cursor(ctx context.Context, db bun.IDB, name string) (string, error) {
	var r cursorRow
	err := store.Err(db.NewSelect().Model(&r).Where("name = ?", name).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	return r.Value, err
}

func setCursor(ctx context.Context, tx bun.Tx, name, value string) error {
	_, err := tx.NewInsert().Model(&cursorRow{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return err
}

func number(s string) uint64 { n, _ := strconv.ParseUint(s, 10, 64); return n }
func digits(n uint64) string { return strconv.FormatUint(n, 10) }

// lastDay is the newest day that was begun.
func lastDay(ctx context.Context, db bun.IDB) (r dayRow, ok bool, err error) {
	err = store.Err(db.NewSelect().Model(&r).OrderExpr("day DESC").Limit(1).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

func findDay(ctx context.Context, db bun.IDB, d Day) (r dayRow, ok bool, err error) {
	err = store.Err(db.NewSelect().Model(&r).Where("day = ?", int64(d)).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

func parts(ctx context.Context, db bun.IDB, d Day) (rows []partRow, err error) {
	err = store.Err(db.NewSelect().Model(&rows).Where("day = ?", int64(d)).OrderExpr("first").Scan(ctx))
	return rows, err
}

func skips(ctx context.Context, db bun.IDB, where string, args ...any) (rows []skipRow, err error) {
	err = store.Err(db.NewSelect().Model(&rows).Where(where, args...).OrderExpr("day, series").Limit(skipsAtOnce).Scan(ctx))
	return rows, err
}

// rowsAtOnce bounds the rows of one statement: a PostgreSQL statement has at most 65,535 arguments.
const rowsAtOnce = 500

func insertSkips(ctx context.Context, tx bun.Tx, rows []skipRow) error {
	for len(rows) > 0 {
		n := min(len(rows), rowsAtOnce)
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT (day, series) DO UPDATE").Set("reason = EXCLUDED.reason").Exec(ctx); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// secrets returns the secrets of series for a month, and makes those that are missing. One that was shredded is nil.
func (s *Service) secrets(ctx context.Context, m Month, series []uuid.UUID) (map[uuid.UUID][]byte, error) {
	out := make(map[uuid.UUID][]byte, len(series))
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		clear(out)
		for list := series; len(list) > 0; {
			some := list[:min(len(list), rowsAtOnce)]
			list = list[len(some):]
			known, err := secretsOf(ctx, tx, m, some)
			if err != nil {
				return err
			}
			var missing []keyRow
			for _, id := range some {
				secret, ok := known[id]
				if !ok {
					secret = random()
					missing = append(missing, keyRow{Series: id, Month: int64(m), Secret: hex.EncodeToString(secret)})
				}
				out[id] = secret
			}
			if len(missing) > 0 {
				if _, err := tx.NewInsert().Model(&missing).Exec(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("secrets of %s: %w", m, err)
	}
	return out, nil
}

// secretsOf reads secrets; a shredded one is nil.
func secretsOf(ctx context.Context, db bun.IDB, m Month, series []uuid.UUID) (map[uuid.UUID][]byte, error) {
	var rows []keyRow
	if err := db.NewSelect().Model(&rows).Where("month = ?", int64(m)).Where("series IN (?)", bun.List(store.Words(series))).Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	out := make(map[uuid.UUID][]byte, len(rows))
	for _, r := range rows {
		out[r.Series] = nil
		if r.Shredded != 0 {
			continue
		}
		secret, err := hex.DecodeString(r.Secret)
		if err != nil || len(secret) != secretSize {
			return nil, fmt.Errorf("the secret of series %s for %s is damaged in the table seal_key", r.Series, m)
		}
		out[r.Series] = secret
	}
	return out, nil
}

// shred destroys a secret and keeps that it was destroyed, so that no other takes its place.
func shred(ctx context.Context, tx bun.Tx, series uuid.UUID, m Month, at int64, r *recordRow, e audit.Entry) error {
	row := keyRow{Series: series, Month: int64(m), Shredded: at}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT (month, series) DO UPDATE").Set("secret = ''").Set("shredded = EXCLUDED.shredded").Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
		return err
	}
	return audit.Record(ctx, tx, e)
}

const secretSize = 32

func random() []byte {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // it never fails: it ends the process instead
	return b
}

func randomSalt() (s [secretSize]byte) { copy(s[:], random()); return s }

// firstDay is the oldest day that was sealed.
func firstDay(ctx context.Context, db bun.IDB) (Day, bool, error) {
	var r dayRow
	err := store.Err(db.NewSelect().Model(&r).OrderExpr("day").Limit(1).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	return Day(r.Day), err == nil, err
}
