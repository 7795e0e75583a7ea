package main

import (
	"context"

	"github.com/uptrace/bun"

	"jingwei/internal/office/flow"
)

// gates are the rooms that have a say in the steps of their cases, by flow; those of "" are asked for every flow. Rooms are
// added while the node is built, before anything runs.
type gates map[string][]flow.Gate

func (g gates) add(id string, room flow.Gate) { g[id] = append(g[id], room) }

// Step asks the rooms in the order in which they were added; the first error refuses the step.
func (g gates) Step(ctx context.Context, tx bun.Tx, f *flow.Flow, c *flow.Case, st *flow.Step) error {
	for _, id := range [...]string{f.ID, ""} {
		for _, room := range g[id] {
			if err := room.Step(ctx, tx, f, c, st); err != nil {
				return err
			}
		}
	}
	return nil
}
