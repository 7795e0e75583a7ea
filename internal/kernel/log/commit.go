package log

import (
	"fmt"
	"time"
)

// commit is the committer: it takes groups in order and makes them durable one after the other. That only one group
// is ever unsynced is what recovery rests on: whatever a crash tears, nothing valid can lie behind it.
func (l *Log) commit() {
	defer l.tasks.Done()
	defer close(l.acks)
	for {
		l.linger()
		g, stopped := l.queue.take()
		if g == nil {
			if stopped {
				break
			}
			<-l.queue.work
			continue
		}
		if g.err = l.view.failure(); g.err == nil {
			if err := l.write(g); err != nil {
				l.fail(err)
				g.err = l.view.failure()
			}
		}
		if g.err != nil && g.opening {
			_ = g.segment.file.Close() // no reader will ever have it
		}
		l.acks <- g
	}
	if failure := l.view.failure(); failure != nil {
		l.acks <- &group{fatal: failure}
	}
}

// linger waits while the only group is younger than Linger.
func (l *Log) linger() {
	q := &l.queue
	q.Lock()
	var rest time.Duration
	if l.o.Linger > 0 && len(q.groups) == 1 && q.err == nil {
		rest = l.o.Linger - time.Since(q.groups[0].begun)
		select {
		case <-q.rush: // from an earlier group
		default:
		}
	}
	q.Unlock()
	if rest <= 0 {
		return
	}
	t := time.NewTimer(rest)
	defer t.Stop()
	select {
	case <-t.C:
	case <-q.rush:
	}
}

// write makes one group durable and shows it to the readers.
func (l *Log) write(g *group) error {
	s := g.segment
	begin := l.o.Now()
	g.time = max(begin.UnixNano(), l.time+1, l.queue.promised()+1)
	h := groupHeader{count: g.count, first: g.first, time: g.time, link: l.link}
	if g.opening {
		h.flags = flagOpening
	}
	crc := sealGroup(g.buf, s.seed, h)
	size := padded(int64(len(g.buf)), s.align)
	for int64(len(g.buf)) < size { // zeros: whole pages need not be read before they are written
		g.buf = append(g.buf, zeros[:min(size-int64(len(g.buf)), maxAlign)]...)
	}
	last := g.first + uint64(g.count) - 1
	if _, err := s.file.WriteAt(g.buf, g.off); err != nil {
		return fmt.Errorf("write records %d to %d to journal segment %s at byte %d: %w", g.first, last, s.name, g.off, err)
	}
	l.trace("written", last)
	if err := s.file.Datasync(); err != nil {
		return fmt.Errorf("sync records %d to %d in journal segment %s: %w", g.first, last, s.name, err)
	}
	l.trace("datasync", last)
	l.link, l.time = crc, g.time
	l.stats.groups.Add(1)
	l.stats.written.Add(uint64(size))
	l.stats.syncNanos.Add(uint64(max(0, l.o.Now().Sub(begin))))
	l.view.publish(g, g.off+size)
	if g.opening {
		poke(l.steward.wake) // the segment before it may be trimmed now
	}
	return nil
}

var zeros [maxAlign]byte

// acknowledge is the acknowledger: it calls done functions while the committer writes the next group.
func (l *Log) acknowledge() {
	defer l.tasks.Done()
	for g := range l.acks {
		if g.fatal != nil {
			if l.o.OnFailure != nil {
				l.o.OnFailure(g.fatal)
			}
			continue
		}
		if g.err == nil {
			l.stats.records.Add(uint64(g.count))
			l.stats.payload.Add(uint64(g.payload))
		}
		c := Commit{Number: g.first, Time: g.time}
		for _, done := range g.waiting {
			switch {
			case done == nil:
			case g.err != nil:
				done(Commit{}, g.err)
			default:
				done(c, nil)
			}
			c.Number++
		}
		if g.err == nil {
			l.trace("acked", c.Number-1)
		}
		l.queue.Lock()
		if g.err == nil {
			l.queue.closed = max(l.queue.closed, g.time)
		}
		l.queue.held -= g.held
		l.queue.recycle(g.buf, l.o.MaxGroupBytes)
		l.queue.Unlock()
		l.pending.Release(g.held)
	}
}

// fail closes the journal for good after what no retry can mend.
func (l *Log) fail(cause error) {
	l.view.Lock()
	first := l.view.err == nil
	if first {
		l.view.err = fmt.Errorf("%w: %w", ErrFailed, cause)
		l.view.wakeAll()
	}
	err := l.view.err
	l.view.Unlock()
	if first {
		l.log.Error("journal has failed and takes no more records", "dir", l.o.Dir, "error", cause)
		l.queue.stop(err)
	}
}

func (l *Log) trace(event string, number uint64) {
	if l.o.Trace != nil {
		l.o.Trace(event, number)
	}
}
