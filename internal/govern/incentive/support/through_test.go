package support

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

var contest = text.Text{Zh: "内网改造专项", En: "Internal networks"}

// applied files a project of the firm as an application to a call does.
func (n *node) applied(application uuid.UUID, project, measure string) error {
	return n.db.InTx(n.as("firm"), func(ctx context.Context, tx bun.Tx) error {
		return n.service.Claim(ctx, tx, Filing{Org: n.orgs["firm"], Keeper: n.orgs["home"], Measure: measure, Name: project, Day: "2019-06-01", Through: Through{application, contest}})
	})
}

func (n *node) closed(application uuid.UUID, measure, state string) {
	n.t.Helper()
	n.must(n.db.InTx(n.as("home"), func(ctx context.Context, tx bun.Tx) error {
		return n.service.CloseApplication(ctx, tx, application, measure, state, "申报已办结")
	}))
}

// granted records an award of a call, committed in the book under the application's id.
func (n *node) granted(application uuid.UUID, project, measure string, amount int64) error {
	return n.db.InTx(n.as("home"), func(ctx context.Context, tx bun.Tx) error {
		if err := n.books.Commit(ctx, tx, ledger.Commitment{Org: n.orgs["home"], Fund: "gz", Year: 2019, Ref: application.String(), Party: n.orgs["firm"], Amount: amount, Memo: contest}); err != nil {
			return err
		}
		return n.service.RecordAward(ctx, tx, Award{Org: n.orgs["firm"], Keeper: n.orgs["home"], Measure: measure, Name: project, Day: "2019-06-02", Amount: amount, Ref: application.String(), Why: "公示无异议", Through: Through{application, contest}})
	})
}

// ready is an inquiry whose project could be filed for inc-gz-01.
func (n *node) ready(project string) Inquiry {
	n.t.Helper()
	q := n.begin(project)
	n.answer(&q, map[string]string{"project.category": `"internal_network"`, "project.investment": "500000000", "project.effect": "true"})
	return q
}

func (n *node) filings() map[string]Filing {
	n.t.Helper()
	list, _, err := n.service.Filings(n.as("firm"), n.orgs["firm"], store.Page{})
	n.must(err)
	out := map[string]Filing{}
	for _, f := range list {
		out[f.Name+" "+f.State] = f
	}
	return out
}

// told is a refusal in both languages.
func told(t *testing.T, err error) string {
	t.Helper()
	var wrong *problem.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("%v is no problem", err)
	}
	c := proof.Must(problem.ReadCatalogue(texts, "texts"))
	return c.Document(wrong, problem.Chinese).Detail + "|" + c.Document(wrong, problem.English).Detail
}

// A project is filed once, on the page of support or through a call; what a call has filed is handled there alone.
func TestAProjectIsFiledOnceInWhicheverRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		n.fund(2_000_000_00)
		here, through := n.ready("车间内网"), n.ready("厂区内网")
		first, err := n.service.File(n.as("firm"), here.ID, "inc-gz-01", uuid.Nil)
		n.must(err)
		application, second_ := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
		err = n.applied(application, "车间　内网", "inc-gz-01")
		if !errors.Is(err, ErrSecond) || !strings.Contains(told(t, err), "在“能拿到什么支持”") || !strings.Contains(err.Error(), first.ID.String()) {
			t.Errorf("filed here, then through a call: %v", err)
		}
		n.must(n.applied(application, "厂区内网", "inc-gz-01"))
		n.must(n.applied(application, "厂区内网", "inc-gz-02")) // one application files for all measures of its call
		err = second(n.service.File(n.as("firm"), through.ID, "inc-gz-01", uuid.Nil))
		if !errors.Is(err, ErrSecond) || !strings.Contains(told(t, err), "通过申报通知“内网改造专项”") || !strings.Contains(told(t, err), "through the call Internal networks") {
			t.Errorf("filed through a call, then here: %v", err)
		}
		if err := n.applied(second_, "厂区内网", "inc-gz-01"); !errors.Is(err, ErrSecond) {
			t.Errorf("filed through two calls: %v", err)
		}
		if err := n.applied(second_, "厂区内网", "inc-xx-99"); !errors.Is(err, ErrMeasure) {
			t.Errorf("a measure that is none: %v", err)
		}
		f := n.filings()["厂区内网 open"]
		if f.Through.Application != application || f.Through.Call != contest {
			t.Errorf("%+v", f)
		}
		if v := n.service.filingView(t.Context(), &f); v.Through == nil || v.Through.Call != contest {
			t.Errorf("%+v", v)
		}
		if v := n.service.filingView(t.Context(), &first); v.Through != nil {
			t.Errorf("%+v", v)
		}
		for name, err := range map[string]error{
			"awarded here":   second(n.service.Grant(n.as("home"), f.ID, "gz", 2019, 1, "专家评审通过")),
			"refused here":   n.service.Refuse(n.as("home"), f.ID, "材料不全"),
			"withdrawn here": n.service.Withdraw(n.as("firm"), f.ID, "不再申报了"),
		} {
			if !errors.Is(err, ErrThrough) || !strings.Contains(told(t, err), "内网改造专项") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if f := n.filings()["厂区内网 open"]; f.State != "open" {
			t.Errorf("changed all the same: %+v", f)
		}
		n.closed(application, "", "withdrawn")
		n.must(second(n.service.File(n.as("firm"), through.ID, "inc-gz-01", uuid.Nil)))
		n.closed(uuid.Must(uuid.NewV7()), "", "refused") // nothing of it is here
		n.must(n.service.Withdraw(n.as("firm"), first.ID, "改走申报通知"))
		n.must(n.applied(second_, "车间内网", "inc-gz-01"))
	})
}

// What a call has awarded is paid before, for this room too; and the other way round.
func TestAnAwardCountsInWhicheverRoom(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		n.fund(4_000_000_00)
		application := uuid.Must(uuid.NewV7())
		n.must(n.applied(application, "平台项目", "inc-hn-01"))
		n.must(n.granted(application, "平台项目", "inc-hn-01", 100_000_000))
		if f := n.filings()["平台项目 awarded"]; f.Through.Application != application {
			t.Errorf("%+v", n.filings())
		}
		// The report of the firm and what a call would give agree: the group has paid for the project.
		facts := map[string]Known{
			"project.category": {Value: Answer(`"enterprise_platform"`), Grade: "E2", Source: "programme"}, "project.investment": {Value: Answer("500000000"), Grade: "E2", Source: "programme"},
			"project.demonstration": {Value: Answer("true"), Grade: "E2", Source: "programme"},
		}
		evaluated := func(project string, more ...string) *incentive.Outcome {
			t.Helper()
			rep, err := n.service.Evaluate(n.as("home"), Evaluation{Org: n.orgs["firm"], Object: project, Measures: append([]string{"inc-hn-01"}, more...), Day: "2019-06-03", Facts: facts})
			n.must(err)
			return rep.Of("inc-hn-01")
		}
		if m := evaluated("平台 项目"); m.Eligible != incentive.True || m.Granted != nil && *m.Granted != 0 || m.Reason != incentive.AlreadyPaid {
			t.Errorf("paid before: %+v", m)
		}
		if m := evaluated("另一个项目"); m.Reason != incentive.Granted || *m.Granted != 100_000_000 {
			t.Errorf("another project: %+v", m)
		}
		// Of a group of which the highest is paid another one was paid, which the call does not name.
		other := uuid.Must(uuid.NewV7())
		n.must(n.granted(other, "并购项目", "inc-hn-02", 1_000))
		if m := evaluated("并购项目"); m.Reason != incentive.ObjectPaid {
			t.Errorf("another one of the group was paid: %+v", m)
		}
		if err := n.granted(uuid.Must(uuid.NewV7()), "并购项目", "inc-hn-01", 1_000); !errors.Is(err, ErrPaid) || !strings.Contains(told(t, err), "2019-06-02") {
			t.Errorf("awarded on top: %v", err)
		}
		if st, err := n.books.Standing(n.as("home"), n.orgs["home"], other.String()); err != nil || st.Committed != 1_000 {
			t.Errorf("%+v, %v", st, err)
		}
		// What is claimed back goes the way of every award, and ends what counts.
		awards, _, err := n.service.Awards(n.as("home"), n.orgs["home"], store.Page{})
		n.must(err)
		award := awards[len(awards)-1]
		if award.Through.Application != application || award.Filing == "" {
			t.Fatalf("%+v", award)
		}
		n.must(n.books.PayBy(n.as("home"), n.orgs["home"], application.String(), ledger.Payment{ID: "P-1", Amount: 100_000_000, On: "2019-06-01"}))
		r, err := n.service.ClaimBack(n.as("home"), award.ID, "false-material", "申报承诺第三条", "审计发现虚报", 0)
		n.must(err)
		sums := func() (claimed, received int64) {
			t.Helper()
			n.must(n.db.InTx(t.Context(), func(ctx context.Context, tx bun.Tx) (err error) {
				claimed, received, err = n.service.ClaimedBack(ctx, tx, application)
				return err
			}))
			return claimed, received
		}
		if claimed, received := sums(); claimed != 100_000_000 || received != 0 {
			t.Errorf("claimed %d, received %d", claimed, received)
		}
		n.must(second(n.service.Receive(n.as("home"), r.ID, "R-1", "2019-06-01")))
		if claimed, received := sums(); claimed != 100_000_000 || received != 100_000_000 {
			t.Errorf("claimed %d, received %d", claimed, received)
		}
		if m := evaluated("平台项目"); m.Reason != incentive.Granted {
			t.Errorf("all was paid back: %+v", m)
		}
		n.must(n.db.InTx(n.as("home"), func(ctx context.Context, tx bun.Tx) error { return n.service.EndAwards(ctx, tx, other, "项目终止") }))
		if m := evaluated("并购项目"); m.Reason != incentive.Granted {
			t.Errorf("nothing of the award is left: %+v", m)
		}
	})
}

// Two rooms file one project at the same time: one gets through.
func TestTwoRoomsFileAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		for i := range 4 {
			project := "同时申报" + strings.Repeat("一", i)
			q := n.ready(project)
			var g sync.WaitGroup
			errs := make([]error, 3)
			g.Go(func() { _, errs[0] = n.service.File(n.as("firm"), q.ID, "inc-gz-01", uuid.Nil) })
			for k := 1; k < 3; k++ {
				g.Go(func() { errs[k] = n.applied(uuid.Must(uuid.NewV7()), project, "inc-gz-01") })
			}
			g.Wait()
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				} else if !errors.Is(err, ErrSecond) {
					t.Errorf("refused with %v", err)
				}
			}
			if won != 1 {
				t.Fatalf("%d of three got through: %v", won, errs)
			}
		}
	})
}

// The day that the operator told for an undated document counts before the one that a call states, and both before none.
func TestACallGoesByTheDatesOfTheOperator(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	evaluated := func(published map[string]string, facts ...string) (*incentive.Report, error) {
		known := map[string]Known{
			"project.category": {Value: Answer(`"enterprise_platform"`), Grade: "E2", Source: "programme"}, "project.investment": {Value: Answer("500000000"), Grade: "E2", Source: "programme"},
			"project.demonstration": {Value: Answer("true"), Grade: "E2", Source: "programme"},
		}
		for _, key := range facts {
			known[key] = Known{Value: Answer(`"x"`), Grade: "E2", Source: "programme"}
		}
		return n.service.Evaluate(n.as("home"), Evaluation{Org: n.orgs["firm"], Object: "平台项目", Measures: []string{"inc-hn-01"}, Day: "2019-03-01", Facts: known, Published: published})
	}
	stated := map[string]string{hunan: "2018-12-31"}
	for name, c := range map[string]struct {
		told      string
		published map[string]string
		want      incentive.Trit
	}{
		"nobody has dated it": {"", nil, incentive.Unknown}, "the call has": {"", stated, incentive.True},
		"the operator has, for later": {"2019-05-01", stated, incentive.False}, "the operator has, for before": {"2019-01-01", map[string]string{hunan: "2019-05-01"}, incentive.True},
	} {
		n.must(n.service.Publish(n.operator(), hunan, c.told, "省政府公报"))
		rep, err := evaluated(c.published)
		n.must(err)
		if got := rep.Of("inc-hn-01").Eligible; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	n.must(n.service.Publish(n.operator(), hunan, "", ""))
	if _, err := evaluated(map[string]string{hunan: "2019-02-30"}); !errors.Is(err, ErrDay) {
		t.Errorf("a day that is none: %v", err)
	}
	for _, key := range []string{"project.moon", "project.investment"} {
		if _, err := evaluated(nil, key); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
