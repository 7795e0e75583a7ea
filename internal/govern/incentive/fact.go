package incentive

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/kernel/text"
)

// Fact is one thing that a measure asks of an enterprise or its project.
type Fact struct {
	Key      string    `json:"key" yaml:"key"`   // words joined by dots; the same key means the same fact in every pack
	Type     string    `json:"type" yaml:"type"` // bool, choice, set, count, money, date, amounts
	Name     text.Text `json:"name" yaml:"name"`
	Grade    string    `json:"grade" yaml:"grade"`               // what evidence this measure asks for at least
	Evidence text.Text `json:"evidence" yaml:"evidence"`         // what proves it
	Options  []Option  `json:"options,omitempty" yaml:"options"` // of choice and set: those that this measure names
	Judged   bool      `json:"judged,omitempty" yaml:"judged"`   // a person decides it; the law gives no measure

	grade Grade
}

// Option is a value of a choice or a set.
type Option struct {
	ID   string    `json:"id" yaml:"id"`
	Name text.Text `json:"name" yaml:"name"`
}

// Type is the type of a fact's values.
type Type uint8

// Types.
const (
	TypeBool    Type = iota + 1
	TypeChoice       // one of several
	TypeSet          // some of several
	TypeCount        // a whole number, not negative
	TypeMoney        // fen, not negative
	TypeDate         // a day
	TypeAmounts      // dated amounts of money, such as contracts
)

var typeNames = map[string]Type{
	"bool": TypeBool, "choice": TypeChoice, "set": TypeSet, "count": TypeCount, "money": TypeMoney, "date": TypeDate, "amounts": TypeAmounts,
}

func (t Type) String() string {
	for n, v := range typeNames {
		if v == t {
			return n
		}
	}
	return "?"
}

// Value is what is known of a fact. Make it with Bool, Choice, SetOf, Count, Money, Day or Amounts.
type Value struct {
	typ   Type
	n     int64
	words []string
	items []Item
}

// Item is one dated amount.
type Item struct {
	Date   Date
	Amount decimal.Fen
}

// Bool is yes or no.
func Bool(b bool) Value {
	if b {
		return Value{typ: TypeBool, n: 1}
	}
	return Value{typ: TypeBool}
}

// Choice is one option.
func Choice(id string) Value { return Value{typ: TypeChoice, words: []string{id}} }

// SetOf is some options.
func SetOf(ids ...string) Value { return Value{typ: TypeSet, words: ids} }

// Count is a whole number.
func Count(n int64) Value { return Value{typ: TypeCount, n: n} }

// Money is an amount.
func Money(f decimal.Fen) Value { return Value{typ: TypeMoney, n: int64(f)} }

// Day is a date.
func Day(d Date) Value { return Value{typ: TypeDate, n: int64(d)} }

// Amounts are dated amounts in any order; of two on one day the earlier in the list counts as earlier.
func Amounts(items ...Item) Value { return Value{typ: TypeAmounts, items: items} }

// Type tells which it is.
func (v Value) Type() Type { return v.typ }

// Known is a value with the grade of its evidence.
type Known struct {
	Value Value
	Grade Grade
}

// Award is support that was granted before.
type Award struct {
	Measure string // id
	Object  string // the project or other object it was granted for
	Date    Date
	Amount  decimal.Fen
}

// Subject is who asks for what: an enterprise with one project or other object, and what is known of both. A fact that is
// absent is unknown.
type Subject struct {
	ID     string // of the enterprise
	Object string // of the project, as the ledger of awards names it
	Facts  map[string]Known
	Awards []Award           // all that the ledger holds for this enterprise
	Chosen map[string]string // by group of alternatives: the measure that the applicant chose
}

// limits of what comes from outside.
const (
	maxOptions = 64 // a mask is one word
	maxItems   = 10_000
	maxText    = 2000
)

var (
	keyForm  = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	wordForm = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,80}$`)
)

// Errors about a subject's facts, wrapped with the fact's key.
var (
	ErrType = errors.New("a fact is of another type than the measures ask for")
	ErrFact = errors.New("a fact does not fit") // negative, too large, or unreadable
)

func (v Value) check() error {
	switch v.typ {
	case TypeCount, TypeMoney:
		if v.n < 0 || v.n > int64(decimal.MaxFen) {
			return fmt.Errorf("%w: %d is negative or too large", ErrFact, v.n)
		}
	case TypeAmounts:
		if len(v.items) > maxItems {
			return fmt.Errorf("%w: %d amounts; at most %d fit", ErrFact, len(v.items), maxItems)
		}
		for _, it := range v.items {
			if it.Amount < 0 || it.Amount > decimal.MaxFen {
				return fmt.Errorf("%w: the amount %s of %s is negative or too large", ErrFact, it.Amount, it.Date)
			}
		}
	case 0:
		return fmt.Errorf("%w: it has no value", ErrFact)
	}
	return nil
}

// check reports what is wrong with the declaration of a fact.
func (f *Fact) check(at string, report func(where, what string)) {
	if !keyForm.MatchString(f.Key) || len(f.Key) > 100 {
		report(at+".key", fmt.Sprintf("%q is not a key; use lowercase words joined by dots, such as project.investment", f.Key))
	}
	t, ok := typeNames[f.Type]
	if !ok {
		report(at+".type", fmt.Sprintf("%q is no type; use bool, choice, set, count, money, date or amounts", f.Type))
	}
	needText(at+".name", f.Name, report)
	needText(at+".evidence", f.Evidence, report)
	var err error
	if f.grade, err = ParseGrade(f.Grade); err != nil {
		report(at+".grade", err.Error())
	}
	if list := t == TypeChoice || t == TypeSet; list != (len(f.Options) > 0) {
		report(at+".options", "are listed for choice and set, and only there")
	}
	if len(f.Options) > maxOptions {
		report(at+".options", fmt.Sprintf("holds %d; at most %d fit", len(f.Options), maxOptions))
	}
	for i, o := range f.Options {
		where := fmt.Sprintf("%s.options[%d]", at, i)
		if !wordForm.MatchString(o.ID) {
			report(where+".id", fmt.Sprintf("%q is not an id; use letters, digits, _ and -", o.ID))
		}
		needText(where+".name", o.Name, report)
		if slices.ContainsFunc(f.Options[:i], func(p Option) bool { return p.ID == o.ID }) {
			report(where+".id", fmt.Sprintf("%q is listed twice", o.ID))
		}
	}
}

func needText(at string, t text.Text, report func(where, what string)) {
	if t.Zh == "" || t.En == "" {
		report(at, "needs zh and en")
	} else if err := t.Check(maxText); err != nil {
		report(at, err.Error())
	}
}
