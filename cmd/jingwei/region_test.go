package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/task"
	"jingwei/internal/kernel/auth"
)

// What a region's page is made of, as whoever runs a new node gets it: tasks with their targets, tiles, no map yet, and a report that says
// that nothing is known.
func TestRegionOfANewNodeOverHTTP(t *testing.T) {
	ctx := t.Context()
	n, home := newNode(t)
	_, token, err := n.auth.CreateToken(auth.AsSystem(ctx, "test"), auth.System(home.ID), "reader", auth.Viewer, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path, lang string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		n.api.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w
	}
	read := func(path string, into any) {
		t.Helper()
		if err := json.Unmarshal(ask(path, "zh").Body.Bytes(), into); err != nil {
			t.Fatal(err)
		}
	}
	var effects struct{ Items []task.TaskEffect }
	read("/tasks/effects", &effects)
	if len(effects.Items) != 114 {
		t.Errorf("%d tasks", len(effects.Items))
	}
	read("/tasks/effects?target=KPI-ZJ-12", &effects)
	if len(effects.Items) != 1 || effects.Items[0].Task != "TASK-ZJ-07" || effects.Items[0].Targets[1].Indicator != "machine-networking" || effects.Items[0].Targets[1].Name.Zh == "" {
		t.Errorf("%+v", effects.Items)
	}
	read("/tasks/effects?task=TASK-HN-01", &effects)
	if x := effects.Items; len(x) != 1 || len(x[0].Targets) != 0 || x[0].None.En == "" || x[0].Indicators[0].ID != "machine-networking" {
		t.Errorf("%+v", x)
	}
	var grids struct{ Items []atlas.TileGrid }
	read("/tile-grids", &grids)
	if len(grids.Items) < 6 || grids.Items[0].Region != atlas.China || len(grids.Items[0].Tiles) != 34 {
		t.Errorf("%d grids", len(grids.Items))
	}
	var maps struct{ Items []atlas.LoadedMap }
	if read("/maps?org="+home.ID.String(), &maps); len(maps.Items) != 0 {
		t.Errorf("%+v", maps.Items)
	}
	report := "/region-report?region=330000&on=2018-12-31&org=" + home.ID.String()
	for _, lang := range []string{"zh", "en"} {
		if w := ask(report, lang); w.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(w.Body.String(), "%PDF-") {
			t.Errorf("%s: %v", lang, w.Header())
		}
		if w := ask(report+"&format=xlsx", lang); !strings.Contains(w.Header().Get("Content-Disposition"), "targets-330000.xlsx") {
			t.Errorf("%s: %v", lang, w.Header())
		}
	}
}
