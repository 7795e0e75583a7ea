package indicator

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
)

// Adder adds many encoded observations of one definition and period to an account. It works in machine words what fits into them and
// leaves the rest to DecodeObservation, Evaluate and Add: the account is the same, byte for byte.
type Adder struct {
	l      *Library
	d      *Definition
	p      Period
	into   *Account
	plan   *plan // nil: nothing fits
	values []formula.Quick

	sum   wide
	sums  []wide // of pooled inputs
	order []wide
	last  cover
	lasts int64 // how often the last one came
}

// plan is how a definition is worked out in machine words.
type plan struct {
	value, holds *formula.Program
	inputs       []string
}

// NewAdder makes an Adder. Done must be called before the account is looked at.
func (l *Library) NewAdder(d *Definition, p Period, into *Account) *Adder {
	x := &Adder{l: l, d: d, p: p, into: into, values: make([]formula.Quick, len(d.Inputs)), sums: make([]wide, len(d.Inputs))}
	for i := range d.Inputs {
		if l.below(&d.Inputs[i]) != nil {
			return x
		}
	}
	if into.wants(Weighted) || into.wants(Distinct) && d.Upward.By != "" {
		return x
	}
	pl := &plan{}
	for i := range d.Inputs {
		pl.inputs = append(pl.inputs, d.Inputs[i].Key)
	}
	var ok bool
	if pl.value, ok = d.formula.Compile(pl.inputs); !ok {
		return x
	}
	if d.holds != nil {
		if pl.holds, ok = d.holds.Compile(pl.inputs); !ok {
			return x
		}
	}
	x.plan = pl
	return x
}

// Add adds an encoded observation. Error: ErrObservation.
func (x *Adder) Add(b []byte) error {
	if x.plan != nil && x.quick(b) {
		return nil
	}
	o, err := x.l.DecodeObservation(x.d, b)
	if err != nil {
		return err
	}
	x.into.Add(o.Evaluate(x.d, x.p))
	return nil
}

// Done brings what was worked out in machine words into the account.
func (x *Adder) Done() {
	a := x.into
	a.sum.Add(&a.sum, x.sum.big())
	x.sum = wide{}
	for i := range x.sums {
		a.pool.sums[i].Add(&a.pool.sums[i], x.sums[i].big())
		x.sums[i] = wide{}
	}
	for _, v := range x.order {
		count(a.values, v.big().String(), 1)
	}
	x.order = x.order[:0]
	x.covered(cover{}, 0)
}

func (x *Adder) covered(c cover, n int64) {
	if c == x.last {
		x.lasts += n
		return
	}
	if x.lasts > 0 {
		count(x.into.covers, x.last, x.lasts)
	}
	x.last, x.lasts = c, n
}

// quickInput is an input as quick reads it.
type quickInput struct {
	lack     []byte
	grade    fact.Grade
	days, of int
}

// quick adds an observation whose numbers fit into machine words. Where it says false nothing was added.
func (x *Adder) quick(b []byte) bool {
	if len(b) < 34 || b[0] != observationFormat || int(b[33]) != len(x.values) || len(x.values) > 20 {
		return false
	}
	b = b[34:]
	var seen [maxInputs]quickInput
	worst, known := fact.Measured, 0
	for i := range x.values {
		var ok bool
		if b, ok = quickRead(b, i, &x.values[i], &seen[i]); !ok {
			return false
		}
		if x.values[i].Known() {
			worst = min(worst, seen[i].grade)
			known++
		}
	}
	if len(b) > 0 {
		return false
	}
	v, ok := x.plan.value.Eval(x.values)
	if !ok {
		return false
	}
	hold := formula.Quick{Lack: v.Lack, Den: 1}
	switch {
	case x.plan.holds != nil:
		if hold, ok = x.plan.holds.Eval(x.values); !ok {
			return false
		}
	case v.Known() && v.Num >= v.Den:
		hold.Num = 1
	}
	return x.take(v, hold, worst, known == len(x.values), seen[:len(x.values)])
}

// take adds what was worked out.
func (x *Adder) take(v, hold formula.Quick, worst fact.Grade, whole bool, seen []quickInput) bool {
	a := x.into
	pools := v.Known() && whole && a.wants(Pooled)
	for i := range x.values {
		if _, known := lackTexts[Lack(seen[i].lack)]; !x.values[i].Known() && !known {
			return false
		}
	}
	a.of++
	if hold.Known() {
		a.holdKnown++
		if hold.Num != 0 {
			a.holds++
		}
	}
	if v.Lack != 0 {
		x.lacks(v.Lack, seen)
	}
	if v.Known() {
		value := wideOf(v)
		a.known++
		x.sum.add(value)
		if a.ordered() {
			x.order = append(x.order, value)
		}
		if pools {
			a.pooled++
			for i := range x.values {
				x.sums[i].add(wideOf(x.values[i]))
			}
		}
	}
	if v.Known() || hold.Known() {
		a.grades[worst]++
		var least cover
		for i := range seen {
			if s := &seen[i]; x.values[i].Known() && s.of > 0 && (least.of == 0 || s.days*least.of < least.days*s.of) {
				least = cover{s.days, s.of}
			}
		}
		if least.of > 0 {
			x.covered(least, 1)
		}
	}
	return true
}

func (x *Adder) lacks(lack uint64, seen []quickInput) {
	for i := range seen {
		if lack&(1<<i) != 0 {
			count(x.into.absent, absence{x.d.Inputs[i].Key, Lack(seen[i].lack)}, 1)
		}
	}
	if lack&formula.QuickByZero != 0 {
		count(x.into.absent, absence{"", ByZero}, 1)
	}
}

// quickRead reads one input and gives what follows it. False where it is not the common case.
func quickRead(b []byte, i int, v *formula.Quick, in *quickInput) ([]byte, bool) {
	if len(b) < 2 {
		return b, false
	}
	head := b[0]
	if head&(hasWords|hasBelow) != 0 || head>>4 > byte(fact.Measured) || b[1] > maxSources {
		return b, false
	}
	in.grade, b = fact.Grade(head>>4), b[2:]
	if head&hasNumber == 0 {
		n, size := binary.Uvarint(b)
		if size != 1 || n > uint64(len(b)-1) {
			return b, false
		}
		in.lack, b = b[1:1+n], b[1+n:]
		*v = formula.Quick{Den: 1, Lack: 1 << i}
	} else {
		num, rest, ok := quickNumber(b)
		if !ok {
			return b, false
		}
		den, rest, ok := quickNumber(rest)
		if !ok || den <= 0 {
			return b, false
		}
		b, *v = rest, formula.Quick{Num: num, Den: den}
	}
	if head&hasDays != 0 {
		var days, of int64
		var ok bool
		if days, b, ok = quickInt(b); !ok {
			return b, false
		}
		if of, b, ok = quickInt(b); !ok || days < 0 || days > of || of == 0 || of > 1<<20 {
			return b, false
		}
		in.days, in.of = int(days), int(of)
	}
	return b, true
}

func quickInt(b []byte) (int64, []byte, bool) {
	n, size := binary.Varint(b)
	if size <= 0 || size > 1 && b[size-1] == 0 {
		return 0, b, false
	}
	return n, b[size:], true
}

// quickNumber reads what writer.big wrote, where it fits.
func quickNumber(b []byte) (int64, []byte, bool) {
	if len(b) == 0 || b[0] > 2*8+1 {
		return 0, b, false
	}
	size := int(b[0] >> 1)
	if len(b) < 1+size || size > 0 && b[1] == 0 {
		return 0, b, false
	}
	var n uint64
	for _, c := range b[1 : 1+size] {
		n = n<<8 | uint64(c)
	}
	negative := b[0]&1 != 0
	if n >= 1<<62 || negative && n == 0 {
		return 0, b, false
	}
	if negative {
		return -int64(n), b[1+size:], true
	}
	return int64(n), b[1+size:], true
}

// wide is an integer of 128 bits in two's complement, in units of the last place. A numerator below 2^62 gives less than 2^102, so that
// 2^25 of them fit into a sum.
type wide struct{ hi, lo uint64 }

const unit64 = 1_000_000_000_000

// wideOf is a fraction in units of the last place, rounded half away from zero: what scaled gives.
func wideOf(v formula.Quick) wide {
	n, negative := uint64(v.Num), v.Num < 0
	if negative {
		n = uint64(-v.Num)
	}
	hi, lo := bits.Mul64(n, unit64)
	if den := uint64(v.Den); den > 1 {
		var rest uint64
		q := hi / den
		lo, rest = bits.Div64(hi%den, lo, den)
		if hi = q; rest >= den-rest {
			var carry uint64
			lo, carry = bits.Add64(lo, 1, 0)
			hi += carry
		}
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return wide{hi, lo}
}

func (w *wide) add(v wide) {
	var carry uint64
	w.lo, carry = bits.Add64(w.lo, v.lo, 0)
	w.hi, _ = bits.Add64(w.hi, v.hi, carry)
}

func (w wide) big() *big.Int {
	out := new(big.Int).SetInt64(int64(w.hi))
	out.Lsh(out, 64)
	return out.Add(out, new(big.Int).SetUint64(w.lo))
}
