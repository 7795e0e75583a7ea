package fleet

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Whole lists for what counts over all gateways: each is one query.

// Tie is a connection with what its link says of it.
type Tie struct {
	Connection
	Driver  string
	Gateway uuid.UUID
}

// Ties returns the scope's connections that hold at some moment of [from, to), also those through links that have been
// removed since, by machine and time. Times are ns since 1970 UTC.
func (s *Service) Ties(ctx context.Context, scope auth.Scope, from, to int64) ([]Tie, error) {
	var rows []struct {
		connectionRow `bun:",extend"`
		Driver        string
		Gateway       uuid.UUID
	}
	q := s.o.DB.NewSelect().Model(&rows).ModelTableExpr("fleet_connection AS c").ColumnExpr("c.*, l.driver, l.gateway").
		Join("JOIN fleet_link AS l ON l.id = c.link").Where("c.since < ? AND c.until > ?", to, from)
	if err := scope.Where(q, "c.org").OrderExpr("c.machine, c.since").Scan(ctx); err != nil {
		return nil, fmt.Errorf("all connections: %w", store.Err(err))
	}
	out := make([]Tie, len(rows))
	for i := range rows {
		out[i] = Tie{rows[i].connection(), rows[i].Driver, rows[i].Gateway}
	}
	return out, nil
}

// GatewaysAt returns the scope's gateways that are there at a time (ns), in the order in which they were made, with the
// names that they have now: a gateway's name has no dates.
func (s *Service) GatewaysAt(ctx context.Context, scope auth.Scope, at int64) ([]Gateway, error) {
	var rows []gatewayRow
	q := s.o.DB.NewSelect().Model(&rows).Where("g.created <= ? AND (g.removed = 0 OR g.removed > ?)", at, at)
	if err := scope.Where(q, "g.org").OrderExpr("g.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("all gateways: %w", store.Err(err))
	}
	return store.All(rows, (*gatewayRow).gateway), nil
}

// Rates are the samples per second of the gateways that are online, as they told last.
func (s *Service) Rates() map[uuid.UUID]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[uuid.UUID]float64{}
	for id, p := range s.peers {
		if p.session != nil && p.status != nil {
			out[id] = p.status.Samples.PerSecond
		}
	}
	return out
}
