package fact

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type factRow struct {
	bun.BaseModel `bun:"table:fact,alias:f"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Kind     string
	Source   string
	External string
}

type revisionRow struct {
	bun.BaseModel `bun:"table:fact_revision,alias:r"`

	ID           uuid.UUID `bun:"id,pk"`
	Fact         uuid.UUID
	Revision     int64
	Org          uuid.UUID
	Kind         string
	KindVersion  string
	Source       string
	External     string
	Content      string
	Documents    string
	Grade        int64
	Evidence     string
	Since        int64
	Until        int64
	Withdrawn    bool
	Actor        string
	Reason       string
	Digest       string
	CommitNumber int64
	At           int64
	Superseded   int64
}

type valueRow struct {
	bun.BaseModel `bun:"table:fact_value,alias:v"`

	Revision uuid.UUID
	Field    string
	Word     string
	Number   int64
}

type clockRow struct {
	bun.BaseModel `bun:"table:fact_clock,alias:c"`

	ID           int64 `bun:"id,pk"`
	CommitNumber int64
	At           int64
}

type documentRow struct {
	bun.BaseModel `bun:"table:fact_document,alias:d"`

	Org   uuid.UUID `bun:"org,pk"`
	ID    string    `bun:"id,pk"`
	Name  string
	Media string
	Size  int64
	Actor string
	At    int64
}

// newest is superseded of a revision that no other follows.
const newest = math.MaxInt64

func rowOf(f *Fact) revisionRow {
	return revisionRow{ID: f.RevisionID, Fact: f.ID, Revision: f.Revision, Org: f.Org, Kind: f.Kind, KindVersion: f.KindVersion, Source: f.Source, External: f.External,
		Content: f.content, Documents: f.documents, Grade: int64(f.Grade), Evidence: f.evidence, Since: f.Since, Until: f.Until, Withdrawn: f.Withdrawn,
		Actor: f.actor, Reason: f.Reason, Digest: f.digest, CommitNumber: int64(f.Commit), At: f.At, Superseded: newest}
}

// fact reads a row. Its JSON columns were written here.
func (s *Service) fact(r *revisionRow) (Fact, error) {
	f := Fact{ID: r.Fact, Revision: r.Revision, RevisionID: r.ID, Org: r.Org, Kind: r.Kind, KindVersion: r.KindVersion, Source: r.Source, External: r.External,
		Grade: Grade(r.Grade), Since: r.Since, Until: r.Until, Withdrawn: r.Withdrawn, Reason: r.Reason, Commit: uint64(r.CommitNumber), At: r.At, Superseded: uint64(r.Superseded),
		content: r.Content, documents: r.Documents, evidence: r.Evidence, actor: r.Actor, digest: r.Digest}
	var fields field.Schema
	if k := s.kinds.Get(r.Kind); k != nil {
		fields = k.Fields
	}
	var err error
	if f.Record, err = fields.Decode([]byte(r.Content)); err == nil {
		err = errors.Join(json.Unmarshal([]byte(r.Documents), &f.Documents), json.Unmarshal([]byte(r.Evidence), &f.Evidence), json.Unmarshal([]byte(r.Actor), &f.By))
	}
	if err != nil {
		return f, fmt.Errorf("fact %s revision %d: %w", r.Fact, r.Revision, err)
	}
	return f, nil
}

// byKeys finds the newest revisions of facts by what their source calls them.
func (s *Service) byKeys(ctx context.Context, db bun.IDB, scope auth.Scope, org uuid.UUID, kind, source string, externals []string) (map[string]Fact, error) {
	out := map[string]Fact{}
	for len(externals) > 0 {
		n := min(len(externals), 500)
		var rows []revisionRow
		q := scope.Where(db.NewSelect().Model(&rows).Where("r.org = ? AND r.kind = ? AND r.source = ?", org, kind, source).Where("r.external IN (?)", bun.List(externals[:n])).
			Where("r.superseded = ?", int64(newest)), "r.org")
		if err := q.Scan(ctx); err != nil {
			return nil, wrap("look up facts", err)
		}
		for i := range rows {
			f, err := s.fact(&rows[i])
			if err != nil {
				return nil, err
			}
			out[f.External] = f
		}
		externals = externals[n:]
	}
	return out, nil
}

// atOnce is how many rows go into one statement.
const atOnce = 200

// commit writes revisions, each with the next commit number and a commit time that is later than all before. Revisions of one
// fact come in their order. It is the only way into the tables.
func (s *Service) commit(ctx context.Context, tx bun.Tx, list []*Fact) error {
	if len(list) == 0 {
		return nil
	}
	var clock clockRow
	if err := tx.NewSelect().Model(&clock).Where("id = 1").Scan(ctx); err != nil {
		return wrap("read the clock of facts", err)
	}
	at := max(s.o.Now().UnixNano(), clock.At+1)
	var fresh []factRow
	var rows []revisionRow
	var values []valueRow
	for i, f := range list {
		f.Commit, f.At, f.Superseded = uint64(clock.CommitNumber)+uint64(i)+1, at+int64(i), newest
		if f.Revision == 1 {
			fresh = append(fresh, factRow{ID: f.ID, Org: f.Org, Kind: f.Kind, Source: f.Source, External: f.External})
		} else if _, err := tx.NewUpdate().Model((*revisionRow)(nil)).Set("superseded = ?", int64(f.Commit)).
			Where("fact = ? AND revision = ?", f.ID, f.Revision-1).Exec(ctx); err != nil {
			return wrap("supersede a revision", err)
		}
		rows = append(rows, rowOf(f))
		if k := s.kinds.Get(f.Kind); k != nil {
			for _, x := range k.Fields.Index(f.Record) {
				values = append(values, valueRow{Revision: f.RevisionID, Field: x.Field, Word: x.Word, Number: x.Number})
			}
		}
	}
	if err := errors.Join(insert(ctx, tx, fresh), insert(ctx, tx, rows), insert(ctx, tx, values)); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*clockRow)(nil)).Set("commit_number = ?", clock.CommitNumber+int64(len(list))).Set("at = ?", at+int64(len(list))-1).Where("id = 1").Exec(ctx)
	if err != nil {
		return wrap("advance the clock of facts", err)
	}
	return nil
}

func insert[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for len(rows) > 0 {
		n := min(len(rows), atOnce)
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return wrap("write facts", err)
		}
		rows = rows[n:]
	}
	return nil
}

// commitAt is the last commit at or before a time.
func commitAt(ctx context.Context, db bun.IDB, at time.Time) (int64, error) {
	var n int64
	err := db.NewSelect().Model((*revisionRow)(nil)).ColumnExpr("COALESCE(MAX(r.commit_number), 0)").Where("r.at <= ?", at.UnixNano()).Scan(ctx, &n)
	if err != nil {
		return 0, wrap("find the commit of a time", err)
	}
	return n, nil
}

// Newest tells the last commit of this node and its time; 0 before the first.
func (s *Service) Newest(ctx context.Context) (commit uint64, at int64, err error) {
	var clock clockRow
	if err := store.Err(s.o.DB.NewSelect().Model(&clock).Where("id = 1").Scan(ctx)); err != nil {
		return 0, 0, err
	}
	return uint64(clock.CommitNumber), clock.At, nil
}
