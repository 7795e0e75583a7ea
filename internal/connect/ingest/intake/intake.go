package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// ErrClosed: Run has ended; nothing more is taken.
var ErrClosed = errors.New("the intake is closed")

// Appender is the door of the store; *telemetry.Store is one.
type Appender interface {
	Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error
	LastSeq(producer uuid.UUID) (epoch, seq uint64)
}

// Options build an Intake. Store and Producer are required.
type Options struct {
	Store    Appender
	Producer uuid.UUID        // the source's id
	Origin   telemetry.Origin // default telemetry.Measured
	MaxBytes int              // under way, not yet durable; default 32 MiB. Put waits beyond it
	MaxRows  int              // of one append; default and at most telemetry.MaxRows
	Appends  int              // under way at once; default 2: while one is synced the next is encoded, and the next gathers
	Linger   time.Duration    // the longest that a message waits for company before it is appended, where company comes; default 0
	Drain    time.Duration    // how long Run goes on after its context has ended to make durable what it holds; default 5 s
	Logger   *slog.Logger
}

// Bytes that a row takes in a batch beside its text, and beyond which texts close a batch: the journal's records are bounded.
const (
	rowBytes   = 40
	batchTexts = 4 << 20
	partBytes  = 64
)

// Intake gathers the messages of one producer into appends. Put copies a message into the open batch; Run alone appends,
// numbers and splits; the journal's goroutine tells what became of each append, in their order.
type Intake struct {
	o     Options
	room  *semaphore.Weighted // bytes that Put may still take
	wake  chan struct{}       // to Run: there are rows to append, or an append has landed
	timer *time.Timer         // to Run: the open batch has waited for Linger
	stats counters

	mu     sync.Mutex
	open   *batch    // takes rows; nil when there are none
	ripe   bool      // the open batch waits for no more company
	opened time.Time // when its first message came, and its last, while it waits
	latest time.Time
	alone  int      // batches to come that wait for nobody, because waiting has not paid
	sealed []*batch // full, waiting for Run
	free   []*batch
	closed bool

	flightMu sync.Mutex
	stalled  bool     // Run waits for an append to land
	flight   []*batch // in the order of Put; the first are answered first
	appends  int      // of them in the journal's hands
	telling  bool     // a goroutine is calling dones
	failing  bool     // the last answer was that of a store that could not; under telling
}

type counters struct{ rows, messages, batches, refused, failed, bytes atomic.Int64 }

// Stats are counts since New, and Bytes of now.
type Stats struct {
	Rows     int64 // durable
	Messages int64 // durable
	Batches  int64 // appended for them
	Refused  int64 // messages that the store did not take for what is in them
	Failed   int64 // messages that the store could not take
	Bytes    int64 // under way
}

// batch is rows of several messages on their way.
type batch struct {
	rows    telemetry.Batch
	strings []int32 // rows whose Bits are an index into Text
	texts   int     // bytes of Text
	parts   []part
	bytes   int64

	landed bool
	err    error
}

// part is where a message ends in its batch.
type part struct {
	rows, strings int // exclusive
	bytes         int64
	done          func(error)
}

// New makes an intake. Rows put before Run begins wait for it.
func New(o Options) *Intake {
	if o.Origin == 0 {
		o.Origin = telemetry.Measured
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 32 << 20
	}
	if o.MaxRows <= 0 || o.MaxRows > telemetry.MaxRows {
		o.MaxRows = telemetry.MaxRows
	}
	if o.Appends <= 0 {
		o.Appends = 2
	}
	if o.Drain <= 0 {
		o.Drain = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Intake{o: o, room: semaphore.NewWeighted(int64(o.MaxBytes)), wake: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
}

// Stats returns the counts.
func (in *Intake) Stats() Stats {
	c := &in.stats
	return Stats{Rows: c.rows.Load(), Messages: c.messages.Load(), Batches: c.batches.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Bytes: c.bytes.Load()}
}

// Put copies a message into the open batch. It waits while MaxBytes are under way: that is the pressure on the sender's
// socket. Messages that follow each other are made durable and answered in that order; a message without rows is answered
// once all before it are.
//
// A nil error means that done runs exactly once, on the committer's goroutine: it must be fast and must not block or call
// Put. nil: durable and readable. *telemetry.BatchError: the store refuses this message, its Row counts within it, and
// none of it is stored. Another error: the store could not take it; the sender must not be told that it was taken.
//
// Errors, with done not called: *telemetry.BatchError (more rows than MaxRows), ErrClosed, and that of the context.
func (in *Intake) Put(ctx context.Context, m *Message, done func(error)) error {
	n := m.Len()
	if n > in.o.MaxRows {
		return &telemetry.BatchError{Row: -1, Field: "rows", Value: strconv.Itoa(n), Reason: "send at most " + strconv.Itoa(in.o.MaxRows) + " rows in one message"}
	}
	texts := 0
	for _, s := range m.rows.Text {
		texts += len(s)
	}
	bytes := min(int64(partBytes+n*rowBytes+texts), int64(in.o.MaxBytes))
	if err := in.room.Acquire(ctx, bytes); err != nil {
		return fmt.Errorf("wait for room: %w", err)
	}
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		in.room.Release(bytes)
		return ErrClosed
	}
	b, first, sealed := in.open, false, false
	if b != nil && (b.rows.Len()+n > in.o.MaxRows || b.texts+texts > batchTexts) {
		in.sealed = append(in.sealed, b)
		b, sealed = nil, true
	}
	if b == nil {
		b, first = in.take(), true
		in.open = b
	}
	b.add(&m.rows, m.strings, texts, bytes, done)
	due := in.ripen(first) || sealed
	in.mu.Unlock()
	in.stats.bytes.Add(bytes)
	if due {
		in.poke()
	}
	return nil
}

// lonely is for how many batches nothing is waited for after a wait in vain, in which nothing came after the beginning:
// senders that wait for each acknowledgement before they send their next message would otherwise pay Linger for each.
const lonely = 32

// ripen tells whether Run is to be woken for the open batch, whose first message has come, or another: where messages
// come one by one they wait for each other, so that many devices that each send now and then share a sync of the disk.
// in.mu is held.
func (in *Intake) ripen(first bool) bool {
	if first {
		in.ripe = in.o.Linger <= 0 || in.alone > 0 || in.open.company()
		in.alone = max(in.alone-1, 0)
		if !in.ripe {
			in.opened = time.Now()
			in.latest = in.opened
			in.timer.Reset(in.o.Linger)
		}
		return in.ripe
	}
	if in.ripe {
		return false
	}
	if in.ripe = in.open.company(); !in.ripe {
		in.latest = time.Now()
	}
	return in.ripe
}

// waited is called when the timer has gone off.
func (in *Intake) waited() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.open == nil || in.ripe {
		return
	}
	in.ripe = true
	if in.latest.Sub(in.opened) < in.o.Linger/4 {
		in.alone = lonely
	}
}

// company tells that a batch has enough messages, or rows, to be worth an append of its own.
func (b *batch) company() bool { return len(b.parts) >= 32 || b.rows.Len() >= 2000 }

func (in *Intake) poke() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// take returns an empty batch; in.mu is held.
func (in *Intake) take() *batch {
	if n := len(in.free); n > 0 {
		b := in.free[n-1]
		in.free = in.free[:n-1]
		return b
	}
	return &batch{rows: telemetry.Batch{Origin: in.o.Origin}}
}

// give takes back a batch that has been answered. A few are kept; what has held large texts is not.
func (in *Intake) give(b *batch) {
	r := &b.rows
	clear(r.Text)
	clear(b.parts)
	r.Ref, r.Time, r.Gateway, r.Bits = r.Ref[:0], r.Time[:0], r.Gateway[:0], r.Bits[:0]
	r.Status, r.Flags, r.Text = r.Status[:0], r.Flags[:0], r.Text[:0]
	b.strings, b.parts, b.texts, b.bytes, b.landed, b.err = b.strings[:0], b.parts[:0], 0, 0, false, nil
	in.mu.Lock()
	if len(in.free) <= in.o.Appends+1 {
		in.free = append(in.free, b)
	}
	in.mu.Unlock()
}

// add appends the rows of a message.
func (b *batch) add(m *telemetry.Batch, strings []int32, texts int, bytes int64, done func(error)) {
	r := &b.rows
	row, text := len(r.Ref), uint64(len(r.Text))
	r.Ref = append(r.Ref, m.Ref...)
	r.Time = append(r.Time, m.Time...)
	r.Gateway = append(r.Gateway, m.Gateway...)
	r.Bits = append(r.Bits, m.Bits...)
	r.Status = append(r.Status, m.Status...)
	r.Flags = append(r.Flags, m.Flags...)
	r.Text = append(r.Text, m.Text...)
	for _, i := range strings {
		r.Bits[row+int(i)] += text
		b.strings = append(b.strings, int32(row)+i)
	}
	b.texts += texts
	b.bytes += bytes
	b.parts = append(b.parts, part{rows: len(r.Ref), strings: len(b.strings), bytes: bytes, done: done})
}

// Run appends what is put until ctx ends, and then what it still holds. It returns when everything has been answered, or
// Drain has passed.
func (in *Intake) Run(ctx context.Context) error {
	defer in.timer.Stop()
	epoch, _ := in.o.Store.LastSeq(in.o.Producer)
	w := &writer{in: in, epoch: epoch + 1, seq: 1}
	for ctx.Err() == nil {
		b := in.next()
		if b == nil {
			select {
			case <-in.wake:
			case <-in.timer.C:
				in.waited()
			case <-ctx.Done():
			}
			continue
		}
		w.append(ctx, b)
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), in.o.Drain)
	defer cancel()
	in.mu.Lock()
	in.closed = true
	rest := in.sealed
	if in.open != nil {
		rest = append(rest, in.open)
	}
	in.open, in.sealed = nil, nil
	in.mu.Unlock()
	for _, b := range rest {
		w.append(end, b)
	}
	for {
		in.flightMu.Lock()
		idle := len(in.flight) == 0 && !in.telling
		in.stalled = true
		in.flightMu.Unlock()
		if idle {
			return nil
		}
		select {
		case <-in.wake:
		case <-end.Done():
			return fmt.Errorf("producer %s: not all was made durable within %v of the end", in.o.Producer, in.o.Drain)
		}
	}
}

// next returns the batch to append now, nil when there is none yet.
func (in *Intake) next() *batch {
	in.flightMu.Lock()
	in.stalled = in.appends >= in.o.Appends
	stalled := in.stalled
	in.flightMu.Unlock()
	if stalled {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.sealed) > 0 {
		b := in.sealed[0]
		in.sealed[0] = nil
		in.sealed = in.sealed[1:]
		return b
	}
	if !in.ripe {
		return nil
	}
	b := in.open
	in.open = nil
	return b
}

// writer is Run's: it numbers the appends.
type writer struct {
	in         *Intake
	epoch, seq uint64
}

// append hands a batch to the store, and its messages one by one where the store refuses it as a whole, so that what is
// wrong with one harms no other.
func (w *writer) append(ctx context.Context, b *batch) {
	in := w.in
	if b.rows.Len() == 0 {
		in.launch(b, 0)
		in.land(b, 0, nil)
		return
	}
	in.launch(b, 1)
	err := in.o.Store.Append(ctx, in.o.Producer, w.epoch, w.seq, &b.rows, func(_ telemetry.Receipt, err error) { in.land(b, 1, err) })
	if err == nil {
		w.seq++
		in.stats.batches.Add(1)
		return
	}
	var refused *telemetry.BatchError
	if len(b.parts) == 1 || !errors.As(err, &refused) && !errors.Is(err, log.ErrTooLarge) {
		in.land(b, 1, err)
		return
	}
	in.recall(b)
	from := part{}
	for _, p := range b.parts {
		w.append(ctx, in.split(b, from, p))
		from = p
	}
	in.give(b)
}

// split copies one message of a batch into a batch of its own.
func (in *Intake) split(b *batch, from, to part) *batch {
	in.mu.Lock()
	one := in.take()
	in.mu.Unlock()
	r := &b.rows
	m := telemetry.Batch{Ref: r.Ref[from.rows:to.rows], Time: r.Time[from.rows:to.rows], Gateway: r.Gateway[from.rows:to.rows],
		Bits: r.Bits[from.rows:to.rows], Status: r.Status[from.rows:to.rows], Flags: r.Flags[from.rows:to.rows]}
	var strings []int32
	texts := 0
	for _, i := range b.strings[from.strings:to.strings] {
		strings = append(strings, i-int32(from.rows))
		s := r.Text[r.Bits[i]]
		texts += len(s)
		m.Text = append(m.Text, s)
	}
	for k, i := range strings { // one text for each such row, in their order
		m.Bits[i] = uint64(k)
	}
	one.add(&m, strings, texts, to.bytes, to.done)
	return one
}

// launch puts a batch at the end of those under way; appends is 1 when the store gets it.
func (in *Intake) launch(b *batch, appends int) {
	in.flightMu.Lock()
	in.flight = append(in.flight, b)
	in.appends += appends
	in.flightMu.Unlock()
}

// recall takes back the batch that was launched last.
func (in *Intake) recall(b *batch) {
	in.flightMu.Lock()
	in.flight[len(in.flight)-1] = nil
	in.flight = in.flight[:len(in.flight)-1]
	in.appends--
	in.flightMu.Unlock()
}

// land notes what became of a batch and answers all that are next in turn. Another goroutine may be at that already: it
// then answers these too.
func (in *Intake) land(b *batch, appends int, err error) {
	in.flightMu.Lock()
	b.landed, b.err = true, err
	in.appends -= appends
	if in.telling {
		in.flightMu.Unlock()
		return
	}
	in.telling = true
	for len(in.flight) > 0 && in.flight[0].landed {
		b := in.flight[0]
		in.flight[0] = nil
		in.flight = in.flight[1:]
		in.flightMu.Unlock()
		in.answer(b)
		in.flightMu.Lock()
	}
	in.telling = false
	stalled := in.stalled
	in.flightMu.Unlock()
	if stalled {
		in.poke()
	}
}

func (in *Intake) answer(b *batch) {
	messages := int64(len(b.parts))
	var refused *telemetry.BatchError
	switch {
	case b.err == nil:
		in.stats.rows.Add(int64(b.rows.Len()))
		in.stats.messages.Add(messages)
		in.failing = false
	case errors.As(b.err, &refused):
		in.stats.refused.Add(messages)
	default:
		in.stats.failed.Add(messages)
		if !in.failing { // once for each time that it lasts
			in.o.Logger.Warn("messages cannot be stored; their senders are not acknowledged", "producer", in.o.Producer, "error", b.err)
		}
		in.failing = true
	}
	for i := range b.parts {
		b.parts[i].done(b.err)
	}
	in.room.Release(b.bytes)
	in.stats.bytes.Add(-b.bytes)
	in.give(b)
}
