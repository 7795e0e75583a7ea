package log

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// The layout is told in docs/formats/log.md, and the golden file in testdata holds it.
const (
	formatVersion      = 1
	segmentHeaderBytes = 4096
	groupHeaderBytes   = 40
	entryHeaderBytes   = 8
	maxAlign           = 4096

	maxPartitions = 256
	maxNameBytes  = 64
	// openingReserve is what the first group of a segment may need beside its record: its header, the record's entry,
	// the whole table of partitions, padding.
	openingReserve = groupHeaderBytes + entryHeaderBytes + maxPartitions*(entryHeaderBytes+8+maxNameBytes) + maxAlign

	flagOpening = 1 // first group of a segment; it begins with the table of all partitions

	kindRecord    = 1
	kindPartition = 2
)

var (
	segmentMagic = [8]byte{'J', 'W', 'L', 'O', 'G', 'S', 'E', 'G'}
	groupMagic   = [4]byte{'J', 'W', 'G', 'R'}
	castagnoli   = crc32.MakeTable(crc32.Castagnoli)
)

func validAlign(n int) bool { return n >= 512 && n <= maxAlign && n&(n-1) == 0 }

func segmentName(seq uint64) string { return fmt.Sprintf("%016d.seg", seq) }

// segmentSeq is the inverse of segmentName.
func segmentSeq(name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ".seg")
	if !ok || len(digits) != 16 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	return seq, err == nil && seq > 0
}

// segmentHeader is the first page of a segment, written before the segment gets its name and never again.
type segmentHeader struct {
	journal [16]byte // the same in all segments of a journal
	seq     uint64
	size    int64 // of the file
	align   int   // groups begin at multiples of it
	salt    [8]byte
}

// encode returns the page and the checksum that seeds those of the groups.
func (h segmentHeader) encode() (page []byte, seed uint32) {
	page = make([]byte, segmentHeaderBytes)
	copy(page, segmentMagic[:])
	binary.LittleEndian.PutUint16(page[8:], formatVersion)
	binary.LittleEndian.PutUint32(page[12:], uint32(h.align))
	copy(page[16:], h.journal[:])
	binary.LittleEndian.PutUint64(page[32:], h.seq)
	binary.LittleEndian.PutUint64(page[40:], uint64(h.size))
	copy(page[48:], h.salt[:])
	seed = crc32.Checksum(page[:60], castagnoli)
	binary.LittleEndian.PutUint32(page[60:], seed)
	return page, seed
}

// errVersion: the file is whole and of a format this program does not know.
var errVersion = errors.New("unknown format version")

func decodeSegmentHeader(page []byte) (h segmentHeader, seed uint32, err error) {
	if len(page) < 64 || !bytes.Equal(page[:8], segmentMagic[:]) {
		return h, 0, errors.New("it does not begin with a segment header")
	}
	seed = binary.LittleEndian.Uint32(page[60:])
	if crc32.Checksum(page[:60], castagnoli) != seed {
		return h, 0, errors.New("the checksum of its header is wrong")
	}
	if v := binary.LittleEndian.Uint16(page[8:]); v != formatVersion {
		return h, 0, fmt.Errorf("%w %d, this program knows %d", errVersion, v, formatVersion)
	}
	h.align = int(binary.LittleEndian.Uint32(page[12:]))
	copy(h.journal[:], page[16:])
	h.seq = binary.LittleEndian.Uint64(page[32:])
	size := binary.LittleEndian.Uint64(page[40:])
	copy(h.salt[:], page[48:])
	if !validAlign(h.align) || size < minSegmentBytes || size > maxSegmentBytes || h.seq == 0 {
		return h, 0, errors.New("its header holds impossible values")
	}
	h.size = int64(size)
	return h, seed, nil
}

// groupHeader is what stands before the entries of one group commit.
type groupHeader struct {
	crc   uint32
	body  int // bytes of entries
	count int // records
	first uint64
	time  int64
	link  uint32 // crc of the group before, 0 for the first of a journal
	flags uint16
}

func (h groupHeader) size() int    { return groupHeaderBytes + h.body }
func (h groupHeader) next() uint64 { return h.first + uint64(h.count) }

// sealGroup fills the header room of buf, which holds the entries already, and returns the checksum.
func sealGroup(buf []byte, seed uint32, h groupHeader) uint32 {
	copy(buf, groupMagic[:])
	binary.LittleEndian.PutUint32(buf[8:], uint32(len(buf)-groupHeaderBytes))
	binary.LittleEndian.PutUint32(buf[12:], uint32(h.count))
	binary.LittleEndian.PutUint64(buf[16:], h.first)
	binary.LittleEndian.PutUint64(buf[24:], uint64(h.time))
	binary.LittleEndian.PutUint32(buf[32:], h.link)
	binary.LittleEndian.PutUint16(buf[36:], h.flags)
	binary.LittleEndian.PutUint16(buf[38:], 0)
	crc := crc32.Update(seed, castagnoli, buf[8:])
	binary.LittleEndian.PutUint32(buf[4:], crc)
	return crc
}

var errNotGroup = errors.New("there is no group")

// parseGroupHeader reads a header without checking the checksum. room is what the segment has left from its begin.
func parseGroupHeader(src []byte, room int64) (h groupHeader, err error) {
	if len(src) < groupHeaderBytes || !bytes.Equal(src[:4], groupMagic[:]) {
		return h, errNotGroup
	}
	h.crc = binary.LittleEndian.Uint32(src[4:])
	body, count := binary.LittleEndian.Uint32(src[8:]), binary.LittleEndian.Uint32(src[12:])
	h.first = binary.LittleEndian.Uint64(src[16:])
	h.time = int64(binary.LittleEndian.Uint64(src[24:]))
	h.link = binary.LittleEndian.Uint32(src[32:])
	h.flags = binary.LittleEndian.Uint16(src[36:])
	switch {
	case int64(body)+groupHeaderBytes > room:
		return h, errors.New("the group is longer than its segment")
	case count == 0 || int64(count)*entryHeaderBytes > int64(body):
		return h, errors.New("the group's record count is impossible")
	case h.first == 0 || h.first+uint64(count) < h.first:
		return h, errors.New("the group's first number is impossible")
	case h.flags&^flagOpening != 0 || binary.LittleEndian.Uint16(src[38:]) != 0:
		return h, errors.New("the group has flags of a later version")
	}
	h.body, h.count = int(body), int(count)
	return h, nil
}

// parseGroup reads and checks the whole group at the begin of src: header, checksum, entries. body aliases src.
func parseGroup(src []byte, room int64, seed uint32) (h groupHeader, body entries, err error) {
	h, err = parseGroupHeader(src, room)
	if err != nil {
		return h, nil, err
	}
	if len(src) < h.size() {
		return h, nil, errors.New("the group is cut off")
	}
	src = src[:h.size()]
	if crc32.Update(seed, castagnoli, src[8:]) != h.crc {
		return h, nil, errors.New("the checksum of the group is wrong")
	}
	// What follows cannot come from a disk, only from a program that wrote nonsense.
	body = src[groupHeaderBytes:]
	records := 0
	for rest := body; len(rest) > 0; {
		e, err := rest.next()
		if err != nil {
			return h, nil, err
		}
		if e.kind == kindRecord {
			records++
		}
	}
	if records != h.count {
		return h, nil, errors.New("the group's record count is wrong")
	}
	return h, body, nil
}

// entries are the encoded entries of a group.
type entries []byte

type entry struct {
	kind      byte
	partition uint16
	data      []byte
}

// next takes the first entry off.
func (s *entries) next() (e entry, err error) {
	b := *s
	if len(b) < entryHeaderBytes {
		return e, errors.New("an entry is cut off")
	}
	n := binary.LittleEndian.Uint32(b)
	e.partition, e.kind = binary.LittleEndian.Uint16(b[4:]), b[6]
	if uint64(n) > uint64(len(b)-entryHeaderBytes) {
		return e, errors.New("an entry is longer than its group")
	}
	e.data = b[entryHeaderBytes : entryHeaderBytes+int(n)]
	switch {
	case e.partition == 0 || e.partition > maxPartitions || b[7] != 0:
		return e, errors.New("an entry holds impossible values")
	case e.kind == kindPartition && (n < 9 || n > 8+maxNameBytes):
		return e, errors.New("a partition's entry holds impossible values")
	case e.kind != kindPartition && e.kind != kindRecord:
		return e, errors.New("an entry is of a kind of a later version")
	}
	*s = b[entryHeaderBytes+int(n):]
	return e, nil
}

// partitionLast and partitionName read the data of a kindPartition entry.
func (e entry) partitionLast() uint64 { return binary.LittleEndian.Uint64(e.data) }
func (e entry) partitionName() string { return string(e.data[8:]) }

func appendEntryHeader(dst []byte, kind byte, partition uint16, n int) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	dst = binary.LittleEndian.AppendUint16(dst, partition)
	return append(dst, kind, 0)
}

func appendPartitionEntry(dst []byte, partition uint16, last uint64, name string) []byte {
	dst = appendEntryHeader(dst, kindPartition, partition, 8+len(name))
	dst = binary.LittleEndian.AppendUint64(dst, last)
	return append(dst, name...)
}

// padded rounds n up to the alignment.
func padded(n int64, align int) int64 { return (n + int64(align) - 1) &^ (int64(align) - 1) }
