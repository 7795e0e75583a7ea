package gateway

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

func TestReleasedSamplesReachTheNodeOnce(t *testing.T) {
	n := newTestNode(t)
	doc := testDocument(2, 10*time.Millisecond)
	n.document = must(doc.Encode())
	refuse := func(why federate.Reason) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.deny[doc.Links[0].Points[1].Series] = why
	}
	refuse(federate.ReasonForeign)
	n.up()
	d := &counting{}
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(d)}
	g, stop := startGateway(t, o)
	aside := func() document.Quarantine { st, _ := g.Status(); return st.Spool.Quarantine }
	wait(t, "samples are aside", func() bool { return aside().Samples > 20 })
	id := n.gateway()

	// Nothing was mended: what is released comes back, and none of it is lost.
	if a := n.ask(id, document.Ask{Verb: document.Release}); a.Refusal != nil || a.Fault != nil || a.Records == 0 {
		t.Errorf("release: %+v %+v", a, a.Refusal)
	}
	wait(t, "it is aside again", func() bool { return aside().Samples > 20 })
	refuse(0)
	wait(t, "the point is taken again", func() bool {
		n.ask(id, document.Ask{Verb: document.Release})
		return aside().Records == 0
	})
	if q := aside(); q.Samples != 0 || q.Lost != 0 {
		t.Errorf("quarantine %+v, want none", q)
	}
	if a := n.ask(id, document.Ask{Verb: document.Release}); a.Records != 0 || a.Fault != nil {
		t.Errorf("nothing is there: %+v", a)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	most := d.n
	d.mu.Unlock()
	seen := map[uint64]int{}
	for _, r := range n.rows(id) {
		if r.status == telemetry.Good {
			seen[r.bits]++
		}
	}
	missing := 0
	for k := uint64(1); k <= most; k++ {
		if seen[k] == 0 {
			missing++
		} else if seen[k] > 1 {
			t.Fatalf("number %d came %d times", k, seen[k])
		}
	}
	g, stop = startGateway(t, o) // what was spooled when it stopped comes now; what was released is not read again
	wait(t, "it goes on", func() bool { st, ok := g.Status(); return ok && st.Samples.Acked > 10 })
	if q := aside(); q.Records != 0 {
		t.Errorf("after a restart the quarantine holds %+v", q)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, r := range n.rows(id) {
		if r.status == telemetry.Good && r.bits <= most && seen[r.bits] == 0 {
			seen[r.bits]++
			missing--
		}
	}
	if missing > 2 { // the last scan may have been under way when the links were stopped
		t.Errorf("%d numbers of %d are missing", missing, most)
	}
	if info := must(os.Stat(filepath.Join(o.DataDir, "spool", "quarantine", throughFile))); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestDiscardedSamplesAreGone(t *testing.T) {
	n := newTestNode(t)
	doc := testDocument(2, 10*time.Millisecond)
	n.document = must(doc.Encode())
	series := doc.Links[0].Points[1].Series
	n.deny[series] = federate.ReasonForeign
	n.up()
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(&counting{})}
	g, stop := startGateway(t, o)
	wait(t, "samples are aside", func() bool { st, ok := g.Status(); return ok && st.Spool.Quarantine.Samples > 5 })
	id := n.gateway()
	n.mu.Lock()
	delete(n.deny, series)
	n.mu.Unlock()
	g.session.Load().uplink.source.forget.Store(true)
	wait(t, "they are discarded", func() bool {
		a := n.ask(id, document.Ask{Verb: document.Discard, Reason: "wrong meter"})
		st, _ := g.Status()
		return a.Fault == nil && st.Spool.Quarantine.Records == 0
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, r := range n.rows(id) {
		if r.bits == 2 && r.status == telemetry.Good {
			t.Error("a discarded sample reached the node")
		}
	}
}

// TestQuestionsHaveBounds asks a gateway what a node of this release never would.
func TestQuestionsHaveBounds(t *testing.T) {
	n := newTestNode(t)
	doc := testDocument(1, 10*time.Millisecond)
	n.document = must(doc.Encode())
	n.up()
	slow := &slowly{release: make(chan struct{})}
	g, _ := startGateway(t, Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: map[string]driver.Driver{"counting": &counting{}, "slow": slow}})
	wait(t, "it is linked", func() bool { st, ok := g.Status(); return ok && st.Samples.Acked > 0 })
	id := n.gateway()
	for code, q := range map[string]document.Ask{
		document.RefusedVerb:   {Verb: "write", Link: doc.Links[0].ID},
		document.RefusedLink:   {Verb: document.Plan},
		document.RefusedCannot: {Verb: document.Probe, Link: doc.Links[0].ID, Address: "1"},
		document.RefusedDriver: {Verb: document.Open, Try: &document.Try{Driver: "none"}},
		document.RefusedField:  {Verb: document.Open, Try: &document.Try{Driver: "counting", Config: []byte(`{"origin":"elsewhere"}`)}},
		document.RefusedTime:   {Verb: document.Open, Try: &document.Try{Driver: "slow", Config: []byte(`{}`)}, TimeMs: 50},
	} {
		if a := n.ask(id, q); a.Refusal == nil || a.Refusal.Code != code {
			t.Errorf("%+v: %+v, want %s", q, a.Refusal, code)
		}
	}
	// Sixteen at a time; the next is told to come later, and configuration passes all the while.
	n.mu.Lock()
	desk := n.desks[id]
	n.mu.Unlock()
	body := must((&document.Ask{Verb: document.Open, Try: &document.Try{Driver: "slow", Config: []byte(`{}`)}}).Encode())
	var ids []uint32
	for range maxQuestions + 1 {
		ids = append(ids, must(desk.Send(t.Context(), federate.Control{Kind: federate.MessageAsk, Body: body})))
	}
	last := ids[maxQuestions]
	wait(t, "one too many is told so", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.answers[last] != nil && n.answers[last].Refusal.Code == document.RefusedBusy
	})
	wait(t, "the others wait for their device", func() bool { return slow.waiting() == maxQuestions })
	n.push(t.Context(), desk, n.own(n.document, id))
	wait(t, "a configuration is answered meanwhile", func() bool { n.mu.Lock(); defer n.mu.Unlock(); return len(n.applied) >= 2 })
	for _, one := range ids {
		must(desk.Send(t.Context(), federate.Control{Kind: federate.MessageWithdraw, ID: one}))
	}
	wait(t, "the withdrawn are gone", func() bool { return slow.waiting() == 0 })
	if a := n.ask(id, document.Ask{Verb: document.Read, Link: doc.Links[0].ID, Points: []document.Point{{Address: "x"}}}); len(a.Samples) != 1 || a.Samples[0].Type != "int64" {
		t.Errorf("afterwards: %+v", a)
	}
}
