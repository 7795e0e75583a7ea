package telemetry

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// SQLCatalog is the Catalog in the node's SQL records.
type SQLCatalog struct{ db *store.DB }

// NewSQLCatalog brings the tables up to date and returns the catalogue.
func NewSQLCatalog(ctx context.Context, db *store.DB) (*SQLCatalog, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx, db, "telemetry", files); err != nil {
		return nil, err
	}
	return &SQLCatalog{db}, nil
}

type seriesRow struct {
	bun.BaseModel `bun:"table:telemetry_series"`
	Ref           int64     `bun:"ref,pk"`
	ID            uuid.UUID `bun:"id"`
	Org           uuid.UUID `bun:"org"`
	Type          int64     `bun:"type"`
	Unit          string    `bun:"unit"`
}

type reportingRow struct {
	bun.BaseModel `bun:"table:telemetry_reporting"`
	Ref           int64 `bun:"ref,pk"`
	Since         int64 `bun:"since,pk"`
	Report        int64 `bun:"report"`
	MaxSilence    int64 `bun:"max_silence"`
}

// Load implements Catalog.
func (c *SQLCatalog) Load(ctx context.Context) ([]Series, error) {
	var out []Series
	err := c.db.View(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		out, err = load(ctx, tx, nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load series: %w", err)
	}
	return out, nil
}

// load reads all series, or those of the given UUIDs.
func load(ctx context.Context, tx bun.Tx, ids []uuid.UUID) ([]Series, error) {
	var rows []seriesRow
	q := tx.NewSelect().Model(&rows).OrderExpr("ref")
	if ids != nil {
		q = q.Where("id IN (?)", bun.List(ids))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Series, len(rows))
	at := make(map[int64]int, len(rows))
	refs := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = Series{Ref: Ref(r.Ref), ID: r.ID, Org: r.Org, Type: Type(r.Type), Unit: r.Unit}
		at[r.Ref], refs[i] = i, r.Ref
	}
	if len(rows) == 0 {
		return out, nil
	}
	var reporting []reportingRow
	p := tx.NewSelect().Model(&reporting).OrderExpr("ref, since")
	if ids != nil {
		p = p.Where("ref IN (?)", bun.List(refs))
	}
	if err := p.Scan(ctx); err != nil {
		return nil, err
	}
	for _, r := range reporting {
		s := &out[at[r.Ref]]
		s.Reporting = append(s.Reporting, Reporting{From: r.Since, Report: Report(r.Report), MaxSilence: time.Duration(r.MaxSilence)})
	}
	for i := range out {
		if len(out[i].Reporting) == 0 {
			return nil, fmt.Errorf("series %s has no way of reporting in the table telemetry_reporting", out[i].ID)
		}
	}
	return out, nil
}

// declareAtOnce bounds the rows of one statement.
const declareAtOnce = 500

// Declare implements Catalog. It commits a transaction of its own, never the caller's: a number that the journal may name
// must not be rolled back. So it must not be called from within InTx.
func (c *SQLCatalog) Declare(ctx context.Context, d []Declaration) ([]Series, error) {
	var out []Series
	err := c.db.InTx(alone{ctx}, func(ctx context.Context, tx bun.Tx) error {
		out = nil
		known := map[uuid.UUID]Series{}
		for from := 0; from < len(d); from += declareAtOnce {
			var ids []uuid.UUID
			for _, x := range d[from:min(from+declareAtOnce, len(d))] {
				ids = append(ids, x.ID)
			}
			some, err := load(ctx, tx, ids)
			if err != nil {
				return err
			}
			for _, s := range some {
				known[s.ID] = s
			}
		}
		merged, err := MergeAll(d, func(id uuid.UUID) (Series, bool) { s, ok := known[id]; return s, ok })
		if err != nil {
			return err
		}
		var next int64
		if err := tx.NewSelect().Model((*seriesRow)(nil)).ColumnExpr("COALESCE(MAX(ref), 0) + 1").Scan(ctx, &next); err != nil {
			return err
		}
		var series []seriesRow
		var reporting []reportingRow
		done := map[uuid.UUID]Ref{}
		for i := range merged {
			s := &merged[i].Series
			if ref, again := done[s.ID]; again {
				s.Ref = ref
				continue
			}
			if merged[i].New {
				s.Ref = Ref(next)
				next++
				series = append(series, seriesRow{Ref: int64(s.Ref), ID: s.ID, Org: s.Org, Type: int64(s.Type), Unit: s.Unit})
			}
			done[s.ID] = s.Ref
			if merged[i].New || merged[i].Changed {
				for _, r := range s.Reporting {
					reporting = append(reporting, reportingRow{Ref: int64(s.Ref), Since: r.From, Report: int64(r.Report), MaxSilence: int64(r.MaxSilence)})
				}
			}
		}
		for len(series) > 0 {
			n := min(len(series), declareAtOnce)
			part := series[:n]
			if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
				return err
			}
			series = series[n:]
		}
		for len(reporting) > 0 {
			n := min(len(reporting), declareAtOnce)
			part := reporting[:n]
			if _, err := tx.NewInsert().Model(&part).On("CONFLICT (ref, since) DO UPDATE").
				Set("report = EXCLUDED.report").Set("max_silence = EXCLUDED.max_silence").Exec(ctx); err != nil {
				return err
			}
			reporting = reporting[n:]
		}
		for i := range merged {
			out = append(out, merged[i].Series)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store declarations: %w", err)
	}
	return out, nil
}

// alone is a context that ends with another but carries nothing of it, no transaction in particular.
type alone struct{ context.Context }

func (alone) Value(any) any { return nil }
