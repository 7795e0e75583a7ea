package otlp

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
)

// DecodeProtobuf reads a body, which b was reset with.
func DecodeProtobuf(b *rows.Batch, body []byte, o Options) {
	k := newSink(b, o)
	p := protobuf{k}
	r := wire.Read(body)
	for n := uint32(0); r.Next() && !b.Stop(); {
		if r.Field == 1 && r.Type == wire.Bytes {
			p.resource(r.Sub(), n)
			n++
		}
	}
	p.check(&r)
}

// protobuf walks over the messages. Fields may come in any order, so a message is looked over for what its parts need
// before they are read.
type protobuf struct{ *sink }

func (p protobuf) check(r *wire.Reader) {
	if r.Bad {
		p.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: uint32(len(p.places)), Reason: malformed, Value: fmt.Sprintf("byte %d", r.Tag)})
	}
}

func (p protobuf) resource(r wire.Reader, n uint32) {
	again := r
	var pairs []byte
	for r.Next() {
		if r.Field == 1 && r.Type == wire.Bytes {
			of := r.Sub()
			for of.Next() {
				if of.Field == 1 && of.Type == wire.Bytes {
					pairs = p.keyValue(pairs, of.Sub())
				}
			}
			p.check(&of)
		}
	}
	p.check(&r)
	p.group, p.device = -1, p.o.device(pairs)
	for s := uint32(0); again.Next() && !p.b.Stop(); {
		if again.Field == 2 && again.Type == wire.Bytes {
			p.scopeMetrics(again.Sub(), n, s)
			s++
		}
	}
}

func (p protobuf) scopeMetrics(r wire.Reader, n, s uint32) {
	again := r
	p.scope = p.scope[:0]
	for r.Next() {
		if p.o.Scope && r.Field == 1 && r.Type == wire.Bytes {
			of := r.Sub()
			for of.Next() {
				if of.Field == 1 && of.Type == wire.Bytes {
					p.scope = pair(p.scope[:0], scopeTag, string(of.Value()))
				}
			}
			p.check(&of)
		}
	}
	p.check(&r)
	for m := uint32(0); again.Next() && !p.b.Stop(); {
		if again.Field == 2 && again.Type == wire.Bytes {
			p.metric(again.Sub(), path{resource: n, scope: s, metric: m})
			m++
		}
	}
}

// numbered are the forms by their field in Metric.
var numbered = [12]form{5: gauge, 7: sum, 9: histogram, 10: exponential, 11: summary}

func (p protobuf) metric(r wire.Reader, at path) {
	var name, unit string
	var data wire.Reader
	found := false
	for r.Next() {
		if r.Type != wire.Bytes {
			continue
		}
		switch r.Field {
		case 1:
			name = string(r.Value())
		case 3:
			unit = string(r.Value())
		case 5, 7, 9, 10, 11:
			found, data, at.form = true, r.Sub(), numbered[r.Field]
		}
	}
	p.check(&r)
	if !found { // a metric without data tells nothing
		return
	}
	again, temporal := data, uint64(0)
	for data.Next() {
		if data.Field == 2 && data.Type == wire.Varint {
			temporal = data.Num
		}
	}
	p.begin(at, name, unit, temporal)
	for again.Next() && !p.b.Stop() {
		if again.Field == 1 && again.Type == wire.Bytes {
			p.sub++
			p.read(again.Sub())
			p.emit()
		}
	}
	p.sub = 0
	p.check(&data)
}

// read fills in the point.
func (p protobuf) read(r wire.Reader) {
	q := &p.point
	q.reset()
	attributes, flags, least := 7, 8, 0
	switch p.form {
	case histogram:
		attributes, flags, least = 9, 10, 11
	case exponential:
		attributes, flags, least = 1, 10, 12
	}
	for r.Next() {
		switch {
		case r.Field == attributes && r.Type == wire.Bytes:
			q.attrs = p.keyValue(q.attrs, r.Sub())
		case r.Field == flags && r.Type == wire.Varint:
			q.flags = r.Num
		case r.Type == wire.Bytes && r.Field == 6 && p.form == summary:
			q.quantiles = append(q.quantiles, p.quantile(r.Sub()))
		case r.Type != wire.Fixed64:
		case r.Field == 3:
			q.time = r.Num
		case r.Field == 4 && p.form <= sum:
			q.isSet, q.isInt, q.bits = true, false, r.Num
		case r.Field == 6 && p.form <= sum:
			q.isSet, q.isInt, q.bits = true, true, r.Num
		case r.Field == 4:
			q.count = r.Num
		case r.Field == 5:
			q.hasSum, q.sum = true, r.Double()
		case r.Field == least:
			q.hasMin, q.min = true, r.Double()
		case r.Field == least+1 && least > 0:
			q.hasMax, q.max = true, r.Double()
		}
	}
	p.check(&r)
}

func (p protobuf) quantile(r wire.Reader) (q quantile) {
	for r.Next() {
		switch {
		case r.Field == 1 && r.Type == wire.Fixed64:
			q.at = r.Double()
		case r.Field == 2 && r.Type == wire.Fixed64:
			q.value = r.Double()
		}
	}
	p.check(&r)
	return q
}

// keyValue appends an attribute as a pair of words.
func (p protobuf) keyValue(dst []byte, r wire.Reader) []byte {
	var key, value string
	for r.Next() {
		switch {
		case r.Field == 1 && r.Type == wire.Bytes:
			key = string(r.Value())
		case r.Field == 2 && r.Type == wire.Bytes:
			value = p.anyValue(r.Sub(), 0)
		}
	}
	p.check(&r)
	return pair(dst, key, value)
}

// anyValue is an attribute's value in words: a list as [a,b], a map as {k=v}, bytes in base64.
func (p protobuf) anyValue(r wire.Reader, depth int) (value string) {
	for r.Next() {
		switch {
		case r.Field == 1 && r.Type == wire.Bytes:
			value = string(r.Value())
		case r.Field == 2 && r.Type == wire.Varint:
			value = strconv.FormatBool(r.Num != 0)
		case r.Field == 3 && r.Type == wire.Varint:
			value = strconv.FormatInt(int64(r.Num), 10)
		case r.Field == 4 && r.Type == wire.Fixed64:
			value = strconv.FormatFloat(r.Double(), 'g', -1, 64)
		case r.Field == 7 && r.Type == wire.Bytes:
			value = base64.StdEncoding.EncodeToString(r.Value())
		case (r.Field == 5 || r.Field == 6) && r.Type == wire.Bytes && depth < maxDepth:
			var items []string
			list := r.Sub()
			for list.Next() {
				switch {
				case list.Field != 1 || list.Type != wire.Bytes:
				case r.Field == 5:
					items = append(items, p.anyValue(list.Sub(), depth+1))
				default:
					kv := list.Sub()
					var k, v string
					for kv.Next() {
						switch {
						case kv.Field == 1 && kv.Type == wire.Bytes:
							k = string(kv.Value())
						case kv.Field == 2 && kv.Type == wire.Bytes:
							v = p.anyValue(kv.Sub(), depth+1)
						}
					}
					p.check(&kv)
					items = append(items, k+"="+v)
				}
			}
			p.check(&list)
			if value = "[" + strings.Join(items, ",") + "]"; r.Field == 6 {
				value = "{" + strings.Join(items, ",") + "}"
			}
		}
	}
	p.check(&r)
	return value
}

// maxDepth of values within values.
const maxDepth = 8
