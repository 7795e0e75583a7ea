package log

import (
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"jingwei/internal/kernel/file"
)

// Commit is a record's place in the journal.
type Commit struct {
	Number uint64 // dense over the whole journal, from 1
	Time   int64  // ns since 1970-01-01 UTC by this machine's clock; grows from group to group, the same for a whole group
}

// Log is an open journal. Its methods are safe for concurrent use.
//
// Three goroutines own its parts until Close: the committer writes and syncs groups, the acknowledger calls done
// functions, the steward makes segments ahead of need, trims, and saves cursors. Appenders meet the committer in
// queue, readers in view; no lock is held during a disk operation.
type Log struct {
	o       Options
	fs      file.FS
	log     *slog.Logger
	lock    io.Closer
	journal [16]byte

	pending *semaphore.Weighted // bytes that Append may still queue
	queue   queue
	view    view
	steward steward
	cursors cursors

	torn string // what Torn tells
	link uint32 // crc of the last group; the committer's
	time int64  // commit time of the last group; the committer's
	acks chan *group

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
	tasks     sync.WaitGroup
	stats     counters
}

type counters struct{ records, groups, payload, written, syncNanos, waits atomic.Uint64 }

// Stats are counts since Open and gauges of now.
type Stats struct {
	Records      uint64 // acknowledged
	Groups       uint64 // synced, each with one write and one fdatasync
	PayloadBytes uint64 // of the records
	WrittenBytes uint64 // with headers and padding
	SyncNanos    uint64 // spent in write and fdatasync
	Waits        uint64 // calls of Append that had to wait for room in memory
	DiskBytes    int64  // segments on disk, as Bytes
	Segments     int    // that hold records
	PendingBytes int64  // queued, not yet acknowledged
	Full         string // why no further segment can be made now; "" where one can
}

// Stats returns the counts; they may be a group apart from each other.
func (l *Log) Stats() Stats {
	s := Stats{
		Records: l.stats.records.Load(), Groups: l.stats.groups.Load(), PayloadBytes: l.stats.payload.Load(),
		WrittenBytes: l.stats.written.Load(), SyncNanos: l.stats.syncNanos.Load(), Waits: l.stats.waits.Load(),
		DiskBytes: l.Bytes(),
	}
	l.view.Lock()
	s.Segments = len(l.view.segments)
	l.view.Unlock()
	l.queue.Lock()
	s.PendingBytes = l.queue.held
	if l.queue.full != nil {
		s.Full = l.queue.full.Error()
	}
	l.queue.Unlock()
	return s
}

// Last returns the newest durable commit; its Number is 0 in an empty journal.
func (l *Log) Last() Commit {
	l.view.Lock()
	defer l.view.Unlock()
	return l.view.last
}

// Torn names what Open cut off because it was not whole, "" where there was nothing. It was being written when the process
// before ended, and nobody was told that it is durable; but a group that was, and that the medium has changed since, looks
// the same when it is the newest.
func (l *Log) Torn() string { return l.torn }

// Closed returns the newest commit time that is closed: whatever is dated at or before it is durable and its done function
// has returned, and nothing that comes later will be dated so. It is the present time while nothing is under way, by a
// clock that was not set back.
func (l *Log) Closed() int64 {
	q := &l.queue
	q.Lock()
	defer q.Unlock()
	if q.held == 0 && q.err == nil {
		q.closed = max(q.closed, l.o.Now().UnixNano())
	}
	return q.closed
}

// First returns the oldest commit number still in the journal; in an empty one, the number that comes next.
func (l *Log) First() uint64 {
	l.view.Lock()
	defer l.view.Unlock()
	return l.view.first()
}

// Bytes returns the bytes of the segments on disk; at most MaxBytes.
func (l *Log) Bytes() int64 { return l.steward.bytes.Load() }

// Close takes no more records, writes and acknowledges those that were taken, wakes readers with ErrClosed, saves the
// cursors and frees the directory. It must not be called from a done function. Where the journal had failed it
// returns that error; calling it again is harmless.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.queue.stop(ErrClosed)
		close(l.closing)
		l.tasks.Wait()
		l.view.Lock()
		failure := l.view.err
		l.view.err = ErrClosed
		l.view.wakeAll()
		files := l.view.takeFiles()
		l.view.Unlock()
		for _, f := range files {
			_ = f.Close() // nothing in it is unsynced
		}
		for _, s := range l.queue.ahead {
			_ = s.file.Close()
		}
		_ = l.lock.Close()
		l.closeErr = failure
	})
	return l.closeErr
}
