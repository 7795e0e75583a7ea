package log

import (
	"context"
	"fmt"
)

// Partition is one of the logical journals that share the physical one.
type Partition struct {
	log  *Log
	name string

	// Under queue's lock: what is queued or durable.
	number uint16 // in the files; 0 until the first record is queued
	queued uint64 // greatest number

	// Under view's lock: what is durable.
	last uint64        // greatest number
	tail tail          // where that is
	wake chan struct{} // closed when last grows; nil while nobody waits
}

// tail tells readers that keep up where the newest group with records of their partition begins.
type tail struct {
	segment  *segment
	off      int64
	first    uint64 // of the group
	previous uint64 // the partition's greatest number before the group
}

// Partition returns the partition of that name (1 to 64 printable ASCII characters; at most 256 in a journal). It
// comes into being durably with its first record.
func (l *Log) Partition(name string) (*Partition, error) {
	if err := checkName("partition", name); err != nil {
		return nil, err
	}
	l.queue.Lock()
	defer l.queue.Unlock()
	if p := l.queue.names[name]; p != nil {
		return p, nil
	}
	if len(l.queue.names) == maxPartitions {
		return nil, fmt.Errorf("journal: no room for partition %q beside the %d that are there", name, maxPartitions)
	}
	p := &Partition{log: l, name: name}
	l.queue.names[name] = p
	return p, nil
}

// Name returns the name.
func (p *Partition) Name() string { return p.name }

// Append queues one record, which it copies. Where more than MaxPendingBytes are queued already, or the next segment
// is still being made, it waits for ctx.
//
// An error tells that the record was not queued: ErrTooLarge, ErrFull, ErrClosed, ErrFailed or the error of ctx.
// Otherwise done (which may be nil) is called exactly once, in the order of commit numbers, always on the same
// goroutine: with the record's commit after it is durable, or with ErrFailed, after which it may or may not be there
// when the journal is opened again. done must not block and must not call Append or Close: everybody else's
// acknowledgement waits for it.
func (p *Partition) Append(ctx context.Context, record []byte, done func(Commit, error)) error {
	l := p.log
	if len(record) > l.o.MaxRecordBytes {
		return fmt.Errorf("append %d bytes to journal partition %s: %w: at most %d are allowed", len(record), p.name, ErrTooLarge, l.o.MaxRecordBytes)
	}
	held := min(int64(len(record))+entryHeaderBytes, l.o.MaxPendingBytes)
	if !l.pending.TryAcquire(held) {
		l.stats.waits.Add(1)
		if err := l.pending.Acquire(ctx, held); err != nil {
			return fmt.Errorf("append to journal partition %s: %w", p.name, err)
		}
	}
	if err := l.enqueue(ctx, p, record, held, done); err != nil {
		l.pending.Release(held)
		return fmt.Errorf("append to journal partition %s: %w", p.name, err)
	}
	return nil
}
