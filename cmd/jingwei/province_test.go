package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/province"
)

// provinceDay is the first day of the province in tests: a Monday.
const provinceDay = "2026-06-01"

// emptyProvince is a demo's node before its province.
func emptyProvince(t *testing.T) *node {
	t.Helper()
	day, _ := field.Day(provinceDay)
	var now atomic.Int64
	now.Store(day + int64(9*time.Hour))
	clock := func() time.Time { return time.Unix(0, now.Add(int64(time.Millisecond))) } // no two acts at one instant
	dir := t.TempDir()
	if err := markDemo(dir); err != nil {
		t.Fatal(err)
	}
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + dir, "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
	logger := slog.New(slog.DiscardHandler)
	n := proof.Must(openNodeOn(t.Context(), &machine{cfg, clock, logger}, cfg, logger))
	t.Cleanup(n.close)
	if _, _, err := n.auth.FirstStart(demoContext(t.Context()), org.Org{Kind: org.Enterprise, Name: demoOrgs[0].name}, administrator); err != nil {
		t.Fatal(err)
	}
	return n
}

// asks answers GET as somebody of the province.
func asks(t *testing.T, n *node, login, path string) (out map[string]any) {
	t.Helper()
	ctx := proof.Must(provinceNode{n}.As(demoContext(t.Context()), login))
	w := httptest.NewRecorder()
	n.api.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1/api/v1"+path, nil))
	if w.Code != 200 {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// peopled counts what stands, by who asks where.
func peopled(t *testing.T, n *node) map[string]int {
	t.Helper()
	home := proof.Must(provinceNode{n}.Home(t.Context())).String()
	out := map[string]int{}
	count := func(name, login, path string, fits func(map[string]any) bool) {
		for cursor := ""; ; {
			page := asks(t, n, login, path+cursor)
			for _, x := range page["items"].([]any) {
				if fits == nil || fits(x.(map[string]any)) {
					out[name]++
				}
			}
			next, _ := page["next"].(string)
			if next == "" {
				return
			}
			cursor = "&cursor=" + url.QueryEscape(next)
		}
	}
	officer := "platform.lin"
	for _, r := range []string{"enterprises", "providers", "solutions", "products", "cases", "apps", "capabilities", "consultancies", "experts", "tasks"} {
		count(r, officer, "/registers/"+r+"/entries?org="+home+"&limit=200", nil)
	}
	for name, path := range map[string]string{
		"rounds": "/public/programme-rounds?org=" + home, "vouchers": "/support/vouchers?org=" + home, "awards": "/support/awards?org=" + home, "filings": "/support/filings?org=" + home,
		"commitments": "/ledger/commitments?org=" + home, "payments": "/ledger/movements?org=" + home, "campaigns": "/checkup-campaigns?org=" + home, "needs": "/matching/needs?limit=200",
		"events": "/matching/events?limit=200", "at the door": "/join/reviews?state=submitted", "cases in flow": "/cases?org=" + home, "inbox": "/inbox?org=" + home,
	} {
		count(name, officer, path, nil)
	}
	for _, f := range proof.Must(province.Load()).Firms {
		if f.Door != "" {
			continue
		}
		id, ok, err := provinceNode{n}.Org(t.Context(), f.Code)
		if err != nil || !ok {
			t.Fatalf("%s has not joined: %v", f.Key, err)
		}
		as, of := "firm."+f.Key, "?org="+id.String()
		count("facts", as, "/facts"+of, nil)
		count("check-ups", as, "/checkups"+of, nil)
		count("check-ups handed in", as, "/checkups"+of+"&state=submitted", nil)
		count("expert checks", as, "/expert-checks"+of, nil)
		count("inquiries", as, "/support/inquiries"+of, nil)
		contacts := func(state string) {
			count("contacts "+state, as, "/matching/contacts"+of, func(c map[string]any) bool { return c["state"] == state })
		}
		for _, state := range []string{"requested", "declined", "talking", "met", "quoted", "proposed", "contracted", "delivered", "done"} {
			contacts(state)
		}
	}
	return out
}

// cut is a node whose process is killed after so many requests: the last one is done, and its answer never comes.
type cut struct {
	provinceNode
	left int
}

var errKilled = errors.New("killed")

func (c *cut) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.left--; c.left >= 0 {
			c.provinceNode.Handler().ServeHTTP(w, r)
			return
		}
		c.provinceNode.Handler().ServeHTTP(httptest.NewRecorder(), r)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
}

func (c *cut) As(ctx context.Context, login string) (context.Context, error) {
	if c.left < 0 {
		return nil, errKilled
	}
	return c.provinceNode.As(ctx, login)
}

// The province is filled in pieces: killed after some requests, whose last was done and not answered, and gone on with, again and again.
// It is then whole, with nothing twice, and a further filling changes nothing.
func TestTheProvinceIsWhole(t *testing.T) {
	n := emptyProvince(t)
	p := proof.Must(province.Load())
	if p.Platform != demoOrgs[0].name {
		t.Errorf("the node is run by %v, the province's platform is %v", demoOrgs[0].name, p.Platform)
	}
	ctx := demoContext(t.Context())
	// Prime lengths: where it is killed falls on every kind of act.
	kills := 0
	for _, requests := range []int{7, 61, 127, 251, 389, 523, 641, 739, 811, 877, 929, 967, 1013, 1063} {
		err := province.Fill(ctx, &cut{provinceNode{n}, requests}, p, provinceDay)
		if err == nil {
			break
		}
		if kills++; !errors.Is(err, errKilled) && !strings.Contains(err.Error(), ": 503 ") {
			t.Fatal(err)
		}
	}
	if kills < 5 {
		t.Errorf("it was killed only %d times", kills)
	}
	if err := province.Fill(ctx, provinceNode{n}, p, provinceDay); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"enterprises": 24, "providers": 12, "solutions": 15, "products": 4, "cases": 3, "apps": 2, "capabilities": 3, "consultancies": 1, "experts": 6, "tasks": 114,
		"rounds": 2, "vouchers": 6, "awards": 2, "filings": 6, "commitments": 8, "payments": 4, "campaigns": 1, "events": 1, "at the door": 1, "cases in flow": 8,
		"facts": 25, "check-ups": 23, "check-ups handed in": 22, "expert checks": 4, "inquiries": 5,
		"contacts requested": 1, "contacts declined": 1, "contacts talking": 1, "contacts met": 1, "contacts quoted": 1, "contacts proposed": 1, "contacts contracted": 1, "contacts delivered": 1, "contacts done": 3,
	}
	is := peopled(t, n)
	for what, count := range want {
		if is[what] != count {
			t.Errorf("%d %s, want %d", is[what], what, count)
		}
	}
	if is["needs"] < 20 || is["inbox"] == 0 {
		t.Errorf("%d needs and %d messages to the platform", is["needs"], is["inbox"])
	}
	if err := province.Fill(ctx, provinceNode{n}, p, provinceDay); err != nil {
		t.Fatal(err)
	}
	if again := peopled(t, n); !maps.Equal(is, again) {
		t.Errorf("filled again:\n%v\nand before:\n%v", again, is)
	}
	// Each trade has enough firms that agree for a benchmark.
	id, _, err := provinceNode{n}.Org(ctx, p.Firms[1].Code)
	if err != nil {
		t.Fatal(err)
	}
	own := asks(t, n, "firm."+p.Firms[1].Key, "/checkups?org="+id.String())["items"].([]any)[0].(map[string]any)["id"].(string)
	if peers := asks(t, n, "firm."+p.Firms[1].Key, "/checkups/"+own+"/peers"); peers["peers"] == nil {
		t.Errorf("no peers: %v", peers)
	}
	if body := asks(t, n, "platform.lin", "/session/ways"); body["demo"] != true {
		t.Errorf("the node does not say that it is a demonstration: %v", body)
	}
}
