package fleet

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
)

// enrol posts what a gateway would.
func (n *node) enrol(code, csr string) (int, map[string]any) {
	secret := "cut"
	if v, err := federate.ParseInvitation(code); err == nil {
		secret = base64.RawURLEncoding.EncodeToString(v.Secret[:])
	}
	status, _, body := n.call("", "POST", "/enrol", map[string]any{"secret": secret, "csr": csr}, nil)
	return status, body
}

func TestGatewayRoutes(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	const engineer, other, viewer = "engineer@a", "owner@b", "viewer@a"
	status, header, g := n.call(engineer, "POST", "/gateways", map[string]any{"org": n.a, "name": "cabinet 3"}, nil)
	if status != 201 || g["state"] != "waiting" || header.Get("ETag") != g["etag"] || g["name"].(map[string]any)["zh"] != "cabinet 3" {
		t.Fatalf("create: %d %v", status, g)
	}
	id := g["id"].(string)
	status, _, l := n.call(engineer, "POST", "/gateways/"+id+"/links", map[string]any{"driver": "modbus", "name": map[string]string{"zh": "一号线", "en": "Line 1"},
		"config": map[string]any{"address": "127.0.0.1:1502"}}, nil)
	if status != 201 || l["endpoint"] != "127.0.0.1:1502" || l["state"] != "unknown" || l["gateway"] != id {
		t.Fatalf("link: %d %v", status, l)
	}
	link := l["id"].(string)
	machine, _ := n.machine(n.a, 1, time.Second)
	connection := "/plant/machines/" + machine.String() + "/connection"
	if status, _, c := n.call(engineer, "PUT", connection, map[string]any{"link": link, "unit": "2"}, nil); status != 200 || c["gateway"] != id || c["unit"] != "2" {
		t.Errorf("connect: %d %v", status, c)
	}
	status, _, c := n.call(engineer, "POST", "/gateways/"+id+"/code", map[string]any{}, nil)
	if status != 201 || !strings.HasPrefix(c["code"].(string), "jwe1_") {
		t.Errorf("code: %d %v", status, c)
	}
	v, err := federate.ParseInvitation(c["code"].(string))
	if err != nil || v.URL != "https://"+n.http {
		t.Errorf("the code holds %+v %v", v, err)
	}

	for _, q := range []struct {
		who, method, path string
		body              any
		status            int
		code              string
	}{
		{"", "GET", "/gateways", nil, 401, "unauthenticated"},
		{other, "GET", "/gateways/" + id, nil, 404, "not-found"},
		{other, "GET", "/links/" + link, nil, 404, "not-found"},
		{other, "GET", connection, nil, 404, "not-found"},
		{other, "POST", "/gateways/" + id + "/code", map[string]any{}, 404, "not-found"},
		{other, "DELETE", "/gateways/" + id, nil, 404, "not-found"},
		{other, "PUT", connection, map[string]any{"link": link}, 404, "not-found"},
		{other, "GET", "/gateways?org=" + n.a.String(), nil, 404, "not-found"},
		{viewer, "POST", "/gateways/" + id + "/code", map[string]any{}, 403, "forbidden"},
		{viewer, "DELETE", "/links/" + link, nil, 403, "forbidden"},
		{viewer, "DELETE", connection, nil, 403, "forbidden"},
		{engineer, "POST", "/gateways", map[string]any{"org": n.a, "name": ""}, 422, "gateway-name"},
		{engineer, "POST", "/gateways/" + id + "/links", map[string]any{"driver": "modbus", "name": "x", "config": map[string]any{"address": ""}}, 422, "link-config"},
		{engineer, "POST", "/gateways/" + id + "/links", map[string]any{"driver": "opcua", "name": "x", "config": map[string]any{}}, 422, "link-driver-unknown"},
		{engineer, "DELETE", "/links/" + link, nil, 409, "link-in-use"},
		{engineer, "GET", "/gateways/" + uuid.NewString(), nil, 404, "not-found"},
	} {
		status, _, body := n.call(q.who, q.method, q.path, q.body, nil)
		if status != q.status || body["code"] != q.code {
			t.Errorf("%s %s as %q: %d %v, want %d %s", q.method, q.path, q.who, status, body, q.status, q.code)
		}
	}
	status, _, bad := n.call(engineer, "PATCH", "/links/"+link, map[string]any{"config": map[string]any{"address": "h", "responseTimeoutMs": 5}}, nil)
	fault, _ := bad["errors"].([]any)
	if status != 422 || len(fault) != 1 || fault[0].(map[string]any)["location"] != "body.config.responseTimeoutMs" || fault[0].(map[string]any)["mend"] == "" {
		t.Errorf("a bad field: %d %v", status, bad)
	}
	if status, _, body := n.call(engineer, "PATCH", "/links/"+link, map[string]any{"name": "renamed"}, http.Header{"If-Match": {`"old"`}}); status != 412 {
		t.Errorf("another version: %d %v", status, body)
	}
	if status, _, body := n.call(engineer, "PATCH", "/links/"+link, map[string]any{"name": "renamed"}, http.Header{"If-Match": {l["etag"].(string)}}); status != 200 || body["name"].(map[string]any)["en"] != "renamed" {
		t.Errorf("rename: %d %v", status, body)
	}
	if status, _, list := n.call(other, "GET", "/gateways", nil, nil); status != 200 || len(list["items"].([]any)) != 0 {
		t.Errorf("the other organisation sees %v", list)
	}
	if status, _, list := n.call(viewer, "GET", "/gateways?org="+n.a.String(), nil, nil); status != 200 || len(list["items"].([]any)) != 1 {
		t.Errorf("a viewer sees %v", list)
	}
	if status, _, list := n.call(viewer, "GET", "/drivers", nil, nil); status != 200 || len(list["items"].([]any)) != 2 ||
		list["items"].([]any)[0].(map[string]any)["secrets"].([]any)[0] != "password" || list["items"].([]any)[1].(map[string]any)["name"] != "modbus" {
		t.Errorf("drivers: %d drivers, first %v", len(list["items"].([]any)), list["items"].([]any)[0])
	}
	for _, q := range [][2]string{{"DELETE", connection}, {"DELETE", "/links/" + link}, {"DELETE", "/gateways/" + id}} {
		if status, _, body := n.call(engineer, q[0], q[1], nil, nil); status != 204 {
			t.Errorf("%s %s: %d %v", q[0], q[1], status, body)
		}
	}
}

func TestLiveStreamTellsGateways(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, _, code := n.setUp(m, 1, 20*time.Millisecond)
	transport := &http.Transport{TLSClientConfig: insecure()}
	defer transport.CloseIdleConnections()
	r := proof.Must(http.NewRequest("GET", "https://"+n.http+"/api/v1/live?org="+n.a.String(), nil))
	r.Header.Set("Authorization", "Bearer viewer@a")
	answer := proof.Must((&http.Client{Transport: transport}).Do(r))
	defer answer.Body.Close()
	startGateway(t, t.TempDir(), code)
	lines := bufio.NewScanner(answer.Body)
	event, states := "", map[string]bool{}
	for lines.Scan() && !states["online"] {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = name
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == "gateways" {
			var page struct{ Items []View }
			if err := json.Unmarshal([]byte(data), &page); err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				if v.ID == g.ID {
					states[string(v.State)] = true
				}
			}
		}
	}
	if !states["waiting"] || !states["online"] {
		t.Errorf("states told: %v, want waiting and online", states)
	}
}
