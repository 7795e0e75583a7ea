package calc

import (
	"math/big"
	"strings"

	"jingwei/internal/kernel/field"
)

// Rounding says what becomes of what lies behind the last place.
type Rounding string

// The roundings.
const (
	HalfUp Rounding = "half-up" // 四舍五入: a half away from zero; the default
	Down   Rounding = "down"    // towards zero
)

// Roundings that exist.
var Roundings = []Rounding{HalfUp, Down}

func rational(digits string) (*big.Rat, bool) {
	whole, part, point := strings.Cut(digits, ".")
	if whole == "" || point && part == "" || strings.Contains(part, ".") || len(digits) > 40 {
		return nil, false
	}
	return new(big.Rat).SetString(digits)
}

// Eval works an expression out over a record in canonical form. ok is false where something that it needs is not known.
func (n *Node) Eval(fields field.Schema, r field.Record) (value *big.Rat, ok bool) {
	switch n.Op {
	case "number":
		return rational(n.Value)
	case "field":
		return known(fields.Field(n.Field), r[n.Field])
	case "count":
		items, ok := r[n.Field].([]field.Record)
		return new(big.Rat).SetInt64(int64(len(items))), ok
	case "sum", "least", "most":
		return n.over(fields, r)
	}
	args := make([]*big.Rat, len(n.Args))
	for i, a := range n.Args {
		if args[i], ok = a.Eval(fields, r); !ok {
			return nil, false
		}
	}
	out := new(big.Rat)
	switch n.Op {
	case "neg":
		return out.Neg(args[0]), true
	case "+":
		return out.Add(args[0], args[1]), true
	case "-":
		return out.Sub(args[0], args[1]), true
	case "*":
		return out.Mul(args[0], args[1]), true
	case "/":
		if args[1].Sign() == 0 {
			return nil, false
		}
		return out.Quo(args[0], args[1]), true
	case "change":
		if args[1].Sign() <= 0 {
			return nil, false
		}
		out.Quo(out.Sub(args[0], args[1]), args[1])
		return out.Mul(out, big.NewRat(100, 1)), true
	case "min", "max":
		return extreme(args, n.Op == "min"), true
	}
	return nil, false
}

// over goes over the items of a list; one that does not say makes the whole unknown.
func (n *Node) over(fields field.Schema, r field.Record) (*big.Rat, bool) {
	list, key, _ := strings.Cut(n.Field, ".")
	items, ok := r[list].([]field.Record)
	if !ok || len(items) == 0 {
		return nil, false
	}
	f := fields.Field(n.Field)
	values := make([]*big.Rat, len(items))
	for i, item := range items {
		if values[i], ok = known(f, item[key]); !ok {
			return nil, false
		}
	}
	if n.Op != "sum" {
		return extreme(values, n.Op == "least"), true
	}
	total := new(big.Rat)
	for _, v := range values {
		total.Add(total, v)
	}
	return total, true
}

func extreme(values []*big.Rat, least bool) *big.Rat {
	best := values[0]
	for _, v := range values[1:] {
		if c := v.Cmp(best); c < 0 && least || c > 0 && !least {
			best = v
		}
	}
	return best
}

// known is a value of a number's field.
func known(f *field.Field, v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), f != nil
	case string:
		if f == nil || f.Type != field.Decimal {
			return nil, false
		}
		return new(big.Rat).SetString(v)
	}
	return nil, false
}

// Canonical is a value as a field keeps it: whole numbers as int64, a decimal with all its places. ok is false where it is too large.
func Canonical(v *big.Rat, f *field.Field, rounding Rounding) (any, bool) {
	places := 0
	if f.Type == field.Decimal {
		places = f.Places
	}
	scaled := new(big.Int).Mul(v.Num(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	whole, rest := new(big.Int).QuoRem(scaled, v.Denom(), new(big.Int))
	if rounding != Down && rest.Abs(rest).Lsh(rest, 1).Cmp(v.Denom()) >= 0 {
		whole.Add(whole, big.NewInt(int64(v.Sign())))
	}
	if !whole.IsInt64() || whole.Int64() > field.MaxWhole || whole.Int64() < -field.MaxWhole {
		return nil, false
	}
	if f.Type == field.Decimal {
		return field.FormatUnits(whole.Int64(), places), true
	}
	return whole.Int64(), true
}
