package indicator

import (
	"cmp"
	"encoding/binary"
	"math/big"
	"math/bits"

	"jingwei/internal/govern/indicator/formula"
)

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
		return wide{hi, lo}.times(-1)
	}
	return wide{hi, lo}
}

// wideOfInt is an integer that is small enough; false where it is not.
func wideOfInt(n *big.Int) (wide, bool) {
	if n.BitLen() > 101 {
		return wide{}, false
	}
	var p [16]byte
	n.FillBytes(p[:])
	out := wide{binary.BigEndian.Uint64(p[:]), binary.BigEndian.Uint64(p[8:])}
	if n.Sign() < 0 {
		out = out.times(-1)
	}
	return out, true
}

// times is the number, or what gives zero with it where sign is negative.
func (w wide) times(sign int64) wide {
	if sign > 0 {
		return w
	}
	lo, borrow := bits.Sub64(0, w.lo, 0)
	hi, _ := bits.Sub64(0, w.hi, borrow)
	return wide{hi, lo}
}

func (w wide) compare(v wide) int {
	return cmp.Or(cmp.Compare(int64(w.hi), int64(v.hi)), cmp.Compare(w.lo, v.lo))
}

// append writes the number as writer.big does.
func (w wide) append(b []byte) []byte {
	head, m := byte(0), w
	if int64(w.hi) < 0 {
		head, m = 1, w.times(-1)
	}
	var p [16]byte
	binary.BigEndian.PutUint64(p[:], m.hi)
	binary.BigEndian.PutUint64(p[8:], m.lo)
	zeros := bits.LeadingZeros64(m.hi) / 8
	if m.hi == 0 {
		zeros = 8 + bits.LeadingZeros64(m.lo)/8
	}
	b = append(b, byte(16-zeros)<<1|head)
	return append(b, p[zeros:]...)
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
