package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry"
)

func TestAdoptionOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		src := n.source("a", "push", HTTP, true)
		in := n.ingest.inlet(src.ID)
		ctx := context.Background()
		metrics := []intake.Metric{{Name: "Motor/Speed", Type: telemetry.Float64, Unit: "rpm"}, {Name: "温度", Type: telemetry.Float64, Unit: "°C"}, {Name: "Running", Type: telemetry.Bool},
			{Name: "Count", Type: telemetry.Int64}, {Name: "State", Type: telemetry.String, Unit: "V"}, {Name: strings.Repeat("x", 201), Type: telemetry.Float64}, {Name: "later"}}
		slots := proof.Must(in.Bind(ctx, "plc 1", metrics))
		for i, want := range []telemetry.Type{telemetry.Float64, telemetry.Float64, telemetry.Bool, telemetry.Int64, telemetry.String, 0, 0} {
			if slots[i].Type != want || (slots[i].Ref == 0) != (want == 0) {
				t.Errorf("metric %d: %+v, want type %v", i, slots[i], want)
			}
		}
		machine := in.feeds["plc 1"].Machine
		points := n.points(n.a, machine)
		for address, want := range map[string][3]string{"Motor/Speed": {"motor.Speed", "{rev}/min", "float64"}, "温度": {"m", "Cel", "float64"}, "Running": {"running", "", "bool"},
			"Count": {"count", "1", "int64"}, "State": {"state", "", "string"}} {
			p := points[address]
			if p.Key != want[0] || p.Unit != want[1] || string(p.Type) != want[2] || time.Duration(p.MaxSilence) != adoptedSilence || p.Report != "onChange" {
				t.Errorf("point %s: %+v", address, p.Point)
			}
		}
		if len(points) != 5 {
			t.Errorf("%d points", len(points))
		}
		if v := in.view(); v.LastTrouble == nil || v.LastTrouble.Code != "metric.name" || v.Devices != 1 || v.Unclaimed != 2 {
			t.Errorf("the page: %+v, trouble %+v", v, v.LastTrouble)
		}
		// The plant's change is the source's own: nothing has to be looked up again.
		generation := in.Generation()
		n.ingest.refresh(ctx)
		if in.Generation() != generation {
			t.Error("the source's own adoption made its slots look old")
		}
		if again := proof.Must(in.Bind(ctx, "plc 1", metrics)); !slices.Equal(again, slots) {
			t.Errorf("bound again: %+v", again)
		}
		// More metrics, later: points are added to the same machine.
		more := proof.Must(in.Bind(ctx, "plc 1", append(metrics[:2:2], intake.Metric{Name: "later", Type: telemetry.Float64}, intake.Metric{Name: "Motor_Speed", Type: telemetry.Float64})))
		if more[0] != slots[0] || more[2].Ref == 0 || more[3].Ref == 0 || in.feeds["plc 1"].Machine != machine {
			t.Errorf("later: %+v", more)
		}
		if p := n.points(n.a, machine)["Motor_Speed"]; p.Key != "motor.Speed.2" {
			t.Errorf("a key that was taken: %+v", p.Point)
		}
		// A restart: same machine, same series.
		n.stop()
		n.start()
		in = n.ingest.inlet(src.ID)
		if after := proof.Must(in.Bind(ctx, "plc 1", metrics[:5])); !slices.Equal(after, slots[:5]) || in.feeds["plc 1"].Machine != machine {
			t.Errorf("after a restart: %+v", after)
		}
		// A person changes a point: the slots look old, and the new ones have the new scale.
		p := n.points(n.a, machine)["Motor/Speed"]
		setup := p.Point
		setup.Scale = 2
		proof.Must(n.plant.ChangePoint(ctx, auth.System(n.a), p.ID, setup, time.Time{}, noMatch))
		generation = in.Generation()
		n.wait("the source looks again", func() bool { return in.Generation() != generation })
		if after := proof.Must(in.Bind(ctx, "plc 1", metrics[:1])); after[0].Scale != 2 || after[0].Ref != slots[0].Ref {
			t.Errorf("after a change: %+v", after)
		}
		// A person retires the machine: it is not made again, and its metrics are shown.
		if _, err := n.plant.Retire(ctx, auth.System(n.a), machine, plant.Retire{Reason: "scrapped"}); err != nil {
			t.Fatal(err)
		}
		generation = in.Generation()
		n.wait("the source looks again", func() bool { return in.Generation() != generation })
		if after := proof.Must(in.Bind(ctx, "plc 1", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("a retired machine is fed: %+v", after)
		}
		if v := in.view(); v.Unclaimed == 0 {
			t.Error("its metrics are not shown")
		}
		// Or ends its feed.
		proof.Must(in.Bind(ctx, "plc 2", metrics[:1]))
		if err := n.ingest.EndFeed(n.as(auth.Engineer, "a"), in.feeds["plc 2"].Machine); err != nil {
			t.Fatal(err)
		}
		if after := proof.Must(in.Bind(ctx, "plc 2", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("a machine was made although a person ended the feed: %+v", after)
		}
		// A place that has gone: told, not tried for ever.
		empty := proof.Must(n.plant.Create(ctx, auth.System(n.a), plant.NewNode{Org: n.a, Kind: plant.Area, Parent: n.siteA, Name: text.Both("area")})).ID
		proof.Must(n.ingest.Update(n.as(auth.Engineer, "a"), src.ID, Change{Adopt: &empty}, noMatch))
		if _, err := n.plant.Retire(ctx, auth.System(n.a), empty, plant.Retire{Reason: "gone"}); err != nil {
			t.Fatal(err)
		}
		if after := proof.Must(in.Bind(ctx, "plc 3", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("adopted under a node that is gone: %+v", after)
		}
		if in.trouble.Code != "adopt" || !in.adopts() {
			t.Errorf("trouble %+v", in.trouble)
		}
	})
}

func TestBoundsOfWhatASourceTells(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.source("a", "push", HTTP, true)
	in := n.ingest.inlet(src.ID)
	ctx := context.Background()
	many := make([]intake.Metric, maxMetrics+10)
	for i := range many {
		many[i] = intake.Metric{Name: fmt.Sprintf("m%d", i), Type: telemetry.Float64}
	}
	slots := proof.Must(in.Bind(ctx, "big", many))
	if slots[maxMetrics-1].Ref == 0 || slots[maxMetrics].Ref != 0 {
		t.Errorf("slots at the bound: %+v %+v", slots[maxMetrics-1], slots[maxMetrics])
	}
	if in.trouble == nil || in.trouble.Code != "metric.many" {
		t.Errorf("trouble %+v", in.trouble)
	}
	for _, key := range []string{"", strings.Repeat("k", 201), "a\nb", "half \xe4"} {
		if s := proof.Must(in.Bind(ctx, key, many[:1])); s[0].Ref != 0 || in.trouble.Code != "device" {
			t.Errorf("device %q: %+v %+v", key, s, in.trouble)
		}
	}
	in.mu.Lock()
	for i := len(in.devices); i < maxDevices; i++ {
		in.devices[fmt.Sprint("d", i)] = &device{key: fmt.Sprint("d", i), metrics: map[string]*metric{}}
	}
	in.mu.Unlock()
	if s := proof.Must(in.Bind(ctx, "one more", many[:1])); s[0].Ref != 0 || in.trouble.Code != "device.many" {
		t.Errorf("one device more: %+v %+v", s, in.trouble)
	}
	in.Saw("big", intake.Metric{Name: "text", Type: telemetry.String}, 5, telemetry.Value{Type: telemetry.String, Text: strings.Repeat("长", 1000)})
	if n := len(in.devices["big"].metrics); n > maxMetrics {
		t.Errorf("%d metrics are kept in memory", n)
	}
}

func TestPersonsAdopt(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as(auth.Engineer, "a")
	src := n.source("a", "push", HTTP, false)
	in := n.ingest.inlet(src.ID)
	at := time.Now().UnixNano()
	for _, dev := range []string{"d1", "d2", "d3", "d4"} {
		for i, m := range []string{"b", "a", "voltage"} {
			if slot, err := n.put(src, dev, m, at+int64(i), float(float64(i))); err != nil || slot.Ref != 0 {
				t.Fatalf("a source that does not adopt: %+v %v", slot, err)
			}
		}
	}
	if v := in.view(); v.Unclaimed != 12 || v.Online != 4 {
		t.Errorf("the page: %+v", v)
	}
	for what, c := range map[string]struct {
		q    Adoption
		want error
	}{
		"an unknown device":   {Adoption{Device: "x", Parent: n.siteA}, ErrUnknown},
		"no target":           {Adoption{Device: "d1"}, ErrTarget},
		"an unknown metric":   {Adoption{Device: "d1", Parent: n.siteA, Metrics: []string{"a", "zz"}}, ErrMetric},
		"a site of another":   {Adoption{Device: "d1", Parent: n.siteB}, plant.ErrParent},
		"an unknown template": {Adoption{Device: "d1", Parent: n.siteA, Template: "none"}, plant.ErrTemplate},
	} {
		if _, err := n.ingest.Adopt(ctx, src.ID, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// All that it told.
	m1 := proof.Must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Parent: n.siteA, Name: text.Both("oven")}))
	if p := n.points(n.a, m1); len(p) != 3 || p["voltage"].Unit != "1" {
		t.Errorf("points %+v", p)
	}
	if slot, err := n.put(src, "d1", "a", at+10, float(9)); err != nil || slot.Ref == 0 {
		t.Errorf("after adoption: %+v %v", slot, err)
	}
	if slot, err := n.put(src, "d1", "new", at+10, float(9)); err != nil || slot.Ref != 0 {
		t.Errorf("a metric that nobody adopted: %+v %v", slot, err)
	}
	if _, err := n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Parent: n.siteA}); !errors.Is(err, ErrFeedTaken) {
		t.Errorf("again: %v", err)
	}
	// One metric more into the same machine, and a second device for a machine made by hand.
	proof.Must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Machine: m1, Metrics: []string{"new", "a"}}))
	if p := n.points(n.a, m1); len(p) != 4 {
		t.Errorf("points %+v", p)
	}
	by := n.machine(n.a, n.siteA, "a")
	proof.Must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d2", Machine: by}))
	if p := n.points(n.a, by); len(p) != 1 {
		t.Errorf("points %+v", p)
	}
	// A template, and a metric beside it.
	m3 := proof.Must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d3", Parent: n.siteA, Template: "power-meter-steel", Metrics: []string{"voltage"}}))
	if p := n.points(n.a, m3); len(p) < 3 || p["voltage"].Key == "" {
		t.Errorf("points %+v", p)
	}
	m4 := proof.Must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d4", Parent: n.siteA, Metrics: []string{"b"}}))
	if p := n.points(n.a, m4); len(p) != 1 {
		t.Errorf("points %+v", p)
	}
	views, _ := in.metricViews(in.devices["d1"], "", 100)
	if len(views) != 4 || views[0].Name != "a" || views[0].Point == nil || views[0].Value != 9.0 || views[2].Name != "new" {
		t.Errorf("metrics %+v", views)
	}
	views, more := in.metricViews(in.devices["d2"], "a", 1)
	if len(views) != 1 || !more || views[0].Name != "b" || views[0].Point != nil || views[0].Value != 0.0 {
		t.Errorf("the page after a: %+v %v", views, more)
	}
}

func TestKeysOfMetrics(t *testing.T) {
	taken := map[string]bool{"speed": true, "m": true}
	for name, want := range map[string]string{"Motor/Speed": "motor.Speed", "speed": "speed.2", "温度": "m.2", "RPM": "rpm", "RPM/Max": "rpm.Max", "3phase": "m3phase", "a__b": "a.b",
		"MotorSpeed": "motorSpeed", "4:voltage{unit=V}": "m4.voltage.unit.V", "_": "m.2"} {
		if got := keyOf(name, taken); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	if got := keyOf(strings.Repeat("word.", 60), nil); len(got) > 100 {
		t.Errorf("a key of %d characters", len(got))
	}
}
