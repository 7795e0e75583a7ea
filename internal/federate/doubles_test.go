package federate

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// memDoor is a telemetry door that keeps the contract of the real one in memory: contiguous numbers per epoch,
// duplicates answered, done in order from another goroutine.
type memDoor struct {
	mu     sync.Mutex
	epoch  uint64
	last   uint64
	got    []sampleAt // every row, in commit order
	dup    int
	fail   error // every Append fails with it
	hold   chan struct{}
	queue  chan func()
	closed sync.WaitGroup
}

type sampleAt struct {
	ref  telemetry.Ref
	time int64
	bits uint64
}

func newMemDoor(t testing.TB) *memDoor {
	d := &memDoor{queue: make(chan func(), 1024)}
	d.closed.Go(func() {
		for f := range d.queue {
			f()
		}
	})
	t.Cleanup(func() { close(d.queue); d.closed.Wait() })
	return d
}

func (d *memDoor) LastSeq(uuid.UUID) (uint64, uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.epoch, d.last
}

func (d *memDoor) Append(_ context.Context, _ uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	rows := make([]sampleAt, b.Len())
	for i := range rows {
		rows[i] = sampleAt{b.Ref[i], b.Time[i], b.Bits[i]}
	}
	d.queue <- func() {
		d.mu.Lock()
		hold := d.hold
		d.mu.Unlock()
		if hold != nil {
			<-hold
		}
		r, err := d.take(epoch, seq, rows)
		done(r, err)
	}
	return nil
}

func (d *memDoor) take(epoch, seq uint64, rows []sampleAt) (telemetry.Receipt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return telemetry.Receipt{}, d.fail
	}
	if epoch < d.epoch {
		return telemetry.Receipt{}, telemetry.ErrFenced
	}
	if epoch == d.epoch && seq <= d.last {
		d.dup++
		return telemetry.Receipt{Duplicate: true}, nil
	}
	want := uint64(1)
	if epoch == d.epoch {
		want = d.last + 1
	}
	if seq != want {
		return telemetry.Receipt{}, &telemetry.SequenceError{Epoch: epoch, Seq: seq, Want: want}
	}
	for i, r := range rows {
		if r.bits == poison {
			return telemetry.Receipt{}, &telemetry.BatchError{Row: i, Series: uuid.UUID{byte(r.ref), 1}, Field: "bits", Reason: "poison"}
		}
	}
	d.epoch, d.last = epoch, seq
	d.got = append(d.got, rows...)
	return telemetry.Receipt{Commit: uint64(len(d.got))}, nil
}

// poison is a value that memDoor refuses, as telemetry would a row that it cannot store.
const poison = 0xdead

func (d *memDoor) rows() []sampleAt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.got)
}

// memSource is a spool in memory: batch i is held as item i-1.
type memSource struct {
	mu     sync.Mutex
	table  Table
	epoch  uint64
	items  [][]byte
	codec  Codec
	next   int
	acked  uint64
	more   chan struct{}
	aside  []Refusal
	rows   []sampleAt // set aside
	seeks  int
	ackedC chan uint64
}

func newMemSource(table Table) *memSource {
	return &memSource{table: table, epoch: 1, more: make(chan struct{}), ackedC: make(chan uint64, 100000)}
}

// put spools one batch of one row per place; its time tells it from all others.
func (s *memSource) put(at int64, places ...telemetry.Ref) {
	b := &telemetry.Batch{Origin: telemetry.Measured}
	for i, p := range places {
		b.Ref = append(b.Ref, p)
		b.Time = append(b.Time, at)
		b.Gateway = append(b.Gateway, at+5)
		b.Bits = append(b.Bits, uint64(at)+uint64(i))
	}
	s.putBatch(b)
}

func (s *memSource) putBatch(b *telemetry.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, must(s.codec.Append(nil, s.table, b)))
	close(s.more)
	s.more = make(chan struct{})
}

func (s *memSource) Resume(_ context.Context, epoch, seq uint64) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if epoch == s.epoch {
		s.next = int(seq)
	} else {
		s.next = 0
	}
	return s.epoch, nil
}

func (s *memSource) TryNext() (Item, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= len(s.items) {
		return Item{}, false, nil
	}
	s.next++
	return Item{Seq: uint64(s.next), Table: 1, Body: s.items[s.next-1]}, true, nil
}

func (s *memSource) Next(ctx context.Context) (Item, error) {
	for {
		s.mu.Lock()
		more := s.more
		s.mu.Unlock()
		if item, ok, err := s.TryNext(); ok || err != nil {
			return item, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return Item{}, ctx.Err()
		}
	}
}

func (s *memSource) TableBytes(uint64) ([]byte, error) { return s.table.Append(nil), nil }

func (s *memSource) Acked(a Ack) {
	s.mu.Lock()
	s.acked = max(s.acked, a.Seq)
	s.mu.Unlock()
	s.ackedC <- a.Seq
}

func (s *memSource) Seek(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.seeks = int(seq-1), s.seeks+1
	return nil
}

func (s *memSource) Refused(_ context.Context, f Refusal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aside = append(s.aside, f)
	var b, keep telemetry.Batch
	if err := s.codec.Decode(s.items[f.Seq-1], s.table, &b); err != nil {
		return err
	}
	keep.Origin = b.Origin
	for i, place := range b.Ref {
		refused := f.Whole || slices.ContainsFunc(f.Rows, func(r RefusedRow) bool { return r.Series == s.table[place].Series })
		if refused {
			s.rows = append(s.rows, sampleAt{place, b.Time[i], b.Bits[i]})
			continue
		}
		keep.Ref, keep.Time, keep.Gateway, keep.Bits = append(keep.Ref, place), append(keep.Time, b.Time[i]), append(keep.Gateway, b.Gateway[i]), append(keep.Bits, b.Bits[i])
	}
	s.items[f.Seq-1] = must(s.codec.Append(nil, s.table, &keep))
	s.next = int(f.Seq - 1)
	return nil
}

func (s *memSource) waitAcked(t testing.TB, seq uint64) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		acked := s.acked
		s.mu.Unlock()
		if acked >= seq {
			return
		}
		select {
		case <-s.ackedC:
		case <-timeout:
			t.Fatalf("acknowledged up to %d, want %d", acked, seq)
		}
	}
}
