package auth

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// Scope is the right to use one verb on the things of some organisations. Only this package makes one (Allow,
// Visible, System, Everywhere); its zero value reaches nothing. Every query of a table that belongs to tenants takes
// one, so that a query without an organisation does not compile.
type Scope struct {
	principal Principal
	verb      Verb
	orgs      []uuid.UUID // sorted
	all       bool
}

// Allow asks whether the caller may use the verb on an organisation's things. It returns ErrUnauthenticated when
// nobody is signed in, ErrNotFound when the organisation is not visible to the caller (who is not told whether it
// exists), and ErrForbidden when it is visible but the caller's role lacks the verb.
func Allow(ctx context.Context, verb Verb, org uuid.UUID) (Scope, error) {
	p, err := Need(ctx)
	if err != nil {
		return Scope{}, err
	}
	if p.Kind != KindSystem && (org == uuid.Nil || p.roles[org] == "") {
		return Scope{}, ErrNotFound.With("thing", "org")
	}
	if !p.may(verb, org) {
		return Scope{}, ErrForbidden.With("verb", string(verb))
	}
	return Scope{principal: p, verb: verb, orgs: []uuid.UUID{org}}, nil
}

// Visible is the scope of all organisations in which the caller has the verb; it may be empty, and a query with it
// then finds nothing. A thing asked for by its own id is looked up with Visible(Read): what another tenant owns is
// not found. Where the thing is then to be changed, Allow(Configure, its organisation) follows.
func Visible(ctx context.Context, verb Verb) (Scope, error) {
	p, err := Need(ctx)
	if err != nil {
		return Scope{}, err
	}
	s := Scope{principal: p, verb: verb, all: p.Kind == KindSystem}
	for org := range p.roles {
		if p.may(verb, org) {
			s.orgs = append(s.orgs, org)
		}
	}
	slices.SortFunc(s.orgs, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return s, nil
}

// AllowOrVisible is for lists with an optional ?org=: Allow when one is named, else Visible.
func AllowOrVisible(ctx context.Context, verb Verb, org uuid.UUID) (Scope, error) {
	if org == uuid.Nil {
		return Visible(ctx, verb)
	}
	return Allow(ctx, verb, org)
}

// AllowNode asks whether the caller may use a verb of the node itself (Metrics, Node). It returns
// ErrUnauthenticated or ErrForbidden.
func AllowNode(ctx context.Context, verb Verb) (Principal, error) {
	p, err := Need(ctx)
	if err != nil {
		return p, err
	}
	if !p.may(verb, p.home) {
		return p, ErrForbidden.With("verb", string(verb))
	}
	return p, nil
}

// System is the node's own work for one organisation.
func System(org uuid.UUID) Scope {
	return Scope{principal: Principal{Kind: KindSystem, Name: "node", Via: "node"}, verb: Configure, orgs: []uuid.UUID{org}}
}

// Everywhere is the node's own work across all organisations: loading a catalogue at start, purging what expired.
// Never answer a caller from it.
func Everywhere() Scope {
	return Scope{principal: Principal{Kind: KindSystem, Name: "node", Via: "node"}, verb: Configure, all: true}
}

// Principal is who holds the scope.
func (s Scope) Principal() Principal { return s.principal }

// Verb is what the scope was given for.
func (s Scope) Verb() Verb { return s.verb }

// Includes tells whether the scope reaches an organisation's things.
func (s Scope) Includes(org uuid.UUID) bool {
	if s.all {
		return true
	}
	_, found := slices.BinarySearchFunc(s.orgs, org, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return found
}

// All tells whether the scope reaches every organisation (the node's own work only).
func (s Scope) All() bool { return s.all }

// Empty tells whether the scope reaches nothing.
func (s Scope) Empty() bool { return !s.all && len(s.orgs) == 0 }

// Orgs are the organisations, sorted; nil when All.
func (s Scope) Orgs() []uuid.UUID { return slices.Clone(s.orgs) }

// Org is the organisation of a scope for exactly one, as Allow returns it; zero otherwise.
func (s Scope) Org() uuid.UUID {
	if !s.all && len(s.orgs) == 1 {
		return s.orgs[0]
	}
	return uuid.Nil
}

// Where limits a select to the scope; column is the one that holds the owning organisation ("org", or "s.org").
func (s Scope) Where(q *bun.SelectQuery, column string) *bun.SelectQuery {
	if s.all {
		return q
	}
	return q.Where(s.condition(), s.arguments(column)...)
}

// WhereUpdate limits an update to the scope.
func (s Scope) WhereUpdate(q *bun.UpdateQuery, column string) *bun.UpdateQuery {
	if s.all {
		return q
	}
	return q.Where(s.condition(), s.arguments(column)...)
}

// WhereDelete limits a delete to the scope.
func (s Scope) WhereDelete(q *bun.DeleteQuery, column string) *bun.DeleteQuery {
	if s.all {
		return q
	}
	return q.Where(s.condition(), s.arguments(column)...)
}

func (s Scope) condition() string {
	if len(s.orgs) == 0 {
		return "1 = 0"
	}
	return "? IN (?)"
}

func (s Scope) arguments(column string) []any {
	if len(s.orgs) == 0 {
		return nil
	}
	return []any{bun.Ident(column), bun.List(store.Words(s.orgs))}
}
