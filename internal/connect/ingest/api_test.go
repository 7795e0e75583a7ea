package ingest

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
)

func TestSourceRoutes(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	const engineer, other, viewer = "engineer@a", "owner@b", "viewer@a"
	status, _, kinds := n.call(viewer, "GET", "/sources/kinds", nil)
	items := kinds["items"].([]any)
	if status != 200 || len(items) != len(kindTable) {
		t.Fatalf("kinds: %d %v", status, kinds)
	}
	for _, i := range items {
		k := i.(map[string]any)
		schema, ok := k["schema"].(map[string]any)
		if !ok || schema["type"] != "object" || len(k["presets"].([]any)) == 0 || (k["remote"] != nil) != (k["kind"] != "push") {
			t.Errorf("kind %v", k["kind"])
		}
		for _, p := range k["presets"].([]any) { // each preset is a source that can be made
			status, _, made := n.call(engineer, "POST", "/sources", map[string]any{"org": n.a, "name": "preset", "kind": k["kind"], "transport": k["transports"].([]any)[0],
				"config": p.(map[string]any)["config"]})
			if status != 201 || made["state"] != "listening" {
				t.Errorf("preset %v: %d %v", p.(map[string]any)["id"], status, made)
				continue
			}
			if status, _, body := n.call(engineer, "DELETE", "/sources/"+made["id"].(string), nil); status != 204 {
				t.Errorf("remove the preset: %d %v", status, body)
			}
		}
	}

	status, header, s := n.call(engineer, "POST", "/sources", map[string]any{"org": n.a, "name": map[string]string{"zh": "推送", "en": "push"}, "kind": "push", "transport": "http",
		"adopt": map[string]any{"parent": n.siteA}})
	if status != 201 || s["state"] != "listening" || header.Get("ETag") != s["etag"] || s["endpoint"].(map[string]any)["http"] != "https://node/push" || s["origin"] != "measured" ||
		s["adopt"].(map[string]any)["parent"] != n.siteA.String() {
		t.Fatalf("create: %d %v", status, s)
	}
	id := s["id"].(string)
	path := "/sources/" + id
	status, _, c := n.call(engineer, "POST", path+"/credentials", map[string]any{"name": "telegraf"})
	if status != 201 || len(c["secret"].(string)) != secretLength {
		t.Fatalf("credential: %d %v", status, c)
	}
	credential := c["id"].(string) + ":" + c["secret"].(string)
	if status, _, list := n.call(viewer, "GET", path+"/credentials", nil); status != 200 || strings.Contains(string(proof.Must(json.Marshal(list))), c["secret"].(string)) {
		t.Errorf("the secret is told again: %d %v", status, list)
	}

	// Push in the formats of others, into machines that are made.
	if status, _, body := n.request(credential, "POST", "/push/api/v2/write?precision=s", "text/plain", "oven,device=line/1 temp=180.5,on=true,n=3i 1780000000\n"); status != 204 {
		t.Fatalf("push: %d %s", status, body)
	}
	status, _, devices := n.call(viewer, "GET", path+"/devices", nil)
	if d := devices["items"].([]any); status != 200 || len(d) != 1 || d[0].(map[string]any)["device"] != "line/1" || d[0].(map[string]any)["machine"] == nil {
		t.Fatalf("devices: %d %v", status, devices)
	}
	machine := devices["items"].([]any)[0].(map[string]any)["machine"].(string)
	for _, where := range []string{path + "/devices/" + url.PathEscape("line/1") + "/metrics", path + "/metrics?device=" + url.QueryEscape("line/1")} {
		status, _, metrics := n.call(viewer, "GET", where, nil)
		m := metrics["items"].([]any)
		if status != 200 || len(m) != 3 {
			t.Fatalf("%s: %d %v", where, status, metrics)
		}
		for _, x := range m {
			if x := x.(map[string]any); x["point"] == nil || x["value"] == nil || x["time"] != "2026-05-28T20:26:40Z" {
				t.Errorf("metric %v", x)
			}
		}
	}
	if status, _, page := n.call(viewer, "GET", path+"/metrics?limit=2&device="+url.QueryEscape("line/1"), nil); status != 200 || len(page["items"].([]any)) != 2 || page["next"] == nil {
		t.Errorf("a page: %d %v", status, page)
	} else if status, _, rest := n.call(viewer, "GET", path+"/metrics?device="+url.QueryEscape("line/1")+"&cursor="+page["next"].(string), nil); status != 200 || len(rest["items"].([]any)) != 1 {
		t.Errorf("the page after: %d %v", status, rest)
	}
	feed := "/plant/machines/" + machine + "/feed"
	if status, _, f := n.call(viewer, "GET", feed, nil); status != 200 || f["source"] != id || f["device"] != "line/1" {
		t.Errorf("feed: %d %v", status, f)
	}
	by := n.machine(n.a, n.siteA, "t").String()

	for _, q := range []struct {
		who, method, path string
		body              any
		status            int
		code              string
	}{
		{"", "GET", "/sources", nil, 401, "unauthenticated"},
		{other, "GET", path, nil, 404, "not-found"},
		{other, "GET", path + "/devices", nil, 404, "not-found"},
		{other, "GET", path + "/metrics?device=line%2F1", nil, 404, "not-found"},
		{other, "GET", path + "/credentials", nil, 404, "not-found"},
		{other, "POST", path + "/credentials", map[string]any{"name": "x"}, 404, "not-found"},
		{other, "DELETE", path + "/credentials/" + c["id"].(string), nil, 404, "not-found"},
		{other, "PATCH", path, map[string]any{"name": "x"}, 404, "not-found"},
		{other, "DELETE", path, nil, 404, "not-found"},
		{other, "GET", feed, nil, 404, "not-found"},
		{other, "DELETE", feed, nil, 404, "not-found"},
		{other, "POST", path + "/adopt", map[string]any{"device": "line/1", "parent": n.siteB}, 404, "not-found"},
		{other, "GET", "/sources?org=" + n.a.String(), nil, 404, "not-found"},
		{viewer, "POST", path + "/credentials", map[string]any{"name": "x"}, 403, "forbidden"},
		{viewer, "DELETE", path, nil, 403, "forbidden"},
		{viewer, "POST", path + "/adopt", map[string]any{"device": "line/1", "parent": n.siteA}, 403, "forbidden"},
		{engineer, "POST", "/sources", map[string]any{"org": n.a, "name": "", "kind": "push", "transport": "http"}, 422, "source-name"},
		{engineer, "POST", "/sources", map[string]any{"org": n.a, "name": "x", "kind": "opcua", "transport": "http"}, 422, "source-kind"},
		{engineer, "POST", "/sources", map[string]any{"org": n.a, "name": "x", "kind": "push", "transport": "broker"}, 422, "source-transport"},
		{engineer, "POST", path + "/adopt", map[string]any{"device": "nobody", "parent": n.siteA}, 422, "source-device-unknown"},
		{engineer, "POST", path + "/adopt", map[string]any{"device": "line/1"}, 422, "adopt-target"},
		{engineer, "POST", path + "/adopt", map[string]any{"device": "line/1", "parent": n.siteA}, 409, "feed-taken"},
		{engineer, "PUT", "/plant/machines/" + by + "/feed", map[string]any{"source": id, "device": "line/1"}, 409, "feed-taken"},
		{engineer, "PUT", "/plant/machines/" + by + "/feed", map[string]any{"source": id, "device": ""}, 422, "source-device"},
		{engineer, "GET", "/sources/" + uuid.NewString(), nil, 404, "not-found"},
		{engineer, "GET", path + "/metrics?device=nobody", nil, 404, "not-found"},
		{engineer, "GET", path + "/devices?cursor=%21", nil, 422, "cursor-invalid"},
		{engineer, "GET", "/plant/machines/" + by + "/feed", nil, 404, "not-found"},
	} {
		status, _, body := n.call(q.who, q.method, q.path, q.body)
		if status != q.status || body["code"] != q.code {
			t.Errorf("%s %s as %q: %d %v, want %d %s", q.method, q.path, q.who, status, body, q.status, q.code)
		}
	}
	status, _, bad := n.call(engineer, "PATCH", path, map[string]any{"config": map[string]any{"earliest": "yesterday"}})
	fault, _ := bad["errors"].([]any)
	if status != 422 || len(fault) != 1 || fault[0].(map[string]any)["location"] != "body.config.earliest" || fault[0].(map[string]any)["mend"] == "" {
		t.Errorf("a bad field: %d %v", status, bad)
	}
	status, _, plain := n.call(engineer, "PATCH", path, map[string]any{"name": "renamed", "adopt": map[string]any{"parent": nil}})
	if status != 200 || plain["adopt"] != nil || plain["name"].(map[string]any)["en"] != "renamed" {
		t.Errorf("change: %d %v", status, plain)
	}
	// A series that nobody knows, to a source that does not adopt: the whole request is refused, with its place.
	status, _, answer := n.request(credential, "POST", "/push/api/v2/write?precision=s", "text/plain", "oven,device=line/1 temp=181 1780000001\noven,device=line/2 temp=1 1780000001\n")
	if status != 400 || !strings.Contains(string(answer), "2") {
		t.Errorf("an unknown series: %d %s", status, answer)
	}
	status, _, metrics := n.call(viewer, "GET", path+"/metrics?device=line%2F1", nil)
	for _, x := range metrics["items"].([]any) {
		if x := x.(map[string]any); x["name"] == "oven.temp" && x["value"] != 180.5 {
			t.Errorf("part of a refused request was stored: %d %v", status, x)
		}
	}
	for _, wrong := range []string{"", "x:y", c["id"].(string) + ":" + strings.Repeat("A", secretLength)} {
		if status, _, body := n.request(wrong, "POST", "/push/write", "text/plain", "a v=1\n"); status != 401 {
			t.Errorf("push with %q: %d %s", wrong, status, body)
		}
	}
	broker := n.credential("a", n.jsonSource("a", false), "")
	if status, _, body := n.request(broker.ID.String()+":"+broker.Secret, "POST", "/push/json", "application/json", `{}`); status != 403 || !strings.Contains(string(body), "source-not-push") {
		t.Errorf("push with a credential of MQTT: %d %s", status, body)
	}
	basic := proof.Must(http.NewRequest("POST", n.web.URL+"/push/write", strings.NewReader("oven,device=line/1 temp=182 1780000002000000000\n")))
	basic.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credential)))
	answered := proof.Must(n.web.Client().Do(basic))
	answered.Body.Close()
	if answered.StatusCode != 204 {
		t.Errorf("push with basic authentication: %d", answered.StatusCode)
	}
	n.web.Client().CloseIdleConnections()
	for _, q := range [][2]string{{"DELETE", path + "/credentials/" + c["id"].(string)}, {"DELETE", feed}, {"DELETE", path}} {
		if status, _, body := n.call(engineer, q[0], q[1], nil); status != 204 {
			t.Errorf("%s %s: %d %v", q[0], q[1], status, body)
		}
	}
}

// A credential that is limited to one device speaks for no other over HTTP either.
func TestPushOfALimitedCredential(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.source("a", "push", HTTP, true)
	c := n.credential("a", src, "line 1")
	token := c.ID.String() + ":" + c.Secret
	if status, _, body := n.request(token, "POST", "/push/write", "text/plain", "oven,device=line\\ 1 temp=1\n"); status != 204 {
		t.Errorf("its own device: %d %s", status, body)
	}
	if status, _, body := n.request(token, "POST", "/push/write", "text/plain", "oven,device=line\\ 2 temp=1\n"); status != 400 {
		t.Errorf("another device: %d %s", status, body)
	}
	if in := n.ingest.inlet(src.ID); len(in.feeds) != 1 || in.feeds["line 1"].Device == "" {
		t.Errorf("feeds %+v", in.feeds)
	}
}

func TestLiveStreamTellsSources(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.source("a", "push", HTTP, true)
	n.source("b", "push", HTTP, true)
	r := proof.Must(http.NewRequest("GET", n.web.URL+"/api/v1/live?org="+n.a.String(), nil))
	r.Header.Set("Authorization", "Bearer viewer@a")
	answer := proof.Must(n.web.Client().Do(r))
	defer answer.Body.Close()
	if _, err := n.put(src, "d", "t", n.now().UnixNano(), float(1)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(answer.Body)
	event, seen := "", false
	for lines.Scan() && !seen {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = name
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == "sources" {
			var page struct{ Items []View }
			if err := json.Unmarshal([]byte(data), &page); err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				if v.ID != src.ID {
					t.Errorf("a source of another organisation: %+v", v)
				}
				seen = seen || v.Devices == 1 && v.Online == 1
			}
		}
	}
	if !seen {
		t.Error("the device was not told")
	}
}
