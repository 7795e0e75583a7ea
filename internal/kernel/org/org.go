package org

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Kind of an organisation.
type Kind string

// The kinds.
const (
	Enterprise  Kind = "enterprise"  // a legal person that makes, trades or serves
	Unit        Kind = "unit"        // a part without legal personality: plant, branch, department
	Park        Kind = "park"        // an industrial park's operator
	Government  Kind = "government"  // a public body
	Association Kind = "association" // chamber, industry association, alliance
	Institution Kind = "institution" // university, institute, testing body, bank
)

// Kinds that exist.
var Kinds = []Kind{Enterprise, Unit, Park, Government, Association, Institution}

// MaxName is the longest name of an organisation in characters, in each language.
const MaxName = 120

// Org is an organisation. It is a tenant: every thing on a node belongs to one.
type Org struct {
	ID         uuid.UUID
	Kind       Kind
	Name       text.Text
	CreditCode string // unified social credit code, or "" where there is none
	Home       bool   // it runs this node: its owners run the node too
	Created    time.Time
}

// Span is a time with a half-open end [From, To); To is store.Forever while it lasts. Nanoseconds since 1970 UTC.
type Span struct{ From, To int64 }

// At tells whether the span covers a time.
func (s Span) At(t int64) bool { return s.From <= t && t < s.To }

// Open tells whether the span has no end yet.
func (s Span) Open() bool { return s.To == store.Forever }

// Ownership says that a child belonged to a parent for a time. A child has one parent at a time.
type Ownership struct {
	ID     uuid.UUID
	Child  uuid.UUID
	Parent uuid.UUID
	Span
}

// Membership says that an organisation was a member of a body (park, district, association) for a time.
type Membership struct {
	ID     uuid.UUID
	Member uuid.UUID
	Body   uuid.UUID
	Span
}

// What a caller may act on.
var (
	ErrCreditCode = problem.Define("credit-code-invalid", 422)   // reason
	ErrCodeTaken  = problem.Define("credit-code-taken", 409)     //
	ErrName       = problem.Define("org-name-invalid", 422)      // reason
	ErrKind       = problem.Define("org-kind-unknown", 422)      // kinds
	ErrCycle      = problem.Define("org-owns-itself", 409)       //
	ErrOwned      = problem.Define("org-owned-already", 409)     // parent
	ErrNeedParent = problem.Define("org-unit-needs-parent", 422) //
	ErrSpan       = problem.Define("org-span-invalid", 422)      // a span that ends before it begins
	ErrNoOrg      = problem.NotFound                             //
)

// Problems are the kinds this room defines.
func Problems() []*problem.Kind {
	return slices.Concat([]*problem.Kind{ErrCreditCode, ErrCodeTaken, ErrName, ErrKind, ErrCycle, ErrOwned, ErrNeedParent, ErrSpan}, errGrants, errAgreements)
}

// Inherited returns, for each organisation in which somebody has something of their own, the parts that it reaches at
// a time: the organisation itself and, along ownership, every unit below it, as long as each step goes to a unit.
// A subsidiary (a legal person of its own) ends the way, and membership is no way at all. An organisation that is
// reached from several is listed under each.
func Inherited(roots []uuid.UUID, edges []Ownership, kind func(uuid.UUID) Kind, at int64) map[uuid.UUID][]uuid.UUID {
	children := map[uuid.UUID][]uuid.UUID{}
	for _, e := range edges {
		if e.At(at) && kind(e.Child) == Unit {
			children[e.Parent] = append(children[e.Parent], e.Child)
		}
	}
	out := make(map[uuid.UUID][]uuid.UUID, len(roots))
	for _, root := range roots {
		seen := map[uuid.UUID]bool{root: true}
		way := []uuid.UUID{root}
		for i := 0; i < len(way); i++ {
			for _, c := range children[way[i]] {
				if !seen[c] { // data that go round in a circle must not
					seen[c] = true
					way = append(way, c)
				}
			}
		}
		out[root] = way
	}
	return out
}

// fits checks that a new ownership keeps the tree a tree: no second parent at any time, no circle at any time.
func fits(n Ownership, edges []Ownership) error {
	if n.From >= n.To {
		return ErrSpan.At("body.from", n.From)
	}
	if n.Child == n.Parent {
		return ErrCycle.At("body.parent", n.Parent)
	}
	overlap := func(a, b Span) (Span, bool) {
		s := Span{max(a.From, b.From), min(a.To, b.To)}
		return s, s.From < s.To
	}
	for _, e := range edges {
		if e.Child != n.Child {
			continue
		}
		if _, ok := overlap(e.Span, n.Span); ok {
			return ErrOwned.At("body.parent", n.Parent).With("parent", e.Parent)
		}
	}
	// Climb from the new parent; a path that comes to the child with all its spans overlapping is a circle.
	type step struct {
		at   uuid.UUID
		span Span
	}
	way := []step{{n.Parent, n.Span}}
	for len(way) > 0 && len(way) < 10_000 {
		s := way[0]
		way = way[1:]
		for _, e := range edges {
			if e.Child != s.at {
				continue
			}
			span, ok := overlap(e.Span, s.span)
			if !ok {
				continue
			}
			if e.Parent == n.Child {
				return ErrCycle.At("body.parent", n.Parent)
			}
			way = append(way, step{e.Parent, span})
		}
	}
	return nil
}
