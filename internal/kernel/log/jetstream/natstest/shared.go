package natstest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

var (
	sharedMu sync.Mutex
	shared   = map[int]*Cluster{}
)

// Shared returns n servers that all tests of a package use, each with streams and buckets of its own. Run ends them.
func Shared(t testing.TB, n int) *Cluster {
	t.Helper()
	sharedMu.Lock()
	defer sharedMu.Unlock()
	if c := shared[n]; c != nil {
		return c
	}
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(dir, n)
	if err != nil {
		os.RemoveAll(dir)
		t.Fatal(err)
	}
	shared[n] = c
	return c
}

// Run runs a package's tests, ends the shared servers, looks for goroutines that are left, and exits. TestMain calls Main before.
func Run(m *testing.M) {
	code := m.Run()
	for _, c := range shared {
		c.Stop()
		os.RemoveAll(c.Dir)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
