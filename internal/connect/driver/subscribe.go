package driver

import (
	"context"
	"errors"
	"sync"
	"time"
)

// subscribe lets the session deliver by itself. Beside it run a goroutine that repeats unchanged values and one that
// serves on-demand reads over a session of their own; both end with it.
func (l *Link) subscribe(ctx context.Context, sub Subscriber) error {
	sctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { l.repeat(sctx) })
	wg.Go(func() { l.serveBeside(sctx) })
	defer wg.Wait()
	defer cancel(nil)
	life := l.life
	life.start(cancel)
	defer life.stop()
	var mu sync.Mutex // a driver may deliver from goroutines of its own
	err := guard(func() error {
		return sub.Subscribe(sctx, l.spec.Points, func(ctx context.Context, samples []Sample) error {
			mu.Lock()
			defer mu.Unlock()
			if sctx.Err() != nil { // a driver that does not watch its context learns it here
				return context.Cause(sctx)
			}
			// A full queue is the outlet's doing, not silence of the source.
			life.hold()
			defer life.release()
			if err := l.queue.wait(ctx); err != nil {
				return err
			}
			out, unknown := l.stage.take(nil, samples, l.o.Now().UnixNano())
			l.push(out)
			l.back.reset()
			if unknown > 0 {
				l.stats.with(func(st *State) { st.Errors[CodeDriver] += uint64(unknown) })
			}
			return nil
		})
	})
	if errors.Is(context.Cause(sctx), errSilent) {
		return silence(l.common.silence(), err)
	}
	if err == nil {
		err = &Fault{Code: CodeClosed, Text: Text{Zh: "订阅被对方结束", En: "the subscription was ended by the other side"}}
	}
	return err
}

// repeat tells unchanged values of subscribed points again before their longest silence has passed. Of a periodic point,
// too: a subscription tells changes only, whatever the point's report.
func (l *Link) repeat(ctx context.Context) {
	step := forever
	for _, p := range l.spec.Points {
		if p.MaxSilence > 0 {
			step = min(step, max(p.Every, time.Second))
		}
	}
	if step == forever {
		return
	}
	t := time.NewTicker(step)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			if l.queue.room() {
				l.push(l.stage.repeat(nil, l.o.Now().UnixNano()))
			}
		case <-ctx.Done():
			return
		}
	}
}
