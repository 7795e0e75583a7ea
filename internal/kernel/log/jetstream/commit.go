package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	api "github.com/nats-io/nats.go/jetstream"

	"jingwei/internal/kernel/log"
)

// commit is the committer: it makes groups durable one after the other. One is under way at a time. More would be smaller
// groups for the same fsyncs, which is slower; and they would undo the fence: when another's opening group has taken the
// place of the first, the second would expect just that sequence and be stored behind it.
func (l *Log) commit() {
	defer close(l.acks)
	var rest []*group
	for l.view.failure() == nil {
		g, stopped := l.queue.takeGroup(l)
		if g == nil {
			if stopped {
				break
			}
			<-l.queue.work
			continue
		}
		l.sealNext(g)
		if !l.store(g) {
			rest = append(rest, g)
			break
		}
		l.settle(g)
	}
	l.abandon(rest)
	if l.view.failure() == nil {
		l.farewell()
	}
	if failure := l.view.failure(); failure != nil {
		l.acks <- &group{fatal: failure}
	}
}

// sealNext gives a group its time and its place behind the one sealed before.
func (l *Log) sealNext(g *group) {
	t := &l.tail
	g.header = header{link: t.crc, count: g.count, first: g.first, position: t.end(), recorded: t.last().Time, owner: l.owner}
	g.time = max(l.o.Now().UnixNano(), t.time+1, l.queue.promised()+1)
	g.horizon = max(g.time+int64(l.o.Promise), t.horizon)
	g.finish(t.sequence + 1)
	l.tail = g.stored
	l.tail.entries = nil
}

func (l *Log) message(g *group) *nats.Msg {
	return &nats.Msg{Subject: l.o.subject(), Data: g.buf}
}

// store makes a group durable, however long that takes. It returns false after the journal has failed or was closed.
func (l *Log) store(g *group) bool {
	cause := l.publish(l.ending, g)
	if cause == nil {
		return true
	}
	l.stats.recoveries.Add(1)
	return l.recover(g, cause)
}

// publish sends a group and waits for the answer, at most AckWait. nil tells that it stands where it belongs.
func (l *Log) publish(ctx context.Context, g *group) error {
	l.stats.sent.Add(uint64(len(g.buf)))
	// Asynchronous, since such a call ends at once when the connection does.
	f, err := l.js.PublishMsgAsync(l.message(g), api.WithExpectLastSequence(g.sequence-1), api.WithExpectStream(l.o.Stream),
		api.WithRetryAttempts(0), api.WithStallWait(l.o.AckWait))
	if err != nil {
		return err
	}
	select {
	case ack := <-f.Ok():
		if ack.Sequence != g.sequence {
			return fmt.Errorf("the cluster stored the group as %d instead of %d", ack.Sequence, g.sequence)
		}
		return nil
	case err := <-f.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle makes known that a group is durable: to readers, then to its done functions.
func (l *Log) settle(g *group) {
	l.stats.groups.Add(1)
	l.stalled.Store(nil)
	l.queue.Lock()
	l.queue.horizon = g.horizon
	l.queue.Unlock()
	l.view.publish(g, l.o.CacheBytes)
	l.acks <- g
}

// recover finds out what became of a group whose answer did not come or was bad, and sends it again while the cluster does
// not have it. A copy that was sent before may still arrive; its place is then taken by its twin.
func (l *Log) recover(g *group, cause error) bool {
	began, pause, lost := l.o.Now(), retryPause, time.Time{}
	for {
		found, err := l.look(l.ending, g.sequence)
		var damage *DamageError
		switch {
		case err == nil && found.header == g.header:
			return true
		case err == nil:
			l.fail(l.foreign(found))
			return false
		case errors.As(err, &damage):
			l.fail(damage)
			return false
		case errors.Is(err, errAbsent):
			l.stats.resent.Add(1)
			if err = l.publish(l.ending, g); err == nil {
				return true
			}
			if isWrongLast(err) {
				if lost = l.denied(g, lost); l.view.failure() != nil {
					return false
				}
			}
		}
		if errors.Is(err, nats.ErrConnectionClosed) {
			l.fail(err)
			return false
		}
		if l.ending.Err() != nil {
			return false
		}
		if !errors.Is(err, errSilent) {
			cause = err
		}
		why := fmt.Sprintf("since %s: %v", began.Format(time.TimeOnly), cause)
		if l.stalled.Swap(&why) == nil {
			l.log.Warn("journal stream does not take groups; they wait", "stream", l.o.Stream, "cause", cause)
		}
		select {
		case <-time.After(pause):
		case <-l.ending.Done():
		}
		pause = min(2*pause, retryMax)
	}
}

// denied looks why the cluster says that g does not come next. Mostly a copy of g was faster, which the next look shows; but
// where even the group before g is not there any more, the cluster has lost what it had acknowledged: then, after some time,
// the journal fails. lost is since when that was seen.
func (l *Log) denied(g *group, lost time.Time) time.Time {
	ctx, cancel := context.WithTimeout(l.ending, l.o.AckWait)
	defer cancel()
	info, err := l.stream.Info(ctx)
	if err != nil || info.State.LastSeq >= g.sequence-1 {
		return time.Time{}
	}
	now := time.Now() // paces the decision to give up; decides no record's fate
	if lost.IsZero() {
		return now
	}
	if now.Sub(lost) > lossWait {
		l.fail(&DamageError{l.o.Stream, info.State.LastSeq + 1, fmt.Sprintf("the cluster acknowledged messages up to %d and has them only up to %d", g.sequence-1, info.State.LastSeq)})
	}
	return lost
}

// foreign is the error of an owner who finds another's group where his own should be.
func (l *Log) foreign(g *stored) error {
	if g.owner == l.owner || g.owner.epoch < l.owner.epoch {
		return &DamageError{l.o.Stream, g.sequence, fmt.Sprintf("it holds a group of epoch %d where one of epoch %d belongs", g.owner.epoch, l.owner.epoch)}
	}
	return fmt.Errorf("%w: epoch %d wrote group %d, this owner's epoch is %d", log.ErrFenced, g.owner.epoch, g.sequence, l.owner.epoch)
}

// abandon tells those that wait for groups of which nobody knows what becomes of them.
func (l *Log) abandon(rest []*group) {
	l.queue.Lock()
	rest = append(rest, l.queue.groups...)
	l.queue.groups = nil
	l.queue.Unlock()
	if len(rest) == 0 {
		return
	}
	if l.view.failure() == nil {
		why := "the cluster did not answer"
		if s := l.stalled.Load(); s != nil {
			why = *s
		}
		l.fail(fmt.Errorf("closed with %d groups under way: %s", len(rest), why))
	}
	for _, g := range rest {
		g.err = l.view.failure()
		l.acks <- g
	}
}

// farewell takes back the promise of the last group, so that the next owner need not date his records ahead of his clock.
// Where it cannot be sent, he does.
func (l *Log) farewell() {
	g := &group{buf: make([]byte, groupHeaderBytes)}
	l.queue.Lock()
	g.first = l.queue.next
	for _, p := range l.queue.partitions {
		g.table = append(g.table, tableRow(p))
	}
	l.queue.Unlock()
	l.sealNext(g)
	// Nothing was told as closed later than that: Closed does not grow any more.
	g.buf, g.horizon = g.buf[:groupHeaderBytes], g.time
	g.finish(g.sequence)
	ctx, cancel := context.WithTimeout(l.ending, min(l.o.CloseWait, time.Second))
	defer cancel()
	_, err := l.js.PublishMsg(ctx, l.message(g), api.WithExpectLastSequence(g.sequence-1), api.WithExpectStream(l.o.Stream), api.WithRetryAttempts(0))
	if err != nil && !isWrongLast(err) {
		l.log.Info("journal stream was left without a farewell; the next owner dates his records a little ahead", "stream", l.o.Stream, "cause", err)
	}
}

// acknowledge is the acknowledger: it calls done functions while the committer goes on.
func (l *Log) acknowledge() {
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
		c := log.Commit{Number: g.first, Time: g.time}
		for _, done := range g.waiting {
			switch {
			case done == nil:
			case g.err != nil:
				done(log.Commit{}, g.err)
			default:
				done(c, nil)
			}
			c.Number++
		}
		g.waiting = nil
		l.queue.Lock()
		if g.err == nil && g.count > 0 {
			l.queue.closed = max(l.queue.closed, g.time)
		}
		l.queue.held -= g.held
		need := l.queue.waiting > 0
		l.queue.Unlock()
		if g.held > 0 {
			l.pending.Release(g.held)
		}
		if need {
			poke(l.trim)
		}
	}
}

// fail ends the journal for good after what no retry can mend.
func (l *Log) fail(cause error) {
	l.view.Lock()
	first := l.view.err == nil
	if first {
		l.view.err = fmt.Errorf("%w: %w", log.ErrFailed, cause)
		l.view.wakeAll()
	}
	err := l.view.err
	l.view.Unlock()
	if first {
		l.log.Error("journal has failed and takes no more records", "stream", l.o.Stream, "error", cause)
		l.queue.stop(err)
		l.queue.Lock()
		if errors.Is(l.queue.err, log.ErrClosed) {
			l.queue.err = err
		}
		l.queue.Unlock()
	}
}

// isWrongLast tells that another message stands where this one should.
func isWrongLast(err error) bool {
	var answer *api.APIError
	return errors.As(err, &answer) && (answer.ErrorCode == api.JSErrCodeStreamWrongLastSequence || answer.ErrorCode == 10164)
}
