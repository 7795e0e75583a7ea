package opcua

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/replay"
)

// Options say what is simulated.
type Options struct {
	Listen   string    // "127.0.0.1:4840"; port 0 takes a free one, see Ready
	Machines []Machine // with different names
	Faults   Faults    // at the start

	// Identity is the server's certificate; nil makes one that lasts as long as the process. Clients approve it once, so
	// a simulator that is to be restarted keeps it (wire.LoadIdentity).
	Identity *wire.Identity
	// Insecure also offers connections without signature and encryption.
	Insecure bool
	// User and Password have to be given by clients; where User is "" nobody has to sign in.
	User, Password string
	// MaxNodesPerRead and MaxItemsPerCall are what a client may ask for at once; default 100.
	MaxNodesPerRead, MaxItemsPerCall uint32

	// Control is a loopback address for Handler; "" leaves it out.
	Control string
	// Data holds the recordings, one folder for each; default: those that ship with the product.
	Data fs.FS
	// Epoch is when row 0 was shown first; default 2026-01-01 UTC. What is shown depends on the time since then alone, so
	// counters go on across restarts of the simulator.
	Epoch time.Time
	Now   func() time.Time // default time.Now
	// Ready is called once with the endpoint ("opc.tcp://127.0.0.1:4840") and the control address in use ("" where there
	// is none).
	Ready  func(endpoint, control string)
	Logger *slog.Logger // default: none
}

// Stats count what a simulator was asked.
type Stats struct {
	Connections uint64 `json:"connections"`
	Open        int    `json:"open"`
	Requests    uint64 `json:"requests"`
	Faults      uint64 `json:"faults"` // services refused as a whole
	Values      uint64 `json:"values"` // read and published
	Published   uint64 `json:"published"`
	Restarts    uint64 `json:"restarts"`
}

// Server is a simulator of machines behind one OPC UA server.
type Server struct {
	o       Options
	log     *slog.Logger
	space   *space
	started time.Time
	restart chan struct{} // capacity 1
	changed chan struct{} // capacity 1: the faults

	mu     sync.Mutex
	faults Faults
	stats  Stats
	conns  map[net.Conn]bool
	listen string
}

// Bounds of a server.
const (
	maxConns    = 64
	maxBrowse   = 100
	minSampling = 50 * time.Millisecond
	minPublish  = 50 * time.Millisecond
)

// New reads the recordings. Errors name the machine or fault and the mend.
func New(o Options) (*Server, error) {
	if len(o.Machines) == 0 {
		return nil, errors.New("no machines: name at least one, like Turbine1=gas-turbine-opcua")
	}
	if o.Epoch.IsZero() {
		o.Epoch = replay.DefaultEpoch
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxNodesPerRead == 0 {
		o.MaxNodesPerRead = 100
	}
	if o.MaxItemsPerCall == 0 {
		o.MaxItemsPerCall = 100
	}
	faults, err := o.Faults.checked()
	if err != nil {
		return nil, err
	}
	if o.Control != "" {
		if err := loopback(o.Control); err != nil {
			return nil, err
		}
	}
	seen := map[string]bool{}
	for _, m := range o.Machines {
		if seen[m.Name] {
			return nil, fmt.Errorf("machine %s is simulated twice", m.Name)
		}
		seen[m.Name] = true
	}
	if o.Identity == nil {
		if o.Identity, err = wire.NewIdentity("localhost", o.Now()); err != nil {
			return nil, err
		}
	}
	s := &Server{o: o, log: o.Logger, started: o.Now(), restart: make(chan struct{}, 1), changed: make(chan struct{}, 1), faults: faults, conns: map[net.Conn]bool{}}
	if s.space, err = newSpace(&o, replay.NewLibrary(o.Data), s.started); err != nil {
		return nil, err
	}
	return s, nil
}

// Run simulates until ctx ends. It returns nil then, or why it could not start or go on.
func Run(ctx context.Context, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Identity is the server's certificate, for who has to approve it.
func (s *Server) Identity() *wire.Identity { return s.o.Identity }

// Faults returns the faults in force.
func (s *Server) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults changes the faults.
func (s *Server) SetFaults(f Faults) error {
	f, err := f.checked()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.faults = f
	s.mu.Unlock()
	signal(s.changed)
	return nil
}

// Restart closes the port and every connection for Faults.RestartFor.
func (s *Server) Restart() { signal(s.restart) }

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Open = len(s.conns)
	return s.stats
}

func (s *Server) count(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *Server) endpoint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "opc.tcp://" + s.listen
}

// Run listens and serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	told := false
	var wg sync.WaitGroup
	defer wg.Wait()
	control := ""
	if s.o.Control != "" {
		l, err := net.Listen("tcp", s.o.Control)
		if err != nil {
			return fmt.Errorf("listen for control at %s: %w", s.o.Control, err)
		}
		control = l.Addr().String()
		steer := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
		wg.Go(func() { steer.Serve(l) })
		defer steer.Close()
	}
	address := s.o.Listen
	for {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listen at %s: %w", address, err)
		}
		address = l.Addr().String()
		s.mu.Lock()
		s.listen = address
		s.mu.Unlock()
		if !told {
			told = true
			s.log.Info("simulating OPC UA; every value is replayed, not measured", "endpoint", s.endpoint(), "control", control,
				"machines", s.space.machines, "variables", s.space.variables, "fingerprint", s.o.Identity.Fingerprint())
			if s.o.Ready != nil {
				s.o.Ready(s.endpoint(), control)
			}
		}
		s.serve(ctx, l)
		if ctx.Err() != nil {
			return nil
		}
		down := time.Duration(s.Faults().RestartFor)
		s.count(func(st *Stats) { st.Restarts++ })
		s.log.Info("restarting", "down", down)
		if !sleep(ctx, down) {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// serve accepts until ctx ends or a restart is due; then everything is closed.
func (s *Server) serve(ctx context.Context, l net.Listener) {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer s.closeAll()
	defer l.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) && sleep(ctx, 100*time.Millisecond) {
					continue // out of descriptors, or a client that went away
				}
				return
			}
			s.mu.Lock()
			full := len(s.conns) >= maxConns || ctx.Err() != nil
			if !full {
				s.conns[c] = true
				s.stats.Connections++
			}
			s.mu.Unlock()
			if full {
				c.Close()
				continue
			}
			wg.Go(func() {
				defer func() {
					c.Close()
					s.mu.Lock()
					delete(s.conns, c)
					s.mu.Unlock()
				}()
				if err := newConn(s, c).run(ctx); err != nil {
					s.log.Debug("connection", "peer", c.RemoteAddr(), "ended", err)
				}
			})
		}
	})
	began := time.Now()
	for {
		var due <-chan time.Time
		var timer *time.Timer
		if every := time.Duration(s.Faults().RestartEvery); every > 0 {
			timer = time.NewTimer(time.Until(began.Add(every)))
			due = timer.C
		}
		again := false
		select {
		case <-due:
		case <-s.restart:
		case <-ctx.Done():
		case <-s.changed:
			again = true
		}
		if timer != nil {
			timer.Stop()
		}
		if !again {
			return
		}
	}
}

func (s *Server) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}
