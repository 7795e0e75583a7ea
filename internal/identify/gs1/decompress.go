package gs1

import (
	"math/big"
	"slices"
	"strings"
)

// Decompress reads a compressed Digital Link: everything in one segment, or a key in full and the rest in the segment behind it.
func Decompress(uri string) (*Link, error) {
	head, path, query, err := cutLink(uri)
	if err != nil {
		return nil, err
	}
	path = strings.TrimSuffix(path, "/")
	slash := strings.LastIndexByte(path, '/')
	segment := path[slash+1:]
	// Nothing that is packed begins with a digit, - or _: AIs and optimisations begin with less than 13 in their first four bits.
	if slash < 0 || segment == "" || value64(segment[0]) >= 13<<2 || CSET64.check(segment).rule != "" || strings.Contains(segment, "=") {
		return nil, about(uri, 0, len(uri), RuleCompressed)
	}
	var last error = about(segment, 0, len(segment), RuleCompressed)
	for _, sorted := range []bool{false, true} { // of the two readings of 1A and 9D, that which holds
		u := &unpacking{r: bitReader{in: segment}, sorted: sorted}
		if err := u.run(); err != nil {
			last = err
			continue
		}
		l, err := join(head, path[:slash], u)
		if err == nil {
			err = l.readQuery(query)
		}
		if err == nil {
			err = l.check()
		}
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, last
}

// join makes the link of what was packed and of a key that stands before it in full. What looks like a key and is none belongs to the
// stem.
func join(head *Link, before string, u *unpacking) (*Link, error) {
	es, stem := u.elements, before
	if root := rootOf(before); root >= 0 {
		if key := (&Link{}); key.readPath(before[root:]) == nil {
			stem, es = before[:root], append(key.Elements, es...)
		}
	}
	l, err := BuildLink(head.Scheme+"://"+head.Host+stem, es)
	if err != nil {
		return nil, err
	}
	l.Other, l.Fragment = u.other, head.Fragment
	return l, nil
}

// unpacking reads a compressed segment.
type unpacking struct {
	r        bitReader
	sorted   bool // read 1A and 9D with their AIs sorted
	elements Elements
	other    []string
}

func (u *unpacking) refuse() error { return about(u.r.in, u.r.at/6, 1, RuleCompressed) }

func (u *unpacking) run() error {
	for u.r.left() >= 6 {
		high, low := u.r.read(4), u.r.read(4)
		if u.r.short || len(u.elements)+len(u.other) >= maxElements {
			return u.refuse()
		}
		var err error
		switch code := byte(high<<4 | low); {
		case high == 0xF:
			err = u.parameter(low)
		case high <= 9 && low <= 9:
			err = u.single(code)
		default:
			err = u.optimised(code)
		}
		if err != nil {
			return err
		}
	}
	if u.r.read(u.r.left()) != 0 || len(u.elements) == 0 {
		return u.refuse()
	}
	return nil
}

func (u *unpacking) single(code byte) error {
	ai := []byte{'0' + code>>4, '0' + code&15}
	p := prefixes[int(code>>4)*10+int(code&15)]
	for len(ai) < p.length {
		d := byte(u.r.read(4))
		if d > 9 || u.r.short {
			return u.refuse()
		}
		ai = append(ai, '0'+d)
	}
	return u.take(string(ai))
}

func (u *unpacking) optimised(code byte) error {
	i := slices.IndexFunc(optimisations[:], func(o optimisation) bool { return o.code == code })
	if i < 0 {
		return u.refuse()
	}
	order := optimisations[i].ais
	if u.sorted && (code == gtinLotSerialExpiry || code == locationExtension) {
		order = slices.Sorted(slices.Values(order))
	}
	for _, ai := range order {
		if err := u.take(ai); err != nil {
			return err
		}
	}
	return nil
}

// take reads the value of an AI.
func (u *unpacking) take(ai string) error {
	d := Lookup(ai)
	if d == nil {
		return about(u.r.in, u.r.at/6, 1, RuleUnknownAI).of(ai)
	}
	var v strings.Builder
	for _, f := range d.fields() {
		part, ok := u.field(f)
		if !ok {
			return u.refuse()
		}
		v.WriteString(part)
	}
	e, err := Of(ai, v.String())
	if err != nil {
		return err
	}
	u.elements = append(u.elements, e)
	return nil
}

func (u *unpacking) field(f field) (string, bool) {
	if !f.numeric {
		longest := 0
		if f.variable {
			longest = f.length
		}
		return u.letters(f.length, longest)
	}
	n := f.length
	if f.variable {
		if n = int(u.r.read(lengthBits(f.length))); n > f.length {
			return "", false
		}
	}
	return u.number(n)
}

// number reads n digits; false when there are fewer bits or more digits.
func (u *unpacking) number(n int) (string, bool) {
	v := u.r.readBig(valueBits(n))
	if u.r.short {
		return "", false
	}
	if n == 0 {
		return "", v.Sign() == 0
	}
	if v.Cmp(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)) >= 0 {
		return "", false
	}
	s := v.String()
	return strings.Repeat("0", n-len(s)) + s, true
}

func (u *unpacking) letters(n, longest int) (string, bool) {
	kind := encoding(u.r.read(3))
	if longest > 0 {
		if n = int(u.r.read(lengthBits(longest))); n > longest {
			return "", false
		}
	}
	return u.encoded(kind, n)
}

func (u *unpacking) encoded(kind encoding, n int) (string, bool) {
	if kind == asNumber {
		return u.number(n)
	}
	if kind > asASCII {
		return "", false
	}
	out := make([]byte, 0, n)
	for range n {
		switch kind {
		case asLowerHex:
			out = append(out, "0123456789abcdef"[u.r.read(4)])
		case asUpperHex:
			out = append(out, upperHex[u.r.read(4)])
		case asBase64:
			out = append(out, in64[u.r.read(6)])
		default:
			out = append(out, byte(u.r.read(7)))
		}
	}
	return string(out), !u.r.short
}

// parameter reads a query parameter that is no AI; high are the first four of seven bits of the length of its name.
func (u *unpacking) parameter(high uint64) error {
	name := make([]byte, high<<3|u.r.read(3))
	for i := range name {
		name[i] = in64[u.r.read(6)]
	}
	kind, n := encoding(u.r.read(3)), int(u.r.read(7))
	value, ok := u.encoded(kind, n)
	if !ok || u.r.short || len(name) == 0 {
		return u.refuse()
	}
	if digits(string(name)) < 0 { // an AI does not come this way
		return u.refuse()
	}
	var b strings.Builder
	b.Write(name)
	b.WriteByte('=')
	escape(&b, value)
	u.other = append(u.other, b.String())
	return nil
}
