package rows

import (
	"jingwei/internal/telemetry"
)

// Limits of one request. It becomes one batch of the store, so that it is stored whole or not at all: telemetry takes
// telemetry.MaxRows rows at once, and the journal a record of 16 MiB.
const (
	MaxRows  = telemetry.MaxRows
	MaxTexts = 8 << 20 // bytes of all string values together
	MaxTags  = 256     // of one series
	MaxBody  = 1 << 30 // bytes that a Span can reach; requests are held far below it
)

// Span is a piece of the request's body, or of what a decoder kept beside it.
type Span struct{ at, len uint32 }

// kept marks a span of Batch.own.
const kept = 1 << 31

// Row is one value that a request tells.
type Row struct {
	Time   int64 // ns since 1970-01-01 UTC; 0: none was told
	Bits   uint64
	Group  int32 // index into Batch.Groups
	Name   Span  // what the series is called within its group
	Unit   uint16
	Type   telemetry.Type // 0 is null, and then Status says why
	Status telemetry.Status
	// Place and Sub are where the row stands, in numbers of which only the decoder knows the meaning; rows further on have
	// a greater Place, or the same and a greater Sub.
	Place, Sub uint32
}

// Batch is the rows of one request. It is reused.
type Batch struct {
	Groups []Span // what several series have in common: a line's measurement and tags, a device, a set of labels
	Rows   []Row
	Faults []Fault // the first MaxFaults
	Wrong  int     // how many there are
	Full   bool    // more than MaxRows rows; decoding ended there
	Long   bool    // more than MaxTexts bytes of strings; decoding ended there
	// Loose says that the format has one kind of number: a whole number says nothing of its series' type.
	Loose bool
	// Named says that names within groups are words of the sender's, so that they help to find a place.
	Named bool
	// Locate puts a place into words.
	Locate func(place, sub uint32) string

	body  []byte
	own   []byte
	texts []string
	units []string
	chars int
}

// Reset makes the batch ready for the request with this body, which stays as it is while the batch is used.
func (b *Batch) Reset(body []byte) {
	clear(b.texts)
	*b = Batch{Groups: b.Groups[:0], Rows: b.Rows[:0], Faults: b.Faults[:0], body: body, own: b.own[:0], texts: b.texts[:0], units: append(b.units[:0], "")}
}

// Release lets go of the body. Of the batch's content only places can be looked at after it.
func (b *Batch) Release() { b.body = nil }

// Body is the span of body[from:to].
func (b *Batch) Body(from, to int) Span { return Span{uint32(from), uint32(to - from)} }

// Keep copies bytes that are not in the body.
func (b *Batch) Keep(s []byte) Span {
	at := len(b.own)
	b.own = append(b.own, s...)
	return Span{uint32(at) | kept, uint32(len(s))}
}

// Bytes are those of a span; they are valid until the next Keep.
func (b *Batch) Bytes(s Span) []byte {
	if s.at&kept != 0 {
		at := s.at &^ kept
		return b.own[at : at+s.len : at+s.len]
	}
	return b.body[s.at : s.at+s.len : s.at+s.len]
}

// Group begins a group and returns its number.
func (b *Batch) Group(key Span) int32 {
	b.Groups = append(b.Groups, key)
	return int32(len(b.Groups) - 1)
}

// Add appends a row and says whether there is room for more.
func (b *Batch) Add(r Row) bool {
	if len(b.Rows) >= MaxRows {
		b.Full = true
		return false
	}
	b.Rows = append(b.Rows, r)
	return true
}

// Text keeps the string of a row and returns its Bits. Many rows may share it.
func (b *Batch) Text(s string) uint64 {
	b.chars += len(s)
	b.Long = b.Long || b.chars > MaxTexts
	b.texts = append(b.texts, s)
	return uint64(len(b.texts) - 1)
}

// Stop says that the batch is beyond what may be taken, or that so much is wrong with it that nobody counts further.
func (b *Batch) Stop() bool { return b.Full || b.Long || b.Wrong >= MaxRows }

// UnitOf keeps a unit for rows; too many different ones are left out.
func (b *Batch) UnitOf(s string) uint16 {
	for i := len(b.units) - 1; i >= 0 && i > len(b.units)-8; i-- {
		if b.units[i] == s {
			return uint16(i)
		}
	}
	if s == "" || len(b.units) > 1<<15 {
		return 0
	}
	b.units = append(b.units, s)
	return uint16(len(b.units) - 1)
}

// Unit is the row's unit, "" where none was told.
func (b *Batch) Unit(r *Row) string { return b.units[r.Unit] }

// Value is the row's.
func (b *Batch) Value(r *Row) telemetry.Value {
	if r.Type == telemetry.String {
		return telemetry.Value{Type: r.Type, Text: b.texts[r.Bits]}
	}
	return telemetry.Value{Type: r.Type, Bits: r.Bits}
}

// Told is the type that the row tells of its series.
func (b *Batch) Told(r *Row) telemetry.Type {
	if r.Type == 0 || b.Loose && r.Type == telemetry.Int64 {
		return telemetry.Float64
	}
	return r.Type
}

// Size is about how many bytes of memory the batch holds beside the body.
func (b *Batch) Size() int {
	return cap(b.Rows)*56 + cap(b.Groups)*8 + cap(b.own) + cap(b.texts)*16 + b.chars
}
