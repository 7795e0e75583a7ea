package plant_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

func TestAMachineFromATemplateHasItsPointsAndSeries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		n, err := h.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Machine, Parent: site, Name: text.Text{Zh: "铣床", En: "Mill"}, Template: "cnc-mill-smart-testbed", From: day(1)})
		if err != nil {
			t.Fatal(err)
		}
		_, points, err := h.Machine(ctx, scope(steel), n.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		want := h.Template("cnc-mill-smart-testbed")
		if len(points) != len(want.Points) || n.Class != "cnc-machine-tool" {
			t.Fatalf("%d points of class %s", len(points), n.Class)
		}
		for i, p := range points {
			w := want.Points[i]
			w.Recorded = nil
			if p.Key != w.Key || p.Name != w.Name || p.Type != w.Type || p.Unit != w.Unit || p.Address != w.Address || p.Encoding != w.Encoding ||
				p.Order != w.Order || p.Scale != w.Scale || p.Every != w.Every || p.MaxSilence != w.MaxSilence || p.Report != w.Report || len(p.Values) != len(w.Values) {
				t.Errorf("got %+v\nwant %+v", p.Point, w)
			}
			d := h.series.declared[p.ID]
			if len(d) != 1 || d[0] != (telemetry.Declaration{ID: p.ID, Org: steel, Type: w.Type.Telemetry(), Unit: w.Unit, Report: w.Report.Telemetry(), MaxSilence: time.Duration(w.MaxSilence), From: day(1).UnixNano()}) {
				t.Errorf("%s is declared as %+v", p.Key, d)
			}
		}
		process := points[slices.IndexFunc(points, func(p plant.Point) bool { return p.Key == "process" })]
		if process.Values[8].Name.Zh != "重新定位" || process.Values[8].Value != 8 {
			t.Errorf("named values: %+v", process.Values)
		}
		// A telemetry store that has forgotten is told again.
		clear(h.series.declared)
		if err := h.Declare(ctx); err != nil || len(h.series.declared) != len(points) {
			t.Errorf("declared %d again, %v", len(h.series.declared), err)
		}
	})
}

func TestPointsAreAddedChangedAndRetired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		m, err := h.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Machine, Parent: site, Name: text.Text{En: "Press"}, From: day(1), Class: "large-machine"})
		if err != nil {
			t.Fatal(err)
		}
		setup := template.Point{Key: "force", Name: text.Text{Zh: "压力", En: "Force"}, Type: "float64", Unit: "kN", Address: "holding:0", Encoding: "f32"}
		p, err := h.AddPoint(ctx, scope(steel), m.ID, setup, day(2), api.IfMatch{IfMatch: m.ETag()})
		if err != nil {
			t.Fatal(err)
		}
		if time.Duration(p.Every) != time.Second || time.Duration(p.MaxSilence) != 30*time.Second || p.Report != "periodic" || len(h.series.declared[p.ID]) != 1 {
			t.Errorf("got %+v", p)
		}
		moved := p.Point
		moved.Address, moved.Every, moved.Report = "holding:10", template.Duration(2*time.Second), "onChange"
		q, err := h.ChangePoint(ctx, scope(steel), p.ID, moved, day(5), api.IfMatch{IfMatch: p.ETag()})
		if err != nil || q.Version != 2 {
			t.Fatal(q, err)
		}
		if d := h.series.declared[p.ID]; len(d) != 2 || d[1].Report != telemetry.OnChange || d[1].From != day(5).UnixNano() {
			t.Errorf("declared: %+v", d)
		}
		for at, want := range map[int]string{4: "holding:0", 5: "holding:10", 30: "holding:10"} {
			if got, err := h.Point(ctx, scope(steel), p.ID, day(at)); err != nil || got.Address != want {
				t.Errorf("day %d: got %s, %v; want %s", at, got.Address, err, want)
			}
		}
		other := func(change func(*template.Point)) template.Point { v := moved; change(&v); return v }
		for what, c := range map[string]struct {
			err  error
			want *problem.Kind
		}{
			"the key again":         {second(h.AddPoint(ctx, scope(steel), m.ID, setup, day(6), api.IfMatch{})), plant.ErrKeyTaken},
			"a point of a site":     {second(h.AddPoint(ctx, scope(steel), site, other(func(p *template.Point) { p.Key = "b" }), day(6), api.IfMatch{})), plant.ErrNotHere},
			"a wrong unit":          {second(h.AddPoint(ctx, scope(steel), m.ID, other(func(p *template.Point) { p.Unit = "KWh" }), day(6), api.IfMatch{})), plant.ErrPoint},
			"several faults":        {second(h.AddPoint(ctx, scope(steel), m.ID, template.Point{}, day(6), api.IfMatch{})), problem.Invalid},
			"another type":          {second(h.ChangePoint(ctx, scope(steel), p.ID, other(func(p *template.Point) { p.Type = "int64" }), day(6), api.IfMatch{})), plant.ErrFixed},
			"another unit":          {second(h.ChangePoint(ctx, scope(steel), p.ID, other(func(p *template.Point) { p.Unit = "N" }), day(6), api.IfMatch{})), plant.ErrFixed},
			"before the last setup": {second(h.ChangePoint(ctx, scope(steel), p.ID, moved, day(4), api.IfMatch{})), plant.ErrLater},
			"an old ETag":           {second(h.ChangePoint(ctx, scope(steel), p.ID, moved, day(6), api.IfMatch{IfMatch: p.ETag()})), api.ErrPrecondition},
			"retire without reason": {h.RetirePoint(ctx, scope(steel), p.ID, plant.Retire{At: day(8)}), plant.ErrReason},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: got %v, want %v", what, c.err, c.want)
			}
		}
		if err := h.RetirePoint(ctx, scope(mills), p.ID, plant.Retire{At: day(8), Reason: "x"}); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by a stranger: got %v", err)
		}
		if err := h.RetirePoint(ctx, scope(steel), p.ID, plant.Retire{At: day(8), Reason: "sensor gone"}); err != nil {
			t.Fatal(err)
		}
		if again, err := h.AddPoint(ctx, scope(steel), m.ID, setup, day(9), api.IfMatch{}); err != nil || again.ID == p.ID { // the key is free again
			t.Errorf("got %+v, %v", again, err)
		}
		if _, err := h.Point(ctx, scope(steel), p.ID, day(8)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("after its end: got %v", err)
		}
		now, points, err := h.Machine(ctx, scope(steel), m.ID, time.Time{})
		if err != nil || len(points) != 1 || now.Version != 5 {
			t.Errorf("version %d, %d points, %v", now.Version, len(points), err)
		}
	})
}

func TestATelemetryStoreThatRefusesLeavesNoMachine(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	site := h.add(plant.Site, uuid.Nil, "厂", 0)
	h.series.refuse = errors.New("catalogue closed")
	_, err := h.Create(ctx, scope(steel), plant.NewNode{Org: steel, Kind: plant.Machine, Parent: site, Name: text.Text{En: "x"}, Template: "power-meter-steel", From: day(1)})
	if !errors.Is(err, plant.ErrSeries) || !errors.Is(err, h.series.refuse) {
		t.Errorf("got %v", err)
	}
	if got := h.tree(day(30)); got != "(厂)" {
		t.Errorf("the plant is now %s", got)
	}
}

func TestListsArePagedAndFiltered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		line := h.add(plant.Line, site, "线", 0)
		var machines []uuid.UUID
		for range 5 {
			machines = append(machines, h.add(plant.Machine, line, "机", 1))
		}
		var got []uuid.UUID
		page := store.Page{Limit: 2}
		for {
			items, next, err := h.Nodes(ctx, scope(steel), plant.Filter{Kind: plant.Machine, Parent: line}, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range items {
				got = append(got, n.ID)
			}
			if page.After = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, machines) {
			t.Errorf("got %v, want %v", got, machines)
		}
		all, next, err := h.Points(ctx, scope(steel), plant.PointFilter{}, store.Page{Limit: 50})
		if err != nil || len(all) != 50 || next == "" {
			t.Errorf("%d points, %q, %v", len(all), next, err)
		}
		rest, next, err := h.Points(ctx, scope(steel), plant.PointFilter{}, store.Page{Limit: 50, After: next})
		if err != nil || len(rest) != 10 || next != "" {
			t.Errorf("%d more points, %q, %v", len(rest), next, err)
		}
		some, _, err := h.Points(ctx, scope(steel), plant.PointFilter{IDs: []uuid.UUID{all[3].ID, rest[9].ID}}, store.Page{})
		if err != nil || len(some) != 2 || some[0].ID != all[3].ID || some[1].ID != rest[9].ID {
			t.Errorf("by id: %v, %v", some, err)
		}
		if theirs, _, err := h.Points(ctx, scope(mills), plant.PointFilter{}, store.Page{}); err != nil || len(theirs) != 0 {
			t.Errorf("a stranger sees %d points, %v", len(theirs), err)
		}
		if org, err := h.Owner(ctx, scope(steel), all[0].ID); err != nil || org != steel {
			t.Errorf("owner: %v, %v", org, err)
		}
		if _, err := h.Owner(ctx, scope(mills), machines[0]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
	})
}
