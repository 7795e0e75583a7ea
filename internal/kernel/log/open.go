package log

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"jingwei/internal/kernel/file"
)

const (
	lockName    = "LOCK"
	tmpSuffix   = ".tmp"   // being made; removed at Open
	spareSuffix = ".spare" // a trimmed segment that waits for its next life
)

// Open opens the journal in o.Dir, or begins one. It checks every segment's header and first group and all groups of
// the newest segment; what an unfinished write left behind the last whole group is cut off. Errors: *CorruptError
// where something is damaged that was durable; file.ErrLocked where another process has the journal open; what the
// disk says (full, read-only).
func Open(o Options) (*Log, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	l := &Log{o: o, fs: o.FS, log: o.Logger, closing: make(chan struct{}), acks: make(chan *group, 2)}
	l.pending = semaphore.NewWeighted(o.MaxPendingBytes)
	l.queue.names = map[string]*Partition{}
	l.queue.next = 1
	l.queue.changed = make(chan struct{})
	l.queue.work = make(chan struct{}, 1)
	l.queue.rush = make(chan struct{}, 1)
	l.view.waiters = map[*Partition]bool{}
	l.view.keeps = map[string]uint64{}
	l.steward.wake = make(chan struct{}, 1)
	l.cursors.log = l

	if err := file.MakeDir(l.fs, o.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if l.lock, err = l.fs.Lock(filepath.Join(o.Dir, lockName)); err != nil {
		return nil, fmt.Errorf("open journal %s: %w", o.Dir, err)
	}
	if err := l.recover(); err != nil {
		for _, f := range l.view.takeFiles() {
			_ = f.Close()
		}
		for _, s := range l.queue.ahead {
			_ = s.file.Close()
		}
		_ = l.lock.Close()
		return nil, fmt.Errorf("open journal %s: %w", o.Dir, err)
	}
	l.tasks.Add(3)
	go l.commit()
	go l.acknowledge()
	go l.tend()
	poke(l.steward.wake)
	return l, nil
}

func (l *Log) path(name string) string { return filepath.Join(l.o.Dir, name) }

// recover finds the state that the files hold, and mends what a crash may have left.
func (l *Log) recover() error {
	segments, err := l.list()
	if err != nil {
		return err
	}
	// Names and removals of the process before may be visible and not yet durable.
	if err := l.fs.SyncDir(l.o.Dir); err != nil {
		return err
	}
	if err := l.cursors.load(); err != nil {
		return err
	}
	if err := l.readHeaders(segments); err != nil {
		return err
	}
	used, err := l.readOpenings(segments)
	if err != nil {
		return err
	}
	l.view.segments = segments[:used]
	if used > 0 {
		if err := l.readLast(segments[used-1]); err != nil {
			return err
		}
		l.queue.closed = l.time
	}
	if err := l.readAhead(segments[used:]); err != nil {
		return err
	}
	if len(segments) == 0 {
		l.journal = uuid.New()
	}
	if used == 0 && len(l.queue.ahead) == 0 {
		if made, err := l.prepare(); err != nil {
			return err
		} else if !made {
			return l.queue.full // the disk's word; nobody holds anything in an empty journal
		}
	}
	return nil
}

// list finds the segments and spares, and removes what was being made when the process before ended.
func (l *Log) list() (segments []*segment, err error) {
	entries, err := l.fs.ReadDir(l.o.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if seq, ok := segmentSeq(name); ok {
			s := &segment{name: name}
			s.seq = seq
			segments = append(segments, s)
			continue
		}
		if strings.HasSuffix(name, spareSuffix) && len(l.steward.spares) < maxSpares {
			if info, err := l.fs.Stat(l.path(name)); err == nil && info.Size() == l.o.SegmentBytes {
				l.steward.spares = append(l.steward.spares, name)
				l.steward.bytes.Add(info.Size())
				continue
			}
		}
		if strings.HasSuffix(name, tmpSuffix) || strings.HasSuffix(name, spareSuffix) {
			if err := l.fs.Remove(l.path(name)); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(segments, func(a, b *segment) int {
		if a.seq < b.seq {
			return -1
		}
		return 1
	})
	for i := 1; i < len(segments); i++ {
		if want := segments[i-1].seq + 1; segments[i].seq != want {
			return nil, &CorruptError{Segment: segmentName(want), Reason: "the file is missing"}
		}
	}
	return segments, nil
}

// readHeaders checks the first page of every segment, which was durable before the segment had its name.
func (l *Log) readHeaders(segments []*segment) error {
	page := make([]byte, segmentHeaderBytes)
	for i, s := range segments {
		err := l.with(s, func(f file.File) error {
			if _, err := f.ReadAt(page, 0); err != nil {
				return &CorruptError{Segment: s.name, Reason: "its header cannot be read: " + err.Error()}
			}
			h, seed, err := decodeSegmentHeader(page)
			if errors.Is(err, errVersion) {
				return fmt.Errorf("journal segment %s: %w", s.name, err)
			}
			if err == nil && h.seq != s.seq {
				err = fmt.Errorf("it is segment %d by its header", h.seq)
			}
			if err == nil && i > 0 && h.journal != segments[0].journal {
				err = errors.New("it belongs to another journal")
			}
			var size int64
			if err == nil {
				size, err = f.Size()
			}
			if err == nil && size < h.size {
				err = fmt.Errorf("it has %d of %d bytes", size, h.size)
			}
			if err != nil {
				return &CorruptError{Segment: s.name, Reason: err.Error()}
			}
			s.segmentHeader, s.seed = h, seed
			l.journal = h.journal
			l.steward.bytes.Add(s.size)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readOpenings reads the first group of every segment and returns how many segments hold records.
func (l *Log) readOpenings(segments []*segment) (used int, err error) {
	var next uint64
	for i, s := range segments {
		var h groupHeader
		err := l.with(s, func(f file.File) error {
			src, err := readGroup(f, s, segmentHeaderBytes)
			if err != nil {
				return err
			}
			var body entries
			if h, body, err = parseGroup(src, s.size-segmentHeaderBytes, s.seed); err != nil {
				h = groupHeader{}
				return nil
			}
			if h.flags&flagOpening == 0 {
				return &CorruptError{s.name, segmentHeaderBytes, "its first group lacks the table of partitions"}
			}
			s.first = h.first
			if s.before, err = readTable(body); err != nil {
				return &CorruptError{s.name, segmentHeaderBytes, err.Error()}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
		switch {
		case h.count == 0:
			continue // this one and the rest: checked by readAhead
		case used != i:
			bad := segments[used]
			return 0, &CorruptError{bad.name, segmentHeaderBytes, "its first group is damaged, and the next segment holds records"}
		case h.first < next:
			return 0, &CorruptError{s.name, segmentHeaderBytes, fmt.Sprintf("it begins with record %d where at least %d is due", h.first, next)}
		}
		next = h.first + 1
		used++
	}
	return used, nil
}

// readTable reads the partitions at the begin of an opening group.
func readTable(body entries) (before []uint64, err error) {
	for len(body) > 0 {
		e, err := body.next()
		if err != nil || e.kind != kindPartition {
			return before, err
		}
		if int(e.partition) != len(before)+1 {
			return nil, fmt.Errorf("partition %d stands in place %d of its table", e.partition, len(before)+1)
		}
		before = append(before, e.partitionLast())
	}
	return before, nil
}

// readGroup reads as many bytes as the group at off has by its own word, or only its header where that makes no sense.
func readGroup(f file.File, s *segment, off int64) ([]byte, error) {
	head := make([]byte, groupHeaderBytes)
	if _, err := f.ReadAt(head, off); err != nil {
		return nil, fmt.Errorf("read journal segment %s at byte %d: %w", s.name, off, err)
	}
	h, err := parseGroupHeader(head, s.size-off)
	if err != nil {
		return head, nil
	}
	src := make([]byte, h.size())
	if _, err := f.ReadAt(src, off); err != nil {
		return nil, fmt.Errorf("read journal segment %s at byte %d: %w", s.name, off, err)
	}
	return src, nil
}

// with opens s for reading during do.
func (l *Log) with(s *segment, do func(file.File) error) error {
	f, err := openSegment(l.fs, l.path(s.name), false)
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{Segment: s.name, Reason: "the file is missing"}
	}
	if err != nil {
		return err
	}
	err = do(f)
	_ = f.Close() // only read from
	return err
}

// readLast walks all groups of the newest segment that holds any, takes the journal's state from them, and makes sure
// of the last one.
func (l *Log) readLast(s *segment) (err error) {
	if s.file, err = openSegment(l.fs, l.path(s.name), true); err != nil {
		return err
	}
	w := walker{s: s, f: s.file}
	q, v := &l.queue, &l.view
	var lastOff int64 // of the newest group
	for {
		src, h, body, err := w.next()
		if err != nil {
			return err
		}
		if src == nil {
			break
		}
		s.note(h.first, w.off)
		lastOff = w.off
		if err := l.replay(s, w.off, h, body); err != nil {
			return err
		}
		l.link, l.time = h.crc, h.time
		v.last = Commit{Number: h.next() - 1, Time: h.time}
		w.skip(h)
	}
	if l.torn, err = w.torn(v.last.Number+1, l.link); err != nil {
		return err
	}
	v.end = w.off
	q.segment, q.off, q.next = s, w.off, v.last.Number+1
	// A process that died, or whose fsync failed, may have left this group in the page cache only, and the kernel may
	// believe that it is clean. Written again it is dirty, and this fdatasync tells the truth about it.
	last, err := readGroup(s.file, s, lastOff)
	if err != nil {
		return err
	}
	if _, err := s.file.WriteAt(last, lastOff); err != nil {
		return fmt.Errorf("write the last group of journal segment %s again: %w", s.name, err)
	}
	if err := s.file.Datasync(); err != nil {
		return fmt.Errorf("sync journal segment %s: %w", s.name, err)
	}
	return nil
}

// replay notes what a group's entries say of the partitions.
func (l *Log) replay(s *segment, off int64, h groupHeader, body entries) error {
	q := &l.queue
	number := h.first
	previous := make([]uint64, len(q.numbers), len(q.numbers)+1)
	for i, p := range q.numbers {
		previous[i] = p.last
	}
	for len(body) > 0 {
		e, err := body.next()
		if err != nil {
			return &CorruptError{s.name, off, err.Error()}
		}
		if e.kind == kindPartition {
			if int(e.partition) != len(q.numbers)+1 || q.names[e.partitionName()] != nil || checkName("", e.partitionName()) != nil {
				return &CorruptError{s.name, off, fmt.Sprintf("it defines partition %d %q out of order", e.partition, e.partitionName())}
			}
			p := &Partition{log: l, name: e.partitionName(), number: e.partition, queued: e.partitionLast(), last: e.partitionLast()}
			q.names[p.name] = p
			q.numbers = append(q.numbers, p)
			previous = append(previous, p.last)
			continue
		}
		if int(e.partition) > len(q.numbers) {
			return &CorruptError{s.name, off, fmt.Sprintf("record %d is of partition %d, which is not defined", number, e.partition)}
		}
		p := q.numbers[e.partition-1]
		p.tail = tail{segment: s, off: off, first: h.first, previous: previous[e.partition-1]}
		p.last, p.queued = number, number
		number++
	}
	return nil
}

// readAhead keeps the segments that were made ahead of need, once it is certain that they hold nothing.
func (l *Log) readAhead(segments []*segment) (err error) {
	for _, s := range segments {
		if s.file, err = openSegment(l.fs, l.path(s.name), true); err != nil {
			return err
		}
		l.queue.ahead = append(l.queue.ahead, s)
		if off, err := findGroup(s, s.file, segmentHeaderBytes); err != nil {
			return err
		} else if off >= 0 {
			return &CorruptError{s.name, segmentHeaderBytes, fmt.Sprintf("the group is damaged, and a whole one follows at byte %d", off)}
		}
	}
	// Those of another size than wanted now could not hold what Append accepts.
	for n := len(l.queue.ahead); n > 0 && l.queue.ahead[n-1].size != l.o.SegmentBytes; n-- {
		s := l.queue.ahead[n-1]
		_ = s.file.Close() // empty
		l.queue.ahead = l.queue.ahead[:n-1]
		if err := l.fs.Remove(l.path(s.name)); err != nil {
			return err
		}
		if err := l.fs.SyncDir(l.o.Dir); err != nil {
			return err
		}
		l.steward.bytes.Add(-s.size)
	}
	return nil
}
