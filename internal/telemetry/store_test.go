package telemetry

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestCatalogKeepsNumbersTypesAndWaysOfReporting(t *testing.T) {
	ctx := context.Background()
	check := func(t *testing.T, c Catalog, again func() Catalog) {
		var many []Declaration
		for i := range 1200 {
			many = append(many, declaration(i, Float64))
		}
		first, err := c.Declare(ctx, many)
		if err != nil || len(first) != 1200 || first[0].Ref != 1 || first[1199].Ref != 1200 {
			t.Fatalf("%d series, %v", len(first), err)
		}
		later := declaration(3, Float64)
		later.From, later.Report, later.MaxSilence = begin, OnChange, time.Hour
		more, err := c.Declare(ctx, []Declaration{declaration(3, Float64), later, declaration(5000, String), declaration(3, Float64)})
		if err != nil || more[0].Ref != 4 || more[1].Ref != 4 || more[2].Ref != 1201 || more[3].Ref != 4 {
			t.Fatalf("%+v %v", more, err)
		}
		var conflict *ConflictError
		if _, err := c.Declare(ctx, []Declaration{declaration(6000, Bool), declaration(7, Int64)}); !errors.As(err, &conflict) {
			t.Fatalf("conflict: %v", err)
		}
		all, err := again().Load(ctx)
		if err != nil || len(all) != 1201 {
			t.Fatalf("%d series, %v", len(all), err)
		}
		want := Series{Ref: 4, ID: seriesID(3), Org: later.Org, Type: Float64, Unit: "1",
			Reporting: []Reporting{{0, Periodic, 5 * time.Second}, {begin, OnChange, time.Hour}}}
		if !reflect.DeepEqual(all[3], want) {
			t.Fatalf("got %+v, want %+v", all[3], want)
		}
	}
	t.Run("memory", func(t *testing.T) {
		c := &MemoryCatalog{}
		check(t, c, func() Catalog { return c })
	})
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, err := NewSQLCatalog(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		check(t, c, func() Catalog {
			c, err := NewSQLCatalog(ctx, db)
			if err != nil {
				t.Fatal(err)
			}
			return c
		})
	})
}
