package incentive_test

import (
	"strings"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// Whatever a pack says: it is refused with faults or it loads, and then it can be evaluated, explained and computed again,
// and never pays more than the base or its cap.
func FuzzMeasure(f *testing.F) {
	for _, s := range []string{province, amountOf("east-lake-01", "amount: {form: rate, clause: main, rate: '0.3', base: {sum: [project.equipment]}}\n"), fixed("east-lake-01", "5万元", "")} {
		head, _, _ := strings.Cut(s, "tests:\n")
		f.Add([]byte(head))
	}
	f.Add([]byte("id: a\namount: {form: table, table: {inputs: [{name: x}], outputs: [{name: rate}], rules: [{when: ['-'], then: ['1']}]}}"))
	f.Add([]byte("conditions: [{all: [{not: {any: [{fact: a.b, is: 1}]}}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := incentive.Decode("east-lake-01.yaml", data)
		if err != nil {
			return
		}
		s, err := incentive.NewSet([]*incentive.Measure{m}, nil, incentive.Options{})
		if err != nil {
			return
		}
		sub := &incentive.Subject{ID: "e", Object: "o", Facts: map[string]incentive.Known{}}
		for i, fact := range m.Facts {
			v, err := map[string]func() (incentive.Value, error){
				"bool":    func() (incentive.Value, error) { return incentive.Bool(i%2 == 0), nil },
				"choice":  func() (incentive.Value, error) { return incentive.Choice(fact.Options[0].ID), nil },
				"set":     func() (incentive.Value, error) { return incentive.SetOf(fact.Options[0].ID), nil },
				"count":   func() (incentive.Value, error) { return incentive.ReadValue(incentive.TypeCount, 20) },
				"money":   func() (incentive.Value, error) { return incentive.ReadValue(incentive.TypeMoney, "1000亿元") },
				"date":    func() (incentive.Value, error) { return incentive.ReadValue(incentive.TypeDate, "2026-01-01") },
				"amounts": func() (incentive.Value, error) { return incentive.Amounts(incentive.Item{Amount: decimal.MaxFen}), nil },
			}[fact.Type]()
			if err != nil {
				t.Fatal(err)
			}
			sub.Facts[fact.Key] = incentive.Known{Value: v, Grade: incentive.Grade(i % 4)}
		}
		day := incentive.Date(20_514) // 2026-03-02
		a, err := s.Evaluate(sub, day)
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Evaluate(sub, day)
		if err != nil {
			t.Fatal(err)
		}
		x, err := a.Hash()
		if err != nil {
			t.Fatal(err)
		}
		if y, err := b.Hash(); err != nil || x != y {
			t.Fatalf("two computations differ: %v", err)
		}
		if o := a.Outcomes[0]; o.Amount != nil && (*o.Amount < 0 || *o.Amount > decimal.MaxFen) {
			t.Fatalf("amount %s", *o.Amount)
		}
	})
}

// Whatever a condition says: it is refused, or it is one of Kleene's three whatever is known, and explained as such.
func FuzzCondition(f *testing.F) {
	f.Add("    fact: plant.networked_gain\n    atLeast: 20\n", int64(20))
	f.Add("    any:\n      - {fact: plant.networked_gain, is: 3}\n      - not: {fact: plant.networked_gain, above: 5, below: 9}\n", int64(6))
	f.Add("    all: [{any: [{not: {fact: plant.networked_gain, atMost: '7'}}]}]\n", int64(0))
	head, rest, _ := strings.Cut(fixed("east-lake-01", "5万元", ""), "    fact: plant.networked_gain\n    atLeast: 20\n")
	f.Fuzz(func(t *testing.T, condition string, n int64) {
		m, err := incentive.Decode("east-lake-01.yaml", []byte(head+condition+rest))
		if err != nil {
			return
		}
		s, err := incentive.NewSet([]*incentive.Measure{m}, nil, incentive.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sub := &incentive.Subject{Facts: map[string]incentive.Known{"plant.networked_gain": {Value: incentive.Count(max(0, n%1000)), Grade: incentive.E3}}}
		for _, sub := range []*incentive.Subject{sub, {}} {
			rep, err := s.Evaluate(sub, 20_514)
			if err != nil {
				t.Fatal(err)
			}
			o := rep.Outcomes[0]
			if got := o.Explanation.Steps[1].Result; len(m.Conditions) == 1 && got != o.Eligible.String() {
				t.Fatalf("the condition is %s, the measure %s", got, o.Eligible)
			}
			if (o.Eligible == incentive.Unknown) != (len(o.Missing) > 0) {
				t.Fatalf("%s, and %d are missing", o.Eligible, len(o.Missing))
			}
		}
	})
}
