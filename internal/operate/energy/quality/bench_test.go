package quality

import (
	"testing"
	"time"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store/storetest"
)

// BenchmarkMonth scores a month of a meter that is read every 10 seconds, 267,840 readings, with its gaps; hours and days are
// folded from the samples, as on a node that has kept no rows yet.
func BenchmarkMonth(b *testing.B) {
	w := newWorld(b, storetest.SQLite(b), "Asia/Shanghai", time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC))
	m := w.meter("main")
	var day []reading
	v := 0.0
	for t := w.at("2026-09-30 12:00"); t.Before(w.at("2026-11-01 00:01")); t = t.Add(10 * time.Second) {
		if len(day) > 0 && t.In(w.zone).Day() != day[0].at.In(w.zone).Day() {
			w.send(m, day[len(day)-1].at.Add(time.Second), day...)
			day = day[:0]
		}
		day = append(day, reading{at: t, value: v})
		v += 0.01
	}
	w.send(m, day[len(day)-1].at.Add(time.Second), day...)
	w.name(m, "2026-01-01", "")
	w.clock = w.at("2026-11-02 09:00")
	for b.Loop() {
		w.clock = w.clock.Add(2 * time.Minute) // past what data health keeps of its answers
		if a := w.assess(w.as(auth.Viewer), "2026-10"); a.Actual != 744 {
			b.Fatal(a.Actual)
		}
	}
}
