// Package proof holds what the tests of many rooms do in the same way.
package proof

import (
	"log/slog"
	"testing"
	"time"
)

// patience is how long Wait waits.
const patience = 20 * time.Second

// Must is the value of a call that has to succeed.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Wait looks every few milliseconds until a condition holds, and ends the test when that takes longer than patience.
func Wait(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Logger writes to the test's output when go test -v asks for it.
func Logger(t testing.TB) *slog.Logger {
	if testing.Verbose() {
		return slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	return slog.New(slog.DiscardHandler)
}
