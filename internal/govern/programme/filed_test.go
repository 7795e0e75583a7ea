package programme

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/office/flow"
)

// filings are those of other rooms, in a table of the same database, so that they stand or fall with the step.
type filings struct{ db *store.DB }

var (
	errFiledElsewhere = errors.New("filed elsewhere")
	errPaidElsewhere  = errors.New("paid elsewhere")
)

func newFilings(t testing.TB, db *store.DB) *filings {
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE test_filing (application TEXT NOT NULL, firm TEXT NOT NULL, measure TEXT NOT NULL, project TEXT NOT NULL, state TEXT NOT NULL, amount BIGINT NOT NULL, back BIGINT NOT NULL)"); err != nil {
		t.Fatal(err)
	}
	return &filings{db}
}

func (f *filings) rows(ctx context.Context, tx bun.Tx, where string, args ...any) (n int64, err error) {
	return tx.NewSelect().TableExpr("test_filing").Where(where, args...).Count(ctx)
}

func (f *filings) Claim(ctx context.Context, tx bun.Tx, x Filed) error {
	n, err := f.rows(ctx, tx, "firm = ? AND measure = ? AND project = ? AND application <> ? AND state IN ('open', 'awarded')", x.Firm.String(), x.Measure, x.Project, x.Application.String())
	if err != nil || n > 0 {
		return errors.Join(err, errFiledElsewhere)
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO test_filing (application, firm, measure, project, state, amount, back) VALUES (?, ?, ?, ?, 'open', 0, 0)", x.Application.String(), x.Firm.String(), x.Measure, x.Project)
	return err
}

func (f *filings) Close(ctx context.Context, tx bun.Tx, application uuid.UUID, _, state, _ string) error {
	_, err := tx.ExecContext(ctx, "UPDATE test_filing SET state = ? WHERE application = ?", state, application.String())
	return err
}

func (f *filings) RecordAward(ctx context.Context, tx bun.Tx, x Filed, fen int64, _, _ string) error {
	n, err := f.rows(ctx, tx, "firm = ? AND project = ? AND application <> ? AND amount > 0", x.Firm.String(), x.Project, x.Application.String())
	if err != nil || n > 0 {
		return errors.Join(err, errPaidElsewhere)
	}
	_, err = tx.ExecContext(ctx, "UPDATE test_filing SET state = 'awarded', amount = ? WHERE application = ? AND measure = ?", fen, x.Application.String(), x.Measure)
	return err
}

func (f *filings) ClaimedBack(ctx context.Context, tx bun.Tx, application uuid.UUID) (claimed, received int64, err error) {
	err = tx.NewSelect().TableExpr("test_filing").ColumnExpr("COALESCE(SUM(back), 0)").Where("application = ?", application.String()).Scan(ctx, &claimed)
	return claimed, claimed, err
}

func (f *filings) EndAwards(ctx context.Context, tx bun.Tx, application uuid.UUID, _ string) error {
	_, err := tx.ExecContext(ctx, "UPDATE test_filing SET amount = 0 WHERE application = ?", application.String())
	return err
}

// elsewhere is what another room has.
func (f *filings) elsewhere(w *world, firm, project string, amount int64) {
	w.t.Helper()
	if _, err := f.db.ExecContext(w.t.Context(), "INSERT INTO test_filing (application, firm, measure, project, state, amount, back) VALUES ('elsewhere', ?, 'inc-hn-01', ?, 'open', ?, 0)", w.orgs[firm].String(), project, amount); err != nil {
		w.t.Fatal(err)
	}
}

// of is the state and amount of what an application has filed; "" where it has filed nothing.
func (f *filings) of(w *world, c *flow.Case) (state string, amount int64) {
	w.t.Helper()
	var rows []struct {
		State  string
		Amount int64
	}
	if err := f.db.NewSelect().TableExpr("test_filing").Column("state", "amount").Where("application = ?", c.ID.String()).Scan(w.t.Context(), &rows); err != nil {
		w.t.Fatal(err)
	}
	if len(rows) != 1 {
		return "", 0
	}
	return rows[0].State, rows[0].Amount
}

// TestFiledOnceEverywhere: what another room has filed is not filed by an application, with nothing half done; what an application
// files is free again when it ends without support.
func TestFiledOnceEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.open("hn-demonstration", 0, "")
		plan := flow.Paper{Kind: "plan", ID: "plan"}
		begin := func(project string) *flow.Case {
			t.Helper()
			c, err := w.start("firm", project, 10_000_000)
			w.must(err)
			if state, _ := w.filings.of(w, &c); state != "" {
				t.Errorf("a draft has filed: %s", state)
			}
			return &c
		}
		w.filings.elsewhere(w, "firm", "别处已报的项目", 0)
		twice := begin("别处已报的项目")
		w.refused(w.take("li/operator@firm", twice, "submit", `{"truthful":true}`, plan), errFiledElsewhere)
		if f := proof.Must(w.service.file(t.Context(), db, twice.ID)); f.State != Draft || f.Filed != 0 || f.Receipt != "" {
			t.Errorf("half filed: %+v", f)
		}
		submitted := func(project string) *flow.Case {
			t.Helper()
			c := begin(project)
			w.must(w.take("li/operator@firm", c, "submit", `{"truthful":true}`, plan))
			if state, _ := w.filings.of(w, c); state != "open" {
				t.Errorf("%s: filed is %q", project, state)
			}
			return c
		}
		for project, end := range map[string]struct{ action, who, want string }{
			"撤回的项目":  {"withdraw", "li/operator@firm", FilingWithdrawn},
			"不受理的项目": {"refuse", clerk, FilingRefused},
		} {
			c := submitted(project)
			w.must(w.take(end.who, c, end.action, ""))
			if state, _ := w.filings.of(w, c); state != end.want {
				t.Errorf("%s: filed is %q", project, state)
			}
		}
		lapsed := submitted("逾期的项目")
		w.must(w.take(clerk, lapsed, "return", `{"missing":"缺方案"}`))
		if state, _ := w.filings.of(w, lapsed); state != "open" {
			t.Errorf("returned: filed is %q", state)
		}
		w.clock = day("2026-04-20")
		if err := w.flows.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		if state, _ := w.filings.of(w, lapsed); state != FilingWithdrawn {
			t.Errorf("lapsed: filed is %q", state)
		}
	})
}

// TestAwardsAreKnownEverywhere: an award is recorded with its step, refused where another room has paid, and counts no more once nothing
// of it is left; what another room has claimed back is not claimed again.
func TestAwardsAreKnownEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, a, b := w.published(0, "fund")
		w.clock = day("2026-03-24")
		w.values["2026-03-23"] = value("1", 1000)
		for c, firm := range map[*flow.Case]string{a: "firm", b: "rival"} {
			w.bind(c, firm)
			w.must(w.service.Measure(w.as("li/operator@"+firm), c.ID, "energy"))
		}
		w.filings.elsewhere(w, "rival", "陶瓷窑炉改造", 1)
		w.refused(w.take(chief, b, "award", ""), errPaidElsewhere)
		if got := w.booked(); len(got) != 0 || len(w.tags) != 0 {
			t.Errorf("half awarded: %v %v", got, w.tags)
		}
		w.must(w.take(chief, a, "award", ""))
		if state, amount := w.filings.of(w, a); state != "awarded" || amount != 200_000_000 {
			t.Errorf("awarded: %s, %d", state, amount)
		}
		first := func() PaymentView {
			t.Helper()
			list := proof.Must(w.service.Project(w.as(chief), a.ID)).Payments
			return list[slices.IndexFunc(list, func(p PaymentView) bool { return p.State == "released" || p.State == "due" })]
		}
		p := first()
		w.must(w.service.Settle(w.as(chief), p.ID, Paying{Basis: p.Revision, On: "2026-03-24", Document: "国库 0001"}))
		// Another room has claimed thirty of the hundred back: the call claims the rest.
		if _, err := db.ExecContext(t.Context(), "UPDATE test_filing SET back = 30000000 WHERE application = ?", a.ID.String()); err != nil {
			t.Fatal(err)
		}
		w.case_(a)
		w.must(w.take("li/operator@firm", a, "give-up", ""))
		if state, amount := w.filings.of(w, a); state != FilingWithdrawn || amount == 0 {
			t.Errorf("given up, and seventy are still with the firm: %s, %d", state, amount)
		}
		if p = first(); p.Amount != 70_000_000 {
			t.Fatalf("claimed back: %+v", p)
		}
		w.must(w.service.Settle(w.as(chief), p.ID, Paying{Basis: p.Revision, On: "2026-03-24", Document: "缴款 01"}))
		if _, amount := w.filings.of(w, a); amount != 0 {
			t.Errorf("all is back, and %d still count", amount)
		}
	})
}

// TestTwoFileAtOnce: of an application and another room that file one project at the same time one gets through.
func TestTwoFileAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.open("hn-demonstration", 0, "")
		plan := flow.Paper{Kind: "plan", ID: "plan"}
		const rounds = 4
		for i := range rounds {
			project := "同时申报的项目" + strings.Repeat("一", i)
			c, err := w.start("firm", project, 10_000_000)
			w.must(err)
			var g sync.WaitGroup
			var theirs, ours error
			g.Go(func() {
				theirs = db.InTx(context.Background(), func(ctx context.Context, tx bun.Tx) error {
					return w.filings.Claim(ctx, tx, Filed{Application: uuid.Nil, Firm: w.orgs["firm"], Measure: "inc-hn-01", Project: project})
				})
			})
			g.Go(func() { ours = w.take("li/operator@firm", &c, "submit", `{"truthful":true}`, plan) })
			g.Wait()
			if (theirs == nil) == (ours == nil) {
				t.Fatalf("there %v, here %v", theirs, ours)
			}
			for _, err := range []error{theirs, ours} {
				if err != nil && !errors.Is(err, errFiledElsewhere) {
					t.Errorf("refused with %v", err)
				}
			}
		}
	})
}
