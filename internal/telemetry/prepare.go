package telemetry

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Bounds of what the door takes.
const (
	MaxRows      = 1 << 16 // rows of a batch
	MaxTextBytes = 1 << 16 // bytes of one string value
	// MinTime and MaxTime bound source and gateway times: [1970, 2200).
	MinTime = 0
	MaxTime = 7258118400 * int64(time.Second)
	// FutureAfter is how far ahead of the node's commit time a source time may be before it is flagged FutureTime.
	FutureAfter = 10 * time.Minute
)

// flagsFromOutside are the flags that a producer may set; the others are the node's own.
const flagsFromOutside = NoValue | GatewayTime | Repeated | ClockUnsure | Withdrawn

// arrived is what rows of a batch have in common: what one device told at one time.
type arrived struct {
	time, gateway int64
	status        uint32
	revision      uint32
	flags         uint16
}

// prepared is a batch that was found good, in the shape in which it is written to the journal and put into the head.
// Rows of one device share an arrived.
type prepared struct {
	producer   uuid.UUID
	epoch, seq uint64
	origin     Origin
	refs       []uint32
	arr        []uint32 // into arrivals
	bits       []uint64 // for strings an index into text
	arrivals   []arrived
	text       []string
	record     []byte
	recent     [64]uint32 // arrival + 1 by hash, to find the arrived of a row again
}

// kinds tells the door the type of each series by number; 0 is none.
type kinds []Type

// fill checks the batch whole and takes it over. The error is a *BatchError.
func (p *prepared) fill(b *Batch, types kinds, name func(Ref) uuid.UUID) error {
	n := len(b.Ref)
	if n > MaxRows {
		return batchError("rows", strconv.Itoa(n), "send at most "+strconv.Itoa(MaxRows)+" rows in one batch")
	}
	for _, c := range [...]struct {
		field string
		len   int
		maybe bool
	}{{"time", len(b.Time), false}, {"gateway", len(b.Gateway), false}, {"bits", len(b.Bits), false},
		{"status", len(b.Status), b.Status == nil}, {"flags", len(b.Flags), b.Flags == nil}, {"revision", len(b.Revision), b.Revision == nil}} {
		if c.len != n && !c.maybe {
			return batchError(c.field, strconv.Itoa(c.len)+" rows", "every column has as many rows as ref, which has "+strconv.Itoa(n))
		}
	}
	if b.Origin < Measured || b.Origin > Computed {
		return batchError("origin", strconv.Itoa(int(b.Origin)), "1 (measured) to 5 (computed)")
	}
	if len(b.Text) > n {
		return batchError("text", strconv.Itoa(len(b.Text))+" texts", "at most one for each row")
	}
	for i, s := range b.Text {
		if len(s) > MaxTextBytes {
			return batchError("text", fmt.Sprintf("of %d bytes at index %d", len(s), i), "at most "+strconv.Itoa(MaxTextBytes)+" bytes")
		}
		if !utf8.ValidString(s) {
			return batchError("text", fmt.Sprintf("%.40q at index %d", s, i), "must be UTF-8")
		}
	}
	p.origin = b.Origin
	p.refs, p.arr, p.bits = sized(p.refs, n), sized(p.arr, n), sized(p.bits, n)
	p.arrivals = p.arrivals[:0]
	p.text = append(p.text[:0], b.Text...)
	clear(p.recent[:])
	var last arrived
	at := uint32(0)
	for i, ref := range b.Ref {
		bits, now := b.Bits[i], arrived{time: b.Time[i], gateway: b.Gateway[i]}
		if b.Status != nil {
			now.status = uint32(b.Status[i])
		}
		if b.Flags != nil {
			now.flags = uint16(b.Flags[i])
		}
		if b.Revision != nil {
			now.revision = b.Revision[i]
		}
		var kind Type
		if int(ref) < len(types) {
			kind = types[ref]
		}
		null := now.flags&uint16(NoValue) != 0
		switch kind {
		case Float64, Int64:
		case Bool:
			if bits > 1 && !null {
				return rowError(b, i, name, "bits", strconv.FormatUint(bits, 10), "a bool is 0 or 1")
			}
		case String:
			if bits >= uint64(len(b.Text)) && !null {
				return rowError(b, i, name, "text", "index "+strconv.FormatUint(bits, 10), fmt.Sprintf("the batch has %d texts", len(b.Text)))
			}
		default:
			return rowError(b, i, name, "ref", strconv.Itoa(int(ref)), "no series has this number: declare it first")
		}
		if null {
			bits = 0
			if kind == String {
				bits = math.MaxUint64
			}
		}
		p.refs[i], p.bits[i] = uint32(ref), bits
		if now == last && i > 0 {
			p.arr[i] = at
			continue
		}
		if uint64(now.time) >= uint64(MaxTime) {
			return rowError(b, i, name, "time", strconv.FormatInt(now.time, 10), "nanoseconds from 1970 to 2200")
		}
		if uint64(now.gateway) >= uint64(MaxTime) {
			return rowError(b, i, name, "gateway", strconv.FormatInt(now.gateway, 10), "nanoseconds from 1970 to 2200")
		}
		if Flags(now.flags)&^flagsFromOutside != 0 {
			return rowError(b, i, name, "flags", fmt.Sprintf("%#x", now.flags), "only the node sets these flags")
		}
		if !now.sound() {
			return rowError(b, i, name, "flags", fmt.Sprintf("%#x with revision %d", now.flags, now.revision), "withdrawing is a correction without a value")
		}
		at = p.arrival(now)
		p.arr[i], last = at, now
	}
	return nil
}

// sound tells whether a row that withdraws a sample is a correction without a value.
func (a *arrived) sound() bool {
	return Flags(a.flags)&Withdrawn == 0 || a.revision > 0 && Flags(a.flags)&NoValue != 0
}

// arrival returns the number of an arrived that is not the one of the row before.
func (p *prepared) arrival(a arrived) uint32 {
	h := (uint64(a.time)*0x9E3779B97F4A7C15 ^ uint64(a.gateway)*0xC2B2AE3D27D4EB4F ^ uint64(a.status)<<16 ^ uint64(a.flags) ^ uint64(a.revision)<<48) * 0x9E3779B97F4A7C15 >> 58
	if k := p.recent[h]; k > 0 && p.arrivals[k-1] == a {
		return k - 1
	}
	p.arrivals = append(p.arrivals, a)
	p.recent[h] = uint32(len(p.arrivals))
	return uint32(len(p.arrivals)) - 1
}

func batchError(field, value, reason string) error {
	return &BatchError{Row: -1, Field: field, Value: value, Reason: reason}
}

func rowError(b *Batch, i int, name func(Ref) uuid.UUID, field, value, reason string) error {
	return &BatchError{Row: i, Ref: b.Ref[i], Series: name(b.Ref[i]), Field: field, Value: value, Reason: reason}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}
