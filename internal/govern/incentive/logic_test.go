package incentive_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// tree is a condition as the test understands it, by itself.
type tree struct {
	op   string // all, any, not, or a fact
	kids []tree
	want bool
}

func grow(r *rand.Rand, depth int) tree {
	if depth == 0 || r.IntN(4) == 0 {
		return tree{op: fmt.Sprintf("x.f%d", r.IntN(5)), want: r.IntN(2) == 0}
	}
	t := tree{op: []string{"all", "any", "not"}[r.IntN(3)]}
	n := 1 + r.IntN(3)
	if t.op == "not" {
		n = 1
	}
	for range n {
		t.kids = append(t.kids, grow(r, depth-1))
	}
	return t
}

func (t tree) yaml(b *strings.Builder, indent string) {
	switch t.op {
	case "all", "any":
		fmt.Fprintf(b, "%s%s:\n", indent, t.op)
		for _, k := range t.kids {
			var kid strings.Builder
			k.yaml(&kid, indent+"    ")
			b.WriteString(indent + "  - " + strings.TrimPrefix(kid.String(), indent+"    "))
		}
	case "not":
		fmt.Fprintf(b, "%snot:\n", indent)
		t.kids[0].yaml(b, indent+"  ")
	default:
		fmt.Fprintf(b, "%sfact: %s\n%sis: %v\n", indent, t.op, indent, t.want)
	}
}

// truth is Kleene's table written out: true, false, or absent from known.
func (t tree) truth(known map[string]bool) incentive.Trit {
	if len(t.kids) == 0 {
		v, ok := known[t.op]
		switch {
		case !ok:
			return incentive.Unknown
		case v == t.want:
			return incentive.True
		}
		return incentive.False
	}
	count := map[incentive.Trit]int{}
	for _, k := range t.kids {
		count[k.truth(known)]++
	}
	decides, other := incentive.False, incentive.True // of all
	if t.op == "any" {
		decides, other = other, decides
	}
	switch {
	case t.op == "not" && count[incentive.True] > 0:
		return incentive.False
	case t.op == "not" && count[incentive.False] > 0:
		return incentive.True
	case count[decides] > 0 && t.op != "not":
		return decides
	case count[incentive.Unknown] > 0:
		return incentive.Unknown
	}
	return other
}

func TestConditionsAreKleenesLogic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	base := fixed("m-a", "1万元", "")
	head, rest, _ := strings.Cut(base, "facts:\n")
	_, tail, _ := strings.Cut(rest, "amount:")
	for range 60 {
		root := grow(r, 4)
		var cond, decl strings.Builder
		root.yaml(&cond, "    ")
		for i := range 5 {
			if key := fmt.Sprintf("x.f%d", i); strings.Contains(cond.String(), key) {
				fmt.Fprintf(&decl, "  - {key: %s, type: bool, grade: E0, name: {zh: 甲, en: a}, evidence: {zh: 乙, en: b}}\n", key)
			}
		}
		s := load(t, map[string]string{"m-a": head + "facts:\n" + decl.String() + "conditions:\n  - id: c\n    text: {zh: 丙, en: c}\n    clause: main\n" + cond.String() + "amount:" + tail})
		for range 40 {
			known, sub := map[string]bool{}, &incentive.Subject{Facts: map[string]incentive.Known{}}
			for i := range 5 {
				if r.IntN(3) > 0 {
					key, v := fmt.Sprintf("x.f%d", i), r.IntN(2) == 0
					known[key], sub.Facts[key] = v, incentive.Known{Value: incentive.Bool(v)}
				}
			}
			row, err := s.Row(sub)
			if err != nil {
				t.Fatal(err)
			}
			day := mustDate(t, "2026-03-03")
			got := s.Judge(0, row, day, false).Eligible
			if want := root.truth(known); got != want {
				t.Fatalf("%s with %v: got %s, want %s", cond.String(), known, got, want)
			}
			if got == incentive.Unknown {
				continue
			}
			// What is settled stays settled whatever else becomes known.
			for i := range 5 {
				if key := fmt.Sprintf("x.f%d", i); r.IntN(2) == 0 && !has(known, key) {
					sub.Facts[key] = incentive.Known{Value: incentive.Bool(r.IntN(2) == 0)}
				}
			}
			if row, err = s.Row(sub); err != nil {
				t.Fatal(err)
			}
			if later := s.Judge(0, row, day, false).Eligible; later != got {
				t.Fatalf("%s with %v: %s became %s", cond.String(), known, got, later)
			}
		}
	}
}

func has(m map[string]bool, k string) bool { _, ok := m[k]; return ok }

// Whatever the base, the amount is never above rate × base nor above the cap, and never falls when the base grows.
func TestAmountsAreBounded(t *testing.T) {
	s, r := ship(t), rand.New(rand.NewPCG(9, 9))
	for i, m := range s.All() {
		if m.Amount == nil || m.Amount.Rate == "" || len(m.Amount.Base.Sum) != 1 {
			continue
		}
		rate, err := decimal.Parse(m.Amount.Rate)
		if err != nil {
			t.Fatal(err)
		}
		limit := decimal.MaxFen
		if m.Amount.Cap != nil {
			if limit, err = decimal.ParseFen(m.Amount.Cap.Amount); err != nil {
				t.Fatal(err)
			}
		}
		last, base := decimal.Fen(0), decimal.Fen(0)
		for range 2000 {
			base += decimal.Fen(r.Int64N(20_000_000))
			row, err := s.Row(&incentive.Subject{Facts: map[string]incentive.Known{m.Amount.Base.Sum[0]: {Value: incentive.Money(base)}}})
			if err != nil {
				t.Fatal(err)
			}
			v := s.Judge(i, row, mustDate(t, "2019-06-01"), true)
			// amount ≤ rate × base, in integers: amount × 10^scale ≤ coefficient × base
			if !v.Known || v.Amount > limit || int64(v.Amount)*int64(decimal.Pow10(rate.Scale)) > rate.Coef*int64(base) || v.Amount < last {
				t.Fatalf("%s: %s of %s after %s", m.ID, v.Amount, base, last)
			}
			last = v.Amount
		}
		if m.Amount.Cap != nil && last != limit {
			t.Errorf("%s: the cap was never reached", m.ID)
		}
	}
}

// The hot path makes no garbage.
func TestJudgeDoesNotAllocate(t *testing.T) {
	s := ship(t)
	row, err := s.Row(&incentive.Subject{Facts: map[string]incentive.Known{
		"project.category": {Value: incentive.Choice("enterprise_platform")}, "project.investment": {Value: incentive.Money(1_000_000_000), Grade: incentive.E2},
		"contracts.first_edition": {Value: incentive.Amounts(incentive.Item{Date: 1, Amount: 5}), Grade: incentive.E1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		for i := range s.All() {
			s.Judge(i, row, 17_900, true)
		}
	}); n > 1 { // All clones its list
		t.Errorf("%v allocations for all measures", n)
	}
}
