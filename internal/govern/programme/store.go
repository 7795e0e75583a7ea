package programme

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type roundRow struct {
	bun.BaseModel `bun:"table:programme_round,alias:r"`

	ID         uuid.UUID `bun:"id,pk"`
	Org        uuid.UUID
	Call       string
	Version    string
	Name       text.Text
	Closes     string
	Budget     int64
	Fund       string
	Year       int64
	State      string
	Seed       string
	Commitment string
	Drawn      int64
	Opened     int64
	Revision   int64
}

type fileRow struct {
	bun.BaseModel `bun:"table:programme_file,alias:f"`

	CaseID    uuid.UUID `bun:"case_id,pk"`
	Round     uuid.UUID
	Org       uuid.UUID
	Subject   uuid.UUID
	Call      string
	Same      string
	Title     string
	State     string
	Content   string
	Documents string
	Receipt   string
	Filed     int64
	At        int64
	Revision  int64
}

type reviewRow struct {
	bun.BaseModel `bun:"table:programme_review,alias:v"`

	ID       uuid.UUID `bun:"id,pk"`
	Round    uuid.UUID
	Org      uuid.UUID
	CaseID   uuid.UUID
	Expert   uuid.UUID
	Person   string
	Employer string
	Place    int64
	State    string
	Reason   string
	Points   string
	Opinion  string
	Due      string
	At       int64
	Revision int64
}

type awardRow struct {
	bun.BaseModel `bun:"table:programme_award,alias:a"`

	CaseID    uuid.UUID `bun:"case_id,pk"`
	Round     uuid.UUID
	Org       uuid.UUID
	Subject   uuid.UUID
	Due       int64
	Amount    int64
	Explained string
	State     string
	Ref       string
	Granted   int64
	Baseline  string
	Revision  int64
}

type paymentRow struct {
	bun.BaseModel `bun:"table:programme_payment,alias:p"`

	ID       string `bun:"id,pk"`
	CaseID   uuid.UUID
	Round    uuid.UUID
	Org      uuid.UUID
	Kind     string
	Part     string
	Amount   int64
	State    string
	Due      string
	OnDay    string
	Document string
	Revision int64
}

type bindingRow struct {
	bun.BaseModel `bun:"table:programme_binding,alias:b"`

	CaseID    uuid.UUID `bun:"case_id,pk"`
	Indicator string    `bun:"indicator,pk"`
	Role      string    `bun:"role,pk"`
	Series    uuid.UUID
}

type measurementRow struct {
	bun.BaseModel `bun:"table:programme_measurement,alias:m"`

	ID        uuid.UUID `bun:"id,pk"`
	CaseID    uuid.UUID
	Indicator string
	Phase     string
	Since     int64
	Until     int64
	Value     string
	Coverage  int64
	Grade     string
	RestsOn   string
	Input     string
	Trouble   string
	Document  string
	Frozen    bool
	At        int64
}

type eventRow struct {
	bun.BaseModel `bun:"table:programme_event,alias:e"`

	ID      uuid.UUID `bun:"id,pk"`
	Round   uuid.UUID
	CaseID  string
	Org     uuid.UUID
	Subject string
	Kind    string
	Body    string
	Actor   string
	At      int64
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, store.Err(err))
}

// encode writes what this room's own types hold.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // none of them can fail
	}
	return string(b)
}

func decode[T any](s string) (T, error) {
	var v T
	if s == "" {
		return v, nil
	}
	err := json.Unmarshal([]byte(s), &v)
	return v, err
}

func (s *Service) round(ctx context.Context, db bun.IDB, id uuid.UUID) (*roundRow, error) {
	r := new(roundRow)
	return r, wrap("round "+id.String(), db.NewSelect().Model(r).Where("r.id = ?", id).Scan(ctx))
}

func (s *Service) file(ctx context.Context, db bun.IDB, id uuid.UUID) (*fileRow, error) {
	f := new(fileRow)
	return f, wrap("application "+id.String(), db.NewSelect().Model(f).Where("f.case_id = ?", id).Scan(ctx))
}

func (s *Service) files(ctx context.Context, db bun.IDB, round uuid.UUID, states ...string) (out []fileRow, err error) {
	q := db.NewSelect().Model(&out).Where("f.round = ?", round).OrderExpr("f.case_id")
	if len(states) > 0 {
		q = q.Where("f.state IN (?)", bun.List(states))
	}
	return out, wrap("applications", q.Scan(ctx))
}

func (s *Service) reviews(ctx context.Context, db bun.IDB, round uuid.UUID) (out []reviewRow, err error) {
	return out, wrap("reviews", db.NewSelect().Model(&out).Where("v.round = ?", round).OrderExpr("v.id").Scan(ctx))
}

func (s *Service) award(ctx context.Context, db bun.IDB, id uuid.UUID) (*awardRow, error) {
	a := new(awardRow)
	return a, wrap("award of "+id.String(), db.NewSelect().Model(a).Where("a.case_id = ?", id).Scan(ctx))
}

func (s *Service) payments(ctx context.Context, db bun.IDB, id uuid.UUID) (out []paymentRow, err error) {
	return out, wrap("payments", db.NewSelect().Model(&out).Where("p.case_id = ?", id).OrderExpr("p.id").Scan(ctx))
}

// moved writes a round over the revision that was seen. Error: ErrChanged.
func (s *Service) moved(ctx context.Context, tx bun.IDB, r *roundRow, basis int64) error {
	r.Revision = basis + 1
	res, err := tx.NewUpdate().Model(r).WherePK().Where("revision = ?", basis).Exec(ctx)
	if err != nil {
		return wrap("write a round", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return ErrChanged.At("body.basis", basis)
	}
	return nil
}

// note adds to what happened.
func (s *Service) note(ctx context.Context, tx bun.IDB, f *fileRow, round *roundRow, kind string, body any, by audit.Actor, at int64) error {
	e := eventRow{ID: uuid.Must(uuid.NewV7()), Kind: kind, Body: encode(body), Actor: encode(by), At: at}
	if f != nil {
		e.Round, e.CaseID, e.Org, e.Subject = f.Round, f.CaseID.String(), f.Org, f.Subject.String()
	} else {
		e.Round, e.Org = round.ID, round.Org
	}
	_, err := tx.NewInsert().Model(&e).Exec(ctx)
	return wrap("write down what happened", err)
}

// last is the newest event of a kind of a round; false where there is none.
func (s *Service) last(ctx context.Context, db bun.IDB, round uuid.UUID, kind string) (eventRow, bool, error) {
	var list []eventRow
	err := db.NewSelect().Model(&list).Where("e.round = ? AND e.kind = ?", round, kind).OrderExpr("e.id DESC").Limit(1).Scan(ctx)
	if err != nil || len(list) == 0 {
		return eventRow{}, false, wrap("look up what happened", err)
	}
	return list[0], true, nil
}
