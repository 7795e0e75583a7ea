package evidence

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"jingwei/internal/kernel/file"
)

// The pending journal holds what Append has acknowledged until tiles and a checkpoint hold it: one write and one
// fdatasync per group, where tiles would take a dozen. There is one file; a new one, beginning at the size of the newest
// checkpoint, takes its place when it has grown.
const (
	journalMagic   = "JWEVPEND"
	journalVersion = 1
	groupMagic     = "JWEG"
	journalPage    = 4096 // groups begin at multiples of it: no acknowledged page is ever written again
	groupHeader    = 32
	journalAhead   = 1 << 20 // reserved at once
	journalTurn    = 4 << 20 // a file of this size is replaced after the next checkpoint
	maxJournal     = 1 << 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type journal struct {
	f        file.File
	name     string
	seed     uint32 // the header's checksum; it begins those of all groups
	next     int64  // index of the next entry
	off      int64  // where the next group goes
	reserved int64  // the size of the file
	link     uint32 // the checksum of the group before
	buf      []byte
}

func journalName(dir string, first int64) string {
	return filepath.Join(dir, pendingDir, fmt.Sprintf("%016d", first))
}

// newJournal makes an empty journal whose first entry has the index first. It has its name only when it is whole. With
// an error after its name was given (final), the old one must not be used any more.
func newJournal(files file.FS, dir string, first int64) (j *journal, final bool, err error) {
	h := make([]byte, journalPage)
	copy(h, journalMagic)
	binary.BigEndian.PutUint16(h[8:], journalVersion)
	binary.BigEndian.PutUint64(h[16:], uint64(first))
	if _, err := rand.Read(h[24:40]); err != nil {
		return nil, false, err
	}
	seed := crc32.Checksum(h[:60], castagnoli)
	binary.BigEndian.PutUint32(h[60:], seed)
	name := journalName(dir, first)
	if err := writeNew(files, name, h, 0o600); err != nil {
		return nil, false, err
	}
	if err := files.SyncDir(filepath.Dir(name)); err != nil {
		return nil, true, err
	}
	f, err := files.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, true, err
	}
	return &journal{f: f, name: name, seed: seed, next: first, off: journalPage, reserved: journalPage}, false, nil
}

// append makes entries durable as one group. With final, the file is in an unknown state.
func (j *journal) append(entries [][]byte) (final bool, err error) {
	b := append(j.buf[:0], make([]byte, groupHeader)...)
	b = appendBundle(b, entries)
	size := len(b)
	b = append(b, make([]byte, -len(b)&(journalPage-1))...)
	copy(b, groupMagic)
	binary.BigEndian.PutUint32(b[8:], uint32(size-groupHeader))
	binary.BigEndian.PutUint32(b[12:], uint32(len(entries)))
	binary.BigEndian.PutUint64(b[16:], uint64(j.next))
	binary.BigEndian.PutUint32(b[24:], j.link)
	sum := crc32.Update(j.seed, castagnoli, b[8:size])
	binary.BigEndian.PutUint32(b[4:], sum)
	if cap(b) <= 1<<20 {
		j.buf = b
	}
	if end := j.off + int64(len(b)); end > j.reserved {
		// A full disk shows itself here, where nothing has been written yet.
		n := max(int64(len(b)), journalAhead)
		if err := j.f.Allocate(j.off, n); err != nil {
			return false, err
		}
		j.reserved = j.off + n
	}
	if _, err := j.f.WriteAt(b, j.off); err != nil {
		return true, err
	}
	if err := j.f.Datasync(); err != nil {
		return true, err
	}
	j.off += int64(len(b))
	j.next += int64(len(entries))
	j.link = sum
	return false, nil
}

// group is one that was read back.
type group struct {
	first   int64
	entries [][]byte
	link    uint32
	sum     uint32
	end     int // offset behind it, rounded up to a page
}

// readGroup reads a group at an offset. An error means that there is no whole group of this file.
func readGroup(b []byte, off int, seed uint32) (group, error) {
	if len(b)-off < groupHeader || string(b[off:off+4]) != groupMagic {
		return group{}, errors.New("no group begins here")
	}
	h := b[off:]
	size := int64(binary.BigEndian.Uint32(h[8:]))
	sum := binary.BigEndian.Uint32(h[4:])
	if size > int64(len(h)-groupHeader) || crc32.Update(seed, castagnoli, h[8:groupHeader+size]) != sum {
		return group{}, errors.New("the group's checksum is wrong")
	}
	count := binary.BigEndian.Uint32(h[12:])
	if int64(count)*2 > size {
		return group{}, errors.New("the group's count is wrong")
	}
	entries, err := parseBundle(h[groupHeader:groupHeader+size], int(count))
	if err != nil {
		return group{}, err
	}
	end := (off + groupHeader + int(size) + journalPage - 1) &^ (journalPage - 1)
	return group{int64(binary.BigEndian.Uint64(h[16:])), entries, binary.BigEndian.Uint32(h[24:]), sum, end}, nil
}

// parseJournal reads the entries of a journal. What follows the last whole group is a torn tail, unless another whole
// group stands in it: at most one group is ever unsynced, so that is damage.
func parseJournal(b []byte) (first int64, entries [][]byte, err error) {
	bad := func(off int, what string) error {
		return &CorruptError{Place: fmt.Sprintf("byte %d", off), What: what}
	}
	if len(b) < journalPage || string(b[:8]) != journalMagic {
		return 0, nil, bad(0, "it is no journal")
	}
	seed := binary.BigEndian.Uint32(b[60:])
	if crc32.Checksum(b[:60], castagnoli) != seed {
		return 0, nil, bad(0, "the checksum of its header is wrong")
	}
	if v := binary.BigEndian.Uint16(b[8:]); v != journalVersion {
		return 0, nil, bad(8, fmt.Sprintf("version %d is not known", v))
	}
	for i, c := range b[64:journalPage] {
		if c != 0 {
			return 0, nil, bad(64+i, "its header does not end with zeros")
		}
	}
	first = int64(binary.BigEndian.Uint64(b[16:]))
	if first < 0 || first > maxSize {
		return 0, nil, bad(16, "its first index is impossible")
	}
	next, link := first, uint32(0)
	off := journalPage
	for {
		g, err := readGroup(b, off, seed)
		if err != nil {
			break
		}
		if g.first != next || g.link != link {
			return 0, nil, bad(off, fmt.Sprintf("a group begins with entry %d, want %d", g.first, next))
		}
		entries = append(entries, g.entries...)
		next += int64(len(g.entries))
		link, off = g.sum, g.end
	}
	for p := off + journalPage; p < len(b); p += journalPage {
		if _, err := readGroup(b, p, seed); err == nil {
			return 0, nil, bad(off, "a group is damaged, and another one follows it")
		}
	}
	return first, entries, nil
}
