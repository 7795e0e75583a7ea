// Package port is the TCP port of a simulated server, with the fault that all such servers share: restarts.
package port

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"jingwei/internal/connect/sim/control"
)

// Options say how a port works.
type Options struct {
	Listen string // port 0 takes a free one
	Most   int    // connections at once; more are closed
	// Serve serves a connection until it ends; the port closes it then. ctx ends when the port is closed.
	Serve func(ctx context.Context, c net.Conn)
	// Restarts tells every how long the port restarts by itself, 0 for never, and how long it is closed for a restart.
	// Changed tells that it may tell something else now.
	Restarts func() (every, down time.Duration)
	Changed  <-chan struct{}
	Logger   *slog.Logger
}

// Port accepts connections until a restart is due; then it is closed with all of them for a while, and opens again at the
// same address.
type Port struct {
	o       Options
	restart chan struct{} // capacity 1

	mu      sync.Mutex
	address string
	conns   map[net.Conn]bool
	counts  Counts
}

// Counts are what a port has seen.
type Counts struct {
	Connections, Restarts uint64
	Open                  int // connections now
}

// New makes a port; Run opens it.
func New(o Options) *Port {
	return &Port{o: o, restart: make(chan struct{}, 1), address: o.Listen, conns: map[net.Conn]bool{}}
}

// Address is where it listens, as soon as it does.
func (p *Port) Address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// Counts returns what it has seen.
func (p *Port) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.counts
	out.Open = len(p.conns)
	return out
}

// Restart closes the port and every connection, once, for as long as a restart takes.
func (p *Port) Restart() {
	select {
	case p.restart <- struct{}{}:
	default:
	}
}

// Run listens and serves until ctx ends; ready is called once, when it listens. It returns nil, or why it could not listen.
func (p *Port) Run(ctx context.Context, ready func()) error {
	once := sync.OnceFunc(ready)
	for {
		l, err := net.Listen("tcp", p.Address())
		if err != nil {
			return fmt.Errorf("listen at %s: %w", p.Address(), err)
		}
		p.mu.Lock()
		p.address = l.Addr().String()
		p.mu.Unlock()
		once()
		p.serve(ctx, l)
		if ctx.Err() != nil {
			return nil
		}
		_, down := p.o.Restarts()
		p.mu.Lock()
		p.counts.Restarts++
		p.mu.Unlock()
		p.o.Logger.Info("restarting", "down", down)
		if !control.Pause(ctx, down) {
			return nil
		}
	}
}

// serve accepts until ctx ends or a restart is due; then everything is closed.
func (p *Port) serve(ctx context.Context, l net.Listener) {
	var work sync.WaitGroup
	defer work.Wait()
	defer p.closeAll()
	defer l.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) && control.Pause(ctx, 100*time.Millisecond) {
					continue // out of descriptors, or a client that went away
				}
				return
			}
			if p.add(ctx, c) {
				work.Go(func() {
					defer p.remove(c)
					p.o.Serve(ctx, c)
				})
			}
		}
	})
	p.due(ctx)
}

// due waits until ctx ends or a restart is due.
func (p *Port) due(ctx context.Context) {
	began := time.Now()
	for {
		var next <-chan time.Time
		if every, _ := p.o.Restarts(); every > 0 {
			next = time.After(time.Until(began.Add(every)))
		}
		select {
		case <-p.o.Changed:
		case <-next:
			return
		case <-p.restart:
			return
		case <-ctx.Done():
			return
		}
	}
}

// add takes a connection, or closes it when there are too many or the port is closing.
func (p *Port) add(ctx context.Context, c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.conns) >= p.o.Most || ctx.Err() != nil {
		c.Close()
		return false
	}
	p.conns[c] = true
	p.counts.Connections++
	return true
}

func (p *Port) remove(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (p *Port) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}
