package measured_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/govern/assess/measured"
	"jingwei/internal/kernel/text"
)

// works is a plant with what its series have: by point the begins of hours with a sample.
type works struct {
	machines []measured.Machine
	points   []measured.Point
	at       map[uuid.UUID][]time.Time
	counted  map[uuid.UUID]int64
}

func (w *works) Plant(context.Context, uuid.UUID, time.Time) ([]measured.Machine, []measured.Point, error) {
	return w.machines, w.points, nil
}

func (w *works) Days(_ context.Context, series []uuid.UUID, bounds []int64) ([][]measured.Day, error) {
	out := make([][]measured.Day, len(series))
	for i, id := range series {
		times, ok := w.at[id]
		if !ok {
			continue
		}
		out[i] = make([]measured.Day, len(bounds)-1)
		for _, t := range times {
			for d := range len(bounds) - 1 {
				if at := t.UnixNano(); at >= bounds[d] && at < bounds[d+1] {
					out[i][d].Good++
					out[i][d].Covered += 15 * time.Minute
				}
			}
		}
	}
	return out, nil
}

func (w *works) Consumed(_ context.Context, id uuid.UUID, _, _ int64) (int64, bool, error) {
	n, ok := w.counted[id]
	return n, ok, nil
}

func (w *works) machine(name string, production bool) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	w.machines = append(w.machines, measured.Machine{ID: id, Name: text.Both(name), Production: production})
	return id
}

func (w *works) point(machine uuid.UUID, energy bool, every time.Duration, at ...time.Time) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	w.points = append(w.points, measured.Point{ID: id, Machine: machine, Name: text.Both("p"), Energy: energy, Every: every})
	if len(at) > 0 {
		w.at[id] = at
	}
	return id
}

var now = time.Date(2026, 5, 20, 4, 0, 0, 0, time.UTC) // noon in China

func ago(days int) time.Time { return now.AddDate(0, 0, -days) }

func newWorks() (*works, *measured.Service) {
	w := &works{at: map[uuid.UUID][]time.Time{}, counted: map[uuid.UUID]int64{}}
	return w, measured.New(measured.Options{Plant: w, Series: w})
}

func find(t *testing.T, s *measured.Service, key string) (assess.Known, bool) {
	t.Helper()
	k, ok, err := s.Fact(t.Context(), uuid.Nil, key, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return k, ok
}

func TestMachinesAreCountedByWhatTheyDeliver(t *testing.T) {
	w, s := newWorks()
	if list, err := s.Known(t.Context(), uuid.Nil, append([]string{"oee.days", "pass-rate.change"}, measured.Keys...), now); err != nil || len(list) != 0 {
		t.Fatalf("an empty plant shows %+v, %v", list, err)
	}
	w.point(w.machine("today", true), false, time.Second, now)
	w.point(w.machine("six days ago", true), false, time.Hour, ago(6))
	w.point(w.machine("seven days ago", true), false, time.Second, ago(7))
	w.point(w.machine("two years ago", true), false, time.Second, ago(700))
	w.point(w.machine("never", true), false, time.Second)
	w.machine("without points", true)
	w.point(w.machine("a meter", false), true, time.Minute, now)
	for key, want := range map[string][2]int64{measured.Networked: {2, 6}, measured.Digital: {3, 6}, measured.Realtime: {1, 6}} {
		k, ok := find(t, s, key)
		if !ok || *k.Part != want[0] || *k.Of != want[1] || len(k.Rests) != 6 || k.Text.Zh == "" || k.Text.En == "" {
			t.Errorf("%s: %+v", key, k)
			continue
		}
		counts := int64(0)
		for _, r := range k.Rests {
			if r.Counts {
				counts++
			}
		}
		if counts != want[0] {
			t.Errorf("%s: %d rests count, %d are told", key, counts, want[0])
		}
	}
	for _, key := range []string{measured.Production, measured.Equipment, measured.Energy} {
		if k, ok := find(t, s, key); !ok || !*k.Flag {
			t.Errorf("%s: %+v", key, k)
		}
	}
	// What no machine delivers is not known; it is not "no".
	if _, ok := find(t, s, measured.SubmeterDays); ok {
		t.Error("one meter is taken for several")
	}
	if _, ok := find(t, s, "collection.quality"); ok {
		t.Error("quality is told from nothing")
	}
}

func TestMeteringByDays(t *testing.T) {
	w, s := newWorks()
	var all, even []time.Time
	for d := range 40 {
		for q := range 4 { // an hour of quarters
			all = append(all, ago(d).Add(time.Duration(q)*15*time.Minute))
		}
		if d%2 == 0 {
			even = append(even, ago(d))
		}
	}
	w.point(w.machine("incomer", false), true, time.Minute, all...)
	w.point(w.machine("line", false), true, time.Minute, even...)
	w.point(w.machine("mill", true), false, time.Minute, all...)
	if k, ok := find(t, s, measured.MeterDays); !ok || k.Number != "40" || len(k.Rests) != 2 {
		t.Errorf("%+v", k)
	}
	if k, ok := find(t, s, measured.SubmeterDays); !ok || k.Number != "20" {
		t.Errorf("%+v", k)
	}
	if k, ok := find(t, s, measured.SubmeterEvery); !ok || k.Number != "15.000" || k.Unit != "min" {
		t.Errorf("%+v", k)
	}
}

func TestOverASpan(t *testing.T) {
	w, s := newWorks()
	w.point(w.machine("always", true), false, time.Second, ago(3), ago(2), ago(1), now)
	w.point(w.machine("one day", true), false, time.Second, ago(2))
	meter := w.point(w.machine("meter", false), true, time.Minute, ago(2))
	w.counted[meter] = 123_456
	from, to := ago(3).Add(-time.Hour), now.Add(time.Hour)
	over := func(key string) (assess.Known, bool) {
		t.Helper()
		k, ok, err := s.Over(t.Context(), uuid.Nil, key, from, to)
		if err != nil {
			t.Fatal(err)
		}
		return k, ok
	}
	if k, ok := over(measured.Networked); !ok || *k.Part != 5 || *k.Of != 8 {
		t.Errorf("%+v", k)
	}
	if k, ok := over(measured.Consumption + meter.String()); !ok || k.Number != "123.456" || k.Unit != "kW.h" || k.Rests[0].ID != meter {
		t.Errorf("%+v", k)
	}
	if _, ok := over(measured.Consumption + uuid.Must(uuid.NewV7()).String()); ok {
		t.Error("a series of somebody else is told")
	}
	if _, ok := over("oee.days"); ok {
		t.Error("what cannot be found out is told")
	}
	if _, _, err := s.Over(t.Context(), uuid.Nil, measured.Networked, to, from); err == nil {
		t.Error("a span that ends before it begins is looked at")
	}
}

// Every fact fits the questions that ask for it.
func TestFactsFitTheInstruments(t *testing.T) {
	w, s := newWorks()
	w.point(w.machine("mill", true), false, time.Second, now)
	list, err := s.Known(t.Context(), uuid.Nil, measured.Keys, now.Add(time.Hour))
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	if g, err := assess.Gather(list); err != nil || len(g) != len(list) {
		t.Errorf("%v", err)
	}
}

func TestMachinesOverASpan(t *testing.T) {
	w, s := newWorks()
	always := w.machine("always", true)
	first, second := w.point(always, false, time.Second, ago(3), ago(1)), w.point(always, false, time.Second, ago(2), ago(1))
	w.point(w.machine("never", true), false, time.Second)
	meter := w.point(w.machine("meter", false), true, time.Minute, ago(2))
	w.counted[meter] = 123_456
	from, to := ago(3).Add(-12*time.Hour), ago(0).Add(-12*time.Hour) // civil days of China
	list, days, err := s.Machines(t.Context(), uuid.Nil, from, to)
	if err != nil || len(list) != 3 || len(days) != 3 || days[0] != from.UnixNano() {
		t.Fatalf("%+v of %v, %v", list, days, err)
	}
	for i, want := range [][]bool{{true, true, true}, {false, false, false}, {false, true, false}} {
		for d := range want {
			if list[i].Days[d] != want[d] {
				t.Errorf("%s: days are %v, want %v", list[i].Name.En, list[i].Days, want)
				break
			}
		}
	}
	if len(list[0].Series) != 2 || list[0].Series[0] != first || list[0].Series[1] != second || list[0].Meter || !list[2].Meter || len(list[1].Series) != 0 {
		t.Errorf("%+v", list)
	}
	if c, ok, err := s.Counted(t.Context(), uuid.Nil, meter, from, to); err != nil || !ok || c.WattHours != 123_456 || c.Days != 1 || c.Of != 3 {
		t.Errorf("%+v %v %v", c, ok, err)
	}
	for _, other := range []uuid.UUID{first, uuid.Must(uuid.NewV7())} {
		if c, ok, err := s.Counted(t.Context(), uuid.Nil, other, from, to); err != nil || ok {
			t.Errorf("what is no counter counted %+v, %v", c, err)
		}
	}
	if _, _, err := s.Machines(t.Context(), uuid.Nil, to, from); err == nil {
		t.Error("a span that ends before it begins is looked at")
	}
}
