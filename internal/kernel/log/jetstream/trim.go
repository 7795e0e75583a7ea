package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	api "github.com/nats-io/nats.go/jetstream"

	"jingwei/internal/kernel/log"
)

// steward is the goroutine that trims and saves cursors.
func (l *Log) steward() {
	tick := time.NewTicker(cursorEvery)
	defer tick.Stop()
	retry := false
	for {
		select {
		case <-l.trim:
		case <-tick.C:
			switch err := l.cursors.flush(l); {
			case errors.Is(err, log.ErrFenced):
				l.fail(err)
			case err != nil && l.view.failure() == nil:
				l.log.Warn("journal cursors are not saved yet", "stream", l.o.Stream, "error", err)
			}
			if !retry {
				continue
			}
		case <-l.closing:
			return
		}
		err := l.trimNow()
		retry = err != nil
		if err != nil && l.view.failure() == nil {
			l.log.Warn("journal stream cannot be trimmed yet", "stream", l.o.Stream, "error", err)
		}
	}
}

// trimNow purges what no keeper needs, if that is worth it, and tells those who wait for room whether there is any.
func (l *Log) trimNow() error {
	if err := l.view.failure(); err != nil {
		return err // a deposed owner trims nothing
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.o.ReadWait)
	defer cancel()
	l.queue.Lock()
	need, busy := l.queue.waiting > 0, l.queue.held > 0
	l.queue.Unlock()
	v := &l.view
	v.Lock()
	from := v.wanted(l.o.Keepers)
	begin, end, size := v.first.position, v.newest.end(), uint64(v.first.size)
	v.Unlock()

	target, err := l.locate(ctx, func(p place) bool { return p.first <= from })
	if err != nil {
		return err
	}
	if over := uint64(max(l.o.RetainBytes, 0)); target.position > begin && end-target.position < over {
		leave := begin
		if end-begin > over {
			leave = end - over
		}
		if need {
			leave = max(leave, begin+max(uint64(l.o.TrimBytes), size))
		}
		kept, err := l.locate(ctx, func(p place) bool { return p.position <= leave })
		if err != nil {
			return err
		}
		if kept.sequence < target.sequence {
			target = kept
		}
	}
	worth := target.position > begin && (need || target.position-begin >= uint64(l.o.TrimBytes))
	if worth {
		if err := l.purge(ctx, target.sequence); err != nil {
			return err
		}
	}
	l.queue.Lock()
	defer l.queue.Unlock()
	if need && !worth && !busy && l.queue.waiting > 0 {
		l.queue.full = l.whyFull()
	}
	if worth || l.queue.full != nil {
		l.queue.announce()
	}
	return nil
}

// purge takes the groups before a sequence out of the stream. Readers are told first, so that what they miss is trimmed and
// not damaged.
func (l *Log) purge(ctx context.Context, sequence uint64) error {
	g, err := l.fetchOne(ctx, sequence)
	if err != nil {
		return err
	}
	l.view.Lock()
	l.view.trimmed(g)
	l.view.Unlock()
	if err := l.stream.Purge(ctx, api.WithPurgeSequence(sequence)); err != nil {
		return err // what stays is trimmed with the next, or counted when the journal is opened again
	}
	l.queue.Lock()
	l.queue.oldest = g.position
	l.queue.full = nil
	l.queue.Unlock()
	return nil
}

// wanted returns the least number that a keeper still wants, 0 while one has not said.
func (v *view) wanted(keepers []string) uint64 {
	from := v.last.Number + 1
	for _, k := range keepers {
		from = min(from, v.keeps[k])
	}
	return from
}

// whyFull tells who holds the groups; nil where nobody does.
func (l *Log) whyFull() error {
	v := &l.view
	v.Lock()
	defer v.Unlock()
	var names []string
	for _, k := range l.o.Keepers {
		if v.keeps[k] <= v.last.Number {
			names = append(names, k)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%w: it holds %d bytes of at most %d, and these keepers still need them: %q", log.ErrFull, v.newest.end()-v.first.position, l.o.MaxBytes, names)
}

// Verify reads every group in the stream, checks it and that it follows the one before it, and that none is missing.
// Errors: *DamageError; those of the cluster.
func (l *Log) Verify(ctx context.Context) error {
	v := &l.view
	v.Lock()
	sequence, end, err := v.first.sequence, v.newest.sequence, v.err
	v.Unlock()
	if errors.Is(err, log.ErrClosed) {
		return err
	}
	var before *stored
	for sequence <= end {
		if err := ctx.Err(); err != nil {
			return err
		}
		groups, err := l.fetch(ctx, sequence, end)
		if errors.Is(err, errAbsent) {
			v.Lock()
			first := v.first.sequence
			v.Unlock()
			if first <= sequence {
				return &DamageError{l.o.Stream, sequence, "the message is missing"}
			}
			sequence, before = first, nil // trimmed meanwhile
			continue
		}
		if err != nil {
			return err
		}
		if before != nil {
			if err := groups[0].follows(before); err != nil {
				return &DamageError{l.o.Stream, sequence, err.Error()}
			}
		}
		before = groups[len(groups)-1]
		sequence = before.sequence + 1
	}
	return nil
}
