package gateway

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/telemetry"
)

func drivers(d driver.Driver) map[string]driver.Driver {
	return map[string]driver.Driver{"counting": d}
}

// onceEach checks that the numbers of the counting driver have arrived from 1 without a gap, each once. A restarted
// driver goes on counting; numbers that a kill took before they were spooled are given as holes.
func onceEach(t testing.TB, rows []row, holes bool) {
	t.Helper()
	last := uint64(0)
	for i, r := range rows {
		if r.status != telemetry.Good {
			continue
		}
		if r.bits == last || r.bits < last {
			t.Fatalf("row %d has number %d after %d: doubled or out of order", i, r.bits, last)
		}
		if r.bits != last+1 && !holes {
			t.Fatalf("row %d has number %d after %d: lost", i, r.bits, last)
		}
		last = r.bits
	}
}

func TestGatewayEnrolsCollectsAndSurvivesRestarts(t *testing.T) {
	n := newTestNode(t)
	n.document = must(testDocument(3, 10*time.Millisecond).Encode())
	n.up()
	d := &counting{}
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(d)}
	_, stop := startGateway(t, o)
	wait(t, "values arrive", func() bool { return len(n.rows(n.gateway())) > 30 })
	id := n.gateway()
	if info := must(os.Stat(filepath.Join(o.DataDir, identityFile))); info.Mode().Perm() != 0o600 {
		t.Errorf("identity has mode %v, want 0600", info.Mode())
	}
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	d.mu.Lock()
	taken := int(d.n)
	d.mu.Unlock()

	// The same code again is not looked at, and the node may be away: the document on disk is enough to collect.
	n.down()
	g, stop := startGateway(t, o)
	wait(t, "the spool fills without the node", func() bool { st, ok := g.Status(); return ok && st.Spool.Samples > 30 })
	if st, _ := g.Status(); st.Spool.Oldest == nil || st.Spool.Batches == 0 {
		t.Errorf("at risk and not told: %+v", st.Spool)
	}
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	n.up()
	g, stop = startGateway(t, o)
	wait(t, "all of it arrives", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(n.rows(id)) > taken+60
	})
	wait(t, "nothing is at risk any more", func() bool { st, ok := g.Status(); return ok && st.Samples.Acked > 0 && st.Spool.Batches < 5 })
	if err := stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	wait(t, "the node is told how the gateway does", func() bool {
		n.mu.Lock()
		defer n.mu.Unlock()
		return n.status[id].Hash != "" && n.status[id].Applied.OK && len(n.status[id].Links) == 1
	})
	onceEach(t, n.rows(id), false)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.applied) > 1 {
		t.Errorf("applied %+v, want once: later connections hold the document already", n.applied)
	}
}

func TestConfigurationPushed100TimesRestartsNothing(t *testing.T) {
	n := newTestNode(t)
	doc := testDocument(2, 10*time.Millisecond)
	n.document = must(doc.Encode())
	n.up()
	d := &counting{}
	g, _ := startGateway(t, Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(d)})
	wait(t, "values arrive", func() bool { return len(n.rows(n.gateway())) > 10 })
	id := n.gateway()
	desk := func() *federate.Desk { n.mu.Lock(); defer n.mu.Unlock(); return n.desks[id] }
	for range 100 {
		n.push(context.Background(), desk(), n.own(n.document, id))
	}
	count := func() int { n.mu.Lock(); defer n.mu.Unlock(); return len(n.applied) }
	wait(t, "all are answered", func() bool { return count() >= 101 })
	if s := g.session.Load(); s.apply.starts != 1 || d.opens != 1 {
		t.Errorf("%d starts, %d sessions opened; want one", s.apply.starts, d.opens)
	}
	// A second link comes, the first one is left alone.
	more := testDocument(1, 10*time.Millisecond)
	doc.Links = append(doc.Links, more.Links[0])
	doc.Links[1].Points = append(doc.Links[1].Points, document.Point{Series: uuid.New(), Address: "bad", Type: "int64", EveryMs: 1000})
	n.push(context.Background(), desk(), n.own(must(doc.Encode()), id))
	wait(t, "the new one is answered", func() bool { return count() >= 102 })
	if s := g.session.Load(); s.apply.starts != 2 {
		t.Errorf("%d starts after a link was added, want 2", s.apply.starts)
	}
	n.mu.Lock()
	last := n.applied[len(n.applied)-1]
	n.mu.Unlock()
	if !last.OK || len(last.Faults) != 1 || last.Faults[0].Field != "address" || last.Faults[0].Series != doc.Links[1].Points[1].Series || last.Faults[0].Text.En != "wrong address" {
		t.Errorf("the wrong address is not told: %+v", last)
	}
	// A document that cannot be read changes nothing.
	n.push(context.Background(), desk(), []byte(`{"format":99}`))
	wait(t, "the bad one is answered", func() bool { return count() >= 103 })
	n.mu.Lock()
	last = n.applied[len(n.applied)-1]
	n.mu.Unlock()
	if last.OK || last.Error == "" {
		t.Errorf("format 99: %+v", last)
	}
	before := len(n.rows(id))
	wait(t, "collection goes on", func() bool { return len(n.rows(id)) > before+10 })
}

func TestEnrolmentRefusals(t *testing.T) {
	n := newTestNode(t)
	n.up()
	for state, want := range map[string]string{"used": "code-used", "expired": "code-expired"} {
		var e *EnrolError
		if err := runToItsEnd(t, Options{DataDir: t.TempDir(), Code: n.code(state)}); !errors.As(err, &e) || e.Code != want {
			t.Errorf("%s: %v", state, err)
		}
	}
	v := must(federate.ParseInvitation(n.code("open")))
	v.Fingerprint[0] ^= 1
	if err := runToItsEnd(t, Options{DataDir: t.TempDir(), Code: v.String()}); !errors.Is(err, ErrAuthority) {
		t.Errorf("wrong fingerprint: %v", err)
	}
	if len(n.gateways) > 0 {
		t.Error("a secret was told to a node of another authority")
	}
	if err := runToItsEnd(t, Options{DataDir: t.TempDir(), Code: "jwe1_cut"}); !errors.Is(err, federate.ErrCodeCut) {
		t.Errorf("cut code: %v", err)
	}
	if err := runToItsEnd(t, Options{DataDir: t.TempDir()}); err == nil {
		t.Error("a gateway without identity and code ran")
	}
}

// runToItsEnd runs a gateway that is to end by itself.
func runToItsEnd(t testing.TB, o Options) error {
	t.Helper()
	o.Drivers, o.Logger = drivers(&counting{}), testLog(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := Run(ctx, o)
	if ctx.Err() != nil {
		t.Error("it did not end by itself")
	}
	return err
}

func TestTwoProcessesCannotShareADataFolder(t *testing.T) {
	n := newTestNode(t)
	n.document = must(testDocument(1, 10*time.Millisecond).Encode())
	n.up()
	dir := t.TempDir()
	_, _ = startGateway(t, Options{DataDir: dir, Code: n.code("open"), Drivers: drivers(&counting{})})
	wait(t, "values arrive", func() bool { return len(n.rows(n.gateway())) > 0 })
	if err := runToItsEnd(t, Options{DataDir: dir}); !errors.Is(err, file.ErrLocked) {
		t.Errorf("second process: %v, want locked", err)
	}
}

func TestRefusedSeriesIsKeptAsideAcrossRestarts(t *testing.T) {
	n := newTestNode(t)
	doc := testDocument(2, 10*time.Millisecond)
	n.document = must(doc.Encode())
	n.deny[doc.Links[0].Points[1].Series] = federate.ReasonForeign
	n.up()
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(&counting{})}
	g, stop := startGateway(t, o)
	wait(t, "samples are aside", func() bool { st, ok := g.Status(); return ok && st.Spool.Quarantine.Samples > 20 })
	id := n.gateway()
	st, _ := g.Status()
	if st.Spool.Quarantine.Last == "" {
		t.Error("no reason is told")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	g, stop = startGateway(t, o)
	wait(t, "it goes on", func() bool {
		now, ok := g.Status()
		return ok && now.Spool.Quarantine.Samples > st.Spool.Quarantine.Samples
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// Every number that the driver gave is on the node or aside, once.
	seen := map[uint64]string{}
	for _, r := range n.rows(id) {
		if r.status == telemetry.Good {
			if r.bits%2 == 0 {
				t.Fatalf("number %d of the refused point was stored", r.bits)
			}
			seen[r.bits] = "stored"
		}
	}
	s := must(openSpool(spoolOptions{FS: file.OS(), Dir: filepath.Join(o.DataDir, "spool"), Producer: id, MaxBytes: 16 << 20, Segment: 4 << 20, Now: time.Now, Logger: testLog(t)}))
	defer s.close()
	var c federate.Codec
	var b telemetry.Batch
	for r := s.aside.part.Read(1); ; {
		rec, ok, err := r.TryNext()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		a := must(parseAside(rec.Data))
		if err := c.Decode(a.Body, must(federate.ParseTable(a.Table)), &b); err != nil {
			t.Fatal(err)
		}
		for _, bits := range b.Bits {
			if seen[bits] != "" {
				t.Fatalf("number %d is aside and also %s", bits, seen[bits])
			}
			seen[bits] = "aside"
		}
	}
	// What was spooled and not sent yet when it stopped is in neither place; all before it must be.
	last := s.status().Samples
	for k := uint64(1); k+last <= uint64(len(seen)); k++ {
		if seen[k] == "" {
			t.Fatalf("number %d is nowhere", k)
		}
	}
}

func TestCertificateIsRenewedOverTheLink(t *testing.T) {
	n := newTestNode(t)
	n.document = must(testDocument(1, 10*time.Millisecond).Encode())
	n.up()
	later := func() time.Time { return time.Now().Add(61 * 24 * time.Hour) }
	o := Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(&counting{}), Now: later}
	g, stop := startGateway(t, o)
	wait(t, "a certificate was asked for", func() bool { n.mu.Lock(); defer n.mu.Unlock(); return n.renewals > 0 })
	before := must(loadIdentity(file.OS(), o.DataDir))
	wait(t, "it is in use", func() bool {
		id := must(loadIdentity(file.OS(), o.DataDir))
		s := g.session.Load()
		return s != nil && s.uplink.identity().Cert == id.Cert && (n.renewals == 1 || id.Cert != before.Cert)
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := must(loadIdentity(file.OS(), o.DataDir)).certificate(); err != nil {
		t.Errorf("the renewed identity: %v", err)
	}
}

func TestFailedFsyncReopensTheSpoolAndLosesNothingDurable(t *testing.T) {
	n := newTestNode(t)
	n.document = must(testDocument(1, 10*time.Millisecond).Encode())
	n.up()
	disk := fault.NewDisk(1)
	d := &counting{}
	g, stop := startGateway(t, Options{DataDir: "/gw", Code: n.code("open"), Drivers: drivers(d), FS: disk, reopenAfter: 20 * time.Millisecond})
	wait(t, "values arrive", func() bool { return len(n.rows(n.gateway())) > 10 })
	id := n.gateway()
	disk.Inject(fault.Fault{Op: "datasync", Name: "*", Err: errors.New("EIO")})
	wait(t, "the spool was opened again", func() bool { st, ok := g.Status(); return ok && st.Samples.Taken < 50 && d.opensNow() > 1 })
	before := len(n.rows(id))
	wait(t, "collection goes on", func() bool { return len(n.rows(id)) > before+10 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, n.rows(id), true)
}

func (c *counting) opensNow() int { c.mu.Lock(); defer c.mu.Unlock(); return c.opens }

func TestFullNodeKeepsControlAndLosesNothing(t *testing.T) {
	n := newTestNode(t)
	n.document = must(testDocument(1, 10*time.Millisecond).Encode())
	n.up()
	_, stop := startGateway(t, Options{DataDir: t.TempDir(), Code: n.code("open"), Drivers: drivers(&counting{})})
	wait(t, "values arrive", func() bool { return len(n.rows(n.gateway())) > 10 })
	id := n.gateway()
	first := n.listener.Session(id)
	n.mu.Lock()
	n.fail = errors.New("journal is full")
	n.mu.Unlock()
	at := func() uint64 { n.mu.Lock(); defer n.mu.Unlock(); return n.status[id].Spool.Samples }
	wait(t, "the spool grows and the node is told", func() bool { return at() > 50 })
	n.mu.Lock()
	n.fail = nil
	n.mu.Unlock()
	wait(t, "it is taken", func() bool { return at() < 10 })
	if now := n.listener.Session(id); now != first {
		t.Error("the connection was given up because the node was full")
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	onceEach(t, n.rows(id), false)
}
