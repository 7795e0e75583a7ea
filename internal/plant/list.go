package plant

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Filter narrows a list of nodes; zero fields do not, At zero is now.
type Filter struct {
	At     time.Time
	Kind   Kind
	Parent uuid.UUID
}

var byNode = store.Keyset{Columns: []string{"n.id"}}

// Nodes returns the scope's nodes as they are at a time, in the order in which they were made. Error: store.ErrCursor.
func (s *Service) Nodes(ctx context.Context, scope auth.Scope, f Filter, page store.Page) (items []Node, next string, err error) {
	var rows []fullRow
	q := selectNodes(s.o.DB, scope, &rows, s.at(f.At))
	if f.Kind != "" {
		q = q.Where("n.kind = ?", f.Kind)
	}
	if f.Parent != uuid.Nil {
		q = q.Where("pl.parent = ?", f.Parent.String())
	}
	if q, err = byNode.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list the plant: %w", store.Err(err))
	}
	rows, next = store.Cut(byNode, rows, page, func(r *fullRow) []any { return []any{r.ID.String()} })
	items = make([]Node, len(rows))
	for i := range rows {
		items[i] = rows[i].node()
	}
	return items, next, nil
}

// NextDated returns when the next change that is dated ahead comes due, of nodes and points of the scope; zero when none
// is. Whoever keeps what a point is now looks again then.
func (s *Service) NextDated(ctx context.Context, scope auth.Scope) (time.Time, error) {
	now := s.o.Now().UnixNano()
	next := int64(store.Forever)
	for _, q := range []struct {
		table  string
		column string
	}{{"plant_node", "since"}, {"plant_node", "until"}, {"plant_point", "since"}, {"plant_point", "until"}, {"plant_setup", "since"}} {
		query := s.o.DB.NewSelect().TableExpr(q.table+" AS t").ColumnExpr("MIN(t.?)", bun.Ident(q.column)).Where("t.? > ?", bun.Ident(q.column), now)
		if q.table == "plant_setup" {
			query = scope.Where(query.Join("JOIN plant_point AS p ON p.id = t.node"), "p.org")
		} else {
			query = scope.Where(query, "t.org")
		}
		var found sql.NullInt64
		if err := query.Scan(ctx, &found); err != nil {
			return time.Time{}, fmt.Errorf("look for changes dated ahead: %w", store.Err(err))
		}
		if found.Valid {
			next = min(next, found.Int64)
		}
	}
	if next == store.Forever {
		return time.Time{}, nil
	}
	return *instant(next), nil
}

func (s *Service) at(t time.Time) int64 {
	if t.IsZero() {
		return s.o.Now().UnixNano()
	}
	return t.UnixNano()
}

// Node returns one node as it is at a time; zero is now. Error: store.ErrNotFound, also when it is not there then.
func (s *Service) Node(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (Node, error) {
	n, err := nodeAt(ctx, s.o.DB, scope, id, s.at(at))
	if err != nil {
		return Node{}, fmt.Errorf("plant node %s: %w", id, err)
	}
	return n, nil
}

// Owner returns the organisation of a node or point that the scope may see, also of a retired one: the first step of
// every change, whose scope is that of the owner. Error: store.ErrNotFound.
func (s *Service) Owner(ctx context.Context, scope auth.Scope, id uuid.UUID) (uuid.UUID, error) {
	var node nodeRow
	err := scope.Where(s.o.DB.NewSelect().Model(&node).Where("n.id = ?", id), "n.org").Scan(ctx)
	if err == nil {
		return node.Org, nil
	}
	var point pointRow
	if err := store.Err(scope.Where(s.o.DB.NewSelect().Model(&point).Where("p.id = ?", id), "p.org").Scan(ctx)); err != nil {
		return uuid.Nil, fmt.Errorf("plant %s: %w", id, err)
	}
	return point.Org, nil
}

// Machine returns a machine and its points as they are at a time; zero is now. Error: store.ErrNotFound.
func (s *Service) Machine(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (n Node, points []Point, err error) {
	when := s.at(at)
	err = s.o.DB.View(ctx, func(ctx context.Context, tx bun.Tx) error {
		if n, err = nodeAt(ctx, tx, scope, id, when); err != nil {
			return err
		}
		if n.Kind != Machine {
			return store.ErrNotFound
		}
		var rows []fullPoint
		if err := selectPoints(tx, scope, &rows, when).Where("p.machine = ?", id).OrderExpr("p.id").Scan(ctx); err != nil {
			return err
		}
		points = make([]Point, len(rows))
		for i := range rows {
			points[i] = rows[i].point()
		}
		return nil
	})
	if err != nil {
		return Node{}, nil, fmt.Errorf("machine %s: %w", id, err)
	}
	return n, points, nil
}

// PointFilter narrows a list of points; zero fields do not, At zero is now.
type PointFilter struct {
	At      time.Time
	Machine uuid.UUID
	IDs     []uuid.UUID
}

var byPoint = store.Keyset{Columns: []string{"p.id"}}

// Points returns the scope's points as they are at a time, in the order in which they were made. Error: store.ErrCursor.
func (s *Service) Points(ctx context.Context, scope auth.Scope, f PointFilter, page store.Page) (items []Point, next string, err error) {
	var rows []fullPoint
	q := selectPoints(s.o.DB, scope, &rows, s.at(f.At))
	if f.Machine != uuid.Nil {
		q = q.Where("p.machine = ?", f.Machine)
	}
	if f.IDs != nil {
		ids := make([]string, len(f.IDs))
		for i, id := range f.IDs {
			ids[i] = id.String()
		}
		q = q.Where("p.id IN (?)", bun.List(ids))
	}
	if q, err = byPoint.Apply(q, page); err != nil {
		return nil, "", err
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list points: %w", store.Err(err))
	}
	rows, next = store.Cut(byPoint, rows, page, func(r *fullPoint) []any { return []any{r.ID.String()} })
	items = make([]Point, len(rows))
	for i := range rows {
		items[i] = rows[i].point()
	}
	return items, next, nil
}

// Point returns one point as it is at a time; zero is now. Error: store.ErrNotFound.
func (s *Service) Point(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (Point, error) {
	p, err := s.point(ctx, s.o.DB, scope, id, s.at(at))
	if err != nil {
		return Point{}, fmt.Errorf("point %s: %w", id, err)
	}
	return p, nil
}

func (s *Service) point(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID, at int64) (Point, error) {
	var rows []fullPoint
	if err := selectPoints(db, scope, &rows, at).Where("p.id = ?", id).Scan(ctx); err != nil {
		return Point{}, store.Err(err)
	}
	if len(rows) == 0 {
		return Point{}, store.ErrNotFound
	}
	return rows[0].point(), nil
}

// Templates returns the device templates, by id.
func (s *Service) Templates() []*template.Template { return s.o.Templates.All() }

// Template returns a device template, or nil.
func (s *Service) Template(id string) *template.Template { return s.o.Templates.Get(id) }

// Declare declares the series of all points again, as they are and will be set up: at a start, in case the process ended
// between the two halves of a creation, or the telemetry store was restored from an older backup.
func (s *Service) Declare(ctx context.Context) error {
	order := store.Keyset{Columns: []string{"s.node", "s.since"}}
	page := store.Page{Limit: store.MaxLimit}
	for {
		var rows []fullPoint
		q := s.o.DB.NewSelect().Model(&rows).ModelTableExpr("plant_setup AS s").
			ColumnExpr("p.id, p.org, p.machine, p.key, s.since, s.until, p.version, s.setup").
			Join("JOIN plant_point AS p ON p.id = s.node").Where("s.until > ?", s.o.Now().UnixNano())
		q, err := order.Apply(q, page)
		if err != nil {
			return err
		}
		if err := q.Scan(ctx); err != nil {
			return fmt.Errorf("read all points: %w", store.Err(err))
		}
		rows, next := store.Cut(order, rows, page, func(r *fullPoint) []any { return []any{r.ID.String(), r.Since} })
		d := make([]telemetry.Declaration, len(rows))
		for i := range rows {
			p := rows[i].point()
			d[i] = p.declaration(p.From)
		}
		if err := s.declareAll(ctx, d); err != nil {
			return err
		}
		if page.After = next; next == "" {
			return nil
		}
	}
}
