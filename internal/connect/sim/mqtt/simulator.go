package mqtt

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
	ClientID string // default jingwei-sim; a number is added where there are several connections
	Topic    string // with {device} in it; default zigbee2mqtt/{device}

	Devices     []Device      // with different names
	Connections int           // that the devices share; default 1, as behind a bridge; at most one for each device
	Every       time.Duration // between two messages of a device; default 1 s

	Faults  Faults // at the start
	Seed    uint64 // of the faults
	Control string // loopback address for Handler; "" leaves it out

	replay.Source
	Ready  func()       // called once, when all connections stand
	Logger *slog.Logger // default: none
}

// Stats count what was published and what went wrong on purpose.
type Stats struct {
	Connections uint64 `json:"connections"` // made since the start
	Published   uint64 `json:"published"`   // acknowledged
	Resent      uint64 `json:"resent"`      // sent again after a connection broke
	Dropped     uint64 `json:"dropped"`
	Malformed   uint64 `json:"malformed"`
	WrongType   uint64 `json:"wrongType"`
	Stalled     uint64 `json:"stalled"`
}

// Simulator is a process' worth of devices.
type Simulator struct {
	o       Options
	log     *slog.Logger
	broker  *url.URL
	devices []*device
	stats   struct {
		connections, published, resent, dropped, malformed, wrongType, stalled atomic.Uint64
	}

	*control.State[Faults]

	mu     sync.Mutex
	random *rand.Rand
}

// New reads the recordings. Errors name the device, option or fault and the mend.
func New(o Options) (*Simulator, error) {
	if o.Topic == "" {
		o.Topic = "zigbee2mqtt/{device}"
	}
	if o.ClientID == "" {
		o.ClientID = "jingwei-sim"
	}
	if o.Every <= 0 {
		o.Every = time.Second
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
		return nil, errors.New("no devices: name at least one, like hall=environment-sensor-zigbee2mqtt")
	case !strings.Contains(o.Topic, "{device}") || strings.ContainsAny(o.Topic, "+#"):
		return nil, fmt.Errorf("topic %q: write it with {device}, and without wildcards, like zigbee2mqtt/{device}", o.Topic)
	}
	faults, err := control.NewState(o.Faults, Faults.checked)
	if err := errors.Join(err, control.Loopback(o.Control)); err != nil {
		return nil, err
	}
	o.Connections = min(max(o.Connections, 1), len(o.Devices))
	s := &Simulator{o: o, log: o.Logger, broker: u, State: faults, random: rand.New(rand.NewPCG(o.Seed, 0x6d71))}
	library, seen := replay.NewLibrary(o.Data), map[string]bool{}
	for _, d := range o.Devices {
		if seen[d.Name] {
			return nil, fmt.Errorf("device %s is simulated twice", d.Name)
		}
		seen[d.Name] = true
		dev, err := newDevice(d, o.Topic, library, o.Epoch)
		if err != nil {
			return nil, err
		}
		s.devices = append(s.devices, dev)
	}
	return s, nil
}

// Run simulates devices until ctx ends. It returns nil then, or why it could not start.
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
	s.log.Info("simulating MQTT devices; every value is replayed, not measured", "broker", s.broker.Redacted(), "devices", len(s.devices), "connections", s.o.Connections)
	var work sync.WaitGroup
	defer work.Wait()
	var waiting atomic.Int64
	waiting.Store(int64(s.o.Connections))
	for i := range s.o.Connections {
		var mine []*device
		for k := i; k < len(s.devices); k += s.o.Connections {
			mine = append(mine, s.devices[k])
		}
		l := &line{s: s, devices: mine, id: s.o.ClientID}
		if s.o.Connections > 1 {
			l.id = fmt.Sprintf("%s-%d", s.o.ClientID, i+1)
		}
		l.ready = func() {
			if waiting.Add(-1) == 0 && s.o.Ready != nil {
				s.o.Ready()
			}
		}
		work.Go(func() { l.run(ctx) })
	}
	<-ctx.Done()
	return nil
}

// Handler steers a running simulator; see control.Handler.
func (s *Simulator) Handler() http.Handler { return control.Handler(s, nil) }

// Stats returns the counters.
func (s *Simulator) Stats() Stats {
	c := &s.stats
	return Stats{Connections: c.connections.Load(), Published: c.published.Load(), Resent: c.resent.Load(), Dropped: c.dropped.Load(),
		Malformed: c.malformed.Load(), WrongType: c.wrongType.Load(), Stalled: c.stalled.Load()}
}

// fate is what goes wrong with one message.
type fate struct {
	drop, malformed bool
	spoil           int // the number that becomes a text; -1: none
	stall           time.Duration
}

// draw decides over a message. Every message draws the same number of times, so that one fault's probability does not
// shift the others'.
func (s *Simulator) draw(numbers int) fate {
	f := s.Faults()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.random
	out := fate{drop: r.Float64() < f.Drop, malformed: r.Float64() < f.Malformed, spoil: -1}
	if wrong, which := r.Float64() < f.WrongType, r.IntN(max(numbers, 1)); wrong && numbers > 0 {
		out.spoil = which
		s.stats.wrongType.Add(1)
	}
	if r.Float64() < f.Stall {
		out.stall = time.Duration(f.StallFor)
		s.stats.stalled.Add(1)
	}
	return out
}
