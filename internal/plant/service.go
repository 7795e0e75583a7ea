package plant

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Declarer takes the declarations of series. telemetry.Store is one. It is idempotent.
type Declarer interface {
	Declare(ctx context.Context, d []telemetry.Declaration) ([]telemetry.Ref, error)
}

// Options build a Service.
type Options struct {
	DB        *store.DB
	Templates *pack.Set[template.Template]
	Classes   *pack.Set[class.Pack]
	Series    Declarer
	Now       func() time.Time
	Logger    *slog.Logger
	// Changed is told after each change of an organisation's plant: whoever hands out configurations looks again. It
	// must not block. May be nil.
	Changed func(org uuid.UUID)
	// Connection tells through which link and unit a machine is read, for its page; nil when it is not connected. It is
	// the business of another room (fleet). May be nil.
	Connection func(ctx context.Context, scope auth.Scope, machine uuid.UUID) (any, error)
	// Judge tells what a driver thinks of a point's address, encoding and order (lint.Judge); the drivers are above this
	// room. An import asks it of the points of machines that have a template. May be nil.
	Judge func(driver string, p template.Point) []template.Fault
}

// Service is what can be done with the plant model. The audit table must be there (audit.Migrate).
type Service struct {
	o         Options
	classes   map[string]class.Class
	workedOut workedOut
}

// New opens the room and brings its tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func(uuid.UUID) {}
	}
	if err := store.MigrateRoom(ctx, o.DB, "plant", migrations); err != nil {
		return nil, fmt.Errorf("plant: %w", err)
	}
	return &Service{o: o, classes: class.All(o.Classes)}, nil
}

// NewNode asks for a node. From zero is now. For a machine with a template, Class may be left to the template.
type NewNode struct {
	Org      uuid.UUID
	Kind     Kind
	Parent   uuid.UUID // zero: the enterprise, for a site
	Name     text.Text
	Class    string
	Template string
	Points   []template.Point // a machine's points where they are not those of its template; nil: the template's
	From     time.Time
	Reason   string
}

// Create adds a node, with the points that are given or those of the template that is named. scope is for configuring
// its organisation.
// Errors: ErrName, ErrParent, ErrLevel, ErrClass, ErrTemplate, ErrNotHere, ErrTime, ErrBefore, ErrRetired, ErrSeries;
// of points also ErrPoint (or problem.Invalid with several), ErrKeyTaken, ErrTooMany.
func (s *Service) Create(ctx context.Context, scope auth.Scope, q NewNode) (Node, error) {
	from, err := moment(q.From, s.o.Now(), "body.from")
	if err != nil {
		return Node{}, err
	}
	t, err := s.check(&q)
	if err != nil {
		return Node{}, err
	}
	if !scope.Includes(q.Org) {
		return Node{}, auth.ErrNotFound.With("thing", "org")
	}
	n := Node{
		ID: uuid.Must(uuid.NewV7()), Org: q.Org, Kind: q.Kind, Parent: q.Parent, Name: q.Name, Class: q.Class,
		From: from, To: store.Forever, Version: 1,
	}
	var points []Point
	if t != nil {
		n.Template, n.Release = t.ID, t.Version
		points = pointsOf(&n, t.Points, from)
	}
	if q.Points != nil {
		points = pointsOf(&n, q.Points, from)
	}
	// A series without a point does no harm; a point without a series would make its gateway's batches fail. So the
	// series come first, and only for a node that can be created.
	if err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error { return s.standsUnder(ctx, tx, scope, &n, from) }); err != nil {
		return Node{}, err
	}
	if err := s.declare(ctx, points); err != nil {
		return Node{}, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.standsUnder(ctx, tx, scope, &n, from); err != nil {
			return err
		}
		if err := insertNode(ctx, tx, &n); err != nil {
			return err
		}
		if err := insertPoints(ctx, tx, points); err != nil {
			return err
		}
		after := map[string]any{"kind": n.Kind, "name": n.Name, "parent": parentOf(&n), "class": n.Class, "from": instant(from)}
		if t != nil {
			after["template"], after["release"] = t.ID, t.Version
		}
		if len(points) > 0 {
			after["points"] = len(points)
		}
		return s.note(ctx, tx, scope, "plant.node.create", &n, nil, after, q.Reason)
	})
	if err != nil {
		return Node{}, fmt.Errorf("create %s: %w", q.Kind, err)
	}
	s.o.Changed(n.Org)
	return n, nil
}

// check looks at what can be judged without the database, and finds the template.
func (s *Service) check(q *NewNode) (*template.Template, error) {
	if err := checkName(q.Name); err != nil {
		return nil, err
	}
	if rank[q.Kind] == 0 {
		return nil, ErrLevel.At("body.kind", string(q.Kind)).With("kind", q.Kind).With("parent", "")
	}
	var t *template.Template
	if q.Template != "" {
		if q.Kind != Machine {
			return nil, ErrNotHere.At("body.template", q.Template).With("what", text.Text{Zh: "设备模板", En: "a template"}).With("kind", q.Kind)
		}
		if t = s.o.Templates.Get(q.Template); t == nil {
			return nil, ErrTemplate.At("body.template", q.Template)
		}
		if q.Class == "" {
			q.Class = t.Class
		}
	}
	if len(q.Points) > 0 && q.Kind != Machine {
		return nil, ErrNotHere.At("body.points", "").With("what", text.Text{Zh: "测点", En: "points"}).With("kind", q.Kind)
	}
	if err := s.checkClass(q.Kind, q.Class); err != nil {
		return nil, err
	}
	q.Points = slices.Clone(q.Points)
	return t, checkPoints(q.Points)
}

func (s *Service) checkClass(k Kind, id string) error {
	if id == "" {
		return nil
	}
	if k != Machine {
		return ErrNotHere.At("body.class", id).With("what", text.Text{Zh: "设备类别", En: "a class of equipment"}).With("kind", k)
	}
	if _, ok := s.classes[id]; !ok {
		return ErrClass.At("body.class", id).With("known", strings.Join(slices.Sorted(maps.Keys(s.classes)), ", "))
	}
	return nil
}

func checkName(name text.Text) error {
	if err := name.Check(maxName); err != nil {
		return ErrName.At("body.name", "").With("reason", text.Text{
			Zh: fmt.Sprintf("须填写中文或英文名称，每种不超过 %d 个字符，且不含控制字符", maxName), En: err.Error(),
		})
	}
	return nil
}

// standsUnder checks that a node may stand under its parent from a time on.
func (s *Service) standsUnder(ctx context.Context, tx bun.Tx, scope auth.Scope, n *Node, from int64) error {
	var parent Node
	if n.Parent != uuid.Nil {
		var err error
		parent, err = last(ctx, tx, scope, n.Parent)
		if errors.Is(err, store.ErrNotFound) || err == nil && parent.Org != n.Org {
			return ErrParent.At("body.parent", n.Parent.String())
		}
		if err != nil {
			return err
		}
	}
	switch {
	case !n.Kind.Stands(parent.Kind):
		return ErrLevel.At("body.parent", uuidOrEmpty(n.Parent)).With("kind", n.Kind).With("parent", parent.Kind)
	case parent.Kind == "":
		return nil
	case parent.To != store.Forever:
		return ErrRetired.At("body.parent", n.Parent.String()).With("since", instant(parent.To).Format(timeForm))
	case parent.From > from:
		return ErrBefore.At("body.from", instant(from).Format(time.RFC3339Nano)).With("since", instant(parent.From).Format(timeForm))
	}
	return nil
}

func insertNode(ctx context.Context, tx bun.Tx, n *Node) error {
	span := dated{Node: n.ID, Since: n.From, Until: n.To}
	rows := []any{
		&nodeRow{ID: n.ID, Org: n.Org, Kind: n.Kind, Class: n.Class, Since: n.From, Until: n.To, Version: n.Version},
		&placeRow{dated: span, Parent: uuidOrEmpty(n.Parent)},
		&nameRow{dated: span, Name: n.Name},
	}
	if n.Template != "" {
		rows = append(rows, &instanceRow{dated: span, Template: n.Template, Release: n.Release})
	}
	for _, r := range rows {
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return store.Err(err)
		}
	}
	return nil
}

// Update asks for a new name or class. From dates the name; zero is now.
type Update struct {
	Name   *text.Text
	Class  *string
	From   time.Time
	Reason string
	api.IfMatch
}

// Update renames a node or puts it into another class of equipment.
// Errors: ErrName, ErrClass, ErrNotHere, ErrTime, ErrLater, ErrRetired, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) Update(ctx context.Context, scope auth.Scope, id uuid.UUID, q Update) (Node, error) {
	from, err := moment(q.From, s.o.Now(), "body.from")
	if err != nil {
		return Node{}, err
	}
	if q.Name != nil {
		if err := checkName(*q.Name); err != nil {
			return Node{}, err
		}
	}
	return s.change(ctx, scope, id, from, q.IfMatch, func(ctx context.Context, tx bun.Tx, n *Node) error {
		before, after := map[string]any{}, map[string]any{}
		if q.Name != nil {
			if err := supersede(ctx, tx, "plant_name", id, from); err != nil {
				return err
			}
			row := nameRow{dated: dated{id, from, store.Forever}, Name: *q.Name}
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return err
			}
			before["name"], after["name"], after["from"] = n.Name, *q.Name, instant(from)
			n.Name = *q.Name
		}
		if q.Class != nil {
			if err := s.checkClass(n.Kind, *q.Class); err != nil {
				return err
			}
			if _, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("class = ?", *q.Class).Where("id = ?", id).Exec(ctx); err != nil {
				return err
			}
			before["class"], after["class"] = n.Class, *q.Class
			n.Class = *q.Class
		}
		return s.note(ctx, tx, scope, "plant.node.update", n, before, after, q.Reason)
	})
}

// Move asks for another parent from a time on; zero is now.
type Move struct {
	Parent uuid.UUID
	From   time.Time
	Reason string
	api.IfMatch
}

// Move puts a node, and with it what stands under it, under another parent of the same organisation.
// Errors: ErrParent, ErrLevel, ErrTime, ErrBefore, ErrLater, ErrRetired, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) Move(ctx context.Context, scope auth.Scope, id uuid.UUID, q Move) (Node, error) {
	from, err := moment(q.From, s.o.Now(), "body.from")
	if err != nil {
		return Node{}, err
	}
	return s.change(ctx, scope, id, from, q.IfMatch, func(ctx context.Context, tx bun.Tx, n *Node) error {
		before := map[string]any{"parent": parentOf(n)}
		n.Parent = q.Parent
		if err := s.standsUnder(ctx, tx, scope, n, from); err != nil {
			return err
		}
		if err := supersede(ctx, tx, "plant_place", id, from); err != nil {
			return err
		}
		row := placeRow{dated: dated{id, from, store.Forever}, Parent: uuidOrEmpty(q.Parent)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "plant.node.move", n, before, map[string]any{"parent": parentOf(n), "from": instant(from)}, q.Reason)
	})
}

// change runs one change of a node: finds it, checks that it is the version the caller saw and that it has not ended,
// and raises its version.
func (s *Service) change(ctx context.Context, scope auth.Scope, id uuid.UUID, at int64, match api.IfMatch,
	do func(context.Context, bun.Tx, *Node) error) (Node, error) {
	var n Node
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if n, err = last(ctx, tx, scope, id); err != nil {
			return err
		}
		if err := match.Check(n.ETag()); err != nil {
			return err
		}
		if n.To != store.Forever {
			return ErrRetired.With("since", instant(n.To).Format(timeForm))
		}
		if at <= n.From && at != n.From {
			return ErrBefore.At("body.from", instant(at).Format(time.RFC3339Nano)).With("since", instant(n.From).Format(timeForm))
		}
		if err := do(ctx, tx, &n); err != nil {
			return err
		}
		n.Version++
		return touch(ctx, tx, id)
	})
	if err != nil {
		return Node{}, fmt.Errorf("change %s: %w", id, err)
	}
	s.o.Changed(n.Org)
	return n, nil
}

// note writes the audit entry of a change of a node.
func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, n *Node, before, after any, reason string) error {
	return s.record(ctx, tx, scope, verb, n.Org, audit.Object{Kind: "plant." + string(n.Kind), ID: n.ID.String(), Name: n.Name.In("zh")}, before, after, reason)
}

func (s *Service) record(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, org uuid.UUID, object audit.Object, before, after any, reason string) error {
	e := scope.Act(ctx, s.o.Now(), verb, object, before, after)
	e.Org, e.Reason = org, reason
	return audit.Record(ctx, tx, e)
}

func uuidOrEmpty(id uuid.UUID) string { return store.Word(id) }

func parentOf(n *Node) any {
	if n.Parent == uuid.Nil {
		return map[string]string{"org": n.Org.String()}
	}
	return n.Parent
}
