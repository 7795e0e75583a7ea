package health

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
)

func TestOverHTTP(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.points = make([]Point, 0, 2)
	p := h.machine("=press")
	for at := time.Duration(0); at < time.Hour; at += period {
		h.at(at)
		r := row{p: p, t: after(at)}
		if m := int(at / time.Minute); m%10 >= 6 { // 6 gaps of 4 minutes
			r.status, r.flags = telemetry.BadDeviceFailure, telemetry.NoValue
		}
		h.put(r)
	}
	h.at(time.Hour)
	server := proof.Must(api.New(t.Context(), api.Options{Auth: h.sides, DB: h.db, Now: h.now}))
	h.service.Routes(server)
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	ask := func(who, path string, query url.Values) (int, string, []byte) {
		t.Helper()
		q := proof.Must(http.NewRequest("GET", web.URL+"/api/v1"+path+"?"+query.Encode(), nil))
		q.Header.Set("Authorization", "Bearer "+who)
		q.Header.Set("Accept-Language", "en")
		res := proof.Must(http.DefaultClient.Do(q))
		defer res.Body.Close()
		return res.StatusCode, res.Header.Get("Content-Type"), proof.Must(io.ReadAll(res.Body))
	}
	get := func(path string, query url.Values, to any) {
		t.Helper()
		status, kind, body := ask("viewer@a", path, query)
		if status != 200 || !strings.HasPrefix(kind, "application/json") {
			t.Fatalf("%s: %d %s %s", path, status, kind, body)
		}
		if err := json.Unmarshal(body, to); err != nil {
			t.Fatal(err)
		}
	}
	org, from := h.sides["a"].String(), begin.Format(time.RFC3339)
	var plant PlantHealth
	get("/health/plant", url.Values{"org": {org}, "from": {from}}, &plant)
	if *plant.Whole.Coverage != 0.6 || plant.Whole.Gaps.Count != 6 || plant.Weights != Weighing || plant.Counted != "all" || *plant.Whole.Counts.Late != 0 || len(plant.Nodes) != 3 || len(plant.Series) != 0 {
		t.Errorf("%+v", plant)
	}
	get("/health/plant", url.Values{"node": {p.Machine.String()}, "from": {from}, "only": {"coverage"}}, &plant)
	if *plant.Whole.Coverage != 0.6 || plant.Counted != "coverage" || len(plant.Series) != 1 || plant.Series[0].Gaps != nil || plant.Series[0].Counts.Late != nil {
		t.Errorf("%+v", plant.Series)
	}
	var gaps SeriesGaps
	seen := map[time.Time]bool{}
	for query := (url.Values{"from": {from}, "limit": {"4"}}); ; query.Set("cursor", gaps.Next) {
		gaps = SeriesGaps{}
		get("/health/series/"+p.ID.String(), query, &gaps)
		for _, g := range gaps.Gaps {
			seen[g.From] = true
			if g.Seconds != 240 || g.Cause != DeviceBad || !strings.Contains(g.Text.En, "BadDeviceFailure") || len(g.Facts) < 2 || g.Open != g.To.Equal(begin.Add(time.Hour)) {
				t.Errorf("%+v", g)
			}
		}
		if gaps.Next == "" {
			break
		}
	}
	if len(seen) != 6 || gaps.Listed != 6 || len(gaps.Gaps) != 2 || *gaps.Series.Counts.Expected != 360 || *gaps.Series.Counts.Got != 360 {
		t.Errorf("%d gaps, the last page %+v", len(seen), gaps)
	}

	for path, want := range map[string]int{"/health/plant": 2, "/health/series/" + p.ID.String(): 7} {
		status, kind, body := ask("viewer@a", path, url.Values{"org": {org}, "from": {from}, "format": {"csv"}})
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(body), "\ufeff"))).ReadAll()
		if status != 200 || kind != media || err != nil || len(rows) != want {
			t.Errorf("%s: %d %s %v %d rows\n%s", path, status, kind, err, len(rows), body)
			continue
		}
		if path == "/health/plant" && (rows[1][0] != "Site / Line" || rows[1][1] != "'=press" || rows[0][0] != "Place" || rows[1][11] != "0.600000" || len(rows[1]) != len(rows[0])) {
			t.Errorf("%q", rows)
		}
	}
	for what, x := range map[string]struct {
		who, path string
		query     url.Values
		status    int
		code      string
	}{
		"nothing named": {"viewer@a", "/health/plant", nil, 422, "health-of-what"},
		"another's":     {"viewer@b", "/health/plant", url.Values{"org": {org}}, 404, ""},
		"their series":  {"viewer@b", "/health/series/" + p.ID.String(), nil, 404, ""},
		"backwards":     {"viewer@a", "/health/plant", url.Values{"org": {org}, "from": {from}, "to": {begin.Add(-time.Hour).Format(time.RFC3339)}}, 422, "health-span-invalid"},
		"a cursor":      {"viewer@a", "/health/series/" + p.ID.String(), url.Values{"cursor": {"x1"}}, 422, "cursor-invalid"},
		"too long":      {"viewer@a", "/health/plant", url.Values{"org": {org}, "from": {begin.AddDate(0, -2, 0).Format(time.RFC3339)}}, 422, "health-span-invalid"},
	} {
		status, _, body := ask(x.who, x.path, x.query)
		var p struct{ Code string }
		if err := json.Unmarshal(body, &p); err != nil || status != x.status || x.code != "" && p.Code != x.code {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	if words := proof.Must(problem.ReadCatalogue(texts, "texts")); len(words.Missing(kinds()...)) > 0 {
		t.Errorf("without words: %v", words.Missing(kinds()...))
	}
}
