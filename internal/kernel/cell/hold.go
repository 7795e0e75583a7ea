package cell

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"jingwei/internal/kernel/lease"
)

var (
	// errAsked ends a node that is to be given back.
	errAsked = errors.New("the cell is given back")
	errEnded = errors.New("the node ended by itself")
)

// hold is a cell in this process's hands, from its lease until its node has closed.
type hold struct {
	cell string
	held *lease.Held
	ctx  context.Context // of the node: ends with the lease, or before it when the cell is given back
	end  context.CancelCauseFunc

	// Guarded by Keeper.mu.
	asked bool // to give it back
	stuck bool // its node does not close
}

// lost tells that the lease is not this process's any more.
func (h *hold) lost() bool { return h.held.Context().Err() != nil }

// begin opens a cell that was taken.
func (k *Keeper) begin(cell string, held *lease.Held) {
	h := &hold{cell: cell, held: held}
	h.ctx, h.end = context.WithCancelCause(held.Context())
	k.mu.Lock()
	k.holds[cell] = h
	k.mu.Unlock()
	k.tell(State{Cell: cell, Phase: Opening, Epoch: held.Epoch()})
	k.o.Logger.Info("a cell is taken", "cell", cell, "epoch", held.Epoch())
	k.lives.Go(func() { k.tend(h) })
}

// giveBack ends a cell so that another can have it.
func (k *Keeper) giveBack(cell string) {
	k.mu.Lock()
	h := k.holds[cell]
	if h != nil {
		h.asked = true
	}
	k.mu.Unlock()
	if h != nil {
		k.o.Logger.Info("a cell is given back, for another process has fewer", "cell", cell, "epoch", h.held.Epoch())
		h.end(errAsked)
	}
}

// tend is the goroutine of a hold.
func (k *Keeper) tend(h *hold) {
	ended := make(chan error, 1)
	go func() { ended <- k.live(h) }()
	var err error
	select {
	case err = <-ended:
	case <-h.ctx.Done():
		patience := time.NewTimer(k.o.StopTimeout)
		select {
		case err = <-ended:
		case <-patience.C:
			k.o.Logger.Error("a node does not close; its lease is given back nonetheless, and what it writes is refused from now on", "cell", h.cell, "epoch", h.held.Epoch(), "timeout", k.o.StopTimeout)
			h.held.Release()
			k.mu.Lock()
			h.stuck = true
			k.mu.Unlock()
			k.tell(State{Cell: h.cell, Phase: Stuck, Err: fmt.Errorf("the node did not close within %v", k.o.StopTimeout)})
			err = <-ended
		}
		patience.Stop()
	}
	lost := errors.Is(context.Cause(h.held.Context()), lease.ErrLost)
	given := context.Cause(h.ctx) == errAsked
	h.end(nil)
	h.held.Release()

	s := State{Cell: h.cell, Phase: Away}
	k.mu.Lock()
	delete(k.holds, h.cell)
	if err != nil && !given && !lost {
		f := k.faults[h.cell]
		if f == nil {
			f = &fault{}
			k.faults[h.cell] = f
		}
		now := k.o.Now()
		pause := k.o.MaxPause
		if f.times < 20 {
			pause = min(pause, k.o.Pause<<f.times)
		}
		f.times++
		f.at, f.retry = now, now.Add(pause)
		s.Phase, s.Err, s.Retry = Failed, err, f.retry.UTC()
	}
	k.mu.Unlock()
	switch {
	case lost:
		k.o.Logger.Warn("a cell was lost with its lease; its node is closed", "cell", h.cell, "epoch", h.held.Epoch(), "error", err)
	case s.Phase == Failed:
		k.o.Logger.Error("a cell cannot be served here; another process may", "cell", h.cell, "epoch", h.held.Epoch(), "retry", s.Retry, "error", err)
	default:
		k.o.Logger.Info("a cell was given back", "cell", h.cell, "epoch", h.held.Epoch(), "error", err)
	}
	k.tell(s)
	k.nudge()
}

// live opens a node, serves it and closes it.
func (k *Keeper) live(h *hold) error {
	var node Serving
	err := guard("open", func() (err error) {
		node, err = k.o.Open(h.ctx, h.cell, h.held)
		if err == nil && node == nil {
			err = errors.New("there is no node")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	var served time.Duration
	if h.ctx.Err() == nil {
		k.tell(State{Cell: h.cell, Phase: Serves, Epoch: h.held.Epoch()})
		k.nudge() // others wait until it is open
		begin := k.o.Now()
		err = guard("serve", func() error { return node.Serve(h.ctx) })
		served = k.o.Now().Sub(begin)
		if h.ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
			err = nil
		} else if err == nil {
			err = errEnded
		}
	}
	lost := h.lost()
	phase := State{Cell: h.cell, Phase: Closing, Epoch: h.held.Epoch(), Err: err}
	k.tell(phase)
	if served >= k.o.MaxPause { // what happened before is not why it ends
		k.mu.Lock()
		delete(k.faults, h.cell)
		k.mu.Unlock()
	}
	return errors.Join(err, guard("close", func() error { return node.Close(lost) }))
}

// guard makes an error of a panic: one cell's trouble is not the others'.
func guard(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: panic: %v\n%s", what, r, debug.Stack())
		}
	}()
	return f()
}
