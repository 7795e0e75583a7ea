package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// as decodes a part of an answer.
func part[T any](t testing.TB, body map[string]any, name string) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(proof.Must(json.Marshal(body[name])), &out); err != nil {
		t.Fatalf("%s of %v: %v", name, body, err)
	}
	return out
}

type list = []map[string]any

func TestQuestionsReachTheDeviceAndDisturbNothing(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m, other := startMeter(t), startMeter(t)
	g, l, _, series, code := n.setUp(m, 2, 20*time.Millisecond)
	startGateway(t, t.TempDir(), code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > 5 })
	link, gate := "/links/"+l.ID.String(), "/gateways/"+g.ID.String()
	const engineer = "engineer@a"

	// Read: what the device says now, a refused function as a status, a point that is written wrongly as such.
	status, _, body := n.call(engineer, "POST", link+"/read", map[string]any{"points": list{
		{"unit": "1", "address": "holding:100", "encoding": "u32"}, {"unit": "1", "address": "coil:1"}, {"unit": "1", "address": "nonsense"},
		{"unit": "1", "address": "holding:100", "encoding": "u32", "scale": 0.5}}}, nil)
	samples := part[list](t, body, "samples")
	if status != 200 || len(samples) != 4 || body["fault"] != nil {
		t.Fatalf("read: %d %v", status, body)
	}
	if samples[0]["type"] != "int64" || samples[0]["value"] == "0" || samples[0]["status"].(map[string]any)["class"] != "good" || samples[0]["gatewayTime"] == nil {
		t.Errorf("a value: %v", samples[0])
	}
	if samples[1]["value"] != nil || samples[1]["status"].(map[string]any)["name"] != "BadNodeIdUnknown" {
		t.Errorf("a refused address: %v", samples[1])
	}
	if wrong, _ := samples[2]["wrong"].(map[string]any); wrong["field"] != "address" || wrong["value"] != "nonsense" {
		t.Errorf("an address that is none: %v", samples[2])
	}
	if samples[3]["type"] != "float64" {
		t.Errorf("a scaled value: %v", samples[3])
	}
	// Probe.
	status, _, body = n.call(engineer, "POST", link+"/probe", map[string]any{"unit": "1", "address": "40201"}, nil)
	probe := part[map[string]any](t, body, "probe")
	if status != 200 || probe["address"] != "holding:200" || len(probe["raw"].(string)) != 16 || len(part[list](t, probe, "readings")) < 25 {
		t.Errorf("probe: %d %v", status, body)
	}
	// Trace, with what was just sent, decoded.
	_, _, body = n.call(engineer, "GET", link+"/trace?limit=500", nil, nil)
	frames := part[list](t, body, "frames")
	asked := false
	for _, f := range frames {
		asked = asked || f["sent"] == true && strings.Contains(f["note"].(string), "read holding 200..203")
	}
	if !asked || len(frames[0]["hex"].(string)) < 20 {
		t.Errorf("the probe is not among %d frames", len(frames))
	}
	// Plan: of the points of the plant.
	_, _, body = n.call("viewer@a", "GET", link+"/plan", nil, nil)
	requests := part[list](t, body, "requests")
	if len(requests) != 1 || requests[0]["summary"] != "unit 1 holding 0..3" || requests[0]["everyMs"] != 20.0 || len(requests[0]["points"].([]any)) != 2 || requests[0]["points"].([]any)[0] != series[0].String() {
		t.Errorf("plan: %v", body)
	}
	// Try: a device that no link leads to, with frames; nothing of it is saved.
	try := func(more map[string]any) (int, map[string]any) {
		in := map[string]any{"driver": "modbus", "config": map[string]any{"address": other.addr}, "unit": "1"}
		for k, v := range more {
			in[k] = v
		}
		status, _, body := n.call(engineer, "POST", gate+"/try", in, nil)
		return status, body
	}
	if status, body := try(map[string]any{"verb": "open"}); status != 200 || body["fault"] != nil {
		t.Errorf("open: %d %v", status, body)
	}
	if status, body := try(map[string]any{"verb": "probe", "address": "holding:0"}); status != 200 || body["probe"] == nil || len(part[list](t, body, "frames")) != 2 {
		t.Errorf("try to probe: %d %v", status, body)
	}
	if status, body := try(map[string]any{"verb": "read", "points": list{{"address": "holding:4", "encoding": "u32"}}}); status != 200 || part[list](t, body, "samples")[0]["value"] == nil {
		t.Errorf("try to read: %d %v", status, body)
	}
	if status, body := try(map[string]any{"verb": "plan", "points": list{{"address": "holding:4"}, {"address": "holding:9"}}}); status != 200 ||
		part[list](t, body, "requests")[0]["summary"] != "unit 1 holding 4..9" || len(part[list](t, body, "requests")[0]["places"].([]any)) != 2 {
		t.Errorf("try to plan: %d %v", status, body)
	}
	if status, body := try(map[string]any{"verb": "open", "config": map[string]any{"address": peertest.Port(t)}}); status != 200 || part[map[string]any](t, body, "fault")["code"] != "refused" {
		t.Errorf("nobody listens: %d %v", status, body)
	}
	if v, _ := n.fleet.View(g.ID); len(v.Links) != 1 {
		t.Errorf("trying has saved a link: %+v", v.Links)
	}
	for _, q := range []struct {
		who, method, path string
		body              any
		status            int
		code              string
	}{
		{engineer, "POST", link + "/browse", map[string]any{}, 422, "link-cannot"},
		{engineer, "POST", link + "/probe", map[string]any{"address": "nonsense"}, 422, "question-field"},
		{engineer, "POST", gate + "/try", map[string]any{"driver": "modbus", "config": map[string]any{"address": m.addr}, "verb": "open"}, 409, "link-config-taken"},
		{engineer, "POST", gate + "/try", map[string]any{"driver": "modbus", "config": map[string]any{"address": ""}, "verb": "open"}, 422, "link-config"},
		{engineer, "POST", gate + "/try", map[string]any{"driver": "none", "config": map[string]any{}, "verb": "open"}, 422, "link-driver-unknown"},
		{"viewer@a", "POST", link + "/read", map[string]any{"points": list{{"address": "holding:0"}}}, 403, "forbidden"},
		{"viewer@a", "GET", link + "/trace", nil, 403, "forbidden"},
		{"viewer@a", "POST", gate + "/try", map[string]any{"driver": "modbus", "config": map[string]any{"address": other.addr}, "verb": "open"}, 403, "forbidden"},
		{"owner@b", "POST", link + "/read", map[string]any{"points": list{{"address": "holding:0"}}}, 404, "not-found"},
		{"owner@b", "GET", link + "/plan", nil, 404, "not-found"},
		{"owner@b", "POST", gate + "/try", map[string]any{"driver": "modbus", "config": map[string]any{"address": other.addr}, "verb": "open"}, 404, "not-found"},
		{"", "GET", link + "/plan", nil, 401, "unauthenticated"},
		{"viewer@a", "POST", gate + "/quarantine/release", map[string]any{}, 403, "forbidden"},
		{"owner@b", "POST", gate + "/quarantine/release", map[string]any{}, 404, "not-found"},
		{engineer, "POST", gate + "/quarantine/discard", map[string]any{"reason": ""}, 422, "invalid"},
		{engineer, "GET", "/links/" + uuid.NewString() + "/plan", nil, 404, "not-found"},
	} {
		status, _, body := n.call(q.who, q.method, q.path, q.body, nil)
		if status != q.status || body["code"] != q.code || body["mend"] == "" {
			t.Errorf("%s %s as %q: %d %v, want %d %s", q.method, q.path, q.who, status, body, q.status, q.code)
		}
	}
	if status, _, body := n.call(engineer, "POST", gate+"/quarantine/release", map[string]any{}, nil); status != 200 || body["records"] != "0" {
		t.Errorf("release of an empty quarantine: %d %v", status, body)
	}
	// Two callers at once, twenty times each.
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range 20 {
				a, err := n.fleet.AskLink(n.as(auth.Engineer, "a"), l.ID, auth.Configure, document.Ask{Verb: document.Read, Points: []document.Point{{Unit: "1", Address: "holding:300"}}}, true)
				if err != nil || len(a.Samples) != 1 || !telemetry.Status(a.Samples[0].Status.Code).IsGood() {
					t.Errorf("%+v %v", a, err)
				}
			}
		})
	}
	both.Wait()
	before := len(good(n.samples(series[0])))
	proof.Wait(t, "collection goes on", func() bool { return len(good(n.samples(series[0]))) > before+5 })
	once(t, good(n.samples(series[0])), false)
	for _, s := range n.samples(series[0]) {
		if s.Status.IsBad() {
			t.Fatal("a question has disturbed collection")
		}
	}
	// Who asked what is in the audit; plans and traces are not.
	verbs := map[string]int{}
	entries, _, err := audit.List(context.Background(), n.db, auth.System(n.a), audit.Filter{}, store.Page{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		verbs[e.Verb]++
	}
	if verbs["fleet.link.read"] != 41 || verbs["fleet.link.probe"] != 2 || verbs["fleet.gateway.try"] != 4 || verbs["fleet.link.trace"]+verbs["fleet.link.plan"] != 0 {
		t.Errorf("audit: %v", verbs)
	}
}

// labLink adds a link of the lab driver and a machine with one point through it.
func (n *node) labLink(gateway uuid.UUID, config string) (Link, uuid.UUID) {
	n.t.Helper()
	ctx := n.as(auth.Engineer, "a")
	l := proof.Must(n.fleet.AddLink(ctx, gateway, text.Both("lab"), "lab", json.RawMessage(config)))
	machine, series := n.machine(n.a, 1, time.Second)
	proof.Must(n.fleet.Connect(ctx, machine, l.ID, ""))
	return l, series[0]
}

func TestACertificateIsApprovedAndASecretNeverTold(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, _, code := n.setUp(m, 1, 20*time.Millisecond)
	dir := t.TempDir()
	startGateway(t, dir, code)
	l, series := n.labLink(g.ID, `{"address":"opc.tcp://lab-1","password":"open sesame"}`)
	path := "/links/" + l.ID.String()
	const engineer = "engineer@a"
	seen := func() map[string]any { _, _, b := n.call(engineer, "GET", path, nil, nil); return b }
	proof.Wait(t, "the link asks for approval", func() bool { return seen()["attention"] != nil })
	a := seen()["attention"].(map[string]any)
	if a["code"] != "certificate.untrusted" || a["fingerprint"] != labFingerprint || a["subject"] != "CN=lab" || a["notAfter"] != "2030-01-02T03:04:05Z" || a["text"].(map[string]any)["zh"] != "证书未获信任" {
		t.Errorf("attention %v", a)
	}
	// The same of a try.
	_, _, tried := n.call(engineer, "POST", "/gateways/"+g.ID.String()+"/try", map[string]any{"driver": "lab", "config": map[string]any{"address": "opc.tcp://lab-2", "password": "open sesame"}, "verb": "open"}, nil)
	if f := part[map[string]any](t, tried, "fault"); f["code"] != "certificate.untrusted" || f["attention"].(map[string]any)["fingerprint"] != labFingerprint || len(part[list](t, tried, "frames")) == 0 {
		t.Errorf("try: %v", tried)
	}
	// Approved without telling the password again.
	for _, secret := range []any{Masked, nil, "absent"} {
		config := map[string]any{"address": "opc.tcp://lab-1", "password": secret, "serverFingerprint": labFingerprint}
		if secret == "absent" {
			delete(config, "password")
		}
		status, _, body := n.call(engineer, "PATCH", path, map[string]any{"config": config}, nil)
		if status != 200 || part[map[string]any](t, body, "config")["password"] != Masked {
			t.Fatalf("approve: %d %v", status, body)
		}
	}
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series))) > 0 })
	proof.Wait(t, "the attention is gone", func() bool { return seen()["attention"] == nil && seen()["state"] == "connected" })
	for what, q := range map[string]map[string]any{
		"elsewhere, without the password": {"address": "opc.tcp://thief", "serverFingerprint": labFingerprint},
	} {
		if status, _, body := n.call(engineer, "PATCH", path, map[string]any{"config": q}, nil); status != 422 || body["code"] != "link-secret-again" {
			t.Errorf("%s: %d %v", what, status, body)
		}
	}
	if status, _, body := n.call(engineer, "PATCH", path, map[string]any{"config": map[string]any{"address": "opc.tcp://lab-1", "password": "short"}}, nil); status != 422 || strings.Contains(string(proof.Must(json.Marshal(body))), `"short"`) {
		t.Errorf("a password that cannot be used: %d %v", status, body)
	}
	if status, _, body := n.call(engineer, "PATCH", path, map[string]any{"config": map[string]any{"address": 5}}, nil); status != 422 || strings.Contains(string(proof.Must(json.Marshal(body))), "sesame") {
		t.Errorf("a configuration that cannot be read: %d %v", status, body)
	}
	// It is nowhere but in the node's records and the gateway's own file, which nobody else can read.
	entries, _, err := audit.List(context.Background(), n.db, auth.System(n.a), audit.Filter{}, store.Page{Limit: 200})
	if told := string(proof.Must(json.Marshal(entries))); err != nil || strings.Contains(told, "sesame") || !strings.Contains(told, Masked) {
		t.Errorf("the audit tells the password (%v)", err)
	}
	for _, p := range []string{"/gateways", "/gateways/" + g.ID.String(), path, path + "/trace"} {
		if _, _, body := n.call(engineer, "GET", p, nil, nil); strings.Contains(string(proof.Must(json.Marshal(body))), "sesame") {
			t.Errorf("%s tells the password", p)
		}
	}
	file := filepath.Join(dir, "config.json")
	if info := proof.Must(os.Stat(file)); info.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %v, want 0600", file, info.Mode())
	}
	if !strings.Contains(string(proof.Must(os.ReadFile(file))), "sesame") {
		t.Error("the gateway does not have the password")
	}
	// The empty text takes it away.
	if status, _, body := n.call(engineer, "PATCH", path, map[string]any{"config": map[string]any{"address": "opc.tcp://lab-1", "password": ""}}, nil); status != 200 || part[map[string]any](t, body, "config")["password"] != nil {
		t.Errorf("taken away: %d %v", status, body)
	}
}

func TestBrowsingGoesByPagesBesideCollection(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, _, code := n.setUp(m, 1, 20*time.Millisecond)
	startGateway(t, t.TempDir(), code)
	l, series := n.labLink(g.ID, `{"address":"opc.tcp://lab-3","password":"open sesame","serverFingerprint":"ab12"}`)
	state := func() string {
		v, _ := n.fleet.View(g.ID)
		for _, shown := range v.Links {
			if shown.ID == l.ID {
				return shown.State
			}
		}
		return ""
	}
	proof.Wait(t, "the lab is connected", func() bool { return len(good(n.samples(series))) > 0 && state() == "connected" })
	path := "/links/" + l.ID.String() + "/browse"
	got := map[string]bool{}
	cursor, pages := "", 0
	for {
		status, _, body := n.call("engineer@a", "POST", path, map[string]any{"node": "root", "limit": 1300, "cursor": cursor}, nil)
		if status != 200 || body["fault"] != nil {
			t.Fatalf("browse: %d %v", status, body)
		}
		pages++
		for _, x := range part[list](t, body, "nodes") {
			got[x["address"].(string)] = true
			if !strings.HasPrefix(x["name"].(string), "node \uFFFD ") {
				t.Fatalf("node %v", x)
			}
		}
		next, _ := body["next"].(string)
		if cursor = next; next == "" {
			break
		}
	}
	if pages != 3 || len(got) != 3000 {
		t.Errorf("%d nodes in %d pages, want 3000 in 3", len(got), pages)
	}
	if status, _, body := n.call("engineer@a", "POST", path, map[string]any{"cursor": "x"}, nil); status != 422 || body["code"] != "browse-cursor" {
		t.Errorf("a wrong cursor: %d %v", status, body)
	}
	if status, _, body := n.call("engineer@a", "POST", path, map[string]any{"node": "nowhere"}, nil); status != 422 || body["code"] != "question-field" {
		t.Errorf("a node that is not there: %d %v", status, body)
	}
	if state() != "connected" {
		t.Errorf("browsing has ended the subscription: %s", state())
	}
	proof.Wait(t, "the second sessions are closed", func() bool { open, _, _ := laboratory.count(); return open == 1 })

	// A caller that goes away withdraws the question; the device is not waited for.
	_, w0, e0 := laboratory.count()
	ctx, cancel := context.WithCancel(n.as(auth.Engineer, "a"))
	ended := make(chan error, 1)
	wants := document.Ask{Verb: document.Read, Points: []document.Point{{Address: "wait"}}}
	go func() { _, err := n.fleet.AskLink(ctx, l.ID, auth.Configure, wants, false); ended <- err }()
	proof.Wait(t, "the device is asked", func() bool { _, w, _ := laboratory.count(); return w == w0+1 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went away: %v", err)
	}
	proof.Wait(t, "the question is withdrawn", func() bool { _, _, e := laboratory.count(); return e == e0+1 })
	// One that takes too long is ended by the gateway.
	slow := wants
	slow.TimeMs = 200
	if _, err := n.fleet.AskLink(n.as(auth.Engineer, "a"), l.ID, auth.Configure, slow, false); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("too slow: %v", err)
	}
	for _, x := range n.samples(series) {
		if x.Status.IsBad() || state() != "connected" {
			t.Fatalf("the questions have ended the subscription: %v, %s", x.Status, state())
		}
	}
}

func TestAQuestionEndsWithTheGateway(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, _, code := n.setUp(m, 1, 20*time.Millisecond)
	dir := t.TempDir()
	if _, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: document.Plan}); !errors.Is(err, ErrOffline) {
		t.Errorf("before the gateway came: %v", err)
	}
	cmd := spawnGateway(t, dir, code)
	l, series := n.labLink(g.ID, `{"address":"opc.tcp://lab-4","password":"open sesame","serverFingerprint":"ab12"}`)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series))) > 0 })
	ask := func(address string) error {
		_, err := n.fleet.AskLink(n.as(auth.Engineer, "a"), l.ID, auth.Configure, document.Ask{Verb: document.Read, Points: []document.Point{{Address: address}}}, false)
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- ask("wait") }()
	proof.Wait(t, "the question is on its way", func() bool {
		n.fleet.mu.Lock()
		defer n.fleet.mu.Unlock()
		p := n.fleet.peers[g.ID]
		return p.asking != nil && len(p.asking.waits) == 1
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if err := <-ended; !errors.Is(err, ErrOffline) {
		t.Errorf("the gateway was killed: %v", err)
	}
	proof.Wait(t, "it is offline", func() bool { return errors.Is(ask("x"), ErrOffline) })
	startGateway(t, dir, code)
	proof.Wait(t, "it answers again", func() bool { return ask("x") == nil })
	// A link that the gateway does not run.
	if _, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: document.Plan, Link: uuid.New()}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("an unknown link: %v", err)
	}
	if _, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: "dance"}); !errors.Is(err, ErrOutdated) {
		t.Errorf("an unknown verb: %v", err)
	}
	if _, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: document.Read, Points: make([]document.Point, 501)}); !errors.Is(err, ErrQuestion) {
		t.Errorf("too many points: %v", err)
	}
	if err := n.fleet.Remove(n.as(auth.Owner, "a"), g.ID, noMatch); err != nil {
		t.Fatal(err)
	}
	if _, err := n.fleet.ask(context.Background(), g.ID, &document.Ask{Verb: document.Plan}); !errors.Is(err, ErrOffline) {
		t.Errorf("a removed gateway: %v", err)
	}
}
