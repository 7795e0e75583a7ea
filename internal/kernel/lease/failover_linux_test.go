package lease_test

import (
	"context"
	"testing"
	"time"

	"jingwei/internal/kernel/lease"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestAHolderWithGraceOutlivesAFailOver: while there is no primary nobody else can take the lease, and a holder with
// grace goes on for longer than the lease lasts; the new primary renews it. One without grace has stopped.
func TestAHolderWithGraceOutlivesAFailOver(t *testing.T) {
	t.Parallel()
	p := storetest.NewPair(t)
	open := func(grace time.Duration) *lease.Office {
		db, err := store.Open(t.Context(), p.URL(), store.Options{Schema: "jw_cluster"})
		if err != nil {
			t.Fatal(err)
		}
		f, err := lease.New(t.Context(), lease.Options{DB: db, Note: "a", Length: time.Second, Grace: grace})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close(); _ = db.Close() })
		return f
	}
	patient, hasty := open(time.Minute), open(0)
	kept, err := patient.Take(t.Context(), "kept")
	if err != nil {
		t.Fatal(err)
	}
	lost, err := hasty.Take(t.Context(), "lost")
	if err != nil {
		t.Fatal(err)
	}
	p.KillPrimary()
	<-lost.Context().Done()
	time.Sleep(time.Second) // the lease of the patient one has run out too by now
	if err := kept.Context().Err(); err != nil {
		t.Fatalf("with grace: %v", context.Cause(kept.Context()))
	}
	p.Promote()
	deadline := time.Now().Add(30 * time.Second)
	for {
		all, held, err := hasty.List(t.Context())
		if err == nil && held[0] && all[0].Name == "kept" && all[0].Epoch == kept.Epoch() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("not renewed", all, held, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := kept.Context().Err(); err != nil {
		t.Fatalf("with grace, after the fail-over: %v", context.Cause(kept.Context()))
	}
}
