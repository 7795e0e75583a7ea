package driver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// However reads are delayed, a job runs only on its phase or once after it, and cycles run and missed add up to time.
func TestScheduleKeepsItsPhase(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	start := time.Unix(1000, 0)
	for range 100 {
		every := time.Duration(1+r.IntN(5000)) * time.Millisecond
		s := newSchedule([]Point{one("1", 1, every)}, start)
		now, ran, missed := start, 0, 0
		for range 50 {
			j, at := s.next(newUnits(nil, 3, nil))
			if at.After(now) {
				now = at
			}
			if late := at.Sub(start) % every; late != 0 {
				t.Fatalf("due %v off the phase", late)
			}
			ran++
			now = now.Add(time.Duration(r.Int64N(int64(3 * every))))
			missed += j.ran(now)
			if !j.phase.After(now.Add(-1)) && j.phase != now {
				t.Fatalf("the next cycle lies in the past")
			}
		}
		if cycles := int(s[0].phase.Sub(start) / every); cycles != ran+missed {
			t.Fatalf("%d cycles passed, %d ran and %d were missed", cycles, ran, missed)
		}
	}
}

func TestScheduleGroupsByUnitAndClass(t *testing.T) {
	s := newSchedule([]Point{one("1", 1, time.Second), one("2", 2, time.Second), one("1", 3, time.Minute), one("1", 4, time.Second)}, time.Unix(0, 0))
	if len(s) != 3 || len(s[0].points) != 2 || s[0].points[1].ID != 4 || s[2].every != time.Minute {
		t.Errorf("%+v", s)
	}
}

func TestTraceIsBoundedInBytes(t *testing.T) {
	r := newRing(10_000)
	shared := make([]byte, 200)
	for i := range 1000 {
		shared[0] = byte(i)
		r.add(Frame{Data: shared[:1+i%200], Sent: i%2 == 0})
	}
	r.add(Frame{Data: make([]byte, 20_000)}) // more than the ring holds: left out
	got := r.frames()
	n := 0
	for i, f := range got {
		n += len(f.Data) + frameCost
		if i > 0 && f.Data[0] != got[i-1].Data[0]+1 {
			t.Fatal("frames are out of order, or share their bytes")
		}
	}
	if n > 10_000 || len(got) < 30 || got[len(got)-1].Data[0] != byte(999&255) {
		t.Errorf("%d frames, %d bytes", len(got), n)
	}
	if cap(r.list) > 4*len(got)+64 {
		t.Errorf("room for %d frames is held for %d", cap(r.list), len(got))
	}
}

func TestQueueKeepsItsBound(t *testing.T) {
	q := newQueue(1000)
	ctx, cancel := context.WithCancel(t.Context())
	q.push(make([]Output, 20))
	if q.room() {
		t.Errorf("%d bytes held and room for more", q.held())
	}
	cancel()
	if err := q.wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	got := q.swap(nil)
	q.taken(got)
	if len(got) != 20 || q.held() != 0 || !q.room() || q.wait(ctx) != nil {
		t.Errorf("%d outputs, %d bytes held", len(got), q.held())
	}
}

func TestExplainKnowsWhatHappens(t *testing.T) {
	opErr := func(err error) error {
		return fmt.Errorf("open: %w", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)})
	}
	for code, err := range map[string]error{
		CodeRefused: opErr(syscall.ECONNREFUSED), CodeUnreachable: opErr(syscall.EHOSTUNREACH), CodeReset: opErr(syscall.ECONNRESET),
		CodeName:    fmt.Errorf("open: %w", &net.OpError{Op: "dial", Err: &net.DNSError{Name: "plc", IsNotFound: true}}),
		CodeClosed:  fmt.Errorf("read: %w", io.ErrUnexpectedEOF),
		CodeTimeout: fmt.Errorf("open: %w", context.DeadlineExceeded),
		CodeUnit:    fmt.Errorf("read: %w", &UnitError{Unit: "3", Err: &Fault{Code: "inner"}}),
		CodeNoUnit:  &Fault{Code: CodeNoUnit, Text: Text{Zh: "无", En: "none"}, Err: &UnitError{Unit: "3", Err: io.EOF}},
		CodeStopped: context.Canceled, CodeOther: errors.New("odd"), "mine": fmt.Errorf("x: %w", &Fault{Code: "mine", Text: Text{Zh: "自", En: "own"}}),
	} {
		f := Explain(err)
		if f.Code != code || f.Text.Zh == "" || f.Text.En == "" || f.Error() == "" {
			t.Errorf("%v is told as %+v, want %s", err, f, code)
		}
	}
	if Explain(nil) != nil {
		t.Error("no error is explained")
	}
	// A refused connection of this very system, not one made up.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	if _, err := net.Dial("tcp", addr); Explain(err).Code != CodeRefused {
		t.Errorf("%v", err)
	}
	timeout := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	if Explain(timeout).Code != CodeTimeout {
		t.Errorf("%v", Explain(timeout))
	}
}

func TestReopenedLinkForgivesAUnitOnce(t *testing.T) {
	u := newUnits([]Point{one("1", 1, 0), one("2", 2, 0)}, 3, func() float64 { return 0.5 })
	now := time.Unix(0, 0)
	for range 3 {
		u.silent("1", &Fault{}, now)
		u.silent("2", &Fault{}, now)
	}
	if !u.allSilent() {
		t.Fatal("not all silent")
	}
	u.probation()
	if u.allSilent() || u.of("1").demoted {
		t.Error("no second chance")
	}
	if !u.silent("1", &Fault{}, now) {
		t.Error("one more timeout should demote")
	}
	u.answered("2")
	if u.of("2").fails != 0 || u.allSilent() {
		t.Error("an answer should restore the unit")
	}
	if u.silent("unknown", &Fault{}, now) {
		t.Error("a unit that the link does not have was demoted")
	}
	if !bytes.Equal([]byte(u.states()[0].State), []byte("demoted")) {
		t.Errorf("%+v", u.states())
	}
}
