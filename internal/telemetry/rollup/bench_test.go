package rollup_test

import (
	"testing"
	"time"

	"jingwei/bench/workload"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// device is six hours of one synthetic device of 1 Hz (bench/workload), series by series, as the store gives them.
func device(typed bool) []*telemetry.Run {
	s := workload.Spec{Name: "one", Seed: 11, Devices: 1, Seconds: 6 * 3600, Typed: typed}
	var runs []*telemetry.Run
	for series, rows := range s.Collect() {
		r := &telemetry.Run{Type: telemetry.Type(s.Kind(series))}
		for i, x := range rows {
			r.Time = append(r.Time, x.Time)
			r.Bits = append(r.Bits, x.Bits)
			r.Text = append(r.Text, x.Text)
			r.Status = append(r.Status, x.Status)
			r.Flags = append(r.Flags, uint32(x.Flags))
			r.Commit = append(r.Commit, int64(1000+50*i))
			r.Nulls = r.Nulls || telemetry.Flags(x.Flags)&telemetry.NoValue != 0
		}
		runs = append(runs, r)
	}
	return runs
}

// properties names the first series of each kind of a device.
var properties = []struct {
	name  string
	at    int
	typed bool
}{{"one decimal", 0, false}, {"full mantissa", 6, false}, {"float32", 9, false}, {"counter", 12, false}, {"set-point", 15, false},
	{"switch as float", 17, false}, {"whole counter", 12, true}, {"switch", 17, true}, {"state text", 19, true}}

func definition(r *telemetry.Run, name string) rollup.Definition {
	d := rollup.Definition{Type: r.Type, Reporting: []telemetry.Reporting{{Report: telemetry.Periodic, MaxSilence: 10 * time.Second}}}
	if name == "counter" || name == "whole counter" {
		d.Counter = &rollup.Counter{Version: "1"}
	}
	return d
}

func fold(b testing.TB, f *rollup.Fold, d *rollup.Definition, r *telemetry.Run, emit func(*rollup.Row)) {
	first, last := r.Time[0], r.Time[len(r.Time)-1]
	span := telemetry.Span{From: first - first%rollup.Minute, To: last - last%rollup.Minute}
	if err := f.Begin(d, span, last+int64(time.Hour), rollup.Reading{}, emit); err != nil {
		b.Fatal(err)
	}
	f.Add(r)
	f.End()
}

func BenchmarkFold(b *testing.B) {
	kinds := map[bool][]*telemetry.Run{false: device(false), true: device(true)}
	for _, p := range properties {
		b.Run(p.name, func(b *testing.B) {
			r := kinds[p.typed][p.at]
			d := definition(r, p.name)
			var f rollup.Fold
			rows := 0
			b.ReportAllocs()
			for b.Loop() {
				rows = 0
				fold(b, &f, &d, r, func(*rollup.Row) { rows++ })
			}
			if rows < 350 {
				b.Fatalf("%d rows", rows)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(r.Time)), "ns/sample")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	kinds := map[bool][]*telemetry.Run{false: device(false), true: device(true)}
	for _, p := range properties {
		b.Run(p.name, func(b *testing.B) {
			r := kinds[p.typed][p.at]
			d := definition(r, p.name)
			var f rollup.Fold
			var rows []rollup.Row
			fold(b, &f, &d, r, func(r *rollup.Row) { rows = append(rows, *r) })
			var page []byte
			for b.Loop() {
				var err error
				if page, err = rollup.Encode(rows); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(page))/float64(len(rows)), "B/row")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/row")
		})
	}
}

func BenchmarkCompose(b *testing.B) {
	r := device(false)[6]
	d := definition(r, "")
	var f rollup.Fold
	var rows []rollup.Row
	fold(b, &f, &d, r, func(r *rollup.Row) { rows = append(rows, *r) })
	var c rollup.Composer
	n := min(len(rows), 300)
	for b.Loop() {
		if _, err := c.Compose(rows[0].From, rows[n-1].To, rows[:n]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
}

// TestRowsOfAMeasuredSeriesAreSmall bounds what minute rows of a series of 1 Hz cost at rest.
func TestRowsOfAMeasuredSeriesAreSmall(t *testing.T) {
	r := device(false)[0]
	d := definition(r, "")
	var f rollup.Fold
	var rows []rollup.Row
	fold(t, &f, &d, r, func(r *rollup.Row) { rows = append(rows, *r) })
	page, err := rollup.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	if size := float64(len(page)) / float64(len(rows)); size > 16 || len(rows) < 350 {
		t.Errorf("%.1f bytes for each of %d rows", size, len(rows))
	}
}
