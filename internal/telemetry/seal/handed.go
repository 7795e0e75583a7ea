package seal

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
)

// holdingMost bounds the days that Holding looks through.
const holdingMost = 4000

// Holding tells on which UTC days something with a source time in a span was committed for a series, the first first; the day that runs is
// among them. It is for the node's own work.
func (s *Service) Holding(ctx context.Context, series uuid.UUID, span telemetry.Span) ([]Day, error) {
	ref, ok := s.o.Store.Lookup(series)
	if !ok {
		return nil, fmt.Errorf("series %s: %w", series, telemetry.ErrUnknownSeries)
	}
	begin, any, err := s.o.Store.Begin()
	if err != nil || !any {
		return nil, err
	}
	const ahead = 1 // a clock that is fast by less than a day
	last := DayOf(s.o.Store.Closed())
	var out []Day
	for d := max(DayOf(begin), DayOf(span.From)-ahead, last-holdingMost); d <= last; d++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row, ok, err := findDay(ctx, s.o.DB, d)
		if err != nil {
			return nil, err
		}
		w := row.between()
		if !ok {
			if w, ok, err = s.begun(d); err != nil {
				return nil, err
			}
		}
		if !ok || w.Last < w.First {
			continue
		}
		some, err := s.o.Store.AnyCommitted(w, ref, span)
		if err != nil {
			return nil, err
		}
		if some {
			out = append(out, d)
		}
	}
	return out, nil
}

// ErrLarge tells that the rows of a day are more than are handed over.
var ErrLarge = errors.New("the samples of the day are more than are handed over")

// Hand is for the node's own work: the rows of a series and commit day as the store has them today, in columns (package tuple), and the proof
// of their leaf. Of a day that is not sealed yet it is what stands now, as Running seals it. span is of source times that matter. Errors: as
// Bundle and Running; ErrLarge for more than most bytes; *DigestError where the store gives others than were sealed.
func (s *Service) Hand(ctx context.Context, series uuid.UUID, d Day, span telemetry.Span, most int) ([]byte, *Bundle, error) {
	list, err := s.Days(ctx, series, d, d+1)
	if err != nil {
		return nil, nil, err
	}
	b := &Bundle{Kind: evidence.KindSamples, Subject: series, Day: d.String()}
	var w telemetry.Between
	var leaf uint64
	if state := list[0].State; state == Open || state == Before { // before the first day that is sealed: it may be sealed now
		r, err := s.Running(ctx, series, d, span)
		if err != nil {
			return nil, nil, err
		}
		key := runningSalt(r.secret, d, r.between.Last)
		b.Kind, b.Salt, w, leaf = evidence.KindRunning, key[:], r.between, r.leaf
	} else {
		f, row, secret, err := s.sealed(ctx, series, d)
		if err != nil {
			return nil, nil, err
		}
		key := salt(secret, d)
		b.Salt, w, leaf = key[:], row.between(), f.Leaf
	}
	b.FirstCommit, b.LastCommit = w.First, w.Last
	if err := s.prove(ctx, b, leaf, 0); err != nil {
		return nil, nil, err
	}
	ref, ok := s.o.Store.Lookup(series)
	if !ok {
		return nil, nil, fmt.Errorf("series %s: %w", series, telemetry.ErrUnknownSeries)
	}
	e, err := evidence.ParseEnvelope(b.Proof.Entry)
	if err != nil {
		return nil, nil, err
	}
	out := tuple.NewColumns(tuple.Header{Series: series, Day: int32(d)})
	var row tuple.Row
	if err := s.committed(ctx, ref, w, func(r *telemetry.Run) error { return rowsOf(r, w, &row, out.Add) }); err != nil {
		return nil, nil, err
	}
	packed := out.Bytes()
	if len(packed) > most {
		return nil, nil, fmt.Errorf("%w: %d bytes of series %s and %s, at most %d", ErrLarge, len(packed), series, d, most)
	}
	_, err = b.CheckColumns(packed, &e, func(*tuple.Row) error { return nil })
	return packed, b, err
}

// CheckColumns reads the rows of a leaf from columns and computes its digest again, as CheckRows does from text. Each row is given to yield
// before it is known whether all are those that were sealed: what was taken counts only where there is no error. Errors: *DigestError,
// tuple.ErrColumns, that of yield.
func (b *Bundle) CheckColumns(in []byte, e *evidence.Envelope, yield func(*tuple.Row) error) (uint64, error) {
	series, day := e.Subject, DayOf(e.CommitTime)
	if !ofSamples(e.Kind) {
		return 0, fmt.Errorf("the entry is of kind %s, which has no rows", e.Kind)
	}
	hash, err := evidence.NewSalted(e.Algorithm, b.salt())
	if err != nil {
		return 0, err
	}
	last := b.LastCommit
	if e.Kind == evidence.KindRunning {
		var ok bool
		if last, ok = lastOf(e); !ok {
			return 0, errors.New("the entry does not say up to which commit it goes")
		}
	}
	w := tuple.NewWriter(hash, tuple.Header{Series: series, Day: int32(day)})
	head, err := tuple.ReadColumns(in, func(r *tuple.Row) error {
		if r.Commit < b.FirstCommit || r.Commit > last {
			return fmt.Errorf("commit %d is none of the day's, %d to %d", r.Commit, b.FirstCommit, last)
		}
		if err := w.Add(r); err != nil {
			return err
		}
		return yield(r)
	})
	if err != nil {
		return 0, err
	}
	if head.Series != series || Day(head.Day) != day {
		return 0, fmt.Errorf("the rows are of series %s and %s, the entry is of series %s and %s", head.Series, Day(head.Day), series, day)
	}
	rows, err := w.Close()
	if err != nil {
		return 0, err
	}
	if got := hash.Sum(nil); string(got) != string(e.Digest) {
		return 0, &DigestError{Series: series, Day: day.String(), Rows: rows, Want: e.Digest, Got: got}
	}
	return rows, nil
}
