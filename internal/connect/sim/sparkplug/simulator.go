package sparkplug

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/connect/sim/replay"
)

// Options say what is simulated.
type Options struct {
	URL         string // mqtt://host:1883 or mqtts://host:8883
	Username    string
	Password    string
	ClientID    string      // default GROUP-NODE
	TLS         *tls.Config // for mqtts
	Group, Node string      // default Jingwei, Line2
	// PrimaryHost is the host whose state must be online; "" waits for none.
	PrimaryHost string

	Devices []Device      // with different names
	Every   time.Duration // between two looks at the devices; default 500 ms

	Faults  Faults // at the start
	Seed    uint64 // of the faults
	Control string // loopback address for Handler; "" leaves it out

	Data   fs.FS            // recordings; default: those that ship with the product
	Epoch  time.Time        // when row 0 was shown first; default 2026-01-01 UTC
	Now    func() time.Time // default time.Now
	Ready  func()           // called once, when the first births have been sent
	Logger *slog.Logger     // default: none
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

	mu     sync.Mutex
	faults Faults
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
	if o.Epoch.IsZero() {
		o.Epoch = replay.DefaultEpoch
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "mqtt" && u.Scheme != "mqtts":
		return nil, fmt.Errorf("address %q: write it like mqtt://127.0.0.1:1883 or mqtts://host:8883", o.URL)
	case len(o.Devices) == 0:
		return nil, errors.New("no devices: name at least one, like Mill5=cnc-mill-sparkplug")
	}
	for what, s := range map[string]string{"group": o.Group, "node": o.Node} {
		if strings.ContainsAny(s, "/+#") {
			return nil, fmt.Errorf("%s %q: write it without /, + and #", what, s)
		}
	}
	if o.Control != "" {
		if err := loopback(o.Control); err != nil {
			return nil, err
		}
	}
	s := &Simulator{o: o, log: o.Logger, broker: u, drop: make(chan struct{}, 1), random: rand.New(rand.NewPCG(o.Seed, 0x5b))}
	if s.faults, err = o.Faults.checked(); err != nil {
		return nil, err
	}
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
	var work sync.WaitGroup
	defer work.Wait()
	if s.o.Control != "" {
		l, err := net.Listen("tcp", s.o.Control)
		if err != nil {
			return fmt.Errorf("listen for control at %s: %w", s.o.Control, err)
		}
		steer := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
		work.Go(func() { steer.Serve(l) })
		defer steer.Close()
	}
	s.log.Info("simulating a Sparkplug edge node; every value is replayed, not measured", "broker", s.broker.Redacted(), "group", s.o.Group, "node", s.o.Node, "devices", len(s.devices))
	// bdSeq grows with every connection, and across restarts of the simulator, as one that is kept on disk would.
	edge := &edge{s: s, bdSeq: uint64(s.o.Now().Unix())}
	for pause := 500 * time.Millisecond; ctx.Err() == nil; {
		stood, err := edge.connection(ctx)
		if stood {
			pause = 500 * time.Millisecond
		}
		if ctx.Err() != nil {
			break
		}
		s.log.Warn("the connection ended; it is tried again", "err", err, "in", pause)
		if !sleep(ctx, pause) {
			break
		}
		pause = min(2*pause, 10*time.Second)
	}
	return nil
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

// Drop breaks the connection once.
func (s *Simulator) Drop() {
	select {
	case s.drop <- struct{}{}:
	default:
	}
}

// Faults returns the faults in force.
func (s *Simulator) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults changes the faults from the next message on.
func (s *Simulator) SetFaults(f Faults) error {
	f, err := f.checked()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	return nil
}

// chance draws one fault.
func (s *Simulator) chance(of func(*Faults) float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Float64() < of(&s.faults)
}

// Stats returns the counters.
func (s *Simulator) Stats() Stats {
	c := &s.stats
	return Stats{Connections: c.connections.Load(), Births: c.births.Load(), Rebirths: c.rebirths.Load(), Published: c.published.Load(),
		Dropped: c.dropped.Load(), Swallowed: c.swallowed.Load(), Silent: c.silent.Load(), Replayed: c.replayed.Load()}
}
