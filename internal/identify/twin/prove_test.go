package twin_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"jingwei/internal/identify/twin"
	"jingwei/internal/identify/twin/aas"
	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// fill commits seven versions of three shells, each alone, then new ones of all three and a submodel together, then a deletion.
func fill(t *testing.T, h *house) {
	t.Helper()
	for i := range 7 {
		must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell(fmt.Sprint("urn:x:", i%3), fmt.Sprint("S", i), "1")), twin.Way{Reason: "因为 <&>"}))
	}
	docs := []*aas.Document{doc(t, aas.Submodel, `{"modelType":"Submodel","id":"urn:x:s","idShort":"X"}`)}
	for i := range 3 {
		docs = append(docs, doc(t, aas.Shell, shell(fmt.Sprint("urn:x:", 2-i), "Together", "1")))
	}
	must[[]twin.Item](t)(h.twin.Import(ctx, scope(steel), docs, twin.Way{}))
	if err := h.twin.Delete(ctx, scope(steel), aas.Submodel, "urn:x:s", "sold"); err != nil {
		t.Fatal(err)
	}
}

func TestEveryVersionIsProved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		fill(t, h)
		if _, err := h.twin.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 2); !errors.Is(err, twin.ErrUnproved) {
			t.Errorf("before it is signed: %v", err)
		}
		h.seal()
		if got := h.log.Checkpoint().Size; got != 9 {
			t.Fatalf("%d leaves, want 9: one for each commit", got)
		}
		proved := 0
		for kind, ids := range map[twin.Kind][]string{aas.Shell: {"urn:x:0", "urn:x:1", "urn:x:2"}, aas.Submodel: {"urn:x:s"}} {
			for _, id := range ids {
				versions, _, err := h.twin.History(ctx, scope(steel), kind, id, store.Page{})
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range versions {
					h.verify(v)
					proved++
				}
			}
		}
		if proved != 12 {
			t.Errorf("%d versions, want 12", proved)
		}
		if _, err := h.twin.Prove(ctx, scope(mills), aas.Shell, "urn:x:1", 2); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another tenant gets a proof: %v", err)
		}
		if _, err := h.twin.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 9); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a version that is not: %v", err)
		}
	})
}

// verify gets the file that proves a version over the API and checks it offline.
func (h *house) verify(v twin.Item) {
	h.t.Helper()
	r := h.at("viewer@steel", "GET", fmt.Sprintf("/api/v1/twin-proofs?org=%s&documentKind=%s&document=%s&version=%d", steel, v.Kind, v.ID, v.Version), nil, nil)
	var f struct {
		Format  string
		Version []byte
		Group   json.RawMessage
	}
	if err := json.Unmarshal(r.body, &f); r.status != 200 || err != nil || f.Format != "jingwei-twin-proof/1" {
		h.t.Fatalf("%d %s %v", r.status, r.body, err)
	}
	p := must[group.Proof](h.t)(group.ParseProof(f.Group))
	e, _, err := p.Verify(f.Version, twin.KindTwins, origin, key.Verifier())
	if err != nil || e.Subject != node || e.CommitTime != v.At {
		h.t.Errorf("%s %d: %+v %v", v.ID, v.Version, e, err)
	}
	if _, _, err := p.Verify(append(f.Version, ' '), twin.KindTwins, origin, key.Verifier()); !errors.Is(err, evidence.ErrNotProved) {
		h.t.Errorf("something else is proved, too: %v", err)
	}
	act, content := "put", sha256.Sum256(v.Content)
	if v.Content == nil {
		act = "delete"
	}
	want := []any{"twin", steel.String(), string(v.Kind), v.ID, float64(v.Version), act, float64(v.At), v.Actor, v.Reason, hex.EncodeToString(content[:])}
	var got []any
	if err := json.Unmarshal(f.Version, &got); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Errorf("proved is %s (%v), want %v", f.Version, err, want)
	}
}

func TestWhatWasChangedIsNotProved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		fill(t, h)
		h.seal()
		together := must[twin.Proof](t)(h.twin.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 3))
		const one, other = "content LIKE '%Together%' AND content LIKE '%urn:x:1%'", "content LIKE '%Together%' AND content LIKE '%urn:x:2%'"
		for _, c := range []struct{ what, change, back string }{
			{"its reason", "UPDATE twin_version SET reason = 'x' WHERE " + one, "UPDATE twin_version SET reason = '' WHERE " + one},
			{"its content", "UPDATE twin_version SET content = content || ' ' WHERE " + one, "UPDATE twin_version SET content = TRIM(content) WHERE " + one},
			{"another's content", "UPDATE twin_version SET content = content || ' ' WHERE " + other, "UPDATE twin_version SET content = TRIM(content) WHERE " + other},
			{"the id of the thing", "UPDATE twin_item SET id = 'urn:x:9' WHERE id = 'urn:x:1'", "UPDATE twin_item SET id = 'urn:x:1' WHERE id = 'urn:x:9'"},
			{"another was taken away", "DELETE FROM twin_version WHERE " + other, ""},
		} {
			must[sql.Result](t)(db.NewRaw(c.change).Exec(ctx))
			if _, err := h.twin.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 3); !errors.Is(err, group.ErrChanged) {
				t.Errorf("%s: %v", c.what, err)
			}
			if c.back == "" {
				continue
			}
			must[sql.Result](t)(db.NewRaw(c.back).Exec(ctx))
			if p := must[twin.Proof](t)(h.twin.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 3)); string(p.Version) != string(together.Version) {
				t.Errorf("%s: proved is %s", c.what, p.Version)
			}
		}
	})
}

func TestWithoutABookNothingIsProved(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	alone := must[*twin.Service](t)(twin.New(ctx, twin.Options{DB: h.db, Plant: h.plant, Readings: h.tele.Store, Now: h.now}))
	must[twin.Item](t)(alone.Put(ctx, scope(steel), doc(t, aas.Shell, shell("urn:x:1", "One", "1")), twin.Way{}))
	h.seal()
	if got := h.log.Checkpoint().Size; got != 0 {
		t.Errorf("%d leaves", got)
	}
	for name, s := range map[string]*twin.Service{"without": alone, "later": h.twin} {
		if _, err := s.Prove(ctx, scope(steel), aas.Shell, "urn:x:1", 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A change with a file is a transaction around the commit: the book is told once that has ended.
func TestACommitWithinATransactionIsSealedSoon(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	must[twin.Item](t)(h.twin.Put(ctx, scope(steel), doc(t, aas.Shell, shell("urn:x:1", "One", "1")), twin.Way{}))
	h.seal()
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.book.Run(running) }()
	defer func() { stop(); <-ended }()
	if err := h.twin.PutThumbnail(ctx, scope(steel), "urn:x:1", []byte("\x89PNG"), "image/png", ""); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); h.log.Checkpoint().Size != 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is not in the log")
		}
		must[evidence.Checkpoint](t)(h.log.Publish(ctx))
	}
}
