package main

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/exchange/match"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register/party"
)

// openMatching opens what brings needs and supply together.
func (n *node) openMatching(ctx context.Context) error {
	trades, err := party.Load(n.packs)
	if err != nil {
		return err
	}
	n.matching, err = match.New(ctx, match.Options{
		DB: n.db, Packs: n.packs, Registers: n.registers, Facts: n.facts, Parties: matched{n}, Messenger: matchMessages{n}, Now: n.now, Logger: n.log,
		Trade: func(code string) text.Text {
			if name, ok := trades.Industries.Name(code); ok {
				return name
			}
			return text.Both(code)
		},
	})
	return err
}

// matched tells matching who organisations are (match.Parties).
type matched struct{ n *node }

func (m matched) Home(ctx context.Context) (uuid.UUID, bool, error) {
	o, ok, err := m.n.orgs.Home(ctx)
	return o.ID, ok, err
}

func (m matched) Of(ctx context.Context, id uuid.UUID, day string) (match.Party, error) {
	o, err := m.n.orgs.Get(ctx, id)
	if err != nil {
		return match.Party{}, err
	}
	out := match.Party{Name: o.Name, CreditCode: o.CreditCode}
	e, known, err := m.n.known.Of(ctx, id, day)
	if err == nil && known {
		out.Industry, out.Region, out.Size = e.Industry, e.Region, e.Size
	}
	return out, err
}

// Related are the organisations above one, and all that it owns.
func (m matched) Related(ctx context.Context, id uuid.UUID) ([]uuid.UUID, error) {
	now, found := m.n.now().UnixNano(), map[uuid.UUID]bool{}
	top := id
	for range 20 { // ownership has no cycles; a chain of owners is short
		up, err := m.n.orgs.Parents(ctx, []uuid.UUID{top}, now)
		if err != nil {
			return nil, err
		}
		parent, owned := up[top]
		if !owned {
			break
		}
		found[parent], top = true, parent
	}
	below, err := m.n.orgs.Reach(ctx, []uuid.UUID{id}, now)
	if err != nil {
		return nil, err
	}
	for _, o := range below[id] {
		found[o] = true
	}
	delete(found, id)
	return slices.Collect(maps.Keys(found)), nil
}

var _ match.Parties = matched{}
