package telemetry

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"

	"github.com/google/uuid"
)

// The manifest is the store's table of contents: which blocks are live, up to which commit they hold everything, and
// where each producer stood then. It is replaced as a whole and atomically; what it does not name is not there.
type manifest struct {
	store     uuid.UUID
	cursor    uint64 // every telemetry record up to this commit number is in the blocks
	nextBlock uint64 // the number of the next file; numbers are never used again
	producers map[uuid.UUID]position
	blocks    []blockMeta
}

// blockMeta is what the manifest knows of a block without opening it.
type blockMeta struct {
	number           uint64
	cell             cell
	tier             uint8  // times its samples were rewritten
	run              uint64 // blocks of one run were written together and do not overlap
	bytes            int64
	rows             uint64
	minTime, maxTime int64
	first, last      uuid.UUID // the series at both ends
	check            uint32    // block.Reader.Check
}

const (
	manifestMagic = "JWTELMF\x01"
	manifestName  = "manifest"
	maxManifest   = 1 << 28
	maxProducers  = 1 << 22
	maxBlocks     = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (m *manifest) encode() []byte {
	d := append([]byte(nil), manifestMagic...)
	d = append(d, m.store[:]...)
	d = binary.AppendUvarint(d, m.cursor)
	d = binary.AppendUvarint(d, m.nextBlock)
	d = binary.AppendUvarint(d, uint64(len(m.producers)))
	ids := make([]uuid.UUID, 0, len(m.producers))
	for id := range m.producers {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	for _, id := range ids {
		p := m.producers[id]
		d = append(d, id[:]...)
		d = binary.AppendUvarint(d, p.epoch)
		d = binary.AppendUvarint(d, p.seq)
	}
	d = binary.AppendUvarint(d, uint64(len(m.blocks)))
	for i := range m.blocks {
		b := &m.blocks[i]
		d = binary.AppendUvarint(d, b.number)
		d = append(d, b.cell.level)
		d = binary.AppendUvarint(d, uint64(b.cell.index))
		d = append(d, b.tier)
		d = binary.AppendUvarint(d, b.run)
		d = binary.AppendUvarint(d, uint64(b.bytes))
		d = binary.AppendUvarint(d, b.rows)
		d = binary.AppendVarint(d, b.minTime)
		d = binary.AppendVarint(d, b.maxTime)
		d = append(d, b.first[:]...)
		d = append(d, b.last[:]...)
		d = binary.LittleEndian.AppendUint32(d, b.check)
	}
	return binary.LittleEndian.AppendUint32(d, crc32.Checksum(d, castagnoli))
}

func decodeManifest(name string, d []byte) (*manifest, error) {
	bad := func(reason string) (*manifest, error) { return nil, &ManifestError{File: name, Reason: reason} }
	if len(d) < len(manifestMagic)+16+4 || string(d[:7]) != manifestMagic[:7] {
		return bad("is not a manifest; restore it from a backup")
	}
	if d[7] != manifestMagic[7] {
		return bad(fmt.Sprintf("has format version %d, this program reads version %d", d[7], manifestMagic[7]))
	}
	body := d[:len(d)-4]
	if binary.LittleEndian.Uint32(d[len(d)-4:]) != crc32.Checksum(body, castagnoli) {
		return bad("is damaged (checksum); restore it from a backup")
	}
	r := reader{d: body[len(manifestMagic):]}
	m := &manifest{}
	copy(m.store[:], r.bytes(16))
	m.cursor, m.nextBlock = r.uvarint(), r.uvarint()
	n := r.uvarint()
	if r.bad || n > maxProducers || n*18 > uint64(len(r.d)) {
		return bad("names an impossible number of producers")
	}
	m.producers = make(map[uuid.UUID]position, n)
	for range n {
		var id uuid.UUID
		copy(id[:], r.bytes(16))
		m.producers[id] = position{r.uvarint(), r.uvarint()}
	}
	n = r.uvarint()
	if r.bad || n > maxBlocks || n*44 > uint64(len(r.d)) {
		return bad("names an impossible number of blocks")
	}
	m.blocks = make([]blockMeta, n)
	for i := range m.blocks {
		b := &m.blocks[i]
		b.number = r.uvarint()
		b.cell.level = byte(r.uvarint())
		b.cell.index = int32(r.uvarint())
		if t := r.bytes(1); len(t) == 1 {
			b.tier = t[0]
		}
		b.run = r.uvarint()
		b.bytes = int64(r.uvarint())
		b.rows = r.uvarint()
		b.minTime, b.maxTime = r.varint(), r.varint()
		copy(b.first[:], r.bytes(16))
		copy(b.last[:], r.bytes(16))
		if c := r.bytes(4); len(c) == 4 {
			b.check = binary.LittleEndian.Uint32(c)
		}
		if b.number >= m.nextBlock || b.cell.level >= cellLevels || b.maxTime < b.minTime || b.bytes < 0 {
			r.bad = true
		}
	}
	if r.bad || len(r.d) != 0 {
		return bad("is damaged (an entry that cannot be); restore it from a backup")
	}
	return m, nil
}

// clone copies the manifest for the next version.
func (m *manifest) clone() *manifest {
	c := *m
	c.producers = make(map[uuid.UUID]position, len(m.producers))
	for id, p := range m.producers {
		c.producers[id] = p
	}
	c.blocks = slices.Clone(m.blocks)
	return &c
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
