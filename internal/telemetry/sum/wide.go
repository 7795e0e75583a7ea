package sum

import (
	"math"
	"math/big"
)

// limbs of 32 bits from 2^-1074 (the smallest denormal) to beyond 2^1024, with room for 2^40 values.
const limbs = 68

// carryEvery is how many additions the spare bits of a limb can take.
const carryEvery = 1 << 28

// wide is a fixed-point number over the whole range of float64. Each limb holds a signed multiple of 2^(32i-1074).
type wide struct {
	limb  [limbs]int64
	added int
}

func (w *wide) add(x float64) {
	b := math.Float64bits(x)
	exponent := b >> fractionLen & exponentMax
	fraction := b & (1<<fractionLen - 1)
	if exponent == 0 {
		exponent = 1
	} else {
		fraction |= 1 << fractionLen
	}
	at := exponent - 1 // of the last bit, above 2^-1074
	i, shift := at/32, at%32
	// The 53 bits, shifted by up to 31, spread over three limbs.
	first := int64(fraction << shift & math.MaxUint32)
	rest := fraction >> (32 - shift) // shift 0 gives fraction >> 32
	second, third := int64(rest&math.MaxUint32), int64(rest>>32)
	if b&signBit != 0 {
		first, second, third = -first, -second, -third
	}
	w.limb[i] += first
	w.limb[i+1] += second
	w.limb[i+2] += third
	if w.added++; w.added == carryEvery {
		w.carry()
	}
}

// carry brings every limb but the last back below 2^32 in magnitude.
func (w *wide) carry() {
	for i := 0; i < limbs-1; i++ {
		over := w.limb[i] >> 32
		w.limb[i] -= over << 32
		w.limb[i+1] += over
	}
	w.added = 0
}

func (w *wide) value() float64 {
	w.carry()
	total := new(big.Int)
	for i := limbs - 1; i >= 0; i-- {
		total.Lsh(total, 32)
		total.Add(total, big.NewInt(w.limb[i]))
	}
	if total.Sign() == 0 {
		return 0
	}
	f := new(big.Float).SetPrec(uint(total.BitLen())).SetInt(total)
	f.SetMantExp(f, -1074)
	v, _ := f.Float64() // to nearest, ties to even, denormals included
	return v
}
