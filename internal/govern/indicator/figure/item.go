package figure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/field"
)

// Item is what a keeper computes for each period, and what an agreement names: an indicator, for a population, against a baseline.
type Item struct {
	Indicator string
	Filter    string // canonical text of an indicator.Filter
	Baseline  string // day; "" where the indicator looks at none
}

// String is the one spelling of an item: the indicator, then "@" with the filter where it narrows and "~" and the baseline where there
// is one. online-sales, machine-networking@designated=true, inventory-turnover-increase@~2015-12-31.
func (i Item) String() string {
	filter := i.Filter
	if filter == All {
		filter = ""
	}
	if i.Baseline != "" {
		filter += baseline + i.Baseline
	}
	if filter == "" {
		return i.Indicator
	}
	return i.Indicator + "@" + filter
}

// ParseItem reads what String writes. Error: what is wrong with it.
func ParseItem(s string) (Item, error) {
	id, rest, narrow := strings.Cut(s, "@")
	filter, day, based := strings.Cut(rest, baseline)
	if filter == "" {
		filter = All
	}
	out := Item{id, filter, day}
	f, err := indicator.ParseFilter(filter)
	if err != nil {
		return Item{}, fmt.Errorf("%.100q: %w", s, err)
	}
	if _, ok := field.Day(day); based && !ok || !indicatorForm.MatchString(id) || narrow && rest == "" || f.String() != filter || out.String() != s {
		return Item{}, fmt.Errorf("%.100q is no indicator with a population; write it as machine-networking@designated=true", s)
	}
	return out, nil
}

// key is the item's figure of a keeper and a period.
func (i Item) key(keeper uuid.UUID, p indicator.Period) Key {
	return Key{Keeper: keeper, Indicator: i.Indicator, Filter: i.Filter, Kind: p.Kind, Period: p.Label, Baseline: i.Baseline}
}

// kept is how many closed periods of each kind are computed; of moments month ends.
var kept = map[string]int{"moment": 13, "day": 31, "month": 13, "quarter": 5, "year": 3}

// Periods are those of a kind that are computed on a day: the last ones that have ended, the newest first. Of moments these are the ends of
// months.
func Periods(kind, today string) (out []indicator.Period) {
	step := kind
	if kind == "moment" {
		step = "month"
	}
	p, ok := indicator.PeriodBy(step, before(today))
	for ; ok && len(out) < kept[kind]; p, ok = p.Previous() {
		q := p
		if kind == "moment" {
			q, _ = indicator.PeriodHolding(kind, p.To)
		}
		out = append(out, q)
	}
	return out
}

// periods are those that are computed of an item on a day. A change is told of what comes after its baseline.
func (i Item) periods(d *indicator.Definition, today string) (out []indicator.Period) {
	for _, kind := range d.Kinds() {
		for _, p := range Periods(kind, today) {
			if i.after(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// after tells whether a period comes after the baseline.
func (i Item) after(p indicator.Period) bool { return i.Baseline == "" || p.To > i.Baseline }

// before is the day before a day.
func before(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

// task is an item with the periods that are computed of it.
type task struct {
	Item
	d       *indicator.Definition
	periods []indicator.Period
}

// tasks are those of a keeper on a day: what the targets of its policies want, and each item that is given. Of a target whose change is
// worked out of the region's values the period that holds the baseline is computed too.
func tasks(l *indicator.Library, adopted []string, given []Item, today string) []task {
	all := map[Item]*task{}
	put := func(i Item, more ...indicator.Period) {
		d := l.Definition(i.Indicator)
		if d == nil {
			return
		}
		t := all[i]
		if t == nil {
			t = &task{i, d, i.periods(d, today)}
			all[i] = t
		}
		for _, p := range more {
			if !slices.Contains(t.periods, p) {
				t.periods = append(t.periods, p)
			}
		}
	}
	for _, p := range l.Policies() {
		if !slices.Contains(adopted, p.ID) {
			continue
		}
		for i := range p.Targets {
			t := &p.Targets[i]
			for _, id := range append([]string{t.Indicator}, t.Beside...) {
				d := l.Definition(id)
				var base []indicator.Period
				if t.Baseline != nil && t.Change() && !d.Changes() {
					if q, ok := indicator.PeriodHolding(d.Period, t.Baseline.Date); ok {
						base = append(base, q)
					}
				}
				put(itemOf(d, t), base...)
			}
		}
	}
	for _, i := range given {
		put(i)
		put(Item{i.Indicator, All, i.Baseline})
	}
	out := make([]task, 0, len(all))
	for _, t := range all {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b task) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func itemOf(d *indicator.Definition, t *indicator.Target) Item {
	i := Item{d.ID, All, ""}
	if d.Of == indicator.OfEnterprise {
		i.Filter = t.Population.Where.String()
	}
	if d.Changes() && t.Baseline != nil {
		i.Baseline = t.Baseline.Date
	}
	return i
}
