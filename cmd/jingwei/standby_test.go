package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestANodeAndItsStandbyNeverHaveTheCacheTogether: what brings files ends when the node wants the cache, and does not
// begin while it has it.
func TestANodeAndItsStandbyNeverHaveTheCacheTogether(t *testing.T) {
	t.Parallel()
	var w warmth
	var users, worked, took atomic.Int64
	alone := func() {
		if n := users.Add(1); n != 1 {
			t.Errorf("%d have the cache", n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for ctx.Err() == nil {
				w.do(ctx, func(ctx context.Context) {
					alone()
					worked.Add(1)
					<-ctx.Done() // a download that would last for ever
					users.Add(-1)
				})
				time.Sleep(time.Millisecond)
			}
		})
	}
	for range 50 {
		w.take()
		alone()
		took.Add(1)
		users.Add(-1)
		w.give()
		time.Sleep(time.Millisecond)
	}
	cancel()
	all.Wait()
	if worked.Load() == 0 || took.Load() != 50 {
		t.Errorf("worked %d times, taken %d times", worked.Load(), took.Load())
	}
}
