package log

import (
	"context"
	"slices"
	"sync"
	"time"
)

// queue is where records become groups. A group gets its place in a segment when it is begun and never grows past the
// segment's end, so whatever was queued has its room on disk: a full journal says so to Append, never to done.
type queue struct {
	sync.Mutex
	err    error    // why nothing may be queued any more
	groups []*group // oldest first; the newest takes more records until the committer takes it
	held   int64    // bytes of records queued and not yet acknowledged
	closed int64    // commit time: what is dated at or before it is acknowledged, and no group will be dated so

	next    uint64     // number of the next record
	segment *segment   // of the newest group; nil before the journal's first
	off     int64      // where in it the next group begins
	ahead   []*segment // made and empty, in order
	full    error      // why no more of them can be made now

	names   map[string]*Partition
	numbers []*Partition // those that have a number: numbers[i] has i+1

	changed chan struct{} // closed and renewed when err, ahead or full change
	work    chan struct{} // a group waits
	rush    chan struct{} // the group that lingers need not any longer
	free    [][]byte
}

// group is what one write and one fdatasync make durable.
type group struct {
	segment *segment
	off     int64
	opening bool     // first of its segment
	before  []uint64 // opening: each partition's greatest number before it
	buf     []byte   // header room and entries
	first   uint64
	count   int
	payload int64
	held    int64
	spans   []span
	waiting []func(Commit, error)
	begun   time.Time // set where groups linger

	time  int64
	err   error // instead of a commit
	fatal error // a message in a group's clothes: tell OnFailure
}

// span is what a group holds of one partition.
type span struct {
	partition   *Partition
	first, last uint64
}

func (l *Log) enqueue(ctx context.Context, p *Partition, record []byte, held int64, done func(Commit, error)) error {
	q := &l.queue
	q.Lock()
	for {
		if q.err != nil {
			defer q.Unlock()
			return q.err
		}
		if l.place(p, record, held, done) {
			q.Unlock()
			poke(q.work)
			return nil
		}
		if q.full != nil {
			defer q.Unlock()
			return q.full
		}
		changed := q.changed
		q.Unlock()
		poke(l.steward.wake)
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		q.Lock()
	}
}

// place puts a record into the newest group or a new one; false tells that there is no segment for it.
func (l *Log) place(p *Partition, record []byte, held int64, done func(Commit, error)) bool {
	q := &l.queue
	size := entryHeaderBytes + len(record)
	if p.number == 0 {
		size += entryHeaderBytes + 8 + len(p.name)
	}
	var g *group
	if len(q.groups) > 0 {
		g = q.groups[len(q.groups)-1]
		length := len(g.buf) + size
		if length > l.o.MaxGroupBytes || g.off+padded(int64(length), g.segment.align) > g.segment.size {
			g = nil
		}
	}
	if g == nil {
		if g = l.begin(p, size); g == nil {
			return false
		}
	} else if p.number == 0 {
		q.define(p)
		g.buf = appendPartitionEntry(g.buf, p.number, 0, p.name)
	}
	g.buf = appendEntryHeader(g.buf, kindRecord, p.number, len(record))
	g.buf = append(g.buf, record...)
	g.count++
	g.payload += int64(len(record))
	g.held += held
	g.waiting = append(g.waiting, done)
	g.note(p, q.next)
	q.off = g.off + padded(int64(len(g.buf)), g.segment.align)
	q.held += held
	p.queued = q.next
	q.next++
	return true
}

// begin starts a group that will hold size bytes of entries at least, in the current segment or the next.
func (l *Log) begin(p *Partition, size int) *group {
	q := &l.queue
	g := &group{segment: q.segment, off: q.off, first: q.next}
	if q.segment == nil || q.off+padded(int64(groupHeaderBytes+size), q.segment.align) > q.segment.size {
		if len(q.ahead) == 0 {
			return nil
		}
		g.segment, g.off, g.opening = q.ahead[0], segmentHeaderBytes, true
		q.ahead = slices.Delete(q.ahead, 0, 1)
		q.segment = g.segment
		poke(l.steward.wake)
	}
	if len(q.groups) > 0 {
		poke(q.rush)
	}
	if l.o.Linger > 0 {
		g.begun = time.Now() // paces the committer and decides nothing
	}
	q.groups = append(q.groups, g)
	g.buf = q.buffer(groupHeaderBytes + size)[:groupHeaderBytes]
	defined := p.number != 0
	if !defined {
		q.define(p)
	}
	switch {
	case g.opening:
		for _, p := range q.numbers {
			g.before = append(g.before, p.queued)
			g.buf = appendPartitionEntry(g.buf, p.number, p.queued, p.name)
		}
	case !defined:
		g.buf = appendPartitionEntry(g.buf, p.number, 0, p.name)
	}
	return g
}

// define gives p its number.
func (q *queue) define(p *Partition) {
	q.numbers = append(q.numbers, p)
	p.number = uint16(len(q.numbers))
}

func (g *group) note(p *Partition, number uint64) {
	for i := range g.spans {
		if g.spans[i].partition == p {
			g.spans[i].last = number
			return
		}
	}
	g.spans = append(g.spans, span{p, number, number})
}

// buffer returns one of at least n bytes, used before if there is one.
func (q *queue) buffer(n int) []byte {
	if k := len(q.free); k > 0 && cap(q.free[k-1]) >= n {
		b := q.free[k-1]
		q.free = q.free[:k-1]
		return b[:0]
	}
	return make([]byte, 0, max(n, 16<<10))
}

// recycle takes a buffer back; few are kept, and none that one large record has grown.
func (q *queue) recycle(b []byte, maxGroup int) {
	if len(q.free) < 4 && cap(b) <= 2*maxGroup+maxAlign {
		q.free = append(q.free, b)
	}
}

// take removes the oldest group for the committer, or returns nil; stopped tells that none will follow.
func (q *queue) take() (g *group, stopped bool) {
	q.Lock()
	defer q.Unlock()
	if len(q.groups) == 0 {
		return nil, q.err != nil
	}
	g = q.groups[0]
	q.groups = slices.Delete(q.groups, 0, 1)
	return g, false
}

// promised returns the commit time that no further group may have.
func (q *queue) promised() int64 {
	q.Lock()
	defer q.Unlock()
	return q.closed
}

// stop lets nothing more in. The first reason stays, but for a failure that comes while closing.
func (q *queue) stop(err error) {
	q.Lock()
	if q.err == nil {
		q.err = err
	}
	q.announce()
	q.Unlock()
	poke(q.work)
	poke(q.rush)
}

func (q *queue) announce() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// poke wakes the one goroutine that listens to c, now or when it looks next.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
