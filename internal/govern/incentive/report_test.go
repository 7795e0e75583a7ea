package incentive_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/packs"
)

var update = flag.Bool("update", false, "write testdata/reports.txt anew")

// Every golden case is computed again, from packs that are read again, and must give the same bytes: today, and on every
// machine (testdata/reports.txt holds the hashes).
func TestRecomputationIsByteIdentical(t *testing.T) {
	again, err := incentive.Load(packs.Files, "policy", incentive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, id := range calculable {
		for _, c := range ship(t).Get(id).Tests.Cases {
			a, err := ship(t).ReportCase(ship(t).Get(id), &c)
			if err != nil {
				t.Fatal(err)
			}
			b, err := again.ReportCase(again.Get(id), &c)
			if err != nil {
				t.Fatal(err)
			}
			x, err1 := a.JSON()
			y, err2 := b.JSON()
			if errors.Join(err1, err2) != nil || !bytes.Equal(x, y) {
				t.Fatalf("%s: %s: two computations differ: %v %v", id, c.Name, err1, err2)
			}
			hash, err := a.Hash()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s  %s: %s\n", hash, id, c.Name)
		}
	}
	const file = "testdata/reports.txt"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(out.String(), "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(got) || got[i] != line {
			t.Fatalf("line %d: want %s; if a pack or the wording was changed on purpose, run this test with -update and read what changed", i+1, line)
		}
	}
}

func find(s *incentive.Step, kind string) *incentive.Step {
	if s.Kind == kind {
		return s
	}
	for i := range s.Steps {
		if f := find(&s.Steps[i], kind); f != nil {
			return f
		}
	}
	return nil
}

// The explanation fills in the numbers and names the clause, in both languages.
func TestExplanationSaysWhy(t *testing.T) {
	m := ship(t).Get("inc-hn-01")
	rep, err := ship(t).ReportCase(m, &incentive.Case{Facts: map[string]any{"project.investment": "3000万元"}})
	if err != nil {
		t.Fatal(err)
	}
	o := rep.Of("inc-hn-01")
	amount := find(&o.Explanation, "amount")
	if amount == nil || amount.Text.Zh != "20% × 30,000,000.00元 = 6,000,000.00元，超过上限5,000,000.00元，按上限；金额5,000,000.00元" ||
		amount.Text.En != "20% × CNY 30,000,000.00 = CNY 6,000,000.00, above the cap of CNY 5,000,000.00: the cap; amount CNY 5,000,000.00" {
		t.Errorf("amount: %+v", amount)
	}
	if amount.Clause == nil || amount.Clause.Section != "一" || !strings.Contains(amount.Clause.Quote, "不超过项目投资20%、金额不超过500万元") {
		t.Errorf("clause: %+v", amount.Clause)
	}
	if v := find(&o.Explanation, "validity"); v == nil || !strings.Contains(v.Text.Zh, "申报日2019-06-01；有效期自2019-01-01起，未规定截止日") || v.Result != "true" {
		t.Errorf("validity: %+v", v)
	}
	if c := find(&o.Explanation, "test"); c == nil || c.Text.Zh != "项目类别：要求为企业级工业互联网平台；现为企业级工业互联网平台（证据等级E0）" || !strings.Contains(c.Text.En, "wanted enterprise-level platform") {
		t.Errorf("test: %+v", c)
	}
	if len(o.Priority) != 1 || o.Priority[0].Met != incentive.Unknown || o.Priority[0].Condition != "chain-role" {
		t.Errorf("priority: %+v", o.Priority)
	}
	// What is not known yet says what to bring.
	rep, err = ship(t).ReportCase(m, &incentive.Case{Facts: map[string]any{"project.investment": map[string]any{"value": "1000万元", "grade": "E0"}}})
	if err != nil {
		t.Fatal(err)
	}
	o = rep.Of("inc-hn-01")
	if len(o.Missing) != 1 || o.Missing[0].Have != "E0" || o.Missing[0].Need != incentive.E2 || o.Missing[0].Evidence.Zh != "项目投资专项审计报告" || *o.IfProven != 200_000_000 {
		t.Errorf("missing: %+v", o.Missing)
	}
}

// A firm that knows nothing of itself is told what every measure would want, and nothing is granted.
func TestNothingIsKnown(t *testing.T) {
	s := ship(t)
	rep, err := s.Evaluate(&incentive.Subject{ID: "e"}, mustDate(t, "2026-11-22"))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range rep.Outcomes {
		m := s.Get(o.Measure)
		if m.Calculable() && (o.Eligible != incentive.Unknown || o.Granted != nil || len(o.Missing) == 0) {
			t.Errorf("%s: %s, %v, %d missing", o.Measure, o.Eligible, o.Granted, len(o.Missing))
		}
		if !m.Calculable() && (o.Amount != nil || o.NotCalculable.Zh == "" || o.NotCalculable.En == "") {
			t.Errorf("%s: an amount without a rule, or no reason why there is none", o.Measure)
		}
	}
	if len(rep.Totals) != 0 {
		t.Errorf("totals %+v", rep.Totals)
	}
}

func TestFactsOfAnotherTypeAreRefused(t *testing.T) {
	s := ship(t)
	for _, x := range []struct {
		v    incentive.Value
		want error
	}{{incentive.Bool(true), incentive.ErrType}, {incentive.Money(-1), incentive.ErrFact}, {incentive.Value{}, incentive.ErrType}} {
		_, err := s.Evaluate(&incentive.Subject{Facts: map[string]incentive.Known{"project.investment": {Value: x.v}}}, 0)
		if !errors.Is(err, x.want) || !strings.Contains(err.Error(), "project.investment") {
			t.Errorf("%+v: got %v", x.v, err)
		}
	}
}

// What is granted may change when the evidence of another measure of its group comes: the group says so.
func TestGroupsTellWhatIsOpen(t *testing.T) {
	for _, x := range []struct {
		measure string
		c       incentive.Case
		want    string
	}{
		{"inc-hn-09", incentive.Case{Beside: []string{"inc-hn-08"}}, "[{hn2018.object highest inc-hn-09 [] [inc-hn-08]}]"}, // nothing is known of the other
		{"inc-hn-09", incentive.Case{Beside: []string{"inc-hn-08"}, Facts: map[string]any{"recognition.miit_integration_pilot_enterprise": false}}, "[]"},
		{"inc-gz-05", incentive.Case{Beside: []string{"inc-gz-06"}}, "[{gz2018.results-conversion choice inc-gz-05 [] [inc-gz-06]}]"}, // equity was not asked for
		{"inc-gz-05", incentive.Case{Beside: []string{"inc-gz-06"}, Facts: map[string]any{"project.equity_requested": "1元", "award.equity_received": "0元"}},
			"[{gz2018.results-conversion choice  [inc-gz-05 inc-gz-06] []}]"},
	} {
		rep, err := ship(t).ReportCase(ship(t).Get(x.measure), &x.c)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(rep.Groups); got != x.want {
			t.Errorf("%s with %v: got %s, want %s", x.measure, x.c.Facts, got, x.want)
		}
	}
}
