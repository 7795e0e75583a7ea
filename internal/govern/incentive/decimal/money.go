package decimal

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Fen is money: a hundredth of a yuan (CNY).
type Fen int64

// MaxFen bounds a single amount of money: a hundred billion yuan (1000亿元). Nine hundred thousand of them add up in 64 bits.
const MaxFen Fen = 10_000_000_000_000

// units of money that a text may name, in fen.
var units = []struct {
	name string
	fen  uint64
}{{"亿元", 1e10}, {"万元", 1e6}, {"元", 100}, {"分", 1}}

// ParseFen reads an amount with its unit as Chinese documents write it: 500万元, 1亿元, 200000元, 0.05元, 5分. A bare number
// is refused, because nobody can tell whether it means yuan, 万元 or fen; so is what is no whole number of fen.
func ParseFen(s string) (Fen, error) {
	t := strings.ReplaceAll(strings.TrimSpace(s), " ", "")
	for _, u := range units {
		digits, ok := strings.CutSuffix(t, u.name)
		if !ok {
			continue
		}
		d, err := Parse(strings.ReplaceAll(digits, ",", ""))
		if err != nil {
			return 0, fmt.Errorf("%q is not an amount of money: %w", s, err)
		}
		hi, lo := bits.Mul64(abs(d.Coef), u.fen)
		p := Pow10(d.Scale)
		if hi >= p {
			return 0, fmt.Errorf("%q: %w", s, ErrRange)
		}
		fen, rest := bits.Div64(hi, lo, p)
		if rest != 0 {
			return 0, fmt.Errorf("%q is no whole number of fen; money has two digits behind the point", s)
		}
		if fen > uint64(MaxFen) {
			return 0, fmt.Errorf("%q is more than %s", s, MaxFen)
		}
		if d.Coef < 0 {
			return -Fen(fen), nil
		}
		return Fen(fen), nil
	}
	return 0, fmt.Errorf("%q has no unit; write it with 元, 万元, 亿元 or 分, such as 500万元", s)
}

// String writes yuan with two digits and groups of three: 5,000,000.00.
func (f Fen) String() string {
	n := abs(int64(f))
	s := strconv.FormatUint(n/100, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	s += fmt.Sprintf(".%02d", n%100)
	if f < 0 {
		return "-" + s
	}
	return s
}

// UnmarshalYAML reads an amount with its unit.
func (f *Fen) UnmarshalYAML(unmarshal func(any) error) error {
	var s string
	if err := unmarshal(&s); err != nil {
		return err
	}
	v, err := ParseFen(s)
	*f = v
	return err
}

// Rounding says what becomes of a part of the unit that is paid.
type Rounding uint8

// Roundings. Down is the default: a ceiling is never exceeded.
const (
	Down Rounding = iota
	HalfUp
	HalfEven
	Up
)

// Of returns rate × base, rounded to whole units of unit fen. The product is exact in 128 bits before it is rounded once.
// base and unit must not be negative, nor the rate. Error: ErrRange when the result exceeds MaxFen.
func Of(rate Decimal, base Fen, unit Fen, mode Rounding) (Fen, error) {
	hi, lo := bits.Mul64(uint64(rate.Coef), uint64(base))
	return rounded(hi, lo, Pow10(rate.Scale), unit, mode)
}

// Part is a stretch of a base with its own rate.
type Part struct {
	Rate Decimal // at most 9 digits behind the point
	Base Fen
}

// Sum returns the sum of rate × base of all parts, rounded once. Errors: as Of.
func Sum(parts []Part, unit Fen, mode Rounding) (Fen, error) {
	const scale = 9
	var hi, lo uint64
	for _, p := range parts {
		if p.Rate.Scale > scale {
			return 0, ErrRange
		}
		over, coef := bits.Mul64(uint64(p.Rate.Coef), Pow10(scale-p.Rate.Scale))
		phi, plo := bits.Mul64(coef, uint64(p.Base))
		var carry uint64
		lo, carry = bits.Add64(lo, plo, 0)
		hi, carry = bits.Add64(hi, phi, carry)
		if over != 0 || carry != 0 {
			return 0, ErrRange
		}
	}
	return rounded(hi, lo, Pow10(scale), unit, mode)
}

// rounded divides by div × unit, rounds, and returns whole units in fen.
func rounded(hi, lo, div uint64, unit Fen, mode Rounding) (Fen, error) {
	dhi, d := bits.Mul64(div, uint64(unit))
	if dhi != 0 || hi >= d {
		return 0, ErrRange
	}
	q, r := bits.Div64(hi, lo, d)
	switch mode {
	case HalfUp:
		if r >= d-r {
			q++
		}
	case HalfEven:
		if r > d-r || r == d-r && q%2 == 1 {
			q++
		}
	case Up:
		if r > 0 {
			q++
		}
	}
	whi, fen := bits.Mul64(q, uint64(unit))
	if whi != 0 || fen > uint64(MaxFen) {
		return 0, ErrRange
	}
	return Fen(fen), nil
}
