// Package simtest is what tests of simulators need.
package simtest

import (
	"context"
	"sync"
	"testing"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

var load = sync.OnceValues(func() (*pack.Set[template.Template], error) { return template.Load(packs.Files, "devices") })

// Template returns a template that ships with the product, or nil.
func Template(id string) *template.Template {
	all, err := load()
	if err != nil {
		panic(err)
	}
	return all.Get(id)
}

// Run runs a simulator until stop is called or the test ends, and fails the test if it does not end well. ended is closed
// when it has ended.
func Run(t testing.TB, run func(context.Context) error) (stop func(), ended <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop, done
}
