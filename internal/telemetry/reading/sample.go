package reading

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Series is a declared series with its place in the plant.
type Series struct {
	ID         uuid.UUID `json:"id" format:"uuid"`
	Org        uuid.UUID `json:"org" format:"uuid"`
	Point      uuid.UUID `json:"point" format:"uuid" doc:"The same as id"`
	Machine    uuid.UUID `json:"machine" format:"uuid"`
	Name       text.Text `json:"name"`
	Unit       string    `json:"unit" doc:"UCUM; 1 where there is none, empty for bool and string"`
	Type       string    `json:"type" enum:"float64,int64,bool,string"`
	Report     string    `json:"report" enum:"periodic,onChange"`
	MaxSilence string    `json:"maxSilence" doc:"Longest time between samples of a healthy source, such as 10s"`
}

// Status is the code as the source gave it.
type Status struct {
	Code  uint32 `json:"code" doc:"OPC UA StatusCode"`
	Name  string `json:"name" doc:"Its name in OPC 10000-6 A.2"`
	Class string `json:"class" enum:"good,uncertain,bad"`
}

// Sample is one value.
type Sample struct {
	Time        string   `json:"time" format:"date-time" doc:"Source time"`
	GatewayTime string   `json:"gatewayTime" format:"date-time" doc:"When the gateway took it"`
	Value       Value    `json:"value"`
	Status      Status   `json:"status"`
	Flags       []string `json:"flags,omitempty" enum:"noValue,gatewayTime,futureTime,repeated,clockUnsure,withdrawn,rival"`
	Origin      string   `json:"origin" enum:"measured,replayed,manual,imported,computed,unknown"`
	Revision    uint32   `json:"revision" doc:"0 as received"`
	Commit      string   `json:"commit" doc:"The node's commit number"`
	CommitTime  string   `json:"commitTime,omitempty" format:"date-time" doc:"When the node made it durable; with detail only"`
	Trace       string   `json:"trace,omitempty" doc:"Producer, epoch and sequence number of the batch it came in, as the gateway logs them; with detail only"`
	Superseded  bool     `json:"superseded,omitempty" doc:"Another sample of the same source time won; with history only"`
	Kind        string   `json:"kind,omitempty" enum:"first,last,min,max,bad" doc:"Why it is in a plot"`
}

// Latest is the last sample of a series and what it is worth now.
type Latest struct {
	Series uuid.UUID   `json:"series" format:"uuid"`
	Sample MaybeSample `json:"sample"`
	State  State       `json:"state" enum:"live,stale,silent"`
}

// MaybeSample is a sample, or null where there is none yet.
type MaybeSample struct{ Sample *Sample }

// MarshalJSON writes it.
func (m MaybeSample) MarshalJSON() ([]byte, error) { return json.Marshal(m.Sample) }

// Schema documents it.
func (MaybeSample) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[Sample](), true, "Sample"), {Type: "null"}}}
}

// State says what a latest value is worth.
type State string

// The states.
const (
	Live   State = "live"   // good, and no older than the longest silence of its source
	Stale  State = "stale"  // older, or not good
	Silent State = "silent" // never heard of, or communication is lost
)

// grace is what the way from the machine to the node may take before a value is called stale.
const grace = 2 * time.Second

// stateOf is the state of a latest sample at a time; a zero sample (commit 0) is none.
func stateOf(commit uint64, t int64, status telemetry.Status, maxSilence time.Duration, now int64) State {
	switch {
	case commit == 0 || status&0xFFFF0000 == telemetry.BadNoCommunication:
		return Silent
	case !status.IsGood() || now-t > int64(maxSilence+grace):
		return Stale
	}
	return Live
}

// StateOf is the state of a latest sample, as telemetry.Store tells it, of a series with a longest silence, at a time.
func StateOf(s *telemetry.Sample, maxSilence time.Duration, now int64) State {
	return stateOf(s.Commit, s.Time, s.Status, maxSilence, now)
}

// Value is a value in JSON; see the package comment.
type Value struct{ telemetry.Value }

// MarshalJSON writes it.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.Type {
	case telemetry.Float64:
		return appendFloat(nil, math.Float64frombits(v.Bits)), nil
	case telemetry.Int64:
		return append(strconv.AppendInt([]byte{'"'}, int64(v.Bits), 10), '"'), nil
	case telemetry.Bool:
		return strconv.AppendBool(nil, v.Bits != 0), nil
	case telemetry.String:
		return json.Marshal(v.Text)
	}
	return []byte("null"), nil
}

func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	// The shortest digits that read back to the same bits, as JSON numbers: an exponent for the very large and small.
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

// Schema documents it.
func (Value) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "float64: a number, or NaN, Infinity, -Infinity as a string; int64: a string of digits; bool; string; null where the sample has a status only",
		OneOf: []*huma.Schema{
			{Type: huma.TypeNumber}, {Type: huma.TypeString}, {Type: huma.TypeBoolean}, {Type: "null"},
		},
	}
}

var flagNames = []struct {
	flag telemetry.Flags
	name string
}{
	{telemetry.NoValue, "noValue"}, {telemetry.GatewayTime, "gatewayTime"}, {telemetry.FutureTime, "futureTime"},
	{telemetry.Repeated, "repeated"}, {telemetry.ClockUnsure, "clockUnsure"}, {telemetry.Withdrawn, "withdrawn"},
	{telemetry.Rival, "rival"},
}

var originNames = map[telemetry.Origin]string{
	telemetry.Measured: "measured", telemetry.Replayed: "replayed", telemetry.Manual: "manual", telemetry.Imported: "imported",
	telemetry.Computed: "computed",
}

var plotNames = map[telemetry.PlotKind]string{
	telemetry.PlotFirst: "first", telemetry.PlotLast: "last", telemetry.PlotMin: "min", telemetry.PlotMax: "max", telemetry.PlotBad: "bad",
}

func instant(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func sampleOf(s telemetry.Sample) Sample {
	out := Sample{
		Time: instant(s.Time), GatewayTime: instant(s.Gateway), Value: Value{s.Value},
		Status:   StatusOf(s.Status),
		Origin:   originNames[s.Origin],
		Revision: s.Revision, Commit: strconv.FormatUint(s.Commit, 10), Superseded: s.Superseded,
	}
	if out.Origin == "" {
		out.Origin = "unknown"
	}
	for _, f := range flagNames {
		if s.Flags&f.flag != 0 {
			out.Flags = append(out.Flags, f.name)
		}
	}
	return out
}

func latestOf(id uuid.UUID, s telemetry.Sample, maxSilence time.Duration, now int64) Latest {
	l := Latest{Series: id, State: stateOf(s.Commit, s.Time, s.Status, maxSilence, now)}
	if s.Commit != 0 {
		j := sampleOf(s)
		l.Sample.Sample = &j
	}
	return l
}

// number is a figure that may not exist: NaN and infinities, which JSON has not, are null.
func number(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}
