package fleet

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type gatewayRow struct {
	bun.BaseModel `bun:"table:fleet_gateway,alias:g"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Name     text.Text
	Site     string
	Created  int64
	Enrolled int64
	Removed  int64
	Seen     int64
	Software string
	NotAfter int64
	Version  int64
}

func (r *gatewayRow) gateway() Gateway {
	return Gateway{ID: r.ID, Org: r.Org, Name: r.Name, Site: store.ID(r.Site), Created: r.Created, Enrolled: r.Enrolled, Seen: r.Seen,
		Software: r.Software, NotAfter: r.NotAfter, Version: r.Version}
}

type linkRow struct {
	bun.BaseModel `bun:"table:fleet_link,alias:l"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Gateway uuid.UUID
	Name    text.Text
	Driver  string
	Config  string
	Created int64
	Removed int64
	Version int64
}

func (r *linkRow) link() Link {
	return Link{ID: r.ID, Org: r.Org, Gateway: r.Gateway, Name: r.Name, Driver: r.Driver, Config: json.RawMessage(r.Config), Version: r.Version}
}

type connectionRow struct {
	bun.BaseModel `bun:"table:fleet_connection,alias:c"`

	Machine uuid.UUID `bun:"machine,pk"`
	Since   int64     `bun:"since,pk"`
	Until   int64
	Org     uuid.UUID
	Link    uuid.UUID
	Unit    string
}

func (r *connectionRow) connection() Connection {
	return Connection{Machine: r.Machine, Org: r.Org, Link: r.Link, Unit: r.Unit, From: r.Since, To: r.Until}
}

type codeRow struct {
	bun.BaseModel `bun:"table:fleet_code,alias:o"`

	ID      uuid.UUID `bun:"id,pk"`
	Gateway uuid.UUID
	Org     uuid.UUID
	Hash    string
	Created int64
	Expires int64
	Used    int64
	Request string
}

type grantRow struct {
	bun.BaseModel `bun:"table:fleet_grant,alias:r"`

	Gateway uuid.UUID `bun:"gateway,pk"`
	Series  uuid.UUID `bun:"series,pk"`
	Org     uuid.UUID
	Since   int64
}

// gateway finds one of the scope's. Error: store.ErrNotFound.
func findGateway(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Gateway, error) {
	var r gatewayRow
	if err := scope.Where(db.NewSelect().Model(&r).Where("g.id = ? AND g.removed = 0", id), "g.org").Scan(ctx); err != nil {
		return Gateway{}, fmt.Errorf("gateway %s: %w", id, store.Err(err))
	}
	return r.gateway(), nil
}

func findLink(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Link, error) {
	var r linkRow
	if err := scope.Where(db.NewSelect().Model(&r).Where("l.id = ? AND l.removed = 0", id), "l.org").Scan(ctx); err != nil {
		return Link{}, fmt.Errorf("link %s: %w", id, store.Err(err))
	}
	return r.link(), nil
}

func gatewayLinks(ctx context.Context, db bun.IDB, scope auth.Scope, gateways ...uuid.UUID) ([]Link, error) {
	if len(gateways) == 0 {
		return nil, nil
	}
	var rows []linkRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("l.gateway IN (?) AND l.removed = 0", bun.List(store.Words(gateways))), "l.org").OrderExpr("l.id")
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("links: %w", store.Err(err))
	}
	return store.All(rows, (*linkRow).link), nil
}

var byGateway = store.Keyset{Columns: []string{"g.id"}}

func listGateways(ctx context.Context, db bun.IDB, scope auth.Scope, page store.Page) ([]Gateway, string, error) {
	var rows []gatewayRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("g.removed = 0"), "g.org")
	items, next, err := store.List(ctx, byGateway, q, &rows, page, func(r *gatewayRow) []any { return []any{r.ID.String()} }, (*gatewayRow).gateway)
	if err != nil {
		return nil, "", fmt.Errorf("list gateways: %w", err)
	}
	return items, next, nil
}

// connections of links at a time, by machine.
func linkConnections(ctx context.Context, db bun.IDB, scope auth.Scope, at int64, links ...uuid.UUID) ([]Connection, error) {
	if len(links) == 0 {
		return nil, nil
	}
	var rows []connectionRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("c.link IN (?) AND c.since <= ? AND c.until > ?", bun.List(store.Words(links)), at, at), "c.org").
		OrderExpr("c.machine, c.since")
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("connections: %w", store.Err(err))
	}
	return store.All(rows, (*connectionRow).connection), nil
}

// machineConnection is how a machine is read at a time. Error: store.ErrNotFound.
func machineConnection(ctx context.Context, db bun.IDB, scope auth.Scope, machine uuid.UUID, at int64) (Connection, error) {
	var r connectionRow
	q := scope.Where(db.NewSelect().Model(&r).Where("c.machine = ? AND c.since <= ? AND c.until > ?", machine, at, at), "c.org")
	if err := q.Scan(ctx); err != nil {
		return Connection{}, fmt.Errorf("connection of machine %s: %w", machine, store.Err(err))
	}
	return r.connection(), nil
}

// endConnections ends connections at a time, also those that begin later; which are chosen by a condition.
func endConnections(ctx context.Context, tx bun.Tx, now int64, where string, args ...any) error {
	return store.EndSpans(ctx, tx, (*connectionRow)(nil), now, where, args...)
}
