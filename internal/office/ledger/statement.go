package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// MaxLines bounds a statement.
const MaxLines = 20_000

// Line is one line of a bank statement. Amounts are in fen; what was received is positive, what was paid negative.
type Line struct {
	Statement uuid.UUID
	Line      int // row of the file
	Day       string
	Reference string
	Party     string
	Note      string
	Amount    int64
	State     string // open, matched
	Ref       string // of the commitment that it was matched with
	Movement  string
}

// RowFault is a row of a statement that cannot be taken.
type RowFault struct {
	Sheet string
	Row   int
	Cell  string
	Value string
	Text  text.Text
	Mend  text.Text
}

// Taken is what came of a statement.
type Taken struct {
	Statement uuid.UUID // zero where nothing was written
	DryRun    bool
	Lines     []Line
	Matched   int
	Faults    []RowFault
}

// headings by which columns of a statement are found.
var headings = map[string][]string{
	"day":       {"日期", "交易日期", "记账日期", "交易时间", "date", "day", "booking date"},
	"reference": {"参考号", "凭证号", "支付编号", "业务编号", "流水号", "reference", "ref", "payment id"},
	"amount":    {"金额", "交易金额", "发生额", "amount"},
	"out":       {"支出", "借方金额", "借方", "支出金额", "paid", "debit"},
	"in":        {"收入", "贷方金额", "贷方", "收入金额", "received", "credit"},
	"party":     {"对方户名", "对方", "收款人", "户名", "party", "counterparty"},
	"note":      {"摘要", "用途", "附言", "note", "memo"},
}

func column(heading []string, what string) int {
	for i, h := range heading {
		for _, name := range headings[what] {
			if strings.EqualFold(strings.TrimSpace(h), name) {
				return i
			}
		}
	}
	return -1
}

// ReadStatement reads the lines of a bank statement and what is wrong with them. It is pure. Error: ErrFile.
func ReadStatement(format table.Format, data []byte) (lines []Line, faults []RowFault, err error) {
	if format == "" {
		format = table.Guess(data)
	}
	if len(data) > table.MaxFile {
		return nil, nil, ErrFile.At("body", "").With("reason", "32 MiB")
	}
	sheets, err := table.Read(format, data)
	var unreadable *table.Error
	if errors.As(err, &unreadable) {
		return nil, nil, ErrFile.At("body", "").With("reason", unreadable.Text.Zh+" / "+unreadable.Text.En)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(sheets) == 0 || len(sheets[0].Rows) == 0 {
		return nil, nil, ErrFile.At("body", "").With("reason", "没有数据行 / there are no rows")
	}
	sh := sheets[0]
	day, ref, amount, out, in := column(sh.Heading, "day"), column(sh.Heading, "reference"), column(sh.Heading, "amount"), column(sh.Heading, "out"), column(sh.Heading, "in")
	if day < 0 || ref < 0 || amount < 0 && (out < 0 || in < 0) {
		return nil, nil, ErrFile.At("body", strings.Join(sh.Heading, ", ")).With("reason", "需要日期、参考号，以及金额（或收入与支出）列 / columns date, reference and amount (or received and paid) are needed")
	}
	if len(sh.Rows) > MaxLines {
		return nil, nil, ErrFile.At("body", len(sh.Rows)).With("reason", fmt.Sprintf("最多%d行 / at most %d rows", MaxLines, MaxLines))
	}
	for _, f := range sh.Faults {
		faults = append(faults, RowFault{sh.Name, f.Row, table.Place(f.Column, f.Row), f.Value, f.Text, f.Mend})
	}
	for i := range sh.Rows {
		r := &sh.Rows[i]
		bad := func(col int, zh, en, mendZh, mendEn string) {
			faults = append(faults, RowFault{sh.Name, r.Number, table.Place(col, r.Number), r.Cell(col), text.Text{Zh: zh, En: en}, text.Text{Zh: mendZh, En: mendEn}})
		}
		l := Line{Line: r.Number, Reference: r.Cell(ref), State: "open"}
		if c := column(sh.Heading, "party"); c >= 0 {
			l.Party = cut(r.Cell(c), 200)
		}
		if c := column(sh.Heading, "note"); c >= 0 {
			l.Note = cut(r.Cell(c), 500)
		}
		var ok bool
		if l.Day, ok = readDay(r.Cell(day)); !ok {
			bad(day, "不是日期", "is no day", "写成 2026-05-08", "write 2026-05-08")
		}
		if len([]rune(l.Reference)) > 120 {
			bad(ref, "参考号过长", "is too long", "最多120个字符", "at most 120 characters")
		}
		at := amount
		if amount >= 0 {
			l.Amount, ok = ParseYuan(r.Cell(amount))
		} else {
			var paid, got int64
			at, ok = out, true
			if v := r.Cell(out); v != "" {
				paid, ok = ParseYuan(v)
			}
			if v := r.Cell(in); ok && v != "" {
				at = in
				got, ok = ParseYuan(v)
			}
			if ok && paid != 0 && got != 0 {
				bad(out, "同一行既有收入又有支出", "the row has both received and paid", "分成两行", "write two rows")
			}
			l.Amount = got - paid
		}
		if !ok || l.Amount == 0 {
			bad(at, "不是金额，或为零", "is no amount, or zero", "写成元，至多两位小数，支出为负数", "write yuan with two places; what was paid is negative")
		}
		lines = append(lines, l)
	}
	return lines, faults, nil
}

func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

func readDay(s string) (string, bool) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	s, _, _ = strings.Cut(s, "T")
	for _, form := range []string{time.DateOnly, "2006/1/2", "2006.1.2", "20060102", "2006年1月2日", "2006-1-2"} {
		if t, err := time.Parse(form, s); err == nil && t.Year() >= 1950 && t.Year() <= 2200 {
			return t.Format(time.DateOnly), true
		}
	}
	return "", false
}

// Statement takes in a bank statement: whole, or not at all where a row is wrong. Lines whose reference and amount are those of an
// open payment or receipt are matched and settled. Errors: ErrFile, ErrTwice and those of auth.
func (s *Service) Statement(ctx context.Context, org uuid.UUID, name string, format table.Format, data []byte, dry bool) (*Taken, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return nil, err
	}
	lines, faults, err := ReadStatement(format, data)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	t := &Taken{DryRun: dry, Lines: lines, Faults: faults}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		t.Matched, t.Statement = 0, uuid.Nil
		there, err := tx.NewSelect().Model((*statementRow)(nil)).Where("s.org = ? AND s.sha256 = ?", org, hash).Exists(ctx)
		if err != nil {
			return wrap("statement", err)
		}
		if there {
			return ErrTwice.At("body", name)
		}
		var open []movementRow
		if err := tx.NewSelect().Model(&open).Where("m.org = ? AND m.state = ?", org, "open").Where("m.kind IN (?)", bun.List([]string{"pay", Receipt})).OrderExpr("m.number").Scan(ctx); err != nil {
			return wrap("payments", err)
		}
		by := map[string][]*movementRow{} // one reference may pay several commitments
		for i := range open {
			by[key(&open[i])] = append(by[key(&open[i])], &open[i])
		}
		for i := range lines {
			l := &lines[i]
			l.State, l.Ref, l.Movement = "open", "", ""
			k := fmt.Sprintf("%s %d", l.Reference, l.Amount)
			if list := by[k]; len(list) > 0 && l.Reference != "" {
				l.State, l.Ref, l.Movement = "matched", list[0].Ref, list[0].ID
				by[k] = list[1:]
				t.Matched++
			}
		}
		if dry || len(faults) > 0 {
			return nil
		}
		t.Statement = uuid.Must(uuid.NewV7())
		act := scope.Act(ctx, s.o.Now(), "ledger.statement", audit.Object{Kind: "ledger.statement", ID: t.Statement.String(), Name: name}, nil,
			map[string]any{"sha256": hash, "lines": len(lines), "matched": t.Matched})
		row := statementRow{ID: t.Statement, Org: org, Name: cut(name, 200), SHA256: hash, Lines: len(lines), Actor: string(audit.State(act.Actor)), At: s.o.Now().UnixNano()}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("write a statement", err)
		}
		for i := range lines {
			l := &lines[i]
			l.Statement = t.Statement
			r := lineRow{Statement: t.Statement, Line: l.Line, Org: org, Day: l.Day, Reference: l.Reference, Party: l.Party, Note: l.Note, Amount: l.Amount, State: l.State, Ref: l.Ref, Movement: l.Movement}
			if l.State == "matched" {
				m, err := s.movement(ctx, tx, org, l.Ref, l.Movement)
				if err != nil {
					return err
				}
				if r.Entry, err = s.settle(ctx, tx, m, l.Day, fmt.Sprintf("%s %d", t.Statement, l.Line)); err != nil {
					return err
				}
			}
			if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
				return wrap("write a statement", err)
			}
		}
		return audit.Record(ctx, tx, act)
	})
	if errors.Is(err, store.ErrConflict) {
		return nil, ErrTwice.At("body", name)
	}
	return t, err
}

// key is what a line must carry to be matched with a payment or receipt.
func key(m *movementRow) string { return fmt.Sprintf("%s %d", m.ID, signed(m)) }

func signed(m *movementRow) int64 {
	if m.Kind == "pay" {
		return -m.Amount
	}
	return m.Amount
}

func (s *Service) settle(ctx context.Context, tx bun.Tx, m *movementRow, day, document string) (string, error) {
	c, err := s.commitment(ctx, tx, m.Org, m.Ref)
	if err != nil {
		return "", err
	}
	act := ActSettle
	if m.Kind == Receipt {
		act = ActArrive
	}
	e := Entry{Org: m.Org, Act: act, Ref: m.Ref, Day: day, Fund: c.Fund, Year: c.Year, Amount: m.Amount, Memo: c.Memo, Document: document, Postings: s.chart.postings(act, c.Fund, c.Year, m.Amount)}
	if err := s.post(ctx, tx, &e); err != nil {
		return "", err
	}
	m.State = "settled"
	if _, err := tx.NewUpdate().Model(m).Column("state").WherePK().Exec(ctx); err != nil {
		return "", wrap("payment", err)
	}
	return e.ID.String(), nil
}

// Match matches a line with a payment or receipt by hand, where the bank wrote another reference. The amounts must be equal.
// Errors: ErrMatch, ErrReason, store.ErrNotFound.
func (s *Service) Match(ctx context.Context, statement uuid.UUID, line int, ref, movement, why string) error {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	var l lineRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&l).Where("l.statement = ? AND l.line = ?", statement, line), "l.org").Scan(ctx); err != nil {
		return wrap("line of a statement", err)
	}
	if scope, err = auth.Allow(ctx, auth.Configure, l.Org); err != nil {
		return err
	}
	if wrong := checkWhy("body.why", why); wrong != nil {
		return wrong
	}
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var l lineRow
		if err := tx.NewSelect().Model(&l).Where("l.statement = ? AND l.line = ?", statement, line).Scan(ctx); err != nil {
			return wrap("line of a statement", err)
		}
		m, err := s.movement(ctx, tx, l.Org, ref, movement)
		if err != nil {
			return err
		}
		switch {
		case m == nil:
			return ErrMatch.At("body.payment", movement).With("reason", "没有这笔支付 / there is no such payment")
		case l.State != "open" || m.State != "open" || m.Kind != "pay" && m.Kind != Receipt:
			return ErrMatch.At("body.payment", movement).With("reason", "已经对上，或已冲销 / it is matched or reversed already")
		case signed(m) != l.Amount:
			return ErrMatch.At("body.payment", movement).With("reason", fmt.Sprintf("金额不符 / the amounts differ: %s ≠ %s", Yuan(l.Amount), Yuan(signed(m))))
		}
		l.State, l.Ref, l.Movement = "matched", m.Ref, m.ID
		if l.Entry, err = s.settle(ctx, tx, m, l.Day, fmt.Sprintf("%s %d", statement, line)); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&l).Column("state", "ref", "movement", "entry").WherePK().Exec(ctx); err != nil {
			return wrap("line of a statement", err)
		}
		act := scope.Act(ctx, s.o.Now(), "ledger.match", audit.Object{Kind: "ledger.statement", ID: statement.String(), Name: fmt.Sprint(line)}, nil, map[string]any{"ref": ref, "payment": movement})
		act.Reason = why
		return audit.Record(ctx, tx, act)
	})
}

// Difference is something of bank and book that does not agree.
type Difference struct {
	Kind    string // amount: same reference, other amount · bank: only the bank has it · book: only the book has it
	Line    *Line
	Payment *Movement
}

// Differences lists what is open between the statements and the book, at most 1,000 of each side.
func (s *Service) Differences(ctx context.Context, org uuid.UUID) ([]Difference, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, err
	}
	var lines []lineRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&lines).Where("l.state = ?", "open"), "l.org").OrderExpr("l.statement, l.line").Limit(1000).Scan(ctx); err != nil {
		return nil, wrap("statements", err)
	}
	var open []movementRow
	q := scope.Where(s.o.DB.NewSelect().Model(&open).Where("m.state = ?", "open").Where("m.kind IN (?)", bun.List([]string{"pay", Receipt})), "m.org")
	if err := q.OrderExpr("m.number").Limit(1000).Scan(ctx); err != nil {
		return nil, wrap("payments", err)
	}
	payments := store.All(open, movement)
	by := map[string][]*Movement{} // one reference may pay several commitments
	for i := range payments {
		by[payments[i].ID] = append(by[payments[i].ID], &payments[i])
	}
	out := []Difference{}
	told := map[*Movement]bool{}
	for i := range lines {
		l := line(&lines[i])
		if list := by[l.Reference]; len(list) > 0 {
			out = append(out, Difference{"amount", &l, list[0]})
			told[list[0]], by[l.Reference] = true, list[1:]
			continue
		}
		out = append(out, Difference{"bank", &l, nil})
	}
	for i := range payments {
		if m := &payments[i]; !told[m] {
			out = append(out, Difference{"book", nil, m})
		}
	}
	return out, nil
}

func line(r *lineRow) Line {
	return Line{Statement: r.Statement, Line: r.Line, Day: r.Day, Reference: r.Reference, Party: r.Party, Note: r.Note, Amount: r.Amount, State: r.State, Ref: r.Ref, Movement: r.Movement}
}
