package plant_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
)

// What is retired is told as it was last, what is to come is not told.
func TestEverythingThatEverWas(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		site := h.add(plant.Site, uuid.Nil, "厂", 0)
		old := h.add(plant.Machine, site, "旧", 1)
		here := h.add(plant.Machine, site, "新", 2)
		h.now = day(10)
		if _, err := h.Update(ctx, scope(steel), old, plant.Update{Name: &text.Text{Zh: "老"}}); err != nil {
			t.Fatal(err)
		}
		h.now = day(20)
		if _, err := h.Retire(ctx, scope(steel), old, plant.Retire{Reason: "scrapped", At: day(15)}); err != nil {
			t.Fatal(err)
		}
		setup := template.Point{Key: "force", Name: text.Text{En: "Force"}, Type: "float64", Unit: "kN", Address: "holding:0", Encoding: "f32"}
		if _, err := h.AddPoint(ctx, scope(steel), here, setup, day(25), api.IfMatch{}); err != nil {
			t.Fatal(err)
		}
		nodes, err := h.EveryNode(ctx, scope(steel))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range nodes {
			got = append(got, fmt.Sprint(n.Name.Zh, " ", n.To == store.Forever, " ", n.Parent == site))
		}
		if want := []string{"厂 true false", "老 false true", "新 true true"}; !slices.Equal(got, want) {
			t.Errorf("nodes: %q, want %q", got, want)
		}
		count := func() (points, retired, ofNew, force int) {
			if err := h.EveryPoint(ctx, scope(steel), func(p *plant.Point) error {
				points++
				if p.To != store.Forever {
					retired++
				}
				if p.Machine == here {
					ofNew++
				}
				if p.Key == "force" {
					force++
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			return
		}
		points, retired, ofNew, force := count()
		if retired == 0 || retired != points-ofNew || ofNew != retired || force != 0 {
			t.Errorf("%d points, %d retired, %d of the new machine, %d to come", points, retired, ofNew, force)
		}
		h.now = day(26)
		if _, _, more, force := count(); more != ofNew+1 || force != 1 {
			t.Errorf("later: %d points, %d force", more, force)
		}
		if err := h.EveryPoint(ctx, scope(mills), func(*plant.Point) error { return fmt.Errorf("another's") }); err != nil {
			t.Error(err)
		}
		if err := h.EveryPoint(ctx, scope(steel), func(p *plant.Point) error {
			one, err := h.LastPoint(ctx, scope(steel), p.ID)
			if err != nil || !reflect.DeepEqual(one, *p) {
				t.Errorf("alone %+v, %v; among all %+v", one, err, *p)
			}
			if _, err := h.LastPoint(ctx, scope(mills), p.ID); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("another's: %v", err)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		stop := fmt.Errorf("stop")
		if err := h.EveryPoint(ctx, scope(steel), func(*plant.Point) error { return stop }); err != stop {
			t.Error(err)
		}
	})
}
