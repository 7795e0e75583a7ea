package incentive_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
	"jingwei/packs"
)

func crowd(n int) iter.Seq[*incentive.Subject] {
	return func(yield func(*incentive.Subject) bool) {
		r := rand.New(rand.NewPCG(11, 12))
		for i := range n {
			sub := &incentive.Subject{ID: fmt.Sprintf("e%04d", i), Object: []string{"ceramics", "textiles"}[i%2], Facts: map[string]incentive.Known{
				"project.category":                              {Value: incentive.Choice([]string{"enterprise_platform", "application_pilot", "industrial_app"}[r.IntN(3)])},
				"project.demonstration":                         {Value: incentive.Bool(r.IntN(3) > 0), Grade: incentive.E1},
				"project.effect":                                {Value: incentive.Bool(r.IntN(3) > 0), Grade: incentive.Grade(1 + r.IntN(2))},
				"project.investment":                            {Value: incentive.Money(decimal.Fen(r.Int64N(4_000_000_000))), Grade: incentive.E2},
				"recognition.kind":                              {Value: incentive.SetOf("miit_integration_pilot"), Grade: incentive.E1},
				"certificate.integration_management_system":     {Value: incentive.SetOf("recognised"), Grade: incentive.E1},
				"recognition.miit_integration_pilot_enterprise": {Value: incentive.Bool(r.IntN(2) == 0), Grade: incentive.E1},
			}}
			if !yield(sub) {
				return
			}
		}
	}
}

func dated(t *testing.T) *incentive.Set {
	t.Helper()
	s, err := incentive.Load(packs.Files, "policy", incentive.Options{Published: map[string]incentive.Date{
		"001_a73fb7626b88447e.txt": mustDate(t, "2019-01-01"), "003_585eee0367e423c7.txt": mustDate(t, "2019-01-01"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The lab says of a crowd what the reports say of each, and two runs say the same.
func TestLabAgreesWithTheReports(t *testing.T) {
	s, day := dated(t), mustDate(t, "2019-06-01")
	only, err := s.Only(incentive.Options{Published: map[string]incentive.Date{"001_a73fb7626b88447e.txt": mustDate(t, "2019-01-01")}}, "inc-hn-07", "inc-hn-08")
	if err != nil {
		t.Fatal(err)
	}
	const n = 300
	var grants decimal.Fen
	paid, winners, losers := 0, 0, 0
	classes := map[string]decimal.Fen{}
	for sub := range crowd(n) {
		a, err := s.Evaluate(sub, day)
		if err != nil {
			t.Fatal(err)
		}
		b, err := only.Evaluate(sub, day)
		if err != nil {
			t.Fatal(err)
		}
		x, y := total(a), total(b)
		grants += x
		classes[sub.Object] += x
		if x > 0 {
			paid++
		}
		if y > x {
			winners++
		} else if y < x {
			losers++
		}
	}
	run := func() *incentive.Finding {
		x := incentive.Experiment{A: s, B: only, Day: day, Proven: true, Class: func(sub *incentive.Subject) string { return sub.Object }, Subjects: crowd(n)}
		f, err := x.Run()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := run()
	if f.Subjects != n || f.A.Total != grants || f.A.Paid != paid || f.Winners != winners || f.Losers != losers || losers == 0 || grants == 0 {
		t.Errorf("got %d, %s to %d, %d win, %d lose; the reports say %s to %d, %d, %d", f.Subjects, f.A.Total, f.A.Paid, f.Winners, f.Losers, grants, paid, winners, losers)
	}
	if f.A.Total-f.B.Total != f.Loss-f.Gain {
		t.Errorf("%s and %s differ by another amount than -%s +%s", f.A.Total, f.B.Total, f.Loss, f.Gain)
	}
	if len(f.Classes) != 2 || f.Classes[0].Class != "ceramics" || f.Classes[0].A != classes["ceramics"] || f.Classes[1].A != classes["textiles"] {
		t.Errorf("classes %+v, want %v", f.Classes, classes)
	}
	if !reflect.DeepEqual(f, run()) {
		t.Error("two runs differ")
	}
}

func total(r *incentive.Report) decimal.Fen {
	for _, t := range r.Totals {
		if t.Instrument == "grant" {
			return t.Granted
		}
	}
	return 0
}

// A budget that does not suffice is spent to the fen, and no one gets more than is due.
func TestLabKeepsToTheBudget(t *testing.T) {
	s := dated(t)
	const budget = 1_234_567_89
	x := incentive.Experiment{A: s, B: s, Day: mustDate(t, "2019-06-01"), Subjects: crowd(200), BudgetB: map[string]decimal.Fen{"gz2018": budget}}
	f, err := x.Run()
	if err != nil {
		t.Fatal(err)
	}
	a, b := f.A.Lines[0], f.B.Lines[0]
	if a.Payable != a.Due || a.Short != 0 || b.Payable != budget || b.Due != a.Due || b.Short != a.Due-budget || f.Winners != 0 || f.Loss != b.Short {
		t.Errorf("A %+v, B %+v, loss %s", a, b, f.Loss)
	}
}

func TestAllotments(t *testing.T) {
	due := []incentive.Entitlement{{ID: "c", Filed: 1, Amount: 100}, {ID: "a", Filed: 2, Amount: 100}, {ID: "b", Filed: 2, Amount: 100}}
	pay := func(scaling string, budget decimal.Fen) string {
		out, short := incentive.Allot(scaling, budget, due)
		return fmt.Sprint(int64(out[0].Payable), int64(out[1].Payable), int64(out[2].Payable), int64(short))
	}
	for _, x := range []struct {
		scaling string
		budget  decimal.Fen
		want    string
	}{
		{"prorata", 300, "100 100 100 0"}, {"prorata", 299, "99 100 100 1"}, // equal remainders: the lower ids a and b
		{"prorata", 298, "99 100 99 2"}, {"prorata", 1, "0 1 0 299"}, {"prorata", 0, "0 0 0 300"}, {"prorata", -5, "0 0 0 300"},
		{"first-come", 250, "100 100 50 50"}, {"first-come", 100, "100 0 0 200"}, {"none", 299, "100 100 100 1"},
	} {
		if got := pay(x.scaling, x.budget); got != x.want {
			t.Errorf("%s %d: got %s, want %s", x.scaling, x.budget, got, x.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 { // whatever comes: exact in sum, never more than due, never a fen beyond the share, and the order does not matter
		var list []incentive.Entitlement
		var sum decimal.Fen
		for i := range 1 + r.IntN(40) {
			e := incentive.Entitlement{ID: fmt.Sprint("e", i), Amount: decimal.Fen(r.Int64N(int64(decimal.MaxFen)))}
			list, sum = append(list, e), sum+e.Amount
		}
		budget := decimal.Fen(r.Int64N(int64(sum) + 1))
		out, short := incentive.Allot("prorata", budget, list)
		var paid decimal.Fen
		byID := map[string]decimal.Fen{}
		for i, p := range out {
			paid += p.Payable
			byID[p.ID] = p.Payable
			if p.Payable > list[i].Amount || p.Payable < 0 {
				t.Fatalf("%s of %s due", p.Payable, list[i].Amount)
			}
		}
		if paid != budget || short != sum-budget {
			t.Fatalf("paid %s of %s, short %s", paid, budget, short)
		}
		slices.Reverse(list)
		out, _ = incentive.Allot("prorata", budget, list)
		for _, p := range out {
			if byID[p.ID] != p.Payable {
				t.Fatalf("%s gets %s in one order and %s in the other", p.ID, byID[p.ID], p.Payable)
			}
		}
	}
}
