package health

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Bounds of the history.
const (
	maxOutages   = 500_000 // kept
	readOutages  = 20_000  // read for one answer, those of the organisation and of the node each
	insertedWith = 200     // rows of one statement
)

type outageRow struct {
	bun.BaseModel `bun:"table:health_outage,alias:o"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Kind    string
	Subject string
	Text    text.Text
	Since   int64
	Until   int64
}

func (r *outageRow) outage() Outage {
	return Outage{ID: r.ID, Org: r.Org, Kind: r.Kind, Subject: r.Subject, Text: r.Text, From: r.Since, To: r.Until}
}

type stateRow struct {
	bun.BaseModel `bun:"table:health_state,alias:t"`

	Name  string `bun:"name,pk"`
	Value int64
}

// state reads a number that is kept; ok is false where there is none.
func state(ctx context.Context, db bun.IDB, name string) (value int64, ok bool, err error) {
	var r stateRow
	err = store.Err(db.NewSelect().Model(&r).Where("name = ?", name).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return 0, false, nil
	}
	return r.Value, err == nil, err
}

func put(ctx context.Context, db bun.IDB, name string, value int64) error {
	_, err := db.NewInsert().Model(&stateRow{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return store.Err(err)
}

// upsert writes outages as they are now.
func upsert(ctx context.Context, db bun.IDB, rows []outageRow) error {
	for len(rows) > 0 {
		part := rows[:min(len(rows), insertedWith)]
		rows = rows[len(part):]
		q := db.NewInsert().Model(&part).On("CONFLICT (id) DO UPDATE").Set("text = EXCLUDED.text").Set("until = EXCLUDED.until")
		if _, err := q.Exec(ctx); err != nil {
			return store.Err(err)
		}
	}
	return nil
}

// outages reads what was wrong at some moment of [from, to) with things of an organisation and with the node itself, the
// latest first where there is more than is read.
func outages(ctx context.Context, db *store.DB, scope auth.Scope, from, to int64) ([]Outage, error) {
	var own, node []outageRow
	err := db.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		own, node = nil, nil
		select1 := func(rows *[]outageRow) *bun.SelectQuery {
			return tx.NewSelect().Model(rows).Where("o.since < ? AND o.until > ?", to, from).OrderExpr("o.since DESC, o.id").Limit(readOutages)
		}
		if err := scope.Where(select1(&own), "o.org").Scan(ctx); err != nil {
			return err
		}
		return auth.Everywhere().Where(select1(&node), "o.org").Where("o.org = ?", uuid.Nil).Scan(ctx)
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of outages: %w", store.Err(err))
	}
	return store.All(append(own, node...), (*outageRow).outage), nil
}

// standing are the outages that have no end yet.
func standing(ctx context.Context, db bun.IDB) ([]outageRow, error) {
	var rows []outageRow
	err := auth.Everywhere().Where(db.NewSelect().Model(&rows), "o.org").Where("o.until = ?", int64(math.MaxInt64)).Scan(ctx)
	return rows, store.Err(err)
}

// bound removes outages that ended before a time, and the oldest ones beyond a number.
func bound(ctx context.Context, db *store.DB, before int64, most int) error {
	err := db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var over []int64
		if err := tx.NewSelect().Model((*outageRow)(nil)).Column("until").OrderExpr("o.until DESC").Offset(int64(most)).Limit(1).Scan(ctx, &over); err != nil {
			return err
		}
		for _, until := range over {
			if until < math.MaxInt64 {
				before = max(before, until+1)
			}
		}
		known, _, err := state(ctx, tx, "known")
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*outageRow)(nil)).Where("until < ?", before).Exec(ctx); err != nil {
			return err
		}
		return put(ctx, tx, "known", max(known, before))
	})
	if err != nil {
		return fmt.Errorf("bound the history of outages: %w", store.Err(err))
	}
	return nil
}
