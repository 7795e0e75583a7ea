package indicator

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"jingwei/internal/kernel/fact"
)

// Account is what the enterprises of a population add up to for one definition and period: all that its readings need, and nothing of a
// single enterprise but what a median needs. Accounts are a commutative group. Enterprises are added and taken away, and accounts of
// parts merged, in any order: equal members give equal bytes. So a region's figure is the same whether it was made of enterprises or of
// its cities' accounts, and a late value costs what it touches.
//
// Numbers are decimals with 12 places (Places). An Account is not safe for concurrent use.
type Account struct {
	d         *Definition
	of        int64 // members
	known     int64
	sum       big.Int
	values    tallied // in units of the last place; where a reading needs their order
	weighable int64
	weights   big.Int
	weighted  big.Int // in units of the 24th place
	holdKnown int64
	holds     int64
	uniteable int64
	united    map[[16]byte]int64 // hashes of distinct values, and how many enterprises have each
	pooled    int64
	pool      *pool
	grades    [4]int64
	covers    map[cover]int64 // shares of the time that are covered
	absent    map[absence]int64
}

type cover struct{ days, of int }

// absence is an input that is not known and why; "" for the formula itself, or for members of which nothing is known.
type absence struct {
	input  string
	reason Lack
}

// ErrAccount says that accounts do not belong together, or that bytes are none.
var ErrAccount = errors.New("account")

// NewAccount is the account of nobody.
func NewAccount(d *Definition) *Account {
	return &Account{d: d, united: map[[16]byte]int64{}, pool: newPool(d), covers: map[cover]int64{}, absent: map[absence]int64{}}
}

func (a *Account) wants(how string) bool { return slices.Contains(a.d.Readings(), how) }

// ordered tells whether a reading needs the values' order.
func (a *Account) ordered() bool { return a.wants(Median) || a.wants(Min) }

// byInput is the place of the input by which values are weighted or united; negative where there is none.
func (d *Definition) byInput() int {
	return slices.IndexFunc(d.Inputs, func(in Input) bool { return in.Key == d.Upward.By })
}

// Add adds an enterprise.
func (a *Account) Add(v *Valuation) { a.put(v, 1) }

// Take takes one away that was added with the same value.
func (a *Account) Take(v *Valuation) { a.put(v, -1) }

// Miss adds n members, or takes them away where n is negative, of which nothing is known.
func (a *Account) Miss(n int, why Lack) {
	a.of += int64(n)
	count(a.absent, absence{"", why}, int64(n))
}

// count changes how often something occurs. What does not occur is not there.
func count[K comparable](in map[K]int64, key K, n int64) {
	if in[key] += n; in[key] == 0 {
		delete(in, key)
	}
}

// add adds or, where sign is negative, takes away.
func add(sum, n *big.Int, sign int64) {
	if sign < 0 {
		sum.Sub(sum, n)
		return
	}
	sum.Add(sum, n)
}

func (a *Account) put(v *Valuation, sign int64) {
	a.of += sign
	hold := v.holdsOf()
	if hold != nil {
		a.holdKnown += sign
		a.holds += sign * int64(hold.Sign())
	}
	for i := range v.Lack {
		count(a.absent, absence{v.Lack[i].Input, v.Lack[i].Reason}, sign)
	}
	var value *big.Int
	if v.Num != nil {
		value = scaled(v.Num)
		a.known += sign
		add(&a.sum, value, sign)
		if a.ordered() {
			a.values.add(value, sign)
		}
		if a.wants(Pooled) && whole(v) {
			a.pooled += sign
			a.pool.put(v, sign)
		}
	}
	if v.Num != nil || hold != nil {
		a.grades[worst(v)] += sign
		if v.Of > 0 {
			count(a.covers, cover{v.Days, v.Of}, sign)
		}
	}
	a.putBy(v, value, sign)
}

// worst is the worst grade of the inputs that are known: also where what holds is known and the value is not.
func worst(v *Valuation) fact.Grade {
	out := fact.Measured
	for i := range v.Inputs {
		if v.Inputs[i].Num != nil {
			out = min(out, v.Inputs[i].Grade)
		}
	}
	return out
}

// putBy adds what goes by a certain input: its weight, or its values.
func (a *Account) putBy(v *Valuation, value *big.Int, sign int64) {
	i := a.d.byInput()
	if i < 0 || v.Inputs[i].Num == nil {
		return
	}
	if a.wants(Weighted) {
		if value != nil {
			weight := scaled(v.Inputs[i].Num)
			a.weighable += sign
			add(&a.weights, weight, sign)
			add(&a.weighted, weight.Mul(weight, value), sign)
		}
		return
	}
	if a.wants(Distinct) {
		a.uniteable += sign
		for _, word := range v.Inputs[i].Distinct {
			count(a.united, a.word(word), sign)
		}
	}
}

// word is what an account keeps of a distinct value: enough to count it once, wherever it comes from.
func (a *Account) word(s string) (out [16]byte) {
	sum := sha256.Sum256([]byte(a.d.ID + "\x00" + s))
	copy(out[:], sum[:])
	return out
}

// Merge adds the members of another account. Error: ErrAccount where it is of another definition.
func (a *Account) Merge(b *Account) error { return a.join(b, 1) }

// Part takes the members of another account away again. Error: as Merge.
func (a *Account) Part(b *Account) error { return a.join(b, -1) }

func (a *Account) join(b *Account, sign int64) error {
	if a.d.ID != b.d.ID || a.d.Hash() != b.d.Hash() {
		return fmt.Errorf("%w of %s %s does not go with one of %s %s", ErrAccount, b.d.ID, b.d.Version, a.d.ID, a.d.Version)
	}
	a.of += sign * b.of
	a.known += sign * b.known
	add(&a.sum, &b.sum, sign)
	a.weighable += sign * b.weighable
	add(&a.weights, &b.weights, sign)
	add(&a.weighted, &b.weighted, sign)
	a.holdKnown += sign * b.holdKnown
	a.holds += sign * b.holds
	a.uniteable += sign * b.uniteable
	a.pooled += sign * b.pooled
	a.pool.join(b.pool, sign)
	for i, n := range b.grades {
		a.grades[i] += sign * n
	}
	a.values.join(&b.values, sign)
	tally(a.united, b.united, sign)
	tally(a.covers, b.covers, sign)
	tally(a.absent, b.absent, sign)
	return nil
}

func tally[K comparable](into, from map[K]int64, sign int64) {
	for key, n := range from {
		count(into, key, sign*n)
	}
}

// Told is the account as it goes to another node: of a least value only that one. With fewer members known than the definition's
// Suppress, how many there are is all that is told.
func (a *Account) Told() *Account {
	out := NewAccount(a.d)
	if n := max(a.known, a.holdKnown); n > 0 && n < int64(a.d.Suppress) {
		out.Miss(int(a.of), TooFew)
		return out
	}
	_ = out.Merge(a)
	if least := a.values.least(); a.wants(Min) && !a.wants(Median) && least != nil {
		out.values = tallied{}
		out.values.add(least, 1)
	}
	return out
}

// Of is how many members there are.
func (a *Account) Of() int { return int(a.of) }

// Known is of how many members the value, or what holds, is known.
func (a *Account) Known() (n int) {
	for _, g := range a.grades {
		n += int(g)
	}
	return n
}

// Grade is the worst grade of those that count; declared where none does.
func (a *Account) Grade() fact.Grade {
	for g, n := range a.grades {
		if n > 0 {
			return fact.Grade(g)
		}
	}
	return fact.Declared
}

// Cover is the least share of the time that one of those that count covers: days of how many; 0, 0 where that is no question.
func (a *Account) Cover() (days, of int) {
	for _, c := range slices.SortedFunc(maps.Keys(a.covers), coverOrder) {
		if of == 0 || c.days*of < days*c.of {
			days, of = c.days, c.of
		}
	}
	return days, of
}

// AbsentIn is an input that some enterprises lack; without an input the value itself.
type AbsentIn struct {
	Absent
	Firms int
}

// Absent is what is missing of how many members, the most frequent first.
func (a *Account) Absent() (out []AbsentIn) {
	for x, n := range a.absent {
		name := a.d.Name
		if in := a.d.input(x.input); in != nil {
			name = in.Name
		}
		out = append(out, AbsentIn{Absent{Input: x.input, Name: name, Reason: x.reason, Text: x.reason.Text()}, int(n)})
	}
	slices.SortFunc(out, func(x, y AbsentIn) int {
		return cmp.Or(cmp.Compare(y.Firms, x.Firms), strings.Compare(x.Input, y.Input), strings.Compare(string(x.Reason), string(y.Reason)))
	})
	return out
}

// Reading is one value of a population.
type Reading struct {
	How   string
	Num   *big.Rat // nil: not known, or not told
	Lack  Lack
	Known int // enterprises of which it is known
	Of    int // of the population
}

// Readings are what the definition tells, the main one first.
func (a *Account) Readings() (out []Reading) {
	for _, how := range a.d.Readings() {
		out = append(out, a.Reading(how))
	}
	return out
}

// Reading is one of them.
func (a *Account) Reading(how string) Reading {
	r := Reading{How: how, Known: int(a.known), Of: int(a.of), Lack: NoData}
	ratio := func(x, y *big.Rat) {
		if y.Sign() != 0 {
			r.Num = new(big.Rat).Quo(x, y)
		} else if r.Known > 0 {
			r.Lack = ByZero
		}
	}
	times := func(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }
	switch how {
	case Mean:
		ratio(number(&a.sum), times(a.known))
	case Pooled:
		if r.Known = int(a.pooled); a.pooled > 0 {
			if v := a.pool.value(); v.Num != nil {
				r.Num = v.Num
			} else {
				r.Lack = ByZero
			}
		}
	case Share:
		r.Known = int(a.holdKnown)
		ratio(times(100*a.holds), times(a.holdKnown))
	case Distinct:
		if r.Known = int(a.holdKnown); a.d.Upward.By != "" && !a.wants(Weighted) {
			if r.Known = int(a.uniteable); r.Known > 0 {
				r.Num = times(int64(len(a.united)))
			}
		} else if r.Known > 0 {
			r.Num = times(a.holds)
		}
	case Sum:
		if a.known > 0 {
			r.Num = number(&a.sum)
		}
	case Min, Median:
		r.Num = a.placed(how)
	case Weighted:
		r.Known = int(a.weighable)
		ratio(new(big.Rat).SetFrac(&a.weighted, unity), new(big.Rat).SetInt(&a.weights))
	}
	switch {
	case r.Num == nil && r.Known == 0 && a.absent[absence{"", TooFew}] > 0, r.Num != nil && r.Known < a.d.Suppress:
		r.Num, r.Lack = nil, TooFew
	case r.Num != nil:
		r.Lack = ""
	}
	return r
}

// placed is the least of the values or the one in the middle; nil where there is none.
func (a *Account) placed(how string) *big.Rat {
	values := a.values.settled()
	if values.size == 0 {
		return nil
	}
	if how == Min {
		return number(values.least())
	}
	sum := new(big.Int).Add(values.at((a.known-1)/2), values.at(a.known/2))
	return new(big.Rat).SetFrac(sum, new(big.Int).Mul(two, unity))
}
