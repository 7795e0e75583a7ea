package indicator

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
)

// hold tells whether a record satisfies all conditions at an instant. Of a list one item does that satisfies all conditions about it,
// and holds then.
func (w Where) hold(fields field.Schema, r field.Record, at int64) bool {
	lists := map[string][]string{}
	for key, values := range w {
		if head, rest, nested := strings.Cut(key, "."); nested {
			lists[head] = append(lists[head], rest)
			continue
		}
		if v, ok := r[key]; !ok || !values.Has(field.Word(v)) {
			return false
		}
	}
	for head, keys := range lists {
		f := fields.Field(head)
		items, _ := r[head].([]field.Record)
		if f == nil || !slices.ContainsFunc(items, func(item field.Record) bool {
			return current(f, item, at) && !slices.ContainsFunc(keys, func(key string) bool {
				v, ok := item[key]
				return !ok || !w[head+"."+key].Has(field.Word(v))
			})
		}) {
			return false
		}
	}
	return true
}

// current tells whether an item of a list holds at an instant.
func current(list *field.Field, item field.Record, at int64) bool {
	if s, ok := item[list.Since].(string); ok {
		if from, ok := field.Day(s); ok && from > at {
			return false
		}
	}
	if s, ok := item[list.Until].(string); ok {
		if to, ok := field.NextDay(s); ok && to <= at {
			return false
		}
	}
	return true
}

// taker makes one number of many records.
type taker struct {
	s      *Source
	field  *field.Field
	out    Given
	n      int64
	sum    big.Rat
	lacks  bool           // a record that is summed has no value
	none   fact.Grade     // of "there is none": the worst of all that was looked at
	seen   map[string]int // distinct values, or of least how many each has
	values []*big.Rat
}

func newTaker(s *Source, fields field.Schema) *taker {
	return &taker{s: s, field: fields.Field(s.Field), out: Given{Grade: fact.Measured}, none: fact.Measured, seen: map[string]int{}}
}

func (t *taker) take(r field.Record, rest Rest, grade fact.Grade) {
	rest.Counts = true
	t.n++
	t.out.Grade = min(t.out.Grade, grade)
	switch t.s.Take {
	case "sum", "value":
		v, ok := t.number(r)
		if !ok {
			t.lacks = true
			rest.Counts = false
			break
		}
		t.sum.Add(&t.sum, v)
		t.values = append(t.values, v)
		if v, err := formula.Convert(v, t.unit(), t.s.given()); err == nil {
			rest.Value = formula.Round(v, 2)
		}
	case "distinct", "least":
		for _, word := range t.words(r) {
			t.seen[word]++
			rest.Value = word
		}
	}
	t.out.rest(rest)
}

// unit is that of the field's numbers: money is in CNY whatever the source is given in.
func (t *taker) unit() formula.Unit {
	if t.field != nil && t.field.Type == field.Money {
		u, _ := formula.ParseUnit(formula.Money)
		return u
	}
	return t.s.given()
}

func (t *taker) number(r field.Record) (*big.Rat, bool) {
	if t.field == nil {
		return nil, false
	}
	n, ok := t.field.Number(r[t.s.Field])
	if !ok {
		return nil, false
	}
	places := t.field.Places
	switch t.field.Type {
	case field.Money:
		places = 2 // fen
	case field.Decimal:
	default:
		places = 0
	}
	return new(big.Rat).SetFrac(big.NewInt(n), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)), true
}

func (t *taker) words(r field.Record) (out []string) {
	head, rest, nested := strings.Cut(t.s.Field, ".")
	if !nested {
		if v, ok := r[head]; ok {
			out = append(out, field.Word(v))
		}
		return out
	}
	items, _ := r[head].([]field.Record)
	for _, item := range items {
		if v, ok := item[rest]; ok {
			out = append(out, field.Word(v))
		}
	}
	return out
}

// given is what was taken; some tells whether there was anything of the kind at all, why what is missing where not.
func (t *taker) given(some bool, why Lack) Given {
	out := t.out
	switch {
	case !some || t.lacks:
		out.Lack = why
		return out
	case t.n == 0: // nothing among what there is: the absence is as good as that
		out.Grade = t.none
	}
	switch t.s.Take {
	case "count":
		out.Num = new(big.Rat).SetInt64(t.n)
	case "exists":
		out.Num = new(big.Rat).SetInt64(min(t.n, 1))
	case "distinct":
		out.Num = new(big.Rat).SetInt64(int64(len(t.seen)))
		for word := range t.seen {
			out.Distinct = append(out.Distinct, word)
		}
		slices.Sort(out.Distinct)
	case "least":
		least := -1
		for _, word := range t.s.Among {
			if n := t.seen[word]; least < 0 || n < least {
				least = n
			}
		}
		out.Num = new(big.Rat).SetInt64(int64(least))
	case "value":
		switch {
		case len(t.values) == 0:
			out.Lack = why
			return out
		case slices.ContainsFunc(t.values, func(v *big.Rat) bool { return v.Cmp(t.values[0]) != 0 }):
			out.Lack = Ambiguous
			return out
		}
		out.Num = t.values[0]
	default:
		out.Num = new(big.Rat).Set(&t.sum)
	}
	if t.s.Take == "sum" || t.s.Take == "value" {
		n, err := formula.Convert(out.Num, t.unit(), t.s.given())
		if err != nil {
			return Given{Lack: WrongUnit}
		}
		out.Num = n
	}
	return out
}

// shelves hold what the registers of a run say, each read once.
type shelves struct {
	rooms Rooms
	mu    sync.Mutex
	byKey map[shelfKey]*shelf
}

type shelfKey struct {
	source *Source
	keeper uuid.UUID
	place  string
	from   string
	to     string
}

// shelf is the entries that satisfy one source, by whom they are about.
type shelf struct {
	once   sync.Once
	err    error
	some   bool // the register has entries at all
	all    []Entry
	byOrg  map[uuid.UUID][]int
	byFirm map[string][]int
}

func (h *shelves) get(ctx context.Context, who subject, s *Source, p Period) (*shelf, error) {
	key := shelfKey{s, who.keeper, who.place, p.From, p.To}
	h.mu.Lock()
	x := h.byKey[key]
	if x == nil {
		x = &shelf{byOrg: map[uuid.UUID][]int{}, byFirm: map[string][]int{}}
		h.byKey[key] = x
	}
	h.mu.Unlock()
	x.once.Do(func() { x.err = x.fill(ctx, h.rooms, who, s, p) })
	return x, x.err
}

func (x *shelf) fill(ctx context.Context, rooms Rooms, who subject, s *Source, p Period) error {
	fields, _, _ := rooms.Fields.EntryFields(s.Entry)
	from, to := p.window(s.Within)
	dated, placed := fields.Field(s.On), division(fields)
	return rooms.Entries.Entries(ctx, who.keeper, s.Entry, p.To, func(e Entry) error {
		x.some = true
		if len(s.State) > 0 && !s.State.Has(e.State) || !s.Where.hold(fields, e.Record, p.End()-1) {
			return nil
		}
		if dated != nil {
			if at, ok := dated.Instant(e.Record[s.On]); !ok || at < from || at >= to {
				return nil
			}
		}
		if at, ok := e.Record[placed].(string); ok && who.place != "" && !inRegion(at, who.place) {
			return nil // a keeper that lists what lies elsewhere; what names no place is its own
		}
		i := len(x.all)
		x.all = append(x.all, e)
		if e.Subject != uuid.Nil {
			x.byOrg[e.Subject] = append(x.byOrg[e.Subject], i)
		}
		if code, ok := e.Record[s.Firm].(string); ok && s.Firm != "" {
			x.byFirm[code] = append(x.byFirm[code], i)
		}
		return nil
	})
}

// division is the first field that tells where an entry lies, "" where there is none.
func division(fields field.Schema) string {
	for i := range fields {
		if fields[i].Format == "division" {
			return fields[i].Key
		}
	}
	return ""
}

// of are the entries about a subject, each once.
func (x *shelf) of(who subject) (out []Entry) {
	if who.region {
		return x.all
	}
	var at []int
	if who.org != uuid.Nil {
		at = append(at, x.byOrg[who.org]...)
	}
	at = append(at, x.byFirm[who.firm.Code]...)
	slices.Sort(at)
	for _, i := range slices.Compact(at) {
		out = append(out, x.all[i])
	}
	return out
}
