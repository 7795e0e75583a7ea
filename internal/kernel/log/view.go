package log

import (
	"path/filepath"
	"slices"
	"sync"

	"jingwei/internal/kernel/file"
)

// view is what readers see: the durable records and nothing else.
type view struct {
	sync.Mutex
	err      error      // ErrFailed or ErrClosed
	segments []*segment // that hold records, oldest first
	last     Commit
	end      int64               // of the newest group, in the last segment
	waiters  map[*Partition]bool // partitions with a wake channel
	opened   []*segment          // older segments with an open file, oldest use first
	keeps    map[string]uint64   // what each keeper still wants, of those that have said so
	doomed   []*segment          // trimmed, oldest first; the steward takes their files away when no reader is in them
}

// keepOpen bounds the files that readers of old segments hold open between reads.
const keepOpen = 8

func (v *view) first() uint64 {
	if len(v.segments) == 0 {
		return v.last.Number + 1
	}
	return v.segments[0].first
}

// failure returns the error that ended writing, nil while the journal is well or merely closed.
func (v *view) failure() error {
	v.Lock()
	defer v.Unlock()
	if v.err == ErrClosed {
		return nil
	}
	return v.err
}

// publish shows a durable group.
func (v *view) publish(g *group, end int64) {
	v.Lock()
	defer v.Unlock()
	s := g.segment
	if g.opening {
		if n := len(v.segments); n > 0 { // its last write is synced: from now on it is only read
			v.opened = append(v.opened, v.segments[n-1])
			v.closeIdle()
		}
		s.first, s.before = g.first, g.before
		v.segments = append(v.segments, s)
	}
	s.note(g.first, g.off)
	v.last = Commit{Number: g.first + uint64(g.count) - 1, Time: g.time}
	v.end = end
	for _, part := range g.spans {
		p := part.partition
		p.tail = tail{segment: s, off: g.off, first: g.first, previous: p.last}
		p.last = part.last
		v.rouse(p)
	}
}

// rouse wakes the readers that wait for p.
func (v *view) rouse(p *Partition) {
	if p.wake != nil {
		close(p.wake)
		p.wake = nil
		delete(v.waiters, p)
	}
}

func (v *view) wakeAll() {
	for p := range v.waiters {
		v.rouse(p)
	}
}

// wait returns the channel that is closed when p grows or the journal ends.
func (v *view) wait(p *Partition) chan struct{} {
	if p.wake == nil {
		p.wake = make(chan struct{})
		v.waiters[p] = true
	}
	return p.wake
}

// lastIn returns the partition's greatest number in segment i or before it.
func (v *view) lastIn(i int, p *Partition) uint64 {
	if i+1 < len(v.segments) {
		return v.segments[i+1].lastBefore(p.number)
	}
	return p.last
}

// index returns the place of s in segments, or -1 when it was trimmed.
func (v *view) index(s *segment) int {
	if s == nil || len(v.segments) == 0 || s.seq < v.segments[0].seq {
		return -1
	}
	return int(s.seq - v.segments[0].seq) // they are without gaps
}

// bounds returns where s ends: the durable end of the last segment, or, in an older one, the number that begins the
// next.
func (v *view) bounds(s *segment) (end int64, limit uint64) {
	i := v.index(s)
	if i == len(v.segments)-1 {
		return v.end, 0
	}
	return s.size, v.segments[i+1].first
}

// acquire opens s for one read.
func (v *view) acquire(l *Log, s *segment) (file.File, error) {
	if s.file == nil {
		f, err := openSegment(l.fs, filepath.Join(l.o.Dir, s.name), false)
		if err != nil {
			return nil, err
		}
		s.file = f
		v.opened = append(v.opened, s)
	}
	s.refs++
	return s.file, nil
}

// release ends a read, and closes files of old segments beyond the few that are kept. It tells whether the steward
// waits for s.
func (v *view) release(s *segment) (wanted bool) {
	s.refs--
	if i := slices.Index(v.opened, s); i >= 0 && i < len(v.opened)-1 {
		v.opened = append(slices.Delete(v.opened, i, i+1), s)
	}
	v.closeIdle()
	return s.refs == 0 && len(v.doomed) > 0 && slices.Contains(v.doomed, s)
}

func (v *view) closeIdle() {
	for i := 0; i < len(v.opened) && len(v.opened) > keepOpen; {
		if old := v.opened[i]; old.refs == 0 {
			_ = old.file.Close() // nothing in it is unsynced
			old.file = nil
			v.opened = slices.Delete(v.opened, i, i+1)
		} else {
			i++
		}
	}
}

// takeFiles hands over all open files.
func (v *view) takeFiles() (files []file.File) {
	for _, s := range slices.Concat(v.segments, v.doomed) {
		if s.file != nil {
			files = append(files, s.file)
			s.file = nil
		}
	}
	v.opened = nil
	return files
}
