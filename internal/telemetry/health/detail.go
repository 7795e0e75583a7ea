package health

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Bounds of what is told of a series.
const (
	MostGaps   = 500 // the longest ones
	mostFacts  = 30  // of one gap
	firstGlass = time.Hour
)

// ExplainedGap is a gap with its cause and the facts from which it follows.
type ExplainedGap struct {
	Gap
	Cause Cause
	Words text.Text
	Facts []Fact
	More  int // facts beyond those told
}

// Detail is the health of one series.
type Detail struct {
	Series
	Org     uuid.UUID
	Span    telemetry.Span
	Now     int64
	Present bool
	Known   int64          // since when outages are on record; 0: in all of the span
	Gaps    []ExplainedGap // the longest first, at most MostGaps
}

// Series answers how good the data of one series are. Errors: ErrSpan, ErrCostly, store.ErrNotFound, those of auth.
func (s *Service) Series(ctx context.Context, id uuid.UUID, from, to time.Time) (*Detail, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	p, err := s.o.Plant.Point(ctx, visible, id)
	if err != nil {
		return nil, err
	}
	scope, err := auth.Allow(ctx, auth.Read, p.Org)
	if err != nil {
		return nil, err
	}
	now := s.now()
	sp, err := span(from, to, now)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprint("series ", id, instantKey(from), instantKey(to))
	return cached(ctx, s, key, func(ctx context.Context) (*Detail, error) {
		d, err := s.detail(ctx, scope, p, sp, now)
		return d, translate(err)
	})
}

func (s *Service) detail(ctx context.Context, scope auth.Scope, p Point, sp telemetry.Span, now int64) (*Detail, error) {
	items := s.prepare([]Point{p}, sp, now)
	it := &items[0]
	if err := s.weigh(ctx, items, sp, now, false); err != nil {
		return nil, err
	}
	if err := s.count(ctx, items, sp, now, MostGaps); err != nil {
		return nil, err
	}
	if err := s.restate(ctx, scope, items, sp); err != nil {
		return nil, err
	}
	d := &Detail{Org: p.Org, Span: sp, Now: now, Present: now-sp.To < int64(time.Minute)}
	d.Series = it.Series
	list := slices.Clone(it.walk.longest)
	slices.SortFunc(list, func(a, b Gap) int { return cmp.Or(cmp.Compare(b.To-b.From, a.To-a.From), cmp.Compare(a.From, b.From)) })
	found, known, err := s.surroundings(ctx, scope, it, sp)
	if err != nil {
		return nil, err
	}
	d.Known = known
	d.Gaps = make([]ExplainedGap, len(list))
	for i := range list {
		k := found
		k.gap = list[i]
		if !it.Damaged {
			if err := s.look(ctx, it, &k, now); damaged(err) {
				d.Damaged = true
			} else if err != nil {
				return nil, err
			}
		}
		cause, words, facts := k.why()
		if it.Damaged {
			cause, words = Unreadable, say("样本所在的文件已损坏", "The file that holds the samples is damaged")
		}
		more := max(len(facts)-mostFacts, 0)
		d.Gaps[i] = ExplainedGap{Gap: k.gap, Cause: cause, Words: words, Facts: facts[:len(facts)-more], More: more}
	}
	return d, nil
}

// surroundings is what is known beside the samples: ties and outages of the machine.
func (s *Service) surroundings(ctx context.Context, scope auth.Scope, it *item, sp telemetry.Span) (known, int64, error) {
	k := known{doors: len(s.o.Doors) > 0}
	from := sp.From - int64(longest(&it.stored))
	for _, door := range s.o.Doors {
		ties, err := door.Ties(ctx, scope, from, sp.To)
		if err != nil {
			return k, 0, err
		}
		for _, t := range ties {
			if t.Machine == it.Machine {
				k.ties = append(k.ties, t)
			}
		}
	}
	slices.SortStableFunc(k.ties, func(a, b Tie) int { return cmp.Compare(a.From, b.From) })
	var err error
	k.outages, k.since, err = s.history(ctx, scope, it.Org, from, sp.To)
	if k.since <= from {
		return k, 0, err
	}
	return k, k.since, err
}

// look adds what the samples themselves tell of a gap, beside what the walk saw.
func (s *Service) look(ctx context.Context, it *item, k *known, now int64) error {
	g := &k.gap
	k.silence = it.stored.ReportingAt(g.From).MaxSilence
	if !it.Declared {
		k.first = true
		return nil
	}
	if !g.bySample && g.lastGood == 0 {
		if err := s.before(ctx, it, k, now); err != nil {
			return err
		}
	}
	if it.Counts.Withdrawn > 0 || g.From == it.Since {
		if err := s.withdrawn(ctx, it, k); err != nil {
			return err
		}
	}
	if !g.Open {
		return nil
	}
	return s.o.Store.Scan(ctx, it.ref, telemetry.Span{From: now + 1, To: telemetry.MaxTime}, telemetry.ScanOptions{Columns: telemetry.WithStatus}, func(r *telemetry.Run) bool {
		for i := range r.Time {
			if telemetry.Flags(r.Flags[i])&telemetry.FutureTime != 0 {
				k.ahead++
			}
		}
		return k.ahead < 1000
	})
}

// before finds the last sample before a gap, through a glass that doubles until there is something in it.
func (s *Service) before(ctx context.Context, it *item, k *known, now int64) error {
	for to, width := k.gap.From, int64(firstGlass); to > 0; width *= 2 {
		from := max(to-width, 0)
		if width > int64(200*365*24*time.Hour) {
			from = 0
		}
		found := false
		err := s.o.Store.Scan(ctx, it.ref, telemetry.Span{From: from, To: to}, telemetry.ScanOptions{Columns: telemetry.WithStatus}, func(r *telemetry.Run) bool {
			for i, t := range r.Time {
				flags, status := telemetry.Flags(r.Flags[i]), telemetry.Status(r.Status[i])
				if flags&telemetry.FutureTime != 0 && t > now {
					continue
				}
				found = true
				good, nan := worth(r, i, status, flags)
				if good {
					k.gap.lastGood, k.gap.bySample = t, false
				} else {
					k.gap.began, k.gap.bySample, k.gap.nan = status, true, nan
				}
			}
			return true
		})
		if found || err != nil {
			return err
		}
		to = from
	}
	k.first = true
	return nil
}

// withdrawn counts the good samples that corrections took away in a gap, and how much of it they would have covered.
func (s *Service) withdrawn(ctx context.Context, it *item, k *known) error {
	from, to := k.reach()
	if !k.gap.bySample {
		from = min(from, k.gap.From-int64(k.silence))
	}
	lost := int64(math.MinInt64) // source time of a good sample that lost, just before what won
	last := lost
	covered := int64(0)
	upTo := func(t int64) {
		if last != math.MinInt64 {
			covered += max(min(t, last+int64(k.silence), to)-max(last, k.gap.From), 0)
		}
	}
	err := s.o.Store.Scan(ctx, it.ref, telemetry.Span{From: max(from, 0), To: to}, telemetry.ScanOptions{Columns: columns, History: true}, func(r *telemetry.Run) bool {
		for i, t := range r.Time {
			flags, status := telemetry.Flags(r.Flags[i]), telemetry.Status(r.Status[i])
			if r.Superseded != nil && r.Superseded[i] {
				if good, _ := worth(r, i, status, flags); good {
					lost = t
				}
				continue
			}
			upTo(t)
			last = math.MinInt64
			if flags&telemetry.Withdrawn != 0 && lost == t {
				last = t
				if k.withdrawn++; k.withdrawn == 1 {
					k.fixed[0] = t
				}
				k.fixed[1] = t
			}
		}
		return true
	})
	upTo(to)
	k.covered = time.Duration(covered)
	return err
}
