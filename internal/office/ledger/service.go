package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Options build a Service. DB, Packs and Now are required.
type Options struct {
	DB     *store.DB
	Packs  fs.FS // the chart is in its folder Dir
	Now    func() time.Time
	Logger *slog.Logger
}

// Service is what can be done with books.
type Service struct {
	o     Options
	chart *Chart
}

// New brings the tables up to date and reads the chart. Error: pack.Faults.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	chart, err := Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("chart of accounts: %w", err)
	}
	return &Service{o: o, chart: chart}, store.MigrateRoom(ctx, o.DB, "ledger", migrations)
}

// Chart is the one of this node.
func (s *Service) Chart() *Chart { return s.chart }

func (s *Service) today() string { return field.DateOf(s.o.Now().UnixNano()) }

// Fund is a fund of a book.
type Fund struct {
	ID   string
	Name text.Text
	Line string // of measures that name a budget line: the fund pays them
}

// AddFund makes a fund. Errors: ErrFundID, ErrFundTaken, ErrName and those of auth.
func (s *Service) AddFund(ctx context.Context, org uuid.UUID, f Fund) error {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return err
	}
	if !fundForm.MatchString(f.ID) || len(f.ID) > 60 {
		return ErrFundID.At("body.id", f.ID)
	}
	if err := f.Name.Check(120); err != nil {
		return ErrName.At("body.name", f.Name.Zh).With("reason", err.Error())
	}
	act := scope.Act(ctx, s.o.Now(), "ledger.fund", audit.Object{Kind: "ledger.fund", ID: f.ID, Name: f.Name.In("zh")}, nil, f)
	row := fundRow{Org: org, ID: f.ID, Name: f.Name, Line: f.Line, Actor: string(audit.State(act.Actor)), At: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("write a fund", err)
		}
		return audit.Record(ctx, tx, act)
	})
	if errors.Is(err, store.ErrConflict) {
		return ErrFundTaken.At("body.id", f.ID)
	}
	return err
}

// Appropriation adds to a budget line, or takes from what is free in it (a negative amount).
type Appropriation struct {
	Fund     string
	Year     int
	Amount   int64 // fen
	Document string
	Why      string
}

// Appropriate gives money to a budget line. Errors: ErrFund, ErrYear, ErrAmount, ErrReason; ErrBudget where more is taken than is free.
func (s *Service) Appropriate(ctx context.Context, org uuid.UUID, a Appropriation) (Entry, error) {
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return Entry{}, err
	}
	if a.Year < 2000 || a.Year > 2200 {
		return Entry{}, ErrYear.At("body.year", a.Year)
	}
	if wrong := checkAmount("body.amount", max(a.Amount, -a.Amount)); wrong != nil {
		return Entry{}, wrong
	}
	if wrong := checkWhy("body.why", a.Why); wrong != nil {
		return Entry{}, wrong
	}
	e := Entry{Org: org, Act: ActBudget, Ref: fmt.Sprintf("%s/%d", a.Fund, a.Year), Day: s.today(), Fund: a.Fund, Year: a.Year, Amount: a.Amount, Why: a.Why, Document: a.Document}
	e.Postings = s.chart.postings(ActBudget, a.Fund, a.Year, max(a.Amount, -a.Amount))
	if a.Amount < 0 {
		e.Postings = opposite(e.Postings)
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.fund(ctx, tx, org, a.Fund); err != nil {
			return err
		}
		return s.post(ctx, tx, &e)
	})
	return e, err
}

func opposite(list []Posting) []Posting {
	out := make([]Posting, len(list))
	for i, p := range list {
		out[i] = p
		out[i].Debit, out[i].Credit = p.Credit, p.Debit
	}
	return out
}

// Journal is an entry that an officer writes by hand, on accounts that allow it.
type Journal struct {
	Ref      string
	Day      string
	Lines    []Posting
	Memo     text.Text
	Document string
	Why      string
}

// Write writes an entry by hand. Errors: ErrUnbalanced, ErrAccount, ErrAmount, ErrFund, ErrDay, ErrRef, ErrReason.
func (s *Service) Write(ctx context.Context, org uuid.UUID, j Journal) (Entry, error) {
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return Entry{}, err
	}
	if wrong := checkRef("body.ref", j.Ref); wrong != nil {
		return Entry{}, wrong
	}
	if wrong := checkDay("body.day", j.Day); wrong != nil {
		return Entry{}, wrong
	}
	if wrong := checkWhy("body.why", j.Why); wrong != nil {
		return Entry{}, wrong
	}
	if len(j.Lines) < 2 || len(j.Lines) > 100 {
		return Entry{}, ErrUnbalanced.At("body.lines", len(j.Lines)).With("debit", "").With("credit", "")
	}
	e := Entry{Org: org, Act: ActJournal, Ref: j.Ref, Day: j.Day, Fund: j.Lines[0].Fund, Year: j.Lines[0].Year, Memo: j.Memo, Why: j.Why, Document: j.Document, Postings: j.Lines}
	for i, l := range j.Lines {
		if a := s.chart.account(l.Account); a == nil || !a.Manual {
			var ids []string
			for _, a := range s.chart.Accounts {
				if a.Manual {
					ids = append(ids, a.ID)
				}
			}
			return Entry{}, ErrAccount.At(fmt.Sprintf("body.lines[%d].account", i), l.Account).With("accounts", strings.Join(ids, ", "))
		}
		e.Amount += l.Debit
	}
	if err := balanced(j.Lines); err != nil {
		return Entry{}, err
	}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, l := range j.Lines {
			if err := s.fund(ctx, tx, org, l.Fund); err != nil {
				return err
			}
		}
		return s.post(ctx, tx, &e)
	})
	return e, err
}

// Reverse undoes an entry by a further one with the opposite lines; the commitment stands again as it was before. Vouchers are
// not reversed but returned; what the bank has settled stays, and is claimed back. Errors: ErrReversed, ErrReversal, ErrSettled, ErrFloor,
// ErrOver, ErrReason, store.ErrNotFound.
func (s *Service) Reverse(ctx context.Context, id uuid.UUID, why string) (Entry, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Entry{}, err
	}
	var old entryRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&old).Where("e.id = ?", id), "e.org").Scan(ctx); err != nil {
		return Entry{}, wrap("entry", err)
	}
	if _, err := auth.Allow(ctx, auth.Configure, old.Org); err != nil {
		return Entry{}, err
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return Entry{}, wrong
	}
	if old.Reverses != "" {
		return Entry{}, ErrReversal.At("path.id", id.String()).With("act", "reversal")
	}
	e := Entry{Org: old.Org, Act: old.Act, Ref: old.Ref, Day: s.today(), Fund: old.Fund, Year: old.Year, Amount: old.Amount, Memo: old.Memo, Why: why, Document: old.Document, Reverses: id}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var by []int64
		if err := tx.NewSelect().Model((*entryRow)(nil)).Column("number").Where("e.reverses <> '' AND e.reverses = ?", id.String()).Scan(ctx, &by); err != nil {
			return wrap("entry", err)
		}
		if len(by) > 0 {
			return ErrReversed.At("path.id", id.String()).With("by", by[0])
		}
		var lines []postingRow
		if err := tx.NewSelect().Model(&lines).Where("p.entry = ?", id).OrderExpr("p.line").Scan(ctx); err != nil {
			return wrap("entry", err)
		}
		e.Postings = nil
		for _, l := range lines {
			e.Postings = append(e.Postings, Posting{l.Account, l.Fund, l.Year, l.Credit, l.Debit})
		}
		if err := s.unmake(ctx, tx, &old); err != nil {
			return err
		}
		return s.post(ctx, tx, &e)
	})
	if errors.Is(err, store.ErrConflict) { // another was faster
		return Entry{}, ErrReversed.At("path.id", id.String()).With("by", "")
	}
	return e, err
}

// unmake takes back what an entry did to its commitment.
func (s *Service) unmake(ctx context.Context, tx bun.Tx, old *entryRow) error {
	switch old.Act {
	case ActBudget, ActJournal:
		return nil
	case ActRelease, ActPay, ActClaim, ActWaive, ActReceive:
	default:
		return ErrReversal.At("path.id", old.ID.String()).With("act", old.Act)
	}
	c, err := s.commitment(ctx, tx, old.Org, old.Ref)
	if err != nil {
		return err
	}
	switch old.Act {
	case ActRelease:
		c.Released -= old.Amount
	case ActPay:
		c.Paid -= old.Amount
	case ActClaim:
		c.Claimed -= old.Amount
	case ActWaive:
		c.Claimed += old.Amount
	case ActReceive:
		c.Claimed, c.Received = c.Claimed+old.Amount, c.Received-old.Amount
	}
	if c.Paid < c.Claimed+c.Received || c.Claimed < 0 {
		return ErrOver.At("path.id", old.ID.String()).With("ref", old.Ref).With("left", Yuan(c.Paid-c.Received)).With("asked", Yuan(c.Claimed))
	}
	if old.Act != ActRelease {
		var m movementRow
		err := tx.NewSelect().Model(&m).Where("m.org = ? AND m.ref = ? AND m.entry = ?", old.Org, old.Ref, old.ID.String()).Scan(ctx)
		if err != nil {
			return wrap("payment", err)
		}
		if m.State == "settled" {
			return ErrSettled.At("path.id", m.ID)
		}
		m.State = "reversed"
		if _, err := tx.NewUpdate().Model(&m).Column("state").WherePK().Exec(ctx); err != nil {
			return wrap("payment", err)
		}
	}
	return s.keep(ctx, tx, c)
}

func (s *Service) keep(ctx context.Context, tx bun.Tx, c *commitmentRow) error {
	if _, err := tx.NewUpdate().Model(c).Column("released", "paid", "claimed", "received").WherePK().Exec(ctx); err != nil {
		return wrap("write a commitment", err)
	}
	return nil
}
