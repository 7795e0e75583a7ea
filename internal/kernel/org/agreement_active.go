package org

import (
	"context"
	"fmt"

	"jingwei/internal/kernel/store"
)

// ActiveAgreements are all of this node that are active at a time, the oldest first: for the node's own work.
func (s *Service) ActiveAgreements(ctx context.Context, at int64) ([]Agreement, error) {
	var rows []agreementRow
	err := s.db.NewSelect().Model(&rows).Join("JOIN org_agreement_version AS v ON v.agreement = a.id AND v.version = a.standing").
		Where("a.ended = 0 AND v.since <= ? AND v.until > ?", at, at).OrderExpr("a.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list active agreements: %w", store.Err(err))
	}
	return agreements(ctx, s.db, rows)
}
