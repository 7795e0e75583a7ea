package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/fleet"
	"jingwei/internal/connect/ingest"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/rollup/kept"
)

// watched lets data health ask the plant where series stand (health.Plant).
type watched struct{ plant *plant.Service }

func (w watched) Nodes(ctx context.Context, scope auth.Scope) ([]health.Node, error) {
	nodes, err := w.plant.EveryNode(ctx, scope)
	if err != nil {
		return nil, err
	}
	return store.All(nodes, func(n *plant.Node) health.Node {
		return health.Node{ID: n.ID, Org: n.Org, Parent: n.Parent, Kind: string(n.Kind), Name: n.Name, From: n.From, To: n.To}
	}), nil
}

func (w watched) EachPoint(ctx context.Context, scope auth.Scope, yield func(*health.Point) error) error {
	return w.plant.EveryPoint(ctx, scope, func(p *plant.Point) error {
		out := watchedPoint(p)
		return yield(&out)
	})
}

func (w watched) Point(ctx context.Context, scope auth.Scope, id uuid.UUID) (health.Point, error) {
	p, err := w.plant.LastPoint(ctx, scope, id)
	return watchedPoint(&p), err
}

func watchedPoint(p *plant.Point) health.Point {
	return health.Point{ID: p.ID, Org: p.Org, Machine: p.Machine, Key: p.Key, Name: p.Name, Every: time.Duration(p.Every), From: p.From, To: p.To}
}

// gatewayTies and sourceTies tell data health what connected machines, and when (health.Door).
type gatewayTies struct{ fleet *fleet.Service }

func (g gatewayTies) Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]health.Tie, error) {
	ties, err := g.fleet.Ties(ctx, scope, from, to)
	if err != nil {
		return nil, err
	}
	gateways, err := g.fleet.GatewaysAt(ctx, scope, to-1)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]text.Text{}
	for _, x := range gateways {
		names[x.ID] = x.Name
	}
	return store.All(ties, func(t *fleet.Tie) health.Tie {
		return health.Tie{Machine: t.Machine, By: health.ByGateway, Channel: t.Gateway, Name: names[t.Gateway], Link: t.Link, From: t.From, To: t.To}
	}), nil
}

type sourceTies struct{ sources *ingest.Service }

func (s sourceTies) Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]health.Tie, error) {
	feeds, err := s.sources.Feeds(ctx, scope, from, to)
	if err != nil {
		return nil, err
	}
	sources, err := s.sources.SourcesAt(ctx, scope, to-1)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]text.Text{}
	for _, x := range sources {
		names[x.ID] = x.Name
	}
	return store.All(feeds, func(f *ingest.Feed) health.Tie {
		return health.Tie{Machine: f.Machine, By: health.BySource, Channel: f.Source, Name: names[f.Source], From: f.From, To: f.To}
	}), nil
}

// restatedHours tells data health which hours of series were restated (health.Options.Restated).
func restatedHours(rows *kept.Service) func(context.Context, auth.Scope, uuid.UUID, int64, int64) (map[uuid.UUID]health.Restatements, error) {
	return func(ctx context.Context, scope auth.Scope, series uuid.UUID, from, to int64) (map[uuid.UUID]health.Restatements, error) {
		told, err := rows.RestatedIn(ctx, scope, series, from, to)
		if err != nil {
			return nil, err
		}
		out := make(map[uuid.UUID]health.Restatements, len(told))
		for id, x := range told {
			out[id] = health.Restatements{Hours: x.Hours, From: x.From, To: x.To}
		}
		return out, nil
	}
}

var (
	_ health.Plant = watched{}
	_ health.Door  = gatewayTies{}
	_ health.Door  = sourceTies{}
)
