package form

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type draftRow struct {
	bun.BaseModel `bun:"table:form_draft,alias:d"`

	ID         uuid.UUID `bun:"id,pk"`
	Org        uuid.UUID
	Person     uuid.UUID
	Name       string
	Kind       string
	Target     string
	Action     string
	CaseID     string
	Keeper     string
	Title      text.Text `bun:",type:text"`
	State      string
	Content    string
	Reason     string
	Filled     string
	Private    bool
	Device     string
	BeforeName string
	Outcome    string
	Made       int64
	At         int64
	Expires    int64
	Warned     bool
	Revision   int64
}

type attachmentRow struct {
	bun.BaseModel `bun:"table:form_attachment,alias:a"`

	ID    uuid.UUID `bun:"id,pk"`
	Draft uuid.UUID
	Kind  string
	Name  string
	Media string
	Size  int64
	Blob  string
	At    int64
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // this room's own types
	}
	return string(b)
}

func rowOf(d *Draft) draftRow {
	return draftRow{ID: d.ID, Org: d.Org, Person: d.Person, Name: d.Name, Kind: d.Target.Kind, Target: d.Target.ID, Action: d.Target.Action, CaseID: store.Word(d.Target.Case), Keeper: store.Word(d.Target.Keeper),
		Title: d.Title, State: string(d.State), Content: encode(d.Content), Reason: d.Reason, Filled: encode(d.Filled), Private: d.Private, Device: d.Device, BeforeName: d.Before, Outcome: encode(d.Outcome),
		Made: d.Made, At: d.At, Expires: d.Expires, Revision: d.Revision}
}

func (r *draftRow) draft() (Draft, error) {
	d := Draft{ID: r.ID, Org: r.Org, Person: r.Person, Name: r.Name, Target: Target{r.Kind, r.Target, r.Action, store.ID(r.CaseID), store.ID(r.Keeper)}, Title: r.Title, State: State(r.State), Reason: r.Reason,
		Private: r.Private, Device: r.Device, Before: r.BeforeName, Made: r.Made, At: r.At, Expires: r.Expires, Revision: r.Revision}
	err := errors.Join(json.Unmarshal([]byte(r.Content), &d.Content), json.Unmarshal([]byte(r.Filled), &d.Filled), json.Unmarshal([]byte(r.Outcome), &d.Outcome))
	if err != nil {
		return d, fmt.Errorf("draft %s: %w", r.ID, err)
	}
	if d.Content == nil {
		d.Content = map[string]json.RawMessage{}
	}
	return d, nil
}

func attachmentOf(r *attachmentRow) Attachment {
	return Attachment{ID: r.ID, Kind: r.Kind, Name: r.Name, Media: r.Media, Size: r.Size, Blob: r.Blob}
}

// attached are the files of a draft, in the order in which they came.
func attached(ctx context.Context, db bun.IDB, draft uuid.UUID) ([]Attachment, error) {
	var rows []attachmentRow
	if err := db.NewSelect().Model(&rows).Where("a.draft = ?", draft).OrderExpr("a.id").Scan(ctx); err != nil {
		return nil, wrap("attachments of a draft", err)
	}
	return store.All(rows, attachmentOf), nil
}

// update writes a draft over the revision that was read.
func update(ctx context.Context, tx bun.Tx, d *Draft, basis int64) error {
	row := rowOf(d)
	res, err := tx.NewUpdate().Model(&row).ExcludeColumn("id", "org", "kind", "target", "action", "case_id", "keeper", "made").Where("id = ? AND revision = ?", d.ID, basis).Exec(ctx)
	if err != nil {
		return wrap("write a draft", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrChanged.At("body.basis", basis)
	}
	return nil
}
