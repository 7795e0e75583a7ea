package api

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

func TestIdempotencyKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
		s := newServer(t, Options{DB: db, Now: func() time.Time { return now }})
		make := func(caller, key, name string) reply {
			return call(t, s, "POST", "/api/v1/things", `{"name":"`+name+`"}`, "Authorization", "Bearer "+caller, "Idempotency-Key", key)
		}
		first := make("a", "k1", "one")
		again := make("a", "k1", "one")
		if first.StatusCode != 201 || again.StatusCode != 201 || first.body != again.body || again.Header.Get("Idempotency-Replayed") != "true" ||
			again.Header.Get("ETag") != first.Header.Get("ETag") || first.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("first %d %s %v, again %d %s %v", first.StatusCode, first.body, first.Header, again.StatusCode, again.body, again.Header)
		}
		if r := make("a", "k1", "two"); r.StatusCode != 422 || r.doc.Code != "idempotency-key-reused" {
			t.Errorf("the same key for another body: %s", r.body)
		}
		if r := make("b", "k1", "one"); r.StatusCode != 201 || r.body == first.body {
			t.Errorf("another caller with the same key: %s", r.body)
		}
		if r := make("a", "k2", "one"); r.body == first.body {
			t.Errorf("another key: %s", r.body)
		}
		if r := make("a", "bad key", "one"); r.StatusCode != 422 || r.doc.Code != "idempotency-key-invalid" {
			t.Errorf("a key with a blank: %s", r.body)
		}
		// Refusals are answers too; faults of the node may be tried again.
		if r := make("a", "k3", "toolong"); r.StatusCode != 422 {
			t.Error(r.body)
		}
		if r := make("a", "k3", "toolong"); r.Header.Get("Idempotency-Replayed") != "true" || r.doc.Code != "invalid" {
			t.Errorf("a refusal again: %s", r.body)
		}
		for range 2 {
			if r := make("a", "k4", "panic"); r.StatusCode != 500 || r.Header.Get("Idempotency-Replayed") != "" {
				t.Errorf("a fault again: %d %v", r.StatusCode, r.Header)
			}
		}
		// What is kept is sealed.
		var kept [][]byte
		if err := db.NewSelect().Table("api_idempotency").Column("answer").Scan(context.Background(), &kept); err != nil {
			t.Fatal(err)
		}
		for _, b := range kept {
			if bytes.Contains(b, []byte("number")) {
				t.Error("an answer is kept in readable form")
			}
		}
		// A day later the key is free, and the table has been swept.
		now = now.Add(25 * time.Hour)
		if r := make("a", "k1", "two"); r.StatusCode != 201 || r.Header.Get("Idempotency-Replayed") != "" {
			t.Errorf("a day later: %s", r.body)
		}
		if n, err := db.NewSelect().Table("api_idempotency").Count(context.Background()); err != nil || n != 1 {
			t.Errorf("%d rows stay, %v", n, err)
		}
	})
}

func TestIdempotencyKeyWorksOnceForManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newServer(t, Options{DB: db})
		var wg sync.WaitGroup
		var mu sync.Mutex
		bodies, busy := map[string]int{}, 0
		for range 10 {
			wg.Go(func() {
				r := call(t, s, "POST", "/api/v1/things", `{"name":"one"}`, "Authorization", "Bearer a", "Idempotency-Key", "race")
				mu.Lock()
				defer mu.Unlock()
				if r.StatusCode == 409 && r.doc.Code == "idempotency-key-in-progress" {
					busy++
				} else {
					bodies[r.body]++
				}
			})
		}
		wg.Wait()
		if len(bodies) != 1 {
			t.Errorf("the work was done %d times: %v (%d were told to wait)", len(bodies), bodies, busy)
		}
	})
}
