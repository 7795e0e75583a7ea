package sim

import (
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/data"
	"jingwei/internal/connect/driver/modbus"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
	"jingwei/packs"
)

func templates(t testing.TB) map[string]*template.Template {
	t.Helper()
	set, err := template.Load(packs.Files, "devices")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*template.Template{}
	for _, x := range set.All() {
		out[x.ID] = x
	}
	return out
}

const (
	mill  = "cnc-mill-smart-testbed"
	meter = "power-meter-steel"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func point(typ template.Type, r template.Recorded) template.Point {
	return template.Point{Key: "p", Type: typ, Recorded: &r}
}

func TestReplayLoopsAndCountersGoOn(t *testing.T) {
	table := &data.Table{Columns: []string{"level", "use", "name"}, Rows: [][]string{{"1.5", "10", "a"}, {"2.5", "0.5", "b"}, {"3.5", "4", "a"}}}
	tp := &template.Template{Points: []template.Point{point("float64", template.Recorded{Column: "level"}),
		point("float64", template.Recorded{Column: "use", Cumulative: true}), point("string", template.Recorded{Column: "name"}),
		point("string", template.Recorded{Constant: "SMART"}), {Key: "none", Type: "float64"}}}
	r, err := newReplay(tp, table, 200*time.Millisecond, epoch, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		level float64
		total float64
		name  string
	}{
		{-time.Hour, 2.5, 10.5, "b"}, {0, 2.5, 10.5, "b"}, {199 * time.Millisecond, 2.5, 10.5, "b"}, {200 * time.Millisecond, 3.5, 14.5, "a"},
		{400 * time.Millisecond, 1.5, 24.5, "a"}, {600 * time.Millisecond, 2.5, 25, "b"}, {6 * time.Second, 2.5, 10*14.5 + 10.5, "b"},
	} {
		p := r.at(epoch.Add(c.after))
		if got := math.Float64frombits(r.columns[0].value(p).Bits); got != c.level {
			t.Errorf("after %v the level is %v, want %v", c.after, got, c.level)
		}
		if got := math.Float64frombits(r.columns[1].value(p).Bits); got != c.total {
			t.Errorf("after %v the counter is %v, want %v", c.after, got, c.total)
		}
		if got := r.columns[2].value(p).Text; got != c.name {
			t.Errorf("after %v the name is %q, want %q", c.after, got, c.name)
		}
		if r.columns[3].value(p).Text != "SMART" || r.columns[4].value(p) != (telemetry.Value{}) {
			t.Errorf("after %v: %+v %+v", c.after, r.columns[3].value(p), r.columns[4].value(p))
		}
	}
}

func TestRecordingsThatDoNotFitAreToldAtTheStart(t *testing.T) {
	table := &data.Table{Columns: []string{"x"}, Rows: [][]string{{"1"}, {"70000"}, {"oops"}}}
	for want, p := range map[string]template.Point{
		`no column "y"`: point("float64", template.Recorded{Column: "y"}),
		`row 3`:         point("float64", template.Recorded{Column: "x"}),
	} {
		tp := &template.Template{Points: []template.Point{p}}
		if _, err := newReplay(tp, table, time.Second, epoch, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The energy counter of the meter never runs backwards, over three passes through the 13 weeks, except where its
// register rolls over; and what it gains is what the recording says was used.
func TestMeterCounterOverPasses(t *testing.T) {
	d, err := newDevice(Device{Unit: 3, Template: templates(t)[meter]}, data.Files(), map[string]*data.Table{}, epoch)
	if err != nil {
		t.Fatal(err)
	}
	counter := d.Template.Point("energy.total")
	if counter == nil {
		t.Fatal("no counter")
	}
	if d.replay.step != time.Second {
		t.Errorf("a quarter of an hour is shown for %v, want 1s", d.replay.step)
	}
	a, err := modbus.ParseAddress(counter.Address)
	if err != nil {
		t.Fatal(err)
	}
	table, _ := data.Read(data.Files(), "steel_energy")
	used := 0.0
	for _, row := range table.Rows {
		v, err := counter.Parse(row[table.Column("Usage_kWh")])
		if err != nil {
			t.Fatal(err)
		}
		used += math.Float64frombits(v.Bits)
	}
	read := func(k int) uint32 {
		raw, err := d.read(epoch.Add(time.Duration(k)*time.Second), modbus.Holding, a.Number, 2)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	}
	last, first := read(0), read(0)
	n := len(table.Rows)
	for k := 1; k < 3*n; k += 7 {
		if now := read(k); now < last {
			t.Fatalf("the counter fell from %d to %d at row %d", last, now, k)
		} else {
			last = now
		}
	}
	if gained := float64(read(2*n)-first) / 100; math.Abs(gained-2*used) > 0.02 {
		t.Errorf("two passes gained %v kWh, the recording says %v", gained, 2*used)
	}
	// 2^32 hundredths of a kWh: then it starts again, as the register does.
	passes := math.Ceil(float64(1<<32) / 100 / used)
	if now := read(int(passes) * n); now > uint32(used*100)+1 {
		t.Errorf("after %v passes the register holds %d, want a small number: it has rolled over", passes, now)
	}
}

func TestParseDevice(t *testing.T) {
	all := templates(t)
	find := func(id string) *template.Template { return all[id] }
	d, err := ParseDevice("2="+mill+"@500*2.5", find)
	if err != nil || d.Unit != 2 || d.Template.ID != mill || d.Start != 500 || d.Speed != 2.5 {
		t.Errorf("%+v %v", d, err)
	}
	if d, err = ParseDevice("0="+meter, find); err != nil || d.Unit != 0 || d.Start != 0 || d.Speed != 0 {
		t.Errorf("%+v %v", d, err)
	}
	for _, s := range []string{"", mill, "256=" + mill, "x=" + mill, "1=nothing", "1=" + mill + "@-1", "1=" + mill + "@1x", "1=" + mill + "*0", "1=" + mill + "*1y", "1=" + mill + "*NaN", "1=" + mill + "*Inf"} {
		if _, err := ParseDevice(s, find); err == nil || !strings.Contains(err.Error(), "UNIT=TEMPLATE") {
			t.Errorf("%q: %v", s, err)
		}
	}
}
