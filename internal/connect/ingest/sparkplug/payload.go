package sparkplug

import (
	"encoding/binary"
	"math"
)

// Payload is the outline of a message. It points into the bytes that it was opened from.
type Payload struct {
	Timestamp uint64 // milliseconds since 1970 UTC when the message was sent; 0 where the edge node gives none
	Seq       uint64 // 0..255
	HasSeq    bool   // deaths of nodes have none
	UUID      []byte // what Body is; "SPBV1.0_COMPRESSED" is a payload in a payload
	Body      []byte
	Count     int // of metrics

	raw []byte
}

// Kind says which of the value fields a metric came with.
type Kind uint8

// The value fields of a metric.
const (
	NoKind       Kind = iota // none: the metric is null, or an extension that nobody knows
	KindInt                  // uint32
	KindLong                 // uint64
	KindFloat                // Bits of a float32
	KindDouble               // Bits of a float64
	KindBool                 // 0 or 1
	KindString               // Bytes
	KindBytes                // Bytes
	KindDataSet              // Bytes: see DataSet
	KindTemplate             // Bytes: see Template
)

// Metric is one value as it travels. Its slices point into the payload.
type Metric struct {
	Name       []byte // empty where only the alias tells
	Alias      uint64
	Timestamp  uint64 // milliseconds since 1970 UTC; 0: the payload's holds
	Bits       uint64 // of numbers and booleans, as sent; see Value
	Bytes      []byte // of strings, bytes, data sets and templates
	Properties []byte // nil, or a property set; see ReadProperties
	Metadata   []byte // nil, or the metadata of a file or of bytes
	Datatype   Datatype
	Kind       Kind
	HasAlias   bool
	Historical bool // not the current value
	Transient  bool // not to be stored
	Null       bool
}

// Open reads the outline of a payload: everything but the inside of its metrics. The error says that the bytes are not a
// payload.
func Open(b []byte) (Payload, error) {
	p := Payload{raw: b}
	f := fields{b: b}
	for f.next() {
		switch f.num {
		case 1:
			p.Timestamp = f.varint()
		case 2:
			f.bytes()
			p.Count++
		case 3:
			p.Seq, p.HasSeq = f.varint(), true
		case 4:
			p.UUID = f.bytes()
		case 5:
			p.Body = f.bytes()
		default:
			f.skip()
		}
	}
	if f.bad {
		return Payload{}, errWire
	}
	return p, nil
}

// Metrics walks through the metrics of a payload.
func (p *Payload) Metrics() Metrics { return Metrics{fields: fields{b: p.raw}, in: 2} }

// Metrics is a walk through metrics:
//
//	for it := p.Metrics(); it.Next(&m); {
//	}
//	if err := it.Err(); err != nil {
type Metrics struct {
	fields
	in uint32 // the field that holds metrics
}

// Next reads the next metric into m; false at the end, or at the first that is wrong.
func (it *Metrics) Next(m *Metric) bool {
	for it.next() {
		if it.num != it.in {
			it.skip()
			continue
		}
		if b := it.bytes(); !it.bad && m.read(b) {
			return true
		}
		it.bad = true
	}
	return false
}

// Err tells whether the walk ended before the end.
func (it *Metrics) Err() error {
	if it.bad {
		return errWire
	}
	return nil
}

func (m *Metric) read(b []byte) bool {
	*m = Metric{}
	// Nearly all metrics of data messages are an alias, a time and a double: these three without the detour.
	for len(b) >= 9 {
		switch b[0] {
		case 2<<3 | wireVarint:
			v, n := binary.Uvarint(b[1:])
			if n <= 0 {
				return false
			}
			m.Alias, m.HasAlias, b = v, true, b[1+n:]
			continue
		case 3<<3 | wireVarint:
			v, n := binary.Uvarint(b[1:])
			if n <= 0 {
				return false
			}
			m.Timestamp, b = v, b[1+n:]
			continue
		case 13<<3 | wire64:
			m.Kind, m.Bits, b = KindDouble, binary.LittleEndian.Uint64(b[1:]), b[9:]
			continue
		}
		break
	}
	f := fields{b: b}
	for f.next() {
		switch f.num {
		case 2:
			m.Alias, m.HasAlias = f.varint(), true
		case 3:
			m.Timestamp = f.varint()
		case 13:
			m.Kind, m.Bits = KindDouble, f.fixed64()
		case 1:
			m.Name = f.bytes()
		case 4:
			d := f.varint()
			if d > math.MaxUint8 {
				d = math.MaxUint8 // unknown all the same
			}
			m.Datatype = Datatype(d)
		case 5:
			m.Historical = f.varint() != 0
		case 6:
			m.Transient = f.varint() != 0
		case 7:
			m.Null = f.varint() != 0
		case 8:
			m.Metadata = f.bytes()
		case 9:
			m.Properties = f.bytes()
		case 10:
			m.Kind, m.Bits = KindInt, uint64(uint32(f.varint()))
		case 11:
			m.Kind, m.Bits = KindLong, f.varint()
		case 12:
			m.Kind, m.Bits = KindFloat, uint64(f.fixed32())
		case 14:
			m.Kind, m.Bits = KindBool, 0
			if f.varint() != 0 {
				m.Bits = 1
			}
		case 15:
			m.Kind, m.Bytes = KindString, f.bytes()
		case 16:
			m.Kind, m.Bytes = KindBytes, f.bytes()
		case 17:
			m.Kind, m.Bytes = KindDataSet, f.bytes()
		case 18:
			m.Kind, m.Bytes = KindTemplate, f.bytes()
		default:
			f.skip()
		}
	}
	return !f.bad
}
