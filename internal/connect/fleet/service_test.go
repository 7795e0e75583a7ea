package fleet

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
)

func TestFleetOnBothEngines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		n := newNode(t, db)
		ctx := n.as(auth.Engineer, "a")
		site := uuid.New()
		n.plant.sites[site] = n.a
		g := proof.Must(n.fleet.Create(ctx, n.a, text.Text{Zh: "一号网关", En: "Gateway 1"}, site))
		if _, err := n.fleet.Create(ctx, n.a, text.Text{}, uuid.Nil); !errors.Is(err, ErrName) {
			t.Errorf("no name: %v", err)
		}
		if _, err := n.fleet.Create(ctx, n.a, text.Both("x"), uuid.New()); !errors.Is(err, ErrSite) {
			t.Errorf("no such site: %v", err)
		}
		if _, err := n.fleet.Create(ctx, n.b, text.Both("x"), uuid.Nil); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("another organisation: %v", err)
		}
		if _, err := n.fleet.Create(n.as(auth.Viewer, "a"), n.a, text.Both("x"), uuid.Nil); !errors.Is(err, auth.ErrForbidden) {
			t.Errorf("a viewer: %v", err)
		}
		renamed := text.Both("renamed")
		if _, err := n.fleet.Update(ctx, g.ID, &renamed, nil, api.IfMatch{IfMatch: `"other"`}); !errors.Is(err, api.ErrPrecondition) {
			t.Errorf("another version: %v", err)
		}
		if got := proof.Must(n.fleet.Update(ctx, g.ID, &renamed, nil, api.IfMatch{IfMatch: g.ETag()})); got.Name != renamed || got.Site != site || got.ETag() == g.ETag() {
			t.Errorf("renamed: %+v", got)
		}

		l := proof.Must(n.fleet.AddLink(ctx, g.ID, text.Both("line"), "modbus", json.RawMessage(`{"address":"10.0.0.7"}`)))
		for what, c := range map[string]struct {
			driver, config string
			want           error
		}{
			"an unknown driver":       {"profinet", `{}`, ErrDriver},
			"an unknown field":        {"modbus", `{"address":"10.0.0.8","colour":1}`, ErrConfig},
			"no address":              {"modbus", `{}`, ErrConfig},
			"a bad number":            {"modbus", `{"address":"10.0.0.8","maxRegisters":900}`, ErrConfig},
			"the same device again":   {"modbus", `{"address":"10.0.0.7:502"}`, ErrLinkTaken},
			"not JSON":                {"modbus", `{`, ErrConfig},
			"a configuration too big": {"modbus", `{"address":"` + string(make([]byte, 20000)) + `"}`, ErrConfig},
		} {
			if _, err := n.fleet.AddLink(ctx, g.ID, text.Both("x"), c.driver, json.RawMessage(c.config)); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", what, err, c.want)
			}
		}
		_, err := n.fleet.AddLink(ctx, g.ID, text.Both("x"), "modbus", json.RawMessage(`{"address":"10.0.0.8","maxRegisters":900}`))
		if p, ok := problem.From(err); !ok || p.Location() != "body.config.maxRegisters" {
			t.Errorf("the field is not named: %v", err)
		}

		machine, _ := n.machine(n.a, 2, time.Second)
		foreign, _ := n.machine(n.b, 1, time.Second)
		c := proof.Must(n.fleet.Connect(ctx, machine, l.ID, "3"))
		if again := proof.Must(n.fleet.Connect(ctx, machine, l.ID, "3")); again != c {
			t.Errorf("connecting again changed %+v to %+v", c, again)
		}
		if _, err := n.fleet.Connect(ctx, foreign, l.ID, "3"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a machine of another organisation: %v", err)
		}
		if _, err := n.fleet.Connect(ctx, machine, l.ID, " a"); !errors.Is(err, ErrUnit) {
			t.Errorf("a unit that begins with a blank: %v", err)
		}
		if _, err := n.fleet.Connect(ctx, machine, l.ID, "900"); !errors.Is(err, ErrPoints) {
			if p, ok := problem.From(err); !ok || len(p.Fields()) != 2 {
				t.Errorf("a unit that Modbus does not have: %v", err)
			}
		}
		if err := n.fleet.RemoveLink(ctx, l.ID, noMatch); !errors.Is(err, ErrLinkUsed) {
			t.Errorf("a link in use: %v", err)
		}
		// The machine moves to unit 4: the document says so, and the history keeps unit 3.
		time.Sleep(time.Millisecond)
		proof.Must(n.fleet.Connect(ctx, machine, l.ID, "4"))
		p := n.fleet.peers[g.ID]
		first := proof.Must(n.fleet.document(ctx, p))
		doc := proof.Must(document.Parse(first))
		if len(doc.Links) != 1 || len(doc.Links[0].Points) != 2 || doc.Links[0].Points[0].Unit != "4" || doc.Gateway != g.ID || doc.Org != n.a {
			t.Errorf("document %s", first)
		}
		if again := proof.Must(n.fleet.document(ctx, p)); string(again) != string(first) {
			t.Errorf("the same state gave another document:\n%s\n%s", first, again)
		}
		if was, err := machineConnection(ctx, db, auth.System(n.a), machine, c.From); err != nil || was.Unit != "3" || was.To == store.Forever {
			t.Errorf("what was before: %+v %v", was, err)
		}
		// The grants survive a restart of the node.
		n.stop()
		n.start()
		if p := n.fleet.peers[g.ID]; p == nil || len(p.allowed) != 2 || p.g.Name != renamed || len(p.links) != 1 {
			t.Errorf("after a restart: %+v", p)
		}
		code := proof.Must(n.fleet.NewCode(ctx, g.ID))
		if code.Expires.Before(time.Now().Add(23*time.Hour)) || code.Expires.After(time.Now().Add(25*time.Hour)) {
			t.Errorf("the code expires %v", code.Expires)
		}
		if err := n.fleet.Remove(ctx, g.ID, noMatch); err != nil {
			t.Fatal(err)
		}
		if _, err := n.fleet.Connection(ctx, machine); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the connection of a removed gateway: %v", err)
		}
		if _, ok := n.fleet.View(g.ID); ok {
			t.Error("a removed gateway is still there")
		}
		if err := n.fleet.Remove(ctx, g.ID, noMatch); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("removing it again: %v", err)
		}
	})
}

func TestExpiredCodeIsRefused(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	g := proof.Must(n.fleet.Create(n.as(auth.Engineer, "a"), n.a, text.Both("g"), uuid.Nil))
	code := proof.Must(n.fleet.NewCode(n.as(auth.Engineer, "a"), g.ID)).Code
	n.fleet.o.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if status, body := n.enrol(code, "no request"); status != 410 || body["code"] != "enrolment-code-expired" {
		t.Errorf("%d %v", status, body)
	}
	n.fleet.o.Now = time.Now
	for range perAddress.Burst { // a guesser is slowed down
		n.enrol(code[:len(code)-1], "x")
	}
	if status, body := n.enrol(code, "x"); status != 429 || body["code"] != "enrolment-too-often" {
		t.Errorf("after %d attempts: %d %v", perAddress.Burst, status, body)
	}
}

func TestConditionsFollowFromFacts(t *testing.T) {
	now := time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)
	g := Gateway{ID: uuid.New(), Org: uuid.New(), Name: text.Both("g"), Enrolled: 1, NotAfter: now.Add(80 * 24 * time.Hour).UnixNano()}
	well := func() document.Status {
		return document.Status{Spool: document.Spool{Bytes: 10, MaxBytes: 100}, Links: []driver.State{{ID: "l", Phase: driver.Connected}}}
	}
	for _, c := range []struct {
		name string
		set  func(*facts)
		want []string
	}{
		{"all well", func(*facts) {}, nil},
		{"not enrolled", func(f *facts) { f.gateway.Enrolled, f.online = 0, false; f.away = time.Hour }, nil},
		{"just gone", func(f *facts) { f.online = false; f.away = 10 * time.Second }, nil},
		{"gone", func(f *facts) { f.online = false; f.away = time.Minute }, []string{"gateway.offline"}},
		{"certificate", func(f *facts) { f.gateway.NotAfter = now.Add(10 * 24 * time.Hour).UnixNano() }, []string{"gateway.certificate"}},
		{"two processes", func(f *facts) { f.stolenAt = now.Add(-time.Minute) }, []string{"gateway.identity"}},
		{"two processes once", func(f *facts) { f.stolenAt = now.Add(-time.Hour) }, nil},
		{"spool filling", func(f *facts) { f.status.Spool.Bytes = 60; f.status.Spool.Batches = 5 }, []string{"gateway.spool"}},
		{"spool full", func(f *facts) { f.status.Spool.Full = true }, []string{"gateway.spool"}},
		{"dropped", func(f *facts) { f.lossAt = now.Add(-time.Minute) }, []string{"gateway.dropped"}},
		{"clock", func(f *facts) { f.status.Clock.OffsetMs = -3000 }, []string{"gateway.clock"}},
		{"clock within the way's doubt", func(f *facts) { f.status.Clock.OffsetMs = 2500; f.status.Clock.TripMs = 1200 }, nil},
		{"quarantine", func(f *facts) { f.status.Spool.Quarantine.Records = 1 }, []string{"gateway.quarantine"}},
		{"configuration", func(f *facts) { f.applied.Faults = []document.Fault{{}} }, []string{"gateway.configuration"}},
		{"link", func(f *facts) {
			f.status.Links[0].Phase, f.status.Links[0].LastError = driver.Waiting, &driver.Failure{Code: "refused"}
		}, []string{"link.down"}},
	} {
		st := well()
		f := facts{now: now, gateway: g, online: true, grace: 30 * time.Second, status: &st}
		c.set(&f)
		var got []string
		for _, found := range conditionsOf(f) {
			got = append(got, found.Kind)
			if found.Org != g.Org || found.Text.Zh == "" || found.Text.En == "" || found.Subject == "" {
				t.Errorf("%s: %+v", c.name, found)
			}
			if !slices.Contains(append(conditionKinds, "link.down"), found.Kind) {
				t.Errorf("%s is not cleared after a restart", found.Kind)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	st := well()
	st.Spool.Full = true
	if found := conditionsOf(facts{now: now, gateway: g, online: true, status: &st}); found[0].Severity != condition.Critical {
		t.Errorf("a full spool is %s", found[0].Severity)
	}
}

func TestEveryErrorHasWords(t *testing.T) {
	c := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := c.Missing(kinds()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
