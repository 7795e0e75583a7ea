package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jingwei/internal/kernel/file"
)

// Options of a log.
type Options struct {
	FS     file.FS
	Dir    string   // the folder that is served; the log makes it
	Origin string   // the log's name for all time (CheckOrigin)
	Keys   []Signer // as LoadKeys gives them; their order is the order of the signatures
	Now    func() time.Time
	Logger *slog.Logger // nil: silent
	// CheckpointEvery is how long an acknowledged entry waits at most for a signed checkpoint; 0 means a second, less
	// than 0 that only Publish and Close sign.
	CheckpointEvery time.Duration

	oneByOne bool // tests: one file after the other, so that a seed gives the same crash
}

// Bounds of what one Append takes.
const (
	MaxBatch      = 16384   // entries
	MaxBatchBytes = 8 << 20 // with two bytes of length for each entry
)

const (
	maxGroupBytes = MaxBatchBytes
	maxFreshBytes = 64 << 20 // acknowledged and in no tile yet
	publishBytes  = 16 << 20 // so much of it does not wait for the time of the next checkpoint
	queued        = 256      // calls of Append that wait while a group is written
)

// Log is an open log. Its methods are safe for concurrent use. One goroutine writes.
type Log struct {
	o    Options
	log  *slog.Logger
	lock io.Closer

	requests  chan *request
	publishes chan chan error
	closing   chan struct{}
	ended     chan struct{} // closed when the writer has gone
	closeOnce sync.Once
	closeErr  error

	// Owned by the writer.
	journal    *journal
	folder     *folder
	published  int64 // entries that the checkpoint on disk covers
	freshBytes int64
	wake       *time.Timer
	wakes      bool

	mu         sync.Mutex
	edge       edge                 // of all acknowledged entries
	tail       [][]byte             // the entries of the bundle that is not full
	fresh      map[tlog.Tile][]byte // full tiles that are not on disk yet
	bundles    map[int64][][]byte   // full bundles that are not on disk yet
	checkpoint Checkpoint           // the newest that was published
	failed     error
}

type request struct {
	entries [][]byte
	bytes   int
	first   int64
	done    chan error
}

// Append adds entries, each of 1 to 65,535 bytes, and returns the index of the first one; the others follow it. When it
// returns nil they are on the medium, and a checkpoint will cover them within CheckpointEvery. Calls that wait at the
// same time are made durable together. The entries must not be changed until it returns.
//
// After an error of ctx or of the disk the entries may be in the log all the same, all of them or none.
// Errors: ErrSize, ErrFull, ErrFailed, ErrClosed, those of ctx and of a full disk.
func (l *Log) Append(ctx context.Context, entries [][]byte) (first uint64, err error) {
	r := &request{entries: entries, done: make(chan error, 1)}
	if len(entries) == 0 || len(entries) > MaxBatch {
		return 0, fmt.Errorf("%w: %d entries, want 1 to %d", ErrSize, len(entries), MaxBatch)
	}
	for i, e := range entries {
		if len(e) == 0 || len(e) > MaxEntry {
			return 0, fmt.Errorf("%w: entry %d of the batch has %d bytes, want 1 to %d", ErrSize, i, len(e), MaxEntry)
		}
		r.bytes += 2 + len(e)
	}
	if r.bytes > MaxBatchBytes {
		return 0, fmt.Errorf("%w: %d bytes, at most %d are taken at once", ErrSize, r.bytes, MaxBatchBytes)
	}
	select {
	case <-l.closing: // else a free place in the queue might win
		return 0, ErrClosed
	default:
	}
	select {
	case l.requests <- r:
	case <-l.closing:
		return 0, ErrClosed
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case err = <-r.done:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-l.ended:
		select {
		case err = <-r.done:
		default:
			err = ErrClosed
		}
	}
	return uint64(r.first), err
}

// Publish writes the tiles of everything acknowledged so far, signs a checkpoint of it and returns that. Without
// anything new it returns the newest checkpoint.
func (l *Log) Publish(ctx context.Context) (Checkpoint, error) {
	done := make(chan error, 1)
	select {
	case l.publishes <- done:
	case <-l.ended:
		return Checkpoint{}, ErrClosed
	case <-ctx.Done():
		return Checkpoint{}, ctx.Err()
	}
	select {
	case err := <-done:
		if err != nil {
			return Checkpoint{}, err
		}
		return l.Checkpoint(), nil
	case <-ctx.Done():
		return Checkpoint{}, ctx.Err()
	}
}

// Checkpoint returns the newest checkpoint that was published. It is durable, and its tiles are.
func (l *Log) Checkpoint() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checkpoint
}

// Size is the number of acknowledged entries.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.edge.size)
}

// Close takes nothing more, signs a last checkpoint and returns. It may be called again.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		close(l.closing)
		<-l.ended
		if err := l.journal.f.Close(); err != nil {
			l.closeErr = errors.Join(l.closeErr, err)
		}
		if err := l.lock.Close(); err != nil {
			l.closeErr = errors.Join(l.closeErr, err)
		}
	})
	return l.closeErr
}

// run is the writer.
func (l *Log) run() {
	defer close(l.ended)
	defer l.wake.Stop()
	for {
		select {
		case r := <-l.requests:
			l.write(r)
		case done := <-l.publishes:
			done <- l.publish()
		case <-l.wake.C:
			l.wakes = false
			l.publishSoon()
		case <-l.closing:
			for len(l.requests) > 0 {
				l.write(<-l.requests)
			}
			l.closeErr = l.publish()
			return
		}
	}
}

// publishSoon publishes now, and again later when that fails for want of room.
func (l *Log) publishSoon() {
	if err := l.publish(); err != nil && l.failure() == nil {
		l.log.Warn("evidence log: no checkpoint; it is tried again", "error", err)
		l.wakeLater()
	}
}

func (l *Log) wakeLater() {
	if !l.wakes && l.o.CheckpointEvery > 0 {
		l.wakes = true
		l.wake.Reset(l.o.CheckpointEvery)
	}
}

// write makes one group of the request and those that wait behind it.
func (l *Log) write(r *request) {
	group := []*request{r}
	entries := slices.Clone(r.entries)
	for bytes := r.bytes; len(l.requests) > 0 && bytes < maxGroupBytes && len(entries) < MaxBatch; {
		r := <-l.requests
		group = append(group, r)
		entries = append(entries, r.entries...)
		bytes += r.bytes
	}
	err := l.commit(entries)
	first := l.journal.next - int64(len(entries))
	for _, r := range group {
		r.first = first
		if err != nil {
			r.first = 0
		}
		first += int64(len(r.entries))
		r.done <- err
	}
	switch {
	case err != nil:
	case l.freshBytes > publishBytes || l.journal.off > publishBytes:
		l.publishSoon()
	default:
		l.wakeLater()
	}
}

// commit makes entries durable and shows them to the readers.
func (l *Log) commit(entries [][]byte) error {
	if err := l.failure(); err != nil {
		return err
	}
	if l.freshBytes > maxFreshBytes || l.journal.off > maxJournal-4*maxGroupBytes {
		return ErrFull
	}
	if l.journal.next+int64(len(entries)) > maxSize {
		return fmt.Errorf("%w: the log has reached %d entries", ErrSize, int64(maxSize))
	}
	final, err := l.journal.append(entries)
	if final {
		return l.fail("write the journal", err)
	}
	if err != nil {
		return fmt.Errorf("evidence log: %w", err)
	}
	l.take(entries)
	return nil
}

// take adds durable entries to the tree in memory.
func (l *Log) take(entries [][]byte) {
	hashes := make([]tlog.Hash, len(entries))
	for i, e := range entries {
		hashes[i] = tlog.RecordHash(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range entries {
		l.freshBytes += int64(len(e)) + 2
		l.tail = append(l.tail, append([]byte(nil), e...))
		l.edge.add(hashes[i], func(t tlog.Tile, hashes []tlog.Hash) {
			l.fresh[t] = hashBytes(hashes)
			if t.L == 0 {
				l.bundles[t.N] = l.tail
				l.tail = nil
			}
		})
	}
}

func (l *Log) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

// fail ends all writing.
func (l *Log) fail(doing string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = fmt.Errorf("%w: %s: %w", ErrFailed, doing, err)
	l.log.Error("evidence log has failed", "error", l.failed)
	return l.failed
}
