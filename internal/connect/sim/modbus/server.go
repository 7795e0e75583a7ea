package modbus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/port"
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
	replay.Source
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
	port    *port.Port
	*control.State[Faults]

	mu     sync.Mutex
	random *rand.Rand
	stats  Stats // but for those of the port
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
	o.Source.Default()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	faults, err := control.NewState(o.Faults, Faults.checked)
	if err := errors.Join(err, control.Loopback(o.Control)); err != nil {
		return nil, err
	}
	s := &Server{o: o, log: o.Logger, devices: map[byte]*device{}, State: faults, random: rand.New(rand.NewPCG(o.Seed, 0x51))}
	s.port = port.New(port.Options{Listen: o.Listen, Most: maxConns, Serve: s.converse, Restarts: s.restarts, Changed: faults.Changed(), Logger: o.Logger})
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

// Run listens and serves until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	steer, stop, err := control.Serve(s.o.Control, s.Handler())
	if err != nil {
		return err
	}
	defer stop()
	return s.port.Run(ctx, func() {
		s.log.Info("simulating Modbus TCP; every value is replayed, not measured", "address", s.port.Address(), "control", steer, "devices", len(s.devices))
		if s.o.Ready != nil {
			s.o.Ready(s.port.Address(), steer)
		}
	})
}

// Handler steers a running simulator; see control.Handler. POST /restart restarts it.
func (s *Server) Handler() http.Handler {
	return control.Handler(s, map[string]func(){"restart": s.port.Restart})
}

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

// answer is what a request gets.
type answer struct {
	frame []byte        // nil: nothing
	after time.Duration // late by
	drop  bool          // the connection
}

// answer decides over one request: what a healthy device would say, and what goes wrong with it.
func (s *Server) answer(h wire.Header, pdu []byte) answer {
	now, f := s.o.Now(), s.Faults()
	s.mu.Lock()
	defer s.mu.Unlock()
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
	data, err := s.read(&f, now, h.Unit, pdu)
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
func (s *Server) read(f *Faults, now time.Time, unit byte, pdu []byte) ([]byte, error) {
	d := s.devices[unit]
	if d == nil {
		return nil, wire.NoTarget // as a gateway answers for a device that is not there
	}
	area, start, count, err := wire.ParseRead(pdu)
	if err != nil {
		return nil, err
	}
	if f.hits(area, start, count) {
		return nil, wire.IllegalAddress
	}
	return d.read(now, area, start, count)
}
