package checkup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

type expertRow struct {
	bun.BaseModel `bun:"table:checkup_expert,alias:e"`

	ID         uuid.UUID `bun:"id,pk"`
	Checkup    uuid.UUID
	Org        uuid.UUID
	Expert     uuid.UUID
	Person     string
	Asker      uuid.UUID
	State      string
	Due        string
	Note       string
	AskedBy    string
	AskedAt    int64
	Conflict   string
	DeclaredBy string
	DeclaredAt int64
	EndedBy    string
	EndedAt    int64
	Reason     string
	Result     string
	Digest     string
	Level      int64
	Points     int64
}

func actorOrNone(a *audit.Actor) string {
	if a == nil {
		return ""
	}
	return encode(a)
}

func (e *ExpertCheck) row() expertRow {
	return expertRow{ID: e.ID, Checkup: e.Checkup, Org: e.Org, Expert: e.Expert, Person: e.Person, Asker: e.Asker, State: string(e.State), Due: e.Due, Note: e.Note,
		AskedBy: encode(e.AskedBy), AskedAt: e.AskedAt, Conflict: e.Conflict, DeclaredBy: actorOrNone(e.DeclaredBy), DeclaredAt: e.DeclaredAt,
		EndedBy: actorOrNone(e.EndedBy), EndedAt: e.EndedAt, Reason: e.Reason, Result: string(e.Result), Digest: e.Digest, Level: int64(e.Level), Points: int64(e.Points)}
}

func (r *expertRow) check() (ExpertCheck, error) {
	e := ExpertCheck{ID: r.ID, Checkup: r.Checkup, Org: r.Org, Expert: r.Expert, Person: r.Person, Asker: r.Asker, State: State(r.State), Due: r.Due, Note: r.Note, AskedAt: r.AskedAt,
		Conflict: r.Conflict, DeclaredAt: r.DeclaredAt, EndedAt: r.EndedAt, Reason: r.Reason, Result: []byte(r.Result), Digest: r.Digest, Level: int(r.Level), Points: assess.Points(r.Points)}
	err := json.Unmarshal([]byte(r.AskedBy), &e.AskedBy)
	for to, text := range map[**audit.Actor]string{&e.DeclaredBy: r.DeclaredBy, &e.EndedBy: r.EndedBy} {
		if text != "" {
			*to = &audit.Actor{}
			err = errors.Join(err, json.Unmarshal([]byte(text), *to))
		}
	}
	if err != nil {
		return e, fmt.Errorf("expert check %s: %w", r.ID, err)
	}
	return e, nil
}

type verdictRow struct {
	bun.BaseModel `bun:"table:checkup_verdict,alias:v"`

	ExpertCheck uuid.UUID `bun:"expert_check,pk"`
	Question    string    `bun:"question,pk"`
	Revision    int64     `bun:"revision,pk"`
	Content     string
	Actor       string
	At          int64
}

// verdicts are the newest revisions by question, in the order of their ids.
func verdicts(ctx context.Context, db bun.IDB, check uuid.UUID) ([]Judged, error) {
	var rows []verdictRow
	q := db.NewSelect().Model(&rows).Where("v.expert_check = ?", check).
		Where("v.revision = (SELECT MAX(b.revision) FROM checkup_verdict AS b WHERE b.expert_check = v.expert_check AND b.question = v.question)").OrderExpr("v.question")
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read verdicts", err)
	}
	out := make([]Judged, len(rows))
	for i := range rows {
		r := &rows[i]
		out[i] = Judged{Question: r.Question, Revision: r.Revision, At: r.At}
		if err := errors.Join(json.Unmarshal([]byte(r.Content), &out[i].verdict), json.Unmarshal([]byte(r.Actor), &out[i].By)); err != nil {
			return nil, fmt.Errorf("verdict %s of expert check %s: %w", r.Question, check, err)
		}
	}
	return out, nil
}

func expertByID(ctx context.Context, db bun.IDB, id uuid.UUID) (ExpertCheck, error) {
	var r expertRow
	if err := db.NewSelect().Model(&r).Where("e.id = ?", id).Scan(ctx); err != nil {
		return ExpertCheck{}, wrap("expert check "+id.String(), err)
	}
	return r.check()
}

// putExpert writes an expert check that was in a state when it was read.
func putExpert(ctx context.Context, tx bun.Tx, e *ExpertCheck, was State) error {
	r := e.row()
	res, err := tx.NewUpdate().Model(&r).ExcludeColumn("id", "org", "expert", "checkup").Where("id = ? AND state = ?", e.ID, was).Exec(ctx)
	if err != nil {
		return wrap("write an expert check", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrDesk.With("state", string(e.State))
	}
	return nil
}

var newestExpert = store.Keyset{Columns: []string{"e.id"}, Descending: true}
