package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/operate/energy/quality"
)

// Who may see the quality of an enterprise's energy data over HTTP: its own people all of it, another only what it granted, and
// nothing any more once that has ended.
func TestEnergyQualityKeepsToWhatIsGranted(t *testing.T) {
	ctx := t.Context()
	n, keeper := newNode(t)
	firm := func(name string) uuid.UUID {
		return proof.Must(n.orgs.Create(ctx, org.Org{Kind: org.Enterprise, Name: text.Both(name)}, uuid.Nil)).ID
	}
	a, b := firm("a"), firm("b")
	token := func(id uuid.UUID, role auth.Role) string {
		_, secret, err := n.auth.CreateToken(auth.AsSystem(ctx, "test"), auth.System(id), "t", role, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	own, viewer, other := token(a, auth.Engineer), token(keeper.ID, auth.Viewer), token(b, auth.Viewer)
	ask := func(by, method, path string, body any, status int, into any) http.Header {
		t.Helper()
		var data io.Reader
		if body != nil {
			data = bytes.NewReader(proof.Must(json.Marshal(body)))
		}
		r := httptest.NewRequestWithContext(ctx, method, "http://127.0.0.1/api/v1"+path, data)
		r.Header.Set("Authorization", "Bearer "+by)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		n.api.Handler().ServeHTTP(w, r)
		if w.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if into != nil {
			if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
				t.Fatal(err)
			}
		}
		return w.Header()
	}
	// The month before, in China, where plants without a calendar stand.
	month := time.Now().In(field.China).AddDate(0, 0, 1-time.Now().In(field.China).Day()).AddDate(0, -1, 0)
	label, days := month.Format("2006-01"), month.AddDate(0, 1, -1).Day()
	from := month.AddDate(0, 0, -1).UTC().Format(time.RFC3339)
	var node, point, meter struct {
		ID, Fact uuid.UUID
		Revision int64
	}
	ask(own, http.MethodPost, "/plant/nodes", map[string]any{"org": a, "kind": "site", "name": map[string]string{"en": "site"}, "from": from}, 201, &node)
	ask(own, http.MethodPost, "/plant/nodes", map[string]any{"org": a, "kind": "machine", "parent": node.ID, "name": map[string]string{"en": "panel"}, "from": from}, 201, &node)
	ask(own, http.MethodPost, fmt.Sprintf("/plant/machines/%s/points", node.ID), map[string]any{"key": "energy", "name": map[string]string{"en": "feeder"}, "type": "float64", "unit": "kW.h", "address": "energy", "from": from}, 201, &point)
	first := label + "-01"
	ask(other, http.MethodPost, "/energy/main-meters", map[string]any{"org": a, "series": point.ID, "from": first}, 404, nil)
	ask(own, http.MethodPost, "/energy/main-meters", map[string]any{"org": a, "series": point.ID, "from": first}, 201, &meter)

	path := fmt.Sprintf("/energy/quality?org=%s&month=%s", a, label)
	board := fmt.Sprintf("/energy/quality/board?org=%s&month=%s", keeper.ID, label)
	var q quality.EnergyQuality
	ask(own, http.MethodGet, path, nil, 200, &q)
	if !q.Own || q.Expected != days*24 || q.Actual != 0 || q.Verdicts[0].Status != quality.Missed || q.Verdicts[1].Reason != quality.NoReport || len(q.Days) != days || len(q.Meters) != 1 || q.Meters[0].Machine == nil {
		t.Errorf("%+v", q)
	}
	if len(q.Gaps) != 1 || q.Gaps[0].Hours != days*24 || q.Gaps[0].Cause != "not-connected" || q.Gaps[0].Text.En == "" {
		t.Errorf("%+v", q.Gaps)
	}
	for _, by := range []string{viewer, other} {
		ask(by, http.MethodGet, path, nil, 404, nil)
		ask(by, http.MethodGet, fmt.Sprintf("/energy/main-meters?org=%s", a), nil, 404, nil)
	}
	var list quality.EnergyBoard
	ask(viewer, http.MethodGet, board, nil, 200, &list)
	if len(list.Firms) != 0 {
		t.Errorf("%+v", list)
	}
	give := func(kind, subject string) org.Grant {
		return proof.Must(n.orgs.Give(ctx, org.Grant{From: a, To: keeper.ID, Purpose: "supervision", Words: "monitoring", Kind: kind, Subject: subject, Span: org.Span{To: time.Now().AddDate(0, 1, 0).UnixNano()}}))
	}
	give(measuredGrant, "machines") // another subject
	ask(viewer, http.MethodGet, path, nil, 404, nil)
	g := give(measuredGrant, "energy")
	q = quality.EnergyQuality{}
	ask(viewer, http.MethodGet, path, nil, 200, &q)
	if q.Own || q.Verdicts[1].Reason != quality.NoConsent || q.Verdicts[3].Reason != quality.NoConsent || q.Meters[0].Machine != nil || q.Meters[0].On.En != "" || q.Gaps[0].Text.En != "" || q.Gaps[0].Name.En == "" {
		t.Errorf("%+v", q)
	}
	ask(viewer, http.MethodGet, fmt.Sprintf("/energy/main-meters?org=%s", a), nil, 404, nil)
	give("fact", "declaration")
	ask(viewer, http.MethodGet, path, nil, 200, &q)
	if q.Verdicts[1].Reason != quality.NoReport {
		t.Errorf("%+v", q.Verdicts)
	}
	ask(viewer, http.MethodGet, board, nil, 200, &list)
	if len(list.Firms) != 1 || list.Firms[0].Org != a || list.Firms[0].Percent != "0.00" || list.Firms[0].Score.Points != "0.0" {
		t.Errorf("%+v", list)
	}
	ask(other, http.MethodGet, board, nil, 404, nil)
	for _, file := range []string{path + "&table=gaps", path + "&table=days&format=csv", board} {
		file = strings.Replace(strings.Replace(file, "/quality?", "/quality/export?", 1), "/board?", "/board/export?", 1)
		if h := ask(viewer, http.MethodGet, file, nil, 200, nil); !strings.Contains(h.Get("Content-Disposition"), label) {
			t.Errorf("%s: %v", file, h)
		}
	}
	if reads, _, err := n.orgs.GrantReads(ctx, g.ID, store.Page{}); err != nil || len(reads) != 1 || reads[0].Reads < 4 {
		t.Errorf("the giver does not see who looked: %+v, %v", reads, err)
	}
	if _, err := n.orgs.EndGrant(ctx, g.ID, "owner", "not needed any more"); err != nil {
		t.Fatal(err)
	}
	ask(viewer, http.MethodGet, path, nil, 404, nil)
	ask(viewer, http.MethodGet, board, nil, 200, &list)
	if len(list.Firms) != 0 {
		t.Errorf("%+v", list)
	}

	var problem struct{ Code, Detail string }
	for path, want := range map[string]string{
		fmt.Sprintf("/energy/quality?org=%s&month=2199-01", a):              "energy-month",
		fmt.Sprintf("/energy/quality?org=%s&month=%s&rules=none", a, label): "energy-rules",
		fmt.Sprintf("/energy/quality?org=%s&month=%s", a, "2026-13"):        "energy-month",
	} {
		if ask(own, http.MethodGet, path, nil, 422, &problem); problem.Code != want || problem.Detail == "" {
			t.Errorf("%s: %+v", path, problem)
		}
	}
	ask(own, http.MethodPost, "/energy/main-meters", map[string]any{"org": a, "series": point.ID, "from": first}, 409, &problem)
	ask(own, http.MethodPost, fmt.Sprintf("/energy/main-meters/%s/withdrawal", meter.Fact), map[string]any{"basis": meter.Revision, "reason": "by mistake"}, 204, nil)
	q = quality.EnergyQuality{}
	ask(own, http.MethodGet, path, nil, 200, &q)
	if len(q.Meters) != 0 || q.Score.Points != "" || q.Verdicts[0].Reason != quality.NoMeters {
		t.Errorf("%+v", q)
	}
}
