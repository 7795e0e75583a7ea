// Package decimal holds exact decimal numbers, money in fen and rates as laws write them. Nothing here is a binary
// floating-point number: 0.3 is three tenths, and what a file says in 万元 is that many fen to the last one.
package decimal

import (
	"cmp"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// maxScale bounds the digits behind the point, so that aligning two numbers stays within 128 bits.
const maxScale = 18

// Decimal is Coef / 10^Scale. The zero value is 0. Two decimals of one value may differ in form until they are
// normalised; Parse and the arithmetic here return normalised ones, so that == compares values.
type Decimal struct {
	Coef  int64
	Scale uint8 // at most 18
}

// ErrRange tells that a result does not fit.
var ErrRange = errors.New("the number is too large or too fine")

// Int is a whole number.
func Int(n int64) Decimal { return Decimal{Coef: n} }

// New is coef / 10^scale, normalised.
func New(coef int64, scale uint8) Decimal { return Decimal{coef, scale}.normal() }

// Parse reads digits with at most one point and an optional sign, at most 18 digits behind the point: no exponent, no
// grouping. Errors name the text.
func Parse(s string) (Decimal, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, point := strings.Cut(digits, ".")
	if whole == "" || point && part == "" || !allDigits(whole) || !allDigits(part) {
		return Decimal{}, fmt.Errorf("%q is not a decimal number; write digits and at most one point, such as 0.3", s)
	}
	part = strings.TrimRight(part, "0")
	if len(part) > maxScale {
		return Decimal{}, fmt.Errorf("%q has more than %d digits behind the point: %w", s, maxScale, ErrRange)
	}
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		return Decimal{}, fmt.Errorf("%q: %w", s, ErrRange)
	}
	if negative {
		n = -n
	}
	return Decimal{n, uint8(len(part))}.normal(), nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (d Decimal) normal() Decimal {
	for d.Scale > 0 && d.Coef%10 == 0 {
		d.Coef, d.Scale = d.Coef/10, d.Scale-1
	}
	return d
}

// Cmp orders by value: negative, 0, positive.
func (d Decimal) Cmp(e Decimal) int {
	if (d.Coef < 0) != (e.Coef < 0) || d.Scale == e.Scale {
		return cmp.Compare(d.Coef, e.Coef)
	}
	hi1, lo1 := bits.Mul64(abs(d.Coef), Pow10(max(e.Scale, d.Scale)-d.Scale))
	hi2, lo2 := bits.Mul64(abs(e.Coef), Pow10(max(e.Scale, d.Scale)-e.Scale))
	c := cmp.Compare(hi1, hi2)
	if c == 0 {
		c = cmp.Compare(lo1, lo2)
	}
	if d.Coef < 0 {
		return -c
	}
	return c
}

// Add returns the exact sum. Error: ErrRange.
func (d Decimal) Add(e Decimal) (Decimal, error) {
	scale := max(d.Scale, e.Scale)
	a, ok1 := scaled(d.Coef, scale-d.Scale)
	b, ok2 := scaled(e.Coef, scale-e.Scale)
	sum := a + b
	if !ok1 || !ok2 || (a > 0) == (b > 0) && (sum > 0) != (a > 0) && a != 0 {
		return Decimal{}, ErrRange
	}
	return Decimal{sum, scale}.normal(), nil
}

func scaled(n int64, by uint8) (int64, bool) {
	hi, lo := bits.Mul64(abs(n), Pow10(by))
	if hi != 0 || lo > 1<<63-1 {
		return 0, false
	}
	if n < 0 {
		return -int64(lo), true
	}
	return int64(lo), true
}

func abs(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Pow10 is 10^n for n up to 18.
func Pow10(n uint8) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// String writes the shortest form that Parse reads back.
func (d Decimal) String() string {
	d = d.normal()
	s := strconv.FormatUint(abs(d.Coef), 10)
	if d.Scale > 0 {
		if pad := int(d.Scale) + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		s = s[:len(s)-int(d.Scale)] + "." + s[len(s)-int(d.Scale):]
	}
	if d.Coef < 0 {
		return "-" + s
	}
	return s
}
