package match

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

type needRow struct {
	bun.BaseModel `bun:"table:match_need,alias:n"`

	ID         uuid.UUID `bun:"id,pk"`
	Org        uuid.UUID
	Kind       string
	State      string
	Visibility string
	Division   string
	Province   string
	Deadline   string
	Origin     string
	Name       text.Text
	Code       string
	Content    string
	Reason     string
	Revision   int64
	Created    int64
	At         int64
}

func rowOfNeed(n *Need) (*needRow, error) {
	content, err := json.Marshal(n.Brief)
	return &needRow{ID: n.ID, Org: n.Org, Kind: n.Brief.Kind, State: string(n.State), Visibility: string(n.Brief.Visibility), Division: division(n.Brief.Industry),
		Province: province(n.Brief.Region), Deadline: n.Brief.Deadline, Origin: n.Brief.Origin, Name: n.Name, Code: n.Code, Content: string(content), Reason: n.Reason,
		Revision: n.Revision, Created: n.Created, At: n.At}, err
}

func (r *needRow) need() (Need, error) {
	n := Need{ID: r.ID, Org: r.Org, Name: r.Name, Code: r.Code, State: NeedState(r.State), Reason: r.Reason, Revision: r.Revision, Created: r.Created, At: r.At}
	if err := json.Unmarshal([]byte(r.Content), &n.Brief); err != nil {
		return n, fmt.Errorf("need %s: %w", r.ID, err)
	}
	return n, nil
}

// needOf reads a need under a scope; All for who may see it through a contact.
func needOf(ctx context.Context, db bun.IDB, scope auth.Scope, id uuid.UUID) (Need, error) {
	var r needRow
	if err := scope.Where(db.NewSelect().Model(&r).Where("n.id = ?", id), "n.org").Scan(ctx); err != nil {
		return Need{}, wrap("need "+id.String(), err)
	}
	return r.need()
}

// writeNeed writes a need that has changed; the revision before is named, so that one of two writers is refused.
func writeNeed(ctx context.Context, tx bun.Tx, n *Need) error {
	row, err := rowOfNeed(n)
	if err != nil {
		return err
	}
	res, err := tx.NewUpdate().Model(row).ExcludeColumn("id", "org", "created").Where("id = ? AND revision = ?", n.ID, n.Revision-1).Exec(ctx)
	if err != nil {
		return wrap("write a need", err)
	}
	if hit, _ := res.RowsAffected(); hit == 0 {
		return ErrChanged.At("body.basis", n.Revision-1).With("revision", n.Revision)
	}
	return nil
}

type pairRow struct {
	bun.BaseModel `bun:"table:match_pair,alias:p"`

	Need     uuid.UUID `bun:"need,pk"`
	Supply   uuid.UUID `bun:"supply,pk"`
	Org      uuid.UUID
	Provider string
	Score    int64
	Found    int64
	News     string
}

type contactRow struct {
	bun.BaseModel `bun:"table:match_contact,alias:c"`

	ID       uuid.UUID `bun:"id,pk"`
	Need     uuid.UUID
	Firm     uuid.UUID
	Supply   uuid.UUID
	Provider uuid.UUID
	Event    string
	Side     string
	Way      string
	State    string
	Reached  string
	Amount   int64
	Content  string
	Revision int64
	Created  int64
	At       int64
}

// reachedOrder is how far a contact can come; a contact that ends keeps how far it came.
var reachedOrder = []ContactState{Requested, Talking, Met, Quoted, Proposed, Contracted, Delivered, Done}

func further(a, b string) string {
	for i := len(reachedOrder) - 1; i >= 0; i-- {
		if s := string(reachedOrder[i]); a == s || b == s {
			return s
		}
	}
	return a
}

func rowOfContact(c *Contact, reached string) (*contactRow, error) {
	content, err := json.Marshal(c.Content)
	r := &contactRow{ID: c.ID, Need: c.Need, Firm: c.Firm, Supply: c.Supply, Provider: c.Provider, Event: store.Word(c.Event), Side: string(c.By), Way: c.Way,
		State: string(c.State), Reached: further(reached, string(c.State)), Content: string(content), Revision: c.Revision, Created: c.Created, At: c.At}
	if k := c.Content.Contract; k != nil && len(k.Facts) > 0 {
		r.Amount = k.Amount
	}
	return r, err
}

func (r *contactRow) contact() (Contact, error) {
	c := Contact{ID: r.ID, Need: r.Need, Firm: r.Firm, Supply: r.Supply, Provider: r.Provider, Event: store.ID(r.Event), By: PartySide(r.Side), Way: r.Way,
		State: ContactState(r.State), Revision: r.Revision, Created: r.Created, At: r.At}
	if err := json.Unmarshal([]byte(r.Content), &c.Content); err != nil {
		return c, fmt.Errorf("contact %s: %w", r.ID, err)
	}
	return c, nil
}

// ofEither limits a query to contacts of which a scope holds one side.
func ofEither(q *bun.SelectQuery, scope auth.Scope) *bun.SelectQuery {
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range []string{"c.firm", "c.provider"} {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery { return scope.Where(q.Where("1 = 1"), column) })
		}
		return q
	})
}

type stepRow struct {
	bun.BaseModel `bun:"table:match_step,alias:s"`

	ID      uuid.UUID `bun:"id,pk"`
	Contact uuid.UUID
	Side    string
	Kind    string
	Words   string
	Data    string
	Actor   string
	At      int64
}

type ratingRow struct {
	bun.BaseModel `bun:"table:match_rating,alias:r"`

	ID       uuid.UUID `bun:"id,pk"`
	Contact  uuid.UUID
	Firm     uuid.UUID
	Provider uuid.UUID
	State    string
	Score    int64
	Content  string
	Revision int64
	At       int64
}

type checkRow struct {
	bun.BaseModel `bun:"table:match_check,alias:k"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Provider uuid.UUID
	Party    string
	Report   string
	Day      string
	Score    int64
	Actor    string
	At       int64
}

type eventRow struct {
	bun.BaseModel `bun:"table:match_event,alias:v"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	State    string
	Day      string
	Content  string
	Revision int64
	At       int64
}

type guestRow struct {
	bun.BaseModel `bun:"table:match_guest,alias:g"`

	ID     uuid.UUID `bun:"id,pk"`
	Event  uuid.UUID
	Org    uuid.UUID
	Side   string
	Need   string
	Supply string
	Name   text.Text
	Wishes string
	At     int64
}

type meetingRow struct {
	bun.BaseModel `bun:"table:match_meeting,alias:m"`

	Event    uuid.UUID `bun:"event,pk"`
	Round    int64     `bun:"round,pk"`
	Seat     int64
	Firm     uuid.UUID `bun:"firm,pk"`
	Provider uuid.UUID
	Mutual   int64
	Score    int64
	Outcome  string
	Words    string
}
