package jetstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"jingwei/internal/kernel/log"
)

// A group is a message of the stream, little endian:
//
//	 0  magic "JWG1"
//	 4  CRC32C of all that follows
//	 8  link: the CRC32C that stands in the group before, 0 in the first
//	12  count of records; 0 in a mark, which only carries what is below
//	16  first commit number; of a mark: the number that comes next
//	24  commit time of the group, ns since 1970 UTC
//	32  horizon: the owner may tell until then that commit times are closed; later owners date behind it
//	40  recorded: commit time of the newest record before this group, 0 where there is none
//	48  position: bytes of all groups before this one, trimmed ones included
//	56  epoch of the owner
//	64  instance of the owner, 16 random bytes
//	80  offset of the table, 4 bytes
//	84  entries: partition (its index in the table, 2 bytes), length (4 bytes), record
//	 …  table: of every partition, in the order in which they came into being, its newest number before this group
//	    (8 bytes, 0 for none), the length of its name (1 byte), its name
const (
	groupHeaderBytes = 84
	entryHeaderBytes = 6
	tableRowBytes    = 9
	tableMaxBytes    = log.MaxPartitions * (tableRowBytes + log.MaxNameBytes)
)

var (
	groupMagic = [4]byte{'J', 'W', 'G', '1'}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

type header struct {
	crc, link uint32
	count     uint32
	first     uint64
	time      int64
	horizon   int64
	recorded  int64
	position  uint64
	owner     owner
}

// owner is who may write the journal.
type owner struct {
	epoch    uint64
	instance [16]byte
}

// row is a partition in a group's table.
type row struct {
	before uint64
	name   string
}

// stored is a group as it lies in the stream. It does not change, so that readers share it.
type stored struct {
	header
	sequence uint64
	size     int
	entries  []byte
	table    []row
}

func (h *header) next() uint64 { return h.first + uint64(h.count) }

// end is the position behind the group.
func (g *stored) end() uint64 { return g.position + uint64(g.size) }

// last is the newest commit up to and with the group.
func (g *stored) last() log.Commit {
	c := log.Commit{Number: g.next() - 1, Time: g.time}
	if g.count == 0 {
		c.Time = g.recorded
	}
	return c
}

func appendEntry(b []byte, partition int, record []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(partition))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(record)))
	return append(b, record...)
}

// seal finishes a group of which header room and entries are there, and returns it with its checksum in h.
func seal(b []byte, h *header, table []row) []byte {
	le := binary.LittleEndian
	copy(b, groupMagic[:])
	le.PutUint32(b[8:], h.link)
	le.PutUint32(b[12:], h.count)
	le.PutUint64(b[16:], h.first)
	le.PutUint64(b[24:], uint64(h.time))
	le.PutUint64(b[32:], uint64(h.horizon))
	le.PutUint64(b[40:], uint64(h.recorded))
	le.PutUint64(b[48:], h.position)
	le.PutUint64(b[56:], h.owner.epoch)
	copy(b[64:80], h.owner.instance[:])
	le.PutUint32(b[80:], uint32(len(b)))
	for _, r := range table {
		b = le.AppendUint64(b, r.before)
		b = append(b, byte(len(r.name)))
		b = append(b, r.name...)
	}
	h.crc = crc32.Checksum(b[8:], castagnoli)
	le.PutUint32(b[4:], h.crc)
	return b
}

// parse reads a message. It checks everything, so that entries may be walked without further checks.
func parse(b []byte, sequence uint64) (*stored, error) {
	le := binary.LittleEndian
	if len(b) < groupHeaderBytes || [4]byte(b[:4]) != groupMagic {
		return nil, errors.New("it is not a group of a journal, or of a later version of this program")
	}
	if crc := crc32.Checksum(b[8:], castagnoli); crc != le.Uint32(b[4:]) {
		return nil, fmt.Errorf("the checksum of the group is wrong: it is %08x and should be %08x", crc, le.Uint32(b[4:]))
	}
	g := &stored{
		header: header{
			crc: le.Uint32(b[4:]), link: le.Uint32(b[8:]), count: le.Uint32(b[12:]), first: le.Uint64(b[16:]),
			time: int64(le.Uint64(b[24:])), horizon: int64(le.Uint64(b[32:])), recorded: int64(le.Uint64(b[40:])),
			position: le.Uint64(b[48:]), owner: owner{epoch: le.Uint64(b[56:]), instance: [16]byte(b[64:80])},
		},
		sequence: sequence,
		size:     len(b),
	}
	at := int64(le.Uint32(b[80:]))
	if at < groupHeaderBytes || at > int64(len(b)) {
		return nil, fmt.Errorf("its table begins at byte %d of %d", at, len(b))
	}
	if g.first == 0 || g.next() < g.first {
		return nil, fmt.Errorf("it holds %d records from number %d on", g.count, g.first)
	}
	for t := b[at:]; len(t) > 0; {
		if len(t) < tableRowBytes || len(t) < tableRowBytes+int(t[8]) || len(g.table) == log.MaxPartitions {
			return nil, errors.New("its table of partitions is cut off or too long")
		}
		r := row{before: le.Uint64(t), name: string(t[tableRowBytes : tableRowBytes+int(t[8])])}
		if err := log.CheckName("partition", r.name); err != nil {
			return nil, err
		}
		if r.before >= g.first {
			return nil, fmt.Errorf("partition %s has number %d before number %d", r.name, r.before, g.first)
		}
		g.table = append(g.table, r)
		t = t[tableRowBytes+len(r.name):]
	}
	g.entries = b[groupHeaderBytes:at:at]
	n := uint32(0)
	for e := g.entries; len(e) > 0; n++ {
		if len(e) < entryHeaderBytes || uint64(len(e)-entryHeaderBytes) < uint64(le.Uint32(e[2:])) {
			return nil, fmt.Errorf("record %d is cut off", g.first+uint64(n))
		}
		if int(le.Uint16(e)) >= len(g.table) {
			return nil, fmt.Errorf("record %d is of a partition that the table lacks", g.first+uint64(n))
		}
		e = e[entryHeaderBytes+int(le.Uint32(e[2:])):]
	}
	if n != g.count {
		return nil, fmt.Errorf("it holds %d records and should hold %d", n, g.count)
	}
	return g, nil
}

// cut takes the first entry off checked entries.
func cut(e []byte) (partition int, record, rest []byte) {
	n := entryHeaderBytes + int(binary.LittleEndian.Uint32(e[2:]))
	return int(binary.LittleEndian.Uint16(e)), e[entryHeaderBytes:n:n], e[n:]
}

// follows tells whether g may stand right behind p.
func (g *stored) follows(p *stored) error {
	switch {
	case g.sequence != p.sequence+1:
		return fmt.Errorf("sequence %d follows sequence %d", g.sequence, p.sequence)
	case g.first != p.next():
		return fmt.Errorf("it begins with record %d where %d is due", g.first, p.next())
	case g.link != p.crc || g.position != p.end():
		return errors.New("it was written behind another group than the one before it")
	case g.time <= p.time:
		return fmt.Errorf("its time %d does not come after %d", g.time, p.time)
	case g.owner.epoch < p.owner.epoch:
		return fmt.Errorf("its epoch %d is older than %d", g.owner.epoch, p.owner.epoch)
	}
	return nil
}
