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
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

type instrumentRow struct {
	bun.BaseModel `bun:"table:checkup_instrument,alias:i"`

	Hash       string `bun:"hash,pk"`
	Instrument string
	Version    string
	Content    string
}

type row struct {
	bun.BaseModel `bun:"table:checkup,alias:c"`

	ID           uuid.UUID `bun:"id,pk"`
	Org          uuid.UUID
	Instrument   string
	Family       string
	Version      string
	Hash         string
	Day          string
	State        string
	Profile      string
	Quotes       string
	Campaign     string
	Copied       string
	Edits        int64
	BegunBy      string
	BegunAt      int64
	EditedAt     int64
	EndedBy      string
	EndedAt      int64
	Reason       string
	Facts        string
	Result       string
	Digest       string
	Level        int64
	Points       int64
	ProvenLevel  int64
	ProvenPoints int64
	Industry     string
	Size         string
	Place        string
}

// encode writes what was made here; it cannot fail for these types.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c *Checkup) row() row {
	r := row{ID: c.ID, Org: c.Org, Instrument: c.Instrument, Family: c.Family, Version: c.Version, Hash: c.Hash, Day: c.Day, State: string(c.State), Profile: encode(c.Profile), Quotes: encode(c.Quotes),
		Campaign: store.Word(c.Campaign), Copied: store.Word(c.Copied), Edits: c.Edits, BegunBy: encode(c.By), BegunAt: c.At, EditedAt: c.EditedAt, EndedAt: c.EndedAt, Reason: c.Reason,
		Result: string(c.Result), Digest: c.Digest, Level: int64(c.Level), Points: int64(c.Points), ProvenLevel: int64(c.Proven), ProvenPoints: int64(c.ProvenAt),
		Industry: c.Industry, Size: c.Size, Place: c.Place}
	if c.EndedBy != nil {
		r.EndedBy = encode(c.EndedBy)
	}
	if c.State == Submitted {
		r.Facts = encode(c.Facts)
	}
	return r
}

func (r *row) checkup() (Checkup, error) {
	c := Checkup{ID: r.ID, Org: r.Org, Instrument: r.Instrument, Family: r.Family, Version: r.Version, Hash: r.Hash, Day: r.Day, State: State(r.State), Campaign: store.ID(r.Campaign),
		Copied: store.ID(r.Copied), Edits: r.Edits, At: r.BegunAt, EditedAt: r.EditedAt, EndedAt: r.EndedAt, Reason: r.Reason, Result: []byte(r.Result), Digest: r.Digest,
		Level: int(r.Level), Points: assess.Points(r.Points), Proven: int(r.ProvenLevel), ProvenAt: assess.Points(r.ProvenPoints), Industry: r.Industry, Size: r.Size, Place: r.Place}
	err := errors.Join(json.Unmarshal([]byte(r.Profile), &c.Profile), json.Unmarshal([]byte(r.Quotes), &c.Quotes), json.Unmarshal([]byte(r.BegunBy), &c.By))
	if r.EndedBy != "" {
		c.EndedBy = &audit.Actor{}
		err = errors.Join(err, json.Unmarshal([]byte(r.EndedBy), c.EndedBy))
	}
	if r.Facts != "" {
		err = errors.Join(err, json.Unmarshal([]byte(r.Facts), &c.Facts))
	}
	if err != nil {
		return c, fmt.Errorf("check-up %s: %w", r.ID, err)
	}
	return c, nil
}

func checkups(rows []row) ([]Checkup, error) {
	out := make([]Checkup, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].checkup(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

type answerRow struct {
	bun.BaseModel `bun:"table:checkup_answer,alias:a"`

	Checkup  uuid.UUID `bun:"checkup,pk"`
	Question string    `bun:"question,pk"`
	Revision int64     `bun:"revision,pk"`
	Content  string
	Actor    string
	At       int64
}

func (r *answerRow) answered() (Answered, error) {
	a := Answered{Question: r.Question, Revision: r.Revision, At: r.At}
	err := errors.Join(json.Unmarshal([]byte(r.Content), &a.content), json.Unmarshal([]byte(r.Actor), &a.By))
	return a, err
}

// answers are the newest revisions by question, in the order of their ids.
func answers(ctx context.Context, db bun.IDB, checkup uuid.UUID) ([]Answered, error) {
	var rows []answerRow
	q := db.NewSelect().Model(&rows).Where("a.checkup = ?", checkup).
		Where("a.revision = (SELECT MAX(b.revision) FROM checkup_answer AS b WHERE b.checkup = a.checkup AND b.question = a.question)").OrderExpr("a.question")
	if err := q.Scan(ctx); err != nil {
		return nil, wrap("read answers", err)
	}
	out := make([]Answered, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].answered(); err != nil {
			return nil, fmt.Errorf("answer %s of check-up %s: %w", rows[i].Question, checkup, err)
		}
	}
	return out, nil
}

// newest is what stands for one question; revision 0 where nothing was ever said.
func newest(ctx context.Context, db bun.IDB, checkup uuid.UUID, question string) (Answered, error) {
	var r answerRow
	err := db.NewSelect().Model(&r).Where("a.checkup = ? AND a.question = ?", checkup, question).OrderExpr("a.revision DESC").Limit(1).Scan(ctx)
	if errors.Is(store.Err(err), store.ErrNotFound) {
		return Answered{Question: question}, nil
	}
	if err != nil {
		return Answered{}, wrap("read an answer", err)
	}
	return r.answered()
}

// get finds a check-up of the scope.
func get(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Checkup, error) {
	var r row
	if err := scope.Where(db.NewSelect().Model(&r).Where("c.id = ?", id), "c.org").Scan(ctx); err != nil {
		return Checkup{}, wrap("check-up "+id.String(), err)
	}
	return r.checkup()
}

// put writes a check-up that had so many edits when it was read; one of two writers is refused.
func put(ctx context.Context, tx bun.Tx, c *Checkup, edits int64) error {
	r := c.row()
	res, err := tx.NewUpdate().Model(&r).ExcludeColumn("id", "org").Where("id = ? AND edits = ? AND state = ?", c.ID, edits, Open).Exec(ctx)
	if err != nil {
		return wrap("write a check-up", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return store.ErrConflict
	}
	return nil
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }
