package trace

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"slices"
	"strings"
	"time"

	"jingwei/internal/identify/trace/epcis"
)

// Ask says what is followed, and how far.
type Ask struct {
	ID        string // of a thing, a lot, or a business transaction whose things are meant
	Direction Direction
	Depth     int // 0: DefaultDepth
	Nodes     int // 0: DefaultNodes
}

// Node is a thing in an answer.
type Node struct {
	ID       string     `json:"id"`
	Kind     string     `json:"kind" enum:"instance,lot,class,container,asset,other"`
	Depth    int        `json:"depth" doc:"Steps from what was asked for"`
	Holds    bool       `json:"holds,omitempty" doc:"It is here only for what it holds"`
	Events   int        `json:"events" doc:"That name it and are in sight"`
	First    *time.Time `json:"first,omitempty" doc:"Of these events"`
	Last     *time.Time `json:"last,omitempty"`
	Step     string     `json:"step,omitempty" doc:"Of the last event"`
	Place    string     `json:"place,omitempty" doc:"Where it was last"`
	Quantity string     `json:"quantity,omitempty" doc:"Of a lot, where the edge to it tells"`
	Unit     string     `json:"unit,omitempty"`
}

// Edge leads from a part to what it became part of, from what went in to what came out, from an instance to its lot.
type Edge struct {
	From     string     `json:"from"`
	To       string     `json:"to"`
	Way      Way        `json:"way" enum:"transformation,aggregation,association,lot"`
	At       time.Time  `json:"at"`
	Until    *time.Time `json:"until,omitempty" doc:"When they were parted again"`
	Event    string     `json:"event" doc:"eventID"`
	Quantity string     `json:"quantity,omitempty"`
	Unit     string     `json:"unit,omitempty"`
}

// Traced is the answer: a graph.
type Traced struct {
	ID        string    `json:"id"`
	Direction Direction `json:"direction"`
	Nodes     []Node    `json:"nodes" nullable:"false"`
	Edges     []Edge    `json:"edges" nullable:"false"`
	Cut       bool      `json:"cut" doc:"There is more than was asked for at most"`
	Deeper    bool      `json:"deeper" doc:"It goes on below the depth that was asked for"`
}

func (a *Ask) check() error {
	if a.Depth == 0 {
		a.Depth = DefaultDepth
	}
	if a.Nodes == 0 {
		a.Nodes = DefaultNodes
	}
	switch {
	case a.Depth < 1 || a.Depth > MaxDepth:
		return ErrLimit.At("query.depth", a.Depth).With("min", 1).With("max", MaxDepth)
	case a.Nodes < 1 || a.Nodes > MaxNodes:
		return ErrLimit.At("query.nodes", a.Nodes).With("min", 1).With("max", MaxNodes)
	case a.Direction != Forward && a.Direction != Backward:
		return ErrDirection.At("query.direction", string(a.Direction)).With("values", string(Forward)+", "+string(Backward))
	}
	return nil
}

// Trace follows a thing. Errors: ErrUnknown where nothing in sight names it, ErrLimit, ErrDirection.
func (s *Service) Trace(ctx context.Context, a Ask) (Traced, error) {
	if err := a.check(); err != nil {
		return Traced{}, err
	}
	v, err := s.sight(ctx)
	if err != nil {
		return Traced{}, err
	}
	w, err := s.follow(ctx, v, a)
	if err != nil {
		return Traced{}, err
	}
	return s.told(ctx, a, w)
}

// follow walks from what is asked for. Forward, what it holds is followed too: who asks for a pallet means what is on it.
func (s *Service) follow(ctx context.Context, v Sight, a Ask) (*walk, error) {
	roots, err := s.roots(ctx, v, a.ID)
	if err != nil {
		return nil, err
	}
	if a.Direction == Backward {
		w := s.newWalk(v, Backward, a.Nodes, roots)
		return w, w.run(ctx, s.l.raw(), a.Depth)
	}
	held := s.newWalk(v, Backward, a.Nodes, roots)
	held.inside = true
	if err := held.run(ctx, s.l.raw(), a.Depth); err != nil {
		return nil, err
	}
	w := s.newWalk(v, Forward, a.Nodes, held.order)
	for _, n := range held.order {
		w.spots[n].depth = held.spots[n].depth
	}
	w.edges, w.seen, w.cut = held.edges, held.seen, held.cut
	// What the first walk has read serves the second.
	w.links, w.events, w.partings, w.wrong = held.links, held.events, held.partings, held.wrong
	return w, w.run(ctx, s.l.raw(), a.Depth)
}

// roots are the things that an identifier means. Error: ErrUnknown where no event in sight names it.
func (s *Service) roots(ctx context.Context, v Sight, id string) ([]int64, error) {
	unknown := ErrUnknown.At("query.id", id)
	nums, err := s.known(ctx, []string{epcis.Key(id)})
	if err != nil || len(nums) == 0 {
		return nil, cmp.Or(err, error(unknown))
	}
	w := s.newWalk(v, Forward, 1, nums)
	if err := w.load(ctx, s.l.raw(), nums); err != nil {
		return nil, err
	}
	facts := w.of(nums[0])
	if len(facts) == 0 {
		return nil, unknown
	}
	transaction := slices.ContainsFunc(w.links[nums[0]], func(x link) bool { return x.role == RoleTransaction })
	if !transaction {
		return nums, nil
	}
	var things []int64
	for _, f := range facts {
		for _, m := range f.members {
			if m.role.thing() && !slices.Contains(things, m.name) {
				things = append(things, m.name)
			}
		}
	}
	return things, nil
}

// told writes a walk down.
func (s *Service) told(ctx context.Context, a Ask, w *walk) (Traced, error) {
	out := Traced{ID: epcis.Key(a.ID), Direction: a.Direction, Nodes: make([]Node, 0, len(w.order)), Edges: make([]Edge, 0, len(w.edges)), Cut: w.cut, Deeper: w.deep}
	if err := w.load(ctx, s.l.raw(), w.order); err != nil {
		return out, err
	}
	want := slices.Clone(w.order)
	events := map[int64]bool{}
	lists := make([][]*fact, len(w.order))
	for i, n := range w.order {
		if lists[i] = w.of(n); len(lists[i]) > 0 {
			last := lists[i][len(lists[i])-1]
			want = append(want, last.step, last.place, last.point)
		}
	}
	for _, e := range w.edges {
		events[e.event] = true
	}
	slices.Sort(want)
	names, err := s.l.spell(ctx, s.l.raw(), slices.Compact(want))
	if err != nil {
		return out, err
	}
	ids, err := s.l.ids(ctx, s.l.raw(), w.v, keysOf(events))
	if err != nil {
		return out, err
	}
	amounts := map[int64]edge{}
	for _, e := range w.edges {
		out.Edges = append(out.Edges, Edge{From: names[e.from], To: names[e.to], Way: e.way, At: time.Unix(0, e.at).UTC(), Until: instantOf(e.until), Event: ids[e.event],
			Quantity: e.amount, Unit: e.unit})
		if e.amount != "" {
			far := e.to
			if a.Direction == Backward {
				far = e.from
			}
			amounts[far] = e
		}
	}
	for i, n := range w.order {
		p := w.spots[n]
		x := Node{ID: names[n], Kind: kindOf(names[n]), Depth: p.depth, Holds: p.held, Quantity: amounts[n].amount, Unit: amounts[n].unit}
		if list := lists[i]; len(list) > 0 {
			last := list[len(list)-1]
			x.Events, x.First, x.Last = len(list), instantOf(list[0].at), instantOf(last.at)
			x.Step, x.Place = epcis.Steps.Short(names[last.step]), names[cmp.Or(last.place, last.point)]
		}
		out.Nodes = append(out.Nodes, x)
	}
	return out, nil
}

func keysOf(set map[int64]bool) []int64 {
	out := make([]int64, 0, len(set))
	for n := range set {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// ids are the eventIDs of events. Only events that came with one are read; of the others the hash is the id.
func (l *ledger) ids(ctx context.Context, q queryer, v Sight, nums []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(nums))
	var read []int64
	for len(nums) > 0 {
		n := min(len(nums), chunk)
		query := "SELECT e.num, e.ident, e.digest FROM trace_events e WHERE e.num IN (" + numbers(nums[:n]) + ") AND " + v.condition("e")
		err := eachRow(ctx, q, query, nil, func(r *sql.Rows) error {
			var num, ident int64
			var digest []byte
			if err := r.Scan(&num, &ident, &digest); err != nil {
				return err
			}
			if ident != 0 || len(digest) != sha256.Size {
				read = append(read, num)
			} else {
				out[num] = epcis.HashOf([sha256.Size]byte(digest))
			}
			return nil
		})
		if err != nil {
			return nil, wrap("read ids of events", err)
		}
		nums = nums[n:]
	}
	list, err := l.events(ctx, q, v, read)
	for _, e := range list {
		out[e.num] = e.ID
	}
	return out, err
}

// kindOf tells what an identifier is of.
func kindOf(key string) string {
	rest, ok := strings.CutPrefix(key, resolver)
	if !ok {
		return "other"
	}
	parts := strings.Split(rest, "/")
	switch parts[0] {
	case "00":
		return "container"
	case "8003", "8004":
		return "asset"
	case "01", "8006":
		switch {
		case len(parts) < 4:
			return "class"
		case parts[2] == "10":
			return "lot"
		}
		return "instance"
	}
	return "other"
}
