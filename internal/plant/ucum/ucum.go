package ucum

import (
	"fmt"
	"math"
	"strings"
	"sync"

	"jingwei/internal/kernel/text"
)

// Dimension holds the exponents of the base units: metre, second, gram, radian, kelvin, coulomb, candela.
type Dimension [len(bases)]int

// Unit is a parsed code.
type Unit struct {
	Code      string
	Dimension Dimension
	Factor    float64 // one of it in base units
	special   special
}

// Bounds of a code.
const (
	maxCode     = 64
	maxDepth    = 8
	maxExponent = 99
)

// Error tells what is wrong with a code.
type Error struct {
	Code string // at most the first characters of it
	Text text.Text
}

func (e *Error) Error() string { return fmt.Sprintf("unit %q: %s", e.Code, e.Text.En) }

// bad words an error; the arguments are those of both languages.
func bad(zh, en string, args ...any) *Error {
	return &Error{Text: text.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}}
}

// Parse reads a code. The error is an *Error.
func Parse(code string) (Unit, error) {
	fail := func(err *Error) (Unit, error) {
		err.Code = cut(code)
		return Unit{}, err
	}
	if code == "" || len(code) > maxCode {
		return fail(bad("应为 1 到 %d 个字符", "want 1 to %d characters", maxCode))
	}
	for _, r := range code {
		if r < 33 || r > 126 {
			return fail(bad("UCUM 代码中不会出现 %q", "%q does not occur in UCUM codes", r))
		}
	}
	p := parser{s: code, lookup: func(name string) (Unit, bool) { u, ok := known()[name]; return u, ok }}
	u, err := p.term(0)
	if err == nil && p.i < len(code) {
		err = bad("%q 之后不能再有内容", "nothing may follow %q", code[:p.i])
	}
	if err != nil {
		return fail(err)
	}
	if p.special > 0 && p.parts > 1 {
		return fail(bad("带零点偏移或对数的单位只能单独使用", "a unit with an offset or a logarithm stands alone"))
	}
	u.Code = code
	return u, nil
}

func cut(s string) string {
	if len(s) > maxCode {
		return s[:maxCode] + "…"
	}
	return s
}

// Commensurable tells whether values of one can be given in the other.
func Commensurable(a, b Unit) bool {
	if a.special == logarithm || b.special == logarithm {
		return a.Code == b.Code
	}
	return a.Dimension == b.Dimension
}

// Convert gives a value of one unit in another. It returns an error when they are not commensurable.
func Convert(v float64, from, to Unit) (float64, error) {
	if !Commensurable(from, to) {
		return 0, fmt.Errorf("%s cannot be given in %s", from.Code, to.Code)
	}
	if from.Code == to.Code {
		return v, nil
	}
	if from.special == 0 && to.special == 0 {
		return v * (from.Factor / to.Factor), nil
	}
	return to.fromBase(from.toBase(v)), nil
}

func (u Unit) toBase(v float64) float64 {
	switch u.special {
	case celsius:
		return v*u.Factor + 273.15
	case fahrenheit:
		return (v + 459.67) * u.Factor
	}
	return v * u.Factor
}

func (u Unit) fromBase(v float64) float64 {
	switch u.special {
	case celsius:
		return (v - 273.15) / u.Factor
	case fahrenheit:
		return v/u.Factor - 459.67
	}
	return v / u.Factor
}

// parser follows section 2.1: term = ["/"] component *(("."|"/") component).
type parser struct {
	s       string
	lookup  func(name string) (Unit, bool)
	i       int
	parts   int     // atoms, factors and parentheses met
	special special // met anywhere
}

func (p *parser) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *parser) term(depth int) (Unit, *Error) {
	if depth > maxDepth {
		return Unit{}, bad("括号嵌套超过 %d 层", "more than %d parentheses in each other", maxDepth)
	}
	out := Unit{Factor: 1}
	sign := 1
	if p.peek() == '/' {
		p.i++
		p.parts++
		sign = -1
	}
	for {
		c, err := p.component(depth)
		if err != nil {
			return out, err
		}
		for d := range out.Dimension {
			out.Dimension[d] += sign * c.Dimension[d]
		}
		out.Factor *= math.Pow(c.Factor, float64(sign))
		out.special = max(out.special, c.special)
		switch p.peek() {
		case '.':
			sign = 1
		case '/':
			sign = -1
		default:
			if out.Factor == 0 || math.IsInf(out.Factor, 0) {
				return out, bad("数量级过大或过小", "is too large or too small")
			}
			return out, nil
		}
		p.i++
	}
}

func (p *parser) component(depth int) (Unit, *Error) {
	c := p.peek()
	switch {
	case c == '(':
		p.i++
		p.parts++
		u, err := p.term(depth + 1)
		if err != nil {
			return u, err
		}
		if p.peek() != ')' {
			return u, bad("圆括号没有闭合", "a parenthesis is not closed")
		}
		p.i++
		return u, nil
	case c == '{':
		p.parts++
		return Unit{Factor: 1}, p.annotation()
	case c >= '0' && c <= '9' && !p.ten():
		p.parts++
		n := 0
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			if n = n*10 + int(c-'0'); n > 1e9 {
				return Unit{}, bad("系数最大为 1000000000；请写成 10*12 的形式", "a factor is at most 1000000000; write 10*12")
			}
			p.i++
		}
		if n == 0 {
			return Unit{}, bad("系数不能为 0", "a factor is not 0")
		}
		return Unit{Factor: float64(n)}, nil
	}
	u, err := p.simple()
	if err != nil {
		return u, err
	}
	if p.peek() == '{' {
		err = p.annotation()
	}
	return u, err
}

// ten tells whether the atom 10* or 10^ stands here, which looks like a factor.
func (p *parser) ten() bool {
	return strings.HasPrefix(p.s[p.i:], "10*") || strings.HasPrefix(p.s[p.i:], "10^")
}

func (p *parser) annotation() *Error {
	end := strings.IndexAny(p.s[p.i+1:], "{}")
	if end < 0 || p.s[p.i+1+end] == '{' {
		return bad("花括号没有闭合", "a brace is not closed")
	}
	p.i += end + 2
	return nil
}

// simple reads an atom with prefix and exponent.
func (p *parser) simple() (Unit, *Error) {
	from := p.i
	if p.ten() {
		p.i += 3
	} else {
		for p.i < len(p.s) && !strings.ContainsRune("./(){}+-0123456789", rune(p.s[p.i])) {
			if p.s[p.i] == '[' {
				end := strings.IndexByte(p.s[p.i:], ']')
				if end < 0 {
					return Unit{}, bad("方括号没有闭合", "a bracket is not closed")
				}
				p.i += end
			}
			p.i++
		}
	}
	name := p.s[from:p.i]
	if name == "" {
		if from == len(p.s) {
			return Unit{}, bad("末尾缺少单位", "a unit is missing at the end")
		}
		return Unit{}, bad("%q 之前缺少单位", "a unit is missing before %q", p.s[from:])
	}
	u, ok := p.lookup(name)
	if !ok {
		if right := habits[name]; right != "" {
			return Unit{}, bad("%q 不是 UCUM 单位；请写成 %s", "%q is not a UCUM unit; write %s", name, right)
		}
		return Unit{}, bad("%q 不在经纬支持的 UCUM 单位之内", "%q is not a unit of the part of UCUM that Jingwei knows", name)
	}
	p.parts++
	p.special = max(p.special, u.special)
	e, err := p.exponent()
	if err != nil {
		return Unit{}, err
	}
	if e != 1 {
		if u.special > 0 {
			return Unit{}, bad("%q 不能有指数", "%q has no powers", name)
		}
		u.Factor = math.Pow(u.Factor, float64(e))
		for d := range u.Dimension {
			u.Dimension[d] *= e
		}
	}
	return u, nil
}

func (p *parser) exponent() (int, *Error) {
	sign, from := 1, p.i
	switch p.peek() {
	case '+':
		p.i++
	case '-':
		sign = -1
		p.i++
	}
	n, digits := 0, 0
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		if n = n*10 + int(c-'0'); n > maxExponent {
			return 0, bad("指数最大为 %d", "an exponent is at most %d", maxExponent)
		}
		digits++
		p.i++
	}
	switch {
	case digits == 0 && p.i > from:
		return 0, bad("有符号而没有指数", "a sign without an exponent")
	case digits == 0:
		return 1, nil
	case n == 0:
		return 0, bad("指数不能为 0", "an exponent is not 0")
	}
	return sign * n, nil
}

// habits are what people write, and what UCUM calls it.
var habits = map[string]string{
	"rpm": "{rev}/min", "kWh": "kW.h", "Wh": "W.h", "MWh": "MW.h", "kvarh": "kV.A{reactive}.h", "kvar": "kV.A{reactive}", "var": "V.A{reactive}",
	"VA": "V.A", "kVA": "kV.A", "Ah": "A.h", "Nm": "N.m", "°C": "Cel", "C°": "Cel", "ppm": "[ppm]", "psi": "[psi]", "in": "[in_i]", "inch": "[in_i]",
	"sec": "s", "hour": "h", "hr": "h", "day": "d", "rev": "{rev}", "pcs": "{piece}", "kph": "km/h", "mmHg": "mm[Hg]", "Mpa": "MPa", "KW": "kW",
	"KWh": "kW.h", "kgs": "kg", "KG": "kg", "degC": "Cel", "deg": "deg", "F°": "[degF]", "ton": "t", "tce": "t{coal_equivalent}",
}

// known is the table with every prefix of every metric unit, worked out once. A plain unit wins over a prefixed one of
// the same letters (cd, Pa, min).
var known = sync.OnceValue(func() map[string]Unit {
	table := map[string]atom{}
	for _, a := range atoms {
		table[a.code] = a
	}
	out := map[string]Unit{}
	var resolve func(name string) (Unit, bool)
	define := func(a atom) Unit {
		u := Unit{Factor: 1}
		if a.term == "" {
			for i, b := range bases {
				if b == a.code {
					u.Dimension[i] = 1
				}
			}
			return u
		}
		p := parser{s: a.term, lookup: resolve}
		u, err := p.term(0)
		if err != nil || p.i < len(a.term) {
			panic(fmt.Sprintf("ucum: the table's %s = %s: %v", a.code, a.term, err))
		}
		u.Factor *= a.value
		u.special = a.kind
		return u
	}
	resolve = func(name string) (Unit, bool) {
		if u, ok := out[name]; ok {
			return u, true
		}
		if a, ok := table[name]; ok {
			out[name] = define(a)
			return out[name], true
		}
		for prefix, factor := range prefixes {
			if rest, ok := strings.CutPrefix(name, prefix); ok && table[rest].metric {
				u, _ := resolve(rest)
				u.Factor *= factor
				return u, true
			}
		}
		return Unit{}, false
	}
	for _, a := range atoms {
		resolve(a.code)
	}
	for _, a := range atoms {
		for prefix, factor := range prefixes {
			if _, plain := out[prefix+a.code]; a.metric && !plain {
				u := out[a.code]
				u.Factor *= factor
				out[prefix+a.code] = u
			}
		}
	}
	return out
})
