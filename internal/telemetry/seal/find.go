package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// State says how a series stands in the evidence of a commit day.
type State string

// The states.
const (
	Open     State = "open"     // the day has not ended, or is being sealed
	Sealed   State = "sealed"   // it has a leaf
	Empty    State = "empty"    // the day is sealed; nothing was committed for the series
	Skipped  State = "skipped"  // the series could not be read; it is tried again
	Shredded State = "shredded" // it has a leaf whose secret was destroyed, or can get none any more
	Lost     State = "lost"     // it has a leaf whose secret is not here: the records are older than the log
	Before   State = "before"   // the day lies before the first one that this node has sealed
)

// Found is what the evidence has of a series and a commit day.
type Found struct {
	Day    Day
	State  State
	Leaf   uint64 // index in the log; where Digest is there
	Digest []byte
	Reason string // with Skipped
}

// find looks a leaf up in the log: the leaves of a part stand in order of series.
func (s *Service) find(ctx context.Context, d Day, series uuid.UUID) (index uint64, e evidence.Envelope, found bool, err error) {
	list, err := parts(ctx, s.o.DB, d)
	if err != nil {
		return 0, e, false, err
	}
	for _, p := range list {
		lo, hi := store.ID(p.Lo), store.ID(p.Hi)
		if bytes.Compare(lo[:], series[:]) > 0 || bytes.Compare(series[:], hi[:]) > 0 {
			continue
		}
		at := sort.Search(int(p.Leaves), func(i int) bool {
			if err != nil {
				return true
			}
			e, err = s.leafAt(uint64(p.First)+uint64(i), d)
			return err != nil || bytes.Compare(e.Subject[:], series[:]) >= 0
		})
		if err != nil {
			return 0, e, false, err
		}
		if at == int(p.Leaves) {
			continue
		}
		index = uint64(p.First) + uint64(at)
		if e, err = s.leafAt(index, d); err != nil {
			return 0, e, false, err
		}
		if e.Subject == series {
			return index, e, true, nil
		}
	}
	return 0, e, false, nil
}

func (s *Service) leafAt(i uint64, d Day) (evidence.Envelope, error) {
	entry, err := s.o.Log.Entry(i)
	if err != nil {
		return evidence.Envelope{}, err
	}
	e, err := evidence.ParseEnvelope(entry)
	if err != nil || e.Kind != evidence.KindSamples || DayOf(e.CommitTime) != d {
		return e, fmt.Errorf("%w: entry %d is no leaf of %s, as the records say", evidence.ErrNotProved, i, d)
	}
	return e, nil
}

// Days tells of each day in [from, to) how the series stands in it.
func (s *Service) Days(ctx context.Context, series uuid.UUID, from, to Day) ([]Found, error) {
	var rows []dayRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("day >= ? AND day < ?", int64(from), int64(to)).Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	known := make(map[Day]*dayRow, len(rows))
	for i := range rows {
		known[Day(rows[i].Day)] = &rows[i]
	}
	skipped := map[int64]string{}
	list, err := skips(ctx, s.o.DB, "series = ? AND day >= ? AND day < ?", series, int64(from), int64(to))
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		skipped[k.Day] = k.Reason
	}
	kept := map[Month]State{}
	var out []Found
	for d := from; d < to; d++ {
		f, err := s.stands(ctx, series, d, known[d], skipped)
		if err != nil {
			return nil, err
		}
		if f.State == Sealed {
			state, ok := kept[d.Month()]
			if !ok {
				secrets, err := secretsOf(ctx, s.o.DB, d.Month(), []uuid.UUID{series})
				if err != nil {
					return nil, err
				}
				switch secret, known := secrets[series]; {
				case !known:
					state = Lost
				case secret == nil:
					state = Shredded
				default:
					state = Sealed
				}
				kept[d.Month()] = state
			}
			f.State = state
		}
		out = append(out, f)
	}
	return out, nil
}

func (s *Service) stands(ctx context.Context, series uuid.UUID, d Day, row *dayRow, skipped map[int64]string) (Found, error) {
	f := Found{Day: d, State: Open}
	if row == nil {
		first, ok, err := firstDay(ctx, s.o.DB)
		if err == nil && ok && d < first {
			f.State = Before
		}
		return f, err
	}
	index, e, found, err := s.find(ctx, d, series)
	reason, isSkipped := skipped[row.Day]
	switch {
	case err != nil:
		return f, err
	case found:
		f.State, f.Leaf, f.Digest = Sealed, index, e.Digest
	case row.Sealed == 0:
	case isSkipped && reason == shreddedReason:
		f.State = Shredded
	case isSkipped:
		f.State, f.Reason = Skipped, reason
	default:
		f.State = Empty
	}
	return f, nil
}

// Bundle proves a leaf: with the rows that Rows writes, everything that an auditor needs beside the log's public key. size,
// if not 0, is that of an older checkpoint with which the newest one is proved to agree.
// Errors: ErrOpen, ErrEmpty, ErrSkipped, ErrShredded, ErrLost, ErrBefore, ErrSize.
func (s *Service) Bundle(ctx context.Context, series uuid.UUID, d Day, size uint64) (*Bundle, error) {
	f, row, secret, err := s.sealed(ctx, series, d)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Kind: evidence.KindSamples, Subject: series, Day: d.String(), FirstCommit: uint64(row.FirstCommit), LastCommit: uint64(row.LastCommit)}
	key := salt(secret, d)
	b.Salt = key[:]
	return b, s.prove(ctx, b, f.Leaf, size)
}

// sealed finds a day of a series that has a leaf and a secret.
func (s *Service) sealed(ctx context.Context, series uuid.UUID, d Day) (f Found, row dayRow, secret []byte, err error) {
	list, err := s.Days(ctx, series, d, d+1)
	if err != nil {
		return f, row, nil, err
	}
	f = list[0]
	if err := f.refusal(); err != nil {
		return f, row, nil, err
	}
	row, _, err = findDay(ctx, s.o.DB, d)
	if err != nil {
		return f, row, nil, err
	}
	secrets, err := secretsOf(ctx, s.o.DB, d.Month(), []uuid.UUID{series})
	return f, row, secrets[series], err
}

// refusal is why a day that is not sealed has no proof.
func (f *Found) refusal() error {
	switch f.State {
	case Open:
		return ErrOpen.At("path.day", f.Day.String())
	case Empty:
		return ErrEmpty.At("path.day", f.Day.String())
	case Before:
		return ErrBefore.At("path.day", f.Day.String())
	case Skipped:
		return ErrSkipped.At("path.day", f.Day.String()).With("reason", f.Reason)
	case Lost:
		return ErrLost.At("path.day", f.Day.String())
	case Shredded:
		return ErrShredded.At("path.day", f.Day.String())
	}
	return nil
}

// prove adds the proofs to a bundle. A leaf that no checkpoint covers yet gets one.
func (s *Service) prove(ctx context.Context, b *Bundle, leaf, size uint64) (err error) {
	b.Proof, err = s.o.Log.Proof(leaf)
	if errors.Is(err, evidence.ErrRange) {
		if _, err = s.o.Log.Publish(ctx); err == nil {
			b.Proof, err = s.o.Log.Proof(leaf)
		}
	}
	if err != nil || size == 0 {
		return err
	}
	c, err := evidence.ParseCheckpoint([]byte(b.Proof.Checkpoint))
	if err != nil {
		return err
	}
	if size > c.Size {
		return ErrSize.At("query.since", digits(size)).With("size", digits(c.Size))
	}
	b.Since = &Consistency{Size: size}
	b.Since.Hashes, err = s.o.Log.ConsistencyProof(size, c.Size)
	return err
}

// rows calls yield with the rows behind a leaf, in canonical order, as the store has them today: what retention has
// dropped is not among them.
func (s *Service) rows(ctx context.Context, series uuid.UUID, row *dayRow, yield func(*telemetry.Run, telemetry.Between) error) error {
	ref, ok := s.o.Store.Lookup(series)
	if !ok {
		return fmt.Errorf("series %s: %w", series, telemetry.ErrUnknownSeries)
	}
	w := row.between()
	return s.committed(ctx, ref, w, func(r *telemetry.Run) error { return yield(r, w) })
}
