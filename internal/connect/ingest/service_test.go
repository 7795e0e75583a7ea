package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

var noMatch = api.IfMatch{}

func float(f float64) telemetry.Value {
	return telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(f)}
}

func TestSourcesOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := n.as(auth.Engineer, "a")
		good := Draft{Org: n.a, Name: text.Both("line"), Kind: "push", Transport: HTTP, Config: json.RawMessage(`{}`)}
		for what, c := range map[string]struct {
			set  func(*Draft)
			want error
		}{
			"no name":                   {func(d *Draft) { d.Name = text.Both("") }, ErrName},
			"an unknown kind":           {func(d *Draft) { d.Kind = "profinet" }, ErrKind},
			"another transport":         {func(d *Draft) { d.Transport = Broker }, ErrTransport},
			"an unknown field":          {func(d *Draft) { d.Config = json.RawMessage(`{"colour":1}`) }, ErrConfig},
			"no object":                 {func(d *Draft) { d.Config = json.RawMessage(`[1]`) }, ErrConfig},
			"a broker without need":     {func(d *Draft) { d.Config = json.RawMessage(`{"remote":{"url":"mqtt://h"}}`) }, ErrConfig},
			"remote without broker":     {func(d *Draft) { d.Kind, d.Transport = "sparkplug", Remote }, ErrConfig},
			"a site of another":         {func(d *Draft) { d.Adopt = n.siteB }, ErrAdopt},
			"computed values":           {func(d *Draft) { d.Origin = telemetry.Computed }, ErrOrigin},
			"another organisation":      {func(d *Draft) { d.Org = n.b }, auth.ErrNotFound},
			"too large a configuration": {func(d *Draft) { d.Config = json.RawMessage(`{"omit":["` + strings.Repeat("x", maxConfig) + `"]}`) }, ErrConfig},
		} {
			d := good
			c.set(&d)
			if _, err := n.ingest.Create(ctx, d); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", what, err, c.want)
			}
		}
		if _, err := n.ingest.Create(n.as(auth.Viewer, "a"), good); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		src := proof.Must(n.ingest.Create(ctx, good))
		renamed := text.Both("renamed")
		if _, err := n.ingest.Update(ctx, src.ID, Change{Name: &renamed}, api.IfMatch{IfMatch: `"other"`}); !errors.Is(err, api.ErrPrecondition) {
			t.Errorf("another version: %v", err)
		}
		changed := proof.Must(n.ingest.Update(ctx, src.ID, Change{Name: &renamed, Adopt: &n.siteA, Config: json.RawMessage(`{"omit":["pid"]}`)}, api.IfMatch{IfMatch: src.ETag()}))
		if changed.Name != renamed || changed.Adopt != n.siteA || changed.ETag() == src.ETag() {
			t.Errorf("changed: %+v", changed)
		}
		c := n.credential("a", src, "")

		// A device feeds a machine made by hand; the machine moves to another device; what was stands in the table.
		machine := n.machine(n.a, n.siteA, "t1", "t2")
		f := proof.Must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 1"))
		if again := proof.Must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 1")); again != f {
			t.Errorf("feeding again changed %+v to %+v", f, again)
		}
		second := n.machine(n.a, n.siteA, "t1")
		if _, err := n.ingest.SetFeed(ctx, second, src.ID, "dev 1"); !errors.Is(err, ErrFeedTaken) {
			t.Errorf("a device that feeds another machine: %v", err)
		}
		if _, err := n.ingest.SetFeed(ctx, n.machine(n.b, n.siteB, "t1"), src.ID, "dev 2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a machine of another organisation: %v", err)
		}
		if _, err := n.ingest.SetFeed(ctx, second, src.ID, "a\nb"); !errors.Is(err, ErrDevice) {
			t.Errorf("a bad device: %v", err)
		}
		n.connected[second] = true
		if _, err := n.ingest.SetFeed(ctx, second, src.ID, "dev 2"); !errors.Is(err, ErrConnected) {
			t.Errorf("a machine that is read through a gateway: %v", err)
		}
		if fed, err := n.ingest.Fed(ctx, machine); err != nil || !fed {
			t.Errorf("fed: %v %v", fed, err)
		}
		if fed, err := n.ingest.Fed(ctx, second); err != nil || fed {
			t.Errorf("not fed: %v %v", fed, err)
		}
		at := time.Now().UnixNano()
		if _, err := n.put(src, "dev 1", "t1", at, float(1.5)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		proof.Must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 2"))
		if slot, err := n.put(src, "dev 1", "t1", at+1, float(7)); err != nil || slot.Ref != 0 {
			t.Errorf("the old device still feeds: %+v %v", slot, err)
		}
		if _, err := n.put(src, "dev 2", "t1", at+2, float(2.5)); err != nil {
			t.Fatal(err)
		}
		got := n.samples(n.points(n.a, machine)["t1"])
		if len(got) != 2 || got[0].Value != float(1.5) || got[1].Value != float(2.5) || got[0].Origin != telemetry.Measured {
			t.Errorf("samples %+v", got)
		}
		if was, err := machineFeed(ctx, db, auth.System(n.a), machine, f.From); err != nil || was.Device != "dev 1" || was.To == store.Forever {
			t.Errorf("what was before: %+v %v", was, err)
		}

		n.stop()
		n.start()
		in := n.ingest.inlet(src.ID)
		if in == nil || in.feeds["dev 2"].Machine != machine || len(in.devices) != 2 || in.source().Name != renamed || in.source().Adopt != n.siteA {
			t.Fatalf("after a restart: %+v", in)
		}
		if v := in.deviceView(in.devices["dev 1"]); v.State != Unknown || v.FirstSeen.IsZero() || v.LastSeen.UnixNano() < at+1 || v.LastSeen.After(time.Now()) {
			t.Errorf("a device after a restart: %+v, last heard %d, want %d", v, v.LastSeen.UnixNano(), at+1)
		}
		if epoch, _ := n.store.LastSeq(src.ID); epoch == 0 {
			t.Error("the source is not the producer of its samples")
		}
		if _, err := n.put(src, "dev 2", "t1", at+3, float(3.5)); err != nil {
			t.Fatal(err)
		}
		if got := n.samples(n.points(n.a, machine)["t1"]); len(got) != 3 {
			t.Errorf("after a restart %d samples", len(got))
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(c.Secret), "10.0.0.1:1"); err != nil {
			t.Errorf("the credential after a restart: %v", err)
		}
		if err := n.ingest.EndFeed(ctx, machine); err != nil {
			t.Fatal(err)
		}
		if _, err := n.ingest.Feed(ctx, machine); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the feed after its end: %v", err)
		}
		proof.Must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 2"))
		if err := n.ingest.Remove(ctx, src.ID, noMatch); err != nil {
			t.Fatal(err)
		}
		if _, err := n.ingest.Feed(ctx, machine); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the feed of a removed source: %v", err)
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(c.Secret), "10.0.0.1:1"); !errors.Is(err, ErrCredential) {
			t.Errorf("the credential of a removed source: %v", err)
		}
		if err := n.ingest.Remove(ctx, src.ID, noMatch); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removing it again: %v", err)
		}
		verbs := n.audited()
		for _, v := range []string{"ingest.source.create", "ingest.source.update", "ingest.source.remove", "ingest.credential.create", "ingest.feed.set", "ingest.feed.end"} {
			if verbs[v] == 0 {
				t.Errorf("no audit entry %s in %v", v, verbs)
			}
		}
	})
}

// audited counts the audit entries by verb.
func (n *node) audited() map[string]int {
	n.t.Helper()
	list, _, err := audit.List(context.Background(), n.db, auth.Everywhere(), audit.Filter{}, store.Page{Limit: 500})
	if err != nil {
		n.t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range list {
		out[e.Verb]++
	}
	return out
}

func TestCredentialsOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := n.as(auth.Engineer, "a")
		src, other := n.source("a", "push", HTTP, false), n.source("a", "push", HTTP, false)
		c := n.credential("a", src, "dev 1")
		if len(c.Secret) != secretLength || c.Device != "dev 1" {
			t.Fatalf("credential %+v", c)
		}
		var rows []credentialRow
		if err := db.NewSelect().Model(&rows).Scan(ctx); err != nil || len(rows) != 1 || strings.Contains(fmt.Sprint(rows), c.Secret) || len(rows[0].Hash) != 64 {
			t.Errorf("what is kept: %+v %v", rows, err)
		}
		st, in, err := n.ingest.verify(c.ID.String(), []byte(c.Secret), "10.0.0.1:4")
		if err != nil || in.source().ID != src.ID || st.device != "dev 1" {
			t.Errorf("the right secret: %+v %v", st, err)
		}
		wrong := strings.Map(func(r rune) rune { return 'A' }, c.Secret)
		for what, q := range map[string][2]string{"a wrong secret": {c.ID.String(), wrong}, "half a secret": {c.ID.String(), c.Secret[:20]}, "no secret": {c.ID.String(), ""},
			"another id": {uuid.NewString(), c.Secret}, "no id": {"", c.Secret}, "an id in braces": {"{" + c.ID.String() + "}", c.Secret}} {
			if _, _, err := n.ingest.verify(q[0], []byte(q[1]), "10.0.0.2:4"); !errors.Is(err, ErrCredential) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if v := n.ingest.inlet(src.ID).view(); v.LastTrouble == nil || v.LastTrouble.Code != "credential" || v.LastTrouble.Where != "10.0.0.2" {
			t.Errorf("the page does not tell of the wrong secret: %+v", v.LastTrouble)
		}
		for range perAddress.Burst {
			_, _, _ = n.ingest.verify(c.ID.String(), []byte(wrong), "10.0.0.2:4")
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(wrong), "10.0.0.2:4"); !errors.Is(err, ErrSlowDown) {
			t.Errorf("after many wrong secrets: %v", err)
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(c.Secret), "10.0.0.2:4"); err != nil {
			t.Errorf("the right secret from the same address: %v", err)
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(wrong), "10.0.0.3:4"); !errors.Is(err, ErrCredential) {
			t.Errorf("a wrong secret from elsewhere: %v", err)
		}
		n.wait("the condition is raised", func() bool { return n.raised("source.credential", src.ID) })
		if list := proof.Must(n.ingest.Credentials(ctx, src.ID)); len(list) != 1 || list[0].Used == 0 || list[0].Name != "line 1" {
			t.Errorf("listed: %+v", list)
		}
		if err := n.ingest.saveUses(ctx); err != nil {
			t.Fatal(err)
		}
		if list := proof.Must(n.ingest.Credentials(ctx, src.ID)); list[0].Used == 0 {
			t.Errorf("its use was forgotten: %+v", list)
		}
		if _, err := n.ingest.NewCredential(ctx, src.ID, "", "", nil); !errors.Is(err, ErrName) {
			t.Errorf("no name: %v", err)
		}
		if _, err := n.ingest.NewCredential(ctx, src.ID, "x", "a\x00", nil); !errors.Is(err, ErrDevice) {
			t.Errorf("a bad device: %v", err)
		}
		if _, err := n.ingest.NewCredential(n.as(auth.Operator, "a"), src.ID, "x", "", nil); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("an operator: %v", err)
		}
		if _, err := n.ingest.Credentials(n.as(auth.Owner, "b"), src.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("another organisation: %v", err)
		}
		if err := n.ingest.Revoke(ctx, other.ID, c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("as one of another source: %v", err)
		}
		if err := n.ingest.Revoke(ctx, src.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.ingest.verify(c.ID.String(), []byte(c.Secret), "10.0.0.1:4"); !errors.Is(err, ErrCredential) {
			t.Errorf("after it was revoked: %v", err)
		}
		if err := n.ingest.Revoke(ctx, src.ID, c.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("revoking it again: %v", err)
		}
	})
}

func (n *node) raised(kind string, source uuid.UUID) bool {
	for _, c := range n.board.List(auth.Everywhere(), true) {
		if c.Kind == kind && c.Subject == source.String() {
			return true
		}
	}
	return false
}

func TestConditionsFollowFromFacts(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	src := Source{ID: uuid.New(), Org: uuid.New(), Name: text.Both("s"), Transport: Broker}
	for _, c := range []struct {
		name string
		set  func(*facts)
		want []string
	}{
		{"all well", func(*facts) {}, nil},
		{"cannot start", func(f *facts) { f.failure = &Trouble{Code: "start"} }, []string{"source.start"}},
		{"remote is connected", func(f *facts) { f.source.Transport, f.state, f.away = Remote, Connected, time.Hour }, nil},
		{"remote just gone", func(f *facts) { f.source.Transport, f.state, f.away = Remote, Connecting, 5*time.Second }, nil},
		{"remote gone", func(f *facts) { f.source.Transport, f.state, f.away = Remote, Failed, time.Minute }, []string{"source.remote"}},
		{"trouble", func(f *facts) { f.trouble, f.last = &Trouble{Code: "type"}, now.Add(-time.Minute) }, []string{"source.trouble"}},
		{"trouble long ago", func(f *facts) { f.trouble, f.last = &Trouble{Code: "type"}, now.Add(-time.Hour) }, nil},
		{"wrong secret", func(f *facts) {
			f.wrong = now.Add(-time.Minute)
		}, []string{"source.credential"}},
		{"certificate", func(f *facts) { f.expires = now.Add(10 * 24 * time.Hour) }, []string{"source.certificate"}},
		{"certificate is young", func(f *facts) { f.expires = now.Add(100 * 24 * time.Hour) }, nil},
	} {
		f := facts{now: now, source: src}
		c.set(&f)
		var got []string
		for _, found := range conditionsOf(f) {
			got = append(got, found.Kind)
			if found.Org != src.Org || found.Text.Zh == "" || found.Text.En == "" || found.Subject != src.ID.String() {
				t.Errorf("%s: %+v", c.name, found)
			}
			if !slices.Contains(conditionKinds, found.Kind) {
				t.Errorf("%s is not cleared after a restart", found.Kind)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestEveryErrorHasWords(t *testing.T) {
	c := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := c.Missing(kinds()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
