package rollup

import (
	"cmp"
	"math"
	"math/big"
	"slices"

	"jingwei/internal/telemetry"
)

// exactly is the model of sums: one big.Float that is wide enough for any of them.
type exactly struct {
	sum         *big.Float
	plus, minus bool
}

func newExactly() *exactly { return &exactly{sum: new(big.Float).SetPrec(2600)} }

func (e *exactly) add(x float64) {
	switch {
	case math.IsInf(x, 1):
		e.plus = true
	case math.IsInf(x, -1):
		e.minus = true
	default:
		e.sum.Add(e.sum, big.NewFloat(x))
	}
}

func (e *exactly) addBig(x *big.Float) { e.sum.Add(e.sum, x) }

func (e *exactly) total() Total {
	switch {
	case e.plus && e.minus:
		return Total{Hi: math.NaN()}
	case e.plus:
		return Total{Hi: math.Inf(1)}
	case e.minus:
		return Total{Hi: math.Inf(-1)}
	}
	rest := new(big.Float).Copy(e.sum)
	var terms []float64
	for {
		f, _ := rest.Float64()
		if f == 0 {
			break
		}
		terms = append(terms, f)
		rest.Sub(rest, big.NewFloat(f))
	}
	var t Total
	if len(terms) > 0 {
		t.Hi = terms[0]
	}
	if len(terms) > 1 {
		t.Lo = terms[1]
	}
	if len(terms) > 2 {
		t.More = terms[2:]
	}
	return t
}

// counted is one thing that a counter's register did.
type counted struct {
	t       int64
	reading bool
	steps   []*big.Float
	changed bool
	resets  uint64
	rolls   uint64
	change  uint64
	input   uint64
}

// model knows a trial's samples and answers for any bucket, slowly and without looking at minutes one after the other.
type model struct {
	x       *trial
	seen    []point
	until   []int64 // up to when each covers
	counts  []counted
	started int64 // when the first reading was known
}

func newModel(x *trial) *model {
	m := &model{x: x, started: math.MaxInt64}
	for _, p := range x.points {
		if x.visible(&p) {
			m.seen = append(m.seen, p)
		}
	}
	for i, p := range m.seen {
		end := p.t
		if x.good(&p) {
			silence := int64(x.d.Reporting[0].MaxSilence)
			for _, r := range x.d.Reporting {
				if r.From <= p.t {
					silence = int64(r.MaxSilence)
				}
			}
			end = min(p.t+silence, x.now)
			if i+1 < len(m.seen) {
				end = min(end, m.seen[i+1].t)
			}
		}
		m.until = append(m.until, end)
	}
	if x.d.Counter != nil {
		m.count()
	}
	return m
}

// count writes down everything that the counter did: its readings and changes in one order.
func (m *model) count() {
	type event struct {
		t      int64
		change *MeterChange
		bits   uint64
		commit uint64
	}
	var events []event
	b := m.x.before
	if b.Known {
		events = append(events, event{t: b.Time, bits: b.Bits, commit: b.Commit})
	}
	for i := range m.x.d.Counter.Changes {
		if c := &m.x.d.Counter.Changes[i]; c.At <= m.x.now && (!b.Known || c.At > b.Time) {
			events = append(events, event{t: c.At, change: c})
		}
	}
	for _, p := range m.seen {
		if m.x.reads(&p) {
			events = append(events, event{t: p.t, bits: p.bits, commit: p.commit})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return cmp.Compare(a.t, b.t) })
	value := func(bits uint64) *big.Float {
		v := new(big.Float).SetPrec(2600)
		if m.x.d.Type == telemetry.Int64 {
			return v.SetInt64(int64(bits))
		}
		return v.SetFloat64(math.Float64frombits(bits))
	}
	var last *big.Float
	var by uint64
	for _, e := range events {
		c := counted{t: e.t, reading: e.change == nil, input: e.commit}
		to := value(e.bits)
		if e.change != nil {
			to = value(e.change.Old.Bits)
			c.change, c.changed = 1, true
		}
		if last != nil {
			c.input = max(c.input, by)
			step := new(big.Float).SetPrec(2600).Sub(to, last)
			if step.Sign() < 0 {
				modulus, most := big.NewFloat(m.x.d.Counter.Modulus), m.x.d.Counter.MaxStep
				step.Add(step, modulus)
				f, _ := step.Float64()
				if modulus.Sign() > 0 && step.Sign() > 0 && (most == 0 || f <= most) {
					c.rolls = 1
				} else {
					c.resets = 1
					step.Set(to)
					if step.Sign() < 0 {
						step.SetInt64(0)
					}
				}
				c.changed = true
			}
			c.changed = c.changed || step.Sign() != 0
			c.steps = append(c.steps, step)
		}
		m.started = min(m.started, e.t)
		if last, by = to, e.commit; e.change != nil {
			last = value(e.change.New.Bits)
		}
		m.counts = append(m.counts, c)
	}
}

// row is the row of a bucket, or none.
func (m *model) row(from, to int64) (Row, bool) {
	x := m.x
	r := Row{From: from, To: to, Type: x.d.Type}
	sum, integral, used := newExactly(), newExactly(), newExactly()
	states := map[State]*State{}
	state := func(p *point) *State {
		k := State{Bits: p.bits}
		if x.d.Type == telemetry.String {
			k = State{Text: Name(p.text)}
		}
		if states[k] == nil {
			s := k
			states[k] = &s
		}
		return states[k]
	}
	says := false
	first, _ := slices.BinarySearchFunc(m.seen, from, func(p point, t int64) int { return cmp.Compare(p.t, t) })
	for i := max(first-1, 0); i < len(m.seen) && m.seen[i].t < to; i++ {
		p := &m.seen[i]
		for minute := minuteOf(max(from, p.t)); minute < min(to, m.until[i]); minute += Minute {
			ns := min(minute+Minute, m.until[i], to) - max(minute, p.t, from)
			if ns <= 0 {
				continue
			}
			says = true
			r.Covered += ns
			r.Input = max(r.Input, p.commit)
			if x.d.Type != telemetry.Float64 {
				state(p).Duration += ns
			}
			if x.d.Type != telemetry.String {
				integral.add(product(number(x.d.Type, p.bits), ns))
			}
		}
		if p.t < from {
			continue
		}
		says = true
		r.Received++
		r.Input = max(r.Input, p.commit)
		if !x.good(p) {
			if p.status.IsUncertain() {
				r.Uncertain++
			} else {
				r.Bad++
			}
			continue
		}
		if r.Good == 0 {
			r.First, r.FirstText, r.FirstTime, r.Min, r.Max = p.bits, Name(p.text), p.t, p.bits, p.bits
		}
		r.Good++
		r.Last, r.LastText, r.LastTime = p.bits, Name(p.text), p.t
		switch x.d.Type {
		case telemetry.Float64:
			f := math.Float64frombits(p.bits)
			sum.add(f)
			r.Min = math.Float64bits(min(math.Float64frombits(r.Min), f))
			r.Max = math.Float64bits(max(math.Float64frombits(r.Max), f))
		case telemetry.Int64, telemetry.Bool:
			sum.addBig(new(big.Float).SetInt64(int64(p.bits)))
			r.Min = uint64(min(int64(r.Min), int64(p.bits)))
			r.Max = uint64(max(int64(r.Max), int64(p.bits)))
		}
		if x.d.Type != telemetry.Float64 {
			state(p).Count++
		}
	}
	if x.d.Type == telemetry.Bool || x.d.Type == telemetry.String || x.d.States {
		r.Flags |= HasStates
		var all []State
		for _, s := range states {
			all = append(all, *s)
		}
		slices.SortFunc(all, func(a, b State) int {
			if x.d.Type == telemetry.String {
				return cmp.Compare(a.Text, b.Text)
			}
			p, q := new(big.Int).Abs(big.NewInt(int64(a.Bits))), new(big.Int).Abs(big.NewInt(int64(b.Bits)))
			return cmp.Or(p.Cmp(q), cmp.Compare(int64(b.Bits), int64(a.Bits)))
		})
		for i, s := range all {
			if i < 16 {
				r.States = append(r.States, s)
			} else {
				r.Others += s.Duration
				r.OthersCount += s.Count
			}
		}
	}
	if x.d.Counter != nil {
		r.Flags |= HasCounter
		if m.started > from {
			r.Flags |= Unread
		}
		for _, c := range m.counts {
			if c.t <= from || c.t > to {
				continue
			}
			for _, s := range c.steps {
				used.addBig(s)
			}
			r.Resets, r.RollOvers, r.Exchanges = r.Resets+c.resets, r.RollOvers+c.rolls, r.Exchanges+c.change
			if c.changed || c.reading && r.Flags&Unread != 0 {
				says = true
			}
			r.Input = max(r.Input, c.input)
		}
	}
	r.Sum, r.Integral, r.Consumption = sum.total(), integral.total(), used.total()
	return r, says
}

// product is Piece by way of numbers of 53 bits.
func product(v float64, ns int64) float64 {
	if math.IsInf(v, 0) {
		return v
	}
	s := new(big.Float).SetPrec(53).Quo(big.NewFloat(float64(ns)), big.NewFloat(1e9))
	f, _ := s.Mul(s, big.NewFloat(v)).Float64()
	return f
}
