package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// document builds what a gateway is to do, and grants it the series that it is told to fill before it is told. The order
// of everything in it follows identifiers, so that the same state gives the same bytes and the same hash.
func (s *Service) document(ctx context.Context, p *peer) ([]byte, error) {
	s.mu.Lock()
	g := p.g
	s.mu.Unlock()
	scope := auth.System(g.Org)
	links, err := gatewayLinks(ctx, s.o.DB, scope, g.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(links))
	for i := range links {
		ids[i] = links[i].ID
	}
	connections, err := linkConnections(ctx, s.o.DB, scope, s.o.Now().UnixNano(), ids...)
	if err != nil {
		return nil, err
	}
	doc := document.Document{Format: document.Format, Gateway: g.ID, Org: g.Org, Links: []document.Link{}}
	var series []uuid.UUID
	for _, l := range links {
		out := document.Link{ID: l.ID, Name: l.Name.In("zh"), Driver: l.Driver, Config: l.Config, Points: []document.Point{}}
		for _, c := range connections {
			if c.Link != l.ID {
				continue
			}
			points, err := s.o.Plant.Points(ctx, scope, c.Machine)
			if errors.Is(err, store.ErrNotFound) {
				continue // the machine was retired
			}
			if err != nil {
				return nil, fmt.Errorf("points of machine %s: %w", c.Machine, err)
			}
			for _, point := range points {
				point.Unit = c.Unit
				out.Points = append(out.Points, point.Point)
				series = append(series, point.Series)
			}
		}
		doc.Links = append(doc.Links, out)
	}
	if err := s.grant(ctx, p, g, series); err != nil {
		return nil, err
	}
	encoded, err := doc.Encode()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	p.hash = document.Hash(encoded)
	s.mu.Unlock()
	return encoded, nil
}

// grant lets a gateway write series, durably.
func (s *Service) grant(ctx context.Context, p *peer, g Gateway, series []uuid.UUID) error {
	s.mu.Lock()
	var fresh []grantRow
	for _, id := range series {
		if !p.allowed[id] {
			fresh = append(fresh, grantRow{Gateway: g.ID, Series: id, Org: g.Org, Since: s.o.Now().UnixNano()})
		}
	}
	s.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for part := range slices.Chunk(fresh, 500) {
			if _, err := tx.NewInsert().Model(&part).On("CONFLICT (gateway, series) DO NOTHING").Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("grant %d series to gateway %s: %w", len(fresh), g.ID, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range fresh {
		p.allowed[r.Series] = true
	}
	return nil
}
