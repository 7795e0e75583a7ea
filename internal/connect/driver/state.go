package driver

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Phase is what a link is doing.
type Phase string

const (
	Starting   Phase = "starting"   // not yet supervised
	Connecting Phase = "connecting" // dialling
	Connected  Phase = "connected"  // a session lives
	Resting    Phase = "resting"    // closed between polls, as configured
	Waiting    Phase = "waiting"    // in the pause before it is opened again
	Stopped    Phase = "stopped"
)

// Failure is an error in plain words.
type Failure struct {
	Code   string    `json:"code"`
	Text   Text      `json:"text"`
	Detail string    `json:"detail"` // as the system told it, for integrators
	Time   time.Time `json:"time"`

	Attr map[string]string `json:"attr,omitempty"` // of the Fault
}

// UnitState is the health of one unit behind the link.
type UnitState struct {
	Unit      string     `json:"unit"`
	State     string     `json:"state"`    // ok, failing (timeouts, still asked), demoted (only probed)
	Timeouts  int        `json:"timeouts"` // in a row
	ProbeAt   *time.Time `json:"probeAt,omitempty"`
	LastError *Failure   `json:"lastError,omitempty"`
}

// State is a snapshot of a link. Counters count from the start of the link.
type State struct {
	ID                string            `json:"id"`
	Name              string            `json:"name"`
	Endpoint          string            `json:"endpoint"`
	Phase             Phase             `json:"phase"`
	Since             time.Time         `json:"since"` // of the phase
	RetryAt           *time.Time        `json:"retryAt,omitempty"`
	Connects          uint64            `json:"connects"` // sessions opened
	Outages           uint64            `json:"outages"`  // sessions that died, and times that none could be opened after one had lived
	Requests          uint64            `json:"requests"`
	RequestsPerSecond float64           `json:"requestsPerSecond"` // over the last ten seconds
	RoundTripP50Ms    float64           `json:"roundTripP50Ms"`    // of the last 128 answers
	Samples           uint64            `json:"samples"`           // passed on
	Skipped           uint64            `json:"skipped"`           // cycles missed because the line was too slow
	Held              uint64            `json:"held"`              // cycles not run because the outlet was full
	Refused           uint64            `json:"refused"`           // batches that the outlet refused and were offered again
	Lost              uint64            `json:"lost"`              // outputs that a stopping link could not hand over
	QueueBytes        int               `json:"queueBytes"`
	Errors            map[string]uint64 `json:"errors"` // by code
	LastError         *Failure          `json:"lastError,omitempty"`
	Units             []UnitState       `json:"units"`
}

// State returns a snapshot.
func (l *Link) State() State {
	s := l.stats.snapshot(l.o.Now())
	s.QueueBytes = l.queue.held()
	return s
}

const rateWindow = 10 // seconds

// stats counts. The goroutine that owns the link writes, anybody reads.
type stats struct {
	mu      sync.Mutex
	state   State
	ran     bool
	stopped chan struct{}

	sent  time.Time // of the request that waits for its answer
	trips [128]time.Duration
	nTrip int
	rate  [rateWindow + 1]struct {
		second int64
		n      uint64
	}
}

func newStats() *stats {
	return &stats{state: State{Phase: Starting, Errors: map[string]uint64{}}, stopped: make(chan struct{})}
}

// start reports false when the link has been started before.
func (s *stats) start() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ran {
		return false
	}
	s.ran = true
	return true
}

func (s *stats) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ran && s.state.Phase != Stopped
}

func (s *stats) with(f func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.state)
}

func (s *stats) failed(f *Fault, now time.Time) {
	s.with(func(st *State) {
		st.Errors[f.Code]++
		st.LastError = &Failure{Code: f.Code, Text: f.Text, Detail: f.Error(), Time: now, Attr: f.Attr}
	})
}

// frame counts requests and takes the round trip from a request to the first answer after it.
func (s *stats) frame(f *Frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !f.Sent {
		if !s.sent.IsZero() {
			s.trips[s.nTrip%len(s.trips)] = f.Time.Sub(s.sent)
			s.nTrip++
			s.sent = time.Time{}
		}
		return
	}
	s.sent = f.Time
	s.state.Requests++
	sec := f.Time.Unix()
	b := &s.rate[int(sec%int64(len(s.rate)))]
	if b.second != sec {
		b.second, b.n = sec, 0
	}
	b.n++
}

func (s *stats) snapshot(now time.Time) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.state
	out.Errors = maps.Clone(s.state.Errors)
	out.Units = slices.Clone(s.state.Units)
	n := uint64(0)
	for _, b := range s.rate {
		// The second that runs is not over: it is left out.
		if age := now.Unix() - b.second; age >= 1 && age <= rateWindow {
			n += b.n
		}
	}
	out.RequestsPerSecond = float64(n) / rateWindow
	if k := min(s.nTrip, len(s.trips)); k > 0 {
		t := slices.Sorted(slices.Values(s.trips[:k]))
		out.RoundTripP50Ms = float64(t[k/2]) / float64(time.Millisecond)
	}
	return out
}
