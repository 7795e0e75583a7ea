package main

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry/correction"
	"jingwei/internal/telemetry/seal"
)

// corrected lets sealing ask the room of corrections which were carried out (seal.Corrections).
type corrected struct{ room *correction.Service }

func (c corrected) Since(ctx context.Context, seq uint64, limit int) ([]seal.Correction, error) {
	list, err := c.room.AppliedSince(ctx, seq, limit)
	return store.All(list, carriedOut), err
}

func (c corrected) Find(ctx context.Context, id uuid.UUID) (seal.Correction, error) {
	a, err := c.room.FindApplied(ctx, id)
	return carriedOut(&a), err
}

func carriedOut(a *correction.CarriedOut) seal.Correction {
	return seal.Correction{ID: a.ID, Org: a.Org, Series: a.Series, Undoes: a.Undoes, Kind: string(a.Kind), Withdraws: a.Kind == correction.Withdraw, Since: a.Since, Until: a.Until,
		Words: a.Words, By: a.By, At: a.At, Basis: a.Basis, Rows: a.Rows, FirstSeq: a.FirstSeq, LastSeq: a.LastSeq, FirstCommit: a.FirstCommit, LastCommit: a.LastCommit}
}

var _ seal.Corrections = corrected{}
