package promql

import (
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"

	"jingwei/internal/kernel/auth"
)

// asking is a storage.Queryable for one request: who asks, at what time, and as of when.
type asking struct {
	*Service
	scope    auth.Scope
	now      int64 // ns
	asOf     uint64
	lookback int64 // ms: how far the engine looks back for a value
}

// Querier implements storage.Queryable.
func (a *asking) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{asking: a, store: a.o.Store, mint: mint, maxt: maxt}, nil
}

type querier struct {
	*asking
	store      Store
	mint, maxt int64 // ms, inclusive
}

// Select implements storage.Querier. Series come in the order of their names, or of their labels when sorted.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	sel := selectionOf(matchers)
	from, to, limit, instant := q.mint, q.maxt, 0, false
	if hints != nil {
		from, to, limit = max(from, hints.Start), min(to, hints.End), hints.Limit
		instant = hints.Range == 0 && q.lookback > 0
	}
	set := &seriesSet{at: -1}
	err := q.index.each(ctx, q.scope, sel, func(e *entry, v view) bool {
		if len(set.series) == q.o.MaxSeries {
			set.err = ErrSeries.With("max", q.o.MaxSeries)
			return false
		}
		begin := from
		if instant && v != covered {
			// A value is not looked at once its silence has passed, so nothing older need be read.
			begin = max(begin, from+q.lookback-longest(&e.series).Milliseconds()-1)
		}
		set.series = append(set.series, series{q: q, ctx: ctx, entry: e, view: v, classes: sel.of(v), labels: v.labelsOf(e), from: begin, to: to})
		return limit <= 0 || len(set.series) < limit
	})
	if err != nil {
		set.err = err
	}
	if sorted {
		slices.SortFunc(set.series, func(a, b series) int { return labels.Compare(a.labels, b.labels) })
	}
	return set
}

// LabelNames implements storage.LabelQuerier.
func (q *querier) LabelNames(ctx context.Context, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := map[string]struct{}{}
	err := q.index.each(ctx, q.scope, selectionOf(matchers), func(e *entry, v view) bool {
		v.labelsOf(e).Range(func(l labels.Label) { seen[l.Name] = struct{}{} })
		return true
	})
	return sortedKeys(seen), nil, err
}

// LabelValues implements storage.LabelQuerier.
func (q *querier) LabelValues(ctx context.Context, name string, _ *storage.LabelHints, matchers ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	seen := map[string]struct{}{}
	err := q.index.each(ctx, q.scope, selectionOf(matchers), func(e *entry, v view) bool {
		if value := v.labelsOf(e).Get(name); value != "" {
			seen[value] = struct{}{}
		}
		return true
	})
	return sortedKeys(seen), nil, err
}

func sortedKeys(seen map[string]struct{}) []string {
	out := make([]string, 0, len(seen))
	for key := range seen {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// Close implements storage.LabelQuerier.
func (q *querier) Close() error { return nil }

type seriesSet struct {
	series []series
	at     int
	err    error
}

func (s *seriesSet) Next() bool {
	s.at++
	return s.err == nil && s.at < len(s.series)
}
func (s *seriesSet) At() storage.Series                { return &s.series[s.at] }
func (s *seriesSet) Err() error                        { return s.err }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// series is one that was selected.
type series struct {
	q        *querier
	ctx      context.Context // of the query: reading ends with it
	entry    *entry
	view     view
	classes  classes
	labels   labels.Labels
	from, to int64 // ms, inclusive
}

func (s *series) Labels() labels.Labels { return s.labels }

// Iterator gives the series' samples; an iterator of ours is used again.
func (s *series) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	out, ok := it.(*samples)
	if !ok {
		out = new(samples)
	}
	out.reset(s.q, s.ctx, s.entry, s.view, s.classes, s.from, s.to)
	return out
}
