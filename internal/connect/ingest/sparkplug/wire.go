package sparkplug

import (
	"encoding/binary"
	"errors"
	"math"
)

// errWire: the bytes are not protobuf, or a known field has another wire type than the specification gives it.
var errWire = errors.New("not a Sparkplug B payload")

// errTooLarge: more than maxPayload.
var errTooLarge = errors.New("more than 8 MiB")

// Wire types of protobuf.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// fields walks through the fields of one protobuf message. It never reads beyond its bytes and never allocates.
type fields struct {
	b   []byte
	num uint32
	typ uint8
	bad bool
}

// next reads the tag of the next field; false at the end, or where the bytes are wrong (bad tells).
func (f *fields) next() bool {
	if len(f.b) == 0 || f.bad {
		return false
	}
	tag := uint64(f.b[0])
	if tag < 0x80 {
		f.b = f.b[1:]
	} else if tag = f.uvarint(); f.bad {
		return false
	}
	f.typ = uint8(tag & 7)
	if tag>>3 == 0 || tag>>3 > math.MaxInt32 {
		f.bad = true
		return false
	}
	f.num = uint32(tag >> 3)
	return true
}

func (f *fields) uvarint() uint64 {
	if len(f.b) > 0 && f.b[0] < 0x80 {
		v := uint64(f.b[0])
		f.b = f.b[1:]
		return v
	}
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.bad = true
		return 0
	}
	f.b = f.b[n:]
	return v
}

// varint reads a field of wire type 0.
func (f *fields) varint() uint64 {
	if f.typ != wireVarint {
		f.bad = true
		return 0
	}
	return f.uvarint()
}

func (f *fields) fixed32() uint32 {
	if f.typ != wire32 || len(f.b) < 4 {
		f.bad = true
		return 0
	}
	v := binary.LittleEndian.Uint32(f.b)
	f.b = f.b[4:]
	return v
}

func (f *fields) fixed64() uint64 {
	if f.typ != wire64 || len(f.b) < 8 {
		f.bad = true
		return 0
	}
	v := binary.LittleEndian.Uint64(f.b)
	f.b = f.b[8:]
	return v
}

// bytes reads a field of wire type 2; what it returns is part of the payload. It is never nil.
func (f *fields) bytes() []byte {
	if f.typ != wireBytes {
		f.bad = true
		return []byte{}
	}
	n := f.uvarint()
	if f.bad || n > uint64(len(f.b)) {
		f.bad = true
		return []byte{}
	}
	v := f.b[:n:n]
	f.b = f.b[n:]
	return v
}

// skip passes over a field that nobody reads: extensions of others.
func (f *fields) skip() {
	switch f.typ {
	case wireVarint:
		f.uvarint()
	case wire64:
		f.fixed64()
	case wireBytes:
		f.bytes()
	case wire32:
		f.fixed32()
	default: // groups ended with proto2; Sparkplug has none
		f.bad = true
	}
}
