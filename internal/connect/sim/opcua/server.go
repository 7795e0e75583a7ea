package opcua

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/port"
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
	replay.Source
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
	port    *port.Port
	*control.State[Faults]

	mu    sync.Mutex
	stats Stats // but for those of the port
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
	o.Source.Default()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxNodesPerRead == 0 {
		o.MaxNodesPerRead = 100
	}
	if o.MaxItemsPerCall == 0 {
		o.MaxItemsPerCall = 100
	}
	faults, err := control.NewState(o.Faults, Faults.checked)
	if err := errors.Join(err, control.Loopback(o.Control)); err != nil {
		return nil, err
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
	s := &Server{o: o, log: o.Logger, started: o.Now(), State: faults}
	s.port = port.New(port.Options{Listen: o.Listen, Most: maxConns, Serve: s.converse, Restarts: s.restarts, Changed: faults.Changed(), Logger: o.Logger})
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

// Run listens and serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	steer, stop, err := control.Serve(s.o.Control, s.Handler())
	if err != nil {
		return err
	}
	defer stop()
	return s.port.Run(ctx, func() {
		s.log.Info("simulating OPC UA; every value is replayed, not measured", "endpoint", s.endpoint(), "control", steer,
			"machines", s.space.machines, "variables", s.space.variables, "fingerprint", s.o.Identity.Fingerprint())
		if s.o.Ready != nil {
			s.o.Ready(s.endpoint(), steer)
		}
	})
}

// Handler steers a running simulator; see control.Handler. POST /restart restarts it.
func (s *Server) Handler() http.Handler {
	return control.Handler(s, map[string]func(){"restart": s.port.Restart})
}

func (s *Server) endpoint() string { return "opc.tcp://" + s.port.Address() }

func (s *Server) restarts() (every, down time.Duration) {
	f := s.Faults()
	return time.Duration(f.RestartEvery), time.Duration(f.RestartFor)
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	out := s.stats
	s.mu.Unlock()
	n := s.port.Counts()
	out.Connections, out.Open, out.Restarts = n.Connections, n.Open, n.Restarts
	return out
}

func (s *Server) count(f func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.stats)
}

// converse serves a client.
func (s *Server) converse(ctx context.Context, c net.Conn) {
	if err := newConn(s, c).run(ctx); err != nil {
		s.log.Debug("connection", "peer", c.RemoteAddr(), "ended", err)
	}
}
