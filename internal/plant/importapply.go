package plant

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// chunk is how many rows one statement carries: PostgreSQL takes 65,535 parameters, SQLite 32,766.
const chunk = 500

// apply makes the plan the plant.
func (p *importPlan) apply(ctx context.Context, tx bun.Tx, scope auth.Scope) error {
	touched := map[uuid.UUID]bool{} // nodes whose version grows
	for _, step := range []func(context.Context, bun.Tx, map[uuid.UUID]bool) error{p.create, p.changeNodes, p.changePoints, p.retireAll} {
		if err := step(ctx, tx, touched); err != nil {
			return err
		}
	}
	ids := make([]uuid.UUID, 0, len(touched))
	for id := range touched {
		ids = append(ids, id)
	}
	if err := eachPart(ids, func(part []string) error {
		_, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("version = version + 1").Where("id IN (?)", bun.List(part)).Exec(ctx)
		return err
	}); err != nil {
		return err
	}
	return p.note(ctx, tx, scope)
}

func eachPart(ids []uuid.UUID, do func([]string) error) error {
	for part := range slices.Chunk(ids, chunk) {
		if err := do(idStrings(part)); err != nil {
			return store.Err(err)
		}
	}
	return nil
}

// create inserts new places and machines, parents first, and all new points.
func (p *importPlan) create(ctx context.Context, tx bun.Tx, touched map[uuid.UUID]bool) error {
	var nodes []nodeRow
	var places []placeRow
	var names []nameRow
	var instances []instanceRow
	var points []Point
	for _, sp := range p.spots {
		if sp.now == nil {
			span := dated{sp.id, p.at, forever}
			nodes = append(nodes, nodeRow{ID: sp.id, Org: p.q.Org, Kind: sp.kind, Class: sp.class, Since: p.at, Until: forever, Version: 1})
			places = append(places, placeRow{dated: span, Parent: uuidOrEmpty(sp.parent.id)})
			names = append(names, nameRow{dated: span, Name: sp.name})
			if sp.template != nil {
				instances = append(instances, instanceRow{dated: span, Template: sp.template.ID, Release: sp.template.Version})
			}
		}
		for _, d := range sp.dots {
			if d.now == nil {
				points = append(points, d.point(p, sp))
				if sp.now != nil {
					touched[sp.id] = true
				}
			}
		}
	}
	if err := insertAll(ctx, tx, nodes); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, places); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, names); err != nil {
		return err
	}
	if err := insertAll(ctx, tx, instances); err != nil {
		return err
	}
	return insertPoints(ctx, tx, points)
}

func insertAll[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for part := range slices.Chunk(rows, chunk) {
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return store.Err(err)
		}
	}
	return nil
}

// changeNodes renames, moves and reclassifies.
func (p *importPlan) changeNodes(ctx context.Context, tx bun.Tx, touched map[uuid.UUID]bool) error {
	for _, sp := range p.spots {
		if sp.now == nil || !sp.named {
			continue
		}
		span := dated{sp.id, p.at, forever}
		if sp.name != sp.now.Name {
			touched[sp.id] = true
			if err := supersede(ctx, tx, "plant_name", sp.id, p.at); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(&nameRow{dated: span, Name: sp.name}).Exec(ctx); err != nil {
				return store.Err(err)
			}
		}
		if sp.parent.id != sp.now.Parent {
			touched[sp.id] = true
			if err := supersede(ctx, tx, "plant_place", sp.id, p.at); err != nil {
				return err
			}
			if _, err := tx.NewInsert().Model(&placeRow{dated: span, Parent: uuidOrEmpty(sp.parent.id)}).Exec(ctx); err != nil {
				return store.Err(err)
			}
		}
		if sp.class != sp.now.Class {
			touched[sp.id] = true
			if _, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("class = ?", sp.class).Where("id = ?", sp.id).Exec(ctx); err != nil {
				return store.Err(err)
			}
		}
	}
	return nil
}

// changePoints sets points up differently, many in a statement. The plan has made sure that no later setup stands in
// the way; one that began at this very moment never held and is taken out, as supersede does.
func (p *importPlan) changePoints(ctx context.Context, tx bun.Tx, touched map[uuid.UUID]bool) error {
	var ids []uuid.UUID
	var setups []setupRow
	for _, sp := range p.spots {
		for _, d := range sp.dots {
			if d.changed {
				touched[sp.id] = true
				ids = append(ids, d.id)
				setups = append(setups, setupRow{dated: dated{d.id, p.at, forever}, Setup: d.setup})
			}
		}
	}
	err := eachPart(ids, func(part []string) error {
		if _, err := tx.NewDelete().Model((*setupRow)(nil)).Where("node IN (?) AND since = ?", bun.List(part), p.at).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*setupRow)(nil)).Set("until = ?", p.at).Where("node IN (?) AND until > ?", bun.List(part), p.at).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*pointRow)(nil)).Set("version = version + 1").Where("id IN (?)", bun.List(part)).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return insertAll(ctx, tx, setups)
}

// retireAll ends what the file does not name.
func (p *importPlan) retireAll(ctx context.Context, tx bun.Tx, touched map[uuid.UUID]bool) error {
	var nodes, points []uuid.UUID
	for _, sp := range p.spots {
		if sp.retired {
			nodes = append(nodes, sp.id)
			touched[sp.id] = true
		}
		for _, d := range sp.dots {
			if d.retired {
				points = append(points, d.id)
				touched[sp.id] = true
			}
		}
	}
	for _, t := range []struct {
		table, column string
		ids           []uuid.UUID
	}{
		{"plant_setup", "node", points}, {"plant_point", "id", points},
		{"plant_place", "node", nodes}, {"plant_name", "node", nodes}, {"plant_instance", "node", nodes},
	} {
		if err := p.endAll(ctx, tx, t.table, t.column, t.ids); err != nil {
			return err
		}
	}
	if err := eachPart(points, func(part []string) error {
		_, err := tx.NewUpdate().Model((*pointRow)(nil)).Set("version = version + 1").Where("id IN (?)", bun.List(part)).Exec(ctx)
		return err
	}); err != nil {
		return err
	}
	return eachPart(nodes, func(part []string) error {
		_, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("until = ?", p.at).Set("reason = ?", p.q.Reason).Where("id IN (?)", bun.List(part)).Exec(ctx)
		return err
	})
}

// endAll closes the facts of many at the plan's time. Error: ErrLater when one begins then or later.
func (p *importPlan) endAll(ctx context.Context, tx bun.Tx, table, column string, ids []uuid.UUID) error {
	return eachPart(ids, func(part []string) error {
		var since int64
		err := store.Err(tx.NewSelect().TableExpr("?", bun.Ident(table)).Column("since").Where("? IN (?)", bun.Ident(column), bun.List(part)).
			Where("since >= ?", p.at).Limit(1).Scan(ctx, &since))
		if err == nil {
			return ErrLater.With("since", timeOf(since))
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err = tx.NewUpdate().TableExpr("?", bun.Ident(table)).Set("until = ?", p.at).Where("? IN (?)", bun.Ident(column), bun.List(part)).
			Where("until > ?", p.at).Exec(ctx)
		return err
	})
}

// maxAudited bounds the changes that the audit log lists.
const maxAudited = 50

// note writes one audit entry of the import.
func (p *importPlan) note(ctx context.Context, tx bun.Tx, scope auth.Scope) error {
	a := p.answer()
	after := map[string]any{"format": p.q.Format, "from": instant(p.at), "counts": a.Counts, "changes": a.Changes[:min(len(a.Changes), maxAudited)]}
	if p.q.Prune {
		after["prune"] = true
	}
	return p.s.record(ctx, tx, scope, "plant.import", p.q.Org, audit.Object{Kind: "org", ID: p.q.Org.String()}, nil, after, p.q.Reason)
}
