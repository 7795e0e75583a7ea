package driver

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errSilent = errors.New("silent for too long")

// life is the watchdog of one session: between start and stop, a frame or a sample must come at least every limit, or
// the call is cancelled.
type life struct {
	limit time.Duration
	mu    sync.Mutex
	timer *time.Timer // nil outside a call
	held  bool
}

func newLife(limit time.Duration) *life { return &life{limit: limit} }

func (w *life) start(cancel context.CancelCauseFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(w.limit, func() { cancel(errSilent) })
}

// touch: there was a sign of life.
func (w *life) touch() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil && !w.held {
		w.timer.Reset(w.limit)
	}
}

// hold stops the watchdog until release: the session waits for us, not we for it.
func (w *life) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *life) release() {
	w.mu.Lock()
	w.held = false
	w.mu.Unlock()
	w.touch()
}

func (w *life) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}
