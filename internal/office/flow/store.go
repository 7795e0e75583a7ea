package flow

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type offerRow struct {
	bun.BaseModel `bun:"table:flow_offer,alias:o"`

	Org   uuid.UUID `bun:"org,pk"`
	Flow  string    `bun:"flow,pk"`
	Since int64
}

type caseRow struct {
	bun.BaseModel `bun:"table:flow_case,alias:c"`

	ID        uuid.UUID `bun:"id,pk"`
	Org       uuid.UUID
	Subject   string
	Flow      string
	Version   string
	State     string
	Title     string
	Words     string
	Same      string
	Content   string
	Documents string
	Parties   string
	Clocks    string
	Opened    int64
	At        int64
	Ended     int64
	NextAt    int64
	Revision  int64
}

type partyRow struct {
	bun.BaseModel `bun:"table:flow_party,alias:p"`

	CaseID uuid.UUID `bun:"case_id,pk"`
	Role   string    `bun:"role,pk"`
	Org    uuid.UUID `bun:"org,pk"`
	Person string    `bun:"person,pk"`
}

type stepRow struct {
	bun.BaseModel `bun:"table:flow_step,alias:s"`

	CaseID       uuid.UUID `bun:"case_id,pk"`
	Revision     int64     `bun:"revision,pk"`
	Transition   string
	Action       string
	FromState    string
	ToState      string
	Role         string
	Org          string
	ActorID      string
	Actor        string
	Reason       string
	Content      string
	Documents    string
	Named        string
	Deadline     string
	Confidential bool
	At           int64
}

type taskRow struct {
	bun.BaseModel `bun:"table:flow_task,alias:t"`

	ID       uuid.UUID `bun:"id,pk"`
	CaseID   uuid.UUID
	Org      uuid.UUID
	Role     string
	Person   string
	Seen     string
	Deadline string
	Due      int64
}

type noticeRow struct {
	bun.BaseModel `bun:"table:flow_notice,alias:n"`

	ID      uuid.UUID `bun:"id,pk"`
	CaseID  uuid.UUID
	Body    string
	At      int64
	TryAt   int64
	Tries   int64
	Sent    int64
	Trouble string
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

// encode writes what this room's own types hold.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of them can fail
	}
	return string(b)
}

// maxWords bounds what is looked up by words, in characters: PostgreSQL's index holds at most 2,700 bytes.
const maxWords = 600

func (s *Service) row(f *Flow, c *Case) caseRow {
	words := []rune(strings.ToLower(c.Title))
	return caseRow{ID: c.ID, Org: c.Org, Subject: store.Word(c.Subject), Flow: c.Flow, Version: c.Version, State: c.State, Title: c.Title, Words: string(words[:min(len(words), maxWords)]),
		Same: f.same(c), Content: string(c.Record.Encode()), Documents: encode(c.Documents), Parties: encode(c.Parties), Clocks: encode(c.Clocks), Opened: c.Opened, At: c.At, Ended: c.Ended,
		NextAt: f.nextAt(s.cal, c), Revision: c.Revision}
}

func (f *Flow) caseOf(r *caseRow) (Case, error) {
	c := Case{ID: r.ID, Org: r.Org, Subject: store.ID(r.Subject), Flow: r.Flow, Version: r.Version, State: r.State, Title: r.Title, Opened: r.Opened, At: r.At, Ended: r.Ended, Revision: r.Revision}
	var err error
	if c.Record, err = f.Fields.Decode([]byte(r.Content)); err == nil {
		err = errors.Join(json.Unmarshal([]byte(r.Documents), &c.Documents), json.Unmarshal([]byte(r.Parties), &c.Parties), json.Unmarshal([]byte(r.Clocks), &c.Clocks))
	}
	if err != nil {
		return c, fmt.Errorf("case %s: %w", r.ID, err)
	}
	return c, nil
}

func (f *Flow) stepRow(st *Step) stepRow {
	return stepRow{CaseID: st.Case, Revision: st.Revision, Transition: st.Transition, Action: st.Action, FromState: st.From, ToState: st.To, Role: st.Role, Org: store.Word(st.Org), ActorID: st.By.ID,
		Actor: encode(st.By), Reason: st.Reason, Content: string(st.Content.Encode()), Documents: encode(st.Documents), Named: encode(st.Named), Deadline: st.Deadline, Confidential: st.Confidential, At: st.At}
}

func (f *Flow) stepOf(r *stepRow) (Step, error) {
	st := Step{Case: r.CaseID, Revision: r.Revision, Transition: r.Transition, Action: r.Action, From: r.FromState, To: r.ToState, Role: r.Role, Org: store.ID(r.Org), Reason: r.Reason,
		Deadline: r.Deadline, Confidential: r.Confidential, At: r.At}
	var err error
	if st.Content, err = f.Fields.Decode([]byte(r.Content)); err == nil {
		err = errors.Join(json.Unmarshal([]byte(r.Actor), &st.By), json.Unmarshal([]byte(r.Documents), &st.Documents), json.Unmarshal([]byte(r.Named), &st.Named))
	}
	if err != nil {
		return st, fmt.Errorf("step %d of case %s: %w", r.Revision, r.CaseID, err)
	}
	return st, nil
}

func (f *Flow) taskRows(c *Case) (out []taskRow) {
	for _, t := range f.tasks(c) {
		r := taskRow{CaseID: c.ID, Org: t.Org, Role: t.Role, Person: store.Word(t.Person), Deadline: t.Deadline, Due: t.Due}
		if f.role(t.Role).Of == Assigned { // a reviewer's colleagues do not learn of it
			r.Seen = r.Person
		}
		r.ID = uuid.NewSHA1(c.ID, []byte(strings.Join([]string{t.Role, t.Org.String(), r.Person, t.Deadline}, "|")))
		out = append(out, r)
	}
	return out
}

func noticeRows(list []Notice) (out []noticeRow) {
	seen := map[uuid.UUID]bool{}
	for _, n := range list {
		if !seen[n.ID] {
			seen[n.ID] = true
			out = append(out, noticeRow{ID: n.ID, CaseID: n.Case, Body: encode(n), At: n.At, TryAt: n.At})
		}
	}
	return out
}

// atOnce is how many rows go into one statement.
const atOnce = 200

func insert[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	for len(rows) > 0 {
		n := min(len(rows), atOnce)
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return wrap("write a case", err)
		}
		rows = rows[n:]
	}
	return nil
}

// open writes a case that was not there.
func (s *Service) insertCase(ctx context.Context, tx bun.Tx, f *Flow, c *Case) error {
	if err := insert(ctx, tx, []caseRow{s.row(f, c)}); err != nil {
		return err
	}
	return s.derived(ctx, tx, f, c, false)
}

// updateCase writes a case over the revision that was read.
func (s *Service) updateCase(ctx context.Context, tx bun.Tx, f *Flow, c *Case, basis int64) error {
	row := s.row(f, c)
	// The revision is named, so that one of two writers is refused even where no one read it under a lock.
	res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id", "org", "subject", "flow", "version", "opened").Where("id = ? AND revision = ?", c.ID, basis).Exec(ctx)
	if err != nil {
		return wrap("write a case", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrChanged.At("body.basis", basis)
	}
	return s.derived(ctx, tx, f, c, true)
}

// derived writes what follows from a case: parties and tasks.
func (s *Service) derived(ctx context.Context, tx bun.Tx, f *Flow, c *Case, again bool) error {
	if again {
		for _, model := range []any{(*taskRow)(nil), (*partyRow)(nil)} {
			if _, err := tx.NewDelete().Model(model).Where("case_id = ?", c.ID).Exec(ctx); err != nil {
				return wrap("write a case", err)
			}
		}
	}
	var parties []partyRow
	for _, p := range c.Parties {
		parties = append(parties, partyRow{CaseID: c.ID, Role: p.Role, Org: p.Org, Person: store.Word(p.Person)})
	}
	if err := insert(ctx, tx, parties); err != nil {
		return err
	}
	return insert(ctx, tx, f.taskRows(c))
}

// post writes messages that are to be handed on. One that is there already is not written again.
func post(ctx context.Context, tx bun.Tx, list []Notice) error {
	rows := noticeRows(list)
	if len(rows) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING").Exec(ctx); err != nil {
		return wrap("write messages", err)
	}
	return nil
}

// steps of a case, the first one first.
func (s *Service) steps(ctx context.Context, db bun.IDB, f *Flow, id uuid.UUID) ([]Step, error) {
	var rows []stepRow
	if err := db.NewSelect().Model(&rows).Where("s.case_id = ?", id).OrderExpr("s.revision").Scan(ctx); err != nil {
		return nil, wrap("history of a case", err)
	}
	out := make([]Step, len(rows))
	for i := range rows {
		var err error
		if out[i], err = f.stepOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func visible(r field.Record, see func(key string) bool) field.Record {
	out := field.Record{}
	for key, v := range r {
		if see(key) {
			out[key] = v
		}
	}
	return out
}
