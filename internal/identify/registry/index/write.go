package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"os"
	"path/filepath"

	"jingwei/internal/kernel/file"
)

// A segment has 4 slots for 3 entries, and some more behind the last home for what overflows.
const (
	loadNum, loadDen = 3, 4
	overflow         = 64
)

// errOverflow tells that the entries of a segment fall too close together; a table with more slots holds them.
var errOverflow = errors.New("slots overflow")

const writeBuffer = 1 << 20

// stream writes bytes to consecutive places of a file.
type stream struct {
	f   file.File
	at  int64 // of the buffer's beginning
	buf []byte
	err error
}

func (s *stream) write(b []byte) {
	s.buf = append(s.buf, b...)
	if len(s.buf) >= writeBuffer {
		s.flush()
	}
}

func (s *stream) flush() {
	if s.err == nil && len(s.buf) > 0 {
		_, s.err = s.f.WriteAt(s.buf, s.at)
	}
	s.at += int64(len(s.buf))
	s.buf = s.buf[:0]
}

// offset is where the next byte goes.
func (s *stream) offset() int64 { return s.at + int64(len(s.buf)) }

// writer writes one segment; entries come in the order of hash and key, each key once.
type writer struct {
	capacity uint64
	total    uint64 // slots in all
	next     uint64 // the next slot to be written
	slots    stream
	entries  stream
	sum      hash.Hash32 // of the slots
	n, gone  int64
	entry    []byte
}

// writeSegment writes a segment of at most most entries that feed gives to put. When it returns nil the file is on the medium; its
// directory entry is when the caller has synced the directory. Where the entries fall too close it feeds again into a larger table.
func writeSegment(files file.FS, name string, number, seed, most uint64, feed func(put func(hash uint64, body []byte, gone bool) error) error) error {
	for capacity := most*loadDen/loadNum + 1; ; capacity *= 2 {
		err := writeOnce(files, name, number, seed, capacity, feed)
		if err == nil {
			return nil
		}
		_ = files.Remove(name) // what is left is removed at the next start
		if !errors.Is(err, errOverflow) {
			return fmt.Errorf("write %s: %w", filepath.Base(name), err)
		}
	}
}

func writeOnce(files file.FS, name string, number, seed, capacity uint64, feed func(func(uint64, []byte, bool) error) error) (err error) {
	f, err := files.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := &writer{capacity: capacity, total: capacity + overflow, sum: crc32.New(castagnoli)}
	w.slots = stream{f: f, at: headerSize}
	w.entries = stream{f: f, at: headerSize + int64(w.total)*slotSize}
	if err := feed(w.put); err != nil {
		return err
	}
	w.gap(w.total)
	w.slots.flush()

	footer := binary.LittleEndian.AppendUint64(make([]byte, 0, footerSize), uint64(w.n))
	footer = binary.LittleEndian.AppendUint64(footer, uint64(w.gone))
	footer = binary.LittleEndian.AppendUint32(footer, w.sum.Sum32())
	footer = footer[:footerSize-12]
	footer = binary.LittleEndian.AppendUint32(footer, checksum(footer))
	w.entries.write(append(footer, endMagic...))
	w.entries.flush()

	header := append(make([]byte, 0, headerSize), magic...)
	for _, v := range []uint64{seed, number, capacity, w.total} {
		header = binary.LittleEndian.AppendUint64(header, v)
	}
	header = header[:headerSize-4]
	header = binary.LittleEndian.AppendUint32(header, checksum(header))
	first := stream{f: f}
	first.write(header)
	first.flush()
	if err := errors.Join(w.slots.err, w.entries.err, first.err); err != nil {
		return err
	}
	return f.Datasync()
}

// put writes an entry and its slot: the first free one at or behind its home.
func (w *writer) put(hash uint64, body []byte, gone bool) error {
	at := max(home(hash, w.capacity), w.next)
	offset := w.entries.offset()
	if at >= w.total || offset >= maxOffset {
		return errOverflow
	}
	w.gap(at)
	w.slot(uint64(offset)<<tagBits | hash&tagMask)
	w.entry = appendEntry(w.entry[:0], body, gone)
	w.entries.write(w.entry)
	w.n++
	if gone {
		w.gone++
	}
	if w.entries.err != nil {
		return w.entries.err
	}
	return w.slots.err
}

// gap writes empty slots up to a place.
func (w *writer) gap(to uint64) {
	for w.next < to {
		w.slot(0)
	}
}

func (w *writer) slot(v uint64) {
	var b [slotSize]byte
	binary.LittleEndian.PutUint64(b[:], v)
	_, _ = w.sum.Write(b[:]) // a hash never fails
	w.slots.write(b[:])
	w.next++
}
