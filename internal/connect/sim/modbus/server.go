package modbus

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/sim/replay"
)

// Options say what is simulated.
type Options struct {
	Listen  string   // "127.0.0.1:1502"; port 0 takes a free one, see Ready
	Devices []Device // with different units
	Faults  Faults   // at the start
	Seed    uint64   // of the faults

	// Control is a loopback address for Handler; "" leaves it out.
	Control string
	// Data holds the recordings, one folder for each; default: those that ship with the product.
	Data fs.FS
	// Epoch is when row 0 was shown first; default 2026-01-01 UTC. What is shown depends on the time since then alone, so
	// counters go on across restarts of the simulator.
	Epoch time.Time
	Now   func() time.Time // default time.Now
	// Ready is called once with the addresses in use; control is "" where there is none.
	Ready  func(listen, control string)
	Logger *slog.Logger // default: none
}

// Stats count what a simulator was asked and what it did wrong on purpose.
type Stats struct {
	Connections uint64 `json:"connections"`
	Open        int    `json:"open"`
	Requests    uint64 `json:"requests"`
	Answers     uint64 `json:"answers"`    // with values, in time
	Exceptions  uint64 `json:"exceptions"` // holes and wrong requests
	Dropped     uint64 `json:"dropped"`
	Stalled     uint64 `json:"stalled"` // dead units too
	Late        uint64 `json:"late"`
	WrongUnit   uint64 `json:"wrongUnit"`
	Restarts    uint64 `json:"restarts"`
}

// Server is a simulator of Modbus TCP devices behind one port.
type Server struct {
	o       Options
	log     *slog.Logger
	devices map[byte]*device
	restart chan struct{} // capacity 1
	changed chan struct{} // capacity 1: the faults

	mu     sync.Mutex
	faults Faults
	random *rand.Rand
	stats  Stats
	conns  map[*conn]bool
}

// Bounds of a server.
const (
	maxConns  = 256
	maxLate   = 64 // late answers on their way, per connection
	idleTime  = 10 * time.Minute
	writeTime = 5 * time.Second
)

// New reads the recordings. Errors name the device or fault and the mend.
func New(o Options) (*Server, error) {
	if len(o.Devices) == 0 {
		return nil, errors.New("no devices: name at least one, like 1=cnc-mill-smart-testbed")
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
	faults, err := o.Faults.checked()
	if err != nil {
		return nil, err
	}
	if o.Control != "" {
		if err := loopback(o.Control); err != nil {
			return nil, err
		}
	}
	s := &Server{o: o, log: o.Logger, devices: map[byte]*device{}, restart: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		faults: faults, random: rand.New(rand.NewPCG(o.Seed, 0x51)), conns: map[*conn]bool{}}
	library := replay.NewLibrary(o.Data)
	for _, d := range o.Devices {
		if s.devices[d.Unit] != nil {
			return nil, fmt.Errorf("unit %d is simulated twice", d.Unit)
		}
		if s.devices[d.Unit], err = newDevice(d, library, o.Epoch); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Run simulates Modbus TCP devices until ctx ends. It returns nil then, or why it could not start or go on.
func Run(ctx context.Context, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Faults returns the faults in force.
func (s *Server) Faults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// SetFaults changes the faults from the next request on.
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

// Run listens and serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	address, told := s.o.Listen, false
	var steer *http.Server
	var wg sync.WaitGroup
	defer wg.Wait()
	control := ""
	if s.o.Control != "" {
		l, err := net.Listen("tcp", s.o.Control)
		if err != nil {
			return fmt.Errorf("listen for control at %s: %w", s.o.Control, err)
		}
		control = l.Addr().String()
		steer = &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
		wg.Go(func() { steer.Serve(l) })
		defer steer.Close()
	}
	for {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listen at %s: %w", address, err)
		}
		if address = l.Addr().String(); !told {
			told = true
			s.log.Info("simulating Modbus TCP; every value is replayed, not measured", "address", address, "control", control, "devices", len(s.devices))
			if s.o.Ready != nil {
				s.o.Ready(address, control)
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
			if n := s.add(c, ctx); n != nil {
				wg.Go(n.run)
			}
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
		c.net.Close()
	}
}

// answer is what a request gets.
type answer struct {
	frame []byte        // nil: nothing
	after time.Duration // late by
	drop  bool          // the connection
}

// answer decides over one request: what a healthy device would say, and what goes wrong with it.
func (s *Server) answer(h wire.Header, pdu []byte) answer {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	s.stats.Requests++
	// Every request draws the same number of times, so that one fault's probability does not shift the others'.
	drop, stall, late, wrong := s.random.Float64() < f.Drop, s.random.Float64() < f.Stall, s.random.Float64() < f.Late, s.random.Float64() < f.WrongUnit
	switch {
	case drop:
		s.stats.Dropped++
		return answer{drop: true}
	case stall, f.dead(h.Unit):
		s.stats.Stalled++
		return answer{}
	}
	unit := h.Unit
	if wrong {
		s.stats.WrongUnit++
		unit++
	}
	var a answer
	if late {
		s.stats.Late++
		a.after = time.Duration(f.LateBy)
	}
	data, err := s.read(now, h.Unit, pdu)
	if e := wire.Exception(0); errors.As(err, &e) {
		s.stats.Exceptions++
		a.frame = wire.AppendException(nil, h.Transaction, unit, pdu[0], e)
		return a
	}
	if !late && !wrong {
		s.stats.Answers++
	}
	a.frame = wire.AppendAnswer(nil, h.Transaction, unit, wire.Area(pdu[0]), data)
	return a
}

// read is the healthy device, with the holes of the faults in it.
func (s *Server) read(now time.Time, unit byte, pdu []byte) ([]byte, error) {
	d := s.devices[unit]
	if d == nil {
		return nil, wire.NoTarget // as a gateway answers for a device that is not there
	}
	area, start, count, err := wire.ParseRead(pdu)
	if err != nil {
		return nil, err
	}
	if s.faults.hits(area, start, count) {
		return nil, wire.IllegalAddress
	}
	return d.read(now, area, start, count)
}
