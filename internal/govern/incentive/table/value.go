package table

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/govern/incentive/decimal"
)

// Kind is the type of a value.
type Kind uint8

// Kinds. Null is DMN's absence of a value; Unknown is a value that nobody has told yet.
const (
	Null Kind = iota
	Unknown
	Bool
	Number
	String
	Date
)

var kindNames = map[string]Kind{"boolean": Bool, "number": Number, "string": String, "date": Date}

// Value is an input or an output. The zero value is null. Values are comparable with ==.
type Value struct {
	Kind Kind
	Num  decimal.Decimal // of Number; of Date the days since 1970-01-01; of Bool 1 or 0
	Text string          // of String
}

// Of makes values.
func OfNumber(d decimal.Decimal) Value { return Value{Kind: Number, Num: d} }
func OfString(s string) Value          { return Value{Kind: String, Text: s} }
func OfDays(days int64) Value          { return Value{Kind: Date, Num: decimal.Int(days)} }
func OfBool(b bool) Value {
	if b {
		return Value{Kind: Bool, Num: decimal.Int(1)}
	}
	return Value{Kind: Bool}
}

// String writes S-FEEL.
func (v Value) String() string {
	switch v.Kind {
	case Unknown:
		return "?"
	case Bool:
		return strconv.FormatBool(v.Num.Coef == 1)
	case Number:
		return v.Num.String()
	case String:
		return `"` + v.Text + `"`
	case Date:
		return `date("` + time.Unix(v.Num.Coef*86400, 0).UTC().Format(time.DateOnly) + `")`
	}
	return "null"
}

// compare orders two values of one kind; ok is false for different kinds.
func compare(a, b Value) (c int, ok bool) {
	if a.Kind != b.Kind {
		return 0, false
	}
	if a.Kind == String {
		return strings.Compare(a.Text, b.Text), true
	}
	return a.Num.Cmp(b.Num), true
}

// ParseValue reads one literal: a number, a string in quotes, true, false, null or date("yyyy-mm-dd").
func ParseValue(s string) (Value, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "null":
		return Value{}, nil
	case s == "true" || s == "false":
		return OfBool(s == "true"), nil
	case strings.HasPrefix(s, `"`):
		if len(s) < 2 || !strings.HasSuffix(s, `"`) || strings.Contains(s[1:len(s)-1], `"`) {
			return Value{}, fmt.Errorf("%s is not a string; write it between two quotes", s)
		}
		return OfString(s[1 : len(s)-1]), nil
	case strings.HasPrefix(s, "date(") && strings.HasSuffix(s, ")"):
		in, err := ParseValue(s[5 : len(s)-1])
		if err != nil || in.Kind != String {
			return Value{}, fmt.Errorf(`%s is not a date; write date("2020-01-31")`, s)
		}
		t, err := time.Parse(time.DateOnly, in.Text)
		if err != nil {
			return Value{}, fmt.Errorf(`%s is no day of the calendar; write date("2020-01-31")`, s)
		}
		return OfDays(t.Unix() / 86400), nil
	}
	d, err := decimal.Parse(s)
	if err != nil {
		return Value{}, fmt.Errorf(`%q is no value; write a number, "text" in quotes, true, false or date("2020-01-31")`, s)
	}
	return OfNumber(d), nil
}
