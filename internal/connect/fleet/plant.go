package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
)

// PlantOf lets fleet see the plant model.
func PlantOf(p *plant.Service) Plant { return plantModel{p} }

type plantModel struct{ p *plant.Service }

func (m plantModel) Owner(ctx context.Context, scope auth.Scope, machine uuid.UUID) (uuid.UUID, error) {
	n, err := m.p.Node(ctx, scope, machine, time.Time{})
	if err != nil {
		return uuid.Nil, err
	}
	if n.Kind != plant.Machine {
		return uuid.Nil, store.ErrNotFound
	}
	return n.Org, nil
}

func (m plantModel) Points(ctx context.Context, scope auth.Scope, machine uuid.UUID) ([]Point, error) {
	_, points, err := m.p.Machine(ctx, scope, machine, time.Time{})
	if err != nil {
		return nil, err
	}
	out := make([]Point, len(points))
	for i, p := range points {
		out[i] = Point{Key: p.Key, Point: document.Point{Series: p.ID, Address: p.Address, Encoding: p.Encoding, Order: p.Order, Type: string(p.Type),
			Scale: p.Scale, Offset: p.Offset, EveryMs: time.Duration(p.Every).Milliseconds(), OnChange: p.Report == "onChange",
			MaxSilence: time.Duration(p.MaxSilence).Milliseconds()}}
	}
	return out, nil
}

func (m plantModel) Site(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	n, err := m.p.Node(ctx, scope, id, time.Time{})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && n.Kind == plant.Site, err
}
