// Package wire reads protocol buffers by hand: the few fields that are wanted, in place, with their position.
package wire

import (
	"encoding/binary"
	"math"
)

// Wire types (protobuf.dev, Encoding).
const (
	Varint  = 0
	Fixed64 = 1
	Bytes   = 2
	Fixed32 = 5
)

// Reader goes over the fields of one message, which is s[P:End]. After anything malformed Bad is set and nothing more
// comes.
type Reader struct {
	S      []byte
	P, End int
	Bad    bool

	Field int
	Type  int
	Num   uint64 // of Varint, Fixed64, Fixed32
	From  int    // of Bytes: s[From:P]
	Tag   int    // where the field begins
}

// Read begins with a whole message.
func Read(s []byte) Reader { return Reader{S: s, End: len(s)} }

// Sub is a reader of the message that the field just read holds.
func (r *Reader) Sub() Reader { return Reader{S: r.S, P: r.From, End: r.P} }

// Value is the bytes of the field just read.
func (r *Reader) Value() []byte { return r.S[r.From:r.P:r.P] }

// Double is the field just read as a float.
func (r *Reader) Double() float64 { return math.Float64frombits(r.Num) }

// Next reads a field and says whether there is one.
func (r *Reader) Next() bool {
	if r.P >= r.End || r.Bad {
		return false
	}
	r.Tag = r.P
	var tag uint64
	if c := r.S[r.P]; c < 0x80 {
		tag = uint64(c)
		r.P++
	} else {
		tag = r.varint()
	}
	r.Field, r.Type = int(tag>>3), int(tag&7)
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		r.Bad = true
		return false
	}
	switch r.Type {
	case Varint:
		r.Num = r.varint()
	case Fixed64:
		if r.End-r.P < 8 {
			r.Bad = true
			return false
		}
		r.Num = binary.LittleEndian.Uint64(r.S[r.P:])
		r.P += 8
	case Fixed32:
		if r.End-r.P < 4 {
			r.Bad = true
			return false
		}
		r.Num = uint64(binary.LittleEndian.Uint32(r.S[r.P:]))
		r.P += 4
	case Bytes:
		n := r.varint()
		if r.Bad || n > uint64(r.End-r.P) {
			r.Bad = true
			return false
		}
		r.From = r.P
		r.P += int(n)
	default: // groups (3, 4) are in none of the formats
		r.Bad = true
	}
	return !r.Bad
}

func (r *Reader) varint() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		if r.P >= r.End {
			break
		}
		c := r.S[r.P]
		r.P++
		if shift == 63 && c > 1 {
			break
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.Bad = true
	return 0
}

// Append functions write what Next reads.

// AppendBytes appends a field of bytes, a string or a message.
func AppendBytes(dst []byte, field int, v []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(field)<<3|Bytes)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

// AppendVarint appends a field of an integer, a bool or an enum.
func AppendVarint(dst []byte, field int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(field)<<3|Varint), v)
}

// AppendFixed64 appends a field of eight bytes.
func AppendFixed64(dst []byte, field int, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(dst, uint64(field)<<3|Fixed64), v)
}
