// Package module starts and stops the rooms of a process. cmd/jingwei lists the modules in one table, ground floor
// first; a room that another stands on starts before it and stops after it.
package module

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Module is a room that runs.
type Module interface {
	// Name is the room's noun, for messages.
	Name() string
	// Start returns when the room serves. ctx ends with the start, not with the room: work that goes on is ended by Stop.
	Start(ctx context.Context) error
	// Stop returns when every goroutine of the room has ended. It is called once, and only after Start returned nil.
	// When ctx ends first, Stop gives up what it still does and returns its error.
	Stop(ctx context.Context) error
}

// Options tune Run.
type Options struct {
	Logger      *slog.Logger
	StopTimeout time.Duration // for all modules together; default 5 s
	Started     func()        // called once all modules serve
	Failed      <-chan error  // a room that cannot go on sends its reason here; Run then stops the others
}

// Run starts the modules in order, waits until ctx ends or a room fails, and stops them in reverse order. Where a start
// fails, those that had started are stopped and the error names the room. A room that panics while it stops does not
// keep the others from stopping.
func Run(ctx context.Context, o Options, modules ...Module) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = 5 * time.Second
	}
	var err error
	started := 0
	for _, m := range modules {
		if err = ctx.Err(); err != nil {
			break
		}
		if err = m.Start(ctx); err != nil {
			err = fmt.Errorf("start %s: %w", m.Name(), err)
			break
		}
		o.Logger.Debug("started", "module", m.Name())
		started++
	}
	if err == nil {
		if o.Started != nil {
			o.Started()
		}
		select {
		case <-ctx.Done():
		case err = <-o.Failed:
		}
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // asked to end
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.StopTimeout)
	defer cancel()
	for i := started - 1; i >= 0; i-- {
		if e := stop(end, modules[i]); e != nil {
			o.Logger.Error("did not stop cleanly", "module", modules[i].Name(), "error", e)
			err = errors.Join(err, fmt.Errorf("stop %s: %w", modules[i].Name(), e))
		}
	}
	return err
}

func stop(ctx context.Context, m Module) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return m.Stop(ctx)
}

// Loop makes a module of a function that runs until its context ends.
func Loop(name string, run func(ctx context.Context) error) Module {
	return &loop{name: name, run: run}
}

type loop struct {
	name   string
	run    func(context.Context) error
	cancel context.CancelFunc
	done   chan error
}

func (l *loop) Name() string { return l.name }

func (l *loop) Start(ctx context.Context) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel, l.done = cancel, make(chan error, 1)
	go func() { l.done <- l.run(running) }()
	return nil
}

func (l *loop) Stop(ctx context.Context) error {
	l.cancel()
	select {
	case err := <-l.done:
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	case <-ctx.Done():
		return fmt.Errorf("still running: %w", ctx.Err())
	}
}
