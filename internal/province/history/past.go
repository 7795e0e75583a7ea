package history

import (
	"fmt"
	"math"
	"time"

	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/plant/template"
)

// Machine is a machine whose past is made.
type Machine struct {
	Key      string // names it in the choice of recorded days and of gaps
	Template *template.Template
	Points   []string // keys that are kept
	Start    int64    // rows ahead at which its simulator goes on (replay.Part.Start)
	Shifts   int      // 1: 8 to 17 h, 2: 8 to 24 h, 3: around the clock; of a machine that works in shifts
	Away     []Stay   // days on which it was elsewhere
}

// Stay is a run of days, both included.
type Stay struct{ First, Last workday.Day }

// Row is what a machine tells at a time.
type Row struct {
	At     int64 // ns since 1970 UTC
	Bad    bool  // it did not answer: no values
	Values []any // by the machine's points: float64, int64, bool or string, as the device holds them
}

// Past is the past of one machine.
type Past struct {
	l     *Library
	m     *Machine
	r     *recording
	first workday.Day
	until int64
	begin []map[string]int64 // by day from first: counters at its begin
}

// rounds that a simulator's counter is ahead, so that a past of years still begins above 0.
const rounds = 16

// weeks and rows of the energy recording; row 0 is the quarter hour that ends at 00:15 on a Monday.
const (
	daily  = int64(day / quarter)
	weekly = 7 * daily
)

// InStep is where a simulator of quarter hours that is as fast as its recording starts, so that it shows recorded Mondays on Mondays and
// mornings in the morning: replay.DefaultEpoch is a Thursday, 8 h in China, and the row that ended then was shown first. weeks moves it
// within the recording.
func InStep(rows, weeks int64) int64 {
	const thursday = 3*daily + int64(8*hour/quarter) - 1
	return rounds*rows + weeks*weekly + thursday
}

// Past prepares the past of a machine from the begin of a day to a time, which is included and lies on a quarter of an hour. Errors name
// template and recording.
func (l *Library) Past(m *Machine, first workday.Day, until time.Time) (*Past, error) {
	r, err := l.recording(m.Template)
	if err != nil {
		return nil, err
	}
	p := &Past{l: l, m: m, r: r, first: first, until: until.UnixNano()}
	for _, key := range m.Points {
		if r.cells[key] == nil {
			return nil, fmt.Errorf("template %s: the recording does not have the point %q", m.Template.ID, key)
		}
	}
	if until.UnixNano()%int64(quarter) != 0 || p.until <= first.Begin() {
		return nil, fmt.Errorf("machine %s: a past from %s to %s; it ends on a quarter of an hour after its begin", m.Key, first, until)
	}
	if len(r.count) == 0 {
		return p, nil
	}
	if r.rows%int(weekly) != 0 || r.step != quarter {
		return nil, fmt.Errorf("template %s: the recording of a meter is whole weeks of quarter hours", m.Template.ID)
	}
	live, err := l.live(m, until)
	if err != nil {
		return nil, err
	}
	last := p.Last()
	for d := first; d <= last; d++ {
		p.begin = append(p.begin, map[string]int64{})
	}
	for key, at := range live {
		for d := last; d >= first; d-- {
			at -= p.counted(key, d)
			p.begin[d-first][key] = at
		}
		if at < 0 {
			return nil, fmt.Errorf("machine %s: the past counts more than the %d of %s", m.Key, live[key], key)
		}
	}
	return p, nil
}

// live is what the simulator's counters hold at a time.
func (l *Library) live(m *Machine, at time.Time) (map[string]int64, error) {
	player, err := l.player.Open(replay.Part{Template: m.Template, Start: m.Start, Speed: 1}, replay.DefaultEpoch)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for i := range m.Template.Points {
		if p := &m.Template.Points[i]; player.Counter(i) {
			out[p.Key] = int64(math.Round(math.Float64frombits(player.Value(i, player.At(at)).Bits) / scale(p)))
		}
	}
	return out, nil
}

// First and Last are the days of the past.
func (p *Past) First() workday.Day { return p.first }
func (p *Past) Last() workday.Day  { return workday.DayOf(p.until - 1) }

// row0 is the recorded day by which a meter goes on a day.
func (p *Past) row0(d workday.Day) int {
	weeks := p.r.rows / int(weekly)
	week := int(draw("week", p.m.Key, d.String()) % uint64(weeks))
	return week*int(weekly) + p.l.like(d)*int(daily)
}

// counted is what a counter counts on a day, as far as it lies in the past.
func (p *Past) counted(key string, d workday.Day) (sum int64) {
	for q, n := range p.r.count[key][p.row0(d):][:daily] {
		if d.Begin()+int64(q+1)*int64(quarter) <= p.until {
			sum += n
		}
	}
	return sum
}

// Rows are those of a day, by time.
func (p *Past) Rows(d workday.Day) (out []Row) {
	if d < p.first || d > p.Last() {
		return nil
	}
	for _, s := range p.m.Away {
		if d >= s.First && d <= s.Last {
			return nil
		}
	}
	holes := gaps(p.m.Key, d)
	add := func(at int64, row int, count map[string]int64) {
		if at > p.until {
			return
		}
		r := Row{At: at}
		for _, g := range holes {
			if at >= g.from && at < g.to {
				if !g.bad {
					return
				}
				r.Bad = true
			}
		}
		if !r.Bad {
			r.Values = make([]any, len(p.m.Points))
			for i, key := range p.m.Points {
				if n, counter := count[key]; counter {
					r.Values[i] = n
				} else {
					r.Values[i] = p.r.cells[key][row]
				}
			}
		}
		out = append(out, r)
	}
	if len(p.r.count) > 0 {
		p.metered(d, add)
	} else {
		p.worked(d, add)
	}
	return out
}

func (p *Past) metered(d workday.Day, add func(int64, int, map[string]int64)) {
	row0 := p.row0(d)
	count := map[string]int64{}
	for key, n := range p.begin[d-p.first] {
		count[key] = n
	}
	for q := range int(daily) {
		for key := range count {
			count[key] += p.r.count[key][row0+q]
		}
		add(d.Begin()+int64(q+1)*int64(quarter), row0+q, count)
	}
}

// shift is the working time of a day, in hours.
func (m *Machine) shift() (from, to int) {
	switch m.Shifts {
	case 1:
		return 8, 17
	case 2:
		return 8, 24
	}
	return 0, 24
}

const tact = 10 * time.Minute // between rows of a machine at work

func (p *Past) worked(d workday.Day, add func(int64, int, map[string]int64)) {
	from, to := p.m.shift()
	working := p.l.days.Working(d)
	x := draw("work", p.m.Key, d.String())
	for slot := range int(day / tact) {
		since := time.Duration(slot) * tact
		at := d.Begin() + int64(since)
		switch h := int(since / hour); {
		case working && h >= from && h < to:
			add(at, int((x+uint64(slot)*613)%uint64(p.r.rows)), nil) // 613: prime, so that rows of all stages come up
		case since%hour == 0 && len(p.r.still) > 0:
			add(at, p.r.still[(x+uint64(slot))%uint64(len(p.r.still))], nil)
		}
	}
}

// Used is what a meter counts on a day, in steps of its counter; gaps do not lessen it.
func (l *Library) Used(m *Machine, d workday.Day) (int64, error) {
	r, err := l.recording(m.Template)
	if err != nil {
		return 0, err
	}
	p := Past{l: l, m: m, r: r, until: math.MaxInt64}
	for i := range m.Template.Points {
		if key := m.Template.Points[i].Key; r.count[key] != nil {
			return p.counted(key, d), nil
		}
	}
	return 0, fmt.Errorf("template %s counts nothing", m.Template.ID)
}
