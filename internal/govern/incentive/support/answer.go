package support

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
)

// Answer is the value of a fact as JSON has it: true or false, an option, options, a whole number, fen, a day, or amounts with days.
type Answer = json.RawMessage

// Known is what is known of a fact, and from where.
type Known struct {
	Fact     string `json:"fact"`
	Value    Answer `json:"value"`
	Grade    string `json:"grade" enum:"E0,E1,E2,E3"`
	Source   string `json:"source" enum:"answer,register,fact,voucher,programme"`
	Document string `json:"document,omitempty" doc:"Id of the fact that proves it"`
	Declared Answer `json:"declared,omitempty" doc:"What the firm answered, where the evidence says something else"`
}

type amount struct {
	Date   string      `json:"date"`
	Amount decimal.Fen `json:"amount"`
}

// value reads an answer by the type of its fact. Error: what is wrong, in English; the caller words it.
func value(f *incentive.Fact, a Answer) (incentive.Value, error) {
	read := func(into any) error {
		d := json.NewDecoder(bytes.NewReader(a))
		d.DisallowUnknownFields()
		return d.Decode(into)
	}
	option := func(id string) error {
		if id != "other" && !slices.ContainsFunc(f.Options, func(o incentive.Option) bool { return o.ID == id }) {
			return fmt.Errorf("%q is not an option", id)
		}
		return nil
	}
	switch f.Type {
	case "bool":
		var b bool
		if err := read(&b); err != nil {
			return incentive.Value{}, fmt.Errorf("true or false")
		}
		return incentive.Bool(b), nil
	case "choice":
		var s string
		if err := read(&s); err != nil {
			return incentive.Value{}, fmt.Errorf("one of the options")
		}
		return incentive.Choice(s), option(s)
	case "set":
		var list []string
		if err := read(&list); err != nil || len(list) > 64 {
			return incentive.Value{}, fmt.Errorf("a list of options")
		}
		for _, s := range list {
			if err := option(s); err != nil {
				return incentive.Value{}, err
			}
		}
		return incentive.SetOf(list...), nil
	case "count", "money":
		var n int64
		if err := read(&n); err != nil || n < 0 || n > int64(decimal.MaxFen) {
			return incentive.Value{}, fmt.Errorf("a whole number, not negative")
		}
		if f.Type == "count" {
			return incentive.Count(n), nil
		}
		return incentive.Money(decimal.Fen(n)), nil
	case "date":
		var s string
		if err := read(&s); err != nil {
			return incentive.Value{}, fmt.Errorf("a day, yyyy-mm-dd")
		}
		d, err := incentive.ParseDate(s)
		return incentive.Day(d), err
	case "amounts":
		var list []amount
		if err := read(&list); err != nil || len(list) > 1000 {
			return incentive.Value{}, fmt.Errorf("at most 1000 amounts, each with date and amount in fen")
		}
		var items []incentive.Item
		for _, x := range list {
			d, err := incentive.ParseDate(x.Date)
			if err != nil {
				return incentive.Value{}, err
			}
			if x.Amount < 0 || x.Amount > decimal.MaxFen {
				return incentive.Value{}, fmt.Errorf("%d is negative or too large", x.Amount)
			}
			items = append(items, incentive.Item{Date: d, Amount: x.Amount})
		}
		return incentive.Amounts(items...), nil
	}
	return incentive.Value{}, fmt.Errorf("a known type, not %q", f.Type)
}

// vocabulary are the facts that a set asks for, by key; options of all measures together.
func vocabulary(s *incentive.Set) map[string]*incentive.Fact {
	out := map[string]*incentive.Fact{}
	for _, m := range s.All() {
		for i := range m.Facts {
			f := &m.Facts[i]
			old, ok := out[f.Key]
			if !ok {
				c := *f
				c.Options = slices.Clone(f.Options)
				out[f.Key] = &c
				continue
			}
			for _, o := range f.Options {
				if !slices.ContainsFunc(old.Options, func(p incentive.Option) bool { return p.ID == o.ID }) {
					old.Options = append(old.Options, o)
				}
			}
		}
	}
	return out
}

// subject makes what the measures judge. proven raises all that is known to the highest grade: what would be if all that is said
// were proven. What does not fit the facts' types is left out: a pack may have changed since.
func subject(id, object string, vocab map[string]*incentive.Fact, known []Known, awards []incentive.Award, chosen map[string]string, proven bool) *incentive.Subject {
	sub := &incentive.Subject{ID: id, Object: object, Facts: map[string]incentive.Known{}, Awards: awards, Chosen: chosen}
	for _, k := range known {
		f := vocab[k.Fact]
		if f == nil {
			continue
		}
		v, err := value(f, k.Value)
		if err != nil {
			continue
		}
		grade, err := incentive.ParseGrade(k.Grade)
		if err != nil {
			continue
		}
		if proven {
			grade = incentive.E3
		}
		sub.Facts[k.Fact] = incentive.Known{Value: v, Grade: grade}
	}
	return sub
}

// canonical writes JSON with its keys in order and without white space, so that equal inputs have one hash.
func canonical(v any) []byte {
	b, err := json.Marshal(v) // maps are written in order of their keys
	if err != nil {
		return nil
	}
	return b
}

func sortKnown(m map[string]Known) []Known {
	out := make([]Known, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}
