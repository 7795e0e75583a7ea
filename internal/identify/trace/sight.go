package trace

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
)

// Sight is which events somebody sees. Only this file makes one, from what the caller may read, and every query takes one; its
// zero value sees nothing.
//
//   - Own step: events that one's organisations captured.
//   - One step up and down: events of others that name a party of one's own as source or destination. Which identifiers are whose
//     the node's operator says (Parties), not who captures.
//   - Regulator: all events, for organisations that the operator appointed, with a reason that is audited.
type Sight struct {
	orgs []int64
	all  bool
}

// sight is what the caller sees. Error: auth.ErrUnauthenticated.
func (s *Service) sight(ctx context.Context) (Sight, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Sight{}, err
	}
	if scope.All() {
		return Sight{all: true}, nil
	}
	return s.sightOf(ctx, scope.Orgs())
}

// sightOf is what organisations see.
func (s *Service) sightOf(ctx context.Context, orgs []uuid.UUID) (v Sight, err error) {
	regulators, err := s.regulators(ctx)
	if err != nil {
		return v, err
	}
	for _, id := range orgs {
		if slices.Contains(regulators, id) {
			return Sight{all: true}, nil
		}
		if n, ok := s.l.orgs.known(id); ok {
			v.orgs = append(v.orgs, n)
		}
	}
	return v, nil
}

// condition is the sight as a condition of SQL on the table of events with this alias. There is no way to read events without it.
func (v Sight) condition(alias string) string {
	switch {
	case v.all:
		return "1 = 1"
	case len(v.orgs) == 0:
		return "1 = 0"
	}
	list := numbers(v.orgs)
	return fmt.Sprintf("(%[1]s.org IN (%[2]s) OR EXISTS (SELECT 1 FROM trace_shares x WHERE x.event = %[1]s.num AND x.org IN (%[2]s)))", alias, list)
}

// own is the sight without what others share.
func (v Sight) own(column string) string {
	switch {
	case v.all:
		return "1 = 1"
	case len(v.orgs) == 0:
		return "1 = 0"
	}
	return column + " IN (" + numbers(v.orgs) + ")"
}
