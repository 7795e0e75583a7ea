package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"go.uber.org/goleak"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var shipped = os.DirFS("../../../packs")

type node struct {
	t       testing.TB
	db      *store.DB
	clock   time.Time
	service *Service
	sides   authtest.Sides
	ctx     context.Context
	org     uuid.UUID
	firm    uuid.UUID
}

func open(t testing.TB, db *store.DB, now func() time.Time) *Service {
	return proof.Must(New(t.Context(), Options{DB: db, Packs: shipped, Now: now, Logger: proof.Logger(t)}))
}

func newNode(t testing.TB, db *store.DB) *node {
	n := &node{t: t, db: db, clock: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC), sides: authtest.Sides{"a": uuid.Must(uuid.NewV7()), "b": uuid.Must(uuid.NewV7())}, firm: uuid.Must(uuid.NewV7())}
	if err := audit.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	n.service = open(t, db, func() time.Time { return n.clock })
	n.ctx, n.org = n.sides.As(auth.Engineer, "a"), n.sides["a"]
	n.must(n.service.AddFund(n.ctx, n.org, Fund{ID: "digital", Name: text.Both("数字化专项"), Line: "gz2018"}))
	return n
}

func (n *node) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) give(amount int64) error {
	_, err := n.service.Appropriate(n.ctx, n.org, Appropriation{Fund: "digital", Year: 2026, Amount: amount, Document: "粤财〔2026〕1号", Why: "年度预算"})
	return err
}

func (n *node) promise(ref string, amount int64) Commitment {
	return Commitment{Org: n.org, Fund: "digital", Year: 2026, Ref: ref, Party: n.firm, Amount: amount, Memo: text.Both("奖补")}
}

func (n *node) standing(ref string) Standing {
	n.t.Helper()
	s, err := n.service.Standing(n.ctx, n.org, ref)
	n.must(err)
	return s
}

// sound fails where the journal does not balance or a balance is not that of its lines.
func (n *node) sound() {
	n.t.Helper()
	rows, ok, err := n.service.Trial(n.ctx, n.org)
	n.must(err)
	if !ok {
		n.t.Fatalf("the trial balance is not zero: %+v", rows)
	}
}

func TestFromBudgetToRecovery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.must(n.give(1_000_000_00))
		n.must(n.service.CommitBy(n.ctx, n.promise("award-1", 600_000_00)))
		n.must(n.service.CommitBy(n.ctx, n.promise("award-1", 600_000_00))) // again: nothing
		err := n.service.CommitBy(n.ctx, n.promise("award-2", 400_000_01))
		if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "400000.00") || !strings.Contains(err.Error(), "400000.01") || !strings.Contains(err.Error(), "digital") {
			t.Errorf("one fen above what is free: %v", err)
		}
		if err := n.service.CommitBy(n.ctx, n.promise("award-1", 1)); !errors.Is(err, ErrDiffers) {
			t.Errorf("other content: %v", err)
		}
		pay := Payment{ID: "P-1", Amount: 250_000_00, On: "2026-05-08", Document: "支付令1"}
		n.must(n.service.PayBy(n.ctx, n.org, "award-1", pay))
		n.must(n.service.PayBy(n.ctx, n.org, "award-1", pay))
		for name, c := range map[string]struct{ err, want error }{
			"more than is promised":        {n.service.PayBy(n.ctx, n.org, "award-1", Payment{"P-2", 350_000_01, "2026-05-09", ""}), ErrOver},
			"the same id, another amount":  {n.service.PayBy(n.ctx, n.org, "award-1", Payment{"P-1", 1, "2026-05-08", ""}), ErrDiffers},
			"no such promise":              {n.service.PayBy(n.ctx, n.org, "award-9", pay), ErrCommitment},
			"release of what is paid":      {n.service.ReleaseBy(n.ctx, n.org, "award-1", 350_000_01, "撤销一部分"), ErrOver},
			"a receipt before its claim":   {n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Receipt, "R-1", 1, "2026-06-01", "", ""}), ErrClaim},
			"a claim of what was not paid": {n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Claim, "C-1", 250_000_01, "2026-06-01", "", "虚报投资"}), ErrClaim},
			"a claim without a reason":     {n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Claim, "C-1", 1, "2026-06-01", "", ""}), ErrReason},
			"a day that is none":           {n.service.PayBy(n.ctx, n.org, "award-1", Payment{"P-3", 1, "2026-02-30", ""}), ErrDay},
			"a viewer":                     {n.service.PayBy(n.sides.As(auth.Viewer, "a"), n.org, "award-1", pay), auth.ErrForbidden},
			"another organisation":         {n.service.PayBy(n.sides.As(auth.Engineer, "b"), n.org, "award-1", pay), auth.ErrNotFound},
			"taking away what is promised": {n.give(-400_000_01), ErrBudget},
			"an unknown fund":              {second(n.service.Appropriate(n.ctx, n.org, Appropriation{"other", 2026, 1, "", "年度预算"})), ErrFund},
			"the fund again":               {n.service.AddFund(n.ctx, n.org, Fund{ID: "digital", Name: text.Both("x")}), ErrFundTaken},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		n.must(n.service.ReleaseBy(n.ctx, n.org, "award-1", 350_000_00, "项目缩减"))
		n.must(n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Claim, "C-1", 50_000_00, "2026-06-01", "追回1", "虚报投资"}))
		n.must(n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Waive, "W-1", 10_000_00, "2026-06-05", "", "异议成立"}))
		n.must(n.service.RecoverBy(n.ctx, n.org, "award-1", Recovery{Receipt, "R-1", 30_000_00, "2026-06-09", "", ""}))
		want := Standing{Fund: "digital", Year: 2026, Party: n.firm, Amount: 600_000_00, Released: 350_000_00, Paid: 250_000_00, Claimed: 10_000_00, Recovered: 30_000_00, Free: 750_000_00}
		if got := n.standing("award-1"); got != want {
			t.Errorf("%+v\nwant %+v", got, want)
		}
		lines, err := n.service.Budget(n.ctx, n.org)
		n.must(err)
		b := lines[0].Balances
		if b["appropriated"] != b["free"]+b["committed"]+b["paid"]+b["recovered"] || b["recovered"] != 30_000_00 || b["payable"] != 250_000_00 {
			t.Errorf("%v", b)
		}
		n.sound()
	})
}

func second[T any](_ T, err error) error { return err }

// Two officers promise at once: what is free is never exceeded.
func TestManyOfficersAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.must(n.give(100_00))
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = n.service.CommitBy(n.ctx, n.promise(fmt.Sprint("r", i), 30_00)) })
		}
		all.Wait()
		done := 0
		for _, err := range errs {
			switch {
			case err == nil:
				done++
			case !errors.Is(err, ErrBudget):
				t.Error(err)
			}
		}
		if free, err := n.service.balance(n.ctx, db, n.org, FreeAccount, "digital", 2026); err != nil || done != 3 || free != 10_00 {
			t.Errorf("%d of 8 promised, %d free, %v; want 3 and 1000", done, free, err)
		}
		n.sound()
	})
}

// Whatever is done in whatever order, the trial balance is zero and no floor is broken; the book is the same after it is opened again.
func TestRandomOperationsKeepTheBook(t *testing.T) {
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 7))
		path := filepath.Join(t.TempDir(), "records.db")
		db := proof.Must(store.Open(t.Context(), store.SQLiteURL(path), store.Options{}))
		n := newNode(t, db)
		done := 0
		for i := range 220 {
			ref, amount := fmt.Sprint("r", r.IntN(6)), 1+r.Int64N(500)
			id := fmt.Sprint("m", i)
			var err error
			switch r.IntN(9) {
			case 0:
				err = n.give(amount * 3)
			case 1:
				err = n.give(-amount)
			case 2, 3:
				err = n.service.CommitBy(n.ctx, n.promise(ref, amount))
			case 4:
				err = n.service.ReleaseBy(n.ctx, n.org, ref, amount/3+1, "撤销承诺")
			case 5:
				err = n.service.PayBy(n.ctx, n.org, ref, Payment{id, amount/2 + 1, "2026-05-08", ""})
			case 6:
				err = n.service.RecoverBy(n.ctx, n.org, ref, Recovery{[]string{Claim, Waive, Receipt}[r.IntN(3)], id, amount/4 + 1, "2026-05-08", "", "条件不符"})
			case 7:
				var list []Entry
				list, _, err = n.service.Entries(n.ctx, n.org, Filter{}, store.Page{Limit: 5})
				n.must(err)
				if len(list) > 0 {
					_, err = n.service.Reverse(n.ctx, list[r.IntN(len(list))].ID, "记错了")
				}
			case 8: // a transaction that fails half-way writes nothing
				boom := errors.New("the process ends here")
				if err := n.db.InTx(n.ctx, func(ctx context.Context, tx bun.Tx) error {
					if err := n.service.Commit(ctx, tx, n.promise("half", 1)); err != nil {
						return err
					}
					return boom
				}); err == nil {
					t.Fatal("taken")
				}
				if _, err := n.service.Standing(n.ctx, n.org, "half"); !errors.Is(err, ErrCommitment) {
					t.Fatalf("half a promise: %v", err)
				}
			}
			if err == nil {
				done++
			} else if _, told := problem.From(err); !told {
				t.Fatal(err)
			}
			if i%20 == 19 {
				n.sound()
			}
			if i%100 == 99 { // the process ends, and begins again
				n.must(n.db.Close())
				n.db = proof.Must(store.Open(t.Context(), store.SQLiteURL(path), store.Options{}))
				n.service = open(t, n.db, func() time.Time { return n.clock })
			}
		}
		lines, err := n.service.Budget(n.ctx, n.org)
		n.must(err)
		for _, l := range lines {
			for account, balance := range l.Balances {
				if n.service.chart.account(account).Floor && balance < 0 {
					t.Errorf("%s is %d", account, balance)
				}
			}
		}
		list, _, err := n.service.Entries(n.ctx, n.org, Filter{}, store.Page{Limit: 1000})
		n.must(err)
		if int64(len(list)) != list[0].Number || done < 60 {
			t.Errorf("%d entries up to number %d, %d done", len(list), list[0].Number, done)
		}
		n.must(n.db.Close())
	}
}

func TestCorrectionsAreReversals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.must(n.give(100_00))
		n.must(n.service.CommitBy(n.ctx, n.promise("r", 80_00)))
		n.must(n.service.PayBy(n.ctx, n.org, "r", Payment{"P-1", 50_00, "2026-05-08", ""}))
		list, _, err := n.service.Entries(n.ctx, n.org, Filter{}, store.Page{})
		n.must(err)
		pay, commit := list[0], list[1]
		if _, err := n.service.Reverse(n.ctx, commit.ID, "记错了"); !errors.Is(err, ErrReversal) {
			t.Errorf("a commitment: %v", err)
		}
		e, err := n.service.Reverse(n.ctx, pay.ID, "付错单位")
		if err != nil || e.Reverses != pay.ID || e.Number != 4 {
			t.Fatalf("%+v, %v", e, err)
		}
		if _, err := n.service.Reverse(n.ctx, pay.ID, "再冲一次"); !errors.Is(err, ErrReversed) {
			t.Errorf("twice: %v", err)
		}
		if _, err := n.service.Reverse(n.ctx, e.ID, "冲销冲销"); !errors.Is(err, ErrReversal) {
			t.Errorf("a reversal: %v", err)
		}
		if st := n.standing("r"); st.Committed != 80_00 || st.Paid != 0 {
			t.Errorf("%+v", st)
		}
		if list, _, err = n.service.Entries(n.ctx, n.org, Filter{}, store.Page{}); err != nil || list[1].Reversed != e.ID || len(list) != 4 || len(list[1].Postings) != 4 {
			t.Errorf("%+v, %v", list, err)
		}
		n.sound()
	})
}

func TestEntriesByHandBalance(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	lines := func(account string, debit, credit int64) []Posting {
		return []Posting{{account, "digital", 2026, debit, 0}, {"treasury", "digital", 2026, 0, credit}}
	}
	for name, c := range map[string]struct {
		lines []Posting
		want  error
	}{
		"unbalanced":               {lines("bank", 100, 99), ErrUnbalanced},
		"an account of commitment": {lines("committed", 100, 100), ErrAccount},
		"both sides at once":       {[]Posting{{"bank", "digital", 2026, 5, 5}, {"treasury", "digital", 2026, 0, 5}}, ErrAmount},
		"across funds":             {[]Posting{{"bank", "digital", 2026, 5, 0}, {"treasury", "digital", 2025, 0, 5}}, ErrUnbalanced},
		"one line":                 {lines("bank", 1, 1)[:1], ErrUnbalanced},
		"well":                     {lines("bank", 100, 100), nil},
	} {
		if _, err := n.service.Write(n.ctx, n.org, Journal{Ref: "拨款1", Day: "2026-05-04", Lines: c.lines, Why: "财政拨款到账"}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	n.sound()
}

func TestBankStatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		n.must(n.give(100_000_00))
		n.must(n.service.CommitBy(n.ctx, n.promise("r", 80_000_00)))
		for i, amount := range []int64{10_000_00, 20_000_50, 5_000_00} {
			n.must(n.service.PayBy(n.ctx, n.org, "r", Payment{fmt.Sprint("P-", i+1), amount, "2026-05-08", ""}))
		}
		bad := "交易日期,参考号,金额\n2026-05-10,P-1,-10000.00\n2026-13-10,P-2,1万\n"
		taken, err := n.service.Statement(n.ctx, n.org, "坏", table.CSV, []byte(bad), false)
		n.must(err)
		if taken.Statement != uuid.Nil || len(taken.Faults) != 2 || taken.Faults[0].Cell != "A3" || taken.Faults[1].Cell != "C3" || taken.Faults[1].Mend.Zh == "" {
			t.Errorf("%+v", taken)
		}
		good := "交易日期,参考号,收入,支出,对方户名\n2026/5/10,P-1,,\"10,000.00\",甲公司\n2026-05-10,P-2,,20000.05,乙公司\n20260511,XX,,5000,丙公司\n2026-05-12,,3,,利息\n"
		dry, err := n.service.Statement(n.ctx, n.org, "五月", table.CSV, []byte(good), true)
		n.must(err)
		if dry.Statement != uuid.Nil || dry.Matched != 1 || len(dry.Faults) != 0 {
			t.Errorf("dry: %+v", dry)
		}
		if d, err := n.service.Differences(n.ctx, n.org); err != nil || len(d) != 3 {
			t.Errorf("a dry run wrote something: %v, %v", d, err)
		}
		taken, err = n.service.Statement(n.ctx, n.org, "五月", table.CSV, []byte(good), false)
		n.must(err)
		if _, err := n.service.Statement(n.ctx, n.org, "五月", table.CSV, []byte(good), false); !errors.Is(err, ErrTwice) {
			t.Errorf("again: %v", err)
		}
		d, err := n.service.Differences(n.ctx, n.org)
		n.must(err)
		var kinds []string
		for _, x := range d {
			kinds = append(kinds, x.Kind)
		}
		if fmt.Sprint(kinds) != "[amount bank bank book]" || d[0].Payment.ID != "P-2" || d[3].Payment.ID != "P-3" {
			t.Errorf("%v", kinds)
		}
		if err := n.service.Match(n.ctx, taken.Statement, 3, "r", "P-2", "银行写错"); !errors.Is(err, ErrMatch) {
			t.Errorf("another amount: %v", err)
		}
		n.must(n.service.Match(n.ctx, taken.Statement, 4, "r", "P-3", "银行未写编号"))
		if err := n.service.Match(n.ctx, taken.Statement, 4, "r", "P-3", "再来一次"); !errors.Is(err, ErrMatch) {
			t.Errorf("twice: %v", err)
		}
		lines, err := n.service.Budget(n.ctx, n.org)
		n.must(err)
		if b := lines[0].Balances; b["payable"] != 20_000_50 || b["bank"] != -15_000_00 {
			t.Errorf("%v", b)
		}
		list, _, err := n.service.Entries(n.ctx, n.org, Filter{}, store.Page{})
		n.must(err)
		for _, e := range list {
			if e.Act == ActPay && e.Amount == 10_000_00 {
				if _, err := n.service.Reverse(n.ctx, e.ID, "付错单位"); !errors.Is(err, ErrSettled) {
					t.Errorf("reverse what the bank has paid: %v", err)
				}
			}
		}
		n.sound()
		for _, f := range []table.Format{table.XLSX, table.CSV} {
			data, err := n.service.Export(n.ctx, n.org, Filter{}, f, "zh")
			n.must(err)
			sheets := proof.Must(table.Read(f, data))
			if len(sheets) != 1 || sheets[0].Heading[6] != "科目" || len(sheets[0].Rows) != 2+2+3*4+2*2 || sheets[0].Rows[0].Cell(2) != "下达预算" {
				t.Errorf("%s: %+v", f, sheets)
			}
		}
	})
}

func TestYuan(t *testing.T) {
	for s, want := range map[string]int64{"1,234.5": 123450, "-20": -2000, "￥3.00": 300, "0.01": 1, "7.100": 710, "12元": 1200} {
		if got, ok := ParseYuan(s); !ok || got != want {
			t.Errorf("%s: %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "1.", ".5", "1.005", "1e3", "--1", "abc", "999999999999999999", "+1", "1.-5"} {
		if got, ok := ParseYuan(s); ok {
			t.Errorf("%q is taken as %d", s, got)
		}
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Error(missing)
	}
}

func TestAChartThatIsWrong(t *testing.T) {
	_, err := Load(fstest.MapFS{"ledger/x.yaml": &fstest.MapFile{Data: []byte("id: x\nversion: 1.0.0\nsource: a test\nname: {zh: 测, en: T}\naccounts:\n  - {id: free, name: {zh: 余, en: F}, side: left}\nacts:\n  - {id: pay, name: {zh: 付, en: P}, legs: [{debit: free, credit: nowhere}]}\n")}})
	for _, want := range []string{`"left" is not debit or credit`, `"nowhere" is not an account`, `the act "commit" is missing`, "floor: true"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in %v", want, err)
		}
	}
}

func FuzzStatement(f *testing.F) {
	f.Add([]byte("日期,参考号,金额\n2026-05-10,P-1,-10.00\n"))
	f.Add([]byte("date;ref;paid;received\n2026/5/1;x;1;2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		lines, faults, err := ReadStatement("", data)
		if err != nil {
			return
		}
		for _, l := range lines {
			if l.Amount < -MaxAmount*2 || l.Amount > MaxAmount*2 {
				t.Errorf("%+v, %v", l, faults)
			}
		}
	})
}
