package gs1

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
)

// vectors makes data out of the dictionary: valid and broken, by a seed.
type vectors struct{ *rand.Rand }

func newVectors(seed uint64) vectors { return vectors{rand.New(rand.NewPCG(seed, 7))} }

func linterName(l linter) string {
	name := runtime.FuncForPC(reflect.ValueOf(l).Pointer()).Name()
	return name[strings.LastIndex(name, ".lint")+5:]
}

// letters of the sets that element strings in brackets can carry without escapes.
var lettersOf = map[Set]string{
	Numeric: "0123456789", CSET82: strings.NewReplacer("(", "", ")", "").Replace(in82),
	CSET39: "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", CSET64: in64,
}

func (v vectors) letters(set Set, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = lettersOf[set][v.IntN(len(lettersOf[set]))]
	}
	return string(b)
}

func pick[T any](v vectors, list []T) T { return list[v.IntN(len(list))] }

func (v vectors) digits(n int) string { return v.letters(Numeric, n) }

// component makes a valid one of n characters.
func (v vectors) component(c *Component, n int) string {
	for try := range 50_000 {
		if try%500 == 499 { // no value has this length
			n = c.Min + v.IntN(c.Max-c.Min+1)
		}
		s := v.letters(c.Set, n)
		for i := len(c.linters) - 1; i >= 0; i-- {
			s = v.shape(linterName(c.linters[i]), s)
		}
		f := c.Set.check(s)
		for _, l := range c.linters {
			if f.rule == "" {
				f = l(s)
			}
		}
		if f.rule == "" {
			return s
		}
	}
	panic(fmt.Sprintf("no valid component of %d characters for %v", n, c))
}

// shape gives random letters the form that a linter wants, where chance would not find it.
func (v vectors) shape(name, s string) string {
	n := len(s)
	switch name {
	case "Csum":
		return s[:n-1] + string(CheckDigit(s[:n-1]))
	case "Csumalpha":
		if n > 6 {
			s = v.digits(4) + s[4:]
			pair, _ := CheckPair(s[:n-2])
			return s[:n-2] + pair
		}
	case "Gcppos1":
		if n >= 4 {
			return v.digits(4) + s[4:]
		}
	case "Yymmdd", "Yymmd0":
		return fmt.Sprintf("%02d%02d%02d", v.IntN(100), 1+v.IntN(12), 1+v.IntN(28))
	case "Yyyymmdd":
		return fmt.Sprintf("%04d%02d%02d", 1900+v.IntN(200), 1+v.IntN(12), 1+v.IntN(28))
	case "Hhmi":
		return fmt.Sprintf("%02d%02d", v.IntN(24), v.IntN(60))
	case "Iso3166alpha2":
		return pick(v, countryLetters[:])
	case "Iso4217":
		return pick(v, currencies[:])
	case "Packagetype":
		return pick(v, packageTypes[:])
	case "Mediatype":
		return pick(v, mediaTypes[:])
	case "Hyphen":
		return "-"
	case "Zero":
		return strings.Repeat("0", n)
	case "Yesno", "Winding":
		return string(s[0]%2 + '0')
	case "Pieceoftotal":
		total := 1 + v.IntN(99)
		return fmt.Sprintf("%02d%02d", 1+v.IntN(total), total)
	case "Posinseqslash":
		total := 1 + v.IntN(9)
		return fmt.Sprintf("%d/%d", 1+v.IntN(total), total)
	case "Pcenc":
		if n >= 4 {
			return strings.ReplaceAll(s[:n-3], "%", "a") + "%2f"
		}
		return strings.ReplaceAll(s, "%", "a")
	case "Latitude":
		return "0" + s[1:]
	case "Longitude":
		return pick(v, []string{"0", "1", "2"}) + s[1:]
	case "Iban":
		body := v.digits(max(7, n-4))
		for check := range 100 {
			if t := fmt.Sprintf("DE%02d%s", check, body); lintIban(t).rule == "" {
				return t
			}
		}
	case "Couponcode":
		return v.coupon()
	case "Couponposoffer":
		vli := v.IntN(7)
		serial := v.IntN(10)
		return fmt.Sprintf("%d%d%s%s%d%s", v.IntN(2), vli, v.digits(vli+6), v.digits(6), serial, v.digits(serial+6))
	}
	return s
}

func (v vectors) coupon() string {
	purchase := func() string {
		n := 1 + v.IntN(5)
		return fmt.Sprintf("%d%s%s%s", n, v.digits(n), pick(v, []string{"0", "1", "2", "3", "4", "9"}), v.digits(3))
	}
	company, saving := v.IntN(7), 1+v.IntN(5)
	s := fmt.Sprintf("%d%s%s%d%s", company, v.digits(company+6), v.digits(6), saving, v.digits(saving)) + purchase()
	if v.IntN(2) == 0 {
		s += "1" + fmt.Sprint(v.IntN(4)) + purchase() + "9"
	}
	if v.IntN(2) == 0 {
		s += "3261231"
	}
	if v.IntN(2) == 0 {
		s += "4260101"
	}
	if v.IntN(2) == 0 && len(s) < 50 {
		s += "5" + "0" + v.digits(6)
	}
	if v.IntN(2) == 0 && len(s) < 60 {
		s += "9" + "5" + "2" + "0" + "1"
	}
	if len(s) > 70 {
		return v.coupon()
	}
	return s
}

// value makes a valid value: short, long or anything between.
func (v vectors) value(d *AI) string {
	var b strings.Builder
	for i := range d.Components {
		c := &d.Components[i]
		if c.Optional && v.IntN(2) == 0 {
			break
		}
		b.WriteString(v.component(c, c.Min+v.IntN(c.Max-c.Min+1)))
	}
	return b.String()
}

// broken changes a valid value a little; it may come out valid again.
func (v vectors) broken(value string) string {
	b := []byte(value)
	other := pick(v, []byte(lettersOf[CSET82]+"0123456789 $"))
	switch at := v.IntN(len(b)); v.IntN(5) {
	case 0:
		return value[:at]
	case 1:
		return value + string(other)
	case 2:
		return value[:at] + value[at+1:]
	case 3:
		b[at] = '0' + byte(v.IntN(10))
	default:
		b[at] = other
	}
	return string(b)
}

// ofRange returns an AI of an entry.
func (v vectors) ofRange(d *AI) string {
	last := len(d.First) - 1
	if d.First[:last] != d.Last[:last] {
		return d.First
	}
	return d.First[:last] + string(d.First[last]+byte(v.IntN(int(d.Last[last]-d.First[last])+1)))
}

func (v vectors) element(ai string) string { return "(" + ai + ")" + v.value(Lookup(ai)) }

// concrete makes an AI of a pattern such as 35nn.
func (v vectors) concrete(pattern string) string {
	if !strings.Contains(pattern, "n") {
		return pattern
	}
	var fits []string
	for i := range ais {
		if d := &ais[i]; len(d.First) == len(pattern) && strings.HasPrefix(d.First, strings.TrimRight(pattern, "n")) {
			fits = append(fits, d.First)
		}
	}
	return pick(v, fits)
}

// content are bracketed strings of one AI, to be judged without its requisites.
func (v vectors) content(valid, wrong int) (out []string) {
	for i := range ais {
		d := &ais[i]
		for range valid {
			out = append(out, v.element(v.ofRange(d)))
		}
		for range wrong {
			if b := v.broken(v.value(d)); b != "" {
				out = append(out, "("+v.ofRange(d)+")"+b)
			}
		}
	}
	return out
}

// together are bracketed strings of several AIs, to be judged with their requisites.
func (v vectors) together(random int) (out []string) {
	for i := range ais {
		d := &ais[i]
		self := v.element(v.ofRange(d))
		out = append(out, self)
		for _, choice := range d.Requires {
			for _, group := range choice {
				s := self
				for _, p := range group {
					s += v.element(v.concrete(p))
				}
				out = append(out, s)
			}
		}
		for _, p := range d.Excludes {
			out = append(out, self+v.element(v.concrete(p)), v.element("01")+self+v.element(v.concrete(p)))
		}
	}
	for range random {
		s := v.element(pick(v, []string{"01", "00", "02", "8006", "8003", "414", "255", "8018"}))
		for range 1 + v.IntN(4) {
			s += v.element(v.ofRange(&ais[v.IntN(len(ais))]))
		}
		out = append(out, s)
	}
	return out
}
