package telemetry

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/log"
)

// producer is where one producer stands. turn is held by the one Append of the producer that is between looking at the sequence
// and queueing, so that batches are queued in the order of their numbers.
type producer struct {
	turn chan struct{}

	mu       sync.Mutex
	position          // durable and in the head
	queued   position // greatest in the journal's queue
	waiting  []waiter // duplicates of what is queued but not durable
	failed   error    // the journal failed

	ahead int64 // commit time of the last batch with samples dated ahead, 0 when that is over; the journal's goroutine's
}

type waiter struct {
	at   position
	done func(Receipt, error)
}

func newProducer(p position) *producer {
	return &producer{turn: make(chan struct{}, 1), position: p, queued: p}
}

func (s *Store) producer(id uuid.UUID) *producer {
	s.producersMu.Lock()
	defer s.producersMu.Unlock()
	p := s.producers[id]
	if p == nil {
		p = newProducer(position{})
		s.producers[id] = p
	}
	return p
}

// LastSeq returns the last batch of a producer that is durable: it resumes with the next one of the same epoch, or with
// batch 1 of a greater epoch. A producer never heard of stands at 0, 0.
func (s *Store) LastSeq(id uuid.UUID) (epoch, seq uint64) {
	s.producersMu.Lock()
	p := s.producers[id]
	s.producersMu.Unlock()
	if p == nil {
		return 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch, p.seq
}

// Append is the door for all samples. producer numbers its batches from 1 in each epoch; a greater epoch fences off
// whoever still sends in an older one. b may be used again when Append returns. A batch without rows is accepted: it uses up
// its number, which is how a producer goes past a batch that was refused.
//
// A nil error means that done runs exactly once, after the batch is durable and readable, or with the error that kept
// the journal from making it so. done runs in the order of commits on the journal's goroutine, or, for a batch that is
// durable already, before Append returns; it must be fast, must not block and must not call Append. It may be nil.
//
// Errors, with nothing stored and done not called: *BatchError (refused whole), *SequenceError, ErrFenced, ErrBusy (the
// context ended while the store could not take more), log.ErrFull, log.ErrFailed, log.ErrTooLarge, ErrClosed.
func (s *Store) Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *Batch, done func(Receipt, error)) error {
	if s.closing.Load() {
		return ErrClosed
	}
	if done == nil {
		done = func(Receipt, error) {}
	}
	p := s.producer(producer)
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("append batch %d of producer %s: %w: %w", seq, producer, ErrBusy, ctx.Err())
	}
	defer func() { <-p.turn }()
	old, again, err := p.admit(producer, position{epoch, seq}, done)
	if err != nil {
		s.stats.refused.Add(1)
		return err
	}
	if again {
		s.stats.duplicates.Add(1)
		return nil
	}
	known := s.known.Load()
	w := s.prepared.Get().(*prepared)
	err = w.fill(b, known.types, func(r Ref) uuid.UUID {
		if int(r) < len(known.series) {
			return known.series[r].ID
		}
		return uuid.UUID{}
	})
	if err == nil {
		err = s.room.wait(ctx)
	} else {
		s.stats.refused.Add(1)
	}
	if err == nil && s.closing.Load() {
		err = ErrClosed
	}
	if err == nil {
		w.producer, w.epoch, w.seq = producer, epoch, seq
		w.encode()
		p.setQueued(w.epoch, w.seq)
		err = s.partition.Append(ctx, w.record, func(c log.Commit, err error) { s.committed(p, w, c, err, done) })
		if err != nil {
			p.setQueued(old.epoch, old.seq)
			err = fmt.Errorf("append batch %d of producer %s: %w", seq, producer, err)
		}
	}
	if err != nil {
		s.prepared.Put(w)
	}
	return err
}

// admit looks at a batch's number. again: it is a duplicate, whose done has run or will run when the original is durable.
func (p *producer) admit(id uuid.UUID, at position, done func(Receipt, error)) (old position, again bool, err error) {
	p.mu.Lock()
	switch q := p.queued; {
	case at.epoch < q.epoch:
		err = fmt.Errorf("append batch %d of producer %s in epoch %d, epoch %d has begun: %w", at.seq, id, at.epoch, q.epoch, ErrFenced)
	case at.epoch > q.epoch && at.seq != 1:
		err = &SequenceError{Producer: id, Epoch: at.epoch, Seq: at.seq, Want: 1}
	case at.epoch > q.epoch:
	case at.seq == 0 || at.seq > q.seq+1:
		err = &SequenceError{Producer: id, Epoch: at.epoch, Seq: at.seq, Want: q.seq + 1}
	case at.seq == q.seq+1:
	case at.epoch == p.epoch && at.seq <= p.seq:
		again = true
	case p.failed != nil:
		err = p.failed
	default:
		p.waiting = append(p.waiting, waiter{at, done})
		old = p.queued
		p.mu.Unlock()
		return old, true, nil
	}
	old = p.queued
	p.mu.Unlock()
	if again {
		done(Receipt{Duplicate: true}, nil)
	}
	return old, again, err
}

func (p *producer) setQueued(epoch, seq uint64) {
	p.mu.Lock()
	p.queued = position{epoch, seq}
	p.mu.Unlock()
}

// committed runs on the journal's goroutine, in the order of commits.
func (s *Store) committed(p *producer, w *prepared, c log.Commit, err error, done func(Receipt, error)) {
	at := position{w.epoch, w.seq}
	ahead := 0
	if err == nil {
		var open bool
		if ahead, open = s.insert(w, c.Number, c.Time); !open {
			err = ErrClosed // durable all the same: the journal is replayed when the store is opened again
		}
	}
	if err == nil {
		s.tellAhead(p, w, ahead, c.Time)
		s.stats.samples.Add(uint64(len(w.refs)))
		s.stats.batches.Add(1)
	} else {
		err = fmt.Errorf("store batch %d: %w", w.seq, err)
	}
	s.prepared.Put(w)
	p.mu.Lock()
	if err == nil {
		p.position = at
	} else {
		p.failed = err
	}
	var told []waiter
	for i := 0; i < len(p.waiting); {
		if d := p.waiting[i]; err != nil || d.at.epoch < at.epoch || d.at.epoch == at.epoch && d.at.seq <= at.seq {
			told = append(told, d)
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			continue
		}
		i++
	}
	p.mu.Unlock()
	if err != nil {
		done(Receipt{}, err)
	} else {
		done(Receipt{Commit: c.Number, CommitTime: c.Time}, nil)
	}
	for _, d := range told {
		if err != nil {
			d.done(Receipt{}, err)
		} else {
			d.done(Receipt{Duplicate: true}, nil)
		}
	}
}

// insert puts a committed batch into the head, and seals the head when it is full and the one before it is flushed. It
// tells how many of its samples are dated ahead, and whether the store was open to take it.
func (s *Store) insert(p *prepared, commit uint64, commitTime int64) (ahead int, open bool) {
	known := s.known.Load()
	s.insertMu.Lock()
	h := s.active
	if h == nil {
		s.insertMu.Unlock()
		return 0, false
	}
	var refs []uint32
	refs, s.late = h.insert(p, commit, commitTime, known.types, s.watch.before.Load(), s.late[:0])
	for _, ref := range refs {
		s.latest.ahead(Ref(ref))
	}
	s.inserted.Store(commit)
	s.watch.tell(commit, s.late)
	full := h.bytes() >= max(s.o.HeadBytes, 4*headSeriesBytes*int64(len(h.series)))
	s.insertMu.Unlock()
	if full {
		s.room.shut(s.sealIfFree)
	}
	return len(refs), true
}

// aheadOver is how long a producer must have sent nothing dated ahead before its trouble is over.
const aheadOver = 10 * time.Minute

// tellAhead counts samples dated ahead, and raises the trouble of the producer whose clock or device dates them so.
func (s *Store) tellAhead(p *producer, w *prepared, ahead int, commitTime int64) {
	switch {
	case ahead > 0:
		s.stats.future.Add(uint64(ahead))
		if p.ahead == 0 {
			s.raise(TroubleFuture, w.producer.String(), fmt.Errorf("%d of %d samples of a batch are dated more than %v ahead", ahead, len(w.refs), FutureAfter))
		}
		p.ahead = commitTime
	case p.ahead != 0 && commitTime-p.ahead > int64(aheadOver):
		s.clear(TroubleFuture, w.producer.String())
		p.ahead = 0
	}
}

// gate makes the door wait while both heads are full.
type gate struct {
	mu   sync.Mutex
	full chan struct{} // closed when there is room; nil while there is
}

// shut closes the gate unless the head could be sealed.
func (g *gate) shut(seal func() bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !seal() && g.full == nil {
		g.full = make(chan struct{})
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full != nil {
		close(g.full)
		g.full = nil
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	full := g.full
	g.mu.Unlock()
	if full == nil {
		return nil
	}
	select {
	case <-full:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}
