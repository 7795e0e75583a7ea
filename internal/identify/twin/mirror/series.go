package mirror

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

const seriesID = "https://admin-shell.io/idta/TimeSeries/"

// TimeSeriesOf is the Time Series Data (IDTA 02008-1-1-1) of a machine: for each point a linked segment that says where its
// samples are read, and one internal segment with the latest record of each point. latest holds a sample for each point, the
// zero one where there is none; nil leaves the records out. Each point has a record of its own, for each has its own times.
func TimeSeriesOf(t *Thing, latest []telemetry.Sample) Object {
	names := pointNames(t.Points)
	metadata := collection("Metadata", seriesID+"Metadata/1/1",
		multi("Name", seriesID+"Metadata/Name/1/1", t.Node.Name),
		collection("Record", seriesID+"Record/1/1", append([]Object{timeOf(0)}, variables(t.Points, names)...)...))
	var segments []Object
	for i := range t.Points {
		segments = append(segments, linked(t, &t.Points[i], names[i]))
	}
	if records := recordsOf(t.Points, names, latest); len(records) > 0 {
		segments = append(segments, collection("Latest", seriesID+"Segments/InternalSegment/1/1",
			multi("Name", seriesID+"Segment/Name/1/1", text.Text{Zh: "最新值", En: "Latest values"}),
			property("RecordCount", seriesID+"Segment/RecordCount/1/1", "xs:long", strconv.Itoa(len(records))),
			property("State", seriesID+"Segment/State/1/1", "xs:string", "in progress"),
			collection("Records", seriesID+"Records/1/1", records...)))
	}
	return submodel(t, TimeSeries, "TimeSeries", seriesID+"1/1", "1", "1", "",
		metadata, collection("Segments", seriesID+"Segments/1/1", segments...))
}

// timeOf is a point in time, without a value at 0.
func timeOf(ns int64) Object {
	out := element("Property", "Time", seriesID+"UtcTime/1/1", Object{"valueType": "xs:dateTime"})
	if ns != 0 {
		out["value"] = moment(ns)
	}
	return out
}

func moment(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func variables(points []plant.Point, names []string) (out []Object) {
	for i := range points {
		out = append(out, variable(&points[i], names[i]))
	}
	return out
}

func variable(p *plant.Point, name string) Object {
	out := element("Property", name, "", Object{"valueType": valueType(p)})
	if d := langs(p.Name, 64); d != nil {
		out["displayName"] = d
	}
	if p.Unit != "" {
		out["qualifiers"] = []any{Object{"kind": "ConceptQualifier", "type": "UnitUCUM", "valueType": "xs:string", "value": p.Unit}}
	}
	return out
}

func valueType(p *plant.Point) string {
	switch p.Type {
	case "int64":
		return "xs:long"
	case "bool":
		return "xs:boolean"
	case "string":
		return "xs:string"
	}
	return "xs:double"
}

func linked(t *Thing, p *plant.Point, name string) Object {
	return collection(name, seriesID+"Segments/LinkedSegment/1/1",
		multi("Name", seriesID+"Segment/Name/1/1", p.Name),
		property("Endpoint", seriesID+"Endpoint/1/1", "xs:string", t.API+"/series/"+p.ID.String()+"/samples"),
		property("Query", seriesID+"Query/1/1", "xs:string", "from={from}&to={to}"))
}

// recordsOf is the latest record of each point that has one.
func recordsOf(points []plant.Point, names []string, latest []telemetry.Sample) (out []Object) {
	for i := range points {
		if i >= len(latest) || latest[i].Commit == 0 {
			continue
		}
		s := &latest[i]
		v := variable(&points[i], names[i])
		if w, ok := valueOf(s.Value); ok {
			v["value"] = w
		}
		out = append(out, collection(names[i], seriesID+"Record/1/1", timeOf(s.Time), v,
			property("StatusCode", "", "xs:unsignedInt", strconv.FormatUint(uint64(s.Status), 10))))
	}
	return out
}

// valueOf writes a value as XML Schema does; ok is false for a sample that has a status only.
func valueOf(v telemetry.Value) (s string, ok bool) {
	switch v.Type {
	case telemetry.Float64:
		f := math.Float64frombits(v.Bits)
		switch {
		case math.IsNaN(f):
			return "NaN", true
		case math.IsInf(f, 1):
			return "INF", true
		case math.IsInf(f, -1):
			return "-INF", true
		}
		return strconv.FormatFloat(f, 'g', -1, 64), true
	case telemetry.Int64:
		return strconv.FormatInt(int64(v.Bits), 10), true
	case telemetry.Bool:
		return strconv.FormatBool(v.Bits != 0), true
	case telemetry.String:
		return xmlText(v.Text), true
	}
	return "", false
}

// xmlText is a text as it is where XML can hold it (AASd-130), else its bytes in base64.
func xmlText(s string) string {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == 0xFFFD {
			return base64.StdEncoding.EncodeToString([]byte(s))
		}
	}
	return s
}

// pointNames are idShorts of points, made of their keys, each once: x.position is x_position.
func pointNames(points []plant.Point) []string {
	out := make([]string, len(points))
	taken := map[string]bool{"Time": true, "StatusCode": true, "Latest": true}
	for i := range points {
		var b strings.Builder
		for _, r := range points[i].Key {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				b.WriteRune(r)
			} else {
				b.WriteByte('_')
			}
		}
		name := b.String()
		if name == "" || !(name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z') {
			name = "p_" + name
		}
		name = name[:min(len(name), 100)]
		for n := 2; taken[name]; n++ {
			name = strings.TrimRight(name, "0123456789") + strconv.Itoa(n)
		}
		taken[name], out[i] = true, name
	}
	return out
}
