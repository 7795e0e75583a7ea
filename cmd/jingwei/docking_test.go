package main

import (
	"testing"
	"time"

	"jingwei/internal/identify/docking"
	"jingwei/internal/identify/handle"
	"jingwei/internal/identify/registry"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// TestASecondaryNodeDocksWithATopNode: two whole nodes; the top one enters the other with its keys, probes it over the Handle protocol and takes
// what it hands in over HTTP: where it is resolved, and where the enterprises are to which it has delegated prefixes.
func TestASecondaryNodeDocksWithATopNode(t *testing.T) {
	ctx := auth.AsSystem(t.Context(), "test")
	top, topOrg := runningNode(t, "top", nil)
	second, secondOrg := runningNode(t, "second", nil, "JINGWEI_HANDLE_UDP=127.0.0.1:0", "JINGWEI_HANDLE_TCP=127.0.0.1:0", "JINGWEI_INBOX_ALLOW=127.0.0.1")
	works := handle.Site{DataVersion: 1, Version: handle.NewestVersion, Serial: 1, Primary: true, Hash: handle.HashByHandle,
		Servers: []handle.SiteServer{{ID: 1, Address: second.doors.UDP().Addr(), Interfaces: []handle.Interface{{Query: true, Protocol: handle.UDP, Port: 2641}}}}}
	for _, a := range []registry.Allocation{
		{Prefix: "88.101", State: registry.Homed, Reason: "test"},
		{Prefix: "88.101.5", State: registry.Delegated, Reason: "test", Values: []handle.Value{{Index: 1, Type: handle.TypeSite, Data: handle.AppendSite(nil, works), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}}},
	} {
		if _, err := second.registry.Allocate(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	entry := docking.Entry{Prefix: "88.101", Role: docking.Secondary, Name: text.Both("second"), Operator: text.Both("operator"),
		Doors: []string{"udp " + second.doors.UDP().String(), "tcp " + second.doors.TCP().String()}}
	for _, k := range second.signers {
		entry.Keys = append(entry.Keys, k.Verifier().String())
	}
	n := proof.Must(top.docking.Register(ctx, topOrg.ID, entry, "it has applied"))
	for _, next := range []docking.State{docking.Testing, docking.Serving} {
		n = proof.Must(top.docking.Change(ctx, n.ID, n.Revision, entry, next, "the test has passed"))
	}
	if _, err := second.docking.SetAbove(ctx, docking.Above{Org: secondOrg.ID, Prefix: "88.101", URL: top.base() + "/api/v1/docking/returns", Since: time.Now().In(docking.China).Format(time.DateOnly), Reason: "agreed"}); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "the top node has what is due at once", func() bool {
		list, _, err := top.docking.Returns(ctx, n.ID, "own-resolution", store.Page{})
		return err == nil && len(list) == 1 && list[0].Rows == 1
	})
	proof.Wait(t, "the top node has probed the other", func() bool {
		_, st, err := top.docking.Status(ctx, n.ID)
		return err == nil && st.Known && !st.Down && len(st.Answers) == 2 && st.Answers[0].Well && st.Answers[1].Well
	})
	rows := proof.Must(second.makers()["enterprise-routing"](ctx, &docking.Above{Prefix: "88.101"}, ""))
	if len(rows) != 1 || rows[0]["prefix"] != "88.101.5" || rows[0]["udp"] != int64(2641) {
		t.Errorf("%v", rows)
	}
}
