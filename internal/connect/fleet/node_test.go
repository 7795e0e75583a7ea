package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

var noMatch = api.IfMatch{}

func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

// setUp makes a gateway with a link to a meter and a machine read through it, and returns its code.
func (n *node) setUp(m *meter, points int, every time.Duration) (g Gateway, l Link, machine uuid.UUID, series []uuid.UUID, code string) {
	n.t.Helper()
	ctx := n.as(auth.Engineer, "a")
	g = proof.Must(n.fleet.Create(ctx, n.a, text.Both("gw 1"), uuid.Nil))
	l = proof.Must(n.fleet.AddLink(ctx, g.ID, text.Both("meters"), "modbus", m.config()))
	machine, series = n.machine(n.a, points, every)
	proof.Must(n.fleet.Connect(ctx, machine, l.ID, "1"))
	return g, l, machine, series, proof.Must(n.fleet.NewCode(ctx, g.ID)).Code
}

// good are the values of the good samples in order of time.
func good(samples []telemetry.Sample) []uint64 {
	var out []uint64
	for _, s := range samples {
		if s.Status.IsGood() && s.Flags&telemetry.NoValue == 0 {
			out = append(out, s.Value.Bits)
		}
	}
	return out
}

// once checks that numbers rise by one from the first to the last, or at least never repeat where holes are allowed.
func once(t testing.TB, values []uint64, holes bool, unless ...uint64) {
	t.Helper()
	for i := 1; i < len(values); i++ {
		if values[i] == values[i-1]+2 && slices.Contains(unless, values[i-1]+1) {
			continue
		}
		if values[i] <= values[i-1] {
			t.Fatalf("value %d follows %d: doubled or out of order", values[i], values[i-1])
		}
		if values[i] != values[i-1]+1 && !holes {
			t.Fatalf("value %d follows %d: lost", values[i], values[i-1])
		}
	}
}

func TestValuesGoFromAModbusDeviceToTheStore(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, l, _, series, code := n.setUp(m, 3, 20*time.Millisecond)
	if v, _ := n.fleet.View(g.ID); v.State != Waiting {
		t.Errorf("state %s before enrolment, want waiting", v.State)
	}
	dir := t.TempDir()
	stop := startGateway(t, dir, code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[2]))) > 20 })
	proof.Wait(t, "the page knows", func() bool {
		v, _ := n.fleet.View(g.ID)
		return v.State == Online && v.RTTMs != nil && v.ConfigCurrent && len(v.Links) == 1 && v.Links[0].State == "connected" && v.Spool != nil
	})
	v, _ := n.fleet.View(g.ID)
	if v.Links[0].ID != l.ID || v.Links[0].Endpoint != m.addr || v.Version != "jingwei test" || v.CertificateUntil == nil {
		t.Errorf("view %+v", v)
	}

	// The node goes away and comes back, twice: nothing is lost, nothing doubled.
	for range 2 {
		n.stop()
		at := m.read(0)
		proof.Wait(t, "polling goes on without the node", func() bool { return m.read(0) > at+20 })
		n.start()
		proof.Wait(t, "the backlog arrives", func() bool { s := good(n.samples(series[0])); return len(s) > 0 && uint32(s[len(s)-1]) > at+20 })
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "the node knows that it stopped", func() bool {
		v, _ := n.fleet.View(g.ID)
		return v.State == Offline && v.LastError != nil && v.LastError.Code == "stopped"
	})
	proof.Wait(t, "a condition tells", func() bool { return n.condition("gateway.offline") })

	// A clean stop hands over all that was read; a later start goes on. The last number of each register may have been
	// on its way from the device when the link was closed.
	var last []uint64
	for i := range series {
		last = append(last, uint64(m.read(uint16(i))))
	}
	at := m.read(0)
	startGateway(t, dir, code)
	proof.Wait(t, "it goes on", func() bool { s := good(n.samples(series[0])); return len(s) > 0 && uint32(s[len(s)-1]) > at+5 })
	proof.Wait(t, "the condition is gone", func() bool { return !n.condition("gateway.offline") })
	for i, id := range series {
		once(t, good(n.samples(id)), false, last[i])
	}
	for _, s := range n.samples(series[0]) {
		producer, epoch, seq, ok := n.store.Trace(s.Commit)
		if !ok || producer != g.ID || epoch == 0 || seq == 0 {
			t.Fatalf("commit %d leads to %s-%d-%d %v", s.Commit, producer, epoch, seq, ok)
		}
	}
}

func (n *node) condition(kind string) bool {
	for _, c := range n.board.List(auth.System(n.a), false) {
		if c.Kind == kind {
			return true
		}
	}
	return false
}

func TestKilledGatewayLosesNothingSpooledAndDoublesNothing(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, series, code := n.setUp(m, 2, 20*time.Millisecond)
	dir := t.TempDir()
	for life := range 4 {
		cmd := spawnGateway(t, dir, code)
		before := len(good(n.samples(series[0])))
		proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > before+15 })
		if life == 1 { // killed with a backlog
			n.stop()
			at := m.read(0)
			proof.Wait(t, "a backlog grows", func() bool { return m.read(0) > at+30 })
		}
		if life == 0 {
			proof.Wait(t, "it tells its memory", func() bool { v, _ := n.fleet.View(g.ID); return v.Memory != "" && v.Memory != "0" })
			v, _ := n.fleet.View(g.ID)
			rss := proof.Must(strconv.ParseFloat(v.Memory, 64)) / (1 << 20)
			t.Logf("a gateway that reads one device at 50 Hz has %.0f MiB", rss)
			if rss > 50 && !raceDetector {
				t.Errorf("%.0f MiB, the goal is 50", rss)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if life == 1 {
			n.start()
		}
	}
	startGateway(t, dir, code)
	at := m.read(0)
	proof.Wait(t, "it goes on", func() bool { s := good(n.samples(series[0])); return uint32(s[len(s)-1]) > at+5 })
	for _, id := range series {
		values := good(n.samples(id))
		once(t, values, true)
		// What a kill may take are the values of the last moments, which nobody had acknowledged.
		if lost := int(values[len(values)-1]) - len(values); lost > 4*10 {
			t.Errorf("%d of %d values are missing after four kills", lost, len(values))
		}
	}
}

func TestCodesWorkOnceAndInTime(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, series, code := n.setUp(m, 1, 20*time.Millisecond)
	stop := startGateway(t, t.TempDir(), code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > 0 })
	var e *gateway.EnrolError
	if err := runToItsEnd(t, t.TempDir(), code); !errors.As(err, &e) || e.Code != "enrolment-code-used" {
		t.Errorf("a used code: %v", err)
	}
	v := proof.Must(federate.ParseInvitation(code))
	v.Secret[0] ^= 1
	if err := runToItsEnd(t, t.TempDir(), v.String()); !errors.As(err, &e) || e.Code != "enrolment-code-unknown" {
		t.Errorf("an unknown code: %v", err)
	}
	v.Fingerprint[0] ^= 1
	if err := runToItsEnd(t, t.TempDir(), v.String()); !errors.Is(err, gateway.ErrAuthority) {
		t.Errorf("another authority: %v", err)
	}

	// Removing the gateway cuts it, and its certificate counts no more.
	if err := n.fleet.Remove(n.as(auth.Owner, "a"), g.ID, noMatch); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "it is cut", func() bool { return n.fleet.listener.Session(g.ID) == nil })
	at := len(good(n.samples(series[0])))
	time.Sleep(300 * time.Millisecond)
	if now := len(good(n.samples(series[0]))); now != at {
		t.Errorf("a removed gateway delivered %d samples", now-at)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestReplacedHardwareGoesOnAsTheSameGateway(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, _, series, code := n.setUp(m, 1, 20*time.Millisecond)
	old := t.TempDir()
	stop := startGateway(t, old, code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > 5 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	at := len(good(n.samples(series[0])))
	fresh := proof.Must(n.fleet.NewCode(n.as(auth.Engineer, "a"), g.ID)).Code
	startGateway(t, t.TempDir(), fresh) // a new box: its spool numbers begin anew under a later epoch
	proof.Wait(t, "the new box delivers", func() bool { return len(good(n.samples(series[0]))) > at+5 })
	startGateway(t, old, code) // the old one's certificate was revoked
	time.Sleep(200 * time.Millisecond)
	if s := n.fleet.listener.Session(g.ID); s == nil {
		t.Error("the old box has displaced the new one")
	}
	once(t, good(n.samples(series[0])), true)
}

func TestAGatewayWritesOnlyWhatItWasTold(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m := startMeter(t)
	g, _, machine, series, code := n.setUp(m, 2, 20*time.Millisecond)
	_, other := n.machine(n.b, 1, time.Second)
	startGateway(t, t.TempDir(), code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[1]))) > 5 })
	if _, why := n.fleet.resolve(g.ID, other[0], telemetry.Int64); why != federate.ReasonForeign {
		t.Errorf("a series of another organisation: %v", why)
	}
	if _, why := n.fleet.resolve(g.ID, series[0], telemetry.Float64); why != federate.ReasonType {
		t.Errorf("another type: %v", why)
	}
	if _, why := n.fleet.resolve(g.ID, uuid.New(), telemetry.Int64); why != federate.ReasonForeign {
		t.Errorf("an unknown series: %v", why)
	}
	// A point that is taken away was true until then: what is on its way still counts.
	n.plant.mu.Lock()
	n.plant.points[machine] = n.plant.points[machine][:1]
	n.plant.mu.Unlock()
	n.fleet.Changed(n.a)
	proof.Wait(t, "the gateway has the new configuration", func() bool {
		v, _ := n.fleet.View(g.ID)
		return v.ConfigCurrent && len(n.samples(series[1])) > 0 && quiet(n, series[1])
	})
	if _, why := n.fleet.resolve(g.ID, series[1], telemetry.Int64); why != 0 {
		t.Errorf("a point that was taken away: %v", why)
	}
	if c := n.fleet.Counts(); c.Refused != 0 || c.Samples == 0 {
		t.Errorf("counts %+v", c)
	}
}

// quiet tells whether nothing new comes of a series.
func quiet(n *node, series uuid.UUID) bool {
	before := len(n.samples(series))
	time.Sleep(100 * time.Millisecond)
	return len(n.samples(series)) == before
}

func TestPlantChangesReachTheGatewayAndNothingElseRestarts(t *testing.T) {
	n := newNode(t, storetest.SQLite(t))
	m, m2 := startMeter(t), startMeter(t)
	g, _, _, series, code := n.setUp(m, 1, 20*time.Millisecond)
	startGateway(t, t.TempDir(), code)
	proof.Wait(t, "values arrive", func() bool { return len(good(n.samples(series[0]))) > 5 })
	for range 100 { // looked at again and again: the document is the same, so nothing is pushed
		n.fleet.poke(g.ID)
	}
	ctx := n.as(auth.Engineer, "a")
	l2 := proof.Must(n.fleet.AddLink(ctx, g.ID, text.Both("more"), "modbus", m2.config()))
	machine, more := n.machine(n.a, 2, 20*time.Millisecond)
	proof.Must(n.fleet.Connect(ctx, machine, l2.ID, "7"))
	proof.Wait(t, "values of the second machine arrive", func() bool { return len(good(n.samples(more[1]))) > 5 })
	if err := n.fleet.Disconnect(ctx, machine); err != nil {
		t.Fatal(err)
	}
	proof.Wait(t, "the second machine is read no more", func() bool { return quiet(n, more[0]) })
	before := len(good(n.samples(series[0])))
	proof.Wait(t, "the first goes on", func() bool { return len(good(n.samples(series[0]))) > before+5 })
	once(t, good(n.samples(series[0])), false)
	for _, s := range n.samples(series[0]) {
		if s.Status == telemetry.BadNoCommunication {
			t.Fatal("the first link was restarted")
		}
	}
	if err := n.fleet.RemoveLink(context.WithoutCancel(ctx), l2.ID, noMatch); err != nil {
		t.Errorf("a link that nothing is read through: %v", err)
	}
}
