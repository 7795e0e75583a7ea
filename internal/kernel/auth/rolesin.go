package auth

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// RolesIn returns the people who have a role in an organisation now, own or inherited along ownership, with the heaviest one. It is
// the node's own question (whom to tell of something) and never the answer to a caller.
func (s *Service) RolesIn(ctx context.Context, id uuid.UUID) (map[uuid.UUID]Role, error) {
	now := s.now().UnixNano()
	chain := []uuid.UUID{id}
	for at := id; len(chain) < 100; {
		o, err := s.orgs.Get(ctx, at)
		if err != nil {
			return nil, err
		}
		if o.Kind != org.Unit {
			break
		}
		parents, err := s.orgs.Parents(ctx, []uuid.UUID{at}, now)
		if err != nil {
			return nil, err
		}
		parent, ok := parents[at]
		if !ok {
			break
		}
		chain, at = append(chain, parent), parent
	}
	var rows []roleRow
	err := s.db.NewSelect().Model(&rows).Join("JOIN auth_person AS p ON p.id = r.person").
		Where("r.org IN (?) AND NOT p.disabled AND r.since <= ? AND r.until > ?", bun.List(store.Words(chain)), now, now).OrderExpr("r.person").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up roles in %s: %w", id, store.Err(err))
	}
	out := make(map[uuid.UUID]Role, len(rows))
	for _, r := range rows {
		out[r.Person] = heavier(r.Role, out[r.Person])
	}
	return out, nil
}
