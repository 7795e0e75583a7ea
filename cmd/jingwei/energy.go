package main

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/operate/energy/quality"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/rollup/kept"
)

// openEnergy opens what scores energy data. It needs facts, the plant, roll-ups and what knows the causes of gaps.
func (n *node) openEnergy(context.Context) error {
	rules, err := quality.Load(n.packs)
	if err != nil {
		return err
	}
	n.energy = quality.New(quality.Options{
		Library: rules, Facts: n.facts, Plant: energyPlant{n.plant}, Rows: n.rollups, Store: n.telemetry, Calendars: calendarsOf(n.plant), Gaps: n.health,
		Consent: energyConsent{n.facts}, Counter: counts(n.rollups), Givers: energyGivers{n.auth, n.orgs}.to, Horizon: n.retention.Horizon, Now: n.now,
	})
	return nil
}

// energyPlant tells what energy is measured (quality.Plant).
type energyPlant struct{ plant *plant.Service }

func (p energyPlant) Points(ctx context.Context, id uuid.UUID) (out []quality.Point, err error) {
	scope := auth.System(id)
	nodes, err := p.plant.EveryNode(ctx, scope)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]text.Text{}
	for i := range nodes {
		names[nodes[i].ID] = nodes[i].Name
	}
	err = p.plant.EveryPoint(ctx, scope, func(x *plant.Point) error {
		if isEnergy(x.Unit) {
			out = append(out, quality.Point{ID: x.ID, Machine: x.Machine, Name: x.Name, On: names[x.Machine], Unit: x.Unit, From: x.From, To: x.To})
		}
		return nil
	})
	return out, err
}

// counts tells whether series are said to be counters.
func counts(rows *kept.Service) func(context.Context, uuid.UUID) (bool, error) {
	return func(ctx context.Context, series uuid.UUID) (bool, error) {
		_, err := rows.Counter(ctx, series)
		if errors.Is(err, kept.ErrNoCounter) || errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	}
}

// energyConsent asks for grants of what the main meters delivered, and of declarations (quality.Consent).
type energyConsent struct{ facts *fact.Service }

func (c energyConsent) Energy(ctx context.Context, id uuid.UUID) (own bool, err error) {
	if _, err := auth.Allow(ctx, auth.Read, id); err == nil {
		return true, nil
	}
	return false, noConsent(consented(ctx, id, "energy"))
}

func (c energyConsent) Report(ctx context.Context, id uuid.UUID) error {
	return noConsent(indicatorFacts{c.facts}.allowed(ctx, &indicator.FactQuery{Org: id, Kind: "declaration", Fields: quality.ReportFields}))
}

func noConsent(err error) error {
	if errors.Is(err, indicator.ErrNoConsent) {
		return quality.ErrNoConsent
	}
	return err
}

// energyGivers are those whose grants stand.
type energyGivers struct {
	auth *auth.Service
	orgs *org.Service
}

func (g energyGivers) to(ctx context.Context, taker uuid.UUID) (out []quality.Giver, err error) {
	err = store.Each(func(page store.Page) ([]org.Grant, string, error) {
		page.Limit = store.MaxLimit
		return g.auth.ListGrants(ctx, taker, false, true, true, page)
	}, func(x org.Grant) error {
		if x.Kind != measuredGrant || x.Subject != "energy" || slices.ContainsFunc(out, func(o quality.Giver) bool { return o.Org == x.From }) {
			return nil
		}
		o, err := g.orgs.Get(ctx, x.From)
		if err != nil {
			return err
		}
		out = append(out, quality.Giver{Org: o.ID, Name: o.Name})
		return nil
	})
	return out, err
}

var (
	_ quality.Plant   = energyPlant{}
	_ quality.Consent = energyConsent{}
)
