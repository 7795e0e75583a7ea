package cell

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func pictureOf(cells int, owners ...string) *picture {
	p := &picture{owner: map[string]string{}, taken: map[string]int64{}}
	for i := range cells {
		c := fmt.Sprintf("c%02d", i)
		p.cells = append(p.cells, c)
		if i < len(owners) && owners[i] != "" {
			p.owner[c], p.taken[c] = owners[i], int64(i)
		}
	}
	return p
}

func TestWhoMayTakeAFreeCell(t *testing.T) {
	for _, c := range []struct {
		name    string
		p       *picture
		members []member
		id      string
		want    bool
	}{
		{"alone takes all", pictureOf(3, "a", "a"), []member{{id: "a"}}, "a", true},
		{"below the share", pictureOf(4, "a", "b", "b"), []member{{id: "a"}, {id: "b"}}, "a", true},
		{"at the share, another has room", pictureOf(4, "a", "a", "b"), []member{{id: "a"}, {id: "b"}}, "a", false},
		{"at the share, another has room and failed with it", pictureOf(4, "a", "a", "b"), []member{{id: "a"}, {id: "b", failing: []string{"c03"}}}, "a", true},
		{"the odd one goes to whoever asks first", pictureOf(3, "a", "b"), []member{{id: "a"}, {id: "b"}}, "a", true},
		{"not before the others have their share", pictureOf(4, "a"), []member{{id: "a"}, {id: "b"}, {id: "c"}}, "a", false},
		{"more processes than cells", pictureOf(2, "a"), []member{{id: "a"}, {id: "b"}, {id: "c"}}, "a", false},
		{"more processes than cells, one without", pictureOf(2, "a"), []member{{id: "a"}, {id: "b"}, {id: "c"}}, "b", true},
		{"what the dead hold is not counted to the living", pictureOf(4, "x", "x", "a"), []member{{id: "a"}}, "a", true},
	} {
		c.p.members = c.members
		if got := c.p.may(c.id, c.p.cells[len(c.p.cells)-1]); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestWhatChangesHands(t *testing.T) {
	two := []member{{id: "a"}, {id: "b"}}
	for _, c := range []struct {
		name     string
		p        *picture
		members  []member
		settling bool
		want     string
	}{
		{"the cell taken last, to a newcomer", pictureOf(3, "a", "a", "a"), two, false, "a c02"},
		{"a difference of one is fair", pictureOf(3, "a", "a", "b"), two, false, ""},
		{"not while cells are about to be taken", pictureOf(3, "a", "a", "a"), two, true, ""},
		{"not before the newcomer has opened what it has", pictureOf(4, "a", "a", "a", "b"), []member{{id: "a"}, {id: "b", opening: 1}}, false, ""},
		{"not what the newcomer failed with", pictureOf(3, "a", "a", "a"), []member{{id: "a"}, {id: "b", failing: []string{"c02", "c01"}}}, false, "a c00"},
		{"of those with most, one", pictureOf(4, "a", "b", "a", "b"), []member{{id: "a"}, {id: "b"}, {id: "c"}}, false, "a c02"},
		{"alone", pictureOf(3, "a", "a", "a"), []member{{id: "a"}}, false, ""},
	} {
		c.p.members = c.members
		got := ""
		if owner, cell, ok := c.p.move(c.settling); ok {
			got = owner + " " + cell
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestPlanEndsFair: from any state, with processes that come, die and fail with some cells, taking and giving in any order
// ends; every cell that anybody can open is taken, nobody has two more than another who could have them, and the last
// rounds move nothing.
func TestPlanEndsFair(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 5))
		p := pictureOf(1 + r.IntN(12))
		for i := range 1 + r.IntN(6) {
			m := member{id: fmt.Sprint("p", i)}
			for _, c := range p.cells {
				if r.IntN(10) == 0 {
					m.failing = append(m.failing, c)
				}
			}
			p.members = append(p.members, m)
		}
		for i, c := range p.cells {
			if r.IntN(3) > 0 { // by whomever, also by one who is dead by now
				p.owner[c], p.taken[c] = fmt.Sprint("p", r.IntN(8)), int64(i)
			}
		}
		clock, moves := int64(100), 0
		for c, owner := range p.owner { // the leases of the dead run out, and nobody holds what it fails with
			if !slices.ContainsFunc(p.members, func(m member) bool { return m.id == owner && !slices.Contains(m.failing, c) }) {
				delete(p.owner, c)
			}
		}
		for round := 0; ; round++ {
			if round > 200 {
				t.Fatalf("seed %d: it does not end: %v", seed, p.owner)
			}
			changed := false
			for _, i := range r.Perm(len(p.members)) {
				m := p.members[i]
				for _, c := range p.free(m.id) {
					if !slices.Contains(m.failing, c) && p.may(m.id, c) {
						clock++
						p.owner[c], p.taken[c] = m.id, clock
						changed = true
					}
				}
			}
			if !changed {
				owner, cell, ok := p.move(false)
				if !ok {
					break
				}
				if slices.ContainsFunc(p.members, func(m member) bool { return m.id == owner }) {
					delete(p.owner, cell)
					moves++
				}
			}
		}
		if moves > 2*len(p.cells) {
			t.Errorf("seed %d: %d cells were moved %d times", seed, len(p.cells), moves)
		}
		for _, c := range p.cells {
			able := slices.ContainsFunc(p.members, func(m member) bool { return !slices.Contains(m.failing, c) })
			if _, taken := p.owner[c]; taken != able {
				t.Errorf("seed %d: %s is taken: %v, somebody is able: %v", seed, c, taken, able)
			}
		}
		if owner, cell, ok := p.move(false); ok {
			t.Errorf("seed %d: %s would move from %s", seed, cell, owner)
		}
	}
}
