package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jingwei/internal/telemetry"
)

func TestPollsInFixedPhase(t *testing.T) {
	var out outlet
	d := always(func() Session { return &polled{} })
	points := []Point{one("1", 1, time.Second), one("1", 2, 3*time.Second)}
	run(t, d, ``, points, Options{Out: out.take}, func(l *Link) {
		began := time.Now()
		pass(6500 * time.Millisecond)
		for id, want := range map[uint32][]int{1: {0, 1, 2, 3, 4, 5, 6}, 2: {0, 3, 6}} {
			var at []int
			for _, o := range out.of(id) {
				at = append(at, int(time.Unix(0, o.Time).Sub(began)/time.Second))
				if o.Time != o.Gateway || o.Flags != telemetry.GatewayTime || o.Origin != telemetry.Measured || o.Status != telemetry.Good {
					t.Errorf("%+v", o)
				}
			}
			if !slices.Equal(at, want) {
				t.Errorf("point %d came at %v s, want %v", id, at, want)
			}
		}
		st := l.State()
		if st.Phase != Connected || st.Requests != 10 || st.Connects != 1 || st.Samples != 10 || st.Skipped != 0 || st.QueueBytes != 0 || len(st.Errors) != 0 {
			t.Errorf("%+v", st)
		}
		pass(10 * time.Second)
		if got := l.State().RequestsPerSecond; got < 1.2 || got > 1.5 {
			t.Errorf("%v requests per second, want about 4/3", got)
		}
	})
}

func TestSlowReadsSkipCyclesAndKeepThePhase(t *testing.T) {
	var out outlet
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			time.Sleep(1500 * time.Millisecond)
			return sink(ctx, values(points, 1))
		}}
	})
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		began := time.Now()
		pass(9900 * time.Millisecond)
		var at []float64
		for _, o := range out.of(1) {
			at = append(at, time.Unix(0, o.Gateway).Sub(began).Seconds())
		}
		// Started at 0, 2, 4, 6, 8: on the phase, every second cycle missed, nothing piled up.
		if want := []float64{1.5, 3.5, 5.5, 7.5, 9.5}; !slices.Equal(at, want) {
			t.Errorf("samples at %v, want %v", at, want)
		}
		if st := l.State(); st.Skipped != 5 || st.RoundTripP50Ms != 1500 {
			t.Errorf("skipped %d, p50 %v ms", st.Skipped, st.RoundTripP50Ms)
		}
	})
}

func TestEachOutageIsOneMarkPerPoint(t *testing.T) {
	var out outlet
	dead := false
	d := &script{}
	d.open = func(int) (Session, error) {
		if dead {
			return nil, syscall.ECONNREFUSED
		}
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			if dead {
				return io.EOF
			}
			return sink(ctx, values(points, 1))
		}}, nil
	}
	points := []Point{one("1", 1, time.Second), one("2", 2, time.Second), one("2", 3, time.Hour)}
	run(t, d, ``, points, Options{Out: out.take}, func(l *Link) {
		for outage := 1; outage <= 2; outage++ {
			pass(3100 * time.Millisecond)
			fell := time.Now()
			dead = true
			pass(100 * time.Second)
			for id := uint32(1); id <= 3; id++ {
				if out.marks(id) != outage {
					t.Errorf("point %d has %d marks in outage %d", id, out.marks(id), outage)
				}
			}
			last := out.of(1)[len(out.of(1))-1]
			if last.Flags != telemetry.NoValue|telemetry.GatewayTime || last.Value != (telemetry.Value{}) || time.Unix(0, last.Time).Sub(fell) > time.Second {
				t.Errorf("mark %+v", last)
			}
			if st := l.State(); st.Phase != Waiting || st.RetryAt == nil || st.LastError.Code != CodeRefused || st.Errors[CodeClosed] != uint64(outage) || st.Outages != uint64(outage) {
				t.Errorf("%+v", st)
			}
			dead = false
			pass(31 * time.Second)
			if o := out.of(3)[len(out.of(3))-1]; o.Status != telemetry.Good {
				t.Error("the hourly point was not read at once after the outage")
			}
		}
		if n := len(out.of(3)); n != 5 { // first value, and per outage a mark and a value
			t.Errorf("the hourly point was told %d times", n)
		}
	})
}

func TestBackoffDoublesToHalfAMinuteAndResets(t *testing.T) {
	d := &script{}
	up := false
	d.open = func(int) (Session, error) {
		if up {
			return &polled{}, nil
		}
		return nil, syscall.EHOSTUNREACH
	}
	gaps := func() (out []time.Duration) {
		times := d.times()
		for i := 1; i < len(times); i++ {
			out = append(out, times[i].Sub(times[i-1]))
		}
		return out
	}
	var all outlet
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: all.take}, func(l *Link) {
		pass(95 * time.Second)
		s := time.Second
		if want := []time.Duration{s / 2, s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}; !slices.Equal(gaps(), want) {
			t.Errorf("pauses %v, want %v", gaps(), want)
		}
		if all.marks(1) != 1 || l.State().Errors[CodeUnreachable] != 9 {
			t.Errorf("%d marks, %v", all.marks(1), l.State().Errors)
		}
	})
	for _, r := range []float64{0, 0.25, 0.999} {
		b := backoff{random: func() float64 { return r }}
		for range 10 {
			if p := b.next(); p < BackoffMin || p > BackoffMax {
				t.Errorf("pause %v with random %v", p, r)
			}
		}
		b.reset()
		if p := b.next(); p > 600*time.Millisecond {
			t.Errorf("%v after a reset", p)
		}
	}
}

// A server that accepts and then breaks off must not be dialled twice a second for ever.
func TestAcceptingIsNotSuccess(t *testing.T) {
	d := always(func() Session {
		return &polled{read: func(context.Context, string, []Point, Sink) error { return io.EOF }}
	})
	var out outlet
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(91 * time.Second)
		if n := len(d.times()); n != 8 {
			t.Errorf("%d sessions in 91 s", n)
		}
		if out.marks(1) != 1 || l.State().Outages != 1 {
			t.Errorf("%d marks, %d outages", out.marks(1), l.State().Outages)
		}
	})
}

func TestSilentUnitIsDemotedProbedAndComesBack(t *testing.T) {
	var out outlet
	var asked []time.Duration
	var began time.Time
	dead := true
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, unit string, points []Point, sink Sink) error {
			if unit == "7" {
				asked = append(asked, time.Since(began))
				if dead {
					time.Sleep(500 * time.Millisecond)
					return &UnitError{Unit: "7", Err: errors.New("no answer in time")}
				}
			}
			return sink(ctx, values(points, 1))
		}}
	})
	points := []Point{one("1", 1, time.Second), one("7", 2, time.Second), one("7", 3, time.Second), one("7", 4, time.Minute)}
	run(t, d, ``, points, Options{Out: out.take}, func(l *Link) {
		began = time.Now().Add(-500 * time.Millisecond) // the first timeout has begun when run calls us
		pass(200 * time.Second)
		if out.marks(2) != 1 || out.marks(3) != 1 || out.marks(4) != 1 || out.marks(1) != 0 {
			t.Errorf("marks %d %d %d %d", out.marks(1), out.marks(2), out.marks(3), out.marks(4))
		}
		// Three timeouts, then probes after 10, 20, 40, 60, 60 s, each costing its timeout.
		if n := len(asked); n < 7 || n > 8 {
			t.Errorf("the silent unit was asked %d times: %v", n, asked)
		}
		for i, want := range []time.Duration{10, 20, 40, 60} {
			if got := asked[i+3] - asked[i+2] - 500*time.Millisecond; got != want*time.Second {
				t.Errorf("probe %d came after %v, want %v s", i, got, want)
			}
		}
		if n := len(out.of(1)); n < 198 {
			t.Errorf("the neighbour has %d values in 200 s", n)
		}
		u := l.State().Units
		if len(u) != 2 || u[0].State != "ok" || u[1].State != "demoted" || u[1].ProbeAt == nil || u[1].LastError.Code != CodeUnit || l.State().Phase != Connected {
			t.Errorf("%+v", u)
		}
		dead = false
		pass(60 * time.Second)
		for id := uint32(2); id <= 4; id++ {
			if o := out.of(id); o[len(o)-1].Status != telemetry.Good {
				t.Errorf("point %d did not come back", id)
			}
		}
		if u := l.State().Units[1]; u.State != "ok" || u.LastError != nil {
			t.Errorf("%+v", u)
		}
		if len(d.times()) != 1 {
			t.Errorf("%d sessions: a silent unit is no reason to reconnect", len(d.times()))
		}
	})
}

func TestLinkWhoseUnitsAreAllSilentIsReopenedWithPauses(t *testing.T) {
	var out outlet
	dead, reads := true, 0
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, unit string, points []Point, sink Sink) error {
			reads++
			if dead {
				time.Sleep(100 * time.Millisecond)
				return &UnitError{Unit: unit, Err: errors.New("no answer in time")}
			}
			return sink(ctx, values(points, 1))
		}}
	})
	run(t, d, ``, []Point{one("1", 1, time.Second), one("2", 2, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(90 * time.Second)
		if n := len(d.times()); n < 5 || n > 9 {
			t.Errorf("%d sessions", n)
		}
		if reads > 6+2*9 { // three for each unit, then one for each and session
			t.Errorf("%d reads of dead units", reads)
		}
		if out.marks(1) != 1 || out.marks(2) != 1 || l.State().Outages > 1 {
			t.Errorf("%d and %d marks, %d outages", out.marks(1), out.marks(2), l.State().Outages)
		}
		if e := l.State().LastError; e.Code != CodeNoUnit || e.Text.Zh == "" {
			t.Errorf("%+v", e)
		}
		dead = false
		pass(31 * time.Second)
		if o := out.of(2); o[len(o)-1].Status != telemetry.Good {
			t.Error("it did not come back")
		}
	})
}

func TestFullOutletHoldsPollsAndKillsNothing(t *testing.T) {
	release := make(chan struct{})
	blocked := true
	var out outlet
	out.gate = func() error {
		if blocked {
			<-release
		}
		return nil
	}
	var s *polled
	d := always(func() Session { s = &polled{}; return s })
	synctestRelease := func() { blocked = false; close(release) }
	points := []Point{one("1", 1, time.Second), one("1", 2, time.Second)}
	// Made inside the bubble, since a bubble's goroutines wait for it.
	synctest.Test(t, func(t *testing.T) {
		release = make(chan struct{})
		l, err := New(Spec{ID: "l", Driver: d, Points: points}, Options{Out: out.take, QueueBytes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Supervise(ctx, l) }()
		pass(time.Hour)
		st := l.State()
		if st.Phase != Connected || st.Connects != 1 || st.Held < 3500 || st.QueueBytes > 1000+2*100 || out.marks(1) != 0 {
			t.Errorf("%+v", st)
		}
		if s.reads > 10 {
			t.Errorf("%d reads into a full queue", s.reads)
		}
		test := l.ReadNow
		if got, err := test(ctx, points[:1]); err != nil || len(got) != 1 {
			t.Errorf("a test read meanwhile: %v %v", got, err)
		}
		before := s.reads - 1
		synctestRelease()
		pass(10 * time.Second)
		for id := uint32(1); id <= 2; id++ {
			// Everything read before, in order, then what came after.
			got := out.of(id)
			if len(got) < before+9 {
				t.Errorf("point %d: %d outputs, %d reads were held", id, len(got), before)
			}
			if !slices.IsSortedFunc(got, func(a, b Output) int { return int(a.Time - b.Time) }) {
				t.Errorf("point %d is out of order", id)
			}
		}
		cancel()
		<-done
	})
}

func TestRefusedBatchIsOfferedAgainWhole(t *testing.T) {
	fails := 3
	var out outlet
	out.gate = func() error {
		if fails--; fails >= 0 {
			return errors.New("the spool is full")
		}
		return nil
	}
	d := always(func() Session { return &polled{} })
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(10500 * time.Millisecond)
		got := out.of(1)
		if len(got) != 11 || l.State().Refused != 3 {
			t.Errorf("%d outputs, %d refusals", len(got), l.State().Refused)
		}
		for i, o := range got {
			if o.Value != number(float64(i+1)) {
				t.Errorf("output %d is %+v", i, o)
			}
		}
	})
}

func TestStopHandsOverWhatWasRead(t *testing.T) {
	var out outlet
	out.gate = func() error { time.Sleep(700 * time.Millisecond); return nil }
	d := always(func() Session { return &polled{} })
	run(t, d, ``, []Point{one("1", 1, 100*time.Millisecond)}, Options{Out: out.take}, func(*Link) { pass(650 * time.Millisecond) })
	if n := len(out.of(1)); n != 7 {
		t.Errorf("%d of 7 samples were handed over", n)
	}
}

func TestStopDoesNotWaitForADeadOutlet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := New(Spec{ID: "l", Driver: always(func() Session { return &polled{} }), Points: []Point{one("1", 1, time.Second)}},
			Options{Out: func(ctx context.Context, _ []Output) error { <-ctx.Done(); return ctx.Err() }})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5500*time.Millisecond)
		defer cancel()
		began := time.Now()
		Supervise(ctx, l)
		if d := time.Since(began); d != 7500*time.Millisecond {
			t.Errorf("stopped after %v", d)
		}
		if st := l.State(); st.Lost != 6 {
			t.Errorf("%d outputs are counted as lost, want 6", st.Lost)
		}
		if err := Supervise(t.Context(), l); err == nil {
			t.Error("a link ran twice")
		}
	})
}

func TestOriginOfTheLinkIsInEverySample(t *testing.T) {
	var out outlet
	up := true
	d := &script{open: func(int) (Session, error) {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			if !up {
				return io.EOF
			}
			return sink(ctx, values(points, 1))
		}}, nil
	}}
	run(t, d, `{"origin":"replayed"}`, []Point{one("1", 1, time.Second)}, Options{Out: out.take, ClockUnsure: func() bool { return !up }}, func(*Link) {
		pass(1500 * time.Millisecond)
		up = false
		pass(time.Second)
		for i, o := range out.of(1) {
			if o.Origin != telemetry.Replayed || (o.Flags&telemetry.ClockUnsure != 0) != (i == 2) {
				t.Errorf("%d: %+v", i, o)
			}
		}
		if out.marks(1) != 1 {
			t.Error("no mark")
		}
	})
}

func TestClosesBetweenPollsWhereConfigured(t *testing.T) {
	var out outlet
	var open, most int
	d := &script{open: func(n int) (Session, error) {
		open++
		most = max(most, open)
		return &closing{polled{transient: true, learned: n}, func() { open-- }}, nil
	}}
	run(t, d, ``, []Point{one("1", 1, time.Second), one("1", 2, 10*time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(9500 * time.Millisecond)
		if open != 0 || most != 1 || len(d.times()) != 10 || l.State().Phase != Resting || l.State().Outages != 0 {
			t.Errorf("%d open now, %d at once, %d sessions, %s", open, most, len(d.times()), l.State().Phase)
		}
		if len(out.of(1)) != 10 || len(out.of(2)) != 1 {
			t.Errorf("%d and %d samples", len(out.of(1)), len(out.of(2)))
		}
		if d.gave[0] != nil || d.gave[5] != 5 {
			t.Errorf("sessions were told %v: each should know what the last has learned", d.gave)
		}
		got, err := l.ReadNow(context.Background(), []Point{one("1", 77, 0)})
		pass(0)
		if err != nil || len(got) != 1 || open != 0 {
			t.Errorf("test read: %v %v, %d open", got, err, open)
		}
	})
}

type closing struct {
	polled
	onClose func()
}

func (c *closing) Close() error { c.onClose(); return nil }

func TestDriverThatPanicsIsASessionThatDied(t *testing.T) {
	var out outlet
	n := 0
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			if n++; n == 2 {
				panic("index out of range")
			}
			return sink(ctx, values(points, float64(n)))
		}}
	})
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(5 * time.Second)
		if out.marks(1) != 1 || len(d.times()) != 2 || l.State().Errors[CodeDriver] != 1 {
			t.Errorf("%d marks, %d sessions, %v", out.marks(1), len(d.times()), l.State().Errors)
		}
	})
}

func TestReadThatHangsIsGivenUp(t *testing.T) {
	var out outlet
	n := 0
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			if n++; n == 1 {
				<-ctx.Done()
				return ctx.Err()
			}
			return sink(ctx, values(points, 1))
		}}
	})
	run(t, d, `{"silenceMs":5000}`, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(10 * time.Second)
		if l.State().Errors[CodeSilent] != 1 || out.marks(1) != 1 || len(out.of(1)) < 5 {
			t.Errorf("%v, %d marks, %d outputs", l.State().Errors, out.marks(1), len(out.of(1)))
		}
	})
}

func TestDriverThatBreaksItsContractIsCounted(t *testing.T) {
	var out outlet
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			return sink(ctx, []Sample{{ID: points[0].ID, Value: telemetry.Value{Type: telemetry.Int64, Bits: 5}}, {ID: 999}, {ID: 998}})
		}}
	})
	run(t, d, ``, []Point{one("1", 1, time.Second), one("1", 2, time.Second)}, Options{Out: out.take}, func(l *Link) {
		if got := l.State().Errors[CodeDriver]; got != 3 { // two unknown points, and one wrong number of samples
			t.Errorf("%d complaints", got)
		}
		if o := out.of(1)[0]; o.Status != telemetry.BadConfigurationError || o.Flags&telemetry.NoValue == 0 || o.Value.Type != 0 {
			t.Errorf("a value of another type was passed on: %+v", o)
		}
	})
}

func TestWrongLinksAreRefused(t *testing.T) {
	ok := func(context.Context, []Output) error { return nil }
	d := always(func() Session { return &polled{} })
	for what, s := range map[string]Spec{
		"no driver": {ID: "l"}, "broken JSON": {ID: "l", Driver: d, Config: []byte(`{`)}, "origin": {ID: "l", Driver: d, Config: []byte(`{"origin":"x"}`)},
		"twice": {ID: "l", Driver: d, Points: []Point{one("", 1, 0), one("", 1, 0)}},
	} {
		var f *FieldError
		if _, err := New(s, Options{Out: ok}); !errors.As(err, &f) || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := New(Spec{ID: "l", Driver: d}, Options{}); err == nil {
		t.Error("a link without an outlet")
	}
}

func TestStateChangesAreTold(t *testing.T) {
	var phases []Phase
	d := &script{open: func(n int) (Session, error) {
		if n == 1 {
			return nil, fmt.Errorf("open: %w", syscall.ECONNREFUSED)
		}
		return &polled{}, nil
	}}
	var out outlet
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take, OnState: func(s State) { phases = append(phases, s.Phase) }}, func(*Link) {
		pass(5 * time.Second)
	})
	if want := []Phase{Connecting, Waiting, Connecting, Connected, Stopped}; !slices.Equal(phases, want) {
		t.Errorf("%v, want %v", phases, want)
	}
}
