package figure

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/field"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	keeping "jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/rollup/rebuild"
)

// read is what the pack holds of a series.
type read struct {
	rebuild.Samples
	leaves      int
	first, last string // days of their commits
	short       bool   // some of it is not there, which the pack says
}

// readings makes what machines and meters delivered again from the samples that the pack holds.
func (c *check) readings(k Key, t *indicator.Transcript) {
	if len(t.Fleets)+len(t.Counters) == 0 {
		return
	}
	series := map[uuid.UUID]*read{}
	for i := range c.p.m.Ground.Samples {
		x := &c.p.m.Ground.Samples[i]
		if series[x.Series] == nil {
			series[x.Series] = &read{}
		}
		c.leafOf(x, series[x.Series])
	}
	if len(c.out.Problems) > 0 {
		return
	}
	for _, id := range slices.SortedFunc(maps.Keys(series), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }) {
		if s := series[id]; s.leaves > 0 {
			c.checked("%d samples of series %s in %d leaves, committed from %s to %s, are those that were sealed", s.Len(), id, s.leaves, s.first, s.last)
		}
	}
	for i := range t.Fleets {
		f := &t.Fleets[i]
		again := slices.ContainsFunc(t.Fleets[:i], func(x indicator.FleetRead) bool { return reflect.DeepEqual(x, *f) }) // two inputs ask the same
		if !f.Denied && !again {
			c.fleet(f, series)
		}
	}
	for i := range t.Counters {
		if x := &t.Counters[i]; !x.Denied {
			c.counter(k, x, series)
		}
	}
	c.note("%s: which machines, points and counters there are, which days are working days, and that the log holds no further samples of them, is the node's word; a copy of its log (jingwei verify log) tells all leaves of a series", "observation "+k.Name())
}

// note tells what stays somebody's word however much is handed over.
func (c *check) note(format string, a ...any) {
	c.out.Open = append(c.out.Open, fmt.Sprintf(format, a...))
}

// leafOf verifies that samples are those that were sealed, and takes them.
func (c *check) leafOf(x *packSamples, into *read) {
	what := fmt.Sprintf("samples of series %s, committed on %s", x.Series, x.Day)
	switch {
	case x.Why != "":
		into.short = true
		c.unchecked("%s: %s", what, x.Why)
		return
	case x.Rows != "":
		into.short = true
		c.unchecked("%s: they are in the form of packs of version 1, from which nothing is made again: fetch the pack anew", what)
		return
	}
	columns, err := c.p.blob(x.Columns, what)
	if err != nil {
		c.wrong("%s", err)
		return
	}
	e, b, err := c.bundle(x.Bundle, what)
	if err == nil && (e.Subject != x.Series || b.Day != x.Day) {
		err = fmt.Errorf("the leaf is of %s and %s", e.Subject, b.Day)
	}
	if err == nil {
		_, err = b.CheckColumns(columns, e, func(r *tuple.Row) error { return into.Add(r) })
	}
	if err != nil {
		c.wrong("%s: %s", what, err)
		return
	}
	if into.leaves++; into.first == "" || x.Day < into.first {
		into.first = x.Day
	}
	into.last = max(into.last, x.Day)
}

// fleet counts again on which working days machines delivered.
func (c *check) fleet(f *indicator.FleetRead, series map[uuid.UUID]*read) {
	bounds := indicator.CivilDays(f.From, f.To)
	if len(bounds) < 2 {
		c.wrong("machines from %d to %d: that is no time", f.From, f.To)
		return
	}
	working := make([]bool, len(bounds)-1)
	n := 0
	for i := range working {
		if working[i] = slices.Contains(c.p.m.Ground.Working, field.DateOf(bounds[i])); working[i] {
			n++
		}
	}
	if n != f.Fleet.Working {
		c.wrong("machines from %s to %s: the pack names %d working days, and %d were counted", field.DateOf(f.From), field.DateOf(f.To-1), n, f.Fleet.Working)
		return
	}
	for i := range f.Fleet.Machines {
		m := &f.Fleet.Machines[i]
		if m.Days == 0 && len(m.Series) == 0 {
			continue
		}
		delivered, samples, short := make([]bool, len(working)), 0, false
		for _, id := range m.Series {
			s := series[id]
			if s == nil {
				continue
			}
			short = short || s.short
			samples += s.Len()
			for d, good := range s.Good(bounds, c.p.m.Made) {
				delivered[d] = delivered[d] || good > 0
			}
		}
		days := 0
		for d := range working {
			if working[d] && delivered[d] {
				days++
			}
		}
		what := fmt.Sprintf("machine %s from %s to %s", m.ID, field.DateOf(f.From), field.DateOf(f.To-1))
		switch {
		case days == m.Days:
			c.checked("%s delivered on %d of %d working days, as %d samples give it", what, days, f.Fleet.Working, samples)
		case short && days < m.Days:
			c.unchecked("%s: that it delivered on %d days; the samples that are there show %d", what, m.Days, days)
		case c.running(f.To):
			c.unchecked("%s: that it delivered on %d days; when its samples were sealed they showed %d, and the period is not over", what, m.Days, days)
		default:
			c.wrong("%s: its samples show a good value on %d working days, and %d were counted", what, days, m.Days)
		}
	}
}

// running tells whether a time was not over when the pack was made.
func (c *check) running(to int64) bool { return to > c.p.m.Made }

// counter makes the days of a counter again, compares them with those that the node has, and counts.
func (c *check) counter(k Key, x *indicator.CounterRead, series map[uuid.UUID]*read) {
	what := fmt.Sprintf("meter %s from %s to %s", x.Series, field.DateOf(x.From), field.DateOf(x.To-1))
	if !x.Known {
		c.note("%s: that nothing is known of it is the node's word", what)
		return
	}
	s := series[x.Series]
	if s == nil {
		s = &read{}
	}
	i := slices.IndexFunc(c.p.m.Ground.Meters, func(m packMeter) bool { return m.Series == x.Series && m.From == x.From && m.To == x.To })
	if i < 0 || s.short {
		c.unchecked("%s: that it counted %d Wh; samples of %d leaves were verified", what, x.Counted.WattHours, s.leaves)
		return
	}
	b, err := c.p.blob(c.p.m.Ground.Meters[i].Ground, "what the days of "+what+" follow from")
	if err != nil {
		c.wrong("%s", err)
		return
	}
	var g Metered
	if err := json.Unmarshal(b, &g); err != nil {
		c.wrong("%s: %s", what, err)
		return
	}
	rows, err := g.again(&s.Samples, telemetry.Span{From: x.From, To: x.To}, c.p.m.Made)
	if err != nil {
		c.wrong("%s: %s", what, err)
		return
	}
	wh, known, err := indicator.WattHours(rows, g.Unit, x.From, x.To)
	if err != nil || !known {
		c.wrong("%s: its samples do not tell what it counted (%v)", what, err)
		return
	}
	days, of := 0, indicator.CivilDays(x.From, x.To)
	for _, good := range s.Good(of, c.p.m.Made) {
		if good > 0 {
			days++
		}
	}
	switch {
	case wh == x.Counted.WattHours && days == x.Counted.Days && len(of)-1 == x.Counted.Of:
		c.checked("%s counted %d Wh on %d of %d days, as its %d samples in %d leaves give it through %d rows of days", what, wh, days, len(of)-1, s.Len(), s.leaves, len(rows))
	case c.running(x.To):
		c.unchecked("%s: that it counted %d Wh on %d days; when its samples were sealed they gave %d Wh on %d, and the period is not over", what, x.Counted.WattHours, x.Counted.Days, wh, days)
	default:
		c.wrong("%s: its samples give %d Wh on %d of %d days, and %d Wh on %d of %d were counted", what, wh, days, len(of)-1, x.Counted.WattHours, x.Counted.Days, x.Counted.Of)
	}
	if n := g.Definition.Counter; n != nil && (n.Modulus != 0 || n.MaxStep != 0 || len(n.Changes) > 0) {
		c.note("%s: that its register has a modulus of %g and a greatest step of %g, and was changed %d times, is what was told to the node of %s", what, n.Modulus, n.MaxStep, len(n.Changes), k.Code)
	}
}

var errDay = errors.New("the row of a day")

// again makes the rows of days in a time from samples and compares each with the node's. Where there is no row, there is nothing of which
// to make one; only at the ends of the time a day may be cut off by it.
func (g *Metered) again(s *rebuild.Samples, span telemetry.Span, now int64) ([]rollup.Row, error) {
	words := make([]keeping.Word, len(g.Days))
	buckets := make([]telemetry.Span, len(g.Days))
	for i, d := range g.Days {
		w, err := keeping.ParseWord(d.Text)
		if err != nil {
			return nil, fmt.Errorf("%w %d: %w", errDay, i, err)
		}
		if w.Level != rollup.LevelDay || w.Nothing {
			return nil, fmt.Errorf("%w %d: it is of level %s", errDay, i, w.Level)
		}
		words[i], buckets[i] = w, telemetry.Span{From: w.From, To: w.To}
	}
	made, err := s.Rows(&g.Definition, buckets, now)
	if err != nil {
		return nil, err
	}
	out := make([]rollup.Row, len(made))
	for i, r := range made {
		switch w := &words[i]; {
		case r == nil:
			return nil, fmt.Errorf("%w of %s: its samples are not there", errDay, field.DateOf(w.From))
		case !g.Days[i].Open && !rebuild.Same(r, &w.Row):
			return nil, fmt.Errorf("%w of %s: its samples give %v in place of %v", errDay, field.DateOf(w.From), r.Consumption.Value(), w.Consumption.Value())
		}
		out[i] = *r
	}
	return out, g.gaps(s, span, buckets, now)
}

// shortest is how long the shortest day is, when the clocks are put forward.
const shortest = 23 * time.Hour

// gaps makes sure that there is nothing where there are no rows.
func (g *Metered) gaps(s *rebuild.Samples, span telemetry.Span, buckets []telemetry.Span, now int64) error {
	var holes []telemetry.Span
	at := span.From
	for _, b := range append(buckets, telemetry.Span{From: span.To, To: span.To}) {
		end := at == span.From || b.From == span.To
		if gap := b.From - at; gap > 0 && (!end || gap >= int64(shortest)) {
			holes = append(holes, telemetry.Span{From: at, To: b.From})
		}
		at = max(at, b.To)
	}
	made, err := s.Rows(&g.Definition, holes, now)
	if err != nil {
		return err
	}
	for i, r := range made {
		if r != nil && (r.Received > 0 || r.Consumption.Value() != 0) {
			return fmt.Errorf("%w from %s to %s is left out, and there are %d samples of it", errDay, field.DateOf(holes[i].From), field.DateOf(holes[i].To-1), r.Received)
		}
	}
	return nil
}
