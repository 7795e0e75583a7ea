package index

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"
	"runtime"
	"runtime/debug"

	"jingwei/internal/kernel/file"
)

// Parts of a segment file: header, slots, entries in the order of their hashes, footer.
const (
	headerSize = 64
	footerSize = 64
	slotSize   = 8
	tagBits    = 24
	tagMask    = 1<<tagBits - 1
	maxOffset  = 1 << (64 - tagBits) // of an entry in the file
)

const (
	magic    = "JWIDENT\x01" // the last byte is the format's version
	endMagic = "JWIDEND\x01"
)

// segment is an open segment file. It is immutable; its mapping lives as long as somebody holds the segment.
type segment struct {
	number   uint64
	data     []byte // the whole file
	seed     uint64
	capacity uint64 // slots among which homes lie
	slots    []byte // capacity and what overflows
	entries  int64
	gone     int64 // entries that are removals
	begin    int   // of the entries in data
	end      int
}

// openSegment maps a segment file and checks header, footer and slots. Error: ErrDamaged.
func openSegment(files file.FS, name string, number, seed uint64) (*segment, error) {
	f, err := files.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	data, unmap, err := f.Map()
	if e := f.Close(); err == nil && e != nil {
		err = e
		_ = unmap() // the first error is the one to tell
	}
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", name, err)
	}
	s := &segment{number: number, data: data, seed: seed}
	if err := s.read(); err != nil {
		_ = unmap()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	runtime.AddCleanup(s, func(unmap func() error) { _ = unmap() }, unmap) // nobody is left to be told
	return s, nil
}

func (s *segment) read() (err error) {
	defer guard(debug.SetPanicOnFault(true), &err)
	no := func(what string) error { return fmt.Errorf("%w: %s", ErrDamaged, what) }
	n := len(s.data)
	if n < headerSize+footerSize {
		return no("the file is cut short")
	}
	h, f := s.data[:headerSize], s.data[n-footerSize:]
	switch {
	case string(h[:8]) != magic:
		return no("the header")
	case checksum(h[:headerSize-4]) != binary.LittleEndian.Uint32(h[headerSize-4:]):
		return no("the checksum of the header")
	case string(f[footerSize-8:]) != endMagic:
		return no("the footer")
	case checksum(f[:footerSize-12]) != binary.LittleEndian.Uint32(f[footerSize-12:]):
		return no("the checksum of the footer")
	case binary.LittleEndian.Uint64(h[8:]) != s.seed || binary.LittleEndian.Uint64(h[16:]) != s.number:
		return no("it belongs to another index")
	}
	s.capacity = binary.LittleEndian.Uint64(h[24:])
	all := binary.LittleEndian.Uint64(h[32:])
	s.entries, s.gone = int64(binary.LittleEndian.Uint64(f)), int64(binary.LittleEndian.Uint64(f[8:]))
	if room := uint64(n-headerSize-footerSize) / slotSize; s.capacity == 0 || s.capacity > all || all > room {
		return no("the number of slots")
	}
	s.begin, s.end = headerSize+int(all)*slotSize, n-footerSize
	s.slots = s.data[headerSize:s.begin]
	if checksum(s.slots) != binary.LittleEndian.Uint32(f[16:]) {
		return no("the checksum of the slots")
	}
	return nil
}

// guard turns a read error of the medium under the mapping into ErrDamaged.
func guard(was bool, err *error) {
	debug.SetPanicOnFault(was)
	if p := recover(); p != nil {
		fault, ok := p.(interface {
			runtime.Error
			Addr() uintptr
		})
		if !ok {
			panic(p)
		}
		*err = fmt.Errorf("%w: the medium cannot be read: %w", ErrDamaged, fault)
	}
}

// home is where the slot of a hash would stand if no other were in its way.
func home(hash, capacity uint64) uint64 {
	hi, _ := bits.Mul64(hash, capacity)
	return hi
}

// state is what a part of the index knows of a key.
type state int

const (
	unknown state = iota
	there
	gone
)

// find appends the record of a key. Error: ErrDamaged.
func (s *segment) find(dst, key []byte, hash uint64) ([]byte, state, error) {
	tag := hash & tagMask
	for b := s.slots[home(hash, s.capacity)*slotSize:]; len(b) >= slotSize; b = b[slotSize:] {
		slot := binary.LittleEndian.Uint64(b)
		if slot == 0 {
			break
		}
		if slot&tagMask != tag {
			continue
		}
		at := int(slot >> tagBits)
		if at < s.begin || at >= s.end {
			return dst, unknown, fmt.Errorf("%w: segment %d: a slot points to %d", ErrDamaged, s.number, at)
		}
		body, removal, _, err := readEntry(s.data[at:s.end])
		if err != nil {
			return dst, unknown, fmt.Errorf("segment %d at %d: %w", s.number, at, err)
		}
		name, ok := nameOf(body)
		switch {
		case !ok:
			return dst, unknown, fmt.Errorf("%w: segment %d at %d: an entry without a name", ErrDamaged, s.number, at)
		case !isKey(key, name):
			continue // another with the same 24 bits
		case removal:
			return dst, gone, nil
		}
		return append(dst, body...), there, nil
	}
	return dst, unknown, nil
}

// cursor walks through the entries of a segment in the order of hash and key.
type cursor struct {
	s    *segment
	at   int
	hash uint64
	key  []byte
	body []byte
	gone bool
}

// next moves on; false at the end. Error: ErrDamaged.
func (c *cursor) next() (ok bool, err error) {
	if c.at == 0 {
		c.at = c.s.begin
	}
	if c.at >= c.s.end {
		return false, nil
	}
	body, gone, size, err := readEntry(c.s.data[c.at:c.s.end])
	if err != nil {
		return false, fmt.Errorf("segment %d at %d: %w", c.s.number, c.at, err)
	}
	name, ok := nameOf(body)
	if !ok {
		return false, fmt.Errorf("%w: segment %d at %d: an entry without a name", ErrDamaged, c.s.number, c.at)
	}
	c.at += size
	c.key = appendKey(c.key[:0], name)
	c.hash, c.body, c.gone = hashOf(c.key, c.s.seed), body, gone
	return true, nil
}

// check reads every entry of the segment. Error: ErrDamaged.
func (s *segment) check() (err error) {
	defer guard(debug.SetPanicOnFault(true), &err)
	c, n := cursor{s: s}, int64(0)
	for {
		ok, err := c.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		n++
	}
	if n != s.entries {
		return fmt.Errorf("%w: segment %d has %d entries, its footer says %d", ErrDamaged, s.number, n, s.entries)
	}
	runtime.KeepAlive(s)
	return nil
}
