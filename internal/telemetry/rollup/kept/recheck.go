package kept

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Changed tells that an organisation's plant has changed: the calendars of its series may be others, and how they report.
// The keeper compares them in the background; reads see at once what has changed. It does not block.
func (s *Service) Changed(org uuid.UUID) {
	s.invalidate()
	s.checkMu.Lock()
	s.checking[org] = true
	s.checkMu.Unlock()
	s.nudge()
}

// recheck looks at the calendars of some of the series that may have others.
func (s *Service) recheck(ctx context.Context, now int64, hurt *damaged) error {
	refs := s.toCheck()
	for i, ref := range refs {
		if err := s.recheckSeries(ctx, ref, now); err != nil && !hurt.takes(err) {
			s.checkMu.Lock()
			s.check = append(s.check, refs[i:]...)
			s.checkMu.Unlock()
			return err
		}
	}
	if len(refs) == recheckSeries {
		s.nudge()
	}
	return nil
}

// toCheck takes some of the series that are to be looked at.
func (s *Service) toCheck() []telemetry.Ref {
	s.checkMu.Lock()
	orgs, all := s.checking, s.all
	if len(orgs) > 0 || all {
		s.checking, s.all = map[uuid.UUID]bool{}, false
	}
	waiting := make(map[telemetry.Ref]bool, len(s.check)) // only the keeper adds to them and takes from them
	for _, ref := range s.check {
		waiting[ref] = true
	}
	s.checkMu.Unlock()
	var found []telemetry.Ref
	if len(orgs) > 0 || all {
		for ref := telemetry.Ref(1); ; ref++ {
			series, ok := s.o.Store.Series(ref)
			if !ok {
				break
			}
			if (all || orgs[series.Org]) && !waiting[ref] && !s.isDerived(ref) && s.hasRows(series.ID) {
				found = append(found, ref)
			}
		}
	}
	s.checkMu.Lock()
	defer s.checkMu.Unlock()
	s.check = append(s.check, found...)
	n := min(len(s.check), recheckSeries)
	refs := s.check[:n:n]
	s.check = s.check[n:]
	return refs
}

func (s *Service) hasRows(series uuid.UUID) bool {
	for _, level := range Levels {
		if _, ok := s.o.Store.Lookup(DerivedID(series, level)); ok {
			return true
		}
	}
	return false
}

// recheckSeries makes the rows anew that are kept by another calendar or another longest silence.
func (s *Service) recheckSeries(ctx context.Context, ref telemetry.Ref, now int64) error {
	x, err := s.subjectOf(ref, 0)
	if err != nil {
		return err
	}
	print, err := s.print(ctx, x)
	if err != nil {
		return err
	}
	var old seriesRow
	err = store.Err(s.o.DB.NewSelect().Model(&old).Where("series = ?", x.series.ID).Scan(ctx))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("look at the calendars of series %s: %w", x.series.ID, err)
	}
	if old.Print == print {
		return nil
	}
	from, ok, err := s.firstKept(ctx, x)
	if err != nil {
		return err
	}
	out := &outbox{}
	if ok {
		end := s.end(x, now)
		if err := s.restate(ctx, &work{x: x, horizon: end, how: compare, cause: Silence, out: out}, []telemetry.Span{{From: from, To: end}}); err != nil {
			return err
		}
	}
	if err := s.send(ctx, out); err != nil {
		return err
	}
	_, err = s.o.DB.NewInsert().Model(&seriesRow{Series: x.series.ID, Print: print}).On("CONFLICT (series) DO UPDATE").Set("print = EXCLUDED.print").Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the calendars of series %s: %w", x.series.ID, store.Err(err))
	}
	return nil
}

// print names the calendars and the reporting of a series at all times.
func (s *Service) print(ctx context.Context, x *subject) (string, error) {
	spans, err := s.o.Calendars(ctx, x.series.ID, 0, telemetry.MaxTime)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	h.Write([]byte(newCuts(spans, 0, telemetry.MaxTime).print()))
	fmt.Fprintf(h, "%d %v", rollup.Definitions, x.series.Reporting)
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// firstKept is the begin of the earliest row that is kept of a series.
func (s *Service) firstKept(ctx context.Context, x *subject) (from int64, ok bool, err error) {
	for _, level := range Levels {
		ref, known := s.o.Store.Lookup(DerivedID(x.series.ID, level))
		if !known {
			continue
		}
		t, any, err := s.first(ctx, ref)
		if err != nil {
			return 0, false, err
		}
		if any && (!ok || t < from) {
			from, ok = t, true
		}
	}
	return from, ok, nil
}
