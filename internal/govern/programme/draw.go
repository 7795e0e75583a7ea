package programme

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// DrawRule names the rule by which experts are drawn. Another rule is another name.
//
// For each of the places 1 to k of a case, in the order of places and within a place in the order of the cases' tickets, the expert is
// taken who, among those of the pool that have no conflict with the case and were not drawn for it before,
//
//  1. works for an employer that no other expert of the case works for, where there is such an expert,
//  2. brings a wanted field that the case does not have yet, where there is such an expert,
//  3. has the fewest cases so far,
//  4. has the lowest ticket for the case.
//
// A ticket is SHA-256 of the seed, the case and the expert, in hex, joined by "|"; of a case for a place that of seed, "place", number
// and case.
const DrawRule = "jingwei-draw/1"

// DrawInput is all that a draw depends on. It is kept as it is, so that anybody can draw again.
type DrawInput struct {
	Rule    string      `json:"rule"`
	Seed    string      `json:"seed"` // 64 hex digits
	Experts []DrawnFrom `json:"experts"`
	Cases   []DrawnFor  `json:"cases"`
	Each    int         `json:"each"`
	Fields  []string    `json:"fields"`
}

// DrawnFrom is an expert of the pool.
type DrawnFrom struct {
	ID       uuid.UUID `json:"id"`
	Employer string    `json:"employer"`
	Fields   []string  `json:"fields"`
	Load     int       `json:"load"` // cases that he has already
}

// DrawnFor is a case.
type DrawnFor struct {
	ID    uuid.UUID              `json:"id"`
	Bar   map[uuid.UUID][]string `json:"bar,omitempty"`   // experts that may not, and why
	Holds []uuid.UUID            `json:"holds,omitempty"` // experts that it has and keeps: a replacement is drawn beside them
	Wants int                    `json:"wants"`           // how many are drawn
}

// Drawn is one expert of one case.
type Drawn struct {
	Case    uuid.UUID `json:"case"`
	Expert  uuid.UUID `json:"expert"`
	Place   int       `json:"place"`
	Relaxed bool      `json:"relaxed,omitempty"` // of the same employer as another: there was nobody else
}

// Shortage says that a case has fewer experts without a conflict than it wants.
type Shortage struct {
	Case uuid.UUID
	Has  int
	Want int
}

// Commitment is the hash of a seed, published before anybody can know whom the seed draws.
func Commitment(seed string) string {
	sum := sha256.Sum256([]byte("jingwei-draw-seed|" + seed))
	return hex.EncodeToString(sum[:])
}

func ticket(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:])
}

// Draw draws experts. It is a function of its input alone: not of the order of lists, of time or of the machine. With a shortage
// nothing is drawn.
func Draw(in DrawInput) ([]Drawn, []Shortage) {
	experts := slices.Clone(in.Experts)
	slices.SortFunc(experts, func(a, b DrawnFrom) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	load := map[uuid.UUID]int{}
	byID := map[uuid.UUID]*DrawnFrom{}
	for i := range experts {
		load[experts[i].ID], byID[experts[i].ID] = experts[i].Load, &experts[i]
	}
	type table struct {
		DrawnFor
		has []uuid.UUID
	}
	var tables []*table
	var short []Shortage
	most := 0
	for _, c := range in.Cases {
		t := &table{DrawnFor: c, has: slices.Clone(c.Holds)}
		free := 0
		for i := range experts {
			if _, barred := c.Bar[experts[i].ID]; !barred && !slices.Contains(c.Holds, experts[i].ID) {
				free++
			}
		}
		if free < c.Wants {
			short = append(short, Shortage{c.ID, free, c.Wants})
		}
		most = max(most, c.Wants)
		tables = append(tables, t)
	}
	if len(short) > 0 {
		slices.SortFunc(short, func(a, b Shortage) int { return strings.Compare(a.Case.String(), b.Case.String()) })
		return nil, short
	}
	var out []Drawn
	for place := 1; place <= most; place++ {
		order := slices.Clone(tables)
		at := func(t *table) string { return ticket(in.Seed, "place", fmt.Sprint(place), t.ID.String()) }
		slices.SortFunc(order, func(a, b *table) int { return strings.Compare(at(a), at(b)) })
		for _, t := range order {
			if place > t.Wants {
				continue
			}
			employers, covered := map[string]bool{}, map[string]bool{}
			for _, id := range t.has {
				if e := byID[id]; e != nil {
					employers[e.Employer] = e.Employer != ""
					for _, f := range e.Fields {
						covered[f] = true
					}
				}
			}
			var best *DrawnFrom
			var bestKey string
			for i := range experts {
				e := &experts[i]
				if _, barred := t.Bar[e.ID]; barred || slices.Contains(t.has, e.ID) {
					continue
				}
				brings := slices.ContainsFunc(e.Fields, func(f string) bool { return slices.Contains(in.Fields, f) && !covered[f] })
				key := fmt.Sprintf("%d|%d|%09d|%s", digit(employers[e.Employer]), digit(!brings), load[e.ID], ticket(in.Seed, t.ID.String(), e.ID.String()))
				if best == nil || key < bestKey {
					best, bestKey = e, key
				}
			}
			out = append(out, Drawn{Case: t.ID, Expert: best.ID, Place: place, Relaxed: employers[best.Employer]})
			t.has = append(t.has, best.ID)
			load[best.ID]++
		}
	}
	slices.SortFunc(out, func(a, b Drawn) int {
		return strings.Compare(fmt.Sprintf("%s|%09d", a.Case, a.Place), fmt.Sprintf("%s|%09d", b.Case, b.Place))
	})
	return out, nil
}

func digit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// DrawRecord is a draw as it is kept and given to whoever wants to check it.
type DrawRecord struct {
	Commitment string    `json:"commitment"` // published when the round was opened
	Input      DrawInput `json:"input"`
	Result     []Drawn   `json:"result"`
	Occasion   string    `json:"occasion"` // draw, or replacement
}

// Verify draws again and compares. It returns what does not agree, nothing where all does.
func (r *DrawRecord) Verify() error {
	if r.Input.Rule != DrawRule {
		return fmt.Errorf("the rule %q is not known here", r.Input.Rule)
	}
	if Commitment(r.Input.Seed) != r.Commitment {
		return fmt.Errorf("the seed is not the one whose hash was published")
	}
	again, short := Draw(r.Input)
	a, _ := json.Marshal(again)
	b, _ := json.Marshal(r.Result)
	if len(short) > 0 || string(a) != string(b) {
		return fmt.Errorf("drawing again gives another result")
	}
	return nil
}
