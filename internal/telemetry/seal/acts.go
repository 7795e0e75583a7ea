package seal

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Leaf names a leaf of samples that a tombstone is about.
type Leaf struct {
	Day   Day
	Index uint64
}

// Tombstone remembers that retention is about to drop the samples of a series in a span of source time, by the rule of a class,
// and which leaves speak of them. When it returns nil the entry is durable: only then may the samples go. It must not
// be called from within a transaction. It returns the id of the record.
func (s *Service) Tombstone(ctx context.Context, org, series uuid.UUID, span telemetry.Span, class string, leaves ...Leaf) (uuid.UUID, error) {
	id, err := s.tombstone(ctx, org, series, span, class, leaves)
	if err == nil {
		err = s.settled(ctx, id)
	}
	if err != nil {
		return id, fmt.Errorf("tombstone of series %s: %w", series, err)
	}
	return id, nil
}

// tombstone writes a tombstone down. From then on it comes into the log, after a crash too.
func (s *Service) tombstone(ctx context.Context, org, series uuid.UUID, span telemetry.Span, class string, leaves []Leaf) (uuid.UUID, error) {
	var names strings.Builder
	for _, l := range leaves {
		fmt.Fprintf(&names, "%s %d\n", l.Day, l.Index)
	}
	id, at := uuid.Must(uuid.NewV7()), s.o.Now().UnixNano()
	payload := Canonical([]Field{{"record", "retention"}, {"id", id.String()}, {"org", org.String()}, {"series", series.String()},
		{"from", fmt.Sprint(span.From)}, {"to", fmt.Sprint(span.To)}, {"class", class}, {"at", fmt.Sprint(at)}, {"leaves", names.String()}})
	r, err := newRecord(id, evidence.KindRetention, org, series, at, payload)
	if err != nil {
		return id, err
	}
	r.Payload = base64.StdEncoding.EncodeToString(payload)
	return id, s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return insertRecords(ctx, tx, []recordRow{r}) })
}

// ErrUnsealed tells that samples have no leaf yet.
var ErrUnsealed = errors.New("samples of this span are not sealed yet; they are within a day")

// Release is asked before retention drops the samples of a series in [from, to): retention.Options.Before. It refuses while some
// of them have no leaf yet, and writes a tombstone, one for each UTC day of source time, which comes into the log
// within a minute. Errors: ErrUnsealed.
func (s *Service) Release(ctx context.Context, series, org uuid.UUID, from, to int64) error {
	if from >= to {
		return nil
	}
	ref, ok := s.o.Store.Lookup(series)
	if !ok {
		return fmt.Errorf("series %s: %w", series, telemetry.ErrUnknownSeries)
	}
	last, ok, err := lastDay(ctx, s.o.DB)
	if ok && last.Sealed == 0 {
		last, ok, err = findDay(ctx, s.o.DB, Day(last.Day-1))
	}
	if err != nil {
		return err
	}
	open := telemetry.Between{First: 1, Last: math.MaxInt64, Time: telemetry.Span{To: math.MaxInt64}}
	if ok {
		open.First, open.Time.From = uint64(last.LastCommit)+1, Day(last.Day).End()
	}
	some, err := s.o.Store.AnyCommitted(open, ref, telemetry.Span{From: from, To: to})
	if err != nil {
		return err
	}
	skipped, err := skips(ctx, s.o.DB, "series = ? AND reason <> ?", series, shreddedReason)
	if err != nil {
		return err
	}
	if some || len(skipped) > 0 {
		return fmt.Errorf("series %s: %w", series, ErrUnsealed)
	}
	first, behind := DayOf(from), DayOf(to-1)+1 // source time, here
	if from > first.Begin() {
		first++ // the call that began that day has told of the whole of it
	}
	if first >= behind {
		return nil
	}
	_, err = s.tombstone(ctx, org, series, telemetry.Span{From: first.Begin(), To: behind.Begin()}, "", nil)
	return err
}

// settled returns once a record is in the log.
func (s *Service) settled(ctx context.Context, id uuid.UUID) error {
	for {
		if err := s.flush(ctx); err != nil {
			return err
		}
		r, err := s.findRecord(ctx, id)
		if err != nil || r.Leaf >= 0 {
			return err
		}
	}
}

// Bounds of a reason, in characters.
const (
	minReason = 3
	maxReason = 2000
)

// Shred destroys the secret of a series for a calendar month: nobody can tell any more what the leaves of its days were of. The
// tree stays whole. That it was done, by whom and why is a leaf too. The samples themselves are not touched.
// Errors: ErrReason, ErrMonth (the month is not over and sealed), ErrGone (it was done before), those of auth.
func (s *Service) Shred(ctx context.Context, series uuid.UUID, m Month, reason string) (uuid.UUID, error) {
	x, scope, err := s.may(ctx, auth.Organise, series)
	if err != nil {
		return uuid.Nil, err
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return uuid.Nil, ErrReason.At("body.reason", reason).With("min", minReason).With("max", maxReason)
	}
	s.shredder.Lock() // one secret is destroyed once
	defer s.shredder.Unlock()
	last, ok, err := lastDay(ctx, s.o.DB)
	if err != nil {
		return uuid.Nil, err
	}
	if end := m.End(); !ok || Day(last.Day) < end-1 || Day(last.Day) == end-1 && last.Sealed == 0 {
		return uuid.Nil, ErrMonth.At("body.month", m.String()).With("day", (m.End() - 1).String())
	}
	secrets, err := secretsOf(ctx, s.o.DB, m, []uuid.UUID{series})
	if err != nil {
		return uuid.Nil, err
	}
	if secret, known := secrets[series]; known && secret == nil {
		return uuid.Nil, ErrGone.At("body.month", m.String())
	}
	now := s.o.Now()
	id := uuid.Must(uuid.NewV7())
	e := scope.Act(ctx, now, "evidence.shred", audit.Object{Kind: "series", ID: series.String(), Name: m.String()}, nil, map[string]any{"month": m.String(), "record": id})
	e.Reason = reason
	payload := Canonical([]Field{{"record", "shred"}, {"id", id.String()}, {"org", x.Org.String()}, {"series", series.String()}, {"month", m.String()},
		{"actor-kind", e.Actor.Kind}, {"actor", e.Actor.ID}, {"actor-name", e.Actor.Name}, {"at", fmt.Sprint(now.UnixNano())}, {"reason", reason}})
	r, err := newRecord(id, KindShred, x.Org, series, now.UnixNano(), payload)
	if err != nil {
		return uuid.Nil, err
	}
	r.Payload = base64.StdEncoding.EncodeToString(payload)
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().Model((*skipRow)(nil)).Set("reason = ?", shreddedReason).Where("series = ?", series).Where("day < ?", int64(m.End())).Where("day >= ?", int64((m - 1).End())).Exec(ctx)
		if err != nil {
			return err
		}
		return shred(ctx, tx, series, m, now.UnixNano(), &r, e)
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("shred %s of series %s: %w", m, series, err)
	}
	if err := s.settled(context.WithoutCancel(ctx), id); err != nil { // it is done; its leaf follows
		s.o.Logger.Error("the leaf of a shredding waits; it is tried again", "record", id, "error", err)
	}
	return id, nil
}

// may finds a series on which the caller has a verb. Others are not told whether it exists.
func (s *Service) may(ctx context.Context, verb auth.Verb, id uuid.UUID) (telemetry.Series, auth.Scope, error) {
	if _, err := auth.Need(ctx); err != nil {
		return telemetry.Series{}, auth.Scope{}, err
	}
	ref, ok := s.o.Store.Lookup(id)
	x, known := telemetry.Series{}, false
	if ok {
		x, known = s.o.Store.Series(ref)
	}
	if !known {
		return x, auth.Scope{}, problem.NotFound.At("path.id", id.String())
	}
	scope, err := auth.Allow(ctx, verb, x.Org)
	return x, scope, err
}

// mayRecord finds a record that the caller may read: an entry of the audit or a fact with the right to read the audit.
func (s *Service) mayRecord(ctx context.Context, id uuid.UUID) (recordRow, error) {
	r, err := s.findRecord(ctx, id)
	if err != nil {
		if _, needed := auth.Need(ctx); needed != nil {
			return r, needed
		}
		return r, problem.NotFound.At("path.id", id.String()).Because(store.Err(err))
	}
	verb := auth.Read
	switch r.Kind {
	case evidence.KindAudit, evidence.KindFact, KindShred: // a fact's payload has its confidential fields too
		verb = auth.Audit
	}
	scope, err := auth.Visible(ctx, verb)
	if err == nil && !scope.Includes(r.Org) {
		err = problem.NotFound.At("path.id", id.String())
	}
	return r, err
}
