package twin_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
)

func id(thing uuid.UUID, part mirror.Part) string { return mirror.ID(thing, part) }

// semantics gathers idShort → semantic id of a template of IDTA.
func semantics(t testing.TB, name string) map[string]string {
	t.Helper()
	docs, err := aas.ReadEnvironment(read(t, "aas/testdata/"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range docs {
		if d.Kind == aas.Submodel {
			out[d.IDShort] = d.Semantic
			gather(d.Tree, out)
		}
	}
	return out
}

func gather(e aas.Object, out map[string]string) {
	for _, x := range aas.Children(e) {
		child, _ := x.(aas.Object)
		if name, _ := child["idShort"].(string); name != "" && out[name] == "" {
			out[name] = aas.FirstKey(child["semanticId"])
		}
		gather(child, out)
	}
}

func TestEveryThingOfThePlantHasAShellThatBreaksNoRule(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		mill := h.mill("铣床")
		h.send(mill, 21.5)
		shells, _, err := h.twin.Shells(ctx, scope(steel), twin.Filter{}, store.Page{})
		if err != nil || len(shells) != 3 {
			t.Fatalf("%d shells %v, want site, line and machine", len(shells), err)
		}
		subs, _, err := h.twin.Submodels(ctx, scope(steel), twin.Filter{}, store.Page{})
		if err != nil || len(subs) != 6 {
			t.Fatalf("%d submodels %v, want 4 of the machine and 1 each of site and line", len(subs), err)
		}
		templates := map[string]map[string]string{
			"Nameplate": semantics(t, "digital-nameplate-3.0.1"), "TechnicalData": semantics(t, "technical-data-2.0.1"),
			"CarbonFootprint": semantics(t, "carbon-footprint-1.0.1"), "TimeSeries": semantics(t, "time-series-data-1.1.1"),
		}
		for _, d := range append(shells, subs...) {
			doc, err := aas.OfTree(d.Kind, d.Tree)
			if err != nil || len(doc.Warnings) > 0 {
				t.Errorf("%s: %v %v", d.ID, err, doc.Warnings)
				continue
			}
			short, _ := d.Tree["idShort"].(string)
			template := templates[short]
			if template == nil {
				continue
			}
			own := map[string]string{short: aas.FirstKey(d.Tree["semanticId"])}
			gather(d.Tree, own)
			for name, semantic := range own {
				if want, ok := template[name]; ok && want != semantic && name != "Time" { // UtcTime, where the template shows RelativePointInTime
					t.Errorf("%s.%s means %s, the template of IDTA says %s", short, name, semantic, want)
				}
			}
		}
	})
}

func TestAShellFollowsThePlantByItsDates(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	mill := h.mill("Old name")
	h.pass(time.Hour)
	before := h.now()
	h.pass(time.Hour)
	if _, err := h.plant.Update(ctx, scope(steel), mill, plant.Update{Name: &text.Text{Zh: "新名", En: "New name"}, IfMatch: h.match(mill)}); err != nil {
		t.Fatal(err)
	}
	h.pass(time.Hour)
	for at, want := range map[time.Time]string{{}: "New name", before: "Old name"} {
		d, err := h.twin.Document(ctx, scope(steel), aas.Shell, id(mill, mirror.Shell), at)
		if err != nil || !strings.Contains(fmt.Sprint(d.Tree["displayName"]), want) {
			t.Errorf("at %v: %v %v, want %s", at, d.Tree["displayName"], err, want)
		}
	}
	if _, err := h.twin.Document(ctx, scope(steel), aas.Shell, id(mill, mirror.Shell), may.Add(-time.Hour)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it had a shell before it was: %v", err)
	}
}

// match is what an update of a node needs.
func (h *house) match(node uuid.UUID) api.IfMatch {
	h.t.Helper()
	n := must[plant.Node](h.t)(h.plant.Node(ctx, scope(steel), node, time.Time{}))
	return api.IfMatch{IfMatch: n.ETag()}
}

func TestWhatThePlantDoesNotKnowIsPutBeside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		mill := h.mill("Mill")
		plate := "/submodels/" + b64(id(mill, mirror.Nameplate))
		was := h.call("viewer@steel", "GET", plate, nil).json(t)
		if strings.Contains(fmt.Sprint(was), "SerialNumber") {
			t.Fatal("a serial number was invented")
		}
		add := func(e string) reply { return h.call("engineer@steel", "POST", plate+"/submodel-elements", e) }
		if r := add(`{"modelType":"Property","idShort":"SerialNumber","valueType":"xs:string","value":"SN-7"}`); r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if r := add(`{"modelType":"Property","idShort":"YearOfConstruction","valueType":"xs:string","value":"2024"}`); r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if r := add(`{"modelType":"MultiLanguageProperty","idShort":"ManufacturerName","value":[{"language":"en","text":"Somebody else"}]}`); r.status != 409 {
			t.Errorf("the plant's maker is replaced: %d %s", r.status, r.body)
		}
		r := h.call("engineer@steel", "PUT", plate+"/submodel-elements/ManufacturerProductDesignation", `{"modelType":"MultiLanguageProperty","idShort":"ManufacturerProductDesignation","value":[{"language":"en","text":"X"}]}`)
		if r.status != 409 || !strings.Contains(string(r.body), "twin-from-the-plant") {
			t.Errorf("the plant's designation is replaced: %d %s", r.status, r.body)
		}
		if r := h.call("viewer@steel", "GET", plate+"/submodel-elements/SerialNumber/$value", nil); string(bytes.TrimSpace(r.body)) != `"SN-7"` {
			t.Errorf("serial number %s", r.body)
		}
		assets := func(name, value string) string {
			b, _ := json.Marshal(aas.AssetID{Name: name, Value: value})
			return b64(string(b))
		}
		link := `{"assetKind":"Instance","assetType":"urn:jingwei:plant:machine","globalAssetId":"` + mirror.AssetID(mill) + `","specificAssetIds":[{"name":"gs1DigitalLink","value":"https://id.gs1.org/01/09521002005004/21/SN-7"},{"name":"handle","value":"88.118.1/mill-7"}]}`
		if r := h.call("engineer@steel", "PUT", "/shells/"+b64(id(mill, mirror.Shell))+"/asset-information", link); r.status != 204 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		for name, value := range map[string]string{
			"serialNumber": "SN-7", "machineId": mill.String(), "globalAssetId": mirror.AssetID(mill), "handle": "88.118.1/mill-7",
			"gs1DigitalLink": "https://id.gs1.org/01/09521002005004/21/SN-7",
		} {
			r := h.call("viewer@steel", "GET", "/lookup/shells?assetIds="+assets(name, value)+"&assetIds="+assets("machineId", mill.String()), nil)
			if got := fmt.Sprint(r.json(t)["result"]); got != "["+id(mill, mirror.Shell)+"]" {
				t.Errorf("by %s: %s", name, r.body)
			}
			if r := h.call("viewer@steel", "GET", "/lookup/shells?assetIds="+assets(name, value)+"&assetIds="+assets("serialNumber", "other"), nil); fmt.Sprint(r.json(t)["result"]) != "[]" {
				t.Errorf("by %s and a serial that it has not: %s", name, r.body)
			}
		}
		known := fmt.Sprint(h.call("viewer@steel", "GET", "/shells/"+b64(id(mill, mirror.Shell))+"/asset-information", nil).json(t))
		if strings.Count(known, mill.String()) != 2 || !strings.Contains(known, "SN-7") {
			t.Errorf("asset information %s", known)
		}
		// What was read is put back: nothing is refused, nothing is told twice.
		whole := h.call("viewer@steel", "GET", plate, nil)
		if r := h.call("engineer@steel", "PUT", plate, string(whole.body)); r.status != 204 {
			t.Errorf("what was read cannot be put back: %d %s", r.status, r.body)
		}
		if again := h.call("viewer@steel", "GET", plate, nil); string(again.body) != string(whole.body) {
			t.Errorf("%s\nbecomes %s", whole.body, again.body)
		}
		var own struct{ Items []twin.TwinVersion }
		if err := json.Unmarshal(h.at("viewer@steel", "GET", "/api/v1/twins/"+mill.String()+"/versions", nil, nil).body, &own); err != nil || len(own.Items) != 4 || own.Items[0].By.Name != "engineer@steel" {
			t.Errorf("versions %+v %v", own.Items, err)
		}
		// Carbon footprints are put beside an empty list.
		carbon := "/submodels/" + b64(id(mill, mirror.Carbon)) + "/submodel-elements/ProductCarbonFootprints"
		if r := h.call("engineer@steel", "POST", carbon, `{"modelType":"SubmodelElementCollection","semanticId":{"type":"ExternalReference","keys":[{"type":"GlobalReference","value":"https://admin-shell.io/idta/CarbonFootprint/ProductCarbonFootprint/1/0"}]},"value":[{"modelType":"Property","idShort":"PcfCO2eq","valueType":"xs:decimal","value":"17.2"}]}`); r.status != 201 {
			t.Errorf("a footprint: %d %s", r.status, r.body)
		}
		if r := h.call("viewer@steel", "GET", carbon+"/$value", nil); string(bytes.TrimSpace(r.body)) != `[{"PcfCO2eq":17.2}]` {
			t.Errorf("footprints %s", r.body)
		}
	})
}

func TestLatestValuesAreReadFromTheStore(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	mill := h.mill("Mill")
	path := "/submodels/" + b64(id(mill, mirror.TimeSeries)) + "/submodel-elements/Segments.Latest.Records.power_active.power_active/$value"
	_, points, err := h.plant.Machine(ctx, scope(steel), mill, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		if p.Type == "float64" {
			name := strings.NewReplacer(".", "_", "-", "_").Replace(p.Key)
			path = "/submodels/" + b64(id(mill, mirror.TimeSeries)) + "/submodel-elements/Segments.Latest.Records." + name + "." + name + "/$value"
			break
		}
	}
	if r := h.call("viewer@steel", "GET", path, nil); r.status != 404 {
		t.Errorf("before any sample: %d %s", r.status, r.body)
	}
	for _, v := range []string{"21.5", "-0.25", "1e-07"} {
		var f float64
		fmt.Sscan(v, &f)
		h.pass(time.Second)
		h.send(mill, f)
		if r := h.call("viewer@steel", "GET", path, nil); string(bytes.TrimSpace(r.body)) != v {
			t.Errorf("latest %s, want %s", r.body, v)
		}
	}
}

func TestThingDescriptionsSatisfyTheirSchema(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	mill := h.mill("Mill")
	h.send(mill, 21.5)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, "testdata/td-schema.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("td.json", doc); err != nil {
		t.Fatal(err)
	}
	schema := c.MustCompile("td.json")
	r := h.at("viewer@steel", "GET", "/api/v1/twins/"+mill.String()+"/thing-description", nil, nil)
	if r.header.Get("Content-Type") != "application/td+json" {
		t.Errorf("media type %s", r.header.Get("Content-Type"))
	}
	td := r.json(t)
	if err := schema.Validate(any(td)); err != nil {
		t.Errorf("%v", err)
	}
	properties, _ := td["properties"].(map[string]any)
	if len(properties) == 0 {
		t.Fatal("it has no properties")
	}
	for name, p := range properties { // a client that knows no more than the description reads each
		o := p.(map[string]any)
		form := o["forms"].([]any)[0].(map[string]any)
		r := h.at("viewer@steel", "GET", fmt.Sprint(td["base"], form["href"]), nil, nil)
		if o["type"] == "number" && string(bytes.TrimSpace(r.body)) != "21.5" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

func TestChangesAreToldLive(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	mill := h.mill("Mill")
	r, err := http.NewRequest("GET", h.server.URL+"/api/v1/live?org="+steel.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer viewer@steel")
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	lines := bufio.NewScanner(a.Body)
	next := func() (out struct {
		Items []twin.Told
	}) {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &out); err != nil {
					t.Fatal(err)
				}
				return out
			}
		}
		t.Fatal("the stream has ended")
		return out
	}
	if first := next(); len(first.Items) != 0 {
		t.Errorf("first event %+v", first)
	}
	must[twin.Item](t)(h.twin.Put(ctx, scope(mills), doc(t, aas.Shell, shell("urn:x:m", "M", "1")), twin.Way{}))
	h.call("engineer@steel", "POST", "/submodels/"+b64(id(mill, mirror.Nameplate))+"/submodel-elements", `{"modelType":"Property","idShort":"SerialNumber","valueType":"xs:string","value":"SN-7"}`)
	got := next()
	if len(got.Items) != 1 || got.Items[0].Thing == nil || *got.Items[0].Thing != mill || got.Items[0].By.Name != "engineer@steel" {
		t.Errorf("told %+v", got)
	}
}
