package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
)

// TestWhoWasLetInStaysWhileTheDatabaseFailsOver: without a database who was let in a moment ago is let in again with the
// roles of then, a stranger is not, and not for longer than the bridge. What ended when it answers again has ended.
func TestWhoWasLetInStaysWhileTheDatabaseFailsOver(t *testing.T) {
	t.Parallel()
	pair := storetest.NewPair(t)
	db, err := store.Open(t.Context(), pair.URL(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h := build(t, db)
	h.recent.bridge = 5 * time.Minute
	_, li, session := h.person("li", map[uuid.UUID]Role{h.a: Owner})
	_, _, stranger := h.person("wu", map[uuid.UUID]Role{h.a: Owner})
	h.recent.forget(secretKey(stranger.Secret))
	h.as(session.Secret)
	pair.KillPrimary()
	in := func(secret string) error {
		p, ok, err := h.Authenticate(request(secret))
		if err == nil && (!ok || !p.may(Read, h.a) || p.may(Read, h.b)) {
			t.Errorf("let in %v with %v", ok, p.Roles())
		}
		return err
	}
	if err := in(session.Secret); err != nil {
		t.Errorf("who was in: %v", err)
	}
	if err := in(stranger.Secret); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a stranger: %v", err)
	}
	h.clock = h.clock.Add(5*time.Minute + time.Second)
	if err := in(session.Secret); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after the bridge: %v", err)
	}
	h.clock = h.clock.Add(-2 * time.Second)
	pair.Promote()
	deadline := time.Now().Add(30 * time.Second)
	for in(session.Secret) != nil || h.SignOut(li) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the database did not come back")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if _, ok, err := h.Authenticate(request(session.Secret)); ok || err != nil {
		t.Errorf("after signing out: %v, %v", ok, err)
	}
	if _, ok := h.recent.find(secretKey(session.Secret), h.clock); ok {
		t.Error("a session that has ended is remembered")
	}
}
