package indicator_test

import (
	"bytes"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
)

// drawn makes observations at random.
type drawn struct {
	*rand.Rand
	l *indicator.Library
}

func (r drawn) inputs(d *indicator.Definition, p indicator.Period) []indicator.Given {
	out := make([]indicator.Given, len(d.Inputs))
	for i := range d.Inputs {
		g := &out[i]
		g.Source, g.Grade = r.IntN(len(d.Inputs[i].From)), fact.Grade(r.IntN(4))
		if below := r.l.Definition(d.Inputs[i].From[0].Indicator); below != nil {
			if below.Period != p.Kind {
				p, _ = indicator.PeriodBy(below.Period, p.To)
			}
			g.Below = indicator.Evaluate(below, p, r.inputs(below, p))
			if g.Num = g.Below.Num; g.Num == nil {
				g.Lack = indicator.Below
			}
			continue
		}
		if r.IntN(5) == 0 {
			g.Lack, g.Source = []indicator.Lack{indicator.NoData, indicator.NoConsent, indicator.NotHere}[r.IntN(3)], -1
			continue
		}
		g.Num = big.NewRat(r.Int64N(2000)-200, 1+r.Int64N(30))
		if r.IntN(3) == 0 {
			g.Of = 365
			g.Days = r.IntN(g.Of + 1)
		}
		if d.Inputs[i].From[0].Take == "distinct" {
			g.Distinct = []string{"a", "b", "c", "d"}[r.IntN(4):]
		}
	}
	return out
}

func (r drawn) value(d *indicator.Definition) *indicator.Valuation {
	p, _ := indicator.PeriodBy(d.Period, "2026-10-31")
	o := indicator.Observation{Inputs: r.inputs(d, p)}
	return o.Evaluate(d, p)
}

func enterprises(l *indicator.Library) (out []*indicator.Definition) {
	for _, d := range l.Definitions() {
		if d.Of == indicator.OfEnterprise {
			out = append(out, d)
		}
	}
	return out
}

// However members are grouped, and whatever came and went in between, the account of the same members is the same bytes, and tells what
// the account of all of them added one by one tells.
func TestAccountsAreAGroup(t *testing.T) {
	l := shipped(t)
	for _, d := range enterprises(l) {
		r := drawn{rand.New(rand.NewPCG(1, uint64(len(d.ID)))), l}
		members := make([]*indicator.Valuation, 60)
		whole := indicator.NewAccount(d)
		for i := range members {
			members[i] = r.value(d)
			whole.Add(members[i])
		}
		whole.Miss(3, indicator.NotHere)
		want := whole.Encode()

		parts := []*indicator.Account{indicator.NewAccount(d), indicator.NewAccount(d), indicator.NewAccount(d)}
		for _, i := range r.Perm(len(members)) {
			to := parts[r.IntN(len(parts))]
			other := r.value(d)
			to.Add(other)
			to.Add(members[i])
			to.Take(other)
		}
		parts[1].Miss(5, indicator.NotHere)
		parts[1].Miss(-2, indicator.NotHere)
		sum := indicator.NewAccount(d)
		for _, i := range r.Perm(len(parts)) {
			read, err := l.DecodeAccount(d, parts[i].Encode())
			if err != nil {
				t.Fatalf("%s: %v", d.ID, err)
			}
			if err := sum.Merge(read); err != nil {
				t.Fatal(err)
			}
		}
		if got := sum.Encode(); !bytes.Equal(got, want) {
			t.Errorf("%s: the parts' sum is another account", d.ID)
		}
		for i, x := range sum.Readings() {
			if y := whole.Readings()[i]; (x.Num == nil) != (y.Num == nil) || x.Num != nil && x.Num.Cmp(y.Num) != 0 || x.Known != y.Known || x.Of != 63 || x.Lack != y.Lack {
				t.Errorf("%s: %s is %+v of the parts and %+v of the whole", d.ID, x.How, x, y)
			}
		}
		for _, part := range parts {
			if err := sum.Part(part); err != nil {
				t.Fatal(err)
			}
		}
		if got := sum.Encode(); !bytes.Equal(got, indicator.NewAccount(d).Encode()) {
			t.Errorf("%s: something is left when all have gone", d.ID)
		}
	}
}

// What is read is what was written, and gives the same value with the same reasons.
func TestObservationsTravel(t *testing.T) {
	l := shipped(t)
	for _, d := range enterprises(l) {
		r := drawn{rand.New(rand.NewPCG(2, uint64(len(d.ID)))), l}
		for range 30 {
			v := r.value(d)
			o := v.Observation()
			b := o.Encode()
			again, err := l.DecodeObservation(d, b)
			if err != nil {
				t.Fatalf("%s: %v", d.ID, err)
			}
			x := again.Evaluate(d, v.Period)
			if (x.Num == nil) != (v.Num == nil) || x.Num != nil && x.Num.Cmp(v.Num) != 0 || x.Filled() != v.Filled() || len(x.Lack) != len(v.Lack) || x.Grade != v.Grade || x.Days != v.Days {
				t.Errorf("%s: %v (%s) became %v (%s)", d.ID, v.Num, v.Filled(), x.Num, x.Filled())
			}
			if !bytes.Equal(again.Encode(), b) {
				t.Errorf("%s: another encoding", d.ID)
			}
		}
	}
}

// A few enterprises are not told upward, and are not zero: how many there are, and that they are too few.
func TestFewAreNotTold(t *testing.T) {
	l := shipped(t)
	d := l.Definition("inventory-turnover")
	r := drawn{rand.New(rand.NewPCG(3, 3)), l}
	a := indicator.NewAccount(d)
	for n := 0; n < d.Suppress-1; {
		if v := r.value(d); v.Num != nil {
			a.Add(v)
			n++
		}
	}
	told := a.Told()
	if x := told.Reading(indicator.Mean); x.Num != nil || x.Lack != indicator.TooFew || x.Of != d.Suppress-1 || x.Known != 0 {
		t.Errorf("%+v", x)
	}
	for v := r.value(d); ; v = r.value(d) {
		if v.Num != nil {
			a.Add(v)
			break
		}
	}
	if x, y := a.Told().Reading(indicator.Mean), a.Reading(indicator.Mean); x.Num == nil || x.Num.Cmp(y.Num) != 0 {
		t.Errorf("%+v of %+v", x, y)
	}
	if err := a.Merge(indicator.NewAccount(l.Definition("online-sales"))); err == nil {
		t.Error("accounts of two definitions were merged")
	}
}

// What another node sends is read, or refused, and what is read has one encoding.
func FuzzAccount(f *testing.F) {
	l, err := library()
	if err != nil {
		f.Fatal(err)
	}
	all := enterprises(l)
	r := drawn{rand.New(rand.NewPCG(4, 4)), l}
	for i, d := range all {
		a := indicator.NewAccount(d)
		a.Add(r.value(d))
		v := r.value(d)
		a.Add(v)
		o := v.Observation()
		f.Add(uint16(i), a.Encode(), o.Encode())
	}
	f.Fuzz(func(t *testing.T, which uint16, account, observation []byte) {
		d := all[int(which)%len(all)]
		if a, err := l.DecodeAccount(d, account); err == nil {
			if !bytes.Equal(a.Encode(), account) {
				t.Error("an account has two encodings")
			}
			a.Readings()
			a.Told()
			a.Cover()
		}
		o, err := l.DecodeObservation(d, observation)
		if checked := l.CheckObservation(d, observation); (checked == nil) != (err == nil) {
			t.Errorf("an observation is taken with %v and read with %v", checked, err)
		}
		if err == nil {
			if !bytes.Equal(o.Encode(), observation) {
				t.Error("an observation has two encodings")
			}
			p, _ := indicator.PeriodBy(d.Period, "2026-10-31")
			o.Evaluate(d, p)
		}
	})
}

// Filters have one text.
func TestFilterText(t *testing.T) {
	yes := true
	f := indicator.Filter{Designated: &yes, Size: indicator.Words{"small", "large"}, Tags: indicator.Words{"pilot"}}
	const text = "designated=true&size=large&size=small&tag=pilot"
	if f.String() != text || (indicator.Filter{}).String() != "all" {
		t.Error(f.String())
	}
	if again, err := indicator.ParseFilter(text); err != nil || again.String() != text {
		t.Error(again, err)
	}
	for _, s := range []string{"", "size", "size=small&size=large", "size=large&designated=true", "colour=red", "designated=yes", "tag=a/b", strings.Repeat("x", 2000)} {
		if _, err := indicator.ParseFilter(s); err == nil {
			t.Errorf("%.40q is no filter", s)
		}
	}
}

// What fits into machine words and what does not adds up to the same bytes.
func TestAdderIsAdd(t *testing.T) {
	l := shipped(t)
	for _, d := range enterprises(l) {
		r := drawn{rand.New(rand.NewPCG(5, uint64(len(d.ID)))), l}
		slow, quick := indicator.NewAccount(d), indicator.NewAccount(d)
		p, _ := indicator.PeriodBy(d.Period, "2026-10-31")
		x := l.NewAdder(d, p, quick)
		for i := range 300 {
			inputs := r.inputs(d, p)
			for j := range inputs {
				if inputs[j].Num != nil && inputs[j].Below == nil && r.IntN(4) == 0 { // great, tiny, and with many digits
					inputs[j].Num = new(big.Rat).SetFrac(new(big.Int).Rsh(new(big.Int).SetUint64(r.Uint64()), uint(r.IntN(60))), new(big.Int).SetUint64(1+r.Uint64()>>r.IntN(60)))
					if r.IntN(2) == 0 {
						inputs[j].Num.Neg(inputs[j].Num)
					}
					if r.IntN(10) == 0 {
						inputs[j].Num.Mul(inputs[j].Num, inputs[j].Num)
					}
				}
				if inputs[j].Num != nil && inputs[j].Below == nil && r.IntN(6) == 0 {
					inputs[j].Num = new(big.Rat)
				}
			}
			o := indicator.Observation{Inputs: inputs}
			slow.Add(o.Evaluate(d, p))
			if err := x.Add(o.Encode()); err != nil {
				t.Fatal(err)
			}
			if i%3 == 0 { // one that went again
				gone := indicator.Observation{Inputs: r.inputs(d, p)}
				slow.Add(gone.Evaluate(d, p))
				slow.Take(gone.Evaluate(d, p))
				if err := errors.Join(x.Take(gone.Encode()), x.Add(gone.Encode())); err != nil {
					t.Fatal(err)
				}
			}
			if i%100 == 99 {
				x.Done()
				if !bytes.Equal(slow.Encode(), quick.Encode()) {
					t.Fatalf("%s: other bytes after %d", d.ID, i+1)
				}
			}
		}
	}
}
