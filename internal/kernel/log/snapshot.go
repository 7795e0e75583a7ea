package log

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"

	"jingwei/internal/kernel/file"
)

// Snapshot is what the journal held durably at one moment. Its files stay until Release, whatever is trimmed meanwhile;
// a journal that is full waits for it, so it is read first and released soon.
type Snapshot struct {
	Last    Commit // the cut: nothing behind it is in the snapshot
	Cursors []byte // the file of cursors as of the cut, or before it
	log     *Log
	held    []held
}

// held is a segment that is pinned.
type held struct {
	s     *segment
	f     file.File
	end   int64  // of the durable bytes, where limit is 0
	limit uint64 // the number that begins the next segment
}

// Snapshot pins the segments that hold the records from number from on, and those that a keeper still wants.
func (l *Log) Snapshot(from uint64) (*Snapshot, error) {
	sn := &Snapshot{log: l}
	// The cursors first: each stands at or before what was durable when it was saved.
	l.cursors.mu.Lock()
	sn.Cursors = encodeCursors(l.cursors.values)
	l.cursors.mu.Unlock()
	v := &l.view
	v.Lock()
	defer v.Unlock()
	if v.err != nil {
		return nil, v.err
	}
	from = min(from, v.wanted(l.o.Keepers))
	first := sort.Search(len(v.segments), func(i int) bool { return v.segments[i].first > from })
	for _, s := range v.segments[max(first-1, 0):] {
		f, err := v.acquire(l, s)
		if err != nil {
			for _, h := range sn.held {
				v.release(h.s)
			}
			return nil, fmt.Errorf("read journal segment %s: %w", s.name, err)
		}
		end, limit := v.bounds(s)
		sn.held = append(sn.held, held{s, f, end, limit})
	}
	sn.Last = v.last
	return sn, nil
}

// Release lets the files go. Calling it again is harmless.
func (sn *Snapshot) Release() {
	v := &sn.log.view
	v.Lock()
	for _, h := range sn.held {
		v.release(h.s)
	}
	sn.held = nil
	v.Unlock()
	poke(sn.log.steward.wake)
}

// Part is the beginning of a segment file, as far as it holds records. Behind it the file holds zeros or what an earlier
// life has left, which counts for nothing.
type Part struct {
	Name  string
	Bytes int64
	Data  io.ReaderAt
}

// Parts checks every group of the snapshot and returns the files to copy, oldest first. Error: *CorruptError.
func (sn *Snapshot) Parts(ctx context.Context) ([]Part, error) {
	var out []Part
	var last groupHeader
	for _, h := range sn.held {
		w := walker{s: h.s, f: h.f}
		for {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if h.limit == 0 && w.off >= h.end || h.limit != 0 && w.off > 0 && w.last.next() >= h.limit {
				break
			}
			src, g, _, err := w.next()
			if err == nil && src == nil {
				err = &CorruptError{h.s.name, w.off, "a durable group is damaged"}
			}
			if err == nil && w.off == segmentHeaderBytes && last.count > 0 && (g.link != last.crc || g.first != last.next()) {
				err = &CorruptError{h.s.name, w.off, "it does not follow the last group of the segment before it"}
			}
			if err != nil {
				return nil, err
			}
			w.skip(g)
			last = g
		}
		out = append(out, Part{h.s.name, w.off, h.f})
	}
	return out, nil
}

// Report is what Inspect found in the files of a journal.
type Report struct {
	First, Last uint64 // commit numbers; 0, 0 where there are no records
	Groups      int
	Records     map[string]int // by partition
	Parts       []Part         // the segments that hold records, as far as they do
	// Unfinished: the last segment goes on, behind its last whole group, with one that belongs there and is not whole:
	// what a crash leaves before anything was acknowledged, or damage to the newest records.
	Unfinished bool
	Journal    [16]byte
}

// CursorsFile is the name of the file of cursors; CheckCursors tells what is wrong in its content.
const CursorsFile = cursorsName

// CheckCursors checks the content of a file of cursors. Error: *CorruptError, *VersionError.
func CheckCursors(data []byte) error {
	if len(data) > cursorsMaxBytes {
		return &CorruptError{Segment: cursorsName, Reason: "it is larger than any program wrote"}
	}
	_, err := decodeCursors(data)
	return versioned(cursorsName, 0, err)
}

// FormatVersion is the newest version of the journal's files that this program knows.
const FormatVersion = formatVersion

// IsSegment tells whether a file of the journal's directory is a segment.
func IsSegment(name string) bool { _, ok := segmentSeq(name); return ok }

// VersionError tells that a file was written by a newer program.
type VersionError struct{ File, Reason string }

func (e *VersionError) Error() string { return fmt.Sprintf("journal file %s: %s", e.File, e.Reason) }

func versioned(name string, off int64, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errVersion):
		return &VersionError{name, err.Error()}
	}
	return &CorruptError{name, off, err.Error()}
}

// Inspect reads all groups of the given segment files, which nobody writes to, and hands each record to each (nil: to
// nobody), without changing anything. Files may be cut off behind their last group. It returns the first damage as a
// *CorruptError, and what each returns.
func Inspect(ctx context.Context, parts []Part, each func(partition string, c Commit, data []byte) error) (Report, error) {
	r := Report{Records: map[string]int{}}
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int {
		x, _ := segmentSeq(a.Name)
		y, _ := segmentSeq(b.Name)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	in := inspection{report: &r, each: each}
	empty := ""
	for _, p := range parts {
		before := in.last
		if err := in.segment(ctx, p); err != nil {
			return r, err
		}
		switch {
		case in.last == before && empty == "":
			empty = p.Name
		case in.last != before && empty != "":
			return r, &CorruptError{empty, segmentHeaderBytes, "its first group is damaged, and a later segment holds records"}
		}
	}
	r.Last = in.last.next() - 1
	if in.last.count == 0 {
		r.Last = 0
	}
	return r, nil
}

type inspection struct {
	report *Report
	each   func(string, Commit, []byte) error
	last   groupHeader
	seq    uint64
	names  []string
	before Part // the segment before this one, as far as its groups go
}

func (in *inspection) segment(ctx context.Context, p Part) error {
	seq, ok := segmentSeq(p.Name)
	if !ok {
		return &CorruptError{p.Name, 0, "it is not named as a segment"}
	}
	page := make([]byte, segmentHeaderBytes)
	if _, err := p.Data.ReadAt(page, 0); err != nil {
		return &CorruptError{p.Name, 0, "its header cannot be read: " + err.Error()}
	}
	h, seed, err := decodeSegmentHeader(page)
	switch {
	case err != nil:
		return versioned(p.Name, 0, err)
	case h.seq != seq:
		return &CorruptError{p.Name, 0, fmt.Sprintf("it is segment %d by its header", h.seq)}
	case in.seq != 0 && seq != in.seq+1:
		return &CorruptError{Segment: segmentName(in.seq + 1), Reason: "the file is missing"}
	case in.seq != 0 && h.journal != in.report.Journal:
		return &CorruptError{p.Name, 0, "it belongs to another journal"}
	}
	in.seq, in.report.Journal = seq, h.journal
	s := &segment{segmentHeader: h, name: p.Name, seed: seed}
	w := walker{s: s, f: padding{p.Data, p.Bytes, s.size}}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		src, g, body, err := w.next()
		if err != nil {
			return err
		}
		if src == nil {
			if w.off > segmentHeaderBytes { // not one that was made ahead of need
				in.report.Unfinished = w.begun()
				in.before = Part{p.Name, w.off, p.Data}
				in.report.Parts = append(in.report.Parts, in.before)
			}
			return nil
		}
		if w.off == segmentHeaderBytes {
			switch {
			case in.last.count > 0 && g.first > in.last.next():
				return &CorruptError{in.before.Name, in.before.Bytes, fmt.Sprintf("records %d to %d should be there and are not", in.last.next(), g.first-1)}
			case in.last.count > 0 && (g.link != in.last.crc || g.first != in.last.next()):
				return &CorruptError{p.Name, w.off, "it does not follow the last group of the segment before it"}
			}
			in.names = nil
		}
		if err := in.group(w, g, body); err != nil {
			return err
		}
		w.skip(g)
		in.last = g
	}
}

func (in *inspection) group(w walker, g groupHeader, body entries) error {
	if in.report.First == 0 {
		in.report.First = g.first
	}
	in.report.Groups++
	number := g.first
	for len(body) > 0 {
		e, err := body.next()
		if err != nil {
			return &CorruptError{w.s.name, w.off, err.Error()}
		}
		if e.kind == kindPartition {
			if int(e.partition) != len(in.names)+1 {
				return &CorruptError{w.s.name, w.off, fmt.Sprintf("it defines partition %d out of order", e.partition)}
			}
			in.names = append(in.names, e.partitionName())
			continue
		}
		if int(e.partition) > len(in.names) {
			return &CorruptError{w.s.name, w.off, fmt.Sprintf("record %d is of partition %d, which is not defined", number, e.partition)}
		}
		name := in.names[e.partition-1]
		in.report.Records[name]++
		if in.each != nil {
			if err := in.each(name, Commit{number, g.time}, e.data); err != nil {
				return err
			}
		}
		number++
	}
	return nil
}

// begun tells whether a group that would follow the last one begins where the walker stands. What an earlier life of
// the segment left there does not follow.
func (w *walker) begun() bool {
	if w.s.size-w.off < groupHeaderBytes {
		return false
	}
	src, err := w.read(groupHeaderBytes)
	if err != nil {
		return false
	}
	h, err := parseGroupHeader(src, w.s.size-w.off)
	return err == nil && h.link == w.last.crc && h.first == w.last.next()
}

// padding is a file that is cut off: behind its bytes it reads as zeros up to size.
type padding struct {
	io.ReaderAt
	bytes, size int64
}

func (p padding) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	if off < p.bytes {
		part := b[:min(int64(len(b)), p.bytes-off)]
		var err error
		if n, err = p.ReaderAt.ReadAt(part, off); n < len(part) {
			return n, noEOF(err)
		}
	}
	rest := b[n:min(int64(len(b)), max(p.size-off, 0))]
	clear(rest)
	if n += len(rest); n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (padding) WriteAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }
func (padding) Close() error                       { return nil }
func (p padding) Size() (int64, error)             { return p.size, nil }
func (padding) Truncate(int64) error               { return errors.ErrUnsupported }
func (padding) Allocate(int64, int64) error        { return errors.ErrUnsupported }
func (padding) Datasync() error                    { return errors.ErrUnsupported }
func (padding) Map() ([]byte, func() error, error) { return nil, nil, errors.ErrUnsupported }

// FullSize returns the size that a segment file has by its header, to which a restored one is extended.
func FullSize(header io.ReaderAt) (int64, error) {
	page := make([]byte, segmentHeaderBytes)
	if _, err := header.ReadAt(page, 0); err != nil {
		return 0, fmt.Errorf("read a segment's header: %w", noEOF(err))
	}
	h, _, err := decodeSegmentHeader(page)
	return h.size, err
}
