package indicator

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"maps"
	"math/big"
	"slices"
)

// tallied is how often each of many numbers occurs. It stays as it is encoded: entries that ascend, each a number and how often it occurs,
// and beside them what has changed since. So a few changes of a great one cost a pass over its bytes.
type tallied struct {
	base []byte           // never changed in place: accounts share it
	size int              // entries of base
	more map[string]int64 // by number, as it is encoded
}

// add changes how often a number occurs.
func (t *tallied) add(v *big.Int, n int64) {
	w := writer{make([]byte, 0, 16)}
	w.big(v)
	t.put(w.b, n)
}

func (t *tallied) put(number []byte, n int64) {
	if t.more == nil {
		t.more = map[string]int64{}
	}
	count(t.more, string(number), n)
}

// addAll adds numbers, in whatever order they come, and takes others away. It reorders them.
func (t *tallied) addAll(added, gone []wide) {
	u := tallyOf(added)
	if len(gone) > 0 {
		u = merge(u, tallyOf(gone), -1)
	}
	t.join(u, 1)
}

func tallyOf(list []wide) *tallied {
	slices.SortFunc(list, wide.compare)
	out := &tallied{}
	for i := 0; i < len(list); out.size++ {
		n := i + 1
		for n < len(list) && list[n] == list[i] {
			n++
		}
		out.base = list[i].append(out.base)
		out.base = binary.AppendVarint(out.base, int64(n-i))
		i = n
	}
	return out
}

// join adds, or takes away, all of another one.
func (t *tallied) join(u *tallied, sign int64) {
	u = u.settled()
	if u.size == 0 {
		return
	}
	if own := t.settled(); own.size > 0 || sign < 0 {
		u = merge(own, u, sign)
	}
	*t = *u
}

// settled is the same with nothing beside its base.
func (t *tallied) settled() *tallied {
	if len(t.more) == 0 {
		return &tallied{base: t.base, size: t.size}
	}
	u := &tallied{size: len(t.more)}
	for _, number := range slices.SortedFunc(maps.Keys(t.more), func(x, y string) int { return compareNumbers([]byte(x), []byte(y)) }) {
		u.base = append(u.base, number...)
		u.base = binary.AppendVarint(u.base, t.more[number])
	}
	return merge(&tallied{base: t.base, size: t.size}, u, 1)
}

// merge is the entries of two, whose counts of one number are added; or the second's taken away. Of the first what lies between those of the
// second is copied as it stands.
func merge(t, u *tallied, sign int64) *tallied {
	out := &tallied{base: make([]byte, 0, len(t.base)+len(u.base))}
	copied, at := 0, 0
	for b := u.base; len(b) > 0; {
		y := entryOf(b)
		b = b[y.size:]
		times := sign * y.times
		next := at
		for at = next; at < len(t.base); at = next {
			x := entryOf(t.base[at:])
			c := compareNumbers(x.number, y.number)
			if c < 0 {
				next = at + x.size
				out.size++
				continue
			}
			if c == 0 {
				times += x.times
				next = at + x.size
			}
			break
		}
		out.base = append(out.base, t.base[copied:at]...)
		copied, at = next, next
		out.take(y, times)
	}
	out.base = append(out.base, t.base[copied:]...)
	for rest := t.base[at:]; len(rest) > 0; out.size++ {
		rest = rest[entryOf(rest).size:]
	}
	return out
}

// take appends an entry, where it occurs at all.
func (t *tallied) take(x entry, times int64) {
	if times == 0 {
		return
	}
	t.base = append(t.base, x.number...)
	t.base = binary.AppendVarint(t.base, times)
	t.size++
}

// entry is the first of encoded entries.
type entry struct {
	number []byte // with its head, as writer.big writes it
	times  int64
	size   int // bytes
}

// entryOf reads entries that were written here, or looked through when they were read.
func entryOf(b []byte) entry {
	n := 1
	if head := b[0]; head < 0x80 {
		n += int(head >> 1)
	} else {
		head, size := binary.Uvarint(b)
		n = size + int(head>>1)
	}
	if times := b[n]; times < 0x80 { // nearly all occur once
		return entry{b[:n], int64(times>>1) ^ -int64(times&1), n + 1}
	}
	times, size := binary.Varint(b[n:])
	return entry{b[:n], times, n + size}
}

// compareNumbers orders numbers as writer.big writes them.
func compareNumbers(x, y []byte) int {
	if x[0] == y[0] && x[0]&0x81 == 0 { // both are above zero, and of the same length
		return bytes.Compare(x[1:], y[1:])
	}
	hx, nx := binary.Uvarint(x)
	hy, ny := binary.Uvarint(y)
	if hx&1 != hy&1 { // one is negative
		return cmp.Compare(hy&1, hx&1)
	}
	c := cmp.Or(cmp.Compare(hx, hy), bytes.Compare(x[nx:], y[ny:]))
	if hx&1 != 0 {
		return -c
	}
	return c
}

// value is the number of an entry.
func (x entry) value() *big.Int {
	head, n := binary.Uvarint(x.number)
	out := new(big.Int).SetBytes(x.number[n:])
	if head&1 != 0 {
		out.Neg(out)
	}
	return out
}

// least is the least number; nil where there is none.
func (t *tallied) least() *big.Int {
	if t = t.settled(); t.size == 0 {
		return nil
	}
	return entryOf(t.base).value()
}

// at is the number at a place of all, from 0, each as often as it occurs; the greatest behind the last. There is at least one.
func (t *tallied) at(place int64) *big.Int {
	var x entry
	for rest := t.settled().base; len(rest) > 0; rest = rest[x.size:] {
		if x = entryOf(rest); place < x.times {
			break
		}
		place -= x.times
	}
	return x.value()
}

// encode writes how many there are, and all.
func (t *tallied) encode(w *writer) {
	t = t.settled()
	w.uint(uint64(t.size))
	w.b = append(w.b, t.base...)
}

// tallied reads what encode has written and nothing else.
func (r *reader) tallied(what string) tallied {
	n, from := r.uint(maxCounts, what), r.b
	var last []byte
	for i := range n {
		at := r.b
		number := r.number()
		if r.err == nil && i > 0 && compareNumbers(last, number) >= 0 {
			r.fail("%s do not ascend", what)
		}
		if len(r.b) > 0 && r.b[0] == 2 { // nearly all occur once
			r.b = r.b[1:]
		} else if times := r.members(what); r.err == nil && times == 0 {
			r.fail("%s: one that does not occur", what)
		}
		if r.err != nil {
			return tallied{}
		}
		last = at[:len(number)]
	}
	return tallied{base: from[: len(from)-len(r.b) : len(from)-len(r.b)], size: int(n)}
}

// number reads what writer.big wrote, as it stands.
func (r *reader) number() []byte {
	at := r.b
	if len(at) > 2 && at[0] < 0x80 && int(at[0]>>1) < len(at) && at[0]>>1 > 0 && at[1] != 0 {
		n := 1 + int(at[0]>>1)
		r.b = at[n:]
		return at[:n]
	}
	head := r.uint(2*maxDigits+1, "a value")
	p := r.take(int(head>>1), "a value")
	if r.err == nil && (len(p) > 0 && p[0] == 0 || len(p) == 0 && head&1 != 0) {
		r.fail("a value: not the one way to write a number")
	}
	return at[:len(at)-len(r.b)]
}
