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
	"jingwei/internal/telemetry/shown"
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

// Sample is one value.
type Sample struct {
	Time        string       `json:"time" format:"date-time" doc:"Source time"`
	GatewayTime string       `json:"gatewayTime" format:"date-time" doc:"When the gateway took it"`
	Value       shown.Value  `json:"value"`
	Status      shown.Status `json:"status"`
	Flags       []string     `json:"flags,omitempty" enum:"noValue,gatewayTime,futureTime,repeated,clockUnsure,withdrawn,rival"`
	Origin      string       `json:"origin" enum:"measured,replayed,manual,imported,computed,unknown"`
	Revision    uint32       `json:"revision" doc:"0 as received"`
	Commit      string       `json:"commit" doc:"The node's commit number"`
	CommitTime  string       `json:"commitTime,omitempty" format:"date-time" doc:"When the node made it durable; with detail only"`
	Trace       string       `json:"trace,omitempty" doc:"Producer, epoch and sequence number of the batch it came in, as the gateway logs them; with detail only"`
	Superseded  bool         `json:"superseded,omitempty" doc:"Another sample of the same source time won; with history only"`
	Kind        string       `json:"kind,omitempty" enum:"first,last,min,max,bad" doc:"Why it is in a plot"`
}

// Latest is the last sample of a series and what it is worth now.
type Latest struct {
	Series uuid.UUID   `json:"series" format:"uuid"`
	Sample MaybeSample `json:"sample"`
	State  shown.State `json:"state" enum:"live,stale,silent"`
}

// MaybeSample is a sample, or null where there is none yet.
type MaybeSample struct{ Sample *Sample }

// MarshalJSON writes it.
func (m MaybeSample) MarshalJSON() ([]byte, error) { return json.Marshal(m.Sample) }

// Schema documents it.
func (MaybeSample) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{r.Schema(reflect.TypeFor[Sample](), true, "Sample"), {Type: "null"}}}
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
		Time: instant(s.Time), GatewayTime: instant(s.Gateway), Value: shown.Value{Value: s.Value},
		Status:   shown.StatusOf(s.Status),
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
	l := Latest{Series: id, State: shown.StateOf(&s, maxSilence, now)}
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
