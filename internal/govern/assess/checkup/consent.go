package checkup

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Agreed tells whether an enterprise agrees to be counted in benchmarks, and since when.
func (s *Service) Agreed(ctx context.Context, org uuid.UUID) (since int64, ok bool, err error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return 0, false, err
	}
	return agreed(ctx, s.o.DB, org)
}

func agreed(ctx context.Context, db bun.IDB, org uuid.UUID) (int64, bool, error) {
	var r consentRow
	err := db.NewSelect().Model(&r).Where("g.org = ?", org).Scan(ctx)
	if errors.Is(store.Err(err), store.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, wrap("read a consent", err)
	}
	return r.Since, true, nil
}

// Agree says whether an enterprise agrees to be counted. Ending it counts at once: every benchmark is reckoned from those who agree when it
// is asked for.
func (s *Service) Agree(ctx context.Context, org uuid.UUID, yes bool) error {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, was, err := agreed(ctx, tx, org)
		if err != nil || was == yes {
			return err
		}
		act := scope.Act(ctx, now, "checkup.consent", audit.Object{Kind: "checkup.consent", ID: org.String()}, map[string]bool{"agreed": was}, map[string]bool{"agreed": yes})
		if yes {
			r := consentRow{Org: org, Actor: encode(act.Actor), Since: now.UnixNano()}
			_, err = tx.NewInsert().Model(&r).Exec(ctx)
		} else {
			_, err = tx.NewDelete().Model((*consentRow)(nil)).Where("org = ?", org).Exec(ctx)
		}
		if err != nil {
			return wrap("write a consent", err)
		}
		return audit.Record(ctx, tx, act)
	})
}

// Peers tells where an enterprise stands among those of its industry, size and place that agree to be counted, as it does itself. Nil
// where too few are there. Errors: ErrNotDone, ErrConsent.
func (s *Service) Peers(ctx context.Context, id uuid.UUID, proven bool) (*assess.Peers, error) {
	c, _, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.State != Submitted {
		return nil, ErrNotDone.With("state", string(c.State))
	}
	x, err := s.instrument(ctx, c.Instrument, c.Hash)
	if err != nil {
		return nil, err
	}
	if _, ok, err := agreed(ctx, s.o.DB, c.Org); err != nil || !ok {
		if err != nil {
			return nil, err
		}
		return nil, ErrConsent
	}
	list, err := agreeing(ctx, s.o.DB, c.Family)
	if err != nil {
		return nil, err
	}
	entries := store.All(list, func(c *Checkup) assess.Entry { return entryOf(c, proven) })
	r := assess.Benchmark(entries, len(x.Levels), assess.ByIndustry, assess.BySize, assess.ByPlace)
	return r.Place(entries, c.Org.String()), nil
}
