package driver

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func TestReportByException(t *testing.T) {
	p := one("1", 1, time.Second)
	p.Report, p.MaxSilence = telemetry.OnChange, 10*time.Second
	periodic := one("1", 2, time.Second)
	s := newStage([]Point{p, periodic}, telemetry.Measured, nil)
	type told struct {
		second int
		value  float64
		flags  telemetry.Flags
	}
	var got []told
	n := 0
	feed := func(second int, v telemetry.Value, status telemetry.Status) {
		now := int64(second) * 1e9
		out, _ := s.take(nil, []Sample{{ID: 1, Value: v, Status: status}, {ID: 2, Value: v, Status: status}}, now)
		for _, o := range out {
			if o.Point == 2 {
				n++
				continue
			}
			got = append(got, told{second, math.Float64frombits(o.Value.Bits), o.Flags})
		}
	}
	for second := 1; second <= 24; second++ {
		feed(second, number(5), 0)
	}
	feed(25, number(6), 0)                                  // another value
	feed(26, number(6), telemetry.Uncertain)                // another status
	feed(27, telemetry.Value{}, telemetry.BadNodeIdUnknown) // no value
	feed(28, telemetry.Value{}, telemetry.BadNodeIdUnknown) // the same
	s.mark(nil, "", true, 29e9)                             // an outage
	feed(30, telemetry.Value{}, telemetry.BadNodeIdUnknown) // as before it, but told
	feed(31, number(math.Copysign(0, -1)), 0)               // every bit counts
	feed(32, number(0), 0)                                  //
	g := telemetry.GatewayTime
	want := []told{{1, 5, g}, {11, 5, g | telemetry.Repeated}, {21, 5, g | telemetry.Repeated}, {25, 6, g}, {26, 6, g}, {27, 0, g | telemetry.NoValue},
		{30, 0, g | telemetry.NoValue}, {31, math.Copysign(0, -1), g}, {32, 0, g}}
	if !slices.Equal(got, want) {
		t.Errorf("told %v, want %v", got, want)
	}
	if n != 31 {
		t.Errorf("the periodic point was told %d times of 31", n)
	}
}

// Whatever the scan class, a healthy source is never silent for longer than MaxSilence, and no more is told than that takes.
func TestRepeatsKeepTheLongestSilence(t *testing.T) {
	for _, every := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond, 3 * time.Second, 10 * time.Second} {
		p := one("1", 1, every)
		p.Report, p.MaxSilence = telemetry.OnChange, 10*time.Second
		s := newStage([]Point{p}, telemetry.Measured, nil)
		last, n := int64(0), 0
		for now := int64(1); now < int64(200*time.Second); now += int64(every) {
			if out, _ := s.take(nil, []Sample{{ID: 1, Value: number(1)}}, now); len(out) == 1 {
				if last != 0 && time.Duration(now-last) > p.MaxSilence {
					t.Errorf("every %v: silent for %v", every, time.Duration(now-last))
				}
				last, n = now, n+1
			}
		}
		if n > 23 {
			t.Errorf("every %v: told %d times in 200 s", every, n)
		}
	}
	p := one("1", 1, time.Second)
	p.Report = telemetry.OnChange // and no longest silence
	s := newStage([]Point{p}, telemetry.Measured, nil)
	n := 0
	for now := int64(1); now < int64(time.Hour); now += int64(time.Second) {
		out, _ := s.take(nil, []Sample{{ID: 1, Value: number(1)}}, now)
		n += len(out)
	}
	if n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestSourceTimeIsKept(t *testing.T) {
	s := newStage([]Point{one("1", 1, time.Second)}, telemetry.Measured, nil)
	out, unknown := s.take(nil, []Sample{{ID: 1, Time: 12345, Value: number(1), Status: telemetry.UncertainLastUsable}, {ID: 9}}, 99999)
	want := Output{Point: 1, Time: 12345, Gateway: 99999, Value: number(1), Status: telemetry.UncertainLastUsable, Origin: telemetry.Measured}
	if len(out) != 1 || out[0] != want || unknown != 1 {
		t.Errorf("%+v, %d unknown", out, unknown)
	}
}

// subscribed is a session that delivers by itself.
type subscribed struct {
	polled
	subscribe func(ctx context.Context, sink Sink) error
}

func (s *subscribed) Subscribe(ctx context.Context, _ []Point, sink Sink) error {
	return s.subscribe(ctx, sink)
}

func TestSubscriptionThatFallsSilentIsReopened(t *testing.T) {
	var out outlet
	n := 0
	d := &script{open: func(int) (Session, error) {
		return &subscribed{subscribe: func(ctx context.Context, sink Sink) error {
			n++
			if err := sink(ctx, []Sample{{ID: 1, Value: number(float64(n))}}); err != nil {
				return err
			}
			for range 5 { // then signs of life only, then none
				time.Sleep(8 * time.Second)
				if err := sink(ctx, nil); err != nil {
					return err
				}
			}
			<-ctx.Done()
			return ctx.Err()
		}}, nil
	}}
	run(t, d, `{"silenceMs":10000}`, []Point{one("", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(49 * time.Second)
		if n != 1 || out.marks(1) != 0 {
			t.Errorf("%d sessions, %d marks while it gave signs of life", n, out.marks(1))
		}
		pass(2 * time.Second)
		if n != 2 || out.marks(1) != 1 || l.State().Errors[CodeSilent] != 1 {
			t.Errorf("%d sessions, %d marks, %v", n, out.marks(1), l.State().Errors)
		}
		if got := out.of(1); len(got) != 3 || got[2].Value != number(2) {
			t.Errorf("%+v", got)
		}
	})
}

func TestFullOutletIsNotSilenceOfTheSource(t *testing.T) {
	var out outlet
	var blocked = true
	out.gate = func() error {
		for blocked {
			time.Sleep(time.Second)
			see()
		}
		return nil
	}
	sent := 0
	d := &script{open: func(int) (Session, error) {
		return &subscribed{subscribe: func(ctx context.Context, sink Sink) error {
			for {
				if err := sink(ctx, []Sample{{ID: 1, Value: number(float64(sent))}}); err != nil {
					return err
				}
				sent++
				time.Sleep(time.Second)
			}
		}}, nil
	}}
	run(t, d, `{"silenceMs":5000}`, []Point{one("", 1, time.Second)}, Options{Out: out.take, QueueBytes: 500}, func(l *Link) {
		pass(10 * time.Minute)
		if sent > 8 || l.State().Connects != 1 {
			t.Errorf("%d sent into a full queue, %d sessions", sent, l.State().Connects)
		}
		blocked = false
		pass(20 * time.Second)
		got := out.of(1)
		for i, o := range got {
			if o.Value != number(float64(i)) {
				t.Fatalf("output %d is %+v", i, o)
			}
		}
		if len(got) < 15 || l.State().Connects != 1 {
			t.Errorf("%d outputs, %d sessions", len(got), l.State().Connects)
		}
	})
}

func TestSubscribedValuesAreRepeatedAndTestReadsGoBeside(t *testing.T) {
	var out outlet
	d := &script{open: func(int) (Session, error) {
		return &subscribed{polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			if !IsFresh(ctx) {
				t.Error("a test read is not marked fresh")
			}
			return sink(ctx, values(points, 42))
		}}, func(ctx context.Context, sink Sink) error {
			if err := sink(ctx, []Sample{{ID: 1, Time: 777, Value: number(7)}}); err != nil {
				return err
			}
			for {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(5 * time.Second):
					if err := sink(ctx, nil); err != nil {
						return err
					}
				}
			}
		}}, nil
	}}
	p := one("", 1, time.Second)
	p.Report, p.MaxSilence = telemetry.OnChange, 10*time.Second
	run(t, d, ``, []Point{p, one("", 2, time.Second)}, Options{Out: out.take}, func(l *Link) {
		began := time.Now()
		pass(35 * time.Second)
		got := out.of(1)
		if len(got) != 4 || got[0].Time != 777 || got[0].Flags != 0 {
			t.Fatalf("%+v", got)
		}
		for i, o := range got[1:] {
			if o.Flags != telemetry.GatewayTime|telemetry.Repeated || o.Value != number(7) || time.Unix(0, o.Time).Sub(began) != time.Duration(i+1)*10*time.Second {
				t.Errorf("repeat %d: %+v", i, o)
			}
		}
		now, err := l.ReadNow(context.Background(), []Point{one("", 5, 0)})
		if err != nil || len(now) != 1 || now[0].Value != number(42) || len(d.times()) != 2 || l.State().Connects != 1 {
			t.Errorf("%+v %v, %d sessions", now, err, len(d.times()))
		}
	})
}

func TestReadNowComesBeforePollsAndRecordsNothing(t *testing.T) {
	var out outlet
	var order []uint32
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, unit string, points []Point, sink Sink) error {
			order = append(order, points[0].ID)
			if unit == "9" {
				return &UnitError{Unit: "9", Err: io.EOF}
			}
			time.Sleep(300 * time.Millisecond)
			return sink(ctx, values(points, 1))
		}}
	})
	points := []Point{one("1", 1, time.Second), one("2", 2, time.Second), one("3", 3, time.Second)}
	run(t, d, ``, points, Options{Out: out.take}, func(l *Link) {
		pass(50 * time.Millisecond) // the first poll runs
		got, err := l.ReadNow(context.Background(), []Point{{ID: 100, Unit: "1", Type: telemetry.Int64}})
		if err != nil || len(got) != 1 || got[0].Status != telemetry.BadConfigurationError || got[0].Flags&telemetry.GatewayTime == 0 {
			t.Errorf("%+v %v", got, err)
		}
		pass(time.Second)
		if want := []uint32{1, 100, 2, 3}; !slices.Equal(order[:4], want) {
			t.Errorf("order %v, want %v", order[:4], want)
		}
		if len(out.of(100)) != 0 {
			t.Error("a test read was recorded")
		}
		_, err = l.ReadNow(context.Background(), []Point{{ID: 100, Unit: "9"}})
		if f := Explain(err); f.Code != CodeUnit {
			t.Errorf("%v", err)
		}
		if len(d.times()) != 1 || len(l.State().Units) != 3 {
			t.Errorf("a test read of an unknown unit changed the link: %+v", l.State())
		}
		if got, err := l.ReadNow(context.Background(), nil); got != nil || err != nil {
			t.Errorf("no points: %v %v", got, err)
		}
	})
}

func TestReadNowMakesAWaitingLinkTryAtOnce(t *testing.T) {
	var out outlet
	up := false
	d := &script{open: func(int) (Session, error) {
		if !up {
			return nil, fmt.Errorf("dial: %w", io.EOF)
		}
		return &polled{}, nil
	}}
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		pass(40 * time.Second) // the pause is long now
		n := len(d.times())
		if _, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0)}); Explain(err).Code != CodeClosed || len(d.times()) != n+1 {
			t.Errorf("%v, %d more attempts", err, len(d.times())-n)
		}
		up = true
		if got, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0)}); err != nil || len(got) != 1 {
			t.Errorf("%v %v", got, err)
		}
		pass(0)
		if o := out.of(1); o[len(o)-1].Status != telemetry.Good {
			t.Error("collection did not go on at once")
		}
	})
}

func TestReadNowHasLimits(t *testing.T) {
	var out outlet
	d := always(func() Session {
		return &polled{read: func(ctx context.Context, _ string, points []Point, sink Sink) error {
			time.Sleep(10 * time.Second)
			return sink(ctx, values(points, 1))
		}}
	})
	l, err := New(Spec{ID: "l", Driver: d}, Options{Out: out.take})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0)}); err != ErrNotRunning {
		t.Errorf("before the start: %v", err)
	}
	run(t, d, ``, []Point{one("1", 1, time.Second)}, Options{Out: out.take}, func(l *Link) {
		ctx, cancel := context.WithCancel(context.Background())
		errs := make(chan error, maxDemands)
		for range maxDemands {
			go func() {
				_, err := l.ReadNow(ctx, []Point{one("1", 1, 0)})
				errs <- err
			}()
		}
		pass(0)
		if _, err := l.ReadNow(ctx, []Point{one("1", 1, 0)}); err != ErrBusy {
			t.Errorf("one too many: %v", err)
		}
		cancel()
		for range maxDemands {
			if err := <-errs; err != context.Canceled {
				t.Errorf("given up: %v", err)
			}
		}
		pass(15 * time.Second)
		if n := l.State().Requests; n > 3 {
			t.Errorf("%d requests: reads that nobody waits for were sent", n)
		}
	})
}

// A link without points is opened for who asks, and closed again.
func TestLinkWithoutPointsOpensOnDemand(t *testing.T) {
	var out outlet
	fails := true
	d := &script{open: func(int) (Session, error) {
		if fails {
			return nil, io.EOF
		}
		return &polled{}, nil
	}}
	run(t, d, ``, nil, Options{Out: out.take}, func(l *Link) {
		pass(time.Minute)
		if len(d.times()) != 0 {
			t.Error("it was opened for nobody")
		}
		if _, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0)}); err == nil {
			t.Error("no error")
		}
		pass(time.Minute)
		if len(d.times()) != 1 {
			t.Errorf("%d attempts", len(d.times()))
		}
		fails = false
		got, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0)})
		if err != nil || len(got) != 1 || len(d.times()) != 2 {
			t.Errorf("%v %v, %d sessions", got, err, len(d.times()))
		}
		pass(time.Second)
		if l.State().Phase != Resting {
			t.Errorf("%s", l.State().Phase)
		}
	})
}
