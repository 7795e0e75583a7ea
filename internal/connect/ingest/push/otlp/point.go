package otlp

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

type wrong = text.Text

var (
	malformed  = wrong{Zh: "不是有效的 protobuf ExportMetricsServiceRequest", En: "is not a valid protobuf ExportMetricsServiceRequest"}
	noName     = wrong{Zh: "指标没有名称", En: "the metric has no name"}
	noTime     = wrong{Zh: "缺少 timeUnixNano", En: "timeUnixNano is missing"}
	timeRange  = wrong{Zh: "timeUnixNano 超出 64 位有符号整数", En: "timeUnixNano is beyond a signed 64-bit integer"}
	noValue    = wrong{Zh: "数据点没有值（asDouble 或 asInt）", En: "the data point has no value (asDouble or asInt)"}
	noTemporal = wrong{Zh: "没有说明 aggregationTemporality（1 为 delta，2 为 cumulative）", En: "aggregationTemporality is not told (1 is delta, 2 is cumulative)"}
)

// form is how a metric's data are told.
type form uint8

const (
	gauge form = iota
	sum
	histogram
	exponential
	summary
)

var forms = [...]string{"gauge", "sum", "histogram", "exponentialHistogram", "summary"}

// Temporalities of sums and histograms.
const (
	delta      = 1
	cumulative = 2
)

// noRecorded is the flag of a point that says only that there is no value (FLAG_NO_RECORDED_VALUE).
const noRecorded = 1

// path is where a metric stands in the request.
type path struct {
	resource, scope, metric uint32
	form                    form
}

func (p path) String() string {
	return fmt.Sprintf("resourceMetrics[%d].scopeMetrics[%d].metrics[%d]", p.resource, p.scope, p.metric)
}

// quantile is one of a summary's.
type quantile struct{ at, value float64 }

// point is one data point of any form.
type point struct {
	attrs        []byte // see pair
	time         uint64
	flags        uint64
	isInt, isSet bool
	bits         uint64 // of a number
	count        uint64
	sum          float64
	min, max     float64
	hasSum       bool
	hasMin       bool
	hasMax       bool
	quantiles    []quantile
}

func (p *point) reset() { *p = point{attrs: p.attrs[:0], quantiles: p.quantiles[:0]} }

// pair appends strings, each after its length: how the name of a series is told to Naming.
func pair(dst []byte, words ...string) []byte {
	for _, w := range words {
		dst = append(binary.AppendUvarint(dst, uint64(len(w))), w...)
	}
	return dst
}

// sink makes rows of points.
type sink struct {
	b      *rows.Batch
	o      Options
	places []path
	group  int32  // of the resource; -1 until it has a row
	device string // of the resource
	scope  []byte // pairs that the scope adds
	point  point
	buf    []byte

	// of the metric
	name     string
	unit     uint16
	form     form
	temporal uint64
	sub      uint32
	closed   bool // the metric is refused as a whole
}

func newSink(b *rows.Batch, o Options) *sink {
	k := &sink{b: b, o: o}
	b.Locate = k.locate
	return k
}

func (k *sink) locate(place, sub uint32) string {
	if place == 0 {
		return "body"
	}
	p := k.places[place-1]
	if sub == 0 {
		return p.String()
	}
	return fmt.Sprintf("%v.%s.dataPoints[%d]", p, forms[p.form], sub-1)
}

func (k *sink) fault(why wrong, value string) {
	k.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(k.places)), Sub: k.sub, Reason: why, Value: value})
}

// begin takes a metric, of which points follow.
func (k *sink) begin(at path, name, unit string, temporal uint64) {
	if k.places = append(k.places, at); len(k.places) > rows.MaxRows {
		k.b.Full = true
	}
	k.name, k.unit, k.form, k.temporal, k.sub, k.closed = name, k.b.UnitOf(strings.ToValidUTF8(rows.Clip(unit), "�")), at.form, temporal, 0, true
	switch {
	case name == "":
		k.fault(noName, "")
	case (at.form == sum || at.form == histogram || at.form == exponential) && temporal != delta && temporal != cumulative:
		k.fault(noTemporal, strconv.FormatUint(temporal, 10))
	default:
		k.closed = false
	}
}

// emit makes the rows of k.point.
func (k *sink) emit() {
	p := &k.point
	switch {
	case k.closed:
		return
	case p.time == 0:
		k.fault(noTime, "")
		return
	case p.time > math.MaxInt64:
		k.fault(timeRange, strconv.FormatUint(p.time, 10))
		return
	}
	row := rows.Row{Place: uint32(len(k.places)), Sub: k.sub, Unit: k.unit, Time: int64(p.time)}
	gone := p.flags&noRecorded != 0
	ending := ""
	if k.temporal == delta && k.form != gauge && k.form != summary {
		ending = ".delta"
	}
	float := func(suffix string, f float64, more ...string) {
		if row.SetFloat(f); gone {
			row.SetNull(telemetry.BadNoCommunication)
		}
		k.add(row, suffix+ending, more...)
	}
	if k.form == gauge || k.form == sum {
		switch {
		case gone:
			row.SetNull(telemetry.BadNoCommunication)
		case !p.isSet:
			k.fault(noValue, "")
			return
		case p.isInt:
			row.Type, row.Bits = telemetry.Int64, p.bits
		default:
			row.SetFloat(math.Float64frombits(p.bits))
		}
		k.add(row, ending)
		return
	}
	if p.count > math.MaxInt64 {
		k.b.Fault(rows.Fault{Kind: rows.ErrValue, Place: row.Place, Sub: row.Sub, Field: "count", Reason: rows.OutOfRange, Value: strconv.FormatUint(p.count, 10)})
		return
	}
	counted := row
	counted.Unit = k.b.UnitOf("1")
	if counted.Type, counted.Bits = telemetry.Int64, p.count; gone {
		counted.SetNull(telemetry.BadNoCommunication)
	}
	k.add(counted, ".count"+ending)
	if p.hasSum || k.form == summary {
		float(".sum", p.sum)
	}
	if p.hasMin {
		float(".min", p.min)
	}
	if p.hasMax {
		float(".max", p.max)
	}
	for _, q := range p.quantiles {
		float("", q.value, "quantile", strconv.FormatFloat(q.at, 'g', -1, 64))
	}
}

func (k *sink) add(row rows.Row, suffix string, more ...string) {
	k.buf = append(append(pair(k.buf[:0], k.name, suffix), k.scope...), k.point.attrs...)
	k.buf = pair(k.buf, more...)
	if k.group < 0 {
		k.group = k.b.Group(k.b.Keep([]byte(k.device)))
	}
	row.Group, row.Name = k.group, k.b.Keep(k.buf)
	k.b.Add(row)
}
