package sparkplug

import (
	"context"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// maxTroubles bounds what is told of one message.
const maxTroubles = 8

// Times that a sample may have, in milliseconds.
const maxMillis = uint64(telemetry.MaxTime / 1e6)

// taker turns a message's metrics into rows. It belongs to a node and is reused.
type taker struct {
	n   *node
	out intake.Message
	now int64

	s        *scope
	where    string
	at       uint64 // payload time, ms; 0: none
	birth    bool   // the values are those of a birth: they hold at its time
	troubles int
	m        Metric
	in       parts
	unknown  []def // named metrics that no birth declared
	lost     bool  // there are aliases that nobody knows
	changed  bool  // there are values whose type contradicts the birth's
}

func (t *taker) init(n *node) {
	t.n = n
	t.in.visit = t.part
}

func (t *taker) begin(now int64) {
	t.out.Reset()
	t.now, t.troubles = now, 0
}

func (t *taker) trouble(code, value, zh, en string) {
	if t.troubles++; t.troubles <= maxTroubles {
		t.n.trouble(t.s, metricTrouble(code, t.where, value, zh, en))
	}
}

// take stores the values of a data message.
func (n *node) take(ctx context.Context, s *scope, c parcel) {
	if !s.trusted {
		if s.declared && n.aliased(&c) {
			n.setAside(ctx, c)
			return
		}
		if s.table == nil {
			s.table = &table{byName: map[string]int32{}}
		}
	}
	if err := n.rebind(ctx, s); err != nil {
		c.done(err)
		return
	}
	t := &n.taker
	if err := t.run(ctx, s, &c, false); err != nil {
		t.refuse(ctx, s, &c, err)
		return
	}
	if t.lost {
		n.ask(askAlias)
	}
	if t.changed {
		n.ask(askType)
	}
	if t.out.Len() > 0 {
		s.marked = false
	}
	n.h.o.Binder.Alive(s.key, true, c.now)
	n.h.put(ctx, &t.out, s, c.r.name, c.done)
}

// refuse ends a message that cannot be taken: for good where it is no payload, for now where the node cannot bind.
func (t *taker) refuse(ctx context.Context, s *scope, c *parcel, err error) {
	if err != errWire {
		if c.done != nil {
			c.done(err)
		}
		return
	}
	t.n.trouble(s, payloadTrouble(c.r.name, err.Error(), c.p.raw))
	t.n.h.nothing(ctx, c.done)
}

// run fills out. What no birth declared, but has a name, is learned first.
func (t *taker) run(ctx context.Context, s *scope, c *parcel, birth bool) error {
	for {
		t.begin(c.now)
		t.s, t.where, t.at, t.birth = s, c.r.name, c.p.Timestamp, birth
		t.unknown, t.lost, t.changed = t.unknown[:0], false, false
		m := &t.m
		it := c.p.Metrics()
		for it.Next(m) {
			d := s.table.find(m)
			switch {
			case d == nil:
				t.stranger(m)
			case d.typ != 0:
				t.row(d, m)
			case d.datatype.hasParts():
				t.apart([]byte(d.name), m, d.datatype)
			case d.datatype == Unknown:
				t.learn(d.name, m)
			}
		}
		if err := it.Err(); err != nil {
			return err
		}
		if len(t.unknown) == 0 {
			return nil
		}
		if err := t.adopt(ctx); err != nil {
			return err
		}
	}
}

// stranger takes a metric that the table does not have.
func (t *taker) stranger(m *Metric) {
	if len(m.Name) == 0 {
		t.lost = true
		if t.troubles++; t.troubles <= maxTroubles {
			t.n.trouble(t.s, aliasTrouble(t.where, m.Alias))
		}
		return
	}
	if control(m.Name) {
		return
	}
	d := m.Datatype
	if d == Unknown {
		d = m.Kind.guess()
	}
	if d.hasParts() {
		t.apart(m.Name, m, d)
		return
	}
	t.learn(string(m.Name), m)
}

func (t *taker) apart(name []byte, m *Metric, d Datatype) {
	whole := *m // m is the walk's; its parts need their own
	if err := t.in.walk(name, &whole, d); err != nil {
		t.trouble(troublePart(err), string(name), "模板、数据集或数组无法完整读取", "a template, data set or array that cannot be read whole: "+err.Error())
	}
}

// part takes one value of a metric with parts.
func (t *taker) part(name []byte, m *Metric) {
	switch d := t.s.table.named(name); {
	case d != nil && d.typ != 0:
		t.row(d, m)
	case d == nil || d.datatype == Unknown:
		t.learn(string(name), m)
	}
}

// learn notes a metric that was not declared, or whose type was not known.
func (t *taker) learn(name string, m *Metric) {
	d := def{name: name, datatype: m.Datatype}
	if d.datatype == Unknown {
		d.datatype = m.Kind.guess()
	}
	d.typ = d.datatype.Telemetry()
	switch {
	case d.typ == 0 || m.Null && m.Datatype == Unknown:
	case len(name) > maxName || !utf8.ValidString(name):
		t.trouble(troubleName, name, "指标名应为 1 到 200 字节的 UTF-8 文本，该指标未采用", "a metric's name wants 1 to 200 bytes of UTF-8; the metric is not taken")
	case len(t.s.table.defs)+len(t.unknown) >= maxMetrics:
		t.trouble(troubleBound, name, "指标过多，多出的未采用", "too many metrics; this one is not taken")
	default:
		t.unknown = append(t.unknown, d)
	}
}

// adopt adds what was learned to the table.
func (t *taker) adopt(ctx context.Context) error {
	s := t.s
	from := len(s.table.defs)
	for _, d := range t.unknown {
		if known := s.table.named([]byte(d.name)); known != nil {
			if known.datatype == Unknown {
				known.datatype, known.typ = d.datatype, d.typ
				from = 0
			}
			continue
		}
		s.table.add(d)
	}
	t.n.unsaved(t.now)
	return t.n.bind(ctx, s, from)
}

// row appends a value.
func (t *taker) row(d *def, m *Metric) {
	if m.Datatype != d.datatype && m.Datatype != Unknown && (len(m.Name) == 0 || m.Datatype.Telemetry() != d.typ) {
		t.changed = true
		t.trouble(troubleType, d.name+": "+m.Datatype.String(), "数值类型与出生证明中的 "+d.datatype.String()+" 不符，未采用；已要求重新上报出生证明",
			"the value is of another type than the "+d.datatype.String()+" of the birth; it is not taken, and the edge node has been asked for its births")
		return
	}
	ms := m.Timestamp
	if ms == 0 {
		ms = t.at
	}
	if ms >= maxMillis {
		t.trouble(troubleTime, d.name, "时间不在 1970 至 2200 年之间，改用接收时间", "the time is not within 1970 and 2200; the time of receipt is used")
		ms = 0
	}
	at := int64(ms) * 1e6
	status := telemetry.Good
	if m.Properties != nil {
		if q, err := ReadProperties(m.Properties); err == nil && q.HasQuality {
			status = StatusOf(q.Quality)
		}
	}
	var v telemetry.Value
	if m.Null {
		if !status.IsBad() {
			status = telemetry.Bad
		}
	} else {
		v, status = t.value(d, m, status)
	}
	if !m.Historical {
		if t.birth {
			at = t.reborn(at)
		}
		t.s.last = max(t.s.last, at)
	}
	if d.slot.Ref == 0 || m.Transient {
		if !m.Historical {
			if at == 0 {
				at = t.now
			}
			t.n.h.o.Binder.Saw(t.s.key, intake.Metric{Name: d.name, Type: d.typ, Unit: d.unit}, at, v)
		}
		return
	}
	if !d.plain {
		out, ok := d.slot.Convert(v)
		if !ok && v.Type != 0 {
			t.trouble(troubleType, d.name, "数值无法无损转换为测点的类型，该时刻记为无值", "the value cannot become one of the point's type without loss; the sample has no value")
			out, status = telemetry.Value{}, telemetry.BadDecodingError
		}
		v = out
	}
	t.out.Add(d.slot.Ref, at, t.now, v, status)
}

// value reads a metric's value, and says with the status where it has none.
func (t *taker) value(d *def, m *Metric, status telemetry.Status) (telemetry.Value, telemetry.Status) {
	as := d.datatype
	if m.Datatype != Unknown && len(m.Name) > 0 {
		as = m.Datatype
	}
	v, verdict := m.value(as)
	switch verdict {
	case valueRange:
		t.trouble(troubleRange, d.name, as.String()+" 无法容纳该数值，该时刻记为无值", "the value does not fit a "+as.String()+" that can be kept; the sample has no value")
		return v, telemetry.BadOutOfRange
	case valueType:
		t.trouble(troubleType, d.name, "数值不是 "+as.String()+"，该时刻记为无值", "the value is not a "+as.String()+"; the sample has no value")
		return v, telemetry.BadDecodingError
	case valueCleaned:
		if status.IsGood() {
			status = telemetry.Uncertain
		}
	}
	return v, status
}

// reborn is the time of a value that a birth tells. A birth says what holds when it is sent; where the value was measured
// before the marks of a death, it holds again from the birth on, or the marks would stand until it changes.
func (t *taker) reborn(at int64) int64 {
	if t.s.markedAt == 0 || at == 0 || at > t.s.markedAt {
		return at
	}
	if sent := int64(min(t.at, maxMillis)) * 1e6; sent > t.s.markedAt {
		return sent
	}
	return t.s.markedAt + 1e6
}

// mark says of every metric of a scope that it is out of reach: once, until it is heard again. at is when, in
// milliseconds; 0 is now by the host's clock. A device whose clock is a little ahead has told values dated after that:
// the mark comes after them, or they would be taken for the latest.
func (t *taker) mark(ctx context.Context, s *scope, at uint64) {
	s.trusted = false
	if s.marked || s.table == nil {
		return
	}
	const little = int64(10 * 60 * 1e9)
	time := t.now
	if at > 0 && at < maxMillis {
		time = int64(at) * 1e6
	}
	if time <= s.last && s.last-t.now < little {
		time = s.last + 1e6
	}
	s.marked, s.markedAt, s.awaits = true, time, false
	t.n.unsaved(t.now)
	told := time
	if time == t.now {
		told = 0 // the host's time, and flagged as such
	}
	if err := t.n.rebind(ctx, s); err != nil {
		t.n.h.o.Logger.Warn("mark what is out of reach", "device", s.key, "err", err)
	}
	for i := range s.table.defs {
		if d := &s.table.defs[i]; d.typ != 0 && d.slot.Ref != 0 {
			t.out.Add(d.slot.Ref, told, t.now, telemetry.Value{}, telemetry.BadNoCommunication)
		}
	}
	t.n.h.o.Binder.Alive(s.key, false, time)
}

// aliased tells whether a message has values that only an alias names.
func (n *node) aliased(c *parcel) bool {
	m := &n.taker.m
	for it := c.p.Metrics(); it.Next(m); {
		if len(m.Name) == 0 {
			return true
		}
	}
	return false
}

// agrees tells whether every alias of a message means the same in two tables.
func agrees(p *Payload, a, b *table) bool {
	var m Metric
	it := p.Metrics()
	for it.Next(&m) {
		if len(m.Name) > 0 {
			continue
		}
		x, y := a.find(&m), b.find(&m)
		if x == nil || y == nil || x.name != y.name || x.datatype != y.datatype {
			return false
		}
	}
	return it.Err() == nil
}
