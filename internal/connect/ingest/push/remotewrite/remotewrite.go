// Package remotewrite reads Prometheus remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec): a WriteRequest in
// protocol buffers. Metadata and exemplars are passed over; native histograms are refused.
package remotewrite

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/connect/ingest/push/wire"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Stale is the NaN with which Prometheus says that a series has ended or is not told any more.
const Stale = 0x7ff0000000000002

type wrong = text.Text

var (
	malformed  = wrong{Zh: "不是有效的 protobuf WriteRequest", En: "is not a valid protobuf WriteRequest"}
	second     = wrong{Zh: "正文是 remote write 2.0，这里只接收 1.0", En: "the body is remote write 2.0; only 1.0 is taken here"}
	histograms = wrong{Zh: "不支持原生直方图；请在发送端关闭 send_native_histograms", En: "native histograms are not supported; switch send_native_histograms off at the sender"}
	timeRange  = wrong{Zh: "毫秒时间戳超出 64 位纳秒", En: "the time in milliseconds is beyond 64-bit nanoseconds"}
)

func locate(series, sample uint32) string {
	switch {
	case series == 0:
		return "body"
	case sample == 0:
		return fmt.Sprintf("timeseries[%d]", series-1)
	}
	return fmt.Sprintf("timeseries[%d].samples[%d]", series-1, sample-1)
}

// Decode reads a body that is no longer compressed, which b was reset with. A row's place is its series, from 1, and its
// sub the sample, from 1.
func Decode(b *rows.Batch, body []byte) {
	b.Locate = locate
	r := wire.Read(body)
	for n := uint32(0); r.Next() && !b.Stop(); {
		switch {
		case r.Field == 1 && r.Type == wire.Bytes:
			n++
			if !series(b, r.Sub(), n) {
				return
			}
		case r.Field == 4 || r.Field == 5: // symbols and timeseries of io.prometheus.write.v2.Request
			b.Fault(rows.Fault{Kind: rows.ErrUnsupported, Reason: second})
			return
		}
	}
	if r.Bad {
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Reason: malformed, Value: fmt.Sprintf("byte %d", r.Tag)})
	}
}

// series reads one TimeSeries. Its labels are one key as they lie; they are taken apart only when they are new.
func series(b *rows.Batch, r wire.Reader, n uint32) bool {
	row := rows.Row{Group: int32(len(b.Groups)), Place: n}
	first := len(b.Rows)
	from, to := -1, -1
	var apart []byte // labels with something between them, which no sender does
	for r.Next() {
		switch {
		case r.Field == 1 && r.Type == wire.Bytes:
			switch {
			case from < 0:
				from = r.Tag
			case to != r.Tag && apart == nil:
				apart = slices.Clone(r.S[from:to])
			}
			to = r.P
			if apart != nil {
				apart = append(apart, r.S[r.Tag:r.P]...)
			}
		case r.Field == 2 && r.Type == wire.Bytes:
			row.Sub++
			if !sample(b, r.Sub(), row) {
				b.Rows = b.Rows[:first]
				return false
			}
		case r.Field == 4:
			b.Fault(rows.Fault{Kind: rows.ErrUnsupported, Place: n, Reason: histograms})
			b.Rows = b.Rows[:first]
			return true
		}
	}
	if r.Bad {
		b.Rows = b.Rows[:first]
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: n, Reason: malformed, Value: fmt.Sprintf("byte %d", r.Tag)})
		return false
	}
	if row.Sub == 0 {
		return true
	}
	switch {
	case apart != nil:
		b.Group(b.Keep(apart))
	default:
		b.Group(b.Body(max(from, 0), max(to, 0)))
	}
	return true
}

func sample(b *rows.Batch, r wire.Reader, row rows.Row) bool {
	var value, ms uint64
	for r.Next() {
		switch {
		case r.Field == 1 && r.Type == wire.Fixed64:
			value = r.Num
		case r.Field == 2 && r.Type == wire.Varint:
			ms = r.Num
		}
	}
	if r.Bad {
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: row.Place, Sub: row.Sub, Reason: malformed})
		return false
	}
	at, ok := rows.Scale(int64(ms), int64(time.Millisecond))
	if !ok {
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: row.Place, Sub: row.Sub, Reason: timeRange, Value: fmt.Sprint(int64(ms))})
		return true
	}
	row.Time = at
	if value == Stale {
		row.SetNull(telemetry.BadNoCommunication)
	} else {
		r.Num = value
		row.SetFloat(r.Double())
	}
	return b.Add(row)
}

// Naming is how labels become devices and metrics.
type Naming struct {
	Keys []string // labels that name the device, the first that is there
	Omit map[string]bool
}

const nameLabel = "__name__"

// Device is the value of the first label of Keys that is there, else "".
func (n Naming) Device(key []byte) (string, *rows.Fault) {
	labels, f := split(key)
	if f != nil {
		return "", f
	}
	device, _ := rows.Pick(labels, n.Keys)
	return device, nil
}

// Metric is __name__{label=value,…} of the labels that remain.
func (n Naming) Metric(key, _ []byte) (string, *rows.Fault) {
	labels, f := split(key)
	if f != nil {
		return "", f
	}
	name, _ := rows.Pick(labels, []string{nameLabel})
	_, device := rows.Pick(labels, n.Keys)
	return rows.Join(rows.Escape(name, `{}\`), labels, func(k string) bool { return k == nameLabel || k == device || n.Omit[k] }), nil
}

var (
	noName = wrong{Zh: "缺少标签 __name__", En: "the label __name__ is missing"}
	twice  = wrong{Zh: "同一标签出现两次", En: "a label stands there twice"}
	noKey  = wrong{Zh: "标签没有名称", En: "a label has no name"}
)

// split takes labels apart. A label with an empty value is the same as none.
func split(key []byte) (labels []rows.Tag, f *rows.Fault) {
	fault := func(why wrong, v []byte) ([]rows.Tag, *rows.Fault) {
		return nil, &rows.Fault{Kind: rows.ErrSyntax, Reason: why, Value: string(bytes.ToValidUTF8(v, []byte("�")))}
	}
	r := wire.Read(key)
	named := false
	for r.Next() {
		var name, value []byte
		l := r.Sub()
		for l.Next() {
			switch {
			case l.Field == 1 && l.Type == wire.Bytes:
				name = l.Value()
			case l.Field == 2 && l.Type == wire.Bytes:
				value = l.Value()
			}
		}
		switch {
		case l.Bad:
			return fault(malformed, nil)
		case !utf8.Valid(name) || !utf8.Valid(value):
			return fault(rows.NotUTF8, append(append(slices.Clone(name), '='), value...))
		case len(name) == 0:
			return fault(noKey, value)
		case len(value) == 0:
			continue
		}
		t := rows.Tag{Key: string(name), Value: string(value)}
		if slices.ContainsFunc(labels, func(o rows.Tag) bool { return o.Key == t.Key }) {
			return fault(twice, name)
		}
		named = named || t.Key == nameLabel
		if labels = append(labels, t); len(labels) > rows.MaxTags {
			return fault(rows.TooManyTags, nil)
		}
	}
	if r.Bad {
		return fault(malformed, nil)
	}
	if !named {
		var names []string
		for _, l := range labels {
			names = append(names, l.Key)
		}
		return fault(noName, []byte(strings.Join(names, ",")))
	}
	return labels, nil
}
