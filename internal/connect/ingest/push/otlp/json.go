package otlp

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"jingwei/internal/connect/ingest/push/jsonscan"
	"jingwei/internal/connect/ingest/push/rows"
)

var (
	wantNumber = wrong{Zh: "应为数字，64 位整数可写成文字", En: "must be a number; 64-bit integers may be texts"}
	wantObject = wrong{Zh: "应为 ExportMetricsServiceRequest 对象", En: "must be an ExportMetricsServiceRequest object"}
	wantList   = wrong{Zh: "应为数组", En: "must be an array"}
	afterEnd   = wrong{Zh: "对象之后还有内容", En: "something follows the object"}
)

// DecodeJSON reads a body in the JSON encoding of OTLP, which b was reset with.
func DecodeJSON(b *rows.Batch, body []byte, o Options) {
	p := jsonForm{newSink(b, o)}
	d := jsonscan.Scanner{S: body}
	if d.Peek() != '{' {
		d.Fail(&wantObject)
	}
	from := d.Skip()
	if d.Wrong == nil && d.Peek() != 0 {
		d.Fail(&afterEnd)
	}
	if d.Wrong != nil {
		column := d.P - bytes.LastIndexByte(body[:d.P], '\n')
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Reason: *d.Wrong, Value: fmt.Sprintf("%d:%d %s",
			bytes.Count(body[:d.P], []byte{'\n'})+1, column, bytes.ToValidUTF8(body[d.P:min(d.P+40, len(body))], []byte("�")))})
		return
	}
	n := uint32(0)
	p.list("resourceMetrics", member(body[from:], "resourceMetrics"), func(v []byte) {
		if !b.Stop() {
			p.resource(v, n)
		}
		n++
	})
}

// jsonForm walks over a document that was found to be JSON, so that what is within it is looked up in any order. Members
// that are not known are passed over, as the standard asks.
type jsonForm struct{ *sink }

// list calls f for each element of what must be a list: anything else would be lost without a word.
func (p jsonForm) list(field string, v []byte, f func(value []byte)) {
	if len(v) > 0 && v[0] != '[' && string(v) != "null" {
		p.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(p.places)), Field: field, Reason: wantList, Value: string(v)})
	}
	each(v, f)
}

// members calls f for each member of an object.
func members(object []byte, f func(key string, value []byte)) {
	d := jsonscan.Scanner{S: object}
	if d.Peek() != '{' {
		return
	}
	d.P++
	for first := true; d.More('}', first); first = false {
		from, to, escaped := d.Key()
		key := object[from:to]
		if escaped {
			key = jsonscan.Unescape(nil, key)
		}
		d.Space()
		at := d.Skip()
		f(string(key), object[at:d.P])
	}
}

// member is the last of a name, nil where there is none.
func member(object []byte, name string) (value []byte) {
	members(object, func(k string, v []byte) {
		if k == name {
			value = v
		}
	})
	return value
}

// each calls f for each element of an array.
func each(array []byte, f func(value []byte)) {
	d := jsonscan.Scanner{S: array}
	if d.Peek() != '[' {
		return
	}
	d.P++
	for first := true; d.More(']', first); first = false {
		at := d.Skip()
		f(array[at:d.P])
	}
}

// str is a text, "" where the value is none.
func str(v []byte) string {
	if len(v) < 2 || v[0] != '"' {
		return ""
	}
	return string(jsonscan.Unescape(nil, v[1:len(v)-1]))
}

// bare is a number's token, in quotes or not.
func bare(v []byte) string {
	if len(v) > 0 && v[0] == '"' {
		return str(v)
	}
	return string(v)
}

func (p jsonForm) resource(v []byte, n uint32) {
	var pairs []byte
	p.list("resource.attributes", member(member(v, "resource"), "attributes"), func(a []byte) { pairs = keyValue(pairs, a) })
	p.group, p.device = -1, p.o.device(pairs)
	s := uint32(0)
	p.list("scopeMetrics", member(v, "scopeMetrics"), func(v []byte) {
		p.scope = p.scope[:0]
		if p.o.Scope {
			if name := str(member(member(v, "scope"), "name")); name != "" {
				p.scope = pair(p.scope, scopeTag, name)
			}
		}
		m := uint32(0)
		p.list("metrics", member(v, "metrics"), func(v []byte) {
			if !p.b.Stop() {
				p.metric(v, path{resource: n, scope: s, metric: m})
			}
			m++
		})
		s++
	})
}

func (p jsonForm) metric(v []byte, at path) {
	var name, unit string
	var data []byte
	members(v, func(k string, v []byte) {
		switch k {
		case "name":
			name = str(v)
		case "unit":
			unit = str(v)
		default:
			for i, f := range forms {
				if k == f {
					at.form, data = form(i), v
				}
			}
		}
	})
	if data == nil {
		return
	}
	if data[0] != '{' {
		data = []byte(`{"dataPoints":` + string(data) + `}`) // and list says that it is none
	}
	temporal := uint64(0)
	switch t := member(data, "aggregationTemporality"); str(t) {
	case "AGGREGATION_TEMPORALITY_DELTA":
		temporal = delta
	case "AGGREGATION_TEMPORALITY_CUMULATIVE":
		temporal = cumulative
	default:
		temporal, _ = strconv.ParseUint(bare(t), 10, 8)
	}
	p.begin(at, name, unit, temporal)
	p.list("dataPoints", member(data, "dataPoints"), func(v []byte) {
		if p.b.Stop() {
			return
		}
		p.sub++
		if p.read(v) {
			p.emit()
		}
	})
	p.sub = 0
}

// read fills in the point.
func (p jsonForm) read(v []byte) bool {
	q, good := &p.point, true
	q.reset()
	whole := func(field string, v []byte) uint64 {
		n, err := strconv.ParseUint(bare(v), 10, 64)
		if err != nil {
			good = false
			p.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(p.places)), Sub: p.sub, Field: field, Reason: wantNumber, Value: string(v)})
		}
		return n
	}
	float := func(field string, v []byte) float64 {
		switch bare(v) {
		case "NaN":
			return math.NaN()
		case "Infinity":
			return math.Inf(1)
		case "-Infinity":
			return math.Inf(-1)
		}
		f, err := strconv.ParseFloat(bare(v), 64)
		if err != nil {
			good = false
			p.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(p.places)), Sub: p.sub, Field: field, Reason: wantNumber, Value: string(v)})
		}
		return f
	}
	members(v, func(k string, v []byte) {
		if string(v) == "null" {
			return
		}
		switch k {
		case "attributes":
			each(v, func(a []byte) { q.attrs = keyValue(q.attrs, a) })
		case "timeUnixNano":
			q.time = whole(k, v)
		case "flags":
			q.flags = whole(k, v)
		case "asDouble":
			q.isSet, q.isInt, q.bits = true, false, math.Float64bits(float(k, v))
		case "asInt":
			n, err := strconv.ParseInt(bare(v), 10, 64)
			if err != nil {
				good = false
				p.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(p.places)), Sub: p.sub, Field: k, Reason: wantNumber, Value: string(v)})
			}
			q.isSet, q.isInt, q.bits = true, true, uint64(n)
		case "count":
			q.count = whole(k, v)
		case "sum":
			q.hasSum, q.sum = true, float(k, v)
		case "min":
			q.hasMin, q.min = true, float(k, v)
		case "max":
			q.hasMax, q.max = true, float(k, v)
		case "quantileValues":
			each(v, func(v []byte) {
				var s quantile
				members(v, func(k string, v []byte) {
					switch k {
					case "quantile":
						s.at = float(k, v)
					case "value":
						s.value = float(k, v)
					}
				})
				q.quantiles = append(q.quantiles, s)
			})
		}
	})
	return good
}

// keyValue appends an attribute as a pair of words.
func keyValue(dst, v []byte) []byte {
	var key, value string
	members(v, func(k string, v []byte) {
		switch k {
		case "key":
			key = str(v)
		case "value":
			value = anyValue(v, 0)
		}
	})
	return pair(dst, key, value)
}

// anyValue is as that of protobuf.
func anyValue(v []byte, depth int) (value string) {
	members(v, func(k string, v []byte) {
		switch k {
		case "stringValue", "bytesValue":
			value = str(v)
		case "boolValue", "intValue":
			value = bare(v)
		case "doubleValue":
			if f, err := strconv.ParseFloat(bare(v), 64); err == nil {
				value = strconv.FormatFloat(f, 'g', -1, 64)
			}
		case "arrayValue", "kvlistValue":
			if depth >= maxDepth {
				return
			}
			var items []string
			each(member(v, "values"), func(item []byte) {
				if k == "arrayValue" {
					items = append(items, anyValue(item, depth+1))
					return
				}
				items = append(items, str(member(item, "key"))+"="+anyValue(member(item, "value"), depth+1))
			})
			if value = "[" + strings.Join(items, ",") + "]"; k == "kvlistValue" {
				value = "{" + strings.Join(items, ",") + "}"
			}
		}
	})
	return value
}
