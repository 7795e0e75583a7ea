package assess

import (
	"cmp"
	"slices"
)

// table is a cross table with all its margins. A line is a margin and what it is the sum of along one dimension.
type table struct {
	keys    []Key
	entries [][]*Entry
	hidden  []bool
	lines   []line
	of      [][]int // by cell: its lines
	finer   [][]int // by cell: cells that are part of it, at any depth
}

type line struct {
	sum   int
	parts []int
}

func newTable(entries []Entry, by []Dimension) *table {
	cells := map[Key][]*Entry{}
	for i := range entries {
		own := entries[i].key()
		for set := range 1 << len(by) {
			k := Key{}
			for b, d := range by {
				if set&(1<<b) != 0 {
					k = k.with(d, own.part(d))
				}
			}
			cells[k] = append(cells[k], &entries[i])
		}
	}
	t := &table{}
	for k := range cells {
		t.keys = append(t.keys, k)
	}
	slices.SortFunc(t.keys, Key.compare)
	index := map[Key]int{}
	for i, k := range t.keys {
		index[k] = i
		t.entries = append(t.entries, cells[k])
	}
	t.hidden, t.of, t.finer = make([]bool, len(t.keys)), make([][]int, len(t.keys)), make([][]int, len(t.keys))
	starts := map[[2]int]int{} // sum and dimension → line
	for i, k := range t.keys {
		for set := 1; set < 1<<len(by); set++ {
			up, narrower := k, true
			for b, d := range by {
				if set&(1<<b) != 0 {
					narrower = narrower && k.part(d) != ""
					up = up.with(d, "")
				}
			}
			if !narrower {
				continue
			}
			sum := index[up]
			t.finer[sum] = append(t.finer[sum], i)
			if set&(set-1) != 0 {
				continue // a line is along one dimension
			}
			at := [2]int{sum, set}
			l, ok := starts[at]
			if !ok {
				l = len(t.lines)
				starts[at] = l
				t.lines = append(t.lines, line{sum: sum})
				t.of[sum] = append(t.of[sum], l)
			}
			t.lines[l].parts = append(t.lines[l].parts, i)
			t.of[i] = append(t.of[i], l)
		}
	}
	return t
}

func (t *table) n(i int) int { return len(t.entries[i]) }

// protect hides cells until none of fewer than Least can be told from those that are left. It ends, because every round hides some.
func (t *table) protect() {
	for i := range t.keys {
		t.hidden[i] = t.n(i) < Least
	}
	for t.lonely() || t.differences() || t.determined() {
	}
}

// lonely hides more in lines where what is hidden is one cell, or few enterprises together: sum less the published parts would tell it.
func (t *table) lonely() (changed bool) {
	for _, l := range t.lines {
		if t.hidden[l.sum] {
			continue
		}
		for {
			cells, firms := 0, 0
			for _, i := range l.parts {
				if t.hidden[i] {
					cells++
					firms += t.n(i)
				}
			}
			if cells == 0 || cells > 1 && firms >= Least {
				break
			}
			t.hideOne(l)
			changed = true
			if t.hidden[l.sum] {
				break
			}
		}
	}
	return changed
}

// hideOne hides the smallest published part of a line, or its sum where no part is left.
func (t *table) hideOne(l line) {
	best := -1
	for _, i := range l.parts {
		if !t.hidden[i] && (best < 0 || t.n(i) < t.n(best)) {
			best = i
		}
	}
	if best < 0 {
		best = l.sum
	}
	t.hidden[best] = true
}

// differences hides cells whose difference from a published wider one is few enterprises.
func (t *table) differences() (changed bool) {
	for a := range t.keys {
		if t.hidden[a] {
			continue
		}
		for _, b := range t.finer[a] {
			if d := t.n(a) - t.n(b); !t.hidden[b] && d > 0 && d < Least {
				t.hidden[b] = true
				changed = true
			}
		}
	}
	return changed
}

// prime is that of the field in which is eliminated. The coefficients are 0, 1 and -1; a minor that this prime divides is not to be expected of them.
const prime = 1<<31 - 1

// determined finds small cells that follow from the published ones by a linear combination, whatever its length, and hides something in a line of
// each. The unknowns are the hidden cells, an equation is a line.
func (t *table) determined() bool {
	unknown := map[int]int{}
	var cells []int
	for i := range t.keys {
		if t.hidden[i] {
			unknown[i] = len(cells)
			cells = append(cells, i)
		}
	}
	var rows []row
	for _, l := range t.lines {
		var r row
		for _, i := range l.parts {
			if t.hidden[i] {
				r = append(r, term{unknown[i], 1})
			}
		}
		if t.hidden[l.sum] {
			r = append(r, term{unknown[l.sum], prime - 1})
		}
		if len(r) > 0 {
			slices.SortFunc(r, func(a, b term) int { return a.at - b.at })
			rows = append(rows, r)
		}
	}
	changed := false
	for _, u := range reduce(rows) {
		i := cells[u]
		if t.n(i) >= Least {
			continue
		}
		if best := t.nearest(i); best >= 0 {
			t.hidden[best] = true
			changed = true
		}
	}
	return changed
}

// nearest is the smallest published cell in a line of a hidden cell, or, where its lines hold none, in those of the hidden cells in them, and so on. A
// hidden cell from which no published one is reached is not determined, because nothing is known of any of its kin.
func (t *table) nearest(i int) int {
	seen := map[int]bool{i: true}
	for ring := []int{i}; len(ring) > 0; {
		best := -1
		var next []int
		for _, c := range ring {
			for _, l := range t.of[c] {
				for _, k := range append(slices.Clone(t.lines[l].parts), t.lines[l].sum) {
					switch {
					case seen[k]:
					case t.hidden[k]:
						next = append(next, k)
					case best < 0 || cmp.Or(cmp.Compare(t.n(k), t.n(best)), cmp.Compare(k, best)) < 0:
						best = k
					}
					seen[k] = seen[k] || t.hidden[k]
				}
			}
		}
		if best >= 0 {
			return best
		}
		ring = next
	}
	return -1
}

// term and row are of a sparse matrix over the integers modulo prime; terms are sorted.
type term struct{ at, by int }
type row []term

// reduce brings rows into reduced echelon form and returns the unknowns that are fixed: those of rows with one term.
func reduce(rows []row) []int {
	pivots := map[int]row{}
	for _, r := range rows {
		for i := 0; i < len(r); {
			p, ok := pivots[r[i].at]
			if !ok {
				i++
				continue
			}
			r = r.minus(p, r[i].by)
		}
		if len(r) == 0 {
			continue
		}
		r = r.times(inverse(r[0].by))
		at := r[0].at
		for k, p := range pivots {
			if j, ok := slices.BinarySearchFunc(p, at, func(t term, at int) int { return t.at - at }); ok {
				pivots[k] = p.minus(r, p[j].by)
			}
		}
		pivots[at] = r
	}
	var out []int
	for at, r := range pivots {
		if len(r) == 1 {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	return out
}

func (r row) times(by int) row {
	out := make(row, len(r))
	for i, t := range r {
		out[i] = term{t.at, t.by * by % prime}
	}
	return out
}

// minus is r − by·p.
func (r row) minus(p row, by int) row {
	out := make(row, 0, len(r)+len(p))
	i, j := 0, 0
	for i < len(r) || j < len(p) {
		switch {
		case j == len(p) || i < len(r) && r[i].at < p[j].at:
			out = append(out, r[i])
			i++
		case i == len(r) || p[j].at < r[i].at:
			out = append(out, term{p[j].at, (prime - p[j].by*by%prime) % prime})
			j++
		default:
			if v := (r[i].by - p[j].by*by%prime + prime) % prime; v != 0 {
				out = append(out, term{r[i].at, v})
			}
			i++
			j++
		}
	}
	return out
}

func inverse(a int) int {
	out := 1
	for e := prime - 2; e > 0; e >>= 1 {
		if e&1 == 1 {
			out = out * a % prime
		}
		a = a * a % prime
	}
	return out
}
