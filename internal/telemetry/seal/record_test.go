package seal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/correction"
)

// provedRecord fetches a record's bundle and payload and checks them as an auditor does.
func (n *node) provedRecord(id uuid.UUID) (kind string, payload []byte) {
	n.t.Helper()
	ctx := context.Background()
	r := proof.Must(n.seal.findRecord(ctx, id))
	b := proof.Must(ParseBundle(proof.Must(proof.Must(n.seal.recordBundle(ctx, &r, 0)).Encode())))
	_, e, err := b.Verify(origin, nil, n.verifiers()...)
	must(n.t, err)
	payload = proof.Must(n.seal.payload(ctx, &r))
	must(n.t, b.CheckRecord(payload, &e))
	for i := range payload {
		changed := bytes.Clone(payload)
		changed[i] ^= 1
		if err := b.CheckRecord(changed, &e); !errors.Is(err, evidence.ErrNotProved) {
			n.t.Errorf("%s: byte %d can be changed: %v", e.Kind, i, err)
		}
	}
	return e.Kind, payload
}

// Corrections, withdrawals, the audit and tombstones are leaves; a change of any of them shows.
func TestRecordsAreLeaves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := context.Background()
		n.send(0, day0.Add(7*time.Hour), 1, 2, 3)
		n.until(1)
		n.days()
		factor := 0.1
		scaled := proof.Must(n.corrections.Make(n.sides.As("engineer", "a"), n.series[0],
			correction.Words{Kind: correction.Scale, From: day0, To: day0.Add(24 * time.Hour), Factor: &factor, Reason: "比例错误", Reference: "CT 400/5"}, 0))
		gone := proof.Must(n.corrections.Make(n.sides.As("engineer", "a"), n.series[0], withdraw(day0, day0.Add(24*time.Hour)), 0))
		must(t, n.record(entryFor(n, "b")))
		must(t, n.seal.SealRecords(ctx))
		must(t, n.seal.SealRecords(ctx)) // finds nothing more
		n.room()                         // looks at the whole audit again
		must(t, n.seal.SealRecords(ctx))
		stone := proof.Must(n.seal.Tombstone(ctx, n.sides["a"], n.series[0], telemetry.Span{From: 5, To: 9}, "raw-90d", Leaf{dayN(0), 0}))

		if kind, payload := n.provedRecord(scaled.ID); kind != "correction" || !bytes.Contains(payload, []byte("比例错误")) {
			t.Errorf("%s %s", kind, payload)
		}
		if kind, _ := n.provedRecord(gone.ID); kind != "withdrawal" {
			t.Errorf("a withdrawal is a %s", kind)
		}
		if kind, payload := n.provedRecord(stone); kind != "retention" || !bytes.Contains(payload, []byte("raw-90d")) || !bytes.Contains(payload, []byte("2026-05-04 0\n")) {
			t.Errorf("%s %s", kind, payload)
		}
		entries := proof.Must(n.seal.o.Audits.Since(ctx, uuid.Nil, 10))
		if len(entries) != 3 {
			t.Fatalf("%d entries of the audit", len(entries))
		}
		for _, e := range entries {
			if kind, payload := n.provedRecord(e.ID); kind != "audit" || !bytes.Contains(payload, []byte(e.Verb)) {
				t.Errorf("%s %s", kind, payload)
			}
		}
		leaves := n.samplesLeaves()
		if len(leaves) != 1+2+3+1 {
			t.Errorf("%v", leaves)
		}
		for name, count := range leaves {
			if count != 1 {
				t.Errorf("%q stands %d times in the log", name, count)
			}
		}
		// Somebody changes words in the database: the record is not what was sealed any more.
		_, err := db.ExecContext(ctx, "UPDATE correction SET words = REPLACE(words, '400', '500') WHERE id = ?", scaled.ID)
		must(t, err)
		r := proof.Must(n.seal.findRecord(ctx, scaled.ID))
		b := proof.Must(n.seal.recordBundle(ctx, &r, 0))
		_, e, err := b.Verify(origin, nil, n.verifiers()...)
		must(t, err)
		if err := b.CheckRecord(proof.Must(n.seal.payload(ctx, &r)), &e); !errors.Is(err, evidence.ErrNotProved) || !strings.Contains(err.Error(), n.series[0].String()) {
			t.Errorf("a changed correction: %v", err)
		}
	})
}

// Retention gets samples that are sealed only, and leaves one tombstone for each day.
func TestRetentionIsAsked(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := context.Background()
	hour := int64(time.Hour)
	n.send(0, day0.Add(7*time.Hour), 1, 2)
	release := func(from, to int64) error { return n.seal.Release(ctx, n.series[0], n.sides["a"], from, to) }
	if err := release(0, day0.UnixNano()+8*hour); !errors.Is(err, ErrUnsealed) {
		t.Errorf("before the day is sealed: %v", err)
	}
	n.until(1)
	n.days()
	n.send(0, day0.Add(9*time.Hour), 7) // late: it lies in the leaf of the day after
	stones := func() (spans []string) {
		t.Helper()
		must(t, n.seal.SealRecords(ctx))
		var rows []recordRow
		must(t, n.db.NewSelect().Model(&rows).Where("kind = ?", evidence.KindRetention).OrderExpr("id").Scan(ctx))
		for i := range rows {
			_, payload := n.provedRecord(rows[i].ID)
			fields := proof.Must(ParseRecord(payload))
			spans = append(spans, fields[4].Text+" "+fields[5].Text)
		}
		return spans
	}
	must(t, release(0, day0.UnixNano()+8*hour))
	must(t, release(day0.UnixNano()+8*hour, day0.UnixNano()+8*hour+1))
	if err := release(day0.UnixNano()+8*hour+1, day0.UnixNano()+10*hour); !errors.Is(err, ErrUnsealed) {
		t.Errorf("with a late sample: %v", err)
	}
	n.until(2)
	n.days()
	must(t, release(day0.UnixNano()+8*hour+1, day0.UnixNano()+10*hour))
	must(t, release(day0.UnixNano()+10*hour, day0.UnixNano()+25*hour))
	want := []string{"0 " + digits(uint64(dayN(1).Begin())), digits(uint64(dayN(1).Begin())) + " " + digits(uint64(dayN(2).Begin()))}
	if got := stones(); !slices.Equal(got, want) {
		t.Errorf("tombstones of %v, want %v", got, want)
	}
}

// Whoever shreds a month cuts the link between its leaves and what they were of, and nothing else.
func TestShredding(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		owner := n.sides.As("owner", "a")
		n.send(0, n.clock, 1)
		n.send(1, n.clock, 1)
		n.until(1)
		n.days()
		may, june := dayN(0).Month(), dayN(30).Month()
		if _, err := n.seal.Shred(owner, n.series[0], may, "a court's order"); !errors.Is(err, ErrMonth) {
			t.Errorf("a month that is not over: %v", err)
		}
		n.until(28)
		n.send(0, n.clock, 2)
		n.until(29)
		n.days()
		old := proof.Must(n.seal.Bundle(owner, n.series[0], dayN(0), 0))
		if _, err := n.seal.Shred(owner, n.series[0], may, " "); !errors.Is(err, ErrReason) {
			t.Errorf("without a reason: %v", err)
		}
		if _, err := n.seal.Shred(n.sides.As("engineer", "a"), n.series[0], may, "a court's order"); err == nil {
			t.Error("an engineer shreds")
		}
		if _, err := n.seal.Shred(n.sides.As("owner", "b"), n.series[0], may, "a court's order"); err == nil {
			t.Error("another organisation shreds")
		}
		id := proof.Must(n.seal.Shred(owner, n.series[0], may, "a court's order"))
		if kind, payload := n.provedRecord(id); kind != KindShred || !bytes.Contains(payload, []byte("a court's order")) {
			t.Errorf("%s %s", kind, payload)
		}
		if _, err := n.seal.Bundle(owner, n.series[0], dayN(0), 0); !errors.Is(err, ErrShredded) {
			t.Errorf("its proof: %v", err)
		}
		if f := n.found(0, 0); f.State != Shredded || f.Digest == nil {
			t.Errorf("%+v", f)
		}
		if _, err := n.seal.Shred(owner, n.series[0], may, "a court's order"); !errors.Is(err, ErrGone) {
			t.Errorf("again: %v", err)
		}
		n.leafOf(1, 0)
		if s := n.leafOf(0, 28); s == "" || dayN(28).Month() != june {
			t.Error("the next month")
		}
		if _, _, err := old.Verify(origin, nil, n.verifiers()...); err != nil {
			t.Errorf("the entry is not proved any more: %v", err)
		}
		if n := proof.Must(db.NewSelect().Table("seal_key").Where("secret = ''").Count(context.Background())); n != 1 {
			t.Errorf("%d secrets are gone", n)
		}
		must(t, n.seal.SealRecords(context.Background()))
		report := proof.Must(evidence.Verify(context.Background(), evidence.VerifyOptions{FS: file.OS(), Dir: n.dir + "/evidence", Origin: origin, Keys: n.verifiers()}))
		if len(report.Problems) > 0 {
			t.Errorf("%v", report.Problems)
		}
	})
}

// The log is for all who are signed in, what its leaves are of for the readers of a series only.
func TestRoutesAndTenants(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	server := proof.Must(api.New(t.Context(), api.Options{Auth: n.sides, DB: n.db, Now: n.now}))
	n.seal.Routes(server)
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	get := func(who, path string) (int, string, http.Header) {
		t.Helper()
		q := proof.Must(http.NewRequest("GET", web.URL+"/api/v1"+path, nil))
		if who != "" {
			q.Header.Set("Authorization", "Bearer "+who)
		}
		res := proof.Must(http.DefaultClient.Do(q))
		defer res.Body.Close()
		return res.StatusCode, string(proof.Must(io.ReadAll(res.Body))), res.Header
	}
	n.send(0, day0.Add(7*time.Hour), 1, 2, 3)
	n.send(4, day0.Add(7*time.Hour), 1)
	n.until(1)
	n.days()
	must(t, n.record(entryFor(n, "a")))
	must(t, n.seal.SealRecords(t.Context()))
	older := proof.Must(n.log.Publish(t.Context()))
	n.send(0, n.clock, 5)
	n.until(2)
	n.days()
	a, b := "/series/"+n.series[0].String()+"/evidence", "/series/"+n.series[4].String()+"/evidence"

	status, bundle, _ := get("viewer@a", a+"/2026-05-04?since="+digits(older.Size))
	if status != 200 {
		t.Fatal(status, bundle)
	}
	status, rows, h := get("viewer@a", a+"/2026-05-04/samples")
	if status != 200 || h.Get("Jingwei-Seal") != "matches" {
		t.Fatal(status, rows, h)
	}
	parsed, err := ParseBundle([]byte(bundle))
	if err != nil {
		t.Fatalf("%v: %s", err, bundle)
	}
	var one, other any // the file and the answer are the same JSON
	must(t, json.Unmarshal(proof.Must(parsed.Encode()), &one))
	must(t, json.Unmarshal([]byte(bundle), &other))
	if !reflect.DeepEqual(one, other) {
		t.Errorf("%s", bundle)
	}
	c, e, err := parsed.Verify(origin, older.Text, n.verifiers()...)
	must(t, err)
	if count, err := parsed.CheckRows(strings.NewReader(rows), &e); err != nil || count != 3 {
		t.Errorf("%d rows: %v", count, err)
	}
	if _, text, _ := get("viewer@b", "/evidence/checkpoint"); text != string(n.log.Checkpoint().Text) || c.Size != n.log.Checkpoint().Size {
		t.Errorf("the checkpoint is %s", text)
	}
	if _, text, _ := get("viewer@b", "/evidence/keys"); !strings.Contains(text, n.keys[0].Verifier().String()) {
		t.Errorf("the keys are %s", text)
	}
	status, tile, h := get("viewer@b", "/evidence/tile/0/000.p/"+digits(c.Size))
	if status != 200 || len(tile) != 32*int(c.Size) || !strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Errorf("a tile: %d, %d bytes, %v", status, len(tile), h)
	}
	if status, entries, _ := get("viewer@b", "/evidence/tile/entries/000.p/"+digits(c.Size)); status != 200 || !strings.Contains(entries, "samples") {
		t.Errorf("entries: %d", status)
	}
	var days struct{ Items []DayView }
	_, list, _ := get("viewer@a", a+"?from=2026-05-03&to=2026-05-07")
	must(t, json.Unmarshal([]byte(list), &days))
	var states []State
	for _, d := range days.Items {
		states = append(states, d.State)
	}
	if !slices.Equal(states, []State{Before, Sealed, Sealed, Open}) || days.Items[1].Leaf != "0" || len(days.Items[1].Hash) != 64 {
		t.Errorf("%s", list)
	}
	if status, _, _ := get("viewer@a", a); status != 200 {
		t.Error(status)
	}
	entry := proof.Must(n.seal.o.Audits.Since(t.Context(), uuid.Nil, 1))[0].ID.String()
	for _, x := range []struct {
		who, path string
		status    int
		code      string
	}{
		{"viewer@b", a, 404, ""}, {"viewer@b", a + "/2026-05-04", 404, ""}, {"viewer@b", a + "/2026-05-04/samples", 404, ""},
		{"viewer@a", b + "/2026-05-04", 404, ""}, {"viewer@b", b + "/2026-05-04", 200, ""},
		{"", a, 401, ""}, {"", "/evidence/checkpoint", 401, ""}, {"", "/evidence/tile/0/000.p/1", 401, ""},
		{"viewer@a", a + "/2026-05-06", 409, "seal-open"}, {"viewer@b", b + "/2026-05-05", 404, "seal-empty"}, {"viewer@a", a + "/2026-05-01", 404, "seal-before"},
		{"viewer@a", a + "/tomorrow", 422, "seal-day"}, {"viewer@a", a + "?from=2020-01-01", 422, "seal-span"}, {"viewer@a", a + "?to=x", 422, "seal-day"},
		{"viewer@a", a + "/2026-05-04?since=99", 422, "seal-size"},
		{"viewer@a", "/evidence/tile/../../keys/evidence.key", 404, ""}, {"viewer@a", "/evidence/tile/0/..%2f..%2fcheckpoint", 404, "seal-tile"},
		{"viewer@a", "/evidence/tile/0/001", 404, "seal-tile"}, {"viewer@a", "/evidence/tile/0/1", 404, "seal-tile"},
		{"owner@a", "/evidence/records/" + entry, 200, ""}, {"owner@a", "/evidence/records/" + entry + "/payload", 200, ""},
		{"viewer@a", "/evidence/records/" + entry, 404, ""}, {"owner@b", "/evidence/records/" + entry, 404, ""}, {"owner@b", "/evidence/records/" + entry + "/payload", 404, ""},
		{"owner@a", "/evidence/records/" + uuid.NewString(), 404, ""}, {"viewer@a", "/evidence", 200, ""},
	} {
		status, body, _ := get(x.who, x.path)
		if status != x.status || !strings.Contains(body, x.code) {
			t.Errorf("%s asks for %s: %d %s, want %d %s", x.who, x.path, status, body, x.status, x.code)
		}
	}
	if words := proof.Must(problem.ReadCatalogue(texts, "texts")); len(words.Missing(kinds()...)) > 0 {
		t.Errorf("without words: %v", words.Missing(kinds()...))
	}
}

func TestTileNames(t *testing.T) {
	for name, want := range map[string]bool{
		"tile/0/000": true, "tile/1/x001/x234/067": true, "tile/entries/x001/067.p/12": true, "tile/0/000.p/255": true,
		"tile/0/000.p/256": false, "tile/0/000.p/0": false, "tile/0/000.p/01": false, "tile/00/000": false, "tile/64/000": false, "tile/0/x001": false, "tile/0/001/002": false,
		"tile/0/..": false, "tile/0/../../checkpoint": false, "tile//000": false, "tile/0": false, "checkpoint": false, "tile/0/000.tmp": false, "tile/data/000": false,
	} {
		if tileName(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
