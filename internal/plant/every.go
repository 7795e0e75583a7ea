package plant

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Series outlive what they were measured on. Who reads the past needs the names of what is no more, too.

// momentOf is, in SQL, the moment at which a thing that has begun is to be seen: now, or the last one before it ended.
const momentOf = "(CASE WHEN %[1]s.until > ? THEN ? ELSE %[1]s.until - 1 END)"

// EveryNode returns all nodes of the scope that have begun, those that are retired too: each as it is now, or was last.
func (s *Service) EveryNode(ctx context.Context, scope auth.Scope) ([]Node, error) {
	now, when := s.o.Now().UnixNano(), fmt.Sprintf(momentOf, "n")
	var rows []fullRow
	q := s.o.DB.NewSelect().Model(&rows).ModelTableExpr("plant_node AS n").
		ColumnExpr("n.*").ColumnExpr("pl.parent, na.name, COALESCE(i.template, '') AS template, COALESCE(i.release, '') AS release").
		Join("JOIN plant_place AS pl ON pl.node = n.id AND pl.since <= "+when+" AND pl.until > "+when, now, now, now, now).
		Join("JOIN plant_name AS na ON na.node = n.id AND na.since <= "+when+" AND na.until > "+when, now, now, now, now).
		Join("LEFT JOIN plant_instance AS i ON i.node = n.id AND i.since <= "+when+" AND i.until > "+when, now, now, now, now).
		Where("n.since <= ?", now)
	if err := scope.Where(q, "n.org").OrderExpr("n.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read every node of the plant: %w", store.Err(err))
	}
	out := make([]Node, len(rows))
	for i := range rows {
		out[i] = rows[i].node()
	}
	return out, nil
}

// EveryPoint calls yield with all points of the scope that have begun, those that are retired too: each as it is now, or
// was last, in the order in which they were made. An error of yield ends it.
func (s *Service) EveryPoint(ctx context.Context, scope auth.Scope, yield func(*Point) error) error {
	now := s.o.Now().UnixNano()
	for last := ""; ; { // by pages: no transaction is held while yield works
		var rows []fullPoint
		q := s.everyPoint(scope, &rows, now).Where("p.id > ?", last)
		if err := q.OrderExpr("p.id").Limit(store.MaxLimit).Scan(ctx); err != nil {
			return fmt.Errorf("read every point: %w", store.Err(err))
		}
		for i := range rows {
			p := rows[i].point()
			if err := yield(&p); err != nil {
				return err
			}
		}
		if len(rows) < store.MaxLimit {
			return nil
		}
		last = rows[len(rows)-1].ID.String()
	}
}

// LastPoint returns one point of those that EveryPoint tells: as it is now, or was last. Error: store.ErrNotFound.
func (s *Service) LastPoint(ctx context.Context, scope auth.Scope, id uuid.UUID) (Point, error) {
	var rows []fullPoint
	err := s.everyPoint(scope, &rows, s.o.Now().UnixNano()).Where("p.id = ?", id).Scan(ctx)
	if err = store.Err(err); err == nil && len(rows) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return Point{}, fmt.Errorf("point %s: %w", id, err)
	}
	return rows[0].point(), nil
}

// everyPoint selects the points of the scope that have begun.
func (s *Service) everyPoint(scope auth.Scope, rows *[]fullPoint, now int64) *bun.SelectQuery {
	when := fmt.Sprintf(momentOf, "p")
	q := s.o.DB.NewSelect().Model(rows).ModelTableExpr("plant_point AS p").ColumnExpr("p.*, s.setup").
		Join("JOIN plant_setup AS s ON s.node = p.id AND s.since <= "+when+" AND s.until > "+when, now, now, now, now).
		Where("p.since <= ?", now)
	return scope.Where(q, "p.org")
}
