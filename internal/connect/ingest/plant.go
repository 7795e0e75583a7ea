package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Point is a point of a machine, as a source needs it.
type Point struct {
	Series  uuid.UUID
	Key     string
	Address string // the metric's name
	Type    telemetry.Type
	Unit    string
	Scale   float64 // 0 means 1
	Offset  float64
}

// NewMachine asks for a machine with the points of found metrics, or of a template.
type NewMachine struct {
	Org      uuid.UUID
	Parent   uuid.UUID
	Name     text.Text
	Class    string
	Template string
	Points   []template.Point // nil: the template's
	Reason   string
}

// Plant is what ingest needs of the plant model. PlantOf makes one of plant.Service.
type Plant interface {
	// Owner returns the organisation of a machine that the scope may see. Error: store.ErrNotFound.
	Owner(ctx context.Context, scope auth.Scope, machine uuid.UUID) (uuid.UUID, error)
	// Machine returns a machine's version, which grows with each change of it or of its points, and its points as they
	// are now, in an order that does not change by itself. Error: store.ErrNotFound, also when it has been retired.
	Machine(ctx context.Context, scope auth.Scope, machine uuid.UUID) (version int64, points []Point, err error)
	// Versions returns the versions of all machines of the scope that are not retired.
	Versions(ctx context.Context, scope auth.Scope) (map[uuid.UUID]int64, error)
	// NextDated returns when the next change that is dated ahead comes due; zero when none is.
	NextDated(ctx context.Context, scope auth.Scope) (time.Time, error)
	// Holds tells whether a plant node of the scope may have machines under it.
	Holds(ctx context.Context, scope auth.Scope, node uuid.UUID) (bool, error)
	// Create makes a machine.
	Create(ctx context.Context, scope auth.Scope, q NewMachine) (uuid.UUID, error)
	// AddPoints gives a machine more points, all or none.
	AddPoints(ctx context.Context, scope auth.Scope, machine uuid.UUID, points []template.Point, reason string) error
}

// PlantOf lets ingest see the plant model.
func PlantOf(p *plant.Service) Plant { return plantModel{p} }

type plantModel struct{ p *plant.Service }

func (m plantModel) Owner(ctx context.Context, scope auth.Scope, machine uuid.UUID) (uuid.UUID, error) {
	n, err := m.p.Node(ctx, scope, machine, time.Time{})
	if err != nil {
		return uuid.Nil, err
	}
	if n.Kind != plant.Machine {
		return uuid.Nil, fmt.Errorf("plant node %s is no machine: %w", machine, store.ErrNotFound)
	}
	return n.Org, nil
}

func (m plantModel) Machine(ctx context.Context, scope auth.Scope, machine uuid.UUID) (int64, []Point, error) {
	n, points, err := m.p.Machine(ctx, scope, machine, time.Time{})
	if err != nil {
		return 0, nil, err
	}
	out := make([]Point, len(points))
	for i, p := range points {
		out[i] = Point{Series: p.ID, Key: p.Key, Address: p.Address, Type: p.Type.Telemetry(), Unit: p.Unit, Scale: p.Scale, Offset: p.Offset}
	}
	return n.Version, out, nil
}

func (m plantModel) Versions(ctx context.Context, scope auth.Scope) (map[uuid.UUID]int64, error) {
	out := map[uuid.UUID]int64{}
	list := func(page store.Page) ([]plant.Node, string, error) {
		return m.p.Nodes(ctx, scope, plant.Filter{Kind: plant.Machine}, page)
	}
	err := store.Each(list, func(n plant.Node) error { out[n.ID] = n.Version; return nil })
	return out, err
}

func (m plantModel) NextDated(ctx context.Context, scope auth.Scope) (time.Time, error) {
	return m.p.NextDated(ctx, scope)
}

func (m plantModel) Holds(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error) {
	n, err := m.p.Node(ctx, scope, id, time.Time{})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && plant.Machine.Stands(n.Kind), err
}

func (m plantModel) Create(ctx context.Context, scope auth.Scope, q NewMachine) (uuid.UUID, error) {
	n, err := m.p.Create(ctx, scope, plant.NewNode{Org: q.Org, Kind: plant.Machine, Parent: q.Parent, Name: q.Name, Class: q.Class, Template: q.Template,
		Points: q.Points, Reason: q.Reason})
	return n.ID, err
}

func (m plantModel) AddPoints(ctx context.Context, scope auth.Scope, machine uuid.UUID, points []template.Point, reason string) error {
	_, err := m.p.AddPoints(ctx, scope, machine, points, time.Time{}, reason)
	return err
}
