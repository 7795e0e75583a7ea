package cell

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// member is a living process as the plan sees it.
type member struct {
	id      string
	failing []string // cells that it could not open
	opening int      // cells that it holds and has not opened yet
}

// picture is what a plan is made from.
type picture struct {
	cells   []string          // all of the deployment
	members []member          // living, self included
	owner   map[string]string // by cell: the member whose lease stands, also where it is dead; free cells are not in it
	taken   map[string]int64  // by owned cell: when it was taken, ns
}

func (p *picture) load(id string) int {
	n := 0
	for _, owner := range p.owner {
		if owner == id {
			n++
		}
	}
	return n
}

// free are the cells that nobody has, in an order of the member's own, so that processes that start together do not all
// ask for the same one.
func (p *picture) free(id string) []string {
	var out []string
	for _, c := range p.cells {
		if _, taken := p.owner[c]; !taken {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(weight(id, a), weight(id, b)), cmp.Compare(a, b))
	})
	return out
}

func weight(id, cell string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id + "\x00" + cell))
	return h.Sum64()
}

// may tells whether a member takes a free cell: always below its share rounded down, which robs nobody; above it where
// no other that could open the cell has fewer. So nobody takes more than its share rounded up, except a cell that those
// who have room could not open.
func (p *picture) may(id, cell string) bool {
	load := p.load(id)
	if load < len(p.cells)/max(1, len(p.members)) {
		return true
	}
	for _, m := range p.members {
		if m.id != id && !slices.Contains(m.failing, cell) && p.load(m.id) < load {
			return false
		}
	}
	return true
}

// move names the next cell that should change hands for fairness, and its owner: from one with most to one that has at
// least two fewer, has opened all it has, and is not known to be unable to open it. Of the owner's cells the one taken
// last goes, which has least to lose. ok is false where all is fair, and while settling is told: cells are free that are
// about to be taken.
func (p *picture) move(settling bool) (owner, cell string, ok bool) {
	if settling {
		return "", "", false
	}
	from := slices.Clone(p.members)
	slices.SortFunc(from, func(a, b member) int {
		return cmp.Or(cmp.Compare(p.load(b.id), p.load(a.id)), cmp.Compare(a.id, b.id))
	})
	to := slices.Clone(from)
	slices.Reverse(to)
	for _, giver := range from {
		for _, taker := range to {
			if p.load(giver.id)-p.load(taker.id) < 2 || taker.opening > 0 {
				continue
			}
			var best string
			for _, c := range p.cells {
				if p.owner[c] == giver.id && !slices.Contains(taker.failing, c) && (best == "" || p.taken[c] > p.taken[best]) {
					best = c
				}
			}
			if best != "" {
				return giver.id, best, true
			}
		}
	}
	return "", "", false
}
