package docking

import (
	"context"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
)

// Volume is what the nodes below registered and resolved on a day, or one of them did.
type Volume struct {
	Node       uuid.UUID `json:"node,omitzero"`
	Day        string    `json:"day"`
	Nodes      int64     `json:"nodes" doc:"That have handed the day in"`
	Registered int64     `json:"registered"`
	Total      int64     `json:"total"`
	Requests   int64     `json:"requests"`
	Successes  int64     `json:"successes"`
}

// Volumes add up what the nodes in an organisation's register have handed in, day by day in [from, to] (days as 2026-11-21); each: node by node. Errors: those
// of auth.Allow.
func (s *Service) Volumes(ctx context.Context, org uuid.UUID, from, to string, each bool) ([]Volume, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	q := s.o.DB.NewSelect().Model((*dayRow)(nil)).Join("JOIN docking_node AS n ON n.id = d.node").
		ColumnExpr("d.day, COUNT(DISTINCT d.node) AS nodes, SUM(d.registered) AS registered, SUM(d.total) AS total, SUM(d.requests) AS requests, SUM(d.successes) AS successes").
		Where("d.day >= ? AND d.day <= ?", from, to).GroupExpr("d.day").OrderExpr("d.day")
	if each {
		q = q.ColumnExpr("d.node").GroupExpr("d.node").OrderExpr("d.node")
	}
	var out []Volume
	if err := scope.Where(q, "n.org").Scan(ctx, &out); err != nil {
		return nil, wrap("add up volumes", err)
	}
	return out, nil
}
