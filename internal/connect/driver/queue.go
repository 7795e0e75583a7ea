package driver

import (
	"context"
	"sync"
	"time"
	"unsafe"
)

// queue holds finished samples between the goroutine that polls and the one that hands them to the outlet. It is
// bounded in bytes by those who ask room() or push with waiting before they read; what has been read always goes in.
type queue struct {
	mu    sync.Mutex
	items []Output
	bytes int
	limit int
	more  chan struct{} // capacity 1: there is something to take
	space chan struct{} // capacity 1: something was taken
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, more: make(chan struct{}, 1), space: make(chan struct{}, 1)}
}

// size is what one output holds of the bound.
func size(o *Output) int { return int(unsafe.Sizeof(*o)) + len(o.Value.Text) }

// room: the bound is not reached.
func (q *queue) room() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes < q.limit
}

func (q *queue) held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// push copies out into the queue, whatever the bound.
func (q *queue) push(out []Output) {
	if len(out) == 0 {
		return
	}
	q.mu.Lock()
	q.items = append(q.items, out...)
	for i := range out {
		q.bytes += size(&out[i])
	}
	q.mu.Unlock()
	wake(q.more)
}

// wait returns when there is room, or with ctx's error.
func (q *queue) wait(ctx context.Context) error {
	for !q.room() {
		select {
		case <-q.space:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// swap takes all there is, giving spare (emptied) for the queue to fill.
func (q *queue) swap(spare []Output) []Output {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.items
	q.items = spare[:0]
	return out
}

// taken gives the bytes of a batch free.
func (q *queue) taken(batch []Output) {
	n := 0
	for i := range batch {
		n += size(&batch[i])
	}
	q.mu.Lock()
	q.bytes -= n
	q.mu.Unlock()
	wake(q.space)
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// maxBatch bounds what an outlet is given at once, in outputs.
const maxBatch = 4096

// retryOutlet is the pause before a refused batch is offered again; drainTime is what a stopping link grants its
// outlet for the rest.
const (
	retryOutlet = time.Second
	drainTime   = 2 * time.Second
)

// pump hands the queue to the outlet until stop is closed; then it hands over the rest, within drainTime, and returns
// how many outputs it could not hand over.
func (q *queue) pump(ctx context.Context, stop <-chan struct{}, out Outlet, refused func(error)) (lost int) {
	// The outlet must be able to finish what a link had read when its context ended.
	octx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-stop:
		case <-ended:
			return
		}
		t := time.NewTimer(drainTime)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-ended:
		}
	}()
	var batch []Output
	for stopping := false; ; {
		batch = q.swap(batch)
		for rest := batch; len(rest) > 0; {
			n := min(len(rest), maxBatch)
			if err := out(octx, rest[:n]); err != nil {
				if octx.Err() != nil {
					return len(rest) + len(q.swap(nil))
				}
				refused(err)
				t := time.NewTimer(retryOutlet)
				select {
				case <-t.C:
				case <-octx.Done():
				}
				t.Stop()
				continue
			}
			q.taken(rest[:n])
			rest = rest[n:]
		}
		if len(batch) > 0 {
			clear(batch) // let go of the texts
			continue
		}
		if stopping {
			return 0
		}
		select {
		case <-q.more:
		case <-stop:
			stopping = true
		}
	}
}
