package census

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/fleet"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

// PlantOf lets census see the plant model.
func PlantOf(p *plant.Service) Plant { return plantModel{p} }

type plantModel struct{ p *plant.Service }

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

func (m plantModel) Machines(ctx context.Context, scope auth.Scope, at int64) ([]Machine, error) {
	nodes, err := m.p.Whole(ctx, scope, instant(at))
	if err != nil {
		return nil, err
	}
	places, machines := map[uuid.UUID]*Place{}, 0
	for i := range nodes {
		if n := &nodes[i]; n.Kind != plant.Machine {
			places[n.ID] = &Place{ID: n.ID, Name: n.Name}
		} else {
			machines++
		}
	}
	out := make([]Machine, 0, machines)
	for i := range nodes {
		switch n := &nodes[i]; n.Kind {
		case plant.Machine:
			out = append(out, Machine{ID: n.ID, Org: n.Org, Name: n.Name, Class: n.Class, Template: n.Template, Place: places[n.Parent], From: n.From})
		default:
			places[n.ID].Up = places[n.Parent]
		}
	}
	return out, nil
}

func (m plantModel) Lives(ctx context.Context, scope auth.Scope) ([]Life, error) {
	lives, err := m.p.Lives(ctx, scope, plant.Machine)
	if err != nil {
		return nil, err
	}
	out := make([]Life, len(lives))
	for i, l := range lives {
		out[i] = Life{ID: l.ID, Class: l.Class, From: l.From, To: l.To}
	}
	return out, nil
}

func (m plantModel) EachPoint(ctx context.Context, scope auth.Scope, at int64, do func(point, machine uuid.UUID) error) error {
	return m.p.EachPoint(ctx, scope, instant(at), do)
}

func (m plantModel) CountPoints(ctx context.Context, scope auth.Scope, at int64) (int, error) {
	return m.p.CountPoints(ctx, scope, instant(at))
}

func (m plantModel) Classes() []Named {
	var out []Named
	for _, c := range m.p.Classes() {
		out = append(out, Named{c.ID, c.Name})
	}
	return out
}

func (m plantModel) Template(id string) text.Text {
	if t := m.p.Template(id); t != nil {
		return t.Name
	}
	return text.Text{}
}

// FleetOf lets census see what is connected through gateways.
func FleetOf(f *fleet.Service) Door { return gateways{f} }

type gateways struct{ f *fleet.Service }

func (g gateways) Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]Tie, error) {
	ties, err := g.f.Ties(ctx, scope, from, to)
	if err != nil {
		return nil, err
	}
	out := make([]Tie, len(ties))
	for i, t := range ties {
		out[i] = Tie{Machine: t.Machine, Channel: t.Gateway, Protocol: t.Driver, Device: t.Unit, From: t.From, To: t.To}
	}
	return out, nil
}

func (g gateways) Channels(ctx context.Context, scope auth.Scope, at int64) ([]Channel, error) {
	list, err := g.f.GatewaysAt(ctx, scope, at)
	if err != nil {
		return nil, err
	}
	rates := g.f.Rates()
	out := make([]Channel, len(list))
	for i, x := range list {
		out[i] = Channel{ID: x.ID, Org: x.Org, Kind: Gateway, Name: x.Name, ValuesPerSecond: rates[x.ID]}
	}
	return out, nil
}

// SourcesOf lets census see what is fed by sources.
func SourcesOf(s *ingest.Service) Door { return sources{s} }

type sources struct{ s *ingest.Service }

func (s sources) Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]Tie, error) {
	feeds, err := s.s.Feeds(ctx, scope, from, to)
	if err != nil {
		return nil, err
	}
	list, err := s.s.SourcesAt(ctx, scope, to-1)
	if err != nil {
		return nil, err
	}
	kinds := map[uuid.UUID]string{}
	for _, x := range list {
		kinds[x.ID] = x.Kind
	}
	out := make([]Tie, len(feeds))
	for i, f := range feeds {
		out[i] = Tie{Machine: f.Machine, Channel: f.Source, Protocol: kinds[f.Source], Device: f.Device, From: f.From, To: f.To}
	}
	return out, nil
}

func (s sources) Channels(ctx context.Context, scope auth.Scope, at int64) ([]Channel, error) {
	list, err := s.s.SourcesAt(ctx, scope, at)
	if err != nil {
		return nil, err
	}
	rates := s.s.Rates()
	out := make([]Channel, len(list))
	for i, x := range list {
		out[i] = Channel{ID: x.ID, Org: x.Org, Kind: Source, Name: x.Name, Protocol: x.Kind, ValuesPerSecond: rates[x.ID]}
	}
	return out, nil
}
