package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// Movement is a payment, claim, waiver or receipt.
type Movement struct {
	Ref      string
	ID       string
	Kind     string // pay, claim, waive, receipt
	Amount   int64
	Day      string
	Document string
	Why      string
	Entry    uuid.UUID
	Number   int64
	State    string // open, settled, reversed
}

func movement(r *movementRow) Movement {
	return Movement{Ref: r.Ref, ID: r.ID, Kind: r.Kind, Amount: r.Amount, Day: r.Day, Document: r.Document, Why: r.Why, Entry: store.ID(r.Entry), Number: r.Number, State: r.State}
}

// Funds of a book, by id.
func (s *Service) Funds(ctx context.Context, org uuid.UUID) ([]Fund, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	var rows []fundRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows), "f.org").Scan(ctx); err != nil {
		return nil, wrap("funds", err)
	}
	slices.SortFunc(rows, func(a, b fundRow) int { return cmp.Compare(a.ID, b.ID) })
	return store.All(rows, func(r *fundRow) Fund { return Fund{r.ID, r.Name, r.Line} }), nil
}

// BudgetLine is a fund in a year: balances by account, in fen, each positive on its own side.
type BudgetLine struct {
	Fund     string
	Year     int
	Balances map[string]int64
}

// Budget lists the budget lines of a book, by fund and year.
func (s *Service) Budget(ctx context.Context, org uuid.UUID) ([]BudgetLine, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	var rows []balanceRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&rows), "b.org").Scan(ctx); err != nil {
		return nil, wrap("balances", err)
	}
	var out []BudgetLine
	for _, r := range rows {
		i := slices.IndexFunc(out, func(l BudgetLine) bool { return l.Fund == r.Fund && l.Year == r.Year })
		if i < 0 {
			i, out = len(out), append(out, BudgetLine{r.Fund, r.Year, map[string]int64{}})
		}
		amount := r.Amount
		if a := s.chart.account(r.Account); a != nil && a.Side == "credit" {
			amount = -amount
		}
		out[i].Balances[r.Account] = amount
	}
	slices.SortFunc(out, func(a, b BudgetLine) int { return cmp.Or(cmp.Compare(a.Fund, b.Fund), cmp.Compare(b.Year, a.Year)) })
	return out, nil
}

// TrialRow is an account in a trial balance, in fen.
type TrialRow struct {
	Account string
	Debit   int64 // of all entries
	Credit  int64
	Kept    int64 // the balance as it is kept, debit less credit
}

// Trial adds up the journal itself and holds it against the balances that are kept. Where all is well debits and credits are equal,
// and every kept balance is that of its lines.
func (s *Service) Trial(ctx context.Context, org uuid.UUID) (rows []TrialRow, balanced bool, err error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, false, err
	}
	type sum struct {
		Account       string
		Debit, Credit int64
	}
	var sums []sum
	q := scope.Where(s.o.DB.NewSelect().Model((*postingRow)(nil)), "p.org").ColumnExpr("p.account AS account, CAST(SUM(p.debit) AS BIGINT) AS debit, CAST(SUM(p.credit) AS BIGINT) AS credit").GroupExpr("p.account")
	if err := q.Scan(ctx, &sums); err != nil {
		return nil, false, wrap("trial balance", err)
	}
	var kept []balanceRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&kept), "b.org").Scan(ctx); err != nil {
		return nil, false, wrap("trial balance", err)
	}
	rows = make([]TrialRow, len(s.chart.Accounts))
	var debit, credit int64
	for i, a := range s.chart.Accounts {
		rows[i].Account = a.ID
		for _, x := range sums {
			if x.Account == a.ID {
				rows[i].Debit, rows[i].Credit = x.Debit, x.Credit
			}
		}
		for _, b := range kept {
			if b.Account == a.ID {
				rows[i].Kept += b.Amount
			}
		}
		debit, credit = debit+rows[i].Debit, credit+rows[i].Credit
	}
	balanced = debit == credit
	for _, r := range rows {
		balanced = balanced && r.Kept == r.Debit-r.Credit
	}
	return rows, balanced, nil
}

// Promise is a commitment as it is listed.
type Promise struct {
	Ref    string
	Number int64
	At     time.Time
	Memo   text.Text
	Standing
}

var newestFirst = store.Keyset{Columns: []string{"c.number"}, Descending: true}

// Filter narrows lists of a book; zero fields do not.
type Filter struct {
	Fund string
	Year int
	Ref  string
}

func (f Filter) where(q *bun.SelectQuery, alias string) *bun.SelectQuery {
	if f.Fund != "" {
		q = q.Where("?.fund = ?", bun.Ident(alias), f.Fund)
	}
	if f.Year != 0 {
		q = q.Where("?.year = ?", bun.Ident(alias), f.Year)
	}
	if f.Ref != "" {
		q = q.Where("?.ref = ?", bun.Ident(alias), f.Ref)
	}
	return q
}

// Commitments lists promises, the newest first.
func (s *Service) Commitments(ctx context.Context, org uuid.UUID, f Filter, page store.Page) ([]Promise, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []commitmentRow
	q := f.where(scope.Where(s.o.DB.NewSelect().Model(&rows), "c.org"), "c")
	return store.List(ctx, newestFirst, q, &rows, page, func(r *commitmentRow) []any { return []any{r.Number} }, func(r *commitmentRow) Promise {
		return Promise{r.Ref, r.Number, time.Unix(0, r.At).UTC(), r.Memo, standing(r)}
	})
}

var movementsFirst = store.Keyset{Columns: []string{"m.number"}, Descending: true}

// Movements lists payments, claims, waivers and receipts, the newest first.
func (s *Service) Movements(ctx context.Context, org uuid.UUID, ref string, page store.Page) ([]Movement, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []movementRow
	q := scope.Where(s.o.DB.NewSelect().Model(&rows), "m.org")
	if ref != "" {
		q = q.Where("m.ref = ?", ref)
	}
	return store.List(ctx, movementsFirst, q, &rows, page, func(r *movementRow) []any { return []any{r.Number} }, movement)
}

var entriesFirst = store.Keyset{Columns: []string{"e.number"}, Descending: true}

// Entries lists the journal, the newest first, each with its lines.
func (s *Service) Entries(ctx context.Context, org uuid.UUID, f Filter, page store.Page) ([]Entry, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []entryRow
	q := f.where(scope.Where(s.o.DB.NewSelect().Model(&rows), "e.org"), "e")
	var broken error
	list, next, err := store.List(ctx, entriesFirst, q, &rows, page, func(r *entryRow) []any { return []any{r.Number} }, func(r *entryRow) Entry {
		e := Entry{ID: r.ID, Org: r.Org, Number: r.Number, Act: r.Act, Ref: r.Ref, Day: r.Day, Fund: r.Fund, Year: r.Year, Amount: r.Amount, Memo: r.Memo, Why: r.Why,
			Document: r.Document, Reverses: store.ID(r.Reverses), At: r.At}
		if err := json.Unmarshal([]byte(r.Actor), &e.By); err != nil {
			broken = err
		}
		return e
	})
	if err == nil {
		err = broken
	}
	if err != nil || len(list) == 0 {
		return list, next, err
	}
	at := map[uuid.UUID]int{}
	var ids []uuid.UUID
	for i := range list {
		at[list[i].ID] = i
		ids = append(ids, list[i].ID)
	}
	var lines []postingRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&lines).Where("p.entry IN (?)", bun.List(store.Words(ids))), "p.org").OrderExpr("p.entry, p.line").Scan(ctx); err != nil {
		return nil, "", wrap("journal", err)
	}
	for _, l := range lines {
		i := at[l.Entry]
		list[i].Postings = append(list[i].Postings, Posting{l.Account, l.Fund, l.Year, l.Debit, l.Credit})
	}
	var undone []entryRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&undone).Column("id", "reverses").Where("e.reverses <> '' AND e.reverses IN (?)", bun.List(store.Words(ids))), "e.org").Scan(ctx); err != nil {
		return nil, "", wrap("journal", err)
	}
	for _, u := range undone {
		list[at[store.ID(u.Reverses)]].Reversed = u.ID
	}
	return list, next, nil
}

// Export writes the journal as a file, one row for each line, the first entry first.
func (s *Service) Export(ctx context.Context, org uuid.UUID, f Filter, format table.Format, lang string) ([]byte, error) {
	out := table.Out{Name: "journal", Heading: []string{"No.", "Day", "Act", "Reference", "Fund", "Year", "Account", "Debit (CNY)", "Credit (CNY)", "Memo", "Reason", "Document", "Reverses", "By", "At (UTC)"}}
	if lang == "zh" {
		out.Name, out.Heading = "日记账", []string{"序号", "日期", "事项", "参考号", "资金", "年度", "科目", "借方（元）", "贷方（元）", "摘要", "理由", "凭据", "冲销", "经办", "记录时间（UTC）"}
	}
	numbers := map[uuid.UUID]int64{}
	var list []Entry
	err := store.Each(func(p store.Page) ([]Entry, string, error) {
		p.Limit = store.MaxLimit
		return s.Entries(ctx, org, f, p)
	}, func(e Entry) error {
		list = append(list, e)
		numbers[e.ID] = e.Number
		if len(list) > 30_000 {
			return ErrFile.At("query", len(list)).With("reason", "请按资金和年度缩小范围 / narrow it by fund and year")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	for _, e := range list {
		act := e.Act
		if a := s.chart.act(e.Act); a != nil {
			act = a.Name.In(lang)
		}
		reverses := ""
		if e.Reverses != uuid.Nil {
			reverses = fmt.Sprint(numbers[e.Reverses])
		}
		for _, p := range e.Postings {
			account := p.Account
			if a := s.chart.account(p.Account); a != nil {
				account = a.Name.In(lang)
			}
			out.Rows = append(out.Rows, []string{strconv.FormatInt(e.Number, 10), e.Day, act, e.Ref, p.Fund, strconv.Itoa(p.Year), account, blankZero(p.Debit), blankZero(p.Credit),
				e.Memo.In(lang), e.Why, e.Document, reverses, e.By.Name, time.Unix(0, e.At).UTC().Format(time.RFC3339)})
		}
	}
	return table.Write(format, out)
}

func blankZero(fen int64) string {
	if fen == 0 {
		return ""
	}
	return Yuan(fen)
}
