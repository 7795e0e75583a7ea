package trace

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Direction is which way a thing is followed.
type Direction string

// The directions.
const (
	Forward  Direction = "forward"  // what became of it, and what holds it
	Backward Direction = "backward" // what it was made of, and what it holds
)

// Way is how one thing leads to another.
type Way string

// The ways.
const (
	ByTransformation Way = "transformation" // went into, came out of
	ByAggregation    Way = "aggregation"    // packed into, until it was unpacked
	ByAssociation    Way = "association"    // fitted into, until it was taken out
	ByLot            Way = "lot"            // is of the lot
)

// Bounds of a walk.
const (
	DefaultDepth = 20
	MaxDepth     = 50
	DefaultNodes = 20_000
	MaxNodes     = 250_000
)

// span is when a thing is affected: [from, to).
type span struct{ from, to int64 }

const (
	longAgo = -1 << 63
	forever = 1<<63 - 1
)

// edge leads from one thing to another. In time it is held from at on, until the things were parted.
type edge struct {
	from, to int64
	way      Way
	event    int64
	at       int64
	until    int64
	amount   string
	unit     string
}

// spot is a thing in a walk.
type spot struct {
	name  int64
	depth int
	spans []span // in which it is affected
	held  bool   // it is there only for what it holds: a case, a pallet
}

// walk is a walk through the graph in memory.
type walk struct {
	l      *ledger
	v      Sight
	way    Direction
	most   int
	spots  map[int64]*spot
	order  []int64
	edges  []edge
	seen   map[edgeKey]bool
	events map[int64]*fact
	links  map[int64][]link
	cut    bool // more than most things
	deep   bool // more than the depth

	wrong    map[int64]bool      // fingerprints and eventIDs of events that were declared wrong
	partings map[int64][]parting // by what held the things
	inside   bool                // only what holds and is held is followed
	sends    map[int64]bool      // steps that send things away, by their number; known after learnSteps
	receives map[int64]bool      // and that take them in
	ends     map[int64]bool      // and after which there is nothing more
}

type edgeKey struct {
	from, to, event int64
	way             Way
}

// link leads from a thing to an event.
type link struct {
	event int64
	role  Role
}

// fact is an event as the walk needs it.
type fact struct {
	num     int64
	org     int64
	kind    int64
	action  int64
	at      int64
	step    int64
	point   int64
	place   int64
	flags   int64
	print   int64
	ident   int64
	members []member
	to      target // of its destinations
}

// target is where an event says that things go.
type target struct{ owning, possessing, location int64 }

func targetOf(members []member) (t target) {
	for _, m := range members {
		if m.role != RoleDestination {
			continue
		}
		switch m.party {
		case PartyOwning:
			t.owning = m.name
		case PartyPossessing:
			t.possessing = m.name
		case PartyLocation:
			t.location = m.name
		}
	}
	return t
}

// newWalk begins a walk at things.
func (s *Service) newWalk(v Sight, way Direction, most int, roots []int64) *walk {
	w := &walk{l: s.l, v: v, way: way, most: most, spots: map[int64]*spot{}, seen: map[edgeKey]bool{}, events: map[int64]*fact{}, links: map[int64][]link{}, wrong: map[int64]bool{}, partings: map[int64][]parting{}}
	for _, r := range roots {
		w.reach(r, 0, span{longAgo, forever}, false)
	}
	return w
}

// reach notes that a thing is affected in a span. It tells whether that is new.
func (w *walk) reach(name int64, depth int, in span, held bool) bool {
	p, ok := w.spots[name]
	if !ok {
		if len(w.spots) >= w.most {
			w.cut = true
			return false
		}
		p = &spot{name: name, depth: depth, held: held}
		w.spots[name] = p
		w.order = append(w.order, name)
	}
	p.held = p.held && held
	for _, s := range p.spans {
		if s.from <= in.from && in.to <= s.to {
			return false
		}
	}
	// Spans that the new one covers go; a thing is looked at again only for what it had not been looked at for.
	p.spans = append(slices.DeleteFunc(p.spans, func(s span) bool { return in.from <= s.from && s.to <= in.to }), in)
	return true
}

// visit is a thing that has to be looked at, in a span.
type visit struct {
	name int64
	in   span
}

// run walks to a depth.
func (w *walk) run(ctx context.Context, q queryer, depth int) error {
	var level []visit
	for _, name := range w.order {
		for _, in := range w.spots[name].spans {
			level = append(level, visit{name, in})
		}
	}
	for d := 1; len(level) > 0; d++ {
		names := make([]int64, 0, len(level))
		for _, v := range level {
			names = append(names, v.name)
		}
		if err := w.load(ctx, q, names); err != nil {
			return err
		}
		if err := w.loadParted(ctx, q, level); err != nil {
			return err
		}
		var next []visit
		for _, v := range level {
			for _, e := range w.steps(v) {
				if d > depth {
					w.deep = true
					break
				}
				to, in, held := w.arrive(e, v)
				if in.from >= in.to {
					continue
				}
				key := edgeKey{e.from, e.to, e.event, e.way}
				if w.reach(to, d, in, held) {
					next = append(next, visit{to, in})
				}
				if _, there := w.spots[to]; there && !w.seen[key] {
					if len(w.edges) >= 4*w.most {
						w.cut = true
						continue
					}
					w.seen[key] = true
					w.edges = append(w.edges, e)
				}
			}
		}
		level = next
	}
	return nil
}

// arrive tells where an edge leads, when the thing there is affected, and whether it only holds what is.
func (w *walk) arrive(e edge, v visit) (to int64, in span, held bool) {
	if w.way == Backward {
		// What it was made of counts until then; what it holds, while it is in there.
		switch e.way {
		case ByTransformation:
			return e.from, span{longAgo, min(e.at, v.in.to) + 1}, false
		case ByLot:
			return e.to, span{longAgo, v.in.to}, false
		}
		return e.from, span{longAgo, min(e.until, v.in.to)}, false
	}
	switch e.way {
	case ByTransformation:
		return e.to, span{max(e.at, v.in.from), forever}, false
	case ByLot:
		return e.from, span{v.in.from, forever}, false
	case ByAssociation:
		return e.to, span{max(e.at, v.in.from), forever}, false // a part that failed stays a reason to call the machine in
	}
	return e.to, span{max(e.at, v.in.from), min(e.until, v.in.to)}, true
}

// of are the events of a thing that are in sight, by time. Events that were declared wrong are left out.
func (w *walk) of(name int64) []*fact {
	out := make([]*fact, 0, len(w.links[name]))
	for _, x := range w.links[name] {
		if f := w.events[x.event]; f != nil && (len(out) == 0 || !slices.Contains(out, f)) {
			out = append(out, f)
		}
	}
	out = slices.DeleteFunc(out, w.void)
	slices.SortFunc(out, func(a, b *fact) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.num, b.num)) })
	return out
}

// void tells whether an event is not to be followed: it declares an error, or an error was declared of it. The declaration names
// the same things, so whoever has read the event has read its declaration.
func (w *walk) void(f *fact) bool {
	return f.flags&flagError != 0 || w.wrong[f.print] || f.ident != 0 && w.wrong[f.ident]
}

func instantOf(ns int64) *time.Time {
	if ns == longAgo || ns == forever {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}
