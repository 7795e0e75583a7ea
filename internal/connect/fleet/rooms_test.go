package fleet

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestAMachineIsFedOrConnected(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as(auth.Engineer, "a")
	g := proof.Must(n.fleet.Create(ctx, n.a, text.Both("gw"), uuid.Nil))
	l := proof.Must(n.fleet.AddLink(ctx, g.ID, text.Both("meters"), "modbus", json.RawMessage(`{"address":"10.0.0.1"}`)))
	fed, _ := n.machine(n.a, 1, time.Second)
	free, _ := n.machine(n.a, 1, time.Second)
	n.fleet.o.Fed = func(_ context.Context, machine uuid.UUID) (bool, error) { return machine == fed, nil }
	if status, _, body := n.call("engineer@a", "PUT", "/plant/machines/"+fed.String()+"/connection", map[string]any{"link": l.ID, "unit": "1"}, nil); status != 409 || body["code"] != "machine-has-feed" {
		t.Errorf("a machine that is fed: %d %v", status, body)
	}
	proof.Must(n.fleet.Connect(ctx, free, l.ID, ""))
	for machine, want := range map[uuid.UUID]bool{fed: false, free: true, uuid.New(): false} {
		if got, err := n.fleet.Connected(context.Background(), machine); err != nil || got != want {
			t.Errorf("connected %s: %v %v, want %v", machine, got, err, want)
		}
	}
}

func TestTheLiveStreamTellsOfRemovedGateways(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as(auth.Owner, "a")
	g, other := proof.Must(n.fleet.Create(ctx, n.a, text.Both("gw"), uuid.Nil)), proof.Must(n.fleet.Create(ctx, n.a, text.Both("gw 2"), uuid.Nil))
	foreign := proof.Must(n.fleet.Create(n.as(auth.Owner, "b"), n.b, text.Both("gw b"), uuid.Nil))
	feed := proof.Must(liveSource{n.fleet}.Watch(ctx, auth.System(n.a), api.LiveQuery{}))
	next := func() changes {
		v, err := feed.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := v.(changes)
		return c
	}
	if c := next(); len(c.Items) != 2 || c.Removed != nil {
		t.Errorf("first %+v", c)
	}
	for at, id := range map[string]uuid.UUID{"a": g.ID, "b": foreign.ID} {
		if err := n.fleet.Remove(n.as(auth.Owner, at), id, noMatch); err != nil {
			t.Fatal(err)
		}
	}
	if c := next(); len(c.Items) != 0 || len(c.Removed) != 1 || c.Removed[0] != g.ID {
		t.Errorf("after the removal %+v, want %s removed and nothing of %s or %s", c, g.ID, other.ID, foreign.ID)
	}
	if v, err := feed.Next(ctx); v != nil || err != nil {
		t.Errorf("nothing has changed: %v %v", v, err)
	}
}
