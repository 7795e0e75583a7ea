package history

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

var templates = proof.Must(template.Load(packs.Files, "devices"))

func library(t *testing.T) *Library {
	t.Helper()
	return proof.Must(New(packs.Files))
}

func meter() *Machine {
	return &Machine{Key: "works/incomer", Template: templates.Get("power-meter-steel"), Points: []string{"energy.total", "energy", "powerFactor.lagging", "load"}, Start: InStep(8736, 3), Shifts: 2}
}

func mill() *Machine {
	return &Machine{Key: "works/mill", Template: templates.Get("cnc-mill-smart-testbed"), Points: []string{"cutting", "spindle.on", "process", "s.power", "feedrate"}, Shifts: 2}
}

func on(s string) workday.Day {
	d, ok := workday.ParseDay(s)
	if !ok {
		panic(s)
	}
	return d
}

var until = time.Date(2026, 7, 1, 6, 15, 0, 0, time.UTC)

// What is made of a month is the same on every computer. A change of the generator changes the past of a demo: a new key of the region's
// history, or --fresh.
func TestAMonthIsAlwaysTheSame(t *testing.T) {
	l := library(t)
	for want, m := range map[string]*Machine{
		"dab3b24dfe82c2b0": meter(),
		"cb72cf2ab530d7cf": mill(),
	} {
		p := proof.Must(l.Past(m, on("2026-02-01"), until))
		h := sha256.New()
		for d := on("2026-02-01"); d <= on("2026-02-28"); d++ {
			for _, r := range p.Rows(d) {
				fmt.Fprintln(h, r.At, r.Bad, r.Values)
			}
		}
		if got := hex.EncodeToString(h.Sum(nil)[:8]); got != want {
			t.Errorf("%s: %s, want %s", m.Key, got, want)
		}
	}
}

// A counter never goes back, counts what its quarter hours used, and ends where the simulator goes on.
func TestCountersGoOnInTheSimulator(t *testing.T) {
	l, m := library(t), meter()
	p := proof.Must(l.Past(m, on("2025-07-01"), until))
	last, missing := int64(-1), false
	for d := p.First(); d <= p.Last(); d++ {
		for _, r := range p.Rows(d) {
			if r.Bad {
				missing = true
				continue
			}
			n, used := r.Values[0].(int64), int64(math.Round(r.Values[1].(float64)*100))
			if n < last {
				t.Fatalf("%s: the counter goes back from %d to %d", time.Unix(0, r.At), last, n)
			}
			if last >= 0 && !missing && r.At%int64(day) != 0 && n-last != used && len(gaps(m.Key, d)) == 0 && len(gaps(m.Key, d-1)) == 0 {
				t.Fatalf("%s: the counter counts %d, the quarter hour used %d", time.Unix(0, r.At), n-last, used)
			}
			last, missing = n, false
		}
	}
	player := proof.Must(replay.NewLibrary(nil).Open(replay.Part{Template: m.Template, Start: m.Start, Speed: 1}, replay.DefaultEpoch))
	for i := range m.Template.Points {
		if m.Template.Points[i].Key != "energy.total" {
			continue
		}
		now := math.Float64frombits(player.Value(i, player.At(until)).Bits)
		later := math.Float64frombits(player.Value(i, player.At(until.Add(quarter))).Bits)
		if math.Round(now*100) != float64(last) || later < now {
			t.Errorf("the past ends at %d, the simulator goes on with %v and then %v", last, now, later)
		}
	}
}

// The simulator shows recorded Mondays on Mondays, and the morning in the morning (China).
func TestTheSimulatorIsInStepWithTheWeek(t *testing.T) {
	m := meter()
	player := proof.Must(replay.NewLibrary(nil).Open(replay.Part{Template: m.Template, Start: m.Start, Speed: 1}, replay.DefaultEpoch))
	seconds, name := -1, -1
	for i := range m.Template.Points {
		switch m.Template.Points[i].Key {
		case "day.seconds":
			seconds = i
		case "day":
			name = i
		}
	}
	for _, at := range []time.Time{until, until.AddDate(0, 3, 2).Add(5 * hour), until.AddDate(0, 0, 4)} {
		local := at.Add(8 * hour)
		here := player.At(at)
		if got, want := int(player.Value(seconds, here).Bits), local.Hour()*3600+local.Minute()*60; got != want || player.Value(name, here).Text != local.Weekday().String() {
			t.Errorf("%s: second %d of %s", local, got, player.Value(name, here).Text)
		}
	}
}

func TestDaysGoByTheirKind(t *testing.T) {
	l := library(t)
	for s, want := range map[string]int{
		"2026-06-30": 1, // a Tuesday
		"2026-06-27": 5, // a Saturday
		"2026-06-28": 6, // a Sunday
		"2026-02-17": 6, // a Tuesday of Spring Festival
		"2026-02-14": 4, // a Saturday that is worked
		"2026-10-02": 6, // a Friday of National Day
		"2025-09-28": 4, // a Sunday that is worked
	} {
		if got := l.like(on(s)); got != want {
			t.Errorf("%s goes by day %d, want %d", s, got, want)
		}
	}
	p := proof.Must(l.Past(mill(), on("2026-02-01"), until))
	cutting := func(s string) (n int) {
		for _, r := range p.Rows(on(s)) {
			if !r.Bad && r.Values[0] == true {
				n++
			}
		}
		return n
	}
	if feast, work := cutting("2026-02-18"), cutting("2026-03-03"); feast != 0 || work < 20 {
		t.Errorf("the mill cuts %d times on a holiday and %d times on a working day", feast, work)
	}
}

func TestGapsAreThere(t *testing.T) {
	l, m := library(t), meter()
	m.Away = []Stay{{on("2026-03-02"), on("2026-03-07")}}
	p := proof.Must(l.Past(m, on("2025-07-01"), until))
	rows, bad, away, short := 0, 0, 0, 0
	for d := p.First(); d < p.Last(); d++ {
		list := p.Rows(d)
		if len(list) == 0 {
			away++
		} else if len(list) < int(daily) {
			short++
		}
		for _, r := range list {
			if rows++; r.Bad {
				bad++
			}
		}
	}
	if away != 6 || short < 2 || short > 12 || bad < 10 || bad*50 > rows {
		t.Errorf("%d rows, %d bad, %d days with a gap, %d days away", rows, bad, short, away)
	}
	if got := len(p.Rows(p.Last())); got > 57 || p.Rows(p.Last()+1) != nil { // 14:15 in China
		t.Errorf("%d rows on the last day", got)
	}
}

func TestWhatCannotBeMadeIsRefused(t *testing.T) {
	l := library(t)
	unknown, tooEarly := meter(), meter()
	unknown.Points, tooEarly.Start = []string{"nothing"}, 0
	for want, f := range map[string]func() error{
		"nothing":     func() error { _, err := l.Past(unknown, on("2026-01-01"), until); return err },
		"quarter":     func() error { _, err := l.Past(meter(), on("2026-01-01"), until.Add(time.Minute)); return err },
		"its begin":   func() error { _, err := l.Past(meter(), on("2027-01-01"), until); return err },
		"counts more": func() error { _, err := l.Past(tooEarly, on("2024-01-01"), until); return err },
		"nothing ":    func() error { _, err := l.Used(mill(), on("2026-01-01")); return fmt.Errorf("%w ", err) },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
