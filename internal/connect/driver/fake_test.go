package driver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world orders what a test's own goroutine changes before what the link's goroutines see of it later; the other way
// round synctest.Wait does.
var world sync.Mutex

func see() {
	world.Lock()
	defer world.Unlock()
}

// script is a driver whose sessions do what a test says. Times in these tests are synctest's: exact and free.
type script struct {
	open func(n int) (Session, error) // n counts from 1

	mu    sync.Mutex
	opens []time.Time
	gave  []any // what OpenWith was told
}

func (d *script) Schema() json.RawMessage                { return json.RawMessage(`{}`) }
func (d *script) Check(json.RawMessage, []Point) []error { return nil }
func (d *script) Open(ctx context.Context, link json.RawMessage, trace func(Frame)) (Session, error) {
	return d.OpenWith(ctx, link, trace, nil)
}
func (d *script) OpenWith(_ context.Context, _ json.RawMessage, trace func(Frame), learned any) (Session, error) {
	see()
	d.mu.Lock()
	d.opens = append(d.opens, time.Now())
	d.gave = append(d.gave, learned)
	n := len(d.opens)
	d.mu.Unlock()
	s, err := d.open(n)
	if p, ok := s.(*polled); ok && p != nil {
		p.trace = trace
	}
	return s, err
}

func (d *script) times() []time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]time.Time(nil), d.opens...)
}

// polled is a session that is polled. read decides; nil means that every point reads the number of reads so far.
type polled struct {
	read      func(ctx context.Context, unit string, points []Point, sink Sink) error
	transient bool
	learned   any
	trace     func(Frame)
	reads     int
	closed    bool
}

func (s *polled) Read(ctx context.Context, points []Point, sink Sink) error {
	see()
	if s.closed {
		return errors.New("a closed session was used")
	}
	s.reads++
	if s.trace != nil {
		s.trace(Frame{Sent: true, Data: []byte{1}})
		defer s.trace(Frame{Data: []byte{2}})
	}
	if s.read != nil {
		return s.read(ctx, points[0].Unit, points, sink)
	}
	return sink(ctx, values(points, float64(s.reads)))
}
func (s *polled) Close() error         { s.closed = true; return nil }
func (s *polled) CloseAfterPoll() bool { return s.transient }
func (s *polled) Learned() any         { return s.learned }

func values(points []Point, x float64) []Sample {
	out := make([]Sample, len(points))
	for i, p := range points {
		out[i] = Sample{ID: p.ID, Value: number(x)}
	}
	return out
}

func number(x float64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(x)}
}

// outlet keeps what it is given.
type outlet struct {
	mu   sync.Mutex
	all  []Output
	gate func() error // before taking a batch
}

func (o *outlet) take(_ context.Context, batch []Output) error {
	see()
	if o.gate != nil {
		if err := o.gate(); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, batch...)
	return nil
}

func (o *outlet) of(point uint32) (out []Output) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.all {
		if x.Point == point {
			out = append(out, x)
		}
	}
	return out
}

func (o *outlet) marks(point uint32) (n int) {
	for _, x := range o.of(point) {
		if x.Status == telemetry.BadNoCommunication {
			n++
		}
	}
	return n
}

// run supervises a link inside a synctest bubble until the test function returns.
func run(t *testing.T, d Driver, config string, points []Point, o Options, f func(l *Link)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if o.Random == nil {
			o.Random = func() float64 { return 0.5 } // no jitter
		}
		l, err := New(Spec{ID: "link", Name: "test", Driver: d, Config: json.RawMessage(config), Points: points}, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Supervise(ctx, l) }()
		synctest.Wait()
		f(l)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if st := l.State(); st.Phase != Stopped {
			t.Errorf("the phase at the end is %s", st.Phase)
		}
	})
}

// pass lets time pass until everything has settled.
func pass(d time.Duration) {
	see()
	time.Sleep(d)
	synctest.Wait()
}

func always(s func() Session) *script {
	return &script{open: func(int) (Session, error) { return s(), nil }}
}

func one(unit string, id uint32, every time.Duration) Point {
	return Point{ID: id, Unit: unit, Every: every, Type: telemetry.Float64, Address: fmt.Sprint(id)}
}
