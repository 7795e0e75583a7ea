package jetstream

import (
	"context"
	"fmt"
	"sync"

	"jingwei/internal/kernel/log"
)

// Partition is one of the logical journals that share the stream.
type Partition struct {
	log  *Log
	name string

	// Under queue's lock.
	id     int    // its place in the groups' tables; -1 until its first record is queued
	queued uint64 // greatest number

	// Under view's lock.
	last uint64        // greatest durable number
	tail uint64        // sequence of the newest group that has records of it; 0 where none came since Open
	prev uint64        // the partition's greatest number before that group
	wake chan struct{} // closed when last grows; nil while nobody waits
}

// queue is where records become groups. A group has its room when it is begun: a full journal says so to Append,
// never to done.
type queue struct {
	sync.Mutex
	err     error    // why nothing may be queued any more
	groups  []*group // oldest first; the newest takes more records until the committer takes it
	held    int64    // bytes of records queued and not yet acknowledged
	closed  int64    // commit time: what is dated at or before it is acknowledged, and no group will be dated so
	horizon int64    // the newest one that the cluster has
	markDue bool     // a mark should tell a later horizon

	next     uint64 // number of the next record
	position uint64 // behind the groups that are queued, tables not counted
	oldest   uint64 // position of the first group in the stream
	waiting  int    // callers of Append that wait for room
	full     error  // why there is none

	names      map[string]*Partition
	partitions []*Partition // those that have an id, by it

	changed chan struct{} // closed and renewed when err, oldest or full change
	work    chan struct{} // a group waits, or a mark is due
}

// group is what one message makes durable.
type group struct {
	stored
	buf     []byte // header room and entries, then the whole
	payload int64
	held    int64
	waiting []func(log.Commit, error)
	spans   []span
	err     error // instead of a commit
	fatal   error // a message in a group's clothes: tell OnFailure
}

// span is what a group holds of one partition.
type span struct {
	partition           *Partition
	before, first, last uint64
}

func (q *queue) init() {
	q.names = map[string]*Partition{}
	q.changed, q.work = make(chan struct{}), make(chan struct{}, 1)
}

// Topic returns the partition of that name (1 to 64 printable ASCII characters; at most 256 in a journal). It comes into
// being durably with its first record.
func (l *Log) Topic(name string) (log.Topic, error) {
	if err := log.CheckName("partition", name); err != nil {
		return nil, err
	}
	q := &l.queue
	q.Lock()
	defer q.Unlock()
	p := q.names[name]
	if p == nil {
		if len(q.names) == log.MaxPartitions {
			return nil, fmt.Errorf("journal: no room for partition %q beside the %d that are there", name, log.MaxPartitions)
		}
		p = &Partition{log: l, name: name, id: -1}
		q.names[name] = p
	}
	return p, nil
}

// Name returns the name.
func (p *Partition) Name() string { return p.name }

// Append queues one record, which it copies. Where more than MaxPendingBytes are queued already, because the cluster has no
// quorum or is slow, it waits for ctx; the error then says why.
//
// An error tells that the record was not queued: log.ErrTooLarge, ErrFull, ErrClosed, ErrFailed or the error of ctx.
// Otherwise done is called as log.Partition.Append says. While the cluster has no quorum, done is not called.
func (p *Partition) Append(ctx context.Context, record []byte, done func(log.Commit, error)) error {
	l := p.log
	if len(record) > l.o.MaxRecordBytes {
		return fmt.Errorf("append %d bytes to journal partition %s: %w: at most %d are allowed", len(record), p.name, log.ErrTooLarge, l.o.MaxRecordBytes)
	}
	held := min(int64(len(record))+entryHeaderBytes, l.o.MaxPendingBytes)
	if !l.pending.TryAcquire(held) {
		l.stats.waits.Add(1)
		if err := l.pending.Acquire(ctx, held); err != nil {
			if why := l.stalled.Load(); why != nil {
				return fmt.Errorf("append to journal partition %s: %w: the cluster takes nothing: %s", p.name, err, *why)
			}
			return fmt.Errorf("append to journal partition %s: %w", p.name, err)
		}
	}
	if err := l.enqueue(ctx, p, record, held, done); err != nil {
		l.pending.Release(held)
		return fmt.Errorf("append to journal partition %s: %w", p.name, err)
	}
	return nil
}

func (l *Log) enqueue(ctx context.Context, p *Partition, record []byte, held int64, done func(log.Commit, error)) error {
	q := &l.queue
	q.Lock()
	defer q.Unlock()
	for {
		if q.err != nil {
			return q.err
		}
		if l.place(p, record, held, done) {
			poke(q.work)
			return nil
		}
		if q.full != nil {
			return q.full
		}
		changed := q.changed
		q.waiting++
		q.Unlock()
		poke(l.trim)
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			err = ctx.Err()
		}
		q.Lock()
		q.waiting--
		if err != nil {
			return err
		}
	}
}

// place puts a record into the newest group or a new one; false tells that there is no room in the journal.
func (l *Log) place(p *Partition, record []byte, held int64, done func(log.Commit, error)) bool {
	q := &l.queue
	size := entryHeaderBytes + len(record)
	row := 0
	if p.id < 0 {
		row = tableRowBytes + len(p.name)
	}
	var g *group
	if n := len(q.groups); n > 0 {
		if g = q.groups[n-1]; len(g.buf)+size > l.o.MaxGroupBytes {
			g = nil
		}
	}
	need := size + row
	if g == nil {
		need += groupHeaderBytes
		for _, other := range q.partitions {
			need += tableRowBytes + len(other.name)
		}
	}
	if int64(q.position-q.oldest)+int64(need) > l.o.MaxBytes {
		return false
	}
	q.position += uint64(need)
	if g == nil {
		g = &group{buf: make([]byte, groupHeaderBytes, max(groupHeaderBytes+size, 4<<10))}
		g.first = q.next
		for _, other := range q.partitions {
			g.table = append(g.table, tableRow(other))
		}
		q.groups = append(q.groups, g)
	}
	if p.id < 0 {
		p.id = len(q.partitions)
		q.partitions = append(q.partitions, p)
		g.table = append(g.table, tableRow(p))
	}
	g.buf = appendEntry(g.buf, p.id, record)
	g.count++
	g.payload += int64(len(record))
	g.held += held
	g.waiting = append(g.waiting, done)
	g.note(p, q.next)
	q.held += held
	p.queued = q.next
	q.next++
	return true
}

func tableRow(p *Partition) row { return row{before: p.queued, name: p.name} }

func (g *group) note(p *Partition, number uint64) {
	for i := range g.spans {
		if g.spans[i].partition == p {
			g.spans[i].last = number
			return
		}
	}
	g.spans = append(g.spans, span{p, p.queued, number, number})
}

// takeGroup removes the oldest group for the committer, or makes a mark where one is due; stopped tells that no more
// records will come.
func (q *queue) takeGroup(l *Log) (g *group, stopped bool) {
	q.Lock()
	defer q.Unlock()
	stopped = q.err != nil
	if len(q.groups) > 0 {
		g = q.groups[0]
		copy(q.groups, q.groups[1:])
		q.groups[len(q.groups)-1] = nil
		q.groups = q.groups[:len(q.groups)-1]
		q.markDue = false
		return g, stopped
	}
	if q.markDue && !stopped {
		q.markDue = false
		g = &group{buf: make([]byte, groupHeaderBytes)}
		g.first = q.next
		size := groupHeaderBytes
		for _, p := range q.partitions {
			g.table = append(g.table, tableRow(p))
			size += tableRowBytes + len(p.name)
		}
		q.position += uint64(size) // a mark may pass MaxBytes by its own few bytes
	}
	return g, stopped
}

// promised returns the commit time that no further group may have.
func (q *queue) promised() int64 {
	q.Lock()
	defer q.Unlock()
	return q.closed
}

// stop lets nothing more in. The first reason stays.
func (q *queue) stop(err error) {
	q.Lock()
	if q.err == nil {
		q.err = err
	}
	q.announce()
	q.Unlock()
	poke(q.work)
}

func (q *queue) announce() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// mark makes a group without records behind g, for the opening.
func (l *Log) mark(g *stored, at int64) *group {
	m := &group{buf: make([]byte, groupHeaderBytes)}
	m.header = header{link: g.crc, first: g.next(), time: at, horizon: at + int64(l.o.Promise), recorded: g.last().Time, position: g.end(), owner: l.owner}
	m.table = g.tableAfter()
	m.finish(g.sequence + 1)
	return m
}

// finish gives a group its place in the stream.
func (g *group) finish(sequence uint64) {
	end := len(g.buf)
	g.buf = seal(g.buf, &g.header, g.table)
	g.sequence, g.size, g.entries = sequence, len(g.buf), g.buf[groupHeaderBytes:end:end]
}

// tableAfter is the table of a group that would follow.
func (g *stored) tableAfter() []row {
	table := append([]row(nil), g.table...)
	n := g.first
	for e := g.entries; len(e) > 0; n++ {
		var p int
		p, _, e = cut(e)
		table[p].before = n
	}
	return table
}
