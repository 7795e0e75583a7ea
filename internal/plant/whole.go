package plant

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant/class"
)

// What counts over a whole plant reads it whole: pages would be many queries, each a plant of its own moment.

// Whole returns all nodes of the scope as they are at a time, in the order in which they were made.
func (s *Service) Whole(ctx context.Context, scope auth.Scope, at time.Time) ([]Node, error) {
	var rows []fullRow
	if err := selectNodes(s.o.DB, scope, &rows, s.at(at)).OrderExpr("n.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the plant: %w", store.Err(err))
	}
	out := make([]Node, len(rows))
	for i := range rows {
		out[i] = rows[i].node()
	}
	return out, nil
}

// Life is when a node is there, [From, To) in ns since 1970 UTC, and its class of equipment as it is now: a class has no
// dates.
type Life struct {
	ID    uuid.UUID
	Org   uuid.UUID
	Class string
	From  int64
	To    int64 // store.Forever
}

// Lives returns all nodes of a kind that the scope has, ever had or is to have, in the order in which they were made.
func (s *Service) Lives(ctx context.Context, scope auth.Scope, kind Kind) ([]Life, error) {
	var rows []nodeRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows).Where("n.kind = ?", kind), "n.org").OrderExpr("n.id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read the lives of the plant: %w", store.Err(err))
	}
	out := make([]Life, len(rows))
	for i, r := range rows {
		out[i] = Life{ID: r.ID, Org: r.Org, Class: r.Class, From: r.Since, To: r.Until}
	}
	return out, nil
}

// EachPoint calls do with every point of the scope that is there at a time and the machine that it is of, in no order.
// How points are set up is not read: that is the larger part by far. An error of do ends it.
func (s *Service) EachPoint(ctx context.Context, scope auth.Scope, at time.Time, do func(point, machine uuid.UUID) error) (err error) {
	when := s.at(at)
	q := s.o.DB.NewSelect().TableExpr("plant_point AS p").ColumnExpr("p.id, p.machine").Where("p.since <= ? AND p.until > ?", when, when)
	rows, err := scope.Where(q, "p.org").Rows(ctx)
	if err != nil {
		return fmt.Errorf("read all points: %w", store.Err(err))
	}
	defer func() {
		if closing := rows.Close(); err == nil {
			err = closing
		}
	}()
	// The bytes are looked at where they lie: a plant has hundreds of thousands of points.
	var point, machine sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&point, &machine); err != nil {
			return fmt.Errorf("read all points: %w", store.Err(err))
		}
		p, err := uuid.ParseBytes(point)
		if err != nil {
			return fmt.Errorf("read all points: %w", err)
		}
		m, err := uuid.ParseBytes(machine)
		if err != nil {
			return fmt.Errorf("read all points: %w", err)
		}
		if err := do(p, m); err != nil {
			return err
		}
	}
	return store.Err(rows.Err())
}

// CountPoints tells how many points the scope has at a time.
func (s *Service) CountPoints(ctx context.Context, scope auth.Scope, at time.Time) (int, error) {
	when := s.at(at)
	q := s.o.DB.NewSelect().Model((*pointRow)(nil)).Where("p.since <= ? AND p.until > ?", when, when)
	n, err := scope.Where(q, "p.org").Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count points: %w", store.Err(err))
	}
	return int(n), nil
}

// Classes are the classes of equipment, by id.
func (s *Service) Classes() []class.Class { return s.sortedClasses() }
