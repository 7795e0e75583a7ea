package assess

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Points are ten-thousandths of a point: 1.875 points are 18750.
type Points int64

// point is one whole point.
const point = 10_000

// String writes points as a decimal without trailing zeros.
func (p Points) String() string {
	sign := ""
	if p < 0 {
		sign, p = "-", -p
	}
	s := fmt.Sprintf("%s%d.%04d", sign, p/point, p%point)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// parsePoints reads a decimal with at most four digits behind the point.
func parsePoints(s string) (Points, error) {
	q, err := ParseQuantity(s)
	if err != nil {
		return 0, err
	}
	if point%q.den != 0 || q.num > 1_000_000_000 {
		return 0, fmt.Errorf("%q is no number of points; write at most four digits behind the point", s)
	}
	return Points(q.num * (point / q.den)), nil
}

// Quantity is an exact rational number: what was answered or measured. The zero value is 0.
type Quantity struct{ num, den int64 }

// Limits of a quantity: digits before and behind the point.
const (
	maxWhole  = 12
	maxDigits = 6
)

// ParseQuantity reads digits with at most one point and an optional sign: no exponent, no grouping, at most 12 digits before and 6
// behind the point.
func ParseQuantity(s string) (Quantity, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, dot := strings.Cut(digits, ".")
	if whole == "" || dot && part == "" || !allDigits(whole) || !allDigits(part) {
		return Quantity{}, fmt.Errorf("%q is not a decimal number; write digits and at most one point, such as 37.5", s)
	}
	whole, part = strings.TrimLeft(whole, "0"), strings.TrimRight(part, "0")
	if len(whole) > maxWhole || len(part) > maxDigits {
		return Quantity{}, fmt.Errorf("%q is too large or too fine; at most %d digits before and %d behind the point", s, maxWhole, maxDigits)
	}
	if whole+part == "" {
		return Quantity{0, 1}, nil
	}
	n, err := strconv.ParseInt(whole+part, 10, 64)
	if err != nil {
		return Quantity{}, fmt.Errorf("%q is not a decimal number: %w", s, err)
	}
	if negative {
		n = -n
	}
	return ratio(n, pow10(len(part))), nil
}

// Percent is part of whole in per cent, exactly. Whole is above 0.
func Percent(part, whole int64) Quantity {
	r := big.NewRat(part, whole)
	r.Mul(r, big.NewRat(100, 1))
	return Quantity{r.Num().Int64(), r.Denom().Int64()}
}

func ratio(n, d int64) Quantity {
	r := big.NewRat(n, d)
	return Quantity{r.Num().Int64(), r.Denom().Int64()}
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func (q Quantity) parts() (n, d int64) { return q.num, max(q.den, 1) }

// Cmp orders by value.
func (q Quantity) Cmp(o Quantity) int {
	a, b := q.parts()
	c, d := o.parts()
	const small = 1 << 31
	if -small < a && a < small && b < small && -small < c && c < small && d < small {
		return cmp.Compare(a*d, c*b)
	}
	return big.NewRat(a, b).Cmp(big.NewRat(c, d))
}

// String writes a decimal where there is a finite one of at most six digits, else the fraction.
func (q Quantity) String() string {
	n, d := q.parts()
	if million := pow10(maxDigits); million%d == 0 {
		f := big.NewRat(n, d).FloatString(maxDigits)
		return strings.TrimSuffix(strings.TrimRight(f, "0"), ".")
	}
	return fmt.Sprintf("%d/%d", n, d)
}

// MarshalJSON writes String.
func (q Quantity) MarshalJSON() ([]byte, error) { return json.Marshal(q.String()) }

// apportion divides whole among weights: what divides exactly is exact; what does not goes by largest remainders, the first of equals
// before the others. The parts always sum to the whole.
func apportion(whole int64, weights []int64) []int64 {
	out := make([]int64, len(weights))
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		return out
	}
	rest := whole
	rem := make([]int64, len(weights))
	for i, w := range weights {
		out[i], rem[i] = whole*w/sum, whole*w%sum
		rest -= out[i]
	}
	for ; rest > 0; rest-- {
		best := -1
		for i := range rem {
			if weights[i] > 0 && (best < 0 || rem[i] > rem[best]) {
				best = i
			}
		}
		out[best]++
		rem[best] = -1
	}
	return out
}

// interval is a range of numbers; nil bounds are infinite.
type interval struct {
	lo, hi             *Quantity
	loClosed, hiClosed bool
}

// parseInterval reads "[0,10]", "(10,20]", "(50,)".
func parseInterval(s string) (interval, error) {
	bad := fmt.Errorf("%q is no interval; write it like [0,10] or (10,20], where a round bracket excludes the bound, and (50,) for no upper bound", s)
	if len(s) < 3 || !strings.ContainsAny(s[:1], "[(") || !strings.ContainsAny(s[len(s)-1:], "])") {
		return interval{}, bad
	}
	lo, hi, ok := strings.Cut(s[1:len(s)-1], ",")
	if !ok {
		return interval{}, bad
	}
	v := interval{loClosed: s[0] == '[', hiClosed: s[len(s)-1] == ']'}
	for _, b := range []struct {
		s      string
		to     **Quantity
		closed bool
	}{{lo, &v.lo, v.loClosed}, {hi, &v.hi, v.hiClosed}} {
		if b.s == "" {
			if b.closed {
				return interval{}, bad
			}
			continue
		}
		q, err := ParseQuantity(b.s)
		if err != nil {
			return interval{}, bad
		}
		*b.to = &q
	}
	if v.lo != nil && v.hi != nil {
		if c := v.lo.Cmp(*v.hi); c > 0 || c == 0 && !(v.loClosed && v.hiClosed) {
			return interval{}, fmt.Errorf("%q holds no number; its lower bound must be below the upper one", s)
		}
	}
	return v, nil
}

func (v interval) holds(q Quantity) bool {
	if v.lo != nil {
		if c := q.Cmp(*v.lo); c < 0 || c == 0 && !v.loClosed {
			return false
		}
	}
	if v.hi != nil {
		if c := q.Cmp(*v.hi); c > 0 || c == 0 && !v.hiClosed {
			return false
		}
	}
	return true
}

// inside is a number of the interval, for proposals: its upper bound where that belongs to it, else its lower one, else one between.
func (v interval) inside() Quantity {
	switch {
	case v.hi != nil && v.hiClosed:
		return *v.hi
	case v.lo != nil && v.loClosed:
		return *v.lo
	case v.lo != nil && v.hi != nil:
		r := new(big.Rat).Add(big.NewRat(v.lo.parts()), big.NewRat(v.hi.parts()))
		r.Quo(r, big.NewRat(2, 1))
		return Quantity{r.Num().Int64(), r.Denom().Int64()}
	case v.lo != nil:
		r := new(big.Rat).Add(big.NewRat(v.lo.parts()), big.NewRat(1, 1))
		return Quantity{r.Num().Int64(), r.Denom().Int64()}
	case v.hi != nil:
		r := new(big.Rat).Sub(big.NewRat(v.hi.parts()), big.NewRat(1, 1))
		return Quantity{r.Num().Int64(), r.Denom().Int64()}
	}
	return Quantity{0, 1}
}
