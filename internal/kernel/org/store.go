package org

import (
	"context"
	"embed"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations
var migrations embed.FS

type orgRow struct {
	bun.BaseModel `bun:"table:org,alias:o"`
	ID            string    `bun:"id,pk"`
	Kind          Kind      `bun:"kind"`
	Name          text.Text `bun:"name,type:text"`
	CreditCode    string    `bun:"credit_code"`
	Home          bool      `bun:"home"`
	Created       int64     `bun:"created"`
}

func (r orgRow) org() Org {
	return Org{ID: uuid.MustParse(r.ID), Kind: r.Kind, Name: r.Name, CreditCode: r.CreditCode, Home: r.Home, Created: time.Unix(0, r.Created).UTC()}
}

func rowOf(o Org) *orgRow {
	return &orgRow{ID: o.ID.String(), Kind: o.Kind, Name: o.Name, CreditCode: o.CreditCode, Home: o.Home, Created: o.Created.UnixNano()}
}

type ownershipRow struct {
	bun.BaseModel `bun:"table:org_ownership,alias:w"`
	ID            string `bun:"id,pk"`
	Child         string `bun:"child"`
	Parent        string `bun:"parent"`
	Since         int64  `bun:"since"`
	Until         int64  `bun:"until"`
}

func (r ownershipRow) ownership() Ownership {
	return Ownership{ID: uuid.MustParse(r.ID), Child: uuid.MustParse(r.Child), Parent: uuid.MustParse(r.Parent), Span: Span{r.Since, r.Until}}
}

type membershipRow struct {
	bun.BaseModel `bun:"table:org_membership,alias:m"`
	ID            string `bun:"id,pk"`
	Member        string `bun:"member"`
	Body          string `bun:"body"`
	Since         int64  `bun:"since"`
	Until         int64  `bun:"until"`
}

func (r membershipRow) membership() Membership {
	return Membership{ID: uuid.MustParse(r.ID), Member: uuid.MustParse(r.Member), Body: uuid.MustParse(r.Body), Span: Span{r.Since, r.Until}}
}

func ownerships(ctx context.Context, db bun.IDB) ([]Ownership, error) {
	var rows []ownershipRow
	if err := db.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	out := make([]Ownership, len(rows))
	for i, r := range rows {
		out[i] = r.ownership()
	}
	return out, nil
}
