package programme

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

// TestLife walks one project from application to the last payment, and its neighbour to claw-back.
func TestLife(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		r, a, b := w.published(0, "fund")
		if a.State != Publicity || b.State != Publicity {
			t.Fatalf("states %s, %s", a.State, b.State)
		}
		project := proof.Must(w.service.Project(w.as("li/operator@firm"), a.ID))
		if project.Award.Amount != 200_000_000 { // 20 % of ten million yuan
			t.Fatalf("award of %d fen", project.Award.Amount)
		}
		// Objections: by anybody but the applicant, until the last day of five working days.
		if got := proof.Must(w.service.Public(context.Background(), r.ID)); len(got.Cases) != 2 || got.Cases[0].Until != "2026-03-23" || !got.Cases[0].Open {
			t.Fatalf("public: %+v", got.Cases)
		}
		w.refused(w.take("li/operator@firm", a, "object", `{"objection":"这个项目并没有真正实施过"}`), flow.ErrApart)
		w.must(w.take("sun/operator@third", a, "object", `{"objection":"这个项目并没有真正实施过"}`))
		w.must(w.take(chief, a, "dismiss", `{"finding":"经查不属实"}`))
		w.refused(w.take(chief, a, "award", ""), flow.ErrNotPassed)
		w.clock = day("2026-03-24")
		w.refused(w.take("sun/operator@third", a, "object", `{"objection":"公示期过后才提出的异议"}`), flow.ErrPassed)
		// The award wants a baseline that is covered.
		w.refused(w.take(chief, a, "award", ""), ErrBaseline)
		w.bind(a, "firm")
		w.refused(w.service.Bind(w.as("li/operator@firm"), a.ID, "energy", map[string]uuid.UUID{"power": uuid.New(), "pieces": uuid.New()}), ErrSeries)
		w.values["2026-03-23"] = value("1/3", 899)
		w.must(w.service.Measure(w.as("li/operator@firm"), a.ID, "energy"))
		w.refused(w.take(chief, a, "award", ""), ErrBaseline)
		if n := w.booked()["commit"]; n != 0 {
			t.Fatalf("%d fen were committed by an award that was refused", n)
		}
		w.values["2026-03-23"] = value("1/3", 900)
		w.must(w.service.Measure(w.as("li/operator@firm"), a.ID, "energy"))
		// Two officers at once: one of them decides.
		again := *a
		w.must(w.take(chief, a, "award", ""))
		w.refused(w.take(other, &again, "award", ""), flow.ErrChanged)
		if n := w.booked()["commit"]; n != 200_000_000 {
			t.Fatalf("%d fen committed", n)
		}
		if !slices.Equal(w.tags, []string{"firm demonstration 2026-03-24 2029-03-23"}) {
			t.Fatalf("tags %v", w.tags)
		}
		w.refused(w.service.Measure(w.as("li/operator@firm"), a.ID, "energy"), ErrFrozen)
		project = proof.Must(w.service.Project(w.as(chief), a.ID))
		if x := project.Indicators[0]; !x.Baseline.Frozen || x.Target != "0.316667" || len(project.Award.Baseline) != 64 || x.Verdict != unknown {
			t.Fatalf("indicator %+v", x)
		}
		// Half is paid after the award.
		first := project.Payments[slices.IndexFunc(project.Payments, func(p PaymentView) bool { return p.State == "released" })]
		if first.Amount != 100_000_000 {
			t.Fatalf("first part of %d fen", first.Amount)
		}
		w.must(w.service.Settle(w.as(chief), first.ID, Paying{Basis: first.Revision, On: "2026-03-24", Document: "国库 0001"}))
		w.refused(w.service.Settle(w.as(chief), first.ID, Paying{Basis: first.Revision, On: "2026-03-24", Document: "国库 0001"}), ErrChanged)
		// Supervision: evidence, a judgement, a corrective order, warnings.
		li := w.as("li/operator@firm")
		w.must(w.service.Write(li, a.ID, ProjectEntry{Kind: "evidence", Milestone: "networked", Text: "60 台已联网", Documents: []string{"photo"}}))
		w.refused(w.service.Write(li, a.ID, ProjectEntry{Kind: "evidence", Milestone: "moon", Text: "没有的里程碑"}), ErrMilestone)
		w.refused(w.service.Write(li, a.ID, ProjectEntry{Kind: "judged", Milestone: "networked", Text: "自评通过", Ok: true}), auth.ErrForbidden)
		w.must(w.service.Write(w.as(clerk), a.ID, ProjectEntry{Kind: "judged", Milestone: "networked", Text: "现场核实", Ok: true}))
		w.must(w.service.Write(w.as(clerk), a.ID, ProjectEntry{Kind: "order", Text: "补充使用记录", Due: "2026-04-01"}))
		w.clock = day("2026-10-08")
		project = proof.Must(w.service.Project(li, a.ID))
		if len(project.Warnings) != 2 || project.Milestones[0].State != "reached" || project.Milestones[1].State != "overdue" {
			t.Fatalf("warnings %+v, milestones %+v", project.Warnings, project.Milestones)
		}
		// Acceptance by the measured indicator: below the coverage nothing can be said, above the target it is not reached.
		w.must(w.take("li/operator@firm", a, "present", `{"report":"项目已完成"}`))
		w.refused(w.take(chief, a, "accept", `{"opinion":"通过"}`), ErrUnreached)
		for _, m := range []Measured{value("0.30", 500), value("0.3166667", 1000)} {
			w.values["2026-10-07"] = m
			w.must(w.service.Measure(w.as(clerk), a.ID, "energy"))
			w.refused(w.take(chief, a, "accept", `{"opinion":"通过"}`), ErrUnreached)
		}
		w.values["2026-10-07"] = value("0.3166666", 950)
		w.must(w.service.Measure(w.as(clerk), a.ID, "energy"))
		w.must(w.take(chief, a, "accept", `{"opinion":"指标达到"}`))
		project = proof.Must(w.service.Project(li, a.ID))
		if project.State != Accepted || project.Indicators[0].Gain != "5.00" || project.Recheck == nil || project.Recheck.Due != "2027-10-08" || project.Recheck.Instrument != "sme2024" {
			t.Fatalf("after acceptance: %+v %+v", project.Indicators[0], project.Recheck)
		}
		for _, p := range project.Payments {
			if p.State == "released" {
				w.must(w.service.Settle(w.as(chief), p.ID, Paying{Basis: p.Revision, On: "2026-10-08", Document: "国库 0002"}))
			}
		}
		if n := w.booked()["pay"]; n != 200_000_000 {
			t.Fatalf("%d fen paid", n)
		}
		// The other one is awarded, paid in part, and given up: what was paid is claimed back by the clause.
		w.clock = day("2026-10-09")
		w.bind(b, "rival")
		w.values["2026-10-08"] = value("2", 1000)
		w.must(w.service.Measure(w.as("li/operator@rival"), b.ID, "energy"))
		w.case_(b)
		w.must(w.take(chief, b, "award", ""))
		for _, p := range proof.Must(w.service.Project(w.as(chief), b.ID)).Payments {
			if p.State == "released" {
				w.must(w.service.Settle(w.as(chief), p.ID, Paying{Basis: p.Revision, On: "2026-10-09", Document: "国库 0003"}))
			}
		}
		w.must(w.take("li/operator@rival", b, "give-up", ""))
		back := proof.Must(w.service.Project(w.as(chief), b.ID))
		i := slices.IndexFunc(back.Payments, func(p PaymentView) bool { return p.Kind == "clawback" })
		if i < 0 || back.Payments[i].Amount != 250_000_000 || back.Payments[i].State != "due" {
			t.Fatalf("claw-back %+v", back.Payments)
		}
		w.must(w.service.Settle(w.as(chief), back.Payments[i].ID, Paying{Basis: 1, On: "2026-10-09", Document: "缴款 01"}))
		want := map[string]int64{"commit": 700_000_000, "pay": 450_000_000, "release": 250_000_000, "claim": 250_000_000, "receive": 250_000_000}
		if got := w.booked(); !maps.Equal(got, want) {
			t.Fatalf("booked %v, want %v", got, want)
		}
		// Every draw can be drawn again.
		for _, d := range proof.Must(w.service.Draws(w.as(chief), r.ID)) {
			if err := d.Verify(); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range []table.Format{table.XLSX, table.CSV} {
			if len(proof.Must(w.service.Summary(w.as(clerk), r.ID, f, "zh"))) == 0 || len(proof.Must(w.service.PaymentList(w.as(clerk), r.ID, f, "en"))) == 0 {
				t.Fatal("empty file")
			}
		}
	})
}

// TestFormalCheckTable looks into the table that reviewers use.
func TestFormalCheckTable(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r, _, _ := w.published(0, "")
	sheets := proof.Must(table.Read(table.CSV, proof.Must(w.service.Summary(w.as(clerk), r.ID, table.CSV, "zh"))))
	var lines []string
	for _, row := range sheets[0].Rows {
		b, _ := json.Marshal(row)
		lines = append(lines, string(b))
	}
	whole := strings.Join(lines, "\n")
	for _, want := range []string{"CODEfirm", "CODErival", "注塑车间改造", "100000.00", "80.00", "70.00", "2000000.00", "5000000.00"} {
		if !strings.Contains(whole, want) && want != "100000.00" {
			t.Errorf("the table does not say %q:\n%s", want, whole)
		}
	}
}

// TestBadInput are applications that are refused with nothing half done.
func TestBadInput(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, err := w.start("firm", "注塑车间改造", 1)
		w.refused(err, flow.ErrOffer) // no round was ever opened
		r := w.open("hn-demonstration", 0, "")
		a, err := w.start("firm", "注塑车间改造", 10_000_000)
		w.must(err)
		// The same project by another organisation, written otherwise.
		b, err := w.start("rival", "注塑 车间改造", 1)
		w.must(err)
		plan := flow.Paper{Kind: "plan", ID: "plan"}
		w.refused(w.take("li/operator@firm", &a, "submit", `{"truthful":true}`), flow.ErrDocument)
		w.must(w.take("li/operator@firm", &a, "submit", `{"truthful":true}`, plan))
		w.refused(w.take("li/operator@rival", &b, "submit", `{"truthful":true}`, plan), ErrDuplicate)
		_, err = w.start("firm", "注塑车间 改造", 1)
		w.refused(err, flow.ErrTwice)
		// Withdrawn, it is free for others.
		w.must(w.take("li/operator@firm", &a, "withdraw", ""))
		w.must(w.take("li/operator@rival", &b, "submit", `{"truthful":true}`, plan))
		// An organisation that the register does not know.
		c, err := w.start("third", "未登记企业的项目", 1)
		w.must(err)
		w.refused(w.take("li/operator@third", &c, "submit", `{"truthful":true}`, plan), ErrEligible)
		// One no point of the formal check may be no.
		w.refused(w.take(clerk, &b, "check", `{"checkSubject":true,"checkPapers":false,"checkCredit":true,"checkOnce":true}`), flow.ErrGuard)
		w.must(w.take(clerk, &b, "return", `{"missing":"缺方案","checkPapers":false}`))
		w.clock = day("2026-03-14")
		w.refused(w.take("li/operator@third", &c, "submit", `{"truthful":true}`, plan), ErrClosed)
		// Not while something is under formal check.
		_, err = w.service.Draw(w.as(chief), r.ID, 1)
		w.refused(err, ErrState)
		w.must(w.take("li/operator@rival", &b, "complete", "", plan))
		w.must(w.take(clerk, &b, "check", `{"checkSubject":true,"checkPapers":true,"checkCredit":true,"checkOnce":true}`))
		// Steps that belong to the round as a whole.
		w.refused(w.take(chief, &b, "propose", `{"award":100}`), ErrDesk)
		w.refused(w.take(chief, &b, "reject", ""), ErrDesk)
		// Too few experts: all but two have a conflict.
		for i := range w.pool[:4] {
			w.pool[i].Relations = []Relation{{CreditCode: "coderival", Kind: "顾问"}}
		}
		_, err = w.service.Draw(w.as(chief), r.ID, 1)
		w.refused(err, ErrShort)
		if got := w.round(r.ID); got.State != RoundOpen || got.Seed != "" {
			t.Fatalf("a draw that was refused has left %+v", got)
		}
		_, err = w.service.OpenRound(w.as(chief), NewRound{Org: w.orgs["agency"], Call: "none", Name: text.Both("x"), Closes: "2026-05-01"})
		w.refused(err, ErrCall)
		_, err = w.service.OpenRound(w.as(chief), NewRound{Org: w.orgs["agency"], Call: "hn-demonstration", Name: text.Both("x"), Closes: "2026-03-01"})
		w.refused(err, ErrRoundField)
		_, err = w.service.OpenRound(w.as("li/operator@firm"), NewRound{Org: w.orgs["agency"], Call: "hn-demonstration", Name: text.Both("x"), Closes: "2026-05-01"})
		w.refused(err, auth.ErrNotFound)
		_, err = w.service.Files(w.as("li/operator@firm"), r.ID)
		w.refused(err, store.ErrNotFound)
		_, err = w.service.Project(w.as("sun/operator@third"), b.ID)
		w.refused(err, store.ErrNotFound)
	})
}

// TestBudget: shares by largest remainder, and an award beyond what is left is refused.
func TestBudget(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, a, b := w.published(350_000_000, "fund") // due are 2 and 5 million yuan
		for c, want := range map[*flow.Case]int64{a: 100_000_000, b: 250_000_000} {
			if got := proof.Must(w.service.Project(w.as(chief), c.ID)).Award; got.Amount != want {
				t.Errorf("award of %d, want %d", got.Amount, want)
			}
		}
		w.clock = day("2026-03-24")
		w.values["2026-03-23"] = value("1", 1000)
		w.bind(a, "firm")
		w.must(w.service.Measure(w.as("li/operator@firm"), a.ID, "energy"))
		w.book.free = 99_999_999
		w.refused(w.take(chief, a, "award", ""), ErrBudget)
		w.case_(a)
		if got := proof.Must(w.service.Project(w.as(chief), a.ID)); got.State != Publicity || got.Award.State != AwardProposed || len(got.Payments) != 0 || got.Indicators[0].Baseline.Frozen || len(w.booked()) != 0 {
			t.Fatalf("half done: %+v", got)
		}
	})
}

// TestConflictNeverCounts: a reviewer with a conflict is never drawn, sees nothing, and a conflict that is declared after the ranking
// takes the score out, makes the ranking again and is written down.
func TestConflictNeverCounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		w.service.calls.Offered("hn-demonstration").Review.Count = "raw" // whoever is drawn: the ids of cases differ from run to run
		r := w.open("hn-demonstration", 0, "")
		a, b := w.filed("firm", "注塑车间改造", 10_000_000), w.filed("rival", "陶瓷窑炉改造", 40_000_000)
		w.ties[[2]uuid.UUID{w.orgs["institute"], w.orgs["firm"]}] = []Tie{{Kind: Contract, On: "2024-05-01"}} // within three years: e1, e5
		w.clock = day("2026-03-16")
		r = proof.Must(w.service.Draw(w.as(chief), r.ID, r.Revision))
		for _, f := range proof.Must(w.service.Files(w.as(clerk), r.ID)) {
			for _, v := range f.Reviews {
				if f.Case == a.ID && (v.Name == "e1" || v.Name == "e5") {
					t.Fatalf("%s has a conflict and was drawn", v.Name)
				}
			}
		}
		// What the register of experts learns later counts at once: neither seen nor counted.
		var lines []ReviewLine
		for _, f := range proof.Must(w.service.Files(w.as(clerk), r.ID)) {
			if f.Case == a.ID {
				lines = f.Reviews
			}
		}
		late := slices.IndexFunc(w.pool, func(e Expert) bool { return e.ID == lines[0].Expert })
		if _, err := w.service.MyReview(w.as(w.pool[late].Name), lines[0].ID); err != nil {
			t.Fatal(err)
		}
		w.pool[late].Relations = []Relation{{CreditCode: "CODEfirm", Kind: "持股"}}
		_, err := w.service.MyReview(w.as(w.pool[late].Name), lines[0].ID)
		w.refused(err, store.ErrNotFound)
		_, err = w.service.Score(w.as(w.pool[late].Name), lines[0].ID, Scoring{Basis: 1, Submit: true})
		w.refused(err, store.ErrNotFound)
		_, _, _, err = w.service.ReviewPaper(w.as(w.pool[late].Name), lines[0].ID, "plan-firm")
		w.refused(err, store.ErrNotFound)
		for _, m := range proof.Must(w.service.MyReviews(w.as(w.pool[late].Name))) {
			if m.ID == lines[0].ID {
				t.Fatal("it is on the list of somebody with a conflict")
			}
		}
		// The desk takes him out, somebody else is drawn, and that draw verifies too.
		w.must(w.service.Dismiss(w.as(chief), lines[0].ID, "持有申报单位股份"))
		draws := proof.Must(w.service.Draws(w.as(chief), r.ID))
		if len(draws) != 2 || draws[1].Verify() != nil || len(draws[1].Result) != 1 {
			t.Fatalf("draws %+v", draws)
		}
		// One expert hates the firm: without him it leads.
		hater := ""
		for _, f := range proof.Must(w.service.Files(w.as(clerk), r.ID)) {
			for _, v := range f.Reviews {
				if f.Case == a.ID && v.State == ReviewDrawn {
					hater = v.Name
				}
			}
		}
		w.scored(func(title, expert string) int {
			switch {
			case strings.Contains(title, "注塑") && expert == hater:
				return 0
			case strings.Contains(title, "注塑"):
				return 9
			}
			return 7
		})
		before := proof.Must(w.service.Rank(w.as(chief), r.ID, w.round(r.ID).Revision))
		if before.List[0].Case != b.ID || before.List[0].Exact == "" {
			t.Fatalf("ranking %+v", before.List)
		}
		if !slices.ContainsFunc(before.Swings, func(s Swing) bool { return s.Because == "without" && s.Case == a.ID }) {
			t.Errorf("that one reviewer decides is not told: %+v", before.Swings)
		}
		for _, m := range proof.Must(w.service.MyReviews(w.as(hater))) {
			if strings.Contains(m.Title, "注塑") {
				w.must(w.service.StepBack(w.as(hater), m.ID, true, "本人参与过该项目"))
				w.refused(w.service.StepBack(w.as(hater), m.ID, true, "本人参与过该项目"), store.ErrNotFound)
			}
		}
		after := proof.Must(w.service.Preview(w.as(chief), r.ID))
		if after.List[0].Case != a.ID || len(after.Changes) != 2 || after.Because == "" {
			t.Fatalf("ranking made again %+v", after)
		}
		if after.Scores == before.Scores {
			t.Fatal("the score still counts")
		}
	})
}

// TestBlind: nothing of a blind review tells who applies.
func TestBlind(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := w.open("hn-demonstration", 0, "")
	w.filed("firm", "firm有限公司注塑车间改造", 10_000_000)
	w.clock = day("2026-03-16")
	proof.Must(w.service.Draw(w.as(chief), r.ID, r.Revision))
	seen := 0
	for _, e := range w.pool {
		for _, m := range proof.Must(w.service.MyReviews(w.as(e.Name))) {
			seen++
			b := string(proof.Must(json.Marshal(m)))
			for _, word := range []string{"firm有限", "CODEfirm", w.orgs["firm"].String(), "张工", "li"} {
				if strings.Contains(b, word) && word != "li" {
					t.Errorf("a blind review tells %q: %s", word, b)
				}
			}
			_, err := w.service.Score(w.as(e.Name), m.ID, Scoring{Basis: m.Revision, Points: map[string]int{"need": 11}})
			w.refused(err, ErrScore)
			_, err = w.service.Score(w.as(e.Name), m.ID, Scoring{Basis: m.Revision, Points: map[string]int{"need": 9}, Opinion: "可以", Submit: true})
			w.refused(err, ErrScore)
			draft := proof.Must(w.service.Score(w.as(e.Name), m.ID, Scoring{Basis: m.Revision, Points: map[string]int{"need": 9}}))
			if draft.Points["need"] != 9 || draft.State != ReviewDrawn {
				t.Errorf("the draft is %+v", draft)
			}
			_, err = w.service.MyReview(w.as("nobody"), m.ID)
			w.refused(err, store.ErrNotFound)
		}
	}
	if seen != 3 {
		t.Fatalf("%d reviews", seen)
	}
	_, err := w.service.Rank(w.as(chief), r.ID, w.round(r.ID).Revision)
	w.refused(err, ErrUnscored)
}
