package register

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type entryRow struct {
	bun.BaseModel `bun:"table:register_entry,alias:e"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Register string
	EntryKey string
	Subject  string
	State    string
	Class    string
	Since    int64
	Until    int64
	Content  string
	Words    string
	Revision int64
	Version  string
	Actor    string
	Reason   string
	At       int64
}

type revisionRow struct {
	bun.BaseModel `bun:"table:register_revision,alias:r"`

	Entry    uuid.UUID `bun:"entry,pk"`
	Revision int64     `bun:"revision,pk"`
	Org      uuid.UUID
	State    string
	Class    string
	Since    int64
	Until    int64
	Content  string
	Version  string
	Actor    string
	Reason   string
	At       int64
}

type valueRow struct {
	bun.BaseModel `bun:"table:register_value,alias:v"`

	Entry  uuid.UUID
	Field  string
	Word   string
	Number int64
	Since  int64
	Until  int64
}

func (s *Service) rows(e *Entry) (entryRow, revisionRow, []valueRow, error) {
	actor, err := json.Marshal(e.By)
	if err != nil {
		return entryRow{}, revisionRow{}, nil, err
	}
	content := string(e.Record.Encode())
	r := s.get(e.Register)
	row := entryRow{ID: e.ID, Org: e.Org, Register: e.Register, EntryKey: e.Key, Subject: store.Word(e.Subject), State: e.State, Class: string(e.Class), Since: e.Since, Until: e.Until,
		Content: content, Words: wordsOf(e.Key + " " + r.title(e.Record)), Revision: e.Revision, Version: e.Version, Actor: string(actor), Reason: e.Reason, At: e.At}
	revision := revisionRow{Entry: e.ID, Revision: e.Revision, Org: e.Org, State: e.State, Class: string(e.Class), Since: e.Since, Until: e.Until, Content: content,
		Version: e.Version, Actor: string(actor), Reason: e.Reason, At: e.At}
	var values []valueRow
	for _, x := range r.Fields.Index(e.Record) {
		values = append(values, valueRow{Entry: e.ID, Field: x.Field, Word: x.Word, Number: x.Number, Since: x.Since, Until: x.Until})
	}
	return row, revision, values, nil
}

// maxWords bounds what is looked up by words, in characters: PostgreSQL's index holds at most 2,700 bytes.
const maxWords = 600

func wordsOf(s string) string {
	r := []rune(strings.ToLower(s))
	return string(r[:min(len(r), maxWords)])
}

// entry reads a row. Its JSON columns were written here.
func (s *Service) entry(r *entryRow) (Entry, error) {
	e := Entry{ID: r.ID, Org: r.Org, Register: r.Register, Key: r.EntryKey, Subject: store.ID(r.Subject), State: r.State, Class: field.Class(r.Class), Since: r.Since, Until: r.Until,
		Revision: r.Revision, Version: r.Version, Reason: r.Reason, At: r.At}
	var fields field.Schema
	if reg := s.get(r.Register); reg != nil {
		fields = reg.Fields
	}
	var err error
	if e.Record, err = fields.Decode([]byte(r.Content)); err == nil {
		err = json.Unmarshal([]byte(r.Actor), &e.By)
	}
	if err != nil {
		return e, fmt.Errorf("entry %s: %w", r.ID, err)
	}
	return e, nil
}

func (s *Service) entries(rows []entryRow) ([]Entry, error) {
	out := make([]Entry, len(rows))
	for i := range rows {
		var err error
		if out[i], err = s.entry(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// byKeys finds entries of an organisation's register.
func (s *Service) byKeys(ctx context.Context, db bun.IDB, scope auth.Scope, org uuid.UUID, register string, keys []string) (map[string]Entry, error) {
	out := map[string]Entry{}
	for len(keys) > 0 {
		n := min(len(keys), 500)
		var rows []entryRow
		q := scope.Where(db.NewSelect().Model(&rows).Where("e.org = ? AND e.register = ?", org, register).Where("e.entry_key IN (?)", bun.List(keys[:n])), "e.org")
		if err := q.Scan(ctx); err != nil {
			return nil, wrap("look up entries", err)
		}
		list, err := s.entries(rows)
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			out[e.Key] = e
		}
		keys = keys[n:]
	}
	return out, nil
}

// atOnce is how many rows go into one statement.
const atOnce = 200

// write writes entries at their revisions, new ones and changed ones. It is the only way into the tables.
func (s *Service) write(ctx context.Context, tx bun.Tx, list []*Entry) error {
	var fresh []entryRow
	var revisions []revisionRow
	var values []valueRow
	var changed []string
	for _, e := range list {
		row, revision, v, err := s.rows(e)
		if err != nil {
			return err
		}
		revisions, values = append(revisions, revision), append(values, v...)
		if e.Revision == 1 {
			fresh = append(fresh, row)
			continue
		}
		changed = append(changed, e.ID.String())
		// The revision before is named, so that one of two writers is refused even where no one read it under a lock.
		res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id", "org", "register").Where("id = ? AND revision = ?", e.ID, e.Revision-1).Exec(ctx)
		if err != nil {
			return wrap("write an entry", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrChanged.At("body.basis", e.Revision-1).With("revision", e.Revision)
		}
	}
	for rest := changed; len(rest) > 0; {
		n := min(len(rest), 500)
		if _, err := tx.NewDelete().Model((*valueRow)(nil)).Where("entry IN (?)", bun.List(rest[:n])).Exec(ctx); err != nil {
			return wrap("write entries", err)
		}
		rest = rest[n:]
	}
	if err := insert(ctx, tx, fresh); err != nil {
		return err
	}
	if err := insert(ctx, tx, revisions); err != nil {
		return err
	}
	return insert(ctx, tx, values)
}

func insert[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for len(rows) > 0 {
		n := min(len(rows), atOnce)
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return wrap("write entries", err)
		}
		rows = rows[n:]
	}
	return nil
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }
