package plant_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/plant"
)

// door serves a house to an engineer and a viewer of steel and to an engineer of mills.
type door struct {
	*house
	handler http.Handler
}

func serve(t *testing.T, h *house) *door {
	t.Helper()
	a, err := api.New(ctx, api.Options{Auth: authtest.Callers{
		"engineer": authtest.Person("li", map[uuid.UUID]auth.Role{steel: auth.Engineer}),
		"viewer":   authtest.Person("wang", map[uuid.UUID]auth.Role{steel: auth.Viewer}),
		"stranger": authtest.Person("zhao", map[uuid.UUID]auth.Role{mills: auth.Engineer}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.Routes(a)
	return &door{h, a.Handler()}
}

// call makes a request and decodes the answer. More headers come as name, value.
func (d *door) call(who, method, path, body string, out any, headers ...string) *http.Response {
	d.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1/api/v1"+path, bytes.NewBufferString(body))
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			d.t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
		}
	}
	return w.Result()
}

type fault struct {
	Status int
	Code   string
	Detail string
	Mend   string
	Errors []struct{ Code, Location, Message, Mend string }
}

func TestThePlantIsBuiltAndChangedThroughTheDoor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := serve(t, open(t, db))
		var site, machine plant.NodeView
		if r := d.call("engineer", "POST", "/plant/nodes", `{"org":"`+steel.String()+`","kind":"site","name":{"zh":"一厂"},"from":"2026-05-01T08:00:00Z"}`, &site); r.StatusCode != 201 || site.Name.Zh != "一厂" || site.ETag == "" || r.Header.Get("ETag") != site.ETag {
			t.Fatalf("got %d %+v", r.StatusCode, site)
		}
		if r := d.call("engineer", "POST", "/plant/nodes", `{"org":"`+steel.String()+`","kind":"machine","parent":"`+site.ID.String()+`","name":{"zh":"电表","en":"Meter"},"template":"power-meter-steel","from":"2026-05-02T08:00:00.000000001Z"}`, &machine); r.StatusCode != 201 || machine.Class != "plant-auxiliary" || *machine.Parent != site.ID {
			t.Fatalf("got %d %+v", r.StatusCode, machine)
		}
		var whole struct {
			plant.MachineView
			From string `json:"from"`
		}
		if r := d.call("viewer", "GET", "/plant/machines/"+machine.ID.String(), "", &whole); r.StatusCode != 200 || len(whole.Points) != 12 || whole.From != "2026-05-02T08:00:00.000000001Z" || whole.Connection != nil {
			t.Fatalf("got %d %+v", r.StatusCode, whole)
		}
		first := whole.Points[0]
		if first.Key != "energy" || first.Unit != "kW.h" || first.Every != "1s" || first.MaxSilence != "15s" || first.Type != "float64" || first.Address != "holding:0" || first.Encoding != "f32" {
			t.Errorf("got %+v", first)
		}
		var point plant.PointView
		if r := d.call("engineer", "POST", "/plant/machines/"+machine.ID.String()+"/points", `{"key":"heat","name":{"en":"Heat"},"type":"int64","unit":"Cel","address":"holding:60","encoding":"u16","values":[{"value":"0","name":{"en":"cold"}}],"from":"2026-05-03T08:00:00Z"}`, &point, "If-Match", whole.ETag); r.StatusCode != 201 || point.Every != "1s" || point.Values[0].Value != "0" || len(d.series.declared[point.ID]) != 1 {
			t.Errorf("got %d %+v", r.StatusCode, point)
		}
		if r := d.call("engineer", "PUT", "/plant/points/"+point.ID.String(), `{"key":"heat","name":{"en":"Heat"},"type":"int64","unit":"Cel","address":"holding:61","encoding":"u16","every":"2s"}`, &point, "If-Match", point.ETag); r.StatusCode != 200 || point.Address != "holding:61" || point.Every != "2s" {
			t.Errorf("got %d %+v", r.StatusCode, point)
		}
		d.now = d.now.Add(time.Second)
		if r := d.call("engineer", "POST", "/plant/points/"+point.ID.String()+"/retire", `{"reason":"sensor gone"}`, nil); r.StatusCode != 204 {
			t.Errorf("got %d", r.StatusCode)
		}
		var list api.Page[plant.NodeView]
		if r := d.call("viewer", "GET", "/plant/nodes?org="+steel.String()+"&limit=1", "", &list); r.StatusCode != 200 || len(list.Items) != 1 || list.Next == "" {
			t.Errorf("got %d %+v", r.StatusCode, list)
		}
		if r := d.call("viewer", "GET", "/plant/nodes?at=2026-05-02T08:00:00Z", "", &list); r.StatusCode != 200 || len(list.Items) != 1 || list.Items[0].ID != site.ID {
			t.Errorf("as of a nanosecond before the machine: got %d %+v", r.StatusCode, list)
		}
		entries, _, err := audit.List(ctx, db, scope(steel), audit.Filter{Verb: "plant.point.retire"}, store.Page{})
		if err != nil || len(entries) != 1 || entries[0].Actor.Name != "li" || entries[0].Via != "test" || entries[0].Remote == "" || entries[0].Reason != "sensor gone" {
			t.Errorf("audit: %+v, %v", entries, err)
		}
	})
}

func TestFaultsAreToldInTheCallersLanguage(t *testing.T) {
	d := serve(t, open(t, storetest.SQLite(t)))
	site := d.add(plant.Site, uuid.Nil, "厂", 0)
	line := d.add(plant.Line, site, "线", 0)
	m := d.add(plant.Machine, line, "机", 1)
	for what, c := range map[string]struct {
		who, method, path, body string
		headers                 []string
		status                  int
		code, says              string
	}{
		"nobody":           {"", "GET", "/plant/nodes", "", nil, 401, "unauthenticated", ""},
		"a stranger reads": {"stranger", "GET", "/plant/machines/" + m.String(), "", nil, 404, "not-found", ""},
		"a stranger moves": {"stranger", "POST", "/plant/nodes/" + m.String() + "/move", `{"parent":"` + site.String() + `"}`, nil, 404, "not-found", ""},
		"another's list":   {"stranger", "GET", "/plant/nodes?org=" + steel.String(), "", nil, 404, "not-found", ""},
		"a viewer changes": {"viewer", "PATCH", "/plant/nodes/" + m.String(), `{"name":{"en":"x"}}`, nil, 403, "forbidden", ""},
		"an old version":   {"engineer", "PATCH", "/plant/nodes/" + m.String(), `{"name":{"en":"x"}}`, []string{"If-Match", `"old"`}, 412, "changed-meanwhile", ""},
		"a used line":      {"engineer", "POST", "/plant/nodes/" + line.String() + "/retire", `{"reason":"x"}`, nil, 409, "plant-has-parts", "1 things stand under it at that time, such as 机"},
		"a used line, zh":  {"engineer", "POST", "/plant/nodes/" + line.String() + "/retire", `{"reason":"x"}`, []string{"Accept-Language", "zh-CN"}, 409, "plant-has-parts", "其下还有 1 项，例如 机"},
		"wrong unit":       {"engineer", "POST", "/plant/machines/" + m.String() + "/points", `{"key":"a","name":{"en":"a"},"type":"float64","unit":"kWh","address":"holding:1"}`, nil, 422, "plant-point-invalid", `"kWh" is not a UCUM unit; write kW.h`},
		"wrong unit, zh":   {"engineer", "POST", "/plant/machines/" + m.String() + "/points", `{"key":"a","name":{"en":"a"},"type":"float64","unit":"kWh","address":"holding:1"}`, []string{"Accept-Language", "zh-CN"}, 422, "plant-point-invalid", `"kWh" 不是 UCUM 单位；请写成 kW.h`},
		"wrong duration":   {"engineer", "POST", "/plant/machines/" + m.String() + "/points", `{"key":"a","name":{"en":"a"},"type":"bool","address":"coil:1","every":"soon"}`, nil, 422, "plant-point-invalid", "is not a duration"},
		"many faults":      {"engineer", "POST", "/plant/machines/" + m.String() + "/points", `{"key":"9","name":{"en":""},"type":"bool","unit":"m","address":"coil:1"}`, nil, 422, "invalid", ""},
		"a wrong cursor":   {"engineer", "GET", "/plant/nodes?cursor=AAAA", "", nil, 422, "cursor-invalid", ""},
		"no such template": {"viewer", "GET", "/templates/loom", "", nil, 404, "not-found", ""},
		"no such level":    {"engineer", "POST", "/plant/nodes", `{"org":"` + steel.String() + `","kind":"machine","name":{"en":"x"}}`, nil, 422, "plant-level-wrong", "A machine cannot stand there"},
	} {
		var f fault
		r := d.call(c.who, c.method, c.path, c.body, &f, c.headers...)
		told := f.Detail
		for _, e := range f.Errors {
			told += " " + e.Message
		}
		if r.StatusCode != c.status || f.Code != c.code || !strings.Contains(told, c.says) || f.Mend == "" {
			t.Errorf("%s: got %d %+v, want %d %s %q", what, r.StatusCode, f, c.status, c.code, c.says)
		}
		if strings.Contains(told, "?") {
			t.Errorf("%s: an attribute is missing in %q", what, told)
		}
	}
}

func TestTemplatesAndClassesAreListed(t *testing.T) {
	d := serve(t, open(t, storetest.SQLite(t)))
	var list api.Page[plant.TemplateSummary]
	if r := d.call("viewer", "GET", "/templates", "", &list); r.StatusCode != 200 || len(list.Items) < 12 || list.Items[0].Name.Zh == "" || list.Items[0].Tested == "" {
		t.Errorf("got %d %+v", r.StatusCode, list)
	}
	for query, want := range map[string]string{
		"driver=modbus&text=smart+mill": "cnc-mill-smart-testbed", "maker=siemens": "siemens-pac3200", "text=%E4%B8%89%E7%9B%B8+sdm630": "eastron-sdm630", "class=trade-equipment&text=dvp": "delta-dvp-es2",
	} {
		if r := d.call("viewer", "GET", "/templates?"+query, "", &list); r.StatusCode != 200 || len(list.Items) != 1 || list.Items[0].ID != want {
			t.Errorf("%s: got %d %+v", query, r.StatusCode, list)
		}
	}
	if r := d.call("viewer", "GET", "/templates?driver=profibus", "", &list); r.StatusCode != 200 || len(list.Items) != 0 {
		t.Errorf("of another driver: %d %+v", r.StatusCode, list)
	}
	var meter plant.TemplateView
	if r := d.call("viewer", "GET", "/templates/eastron-sdm630", "", &meter); r.StatusCode != 200 || meter.Tested != "frames" || meter.Baud != 9600 || meter.Link["maxRegisters"] != float64(60) {
		t.Errorf("got %d %+v", r.StatusCode, meter)
	}
	var one plant.TemplateView
	if r := d.call("viewer", "GET", "/templates/cnc-mill-smart-testbed", "", &one); r.StatusCode != 200 || len(one.Points) != 26 || one.Driver != "modbus" || one.Source == "" || one.Note == nil {
		t.Errorf("got %d %+v", r.StatusCode, one)
	}
	var classes api.Page[struct{ ID string }]
	if r := d.call("viewer", "GET", "/plant/classes", "", &classes); r.StatusCode != 200 || len(classes.Items) != 4 || classes.Items[0].ID != "cnc-machine-tool" {
		t.Errorf("got %d %+v", r.StatusCode, classes)
	}
}

func TestEveryProblemHasItsWords(t *testing.T) {
	if missing, err := plant.Missing(); err != nil || len(missing) > 0 {
		t.Errorf("missing %v, %v", missing, err)
	}
}
