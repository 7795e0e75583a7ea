package rollup

import (
	"errors"
	"math"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func whole(n int64) telemetry.Value { return telemetry.Value{Type: telemetry.Int64, Bits: uint64(n)} }

func real(x float64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(x)}
}

// read is a reading at so many seconds of the hour.
type read struct {
	at int64
	n  int64
}

func TestCounter(t *testing.T) {
	known := Reading{Known: true, Time: epoch - hour, Bits: 100}
	for name, c := range map[string]struct {
		counter Counter
		before  Reading
		reads   []read
		want    []float64 // of minutes 0, 1, 2
		unread  int       // so many rows have an unknown consumption
		resets  uint64
		rolls   uint64
		changes uint64
		without int // so many of the minutes have no row
	}{
		"differences":                        {before: known, reads: []read{{10, 103}, {50, 110}, {70, 110}, {130, 125}}, want: []float64{10, 0, 15}},
		"a reading on a bound is of before":  {before: known, reads: []read{{60, 110}, {120, 130}}, want: []float64{10, 20, 0}},
		"none before: unknown":               {reads: []read{{10, 103}, {50, 110}, {70, 115}, {130, 116}}, want: []float64{7, 5, 1}, unread: 1},
		"the first on a bound":               {reads: []read{{60, 103}, {70, 115}, {130, 116}}, want: []float64{0, 12, 1}, unread: 1},
		"a fall is a reset":                  {before: known, reads: []read{{10, 5}, {20, 9}, {70, 3}, {130, 3}}, want: []float64{9, 3, 0}, resets: 2},
		"to below zero: nothing":             {before: known, reads: []read{{10, -5}, {20, 9}, {70, 9}, {130, 9}}, want: []float64{14, 0, 0}, resets: 1},
		"a fall is a roll-over":              {counter: Counter{Modulus: 1000}, before: known, reads: []read{{10, 990}, {20, 5}, {70, 6}, {130, 6}}, want: []float64{905, 1, 0}, rolls: 1},
		"roll-over by the greatest step":     {counter: Counter{Modulus: 1000, MaxStep: 15}, before: known, reads: []read{{10, 990}, {20, 5}, {70, 5}, {130, 5}}, want: []float64{905, 0, 0}, rolls: 1},
		"by more than the greatest step":     {counter: Counter{Modulus: 1000, MaxStep: 14}, before: known, reads: []read{{10, 990}, {20, 5}, {70, 5}, {130, 5}}, want: []float64{895, 0, 0}, resets: 1},
		"beyond its modulus":                 {counter: Counter{Modulus: 50}, before: known, reads: []read{{10, 50}, {70, 50}, {130, 50}}, want: []float64{50, 0, 0}, resets: 1},
		"modulus of 64 bits":                 {counter: Counter{Modulus: 1 << 64}, before: Reading{Known: true, Bits: math.MaxInt64}, reads: []read{{10, math.MinInt64}, {70, math.MinInt64}, {130, math.MinInt64}}, want: []float64{1, 0, 0}, rolls: 1},
		"meter change":                       {counter: Counter{Changes: []MeterChange{{At: epoch + 65*second, Old: whole(120), New: whole(7), Reason: "worn"}}}, before: known, reads: []read{{10, 110}, {70, 10}, {130, 11}}, want: []float64{10, 13, 1}, changes: 1},
		"change on a bound, with a reading":  {counter: Counter{Changes: []MeterChange{{At: epoch + 60*second, Old: whole(120), New: whole(7), Reason: "worn"}}}, before: known, reads: []read{{10, 110}, {60, 9}, {70, 10}, {130, 11}}, want: []float64{22, 1, 1}, changes: 1},
		"change without a reading before":    {counter: Counter{Changes: []MeterChange{{At: epoch + 65*second, Old: whole(120), New: whole(7), Reason: "new"}}}, reads: []read{{70, 10}, {130, 11}}, want: []float64{0, 3, 1}, unread: 1, without: 1, changes: 1},
		"changes in minutes without samples": {counter: Counter{Changes: []MeterChange{{At: epoch + 5*second, Old: whole(120), New: whole(7), Reason: "a"}, {At: epoch + 65*second, Old: whole(9), New: whole(1), Reason: "b"}}}, before: known, reads: []read{{130, 4}}, want: []float64{20, 2, 3}, changes: 2},
		"change before the span":             {counter: Counter{Changes: []MeterChange{{At: epoch - 60*second, Old: whole(120), New: whole(7), Reason: "a"}}}, before: known, reads: []read{{10, 8}, {70, 8}, {130, 8}}, want: []float64{1, 0, 0}},
		"change of before the last reading":  {counter: Counter{Changes: []MeterChange{{At: epoch - 2*hour, Old: whole(120), New: whole(7), Reason: "a"}}}, before: known, reads: []read{{10, 101}, {70, 101}, {130, 101}}, want: []float64{1, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Definition{Type: telemetry.Int64, Reporting: []telemetry.Reporting{{MaxSilence: time.Second}}, Counter: &c.counter}
			run := telemetry.Run{Type: telemetry.Int64}
			for _, r := range c.reads {
				run.Time = append(run.Time, epoch+r.at*second)
				run.Bits = append(run.Bits, uint64(r.n))
			}
			got := map[int64]Row{}
			var f Fold
			if err := f.Begin(&d, telemetry.Span{From: epoch, To: epoch + 3*Minute}, epoch+hour, c.before, func(r *Row) { got[(r.From-epoch)/Minute] = *r }); err != nil {
				t.Fatal(err)
			}
			f.Add(&run)
			f.End()
			var resets, rolls, changes uint64
			unread := 0
			for i, want := range c.want {
				r := got[int64(i)]
				if r.Consumption.Value() != want {
					t.Errorf("minute %d: %v, want %v", i, r.Consumption, want)
				}
				resets, rolls, changes = resets+r.Resets, rolls+r.RollOvers, changes+r.Exchanges
				if r.Flags&Unread != 0 {
					unread++
				}
			}
			if len(got) != 3-c.without {
				t.Errorf("%d rows", len(got))
			}
			if unread != c.unread || resets != c.resets || rolls != c.rolls || changes != c.changes {
				t.Errorf("%d unread, %d resets, %d roll-overs, %d changes", unread, resets, rolls, changes)
			}
		})
	}
}

// TestConsumptionTelescopes: whatever is lost on the way, hours and days count what the readings differ by.
func TestConsumptionTelescopes(t *testing.T) {
	d := Definition{Type: telemetry.Float64, Reporting: []telemetry.Reporting{{MaxSilence: time.Minute}}, Counter: &Counter{Version: "1"}}
	run := telemetry.Run{Type: telemetry.Float64}
	reading := 0.1
	for at := epoch; at <= epoch+24*hour; at += 7 * second {
		run.Time = append(run.Time, at)
		run.Bits = append(run.Bits, math.Float64bits(reading))
		reading += 0.1
	}
	var rows []Row
	var f Fold
	if err := f.Begin(&d, telemetry.Span{From: epoch, To: epoch + 24*hour}, epoch+25*hour, Reading{}, func(r *Row) { rows = append(rows, *r) }); err != nil {
		t.Fatal(err)
	}
	f.Add(&run)
	f.End()
	last := run.Bits[len(run.Bits)-1]
	if t0 := run.Time[len(run.Time)-1]; t0+7*second <= epoch+24*hour {
		t.Fatal("no reading near the end")
	}
	day, err := Compose(epoch, epoch+24*hour, rows)
	if err != nil {
		t.Fatal(err)
	}
	want := newExactly()
	want.add(math.Float64frombits(last))
	want.add(-0.1)
	if w := want.total(); !same(day.Consumption.Hi, w.Hi) || !same(day.Consumption.Lo, w.Lo) || day.Consumption.More != nil {
		t.Errorf("the day counted %v, want %v", day.Consumption, w)
	}
	if day.Flags&Unread != 0 || len(rows) != 24*60 {
		t.Errorf("flags %b, %d rows", day.Flags, len(rows))
	}
}

func TestDefinitionsThatAreRefused(t *testing.T) {
	reporting := []telemetry.Reporting{{MaxSilence: time.Second}}
	change := func(m MeterChange) *Counter { return &Counter{Changes: []MeterChange{m}} }
	for want, d := range map[string]Definition{
		"type":                      {Type: 9, Reporting: reporting},
		"reporting":                 {Type: telemetry.Bool},
		"reporting[0]":              {Type: telemetry.Bool, Reporting: []telemetry.Reporting{{}}},
		"reporting[1]":              {Type: telemetry.Bool, Reporting: []telemetry.Reporting{{From: 5, MaxSilence: 1}, {From: 5, MaxSilence: 1}}},
		"states":                    {Type: telemetry.Float64, Reporting: reporting, States: true},
		"type ":                     {Type: telemetry.Bool, Reporting: reporting, Counter: &Counter{}},
		"counter.modulus":           {Type: telemetry.Float64, Reporting: reporting, Counter: &Counter{Modulus: math.NaN()}},
		"counter.modulus ":          {Type: telemetry.Int64, Reporting: reporting, Counter: &Counter{Modulus: 0.5}},
		"counter.maxStep":           {Type: telemetry.Int64, Reporting: reporting, Counter: &Counter{MaxStep: -1}},
		"counter.changes":           {Type: telemetry.Int64, Reporting: reporting, Counter: &Counter{Changes: make([]MeterChange, MaxChanges+1)}},
		"counter.changes[0].at":     {Type: telemetry.Int64, Reporting: reporting, Counter: change(MeterChange{At: -1})},
		"counter.changes[0].old":    {Type: telemetry.Int64, Reporting: reporting, Counter: change(MeterChange{Old: real(1)})},
		"counter.changes[0].new":    {Type: telemetry.Float64, Reporting: reporting, Counter: change(MeterChange{Old: real(1), New: real(math.Inf(1))})},
		"counter.changes[0].reason": {Type: telemetry.Int64, Reporting: reporting, Counter: change(MeterChange{Old: whole(1), New: whole(1)})},
		"counter.changes[1].at": {Type: telemetry.Int64, Reporting: reporting, Counter: &Counter{Changes: []MeterChange{
			{Old: whole(1), New: whole(1), Reason: "x"}, {Old: whole(1), New: whole(1), Reason: "x"}}}},
	} {
		for want[len(want)-1] == ' ' {
			want = want[:len(want)-1]
		}
		var e *DefinitionError
		if err := d.Check(); !errors.As(err, &e) || e.Field != want || e.Value == "" || e.Reason == "" {
			t.Errorf("%s: %v", want, err)
		}
	}
	var f Fold
	d := Definition{Type: telemetry.Bool, Reporting: reporting}
	for _, span := range []telemetry.Span{{From: 1, To: Minute}, {From: 0, To: Minute + 1}, {From: Minute, To: 0}, {From: -Minute, To: 0}} {
		if err := f.Begin(&d, span, 0, Reading{}, nil); !errors.Is(err, ErrBadBounds) {
			t.Errorf("span %v: %v", span, err)
		}
	}
	if err := f.Begin(&Definition{}, telemetry.Span{}, 0, Reading{}, nil); err == nil {
		t.Error("an empty definition was accepted")
	}
}

func TestScanLooksBackAndToTheReadingAtTheEnd(t *testing.T) {
	d := Definition{Type: telemetry.Int64, Reporting: []telemetry.Reporting{{MaxSilence: time.Second}, {From: 9, MaxSilence: time.Hour}, {From: 12, MaxSilence: time.Minute}}}
	if got := d.Scan(telemetry.Span{From: epoch, To: epoch + Minute}); got.From != epoch-hour || got.To != epoch+Minute {
		t.Errorf("scan of %v", got)
	}
	d.Counter = &Counter{}
	if got := d.Scan(telemetry.Span{From: Minute, To: epoch}); got.From != 0 || got.To != epoch+1 {
		t.Errorf("scan of %v", got)
	}
}
