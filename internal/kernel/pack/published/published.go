// Package published keeps the versions of packs by which something runs: a case lives by the version of its flow, a round by that of its
// call, also when the pack has changed or is gone. A version never changes: other content under the same number stops the start.
package published

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
)

// Options say where versions of one kind of pack are kept.
type Options struct {
	DB    *store.DB
	Table string // with the columns id, version (its key), hash, file, body, at
	Files fs.FS  // in which the packs lie
	Verb  string // of the audit entry
	Kind  string // of object in the audit, and in errors
	Users string // what runs by a version, in the plural: told with the refusal of a changed one
	Now   func() time.Time
}

// Versions are all versions of one kind of pack that were ever published.
type Versions[T any] struct {
	o     Options
	parse func(file string, data []byte) (*T, error)
	offer map[string]*T // those that ship now, by id

	mu    sync.Mutex
	known map[key]*T
}

type key struct{ id, version string }

type row struct {
	bun.BaseModel `bun:"alias:v"`

	ID, Version, Hash, File, Body string
	At                            int64
}

// Open keeps those of the packs whose version is new, in one transaction. Error: a version that was published with other content.
func Open[T any, P interface {
	*T
	pack.Body
}](ctx context.Context, o Options, packs []*T) (*Versions[T], error) {
	v := &Versions[T]{o: o, parse: pack.Decode[T, P], offer: map[string]*T{}, known: map[key]*T{}}
	err := o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []row
		if err := tx.NewSelect().Model(&rows).ModelTableExpr("? AS v", bun.Ident(o.Table)).Column("id", "version", "hash").Scan(ctx); err != nil {
			return fmt.Errorf("read published versions: %w", store.Err(err))
		}
		old := map[key]string{}
		for _, r := range rows {
			old[key{r.ID, r.Version}] = r.Hash
		}
		for _, p := range packs {
			h := P(p).Head()
			k := key{h.ID, h.Version}
			v.offer[h.ID], v.known[k] = p, p
			switch hash, there := old[k]; {
			case there && hash != h.Hash():
				return fmt.Errorf("%s: version %s was published with other content, and %s may run by it; raise the version", h.File(), h.Version, o.Users)
			case there:
				continue
			}
			if err := v.publish(ctx, tx, h); err != nil {
				return err
			}
		}
		return nil
	})
	return v, err
}

func (v *Versions[T]) publish(ctx context.Context, tx bun.Tx, h *pack.Header) error {
	body, err := fs.ReadFile(v.o.Files, h.File())
	if err != nil {
		return err
	}
	r := row{ID: h.ID, Version: h.Version, Hash: h.Hash(), File: h.File(), Body: string(body), At: v.o.Now().UnixNano()}
	if _, err := tx.NewInsert().Model(&r).ModelTableExpr("?", bun.Ident(v.o.Table)).Exec(ctx); err != nil {
		return fmt.Errorf("publish %s %s: %w", v.o.Kind, h.ID, store.Err(err))
	}
	object := audit.Object{Kind: v.o.Kind, ID: h.ID, Name: h.Name.En}
	return audit.Record(ctx, tx, auth.Everywhere().Act(ctx, v.o.Now(), v.o.Verb, object, nil, map[string]any{"version": h.Version, "sha256": h.Hash()}))
}

// Offered returns the version of a pack that ships now, nil where there is none.
func (v *Versions[T]) Offered(id string) *T { return v.offer[id] }

// IDs of the packs that ship now, sorted.
func (v *Versions[T]) IDs() []string { return slices.Sorted(maps.Keys(v.offer)) }

// All are the packs that ship now, by id.
func (v *Versions[T]) All() (out []*T) {
	for _, id := range v.IDs() {
		out = append(out, v.offer[id])
	}
	return out
}

// Find returns a version that was published, also one whose pack is gone. Error: store.ErrNotFound.
func (v *Versions[T]) Find(ctx context.Context, db bun.IDB, id, version string) (*T, error) {
	k := key{id, version}
	v.mu.Lock()
	p := v.known[k]
	v.mu.Unlock()
	if p != nil {
		return p, nil
	}
	var r row
	err := db.NewSelect().Model(&r).ModelTableExpr("? AS v", bun.Ident(v.o.Table)).Column("file", "body").Where("v.id = ? AND v.version = ?", id, version).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s %s %s: %w", v.o.Kind, id, version, store.Err(err))
	}
	p, err = v.parse(r.File, []byte(r.Body))
	if faults := (pack.Faults)(nil); errors.As(err, &faults) {
		return nil, fmt.Errorf("%s %s %s was published by another program and does not hold any more: %w", v.o.Kind, id, version, err)
	}
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.known[k] = p
	v.mu.Unlock()
	return p, nil
}

// Known tells the ids that ship now in one line, for messages.
func (v *Versions[T]) Known() string { return strings.Join(v.IDs(), ", ") }
