package mqttjson

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/telemetry"
)

// work is one message on its way; it is reused.
type work struct {
	d     *Decoder
	dev   *device
	m     *mapping
	got   map[string]string
	topic string
	now   int64
	old   bool // retained at a broker of others

	parser fastjson.Parser
	buf    []byte
	name   []byte // of the metric, as it grows
	values []told
	fresh  []*metric // to be bound
	rows   intake.Message
	full   bool // more metrics than are taken
	status telemetry.Status
}

// told is a value that the payload holds.
type told struct {
	metric *metric
	value  telemetry.Value
	at     int64 // 0: the device says no time
	status telemetry.Status
}

func (w *work) reset() {
	clear(w.values)
	clear(w.fresh)
	w.values, w.fresh, w.name = w.values[:0], w.fresh[:0], w.name[:0]
	w.rows.Reset()
	w.d, w.dev, w.m, w.got, w.topic, w.full, w.old, w.status = nil, nil, nil, nil, "", false, false, 0
}

func (w *work) trouble(t intake.Trouble) { w.d.o.Binder.Trouble(w.dev.name, t) }

// read collects the values of a payload.
func (w *work) read(doc *fastjson.Value, payload []byte) {
	m := w.m
	if m.Shape == Value {
		w.single(payload)
		return
	}
	at := w.time(m.time, doc)
	w.status = telemetry.Good
	if m.good != nil {
		if q := m.quality.find(doc); q != nil && q.Type() != fastjson.TypeNull {
			if v, ok := scalar(q, w.buf); !ok || !m.good[show(v)] {
				w.status = telemetry.Bad
			}
		}
	}
	root := m.root.find(doc)
	if root == nil {
		w.trouble(rootTrouble(w.topic, m.Root))
		return
	}
	w.name = append(w.name[:0], m.Prefix...)
	switch {
	case m.Shape == Members:
		w.members(root, at)
	case m.Shape == Records:
		w.records(root, at)
	default:
		for i := range m.rules {
			w.rule(&m.rules[i], root, at)
		}
		if m.all == nil {
			break
		}
		if all := m.all.find(root); all != nil {
			w.name = append(w.name[:0], m.Prefix...)
			w.flatten(all, at)
		}
	}
	if w.full {
		w.trouble(fullTrouble(w.topic, w.d.plan.maxMetrics))
	}
}

// time reads the device's time; 0 where it has none, or one that cannot be.
func (w *work) time(p path, doc *fastjson.Value) int64 {
	if p == nil {
		return 0
	}
	v := p.find(doc)
	if v == nil || v.Type() == fastjson.TypeNull {
		return 0
	}
	at, ok := w.m.instant(v)
	if !ok {
		w.trouble(timeTrouble(w.topic, v.String()))
		return 0
	}
	return at
}

// single is a payload that is one value.
func (w *work) single(payload []byte) {
	w.name = append(append(w.name[:0], w.m.Prefix...), w.m.metric.fill(w.got)...)
	b := bytes.TrimSpace(payload)
	if len(b) == 0 {
		return // as brokers delete a retained message
	}
	if v, err := parse(&w.parser, b); err == nil && v.Type() != fastjson.TypeObject && v.Type() != fastjson.TypeArray {
		w.add(v, 0)
		return
	}
	if !utf8.Valid(b) || len(b) > maxText || b[0] == '{' || b[0] == '[' {
		w.trouble(valueTrouble(w.topic, b))
		return
	}
	w.tell(telemetry.Value{Type: telemetry.String, Text: string(b)}, 0)
}

// flatten takes everything below a value; the name so far is w.name.
func (w *work) flatten(v *fastjson.Value, at int64) {
	if w.full {
		return
	}
	base := len(w.name)
	deeper := func(part []byte) {
		w.name = w.name[:base]
		if base > len(w.m.Prefix) {
			w.name = append(w.name, '.')
		}
		w.name = append(w.name, part...)
	}
	switch v.Type() {
	case fastjson.TypeObject:
		v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
			deeper(key)
			w.flatten(v, at)
		})
	case fastjson.TypeArray:
		for i, v := range v.GetArray() {
			if i == maxItems {
				w.full = true
				break
			}
			deeper(strconv.AppendInt(w.buf[:0], int64(i), 10))
			w.flatten(v, at)
		}
	default:
		if base > len(w.m.Prefix) && !w.excluded() {
			w.add(v, at)
		}
	}
	w.name = w.name[:base]
}

func (w *work) excluded() bool {
	name := w.name[len(w.m.Prefix):]
	for _, x := range w.m.exclude {
		if len(name) >= len(x.text) && string(name[:len(x.text)]) == x.text && (x.begin || len(name) == len(x.text)) {
			return true
		}
	}
	return false
}

// members takes an object of metric: value, or metric: {"value": …, "time": …}.
func (w *work) members(root *fastjson.Value, at int64) {
	if root.Type() != fastjson.TypeObject {
		w.trouble(rootTrouble(w.topic, w.m.Root))
		return
	}
	root.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		w.name = append(append(w.name[:0], w.m.Prefix...), key...)
		own := at
		if v.Type() == fastjson.TypeObject {
			if inner := w.m.record.value.find(v); inner != nil {
				if t := w.time(w.m.record.time, v); t != 0 {
					own = t
				}
				v = inner
			}
		}
		w.flatten(v, own)
	})
}

// records takes an array of {"name": …, "value": …, "time": …}; one record alone may stand without its array.
func (w *work) records(root *fastjson.Value, at int64) {
	list := []*fastjson.Value{root}
	if root.Type() == fastjson.TypeArray {
		list = root.GetArray()
	}
	for i, v := range list {
		name, value := w.m.record.name.find(v), w.m.record.value.find(v)
		if name == nil || value == nil || name.Type() != fastjson.TypeString && name.Type() != fastjson.TypeNumber {
			w.trouble(recordTrouble(w.topic, i, v.String()))
			continue
		}
		own := at
		if t := w.time(w.m.record.time, v); t != 0 {
			own = t
		}
		n, _ := scalar(name, w.buf)
		w.name = append(append(w.name[:0], w.m.Prefix...), show(n)...)
		w.flatten(value, own)
	}
}

// rule takes one listed value.
func (w *work) rule(r *rule, root *fastjson.Value, at int64) {
	v := r.path.find(root)
	if v == nil || v.Type() == fastjson.TypeNull {
		return
	}
	told, ok := scalar(v, w.buf)
	if ok {
		told, ok = r.coerce(told)
	}
	if !ok {
		w.trouble(typeTrouble(w.topic, r.Name, v.String(), r.Type))
		return
	}
	w.name = append(w.name[:0], r.Name...)
	w.keep(told, at, r.typed(told), r.Unit)
}

// add takes a JSON value under the name that has grown. A null says that there is no value: nothing is taken.
func (w *work) add(v *fastjson.Value, at int64) {
	if v.Type() == fastjson.TypeNull {
		return
	}
	told, ok := scalar(v, w.buf)
	if !ok {
		if v.Type() == fastjson.TypeNumber {
			w.trouble(typeTrouble(w.topic, string(w.name), v.String(), "number"))
		}
		return
	}
	w.tell(told, at)
}

func (w *work) tell(v telemetry.Value, at int64) { w.keep(v, at, kind(v), "") }

func (w *work) keep(v telemetry.Value, at int64, typ telemetry.Type, unit string) {
	if w.old && at == 0 {
		return
	}
	if len(w.values) >= w.d.plan.maxMetrics {
		w.full = true
		return
	}
	if v.Type == telemetry.String && (len(v.Text) > maxText || !utf8.ValidString(v.Text)) {
		w.trouble(textTrouble(w.topic, string(w.name), v.Text))
		return
	}
	m := w.dev.metrics[string(w.name)]
	if m == nil {
		name := string(w.name)
		if name == "" || len(name) > maxName || !utf8.ValidString(name) {
			w.trouble(nameTrouble(w.topic, name))
			return
		}
		if len(w.dev.metrics) >= maxDeviceMetrics {
			w.trouble(metricsTrouble(w.topic, name))
			return
		}
		m = &metric{Metric: intake.Metric{Name: name, Type: typ, Unit: unit}}
		w.dev.metrics[name] = m
	}
	if !m.bound {
		m.bound = true // until bind says otherwise
		w.fresh = append(w.fresh, m)
	}
	w.values = append(w.values, told{m, v, at, w.status})
}

// maxDeviceMetrics bounds the metrics of one device: names that never come again (a serial number as a key) would fill
// the memory.
const maxDeviceMetrics = 5000

// bind asks where the values of new metrics go.
func (w *work) bind(ctx context.Context) error {
	if len(w.fresh) == 0 {
		return nil
	}
	ask := make([]intake.Metric, len(w.fresh))
	for i, m := range w.fresh {
		ask[i] = m.Metric
	}
	slots, err := w.d.o.Binder.Bind(ctx, w.dev.name, ask)
	for i, m := range w.fresh {
		if m.bound = err == nil; m.bound {
			m.slot = slots[i]
		}
	}
	return err
}

// fill makes rows of the values.
func (w *work) fill() {
	for i := range w.values {
		t := &w.values[i]
		slot := &t.metric.slot
		if slot.Ref == 0 {
			at := t.at
			if at == 0 {
				at = w.now
			}
			w.d.o.Binder.Saw(w.dev.name, t.metric.Metric, at, t.value)
			continue
		}
		v, ok := slot.Convert(as(t.value, slot.Type))
		if !ok {
			w.trouble(slotTrouble(w.topic, t.metric.Name, t.value, slot.Type))
			continue
		}
		w.rows.Add(slot.Ref, t.at, w.now, v, t.status)
	}
}

// alive reads a word that says whether the device is there. One that has gone leaves a mark on each of its points, once.
func (w *work) alive(payload []byte) {
	text := string(bytes.TrimSpace(payload))
	if v, err := parse(&w.parser, payload); err == nil {
		if v = w.m.root.find(v); v != nil {
			if told, ok := scalar(v, w.buf); ok {
				text = show(told)
			} else if told := v.GetStringBytes("state"); told != nil { // {"state": "online"}
				text = string(told)
			}
		}
	}
	is := func(words []string) bool {
		for _, x := range words {
			if strings.EqualFold(x, text) {
				return true
			}
		}
		return false
	}
	switch {
	case is(w.m.Online):
		w.dev.away = false
		w.d.o.Binder.Alive(w.dev.name, true, w.now)
	case is(w.m.Offline):
		w.d.o.Binder.Alive(w.dev.name, false, w.now)
		if w.dev.away {
			return
		}
		w.dev.away = true
		for _, m := range w.dev.metrics {
			if m.bound && m.slot.Ref != 0 {
				w.rows.Add(m.slot.Ref, 0, w.now, telemetry.Value{}, telemetry.BadNoCommunication)
			}
		}
	case text == "":
	default:
		w.trouble(wordTrouble(w.topic, text, w.m.Online, w.m.Offline))
	}
}
