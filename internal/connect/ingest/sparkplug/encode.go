package sparkplug

import (
	"encoding/binary"
	"math"
)

// AppendPayload writes a payload: what edge nodes and hosts send. It is the inverse of Open and Metrics.
func AppendPayload(b []byte, p Payload, metrics []Metric) []byte {
	if p.Timestamp != 0 {
		b = appendVarint(b, 1, p.Timestamp)
	}
	for i := range metrics {
		b = appendNested(b, 2, func(b []byte) []byte { return appendMetric(b, &metrics[i]) })
	}
	if p.HasSeq {
		b = appendVarint(b, 3, p.Seq)
	}
	if len(p.UUID) > 0 {
		b = appendBytes(b, 4, p.UUID)
	}
	if len(p.Body) > 0 {
		b = appendBytes(b, 5, p.Body)
	}
	return b
}

func appendMetric(b []byte, m *Metric) []byte {
	if len(m.Name) > 0 {
		b = appendBytes(b, 1, m.Name)
	}
	if m.HasAlias {
		b = appendVarint(b, 2, m.Alias)
	}
	if m.Timestamp != 0 {
		b = appendVarint(b, 3, m.Timestamp)
	}
	if m.Datatype != Unknown {
		b = appendVarint(b, 4, uint64(m.Datatype))
	}
	for i, set := range [...]bool{m.Historical, m.Transient, m.Null} {
		if set {
			b = appendVarint(b, uint32(5+i), 1)
		}
	}
	if m.Metadata != nil {
		b = appendBytes(b, 8, m.Metadata)
	}
	if m.Properties != nil {
		b = appendBytes(b, 9, m.Properties)
	}
	return appendValue(b, m, 10)
}

// appendValue writes the value; the fields of its kinds follow each other from one on, in metrics as in data sets.
func appendValue(b []byte, m *Metric, first uint32) []byte {
	n := first + uint32(m.Kind) - 1
	switch m.Kind {
	case KindInt:
		return appendVarint(b, n, uint64(uint32(m.Bits)))
	case KindLong, KindBool:
		return appendVarint(b, n, m.Bits)
	case KindFloat:
		return binary.LittleEndian.AppendUint32(appendTag(b, n, wire32), uint32(m.Bits))
	case KindDouble:
		return binary.LittleEndian.AppendUint64(appendTag(b, n, wire64), m.Bits)
	case NoKind:
		return b
	}
	return appendBytes(b, n, m.Bytes)
}

// AppendProperties writes a property set with a quality and a unit; quality < 0 and unit "" are left out.
func AppendProperties(b []byte, quality int, unit string) []byte {
	if quality >= 0 {
		b = appendBytes(b, 1, []byte("Quality"))
	}
	if unit != "" {
		b = appendBytes(b, 1, []byte("engUnit"))
	}
	if quality >= 0 {
		b = appendNested(b, 2, func(b []byte) []byte {
			return appendVarint(appendVarint(b, 1, uint64(Int32)), 3, uint64(uint32(quality)))
		})
	}
	if unit != "" {
		b = appendNested(b, 2, func(b []byte) []byte { return appendBytes(appendVarint(b, 1, uint64(String)), 8, []byte(unit)) })
	}
	return b
}

// AppendTemplate writes an instance of a template, or a definition (of "").
func AppendTemplate(b []byte, of string, members []Metric) []byte {
	for i := range members {
		b = appendNested(b, 2, func(b []byte) []byte { return appendMetric(b, &members[i]) })
	}
	if of == "" {
		return appendVarint(b, 5, 1)
	}
	return appendVarint(appendBytes(b, 4, []byte(of)), 5, 0)
}

// Column is one column of a data set.
type Column struct {
	Name string
	Type Datatype
}

// AppendDataSet writes a data set; cells[row] has a metric for each column, of which kind and value are written.
func AppendDataSet(b []byte, columns []Column, cells [][]Metric) []byte {
	b = appendVarint(b, 1, uint64(len(columns)))
	for _, c := range columns {
		b = appendBytes(b, 2, []byte(c.Name))
	}
	for _, c := range columns {
		b = appendVarint(b, 3, uint64(c.Type))
	}
	for _, row := range cells {
		b = appendNested(b, 4, func(b []byte) []byte {
			for i := range row {
				b = appendNested(b, 1, func(b []byte) []byte { return appendValue(b, &row[i], 1) })
			}
			return b
		})
	}
	return b
}

// Of returns a metric's kind and bits for an integer, a float or a boolean of a data type: how it travels.
func (d Datatype) Of(v any) (Kind, uint64) {
	switch v := v.(type) {
	case bool:
		if v {
			return KindBool, 1
		}
		return KindBool, 0
	case float64:
		if d == Float {
			return KindFloat, uint64(math.Float32bits(float32(v)))
		}
		return KindDouble, math.Float64bits(v)
	case int64:
		switch d {
		case Int64, UInt32, UInt64, DateTime:
			return KindLong, uint64(v)
		}
		return KindInt, uint64(uint32(v))
	}
	return NoKind, 0
}

func appendTag(b []byte, n uint32, typ uint64) []byte {
	return binary.AppendUvarint(b, uint64(n)<<3|typ)
}

func appendVarint(b []byte, n uint32, v uint64) []byte {
	return binary.AppendUvarint(appendTag(b, n, wireVarint), v)
}

func appendBytes(b []byte, n uint32, v []byte) []byte {
	return append(binary.AppendUvarint(appendTag(b, n, wireBytes), uint64(len(v))), v...)
}

// appendNested writes a message within a message, whose length is known only when it is written.
func appendNested(b []byte, n uint32, write func([]byte) []byte) []byte {
	b = append(appendTag(b, n, wireBytes), 0)
	at := len(b)
	b = write(b)
	size := uint64(len(b) - at)
	var head [binary.MaxVarintLen64]byte
	k := binary.PutUvarint(head[:], size)
	if k > 1 {
		b = append(b, head[:k-1]...)
		copy(b[at+k-1:], b[at:len(b)-k+1])
	}
	copy(b[at-1:], head[:k])
	return b
}
