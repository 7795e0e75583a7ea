package jetstream

import (
	"context"
	"errors"

	"jingwei/internal/kernel/log"
)

// Reader gives the records of one partition in the order of their numbers: those that the cluster has acknowledged. Who
// keeps up reads from memory, who does not from the cluster, batch by batch. A reader belongs to one goroutine and holds
// memory only: its place is a sequence of the stream, so that it goes on by itself after the connection was lost.
type Reader struct {
	p    *Partition
	next uint64 // the least number still wanted
	err  error  // damage; it does not go away

	sequence uint64    // of the group to parse next; 0: to be found
	before   *stored   // the group before that, where it was read
	ahead    []*stored // groups from sequence on

	group  *stored // the current one
	rest   []byte  // its entries that are still to come
	number uint64  // of the first of them
	id     int     // the partition's place in the table
}

var _ log.Records = (*Reader)(nil)

// Records returns a reader of the records with a number of at least from, be they there already or still to come.
func (p *Partition) Records(from uint64) log.Records {
	return &Reader{p: p, next: max(from, 1)}
}

// Next returns the next record, and waits for it until ctx ends. Errors: that of ctx; *log.TrimmedError (the next call goes
// on from First); *DamageError; log.ErrFailed once a failed journal has no more durable records; log.ErrClosed; and while
// the cluster cannot be read, what it says: the next call tries again.
func (r *Reader) Next(ctx context.Context) (log.Record, error) {
	for {
		rec, ok, grown, err := r.step(ctx, true)
		if ok || err != nil {
			return rec, err
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return log.Record{}, ctx.Err()
		}
	}
}

// TryNext is Next without waiting for a record that does not exist yet: false tells that there is no further durable one
// now. Where the cluster must be asked it waits at most ReadWait for it.
func (r *Reader) TryNext() (log.Record, bool, error) {
	rec, ok, _, err := r.step(context.Background(), false)
	return rec, ok, err
}

func (r *Reader) step(ctx context.Context, wait bool) (rec log.Record, ok bool, grown chan struct{}, err error) {
	for {
		for len(r.rest) > 0 {
			var partition int
			var data []byte
			partition, data, r.rest = cut(r.rest)
			n := r.number
			r.number++
			if n >= r.next && partition == r.id {
				r.next = n + 1
				return log.Record{Commit: log.Commit{Number: n, Time: r.group.time}, Data: data}, true, nil, nil
			}
		}
		if r.err != nil {
			return rec, false, nil, r.err
		}
		if len(r.ahead) > 0 {
			if r.err = r.enter(r.ahead[0]); r.err != nil {
				return rec, false, nil, r.err
			}
			r.ahead = r.ahead[1:]
			continue
		}
		more, grown, err := r.refill(ctx, wait)
		if err != nil || !more {
			var damage *DamageError
			if errors.As(err, &damage) {
				r.err = err
			}
			return rec, false, grown, err
		}
	}
}

// enter makes a group the current one.
func (r *Reader) enter(g *stored) error {
	if r.before != nil {
		if err := g.follows(r.before); err != nil {
			return &DamageError{r.p.log.o.Stream, g.sequence, err.Error()}
		}
	}
	r.group, r.rest, r.number, r.id = g, g.entries, g.first, -1
	for i := range g.table {
		if g.table[i].name == r.p.name {
			r.id = i
		}
	}
	if r.id < 0 {
		r.rest = nil
	}
	r.before, r.sequence = g, g.sequence+1
	return nil
}

// refill gets groups ahead. Where there is nothing to read it says so, with a channel that tells of the next (if wait).
func (r *Reader) refill(ctx context.Context, wait bool) (more bool, grown chan struct{}, err error) {
	l, v, p := r.p.log, &r.p.log.view, r.p
	v.Lock()
	if v.err == log.ErrClosed {
		v.Unlock()
		return false, nil, log.ErrClosed
	}
	if p.last < r.next {
		defer v.Unlock()
		r.next = max(r.next, v.last.Number+1) // what is there now holds nothing for us
		if v.err != nil {
			return false, nil, v.err
		}
		if wait {
			grown = v.wait(p)
		}
		return false, grown, nil
	}
	switch {
	case r.next > p.prev && p.tail > r.sequence:
		r.stand(p.tail) // straight to the only group that can have it
	case r.sequence < v.first.sequence:
		if v.before(p) >= r.next {
			first := v.first.first
			r.next = first
			r.stand(v.first.sequence)
			v.Unlock()
			return false, nil, &log.TrimmedError{First: first}
		}
		r.next = max(r.next, v.first.first)
		r.stand(0)
	}
	sequence, limit := r.sequence, v.newest.sequence
	if sequence != 0 {
		r.ahead = v.from(sequence)
	}
	v.Unlock()
	if len(r.ahead) > 0 {
		return true, nil, nil
	}
	if sequence == 0 {
		at, err := l.locate(ctx, func(at place) bool { return at.first <= r.next })
		if err != nil {
			return false, nil, r.broken(ctx, err)
		}
		r.stand(at.sequence)
		return true, nil, nil
	}
	if r.ahead, err = l.fetch(ctx, sequence, limit); err == nil {
		return true, nil, nil
	}
	if errors.Is(err, errAbsent) {
		v.Lock()
		trimmed := v.first.sequence > sequence
		v.Unlock()
		if trimmed {
			return true, nil, nil // the next round tells
		}
		err = &DamageError{l.o.Stream, sequence, "the message is missing"}
	}
	return false, nil, r.broken(ctx, err)
}

// broken is what a read that failed comes to.
func (r *Reader) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-r.p.log.closing:
		return log.ErrClosed
	default:
		return err
	}
}

// stand moves the reader to a sequence, 0 for one that is to be found.
func (r *Reader) stand(sequence uint64) {
	if sequence == 0 || sequence != r.sequence {
		r.sequence, r.before, r.ahead = sequence, nil, nil
	}
}
