package main

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/promql"
)

// named lets PromQL ask the plant what series are called and where they stand (promql.Catalogue).
type named struct{ plant *plant.Service }

func (d named) Points(ctx context.Context, scope auth.Scope, yield func(promql.Point) error) error {
	nodes, err := d.plant.EveryNode(ctx, scope)
	if err != nil {
		return err
	}
	byID := make(map[uuid.UUID]*plant.Node, len(nodes))
	for i := range nodes {
		byID[nodes[i].ID] = &nodes[i]
	}
	return d.plant.EveryPoint(ctx, scope, func(p *plant.Point) error {
		out := promql.Point{ID: p.ID, Org: p.Org, Machine: p.Machine, Key: p.Key, Name: p.Name}
		// A node stands under one of a higher kind only (plant.Kind.Stands), so this ends.
		for n := byID[p.Machine]; n != nil; n = byID[n.Parent] {
			place := map[plant.Kind]*text.Text{plant.Machine: &out.MachineName, plant.Line: &out.Line, plant.Area: &out.Area, plant.Site: &out.Site}[n.Kind]
			if place != nil {
				*place = n.Name
			}
		}
		return yield(out)
	})
}
