package rollup

import (
	"fmt"
	"math"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/sum"
)

// Fold makes the minute rows of one series in a span from its samples. Begin, Add for run after run, End; then it can begin
// anew. Its memory does not grow with the samples. It must not be shared by goroutines.
type Fold struct {
	d    *Definition
	span telemetry.Span
	now  int64
	emit func(*Row)

	row      Row // the minute that is open; From is -1 if none is
	told     bool
	sum      sum.Exact // float64
	whole    sum.Int   // int64 and bool
	integral sum.Exact
	states   stateSet
	keeps    bool // states
	slab     []State
	meter    meter

	// The last sample so far, which may cover what follows it.
	has, good bool
	at        int64
	bits      uint64
	text      string
	commit    uint64

	silence, since, change int64 // the longest silence, in effect in [since, change)

	long   string // the text that was named last
	name   string
	pieces []float64
}

// Begin starts a span, which begins and ends on whole minutes. The samples are those of Definition.Scan as they are known
// at now; before is the last good reading of a counter before that scan. emit gets the rows in order of time; a row
// is valid during the call only, what it points to stays.
func (f *Fold) Begin(d *Definition, span telemetry.Span, now int64, before Reading, emit func(*Row)) error {
	if err := d.Check(); err != nil {
		return err
	}
	if span.From < 0 || span.To < span.From || span.From%Minute != 0 || span.To%Minute != 0 {
		return fmt.Errorf("roll up from %s to %s: %w", instant(span.From), instant(span.To), ErrBadBounds)
	}
	f.d, f.span, f.now, f.emit = d, span, now, emit
	f.keeps = d.hasStates()
	f.has, f.since, f.change = false, 0, 0
	f.sum.Reset()
	f.integral.Reset()
	f.whole = sum.Int{}
	f.states.reset()
	f.slab = nil
	if d.Counter != nil {
		f.meter.begin(d, before)
	}
	f.row.From, f.told = -1, false
	return nil
}

// runSample takes row i of a run, of time t.
func (f *Fold) runSample(r *telemetry.Run, i int, t int64) {
	var status telemetry.Status
	var flags telemetry.Flags
	var commit, bits uint64
	var text string
	if r.Status != nil {
		status = telemetry.Status(r.Status[i])
	}
	if r.Flags != nil {
		flags = telemetry.Flags(r.Flags[i])
	}
	if r.Commit != nil {
		commit = uint64(r.Commit[i])
	}
	if flags&telemetry.FutureTime != 0 && t > f.now || flags&telemetry.Withdrawn != 0 || r.Superseded != nil && r.Superseded[i] {
		return
	}
	good := status.IsGood() && flags&telemetry.NoValue == 0
	if good && f.d.Type == telemetry.String {
		text = f.named(r.Text[i])
	} else if good {
		bits = r.Bits[i]
		if f.d.Type == telemetry.Float64 {
			x := math.Float64frombits(bits)
			good = x == x
		}
	}
	f.sample(t, bits, text, good, status.IsUncertain(), commit)
}

// named keeps the name of the last text, as texts stay for long.
func (f *Fold) named(text string) string {
	if text != f.long || f.name == "" {
		f.long, f.name = text, Name(text)
	}
	return f.name
}

// sample takes one sample.
func (f *Fold) sample(t int64, bits uint64, text string, good, uncertain bool, commit uint64) {
	if t > f.span.To {
		return
	}
	f.cover(t)
	if good && f.d.Counter != nil {
		f.reading(t, bits, commit)
	}
	if t == f.span.To {
		f.has = false // what it covers lies behind the span
		return
	}
	f.has, f.at, f.good, f.bits, f.text, f.commit = true, t, good, bits, text, commit
	if t < f.span.From {
		return
	}
	f.turn(minuteOf(t))
	f.told = true
	r := &f.row
	r.Received++
	r.Input = max(r.Input, commit)
	switch {
	case !good && uncertain:
		r.Uncertain++
		return
	case !good:
		r.Bad++
		return
	}
	if r.Good == 0 {
		r.First, r.FirstText, r.FirstTime = bits, text, t
		r.Min, r.Max = bits, bits
	}
	r.Good++
	r.Last, r.LastText, r.LastTime = bits, text, t
	if f.keeps {
		s := stateOf(f.d.Type, bits, text)
		s.Count = 1
		f.states.add(s)
	}
	switch f.d.Type {
	case telemetry.String:
		return
	case telemetry.Float64:
		f.sum.Add(math.Float64frombits(bits))
	default:
		f.whole.Add(int64(bits))
	}
	if less(f.d.Type, bits, r.Min) {
		r.Min = bits
	}
	if less(f.d.Type, r.Max, bits) {
		r.Max = bits
	}
}

// End takes what the last sample covers, and gives the last row.
func (f *Fold) End() {
	f.cover(f.span.To)
	if f.d.Counter != nil {
		f.changes(f.span.To)
	}
	f.flush()
	f.has, f.long, f.name, f.text, f.slab = false, "", "", "", nil
}

// cover adds what the last sample covers until a time, minute by minute.
func (f *Fold) cover(until int64) {
	if !f.has || !f.good {
		return
	}
	from := f.at
	until = min(until, f.now, f.span.To)
	if until <= from {
		return
	}
	if s := f.silenceAt(from); until-from > s {
		until = from + s
	}
	from = max(from, f.span.From)
	for from < until {
		m := minuteOf(from)
		end := min(until, m+Minute)
		f.turn(m)
		f.told = true
		r := &f.row
		r.Covered += end - from
		r.Input = max(r.Input, f.commit)
		if f.keeps {
			s := stateOf(f.d.Type, f.bits, f.text)
			s.Duration = end - from
			f.states.add(s)
		}
		if f.d.Type != telemetry.String {
			f.integral.Add(Piece(number(f.d.Type, f.bits), end-from))
		}
		from = end
	}
}

// silenceAt returns the longest silence in effect at a sample's time.
func (f *Fold) silenceAt(t int64) int64 {
	if t < f.since || t >= f.change {
		first := f.d.Reporting[0]
		f.silence, f.since, f.change = int64(first.MaxSilence), math.MinInt64, math.MaxInt64
		for _, r := range f.d.Reporting[1:] {
			if r.From > t {
				f.change = r.From
				break
			}
			f.silence, f.since = int64(r.MaxSilence), r.From
		}
	}
	return f.silence
}

// reading takes a good reading of a counter. One at the very end of a minute belongs to it: R(To) is the reading at or
// before To.
func (f *Fold) reading(t int64, bits, commit uint64) {
	if f.d.Type == telemetry.Float64 && !finite(bits) {
		return
	}
	m := &f.meter
	if t <= f.span.From {
		f.changes(t)
	} else {
		f.turn(minuteOf(t - 1))
		f.changes(t)
		if m.known && m.count(bits) || f.row.Flags&Unread != 0 {
			f.told = true
		}
		if m.known {
			f.row.Input = max(f.row.Input, m.by)
		}
		f.row.Input = max(f.row.Input, commit)
	}
	m.known, m.last, m.by = true, bits, commit
}

// changes takes the meter changes up to a time, which open minutes of their own.
func (f *Fold) changes(until int64) {
	m := &f.meter
	until = min(until, f.now, f.span.To)
	for m.next < len(m.c.Changes) && m.c.Changes[m.next].At <= until {
		c := &m.c.Changes[m.next]
		m.next++
		if c.At > f.span.From {
			if minute := minuteOf(c.At - 1); minute != f.row.From {
				f.flush()
				f.begin(minute)
			}
			if m.known {
				m.count(c.Old.Bits)
				f.row.Input = max(f.row.Input, m.by)
			}
			m.exchanges++
			f.told = true
		}
		m.known, m.last, m.by = true, c.New.Bits, 0
	}
}

// turn opens a minute, and closes the one before.
func (f *Fold) turn(minute int64) {
	if minute == f.row.From {
		return
	}
	if f.d.Counter != nil {
		f.changes(minute)
		if minute == f.row.From {
			return
		}
	}
	f.flush()
	f.begin(minute)
}

func (f *Fold) begin(minute int64) {
	f.row = Row{From: minute, To: minute + Minute, Type: f.d.Type}
	if f.keeps {
		f.row.Flags |= HasStates
	}
	if f.d.Counter != nil {
		f.row.Flags |= HasCounter
		if !f.meter.known {
			f.row.Flags |= Unread
		}
	}
}

func (f *Fold) flush() {
	if f.told {
		r := &f.row
		switch f.d.Type {
		case telemetry.Float64:
			r.Sum = total(&f.sum)
			f.sum.Reset()
		case telemetry.Int64, telemetry.Bool:
			r.Sum = wholeTotal(f.whole)
			f.whole = sum.Int{}
		}
		r.Integral = total(&f.integral)
		f.integral.Reset()
		if f.keeps {
			f.states.put(r, &f.slab)
		}
		if f.d.Counter != nil {
			f.meter.put(r)
		}
		f.emit(r)
	}
	f.told = false
	f.row.From = -1
}

func minuteOf(t int64) int64 { return t - t%Minute }
