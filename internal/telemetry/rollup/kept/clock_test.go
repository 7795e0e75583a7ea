package kept

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// again declares a series with another longest silence from a time on.
func (n *node) again(id uuid.UUID, silence time.Duration, from time.Time) {
	n.t.Helper()
	proof.Must(n.store.Declare(n.t.Context(), []telemetry.Declaration{{ID: id, Org: n.sides["a"], Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: silence, From: from.UnixNano()}}))
}

// kept tells which hours of a day are told from what is kept.
func (n *node) kept(id uuid.UUID) (hours []int) {
	n.t.Helper()
	for _, r := range n.read(id, rollup.LevelHour, begin, begin.Add(24*time.Hour)) {
		if r.Kept {
			hours = append(hours, int(time.Duration(r.From-begin.UnixNano())/time.Hour))
		}
	}
	return hours
}

func hours(from, to int) (out []int) {
	for h := from; h < to; h++ {
		out = append(out, h)
	}
	return out
}

var firstDay = telemetry.Span{From: begin.UnixNano(), To: begin.Add(24 * time.Hour).UnixNano()}

// A clock that was ahead when rows were made and is set right while the node is down: what comes before they were made is
// late all the same.
func TestAClockThatGoesBackOverARestart(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, 30*time.Second)
	n.clock = begin
	n.round()
	n.every(id, begin, begin.Add(11*time.Hour+20*time.Minute), time.Minute, func(i int) float64 { return float64(i) })
	n.until(begin.Add(12*time.Hour + 5*time.Minute))
	if got := n.kept(id); !slices.Equal(got, hours(0, 12)) {
		t.Fatalf("%v", got)
	}
	n.close()
	n.clock = begin.Add(11*time.Hour + 25*time.Minute)
	n.open()
	n.round()
	n.send(id, sample{at: begin.Add(11*time.Hour + 40*time.Minute).UnixNano(), value: 1e6})
	n.clock = begin.Add(12*time.Hour + 30*time.Second)
	n.check("before the keeper looks", id, firstDay, 0, 0)
	n.round()
	n.check("after it has", id, firstDay, 0, 0)
	n.until(begin.Add(13*time.Hour + 5*time.Minute))
	if got := n.kept(id); !slices.Equal(got, hours(0, 12)) {
		t.Errorf("%v", got)
	}
}

// How long a bucket stays open follows the longest silence. When that becomes longer, rows that were closed by the shorter
// one are kept right; when it becomes shorter, none is forgotten, whether it was said in advance or afterwards.
func TestHoursStandWhenTheLongestSilenceChanges(t *testing.T) {
	for what, c := range map[string]struct {
		before, after time.Duration
		from          time.Time
		closed, kept  []int // at 12:05, and at 12:35 with the other silence
	}{
		"longer":             {30 * time.Second, time.Hour, begin.Add(12*time.Hour + 6*time.Minute), hours(0, 12), hours(0, 12)},
		"shorter":            {time.Hour, 30 * time.Second, begin.Add(12*time.Hour + 6*time.Minute), hours(0, 10), hours(0, 12)},
		"shorter since ever": {time.Hour, 30 * time.Second, begin.Add(-time.Hour), hours(0, 10), hours(0, 12)},
	} {
		t.Run(what, func(t *testing.T) {
			n := newNode(t, storetest.SQLite(t), "UTC")
			id := n.declare(telemetry.Float64, c.before)
			n.clock = begin
			n.round()
			n.every(id, begin, begin.Add(12*time.Hour), time.Minute, func(i int) float64 { return float64(i) })
			n.until(begin.Add(12*time.Hour + 5*time.Minute))
			if got := n.kept(id); !slices.Equal(got, c.closed) {
				t.Fatalf("%v", got)
			}
			n.again(id, c.after, c.from)
			n.service.Changed(n.sides["a"])
			n.until(begin.Add(12*time.Hour + 7*time.Minute))
			n.send(id, sample{at: begin.Add(11*time.Hour+30*time.Minute).UnixNano() + 1, value: 1e6})
			n.round()
			n.check("a late sample", id, firstDay, 0, 0)
			n.until(begin.Add(12*time.Hour + 35*time.Minute))
			if got := n.kept(id); !slices.Equal(got, c.kept) {
				t.Errorf("%v", got)
			}
			n.check("at the end", id, firstDay, 0, 0)
		})
	}
}

// Calendars are compared some series at a time. What another organisation changes meanwhile does not make the keeper forget
// the others.
func TestAChangeOfOneForgetsNoOther(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	var of [2][]uuid.UUID
	for i := range recheckSeries + 30 {
		side := i % 2
		id := uuid.Must(uuid.NewV7())
		proof.Must(n.store.Declare(t.Context(), []telemetry.Declaration{{ID: id, Org: n.sides[string("ab"[side])], Type: telemetry.Float64, Unit: "kW", Report: telemetry.Periodic, MaxSilence: time.Minute}}))
		of[side] = append(of[side], id)
		n.send(id, sample{at: begin.UnixNano(), value: 1})
	}
	n.clock = begin
	n.round()
	n.until(begin.Add(3 * time.Hour))
	for range 3 {
		n.round()
	}
	looked := map[uuid.UUID]int{}
	old := n.service.o.Calendars
	n.service.o.Calendars = func(ctx context.Context, series uuid.UUID, from, to int64) ([]CalendarSpan, error) {
		if to == telemetry.MaxTime {
			looked[series]++
		}
		return old(ctx, series, from, to)
	}
	n.service.Changed(n.sides["a"])
	n.service.Changed(n.sides["b"])
	n.round() // the first recheckSeries of them
	n.service.Changed(n.sides["b"])
	for range 3 {
		n.round()
	}
	for side, list := range of {
		for i, id := range list {
			if looked[id] == 0 {
				t.Fatalf("series %d of organisation %d was not looked at", i, side)
			}
		}
	}
}

// What counts is the same before and after a restart, whoever spoke at the same time.
func TestWhatIsSaidAtOnceIsSaidInOneOrder(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, time.Minute)
	n.clock = begin
	n.service.o.Now = func() time.Time { return begin } // of many goroutines
	as := n.sides.As(auth.Engineer, "a")
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if _, err := n.service.SetCounter(as, id, float64(100+i), 0, why); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 40 {
		all.Go(func() {
			if _, err := n.service.ChangeMeter(as, id, NewMeterChange{At: begin, Old: "5", New: fmt.Sprint(i), Reason: why}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	before := proof.Must(n.service.Counter(as, id))
	n.close()
	n.open()
	after := proof.Must(n.service.Counter(as, id))
	if after.Modulus != before.Modulus || len(after.Changes) != 1 || after.Changes[0].New != before.Changes[0].New {
		t.Errorf("%+v, after a restart %+v", before, after)
	}
}

// Rows of long texts go in batches that a small journal takes.
func TestBatchesAreBounded(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.String, time.Minute)
	n.clock = begin
	n.round()
	var list []sample
	for h := range 24 * 20 {
		for k := range rollup.MaxStates {
			at := begin.Add(time.Duration(h)*time.Hour + time.Duration(k)*3*time.Minute).UnixNano()
			list = append(list, sample{at: at, text: strings.Repeat("\x01", 120) + fmt.Sprintf("%02d", k)})
		}
	}
	n.send(id, list...)
	n.service.o.Store = narrow{n.door, t}
	n.until(begin.Add(21 * 24 * time.Hour))
	n.round()
	n.check("long texts", id, telemetry.Span{From: begin.UnixNano(), To: begin.Add(5 * 24 * time.Hour).UnixNano()}, 0, 0)
	if rows := n.read(id, rollup.LevelHour, begin, begin.Add(20*24*time.Hour)); len(rows) < 24*20 || slices.ContainsFunc(rows, func(r Result) bool { return !r.Kept }) {
		t.Errorf("%d rows, or some are not kept", len(rows))
	}
}

// narrow is a store whose journal takes no records of a megabyte.
type narrow struct {
	*door
	t *testing.T
}

func (s narrow) Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error {
	bytes := 0
	for _, x := range b.Text {
		bytes += len(x)
	}
	if bytes > 1<<20 {
		s.t.Errorf("a batch of %d bytes", bytes)
		return errors.New("too large")
	}
	return s.door.Append(ctx, producer, epoch, seq, b, done)
}

// A series for which nobody names a calendar is an error, not the end of the node.
func TestWithoutACalendar(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, time.Minute)
	n.spans = nil
	_, err := n.service.Read(t.Context(), Question{Series: id, Level: rollup.LevelDay, Span: firstDay})
	if err == nil || !strings.Contains(err.Error(), id.String()) {
		t.Error(err)
	}
}

// A longer silence that is told of afterwards covers hours that had no row.
func TestHoursThatBecomeCoveredAreKept(t *testing.T) {
	n := newNode(t, storetest.SQLite(t), "UTC")
	id := n.declare(telemetry.Float64, 30*time.Second)
	n.clock = begin
	n.round()
	n.every(id, begin, begin.Add(2*time.Hour), time.Minute, func(i int) float64 { return float64(i) })
	n.until(begin.Add(5 * 24 * time.Hour))
	n.round()
	if got := n.kept(id); !slices.Equal(got, hours(0, 2)) {
		t.Fatalf("%v", got)
	}
	n.again(id, 10*time.Hour, begin.Add(-time.Hour))
	n.service.Changed(n.sides["a"])
	n.round()
	n.check("covered", id, firstDay, 0, 0)
	if got := n.kept(id); !slices.Equal(got, hours(0, 12)) {
		t.Errorf("%v", got)
	}
}
