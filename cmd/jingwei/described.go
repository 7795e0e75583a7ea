package main

import (
	"context"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/reading"
)

// described lets the reading of series ask the plant what they are.
type described struct{ plant *plant.Service }

func (d described) Points(ctx context.Context, scope auth.Scope, f reading.Filter, page store.Page) ([]reading.Point, string, error) {
	items, next, err := d.plant.Points(ctx, scope, plant.PointFilter{Machine: f.Machine, IDs: f.IDs}, page)
	if err != nil {
		return nil, "", err
	}
	out := make([]reading.Point, len(items))
	for i, p := range items {
		out[i] = reading.Point{ID: p.ID, Org: p.Org, Machine: p.Machine, Name: p.Name}
	}
	return out, next, nil
}
