package health

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	Aggregate(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.AggregateOptions) ([][]telemetry.Bucket, error)
	Cost(ctx context.Context, refs []telemetry.Ref, span telemetry.Span, o telemetry.CostOptions) (telemetry.Cost, error)
	AsOf(t int64) (uint64, error)
	Closed() int64
	Commit(number uint64) (telemetry.Arrival, bool, error)
}

var _ Store = (*telemetry.Store)(nil)

// Plant says where series stand.
type Plant interface {
	// Nodes are all of the scope that have begun, those that are retired too.
	Nodes(ctx context.Context, scope auth.Scope) ([]Node, error)
	// EachPoint calls yield with all points of the scope that have begun, those that are retired too. An error of yield ends it.
	EachPoint(ctx context.Context, scope auth.Scope, yield func(*Point) error) error
	// Point finds one, also a retired one. Error: store.ErrNotFound.
	Point(ctx context.Context, scope auth.Scope, id uuid.UUID) (Point, error)
}

// Door tells what connects the scope's machines at some moment of [from, to), by machine and time.
type Door interface {
	Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]Tie, error)
}

// Board is what is wrong now; *condition.Board is one.
type Board interface {
	List(scope condition.Including, withNode bool) []condition.Condition
}

// Options build a Service. DB, Store, Plant and Now are required.
type Options struct {
	DB     *store.DB
	Store  Store
	Plant  Plant
	Doors  []Door
	Board  Board  // nil: outages that stand are not known
	Events Events // the journal's partition of conditions; nil: past outages are not known
	// Restated tells, for each series of the scope (or one of them), the hours in the span whose kept roll-up was written
	// again; nil: there are none.
	Restated func(ctx context.Context, scope auth.Scope, series uuid.UUID, from, to int64) (map[uuid.UUID]Restatements, error)
	Retry    time.Duration // how long Run waits after the records refused; default 5 s
	Limits   Limits        // zero: DefaultLimits
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service answers how good data are.
type Service struct {
	o       Options
	limits  Limits
	turns   chan struct{}
	cache   cache
	caught  atomic.Bool // the journal has been read up to where it ended at the start
	bounded int64       // when the history was bounded last; of Run
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "health", migrations); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Retry <= 0 {
		o.Retry = retryAfter
	}
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	return &Service{o: o, limits: o.Limits, turns: make(chan struct{}, max(o.Limits.Turns, 1))}, nil
}

func (s *Service) now() int64 { return s.o.Now().UnixNano() }

// Ask is a question about a part of the plant.
type Ask struct {
	Org      uuid.UUID // zero: that of the node
	Node     uuid.UUID // zero: all of the organisation
	From, To time.Time // zero: the last 24 hours
	Coverage bool      // coverage and states only, for the most part from summaries
}

// Survey is the health of a part of the plant.
type Survey struct {
	Org     uuid.UUID
	Node    uuid.UUID
	Span    telemetry.Span // To is not beyond Now
	Now     int64
	Present bool // the span reaches to the present
	Counted bool // false: coverage only
	Nodes   []Node
	Series  []Series // of machines in the order of Nodes
	Sums    map[uuid.UUID]*Sum
	Whole   Sum
}

// span checks the bounds of a question. The end is cut at now.
func span(from, to time.Time, now int64) (out telemetry.Span, err error) {
	bad := func(field string, t time.Time) (telemetry.Span, error) {
		return out, ErrSpan.At("query."+field, t.UTC().Format(time.RFC3339Nano)).With("days", int(MaxSpan/(24*time.Hour)))
	}
	for _, x := range []struct {
		field string
		t     time.Time
	}{{"from", from}, {"to", to}} {
		if y := x.t.UTC().Year(); !x.t.IsZero() && (y < 1970 || y >= 2200) {
			return bad(x.field, x.t)
		}
	}
	out.To = now
	if !to.IsZero() {
		out.To = to.UnixNano()
	}
	out.From = min(out.To, now) - int64(DefaultSpan)
	if !from.IsZero() {
		out.From = from.UnixNano()
	}
	switch {
	case out.To <= out.From:
		return bad("to", time.Unix(0, out.To))
	case out.From >= now:
		return bad("from", time.Unix(0, out.From))
	}
	out.To = min(out.To, now)
	if out.To-out.From > int64(MaxSpan) {
		return bad("from", time.Unix(0, out.From))
	}
	return out, nil
}

// Plant answers a question about a part of the plant. Errors: ErrOf, ErrSpan, ErrSeries, ErrCostly, store.ErrNotFound, those
// of auth.
func (s *Service) Plant(ctx context.Context, q Ask) (*Survey, error) {
	if q.Org == uuid.Nil && q.Node == uuid.Nil {
		return nil, ErrOf.At("query.org", "")
	}
	scope, err := auth.AllowOrVisible(ctx, auth.Read, q.Org)
	if err != nil {
		return nil, err
	}
	nodes, err := s.o.Plant.Nodes(ctx, scope)
	if err != nil {
		return nil, err
	}
	if q.Node != uuid.Nil {
		i := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == q.Node })
		if i < 0 {
			return nil, fmt.Errorf("node %s: %w", q.Node, store.ErrNotFound)
		}
		q.Org = nodes[i].Org
		if scope, err = auth.Allow(ctx, auth.Read, q.Org); err != nil {
			return nil, err
		}
	}
	now := s.now()
	sp, err := span(q.From, q.To, now)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprint("plant ", q.Org, q.Node, instantKey(q.From), instantKey(q.To), q.Coverage)
	return cached(ctx, s, key, func(ctx context.Context) (*Survey, error) {
		return s.survey(ctx, scope, q, sp, now, below(nodes, q.Org, q.Node))
	})
}

func instantKey(t time.Time) string { return " " + strconv.FormatInt(t.UnixNano(), 10) }

// below are the nodes of an organisation that are a node or below it, those above before those below; all for the zero node.
func below(nodes []Node, org, top uuid.UUID) []Node {
	children := map[uuid.UUID][]int{}
	here := map[uuid.UUID]bool{}
	for i := range nodes {
		here[nodes[i].ID] = nodes[i].Org == org
	}
	var out []Node
	var roots []int
	for i := range nodes {
		n := &nodes[i]
		if n.Org != org {
			continue
		}
		switch {
		case top != uuid.Nil && n.ID == top, top == uuid.Nil && !here[n.Parent]:
			roots = append(roots, i)
		default:
			children[n.Parent] = append(children[n.Parent], i)
		}
	}
	seen := map[uuid.UUID]bool{}
	var add func([]int)
	add = func(list []int) {
		for _, i := range list {
			if n := nodes[i]; !seen[n.ID] {
				seen[n.ID] = true
				out = append(out, n)
				add(children[n.ID])
			}
		}
	}
	add(roots)
	return out
}

// survey does the work of Plant.
func (s *Service) survey(ctx context.Context, scope auth.Scope, q Ask, sp telemetry.Span, now int64, nodes []Node) (*Survey, error) {
	place := make(map[uuid.UUID]int, len(nodes))
	out := &Survey{Org: q.Org, Node: q.Node, Span: sp, Now: now, Present: now-sp.To < int64(time.Minute), Counted: !q.Coverage, Sums: map[uuid.UUID]*Sum{}}
	for i := range nodes {
		place[nodes[i].ID] = i
	}
	var points []Point
	count := 0
	err := s.o.Plant.EachPoint(ctx, scope, func(p *Point) error {
		if _, ok := place[p.Machine]; ok && p.Org == q.Org && p.From < sp.To && p.To > sp.From {
			if count++; count <= s.limits.Series {
				points = append(points, *p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if count > s.limits.Series {
		return nil, ErrSeries.With("count", count).With("max", s.limits.Series)
	}
	slices.SortStableFunc(points, func(a, b Point) int { return place[a.Machine] - place[b.Machine] })
	items := s.prepare(points, sp, now)
	if err := s.weigh(ctx, items, sp, now, q.Coverage); err != nil {
		return nil, err
	}
	if q.Coverage {
		err = s.cover(ctx, items, now)
	} else {
		err = s.count(ctx, items, sp, now, 0)
	}
	if err == nil {
		err = s.restate(ctx, scope, items, sp)
	}
	if err != nil {
		return nil, translate(err)
	}
	for _, n := range nodes {
		if n.To > sp.From && n.From < sp.To {
			out.Nodes = append(out.Nodes, n)
			out.Sums[n.ID] = &Sum{}
		}
	}
	out.Series = make([]Series, len(items))
	for i := range items {
		it := &items[i].Series
		out.Series[i] = *it
		out.Whole.add(it)
		for at, ok := place[it.Machine], true; ok; at, ok = place[nodes[at].Parent] {
			if sum := out.Sums[nodes[at].ID]; sum != nil {
				sum.add(it)
			}
		}
	}
	return out, nil
}

// cache keeps answers for a minute. One that is asked for while it is being worked out is worked out once.
type cache struct {
	mu      sync.Mutex
	entries map[string]*entry
}

// entry is an answer, or one to come.
type entry struct {
	ready chan struct{}
	until int64
	value any
	err   error
}

// Bounds of the cache.
const (
	keptFor    = time.Minute
	keptAtMost = 32
)

// cached answers from the cache or works the answer out. Who may read it has been found out before. Refusals and failures
// are not kept.
func cached[T any](ctx context.Context, s *Service, key string, work func(context.Context) (T, error)) (out T, err error) {
	for {
		c := &s.cache
		c.mu.Lock()
		now := s.now()
		if e := c.entries[key]; e != nil && (e.until == 0 || e.until > now) {
			c.mu.Unlock()
			select {
			case <-e.ready:
			case <-ctx.Done():
				return out, ctx.Err()
			}
			if e.err == nil {
				return e.value.(T), nil
			}
			if ctx.Err() == nil && (e.err == context.Canceled || e.err == context.DeadlineExceeded) {
				continue // the one who asked first went away
			}
			return out, e.err
		}
		if c.entries == nil {
			c.entries = map[string]*entry{}
		}
		for k, e := range c.entries {
			if e.until != 0 && (e.until <= now || len(c.entries) >= keptAtMost) {
				delete(c.entries, k)
			}
		}
		e := &entry{ready: make(chan struct{})}
		c.entries[key] = e
		c.mu.Unlock()
		return fill(ctx, s, key, e, work)
	}
}

// fill works an answer out and puts it into its entry.
func fill[T any](ctx context.Context, s *Service, key string, e *entry, work func(context.Context) (T, error)) (out T, err error) {
	err = problem.Internal // should work panic
	defer func() {
		s.cache.mu.Lock()
		defer s.cache.mu.Unlock()
		e.value, e.err, e.until = out, err, s.now()+int64(keptFor)
		if err != nil {
			if ctx.Err() != nil {
				e.err = ctx.Err()
			}
			delete(s.cache.entries, key)
		}
		close(e.ready)
	}()
	return turn(ctx, s, work)
}

// turn works when there is room.
func turn[T any](ctx context.Context, s *Service, work func(context.Context) (T, error)) (out T, err error) {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return out, ctx.Err()
	}
	return work(ctx)
}
