package push

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/telemetry"
)

// What can be wrong with a row that is well written.
var (
	ErrDeviceOther = problem.Define("push-device-other", http.StatusBadRequest)
	ErrType        = problem.Define("push-type", http.StatusBadRequest)
	ErrUnknown     = problem.Define("push-series-unknown", http.StatusBadRequest)
)

// Bounds of names, in bytes of a device's key and characters of a metric's, which is a point's address.
const (
	maxDevice = 200
	maxMetric = 200
)

// judgement is the judging of one request. Nothing of it is shared.
type judgement struct {
	door   *Door
	memory *memory
	cache  *cache
	b      *rows.Batch
	naming rows.Naming
	keys   []string // under which a device is looked for

	groups []*group           // of b.Groups
	series []*series          // of b.Rows; nil where nothing of the row can be used
	lacks  map[string][]*lack // by device: series that are not bound yet
	order  []string           // of lacks
	late   []rows.Fault       // the first found here, in the order of rows
	wrong  int                // how many there are
}

// lack is a series that a request tells for the first time.
type lack struct {
	group  *group
	series *series
	row    int32 // the first
}

// resolve finds for each row the series that it belongs to, as far as it is known. What is not known is in lacks.
func (j *judgement) resolve(generation uint64) {
	b, m := j.b, j.memory
	j.groups, j.series = j.groups[:0], j.series[:0]
	grown := 0
	crowded := j.cache.crowded(m)
	m.mu.Lock()
	m.fresh(j.cache, generation)
	if crowded {
		j.cache.turn(m)
	}
	var made map[string]*group
	for _, key := range b.Groups {
		g, cost := m.group(b.Bytes(key))
		grown += cost
		if g != nil && len(g.order) > maxNames {
			delete(m.young, string(b.Bytes(key)))
			g = nil
		}
		if g == nil {
			if g = made[string(b.Bytes(key))]; g == nil {
				if made == nil {
					made = map[string]*group{}
				}
				g = &group{byName: map[string]*series{}}
				made[string(b.Bytes(key))] = g
				j.begin(g, b.Bytes(key))
			}
		}
		j.groups = append(j.groups, g)
	}
	last, guess := int32(-1), 0
	var ways map[*group]map[string]*series
	for i := range b.Rows {
		r := &b.Rows[i]
		if r.Group != last {
			last, guess = r.Group, 0
		}
		g := j.groups[r.Group]
		if g.fault != nil {
			j.series = append(j.series, nil)
			continue
		}
		name := b.Bytes(r.Name)
		var s *series
		if s, guess = g.find(name, guess); s == nil {
			if s = ways[g][string(name)]; s == nil {
				if ways == nil {
					ways = map[*group]map[string]*series{}
				}
				if ways[g] == nil {
					ways[g] = map[string]*series{}
				}
				s = j.name(g, b.Bytes(b.Groups[r.Group]), name)
				ways[g][s.name] = s
				j.lack(g, s, int32(i))
			}
		}
		j.series = append(j.series, s)
	}
	m.mu.Unlock()
	j.cache.grew(m, grown)
}

// begin finds the device of a new group.
func (j *judgement) begin(g *group, key []byte) {
	device, f := j.naming.Device(key)
	switch {
	case f != nil:
		g.fault = f
	case device == "" && j.door.Device == "":
		g.fault = &rows.Fault{Kind: rows.ErrNoDevice, With: map[string]any{"keys": strings.Join(j.keys, ", ")}}
	case device == "":
		g.device = j.door.Device
	case j.door.Device != "" && device != j.door.Device:
		g.fault = &rows.Fault{Kind: ErrDeviceOther, Value: device, With: map[string]any{"device": j.door.Device}}
	case len(device) > maxDevice || strings.IndexFunc(device, control) >= 0:
		g.fault = &rows.Fault{Kind: rows.ErrName, Value: device, With: map[string]any{"limit": maxDevice}}
	default:
		g.device = device
	}
}

func control(r rune) bool { return r < 0x20 || r == 0x7f }

// name makes a series of a name that was not seen before.
func (j *judgement) name(g *group, key, name []byte) *series {
	s := &series{name: string(name)}
	s.metric, s.fault = j.naming.Metric(key, name)
	if s.fault == nil && (s.metric == "" || utf8.RuneCountInString(s.metric) > maxMetric || strings.IndexFunc(s.metric, control) >= 0) {
		s.fault = &rows.Fault{Kind: rows.ErrName, Value: s.metric, With: map[string]any{"limit": maxMetric}}
	}
	return s
}

func (j *judgement) lack(g *group, s *series, row int32) {
	if j.lacks == nil {
		j.lacks = map[string][]*lack{}
	}
	if _, known := j.lacks[g.device]; !known {
		j.order = append(j.order, g.device)
	}
	j.lacks[g.device] = append(j.lacks[g.device], &lack{group: g, series: s, row: row})
}

// bind asks where series go that are not known yet, and remembers it. The error is the node's.
func (j *judgement) bind(ctx context.Context) error {
	for _, device := range j.order {
		var metrics []intake.Metric
		var ask []*lack
		for _, l := range j.lacks[device] {
			if l.series.fault != nil {
				continue
			}
			r := &j.b.Rows[l.row]
			metrics = append(metrics, intake.Metric{Name: l.series.metric, Type: j.b.Told(r), Unit: j.b.Unit(r)})
			ask = append(ask, l)
		}
		if len(ask) == 0 {
			continue
		}
		slots, err := j.door.Binder.Bind(ctx, device, metrics)
		if err != nil {
			return err
		}
		for i, l := range ask {
			l.series.slot = slots[i]
		}
	}
	return nil
}

// remember shows what was bound to other requests, if it still holds. Another request may have been quicker; the two say
// the same.
func (j *judgement) remember(generation uint64) {
	m, grown := j.memory, 0
	m.mu.Lock()
	if m.generation == generation {
		for i, g := range j.groups {
			key := j.b.Bytes(j.b.Groups[i])
			known, cost := m.group(key)
			grown += cost
			if known == nil && g.fault == nil {
				m.young[string(key)] = g
				grown += groupBytes + len(key)
			}
		}
		for _, device := range j.order {
			for _, l := range j.lacks[device] {
				if l.group.byName[l.series.name] == nil {
					l.group.byName[l.series.name] = l.series
					l.group.order = append(l.group.order, l.series)
					grown += seriesBytes + len(l.series.name) + len(l.series.metric)
				}
			}
		}
	}
	m.mu.Unlock()
	j.cache.grew(m, grown)
}

// check looks at times, devices and names of all rows, and at the values of those whose slot is known.
func (j *judgement) check(bound bool) {
	b := j.b
	group := int32(-1)
	var late rows.Row // the last whose time was refused: a line of twenty fields is told once
	var unbound map[*series]bool
	if !bound {
		unbound = map[*series]bool{}
		for _, ls := range j.lacks {
			for _, l := range ls {
				unbound[l.series] = true
			}
		}
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		s := j.series[i]
		if s == nil { // the group is at fault: once for all its rows
			if r.Group != group {
				group = r.Group
				j.fault(r, j.groups[r.Group].fault, false)
			}
			continue
		}
		if r.Time != 0 && (r.Time < j.memory.plan.earliest || r.Time >= telemetry.MaxTime) {
			if r.Place != late.Place || r.Time != late.Time {
				late = *r
				j.fault(r, &rows.Fault{Kind: rows.ErrTime, Value: told(r.Time), With: map[string]any{"earliest": j.memory.plan.c.Earliest}}, false)
			}
			continue
		}
		switch {
		case s.fault != nil:
			j.fault(r, s.fault, true)
		case !bound && unbound[s]:
		case s.slot.Ref == 0:
			g := j.groups[r.Group]
			j.fault(r, &rows.Fault{Kind: ErrUnknown, Value: rows.Show(b.Value(r)), With: map[string]any{"device": g.device, "metric": s.metric}}, true)
			j.door.Binder.Saw(g.device, intake.Metric{Name: s.metric, Type: b.Told(r), Unit: b.Unit(r)}, r.Time, b.Value(r))
		default:
			v := b.Value(r)
			if v.Type == s.slot.Type && (s.slot.Scale == 0 || s.slot.Scale == 1) && s.slot.Offset == 0 {
				continue
			}
			if _, ok := s.slot.Convert(v); !ok {
				j.fault(r, &rows.Fault{Kind: ErrType, Value: rows.Show(v), With: map[string]any{"device": j.groups[r.Group].device, "metric": s.metric,
					"told": typeName(v.Type), "type": typeName(s.slot.Type)}}, true)
			}
		}
	}
}

// fault counts a fault of a row, or of all that stands in its place.
func (j *judgement) fault(r *rows.Row, f *rows.Fault, ofRow bool) {
	j.wrong++
	if len(j.late) < rows.MaxFaults {
		at := *f
		at.Place, at.Sub, at.Value = r.Place, r.Sub, rows.Clip(f.Value)
		if ofRow && j.b.Named {
			at.Field = rows.Clip(string(j.b.Bytes(r.Name)))
		}
		j.late = append(j.late, at)
	}
}

// faults are the first of all that was found wrong with the request, in the order of places, and how many there are.
func (j *judgement) faults() ([]rows.Fault, int) {
	all := append(slices.Clone(j.b.Faults), j.late...)
	slices.SortStableFunc(all, func(a, b rows.Fault) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Sub, b.Sub))
	})
	return all[:min(len(all), rows.MaxFaults)], j.b.Wrong + j.wrong
}

var typeNames = [...]string{"null", "float64", "int64", "bool", "string"}

func typeName(t telemetry.Type) string { return typeNames[min(int(t), len(typeNames)-1)] }

// told is a time as a person reads it.
func told(at int64) string {
	if at == -1 { // what a told 0 was made of
		at = 0
	}
	return time.Unix(0, at).UTC().Format(time.RFC3339Nano)
}

// fill makes the message of rows that are all good, and tells that their devices are alive.
func (j *judgement) fill(m *intake.Message, now int64) {
	last := ""
	var heard map[string]bool
	for i := range j.b.Rows {
		r := &j.b.Rows[i]
		s := j.series[i]
		v := j.b.Value(r)
		if v.Type != s.slot.Type || s.slot.Offset != 0 || s.slot.Scale != 0 && s.slot.Scale != 1 {
			v, _ = s.slot.Convert(v)
		}
		m.Add(s.slot.Ref, r.Time, now, v, r.Status)
		if d := j.groups[r.Group].device; d != last || i == 0 {
			last = d
			if heard == nil {
				heard = map[string]bool{}
			}
			heard[d] = true
		}
	}
	for d := range heard {
		j.door.Binder.Alive(d, true, now)
	}
}
