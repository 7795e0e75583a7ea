package plant_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
)

// found are metrics as a device would tell them.
func found(n int) []template.Point {
	out := make([]template.Point, n)
	for i := range out {
		key := fmt.Sprintf("m%d", i)
		out[i] = template.Point{Key: key, Name: text.Text{En: key}, Type: "float64", Unit: "Cel", Address: "Temperature/" + key}
	}
	return out
}

func TestAMachineIsMadeWithPointsThatWereFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		q := plant.NewNode{Org: steel, Kind: plant.Machine, Parent: site, Name: text.Text{En: "Press"}, Points: found(3), From: day(1)}
		n, err := h.Create(ctx, scope(steel), q)
		if err != nil {
			t.Fatal(err)
		}
		_, points, err := h.Machine(ctx, scope(steel), n.ID, time.Time{})
		if err != nil || len(points) != 3 || points[2].Address != "Temperature/m2" || points[2].Every == 0 || len(h.series.declared[points[2].ID]) != 1 {
			t.Errorf("got %+v, %v", points, err)
		}
		if q.Points[0].Every != 0 {
			t.Error("the caller's points were changed")
		}
		// With a template named, the points given take the place of the template's.
		q.Template, q.Points = "power-meter-steel", found(2)
		if n, err = h.Create(ctx, scope(steel), q); err != nil {
			t.Fatal(err)
		}
		if _, points, err = h.Machine(ctx, scope(steel), n.ID, time.Time{}); err != nil || len(points) != 2 || n.Template == "" || n.Class != "plant-auxiliary" {
			t.Errorf("got %+v, %+v, %v", n, points, err)
		}

		before := len(h.series.declared)
		bad := func(change func([]template.Point)) plant.NewNode {
			v := q
			v.Points = found(3)
			change(v.Points)
			return v
		}
		for what, c := range map[string]struct {
			q     plant.NewNode
			want  *problem.Kind
			place string
		}{
			"a wrong unit": {bad(func(p []template.Point) { p[1].Unit = "kWh" }), plant.ErrPoint, "body.points[1].unit"},
			"a key twice":  {bad(func(p []template.Point) { p[2].Key = "m0" }), plant.ErrKeyTaken, "body.points[2].key"},
			"two faults":   {bad(func(p []template.Point) { p[0].Key, p[2].Unit = "-", "" }), problem.Invalid, ""},
			"too many":     {func() plant.NewNode { v := q; v.Points = found(template.MaxPoints + 1); return v }(), plant.ErrTooMany, "body.points"},
			"of a line":    {func() plant.NewNode { v := q; v.Kind, v.Template = plant.Line, ""; return v }(), plant.ErrNotHere, "body.points"},
		} {
			_, err := h.Create(ctx, scope(steel), c.q)
			var told *problem.Error
			if !errors.Is(err, c.want) || !errors.As(err, &told) || told.Location() != c.place {
				t.Errorf("%s: got %v at %q, want %v at %q", what, err, told.Location(), c.want, c.place)
			}
		}
		if len(h.series.declared) != before {
			t.Error("series were declared for machines that were refused")
		}
	})
}

func TestPointsAreAddedTogetherOrNotAtAll(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		m := h.add(plant.Machine, site, "表", 1)
		points, err := h.AddPoints(ctx, scope(steel), m, found(1200), day(2), "adopted")
		if err != nil || len(points) != 1200 || points[1199].Key != "m1199" || points[0].Machine != m {
			t.Fatalf("%d points, %v", len(points), err)
		}
		n, all, err := h.Machine(ctx, scope(steel), m, time.Time{})
		if err != nil || len(all) != 12+1200 || n.Version != 2 || all[12].ID != points[0].ID || len(h.series.declared[points[700].ID]) != 1 {
			t.Errorf("version %d, %d points, %v", n.Version, len(all), err)
		}
		entries, _, err := audit.List(ctx, db, scope(steel), audit.Filter{Verb: "plant.point.create"}, store.Page{})
		if err != nil || len(entries) != 1 || entries[0].Reason != "adopted" || !strings.Contains(string(entries[0].After), `"points":1200`) || len(entries[0].After) > 1000 {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		if none, err := h.AddPoints(ctx, scope(steel), m, nil, day(2), ""); err != nil || none != nil {
			t.Errorf("nothing to add: %v, %v", none, err)
		}

		fresh := found(3)
		for i := range fresh {
			fresh[i].Key = "n" + fresh[i].Key
		}
		changed := func(change func([]template.Point)) []template.Point {
			v := append([]template.Point(nil), fresh...)
			change(v)
			return v
		}
		for what, c := range map[string]struct {
			machine uuid.UUID
			q       []template.Point
			from    int
			want    error
		}{
			"a key in use":      {m, changed(func(p []template.Point) { p[1].Key = "energy" }), 3, plant.ErrKeyTaken},
			"a key twice":       {m, changed(func(p []template.Point) { p[1].Key = p[0].Key }), 3, plant.ErrKeyTaken},
			"a wrong type":      {m, changed(func(p []template.Point) { p[2].Type = "float" }), 3, plant.ErrPoint},
			"a site":            {site, fresh, 3, plant.ErrNotHere},
			"before it was":     {m, fresh, 0, plant.ErrBefore},
			"too many in all":   {m, changedKeys(found(template.MaxPoints-1000), "z"), 3, plant.ErrTooMany},
			"an unknown device": {uuid.Must(uuid.NewV7()), fresh, 3, store.ErrNotFound},
		} {
			if _, err := h.AddPoints(ctx, scope(steel), c.machine, c.q, day(c.from), ""); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", what, err, c.want)
			}
		}
		if _, err := h.AddPoints(ctx, scope(mills), m, fresh, day(3), ""); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by a stranger: got %v", err)
		}
		if _, all, err := h.Machine(ctx, scope(steel), m, time.Time{}); err != nil || len(all) != 1212 {
			t.Errorf("%d points, %v", len(all), err)
		}
	})
}

func changedKeys(points []template.Point, prefix string) []template.Point {
	for i := range points {
		points[i].Key = prefix + points[i].Key
	}
	return points
}
