package support

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/office/ledger"
)

func TestAFirmIsAskedOnlyWhatCanChangeTheAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		q := n.begin("5G 全连接 改造")
		o, err := n.service.Opinion(n.as("firm"), q.ID)
		n.must(err)
		if m := o.Report.Of("inc-gz-01"); m == nil || m.Eligible != incentive.Unknown || m.Missing[0].Fact != incentive.Published {
			t.Fatalf("without a date of the document: %+v", m)
		}
		if o.Report.Of("inc-hn-01") != nil {
			t.Error("a measure of Hunan for a firm of Guangzhou")
		}
		if err := n.service.Publish(n.as("firm"), guangzhou, "2018-03-22", "市政府公报"); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a firm dates a document: %v", err)
		}
		n.date()
		if o, err = n.service.Opinion(n.as("firm"), q.ID); err != nil || o.Asks[0].Fact != "project.category" || asked(o, "project.investment") == nil || asked(o, "project.category").Ask.Zh != "您的项目属于哪一类？" {
			t.Fatalf("%+v, %v", o.Asks, err)
		}
		if asked(o, "enterprise.sector") != nil {
			t.Error("what the register knows is asked for")
		}
		o = n.answer(&q, map[string]string{"project.category": `"internal_network"`})
		if asked(o, "project.equity_requested") != nil || asked(o, "project.investment") == nil {
			t.Errorf("asked for what cannot change it, or not for what can: %d questions", len(o.Asks))
		}
		o = n.answer(&q, map[string]string{"project.investment": "1000000000", "project.effect": "true"})
		m := o.Report.Of("inc-gz-01")
		if m.Eligible != incentive.Unknown || m.Declared != incentive.True || m.IfProven == nil || *m.IfProven != 300_000_000 {
			t.Fatalf("30%% of ten million: %+v", m)
		}
		if len(o.Needs) == 0 || !slices.ContainsFunc(o.Needs, func(x SupportNeed) bool {
			return x.Fact == "project.investment" && x.Have == "E0" && x.Need == "E2" && x.Kind == "audited-amount"
		}) {
			t.Errorf("%+v", o.Needs)
		}
		// The audit report comes: the firm's own figure gives way to it, and stays beside it.
		n.world.proofs["audited-amount"] = []Proof{{ID: uuid.Must(uuid.NewV7()), Grade: "E2", Since: "2019-01-01", Record: field.Record{"category": "project-investment", "project": "5g全连接改造", "amount": int64(900_000_000)}}}
		if o, err = n.service.Opinion(n.as("firm"), q.ID); err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(o.Known, func(k Known) bool { return k.Fact == "project.investment" })
		if k := o.Known[i]; string(k.Value) != "900000000" || k.Grade != "E2" || k.Source != "fact" || string(k.Declared) != "1000000000" {
			t.Errorf("%+v", k)
		}
		for name, c := range map[string]struct{ err, want error }{
			"no such fact":          {second(n.service.Answer(n.as("firm"), q.ID, Reply{Basis: q.Revision, Answers: map[string]Answer{"a.b": Answer("1")}})), ErrFact},
			"a negative amount":     {second(n.service.Answer(n.as("firm"), q.ID, Reply{Basis: q.Revision, Answers: map[string]Answer{"project.investment": Answer("-1")}})), ErrAnswer},
			"no such option":        {second(n.service.Answer(n.as("firm"), q.ID, Reply{Basis: q.Revision, Answers: map[string]Answer{"project.category": Answer(`"x"`)}})), ErrAnswer},
			"another was faster":    {second(n.service.Answer(n.as("firm"), q.ID, Reply{Basis: 1})), ErrChanged},
			"no such alternative":   {second(n.service.Answer(n.as("firm"), q.ID, Reply{Basis: q.Revision, Chosen: map[string]string{"gz2018.results-conversion": "inc-gz-01"}})), ErrChoice},
			"a foreign firm":        {second(n.service.Opinion(n.as("rival"), q.ID)), store.ErrNotFound},
			"the project again":     {second(n.service.Begin(n.as("firm"), n.orgs["firm"], "５g全连接改造", "", "")), ErrProject},
			"a day that is none":    {second(n.service.Begin(n.as("firm"), n.orgs["firm"], "另一个", "", "2019-02-30")), ErrDay},
			"a document of its own": {n.service.Publish(n.operator(), "002_f89670ab355c56a3.txt", "2019-01-01", "浙江省政府"), ErrDocument},
			"published tomorrow":    {n.service.Publish(n.operator(), guangzhou, "2019-06-02", "市政府公报"), ErrDay},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAResultComesOutAgainByteForByte(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	n.date()
	q := n.begin("转化项目")
	o := n.answer(&q, map[string]string{"project.category": `"results_conversion"`, "project.investment": "5000000000", "project.equity_requested": "10000000", "award.equity_received": "0", "project.effect": "true"})
	if o.Report.Of("inc-gz-05").Declared != incentive.True || o.Report.Of("inc-gz-06").Declared != incentive.True {
		t.Fatalf("%v %v", o.Report.Of("inc-gz-05").Declared, o.Report.Of("inc-gz-06").Declared)
	}
	kept, err := n.service.Keep(n.as("firm"), q.ID)
	n.must(err)
	if len(kept.Packs) != 64 || len(kept.Facts) != 64 || kept.Hash != o.Hash {
		t.Errorf("%+v", kept)
	}
	// The world goes on: other answers, other dates, another process.
	n.answer(&q, map[string]string{"project.investment": "1"})
	n.must(n.service.Publish(n.operator(), guangzhou, "2019-03-22", "更正公布日期"))
	n.service = proof.Must(New(t.Context(), n.service.o))
	again, err := n.service.Recompute(n.as("firm"), kept.ID)
	if err != nil || !again.Same || !again.Packs || again.Hash != kept.Hash {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := n.db.NewUpdate().Model((*resultRow)(nil)).Set("report = ?", "{}").Where("id = ?", kept.ID).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err = n.service.Recompute(n.as("firm"), kept.ID); err != nil || again.Same {
		t.Errorf("a changed report is the same: %+v, %v", again, err)
	}
	if list, _, err := n.service.Results(n.as("firm"), q.ID, store.Page{}); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// A project is filed, filed again, awarded, paid, claimed back with an objection in between, and paid back.
func TestFromFilingToRecovery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		n.fund(2_000_000_00)
		q := n.begin("内网改造")
		n.answer(&q, map[string]string{"project.category": `"internal_network"`, "project.investment": "500000000", "project.effect": "true"})
		f, err := n.service.File(n.as("firm"), q.ID, "inc-gz-01", uuid.Nil)
		n.must(err)
		if f.Keeper != n.orgs["home"] || f.State != "open" {
			t.Errorf("%+v", f)
		}
		err = second(n.service.File(n.as("firm"), q.ID, "inc-gz-01", uuid.Nil))
		if !errors.Is(err, ErrSecond) || !strings.Contains(err.Error(), "内网改造") {
			t.Errorf("filed twice: %v", err)
		}
		if err := second(n.service.File(n.as("firm"), q.ID, "inc-gz-08", uuid.Nil)); !errors.Is(err, ErrEligible) {
			t.Errorf("not eligible: %v", err)
		}
		home := n.as("home")
		for name, c := range map[string]struct{ err, want error }{
			"above the entitlement": {second(n.service.Grant(home, f.ID, "gz", 2019, 150_000_001, "专家评审通过")), ErrAmount},
			"the firm awards":       {second(n.service.Grant(n.as("firm"), f.ID, "gz", 2019, 1, "自己批给自己")), auth.ErrForbidden},
			"a rival":               {second(n.service.Grant(n.as("rival"), f.ID, "gz", 2019, 1, "与我无关")), store.ErrNotFound},
			"an unknown fund":       {second(n.service.Grant(home, f.ID, "x", 2019, 1, "专家评审通过")), ledger.ErrFund},
			"a year without money":  {second(n.service.Grant(home, f.ID, "gz", 2020, 1, "专家评审通过")), ledger.ErrBudget},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		w, err := n.service.Grant(home, f.ID, "gz", 2019, 150_000_000, "专家评审通过")
		n.must(err)
		if err := second(n.service.Grant(home, f.ID, "gz", 2019, 1, "再批一次")); !errors.Is(err, ErrFiling) {
			t.Errorf("twice: %v", err)
		}
		if err := n.service.Withdraw(n.as("firm"), f.ID, "不再申报了"); !errors.Is(err, ErrFiling) || !strings.Contains(err.Error(), "awarded") {
			t.Errorf("withdrawn after the award: %v", err)
		}
		if st, err := n.books.Standing(home, n.orgs["home"], w.Ref); err != nil || st.Committed != 150_000_000 || st.Free != 50_000_000 {
			t.Errorf("%+v, %v", st, err)
		}
		// What was paid before is known to the next evaluation.
		o, err := n.service.Opinion(n.as("firm"), q.ID)
		n.must(err)
		ev, err := n.service.Evaluate(home, Evaluation{Org: n.orgs["firm"], Object: "内网改造", Measures: []string{"inc-gz-01"}, Day: "2019-06-01", Facts: map[string]Known{
			"project.category": {Value: Answer(`"internal_network"`), Grade: "E0", Source: "programme"}, "project.investment": {Value: Answer("500000000"), Grade: "E2", Source: "programme"},
			"project.effect": {Value: Answer("true"), Grade: "E2", Source: "programme"}}})
		n.must(err)
		if got := ev.Of("inc-gz-01"); got.Eligible != incentive.True || *got.Amount != 150_000_000 || len(ev.Outcomes) != 1 {
			t.Errorf("%+v", got)
		}
		_ = o
		if err := second(n.service.ClaimBack(home, w.ID, "false-material", "申报书承诺第三条", "审计发现虚报", 0)); !errors.Is(err, ErrAmount) {
			t.Errorf("before anything was paid: %v", err)
		}
		n.must(n.books.PayBy(home, n.orgs["home"], w.Ref, ledger.Payment{ID: "P-1", Amount: 100_000_000, On: "2019-06-03"}))
		for name, c := range map[string]struct{ err, want error }{
			"a cause that is none":    {second(n.service.ClaimBack(home, w.ID, "whim", "条款", "原因说明", 0)), ErrCause},
			"without a clause":        {second(n.service.ClaimBack(home, w.ID, "false-material", "", "原因说明", 0)), ErrReason},
			"a part where all is due": {second(n.service.ClaimBack(home, w.ID, "false-material", "申报书承诺第三条", "审计发现虚报", 5)), ErrAmount},
			"more than was paid":      {second(n.service.ClaimBack(home, w.ID, "indicators-missed", "合同第九条", "指标未达", 100_000_001)), ErrAmount},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		r, err := n.service.ClaimBack(home, w.ID, "indicators-missed", "合同第九条", "指标未达", 40_000_000)
		n.must(err)
		if r.Until != "2019-06-16" {
			t.Errorf("%+v", r)
		}
		late := n.clock
		n.clock = n.clock.AddDate(0, 0, 16)
		if err := second(n.service.Object(n.as("firm"), r.ID, "指标其实达到了")); !errors.Is(err, ErrLate) {
			t.Errorf("too late: %v", err)
		}
		n.clock = late
		if err := second(n.service.Object(home, r.ID, "替企业异议")); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("the keeper objects: %v", err)
		}
		n.must(second(n.service.Object(n.as("firm"), r.ID, "指标其实达到了")))
		if err := second(n.service.Receive(home, r.ID, "R-1", "2019-06-20")); !errors.Is(err, ErrRecovery) {
			t.Errorf("paid while objected: %v", err)
		}
		n.must(second(n.service.Decide(home, r.ID, true, "复核后维持")))
		n.must(second(n.service.Receive(home, r.ID, "R-1", "2019-06-20")))
		if st, err := n.books.Standing(home, n.orgs["home"], w.Ref); err != nil || st.Recovered != 40_000_000 || st.Claimed != 0 {
			t.Errorf("%+v, %v", st, err)
		}
		if list, _, err := n.service.Recoveries(n.as("firm"), n.orgs["firm"], store.Page{}); err != nil || len(list) != 1 || list[0].State != "received" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// What a filing does not tell cannot be awarded: neither one that another room worked out, nor one whose answers do not suffice. Of a
// measure that names no amount the keeper decides.
func TestNothingIsAwardedThatIsNotKnown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		n.fund(2_000_000_00)
		home := n.as("home")
		claim := func(name, measure, outcome string) uuid.UUID {
			t.Helper()
			f := Filing{ID: uuid.Must(uuid.NewV7()), Org: n.orgs["firm"], Keeper: n.orgs["home"], Measure: measure, Name: name, Day: "2019-06-01", Outcome: json.RawMessage(outcome)}
			n.must(n.db.InTx(n.as("firm"), func(ctx context.Context, tx bun.Tx) error { return n.service.Claim(ctx, tx, f) }))
			return f.ID
		}
		q := n.begin("答案不全的项目")
		n.answer(&q, map[string]string{"project.category": `"internal_network"`})
		open, err := n.service.File(n.as("firm"), q.ID, "inc-gz-01", uuid.Nil)
		n.must(err)
		for name, id := range map[string]uuid.UUID{"another room's": claim("另一业务的项目", "inc-gz-01", ""), "answers are missing": open.ID} {
			if err := second(n.service.Grant(home, id, "gz", 2019, 1, "专家评审通过")); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "inc-gz-01") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if list, _, err := n.service.Awards(home, n.orgs["home"], store.Page{}); err != nil || len(list) != 0 {
			t.Errorf("awarded all the same: %+v, %v", list, err)
		}
		id := claim("没有金额的措施", "inc-gz-01", `{"measure":"inc-gz-01","notCalculable":{"zh":"未定金额","en":"names no amount"}}`)
		n.must(second(n.service.Grant(home, id, "gz", 2019, 1, "专家评审通过")))
	})
}

// Whatever is written for a region, only sets of measures that differ are kept.
func TestRegionsShareTheirMeasures(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	for i := range 300 {
		proof.Must(n.service.shelf(t.Context(), fmt.Sprintf("44%04d", i)))
		proof.Must(n.service.shelf(t.Context(), fmt.Sprintf("99%04d", i)))
	}
	if len(n.service.sets) > 8 {
		t.Errorf("%d sets are kept", len(n.service.sets))
	}
	for region, want := range map[string][2]bool{"440106": {true, false}, "430100": {false, true}, "999999": {false, false}, "": {true, true}} {
		sh := proof.Must(n.service.shelf(t.Context(), region))
		if got := [2]bool{sh.set.Get("inc-gz-01") != nil, sh.set.Get("inc-hn-01") != nil}; got != want {
			t.Errorf("%q: %v", region, got)
		}
	}
}

func TestAVoucherFromIssueToRedemption(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db, shipped)
		n.date()
		n.fund(100_000_00)
		home, firm := n.as("home"), n.as("firm")
		issue := func(amount int64, expires string) (Voucher, error) {
			return n.service.Issue(home, Voucher{Keeper: n.orgs["home"], Holder: n.orgs["firm"], Fund: "gz", Year: 2019, Amount: amount, Purpose: "上云上平台", Expires: expires})
		}
		v, err := issue(60_000_00, "2019-12-31")
		n.must(err)
		for name, c := range map[string]struct{ err, want error }{
			"above the budget":        {second(issue(40_000_01, "2019-12-31")), ledger.ErrBudget},
			"expired when issued":     {second(issue(1, "2019-05-31")), ErrSpan},
			"a rival's":               {second(n.service.Spend(n.as("rival"), v.ID, n.orgs["provider"], "合同 1 号")), store.ErrNotFound},
			"with whom is not listed": {second(n.service.Spend(firm, v.ID, n.orgs["rival"], "合同 1 号")), ErrProvider},
			"with oneself":            {second(n.service.Spend(firm, v.ID, n.orgs["firm"], "合同 1 号")), ErrProvider},
			"the keeper spends":       {second(n.service.Spend(home, v.ID, n.orgs["provider"], "合同 1 号")), auth.ErrForbidden},
			"redeemed at once":        {second(n.service.Redeem(home, v.ID, "VP-1", "2019-06-10")), ErrVoucher},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		n.must(second(n.service.Spend(firm, v.ID, n.orgs["provider"], "合同 1 号")))
		if err := second(n.service.Spend(firm, v.ID, n.orgs["provider"], "合同 2 号")); !errors.Is(err, ErrVoucher) {
			t.Errorf("spent twice: %v", err)
		}
		if err := second(n.service.Confirm(firm, v.ID, true, "已验收")); !errors.Is(err, ErrVoucher) {
			t.Errorf("confirmed before it was delivered: %v", err)
		}
		n.must(second(n.service.Deliver(n.as("provider"), v.ID, "已上线")))
		n.must(second(n.service.Confirm(firm, v.ID, false, "没有上线"))) // it is held again
		n.must(second(n.service.Spend(firm, v.ID, n.orgs["provider"], "合同 1 号")))
		n.must(second(n.service.Deliver(n.as("provider"), v.ID, "这次已上线")))
		n.must(second(n.service.Confirm(firm, v.ID, true, "已验收")))
		q := n.begin("上云")
		o := n.answer(&q, map[string]string{"certificate.integration_management_system": `["passed_assessment"]`, "award.city_certification": "false"})
		if m := o.Report.Of("inc-gz-04"); m.Eligible != incentive.Unknown || !slices.ContainsFunc(m.Missing, func(x incentive.Missing) bool { return x.Fact == "award.provincial_voucher" }) {
			t.Errorf("before redemption: %+v", m)
		}
		n.must(second(n.service.Redeem(home, v.ID, "VP-1", "2019-06-10")))
		if err := second(n.service.Redeem(home, v.ID, "VP-2", "2019-06-10")); !errors.Is(err, ErrVoucher) {
			t.Errorf("redeemed twice: %v", err)
		}
		// The city's extra reward is judged by its conditions; the voucher is proved by its redemption.
		n.world.proofs["certificate"] = []Proof{{ID: uuid.Must(uuid.NewV7()), Grade: "E2", Since: "2019-01-01", Record: field.Record{"scheme": "integration-management"}}}
		if o, err = n.service.Opinion(firm, q.ID); err != nil || o.Report.Of("inc-gz-04").Declared != incentive.True || *o.Report.Of("inc-gz-04").IfProven != 200_000_00 {
			t.Errorf("%+v, %v", o.Report.Of("inc-gz-04"), err)
		}
		if o = n.answer(&q, map[string]string{"award.city_certification": "true"}); o.Report.Of("inc-gz-04").Declared != incentive.False {
			t.Error("paid by the city already, and once more")
		}
		short, err := issue(30_000_00, "2019-06-30")
		n.must(err)
		n.clock = time.Date(2019, 7, 1, 2, 0, 0, 0, time.UTC)
		if err := second(n.service.Spend(firm, short.ID, n.orgs["provider"], "合同 3 号")); !errors.Is(err, ErrExpired) {
			t.Errorf("expired: %v", err)
		}
		if done, err := n.service.expire(t.Context()); err != nil || done != 1 {
			t.Errorf("%d, %v", done, err)
		}
		if done, err := n.service.expire(t.Context()); err != nil || done != 0 {
			t.Errorf("twice: %d, %v", done, err)
		}
		sums, err := n.service.Reconcile(home, n.orgs["home"])
		n.must(err)
		lines, err := n.books.Budget(home, n.orgs["home"])
		n.must(err)
		b := lines[0].Balances
		if sums.Redeemed != 60_000_00 || b["vouchers-redeemed"] != sums.Redeemed || b["vouchers-held"] != 0 || b["vouchers-issued"] != 60_000_00 || b["free"] != 40_000_00 || b["paid"] != 60_000_00 {
			t.Errorf("%+v, %v", sums, b)
		}
		if _, ok, err := n.books.Trial(home, n.orgs["home"]); err != nil || !ok {
			t.Errorf("the trial balance: %v", err)
		}
	})
}

// A node whose folder of packs holds one measure asks for its facts by their names, and answers.
func TestAMeasureIsOneFile(t *testing.T) {
	fixed := brackets[:strings.Index(brackets, "amount:")] + "amount: {form: fixed, clause: main, fixed: 10万元}\n"
	n := newNode(t, storetest.SQLite(t), fstest.MapFS{"policy/inc-x-1.yaml": &fstest.MapFile{Data: []byte(fixed)}})
	n.world.firms = map[uuid.UUID]Enterprise{}
	q := n.begin("一个项目")
	o := n.answer(&q, map[string]string{})
	if len(o.Asks) != 1 || o.Asks[0].Ask.Zh != "投资？" || o.Registered {
		t.Fatalf("%+v", o.Asks)
	}
	if o = n.answer(&q, map[string]string{"project.investment": "1"}); *o.Report.Of("inc-x-1").IfProven != 10_000_000 || len(o.Asks) != 0 {
		t.Errorf("%+v", o.Report.Outcomes)
	}
}

func TestEveryProblemHasWords(t *testing.T) {
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Error(missing)
	}
}

// Every fact that the measures ask for has a question or a name, and every question is about a fact that is there.
func TestTheGuideFitsTheMeasures(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	sh := proof.Must(n.service.shelf(t.Context(), ""))
	for _, q := range n.service.guide.Questions {
		f := sh.vocab[q.Fact]
		if f == nil {
			t.Errorf("%s: no measure asks for it", q.Fact)
			continue
		}
		var gives []string
		if q.Register != nil {
			for _, m := range q.Register.Values {
				gives = append(gives, m.Gives)
			}
		}
		if q.Proof != nil && f.Type != "bool" {
			gives = append(gives, q.Proof.Gives...)
		}
		for _, g := range gives {
			if !slices.ContainsFunc(f.Options, func(o incentive.Option) bool { return o.ID == g }) {
				t.Errorf("%s gives %q, which is not an option", q.Fact, g)
			}
		}
	}
	for key := range sh.vocab {
		if m := n.service.guide.question(key); m == nil && strings.HasPrefix(key, "project.") {
			t.Errorf("%s has no question", key)
		}
	}
}

func TestTheAPI(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), shipped)
	n.date()
	a := proof.Must(api.New(t.Context(), api.Options{Auth: n.orgs, DB: n.db, Now: func() time.Time { return n.clock }, Logger: proof.Logger(t)}))
	n.service.Routes(a)
	server := httptest.NewServer(a.Handler())
	defer server.Close()
	call := func(who, method, path, body string) (int, string) {
		t.Helper()
		r := proof.Must(http.NewRequestWithContext(t.Context(), method, server.URL+api.Base+path, strings.NewReader(body)))
		if who != "" {
			r.Header.Set("Authorization", "Bearer "+who)
		}
		r.Header.Set("Accept-Language", "zh-CN")
		r.Header.Set("Content-Type", "application/json")
		res := proof.Must(http.DefaultClient.Do(r))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body)))
	}
	status, body := call("", "GET", "/public/policies", "")
	var docs struct{ Items []SupportDocument }
	if err := json.Unmarshal([]byte(body), &docs); status != 200 || err != nil || len(docs.Items) != 5 {
		t.Fatalf("%d, %v, %d documents", status, err, len(docs.Items))
	}
	total, calculable := 0, 0
	for _, d := range docs.Items {
		total += len(d.Measures)
		for _, m := range d.Measures {
			if m.Calculable {
				calculable++
			} else if m.NotCalculable.Zh == "" {
				t.Errorf("%s does not say why it gives no amount", m.ID)
			}
		}
		if !d.Verified || (d.File == guangzhou) != (d.Published == "2018-03-22") {
			t.Errorf("%s: %v %s", d.File, d.Verified, d.Published)
		}
	}
	if total != 81 || calculable != 17 {
		t.Errorf("%d measures, %d calculable", total, calculable)
	}
	org := n.orgs["firm"].String()
	status, body = call("engineer@firm", "POST", "/support/inquiries", `{"org":"`+org+`","name":"5G工厂","day":"2019-06-01"}`)
	var q SupportInquiry
	if err := json.Unmarshal([]byte(body), &q); status != 201 || err != nil {
		t.Fatalf("%d %s", status, body)
	}
	id := q.ID.String()
	for _, c := range []struct {
		who, method, path, body string
		status                  int
		says                    string
	}{
		{"engineer@firm", "POST", "/support/inquiries/" + id + "/answers", `{"basis":1,"answers":{"project.category":"internal_network","project.investment":500000000,"project.effect":true}}`, 200, `"ifProven":"150000000"`},
		{"engineer@firm", "POST", "/support/inquiries/" + id + "/answers", `{"basis":2,"answers":{"project.investment":1.5}}`, 422, "不符合要求"},
		{"viewer@firm", "GET", "/support/inquiries/" + id, "", 200, "500万元"},
		{"viewer@firm", "POST", "/support/inquiries/" + id + "/answers", `{"basis":2}`, 403, ""},
		{"engineer@rival", "GET", "/support/inquiries/" + id, "", 404, ""},
		{"engineer@rival", "GET", "/support/inquiries?org=" + org, "", 404, ""},
		{"", "GET", "/support/inquiries/" + id, "", 401, ""},
		{"engineer@firm", "POST", "/support/inquiries/" + id + "/filings", `{"measure":"inc-gz-01"}`, 201, `"state":"open"`},
		{"engineer@firm", "POST", "/support/inquiries/" + id + "/filings", `{"measure":"inc-gz-01"}`, 409, "不得多头申报"},
		{"engineer@home", "GET", "/support/filings?org=" + n.orgs["home"].String(), "", 200, "5G工厂"},
		{"engineer@rival", "GET", "/support/filings?org=" + n.orgs["home"].String(), "", 404, ""},
		{"engineer@firm", "GET", "/support/measures/inc-gz-01/source", "", 200, "id: inc-gz-01"},
		{"engineer@firm", "PUT", "/support/documents/" + guangzhou + "/publication", `{"day":"2018-03-22","source":"公报第三期"}`, 403, ""},
	} {
		if status, answer := call(c.who, c.method, c.path, c.body); status != c.status || !strings.Contains(answer, c.says) {
			t.Errorf("%s %s %s: %d %.400s", c.who, c.method, c.path, status, answer)
		}
	}
}
