package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/column"
	"jingwei/internal/telemetry/sum"
)

// FrameID names a frame of a block under construction.
type FrameID uint32

// frameInfo is what the index says about a frame.
type frameInfo struct {
	rows                 uint32
	minTime, maxTime     int64
	maxGap               uint64 // longest time between two rows that follow each other, ns
	minCommit, maxCommit uint64
	notes                uint8
	pages                [columns]pageRef
	tallies              talliesRef
}

// pageRef says where the bytes of a page lie; its CRC32C follows them.
type pageRef struct{ off, len uint32 }

// Builder puts a block together in memory. It is used by one goroutine.
type Builder struct {
	store   uuid.UUID
	buf     []byte // header and pages
	pages   pageTable
	frames  []frameInfo
	frameAt []uint32 // offset of each frame in the frames section
	framesB []byte
	series  []seriesEntry
	groups  []byte
	commits map[uint64]Arrival
	recent  [4096]uint64 // commit + 1, known to be in commits
	info    Info
	scratch column.Scratch
	keep    []uint64
	parts   partMaker
	tallies Tallies
}

type seriesEntry struct {
	id     uuid.UUID
	typ    Type
	chunks uint32
	from   int // of its chunks in groups
	to     int // 0 while chunks are still added
}

// Info tells what is in a block.
type Info struct {
	Store                uuid.UUID // the node's store that wrote it
	Bytes                int64
	Series, Chunks       uint32
	Rows, HistoryRows    uint64 // in the current and in the history plane
	MinTime, MaxTime     int64  // of all rows
	MinCommit, MaxCommit uint64
	Arrivals             uint64
}

// NewBuilder begins a block of a store.
func NewBuilder(store uuid.UUID) *Builder {
	b := &Builder{commits: map[uint64]Arrival{}}
	b.Reset(store)
	return b
}

// Reset begins anew and keeps the memory.
func (b *Builder) Reset(store uuid.UUID) {
	b.store = store
	b.buf = append(b.buf[:0], magic...)
	b.buf = append(b.buf, store[:]...)
	b.buf = append(b.buf, make([]byte, headerLen-checkLen-len(b.buf))...)
	b.buf = binary.LittleEndian.AppendUint32(b.buf, check(b.buf))
	b.pages.reset()
	clear(b.commits)
	clear(b.recent[:])
	b.frames, b.frameAt, b.framesB = b.frames[:0], b.frameAt[:0], b.framesB[:0]
	b.series, b.groups = b.series[:0], b.groups[:0]
	b.info = Info{Store: store, MinTime: math.MaxInt64, MaxTime: math.MinInt64, MinCommit: math.MaxUint64}
}

// Expect makes room for about so many bytes and series, where that is known beforehand: growing step by step would copy a block of
// many small chunks several times over.
func (b *Builder) Expect(size, series int) {
	b.buf = slices.Grow(b.buf, size)
	b.groups = slices.Grow(b.groups, min(size/2, series*usualEntry))
	b.series = slices.Grow(b.series, series)
}

// usualEntry is about what the index says of a series with one chunk.
const usualEntry = 48

// Bytes returns about how long the block would be if it were finished now.
func (b *Builder) Bytes() int64 {
	return int64(len(b.buf) + len(b.framesB) + len(b.groups) + len(b.series)*dirLen + len(b.commits)*6 + footerLen)
}

// Empty tells whether nothing has been added.
func (b *Builder) Empty() bool { return len(b.series) == 0 }

// page appends the page that begins at at, or finds one of equal bytes.
func (b *Builder) page(at int) pageRef {
	body := b.buf[at:]
	sum := check(body)
	ref := pageRef{uint32(at), uint32(len(body))}
	old := b.pages.find(sum, ref)
	if *old != ref && bytes.Equal(b.buf[old.off:old.off+old.len], body) {
		b.buf = b.buf[:at]
		return *old
	}
	*old = ref
	b.buf = binary.LittleEndian.AppendUint32(b.buf, sum)
	return ref
}

// Frame adds the columns that the chunks after it may share. Rows are in order of source time.
func (b *Builder) Frame(f *Frame) FrameID {
	n := f.Len()
	info := frameInfo{rows: uint32(n), minTime: f.Time[0], maxTime: f.Time[n-1]}
	for i := 1; i < n; i++ {
		info.maxGap = max(info.maxGap, uint64(f.Time[i])-uint64(f.Time[i-1]))
	}
	least, greatest := uint64(math.MaxUint64), uint64(0)
	for _, c := range f.Commit {
		least, greatest = min(least, uint64(c)), max(greatest, uint64(c))
	}
	info.minCommit, info.maxCommit = least, greatest
	info.notes = f.Notes()
	s := &b.scratch
	for c := range columns {
		at := len(b.buf)
		switch c {
		case Time:
			b.buf = column.AppendInts(b.buf, f.Time, s)
		case Gateway:
			b.buf = column.AppendOffsets(b.buf, f.Gateway, f.Time, s)
		case Status:
			b.buf = column.AppendRuns(b.buf, f.Status, s)
		case Flags:
			b.buf = column.AppendRuns(b.buf, f.Flags, s)
		case Origin:
			b.buf = column.AppendRuns(b.buf, f.Origin, s)
		case Revision:
			b.buf = column.AppendRuns(b.buf, f.Revision, s)
		case Commit:
			b.buf = column.AppendInts(b.buf, f.Commit, s)
		}
		info.pages[c] = b.page(at)
	}
	if step := stepFor(n, info.minTime, info.maxTime); step != 0 {
		b.parts.ends = AppendEnds(b.parts.ends[:0], f.Time, step)
		b.tallies.reckon(f, b.parts.ends)
		at := len(b.buf)
		b.buf = b.tallies.appendPage(b.buf, s)
		info.tallies = talliesRef{step, b.page(at)}
	}
	return b.addFrame(info)
}

func (b *Builder) addFrame(info frameInfo) FrameID {
	at := len(b.framesB)
	d := binary.AppendUvarint(b.framesB, uint64(info.rows))
	d = binary.AppendVarint(d, info.minTime)
	d = binary.AppendUvarint(d, uint64(info.maxTime)-uint64(info.minTime))
	d = binary.AppendUvarint(d, info.maxGap)
	d = binary.AppendUvarint(d, info.minCommit)
	d = binary.AppendUvarint(d, info.maxCommit-info.minCommit)
	d = append(d, info.notes)
	for _, p := range info.pages {
		d = binary.AppendUvarint(d, uint64(p.off))
		d = binary.AppendUvarint(d, uint64(p.len))
	}
	d = appendFrameExtension(d, info.tallies)
	d = binary.LittleEndian.AppendUint32(d, check(d[at:]))
	b.framesB = d
	b.frames = append(b.frames, info)
	b.frameAt = append(b.frameAt, uint32(at))
	b.info.MinCommit, b.info.MaxCommit = min(b.info.MinCommit, info.minCommit), max(b.info.MaxCommit, info.maxCommit)
	return FrameID(len(b.frames) - 1)
}

// Chunk adds the values of one series on a frame. rows are the frame's columns (those that it was made of). The chunks
// of one series follow each other; a chunk of another series ends it.
func (b *Builder) Chunk(series uuid.UUID, t Type, plane Plane, id FrameID, rows *Frame, v *Values) {
	info := &b.frames[id]
	var s Summary
	var step int64
	divided := false
	plain := info.notes&AllGood != 0
	if plane == Current && t != String {
		if step = stepFor(int(info.rows), info.minTime, info.maxTime); step != 0 {
			s, divided = b.parts.summarize(t, step, rows, v, plain)
		}
	}
	if !divided {
		s, b.keep = Summarize(t, rows, v, plain, b.keep)
	}
	at := len(b.buf)
	switch t {
	case Float64:
		b.buf = column.AppendFloats(b.buf, v.Bits, &b.scratch)
	case Int64:
		b.buf = column.AppendInts(b.buf, signed(v.Bits), &b.scratch)
	case Bool:
		b.buf = column.AppendBools(b.buf, v.Bits, &b.scratch)
	case String:
		b.buf = column.PackStrings(column.AppendStrings(b.buf, v.Text, &b.scratch), at)
	}
	values := b.page(at)
	var parts partsRef
	page := b.buf[values.off : values.off+values.len]
	if divided && s.Min != s.Max && !(changes(t, page, int(info.rows), &b.parts.changes) && (plain || b.parts.steadyWithin(rows))) {
		at = len(b.buf)
		if b.buf, divided = b.parts.appendPage(b.buf, t, column.Decimals(page), &b.scratch); divided {
			parts = partsRef{step, b.page(at)}
		}
	}
	b.addChunk(series, t, plane, id, values, &s, parts)
}

func (b *Builder) addChunk(series uuid.UUID, t Type, plane Plane, id FrameID, p pageRef, s *Summary, parts partsRef) {
	if k := len(b.series); k == 0 || b.series[k-1].id != series {
		b.closeSeries()
		b.series = append(b.series, seriesEntry{id: series, typ: t, from: len(b.groups)})
	}
	e := &b.series[len(b.series)-1]
	e.chunks++
	d := append(b.groups, byte(plane))
	d = binary.AppendUvarint(d, uint64(b.frameAt[id]))
	d = binary.AppendUvarint(d, uint64(p.off))
	d = binary.AppendUvarint(d, uint64(p.len))
	b.groups = appendExtension(appendSummary(d, t, s), p, parts)
	info := &b.frames[id]
	b.info.Chunks++
	if plane == Current {
		b.info.Rows += uint64(info.rows)
	} else {
		b.info.HistoryRows += uint64(info.rows)
	}
	b.info.MinTime, b.info.MaxTime = min(b.info.MinTime, info.minTime), max(b.info.MaxTime, info.maxTime)
}

// closeSeries ends the chunks of the last series.
func (b *Builder) closeSeries() {
	k := len(b.series)
	if k > 0 {
		b.series[k-1].to = len(b.groups)
	}
}

func appendSummary(d []byte, t Type, s *Summary) []byte {
	d = binary.AppendUvarint(d, uint64(s.Good))
	d = binary.AppendUvarint(d, uint64(s.Uncertain))
	d = append(d, s.Notes)
	if s.Notes&HasNumbers != 0 {
		for _, x := range [...]uint64{s.First, s.Last, s.Min, s.Max} {
			d = appendNumber(d, x)
		}
	}
	if s.Notes&HasSum != 0 {
		if t == Float64 {
			d = appendNumber(appendNumber(d, math.Float64bits(s.Sum.Hi)), math.Float64bits(s.Sum.Lo))
			d = binary.AppendUvarint(binary.AppendUvarint(d, uint64(s.Sum.Low)), uint64(s.Sum.High))
		} else {
			d = appendNumber(appendNumber(d, uint64(s.Int.Hi)), s.Int.Lo)
		}
	}
	return d
}

func readSummary(c *cursor, t Type) (s Summary) {
	s.Good, s.Uncertain = uint32(c.uvarint()), uint32(c.uvarint())
	s.Notes = c.byte()
	if s.Notes&HasNumbers != 0 {
		s.First, s.Last, s.Min, s.Max = c.number(), c.number(), c.number(), c.number()
	}
	if s.Notes&HasSum != 0 {
		if t == Float64 {
			s.Sum.Hi, s.Sum.Lo = math.Float64frombits(c.number()), math.Float64frombits(c.number())
			s.Sum.Low, s.Sum.High = uint16(c.uvarint()), uint16(c.uvarint())
			s.Sum.N = uint64(s.Good)
		} else {
			s.Int = sum.Int{Hi: int64(c.number()), Lo: c.number()}
		}
	}
	return s
}

// Explain adds the arrival of a commit that rows of the block name. Giving it twice is harmless.
func (b *Builder) Explain(a Arrival) { b.commits[a.Commit] = a }

// Unexplained appends the commits, each once, that have not been explained to this block. The caller explains them.
func (b *Builder) Unexplained(commits []int64, dst []uint64) []uint64 {
	for _, c := range commits {
		commit := uint64(c)
		seen := &b.recent[commit%uint64(len(b.recent))]
		if *seen == commit+1 {
			continue
		}
		*seen = commit + 1
		if _, ok := b.commits[commit]; !ok {
			b.commits[commit] = Arrival{Commit: commit}
			dst = append(dst, commit)
		}
	}
	return dst
}

// ErrSeriesTwice is returned by Finish when chunks of one series were not added one after the other.
var ErrSeriesTwice = errors.New("chunks of a series are not together")

// Finish completes the block. The bytes belong to the builder until Reset.
func (b *Builder) Finish() ([]byte, Info, error) {
	b.closeSeries()
	slices.SortFunc(b.series, func(x, y seriesEntry) int { return bytes.Compare(x.id[:], y.id[:]) })
	indexAt := len(b.buf)
	d := b.buf
	bodies := uint32(len(b.series) * dirLen)
	at := bodies
	for i, e := range b.series {
		if i > 0 && e.id == b.series[i-1].id {
			return nil, Info{}, fmt.Errorf("%w: %s", ErrSeriesTwice, e.id)
		}
		d = append(d, e.id[:]...)
		d = binary.LittleEndian.AppendUint32(d, at)
		d = binary.LittleEndian.AppendUint32(d, uint32(e.to-e.from))
		d = binary.LittleEndian.AppendUint32(d, e.chunks)
		d = append(d, byte(e.typ), 0, 0, 0)
		at += uint32(e.to-e.from) + checkLen
	}
	for _, e := range b.series {
		body := b.groups[e.from:e.to]
		d = append(d, body...)
		d = binary.LittleEndian.AppendUint32(d, groupCheck(e.id, body))
	}
	framesAt := len(d) - indexAt
	d = append(d, b.framesB...)
	commitsAt := len(d) - indexAt
	d = b.appendArrivals(d)
	indexLen := len(d) - indexAt
	if len(d)+footerLen > MaxBytes {
		return nil, Info{}, fmt.Errorf("block of %d bytes is larger than %d", len(d)+footerLen, MaxBytes)
	}
	b.info.Series = uint32(len(b.series))
	b.info.Arrivals = uint64(len(b.commits))
	b.info.Bytes = int64(len(d) + footerLen)
	footAt := len(d)
	for _, x := range [...]uint64{uint64(indexAt), uint64(indexLen), uint64(check(d[indexAt:])), uint64(len(b.series)),
		uint64(framesAt), uint64(commitsAt), uint64(b.info.Chunks), b.info.Rows, b.info.HistoryRows,
		uint64(b.info.MinTime), uint64(b.info.MaxTime), b.info.MinCommit, b.info.MaxCommit, b.info.Arrivals} {
		d = binary.LittleEndian.AppendUint64(d, x)
	}
	d = binary.LittleEndian.AppendUint32(d, 0)
	d = binary.LittleEndian.AppendUint32(d, check(d[footAt:]))
	d = append(d, endMagic...)
	b.buf = d
	return d, b.info, nil
}

// groupCheck covers the series' identity too, so that a damaged directory cannot give one series' chunks to another.
func groupCheck(id uuid.UUID, body []byte) uint32 {
	return crc32Update(check(id[:]), body)
}

// signed reads two's complement bits as what they are, without a copy.
func signed(v []uint64) []int64 {
	return unsafe.Slice((*int64)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

func unsigned(v []int64) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(v))), cap(v))[:len(v)]
}
