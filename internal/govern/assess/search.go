package assess

import (
	"cmp"
	"slices"
)

// maxBounds is how many rules may share questions in one search.
const maxBounds = 12

// bound is a rule of the target that steps add to: points of a node, or a count.
type bound struct {
	node    int // of a score
	section int // of a count
	step    int
	binding bool
	score   bool
	missing int64
}

// taken is an option that a path takes.
type taken struct {
	it *item
	o  *itemOption
}

// found is a path.
type found struct {
	cost  int64
	taken []taken
}

// search finds the cheapest options of items by which the rules of a level hold; nil when there are none. The rules fall apart into groups that
// share no item; each group is solved exactly by dynamic programming over what is missing of its rules.
func (st *standing) search(items []item, level int) (*found, int, error) {
	bounds, musts, ok := st.bounds(level)
	if !ok {
		return nil, 0, nil
	}
	limited := make([]item, len(items))
	for i := range items {
		limited[i] = items[i]
		if limited[i].options, ok = st.must(&items[i], musts); !ok {
			return nil, 0, nil
		}
	}
	if !st.mustsHeld(musts, limited) {
		return nil, 0, nil
	}
	out := &found{}
	states := 0
	for _, group := range st.groups(limited, bounds) {
		f, n, err := solve(group.items, group.bounds, st)
		states += n
		if err != nil {
			return nil, states, ErrTooLarge.At("target", level).With("max", maxStates)
		}
		if f == nil {
			return nil, states, nil
		}
		out.cost += f.cost
		out.taken = append(out.taken, f.taken...)
	}
	order := map[*quest]int{}
	for i := range limited {
		order[limited[i].q] = limited[i].q.at
	}
	slices.SortStableFunc(out.taken, func(a, b taken) int {
		return cmp.Or(cmp.Compare(order[a.it.q], order[b.it.q]), cmp.Compare(a.o.choice, b.o.choice))
	})
	return out, states, nil
}

// bounds are the rules of a level that points and counts add to, the strictest of each kind, and the answers that must be had.
func (st *standing) bounds(level int) (bounds []bound, musts []*rule, possible bool) {
	x := st.x
	from := level
	if x.Climb == "stepwise" {
		from = 1
	}
	add := func(b bound) {
		if b.missing <= 0 {
			return
		}
		for i := range bounds {
			o := &bounds[i]
			if o.score == b.score && o.node == b.node && o.section == b.section && o.step == b.step && o.binding == b.binding {
				o.missing = max(o.missing, b.missing)
				return
			}
		}
		bounds = append(bounds, b)
	}
	for l := from; l <= level; l++ {
		for i := range x.c.rules[l-1] {
			r := &x.c.rules[l-1][i]
			switch {
			case r.Score != "":
				add(bound{score: true, node: r.node, missing: st.need(r) - st.sub[r.node]})
			case r.Count != "":
				add(bound{section: r.section, step: r.step, binding: r.Binding, missing: int64(r.least - st.reach(r.section, r.step, r.Binding))})
			case !st.hold(r):
				if x.c.asked[r.quest.at] {
					return nil, nil, false // its answer is kept, because others apply by it
				}
				musts = append(musts, r)
			}
		}
	}
	return bounds, musts, true
}

// must leaves the options of an item by which the answers that must be had are had.
func (st *standing) must(it *item, musts []*rule) ([]itemOption, bool) {
	out := it.options
	for _, r := range musts {
		if r.Question != it.q.ID {
			continue
		}
		k := r.choice
		if it.q.Kind == Multi {
			if it.options[1].choice == k {
				out = out[len(out)-1:]
			}
			continue
		}
		out = slices.DeleteFunc(slices.Clone(out), func(o itemOption) bool { return o.choice < 0 || it.q.rank(o.choice) < it.q.rank(k) })
	}
	return out, len(out) > 0
}

// mustsHeld tells whether every answer that must be had is among the items.
func (st *standing) mustsHeld(musts []*rule, items []item) bool {
	for _, r := range musts {
		if !slices.ContainsFunc(items, func(it item) bool { return it.q.ID == r.Question }) {
			return false
		}
	}
	return true
}

// adds is what an option adds to a bound.
func (st *standing) adds(b *bound, it *item, o *itemOption) int64 {
	if o.choice < 0 {
		return 0
	}
	if b.score {
		for n := it.q.node; n >= 0; n = st.x.c.nodes[n].parent {
			if n == b.node {
				return o.gain
			}
		}
		return 0
	}
	if st.x.c.nodes[it.q.node].section != b.section || b.binding && !it.q.Binding || it.q.choices[o.choice].level < b.step {
		return 0
	}
	if g := &st.given[it.q.at]; g.known && it.q.choices[g.choice].level >= b.step {
		return 0 // it counts already
	}
	return 1
}

// group is items and bounds that have to do with each other.
type group struct {
	items  []*item
	bounds []*bound
}

func (st *standing) groups(items []item, bounds []bound) []group {
	of := make([]int, len(bounds)) // bound → group
	for b := range of {
		of[b] = b
	}
	touches := make([][]int, len(items))
	for i := range items {
		for b := range bounds {
			if slices.ContainsFunc(items[i].options, func(o itemOption) bool { return st.adds(&bounds[b], &items[i], &o) > 0 }) {
				touches[i] = append(touches[i], b)
			}
		}
		for _, b := range touches[i] {
			to, from := of[touches[i][0]], of[b]
			for k := range of {
				if of[k] == from {
					of[k] = to
				}
			}
		}
	}
	var out []group
	for g := range bounds {
		var one group
		for b := range bounds {
			if of[b] == g {
				one.bounds = append(one.bounds, &bounds[b])
			}
		}
		for i := range items {
			if len(touches[i]) > 0 && of[touches[i][0]] == g {
				one.items = append(one.items, &items[i])
			}
		}
		if len(one.bounds) > 0 {
			out = append(out, one)
		}
	}
	var rest group // items that add to no bound, of which some must be taken all the same
	for i := range items {
		if len(touches[i]) == 0 && items[i].options[0].choice >= 0 {
			rest.items = append(rest.items, &items[i])
		}
	}
	if len(rest.items) > 0 {
		out = append(out, rest)
	}
	return out
}

// state is a set of options for the first items: what is still missing of each bound, and the least that it costs.
type state struct {
	missing [maxBounds]int64
	cost    int64
	steps   int32
	before  int32
	option  int32
}

type tooLarge struct{}

func (tooLarge) Error() string { return "too many intermediate results" }

// solve chooses one option of every item so that nothing is missing of any bound, for the least cost. A state is dropped only when another is
// no worse in every bound and in cost, so that what remains holds an optimum. Which of several paths of one cost it is, is fixed: the order in
// prune is total.
func solve(items []*item, bounds []*bound, st *standing) (*found, int, error) {
	if len(bounds) > maxBounds {
		return nil, 0, tooLarge{}
	}
	start := state{before: -1}
	for b := range bounds {
		start.missing[b] = bounds[b].missing
	}
	layers := [][]state{{start}}
	total := 1
	for _, it := range items {
		last := layers[len(layers)-1]
		adds := make([][maxBounds]int64, len(it.options))
		for o := range it.options {
			for b := range bounds {
				adds[o][b] = st.adds(bounds[b], it, &it.options[o])
			}
		}
		next := make([]state, 0, len(last)*len(it.options))
		for i := range last {
			for o := range it.options {
				s := last[i]
				s.before, s.option = int32(i), int32(o)
				s.cost += it.options[o].cost
				if it.options[o].choice >= 0 {
					s.steps++
				}
				for b := range bounds {
					s.missing[b] = max(0, s.missing[b]-adds[o][b])
				}
				next = append(next, s)
			}
			if len(next) > 2*maxStates {
				return nil, total, tooLarge{}
			}
		}
		next = prune(next, len(bounds))
		if total += len(next); total > maxStates {
			return nil, total, tooLarge{}
		}
		layers = append(layers, next)
	}
	best := -1
	end := layers[len(layers)-1]
	for i := range end {
		if end[i].missing == ([maxBounds]int64{}) && (best < 0 || cmp.Or(cmp.Compare(end[i].cost, end[best].cost), cmp.Compare(end[i].steps, end[best].steps)) < 0) {
			best = i
		}
	}
	if best < 0 {
		return nil, total, nil
	}
	f := &found{cost: end[best].cost}
	for l := len(layers) - 1; l > 0; l-- {
		s := &layers[l][best]
		if o := &items[l-1].options[s.option]; o.choice >= 0 {
			f.taken = append(f.taken, taken{items[l-1], o})
		}
		best = int(s.before)
	}
	return f, total, nil
}

// prune drops states that another one is no worse than. With one bound that leaves a staircase of cost against what is missing; with more,
// states that miss the same are compared.
func prune(list []state, bounds int) []state {
	slices.SortFunc(list, func(a, b state) int {
		if bounds == 1 {
			return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.missing[0], b.missing[0]), cmp.Compare(a.steps, b.steps),
				cmp.Compare(a.before, b.before), cmp.Compare(a.option, b.option))
		}
		return cmp.Or(slices.Compare(a.missing[:], b.missing[:]), cmp.Compare(a.cost, b.cost), cmp.Compare(a.steps, b.steps),
			cmp.Compare(a.before, b.before), cmp.Compare(a.option, b.option))
	})
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 {
			if bounds == 1 && out[n-1].missing[0] <= s.missing[0] || bounds != 1 && out[n-1].missing == s.missing {
				continue
			}
		}
		out = append(out, s)
	}
	return slices.Clone(out)
}
