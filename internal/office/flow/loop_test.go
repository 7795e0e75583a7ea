package flow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// A process that stops between a step and its message, or between a message and its mark, loses nothing and doubles nothing.
func TestACrashLosesAndDoublesNoMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		c := n.apply()
		n.submit(&c) // and now the process stops: nothing was handed on
		if got := n.told(); len(got) != 0 {
			t.Fatalf("%v", got)
		}
		n.service = n.open()
		tries := 0
		n.inbox.trouble = func(Notice) error { // it has written, and the process stops before the mark
			if tries++; tries%2 == 1 {
				return errors.New("stopped")
			}
			return nil
		}
		if err := n.service.Tick(t.Context()); err == nil {
			t.Error("trouble is not told")
		}
		for range 5 {
			n.clock = n.clock.Add(2 * time.Minute)
			_ = n.service.Tick(t.Context())
		}
		if got := n.told(); !slices.Equal(got, []string{"turn applicant", "turn clerk"}) || tries < 3 {
			t.Errorf("%v after %d tries", got, tries)
		}
		// Two processes at once.
		n.inbox.trouble = nil
		n.take(wang, &c, "return", `{"missing":"缺页"}`)
		two := n.open()
		var all sync.WaitGroup
		for _, s := range []*Service{n.service, two, n.service, two} {
			all.Go(func() {
				if err := s.Tick(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := n.told(); len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
}

func TestRunHandsOnAndEnds(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	n.apply()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.service.Run(ctx) }()
	proof.Wait(t, "the first message", func() bool { return len(n.told()) == 1 })
	if c := n.apply2(); c.ID == uuid.Nil {
		t.Error("no second case")
	}
	proof.Wait(t, "the second message", func() bool { return len(n.told()) == 2 })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func (n *node) apply2() Case {
	return proof.Must(n.service.Open(n.as(li), Opening{Flow: "project-application", Org: n.orgs["agency"], Subject: n.orgs["firm"], Content: []byte(strings.Replace(application, "注塑", "喷涂", 1))}))
}
