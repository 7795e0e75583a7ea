package ingest

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
	"jingwei/internal/telemetry"
)

//go:embed migrations/*.sql
var migrations embed.FS

type sourceRow struct {
	bun.BaseModel `bun:"table:ingest_source,alias:s"`

	ID        uuid.UUID `bun:"id,pk"`
	Org       uuid.UUID
	Name      text.Text
	Kind      string
	Transport string
	Config    string
	Adopt     string
	Origin    int64
	Created   int64
	Removed   int64
	Version   int64
}

func (r *sourceRow) source() Source {
	return Source{ID: r.ID, Org: r.Org, Name: r.Name, Kind: r.Kind, Transport: Transport(r.Transport), Config: json.RawMessage(r.Config),
		Adopt: store.ID(r.Adopt), Origin: telemetry.Origin(r.Origin), Version: r.Version}
}

type credentialRow struct {
	bun.BaseModel `bun:"table:ingest_credential,alias:c"`

	ID       uuid.UUID `bun:"id,pk"`
	Source   uuid.UUID
	Org      uuid.UUID
	Name     string
	Device   string
	Hash     string
	Serial   string
	NotAfter int64
	Created  int64
	Revoked  int64
	Used     int64
}

func (r *credentialRow) credential() Credential {
	return Credential{ID: r.ID, Source: r.Source, Org: r.Org, Name: r.Name, Device: r.Device, Serial: r.Serial, NotAfter: r.NotAfter, Created: r.Created, Used: r.Used}
}

type feedRow struct {
	bun.BaseModel `bun:"table:ingest_feed,alias:f"`

	Machine uuid.UUID `bun:"machine,pk"`
	Since   int64     `bun:"since,pk"`
	Until   int64
	Org     uuid.UUID
	Source  uuid.UUID
	Device  string
	Grows   int64
}

func (r *feedRow) feed() Feed {
	return Feed{Machine: r.Machine, Org: r.Org, Source: r.Source, Device: r.Device, From: r.Since, To: r.Until, Grows: r.Grows != 0}
}

type deviceRow struct {
	bun.BaseModel `bun:"table:ingest_device,alias:d"`

	Source uuid.UUID `bun:"source,pk"`
	Device string    `bun:"device,pk"`
	Org    uuid.UUID
	First  int64
	Last   int64
}

type memoryRow struct {
	bun.BaseModel `bun:"table:ingest_memory,alias:m"`

	Source uuid.UUID `bun:"source,pk"`
	Name   string    `bun:"name,pk"`
	Value  []byte
}

// findSource finds one of the scope's. Error: store.ErrNotFound.
func findSource(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Source, error) {
	var r sourceRow
	if err := scope.Where(db.NewSelect().Model(&r).Where("s.id = ? AND s.removed = 0", id), "s.org").Scan(ctx); err != nil {
		return Source{}, fmt.Errorf("source %s: %w", id, store.Err(err))
	}
	return r.source(), nil
}

var bySource = store.Keyset{Columns: []string{"s.id"}}

func listSources(ctx context.Context, db bun.IDB, scope auth.Scope, page store.Page) ([]Source, string, error) {
	var rows []sourceRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("s.removed = 0"), "s.org")
	items, next, err := store.List(ctx, bySource, q, &rows, page, func(r *sourceRow) []any { return []any{r.ID.String()} }, (*sourceRow).source)
	if err != nil {
		return nil, "", fmt.Errorf("list sources: %w", err)
	}
	return items, next, nil
}

// sourceCredentials are those of a source that count.
func sourceCredentials(ctx context.Context, db bun.IDB, scope auth.Scope, source uuid.UUID) ([]credentialRow, error) {
	var rows []credentialRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("c.source = ? AND c.revoked = 0", source), "c.org").OrderExpr("c.id")
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("credentials of source %s: %w", source, store.Err(err))
	}
	return rows, nil
}

// sourceFeeds are those of a source at a time.
func sourceFeeds(ctx context.Context, db bun.IDB, scope auth.Scope, source uuid.UUID, at int64) ([]Feed, error) {
	var rows []feedRow
	q := scope.Where(db.NewSelect().Model(&rows).Where("f.source = ? AND f.since <= ? AND f.until > ?", source, at, at), "f.org").OrderExpr("f.machine")
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("feeds of source %s: %w", source, store.Err(err))
	}
	return store.All(rows, (*feedRow).feed), nil
}

// settledDevices are those of a source that have ever fed a machine.
func settledDevices(ctx context.Context, db bun.IDB, source uuid.UUID) (out []string, err error) {
	if err := db.NewSelect().Model((*feedRow)(nil)).ColumnExpr("DISTINCT f.device").Where("f.source = ?", source).Scan(ctx, &out); err != nil {
		return nil, fmt.Errorf("feeds of source %s: %w", source, store.Err(err))
	}
	return out, nil
}

// machineFeed is what feeds a machine at a time. Error: store.ErrNotFound.
func machineFeed(ctx context.Context, db bun.IDB, scope auth.Scope, machine uuid.UUID, at int64) (Feed, error) {
	var r feedRow
	q := scope.Where(db.NewSelect().Model(&r).Where("f.machine = ? AND f.since <= ? AND f.until > ?", machine, at, at), "f.org")
	if err := q.Scan(ctx); err != nil {
		return Feed{}, fmt.Errorf("feed of machine %s: %w", machine, store.Err(err))
	}
	return r.feed(), nil
}

// endFeeds ends feeds at a time, also those that begin later; which are chosen by a condition.
func endFeeds(ctx context.Context, tx bun.Tx, now int64, where string, args ...any) error {
	return store.EndSpans(ctx, tx, (*feedRow)(nil), now, where, args...)
}

func sourceDevices(ctx context.Context, db bun.IDB, source uuid.UUID) ([]deviceRow, error) {
	var rows []deviceRow
	if err := db.NewSelect().Model(&rows).Where("d.source = ?", source).OrderExpr("d.first").Limit(maxDevices).Scan(ctx); err != nil {
		return nil, fmt.Errorf("devices of source %s: %w", source, store.Err(err))
	}
	return rows, nil
}
