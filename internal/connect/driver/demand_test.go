package driver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

// knowing is a session that can be asked more than values.
type knowing struct {
	polled
	nodes int
	fail  error
}

func (s *knowing) Probe(ctx context.Context, unit, address string) (Probe, error) {
	see()
	if s.fail != nil {
		return Probe{}, s.fail
	}
	if !IsFresh(ctx) {
		return Probe{}, errors.New("a probe wants what the device says now")
	}
	return Probe{Address: unit + "/" + address, Raw: []byte{1}, Readings: []Reading{{Encoding: "u8", Value: "1", Type: telemetry.Int64, Likely: true}}}, nil
}

func (s *knowing) Browse(ctx context.Context, node string) iter.Seq2[Node, error] {
	return func(yield func(Node, error) bool) {
		see()
		for i := range s.nodes {
			if i == 5 && s.fail != nil {
				yield(Node{}, s.fail)
				return
			}
			if !yield(Node{Address: fmt.Sprintf("%s/%d", node, i)}, nil) {
				return
			}
		}
	}
}

func TestALinkThatPollsIsProbedAndBrowsedOverItsOneSession(t *testing.T) {
	s := &knowing{nodes: 10}
	d := always(func() Session { return s })
	var o outlet
	run(t, d, `{}`, []Point{one("1", 1, time.Second)}, Options{Out: o.take}, func(l *Link) {
		ctx := context.Background()
		p, err := l.Probe(ctx, "1", "40001")
		if err != nil || p.Address != "1/40001" || len(p.Readings) != 1 {
			t.Errorf("%+v %v", p, err)
		}
		nodes, more, err := l.Browse(ctx, "root", 3, 4)
		if err != nil || !more || len(nodes) != 4 || nodes[0].Address != "root/3" {
			t.Errorf("%+v %v %v", nodes, more, err)
		}
		if nodes, more, err := l.Browse(ctx, "root", 6, 4); err != nil || more || len(nodes) != 4 {
			t.Errorf("the last page: %d nodes, more %v, %v", len(nodes), more, err)
		}
		if err := l.Reach(ctx); err != nil {
			t.Errorf("reach: %v", err)
		}
		// What makes no sense is told and costs nothing.
		see()
		s.fail = &FieldError{Field: "address", Text: Text{En: "wrong"}}
		var field *FieldError
		if _, err := l.Probe(ctx, "1", "x"); !errors.As(err, &field) {
			t.Errorf("a wrong address: %v", err)
		}
		if nodes, _, err := l.Browse(ctx, "root", 0, 100); !errors.As(err, &field) || nodes != nil {
			t.Errorf("a browse that fails: %v %v", nodes, err)
		}
		pass(3 * time.Second)
		if n := len(d.times()); n != 1 || o.marks(1) != 0 {
			t.Errorf("%d sessions, %d marks: the questions have disturbed collection", n, o.marks(1))
		}
		// A session that dies of a question is opened again.
		see()
		s.fail = errors.New("the line is cut")
		if _, err := l.Probe(ctx, "1", "x"); err == nil {
			t.Error("a dead line")
		}
		see()
		s.fail, s.closed = nil, false
		for range 10 { // the session that is opened again is the same one, and may have been closed once more
			if pass(3 * time.Second); l.State().Phase == Connected {
				break
			}
			s.closed = false
		}
		if n := len(d.times()); n < 2 || l.State().Phase != Connected {
			t.Errorf("%d sessions, phase %s", n, l.State().Phase)
		}
	})
}

func TestASessionThatCannotSaysSo(t *testing.T) {
	d := always(func() Session { return &polled{} })
	var o outlet
	run(t, d, `{}`, []Point{one("1", 1, time.Second)}, Options{Out: o.take}, func(l *Link) {
		if _, err := l.Probe(context.Background(), "1", "x"); err != ErrCannot {
			t.Errorf("probe: %v", err)
		}
		if _, _, err := l.Browse(context.Background(), "", 0, 1); err != ErrCannot {
			t.Errorf("browse: %v", err)
		}
		pass(2 * time.Second)
		if n := len(d.times()); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestReadNowAsksOneUnitAtATime(t *testing.T) {
	silent := &polled{}
	silent.read = func(ctx context.Context, unit string, points []Point, sink Sink) error {
		for _, p := range points {
			if p.Unit != unit {
				return errors.New("points of two units in one call")
			}
		}
		if unit == "2" {
			return &UnitError{Unit: "2", Err: errors.New("no answer")}
		}
		return sink(ctx, values(points, 7))
	}
	var o outlet
	run(t, always(func() Session { return silent }), `{}`, nil, Options{Out: o.take}, func(l *Link) {
		got, err := l.ReadNow(context.Background(), []Point{one("1", 1, 0), one("2", 2, 0), one("1", 3, 0), one("3", 4, 0)})
		if f := Explain(err); len(got) != 3 || f == nil || f.Code != CodeUnit {
			t.Errorf("%+v %v: the units that answer must", got, err)
		}
	})
}

func TestAttributesOfAFaultAreInTheState(t *testing.T) {
	d := &script{open: func(int) (Session, error) {
		return nil, &Fault{Code: CodeUntrusted, Text: Text{Zh: "证书", En: "certificate"}, Attr: map[string]string{AttrFingerprint: "ab"}}
	}}
	var o outlet
	run(t, d, `{}`, []Point{one("1", 1, time.Second)}, Options{Out: o.take}, func(l *Link) {
		if e := l.State().LastError; e == nil || e.Code != CodeUntrusted || e.Attr[AttrFingerprint] != "ab" {
			t.Errorf("%+v", e)
		}
	})
}
