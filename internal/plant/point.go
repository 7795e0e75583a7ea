package plant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// pointsOf makes a machine's points of their setups.
func pointsOf(n *Node, setups []template.Point, from int64) []Point {
	out := make([]Point, len(setups))
	for i, p := range setups {
		p.Recorded = nil
		out[i] = Point{ID: uuid.Must(uuid.NewV7()), Org: n.Org, Machine: n.ID, From: from, To: store.Forever, Version: 1, Point: p}
	}
	return out
}

// declaration is what the telemetry store must know of a point from a time on.
func (p *Point) declaration(from int64) telemetry.Declaration {
	return telemetry.Declaration{
		ID: p.ID, Org: p.Org, Type: p.Type.Telemetry(), Unit: p.Unit, Report: p.Report.Telemetry(),
		MaxSilence: time.Duration(p.MaxSilence), From: from,
	}
}

func (s *Service) declare(ctx context.Context, points []Point) error {
	d := make([]telemetry.Declaration, len(points))
	for i := range points {
		d[i] = points[i].declaration(points[i].From)
	}
	return s.declareAll(ctx, d)
}

func (s *Service) declareAll(ctx context.Context, d []telemetry.Declaration) error {
	if len(d) == 0 || s.o.Series == nil {
		return nil
	}
	if _, err := s.o.Series.Declare(ctx, d); err != nil {
		return ErrSeries.Because(fmt.Errorf("declare %d series: %w", len(d), err))
	}
	return nil
}

func insertPoints(ctx context.Context, tx bun.Tx, points []Point) error {
	for part := range slices.Chunk(points, 500) {
		rows, setups := make([]pointRow, len(part)), make([]setupRow, len(part))
		for i, p := range part {
			rows[i] = pointRow{ID: p.ID, Org: p.Org, Machine: p.Machine, Key: p.Key, Since: p.From, Until: p.To, Version: p.Version}
			setups[i] = setupRow{dated: dated{p.ID, p.From, p.To}, Setup: p.Point}
		}
		if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
			if err = store.Err(err); errors.Is(err, store.ErrConflict) {
				return ErrKeyTaken.At("body.key", part[0].Key).Because(err)
			}
			return err
		}
		if _, err := tx.NewInsert().Model(&setups).Exec(ctx); err != nil {
			return store.Err(err)
		}
	}
	return nil
}

// ChangePoint sets a point up differently from a time on; zero is now. Key, type and unit stay: another type or unit is
// another point. Errors as AddPoint, ErrFixed, ErrLater.
func (s *Service) ChangePoint(ctx context.Context, scope auth.Scope, id uuid.UUID, setup template.Point, from time.Time, match api.IfMatch) (Point, error) {
	at, err := moment(from, s.o.Now(), "body.from")
	if err != nil {
		return Point{}, err
	}
	if err := checkPoint("body.", &setup); err != nil {
		return Point{}, err
	}
	var before Point
	if err := s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err = s.lastPoint(ctx, tx, scope, id, at, setup, match)
		return err
	}); err != nil {
		return Point{}, fmt.Errorf("change point %s: %w", id, err)
	}
	after := before
	after.Point = setup
	if after.Report != before.Report || after.MaxSilence != before.MaxSilence {
		if err := s.declareAll(ctx, []telemetry.Declaration{after.declaration(at)}); err != nil {
			return Point{}, err
		}
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err := s.lastPoint(ctx, tx, scope, id, at, setup, match)
		if err != nil {
			return err
		}
		if err := supersede(ctx, tx, "plant_setup", id, at); err != nil {
			return err
		}
		row := setupRow{dated: dated{id, at, store.Forever}, Setup: setup}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		if err := s.touchPoint(ctx, tx, &before); err != nil {
			return err
		}
		after.Version = before.Version + 1
		return s.notePoint(ctx, tx, scope, "plant.point.change", &after, before.Point, setup, "")
	})
	if err != nil {
		return Point{}, fmt.Errorf("change point %s: %w", id, err)
	}
	s.o.Changed(after.Org)
	return after, nil
}

// lastPoint finds a point as it is told to be in the end, and checks that it may be changed at a time.
func (s *Service) lastPoint(ctx context.Context, tx bun.Tx, scope auth.Scope, id uuid.UUID, at int64, setup template.Point, match api.IfMatch) (Point, error) {
	var bare pointRow
	if err := scope.Where(tx.NewSelect().Model(&bare).Where("p.id = ?", id), "p.org").Scan(ctx); err != nil {
		return Point{}, store.Err(err)
	}
	p, err := s.point(ctx, tx, scope, id, bare.Until-1)
	if err != nil {
		return Point{}, err
	}
	if err := match.Check(p.ETag()); err != nil {
		return Point{}, err
	}
	switch {
	case p.To != store.Forever:
		return p, ErrRetired.With("since", instant(p.To).Format(timeForm))
	case at < p.From:
		return p, ErrBefore.At("body.from", instant(at).Format(time.RFC3339Nano)).With("since", instant(p.From).Format(timeForm))
	case setup.Key != p.Key:
		return p, ErrFixed.At("body.key", setup.Key).With("has", p.Key)
	case setup.Type != p.Type:
		return p, ErrFixed.At("body.type", string(setup.Type)).With("has", string(p.Type))
	case setup.Unit != p.Unit:
		return p, ErrFixed.At("body.unit", setup.Unit).With("has", p.Unit)
	}
	return p, nil
}

// RetirePoint ends a point; its readings stay. Errors: ErrReason, ErrTime, ErrRetired, ErrLater, api.ErrPrecondition,
// store.ErrNotFound.
func (s *Service) RetirePoint(ctx context.Context, scope auth.Scope, id uuid.UUID, q Retire) error {
	at, err := moment(q.At, s.o.Now(), "body.at")
	if err != nil {
		return err
	}
	if err := checkReason(q.Reason); err != nil {
		return err
	}
	var org uuid.UUID
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		p, err := s.point(ctx, tx, scope, id, at)
		if err != nil {
			return err
		}
		if p, err = s.lastPoint(ctx, tx, scope, id, at, p.Point, q.IfMatch); err != nil {
			return err
		}
		org = p.Org
		if err := end(ctx, tx, "plant_setup", "node = ?", id, at); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*pointRow)(nil)).Set("until = ?", at).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		if err := s.touchPoint(ctx, tx, &p); err != nil {
			return err
		}
		return s.notePoint(ctx, tx, scope, "plant.point.retire", &p, nil, map[string]any{"at": instant(at)}, q.Reason)
	})
	if err != nil {
		return fmt.Errorf("retire point %s: %w", id, err)
	}
	s.o.Changed(org)
	return nil
}

func (s *Service) touchPoint(ctx context.Context, tx bun.Tx, p *Point) error {
	if _, err := tx.NewUpdate().Model((*pointRow)(nil)).Set("version = version + 1").Where("id = ?", p.ID).Exec(ctx); err != nil {
		return store.Err(err)
	}
	return touch(ctx, tx, p.Machine)
}
