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

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/plant"
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
		good := Draft{Org: n.a, Name: named("line"), Kind: "push", Transport: HTTP, Config: json.RawMessage(`{}`)}
		for what, c := range map[string]struct {
			set  func(*Draft)
			want error
		}{
			"no name":                   {func(d *Draft) { d.Name = named("") }, ErrName},
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
		src := must(n.ingest.Create(ctx, good))
		renamed := named("renamed")
		if _, err := n.ingest.Update(ctx, src.ID, Change{Name: &renamed}, api.IfMatch{IfMatch: `"other"`}); !errors.Is(err, api.ErrPrecondition) {
			t.Errorf("another version: %v", err)
		}
		changed := must(n.ingest.Update(ctx, src.ID, Change{Name: &renamed, Adopt: &n.siteA, Config: json.RawMessage(`{"omit":["pid"]}`)}, api.IfMatch{IfMatch: src.ETag()}))
		if changed.Name != renamed || changed.Adopt != n.siteA || changed.ETag() == src.ETag() {
			t.Errorf("changed: %+v", changed)
		}
		c := n.credential("a", src, "")

		// A device feeds a machine made by hand; the machine moves to another device; what was stands in the table.
		machine := n.machine(n.a, n.siteA, "t1", "t2")
		f := must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 1"))
		if again := must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 1")); again != f {
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
		must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 2"))
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
		must(n.ingest.SetFeed(ctx, machine, src.ID, "dev 2"))
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
		for range guessBurst {
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
		if list := must(n.ingest.Credentials(ctx, src.ID)); len(list) != 1 || list[0].Used == 0 || list[0].Name != "line 1" {
			t.Errorf("listed: %+v", list)
		}
		if err := n.ingest.saveUses(ctx); err != nil {
			t.Fatal(err)
		}
		if list := must(n.ingest.Credentials(ctx, src.ID)); list[0].Used == 0 {
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

func TestAdoptionOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		src := n.source("a", "push", HTTP, true)
		in := n.ingest.inlet(src.ID)
		ctx := context.Background()
		metrics := []intake.Metric{{Name: "Motor/Speed", Type: telemetry.Float64, Unit: "rpm"}, {Name: "温度", Type: telemetry.Float64, Unit: "°C"}, {Name: "Running", Type: telemetry.Bool},
			{Name: "Count", Type: telemetry.Int64}, {Name: "State", Type: telemetry.String, Unit: "V"}, {Name: strings.Repeat("x", 201), Type: telemetry.Float64}, {Name: "later"}}
		slots := must(in.Bind(ctx, "plc 1", metrics))
		for i, want := range []telemetry.Type{telemetry.Float64, telemetry.Float64, telemetry.Bool, telemetry.Int64, telemetry.String, 0, 0} {
			if slots[i].Type != want || (slots[i].Ref == 0) != (want == 0) {
				t.Errorf("metric %d: %+v, want type %v", i, slots[i], want)
			}
		}
		machine := in.feeds["plc 1"].Machine
		points := n.points(n.a, machine)
		for address, want := range map[string][3]string{"Motor/Speed": {"motor.Speed", "{rev}/min", "float64"}, "温度": {"m", "Cel", "float64"}, "Running": {"running", "", "bool"},
			"Count": {"count", "1", "int64"}, "State": {"state", "", "string"}} {
			p := points[address]
			if p.Key != want[0] || p.Unit != want[1] || string(p.Type) != want[2] || time.Duration(p.MaxSilence) != adoptedSilence || p.Report != "onChange" {
				t.Errorf("point %s: %+v", address, p.Point)
			}
		}
		if len(points) != 5 {
			t.Errorf("%d points", len(points))
		}
		if v := in.view(); v.LastTrouble == nil || v.LastTrouble.Code != "metric.name" || v.Devices != 1 || v.Unclaimed != 2 {
			t.Errorf("the page: %+v, trouble %+v", v, v.LastTrouble)
		}
		// The plant's change is the source's own: nothing has to be looked up again.
		generation := in.Generation()
		n.ingest.refresh(ctx)
		if in.Generation() != generation {
			t.Error("the source's own adoption made its slots look old")
		}
		if again := must(in.Bind(ctx, "plc 1", metrics)); !slices.Equal(again, slots) {
			t.Errorf("bound again: %+v", again)
		}
		// More metrics, later: points are added to the same machine.
		more := must(in.Bind(ctx, "plc 1", append(metrics[:2:2], intake.Metric{Name: "later", Type: telemetry.Float64}, intake.Metric{Name: "Motor_Speed", Type: telemetry.Float64})))
		if more[0] != slots[0] || more[2].Ref == 0 || more[3].Ref == 0 || in.feeds["plc 1"].Machine != machine {
			t.Errorf("later: %+v", more)
		}
		if p := n.points(n.a, machine)["Motor_Speed"]; p.Key != "motor.Speed.2" {
			t.Errorf("a key that was taken: %+v", p.Point)
		}
		// A restart: same machine, same series.
		n.stop()
		n.start()
		in = n.ingest.inlet(src.ID)
		if after := must(in.Bind(ctx, "plc 1", metrics[:5])); !slices.Equal(after, slots[:5]) || in.feeds["plc 1"].Machine != machine {
			t.Errorf("after a restart: %+v", after)
		}
		// A person changes a point: the slots look old, and the new ones have the new scale.
		p := n.points(n.a, machine)["Motor/Speed"]
		setup := p.Point
		setup.Scale = 2
		must(n.plant.ChangePoint(ctx, auth.System(n.a), p.ID, setup, time.Time{}, noMatch))
		generation = in.Generation()
		n.wait("the source looks again", func() bool { return in.Generation() != generation })
		if after := must(in.Bind(ctx, "plc 1", metrics[:1])); after[0].Scale != 2 || after[0].Ref != slots[0].Ref {
			t.Errorf("after a change: %+v", after)
		}
		// A person retires the machine: it is not made again, and its metrics are shown.
		if _, err := n.plant.Retire(ctx, auth.System(n.a), machine, plant.Retire{Reason: "scrapped"}); err != nil {
			t.Fatal(err)
		}
		generation = in.Generation()
		n.wait("the source looks again", func() bool { return in.Generation() != generation })
		if after := must(in.Bind(ctx, "plc 1", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("a retired machine is fed: %+v", after)
		}
		if v := in.view(); v.Unclaimed == 0 {
			t.Error("its metrics are not shown")
		}
		// Or ends its feed.
		must(in.Bind(ctx, "plc 2", metrics[:1]))
		if err := n.ingest.EndFeed(n.as(auth.Engineer, "a"), in.feeds["plc 2"].Machine); err != nil {
			t.Fatal(err)
		}
		if after := must(in.Bind(ctx, "plc 2", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("a machine was made although a person ended the feed: %+v", after)
		}
		// A place that has gone: told, not tried for ever.
		empty := must(n.plant.Create(ctx, auth.System(n.a), plant.NewNode{Org: n.a, Kind: plant.Area, Parent: n.siteA, Name: named("area")})).ID
		must(n.ingest.Update(n.as(auth.Engineer, "a"), src.ID, Change{Adopt: &empty}, noMatch))
		if _, err := n.plant.Retire(ctx, auth.System(n.a), empty, plant.Retire{Reason: "gone"}); err != nil {
			t.Fatal(err)
		}
		if after := must(in.Bind(ctx, "plc 3", metrics[:1])); after[0].Ref != 0 {
			t.Errorf("adopted under a node that is gone: %+v", after)
		}
		if in.trouble.Code != "adopt" || !in.adopts() {
			t.Errorf("trouble %+v", in.trouble)
		}
	})
}

func TestBoundsOfWhatASourceTells(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	src := n.source("a", "push", HTTP, true)
	in := n.ingest.inlet(src.ID)
	ctx := context.Background()
	many := make([]intake.Metric, maxMetrics+10)
	for i := range many {
		many[i] = intake.Metric{Name: fmt.Sprintf("m%d", i), Type: telemetry.Float64}
	}
	slots := must(in.Bind(ctx, "big", many))
	if slots[maxMetrics-1].Ref == 0 || slots[maxMetrics].Ref != 0 {
		t.Errorf("slots at the bound: %+v %+v", slots[maxMetrics-1], slots[maxMetrics])
	}
	if in.trouble == nil || in.trouble.Code != "metric.many" {
		t.Errorf("trouble %+v", in.trouble)
	}
	for _, key := range []string{"", strings.Repeat("k", 201), "a\nb", "half \xe4"} {
		if s := must(in.Bind(ctx, key, many[:1])); s[0].Ref != 0 || in.trouble.Code != "device" {
			t.Errorf("device %q: %+v %+v", key, s, in.trouble)
		}
	}
	in.mu.Lock()
	for i := len(in.devices); i < maxDevices; i++ {
		in.devices[fmt.Sprint("d", i)] = &device{key: fmt.Sprint("d", i), metrics: map[string]*metric{}}
	}
	in.mu.Unlock()
	if s := must(in.Bind(ctx, "one more", many[:1])); s[0].Ref != 0 || in.trouble.Code != "device.many" {
		t.Errorf("one device more: %+v %+v", s, in.trouble)
	}
	in.Saw("big", intake.Metric{Name: "text", Type: telemetry.String}, 5, telemetry.Value{Type: telemetry.String, Text: strings.Repeat("长", 1000)})
	if n := len(in.devices["big"].metrics); n > maxMetrics {
		t.Errorf("%d metrics are kept in memory", n)
	}
}

func TestPersonsAdopt(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	ctx := n.as(auth.Engineer, "a")
	src := n.source("a", "push", HTTP, false)
	in := n.ingest.inlet(src.ID)
	at := time.Now().UnixNano()
	for _, dev := range []string{"d1", "d2", "d3", "d4"} {
		for i, m := range []string{"b", "a", "voltage"} {
			if slot, err := n.put(src, dev, m, at+int64(i), float(float64(i))); err != nil || slot.Ref != 0 {
				t.Fatalf("a source that does not adopt: %+v %v", slot, err)
			}
		}
	}
	if v := in.view(); v.Unclaimed != 12 || v.Online != 4 {
		t.Errorf("the page: %+v", v)
	}
	for what, c := range map[string]struct {
		q    Adoption
		want error
	}{
		"an unknown device":   {Adoption{Device: "x", Parent: n.siteA}, ErrUnknown},
		"no target":           {Adoption{Device: "d1"}, ErrTarget},
		"an unknown metric":   {Adoption{Device: "d1", Parent: n.siteA, Metrics: []string{"a", "zz"}}, ErrMetric},
		"a site of another":   {Adoption{Device: "d1", Parent: n.siteB}, plant.ErrParent},
		"an unknown template": {Adoption{Device: "d1", Parent: n.siteA, Template: "none"}, plant.ErrTemplate},
	} {
		if _, err := n.ingest.Adopt(ctx, src.ID, c.q); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// All that it told.
	m1 := must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Parent: n.siteA, Name: named("oven")}))
	if p := n.points(n.a, m1); len(p) != 3 || p["voltage"].Unit != "1" {
		t.Errorf("points %+v", p)
	}
	if slot, err := n.put(src, "d1", "a", at+10, float(9)); err != nil || slot.Ref == 0 {
		t.Errorf("after adoption: %+v %v", slot, err)
	}
	if slot, err := n.put(src, "d1", "new", at+10, float(9)); err != nil || slot.Ref != 0 {
		t.Errorf("a metric that nobody adopted: %+v %v", slot, err)
	}
	if _, err := n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Parent: n.siteA}); !errors.Is(err, ErrFeedTaken) {
		t.Errorf("again: %v", err)
	}
	// One metric more into the same machine, and a second device for a machine made by hand.
	must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d1", Machine: m1, Metrics: []string{"new", "a"}}))
	if p := n.points(n.a, m1); len(p) != 4 {
		t.Errorf("points %+v", p)
	}
	by := n.machine(n.a, n.siteA, "a")
	must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d2", Machine: by}))
	if p := n.points(n.a, by); len(p) != 1 {
		t.Errorf("points %+v", p)
	}
	// A template, and a metric beside it.
	m3 := must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d3", Parent: n.siteA, Template: "power-meter-steel", Metrics: []string{"voltage"}}))
	if p := n.points(n.a, m3); len(p) < 3 || p["voltage"].Key == "" {
		t.Errorf("points %+v", p)
	}
	m4 := must(n.ingest.Adopt(ctx, src.ID, Adoption{Device: "d4", Parent: n.siteA, Metrics: []string{"b"}}))
	if p := n.points(n.a, m4); len(p) != 1 {
		t.Errorf("points %+v", p)
	}
	views, _ := in.metricViews(in.devices["d1"], "", 100)
	if len(views) != 4 || views[0].Name != "a" || views[0].Point == nil || views[0].Value != 9.0 || views[2].Name != "new" {
		t.Errorf("metrics %+v", views)
	}
	views, more := in.metricViews(in.devices["d2"], "a", 1)
	if len(views) != 1 || !more || views[0].Name != "b" || views[0].Point != nil || views[0].Value != 0.0 {
		t.Errorf("the page after a: %+v %v", views, more)
	}
}

func TestConditionsFollowFromFacts(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	src := Source{ID: uuid.New(), Org: uuid.New(), Name: named("s"), Transport: Broker}
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
		{"trouble", func(f *facts) { f.trouble = &Trouble{Code: "type", Time: now.Add(-time.Minute)} }, []string{"source.trouble"}},
		{"trouble long ago", func(f *facts) { f.trouble = &Trouble{Code: "type", Time: now.Add(-time.Hour)} }, nil},
		{"wrong secret", func(f *facts) {
			f.wrong = now.Add(-time.Minute)
			f.trouble = &Trouble{Code: "credential", Time: f.wrong}
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
	c := must(problem.ReadCatalogue(texts, "texts"))
	if missing := c.Missing(kinds()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}

func TestKeysOfMetrics(t *testing.T) {
	taken := map[string]bool{"speed": true, "m": true}
	for name, want := range map[string]string{"Motor/Speed": "motor.Speed", "speed": "speed.2", "温度": "m.2", "RPM": "rpm", "RPM/Max": "rpm.Max", "3phase": "m3phase", "a__b": "a.b",
		"MotorSpeed": "motorSpeed", "4:voltage{unit=V}": "m4.voltage.unit.V", "_": "m.2"} {
		if got := keyOf(name, taken); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	if got := keyOf(strings.Repeat("word.", 60), nil); len(got) > 100 {
		t.Errorf("a key of %d characters", len(got))
	}
}
