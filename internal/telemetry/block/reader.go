package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file"
)

// Reader reads one block. It is safe for concurrent use; Close ends it.
type Reader struct {
	name  string
	data  []byte
	unmap func() error
	file  file.File
	info  Info
	check uint32

	index   []byte // data[indexAt:], up to the footer
	indexAt int64
	dir     []byte // the directory, in index
	frames  []byte
	commits []byte

	// blind: checksums are not compared, so that fuzzing reaches what stands behind them.
	blind bool
}

// wrong tells whether the checksum that is stored in b is not that of body.
func (r *Reader) wrong(b []byte, sum uint32) bool {
	return binary.LittleEndian.Uint32(b) != sum && !r.blind
}

// Open opens and checks a block: header, footer, directory and index. Pages are checked when they are read.
// Damage is a *DamageError.
func Open(fsys file.FS, name string) (*Reader, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("open block: %w", err)
	}
	data, unmap, err := f.Map()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("map block %s: %w", name, err)
	}
	r := &Reader{name: name, data: data, unmap: unmap, file: f}
	if err := r.open(); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Parse reads a block from memory.
func Parse(name string, data []byte) (*Reader, error) {
	r := &Reader{name: name, data: data}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// Name returns the file's base name.
func (r *Reader) Name() string { return filepath.Base(r.name) }

// Info tells what is in the block.
func (r *Reader) Info() Info { return r.info }

// Check identifies the content: the checksum of the footer, which covers the index, which covers the pages.
func (r *Reader) Check() uint32 { return r.check }

// Close releases the file. No call of another method may be running or follow.
func (r *Reader) Close() error {
	var err error
	if r.unmap != nil {
		err = r.unmap()
	}
	if r.file != nil {
		err = errors.Join(err, r.file.Close())
	}
	r.data, r.index, r.unmap, r.file = nil, nil, nil, nil
	return err
}

func (r *Reader) damage(off int64, what string, err error) error {
	return &DamageError{File: r.name, Offset: off, What: what, Err: err}
}

// guard turns a fault of the mapping (the medium cannot be read) into a DamageError.
func (r *Reader) guard(was bool, err *error) {
	debug.SetPanicOnFault(was)
	switch p := recover().(type) {
	case nil:
	case interface {
		runtime.Error
		Addr() uintptr
	}:
		*err = r.damage(0, "the medium cannot be read", &fs.PathError{Op: "read", Path: r.name, Err: p})
	default:
		panic(p)
	}
}

func (r *Reader) open() (err error) {
	defer r.guard(debug.SetPanicOnFault(true), &err)
	d := r.data
	if len(d) < headerLen+footerLen || len(d) > MaxBytes {
		return r.damage(0, fmt.Sprintf("%d bytes cannot be a block", len(d)), nil)
	}
	if string(d[:7]) != magic[:7] {
		return r.damage(0, "not a block file", nil)
	}
	if d[7] != magic[7] {
		return r.damage(7, fmt.Sprintf("format version %d, this program reads version %d", d[7], magic[7]), nil)
	}
	if r.wrong(d[headerLen-checkLen:], check(d[:headerLen-checkLen])) {
		return r.damage(0, "checksum of the header", nil)
	}
	footAt := len(d) - footerLen
	foot := d[footAt:]
	if string(foot[footerLen-8:]) != endMagic {
		return r.damage(int64(len(d)-8), "the end of the file is missing", nil)
	}
	if r.wrong(foot[footerLen-12:], check(foot[:footerLen-12])) {
		return r.damage(int64(footAt), "checksum of the footer", nil)
	}
	r.check = binary.LittleEndian.Uint32(foot[footerLen-12:])
	var w [14]uint64
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(foot[8*i:])
	}
	indexAt, indexLen, indexCheck, series, framesAt, commitsAt := w[0], w[1], w[2], w[3], w[4], w[5]
	bad := func(what string) error { return r.damage(int64(footAt), what, nil) }
	if indexAt < headerLen || indexAt > uint64(footAt) || indexLen != uint64(footAt)-indexAt {
		return bad("the footer names an index outside of the file")
	}
	if series > maxEntries || series*dirLen > framesAt || framesAt > commitsAt || commitsAt > indexLen {
		return bad("the footer names sections outside of the index")
	}
	r.indexAt = int64(indexAt)
	r.index = d[indexAt:footAt]
	if uint64(check(r.index)) != indexCheck && !r.blind {
		return r.damage(r.indexAt, "checksum of the index", nil)
	}
	r.dir = r.index[:series*dirLen]
	r.frames = r.index[framesAt:commitsAt]
	r.commits = r.index[commitsAt:]
	for i := dirLen; i < len(r.dir); i += dirLen {
		if bytes.Compare(r.dir[i-dirLen:i-dirLen+16], r.dir[i:i+16]) >= 0 {
			return r.damage(r.indexAt+int64(i), "series out of order", nil)
		}
	}
	r.info = Info{Bytes: int64(len(d)), Series: uint32(series), Chunks: uint32(w[6]), Rows: w[7], HistoryRows: w[8],
		MinTime: int64(w[9]), MaxTime: int64(w[10]), MinCommit: w[11], MaxCommit: w[12], Arrivals: w[13]}
	copy(r.info.Store[:], d[8:24])
	return nil
}

// Series returns the i-th series of the directory, which is in order of UUIDs.
func (r *Reader) Series(i int) (uuid.UUID, Type) {
	e := r.dir[i*dirLen:]
	return uuid.UUID(e[:16]), Type(e[28])
}

// find returns the directory entry of a series, or nil.
func (r *Reader) find(id uuid.UUID) []byte {
	lo, hi := 0, len(r.dir)/dirLen
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if bytes.Compare(r.dir[mid*dirLen:mid*dirLen+16], id[:]) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo*dirLen == len(r.dir) || !bytes.Equal(r.dir[lo*dirLen:lo*dirLen+16], id[:]) {
		return nil
	}
	return r.dir[lo*dirLen : (lo+1)*dirLen]
}

// Chunks appends the chunks of a series that hold source times in [from, to], both planes, in the order in which they
// were written: by time within a plane. A series that is not in the block has none.
func (r *Reader) Chunks(id uuid.UUID, from, to int64, dst []Chunk) ([]Chunk, error) {
	return r.chunks(nil, id, from, to, dst)
}

func (r *Reader) chunks(l *Lookup, id uuid.UUID, from, to int64, dst []Chunk) (_ []Chunk, err error) {
	defer r.guard(debug.SetPanicOnFault(true), &err)
	e := l.find(r, id)
	if e == nil {
		return dst, nil
	}
	off, length := uint64(binary.LittleEndian.Uint32(e[16:])), uint64(binary.LittleEndian.Uint32(e[20:]))
	count, typ := binary.LittleEndian.Uint32(e[24:]), Type(e[28])
	at := r.indexAt + int64(off)
	if typ < Float64 || typ > String || off+length+checkLen > uint64(len(r.index)) {
		return dst, r.damage(at, "the directory names chunks outside of the index", nil)
	}
	body := r.index[off : off+length]
	if r.wrong(r.index[off+length:], groupCheck(id, body)) {
		return dst, r.damage(at, "checksum of the chunks of series "+id.String(), nil)
	}
	keep := len(dst)
	c := cursor{b: body}
	for range count {
		plane := Plane(c.byte())
		frameAt, valueAt, valueLen := c.uvarint(), c.uvarint(), c.uvarint()
		s := readSummary(&c, typ)
		extension := c.bytes(c.uvarint())
		if c.bad || plane > History {
			return dst[:keep], r.damage(at, "a chunk of series "+id.String(), nil)
		}
		ch := Chunk{Block: r, Type: typ, Plane: plane, FrameAt: uint32(frameAt), Summary: s}
		var ok bool
		if ch.value, ok = r.pageRef(valueAt, valueLen); !ok || frameAt >= uint64(len(r.frames)) || !r.readExtension(extension, &ch) {
			return dst[:keep], r.damage(at, "a chunk outside of the file", nil)
		}
		if !l.recall(&ch) {
			if err := r.frame(&ch); err != nil {
				return dst[:keep], err
			}
			l.remember(&ch)
		}
		if s.Good > uint32(ch.Rows) || s.Uncertain > uint32(ch.Rows)-s.Good {
			return dst[:keep], r.damage(at, "a summary that counts more rows than there are", nil)
		}
		if ch.MinTime <= to && ch.MaxTime >= from {
			dst = append(dst, ch)
		}
	}
	if len(c.b) != 0 {
		return dst[:keep], r.damage(at, "bytes after the last chunk", nil)
	}
	return dst, nil
}

// frame fills in what the frame section says about the chunk.
func (r *Reader) frame(ch *Chunk) error {
	at := r.indexAt + int64(len(r.index)-len(r.commits)-len(r.frames)) + int64(ch.FrameAt)
	body := r.frames[ch.FrameAt:]
	c := cursor{b: body}
	rows := c.uvarint()
	ch.MinTime = c.varint()
	span, gap := c.uvarint(), c.uvarint()
	ch.MinCommit = c.uvarint()
	ch.MaxCommit = ch.MinCommit + c.uvarint()
	ch.Notes = c.byte()
	ok := true
	for i := range ch.pages {
		off, length := c.uvarint(), c.uvarint()
		var in bool
		ch.pages[i], in = r.pageRef(off, length)
		ok = ok && in
	}
	extension := c.bytes(c.uvarint())
	length := len(body) - len(c.b)
	sum := c.bytes(checkLen)
	if c.bad || r.wrong(sum, check(body[:length])) {
		return r.damage(at, "checksum of a frame", nil)
	}
	var in bool
	ch.tallies, in = r.readFrameExtension(extension)
	ok = ok && in
	ch.MaxTime = ch.MinTime + int64(span)
	ch.Rows, ch.MaxGap = int(rows), int64(gap)
	if !ok || rows == 0 || rows > maxRows || ch.MaxTime < ch.MinTime || gap > span {
		return r.damage(at, "a frame that cannot be", nil)
	}
	return nil
}

func (r *Reader) pageRef(off, length uint64) (pageRef, bool) {
	if off < headerLen || length > uint64(r.indexAt) || off+length+checkLen > uint64(r.indexAt) {
		return pageRef{}, false
	}
	return pageRef{uint32(off), uint32(length)}, true
}

// page returns the checked bytes of a page.
func (r *Reader) page(p pageRef, what string) ([]byte, error) {
	body := r.data[p.off : p.off+p.len]
	if r.wrong(r.data[p.off+p.len:], check(body)) {
		return nil, r.damage(int64(p.off), "checksum of a page: "+what, nil)
	}
	return body, nil
}
