package opcua

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/data"
	"jingwei/internal/connect/driver"
	wire "jingwei/internal/connect/driver/opcua"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/connect/sim/simtest"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func turbines(t testing.TB) []Machine {
	t.Helper()
	var out []Machine
	for _, s := range []string{"Turbine1=gas-turbine-opcua", "Turbine2=gas-turbine-opcua@720"} {
		m, err := ParseMachine(s, simtest.Template)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

var own = sync.OnceValues(func() (*wire.Identity, error) { return wire.NewIdentity("gateway.test", time.Now()) })
var servers = sync.OnceValues(func() (*wire.Identity, error) { return wire.NewIdentity("localhost", time.Now()) })

// sim is a running simulator.
type sim struct {
	*Server
	endpoint, control string
}

func start(t testing.TB, o Options) *sim {
	t.Helper()
	if o.Machines == nil {
		o.Machines = turbines(t)
	}
	if o.Identity == nil {
		o.Identity = must(servers())
	}
	o.Listen = "127.0.0.1:0"
	ready := make(chan *sim, 1)
	var s *Server
	var err error
	o.Ready = func(endpoint, control string) { ready <- &sim{s, endpoint, control} }
	if s, err = New(o); err != nil {
		t.Fatal(err)
	}
	_, ended := simtest.Run(t, s.Run)
	select {
	case s := <-ready:
		return s
	case <-ended:
		t.FailNow()
		return nil
	}
}

func (s *sim) link(more string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"endpoint":%q,"serverFingerprint":%q,"origin":"replayed","openTimeoutMs":20000%s}`, s.endpoint, s.Identity().Fingerprint(), more))
}

func points(t testing.TB, unit string, first uint32) []driver.Point {
	t.Helper()
	var out []driver.Point
	for i, p := range simtest.Template("gas-turbine-opcua").Points {
		out = append(out, driver.Point{ID: first + uint32(i), Unit: unit, Address: p.Address, Encoding: p.Encoding, Type: p.Type.Telemetry(),
			Every: 100 * time.Millisecond, Report: p.Report.Telemetry(), MaxSilence: time.Duration(p.MaxSilence)})
	}
	return out
}

func newDriver() wire.Driver { return wire.New(wire.Options{Identity: own}) }

func readAll(t testing.TB, s *sim, more string, points ...driver.Point) map[uint32]driver.Sample {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	session, err := newDriver().Open(ctx, s.link(more), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	got := map[uint32]driver.Sample{}
	if err := session.Read(driver.Fresh(ctx), points, func(_ context.Context, samples []driver.Sample) error {
		for _, x := range samples {
			got[x.ID] = x
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// Whatever is read is what the recording holds at that time, with the time from which on it is shown.
func TestValuesAreTheRecordings(t *testing.T) {
	t.Parallel()
	at := replay.DefaultEpoch.Add(1234*time.Second + 567*time.Millisecond)
	s := start(t, Options{Source: replay.Source{Now: func() time.Time { return at }}, Insecure: true, MaxNodesPerRead: 7})
	table, err := data.Read(data.Files(), "gas_turbine_emissions")
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{``, `,"mode":"sign"`, `,"security":"Basic256Sha256"`, `,"security":"Aes128_Sha256_RsaOaep"`, `,"security":"none"`, `,"collect":"poll"`} {
		got := readAll(t, s, more, append(points(t, "Turbine1", 0), points(t, "Turbine2", 100)...)...)
		for i, p := range simtest.Template("gas-turbine-opcua").Points {
			for machine, row := range map[uint32]int{0: 1234, 100: (1234 + 720) % 2000} {
				want, err := p.Parse(table.Rows[row][table.Column(p.Recorded.Column)])
				if err != nil {
					t.Fatal(err)
				}
				if g := got[machine+uint32(i)]; g.Value != want || g.Status != 0 || g.Time != replay.DefaultEpoch.Add(1234*time.Second).UnixNano() {
					t.Errorf("%s: point %s of machine %d: %+v, want %+v", more, p.Key, machine, g, want)
				}
			}
		}
	}
	if st := s.Stats(); st.Faults != 0 || st.Values < 22*6 {
		t.Errorf("%+v: the driver provoked a fault", st)
	}
}

func TestSignIn(t *testing.T) {
	s := start(t, Options{User: "op", Password: "geheim"})
	if got := readAll(t, s, `,"signIn":"password","user":"op","password":"geheim"`, points(t, "Turbine1", 0)...); len(got) != 11 || got[0].Status != 0 {
		t.Errorf("%+v", got)
	}
	for more, code := range map[string]string{
		`,"signIn":"password","user":"op","password":"falsch"`: wire.CodeSignIn, `,"signIn":"password","user":"xx","password":"geheim"`: wire.CodeSignIn,
		``: wire.CodeSignIn, `,"security":"none"`: wire.CodeNoPolicy,
	} {
		_, err := newDriver().Open(t.Context(), s.link(more), nil)
		if f := driver.Explain(err); f == nil || f.Code != code {
			t.Errorf("%s: %v, want %s", more, err, code)
		}
	}
}

type gathered struct {
	mu   sync.Mutex
	all  map[uint32][]driver.Output
	more chan struct{}
}

func supervise(t *testing.T, s *sim, more string, points []driver.Point) *gathered {
	t.Helper()
	g := &gathered{all: map[uint32][]driver.Output{}, more: make(chan struct{}, 1)}
	l, err := driver.New(driver.Spec{ID: "1", Driver: newDriver(), Config: s.link(more), Points: points}, driver.Options{Out: func(_ context.Context, batch []driver.Output) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, o := range batch {
			g.all[o.Point] = append(g.all[o.Point], o)
		}
		select {
		case g.more <- struct{}{}:
		default:
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- driver.Supervise(ctx, l) }()
	t.Cleanup(func() { cancel(); <-done })
	return g
}

func (g *gathered) wait(t *testing.T, what string, ok func(map[uint32][]driver.Output) bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		g.mu.Lock()
		done := ok(g.all)
		g.mu.Unlock()
		if done {
			return
		}
		select {
		case <-g.more:
		case <-deadline:
			t.Fatalf("%s did not happen", what)
		}
	}
}

func last(list []driver.Output) driver.Output {
	if len(list) == 0 {
		return driver.Output{Status: telemetry.BadWaitingForInitialData}
	}
	return list[len(list)-1]
}

// A day of the turbine in a subscription: faults come and go, steered over HTTP, and values come back each time.
func TestFaultsUnderSubscription(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Control: "127.0.0.1:0", MaxItemsPerCall: 5})
	g := supervise(t, s, `,"publishingMs":100,"pingMs":500,"requestTimeoutMs":1500`, append(points(t, "Turbine1", 0), points(t, "Turbine2", 100)...))
	put := func(body string) {
		t.Helper()
		r, err := http.NewRequest("PUT", "http://"+s.control+"/faults", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if a.StatusCode != 200 {
			t.Fatalf("%s: %d", body, a.StatusCode)
		}
	}
	every := func(status telemetry.Status, ids ...uint32) func(map[uint32][]driver.Output) bool {
		from := time.Now().UnixNano()
		return func(all map[uint32][]driver.Output) bool {
			for _, id := range ids {
				if o := last(all[id]); o.Status != status || o.Gateway < from || o.Origin != telemetry.Replayed {
					return false
				}
			}
			return true
		}
	}
	both := []uint32{0, 5, 10, 100, 105, 110}
	g.wait(t, "the first values", every(0, both...))
	put(`{"uncertain":["Turbine1.TIT"],"bad":["Turbine2"]}`)
	g.wait(t, "an uncertain value", every(telemetry.UncertainLastUsable, 5))
	g.wait(t, "bad values", every(telemetry.BadDeviceFailure, 100, 105, 110))
	put(`{}`)
	g.wait(t, "good values again", every(0, both...))
	put(`{"stall":true}`)
	g.wait(t, "the marks of a stall", every(telemetry.BadNoCommunication, both...))
	put(`{}`)
	g.wait(t, "values after the stall", every(0, both...))
	put(`{"restartFor":"300ms"}`)
	marks := every(telemetry.BadNoCommunication, both...) // from now on: they come at once
	if r, err := http.Post("http://"+s.control+"/restart", "", nil); err != nil || r.StatusCode != http.StatusAccepted {
		t.Fatal(err, r)
	}
	g.wait(t, "the marks of a restart", marks)
	g.wait(t, "values after the restart", every(0, both...))
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, list := range g.all { // each value once: no two good samples of a point bear one time and two values
		at := map[int64]telemetry.Value{}
		for _, o := range list {
			if o.Status != 0 || o.Flags&telemetry.GatewayTime != 0 {
				continue
			}
			if v, ok := at[o.Time]; ok && v != o.Value {
				t.Errorf("point %d has two values at %d", id, o.Time)
			}
			at[o.Time] = o.Value
		}
	}
}

// A node that does not exist when the link starts is told as such and harms no other.
func TestMissingNodes(t *testing.T) {
	t.Parallel()
	s := start(t, Options{Faults: Faults{Missing: []string{"Turbine1.CO", "Turbine2"}}})
	g := supervise(t, s, `,"publishingMs":100`, append(points(t, "Turbine1", 0), points(t, "Turbine2", 100)...))
	g.wait(t, "the state of every point", func(all map[uint32][]driver.Output) bool {
		for i := range uint32(11) {
			want := telemetry.Good
			if i == 9 {
				want = telemetry.BadNodeIdUnknown
			}
			if last(all[i]).Status != want || last(all[100+i]).Status != telemetry.BadNodeIdUnknown {
				return false
			}
		}
		return true
	})
}

func TestBrowseShowsMachines(t *testing.T) {
	s := start(t, Options{})
	session, err := newDriver().Open(t.Context(), s.link(`,"maxNodesPerBrowse":4`), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var got []string
	for n, err := range session.(driver.Browser).Browse(t.Context(), "nsu=urn:jingwei:sim;s=Turbine2") {
		if err != nil {
			t.Fatal(err)
		}
		if !n.Leaf || n.Writable || n.Encoding != "Double" {
			t.Errorf("%+v", n)
		}
		got = append(got, n.Address)
	}
	if len(got) != 11 || got[3] != "nsu=urn:jingwei:sim;s=Turbine2.AT" {
		t.Errorf("%q", got)
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for want, o := range map[string]Options{
		"no machines": {}, "twice": {Machines: append(turbines(t), turbines(t)...)}, "shorter than": {Machines: turbines(t), Faults: Faults{StallEvery: control.Duration(time.Second)}},
		"loopback": {Machines: turbines(t), Control: "0.0.0.0:80"},
		"URI":      {Machines: []Machine{{Name: "m", Part: replay.Part{Template: simtest.Template("power-meter-steel")}}}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) && want != "URI" {
			t.Errorf("%v, want one about %q", err, want)
		}
	}
	for _, s := range []string{"", "=gas-turbine-opcua", "a.b=gas-turbine-opcua", "T=nothing", "T=gas-turbine-opcua@x"} {
		if _, err := ParseMachine(s, simtest.Template); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
	f := Faults{Bad: []string{"a"}, BadEvery: control.Duration(time.Minute)}
	f, err := f.checked()
	if err != nil {
		t.Fatal(err)
	}
	if time.Duration(f.BadFor) != 10*time.Second || time.Duration(f.BadEvery) != time.Minute {
		t.Errorf("%+v", f)
	}
}

// Values between two publishings are kept as the client asks for, and a queue that overflows says so.
func TestQueues(t *testing.T) {
	now := replay.DefaultEpoch
	s, err := New(Options{Machines: turbines(t), Identity: must(servers()), Source: replay.Source{Now: func() time.Time { return now }}})
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(s, nil)
	var n *node
	for _, x := range s.space.nodes {
		if x.machine == "Turbine1.AT" {
			n = x
		}
	}
	f := s.Faults()
	for _, w := range []struct {
		oldest    bool
		first     int
		overflown int
	}{{true, 2, 0}, {false, 0, 2}} {
		m := &monitored{node: n, asked: attributeOf{attribute: 13}, sampling: time.Second, queueMax: 3, oldest: w.oldest, next: now}
		for i := range 5 {
			c.sample(m, &f, now.Add(time.Duration(i)*time.Second))
		}
		if len(m.queue) != 3 || !m.queue[0].SourceTimestamp.Equal(now.Add(time.Duration(w.first)*time.Second)) {
			t.Errorf("oldest %v: %v", w.oldest, m.queue)
		}
		for i, v := range m.queue {
			if (v.Status == overflowBits) != (i == w.overflown) {
				t.Errorf("oldest %v: value %d has status %#x", w.oldest, i, v.Status)
			}
		}
	}
	m := &monitored{node: n, asked: attributeOf{attribute: 13}, sampling: 100 * time.Millisecond, queueMax: 100, next: now}
	c.sample(m, &f, now.Add(2500*time.Millisecond)) // 26 samples of three rows
	if len(m.queue) != 3 || math.Abs(m.queue[2].SourceTimestamp.Sub(now).Seconds()-2) > 0 {
		t.Errorf("%v", m.queue)
	}
	if a, b := m.queue[0], m.queue[1]; same(a, b) || !same(a, a) || bytes.Equal(nil, []byte{1}) {
		t.Error("same")
	}
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}
