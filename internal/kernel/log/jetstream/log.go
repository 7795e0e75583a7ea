package jetstream

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	api "github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/semaphore"

	"jingwei/internal/kernel/log"
)

// Log is an open journal in the cluster; *Log is a log.Journal. Its methods are safe for concurrent use.
//
// Three goroutines own its parts until Close: the committer sends groups and finds out what became of them, the
// acknowledger calls done functions, the steward trims and saves cursors.
type Log struct {
	o      Options
	nc     *nats.Conn
	js     api.JetStream
	stream api.Stream
	log    *slog.Logger
	owner  owner

	pending *semaphore.Weighted // bytes that Append may still queue
	queue   queue
	view    view
	cursors cursors
	stalled atomic.Pointer[string] // why the cluster does not take groups now

	tail   stored // of the newest group that was sealed; the committer's
	acks   chan *group
	trim   chan struct{}
	ending context.Context // ends CloseWait after Close was called
	end    context.CancelFunc

	closing   chan struct{}
	closeOnce sync.Once
	closeErr  error
	tasks     sync.WaitGroup
	stats     counters
}

var _ log.Journal = (*Log)(nil)

type counters struct{ records, groups, payload, sent, resent, recoveries, waits, fetched atomic.Uint64 }

// Stats are counts since Open and gauges of now.
type Stats struct {
	Records      uint64 // acknowledged
	Groups       uint64 // acknowledged by the cluster, one message each
	PayloadBytes uint64 // of the records
	SentBytes    uint64 // of the groups
	Resent       uint64 // groups that were sent again since their answer was lost
	Recoveries   uint64 // times at which the owner had to look what became of its groups
	Waits        uint64 // calls of Append that had to wait for room in memory
	FetchedBytes uint64 // that readers took from the cluster
	PendingBytes int64  // queued, not yet acknowledged
	StoredBytes  int64  // as Bytes
	Epoch        uint64 // of this owner
	Stalled      string // why the cluster does not take groups now; "" while it does
	Full         string // why there is no room; "" where there is
}

// Open makes the calling process the journal's owner and fences the one before. It waits for the cluster until ctx ends.
// Errors: *ConfigError, *DamageError, log.ErrFenced where a later epoch has been there.
func Open(ctx context.Context, o Options) (*Log, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	l := &Log{o: o, nc: o.Conn, log: o.Logger, pending: semaphore.NewWeighted(o.MaxPendingBytes),
		acks: make(chan *group, 64), trim: make(chan struct{}, 1), closing: make(chan struct{})}
	l.js, err = api.New(o.Conn, api.WithPublishAsyncMaxPending(4), api.WithPublishAsyncTimeout(o.AckWait))
	if err != nil {
		return nil, fmt.Errorf("open journal stream %s: %w", o.Stream, err)
	}
	if _, err := rand.Read(l.owner.instance[:]); err != nil {
		return nil, err
	}
	l.queue.init()
	l.view.init()
	if err := l.take(ctx); err != nil {
		l.js.CleanupPublisher()
		return nil, fmt.Errorf("open journal stream %s: %w", o.Stream, err)
	}
	l.ending, l.end = context.WithCancel(context.Background())
	l.tasks.Go(l.commit)
	l.tasks.Go(l.acknowledge)
	l.tasks.Go(l.steward)
	return l, nil
}

// take makes this the owner: it claims the cursors, so that a busy owner notices when he next saves them and leaves off, and
// writes the opening group behind the newest one. Until that stands the other is the owner; from then on he is not, whether
// he has noticed or not.
func (l *Log) take(ctx context.Context) error {
	if err := l.ensureStream(ctx); err != nil {
		return err
	}
	c := &l.cursors
	if err := c.open(ctx, l); err != nil {
		return err
	}
	claimed := false
	for {
		was, err := c.read(ctx, l) // before the state: what it tells was reached by then
		if err != nil {
			return err
		}
		state, err := l.state(ctx)
		if err != nil {
			return err
		}
		if state.LastSeq < c.reached {
			return &DamageError{l.o.Stream, state.LastSeq + 1, fmt.Sprintf("the stream ends before it, and messages up to %d at least were acknowledged: "+
				"a server that finds damage cuts off what follows it", c.reached)}
		}
		newest, err := l.newest(ctx, state)
		if err != nil {
			return err
		}
		mine := claimed && was.Owner == l.owner.name()
		if past := max(newest.owner.epoch, was.Epoch); !mine || past > l.owner.epoch {
			if l.o.Epoch != 0 && l.o.Epoch < past {
				return fmt.Errorf("%w: its epoch is %d, and this one's %d is older", log.ErrFenced, past, l.o.Epoch)
			}
			if l.owner.epoch = l.o.Epoch; l.owner.epoch == 0 {
				l.owner.epoch = past + 1
			}
			err := l.retry(ctx, "take the cursors over", func(ctx context.Context) error { return c.write(ctx, l, c.values, c.reached) })
			if err != nil && !isWrongLast(err) {
				return err
			}
			claimed = err == nil
			continue
		}
		opening := l.mark(newest, max(l.o.Now().UnixNano(), newest.time+1, newest.horizon+1))
		won, err := l.publishOpening(ctx, opening)
		if err != nil {
			return err
		}
		if !won {
			continue // the other wrote meanwhile: look again
		}
		first := &opening.stored
		if newest.sequence > 0 {
			if first, err = l.oldest(ctx); err != nil {
				return err
			}
		}
		l.begin(first, &opening.stored)
		return nil
	}
}

// name is the instance, for those who read messages with the tools of NATS.
func (o *owner) name() string { return hex.EncodeToString(o.instance[:]) }

// state is the stream's, as its leader tells it.
func (l *Log) state(ctx context.Context) (state api.StreamState, err error) {
	err = l.retry(ctx, "ask for the state of the stream", func(ctx context.Context) error {
		info, err := l.stream.Info(ctx)
		if err == nil {
			state = info.State
		}
		return err
	})
	return state, err
}

// newest reads the last group; of an empty journal it returns what the first one follows.
func (l *Log) newest(ctx context.Context, state api.StreamState) (*stored, error) {
	if state.LastSeq == 0 {
		return &stored{header: header{first: 1}}, nil
	}
	if state.Msgs == 0 {
		return nil, &DamageError{l.o.Stream, state.LastSeq, "all its messages were purged, and with them the last commit number and time"}
	}
	g, err := l.fetchOne(ctx, state.LastSeq)
	if errors.Is(err, errAbsent) {
		return nil, &DamageError{l.o.Stream, state.LastSeq, "the last message is missing"}
	}
	return g, err
}

// oldest reads the first group that was not trimmed.
func (l *Log) oldest(ctx context.Context) (*stored, error) {
	for {
		state, err := l.state(ctx)
		if err != nil {
			return nil, err
		}
		g, err := l.fetchOne(ctx, state.FirstSeq)
		if !errors.Is(err, errAbsent) {
			return g, err
		}
		again, err := l.state(ctx)
		if err != nil {
			return nil, err
		}
		if again.FirstSeq == state.FirstSeq { // not trimmed meanwhile
			return nil, &DamageError{l.o.Stream, state.FirstSeq, "the first message is missing"}
		}
	}
}

// publishOpening sends the opening group until the cluster says that it stands behind the newest, or that another does.
func (l *Log) publishOpening(ctx context.Context, g *group) (won bool, err error) {
	err = l.retry(ctx, "become the owner", func(ctx context.Context) error {
		_, err := l.js.PublishMsg(ctx, l.message(g), api.WithExpectLastSequence(g.sequence-1), api.WithExpectStream(l.o.Stream), api.WithRetryAttempts(0))
		if isWrongLast(err) { // perhaps by this very message, whose answer was lost
			found, err := l.fetchOne(ctx, g.sequence)
			if errors.Is(err, errAbsent) {
				return err // a replica that lags
			}
			won = err == nil && found.header == g.header
			return err
		}
		won = err == nil
		return err
	})
	return won, err
}

// begin makes what was found the state to go on from.
func (l *Log) begin(first, last *stored) {
	q, v := &l.queue, &l.view
	for i, r := range last.table {
		p := &Partition{log: l, name: r.name, id: i, queued: r.before, last: r.before}
		q.names[r.name] = p
		q.partitions = append(q.partitions, p)
	}
	q.next, q.closed, q.horizon = last.next(), last.time, last.horizon
	q.position, q.oldest = last.end(), first.position
	v.newest, v.last = last, last.last()
	v.trimmed(first)
	v.keep(last, l.o.CacheBytes)
	l.tail = *last
	l.tail.entries = nil
}

// Last returns the newest durable commit; its Number is 0 in an empty journal.
func (l *Log) Last() log.Commit {
	l.view.Lock()
	defer l.view.Unlock()
	return l.view.last
}

// First returns the oldest commit number still in the journal; in an empty one, the number that comes next.
func (l *Log) First() uint64 {
	l.view.Lock()
	defer l.view.Unlock()
	return l.view.first.first
}

// Closed is as log.Log.Closed, and across owners: this one tells no time as closed which he has not told the cluster
// before, by the horizon of a group. While nothing is appended, marks carry it, as long as somebody asks.
func (l *Log) Closed() int64 {
	q := &l.queue
	q.Lock()
	defer q.Unlock()
	if q.held == 0 && q.err == nil {
		now := l.o.Now().UnixNano()
		q.closed = max(q.closed, min(now, q.horizon))
		if now > q.horizon-int64(l.o.Promise)/2 {
			q.markDue = true
			poke(q.work)
		}
	}
	return q.closed
}

// Bytes returns the bytes of the groups in the stream; at most MaxBytes.
func (l *Log) Bytes() int64 {
	l.view.Lock()
	defer l.view.Unlock()
	return int64(l.view.newest.end() - l.view.first.position)
}

// Epoch returns this owner's.
func (l *Log) Epoch() uint64 { return l.owner.epoch }

// Stats returns the counts; they may be a group apart from each other.
func (l *Log) Stats() Stats {
	s := Stats{
		Records: l.stats.records.Load(), Groups: l.stats.groups.Load(), PayloadBytes: l.stats.payload.Load(),
		SentBytes: l.stats.sent.Load(), Resent: l.stats.resent.Load(), Recoveries: l.stats.recoveries.Load(),
		Waits: l.stats.waits.Load(), FetchedBytes: l.stats.fetched.Load(), StoredBytes: l.Bytes(), Epoch: l.owner.epoch,
	}
	if why := l.stalled.Load(); why != nil {
		s.Stalled = *why
	}
	l.queue.Lock()
	s.PendingBytes = l.queue.held
	if l.queue.full != nil {
		s.Full = l.queue.full.Error()
	}
	l.queue.Unlock()
	return s
}

// Close takes no more records, waits at most CloseWait for those that were taken, wakes readers with log.ErrClosed and
// saves the cursors. It must not be called from a done function. Where the journal had failed it returns that error;
// calling it again is harmless.
func (l *Log) Close() error {
	l.closeOnce.Do(func() {
		l.queue.stop(log.ErrClosed)
		deadline := time.AfterFunc(l.o.CloseWait, l.end)
		close(l.closing)
		l.tasks.Wait()
		if err := l.cursors.flush(l); err != nil {
			l.log.Warn("journal cursors were not saved", "stream", l.o.Stream, "error", err)
		}
		deadline.Stop()
		l.end()
		l.js.CleanupPublisher()
		l.view.Lock()
		l.closeErr = l.view.err
		l.view.err = log.ErrClosed
		l.view.cache = nil
		l.view.wakeAll()
		l.view.Unlock()
	})
	return l.closeErr
}

// Keep tells that a keeper named in Options needs the records from number from on, and none below. It is not durable:
// after Open each keeper says it again.
func (l *Log) Keep(keeper string, from uint64) error {
	if !slices.Contains(l.o.Keepers, keeper) {
		return fmt.Errorf("journal: %q is not one of its keepers %q", keeper, l.o.Keepers)
	}
	v := &l.view
	v.Lock()
	more := v.keeps[keeper] < from
	v.keeps[keeper] = from
	err := v.err
	v.Unlock()
	if more {
		l.queue.Lock()
		l.queue.full = nil // until the steward has looked, Append waits
		l.queue.Unlock()
		poke(l.trim)
	}
	return err
}

// poke wakes the one goroutine that listens to c, now or when it looks next.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
