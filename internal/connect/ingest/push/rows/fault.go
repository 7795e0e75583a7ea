package rows

import (
	"math"
	"net/http"
	"strconv"
	"unsafe"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// MaxFaults is how many faults of a request are listed; all are counted.
const MaxFaults = 100

// What can be wrong with a row. Their words are in the texts of package push.
var (
	ErrSyntax      = problem.Define("push-syntax", http.StatusBadRequest)
	ErrTime        = problem.Define("push-time", http.StatusBadRequest)
	ErrValue       = problem.Define("push-value", http.StatusBadRequest)
	ErrNoDevice    = problem.Define("push-device-missing", http.StatusBadRequest)
	ErrName        = problem.Define("push-name", http.StatusBadRequest)
	ErrUnsupported = problem.Define("push-unsupported", http.StatusBadRequest)
)

// Fault is something wrong at one place of a request.
type Fault struct {
	Kind       *problem.Kind
	Place, Sub uint32
	Field      string    // the named thing at the place, "" where it is all of it
	Value      string    // cut short
	Reason     text.Text // for the kind's words, where they name a reason
	With       map[string]any
}

// Error puts the fault into the form that is answered.
func (b *Batch) Error(f *Fault) *problem.Error {
	at := b.Locate(f.Place, f.Sub)
	if f.Field != "" {
		at += ": " + f.Field
	}
	e := f.Kind.At(at, f.Value).With("reason", f.Reason).With("shown", "")
	if f.Value != "" {
		e.With("shown", text.Text{Zh: "：" + f.Value, En: ": " + f.Value})
	}
	for k, v := range f.With {
		e.With(k, v)
	}
	return e
}

// Fault counts a fault and keeps it among the first.
func (b *Batch) Fault(f Fault) {
	b.Wrong++
	if len(b.Faults) < MaxFaults {
		f.Value = Clip(f.Value)
		f.Field = Clip(f.Field)
		b.Faults = append(b.Faults, f)
	}
}

// Wrongs are the reasons that decoders of several formats give.
var (
	NotUTF8    = text.Text{Zh: "不是有效的 UTF-8", En: "is not valid UTF-8"}
	NotANumber = text.Text{Zh: "不是数字", En: "is not a number"}
	OutOfRange = text.Text{Zh: "超出 64 位有符号整数或双精度浮点数的范围", En: "is beyond a signed 64-bit integer or a double"}
)

// TooManyTags is said of series with more than MaxTags.
var TooManyTags = text.Text{Zh: "一个序列的标签超过 256 个", En: "a series has more than 256 tags"}

// Clip cuts a value that is told again.
func Clip(s string) string {
	const most = 120
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// Show is a value as a person reads it.
func Show(v telemetry.Value) string {
	switch v.Type {
	case telemetry.Float64:
		return strconv.FormatFloat(math.Float64frombits(v.Bits), 'g', -1, 64)
	case telemetry.Int64:
		return strconv.FormatInt(int64(v.Bits), 10)
	case telemetry.Bool:
		return strconv.FormatBool(v.Bits != 0)
	case telemetry.String:
		return Clip(v.Text)
	}
	return "null"
}

// Alias views bytes as a string for the length of a call that keeps neither.
func Alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
