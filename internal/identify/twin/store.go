package twin

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type itemRow struct {
	bun.BaseModel `bun:"table:twin_item,alias:i"`

	Item     uuid.UUID `bun:"item,pk"`
	Org      uuid.UUID
	Kind     Kind
	Digest   string
	ID       string `bun:"id"`
	Short    string
	Semantic string
	Beside   bool
	Alive    bool
	Version  int64
}

type versionRow struct {
	bun.BaseModel `bun:"table:twin_version,alias:v"`

	Item         uuid.UUID `bun:"item,pk"`
	Number       int64     `bun:"number,pk"`
	Org          uuid.UUID
	CommitNumber int64
	At           int64
	Act          string
	Actor        string
	Reason       string
	Content      string
}

type assetRow struct {
	bun.BaseModel `bun:"table:twin_asset,alias:a"`

	Item   uuid.UUID `bun:"item,pk"`
	Digest string    `bun:"digest,pk"`
	Org    uuid.UUID
	Shell  string
}

type clockRow struct {
	bun.BaseModel `bun:"table:twin_clock,alias:c"`

	ID           int64 `bun:"id,pk"`
	CommitNumber int64
	At           int64
}

// fullRow is an item with one of its versions.
type fullRow struct {
	itemRow
	Number  int64
	At      int64
	Actor   string
	Reason  string
	Content string
}

func (r *fullRow) item() Item {
	x := Item{Key: r.Item, Org: r.Org, Kind: r.Kind, ID: r.ID, Beside: r.Beside, Version: r.Number, At: r.At, Actor: r.Actor, Reason: r.Reason}
	if r.Content != "" {
		x.Content = []byte(r.Content)
	}
	return x
}

func wrap(doing string, err error) error { return fmt.Errorf("twin: %s: %w", doing, store.Err(err)) }

// full selects items of the scope with their newest versions.
func (s *Service) full(ctx context.Context, scope auth.Scope, rows *[]fullRow) *bun.SelectQuery {
	q := s.o.DB.In(ctx).NewSelect().Model(rows).ModelTableExpr("twin_item AS i").
		ColumnExpr("i.item, i.org, i.kind, i.id, i.beside, v.number, v.at, v.actor, v.reason, v.content").
		Join("JOIN twin_version AS v ON v.item = i.item AND v.number = i.version")
	return scope.Where(q, "i.org")
}

// stored returns things by their ids, as they are now; those that are not there, or are deleted, are left out.
func (s *Service) stored(ctx context.Context, scope auth.Scope, kind Kind, ids ...string) (map[string]Item, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	digests := make([]string, len(ids))
	for i, id := range ids {
		digests[i] = digest(id)
	}
	var rows []fullRow
	err := s.full(ctx, scope, &rows).Where("i.kind = ? AND i.digest IN (?) AND i.alive", kind, bun.List(digests)).Scan(ctx)
	if err != nil {
		return nil, wrap("find "+string(kind), err)
	}
	out := make(map[string]Item, len(rows))
	for i := range rows {
		out[rows[i].ID] = rows[i].item()
	}
	return out, nil
}

// storedAt returns a thing as it was at a time. Error: store.ErrNotFound, also where it was deleted then.
func (s *Service) storedAt(ctx context.Context, scope auth.Scope, kind Kind, id string, at int64) (Item, error) {
	var rows []fullRow
	q := s.o.DB.In(ctx).NewSelect().Model(&rows).ModelTableExpr("twin_item AS i").
		ColumnExpr("i.item, i.org, i.kind, i.id, i.beside, v.number, v.at, v.actor, v.reason, v.content").
		Join("JOIN twin_version AS v ON v.item = i.item").
		Where("i.kind = ? AND i.digest = ? AND v.at <= ?", kind, digest(id), at).OrderExpr("v.number DESC").Limit(1)
	if err := scope.Where(q, "i.org").Scan(ctx); err != nil {
		return Item{}, wrap("find "+string(kind), err)
	}
	if len(rows) == 0 || rows[0].Content == "" {
		return Item{}, wrap("find "+string(kind)+" "+id, store.ErrNotFound)
	}
	return rows[0].item(), nil
}

var byItem = store.Keyset{Columns: []string{"i.item"}}

// Filter narrows a list; zero fields do not.
type Filter struct {
	Short    string
	Semantic string
}

// storedList lists what is kept for itself, in the order in which it was made.
func (s *Service) storedList(ctx context.Context, scope auth.Scope, kind Kind, f Filter, page store.Page) ([]Item, string, error) {
	var rows []fullRow
	q := s.full(ctx, scope, &rows).Where("i.kind = ? AND i.alive AND NOT i.beside", kind)
	if f.Short != "" {
		q = q.Where("i.short = ?", f.Short)
	}
	if f.Semantic != "" {
		q = q.Where("i.semantic = ? AND i.semantic <> ''", f.Semantic)
	}
	items, next, err := store.List(ctx, byItem, q, &rows, page, func(r *fullRow) []any { return []any{r.Item.String()} }, (*fullRow).item)
	if err != nil {
		return nil, "", wrap("list "+string(kind), err)
	}
	return items, next, nil
}

var byVersion = store.Keyset{Columns: []string{"v.number"}, Descending: true}

// History lists the versions of a thing, the newest first.
func (s *Service) History(ctx context.Context, scope auth.Scope, kind Kind, id string, page store.Page) ([]Item, string, error) {
	var rows []fullRow
	q := s.o.DB.NewSelect().Model(&rows).ModelTableExpr("twin_item AS i").
		ColumnExpr("i.item, i.org, i.kind, i.id, i.beside, v.number, v.at, v.actor, v.reason, v.content").
		Join("JOIN twin_version AS v ON v.item = i.item").Where("i.kind = ? AND i.digest = ?", kind, digest(id))
	items, next, err := store.List(ctx, byVersion, scope.Where(q, "i.org"), &rows, page, func(r *fullRow) []any { return []any{r.Number} }, (*fullRow).item)
	if err != nil {
		return nil, "", wrap("list versions", err)
	}
	return items, next, nil
}

type foundRow struct {
	Item  uuid.UUID
	Shell string
}

var byAsset = store.Keyset{Columns: []string{"a.item"}}

// storedShells lists the ids of the shells whose assets are known under all of some names.
func (s *Service) storedShells(ctx context.Context, scope auth.Scope, ids []aas.AssetID, page store.Page) ([]string, string, error) {
	var rows []foundRow
	q := s.o.DB.NewSelect().Model(&rows).ModelTableExpr("twin_asset AS a").ColumnExpr("a.item, a.shell").Where("a.digest = ?", assetDigest(ids[0]))
	for _, id := range ids[1:] {
		q = q.Where("EXISTS (SELECT 1 FROM twin_asset AS b WHERE b.org = a.org AND b.digest = ? AND b.shell = a.shell)", assetDigest(id))
	}
	list, next, err := store.List(ctx, byAsset, scope.Where(q, "a.org"), &rows, page, func(r *foundRow) []any { return []any{r.Item.String()} }, func(r *foundRow) string { return r.Shell })
	if err != nil {
		return nil, "", wrap("look up shells", err)
	}
	return list, next, nil
}

func assetDigest(id aas.AssetID) string { return digest(id.Name, id.Value) }
