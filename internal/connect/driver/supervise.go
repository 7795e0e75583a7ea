package driver

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// Supervise keeps a link alive until ctx ends. It is the one loop of all protocols: sessions die, the supervisor does
// not. It opens a session, lets it subscribe if it can, else polls the scan classes in their fixed phase; when the
// session dies it writes one Bad_NoCommunication mark per point, waits (0.5 s doubling to 30 s, with jitter) and opens
// another. The calling goroutine owns the session; whatever else runs is gone when Supervise returns. At the end it
// hands what it has read to the outlet, for at most two seconds. It returns nil, or an error if the link ran before.
func Supervise(ctx context.Context, l *Link) error {
	if !l.stats.start() {
		return fmt.Errorf("link %s has been supervised before", l.spec.ID)
	}
	stop, pumped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(pumped)
		lost := l.queue.pump(ctx, stop, l.o.Out, func(err error) {
			l.stats.with(func(s *State) { s.Refused++ })
			l.log.Warn("the outlet refused samples; they are offered again", "error", err)
		})
		l.stats.with(func(s *State) { s.Lost += uint64(lost) })
	}()
	l.jobs = newSchedule(l.spec.Points, l.o.Now())
	l.run(ctx)
	close(stop)
	<-pumped
	l.phase(Stopped, nil)
	close(l.stats.stopped)
	l.answerAll(ErrNotRunning)
	return nil
}

func (l *Link) run(ctx context.Context) {
	for ctx.Err() == nil {
		if len(l.jobs) == 0 && len(l.waiting) == 0 {
			// Nothing to collect: the link is only opened for who asks.
			l.sleep(ctx, forever, Resting)
			continue
		}
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errRest) {
			if j, at := l.jobs.next(l.units); j != nil {
				l.sleep(ctx, at.Sub(l.o.Now()), Resting)
			}
			continue
		}
		l.outage(err)
		l.sleep(ctx, l.back.next(), Waiting)
	}
}

// errRest ends a session that is to be closed until the next poll.
var errRest = errors.New("resting")

const forever = time.Duration(1<<63 - 1)

// retryAfter is the longest pause before a unit that has timed out, and is not demoted yet, is asked again.
const retryAfter = time.Second

// outage marks the points and tells why, once: the same reason is not logged again at each vain attempt.
func (l *Link) outage(err error) {
	l.stale = true
	now, f := l.o.Now(), Explain(err)
	marks := l.stage.mark(nil, "", true, now.UnixNano())
	l.push(marks)
	var before *Failure
	l.stats.with(func(s *State) {
		before = s.LastError
		if len(marks) > 0 {
			s.Outages++
		}
	})
	l.stats.failed(f, now)
	if len(marks) > 0 || before == nil || before.Code != f.Code {
		l.log.Warn("link is down", "code", f.Code, "error", f.Error(), "marked", len(marks))
	}
}

func (l *Link) push(out []Output) {
	l.queue.push(out)
	l.stats.with(func(s *State) { s.Samples += uint64(len(out)) })
}

// phase sets what the link is doing; retry is when it goes on, if known.
func (l *Link) phase(p Phase, retry *time.Time) {
	changed := false
	l.stats.with(func(s *State) {
		if changed = s.Phase != p; changed {
			s.Phase, s.Since = p, l.o.Now()
		}
		s.RetryAt = retry
	})
	if changed {
		l.tell()
	}
}

// tell refreshes the units in the state and passes it to who wants to know.
func (l *Link) tell() {
	l.stats.with(func(s *State) { s.Units = l.units.states() })
	if l.o.OnState != nil {
		l.o.OnState(l.State())
	}
}

// sleep waits; an on-demand read or the end of ctx ends the wait.
func (l *Link) sleep(ctx context.Context, d time.Duration, p Phase) {
	var retry *time.Time
	var timer <-chan time.Time
	if d != forever {
		if p == Waiting {
			at := l.o.Now().Add(d)
			retry = &at
		}
		t := time.NewTimer(max(d, 0))
		defer t.Stop()
		timer = t.C
	}
	l.phase(p, retry)
	select {
	case <-timer:
	case d := <-l.demand:
		l.waiting = append(l.waiting, d)
	case <-ctx.Done():
	}
}

// session opens one session and uses it up.
func (l *Link) session(ctx context.Context) (err error) {
	l.life = newLife(l.common.silence())
	l.phase(Connecting, nil)
	s, err := l.open(ctx)
	if err != nil {
		l.answerAll(err)
		return err
	}
	defer func() {
		if k, ok := s.(Learner); ok {
			l.learned = k.Learned()
		}
		if cerr := s.Close(); cerr != nil {
			l.log.Debug("close", "error", cerr)
		}
		if err != nil && !errors.Is(err, errRest) {
			l.answerAll(err)
		}
	}()
	l.stats.with(func(st *State) { st.Connects++ })
	l.phase(Connected, nil)
	if l.units.allSilent() {
		l.units.probation()
	}
	if l.stale {
		l.stale = false
		l.jobs.resume("", true, l.o.Now())
	}
	if sub, ok := s.(Subscriber); ok && len(l.spec.Points) > 0 {
		return l.subscribe(ctx, sub)
	}
	return l.poll(ctx, s)
}

func (l *Link) open(ctx context.Context) (s Session, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.common.openTimeout())
	defer cancel()
	err = guard(func() (err error) {
		if r, ok := l.spec.Driver.(Rememberer); ok && l.learned != nil {
			s, err = r.OpenWith(ctx, l.spec.Config, l.onFrame, l.learned)
		} else {
			s, err = l.spec.Driver.Open(ctx, l.spec.Config, l.onFrame)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return s, nil
}

func (l *Link) onFrame(f Frame) {
	if f.Time.IsZero() {
		f.Time = l.o.Now()
	}
	l.life.touch()
	l.stats.frame(&f)
	l.trace.add(f)
}

// poll runs the jobs as they come due, on-demand reads before them. It returns when the session is dead or to rest.
func (l *Link) poll(ctx context.Context, s Session) error {
	t, ok := s.(Transient)
	rest := ok && t.CloseAfterPoll() || len(l.jobs) == 0
	for ctx.Err() == nil {
		if d := l.nextDemand(); d != nil {
			if err := l.serve(ctx, s, d); err != nil {
				return err
			}
			continue
		}
		now := l.o.Now()
		j, at := l.jobs.next(l.units)
		if j == nil || at.After(now) {
			if rest {
				return errRest
			}
			wait := forever
			if j != nil {
				wait = at.Sub(now)
			}
			l.sleep(ctx, wait, Connected)
			continue
		}
		if !l.queue.room() {
			// The outlet is behind. What has been read waits for it; nothing more is read meanwhile, and the
			// session stays.
			missed := j.ran(now) + 1
			l.stats.with(func(st *State) { st.Held += uint64(missed) })
			continue
		}
		if err := l.scan(ctx, s, j); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// scan runs one job. The error means that the session is dead.
func (l *Link) scan(ctx context.Context, s Session, j *job) error {
	started := l.o.Now()
	before := l.units.of(j.unit).standing()
	n, err := l.read(ctx, s, j.points, func(samples []Sample) {
		var unknown int
		l.pending, unknown = l.stage.take(l.pending, samples, l.o.Now().UnixNano())
		if unknown > 0 {
			l.stats.with(func(st *State) { st.Errors[CodeDriver] += uint64(unknown) })
		}
	})
	l.push(l.pending)
	clear(l.pending)
	l.pending = l.pending[:0]
	now := l.o.Now()
	if missed := j.ran(now); missed > 0 && !before.demoted {
		l.stats.with(func(st *State) { st.Skipped += uint64(missed) })
	}
	var silent *UnitError
	switch {
	case err == nil:
		if n != len(j.points) {
			f := &Fault{Code: CodeDriver, Text: Text{Zh: "驱动没有为每个点给出结果", En: "the driver did not deliver every point"},
				Err: fmt.Errorf("%d of %d points of unit %q", n, len(j.points), j.unit)}
			l.stats.failed(f, now)
		}
		l.back.reset()
		l.units.answered(j.unit)
		if before.demoted {
			l.jobs.resume(j.unit, false, now)
			j.ran(now)
			l.log.Info("unit answers again", "unit", j.unit)
		}
		if before.fails > 0 {
			l.tell()
		}
		return nil
	case ctx.Err() != nil || !errors.As(err, &silent):
		return err
	}
	f := Explain(err)
	l.stats.failed(f, now)
	if l.units.silent(j.unit, f, now) {
		marks := l.stage.mark(nil, j.unit, false, now.UnixNano())
		l.push(marks)
		l.log.Warn("unit is demoted: it is only probed until it answers", "unit", j.unit, "error", err, "marked", len(marks))
	} else if again := started.Add(min(j.every, retryAfter)); again.Before(j.due) {
		j.due = again
		if !again.After(now) {
			j.due = now
		}
	}
	l.tell()
	if l.units.allSilent() {
		return &Fault{Code: CodeNoUnit, Err: err, Text: Text{
			Zh: "已连上，但没有一个单元应答：请检查站号、总线接线和设备电源",
			En: "connected, but no unit answers: check the unit numbers, the bus wiring and the power of the devices"}}
	}
	return nil
}

// read calls the session's Read under the watchdog. n counts the samples delivered.
func (l *Link) read(ctx context.Context, s Session, points []Point, take func([]Sample)) (n int, err error) {
	err = l.watched(ctx, func(ctx context.Context) error {
		return s.Read(ctx, points, func(_ context.Context, samples []Sample) error {
			l.life.touch()
			n += len(samples)
			take(samples)
			return nil
		})
	})
	return n, err
}

// watched calls a session under the watchdog.
func (l *Link) watched(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.life.start(cancel)
	defer l.life.stop()
	err := guard(func() error { return call(ctx) })
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		err = silence(l.common.silence(), err)
	}
	return err
}

func silence(d time.Duration, err error) *Fault {
	return &Fault{Code: CodeSilent, Err: err, Text: Text{Zh: fmt.Sprintf("%v 内没有任何数据到来，连接已放弃", d),
		En: fmt.Sprintf("nothing was heard for %v; the connection was given up", d)}}
}

// guard turns a driver's panic into an error: one driver's fault must not take the other links with it.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &Fault{Code: CodeDriver, Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
				Text: Text{Zh: "驱动内部出错", En: "the driver failed inside"}}
		}
	}()
	return f()
}
