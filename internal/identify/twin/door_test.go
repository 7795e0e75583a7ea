package twin_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/identify/twin/aasx"
	"jingwei/internal/identify/twin/mirror"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func (h *house) accept(path, media string) reply {
	h.t.Helper()
	return h.at("viewer@steel", "GET", twin.Prefix+steel.String()+twin.Suffix+path, nil, http.Header{"Accept": {media}})
}

func TestPackagesComeInAndGoOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		docs := must[[]*aas.Document](t)(aas.ReadEnvironment(read(t, "aas/testdata/digital-nameplate-3.0.1.json")))
		shell := doc(t, aas.Shell, `{"modelType":"AssetAdministrationShell","id":"urn:x:pump","idShort":"Pump","assetInformation":{"assetKind":"Instance","globalAssetId":"urn:x:pump:asset","defaultThumbnail":{"path":"/pump.png","contentType":"image/png"}},"submodels":[{"type":"ModelReference","keys":[{"type":"Submodel","value":"urn:x:manuals"}]}]}`)
		manuals := doc(t, aas.Submodel, `{"modelType":"Submodel","id":"urn:x:manuals","idShort":"Manuals","submodelElements":[{"modelType":"File","idShort":"Manual","contentType":"application/pdf","value":"/aasx/manual.pdf"}]}`)
		in := must[[]byte](t)(aasx.Write(&aasx.Package{
			Documents: append(docs[:len(docs):len(docs)], shell, manuals),
			Files:     []aasx.File{{Path: "/aasx/manual.pdf", MediaType: "application/pdf", Content: []byte("%PDF-1.7 manual")}},
			Thumbnail: &aasx.File{Path: "/pump.png", MediaType: "image/png", Content: []byte("\x89PNG pump")},
		}, true))
		if r := h.call("engineer@steel", "POST", "/packages?strict=true", in); r.status != 400 || !strings.Contains(string(r.body), "AASd-") && !strings.Contains(string(r.body), "invariant") {
			t.Fatalf("a template that breaks rules is taken strictly: %d %s", r.status, r.body)
		}
		if r := h.call("viewer@steel", "GET", "/shells", nil); fmt.Sprint(r.json(t)["result"]) != "[]" {
			t.Errorf("something was stored: %s", r.body)
		}
		r := h.call("engineer@steel", "POST", "/packages", in)
		if r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		told := r.json(t)
		if n := len(told["documents"].([]any)); n != len(docs)+2 || len(told["warnings"].([]any)) == 0 {
			t.Errorf("%d documents, %v", n, told["warnings"])
		}
		if r := h.call("viewer@steel", "GET", "/submodels/"+b64("urn:x:manuals")+"/submodel-elements/Manual/attachment", nil); string(r.body) != "%PDF-1.7 manual" || r.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("manual %s %s", r.body, r.header)
		}
		if r := h.call("viewer@steel", "GET", "/shells/"+b64("urn:x:pump")+"/asset-information/thumbnail", nil); string(r.body) != "\x89PNG pump" {
			t.Errorf("thumbnail %s", r.body)
		}
		for _, media := range []string{"application/asset-administration-shell-package+xml", "application/asset-administration-shell-package+json"} {
			r := h.accept("/serialization?aasIds="+b64("urn:x:pump"), media)
			p, err := aasx.Read(r.body)
			if err != nil || len(p.Documents) != 2 || len(p.Files) != 1 || p.Thumbnail == nil || string(p.Files[0].Content) != "%PDF-1.7 manual" {
				t.Errorf("%s: %+v %v", media, p, err)
				continue
			}
			if string(p.Documents[0].Content) != string(shell.Content) || string(p.Documents[1].Content) != string(manuals.Content) {
				t.Errorf("%s: comes back as %s", media, p.Documents[0].Content)
			}
		}
		if r := h.accept("/serialization?submodelIds="+b64("urn:x:manuals"), "application/xml"); !strings.Contains(string(r.body), "<idShort>Manuals</idShort>") {
			t.Errorf("XML %s", r.body)
		}
		mill := h.mill("Mill")
		p, err := aasx.Read(h.accept("/serialization?aasIds="+b64(id(mill, mirror.Shell)), "application/asset-administration-shell-package+xml").body)
		if err != nil || len(p.Documents) < 5 || p.Documents[0].Kind != aas.Shell || p.Documents[4].Kind != aas.Submodel {
			t.Errorf("a machine as a package: %v %v", p, err)
		}
	})
}

func TestBadInputIsRefusedWholeByPathValueAndRule(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Submodel, `{"modelType":"Submodel","id":"urn:x:1","idShort":"A","submodelElements":[{"modelType":"Property","idShort":"P","valueType":"xs:int","value":"1"}]}`), twin.Way{}))
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	f := must[io.Writer](t)(z.Create("aasx/bomb"))
	_, _ = f.Write(make([]byte, 4<<20))
	_ = z.Close()
	sm := "/submodels/" + b64("urn:x:1")
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		words        string
	}{
		"no JSON":                 {"POST", "/shells", `{`, 400, "syntax"},
		"another kind":            {"POST", "/shells", `{"modelType":"Submodel","id":"a"}`, 400, "schema"},
		"no asset":                {"POST", "/shells", `{"modelType":"AssetAdministrationShell","id":"a"}`, 400, "assetInformation"},
		"a rule":                  {"POST", "/submodels", `{"modelType":"Submodel","id":"a","idShort":"1"}`, 400, "idShort"},
		"a value of another type": {"PATCH", sm + "/submodel-elements/P/$value", `"x"`, 400, "value"},
		"a value that is a list":  {"PATCH", sm + "/submodel-elements/P/$value", `[1]`, 400, "syntax"},
		"another id":              {"PUT", sm, `{"modelType":"Submodel","id":"urn:x:2"}`, 400, "urn:x:2"},
		"there already":           {"POST", "/submodels", `{"modelType":"Submodel","id":"urn:x:1"}`, 409, "twin-exists"},
		"no base64":               {"GET", "/shells/a=b", nil, 400, "base64url"},
		"no such shell":           {"GET", "/shells/" + b64("none"), nil, 404, "not-found"},
		"no such path":            {"GET", "/nothing", nil, 404, "no-such-address"},
		"a bad path":              {"GET", sm + "/submodel-elements/A..B", nil, 400, "idShortPath"},
		"a bad limit":             {"GET", "/shells?limit=0", nil, 400, "query.limit"},
		"a bad cursor":            {"GET", "/shells?cursor=zzz", nil, 400, "cursor"},
		"a bad level":             {"GET", sm + "?level=some", nil, 400, "query.level"},
		"a bad asset id":          {"GET", "/lookup/shells?assetIds=" + b64("{}"), nil, 400, "query.assetIds"},
		"a bomb":                  {"POST", "/packages", bomb.Bytes(), 400, "size"},
		"a document type":         {"POST", "/packages", `<!DOCTYPE x><environment xmlns="https://admin-shell.io/aas/3/0"/>`, 400, "dtd"},
		"a bad descriptor":        {"POST", "/shell-descriptors", `{"id":"a","colour":1}`, 400, "colour"},
		"an endpoint without one": {"POST", "/shell-descriptors", `{"id":"a","endpoints":[{}]}`, 400, "endpoints[0]"},
		"a bad time":              {"GET", sm + "?at=yesterday", nil, 400, "query.at"},
	} {
		r := h.call("engineer@steel", c.method, c.path, c.body)
		list, _ := r.json(t)["messages"].([]any)
		if r.status != c.status || len(list) != 1 || !strings.Contains(fmt.Sprint(list), c.words) {
			t.Errorf("%s: %d %s, want %d with %q", name, r.status, r.body, c.status, c.words)
		}
	}
	if r := h.call("viewer@steel", "GET", sm+"/submodel-elements/P/$value", nil); string(bytes.TrimSpace(r.body)) != "1" {
		t.Errorf("something has changed: %s", r.body)
	}
	if r := h.call("engineer@steel", "PATCH", sm+"/submodel-elements/P/$value", `7`); r.status != 204 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.call("viewer@steel", "GET", sm+"/$value", nil); string(bytes.TrimSpace(r.body)) != `{"P":7}` {
		t.Errorf("value %s", r.body)
	}
}

func TestRegistryTellsOwnAndRegisteredOnes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		mill := h.mill("Mill")
		away := `{"id":"urn:away:1","idShort":"Away","globalAssetId":"urn:away:asset","endpoints":[{"interface":"AAS-3.0","protocolInformation":{"href":"https://away.example/shells/x","endpointProtocol":"https"}}]}`
		if r := h.call("engineer@steel", "POST", "/shell-descriptors", away); r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		seen := map[string]bool{}
		for cursor := ""; ; {
			r := h.call("viewer@steel", "GET", "/shell-descriptors?limit=2&cursor="+cursor, nil).json(t)
			for _, x := range r["result"].([]any) {
				seen[x.(map[string]any)["id"].(string)] = true
			}
			meta, _ := r["paging_metadata"].(map[string]any)
			if cursor, _ = meta["cursor"].(string); cursor == "" {
				break
			}
		}
		if len(seen) != 4 || !seen["urn:away:1"] || !seen[id(mill, mirror.Shell)] {
			t.Errorf("descriptors %v", seen)
		}
		own := h.call("viewer@steel", "GET", "/shell-descriptors/"+b64(id(mill, mirror.Shell)), nil).json(t)
		href := own["endpoints"].([]any)[0].(map[string]any)["protocolInformation"].(map[string]any)["href"].(string)
		if r := h.at("viewer@steel", "GET", strings.TrimPrefix(href, h.server.URL), nil, nil); r.json(t)["id"] != id(mill, mirror.Shell) {
			t.Errorf("%s leads to %s", href, r.body)
		}
		if r := h.call("viewer@steel", "GET", "/lookup/shells?assetIds="+b64(`{"name":"globalAssetId","value":"urn:away:asset"}`), nil); fmt.Sprint(r.json(t)["result"]) != "[urn:away:1]" {
			t.Errorf("a registered shell is not discovered: %s", r.body)
		}
		if r := h.call("engineer@steel", "DELETE", "/shell-descriptors/"+b64("urn:away:1"), nil); r.status != 204 {
			t.Errorf("%d %s", r.status, r.body)
		}
		if r := h.call("viewer@steel", "GET", "/shell-descriptors/"+b64("urn:away:1"), nil); r.status != 404 {
			t.Errorf("%d %s", r.status, r.body)
		}
	})
}
