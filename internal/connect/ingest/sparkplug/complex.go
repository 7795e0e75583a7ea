package sparkplug

import (
	"errors"
	"math"
	"strconv"

	"encoding/binary"
)

// What a metric with parts may hold. More is a sign of something that is no measurement; what is within the bound is taken.
const (
	maxParts   = 1000 // single values of one metric
	maxDepth   = 8    // templates in templates
	maxColumns = 100
)

var errParts = errors.New("too many parts")

// parts takes a metric with parts into single values:
//
//	template   name/member, and so on inwards; a definition has none
//	data set   name[row].column, rows from 0
//	array      name[index], from 0
//
// visit gets the name, which is valid during the call, and the value with its data type, Unknown where it gives none.
type parts struct {
	name  []byte
	count int
	visit func(name []byte, m *Metric)
}

// errParts: the bound was reached; what came before has been visited.
func (p *parts) walk(name []byte, m *Metric, d Datatype) error {
	p.name, p.count = append(p.name[:0], name...), 0
	return p.metric(m, d, 0)
}

func (p *parts) metric(m *Metric, d Datatype, depth int) error {
	switch {
	case depth > maxDepth:
		return errParts
	case m.Null && d >= DataSet && d != Bytes:
		return nil // nothing tells which parts it would have
	case d == Template:
		return p.template(m, depth)
	case d == DataSet:
		return p.dataSet(m)
	case d >= Int8Array && d <= DateTimeArray:
		return p.array(m, d)
	}
	return p.one(m)
}

func (p *parts) one(m *Metric) error {
	if p.count++; p.count > maxParts {
		return errParts
	}
	p.visit(p.name, m)
	return nil
}

func (p *parts) template(m *Metric, depth int) error {
	if m.Kind != KindTemplate {
		return errWire
	}
	f := fields{b: m.Bytes}
	for f.next() {
		if f.num == 5 && f.varint() != 0 {
			return nil // a definition: it has defaults, not values
		} else if f.num != 5 {
			f.skip()
		}
	}
	if f.bad {
		return errWire
	}
	base := len(p.name)
	defer func() { p.name = p.name[:base] }()
	it := Metrics{fields: fields{b: m.Bytes}, in: 2}
	for member := new(Metric); it.Next(member); {
		if len(member.Name) == 0 {
			continue
		}
		p.name = append(append(p.name[:base], '/'), member.Name...)
		if len(p.name) > maxName {
			return errParts
		}
		if member.Timestamp == 0 {
			member.Timestamp = m.Timestamp
		}
		member.Historical, member.Transient = member.Historical || m.Historical, member.Transient || m.Transient
		d := member.Datatype
		if d == Unknown {
			d = member.Kind.guess()
		}
		if err := p.metric(member, d, depth+1); err != nil {
			return err
		}
	}
	return it.Err()
}

func (p *parts) dataSet(m *Metric) error {
	if m.Kind != KindDataSet {
		return errWire
	}
	var columns [][]byte
	var types []Datatype
	f := fields{b: m.Bytes}
	for f.next() {
		switch {
		case f.num == 2:
			columns = append(columns, f.bytes())
		case f.num == 3 && f.typ == wireBytes: // packed
			for in := (fields{b: f.bytes()}); len(in.b) > 0 && !f.bad; {
				types = append(types, datatype(in.uvarint()))
				f.bad = f.bad || in.bad || len(types) > maxColumns
			}
		case f.num == 3:
			types = append(types, datatype(f.varint()))
		default:
			f.skip()
		}
		if len(columns) > maxColumns || len(types) > maxColumns {
			return errParts
		}
	}
	if f.bad || len(columns) != len(types) {
		return errWire
	}
	base := len(p.name)
	defer func() { p.name = p.name[:base] }()
	f = fields{b: m.Bytes}
	for row := 0; f.next(); {
		if f.num != 4 {
			f.skip()
			continue
		}
		cells := fields{b: f.bytes()}
		for column := 0; cells.next(); {
			if cells.num != 1 {
				cells.skip()
				continue
			}
			cell := Metric{Timestamp: m.Timestamp, Historical: m.Historical, Transient: m.Transient}
			if column >= len(columns) || !cell.cell(cells.bytes()) {
				return errWire
			}
			cell.Datatype, cell.Null = types[column], cell.Kind == NoKind
			p.name = strconv.AppendInt(append(p.name[:base], '['), int64(row), 10)
			p.name = append(append(p.name, "]."...), columns[column]...)
			if err := p.one(&cell); err != nil {
				return err
			}
			column++
		}
		if cells.bad {
			return errWire
		}
		row++
	}
	if f.bad {
		return errWire
	}
	return nil
}

func datatype(v uint64) Datatype {
	if v > math.MaxUint8 {
		return math.MaxUint8
	}
	return Datatype(v)
}

// cell reads one value of a data set.
func (m *Metric) cell(b []byte) bool {
	f := fields{b: b}
	for f.next() {
		switch f.num {
		case 1:
			m.Kind, m.Bits = KindInt, uint64(uint32(f.varint()))
		case 2:
			m.Kind, m.Bits = KindLong, f.varint()
		case 3:
			m.Kind, m.Bits = KindFloat, uint64(f.fixed32())
		case 4:
			m.Kind, m.Bits = KindDouble, f.fixed64()
		case 5:
			m.Kind, m.Bits = KindBool, f.varint()&1
		case 6:
			m.Kind, m.Bytes = KindString, f.bytes()
		default:
			f.skip()
		}
	}
	return !f.bad
}

// array takes an array apart (6.4.17): numbers little-endian, booleans as bits behind their number, texts ended by zeros.
func (p *parts) array(m *Metric, d Datatype) error {
	if m.Kind != KindBytes {
		return errWire
	}
	base, b := len(p.name), m.Bytes
	defer func() { p.name = p.name[:base] }()
	one := func(i int, v Metric) error {
		v.Timestamp, v.Historical, v.Transient = m.Timestamp, m.Historical, m.Transient
		p.name = append(strconv.AppendInt(append(p.name[:base], '['), int64(i), 10), ']')
		return p.one(&v)
	}
	switch d {
	case BooleanArray:
		if len(b) < 4 {
			return errWire
		}
		n := int(binary.LittleEndian.Uint32(b))
		if b = b[4:]; n < 0 || (n+7)/8 != len(b) {
			return errWire
		}
		for i := range n {
			if err := one(i, Metric{Kind: KindBool, Datatype: Boolean, Bits: uint64(b[i/8] >> (7 - i%8) & 1)}); err != nil {
				return err
			}
		}
		return nil
	case StringArray:
		for i := 0; len(b) > 0; i++ {
			end := 0
			for end < len(b) && b[end] != 0 {
				end++
			}
			if err := one(i, Metric{Kind: KindString, Datatype: String, Bytes: b[:end]}); err != nil {
				return err
			}
			b = b[min(end+1, len(b)):]
		}
		return nil
	}
	e := elements[d-Int8Array]
	if len(b)%e.size != 0 {
		return errWire
	}
	for i := range len(b) / e.size {
		v := Metric{Kind: e.kind, Datatype: e.of}
		for k, c := range b[i*e.size : (i+1)*e.size] {
			v.Bits |= uint64(c) << (8 * k)
		}
		if err := one(i, v); err != nil {
			return err
		}
	}
	return nil
}

var elements = [...]struct {
	of   Datatype
	size int
	kind Kind
}{{Int8, 1, KindInt}, {Int16, 2, KindInt}, {Int32, 4, KindInt}, {Int64, 8, KindLong}, {UInt8, 1, KindInt}, {UInt16, 2, KindInt},
	{UInt32, 4, KindInt}, {UInt64, 8, KindLong}, {Float, 4, KindFloat}, {Double, 8, KindDouble}, {Boolean, 1, KindBool},
	{String, 1, KindString}, {DateTime, 8, KindLong}}
