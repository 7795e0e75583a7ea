package indicator

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Limits of what is read.
const (
	maxCounts  = 1 << 20 // kinds of values, words and reasons in an account
	maxDigits  = 1 << 10 // bytes of one number
	maxWords   = 10_000  // distinct values of one input
	maxWord    = 1 << 12 // bytes
	maxBelow   = 8       // definitions that rest on each other
	maxMembers = 1 << 40
)

// writer makes canonical bytes.
type writer struct{ b []byte }

func (w *writer) uint(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) int(n int64)   { w.b = binary.AppendVarint(w.b, n) }
func (w *writer) text(s string) {
	w.uint(uint64(len(s)))
	w.b = append(w.b, s...)
}

// big writes a number: twice the length of its magnitude, odd where it is negative, then the magnitude, big endian.
func (w *writer) big(n *big.Int) {
	p := n.Bytes()
	head := uint64(len(p)) << 1
	if n.Sign() < 0 {
		head |= 1
	}
	w.uint(head)
	w.b = append(w.b, p...)
}

func (w *writer) rat(n *big.Rat) {
	w.big(n.Num())
	w.big(n.Denom())
}

// reader takes them apart. After the first fault everything it gives is zero.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, a ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, a...)
	}
	r.b = nil
}

func (r *reader) uint(most uint64, what string) uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || size > 1 && r.b[size-1] == 0 {
		r.fail("%s: no number", what)
		return 0
	}
	if n > most {
		r.fail("%s: %d is more than %d", what, n, most)
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) int(what string) int64 {
	n := r.uint(1<<63-1, what)
	out := int64(n >> 1)
	if n&1 != 0 {
		out = ^out
	}
	return out
}

func (r *reader) take(n int, what string) []byte {
	if n > len(r.b) {
		r.fail("%s: %d bytes of %d are missing", what, n-len(r.b), n)
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) text(most int, what string) string {
	return string(r.take(int(r.uint(uint64(most), what)), what))
}

func (r *reader) big(what string) *big.Int {
	head := r.uint(2*maxDigits+1, what)
	p := r.take(int(head>>1), what)
	out := new(big.Int).SetBytes(p)
	switch {
	case len(p) > 0 && p[0] == 0, len(p) == 0 && head&1 != 0:
		r.fail("%s: not the one way to write a number", what)
	case head&1 != 0:
		out.Neg(out)
	}
	return out
}

func (r *reader) rat(what string) *big.Rat {
	num, den := r.big(what), r.big(what)
	if r.err == nil && den.Sign() <= 0 {
		r.fail("%s: a denominator of %s", what, den)
	}
	if r.err != nil {
		return new(big.Rat)
	}
	out := new(big.Rat).SetFrac(num, den)
	if out.Denom().Cmp(den) != 0 {
		r.fail("%s: a fraction that is not in lowest terms", what)
	}
	return out
}

func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		r.fail("%d bytes stand behind the end", len(r.b))
	}
	return r.err
}

// accountFormat is the first byte of an account.
const accountFormat = 1

// Encode gives the one encoding of an account.
func (a *Account) Encode() []byte {
	w := &writer{append(make([]byte, 0, 256+len(a.values.base)+20*(len(a.values.more)+len(a.united))), accountFormat)}
	for _, n := range []int64{a.of, a.known, a.holdKnown, a.holds, a.weighable, a.uniteable, a.pooled} {
		w.int(n)
	}
	for _, n := range []*big.Int{&a.sum, &a.weights, &a.weighted} {
		w.big(n)
	}
	for _, n := range a.grades {
		w.int(n)
	}
	w.uint(uint64(len(a.covers)))
	for _, c := range slices.SortedFunc(maps.Keys(a.covers), coverOrder) {
		w.uint(uint64(c.days))
		w.uint(uint64(c.of))
		w.int(a.covers[c])
	}
	w.uint(uint64(len(a.absent)))
	for _, x := range slices.SortedFunc(maps.Keys(a.absent), absenceOrder) {
		w.text(x.input)
		w.text(string(x.reason))
		w.int(a.absent[x])
	}
	a.values.encode(w)
	w.uint(uint64(len(a.united)))
	for _, x := range slices.SortedFunc(maps.Keys(a.united), wordOrder) {
		w.b = append(w.b, x[:]...)
		w.int(a.united[x])
	}
	a.pool.encode(w)
	return w.b
}

func coverOrder(x, y cover) int { return cmp.Or(cmp.Compare(x.of, y.of), cmp.Compare(x.days, y.days)) }

func absenceOrder(x, y absence) int {
	return cmp.Or(strings.Compare(x.input, y.input), strings.Compare(string(x.reason), string(y.reason)))
}

func wordOrder(x, y [16]byte) int { return slices.Compare(x[:], y[:]) }

// encode writes the sums that are not zero, each behind its place.
func (p *pool) encode(w *writer) {
	var places []int
	for i := range p.sums {
		if p.sums[i].Sign() != 0 || p.below[i] != nil && !p.below[i].empty() {
			places = append(places, i)
		}
	}
	w.uint(uint64(len(places)))
	for _, i := range places {
		w.uint(uint64(i))
		if b := p.below[i]; b != nil {
			w.uint(1)
			b.encode(w)
			continue
		}
		w.uint(0)
		w.big(&p.sums[i])
	}
}

// DecodeAccount reads what Encode has written and nothing else. Error: ErrAccount with what is wrong.
func (l *Library) DecodeAccount(d *Definition, b []byte) (*Account, error) {
	a, r := NewAccount(d), &reader{b: b}
	if v := r.take(1, "format"); r.err == nil && v[0] != accountFormat {
		r.fail("format %d is not known, this program reads %d", v[0], accountFormat)
	}
	for _, n := range []*int64{&a.of, &a.known, &a.holdKnown, &a.holds, &a.weighable, &a.uniteable, &a.pooled} {
		*n = r.members("a count")
	}
	for _, n := range []*big.Int{&a.sum, &a.weights, &a.weighted} {
		n.Set(r.big("a sum"))
	}
	for i := range a.grades {
		a.grades[i] = r.members("a grade")
	}
	each(r, a.covers, "covers", coverOrder, func() cover { return cover{int(r.uint(1<<20, "days")), int(r.uint(1<<20, "days"))} })
	each(r, a.absent, "reasons", absenceOrder, func() absence {
		x := absence{r.text(100, "input"), Lack(r.text(40, "reason"))}
		if _, ok := lackTexts[x.reason]; r.err == nil && (!ok || x.input != "" && d.input(x.input) == nil) {
			r.fail("%q is no reason why %q of %s is not known", x.reason, x.input, d.ID)
		}
		return x
	})
	a.values = r.tallied("values")
	each(r, a.united, "words", wordOrder, func() (x [16]byte) { copy(x[:], r.take(16, "a word")); return x })
	l.decodePool(a.pool, r, 0)
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("%w of %s: %w", ErrAccount, d.ID, err)
	}
	if a.known > a.of || a.holdKnown > a.of || a.holds > a.holdKnown || a.pooled > a.known || a.weighable > a.known || a.uniteable > a.of {
		return nil, fmt.Errorf("%w of %s: it knows more of its members than it has", ErrAccount, d.ID)
	}
	return a, nil
}

// members reads a count that is not negative.
func (r *reader) members(what string) int64 {
	n := r.int(what)
	if n < 0 || n > maxMembers {
		r.fail("%s: %d is none", what, n)
	}
	return n
}

// each reads so many keys in their order, each with how often it occurs.
func each[K comparable](r *reader, into map[K]int64, what string, order func(K, K) int, key func() K) {
	var last K
	for i := range r.uint(maxCounts, what) {
		k := key()
		if r.err == nil && i > 0 && order(last, k) >= 0 {
			r.fail("%s are not in order", what)
		}
		n := r.members(what)
		if r.err == nil && n == 0 {
			r.fail("%s: one that does not occur", what)
		}
		if r.err != nil {
			return
		}
		into[k], last = n, k
	}
}

func (l *Library) decodePool(p *pool, r *reader, depth int) {
	last := -1
	for range r.uint(maxInputs, "sums") {
		i := int(r.uint(maxInputs, "place of a sum"))
		below := r.uint(1, "kind of a sum")
		if r.err == nil && (i <= last || i >= len(p.d.Inputs)) {
			r.fail("place %d of a sum of %s", i, p.d.ID)
		}
		if r.err != nil {
			return
		}
		last = i
		if below == 0 {
			p.sums[i].Set(r.big("a sum"))
			if r.err == nil && p.sums[i].Sign() == 0 {
				r.fail("a sum of zero is written")
			}
			continue
		}
		d := l.below(&p.d.Inputs[i])
		if d == nil || depth >= maxBelow {
			r.fail("input %s of %s rests on no indicator", p.d.Inputs[i].Key, p.d.ID)
			return
		}
		p.below[i] = newPool(d)
		l.decodePool(p.below[i], r, depth+1)
		if r.err == nil && p.below[i].empty() {
			r.fail("sums of zero are written")
		}
	}
}

// below is the definition that an input rests on, nil where it rests on none.
func (l *Library) below(in *Input) *Definition {
	for i := range in.From {
		if d := l.byID[in.From[i].Indicator]; d != nil {
			return d
		}
	}
	return nil
}
