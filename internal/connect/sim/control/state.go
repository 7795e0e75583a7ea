// Package control steers a running simulator from outside: the faults in force, what it has counted, and orders to it, over
// HTTP on a loopback address.
package control

import (
	"context"
	"sync"
	"time"
)

// State is the faults in force in a simulator; F is the document that says them.
type State[F any] struct {
	check   func(F) (F, error)
	changed chan struct{} // capacity 1

	mu  sync.Mutex
	now F
}

// NewState begins with faults. check fills in the defaults of a document; its error names the field, the value and the
// mend.
func NewState[F any](faults F, check func(F) (F, error)) (*State[F], error) {
	s := &State[F]{check: check, changed: make(chan struct{}, 1)}
	return s, s.SetFaults(faults)
}

// Faults returns the faults in force.
func (s *State[F]) Faults() F {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// SetFaults changes the faults from the next request or message on; those that are refused change nothing.
func (s *State[F]) SetFaults(faults F) error {
	faults, err := s.check(faults)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.now = faults
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

// Changed tells one listener that the faults have changed since it last heard so.
func (s *State[F]) Changed() <-chan struct{} { return s.changed }

// Pause waits; false: ctx ended before.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
