package indicator

import (
	"encoding/binary"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
)

// Adder adds many encoded observations of one definition and period to an account, or takes them away. It works in machine words what fits
// into them and leaves the rest to DecodeObservation, Evaluate, Add and Take: the account is the same, byte for byte.
type Adder struct {
	l      *Library
	d      *Definition
	p      Period
	into   *Account
	plan   *plan // nil: nothing fits
	values []formula.Quick

	sum   wide
	sums  []wide    // of pooled inputs
	order [2][]wide // added, taken away
	last  cover
	lasts int64 // how often the last one came
	sign  int64 // -1 while one is taken away
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
func (x *Adder) Add(b []byte) error { return x.put(b, 1) }

// Take takes one away that was added. Error: ErrObservation.
func (x *Adder) Take(b []byte) error { return x.put(b, -1) }

func (x *Adder) put(b []byte, sign int64) error {
	if x.sign = sign; x.plan != nil && x.quick(b) {
		return nil
	}
	o, err := x.l.DecodeObservation(x.d, b)
	if err != nil {
		return err
	}
	x.into.put(o.Evaluate(x.d, x.p), sign)
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
	a.values.addAll(x.order[0], x.order[1])
	x.order[0], x.order[1] = x.order[0][:0], x.order[1][:0]
	x.covered(cover{}, 0)
}

func (x *Adder) covered(c cover, n int64) {
	if c == x.last {
		x.lasts += n
		return
	}
	if x.lasts != 0 {
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

// quick adds an observation whose numbers fit into machine words, or takes it away. Where it says false nothing was done.
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
	value, ok := x.value()
	if !ok {
		return false
	}
	hold := truth{lack: value.lack, holds: value.holds}
	if x.plan.holds != nil {
		v, ok := x.plan.holds.Eval(x.values)
		if hold = (truth{v.Lack, v.Num != 0}); !ok {
			e := x.plan.holds.Exact(x.values)
			hold = truth{e.Lack, e.Lack == 0 && e.Num.Sign() != 0}
		}
	}
	return x.take(value, hold, worst, known == len(x.values), seen[:len(x.values)])
}

// outcome is a value as it is added up.
type outcome struct {
	lack  uint64
	num   wide
	holds bool // it is 1 or more
}

// truth is whether something holds, or why that is not known.
type truth struct {
	lack  uint64
	holds bool
}

// value works the formula out; false where the number does not fit.
func (x *Adder) value() (outcome, bool) {
	if v, ok := x.plan.value.Eval(x.values); ok {
		if !v.Known() {
			return outcome{lack: v.Lack}, true
		}
		return outcome{0, wideOf(v), v.Num >= v.Den}, true
	}
	e := x.plan.value.Exact(x.values)
	if e.Lack != 0 {
		return outcome{lack: e.Lack}, true
	}
	num, ok := wideOfInt(scaledBy(e.Num, e.Den))
	return outcome{0, num, e.Num.Cmp(e.Den) >= 0}, ok
}

// take adds what was worked out, or takes it away.
func (x *Adder) take(v outcome, hold truth, worst fact.Grade, whole bool, seen []quickInput) bool {
	a := x.into
	pools := v.lack == 0 && whole && a.wants(Pooled)
	for i := range x.values {
		if _, known := lackTexts[Lack(seen[i].lack)]; !x.values[i].Known() && !known {
			return false
		}
	}
	a.of += x.sign
	if hold.lack == 0 {
		a.holdKnown += x.sign
		if hold.holds {
			a.holds += x.sign
		}
	}
	if v.lack != 0 {
		x.lacks(v.lack, seen)
	}
	if v.lack == 0 {
		value := v.num
		a.known += x.sign
		x.sum.add(value.times(x.sign))
		if a.ordered() {
			i := (1 - x.sign) / 2
			x.order[i] = append(x.order[i], value)
		}
		if pools {
			a.pooled += x.sign
			for i := range x.values {
				x.sums[i].add(wideOf(x.values[i]).times(x.sign))
			}
		}
	}
	if v.lack == 0 || hold.lack == 0 {
		a.grades[worst] += x.sign
		var least cover
		for i := range seen {
			if s := &seen[i]; x.values[i].Known() && s.of > 0 && (least.of == 0 || s.days*least.of < least.days*s.of) {
				least = cover{s.days, s.of}
			}
		}
		if least.of > 0 {
			x.covered(least, x.sign)
		}
	}
	return true
}

func (x *Adder) lacks(lack uint64, seen []quickInput) {
	for i := range seen {
		if lack&(1<<i) != 0 {
			count(x.into.absent, absence{x.d.Inputs[i].Key, Lack(seen[i].lack)}, x.sign)
		}
	}
	if lack&formula.QuickByZero != 0 {
		count(x.into.absent, absence{"", ByZero}, x.sign)
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
