package sparkplug

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/connect/sim/broker"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
)

// Options say what is simulated.
type Options struct {
	broker.Access
	ClientID    string // default GROUP-NODE
	Group, Node string // default Jingwei, Line2
	// PrimaryHost is the host whose state must be online; "" waits for none.
	PrimaryHost string

	Devices []Device      // with different names
	Every   time.Duration // between two looks at the devices; default 500 ms

	Faults  Faults // at the start
	Seed    uint64 // of the faults
	Control string // loopback address for Handler; "" leaves it out

	replay.Source
	Ready  func()       // called once, when the first births have been sent
	Logger *slog.Logger // default: none
}

// Stats count what was published and what went wrong on purpose.
type Stats struct {
	Connections uint64 `json:"connections"`
	Births      uint64 `json:"births"`    // of the node
	Rebirths    uint64 `json:"rebirths"`  // of them, because a host asked
	Published   uint64 `json:"published"` // data messages
	Dropped     uint64 `json:"dropped"`
	Swallowed   uint64 `json:"swallowed"`
	Silent      uint64 `json:"silent"`
	Replayed    uint64 `json:"replayed"`
}

// Simulator is one edge node.
type Simulator struct {
	o       Options
	log     *slog.Logger
	broker  *url.URL
	devices []*device
	drop    chan struct{} // capacity 1
	stats   struct {
		connections, births, rebirths, published, dropped, swallowed, silent, replayed atomic.Uint64
	}

	*control.State[Faults]

	mu     sync.Mutex
	random *rand.Rand
}

// New reads the recordings. Errors name the device, option or fault and the mend.
func New(o Options) (*Simulator, error) {
	if o.Group == "" {
		o.Group = "Jingwei"
	}
	if o.Node == "" {
		o.Node = "Line2"
	}
	if o.ClientID == "" {
		o.ClientID = o.Group + "-" + o.Node
	}
	if o.Every <= 0 {
		o.Every = 500 * time.Millisecond
	}
	o.Source.Default()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	u, err := o.Address()
	switch {
	case err != nil:
		return nil, err
	case len(o.Devices) == 0:
		return nil, errors.New("no devices: name at least one, like Mill5=cnc-mill-sparkplug")
	}
	for what, s := range map[string]string{"group": o.Group, "node": o.Node} {
		if strings.ContainsAny(s, "/+#") {
			return nil, fmt.Errorf("%s %q: write it without /, + and #", what, s)
		}
	}
	faults, err := control.NewState(o.Faults, Faults.checked)
	if err := errors.Join(err, control.Loopback(o.Control)); err != nil {
		return nil, err
	}
	s := &Simulator{o: o, log: o.Logger, broker: u, State: faults, drop: make(chan struct{}, 1), random: rand.New(rand.NewPCG(o.Seed, 0x5b))}
	library, seen, alias := replay.NewLibrary(o.Data), map[string]bool{}, uint64(1000)
	for _, d := range o.Devices {
		if seen[d.Name] {
			return nil, fmt.Errorf("device %s is simulated twice", d.Name)
		}
		seen[d.Name] = true
		dev, err := newDevice(d, alias, library, o.Epoch)
		if err != nil {
			return nil, err
		}
		alias += uint64(len(dev.types)) // no two metrics of an edge node have one alias
		s.devices = append(s.devices, dev)
	}
	return s, nil
}

// Run simulates an edge node until ctx ends. It returns nil then, or why it could not start.
func Run(ctx context.Context, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Run connects and publishes until ctx ends. A broker that is not there is tried again.
func (s *Simulator) Run(ctx context.Context) error {
	_, stop, err := control.Serve(s.o.Control, s.Handler())
	if err != nil {
		return err
	}
	defer stop()
	s.log.Info("simulating a Sparkplug edge node; every value is replayed, not measured", "broker", s.broker.Redacted(), "group", s.o.Group, "node", s.o.Node, "devices", len(s.devices))
	// bdSeq grows with every connection, and across restarts of the simulator, as one that is kept on disk would.
	edge := &edge{s: s, bdSeq: uint64(s.o.Now().Unix())}
	broker.Keep(ctx, 500*time.Millisecond, 10*time.Second, edge.connection, func(err error, pause time.Duration) {
		s.log.Warn("the connection ended; it is tried again", "err", err, "in", pause)
	})
	return nil
}

// Handler steers a running simulator; see control.Handler. POST /drop breaks the connection once.
func (s *Simulator) Handler() http.Handler {
	return control.Handler(s, map[string]func(){"drop": s.Drop})
}

// Drop breaks the connection once.
func (s *Simulator) Drop() {
	select {
	case s.drop <- struct{}{}:
	default:
	}
}

// chance draws one fault.
func (s *Simulator) chance(of func(*Faults) float64) bool {
	f := s.Faults()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64() < of(&f)
}

// Stats returns the counters.
func (s *Simulator) Stats() Stats {
	c := &s.stats
	return Stats{Connections: c.connections.Load(), Births: c.births.Load(), Rebirths: c.rebirths.Load(), Published: c.published.Load(),
		Dropped: c.dropped.Load(), Swallowed: c.swallowed.Load(), Silent: c.silent.Load(), Replayed: c.replayed.Load()}
}
