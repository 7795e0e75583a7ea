package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// oldest is the oldest PostgreSQL that the migrations and the tests know.
const oldest = 130000

func openPostgres(ctx context.Context, address string, o Options) (*DB, error) {
	cfg, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("database address %s: want postgres://user@host:5432/name: %w", Masked(address), err)
	}
	switch {
	case o.Label != "":
		cfg.RuntimeParams["application_name"] = o.Label
	case cfg.RuntimeParams["application_name"] == "":
		cfg.RuntimeParams["application_name"] = "jingwei"
	}
	if len(cfg.RuntimeParams["application_name"]) > maxLabel {
		return nil, fmt.Errorf("the label %q of the connections has more than %d bytes", o.Label, maxLabel)
	}
	if o.Schema != "" {
		if !schemaName.MatchString(o.Schema) {
			return nil, fmt.Errorf("schema %q: want at most 63 lowercase letters, digits and _, a letter first", o.Schema)
		}
		cfg.RuntimeParams["search_path"] = o.Schema
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 10 * time.Second
	}
	name := fmt.Sprintf("postgres://%s:%d/%s", cfg.Host, cfg.Port, cfg.Database)
	var with []stdlib.OptionOpenDB
	if o.Admit != nil {
		with = append(with, stdlib.OptionAfterConnect(func(ctx context.Context, _ *pgx.Conn) error { return o.Admit(ctx) }))
	}
	raw := stdlib.OpenDB(*cfg, with...)
	conns := o.MaxConns
	if conns <= 0 {
		conns = 16
	}
	raw.SetMaxOpenConns(conns)
	raw.SetMaxIdleConns(conns)
	raw.SetConnMaxIdleTime(5 * time.Minute)
	db := &DB{DB: bun.NewDB(raw, pgdialect.New()), engine: Postgres, name: name, label: cfg.RuntimeParams["application_name"], retries: o.Retries, log: o.Logger}
	var version int
	var standby bool
	err = raw.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int, pg_is_in_recovery()").Scan(&version, &standby)
	switch {
	case err != nil:
		err = Err(err)
	case version < oldest:
		err = fmt.Errorf("the server is version %d.%d; PostgreSQL 13 or newer is needed", version/10000, version%10000)
	case standby:
		err = fmt.Errorf("the server is a standby; give the address of the primary, or of both with target_session_attrs=read-write: %w", ErrReadOnly)
	case o.Schema != "":
		err = makeSchema(ctx, raw, o.Schema)
	}
	if err != nil {
		_ = raw.Close()
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	return db, nil
}
