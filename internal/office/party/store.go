package party

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

type applicationRow struct {
	bun.BaseModel `bun:"table:party_application,alias:a"`

	ID         uuid.UUID `bun:"id,pk"`
	Home       uuid.UUID
	Person     uuid.UUID
	Login      string
	Name       string
	Kind       Kind
	Role       auth.Role
	State      State
	Target     string
	CreditCode string
	Words      string
	Content    string
	Letter     string
	Revision   int64
	Created    int64
	At         int64
	Submitted  int64
	Actor      string
	Reason     string
}

type stepRow struct {
	bun.BaseModel `bun:"table:party_step,alias:s"`

	Application uuid.UUID `bun:"application,pk"`
	Revision    int64     `bun:"revision,pk"`
	FromState   State
	ToState     State
	Content     string
	Actor       string
	Reason      string
	At          int64
}

type mandateRow struct {
	bun.BaseModel `bun:"table:party_mandate,alias:m"`

	ID          uuid.UUID `bun:"id,pk"`
	Org         uuid.UUID
	Person      uuid.UUID
	Login       string
	Name        string
	Role        auth.Role
	Since       int64
	Until       int64
	Application uuid.UUID
	Letter      string
	Revision    int64
	Revoked     bool
	Actor       string
	Reason      string
	At          int64
}

// maxWords bounds what is looked up by words, in characters.
const maxWords = 300

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // plain structs of ours
		panic(err)
	}
	return string(b)
}

func letterText(l *Letter) string {
	if l == nil {
		return ""
	}
	return encoded(l)
}

func rowOf(a *Application) *applicationRow {
	words := []rune(strings.ToLower(a.word("creditCode") + " " + a.word("name") + " " + a.word("nameEn") + " " + a.Name + " " + a.Login))
	return &applicationRow{ID: a.ID, Home: a.Home, Person: a.Person, Login: a.Login, Name: a.Name, Kind: a.Kind, Role: a.Role, State: a.State, Target: store.Word(a.Target),
		CreditCode: a.word("creditCode"), Words: string(words[:min(len(words), maxWords)]), Content: string(a.Record.Encode()), Letter: letterText(a.Letter),
		Revision: a.Revision, Created: a.Created, At: a.At, Submitted: a.Submitted, Actor: encoded(a.By), Reason: a.Reason}
}

func (r *applicationRow) application() (Application, error) {
	a := Application{ID: r.ID, Home: r.Home, Person: r.Person, Login: r.Login, Name: r.Name, Kind: r.Kind, Role: r.Role, State: r.State, Target: store.ID(r.Target),
		Revision: r.Revision, Created: r.Created, At: r.At, Submitted: r.Submitted, Reason: r.Reason}
	var err error
	if a.Record, err = fields.Decode([]byte(r.Content)); err == nil {
		err = json.Unmarshal([]byte(r.Actor), &a.By)
	}
	if err == nil && r.Letter != "" {
		err = json.Unmarshal([]byte(r.Letter), &a.Letter)
	}
	if err != nil {
		return a, fmt.Errorf("application %s: %w", r.ID, err)
	}
	return a, nil
}

func mandateRowOf(m *Mandate) *mandateRow {
	return &mandateRow{ID: m.ID, Org: m.Org, Person: m.Person, Login: m.Login, Name: m.Name, Role: m.Role, Since: m.From, Until: m.To, Application: m.Application,
		Letter: encoded(m.Letter), Revision: m.Revision, Revoked: m.Revoked, Actor: encoded(m.By), Reason: m.Reason, At: m.At}
}

func (r *mandateRow) mandate() (Mandate, error) {
	m := Mandate{ID: r.ID, Org: r.Org, Person: r.Person, Login: r.Login, Name: r.Name, Role: r.Role, Span: org.Span{From: r.Since, To: r.Until}, Application: r.Application,
		Revision: r.Revision, Revoked: r.Revoked, Reason: r.Reason, At: r.At}
	err := json.Unmarshal([]byte(r.Letter), &m.Letter)
	if err == nil {
		err = json.Unmarshal([]byte(r.Actor), &m.By)
	}
	if err != nil {
		return m, fmt.Errorf("mandate %s: %w", r.ID, err)
	}
	return m, nil
}

// write writes an application at its revision, with the step that led there; a draft that is only filled in leaves no step. Of two
// writers one is refused by the revision before.
func write(ctx context.Context, tx bun.Tx, a *Application, from State, step bool) error {
	row := rowOf(a)
	if a.Revision == 1 {
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return wrap("write an application", err)
		}
	} else {
		res, err := tx.NewUpdate().Model(row).ExcludeColumn("id", "home", "person", "created").Where("id = ? AND revision = ?", a.ID, a.Revision-1).Exec(ctx)
		if err != nil {
			return wrap("write an application", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrChanged.With("by", "").With("state", string(a.State))
		}
	}
	if !step {
		return nil
	}
	_, err := tx.NewInsert().Model(&stepRow{Application: a.ID, Revision: a.Revision, FromState: from, ToState: a.State, Content: row.Content, Actor: row.Actor, Reason: a.Reason, At: a.At}).Exec(ctx)
	return wrap("write a step", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, store.Err(err))
}
