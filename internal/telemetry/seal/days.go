package seal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// SealDays seals all days that have ended, the oldest first, and tries again what could not be read before. A day has
// ended when nothing can be committed in it any more.
func (s *Service) SealDays(ctx context.Context) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	for {
		d, ok, err := s.next(ctx)
		if err != nil {
			return err
		}
		if !ok {
			return s.retry(ctx)
		}
		if err := s.sealDay(ctx, d); err != nil {
			return fmt.Errorf("seal %s: %w", d, err)
		}
	}
}

// next is the oldest day that is not sealed, if it has ended.
func (s *Service) next(ctx context.Context) (Day, bool, error) {
	last, ok, err := lastDay(ctx, s.o.DB)
	if err != nil {
		return 0, false, fmt.Errorf("find the last sealed day: %w", err)
	}
	d := Day(last.Day)
	switch {
	case !ok:
		begin, any, err := s.o.Store.Begin()
		if err != nil || !any {
			return 0, false, err
		}
		d = DayOf(begin)
	case last.Sealed != 0:
		d++
	}
	return d, s.o.Store.Closed() >= d.End()-1, nil
}

// begin notes which commits a day has.
func (s *Service) begin(ctx context.Context, d Day) (dayRow, error) {
	row, ok, err := findDay(ctx, s.o.DB, d)
	if err != nil || ok {
		return row, err
	}
	before, err := s.o.Store.AsOf(d.Begin() - 1)
	if err != nil {
		return row, err
	}
	last, err := s.o.Store.AsOf(d.End() - 1)
	if err != nil {
		return row, err
	}
	if before == telemetry.BeforeAll {
		before = 0
	}
	if last == telemetry.BeforeAll {
		last = before
	}
	row = dayRow{Day: int64(d), FirstCommit: int64(before + 1), LastCommit: int64(max(last, before)), First: -1}
	_, err = s.o.DB.NewInsert().Model(&row).Exec(ctx)
	return row, store.Err(err)
}

func (s *Service) sealDay(ctx context.Context, d Day) error {
	began := s.o.Now()
	row, err := s.begin(ctx, d)
	if err != nil {
		return err
	}
	defer s.progress.Store(nil)
	if w := row.between(); w.Last >= w.First {
		refs, err := s.o.Store.Changed(ctx, w)
		if err != nil {
			return err
		}
		done, err := parts(ctx, s.o.DB, d)
		if err != nil {
			return err
		}
		total, hi := len(refs), uuid.Nil
		if n := len(done); n > 0 {
			hi = store.ID(done[n-1].Hi)
			refs = slices.DeleteFunc(refs, func(ref telemetry.Ref) bool {
				series, _ := s.o.Store.Series(ref)
				return bytes.Compare(series.ID[:], hi[:]) <= 0
			})
		}
		for len(refs) > 0 {
			s.progress.Store(&Progress{d, total - len(refs), total})
			n := min(len(refs), s.o.Series)
			if err := s.sealSome(ctx, d, w, refs[:n]); err != nil {
				return err
			}
			refs = refs[n:]
		}
	}
	if err := s.finish(ctx, &row); err != nil {
		return err
	}
	s.o.Logger.Info("a day is sealed", "day", d.String(), "leaves", row.Leaves, "skipped", row.Skipped, "log", row.Size, "took", s.o.Now().Sub(began).Round(time.Millisecond).String())
	return nil
}

// finish notes that a day is done.
func (s *Service) finish(ctx context.Context, row *dayRow) error {
	all, err := parts(ctx, s.o.DB, Day(row.Day))
	if err != nil {
		return err
	}
	row.First, row.Leaves = -1, 0
	for _, p := range all {
		if row.First < 0 {
			row.First = p.First
		}
		row.Leaves += p.Leaves
	}
	skipped, err := s.o.DB.NewSelect().Model((*skipRow)(nil)).Where("day = ?", row.Day).Count(ctx)
	if err != nil {
		return store.Err(err)
	}
	size := s.o.Log.Size()
	root, err := s.o.Log.Root(size)
	if err != nil {
		return err
	}
	row.Skipped, row.Size, row.Root, row.Sealed = int64(skipped), int64(size), root.String(), s.o.Now().UnixNano()
	_, err = s.o.DB.NewUpdate().Model(row).WherePK().Exec(ctx)
	return store.Err(err)
}

// SealedUntil is the commit time before which everything is sealed: what retention drops must have been committed before
// it. It is 0 while nothing is.
func (s *Service) SealedUntil(ctx context.Context) (int64, error) {
	last, ok, err := lastDay(ctx, s.o.DB)
	switch {
	case err != nil || !ok:
		return 0, err
	case last.Sealed == 0:
		return Day(last.Day).Begin(), nil
	}
	return Day(last.Day).End(), nil
}

// made is what became of a series' samples of a day.
type made struct {
	series telemetry.Series
	digest []byte // nil: there are none
	reason string // why it was skipped
}

// sealSome makes leaves of some series and appends them.
func (s *Service) sealSome(ctx context.Context, d Day, w telemetry.Between, refs []telemetry.Ref) error {
	list, err := s.leaves(ctx, d, w, refs)
	if err != nil {
		return err
	}
	var skipped []skipRow
	var ids []uuid.UUID
	var entries [][]byte
	for i := range list {
		m := &list[i]
		switch {
		case m.reason != "":
			s.o.Logger.Error("a series could not be sealed; it is tried again", "series", m.series.ID, "day", d.String(), "error", m.reason)
			skipped = append(skipped, skipRow{Day: int64(d), Series: m.series.ID, Reason: m.reason})
		case m.digest != nil:
			entry, err := entryOf(m.series.ID, m.series.Org, d, m.digest)
			if err != nil {
				return err
			}
			ids, entries = append(ids, m.series.ID), append(entries, entry)
		}
	}
	if len(skipped) > 0 { // before the leaves, so that no series is passed over in silence
		if err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error { return insertSkips(ctx, tx, skipped) }); err != nil {
			return err
		}
	}
	if len(entries) == 0 {
		return nil
	}
	_, err = s.put(ctx, entries, func(n *noter, first uint64) error {
		return n.part(partRow{First: int64(first), Day: int64(d), Leaves: int64(len(ids)), Lo: ids[0].String(), Hi: ids[len(ids)-1].String()})
	})
	return err
}

// leaves reads series in two goroutines, each one half of them.
func (s *Service) leaves(ctx context.Context, d Day, w telemetry.Between, refs []telemetry.Ref) ([]made, error) {
	list := make([]made, len(refs))
	ids := make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		series, ok := s.o.Store.Series(ref)
		if !ok {
			return nil, fmt.Errorf("series number %d: %w", ref, telemetry.ErrUnknownSeries)
		}
		list[i].series, ids[i] = series, series.ID
	}
	secrets, err := s.secrets(ctx, d.Month(), ids)
	if err != nil {
		return nil, err
	}
	half := len(refs) / 2
	var failed [2]error
	var both sync.WaitGroup
	both.Go(func() { failed[0] = s.digests(ctx, d, w, refs[:half], list[:half], secrets) })
	failed[1] = s.digests(ctx, d, w, refs[half:], list[half:], secrets)
	both.Wait()
	return list, errors.Join(failed[:]...)
}

// shreddedReason stands where a series' secret is gone.
const shreddedReason = "its secret was shredded"

func (s *Service) digests(ctx context.Context, d Day, w telemetry.Between, refs []telemetry.Ref, list []made, secrets map[uuid.UUID][]byte) error {
	at := 0
	var l *leaf
	var failed error
	yield := func(ref telemetry.Ref, r *telemetry.Run) bool {
		m := &list[at]
		if l == nil {
			secret := secrets[m.series.ID]
			if secret == nil {
				failed = errors.New(shreddedReason)
				return false
			}
			l, failed = newLeaf(w, m.series.ID, d, salt(secret, d))
		}
		if failed == nil {
			failed = l.add(r)
		}
		return failed == nil
	}
	done := func(ref telemetry.Ref, err error) error {
		m := &list[at]
		if err = first(err, failed); err == nil && l != nil && l.rows > 0 {
			m.digest, err = l.digest()
		}
		if err != nil {
			m.reason = err.Error()
		}
		at++
		l, failed = nil, nil
		return nil
	}
	return s.o.Store.ReadCommitted(ctx, w, refs, yield, done)
}

// first is the first of them that is an error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// skipsAtOnce bounds how many series that were skipped are read at once, and retryEvery is how often they are tried again.
const (
	skipsAtOnce = 512
	retryEvery  = time.Hour
)

// retry tries again what could not be read: a damaged block may have been restored.
func (s *Service) retry(ctx context.Context) error {
	now := s.o.Now()
	if !s.retried.IsZero() && now.Sub(s.retried) < retryEvery {
		return nil
	}
	rows, err := skips(ctx, s.o.DB, "reason <> ?", shreddedReason)
	for err == nil && len(rows) > 0 { // by pages, so that many that stay damaged are not in the way of others
		for i := 0; err == nil && i < len(rows); i++ {
			err = s.retryOne(ctx, &rows[i])
		}
		if last := &rows[len(rows)-1]; err == nil {
			rows, err = skips(ctx, s.o.DB, "reason <> ? AND (day > ? OR day = ? AND series > ?)", shreddedReason, last.Day, last.Day, last.Series)
		}
	}
	if err == nil {
		rows, err = skips(ctx, s.o.DB, "reason <> ?", shreddedReason)
	}
	if err != nil {
		return fmt.Errorf("try again what could not be sealed: %w", err)
	}
	trouble := len(rows) > 0
	if t := (telemetry.Trouble{Kind: TroubleSeal, Subject: "evidence", Active: trouble}); trouble != s.trouble || s.retried.IsZero() { // a life before may have raised it
		if trouble {
			t.Err = fmt.Errorf("series %s of %s and perhaps others are not sealed: %s", rows[0].Series, Day(rows[0].Day), rows[0].Reason)
		}
		s.o.Raise(t)
	}
	s.trouble, s.retried = trouble, now
	return nil
}

func (s *Service) retryOne(ctx context.Context, k *skipRow) error {
	d := Day(k.Day)
	row, ok, err := findDay(ctx, s.o.DB, d)
	if err != nil || !ok || row.Sealed == 0 {
		return err
	}
	_, _, found, err := s.find(ctx, d, k.Series) // noted after a crash
	if err != nil {
		return err
	}
	if !found {
		ref, ok := s.o.Store.Lookup(k.Series)
		if !ok {
			return nil
		}
		list, err := s.leaves(ctx, d, row.between(), []telemetry.Ref{ref})
		if err != nil {
			return err
		}
		if list[0].reason != "" {
			if list[0].reason == k.Reason {
				return nil
			}
			return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
				return insertSkips(ctx, tx, []skipRow{{Day: k.Day, Series: k.Series, Reason: list[0].reason}})
			})
		}
		if list[0].digest != nil {
			entry, err := entryOf(k.Series, list[0].series.Org, d, list[0].digest)
			if err != nil {
				return err
			}
			if _, err := s.put(ctx, [][]byte{entry}, func(n *noter, first uint64) error {
				return n.part(partRow{First: int64(first), Day: k.Day, Leaves: 1, Lo: k.Series.String(), Hi: k.Series.String()})
			}); err != nil {
				return err
			}
		}
	}
	_, err = s.o.DB.NewDelete().Model(k).WherePK().Exec(ctx)
	return store.Err(err)
}
