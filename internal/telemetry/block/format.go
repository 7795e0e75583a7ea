package block

import (
	"fmt"
	"hash/crc32"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/column"
)

// The frame of a file. The eighth byte of the magic is the version.
const (
	magic      = "JWBLOCK\x01"
	endMagic   = "JWBLKEND"
	headerLen  = 32
	footerLen  = 128
	dirLen     = 32 // one series in the directory
	checkLen   = 4  // a CRC32C
	maxRows    = 65535
	maxEntries = 1 << 24
)

// ChunkRows is the greatest number of rows that this version's writers put into one chunk. Readers take up to 65,535.
const ChunkRows = 4096

// MaxBytes bounds a block: offsets are 32 bits, and a builder holds the file in memory.
const MaxBytes = 1 << 30

// Type of a chunk's values. The numbers are those of telemetry.Type.
type Type uint8

// Value types.
const (
	Float64 Type = 1
	Int64   Type = 2
	Bool    Type = 3
	String  Type = 4
)

// Plane of a chunk.
type Plane uint8

// Current holds at most one sample per source time, in the block, the winning one. History holds those that lost.
const (
	Current Plane = 0
	History Plane = 1
)

// Bits of the flags column that this package looks at; the numbers are those of telemetry.Flags.
const (
	flagNoValue = 1 << 0
	flagFuture  = 1 << 2
	flagRival   = 1 << 15
)

// Notes about a frame.
const (
	HasFuture  = 1 << 0 // some row was dated ahead when it came
	HasRivals  = 1 << 1 // some row has rivals of the same source time in the history plane
	HasNoValue = 1 << 2 // some row has a status only
	AllGood    = 1 << 3 // every row has a good status and a value
)

// Notes about a summary.
const (
	HasNumbers = 1 << 0 // First, Last, Min and Max are there: at least one row is usable
	HasSum     = 1 << 1 // Sum is there and exact
)

// Column is one of the columns that a frame shares.
type Column uint8

// The columns of a frame, in the order in which a frame names its pages.
const (
	Time Column = iota
	Gateway
	Status
	Flags
	Origin
	Revision
	Commit
	columns
)

var columnNames = [columns]string{"source time", "gateway time", "status", "flags", "origin", "revision", "commit"}

// Set is a set of columns.
type Set uint8

// Of returns the set of the given columns.
func Of(c ...Column) Set {
	var s Set
	for _, c := range c {
		s |= 1 << c
	}
	return s
}

// All columns of a frame.
const All Set = 1<<columns - 1

// Has tells whether c is in the set.
func (s Set) Has(c Column) bool { return s>>c&1 != 0 }

// Frame is the columns that chunks share. All slices that are used have the same length.
type Frame struct {
	Time, Gateway                   []int64
	Status, Flags, Origin, Revision []uint32
	Commit                          []int64

	// What Decode has left in the memory of Status, Flags, Origin and Revision, where that is one value: columns that are
	// constant in chunk after chunk, as most are, need not be written again into the same memory. Whoever writes to a
	// column of a frame does not Decode into that frame.
	status, flags, origin, revision constant
}

// constant is a stretch of memory, from its beginning on, that holds one value.
type constant struct {
	value uint32
	rows  int
}

// decode appends the n rows of a page to dst, whose memory c describes.
func (c *constant) decode(page []byte, n int, dst []uint32) ([]uint32, error) {
	x, ok := column.Constant(page)
	if !ok || len(dst) > 0 || n <= 0 {
		c.rows = 0
		return column.DecodeRuns(page, n, dst)
	}
	if c.value == x && n <= c.rows && n <= cap(dst) {
		return dst[:n], nil
	}
	out, err := column.DecodeRuns(page, n, dst)
	*c = constant{x, len(out)}
	return out, err
}

// Len returns the number of rows.
func (f *Frame) Len() int { return len(f.Time) }

// Notes tells what there is among the rows.
func (f *Frame) Notes() (notes uint8) {
	var bad, flags uint32
	for _, s := range f.Status {
		bad |= s >> 30
	}
	for _, x := range f.Flags {
		flags |= x
	}
	if flags&flagFuture != 0 {
		notes |= HasFuture
	}
	if flags&flagRival != 0 {
		notes |= HasRivals
	}
	if flags&flagNoValue != 0 {
		notes |= HasNoValue
	} else if bad == 0 {
		notes |= AllGood
	}
	return notes
}

// Reset empties the frame and keeps its memory.
func (f *Frame) Reset() {
	f.Time, f.Gateway, f.Commit = f.Time[:0], f.Gateway[:0], f.Commit[:0]
	f.Status, f.Flags, f.Origin, f.Revision = f.Status[:0], f.Flags[:0], f.Origin[:0], f.Revision[:0]
}

// Slice returns rows i to j.
func (f *Frame) Slice(i, j int) Frame {
	return Frame{Time: f.Time[i:j], Gateway: f.Gateway[i:j], Commit: f.Commit[i:j],
		Status: f.Status[i:j], Flags: f.Flags[i:j], Origin: f.Origin[i:j], Revision: f.Revision[i:j]}
}

// Values are the values of a chunk: Text for strings, Bits for all other types (IEEE 754, two's complement, 0/1).
type Values struct {
	Bits []uint64
	Text []string
}

// Reset empties the values and keeps their memory.
func (v *Values) Reset() { v.Bits, v.Text = v.Bits[:0], v.Text[:0] }

// Arrival explains a commit: when it was and whose batch it held.
type Arrival struct {
	Commit   uint64
	Time     int64 // commit time, ns
	Producer uuid.UUID
	Epoch    uint64
	Seq      uint64
}

// DamageError tells that bytes of a block are not what was written. Nothing of the damaged part is served.
type DamageError struct {
	File   string
	Offset int64 // from the start of the file
	What   string
	Err    error // the cause, if there is one
}

func (e *DamageError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("block %s is damaged at byte %d: %s: %v", e.File, e.Offset, e.What, e.Err)
	}
	return fmt.Sprintf("block %s is damaged at byte %d: %s", e.File, e.Offset, e.What)
}

func (e *DamageError) Unwrap() error { return e.Err }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func check(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func crc32Update(sum uint32, b []byte) uint32 { return crc32.Update(sum, castagnoli, b) }
