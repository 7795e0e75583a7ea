package federate

import (
	"encoding/binary"

	"github.com/google/uuid"
)

const (
	// MaxRecord is the greatest length of a record in bytes.
	MaxRecord = 256 << 10
	// MaxRecordBlock bounds the bytes of the records of one message, and MaxRecordCount their number.
	MaxRecordBlock = 1 << 20
	MaxRecordCount = 4096
	// RecordFan is how many ranges one HASHES compares, and by what factor they grow from level to level.
	RecordFan = 256
	// RecordWindow is what a taker allows to be under way on one stream.
	RecordWindow = 4 << 20

	recordFormat   = 1
	maxRecordSeq   = 1 << 62
	maxRecordLevel = 7
)

// RecordKind is the first byte of a message of a record stream. The numbers are part of the format.
type RecordKind uint8

// The kinds.
const (
	RecordsSent   RecordKind = 1 // giver: records
	RecordsAck    RecordKind = 2 // taker: everything up to a number is durable
	RecordsHashes RecordKind = 3 // taker: a question for the hashes of ranges; giver: the hashes
	RecordsRepair RecordKind = 4 // taker: a question for records; giver: those records
	RecordsFork   RecordKind = 5 // taker: two records under one number; the stream stands still
	RecordsIdle   RecordKind = 6 // giver: there is nothing more now
	RecordsEnd    RecordKind = 7 // either: the epoch is closed, the agreement has ended
)

// RecordOpening is the body of the open of a record stream: which agreement, and what its giver holds last.
type RecordOpening struct {
	Agreement uuid.UUID
	Epoch     uint64
	Last      uint64
}

// Append writes format (u8, 1), agreement (16 bytes), epoch and last (u64 each).
func (o RecordOpening) Append(dst []byte) []byte {
	dst = append(dst, recordFormat)
	dst = append(dst, o.Agreement[:]...)
	return position{o.Epoch, o.Last}.append(dst)
}

// ParseRecordOpening reads what Append wrote; errors wrap ErrMalformed.
func ParseRecordOpening(b []byte) (RecordOpening, error) {
	r := reader{b: b}
	format := r.u8()
	var o RecordOpening
	copy(o.Agreement[:], r.take(16))
	o.Epoch, o.Last = r.u64(), r.u64()
	if err := r.end(); err != nil {
		return o, err
	}
	if format != recordFormat {
		return o, malformed("opening of a record stream of format %d", format)
	}
	return o, nil
}

// RecordPosition answers an opening: what the taker holds durably, with the SHA-256 of its last record (zeros where there is none).
type RecordPosition struct {
	Epoch, Seq uint64
	Hash       [32]byte
}

// Append writes epoch, sequence (u64 each) and the hash.
func (p RecordPosition) Append(dst []byte) []byte {
	return append(position{p.Epoch, p.Seq}.append(dst), p.Hash[:]...)
}

// ParseRecordPosition reads what Append wrote; errors wrap ErrMalformed.
func ParseRecordPosition(b []byte) (RecordPosition, error) {
	r := reader{b: b}
	p := RecordPosition{Epoch: r.u64(), Seq: r.u64()}
	copy(p.Hash[:], r.take(32))
	return p, r.end()
}

// RecordMessage is one message of a record stream. Which members count follows from its kind.
type RecordMessage struct {
	Kind  RecordKind
	Epoch uint64
	// First is the number of the first of Bodies (RecordsSent), the first of the first range (RecordsHashes), the number (RecordsAck, RecordsFork).
	First  uint64
	Last   uint64     // RecordsHashes: of the last range
	Level  uint8      // RecordsHashes: ranges of RecordFan^Level records
	Hashes [][32]byte // RecordsHashes: one per range, none in a question; RecordsFork: held, came
	Seqs   []uint64   // RecordsRepair
	Bodies [][]byte   // RecordsSent; RecordsRepair: one per number, none in a question
}

// Append writes the message. The layout is in docs/formats/link.md.
func (m *RecordMessage) Append(dst []byte, k *Packer) []byte {
	var raw []byte
	for _, b := range m.Bodies {
		raw = appendCounted(raw, b)
	}
	method, packed := k.pack(raw)
	count := len(m.Bodies)
	switch m.Kind {
	case RecordsHashes, RecordsFork:
		count = len(m.Hashes)
	case RecordsRepair:
		count = len(m.Seqs)
	}
	dst = append(dst, byte(m.Kind), method)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(count))
	dst = binary.LittleEndian.AppendUint64(dst, m.Epoch)
	switch m.Kind {
	case RecordsSent:
		dst = binary.LittleEndian.AppendUint64(dst, m.First)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
		dst = append(dst, packed...)
	case RecordsAck:
		dst = binary.LittleEndian.AppendUint64(dst, m.First)
	case RecordsHashes:
		dst = binary.LittleEndian.AppendUint64(dst, m.First)
		dst = binary.LittleEndian.AppendUint64(dst, m.Last)
		dst = append(dst, m.Level)
		for _, h := range m.Hashes {
			dst = append(dst, h[:]...)
		}
	case RecordsRepair:
		for _, seq := range m.Seqs {
			dst = binary.LittleEndian.AppendUint64(dst, seq)
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
		dst = append(dst, packed...)
	case RecordsFork:
		dst = binary.LittleEndian.AppendUint64(dst, m.First)
		for _, h := range m.Hashes {
			dst = append(dst, h[:]...)
		}
	}
	return dst
}

// ParseRecordMessage reads what Append wrote; errors wrap ErrMalformed. Its bytes may be those of b.
func ParseRecordMessage(b []byte, k *Packer) (RecordMessage, error) {
	r := reader{b: b}
	m := RecordMessage{Kind: RecordKind(r.u8())}
	method, count := r.u8(), int(r.u16())
	m.Epoch = r.u64()
	if r.err != nil {
		return m, r.err
	}
	hashes := func(n int) {
		for range n {
			var h [32]byte
			copy(h[:], r.take(32))
			m.Hashes = append(m.Hashes, h)
		}
	}
	switch m.Kind {
	case RecordsSent:
		m.First = r.u64()
		if r.err == nil && (count == 0 || count > MaxRecordCount || m.First == 0 || m.First > maxRecordSeq) {
			return m, malformed("%d records from number %d", count, m.First)
		}
		return m, m.bodies(&r, method, count, k)
	case RecordsAck:
		m.First = r.u64()
	case RecordsHashes:
		m.First, m.Last, m.Level = r.u64(), r.u64(), r.u8()
		if r.err == nil && (count > RecordFan || m.Level > maxRecordLevel || m.First == 0 || m.Last < m.First || m.Last > maxRecordSeq) {
			return m, malformed("%d hashes of level %d for %d to %d", count, m.Level, m.First, m.Last)
		}
		if r.err == nil && (RecordRanges(m.Level, m.First, m.Last) > RecordFan || count != 0 && uint64(count) != RecordRanges(m.Level, m.First, m.Last)) {
			return m, malformed("%d hashes of level %d for %d to %d", count, m.Level, m.First, m.Last)
		}
		hashes(count)
	case RecordsRepair:
		if count == 0 || count > RecordFan {
			return m, malformed("a repair of %d records", count)
		}
		for range count {
			seq := r.u64()
			if r.err == nil && (seq == 0 || seq > maxRecordSeq) {
				return m, malformed("a repair of record %d", seq)
			}
			m.Seqs = append(m.Seqs, seq)
		}
		return m, m.bodies(&r, method, count, k)
	case RecordsFork:
		m.First = r.u64()
		if count != 2 {
			return m, malformed("a fork of %d hashes", count)
		}
		hashes(2)
	case RecordsIdle, RecordsEnd:
	default:
		return m, malformed("message %d on a record stream", m.Kind)
	}
	return m, r.end()
}

// bodies reads packed records; a repair may have none, which makes it a question.
func (m *RecordMessage) bodies(r *reader, method uint8, count int, k *Packer) error {
	size := r.u32()
	if r.err != nil {
		return r.err
	}
	if size == 0 && m.Kind == RecordsRepair {
		return r.end()
	}
	const most = MaxRecordBlock + MaxRecord + 5*MaxRecordCount
	if size > most {
		return malformed("records of %d bytes, at most %d are allowed", size, most)
	}
	raw, err := k.unpack(method, r.b, int(size), most)
	if err != nil {
		return err
	}
	in := reader{b: raw}
	for range count {
		m.Bodies = append(m.Bodies, in.counted(MaxRecord))
		if in.err != nil {
			return in.err
		}
	}
	return in.end()
}

// RecordSpan is how many records a range of a level has.
func RecordSpan(level uint8) uint64 {
	n := uint64(1)
	for range level {
		n *= RecordFan
	}
	return n
}

// RecordRanges is how many ranges of a level cover first to last.
func RecordRanges(level uint8, first, last uint64) uint64 {
	return (last-first)/RecordSpan(level) + 1
}

// RecordLevel is the lowest level at which first to last take no more than RecordFan ranges.
func RecordLevel(first, last uint64) uint8 {
	level := uint8(0)
	for RecordRanges(level, first, last) > RecordFan {
		level++
	}
	return level
}
