package formula

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"jingwei/internal/plant/ucum"
)

// Money is the code of the currency, which UCUM does not have: a dimension of its own. It stands like any other unit: CNY,
// CNY/GJ.
const Money = "CNY"

// dimension holds the exponents of UCUM's base units, and behind them that of money.
type dimension [len(ucum.Dimension{}) + 1]int

// Unit is a unit of an input or a result.
type Unit struct {
	Code      string
	dimension dimension
	factor    float64 // one of it in base units; read as the decimal it is written as where exactness matters
}

// habits are what people write in declarations, and what it is called here. A tonne of coal equivalent is energy: 1 kgce = 29 307.6 kJ
// (GB/T 2589-2020).
var habits = map[string]string{
	"": "1", "个": "1", "家": "1", "户": "1", "台": "1", "套": "1", "人": "1", "项": "1", "次": "1", "件": "1", "％": "%",
	"元": "CNY", "万元": "10*4.CNY", "亿元": "10*8.CNY", "千瓦时": "kW.h", "万千瓦时": "10*4.kW.h", "kWh": "kW.h", "MWh": "MW.h", "度": "kW.h",
	"吨标准煤": "29307600.kJ", "tce": "29307600.kJ", "万吨标准煤": "10*4.29307600.kJ", "天": "d", "日": "d", "吨": "t",
}

// ParseUnit reads a UCUM code in which CNY may stand, or one of the words of declarations (万元, tce).
func ParseUnit(code string) (Unit, error) {
	u := Unit{Code: code}
	if word, ok := habits[strings.TrimSpace(code)]; ok {
		u.Code = word
	}
	rest, err := u.takeMoney()
	if err != nil {
		return u, err
	}
	known, err := ucum.Parse(rest)
	if err != nil {
		return u, err
	}
	plain := ucum.Unit{Code: "plain", Dimension: known.Dimension, Factor: 1}
	if zero, err := ucum.Convert(0, known, plain); err != nil || zero != 0 {
		return u, fmt.Errorf("unit %q has an offset or a logarithm; its numbers cannot be added", code)
	}
	copy(u.dimension[:], known.Dimension[:])
	u.factor = known.Factor
	return u, nil
}

// takeMoney finds CNY among the components of the code, counts it, and returns the code with 1 in its place.
func (u *Unit) takeMoney() (rest string, err error) {
	var b strings.Builder
	outer, sign, quoted, from := []int{1}, 1, 0, 0 // signs of the parentheses around, of the component, depth of braces and brackets
	take := func(to int) {
		part := u.Code[from:to]
		switch exponent, is := strings.CutPrefix(part, Money); {
		case !is:
			b.WriteString(part)
		case exponent == "":
			u.dimension[len(u.dimension)-1] += sign
			b.WriteByte('1')
		default:
			err = fmt.Errorf("unit %q: money has no powers", u.Code)
		}
	}
	for i, c := range []byte(u.Code) {
		switch {
		case c == '{' || c == '[':
			quoted++
		case c == '}' || c == ']':
			quoted--
		case quoted == 0 && strings.IndexByte("./()", c) >= 0:
			take(i)
			b.WriteByte(c)
			from = i + 1
			switch {
			case c == '(':
				outer = append(outer, sign)
			case c == ')' && len(outer) > 1:
				outer = outer[:len(outer)-1]
			}
			if sign = outer[len(outer)-1]; c == '/' {
				sign = -sign
			}
		}
	}
	take(len(u.Code))
	return b.String(), err
}

// Same tells whether numbers of two units can be added as they are.
func Same(a, b Unit) bool { return a.dimension == b.dimension && near(a.factor, b.factor) }

// Commensurable tells whether one can be given in the other.
func Commensurable(a, b Unit) bool { return a.dimension == b.dimension }

// none tells whether it is a pure number: 1, %, {piece}.
func (u Unit) none() bool { return u.dimension == dimension{} }

// near: factors are products of decimal prefixes and seconds of an hour; they differ in the last bit at most.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-12*math.Max(math.Abs(a), math.Abs(b)) }

// Convert gives a number of one unit in another, exactly. Error: they are of different dimensions, or one is no rational multiple of
// the other that can be told exactly.
func Convert(v *big.Rat, from, to Unit) (*big.Rat, error) {
	if !Commensurable(from, to) {
		return nil, fmt.Errorf("%s cannot be given in %s", from.Code, to.Code)
	}
	if near(from.factor, to.factor) {
		return v, nil
	}
	r, ok := ratio(from.factor, to.factor)
	if !ok {
		return nil, fmt.Errorf("%s cannot be given in %s exactly", from.Code, to.Code)
	}
	return new(big.Rat).Mul(v, r), nil
}

// ratio is a/b where it is a whole number or one over a whole number, as between the units of one quantity, or a short decimal.
func ratio(a, b float64) (*big.Rat, bool) {
	whole := func(f float64) (*big.Rat, bool) {
		n := math.Round(f)
		if n < 1 || n > 1<<53 || !near(f, n) {
			return nil, false
		}
		return new(big.Rat).SetInt64(int64(n)), true
	}
	if r, ok := whole(a / b); ok {
		return r, true
	}
	if r, ok := whole(b / a); ok {
		return r.Inv(r), true
	}
	s := strconv.FormatFloat(a/b, 'g', 12, 64)
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, false
	}
	f, _ := r.Float64()
	digits := strings.TrimLeft(strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, strings.SplitN(s, "e", 2)[0]), "0")
	return r, near(f, a/b) && len(strings.TrimRight(digits, "0")) <= 9
}

// over multiplies (sign 1) or divides (-1) the units of two numbers.
func (u Unit) over(o Unit, sign int) Unit {
	out := Unit{dimension: u.dimension, factor: u.factor * math.Pow(o.factor, float64(sign))}
	for i := range out.dimension {
		out.dimension[i] += sign * o.dimension[i]
	}
	switch {
	case o.Code == "1":
		out.Code = u.Code
	case sign > 0 && u.Code == "1":
		out.Code = o.Code
	case sign > 0:
		out.Code = u.Code + "." + o.Code
	default:
		out.Code = u.Code + "/" + group(o.Code)
	}
	if out.none() && near(out.factor, 1) {
		out.Code = "1"
	}
	return out
}

func group(code string) string {
	if strings.ContainsAny(code, "./") {
		return "(" + code + ")"
	}
	return code
}
