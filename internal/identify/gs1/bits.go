package gs1

import (
	"math/big"
	"math/bits"
)

// bitWriter writes bits, the highest first, and gives them out as base64url without padding.
type bitWriter struct {
	out  []byte // characters
	held uint   // up to five bits that wait for a sixth
	n    uint
}

func (w *bitWriter) write(v uint64, n int) {
	for i := n - 1; i >= 0; i-- {
		w.held = w.held<<1 | uint(v>>i&1)
		if w.n++; w.n == 6 {
			w.out = append(w.out, in64[w.held])
			w.held, w.n = 0, 0
		}
	}
}

func (w *bitWriter) writeBig(v *big.Int, n int) {
	for i := n - 1; i >= 0; i-- {
		w.write(uint64(v.Bit(i)), 1)
	}
}

// String fills the last character with noughts.
func (w *bitWriter) String() string {
	c := *w
	if c.n > 0 {
		c.write(0, int(6-c.n))
	}
	return string(c.out)
}

// bitReader reads what bitWriter wrote. After it ran out every read gives 0 and short is set.
type bitReader struct {
	in    string // of base64url characters, looked at before
	at    int    // in bits
	short bool
}

func (r *bitReader) left() int { return 6*len(r.in) - r.at }

func (r *bitReader) read(n int) uint64 {
	if r.left() < n {
		r.short = true
		return 0
	}
	v := uint64(0)
	for range n {
		c := value64(r.in[r.at/6])
		v = v<<1 | uint64(c>>(5-r.at%6)&1)
		r.at++
	}
	return v
}

func (r *bitReader) readBig(n int) *big.Int {
	v := new(big.Int)
	if r.left() < n {
		r.short = true
		return v
	}
	for i := n - 1; i >= 0; i-- {
		v.SetBit(v, i, uint(r.read(1)))
	}
	return v
}

// value64 is the place of a character in base64url.
func value64(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case isDigit(c):
		return int(c-'0') + 52
	case c == '-':
		return 62
	}
	return 63
}

// valueBits is how many bits n decimal digits take: the standard's ceil(n·log₂10 + 0.01), in whole numbers; so none take one bit.
func valueBits(n int) int { return (n*3_321_928_095 + 10_000_000 + 999_999_999) / 1_000_000_000 }

// lengthBits is how many bits hold a length up to longest.
func lengthBits(longest int) int { return bits.Len(uint(longest)) }
