package rollup

import (
	"math"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/sum"
)

// Reading is the last good reading of a counter before the samples that Fold is given, however long before. The zero value
// says that there is none.
type Reading struct {
	Known  bool
	Time   int64
	Bits   uint64 // in the series' type; finite
	Commit uint64 // of its sample
}

// meter follows a counter from reading to reading.
type meter struct {
	c     *Counter
	typ   telemetry.Type
	next  int // the change that comes next
	known bool
	last  uint64
	by    uint64 // commit of last

	// Of the row.
	used                         sum.Exact // float64
	whole                        sum.Int   // int64
	resets, rollOvers, exchanges uint64
}

func (m *meter) begin(d *Definition, before Reading) {
	m.c, m.typ, m.next = d.Counter, d.Type, 0
	m.known, m.last, m.by = before.Known, before.Bits, before.Commit
	if before.Known {
		for m.next < len(m.c.Changes) && m.c.Changes[m.next].At <= before.Time {
			m.next++
		}
	}
	m.clear()
}

func (m *meter) clear() {
	m.used.Reset()
	m.whole = sum.Int{}
	m.resets, m.rollOvers, m.exchanges = 0, 0, 0
}

// count counts from the last reading to another. It tells whether the row has changed.
func (m *meter) count(bits uint64) bool {
	if m.typ == telemetry.Int64 {
		return m.countWhole(int64(m.last), int64(bits))
	}
	a, b := math.Float64frombits(m.last), math.Float64frombits(bits)
	if b >= a {
		if a == b {
			return false
		}
		m.used.Add(b)
		m.used.Add(-a)
		return true
	}
	if step := m.c.Modulus - a + b; m.rolls(step) {
		m.used.Add(m.c.Modulus)
		m.used.Add(-a)
		m.used.Add(b)
		m.rollOvers++
		return true
	}
	m.used.Add(max(b, 0))
	m.resets++
	return true
}

func (m *meter) countWhole(a, b int64) bool {
	if b >= a {
		m.whole.Add(b)
		m.whole.Sub(a)
		return a != b
	}
	step := modulus(m.c.Modulus)
	step.Sub(a)
	step.Add(b)
	if m.rolls(step.Value()) {
		m.whole.AddInt(step)
		m.rollOvers++
		return true
	}
	m.whole.Add(max(b, 0))
	m.resets++
	return true
}

// rolls tells whether a step, taken as a roll-over, is one.
func (m *meter) rolls(step float64) bool {
	return m.c.Modulus > 0 && step > 0 && (m.c.MaxStep == 0 || step <= m.c.MaxStep)
}

func modulus(x float64) sum.Int {
	if x >= 1<<64 {
		return sum.Int{Hi: 1}
	}
	return sum.Int{Lo: uint64(x)}
}

// put moves what was counted into a row.
func (m *meter) put(r *Row) {
	if m.typ == telemetry.Int64 {
		r.Consumption = wholeTotal(m.whole)
	} else {
		r.Consumption = total(&m.used)
	}
	r.Resets, r.RollOvers, r.Exchanges = m.resets, m.rollOvers, m.exchanges
	m.clear()
}

// wholeTotal is a sum of integers as a total.
func wholeTotal(s sum.Int) Total {
	if v := int64(s.Lo); s.Hi == v>>63 && v > -1<<53 && v < 1<<53 {
		return Total{Hi: float64(v)}
	}
	var e sum.Exact
	e.AddInt(s)
	return total(&e)
}
