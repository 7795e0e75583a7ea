// Package jsonpush reads our own JSON: one object, an array of objects, or one object a line (NDJSON), each of them
//
//	{"device": "press 3", "time": "2026-11-22T08:00:00Z", "values": {"temperature": 21.5, "running": true}}
//	{"device": "press 3", "name": "temperature", "time": 1795334400000, "value": 21.5, "status": "Uncertain"}
package jsonpush

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/connect/ingest/push/jsonscan"
	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

type wrong = text.Text

var (
	noObject  = wrong{Zh: "应为一个对象、对象的数组，或每行一个对象", En: "must be an object, an array of objects, or one object on each line"}
	extra     = wrong{Zh: "数组之后还有内容", En: "something follows the array"}
	unknown   = wrong{Zh: "没有这个成员；可用 device、time、values，或 device、name、time、value、status", En: "there is no such member; use device, time, values, or device, name, time, value, status"}
	again     = wrong{Zh: "成员出现两次", En: "the member stands there twice"}
	wantText  = wrong{Zh: "应为文字", En: "must be a text"}
	wantMap   = wrong{Zh: "应为对象：名称与值", En: "must be an object of names and values"}
	noValues  = wrong{Zh: "应有 values，或 name 与 value", En: "there must be values, or name and value"}
	bothForms = wrong{Zh: "values 与 name、value 不能同时出现", En: "values cannot stand beside name and value"}
	nested    = wrong{Zh: "值应为数字、布尔、文字或 null；请把嵌套的对象拆成各自的名称", En: "a value is a number, true or false, a text or null; give what is nested a name of its own"}
	wantTime  = wrong{Zh: "应为 RFC 3339 时间，或整数（毫秒，或按 precision 参数）", En: "must be an RFC 3339 time or a whole number (of milliseconds, or as the parameter precision says)"}
	timeRange = wrong{Zh: "时间按此精度超出 64 位纳秒", En: "the time is beyond 64-bit nanoseconds in this precision"}
	badStatus = wrong{Zh: "应为 OPC UA StatusCode：数字、0x 十六进制，或 Good、Uncertain、Bad、Bad_NoCommunication 等名称", En: "must be an OPC UA StatusCode: a number, hexadecimal with 0x, or a name such as Good, Uncertain, Bad, Bad_NoCommunication"}
	longText  = wrong{Zh: "文字超过 65,536 字节", En: "the text is longer than 65,536 bytes"}
)

// statuses are the names that may be told (OPC 10000-6, A.2).
var statuses = map[string]telemetry.Status{
	"good": telemetry.Good, "uncertain": telemetry.Uncertain, "uncertain_lastusablevalue": telemetry.UncertainLastUsable, "bad": telemetry.Bad,
	"bad_nocommunication": telemetry.BadNoCommunication, "bad_outofrange": telemetry.BadOutOfRange, "bad_timeout": telemetry.BadTimeout,
	"bad_notconnected": telemetry.BadNotConnected, "bad_devicefailure": telemetry.BadDeviceFailure, "bad_outofservice": telemetry.BadOutOfService,
	"bad_waitingforinitialdata": telemetry.BadWaitingForInitialData, "bad_configurationerror": telemetry.BadConfigurationError, "bad_decodingerror": telemetry.BadDecodingError,
}

// Decode reads a body, which b was reset with. unit is what a time in numbers counts, in nanoseconds. A row's place is its
// object in the array, or its line, and its sub the value in the object.
func Decode(b *rows.Batch, body []byte, unit int64) {
	d := decoder{Scanner: jsonscan.Scanner{S: body}, b: b, unit: unit}
	b.Loose, b.Named = true, true
	if d.Peek() == '[' {
		b.Locate = func(place, _ uint32) string { return fmt.Sprintf("[%d]", place) }
		d.P++
		for d.More(']', d.place == 0) && !b.Stop() {
			if d.entry(); d.Wrong == nil {
				d.place++
			}
		}
		if d.Wrong == nil && !b.Stop() && d.Peek() != 0 {
			d.Fail(&extra)
		}
	} else {
		b.Locate = func(place, _ uint32) string { return fmt.Sprintf("line %d", place) }
		d.place = 1
		at := 0
		for first := true; (d.Peek() != 0 || first) && d.Wrong == nil && !b.Stop(); first = false {
			d.place += uint32(bytes.Count(body[at:d.P], []byte{'\n'}))
			at = d.P
			d.entry()
		}
	}
	if d.Wrong != nil {
		where := d.P
		lines := bytes.Count(body[:where], []byte{'\n'})
		column := where - bytes.LastIndexByte(body[:where], '\n')
		b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: d.place, Reason: *d.Wrong,
			Value: fmt.Sprintf("%d:%d %s", lines+1, column, bytes.ToValidUTF8(body[where:min(where+40, len(body))], []byte("�")))})
	}
}

type decoder struct {
	jsonscan.Scanner
	b     *rows.Batch
	unit  int64
	place uint32
	own   []byte
}

// members of an object, for what stands there twice.
const (
	hasDevice = 1 << iota
	hasTime
	hasValues
	hasName
	hasValue
	hasStatus
)

// entry reads one object. Members come in any order, so device, time and status are put into its rows at its end.
func (d *decoder) entry() {
	b := d.b
	if d.Peek() != '{' {
		d.Fail(&noObject)
		return
	}
	d.P++
	first, faults := len(b.Rows), b.Wrong
	has := 0
	var device, name rows.Span
	var at int64
	var status telemetry.Status
	for begin := true; d.More('}', begin); begin = false {
		from, to, escaped := d.Key()
		if d.Wrong != nil {
			break
		}
		member := 0
		key := d.S[from:to]
		if escaped {
			key = jsonscan.Unescape(nil, key)
		}
		switch string(key) {
		case "device":
			member, device = hasDevice, d.text("device")
		case "name":
			member, name = hasName, d.text("name")
		case "time":
			member, at = hasTime, d.time()
		case "status":
			member, status = hasStatus, d.status()
		case "values":
			member = hasValues
			d.values()
		case "value":
			member = hasValue
			d.value(rows.Row{Place: d.place, Sub: 1}, "value")
		default:
			d.fault(string(key), unknown, "")
			d.Skip()
		}
		if has&member != 0 {
			d.fault(string(key), again, "")
		}
		has |= member
		if b.Stop() {
			return
		}
	}
	if d.Wrong != nil {
		b.Rows = b.Rows[:first]
		return
	}
	single := has & (hasName | hasValue)
	switch {
	case b.Wrong > faults: // told already
	case has&hasValues != 0 && single != 0:
		d.fault("", bothForms, "")
	case has&hasValues == 0 && single != hasName|hasValue:
		d.fault("", noValues, "")
	}
	if b.Wrong > faults {
		b.Rows = b.Rows[:first]
		return
	}
	if len(b.Rows) == first {
		return
	}
	group := b.Group(device)
	for i := first; i < len(b.Rows); i++ {
		r := &b.Rows[i]
		r.Group, r.Time, r.Status = group, at, status
		if r.Type == 0 && !status.IsBad() {
			r.Status = telemetry.Bad
		}
		if single != 0 {
			r.Name = name
		}
	}
}

func (d *decoder) fault(field string, why wrong, value string) {
	d.b.Fault(rows.Fault{Kind: rows.ErrSyntax, Place: d.place, Field: field, Reason: why, Value: value})
}

// span takes a text as it lies, or what its escapes stand for.
func (d *decoder) span(from, to int, escaped bool) rows.Span {
	if !escaped {
		return d.b.Body(from, to)
	}
	d.own = jsonscan.Unescape(d.own[:0], d.S[from:to])
	return d.b.Keep(d.own)
}

func (d *decoder) text(field string) rows.Span {
	if d.Peek() != '"' {
		at := d.Skip()
		d.fault(field, wantText, string(d.S[at:d.P]))
		return rows.Span{}
	}
	return d.span(d.String())
}

func (d *decoder) values() {
	if d.Peek() != '{' {
		at := d.Skip()
		d.fault("values", wantMap, rows.Clip(string(d.S[at:d.P])))
		return
	}
	d.P++
	row := rows.Row{Place: d.place}
	for first := true; d.More('}', first); first = false {
		from, to, escaped := d.Key()
		if d.Wrong != nil {
			return
		}
		row.Name = d.span(from, to, escaped)
		row.Sub++
		d.value(row, "")
		if d.b.Stop() {
			return
		}
	}
}

// value reads a value into a row and adds it.
func (d *decoder) value(row rows.Row, field string) {
	fault := func(kind bool, why wrong, value string) {
		if field == "" {
			field = string(d.b.Bytes(row.Name))
		}
		f := rows.Fault{Kind: rows.ErrSyntax, Place: d.place, Sub: row.Sub, Field: field, Reason: why, Value: value}
		if kind {
			f.Kind = rows.ErrValue
		}
		d.b.Fault(f)
	}
	switch c := d.Peek(); c {
	case '"':
		from, to, escaped := d.String()
		s := d.S[from:to]
		if escaped {
			d.own = jsonscan.Unescape(d.own[:0], s)
			s = d.own
		}
		if len(s) > telemetry.MaxTextBytes {
			fault(true, longText, rows.Clip(string(s)))
			return
		}
		row.Type, row.Bits = telemetry.String, d.b.Text(string(s))
	case 't':
		d.Literal("true")
		row.Type, row.Bits = telemetry.Bool, 1
	case 'f':
		d.Literal("false")
		row.Type, row.Bits = telemetry.Bool, 0
	case 'n':
		d.Literal("null")
	case '{', '[':
		at := d.Skip()
		fault(false, nested, rows.Clip(string(d.S[at:d.P])))
		return
	default:
		from := d.Number()
		if d.Wrong == nil && !row.SetNumber(d.S[from:d.P]) {
			fault(true, rows.OutOfRange, string(d.S[from:d.P]))
			return
		}
	}
	if d.Wrong == nil {
		d.b.Add(row)
	}
}

// time reads a time; 0 stands for null, which is none.
func (d *decoder) time() int64 {
	switch c := d.Peek(); {
	case c == 'n':
		d.Literal("null")
		return 0
	case c == '"':
		from, to, _ := d.String()
		if d.Wrong != nil {
			return 0
		}
		t, err := time.Parse(time.RFC3339Nano, string(d.S[from:to]))
		if err != nil {
			d.fault("time", wantTime, string(d.S[from:to]))
			return 0
		}
		if y := t.Year(); y < 1700 || y > 2260 { // beyond UnixNano
			d.fault("time", timeRange, string(d.S[from:to]))
			return 0
		}
		at, _ := rows.Scale(t.UnixNano(), 1)
		return at
	}
	from := d.Skip()
	token := string(d.S[from:d.P])
	n, err := strconv.ParseInt(token, 10, 64)
	if err != nil {
		d.fault("time", wantTime, token)
		return 0
	}
	at, ok := rows.Scale(n, d.unit)
	if !ok {
		d.fault("time", timeRange, token)
	}
	return at
}

func (d *decoder) status() telemetry.Status {
	var token string
	if d.Peek() == '"' {
		from, to, _ := d.String()
		token = string(d.S[from:to])
		if s, ok := statuses[strings.ToLower(token)]; ok {
			return s
		}
	} else {
		from := d.Skip()
		token = string(d.S[from:d.P])
		if token == "null" {
			return telemetry.Good
		}
	}
	n, err := strconv.ParseUint(token, 0, 32)
	if err != nil && d.Wrong == nil {
		d.fault("status", badStatus, token)
	}
	return telemetry.Status(n)
}

// Naming of this format: its words are device and metric already.
type Naming struct{}

// Device is the member device, "" where there is none.
func (Naming) Device(key []byte) (string, *rows.Fault) { return string(key), nil }

// Metric is the name.
func (Naming) Metric(_, name []byte) (string, *rows.Fault) { return string(name), nil }
