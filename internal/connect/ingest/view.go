package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// States of a source.
const (
	Listening  = "listening"  // devices may come
	Connected  = "connected"  // to the external broker
	Connecting = "connecting" // to it
	Failed     = "failed"     // it cannot be set to work, or the external broker refuses
	Off        = "off"        // the node does not listen for its kind, or is starting
)

// AdoptView says where machines are made.
type AdoptView struct {
	Parent uuid.UUID `json:"parent" format:"uuid" doc:"Site, area or line under which machines are made of unknown devices"`
}

// EndpointView is where devices connect.
type EndpointView struct {
	MQTT string `json:"mqtt,omitempty"`
	HTTP string `json:"http,omitempty"`
}

// View is a source as it is answered. 64-bit numbers are strings.
type View struct {
	ID              uuid.UUID       `json:"id" format:"uuid"`
	Org             uuid.UUID       `json:"org" format:"uuid"`
	Name            text.Text       `json:"name"`
	Kind            string          `json:"kind" doc:"One of /sources/kinds"`
	Transport       Transport       `json:"transport" enum:"broker,remote,http"`
	Config          json.RawMessage `json:"config" doc:"As the kind's schema says; remote.password is never told"`
	Adopt           *AdoptView      `json:"adopt,omitempty" doc:"Without it unknown devices are shown and not kept"`
	Origin          string          `json:"origin" enum:"measured,replayed"`
	State           string          `json:"state" enum:"listening,connected,connecting,failed,off"`
	Endpoint        EndpointView    `json:"endpoint"`
	Devices         int             `json:"devices"`
	Online          int             `json:"online"`
	Connections     int             `json:"connections" doc:"MQTT connections now"`
	ValuesPerSecond float64         `json:"valuesPerSecond"`
	Unclaimed       int             `json:"unclaimed" doc:"Metrics seen that no point takes"`
	Troubles        string          `json:"troubles" doc:"Since the node started"`
	LastTrouble     *Trouble        `json:"lastTrouble,omitempty"`
	ETag            string          `json:"etag"`
}

// moving is what of a source moves by itself; in.mu is held.
func (in *inlet) moving() view {
	v := view{devices: len(in.devices), troubles: in.troubles, rate: math.Round(in.rate.now*10) / 10, state: in.stateNow()}
	if in.run == nil {
		v.rate = 0
	}
	for _, d := range in.devices {
		d.mu.Lock()
		if d.state == Online {
			v.online++
		}
		v.unclaimed += d.unclaimed
		d.mu.Unlock()
	}
	return v
}

func (in *inlet) stateNow() string {
	switch {
	case in.failure != nil:
		return Failed
	case in.run == nil:
		return Off
	case in.src.Transport == Remote:
		return in.state
	case in.src.Transport == Broker && in.s.o.Endpoints().MQTT == "":
		return Off
	}
	return Listening
}

// view describes the source as it is now.
func (in *inlet) view() View {
	in.mu.RLock()
	defer in.mu.RUnlock()
	m := in.moving()
	v := View{ID: in.src.ID, Org: in.src.Org, Name: in.src.Name, Kind: in.src.Kind, Transport: in.src.Transport, Config: shown(in.src.Config), Origin: originName(in.src.Origin),
		State: m.state, Devices: m.devices, Online: m.online, Connections: len(in.sessions), ValuesPerSecond: m.rate, Unclaimed: m.unclaimed, Troubles: fmt.Sprint(m.troubles),
		LastTrouble: in.trouble, ETag: in.src.ETag()}
	if in.src.Adopt != uuid.Nil {
		v.Adopt = &AdoptView{in.src.Adopt}
	}
	switch {
	case in.failure != nil:
		v.LastTrouble = in.failure
	case in.far != nil && in.src.Transport == Remote && m.state != Connected:
		v.LastTrouble = in.far
	}
	switch e := in.s.o.Endpoints(); in.src.Transport {
	case Broker:
		v.Endpoint.MQTT = e.MQTT
	case HTTP:
		v.Endpoint.HTTP = e.HTTP
	}
	return v
}

// View describes a source; false when it is not there.
func (s *Service) View(id uuid.UUID) (View, bool) {
	in := s.inlet(id)
	if in == nil {
		return View{}, false
	}
	return in.view(), true
}

// DeviceView is a device of a source as it is answered.
type DeviceView struct {
	Device      string      `json:"device"`
	State       DeviceState `json:"state" enum:"online,offline,unknown"`
	Machine     *uuid.UUID  `json:"machine,omitempty" format:"uuid" doc:"That it feeds"`
	FirstSeen   time.Time   `json:"firstSeen"`
	LastSeen    time.Time   `json:"lastSeen"`
	Metrics     int         `json:"metrics" doc:"Told since the node started"`
	Unclaimed   int         `json:"unclaimed" doc:"Of them without a point"`
	Messages    string      `json:"messages" doc:"Since the node started"`
	Troubles    string      `json:"troubles"`
	LastTrouble *Trouble    `json:"lastTrouble,omitempty"`
}

// deviceViews describes the devices after one, in the order of their bytes, and tells whether there are more.
func (in *inlet) deviceViews(after string, limit int) (out []DeviceView, more bool) {
	in.mu.RLock()
	defer in.mu.RUnlock()
	keys := slices.Sorted(maps.Keys(in.devices))
	from, found := slices.BinarySearch(keys, after)
	if found {
		from++
	}
	keys = keys[from:]
	if more = len(keys) > limit; more {
		keys = keys[:limit]
	}
	for _, key := range keys {
		out = append(out, in.deviceView(in.devices[key]))
	}
	return out, more
}

func (in *inlet) deviceView(d *device) DeviceView {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := DeviceView{Device: d.key, State: d.state, FirstSeen: time.Unix(0, d.first).UTC(), LastSeen: time.Unix(0, d.last).UTC(), Metrics: len(d.metrics), Unclaimed: d.unclaimed,
		Messages: fmt.Sprint(d.messages), Troubles: fmt.Sprint(d.troubles), LastTrouble: d.trouble}
	if f, ok := in.feeds[d.key]; ok {
		v.Machine = &f.Machine
	}
	return v
}

// MetricView is a metric of a device as it is answered.
type MetricView struct {
	Name  string     `json:"name"`
	Type  string     `json:"type,omitempty" enum:"float64,int64,bool,string"`
	Unit  string     `json:"unit,omitempty" doc:"As the source tells it"`
	Point *uuid.UUID `json:"point,omitempty" format:"uuid" doc:"The point that takes it"`
	Value any        `json:"value,omitempty" doc:"The newest"`
	Time  *time.Time `json:"time,omitempty" doc:"Of the value"`
}

// names are a device's metrics in order; d.mu is held.
func (d *device) names() []string { return slices.Sorted(maps.Keys(d.metrics)) }

// metricViews describes a device's metrics after one.
func (in *inlet) metricViews(d *device, after string, limit int) (out []MetricView, more bool) {
	var refs []telemetry.Ref
	var at []int
	d.mu.Lock()
	names := d.names()
	from, found := slices.BinarySearch(names, after)
	if found {
		from++
	}
	names = names[from:]
	if more = len(names) > limit; more {
		names = names[:limit]
	}
	for i, name := range names {
		m := d.metrics[name]
		v := MetricView{Name: name, Type: string(template.TypeOf(m.kind)), Unit: m.unit}
		if d.binding.takes(name) {
			b := d.binding.points[name]
			v.Point = &b.series
			refs, at = append(refs, b.slot.Ref), append(at, i)
		} else if m.at != 0 {
			v.setValue(m.value, m.at)
		}
		out = append(out, v)
	}
	d.mu.Unlock()
	for k, sample := range in.s.o.Telemetry.Latest(refs, in.s.now(), nil) {
		if sample.Time != 0 && sample.Flags&telemetry.NoValue == 0 {
			out[at[k]].setValue(sample.Value, sample.Time)
		}
	}
	return out, more
}

// setValue writes a value as the API does: a 64-bit integer as a string, a float that JSON does not know as a word.
func (v *MetricView) setValue(x telemetry.Value, at int64) {
	t := time.Unix(0, at).UTC()
	v.Time = &t
	switch x.Type {
	case telemetry.Float64:
		switch f := math.Float64frombits(x.Bits); {
		case math.IsNaN(f):
			v.Value = "NaN"
		case math.IsInf(f, 1):
			v.Value = "Infinity"
		case math.IsInf(f, -1):
			v.Value = "-Infinity"
		default:
			v.Value = f
		}
	case telemetry.Int64:
		v.Value = fmt.Sprint(int64(x.Bits))
	case telemetry.Bool:
		v.Value = x.Bits != 0
	case telemetry.String:
		v.Value = x.Text
	default:
		v.Value = nil
	}
}
