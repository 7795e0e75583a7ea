package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive/support"
	"jingwei/internal/govern/programme"
)

// callFilings lets applications to calls be known where all filings are: in the room of support.
type callFilings struct{ support *support.Service }

func (f callFilings) Claim(ctx context.Context, tx bun.Tx, x programme.Filed) error {
	return f.support.Claim(ctx, tx, support.Filing{Org: x.Firm, Keeper: x.Keeper, Measure: x.Measure, Name: x.Project, Day: x.Day, Through: support.Through{Application: x.Application, Call: x.Call}})
}

func (f callFilings) Close(ctx context.Context, tx bun.Tx, application uuid.UUID, measure, state, why string) error {
	return f.support.CloseApplication(ctx, tx, application, measure, state, why)
}

func (f callFilings) RecordAward(ctx context.Context, tx bun.Tx, x programme.Filed, fen int64, ref, why string) error {
	return f.support.RecordAward(ctx, tx, support.Award{Org: x.Firm, Keeper: x.Keeper, Measure: x.Measure, Name: x.Project, Day: x.Day, Amount: fen, Ref: ref, Why: why, Through: support.Through{Application: x.Application, Call: x.Call}})
}

func (f callFilings) ClaimedBack(ctx context.Context, tx bun.Tx, application uuid.UUID) (claimed, received int64, err error) {
	return f.support.ClaimedBack(ctx, tx, application)
}

func (f callFilings) EndAwards(ctx context.Context, tx bun.Tx, application uuid.UUID, why string) error {
	return f.support.EndAwards(ctx, tx, application, why)
}
