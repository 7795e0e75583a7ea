package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// The first byte of a telemetry record in the journal is its version (docs/formats/block.md, "Log record"). Corrections
// need the second one; everything else is written in the first.
const (
	recordPlain     = 1
	recordCorrected = 2
)

// errRecord is wrapped by all errors of decode.
var errRecord = errors.New("malformed telemetry record")

// encode writes the prepared batch to p.record: who and which, the arrivals column by column, the rows as runs of
// neighbouring series that share an arrival, the values without their zero bytes at one end, the texts.
func (p *prepared) encode() {
	version := byte(recordPlain)
	for i := range p.arrivals {
		if p.arrivals[i].revision > 0 {
			version = recordCorrected
		}
	}
	d := append(p.record[:0], version)
	d = append(d, p.producer[:]...)
	d = binary.AppendUvarint(d, p.epoch)
	d = binary.AppendUvarint(d, p.seq)
	d = append(d, byte(p.origin))
	d = binary.AppendUvarint(d, uint64(len(p.refs)))
	d = binary.AppendUvarint(d, uint64(len(p.arrivals)))
	d = binary.AppendUvarint(d, uint64(len(p.text)))
	var time, lag int64
	for i := range p.arrivals {
		a := &p.arrivals[i]
		d = binary.AppendVarint(d, a.time-time)
		time = a.time
	}
	for i := range p.arrivals {
		a := &p.arrivals[i]
		d = binary.AppendVarint(d, a.gateway-a.time-lag)
		lag = a.gateway - a.time
	}
	for i := 0; i < len(p.arrivals); {
		j := i + 1
		for j < len(p.arrivals) && p.arrivals[j].status == p.arrivals[i].status && p.arrivals[j].flags == p.arrivals[i].flags {
			j++
		}
		d = binary.AppendUvarint(d, uint64(j-i))
		d = binary.AppendUvarint(d, uint64(p.arrivals[i].status))
		d = binary.AppendUvarint(d, uint64(p.arrivals[i].flags))
		i = j
	}
	for i := 0; version == recordCorrected && i < len(p.arrivals); {
		j := i + 1
		for j < len(p.arrivals) && p.arrivals[j].revision == p.arrivals[i].revision {
			j++
		}
		d = binary.AppendUvarint(d, uint64(j-i))
		d = binary.AppendUvarint(d, uint64(p.arrivals[i].revision))
		i = j
	}
	next, arr := int64(0), int64(-1)
	for i := 0; i < len(p.refs); {
		ref, a := p.refs[i], p.arr[i]
		j := i + 1
		for j < len(p.refs) && p.refs[j] == ref+uint32(j-i) && p.arr[j] == a {
			j++
		}
		d = binary.AppendVarint(d, int64(ref)-next)
		d = binary.AppendUvarint(d, uint64(j-i))
		d = binary.AppendVarint(d, int64(a)-arr)
		next, arr = int64(ref)+int64(j-i), int64(a)
		i = j
	}
	d = appendTrimmed(d, p.bits)
	for _, s := range p.text {
		d = binary.AppendUvarint(d, uint64(len(s)))
		d = append(d, s...)
	}
	p.record = d
}

// appendTrimmed writes each value as a nibble that tells its form (first all nibbles, two a byte, low one first), then its bytes:
// 0 is zero, 1 to 8 are the high bytes (floats of few digits end in zeros), 9 to 15 are 1 to 7 low bytes (small integers
// begin with them).
func appendTrimmed(d []byte, v []uint64) []byte {
	at := len(d)
	tags := (len(v) + 1) / 2
	need := at + tags + 8*len(v) + 8
	if cap(d) < need {
		grown := make([]byte, need+need/4)
		copy(grown, d)
		d = grown
	}
	d = d[:need]
	clear(d[at : at+tags])
	to := at + tags
	for i, x := range v {
		high, low := 8-bits.TrailingZeros64(x)>>3, 8-bits.LeadingZeros64(x)>>3
		tag, length, y := high, high, x>>(uint(8-high)*8&63)
		if low < high {
			tag, length, y = low+8, low, x
		}
		binary.LittleEndian.PutUint64(d[to:], y)
		to += length
		d[at+i>>1] |= byte(tag << (i & 1 * 4))
	}
	return d[:to]
}

func takeTrimmed(d []byte, v []uint64) ([]byte, bool) {
	tags := (len(v) + 1) / 2
	if len(d) < tags {
		return nil, false
	}
	tag := d[:tags]
	d = d[tags:]
	for i := range v {
		n := int(tag[i>>1] >> (i & 1 * 4) & 15)
		low := n > 8
		if low {
			n -= 8
		}
		var x uint64
		if len(d) >= 8 {
			x = binary.LittleEndian.Uint64(d)
		} else if len(d) >= n {
			var b [8]byte
			copy(b[:], d)
			x = binary.LittleEndian.Uint64(b[:])
		} else {
			return nil, false
		}
		shift := uint(8-n) * 8
		switch {
		case n == 0:
			x = 0
		case low:
			x = x << shift >> shift
		default:
			x <<= shift
		}
		v[i] = x
		d = d[n:]
	}
	return d, true
}

// reader takes a record apart. After a failure every read gives zero.
type reader struct {
	d   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	if len(r.d) > 0 && r.d[0] < 0x80 {
		v := uint64(r.d[0])
		r.d = r.d[1:]
		return v
	}
	v, n := binary.Uvarint(r.d)
	if n <= 0 {
		r.bad, r.d = true, nil
		return 0
	}
	r.d = r.d[n:]
	return v
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) bytes(n uint64) []byte {
	if n > uint64(len(r.d)) {
		r.bad, r.d = true, nil
		return nil
	}
	b := r.d[:n]
	r.d = r.d[n:]
	return b
}

// decode takes a record of the journal. Texts are copied out of it. types tells which rows are texts; a series it does not
// know is an error.
func (p *prepared) decode(record []byte, types kinds) error {
	if len(record) < 18 || record[0] != recordPlain && record[0] != recordCorrected {
		return fmt.Errorf("%w: not of version %d or %d", errRecord, recordPlain, recordCorrected)
	}
	copy(p.producer[:], record[1:17])
	r := reader{d: record[17:]}
	p.epoch, p.seq = r.uvarint(), r.uvarint()
	origin := r.bytes(1)
	n, m, texts := r.uvarint(), r.uvarint(), r.uvarint()
	if r.bad || n > MaxRows || m > n || texts > n || m > uint64(len(r.d)) || texts > uint64(len(r.d)) || n > 2*uint64(len(r.d)) {
		return fmt.Errorf("%w: its counts cannot be", errRecord)
	}
	p.origin = Origin(origin[0])
	p.refs, p.arr, p.bits = sized(p.refs, int(n)), sized(p.arr, int(n)), sized(p.bits, int(n))
	p.arrivals, p.text = sized(p.arrivals, int(m)), p.text[:0]
	var time, lag int64
	for i := range p.arrivals {
		time += r.varint()
		p.arrivals[i].time = time
	}
	for i := range p.arrivals {
		lag += r.varint()
		p.arrivals[i].gateway = p.arrivals[i].time + lag
		if uint64(p.arrivals[i].time) >= uint64(MaxTime) || uint64(p.arrivals[i].gateway) >= uint64(MaxTime) {
			return fmt.Errorf("%w: a time outside of 1970 to 2200", errRecord)
		}
	}
	for i := 0; i < len(p.arrivals); {
		count, status, flags := r.uvarint(), r.uvarint(), r.uvarint()
		if r.bad || count == 0 || count > uint64(len(p.arrivals)-i) || status > math.MaxUint32 || Flags(flags)&^flagsFromOutside != 0 || flags > math.MaxUint16 {
			return fmt.Errorf("%w: statuses", errRecord)
		}
		for range count {
			p.arrivals[i].status, p.arrivals[i].flags, p.arrivals[i].revision = uint32(status), uint16(flags), 0
			i++
		}
	}
	for i := 0; record[0] == recordCorrected && i < len(p.arrivals); {
		count, revision := r.uvarint(), r.uvarint()
		if r.bad || count == 0 || count > uint64(len(p.arrivals)-i) || revision > math.MaxUint32 {
			return fmt.Errorf("%w: revisions", errRecord)
		}
		for range count {
			p.arrivals[i].revision = uint32(revision)
			i++
		}
	}
	for i := range p.arrivals {
		if !p.arrivals[i].sound() {
			return fmt.Errorf("%w: something is withdrawn that is no correction", errRecord)
		}
	}
	next, arr := int64(0), int64(-1)
	for i := 0; i < int(n); {
		ref, count := next+r.varint(), r.uvarint()
		arr += r.varint()
		if r.bad || count == 0 || count > n-uint64(i) || arr < 0 || arr >= int64(m) || ref < 0 || ref+int64(count) > math.MaxUint32 {
			return fmt.Errorf("%w: rows", errRecord)
		}
		if ref+int64(count) > int64(len(types)) {
			return fmt.Errorf("%w: it names series number %d, the catalogue ends at %d", errRecord, ref+int64(count)-1, len(types)-1)
		}
		for range count {
			p.refs[i], p.arr[i] = uint32(ref), uint32(arr)
			ref++
			i++
		}
		next = ref
	}
	if r.bad {
		return fmt.Errorf("%w: it ends early", errRecord)
	}
	rest, ok := takeTrimmed(r.d, p.bits)
	if !ok {
		return fmt.Errorf("%w: values", errRecord)
	}
	r.d = rest
	for range texts {
		s := r.bytes(r.uvarint())
		if r.bad || len(s) > MaxTextBytes {
			return fmt.Errorf("%w: texts", errRecord)
		}
		p.text = append(p.text, string(s))
	}
	if len(r.d) != 0 {
		return fmt.Errorf("%w: bytes after its end", errRecord)
	}
	for i, ref := range p.refs {
		null := p.arrivals[p.arr[i]].flags&uint16(NoValue) != 0
		switch types[ref] {
		case Float64, Int64:
		case Bool:
			if p.bits[i] > 1 {
				return fmt.Errorf("%w: a bool that is %d", errRecord, p.bits[i])
			}
		case String:
			if p.bits[i] >= texts && !null {
				return fmt.Errorf("%w: text %d of %d", errRecord, p.bits[i], texts)
			}
		default:
			return fmt.Errorf("%w: series number %d is not in the catalogue", errRecord, ref)
		}
	}
	return nil
}
