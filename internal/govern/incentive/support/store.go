package support

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type publishedRow struct {
	bun.BaseModel `bun:"table:support_published,alias:d"`

	Document string `bun:"document,pk"`
	Day      string
	Source   string
	Actor    string
	At       int64
}

type inquiryRow struct {
	bun.BaseModel `bun:"table:support_inquiry,alias:q"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Name     string
	Object   string
	Region   string
	Day      string
	Answers  string
	Chosen   string
	Revision int64
	At       int64
}

type resultRow struct {
	bun.BaseModel `bun:"table:support_result,alias:r"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Inquiry uuid.UUID
	Day     string
	Packs   string
	Inputs  string
	Facts   string
	Report  string
	Hash    string
	Actor   string
	At      int64
}

type filingRow struct {
	bun.BaseModel `bun:"table:support_filing,alias:f"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Keeper  uuid.UUID
	Measure string
	Object  string
	Name    string
	Day     string
	Result  string
	Inputs  string
	Packs   string
	State   string
	Why     string
	Actor   string
	At      int64

	Application string    // by which it was filed, or ""
	CallName    text.Text // of its call
}

type awardRow struct {
	bun.BaseModel `bun:"table:support_award,alias:w"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Keeper  uuid.UUID
	Measure string
	Object  string
	Name    string
	Day     string
	Amount  int64
	Ref     string
	Filing  string
	Why     string
	Actor   string
	At      int64

	Application string
	CallName    text.Text
	Ended       string // why it counts no more, or ""
}

type recoveryRow struct {
	bun.BaseModel `bun:"table:support_recovery,alias:c"`

	ID        uuid.UUID `bun:"id,pk"`
	Award     uuid.UUID
	Org       uuid.UUID
	Keeper    uuid.UUID
	Cause     string
	Clause    string
	Why       string
	Amount    int64
	Received  int64
	State     string
	Objection string
	Decision  string
	Until     string
	Actor     string
	At        int64
}

type voucherRow struct {
	bun.BaseModel `bun:"table:support_voucher,alias:v"`

	ID       uuid.UUID `bun:"id,pk"`
	Number   string
	Keeper   uuid.UUID
	Holder   uuid.UUID
	Provider string
	Fund     string
	Year     int
	Amount   int64
	Purpose  string
	Issued   string
	Expires  string
	State    string
	Contract string
	Delivery string
	Reply    string
	Payment  string
	Revision int64
	At       int64
}

type draftRow struct {
	bun.BaseModel `bun:"table:support_draft,alias:t"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Measure string
	Name    string
	SHA256  string `bun:"sha256"`
	Body    string
	Actor   string
	At      int64
}

type labRow struct {
	bun.BaseModel `bun:"table:support_lab,alias:l"`

	ID      uuid.UUID `bun:"id,pk"`
	Org     uuid.UUID
	Job     string
	Input   string
	Finding string
	Actor   string
	At      int64
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

var newest = func(alias string) store.Keyset {
	return store.Keyset{Columns: []string{alias + ".id"}, Descending: true}
}

// act is the audit entry of what the caller does to a thing of an organisation.
func (s *Service) act(ctx context.Context, org uuid.UUID, verb, kind, id, name string, before, after any) audit.Entry {
	e := auth.System(org).Act(ctx, s.o.Now(), "support."+verb, audit.Object{Kind: "support." + kind, ID: id, Name: name}, before, after)
	if p, ok := auth.FromContext(ctx); ok {
		e.Actor, e.Via = auth.ActorOf(p), p.Via
	}
	return e
}

// moved changes one row whose state (or revision) is what was seen; one of two who are at it at once is refused with refused.
func moved(ctx context.Context, tx bun.Tx, model any, columns []string, where string, arg any, refused error) error {
	res, err := tx.NewUpdate().Model(model).Column(columns...).WherePK().Where(where, arg).Exec(ctx)
	if err != nil {
		return wrap("write", err)
	}
	if n, _ := res.RowsAffected(); n != 1 {
		return refused
	}
	return nil
}
