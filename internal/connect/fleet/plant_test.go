package fleet

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/class"
	"jingwei/internal/plant/template"
	"jingwei/packs"
)

// TestRealPlantGivesPointsThatModbusCanRead takes a machine of a shipped template as the plant model sets it up.
func TestRealPlantGivesPointsThatModbusCanRead(t *testing.T) {
	ctx := context.Background()
	db := storetest.SQLite(t)
	if err := audit.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	p := proof.Must(plant.New(ctx, plant.Options{DB: db, Templates: proof.Must(template.Load(packs.Files, "devices")), Classes: proof.Must(class.Load(packs.Files, "equipment")), Now: time.Now}))
	org := uuid.New()
	scope := auth.System(org)
	site := proof.Must(p.Create(ctx, scope, plant.NewNode{Org: org, Kind: plant.Site, Name: text.Both("site")}))
	m := proof.Must(p.Create(ctx, scope, plant.NewNode{Org: org, Kind: plant.Machine, Parent: site.ID, Name: text.Both("meter"), Template: "power-meter-steel"}))

	model := PlantOf(p)
	if o, err := model.Owner(ctx, scope, m.ID); err != nil || o != org {
		t.Errorf("owner %s %v", o, err)
	}
	if _, err := model.Owner(ctx, auth.System(uuid.New()), m.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("owner as seen by another: %v", err)
	}
	if _, err := model.Owner(ctx, scope, site.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("owner of a site: %v", err)
	}
	if ok, err := model.Site(ctx, scope, site.ID); !ok || err != nil {
		t.Errorf("site: %v %v", ok, err)
	}
	points := proof.Must(model.Points(ctx, scope, m.ID))
	if len(points) == 0 {
		t.Fatal("no points")
	}
	for i := range points {
		if q := points[i].Driver(1); q.Type == 0 || q.Every <= 0 || q.MaxSilence <= 0 || points[i].Series == uuid.Nil {
			t.Errorf("point %s: %+v", points[i].Key, q)
		}
	}
	s := &Service{o: Options{Drivers: drivers()}}
	if err := s.checkPoints(&Link{Driver: "modbus", Config: []byte(`{"address":"10.0.0.7"}`)}, "1", points); err != nil {
		t.Errorf("a shipped template does not suit its driver: %v", err)
	}
}
