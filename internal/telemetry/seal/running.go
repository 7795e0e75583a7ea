package seal

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// A day that has not ended has no leaf yet, and yet what came on it may be what a figure rests on: a year of history that was imported this
// morning. Running seals what stands of one series up to a commit. The day's own leaf follows when it has ended, and both stay.

// runningMost bounds leaves of one series on a day that has not ended.
const runningMost = 96

type runningRow struct {
	bun.BaseModel `bun:"table:seal_running,alias:u"`

	Series     uuid.UUID `bun:"series,pk"`
	Day        int64     `bun:"day,pk"`
	LastCommit int64     `bun:"last_commit,pk"`
	Leaf       int64
}

// ofSamples tells whether leaves of a kind are of a series' samples.
func ofSamples(kind string) bool { return kind == evidence.KindSamples || kind == evidence.KindRunning }

// lastOf is the commit up to which a leaf of a running day goes.
func lastOf(e *evidence.Envelope) (uint64, bool) {
	if e.Kind != evidence.KindRunning || len(e.Public) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(e.Public), true
}

// runningSalt is that of a leaf of a running day: as salt, with the commit behind the day. Equal rows have another digest than in the
// day's own leaf, so that the log does not tell whether something came afterwards.
func runningSalt(secret []byte, d Day, last uint64) (s [evidence.SaltSize]byte) {
	h := hmac.New(sha256.New, secret)
	b := binary.BigEndian.AppendUint32(nil, uint32(d))
	h.Write(binary.BigEndian.AppendUint64(b, last))
	h.Sum(s[:0])
	return s
}

// Running is what is sealed of a series on a day that has not ended.
type Running struct {
	between telemetry.Between
	leaf    uint64
	secret  []byte
}

// begun is what has been committed on a day so far; false where nothing was.
func (s *Service) begun(d Day) (w telemetry.Between, ok bool, err error) {
	closed := min(s.o.Store.Closed(), d.End()-1)
	if closed < d.Begin() {
		return w, false, nil
	}
	before, err := s.o.Store.AsOf(d.Begin() - 1)
	if err != nil {
		return w, false, err
	}
	last, err := s.o.Store.AsOf(closed)
	if err != nil {
		return w, false, err
	}
	if before == telemetry.BeforeAll {
		before = 0
	}
	w = telemetry.Between{First: before + 1, Last: last, Time: telemetry.Span{From: d.Begin(), To: closed + 1}}
	return w, last != telemetry.BeforeAll && last > before, nil
}

// Running seals what stands of a series on a day that has not ended. Where all that was committed with source times in the span is sealed
// already there is no further leaf. Errors: ErrOpen where nothing was committed on the day yet, ErrOften, ErrShredded.
func (s *Service) Running(ctx context.Context, series uuid.UUID, d Day, span telemetry.Span) (*Running, error) {
	ref, ok := s.o.Store.Lookup(series)
	if !ok {
		return nil, fmt.Errorf("series %s: %w", series, telemetry.ErrUnknownSeries)
	}
	s.standing.Lock()
	defer s.standing.Unlock()
	w, ok, err := s.begun(d)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrOpen.At("path.day", d.String())
	}
	secrets, err := s.secrets(ctx, d.Month(), []uuid.UUID{series})
	if err != nil {
		return nil, err
	}
	secret := secrets[series]
	if secret == nil {
		return nil, ErrShredded.At("path.day", d.String())
	}
	var done []runningRow
	if err := s.o.DB.NewSelect().Model(&done).Where("series = ?", series).Where("day = ?", int64(d)).OrderExpr("last_commit").Scan(ctx); err != nil {
		return nil, store.Err(err)
	}
	if n := len(done); n > 0 {
		last := uint64(done[n-1].LastCommit)
		more := last < w.Last
		if more {
			if more, err = s.o.Store.AnyCommitted(telemetry.Between{First: last + 1, Last: w.Last, Time: w.Time}, ref, span); err != nil {
				return nil, err
			}
		}
		if !more {
			w.Last = last
			return &Running{w, uint64(done[n-1].Leaf), secret}, nil
		}
		if n >= runningMost {
			return nil, ErrOften.At("path.day", d.String()).With("max", runningMost).With("series", series.String())
		}
	}
	return s.sealRunning(ctx, ref, d, w, secret)
}

func (s *Service) sealRunning(ctx context.Context, ref telemetry.Ref, d Day, w telemetry.Between, secret []byte) (*Running, error) {
	series, _ := s.o.Store.Series(ref)
	l, err := newLeaf(w, series.ID, d, runningSalt(secret, d, w.Last))
	if err != nil {
		return nil, err
	}
	if err := s.committed(ctx, ref, w, l.add); err != nil {
		return nil, err
	}
	digest, err := l.digest()
	if err != nil {
		return nil, err
	}
	e := evidence.Envelope{Kind: evidence.KindRunning, Subject: series.ID, Org: series.Org, CommitTime: w.Time.To - 1, Algorithm: evidence.SHA256, Digest: digest, Public: binary.BigEndian.AppendUint64(nil, w.Last)}
	entry, err := e.Encode()
	if err != nil {
		return nil, err
	}
	leaf, err := s.put(ctx, [][]byte{entry}, func(n *noter, first uint64) error {
		return n.running(runningRow{Series: series.ID, Day: int64(d), LastCommit: int64(w.Last), Leaf: int64(first)})
	})
	return &Running{w, leaf, secret}, err
}

// committed calls take with the rows of a series that were committed between two commits.
func (s *Service) committed(ctx context.Context, ref telemetry.Ref, w telemetry.Between, take func(*telemetry.Run) error) error {
	var failed error
	err := s.o.Store.ReadCommitted(ctx, w, []telemetry.Ref{ref}, func(_ telemetry.Ref, r *telemetry.Run) bool {
		failed = take(r)
		return failed == nil
	}, func(_ telemetry.Ref, err error) error { return err })
	return first(failed, err)
}
