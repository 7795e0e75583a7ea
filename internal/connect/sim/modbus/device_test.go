package modbus

import (
	"math"
	"strings"
	"testing"
	"time"

	"jingwei/data"
	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/connect/sim/simtest"
)

const (
	mill  = "cnc-mill-smart-testbed"
	meter = "power-meter-steel"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// The energy counter of the meter never runs backwards, over three passes through the 13 weeks, except where its
// register rolls over; and what it gains is what the recording says was used.
func TestMeterCounterOverPasses(t *testing.T) {
	d, err := newDevice(Device{Unit: 3, Part: replay.Part{Template: simtest.Template(meter)}}, replay.NewLibrary(nil), epoch)
	if err != nil {
		t.Fatal(err)
	}
	counter := d.Template.Point("energy.total")
	if counter == nil {
		t.Fatal("no counter")
	}
	if d.replay.Step() != time.Second {
		t.Errorf("a quarter of an hour is shown for %v, want 1s", d.replay.Step())
	}
	a, err := wire.ParseAddress(counter.Address)
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
		raw, err := d.read(epoch.Add(time.Duration(k)*time.Second), wire.Holding, a.Number, 2)
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
	d, err := ParseDevice("2="+mill+"@500*2.5", simtest.Template)
	if err != nil || d.Unit != 2 || d.Template.ID != mill || d.Start != 500 || d.Speed != 2.5 {
		t.Errorf("%+v %v", d, err)
	}
	if d, err = ParseDevice("0="+meter, simtest.Template); err != nil || d.Unit != 0 || d.Start != 0 || d.Speed != 0 {
		t.Errorf("%+v %v", d, err)
	}
	for _, s := range []string{"", mill, "256=" + mill, "x=" + mill, "1=nothing", "1=" + mill + "@-1", "1=" + mill + "@1x", "1=" + mill + "*0", "1=" + mill + "*1y", "1=" + mill + "*NaN", "1=" + mill + "*Inf"} {
		if _, err := ParseDevice(s, simtest.Template); err == nil || !strings.Contains(err.Error(), "UNIT=TEMPLATE") {
			t.Errorf("%q: %v", s, err)
		}
	}
}
