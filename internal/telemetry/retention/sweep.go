package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
)

// Swept is what a sweep did.
type Swept struct {
	At     int64
	Series int    // that have a cutoff
	Moved  int    // whose horizon moved
	Kept   int    // whose horizon should have moved, and somebody who needs the samples was not done with them
	Rows   uint64 // samples that left the store
	Blocks int    // files removed
	Cut    int    // files written anew
	Bytes  int64  // freed
}

// looks is how often the disk is looked at between sweeps.
const looks = 10 * time.Minute

// Run sweeps and watches the disk until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	next := s.o.Now().Add(time.Minute) // a node that starts has better things to do
	tick := time.NewTicker(min(looks, s.o.Every))
	defer tick.Stop()
	for {
		if _, err := s.Look(); err != nil {
			s.o.Logger.Warn("cannot tell how much of the disk is free", "error", err)
		}
		if now := s.o.Now(); !now.Before(next) {
			next = now.Add(s.o.Every)
			if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.o.Logger.Error("samples that have expired cannot be removed; it is tried again", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look notes the size of the store and judges how long the disk will last.
func (s *Service) Look() (Forecast, error) {
	free, err := s.o.Free()
	if err != nil {
		return Forecast{}, err
	}
	now, bytes := s.now(), int64(s.o.Store.Stats().Bytes)
	s.mu.Lock()
	s.history.See(now, bytes)
	f := s.history.Forecast(now, bytes, s.o.Budget, int64(free))
	s.mu.Unlock()
	if s.o.Raise != nil {
		s.o.Raise(f)
	}
	return f, nil
}

// Sweep works out every series' cutoff, asks whoever needs the samples, notes the horizons, and lets the store lose what is
// older. It can be broken off at any point and run again.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	out := Swept{At: s.now()}
	all, err := rules(ctx, s.o.DB, auth.Everywhere())
	if err != nil || len(all) == 0 {
		return s.done(out, err)
	}
	before, err := horizons(ctx, s.o.DB, auth.Everywhere())
	if err != nil {
		return s.done(out, err)
	}
	cutoffs := map[uuid.UUID]int64{}
	var moved []horizonRow
	err = s.o.Plant.EveryPlace(ctx, auth.Everywhere(), func(p *Place) error {
		r := all[p.Org]
		if r == nil {
			return nil
		}
		cut := r.Cutoff(p, out.At)
		if cut == 0 {
			return nil
		}
		out.Series++
		if was := before[p.Series]; cut > was {
			if err := s.ask(ctx, p, was, cut); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				s.o.Logger.Warn("samples stay although they have expired: somebody is not done with them", "series", p.Series, "error", err)
				out.Kept++
				cut = was
			} else {
				moved = append(moved, horizonRow{Series: p.Series, Org: p.Org, Horizon: cut, At: out.At})
			}
		}
		if cut > 0 {
			cutoffs[p.Series] = cut
		}
		return nil
	})
	if err != nil {
		return s.done(out, fmt.Errorf("work out what has expired: %w", err))
	}
	out.Moved = len(moved)
	if len(moved) > 0 {
		if err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return putHorizons(ctx, tx, moved) }); err != nil {
			return s.done(out, err)
		}
		s.mu.Lock()
		for i := range moved {
			s.gone[moved[i].Series] = moved[i].Horizon
		}
		s.mu.Unlock()
	}
	for more := len(cutoffs) > 0; more && ctx.Err() == nil; {
		e, err := s.o.Store.Expire(ctx, func(series *telemetry.Series) int64 { return cutoffs[series.ID] })
		if err != nil {
			return s.done(out, err)
		}
		out.Rows, out.Blocks, out.Cut, out.Bytes = out.Rows+e.Rows, out.Blocks+e.Blocks, out.Cut+e.Cut, out.Bytes+e.Bytes
		more = e.More || e.Cut > 0
	}
	return s.done(out, ctx.Err())
}

func (s *Service) ask(ctx context.Context, p *Place, from, to int64) error {
	if s.o.Before == nil {
		return nil
	}
	return s.o.Before(ctx, p.Series, p.Org, from, to)
}

func (s *Service) done(out Swept, err error) (Swept, error) {
	s.mu.Lock()
	s.swept = out
	s.mu.Unlock()
	return out, err
}

// Due is what a class does to an organisation's series.
type Due struct {
	Class  uuid.UUID // uuid.Nil: kept for ever
	Series int
	Oldest int64 // the least cutoff of them now; 0: nothing goes
	Soon   int   // series that have samples which go by what takes effect within Grace, and do not go by what counts now
}

// Preview tells how many series each class counts for, now and when what is laid down has taken effect.
func (s *Service) Preview(ctx context.Context, org uuid.UUID) ([]Due, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	r, err := s.Rules(ctx, org)
	if err != nil {
		return nil, err
	}
	now := s.now()
	later := now + int64(Grace)
	found := map[uuid.UUID]*Due{}
	var order []uuid.UUID
	err = s.o.Plant.EveryPlace(ctx, scope, func(p *Place) error {
		id := uuid.Nil
		if c := r.ClassOf(p, now); c != nil {
			id = c.ID
		}
		d := found[id]
		if d == nil {
			d = &Due{Class: id}
			found[id] = d
			order = append(order, id)
		}
		d.Series++
		cut := r.Cutoff(p, now)
		usual := cut // how far it comes by then of itself
		if cut > 0 {
			usual += int64(Grace)
			if d.Oldest == 0 || cut < d.Oldest {
				d.Oldest = cut
			}
		}
		loses, err := s.hasSamples(ctx, p.Series, usual, r.Cutoff(p, later))
		if loses {
			d.Soon++
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("preview retention: %w", err)
	}
	out := make([]Due, len(order))
	for i, id := range order {
		out[i] = *found[id]
	}
	return out, nil
}

// hasSamples tells whether a series has samples in [from, to). Those that cannot be read count: they would go as well.
func (s *Service) hasSamples(ctx context.Context, series uuid.UUID, from, to int64) (some bool, err error) {
	ref, ok := s.o.Store.Lookup(series)
	if !ok || from >= to {
		return false, nil
	}
	err = s.o.Store.Scan(ctx, ref, telemetry.Span{From: from, To: to}, telemetry.ScanOptions{Columns: telemetry.TimeAndValue, History: true}, func(r *telemetry.Run) bool {
		some = some || r.Len() > 0
		return !some
	})
	var damage *telemetry.DamageError
	if errors.As(err, &damage) {
		return true, nil
	}
	return some, err
}

// Status is how the disk and the last sweep were.
func (s *Service) Status(ctx context.Context) (Forecast, Swept, error) {
	if _, err := auth.Need(ctx); err != nil {
		return Forecast{}, Swept{}, err
	}
	f, err := s.Look()
	s.mu.Lock()
	defer s.mu.Unlock()
	return f, s.swept, err
}
