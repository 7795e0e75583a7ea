package quality

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
)

const dayLength = 24 * time.Hour

// Point is a series of energy with its place in the plant.
type Point struct {
	ID      uuid.UUID
	Machine uuid.UUID
	Name    text.Text
	On      text.Text // the machine's name
	Unit    string
	From    int64 // in the plant, ns
	To      int64
}

// Arrival is when the values of a day were here.
type Arrival string

// The arrivals. A day that is not judged yet has none.
const (
	InTime  Arrival = "in-time"
	Overdue Arrival = "late"   // some of its hours came after the window
	Absent  Arrival = "absent" // its last hour never came
	Lost    Arrival = "unknown"
)

// MeterDay is what a main meter has of a day.
type MeterDay struct {
	Date      string
	From, To  int64
	Named     bool
	Expected  int // hours due by now
	Actual    int // of these received
	WattHours int64
	Known     bool // WattHours is
	Arrival   Arrival
	Came      int64 // when the last of its hours came, ns; 0: not known, or nothing came

	due    []hour
	absent []hour
}

// Meter is what a main meter has of a month.
type Meter struct {
	Point
	Days             []MeterDay // of the month, all of its dates
	Expected, Actual int
	WattHours        int64 // of the known days
	KnownDays        int
	Counter          bool // it is said to be one
	Damaged          bool

	begin, end int64 // of the days on which it is named
	lack       Reason
	carried    bool
}

// Missing are its hours that were due and not received.
func (m *Meter) Missing() int { return m.Expected - m.Actual }

// columns are what the arrival of a sample needs.
var columns = telemetry.TimeAndValue | telemetry.WithStatus | block.Of(block.Commit)

// looking is one question at work: what commits were there by a time is the same for all meters of a plant.
type looking struct {
	s     *Service
	rules *Rules
	month Month
	now   int64
	asOf  map[int64]uint64
}

// meter finds what a main meter has of the month, on the days on which it is named.
func (l *looking) meter(ctx context.Context, p Point, named map[string]bool) (*Meter, error) {
	from, to := l.month.around()
	spans, err := l.s.o.Calendars(ctx, p.ID, from, to)
	if err != nil {
		return nil, err
	}
	m := &Meter{Point: p}
	for _, d := range l.month.days(spans) {
		x := MeterDay{Date: d.date, From: d.from, To: d.to, Named: named[d.date]}
		if x.Named && len(d.hours) > 0 {
			if m.begin == 0 {
				m.begin = d.from
			}
			m.end = d.to
			for _, h := range d.hours {
				if h.from >= p.From && h.to <= p.To && h.to+l.within() <= l.now {
					x.due = append(x.due, h)
				}
			}
		}
		x.Expected = len(x.due)
		m.Days = append(m.Days, x)
		m.Expected += x.Expected
	}
	if m.begin == 0 || m.begin >= l.now {
		return m, nil
	}
	for _, look := range []func(context.Context, *Meter) error{l.hours, l.energy, l.arrivals} {
		if err := look(ctx, m); damaged(err) {
			m.Damaged = true
			return m, nil
		} else if err != nil {
			return nil, err
		}
	}
	return m, nil
}

func damaged(err error) bool {
	var d *telemetry.DamageError
	return errors.As(err, &d)
}

// within is the window of a day.
func (l *looking) within() int64 { return int64(l.rules.Daily.Within) * int64(time.Second) }

// rows are the kept roll-ups of a series; none of one that the store does not know.
func (l *looking) rows(ctx context.Context, m *Meter, level rollup.Level, from, to int64) ([]kept.Result, error) {
	if from = max(from, 0); from >= to {
		return nil, nil
	}
	list, err := l.s.o.Rows.Read(ctx, kept.Question{Series: m.ID, Level: level, Span: telemetry.Span{From: from, To: to}})
	if errors.Is(err, kept.ErrUnknown) {
		return nil, nil
	}
	return list, err
}

// hours finds which hours were received, and whether the meter was read around the begin and the end of its days.
func (l *looking) hours(ctx context.Context, m *Meter) error {
	edge := int64(l.rules.Deviation.Edge) * int64(time.Hour)
	list, err := l.rows(ctx, m, rollup.LevelHour, m.begin-edge, min(m.end, l.now))
	if err != nil {
		return err
	}
	var good []hour // of which there is a value
	before, after := false, false
	for i := range list {
		r := &list[i].Row
		if r.Good == 0 && r.Covered < r.To-r.From {
			continue
		}
		good = append(good, hour{r.From, r.To})
		before = before || r.From < m.begin
		after = after || r.To > m.end-edge && r.From < m.end
	}
	for i := range m.Days {
		d := &m.Days[i]
		for _, h := range d.due {
			if k, ok := find(good, h.from); ok || k < len(good) && good[k].from < h.to {
				d.Actual++
			} else {
				d.absent = append(d.absent, h)
			}
		}
		m.Actual += d.Actual
	}
	if !before {
		m.lack, m.carried = NoEdge, true
	}
	if !after && m.end <= l.now {
		m.lack = NoEdge
	}
	return nil
}

// energy finds what the meter counted on each day that is over.
func (l *looking) energy(ctx context.Context, m *Meter) error {
	unit, ok := factor(m.Unit)
	list, err := l.rows(ctx, m, rollup.LevelDay, m.begin, min(m.end, l.now))
	if err != nil {
		return err
	}
	first := true
	for i := range list {
		r := &list[i].Row
		m.Counter = m.Counter || r.Flags&rollup.HasCounter != 0
		at := r.From + (r.To-r.From)/2
		k, in := dayAt(m.Days, at)
		if !in || !ok || !m.Days[k].Named || r.To > l.now {
			continue
		}
		if first && r.Flags&rollup.Unread != 0 {
			m.lack, m.carried = NoEdge, false // what was counted before its first reading is missing
		}
		first = false
		wh, known := consumed(r, unit)
		if !known || r.Good == 0 && wh == 0 {
			continue
		}
		d := &m.Days[k]
		d.WattHours, d.Known = d.WattHours+wh, true
		m.WattHours += wh
	}
	for i := range m.Days {
		if m.Days[i].Known {
			m.KnownDays++
		}
	}
	if !m.Counter {
		m.lack = NoCounter
	}
	return nil
}

func dayAt(days []MeterDay, t int64) (int, bool) {
	for i := range days {
		if days[i].From <= t && t < days[i].To {
			return i, true
		}
	}
	return 0, false
}

// arrivals finds when the hours of each day were first here.
func (l *looking) arrivals(ctx context.Context, m *Meter) error {
	ref, ok := l.s.o.Store.Lookup(m.ID)
	var hours []hour
	for i := range m.Days {
		hours = append(hours, m.Days[i].due...)
	}
	came := make([]uint64, len(hours)) // the least commit with a good value of the hour; 0: none
	if ok && len(hours) > 0 {
		span := telemetry.Span{From: hours[0].from, To: hours[len(hours)-1].to}
		err := l.s.o.Store.Scan(ctx, ref, span, telemetry.ScanOptions{Columns: columns, History: true}, func(r *telemetry.Run) bool {
			at := -1
			for i, t := range r.Time {
				if !good(r, i) {
					continue
				}
				if at < 0 || t < hours[at].from || t >= hours[at].to {
					k, in := find(hours, t)
					if !in {
						continue
					}
					at = k
				}
				if c := uint64(r.Commit[i]); came[at] == 0 || c < came[at] {
					came[at] = c
				}
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	horizon, at := l.s.o.Horizon(m.ID), 0
	for i := range m.Days {
		d := &m.Days[i]
		part := came[at : at+len(d.due)]
		at += len(d.due)
		if len(d.due) == 0 {
			continue
		}
		if err := l.arrival(d, part, horizon); err != nil {
			return err
		}
	}
	return nil
}

// arrival judges one day.
func (l *looking) arrival(d *MeterDay, came []uint64, horizon int64) error {
	by := d.To + l.within()
	if by > l.now || by > l.s.o.Store.Closed() {
		return nil
	}
	if horizon > d.From {
		d.Arrival = Lost
		return nil
	}
	known, err := l.knownBy(by)
	if err != nil {
		return err
	}
	d.Arrival = InTime
	last := uint64(0)
	for _, c := range came {
		if last = max(last, c); c > known {
			d.Arrival = Overdue
		}
	}
	if n := len(d.absent); n > 0 && d.absent[n-1] == d.due[len(d.due)-1] {
		d.Arrival = Absent
	}
	if last > 0 {
		a, ok, err := l.s.o.Store.Commit(last)
		if err != nil {
			return err
		}
		if ok {
			d.Came = a.Time
		}
	}
	return nil
}

// knownBy is the newest commit at a time.
func (l *looking) knownBy(t int64) (uint64, error) {
	if c, ok := l.asOf[t]; ok {
		return c, nil
	}
	c, err := l.s.o.Store.AsOf(t)
	if err != nil {
		return 0, err
	}
	if c == telemetry.BeforeAll {
		c = 0
	}
	l.asOf[t] = c
	return c, nil
}

// good tells whether a sample is a value of good status.
func good(r *telemetry.Run, i int) bool {
	if !telemetry.Status(r.Status[i]).IsGood() || telemetry.Flags(r.Flags[i])&(telemetry.NoValue|telemetry.Withdrawn) != 0 {
		return false
	}
	return r.Type != telemetry.Float64 || !math.IsNaN(math.Float64frombits(r.Bits[i]))
}
