package plant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// Defaults of a point that somebody sets up by hand.
const (
	defaultEvery   = template.Duration(time.Second)
	defaultSilence = template.Duration(30 * time.Second)
)

// fillIn puts the defaults where a point says nothing.
func fillIn(p *template.Point) {
	p.Recorded = nil
	if p.Every == 0 {
		p.Every = defaultEvery
	}
	if p.MaxSilence == 0 {
		p.MaxSilence = max(defaultSilence, 3*p.Every)
	}
	if p.Report == "" {
		p.Report = "periodic"
	}
}

// checkPoint fills in and checks a point; place is where its fields stand in the request: "body.".
func checkPoint(place string, p *template.Point) error {
	fillIn(p)
	return problem.All(faults(place, p)...)
}

func faults(place string, p *template.Point) (out []*problem.Error) {
	for _, f := range p.Faults() {
		out = append(out, ErrPoint.At(place+f.Field, f.Value).With("reason", f.Text))
	}
	return out
}

// checkPoints fills in and checks points that come together, as body.points: each by itself, and that no two have a key.
func checkPoints(q []template.Point) error {
	if len(q) > maxPoints {
		return ErrTooMany.At("body.points", "").With("limit", maxPoints)
	}
	var wrong []*problem.Error
	seen := make(map[string]bool, len(q))
	for i := range q {
		place := fmt.Sprintf("body.points[%d].", i)
		fillIn(&q[i])
		wrong = append(wrong, faults(place, &q[i])...)
		if seen[q[i].Key] {
			wrong = append(wrong, ErrKeyTaken.At(place+"key", q[i].Key))
		}
		seen[q[i].Key] = true
	}
	return problem.All(wrong...)
}

// AddPoint adds a point to a machine. from zero is now.
// Errors: ErrPoint (or problem.Invalid with several), ErrKeyTaken, ErrTooMany, ErrNotHere, ErrTime, ErrBefore, ErrRetired,
// ErrSeries, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) AddPoint(ctx context.Context, scope auth.Scope, machine uuid.UUID, setup template.Point, from time.Time, match api.IfMatch) (Point, error) {
	if err := checkPoint("body.", &setup); err != nil {
		return Point{}, err
	}
	key := func(int) string { return "body.key" }
	points, err := s.addPoints(ctx, scope, machine, []template.Point{setup}, from, match, key, func(ctx context.Context, tx bun.Tx, _ *Node, points []Point) error {
		return s.notePoint(ctx, tx, scope, "plant.point.create", &points[0], nil, setup, "")
	})
	if err != nil {
		return Point{}, fmt.Errorf("add a point: %w", err)
	}
	return points[0], nil
}

// AddPoints adds points to a machine, all or none, in the order given; one audit entry tells of them. from zero is now.
// Errors as AddPoint; fields stand at body.points[i].
func (s *Service) AddPoints(ctx context.Context, scope auth.Scope, machine uuid.UUID, q []template.Point, from time.Time, reason string) ([]Point, error) {
	q = slices.Clone(q)
	if err := checkPoints(q); err != nil || len(q) == 0 {
		return nil, err
	}
	key := func(i int) string { return fmt.Sprintf("body.points[%d].key", i) }
	points, err := s.addPoints(ctx, scope, machine, q, from, api.IfMatch{}, key, func(ctx context.Context, tx bun.Tx, n *Node, points []Point) error {
		return s.note(ctx, tx, scope, "plant.point.create", n, nil, map[string]any{"points": len(points), "keys": someKeys(points), "from": instant(points[0].From)}, reason)
	})
	if err != nil {
		return nil, fmt.Errorf("add %d points: %w", len(q), err)
	}
	return points, nil
}

// someKeys names the first points of many, for the audit log.
func someKeys(points []Point) []string {
	out := make([]string, min(len(points), 20))
	for i := range out {
		out[i] = points[i].Key
	}
	return out
}

// addPoints adds points that have been checked; key names the place of the i-th one's key in the request.
func (s *Service) addPoints(ctx context.Context, scope auth.Scope, machine uuid.UUID, q []template.Point, from time.Time, match api.IfMatch,
	key func(i int) string, note func(context.Context, bun.Tx, *Node, []Point) error) ([]Point, error) {
	at, err := moment(from, s.o.Now(), "body.from")
	if err != nil {
		return nil, err
	}
	var points []Point
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := last(ctx, tx, scope, machine)
		if err != nil {
			return err
		}
		points = pointsOf(&n, q, at)
		return s.fit(ctx, tx, &n, q, key)
	})
	if err != nil {
		return nil, err
	}
	if err := s.declare(ctx, points); err != nil {
		return nil, err
	}
	_, err = s.change(ctx, scope, machine, at, match, func(ctx context.Context, tx bun.Tx, n *Node) error {
		if err := s.fit(ctx, tx, n, q, key); err != nil {
			return err
		}
		if err := insertPoints(ctx, tx, points); err != nil {
			return err
		}
		return note(ctx, tx, n, points)
	})
	if err != nil {
		return nil, err
	}
	return points, nil
}

// fit tells whether a machine has room for points and their keys.
func (s *Service) fit(ctx context.Context, tx bun.Tx, n *Node, q []template.Point, key func(i int) string) error {
	if n.Kind != Machine {
		return ErrNotHere.At("path.id", n.ID.String()).With("what", text.Text{Zh: "测点", En: "point"}).With("kind", n.Kind)
	}
	var keys []string
	err := tx.NewSelect().Model((*pointRow)(nil)).Column("key").Where("machine = ? AND until = ?", n.ID, store.Forever).Scan(ctx, &keys)
	if err != nil {
		return store.Err(err)
	}
	taken := make(map[string]bool, len(keys))
	for _, k := range keys {
		taken[k] = true
	}
	var wrong []*problem.Error
	for i := range q {
		if taken[q[i].Key] {
			wrong = append(wrong, ErrKeyTaken.At(key(i), q[i].Key))
		}
	}
	if len(wrong) > 0 {
		return problem.All(wrong...)
	}
	if len(keys)+len(q) > maxPoints {
		return ErrTooMany.With("limit", maxPoints)
	}
	return nil
}

func (s *Service) notePoint(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, p *Point, before, after any, reason string) error {
	return s.record(ctx, tx, scope, verb, p.Org, audit.Object{Kind: "plant.point", ID: p.ID.String(), Name: p.Name.In("zh")}, before, after, reason)
}
