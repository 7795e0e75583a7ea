package ledger

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

//go:embed migrations/*.sql
var migrations embed.FS

type fundRow struct {
	bun.BaseModel `bun:"table:ledger_fund,alias:f"`

	Org   uuid.UUID `bun:"org,pk"`
	ID    string    `bun:"id,pk"`
	Name  text.Text
	Line  string
	Actor string
	At    int64
}

type balanceRow struct {
	bun.BaseModel `bun:"table:ledger_balance,alias:b"`

	Org     uuid.UUID `bun:"org,pk"`
	Account string    `bun:"account,pk"`
	Fund    string    `bun:"fund,pk"`
	Year    int       `bun:"year,pk"`
	Amount  int64
}

type entryRow struct {
	bun.BaseModel `bun:"table:ledger_entry,alias:e"`

	ID       uuid.UUID `bun:"id,pk"`
	Org      uuid.UUID
	Number   int64
	Act      string
	Ref      string
	Day      string
	Fund     string
	Year     int
	Amount   int64
	Memo     text.Text
	Why      string
	Document string
	Reverses string
	Actor    string
	At       int64
}

type postingRow struct {
	bun.BaseModel `bun:"table:ledger_posting,alias:p"`

	Entry   uuid.UUID `bun:"entry,pk"`
	Line    int       `bun:"line,pk"`
	Org     uuid.UUID
	Account string
	Fund    string
	Year    int
	Debit   int64
	Credit  int64
}

type commitmentRow struct {
	bun.BaseModel `bun:"table:ledger_commitment,alias:c"`

	Org      uuid.UUID `bun:"org,pk"`
	Ref      string    `bun:"ref,pk"`
	Fund     string
	Year     int
	Party    string
	Amount   int64
	Memo     text.Text
	Released int64
	Paid     int64
	Claimed  int64
	Received int64
	Number   int64
	At       int64
}

// open is what is promised and not yet paid.
func (c *commitmentRow) open() int64 { return c.Amount - c.Released - c.Paid }

type movementRow struct {
	bun.BaseModel `bun:"table:ledger_movement,alias:m"`

	Org      uuid.UUID `bun:"org,pk"`
	Ref      string    `bun:"ref,pk"`
	ID       string    `bun:"id,pk"`
	Kind     string
	Amount   int64
	Day      string
	Document string
	Why      string
	Entry    string
	Number   int64
	State    string
}

type statementRow struct {
	bun.BaseModel `bun:"table:ledger_statement,alias:s"`

	ID     uuid.UUID `bun:"id,pk"`
	Org    uuid.UUID
	Name   string
	SHA256 string `bun:"sha256"`
	Lines  int
	Actor  string
	At     int64
}

type lineRow struct {
	bun.BaseModel `bun:"table:ledger_line,alias:l"`

	Statement uuid.UUID `bun:"statement,pk"`
	Line      int       `bun:"line,pk"`
	Org       uuid.UUID
	Day       string
	Reference string
	Party     string
	Note      string
	Amount    int64
	State     string
	Ref       string
	Movement  string
	Entry     string
}

func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, store.Err(err)) }

// next takes the next number of a book. It writes the book's row first of all, so that entries of one book wait for each other.
func next(ctx context.Context, tx bun.Tx, org uuid.UUID) (n int64, err error) {
	err = tx.NewRaw("INSERT INTO ledger_book (org, entries) VALUES (?, 1) ON CONFLICT (org) DO UPDATE SET entries = ledger_book.entries + 1 RETURNING entries", org).Scan(ctx, &n)
	if err != nil {
		return 0, wrap("number an entry", err)
	}
	return n, nil
}

// post writes an entry: the only way into the journal. It numbers it, moves the balances, keeps the floors, and is audited.
// Errors: ErrUnbalanced, ErrAmount, ErrBudget, ErrFloor.
func (s *Service) post(ctx context.Context, tx bun.Tx, e *Entry) error {
	if err := balanced(e.Postings); err != nil {
		return err
	}
	var err error
	if e.Number, err = next(ctx, tx, e.Org); err != nil {
		return err
	}
	now := s.o.Now()
	e.ID, e.At = uuid.Must(uuid.NewV7()), now.UnixNano()
	act := auth.System(e.Org).Act(ctx, now, "ledger."+strings.ReplaceAll(e.Act, "-", "."), audit.Object{Kind: "ledger.entry", ID: e.ID.String(), Name: fmt.Sprintf("%d %s", e.Number, e.Ref)}, nil,
		map[string]any{"ref": e.Ref, "fund": e.Fund, "year": e.Year, "amount": Yuan(e.Amount), "reverses": store.Word(e.Reverses)})
	act.Reason = e.Why
	if p, ok := auth.FromContext(ctx); ok {
		act.Actor, act.Via = auth.ActorOf(p), p.Via
	}
	e.By = act.Actor
	actor, err := json.Marshal(e.By)
	if err != nil {
		return err
	}
	row := entryRow{ID: e.ID, Org: e.Org, Number: e.Number, Act: e.Act, Ref: e.Ref, Day: e.Day, Fund: e.Fund, Year: e.Year, Amount: e.Amount, Memo: e.Memo, Why: e.Why,
		Document: e.Document, Reverses: store.Word(e.Reverses), Actor: string(actor), At: e.At}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return wrap("write an entry", err)
	}
	lines := make([]postingRow, len(e.Postings))
	for i, p := range e.Postings {
		lines[i] = postingRow{Entry: e.ID, Line: i + 1, Org: e.Org, Account: p.Account, Fund: p.Fund, Year: p.Year, Debit: p.Debit, Credit: p.Credit}
	}
	if _, err := tx.NewInsert().Model(&lines).Exec(ctx); err != nil {
		return wrap("write an entry", err)
	}
	// Whoever is asked for more than there is wants to know what there is, so every line is moved first and then looked at.
	after := map[balanceRow]int64{}
	for _, p := range e.Postings {
		var amount int64
		key := balanceRow{Org: e.Org, Account: p.Account, Fund: p.Fund, Year: p.Year}
		err := tx.NewRaw(`INSERT INTO ledger_balance (org, account, fund, year, amount) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (org, account, fund, year) DO UPDATE SET amount = ledger_balance.amount + excluded.amount RETURNING amount`,
			e.Org, p.Account, p.Fund, p.Year, p.Debit-p.Credit).Scan(ctx, &amount)
		if err != nil {
			return wrap("move a balance", err)
		}
		after[key] = amount
	}
	for _, p := range e.Postings {
		a := s.chart.account(p.Account)
		now := after[balanceRow{Org: e.Org, Account: p.Account, Fund: p.Fund, Year: p.Year}]
		if a == nil || !a.Floor {
			continue
		}
		moved := p.Debit - p.Credit
		if a.Side == "credit" {
			now, moved = -now, -moved
		}
		if now >= 0 {
			continue
		}
		if p.Account == FreeAccount {
			return ErrBudget.At("body.amount", Yuan(e.Amount)).With("fund", p.Fund).With("year", p.Year).With("free", Yuan(now-moved)).With("asked", Yuan(-moved))
		}
		return ErrFloor.At("body.amount", Yuan(e.Amount)).With("account", a.Name.Zh+" "+a.Name.En).With("balance", Yuan(now-moved))
	}
	return audit.Record(ctx, tx, act)
}

func (s *Service) commitment(ctx context.Context, db bun.IDB, org uuid.UUID, ref string) (*commitmentRow, error) {
	var rows []commitmentRow
	if err := db.NewSelect().Model(&rows).Where("c.org = ? AND c.ref = ?", org, ref).Scan(ctx); err != nil {
		return nil, wrap("commitment", err)
	}
	if len(rows) == 0 {
		return nil, ErrCommitment.At("ref", ref)
	}
	return &rows[0], nil
}

func (s *Service) movement(ctx context.Context, db bun.IDB, org uuid.UUID, ref, id string) (*movementRow, error) {
	var rows []movementRow
	if err := db.NewSelect().Model(&rows).Where("m.org = ? AND m.ref = ? AND m.id = ?", org, ref, id).Scan(ctx); err != nil {
		return nil, wrap("payment", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

func (s *Service) balance(ctx context.Context, db bun.IDB, org uuid.UUID, account, fund string, year int) (int64, error) {
	var n []int64
	err := db.NewSelect().Model((*balanceRow)(nil)).Column("amount").Where("b.org = ? AND b.account = ? AND b.fund = ? AND b.year = ?", org, account, fund, year).Scan(ctx, &n)
	if err != nil {
		return 0, wrap("balance", err)
	}
	if len(n) == 0 {
		return 0, nil
	}
	if a := s.chart.account(account); a != nil && a.Side == "credit" {
		return -n[0], nil
	}
	return n[0], nil
}

// fund makes sure that there is one. Error: ErrFund.
func (s *Service) fund(ctx context.Context, db bun.IDB, org uuid.UUID, id string) error {
	var rows []fundRow
	if err := db.NewSelect().Model(&rows).Where("f.org = ?", org).OrderExpr("f.id").Scan(ctx); err != nil {
		return wrap("funds", err)
	}
	var ids []string
	for _, r := range rows {
		if r.ID == id {
			return nil
		}
		ids = append(ids, r.ID)
	}
	return ErrFund.At("body.fund", id).With("funds", strings.Join(ids, ", "))
}
