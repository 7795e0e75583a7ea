package promql

import (
	"bufio"
	"encoding/json"
	"math"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	engine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// encoder writes values as Prometheus does: times in seconds with up to three digits behind the point, values as
// strings, because JSON has no NaN. A writer that fails is told by Flush.
type encoder struct {
	w   *bufio.Writer
	buf []byte
}

func (e *encoder) raw(s ...string) {
	for _, x := range s {
		_, _ = e.w.WriteString(x)
	}
}

func (e *encoder) any(v any) {
	b, err := json.Marshal(v)
	if err != nil { // everything here is made of strings and numbers
		b = []byte("null")
	}
	_, _ = e.w.Write(b)
}

func (e *encoder) value(v parser.Value) {
	switch v := v.(type) {
	case engine.Vector:
		e.raw("[")
		for i := range v {
			e.comma(i)
			e.metric(v[i].Metric)
			e.raw(`,"value":`)
			e.point(v[i].T, v[i].F)
			e.raw("}")
		}
		e.raw("]")
	case engine.Matrix:
		e.raw("[")
		for i := range v {
			e.comma(i)
			e.metric(v[i].Metric)
			e.raw(`,"values":[`)
			for k, p := range v[i].Floats {
				e.comma(k)
				e.point(p.T, p.F)
			}
			e.raw("]}")
		}
		e.raw("]")
	case engine.Scalar:
		e.point(v.T, v.V)
	case engine.String:
		e.raw("[")
		e.time(v.T)
		e.raw(",")
		e.any(v.V)
		e.raw("]")
	default:
		e.raw("null")
	}
}

func (e *encoder) comma(i int) {
	if i > 0 {
		e.raw(",")
	}
}

func (e *encoder) metric(l labels.Labels) {
	e.raw(`{"metric":`)
	e.any(l)
}

func (e *encoder) point(t int64, v float64) {
	e.raw("[")
	e.time(t)
	e.raw(`,"`)
	form := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		form = 'e'
	}
	e.buf = strconv.AppendFloat(e.buf[:0], v, form, -1, 64)
	_, _ = e.w.Write(e.buf)
	e.raw(`"]`)
}

func (e *encoder) time(ms int64) {
	b := e.buf[:0]
	if ms < 0 {
		b = append(b, '-')
		ms = -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if f := ms % 1000; f != 0 {
		b = append(b, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
	}
	e.buf = b
	_, _ = e.w.Write(b)
}
