package neighbour

import (
	"context"
	"sync"

	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
)

// How much one transaction takes together: others wait for the right to write meanwhile.
const (
	groupWrites = 64
	groupBytes  = 8 << 20
)

// group commits what many links have to write together: a sync of the disk for all that waits, in place of one for each of a thousand
// links that came back at the same time. Whoever finds nobody writing writes for all.
type group struct {
	db *store.DB

	mu      sync.Mutex
	waiting []*write
	writing bool
}

type write struct {
	do    func(ctx context.Context, tx bun.Tx) error
	bytes int64
	turn  chan bool // true: it is done; false: write for those that wait
	err   error
}

// Write runs do in a transaction, which may be one with others', and returns once it is committed. do may run more than once and must
// change nothing outside of the transaction. bytes is about how much it writes. It is not to be called within a transaction.
func (g *group) Write(ctx context.Context, bytes int64, do func(ctx context.Context, tx bun.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	w := &write{do: do, bytes: bytes, turn: make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	lead := !g.writing
	g.writing = true
	g.mu.Unlock()
	if !lead && <-w.turn {
		return w.err
	}
	// What others have to write does not end with this caller.
	g.lead(context.WithoutCancel(ctx))
	<-w.turn
	return w.err
}

// lead writes the first of those that wait, the caller's own among them, and hands on.
func (g *group) lead(ctx context.Context) {
	g.mu.Lock()
	n, sum := 0, int64(0)
	for n < len(g.waiting) && n < groupWrites && (n == 0 || sum+g.waiting[n].bytes <= groupBytes) {
		sum += g.waiting[n].bytes
		n++
	}
	list := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()
	err := g.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, w := range list {
			if err := w.do(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && len(list) > 1 { // one of them spoils it for all: each by itself
		for _, w := range list {
			w.err = g.db.InTx(ctx, w.do)
		}
	} else {
		list[0].err = err
	}
	for _, w := range list {
		w.turn <- true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.writing = false
		return
	}
	g.waiting[0].turn <- false
}
