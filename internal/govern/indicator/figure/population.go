package figure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
)

// Population is who a figure is of, as they were on a day. It is immutable: equal members have equal bytes, in whatever order they were
// found.
type Population struct {
	Keeper   uuid.UUID
	Scope    string // division in which they lie (GB/T 2260), "" for wherever
	Filter   string // canonical text of an indicator.Filter
	Day      string
	Members  []indicator.Enterprise // by code, each once
	Doubles  int                    // entries that were left out because their enterprise was there already
	Unplaced int                    // enterprises of which no division is known
}

const (
	populationFormat = 1
	maxMembers       = 1 << 20
	maxCode          = 64
	maxTags          = 100
	maxName          = 1000
)

// NewPopulation puts members in order. Of two with one code the first counts, and the others are doubles.
func NewPopulation(keeper uuid.UUID, scope, filter, day string, members []indicator.Enterprise, doubles, unplaced int) *Population {
	p := &Population{Keeper: keeper, Scope: scope, Filter: filter, Day: day, Members: slices.Clone(members), Doubles: doubles, Unplaced: unplaced}
	slices.SortStableFunc(p.Members, byCode)
	before := len(p.Members)
	p.Members = slices.CompactFunc(p.Members, func(a, b indicator.Enterprise) bool { return a.Code == b.Code })
	p.Doubles += before - len(p.Members)
	for i := range p.Members {
		m := &p.Members[i]
		m.Tags = slices.Compact(slices.Sorted(slices.Values(m.Tags)))
	}
	return p
}

func byCode(a, b indicator.Enterprise) int { return strings.Compare(a.Code, b.Code) }

// Find is the member with a code; nil where there is none.
func (p *Population) Find(code string) *indicator.Enterprise {
	i, ok := slices.BinarySearchFunc(p.Members, code, func(e indicator.Enterprise, code string) int { return strings.Compare(e.Code, code) })
	if !ok {
		return nil
	}
	return &p.Members[i]
}

// Encode gives the canonical bytes.
func (p *Population) Encode() []byte {
	w := &wire{make([]byte, 0, 128+160*len(p.Members))}
	w.byte(populationFormat)
	w.id(p.Keeper)
	w.text(p.Scope)
	w.text(p.Filter)
	w.text(p.Day)
	w.count(p.Doubles)
	w.count(p.Unplaced)
	w.count(len(p.Members))
	for i := range p.Members {
		w.member(&p.Members[i])
	}
	return w.b
}

func (w *wire) member(m *indicator.Enterprise) {
	w.text(m.Code)
	w.text(m.Name)
	w.id(m.Entry)
	w.id(m.Org)
	for _, s := range []string{m.Industry, m.Region, m.Size, m.Cluster} {
		w.text(s)
	}
	designated := byte(0)
	if m.Designated {
		designated = 1
	}
	w.byte(designated)
	w.count(len(m.Tags))
	for _, t := range m.Tags {
		w.text(t)
	}
}

// Hash is the SHA-256 of the canonical bytes.
func (p *Population) Hash() Hash { return Sum(p.Encode()) }

// DecodePopulation reads what Encode has written and nothing else. Error: ErrBytes.
func DecodePopulation(b []byte) (*Population, error) {
	r := &unwire{b: b}
	r.version(populationFormat, "a population")
	p := &Population{Keeper: r.id("its keeper"), Scope: r.text(maxWord, "its scope"), Filter: r.text(maxFilter, "its filter"), Day: r.text(maxWord, "its day"),
		Doubles: r.count(maxMembers, "doubles"), Unplaced: r.count(maxMembers, "unplaced enterprises")}
	n := r.count(maxMembers, "members")
	p.Members = make([]indicator.Enterprise, 0, min(n, len(r.b)/40+1))
	for i := range n {
		e := r.member()
		if r.err != nil {
			return nil, r.err
		}
		if i > 0 && p.Members[i-1].Code >= e.Code {
			return nil, fmt.Errorf("%w: members do not ascend at %.40q", ErrBytes, e.Code)
		}
		p.Members = append(p.Members, e)
	}
	if err := r.end("a population"); err != nil {
		return nil, err
	}
	return p, nil
}

func (r *unwire) member() indicator.Enterprise {
	e := indicator.Enterprise{Code: r.text(maxCode, "a code"), Name: r.text(maxName, "a name"), Entry: r.id("an entry"), Org: r.id("an organisation"),
		Industry: r.text(maxWord, "an industry"), Region: r.text(maxWord, "a division"), Size: r.text(maxWord, "a size"), Cluster: r.text(maxName, "a cluster")}
	switch v := r.byte("designated"); v {
	case 0:
	case 1:
		e.Designated = true
	default:
		r.fail("designated is %d", v)
	}
	for range r.count(maxTags, "tags") {
		e.Tags = append(e.Tags, r.text(maxWord, "a tag"))
	}
	if !ascending(e.Tags) {
		r.fail("the tags of %.40q do not ascend", e.Code)
	}
	return e
}
