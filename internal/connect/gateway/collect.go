package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/log"
	"jingwei/internal/telemetry"
)

// BadDataLost marks where samples of a point were dropped because the spool was full (OPC 10000-6, A.2: Bad_DataLost).
const BadDataLost telemetry.Status = 0x809D0000

const (
	batchRows  = 4000
	batchBytes = 256 << 10 // estimate at which a batch goes before its time
	// collectBytes bounds what waits for the journal. Beyond it links wait, and skip polls, until the disk is done.
	collectBytes = 4 << 20
	rowBytes     = 48 // what a row without text costs in memory, about
	// fullPause is how long a full spool is left alone when nothing in it was acknowledged.
	fullPause = 10 * time.Second
)

// collector gathers the outputs of all links into batches for the spool.
type collector struct {
	spool *spool
	every time.Duration
	rows  int
	now   func() time.Time
	log   *slog.Logger
	id    string // of the gateway, for trace ids

	wake   chan struct{}
	offers chan offer

	mu      sync.Mutex
	room    chan struct{} // closed and renewed when bytes shrink
	batches map[telemetry.Origin]*telemetry.Batch
	first   time.Time // when the oldest waiting row came; zero: none
	waiting int       // bytes in batches
	under   int       // bytes handed to the journal and not settled
	counts  document.Samples
	rate    rate

	// Used by the flushing goroutine. What was dropped since the spool was full, by place: the time of the first sample.
	lost   map[telemetry.Ref]int64
	oldest uint64    // the oldest record in the journal when it was found full
	retry  time.Time // when to try even though nothing was let go of: somebody else may have filled the disk
}

func newCollector(s *spool, o *Options, id string) *collector {
	return &collector{spool: s, every: o.Interval, rows: batchRows, now: o.Now, log: o.Logger, id: id, wake: make(chan struct{}, 1), offers: make(chan offer),
		room: make(chan struct{}), batches: map[telemetry.Origin]*telemetry.Batch{}, lost: map[telemetry.Ref]int64{}}
}

// outlet returns where a link puts its samples. places turn the link's point numbers into places of the series table.
func (c *collector) outlet(places []telemetry.Ref) driver.Outlet {
	return func(ctx context.Context, out []driver.Output) error {
		return c.take(ctx, out, places)
	}
}

func (c *collector) take(ctx context.Context, out []driver.Output, places []telemetry.Ref) error {
	c.mu.Lock()
	for c.waiting+c.under > collectBytes {
		room := c.room
		c.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	rows := 0
	for i := range out {
		o := &out[i]
		if int(o.Point) >= len(places) {
			continue
		}
		b := c.batches[o.Origin]
		if b == nil {
			b = &telemetry.Batch{Origin: o.Origin}
			c.batches[o.Origin] = b
		}
		bits := o.Value.Bits
		if o.Value.Type == telemetry.String {
			bits = uint64(len(b.Text))
			b.Text = append(b.Text, o.Value.Text)
		}
		b.Ref = append(b.Ref, places[o.Point])
		b.Time, b.Gateway, b.Bits = append(b.Time, o.Time), append(b.Gateway, o.Gateway), append(b.Bits, bits)
		b.Status, b.Flags = append(b.Status, o.Status), append(b.Flags, o.Flags)
		c.waiting += rowBytes + len(o.Value.Text)
		rows = max(rows, b.Len())
		// One call may bring more than a batch holds.
		if b.Len() >= c.rows || c.waiting >= collectBytes {
			c.poke()
		}
	}
	now := c.now()
	if c.first.IsZero() {
		c.first = now
		c.poke()
	}
	if rows >= c.rows || c.waiting >= batchBytes {
		c.poke()
	}
	c.counts.Taken += uint64(len(out))
	c.rate.add(now, len(out))
	return nil
}

func (c *collector) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run hands batches to the spool until ctx ends, then what is left. It returns when all of it is settled, or the
// reason why the journal takes nothing more.
func (c *collector) run(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-c.wake:
		case <-timer.C:
		case o := <-c.offers:
			done := o.done
			if _, _, err := c.spool.add(ctx, o.batch, func() { done <- nil }); err != nil {
				done <- err
			}
			continue
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return c.flush(last)
		}
		wait := c.due()
		if wait > 0 {
			timer.Reset(wait)
			continue
		}
		if err := c.flush(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// offer is a batch that somebody else than a link brings, and waits for.
type offer struct {
	batch *telemetry.Batch
	done  chan error // buffered
}

// again spools a batch whose Ref are places in the spool's table, and returns when it is durable. Errors: as spool.add.
func (c *collector) again(ctx context.Context, b *telemetry.Batch) error {
	o := offer{batch: b, done: make(chan error, 1)}
	select {
	case c.offers <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// due returns how long the waiting rows may still wait for company.
func (c *collector) due() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first.IsZero() {
		return time.Hour
	}
	if c.waiting >= batchBytes {
		return 0
	}
	for _, b := range c.batches {
		if b.Len() >= c.rows {
			return 0
		}
	}
	return c.every - c.now().Sub(c.first)
}

func (c *collector) flush(ctx context.Context) error {
	c.mu.Lock()
	batches := c.batches
	c.batches = map[telemetry.Origin]*telemetry.Batch{}
	c.first = time.Time{}
	bytes := c.waiting
	c.under += bytes
	c.waiting = 0
	c.mu.Unlock()
	rows := 0
	for _, b := range batches {
		rows += b.Len()
	}
	for _, origin := range slices.Sorted(maps.Keys(batches)) {
		for _, part := range split(batches[origin], c.rows) {
			size := bytes / rows * part.Len()
			if rows == part.Len() {
				size = bytes // the last one takes what rounding left
			}
			rows, bytes = rows-part.Len(), bytes-size
			if err := c.put(ctx, part, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// split cuts a batch that has outgrown what the link takes.
func split(b *telemetry.Batch, rows int) []*telemetry.Batch {
	var out []*telemetry.Batch
	for b.Len() > 0 {
		part := &telemetry.Batch{Origin: b.Origin, Text: b.Text}
		n, bytes := 0, 0
		for n < b.Len() && n < rows && (n == 0 || bytes < batchBytes) {
			bytes += rowBytes
			if len(b.Text) > 0 && b.Bits[n] < uint64(len(b.Text)) && b.Flags[n]&telemetry.NoValue == 0 {
				bytes += len(b.Text[b.Bits[n]]) // a number that happens to be small only makes the batch end early
			}
			n++
		}
		part.Ref, b.Ref = b.Ref[:n], b.Ref[n:]
		part.Time, b.Time = b.Time[:n], b.Time[n:]
		part.Gateway, b.Gateway = b.Gateway[:n], b.Gateway[n:]
		part.Bits, b.Bits = b.Bits[:n], b.Bits[n:]
		part.Status, b.Status = b.Status[:n], b.Status[n:]
		part.Flags, b.Flags = b.Flags[:n], b.Flags[n:]
		out = append(out, part)
	}
	return out
}

// put spools one batch. A full spool is no error here: the newest samples are dropped, counted, and marked once there
// is room again; polling goes on, because what is polled next may be what somebody watches.
func (c *collector) put(ctx context.Context, b *telemetry.Batch, size int) error {
	if len(c.lost) > 0 && c.spool.journal.First() == c.oldest && c.now().Before(c.retry) {
		// A small record might still fit where a large one did not; it would end the gap and begin the next.
		c.drop(b, size)
		return nil
	}
	if err := c.markLost(ctx); err != nil && !errors.Is(err, log.ErrFull) {
		c.settle(size, 0)
		return err
	}
	if len(c.lost) > 0 { // still full: order within a point is kept by dropping on
		c.oldest, c.retry = c.spool.journal.First(), c.now().Add(fullPause)
		c.drop(b, size)
		return nil
	}
	rows := b.Len()
	epoch, seq, err := c.spool.add(ctx, b, func() { c.settle(size, rows) })
	switch {
	case err == nil:
		c.log.Debug("spooled", "trace", fmt.Sprintf("%s-%d-%d", c.id, epoch, seq), "rows", rows)
		return nil
	case errors.Is(err, log.ErrFull):
		c.oldest, c.retry = c.spool.journal.First(), c.now().Add(fullPause)
		c.log.Error("the spool is full; new samples are dropped until the node takes the old ones", "error", err)
		c.drop(b, size)
		return nil
	case errors.Is(err, log.ErrFailed), errors.Is(err, log.ErrClosed), ctx.Err() != nil:
		c.settle(size, 0)
		return err
	}
	// A batch that cannot be encoded must not stop those after it.
	c.log.Error("samples cannot be spooled and are dropped", "error", err, "rows", rows)
	c.drop(b, size)
	return nil
}

func (c *collector) drop(b *telemetry.Batch, size int) {
	for i, ref := range b.Ref {
		if at, ok := c.lost[ref]; !ok || b.Time[i] < at {
			c.lost[ref] = b.Time[i]
		}
	}
	c.spool.setFull(true)
	c.settle(size, 0)
	c.mu.Lock()
	c.counts.Dropped += uint64(b.Len())
	c.mu.Unlock()
}

// markLost tells, once the spool has room, where the gap of each point begins.
func (c *collector) markLost(ctx context.Context) error {
	if len(c.lost) == 0 {
		return nil
	}
	now := c.now().UnixNano()
	marks := &telemetry.Batch{Origin: telemetry.Measured}
	for _, ref := range slices.Sorted(maps.Keys(c.lost)) {
		marks.Ref, marks.Time, marks.Gateway = append(marks.Ref, ref), append(marks.Time, c.lost[ref]), append(marks.Gateway, now)
		marks.Bits, marks.Status, marks.Flags = append(marks.Bits, 0), append(marks.Status, BadDataLost), append(marks.Flags, telemetry.NoValue)
	}
	for _, part := range split(marks, c.rows) {
		if _, _, err := c.spool.add(ctx, part, func() {}); err != nil {
			return err
		}
		for _, ref := range part.Ref {
			delete(c.lost, ref)
		}
	}
	c.spool.setFull(false)
	c.log.Info("the spool has room again; dropped samples are marked", "points", marks.Len())
	return nil
}

// settle gives back the memory of rows that are durable (spooled > 0) or given up.
func (c *collector) settle(bytes, spooled int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under -= bytes
	c.counts.Spooled += uint64(spooled)
	close(c.room)
	c.room = make(chan struct{})
}

func (c *collector) acked(samples uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Acked += samples
}

func (c *collector) status() document.Samples {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.counts
	out.PerSecond = c.rate.perSecond(c.now())
	return out
}

// rate counts events over the last ten whole seconds.
type rate struct {
	slots [rateSeconds + 1]struct {
		second int64
		n      int
	}
}

const rateSeconds = 10

func (r *rate) add(now time.Time, n int) {
	sec := now.Unix()
	s := &r.slots[int(sec%int64(len(r.slots)))]
	if s.second != sec {
		s.second, s.n = sec, 0
	}
	s.n += n
}

func (r *rate) perSecond(now time.Time) float64 {
	total := 0
	for _, s := range r.slots {
		if age := now.Unix() - s.second; age >= 1 && age <= rateSeconds {
			total += s.n
		}
	}
	return float64(total) / rateSeconds
}
