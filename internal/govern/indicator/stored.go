package indicator

import "math/big"

// Stored is what is kept of an indicator of a population and a period.
type Stored struct {
	Account *Account   // of enterprises
	Value   *Valuation // of what is computed once for a region
	Members Members    // only Day, Hash, Doubles and Unplaced count: who they are is told elsewhere
}

// Trace gives what is kept of a period; nil where nothing is.
type Trace func(p Period) (*Stored, error)

// Trend says where a target stands on a day by what is kept: the last period that is kept up to then, and so many earlier ones. Error: that
// of trace.
func (l *Library) Trend(t *Target, on string, past int, trace Trace) (*Progress, error) {
	d := l.byID[t.Indicator]
	out := &Progress{Target: t, On: on}
	p, ok := keptBy(d.Period, on)
	if !ok {
		return nil, ErrDay.At("query.on", on).With("today", on)
	}
	var base *big.Rat
	if t.Change() && !d.Changes() {
		if before, ok := PeriodHolding(d.Period, t.Baseline.Date); ok {
			x, err := trace(before)
			if err != nil {
				return nil, err
			}
			if r := x.reading(t.Reading); x != nil {
				out.Base, base = &r, r.Num
			}
		}
	}
	now, err := trace(p)
	if err != nil {
		return nil, err
	}
	main := now.reading(t.Reading)
	out.Lack = main.Lack
	if out.Value = Compared(t, d, main.Num, base); out.Value == nil && main.Num != nil {
		out.Lack = NoBaseline
	}
	switch {
	case d.Of == OfRegion && now != nil:
		out.Single = now.Value
	case d.Of == OfRegion:
		out.Single = Evaluate(d, p, nothingKept(d))
	default:
		out.Whole = now.aggregate(d, p)
	}
	for q := p; len(out.Past) < past; {
		if q, ok = keptBefore(q); !ok || t.Baseline != nil && q.To <= t.Baseline.Date {
			break
		}
		x, err := trace(q)
		if err != nil {
			return nil, err
		}
		if x == nil {
			break
		}
		out.Past = append([]Point{{q, Compared(t, d, x.reading(t.Reading).Num, base)}}, out.Past...)
	}
	out.Judgment = Judge(t, out.Value, p, out.Past, on)
	return out, nil
}

// keptBy is the last period that is kept up to a day: of moments the end of a month.
func keptBy(kind, on string) (Period, bool) {
	if kind != "moment" {
		return PeriodBy(kind, on)
	}
	month, ok := PeriodBy("month", on)
	if !ok {
		return month, false
	}
	return PeriodHolding(kind, month.To)
}

func keptBefore(p Period) (Period, bool) {
	if p.Kind != "moment" {
		return p.Previous()
	}
	month, _ := PeriodHolding("month", p.To)
	if month, ok := month.Previous(); ok {
		return PeriodHolding(p.Kind, month.To)
	}
	return p, false
}

// reading is one of what is kept; not known where nothing is.
func (x *Stored) reading(how string) Reading {
	switch {
	case x == nil:
		return Reading{How: how, Lack: Unkept}
	case x.Value != nil:
		r := Reading{How: Single, Num: x.Value.Num, Of: 1}
		if r.Num != nil {
			r.Known = 1
		} else if len(x.Value.Lack) > 0 {
			r.Lack = x.Value.Lack[0].Reason
		}
		return r
	}
	return x.Account.Reading(how)
}

func (x *Stored) aggregate(d *Definition, p Period) *Aggregate {
	if x == nil {
		out := &Aggregate{Definition: d, Period: p, Members: &Members{Day: p.To}}
		for _, how := range d.Readings() {
			out.Readings = append(out.Readings, Reading{How: how, Lack: Unkept})
		}
		return out
	}
	out := &Aggregate{Definition: d, Period: p, Members: &x.Members, Readings: x.Account.Readings(), Grade: x.Account.Grade(), Absent: x.Account.Absent(), More: x.Account.Of()}
	out.Days, out.Of = x.Account.Cover()
	return out
}

func nothingKept(d *Definition) []Given {
	out := make([]Given, len(d.Inputs))
	for i := range out {
		out[i] = Given{Lack: Unkept, Source: -1}
	}
	return out
}
