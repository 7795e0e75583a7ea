package plant

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

//go:embed migrations/*.sql
var migrations embed.FS

type nodeRow struct {
	bun.BaseModel `bun:"table:plant_node,alias:n"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Kind    Kind
	Class   string
	Since   int64
	Until   int64
	Reason  string
	Version int64
}

// dated is what the dated tables share.
type dated struct {
	Node  uuid.UUID `bun:"node,pk"`
	Since int64     `bun:"since,pk"`
	Until int64
}

type placeRow struct {
	bun.BaseModel `bun:"table:plant_place"`
	dated
	Parent string // "" or an id
}

type nameRow struct {
	bun.BaseModel `bun:"table:plant_name"`
	dated
	Name text.Text
}

type instanceRow struct {
	bun.BaseModel `bun:"table:plant_instance"`
	dated
	Template string
	Release  string
}

type pointRow struct {
	bun.BaseModel `bun:"table:plant_point,alias:p"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Machine uuid.UUID
	Key     string
	Since   int64
	Until   int64
	Version int64
}

type setupRow struct {
	bun.BaseModel `bun:"table:plant_setup"`
	dated
	Setup template.Point `bun:"type:json"`
}

// fullRow is a node with what holds of it at one time.
type fullRow struct {
	nodeRow  `bun:",extend"`
	Parent   string
	Name     text.Text
	Template string
	Release  string
}

func (r *fullRow) node() Node {
	return Node{
		ID: r.ID, Org: r.Org, Kind: r.Kind, Parent: store.ID(r.Parent), Name: r.Name, Class: r.Class, Template: r.Template, Release: r.Release,
		From: r.Since, To: r.Until, Reason: r.Reason, Version: r.Version,
	}
}

// selectNodes selects the scope's nodes that are there at a time, with their place, name and template then.
func selectNodes(db bun.IDB, scope auth.Scope, rows *[]fullRow, at int64) *bun.SelectQuery {
	q := db.NewSelect().Model(rows).ModelTableExpr("plant_node AS n").
		ColumnExpr("n.*").ColumnExpr("pl.parent, na.name, COALESCE(i.template, '') AS template, COALESCE(i.release, '') AS release").
		Join("JOIN plant_place AS pl ON pl.node = n.id AND pl.since <= ? AND pl.until > ?", at, at).
		Join("JOIN plant_name AS na ON na.node = n.id AND na.since <= ? AND na.until > ?", at, at).
		Join("LEFT JOIN plant_instance AS i ON i.node = n.id AND i.since <= ? AND i.until > ?", at, at).
		Where("n.since <= ? AND n.until > ?", at, at)
	return scope.Where(q, "n.org")
}

// nodeAt finds one node. Error: store.ErrNotFound.
func nodeAt(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID, at int64) (Node, error) {
	var rows []fullRow
	if err := selectNodes(db, scope, &rows, at).Where("n.id = ?", id).Scan(ctx); err != nil {
		return Node{}, store.Err(err)
	}
	if len(rows) == 0 {
		return Node{}, store.ErrNotFound
	}
	return rows[0].node(), nil
}

// last finds a node as it is told to be in the end: with its latest place, name and template, whatever their dates.
func last(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Node, error) {
	var bare nodeRow
	if err := scope.Where(db.NewSelect().Model(&bare).Where("n.id = ?", id), "n.org").Scan(ctx); err != nil {
		return Node{}, store.Err(err)
	}
	return nodeAt(ctx, db, scope, id, bare.Until-1)
}

// fullPoint is a point with its setup at one time.
type fullPoint struct {
	pointRow `bun:",extend"`
	Setup    template.Point `bun:"type:json"`
}

func (r *fullPoint) point() Point {
	return Point{ID: r.ID, Org: r.Org, Machine: r.Machine, From: r.Since, To: r.Until, Version: r.Version, Point: r.Setup}
}

func selectPoints(db bun.IDB, scope auth.Scope, rows *[]fullPoint, at int64) *bun.SelectQuery {
	q := db.NewSelect().Model(rows).ModelTableExpr("plant_point AS p").ColumnExpr("p.*, s.setup").
		Join("JOIN plant_setup AS s ON s.node = p.id AND s.since <= ? AND s.until > ?", at, at).
		Where("p.since <= ? AND p.until > ?", at, at)
	return scope.Where(q, "p.org")
}

// supersede ends the last fact of a dated table at a time, so that another can begin there. A fact that began at that
// very moment never held and is taken out; the audit log keeps it. Error: ErrLater when the last fact begins later.
func supersede(ctx context.Context, tx bun.Tx, table string, node uuid.UUID, at int64) error {
	var since int64
	err := tx.NewSelect().TableExpr("?", bun.Ident(table)).Column("since").Where("node = ? AND until > ?", node, at).
		OrderExpr("since DESC").Limit(1).Scan(ctx, &since)
	if err = store.Err(err); errors.Is(err, store.ErrNotFound) {
		return nil // a node without a template has no instance
	}
	switch {
	case err != nil:
		return fmt.Errorf("look into %s: %w", table, err)
	case since > at:
		return ErrLater.With("since", instant(since).Format(timeForm))
	case since == at:
		_, err = tx.NewDelete().TableExpr("?", bun.Ident(table)).Where("node = ? AND since = ?", node, since).Exec(ctx)
	default:
		_, err = tx.NewUpdate().TableExpr("?", bun.Ident(table)).Set("until = ?", at).Where("node = ? AND since = ?", node, since).Exec(ctx)
	}
	return store.Err(err)
}

const timeForm = "2006-01-02 15:04:05.999999999 UTC"

// touch raises a node's version.
func touch(ctx context.Context, tx bun.Tx, id uuid.UUID) error {
	_, err := tx.NewUpdate().Model((*nodeRow)(nil)).Set("version = version + 1").Where("id = ?", id).Exec(ctx)
	return store.Err(err)
}
