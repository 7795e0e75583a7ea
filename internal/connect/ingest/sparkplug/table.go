package sparkplug

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// maxMetrics bounds what one node or device may declare, parts of templates and data sets included.
const maxMetrics = 50_000

// scope is the metrics of one node, or of one device.
type scope struct {
	key    string // "group/node" or "group/node/device"
	device string // "" for a node's own

	table    *table // of the last birth, and what else was told by name; nil before both
	declared bool   // there has been a birth
	epoch    uint64 // the node's session of it; 0: of none that was seen whole
	bornAt   uint64 // its payload time, ms
	trusted  bool   // and no later one can have been missed: aliases mean what the table says
	judgeAt  int64  // when the table decides over what was set aside, ns; 0: not
	before   before // what held when the node's last birth came
	saved    bool   // the memory has a table of it
	gen      uint64 // of the binder, when the slots were asked for
	bound    bool

	marked   bool  // everything is marked as out of reach
	markedAt int64 // source time of the marks, ns
	last     int64 // greatest source time told, ns
	awaits   bool  // an NBIRTH has come, the device's birth has not
}

// before is a scope's table when an NBIRTH came, for what was sent before and comes after it.
type before struct {
	table   *table
	gen     uint64
	trusted bool
}

// def is what a birth says of a metric.
type def struct {
	name     string
	unit     string
	alias    uint64
	hasAlias bool
	datatype Datatype
	typ      telemetry.Type // 0: it has parts, which are metrics of their own, or its type is not known yet
	slot     intake.Slot
	plain    bool // slot takes values as they are
}

// table finds metrics by alias and by name.
type table struct {
	defs     []def
	declared int // how many of them a birth declared; the others came later, by name
	byName   map[string]int32
	// Aliases mostly lie close together: dense[alias-base] is 1 + the index of its metric, 0 for none.
	base   uint64
	dense  []int32
	sparse map[uint64]int32
}

// twice is the index of an alias that two metrics have: nobody's.
const twice = 0

func (t *table) byAlias(alias uint64) *def {
	var i int32
	if k := alias - t.base; k < uint64(len(t.dense)) {
		i = t.dense[k]
	} else if t.sparse != nil {
		i = t.sparse[alias]
	}
	if i == 0 {
		return nil
	}
	return &t.defs[i-1]
}

// find looks a metric up: by its name where it has one, for names are what aliases stand for.
func (t *table) find(m *Metric) *def {
	if len(m.Name) == 0 {
		if !m.HasAlias {
			return nil
		}
		return t.byAlias(m.Alias)
	}
	return t.named(m.Name)
}

func (t *table) named(name []byte) *def {
	if i, ok := t.byName[string(name)]; ok {
		return &t.defs[i]
	}
	return nil
}

// same tells whether two births declare the same.
func (t *table) same(o *table) bool {
	return o != nil && slices.EqualFunc(t.defs[:t.declared], o.defs[:o.declared], func(a, b def) bool { return a.is(&b) })
}

func (a *def) is(b *def) bool {
	return a.name == b.name && a.unit == b.unit && a.alias == b.alias && a.hasAlias == b.hasAlias && a.datatype == b.datatype
}

func (t *table) add(d def) *def {
	t.byName[d.name] = int32(len(t.defs))
	t.defs = append(t.defs, d)
	return &t.defs[len(t.defs)-1]
}

// index makes the way from aliases to metrics; it returns an alias that is there twice.
func (t *table) index() (double uint64, found bool) {
	lo, hi := ^uint64(0), uint64(0)
	n := 0
	for i := range t.defs {
		if d := &t.defs[i]; d.hasAlias {
			lo, hi, n = min(lo, d.alias), max(hi, d.alias), n+1
		}
	}
	if n == 0 {
		return 0, false
	}
	if span := hi - lo; span < uint64(4*n+1024) {
		t.base, t.dense = lo, make([]int32, span+1)
	} else {
		t.sparse = make(map[uint64]int32, n)
	}
	taken := make(map[uint64]bool, n)
	for i := range t.defs {
		d := &t.defs[i]
		if !d.hasAlias {
			continue
		}
		at := int32(i + 1)
		if taken[d.alias] {
			at, double, found = twice, d.alias, true
		}
		taken[d.alias] = true
		if t.sparse != nil {
			t.sparse[d.alias] = at
		} else {
			t.dense[d.alias-t.base] = at
		}
	}
	return double, found
}

// control tells whether a metric is part of the protocol, and none of the machine.
func control(name []byte) bool {
	const prefix = "Node Control/"
	const device = "Device Control/"
	return string(name) == "bdSeq" || len(name) >= len(prefix) && string(name[:len(prefix)]) == prefix ||
		len(name) >= len(device) && string(name[:len(device)]) == device
}

// declared reads what a birth declares. bad gets what is wrong with single metrics.
func declared(p *Payload, bad func(code, value, zh, en string)) (*table, error) {
	t := &table{byName: make(map[string]int32, p.Count)}
	add := func(name []byte, m *Metric) {
		switch {
		case len(name) == 0 || len(name) > maxName || !utf8.Valid(name):
			bad(troubleName, fmt.Sprintf("%.60q", name), "指标名应为 1 到 200 字节的 UTF-8 文本，该指标未采用", "a metric's name wants 1 to 200 bytes of UTF-8; the metric is not taken")
			return
		case t.named(name) != nil:
			bad(troubleName, string(name), "同一出生证明中指标名重复，第二个未采用", "two metrics of one birth have this name; the second is not taken")
			return
		case len(t.defs) >= maxMetrics:
			bad(troubleBound, string(name), "指标过多，多出的未采用", fmt.Sprintf("more than %d metrics; what is beyond is not taken", maxMetrics))
			return
		}
		d := def{name: string(name), alias: m.Alias, hasAlias: m.HasAlias, datatype: m.Datatype}
		if d.datatype == Unknown {
			d.datatype = m.Kind.guess()
		}
		d.typ = d.datatype.Telemetry()
		if d.datatype == DateTime {
			d.unit = "ms"
		}
		if m.Properties != nil {
			if q, err := ReadProperties(m.Properties); err == nil && len(q.Unit) <= 32 && utf8.Valid(q.Unit) {
				d.unit = string(q.Unit)
			}
		}
		t.add(d)
	}
	var in parts
	in.visit = add
	var m Metric
	it := p.Metrics()
	for it.Next(&m) {
		if control(m.Name) {
			continue
		}
		d := m.Datatype
		if d == Unknown {
			d = m.Kind.guess()
		}
		if !d.hasParts() {
			add(m.Name, &m)
			continue
		}
		if m.HasAlias {
			add(m.Name, &m)
		}
		if len(m.Name) <= maxName {
			if err := in.walk(m.Name, &m, d); err != nil {
				bad(troublePart(err), string(m.Name), "模板、数据集或数组无法完整读取", "a template, data set or array that cannot be read whole: "+err.Error())
			}
		}
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	t.declared = len(t.defs)
	if alias, found := t.index(); found {
		bad(troubleTwice, fmt.Sprint(alias), "两个指标使用同一别名，按此别名上报的数值无法归属，未采用", "two metrics have this alias; values by it are nobody's and are not taken")
	}
	return t, nil
}

func troublePart(err error) string {
	if err == errParts {
		return troubleBound
	}
	return troublePayload
}

// hasParts tells whether a metric of this type is made of single values.
func (d Datatype) hasParts() bool {
	return d == Template || d == DataSet || d >= Int8Array && d <= DateTimeArray
}

// bind asks where the metrics go: all of them, or only those from a place on.
func (n *node) bind(ctx context.Context, s *scope, from int) error {
	gen := n.h.o.Binder.Generation()
	if from > 0 && gen != s.gen {
		from = 0
	}
	t := s.table
	var metrics []intake.Metric
	for i := from; i < len(t.defs); i++ {
		if d := &t.defs[i]; d.typ != 0 {
			metrics = append(metrics, intake.Metric{Name: d.name, Type: d.typ, Unit: d.unit})
		}
	}
	s.bound = false
	var slots []intake.Slot
	if len(metrics) > 0 {
		var err error
		if slots, err = n.h.o.Binder.Bind(ctx, s.key, metrics); err != nil {
			return fmt.Errorf("bind the metrics of %s: %w", s.key, err)
		}
		if len(slots) != len(metrics) {
			return fmt.Errorf("bind the metrics of %s: %d slots for %d metrics", s.key, len(slots), len(metrics))
		}
	}
	for i := from; i < len(t.defs); i++ {
		if d := &t.defs[i]; d.typ != 0 {
			d.slot, slots = slots[0], slots[1:]
			d.plain = d.slot.Type == d.typ && d.slot.Offset == 0 && (d.slot.Scale == 0 || d.slot.Scale == 1)
		}
	}
	s.gen, s.bound = gen, true
	return nil
}

// rebind asks again where an answer may have changed.
func (n *node) rebind(ctx context.Context, s *scope) error {
	if s.table == nil || s.bound && s.gen == n.h.o.Binder.Generation() {
		return nil
	}
	return n.bind(ctx, s, 0)
}
