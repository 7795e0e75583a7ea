package rollup

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// tails makes the column of the second terms of a sum. They are small multiples of the last bit of the summands: integers
// times a common power of two, which stands before them, where they fit 62 bits; floats else.
func tails(name string, of func(*Row) *Total) pageColumn {
	return pageColumn{name,
		func(p *pages) {
			v := p.floats[:0]
			for i := range p.rows {
				v = append(v, math.Float64bits(of(&p.rows[i]).Lo))
			}
			p.floats = v
			p.writeTails(v)
		},
		func(p *pages) error {
			v, err := p.readTails(len(p.rows))
			for i, x := range v {
				of(&p.rows[i]).Lo = math.Float64frombits(x)
			}
			return err
		}}
}

const (
	tailsFloats = 0 // a page of floats follows
	tailsInts   = 1 // svarint: the power of two; then a page of ints
)

func (p *pages) writeTails(v []uint64) {
	if zeros(v) {
		return
	}
	least := math.MaxInt
	for _, b := range v {
		if b<<1 != 0 {
			_, e := lastBit(b)
			least = min(least, e)
		}
	}
	n := p.ints[:0]
	for _, b := range v {
		m, e := lastBit(b)
		if !finite(b) || m != 0 && (e-least > 61 || bits.Len64(m)+e-least > 62) {
			p.out = append(p.out, tailsFloats)
			p.writeFloats(v)
			return
		}
		k := int64(m << ((e - least) & 63))
		if b>>63 != 0 {
			k = -k
		}
		n = append(n, k)
	}
	p.ints = n
	p.out = append(p.out, tailsInts)
	p.out = binary.AppendVarint(p.out, int64(least))
	p.writeInts(n)
}

// lastBit takes a finite number apart: |x| is m·2^e with an odd m, or zero.
func lastBit(b uint64) (m uint64, e int) {
	m, e = b&(1<<52-1), int(b>>52&0x7FF)
	if e == 0 {
		e = 1
	} else {
		m |= 1 << 52
	}
	if m == 0 {
		return 0, 0
	}
	z := bits.TrailingZeros64(m)
	return m >> z, e - 1075 + z
}

func (p *pages) readTails(n int) ([]uint64, error) {
	if !p.present {
		return nil, nil
	}
	if len(p.in) == 0 {
		return nil, fmt.Errorf("cut off: %w", ErrMalformed)
	}
	kind := p.in[0]
	p.in = p.in[1:]
	switch kind {
	case tailsFloats:
		return p.readFloats(n)
	case tailsInts:
		e, k := binary.Varint(p.in)
		if k <= 0 || e < -1074 || e > 1023 {
			return nil, fmt.Errorf("power of two: %w", ErrMalformed)
		}
		p.in = p.in[k:]
		v, err := p.readInts(n)
		if err != nil {
			return nil, err
		}
		out := p.floats[:0]
		for _, x := range v {
			out = append(out, math.Float64bits(math.Ldexp(float64(x), int(e))))
		}
		p.floats = out
		return out, nil
	}
	return nil, fmt.Errorf("kind %d: %w", kind, ErrMalformed)
}
