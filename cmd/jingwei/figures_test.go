package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/auth/authtest"
	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
)

// What a person says of figures is in the node's evidence log, word for word, and rests on a document that was handed in.
func TestWhatPeopleSayOfFiguresIsEvidence(t *testing.T) {
	ctx := t.Context()
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
	n := proof.Must(openNode(ctx, cfg, slog.New(slog.DiscardHandler)))
	t.Cleanup(n.close)
	link, _, err := n.auth.FirstStart(ctx, org.Org{Kind: org.Government, Name: text.Both("city")}, "root")
	if err != nil {
		t.Fatal(err)
	}
	home, _, err := n.orgs.Home(ctx)
	if err != nil {
		t.Fatal(err)
	}
	as := func(name string) context.Context {
		return auth.With(ctx, authtest.Person(name, map[uuid.UUID]auth.Role{home.ID: auth.Engineer}))
	}
	paper := proof.Must(n.facts.HandIn(as("one"), home.ID, "yearbook.txt", []byte("61.5 %")))
	in := figure.NewManual{ManualKey: figure.ManualKey{Org: home.ID, Indicator: "machine-networking", Kind: "year", Period: "2025", Reading: "mean"},
		ManualValue: figure.ManualValue{Value: "61.5", Unit: "%", Grade: "E1", Document: string(paper.ID), Reason: "统计年鉴"}}
	m := proof.Must(n.figures.Enter(as("one"), in))
	m = proof.Must(n.figures.Confirm(as("two"), m.ID(), m.Revision))
	if err := n.seal.SealRecords(ctx); err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(link.URL(""), "token=")
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/api/v1/session/link", strings.NewReader(`{"token":"`+token+`"}`))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	n.api.Handler().ServeHTTP(w, r)
	cookie := w.Result().Cookies()[0]
	leaf := m.Leaf()
	for path, want := range map[string][]string{
		"/payload": {"figure-manual", "confirmed", "61.5", string(paper.ID), "统计年鉴"},
		"":         {`"kind":"figure"`},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/api/v1/evidence/records/"+leaf.ID.String()+path, nil)
		r.AddCookie(cookie)
		n.api.Handler().ServeHTTP(w, r)
		for _, word := range want {
			if w.Code != 200 || !bytes.Contains(w.Body.Bytes(), []byte(word)) {
				t.Errorf("%s: %d without %s: %s", path, w.Code, word, w.Body)
			}
		}
	}
}
