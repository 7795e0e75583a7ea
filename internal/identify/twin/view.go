package twin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

// Document is a shell, submodel or concept description as it is told: what is kept, or what is worked out from the plant model
// with what is kept beside it.
type Document struct {
	Item
	Tree aas.Object
}

// Document returns one as it is at a time; the zero time is now. Error: store.ErrNotFound.
func (s *Service) Document(ctx context.Context, scope auth.Scope, kind Kind, id string, at time.Time) (Document, error) {
	if thing, part, ok := mirror.ParseID(id); ok && (kind == aas.Shell) == (part == mirror.Shell) && kind != aas.Concept {
		return s.worked(ctx, scope, thing, part, at)
	}
	x, err := s.one(ctx, scope, kind, id, at)
	if err != nil {
		return Document{}, err
	}
	return parsed(x)
}

// one returns what is kept under an id.
func (s *Service) one(ctx context.Context, scope auth.Scope, kind Kind, id string, at time.Time) (Item, error) {
	if !at.IsZero() {
		return s.storedAt(ctx, scope, kind, id, at.UnixNano())
	}
	found, err := s.stored(ctx, scope, kind, id)
	if err != nil {
		return Item{}, err
	}
	x, ok := found[id]
	if !ok {
		return Item{}, fmt.Errorf("%s %s: %w", kind, clip(id), store.ErrNotFound)
	}
	return x, nil
}

func parsed(x Item) (Document, error) {
	tree, err := treeOf(x.Content)
	return Document{x, tree}, err
}

// treeOf reads content that this room has written.
func treeOf(content []byte) (aas.Object, error) {
	tree, err := aas.Tree(content)
	if err != nil {
		return nil, fmt.Errorf("twin: what is kept cannot be read: %w", err)
	}
	return tree, nil
}

// worked works a document out from the plant model.
func (s *Service) worked(ctx context.Context, scope auth.Scope, thing uuid.UUID, part mirror.Part, at time.Time) (Document, error) {
	t, err := s.thing(ctx, scope, thing, at, part != mirror.Shell)
	if err != nil {
		return Document{}, err
	}
	if part != mirror.Shell && !slices.Contains(mirror.Of(t.Node.Kind), part) {
		return Document{}, fmt.Errorf("%s of %s: %w", part, thing, store.ErrNotFound)
	}
	beside, err := s.beside(ctx, scope, []uuid.UUID{thing}, at)
	if err != nil {
		return Document{}, err
	}
	return s.withBeside(t, part, beside, at)
}

// thing asks the plant model; inside also for the points of a machine, or what stands under another thing.
func (s *Service) thing(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time, inside bool) (*mirror.Thing, error) {
	n, err := s.o.Plant.Node(ctx, scope, id, at)
	if err != nil {
		return nil, err
	}
	t := s.known(n)
	switch {
	case !inside:
	case n.Kind == plant.Machine:
		_, t.Points, err = s.o.Plant.Machine(ctx, scope, id, at)
	default:
		t.Parts, err = s.parts(ctx, scope, id, at)
	}
	return t, err
}

// maxParts bounds what a Hierarchical Structures lists.
const maxParts = 5000

// parts lists what stands directly under a thing.
func (s *Service) parts(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (out []plant.Node, err error) {
	err = store.Each(func(p store.Page) ([]plant.Node, string, error) {
		return s.o.Plant.Nodes(ctx, scope, plant.Filter{Parent: id, At: at}, p)
	}, func(n plant.Node) error {
		if out = append(out, n); len(out) > maxParts {
			return ErrLarge.With("max", maxParts)
		}
		return nil
	})
	return out, err
}

func (s *Service) known(n plant.Node) *mirror.Thing {
	t := &mirror.Thing{Node: n, API: api.Base}
	if n.Template != "" {
		t.Template = s.o.Plant.Template(n.Template)
	}
	if n.Class != "" && s.o.Class != nil {
		t.Class = s.o.Class(n.Class)
	}
	return t
}

// beside finds what organisations have put beside things, by id.
func (s *Service) beside(ctx context.Context, scope auth.Scope, things []uuid.UUID, at time.Time) (map[string]Item, error) {
	out := map[string]Item{}
	for _, kind := range []Kind{aas.Shell, aas.Submodel} {
		var ids []string
		for _, t := range things {
			if kind == aas.Shell {
				ids = append(ids, mirror.ID(t, mirror.Shell))
				continue
			}
			for _, p := range mirror.Submodels {
				ids = append(ids, mirror.ID(t, p))
			}
		}
		if at.IsZero() {
			found, err := s.stored(ctx, scope, kind, ids...)
			if err != nil {
				return nil, err
			}
			for id, x := range found {
				out[id] = x
			}
			continue
		}
		for _, id := range ids {
			x, err := s.storedAt(ctx, scope, kind, id, at.UnixNano())
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out[id] = x
		}
	}
	return out, nil
}

// withBeside is one document of a thing, with what stands beside.
func (s *Service) withBeside(t *mirror.Thing, part mirror.Part, beside map[string]Item, at time.Time) (Document, error) {
	tree := s.computed(t, part, at)
	id := mirror.ID(t.Node.ID, part)
	kind := aas.Submodel
	if part == mirror.Shell {
		kind = aas.Shell
	}
	x := Item{Org: t.Node.Org, Kind: kind, ID: id, At: t.Node.From}
	if b, ok := beside[id]; ok {
		more, err := treeOf(b.Content)
		if err != nil {
			return Document{}, err
		}
		tree, x = mirror.With(tree, more), b
	}
	if part == mirror.Shell {
		if plate, ok := beside[mirror.ID(t.Node.ID, mirror.Nameplate)]; ok {
			more, err := treeOf(plate.Content)
			if err != nil {
				return Document{}, err
			}
			tree = mirror.WithSerial(tree, mirror.Serial(more))
		}
	}
	return Document{x, tree}, nil
}

// computed is what the plant model alone says. Latest values are told as of now only: the past is read from the series.
func (s *Service) computed(t *mirror.Thing, part mirror.Part, at time.Time) aas.Object {
	switch part {
	case mirror.Nameplate:
		return mirror.NameplateOf(t)
	case mirror.TechnicalData:
		return mirror.TechnicalDataOf(t)
	case mirror.Carbon:
		return mirror.CarbonOf(t)
	case mirror.Structure:
		return mirror.StructureOf(t)
	case mirror.TimeSeries:
		var latest []telemetry.Sample
		if at.IsZero() {
			latest = s.latest(t.Points)
		}
		return mirror.TimeSeriesOf(t, latest)
	}
	return mirror.ShellOf(t)
}

// latest reads the latest sample of each point; the zero one where there is none.
func (s *Service) latest(points []plant.Point) []telemetry.Sample {
	if s.o.Readings == nil {
		return nil
	}
	out := make([]telemetry.Sample, len(points))
	var refs []telemetry.Ref
	var of []int
	for i := range points {
		if ref, ok := s.o.Readings.Lookup(points[i].ID); ok {
			refs, of = append(refs, ref), append(of, i)
		}
	}
	for j, sample := range s.o.Readings.Latest(refs, s.o.Now().UnixNano(), nil) {
		out[of[j]] = sample
	}
	return out
}
