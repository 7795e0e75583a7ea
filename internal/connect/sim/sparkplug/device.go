package sparkplug

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	wire "jingwei/internal/connect/ingest/sparkplug"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Device is one device of the edge node: its identifier, and what it plays. A point's metric is called by its address;
// its data type is the point's encoding, where that names one of Sparkplug, or follows the point's type.
type Device struct {
	Name string
	replay.Part
}

// ParseDevice reads "NAME=TEMPLATE[@ROW][*SPEED]".
func ParseDevice(s string, find func(id string) *template.Template) (Device, error) {
	name, p, err := replay.ParseNamed(s, find)
	if err == nil && (name == "" || strings.ContainsAny(name, "/+#")) {
		err = errors.New("the name must be there, without /, + and #")
	}
	if err != nil {
		return Device{}, fmt.Errorf("device %q: %w; write NAME=TEMPLATE[@ROW][*SPEED], like Mill5=cnc-mill-sparkplug@300", s, err)
	}
	return Device{Name: name, Part: p}, nil
}

// device is a Device at work.
type device struct {
	Device
	player *replay.Player
	types  []wire.Datatype
	first  uint64 // alias of the first point; the others follow
	told   []telemetry.Value
}

func newDevice(d Device, first uint64, from *replay.Library, epoch time.Time) (*device, error) {
	p, err := from.Open(d.Part, epoch)
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", d.Name, err)
	}
	dev := &device{Device: d, player: p, first: first, told: make([]telemetry.Value, len(d.Template.Points))}
	for i := range d.Template.Points {
		t, err := typeOf(&d.Template.Points[i])
		if err != nil {
			return nil, fmt.Errorf("template %s, point %s: %w", d.Template.ID, d.Template.Points[i].Key, err)
		}
		dev.types = append(dev.types, t)
	}
	return dev, nil
}

// typeOf is the data type in which a point's metric travels.
func typeOf(p *template.Point) (wire.Datatype, error) {
	of := p.Type.Telemetry()
	if p.Encoding == "" {
		return map[telemetry.Type]wire.Datatype{telemetry.Float64: wire.Double, telemetry.Int64: wire.Int64, telemetry.Bool: wire.Boolean, telemetry.String: wire.String}[of], nil
	}
	for t := wire.Int8; t <= wire.UUID; t++ {
		if t.String() == p.Encoding && t.Telemetry() == of {
			return t, nil
		}
	}
	return 0, fmt.Errorf("encoding %q is no data type of Sparkplug for %s", p.Encoding, p.Type)
}

// metrics are the metrics to tell at a time: all, with their names and types, for a birth, or those that have changed.
func (d *device) metrics(now time.Time, birth bool) []wire.Metric {
	at := d.player.At(now)
	var out []wire.Metric
	for i := range d.types {
		v := d.player.Value(i, at)
		if !birth && (v == d.told[i]) {
			continue
		}
		d.told[i] = v
		m := wire.Metric{Alias: d.first + uint64(i), HasAlias: true, Timestamp: uint64(now.UnixMilli())}
		fill(&m, d.types[i], v, &d.Template.Points[i])
		if birth {
			p := &d.Template.Points[i]
			m.Name, m.Datatype = []byte(p.Address), d.types[i]
			if p.Unit != "" && p.Unit != "1" {
				m.Properties = wire.AppendProperties(nil, -1, p.Unit)
			}
		}
		out = append(out, m)
	}
	return slices.Clip(out)
}

// fill puts a value into a metric as the device would send it: before the template's scale and offset.
func fill(m *wire.Metric, t wire.Datatype, v telemetry.Value, p *template.Point) {
	scale := p.Scale
	if scale == 0 {
		scale = 1
	}
	switch v.Type {
	case telemetry.Float64:
		m.Kind, m.Bits = t.Of((math.Float64frombits(v.Bits) - p.Offset) / scale)
	case telemetry.Int64:
		m.Kind, m.Bits = t.Of(int64(math.Round((float64(int64(v.Bits)) - p.Offset) / scale)))
		if scale == 1 && p.Offset == 0 {
			m.Kind, m.Bits = t.Of(int64(v.Bits))
		}
	case telemetry.Bool:
		m.Kind, m.Bits = t.Of(v.Bits == 1)
	case telemetry.String:
		m.Kind, m.Bytes = wire.KindString, []byte(v.Text)
	default:
		m.Null = true
	}
}
