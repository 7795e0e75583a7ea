package log

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// steward holds what its goroutine alone uses, but for wake, bytes and kept.
type steward struct {
	wake   chan struct{}
	bytes  atomic.Int64  // of segments: with records, made ahead, spare
	kept   atomic.Uint64 // counts what Keep let go, so that "full" is never said of an older state
	spares []string      // names
}

// maxSpares are kept of trimmed segments. A segment used again has its blocks written already, so that its fdatasync
// need not go through the file system's own journal: about two thirds of the time and of the CPU (docs/formats/log.md).
const maxSpares = 2

// tend is the steward.
func (l *Log) tend() {
	defer l.tasks.Done()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	saved := 0
	for {
		select {
		case <-l.closing:
			if l.view.failure() == nil {
				if err := l.cursors.flush(); err != nil {
					l.log.Error("journal cursors are not saved", "dir", l.o.Dir, "error", err)
				}
			}
			return
		case <-l.steward.wake:
		case <-tick.C:
			if saved++; saved >= int(cursorEvery/retryEvery) && l.view.failure() == nil {
				saved = 0
				if err := l.cursors.flush(); err != nil {
					l.log.Warn("journal cursors are not saved yet", "dir", l.o.Dir, "error", err)
				}
			}
		}
		if l.view.failure() != nil {
			continue
		}
		if err := l.trim(0); err != nil {
			l.fail(err)
			continue
		}
		l.queue.Lock()
		need := len(l.queue.ahead) == 0 && l.queue.err == nil
		l.queue.Unlock()
		if need {
			if _, err := l.prepare(); err != nil {
				l.fail(err)
			}
		}
	}
}

// prepare makes the segment that comes after the newest one and announces it; false tells that there is no room, and
// queue.full why. An error is a failed sync, after which nothing may be trusted.
//
// The file gets its name only when its header is durable: a segment that exists is whole.
func (l *Log) prepare() (made bool, err error) {
	kept := l.steward.kept.Load()
	s, err := l.makeSegment()
	var sync *syncError
	if errors.As(err, &sync) {
		return false, err
	}
	q := &l.queue
	q.Lock()
	defer q.Unlock()
	if err == errBusy || err != nil && kept != l.steward.kept.Load() {
		if err != errBusy {
			poke(l.steward.wake)
		}
		return false, nil
	}
	was := q.full
	q.full = nil
	if err != nil {
		if !errors.Is(err, ErrFull) {
			err = fmt.Errorf("%w: the next segment cannot be made: %w", ErrFull, err)
		}
		q.full = err
		if was == nil {
			l.log.Warn("journal takes no more records for now", "dir", l.o.Dir, "error", err)
		}
	} else {
		q.ahead = append(q.ahead, s)
		if was != nil {
			l.log.Info("journal takes records again", "dir", l.o.Dir)
		}
	}
	q.announce()
	return err == nil, nil
}

// errBusy: the room that is wanted comes free as soon as a read ends or a queued group is durable; the steward is woken
// then.
var errBusy = errors.New("journal is busy")

// syncError marks errors of fsync, which are final.
type syncError struct{ error }

func (e *syncError) Unwrap() error { return e.error }

func (l *Log) syncDir() error {
	if err := l.fs.SyncDir(l.o.Dir); err != nil {
		return &syncError{fmt.Errorf("sync journal directory %s: %w", l.o.Dir, err)}
	}
	return nil
}

func (l *Log) makeSegment() (*segment, error) {
	s := &segment{}
	s.journal, s.size, s.align = l.journal, l.o.SegmentBytes, l.o.AlignBytes
	if _, err := rand.Read(s.salt[:]); err != nil {
		return nil, err
	}
	s.seq = 1
	l.queue.Lock()
	if n := len(l.queue.ahead); n > 0 {
		s.seq = l.queue.ahead[n-1].seq + 1
	} else if l.queue.segment != nil {
		s.seq = l.queue.segment.seq + 1
	}
	l.queue.Unlock()
	s.name = segmentName(s.seq)
	page, seed := s.encode()
	s.seed = seed
	var err error

	st := &l.steward
	if len(st.spares) == 0 && st.bytes.Load()+s.size > l.o.MaxBytes {
		if err := l.trim(s.size); err != nil {
			return nil, err
		}
	}
	tmp := l.path(s.name + tmpSuffix)
	if len(st.spares) > 0 {
		spare := st.spares[0]
		st.spares = slices.Delete(st.spares, 0, 1)
		st.bytes.Add(-s.size)
		if err := l.fs.Rename(l.path(spare), tmp); err != nil {
			return nil, err
		}
	} else if st.bytes.Load()+s.size > l.o.MaxBytes {
		return nil, l.whyFull()
	}
	if err := l.writeHeader(tmp, s.size, page); err != nil {
		_ = l.fs.Remove(tmp) // or the next Open does it
		return nil, err
	}
	if err := l.fs.Rename(tmp, l.path(s.name)); err != nil {
		_ = l.fs.Remove(tmp)
		return nil, err
	}
	st.bytes.Add(s.size)
	if err := l.syncDir(); err != nil {
		return nil, err
	}
	if s.file, err = openSegment(l.fs, l.path(s.name), true); err != nil {
		st.bytes.Add(-s.size) // the next try replaces it
		return nil, err
	}
	return s, nil
}

// writeHeader gives the file its size and its first page, durably. It is closed again since not every system renames
// open files.
func (l *Log) writeHeader(name string, size int64, page []byte) (err error) {
	f, err := l.fs.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if err := f.Allocate(0, size); err != nil {
		return err
	}
	if _, err := f.WriteAt(page, 0); err != nil {
		return err
	}
	if err := f.Datasync(); err != nil {
		return &syncError{err}
	}
	return nil
}

// trim takes away the oldest segments which no keeper needs: those beyond RetainBytes, and as many more as give need
// bytes of room. The directory is synced after each, so that a crash can never leave a gap between two segments.
func (l *Log) trim(need int64) error {
	v, st := &l.view, &l.steward
	v.Lock()
	free := 0 // segments that all keepers have let go
	released := int64(0)
	for from := v.wanted(l.o.Keepers); free+1 < len(v.segments) && v.segments[free+1].first <= from; free++ {
		released += v.segments[free].size
	}
	for i := 0; i < free && (released > l.o.RetainBytes || need > 0); i++ {
		s := v.segments[0]
		released -= s.size
		need -= s.size
		v.segments = slices.Delete(v.segments, 0, 1)
		v.doomed = append(v.doomed, s)
	}
	var gone []*segment
	for len(v.doomed) > 0 && v.doomed[0].refs == 0 {
		s := v.doomed[0]
		v.doomed = slices.Delete(v.doomed, 0, 1)
		if i := slices.Index(v.opened, s); i >= 0 {
			v.opened = slices.Delete(v.opened, i, i+1)
		}
		gone = append(gone, s)
	}
	v.Unlock()
	for i, s := range gone {
		if s.file != nil {
			_ = s.file.Close() // nothing in it is unsynced
			s.file = nil
		}
		var err error
		spare := segmentName(s.seq) + spareSuffix
		if s.size == l.o.SegmentBytes && len(st.spares) < maxSpares {
			err = l.fs.Rename(l.path(s.name), l.path(spare))
		} else {
			spare = ""
			err = l.fs.Remove(l.path(s.name))
		}
		if err != nil { // the disk refuses: try again later, in the same order
			l.log.Warn("journal segment cannot be trimmed yet", "dir", l.o.Dir, "segment", s.name, "error", err)
			v.Lock()
			v.doomed = slices.Concat(gone[i:], v.doomed)
			v.Unlock()
			return nil
		}
		if err := l.syncDir(); err != nil {
			return err
		}
		if spare != "" {
			st.spares = append(st.spares, spare)
		} else {
			st.bytes.Add(-s.size)
		}
	}
	return nil
}

// wanted returns the least number that a keeper still wants, 0 while one has not said.
func (v *view) wanted(keepers []string) uint64 {
	from := v.last.Number + 1
	for _, k := range keepers {
		from = min(from, v.keeps[k])
	}
	return from
}

// whyFull tells who holds the segments, or errBusy where nobody does for long.
func (l *Log) whyFull() error {
	l.queue.Lock()
	newest := l.queue.segment
	l.queue.Unlock()
	v := &l.view
	v.Lock()
	defer v.Unlock()
	if len(v.doomed) > 0 || newest != nil && v.index(newest) != len(v.segments)-1 {
		return errBusy
	}
	var names []string
	for _, k := range l.o.Keepers {
		if len(v.segments) < 2 || v.keeps[k] < v.segments[1].first {
			names = append(names, k)
		}
	}
	return fmt.Errorf("%w: it holds %d bytes of at most %d, and these keepers still need all of it: %q", ErrFull, l.Bytes(), l.o.MaxBytes, names)
}

// Keep tells that a keeper named in Options needs the records from number from on, and none below. Whole segments
// that no keeper needs may be trimmed. It is not durable: after Open each keeper says it again.
func (l *Log) Keep(keeper string, from uint64) error {
	if !slices.Contains(l.o.Keepers, keeper) {
		return fmt.Errorf("journal: %q is not one of its keepers %q", keeper, l.o.Keepers)
	}
	v := &l.view
	v.Lock()
	old := v.keeps[keeper]
	v.keeps[keeper] = from
	look := len(v.segments) > 1 && old < v.segments[1].first && from >= v.segments[1].first
	err := v.err
	v.Unlock()
	if look {
		l.steward.kept.Add(1)
		l.queue.Lock()
		l.queue.full = nil // until the steward has looked, Append waits
		l.queue.Unlock()
		poke(l.steward.wake)
	}
	return err
}
