package modbus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	peer "github.com/simonvetter/modbus"
	"go.uber.org/goleak"

	"jingwei/data"
	"jingwei/internal/connect/driver"
	wire "jingwei/internal/connect/driver/modbus"
	"jingwei/internal/connect/driver/wiretest"
	"jingwei/internal/connect/sim/control"
	"jingwei/internal/connect/sim/replay"
	"jingwei/internal/connect/sim/simtest"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// started is a running simulator of two mills and a meter, whose clock stands still unless a test moves it.
type started struct {
	*Server
	address, control string
	mu               sync.Mutex
	now              time.Time
}

func start(t testing.TB, o Options) *started {
	t.Helper()
	s := &started{now: epoch.Add(100 * time.Second)}
	if o.Devices == nil {
		o.Devices = []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(mill)}}, {Unit: 2, Part: replay.Part{Template: simtest.Template(mill), Start: 1055}}, {Unit: 3, Part: replay.Part{Template: simtest.Template(meter)}}}
	}
	o.Listen, o.Epoch = "127.0.0.1:0", epoch
	o.Now = func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}
	ready := make(chan struct{})
	o.Ready = func(listen, control string) {
		s.address, s.control = listen, control
		close(ready)
	}
	var err error
	if s.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	_, ended := simtest.Run(t, s.Run)
	select {
	case <-ready:
	case <-ended:
		t.FailNow()
	}
	return s
}

func (s *started) link(extra string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"address":%q,"origin":"replayed"%s}`, s.address, extra))
}

// points are the template's, of one unit, numbered from base on.
func points(t *template.Template, unit string, base uint32) (out []driver.Point) {
	for i := range t.Points {
		p := &t.Points[i]
		out = append(out, driver.Point{ID: base + uint32(i), Unit: unit, Address: p.Address, Encoding: p.Encoding, Order: p.Order,
			Type: p.Type.Telemetry(), Scale: p.Scale, Offset: p.Offset, Every: 50 * time.Millisecond})
	}
	return out
}

type got struct {
	value  telemetry.Value
	status telemetry.Status
}

func readAll(t testing.TB, s driver.Session, points []driver.Point) (map[uint32]got, error) {
	t.Helper()
	out := map[uint32]got{}
	err := s.Read(context.Background(), points, func(_ context.Context, samples []driver.Sample) error {
		for _, x := range samples {
			out[x.ID] = got{x.Value, x.Status}
		}
		return nil
	})
	return out, err
}

func open(t testing.TB, link json.RawMessage, trace func(driver.Frame)) driver.Session {
	t.Helper()
	s, err := wire.New().Open(context.Background(), link, trace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// near: equal, but for what the register's encoding cannot hold.
func near(p *template.Point, a, b telemetry.Value) bool {
	if a.Type != telemetry.Float64 || b.Type != telemetry.Float64 {
		return a == b
	}
	x, y := math.Float64frombits(a.Bits), math.Float64frombits(b.Bits)
	if p.Encoding == "f32" {
		return float32(x) == float32(y)
	}
	scale := p.Scale
	if scale == 0 {
		scale = 1
	}
	return math.Abs(x-y) <= scale/2*1.0001
}

// What comes over the wire is what the CSV says, row by row, through both templates.
func TestWireShowsTheRecording(t *testing.T) {
	s := start(t, Options{})
	session := open(t, s.link(""), nil)
	r := rand.New(rand.NewPCG(1, 1))
	for _, m := range []struct {
		unit, template, dataset string
		step                    time.Duration
		start                   int
	}{{"1", mill, "cnc_mill_wear", 100 * time.Millisecond, 0}, {"2", mill, "cnc_mill_wear", 100 * time.Millisecond, 1055}, {"3", meter, "steel_energy", time.Second, 0}} {
		tp := simtest.Template(m.template)
		table, err := data.Read(data.Files(), m.dataset)
		if err != nil {
			t.Fatal(err)
		}
		pts := points(tp, m.unit, 0)
		for range 25 {
			k := r.IntN(3 * len(table.Rows))
			s.mu.Lock()
			s.now = epoch.Add(time.Duration(k)*m.step + m.step/2)
			s.mu.Unlock()
			row := table.Rows[(k+m.start)%len(table.Rows)]
			values, err := readAll(t, session, pts)
			if err != nil {
				t.Fatal(err)
			}
			for i := range tp.Points {
				p := &tp.Points[i]
				if p.Recorded == nil || p.Recorded.Cumulative {
					continue
				}
				cell := p.Recorded.Constant
				if cell == "" {
					cell = row[table.Column(p.Recorded.Column)]
				}
				want, err := p.Parse(cell)
				if err != nil {
					t.Fatal(err)
				}
				if v := values[uint32(i)]; v.status != telemetry.Good || !near(p, v.value, want) {
					t.Fatalf("unit %s row %d %s = %+v, the recording says %q", m.unit, k, p.Key, v, cell)
				}
			}
		}
	}
}

// Another client and tshark read the simulator too.
func TestSimulatorAgreesWithOthers(t *testing.T) {
	s := start(t, Options{})
	client, err := peer.NewClient(&peer.ClientConfiguration{URL: "tcp://" + s.address, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Open(); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetUnitId(1)
	client.SetEncoding(peer.BIG_ENDIAN, peer.HIGH_WORD_FIRST)
	var capture wiretest.Capture
	session := open(t, s.link(`,"maxGap":0`), capture.Trace)
	pts := points(simtest.Template(mill), "1", 0)
	values, err := readAll(t, session, pts)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, p := range pts {
		a, _ := wire.ParseAddress(p.Address)
		if p.Encoding != "f32" || a.Area != wire.Holding {
			continue
		}
		f, err := client.ReadFloat32(uint16(a.Number), peer.HOLDING_REGISTER)
		if v := values[uint32(i)]; err != nil || math.Float64frombits(v.value.Bits) != float64(f) {
			t.Errorf("%s = %+v, simonvetter's client reads %v, %v", p.Address, v, f, err)
		}
		compared++
	}
	if compared < 10 {
		t.Errorf("only %d floats compared", compared)
	}
	client.SetUnitId(9)
	if _, err := client.ReadRegister(0, peer.HOLDING_REGISTER); err != peer.ErrGWTargetFailedToRespond {
		t.Errorf("a unit that is not there: %v", err)
	}
	client.SetUnitId(1)
	if err := client.WriteRegister(0, 1); err != peer.ErrIllegalFunction {
		t.Errorf("a write: %v", err)
	}
	if _, err := client.ReadRegister(60000, peer.HOLDING_REGISTER); err != peer.ErrIllegalDataAddress {
		t.Errorf("an address that is not there: %v", err)
	}
	frames := capture.Frames()
	rows := wiretest.Dissect(t, capture.Write(t, 502), "tcp.port==502,mbtcp", "tcp.len > 0", "mbtcp.trans_id", "mbtcp.unit_id", "modbus.func_code",
		"modbus.regval_uint16", "modbus.bitval", "_ws.malformed", "_ws.expert.message")
	if len(rows) != len(frames) {
		t.Fatalf("tshark sees %d frames of %d", len(rows), len(frames))
	}
	for i, f := range frames {
		h, err := wire.ParseHeader(f.Data)
		if err != nil || rows[i].First("mbtcp.trans_id") != fmt.Sprint(h.Transaction) || rows[i].First("mbtcp.unit_id") != "1" || rows[i].First("_ws.malformed") != "" || rows[i].First("_ws.expert.message") != "" {
			t.Fatalf("frame %x: tshark sees %v", f.Data, rows[i])
		}
		if pdu := f.Data[wire.HeaderLen:]; !f.Sent && !wire.Area(pdu[0]).Bits() {
			for k, v := range wiretest.Numbers(t, rows[i]["modbus.regval_uint16"]) {
				if int64(pdu[2+2*k])<<8|int64(pdu[3+2*k]) != v {
					t.Fatalf("register %d of %x: tshark sees %d", k, f.Data, v)
				}
			}
		}
	}
}

func TestEachFaultIsSeenByTheDriver(t *testing.T) {
	s := start(t, Options{Seed: 1})
	pts := points(simtest.Template(mill), "1", 0)[:3]
	want, err := readAll(t, open(t, s.link(""), nil), pts)
	if err != nil {
		t.Fatal(err)
	}
	code := func(f Faults, patience int) string {
		t.Helper()
		if err := s.SetFaults(f); err != nil {
			t.Fatal(err)
		}
		_, err := readAll(t, open(t, s.link(fmt.Sprintf(`,"responseTimeoutMs":%d`, patience)), nil), pts)
		if err == nil {
			return ""
		}
		return driver.Explain(err).Code
	}
	for what, c := range map[string]struct {
		f    Faults
		code string
	}{
		"healthy": {Faults{}, ""}, "drop": {Faults{Drop: 1}, driver.CodeClosed}, "stall": {Faults{Stall: 1}, driver.CodeUnit},
		"wrong unit": {Faults{WrongUnit: 1}, driver.CodeUnit}, "late": {Faults{Late: 1, LateBy: control.Duration(time.Minute)}, driver.CodeUnit},
		"dead": {Faults{Dead: []int{1}}, driver.CodeUnit}, "another is dead": {Faults{Dead: []int{2}}, ""},
	} {
		patience := 20_000 // a machine under load must not make a healthy answer late
		if c.code == driver.CodeUnit {
			patience = 100
		}
		if got := code(c.f, patience); got != c.code {
			t.Errorf("%s is seen as %q, want %q", what, got, c.code)
		}
	}
	a, _ := wire.ParseAddress(pts[1].Address)
	if err := s.SetFaults(Faults{Holes: []string{fmt.Sprintf("holding:%d-%d", a.Number, a.Number+1)}}); err != nil {
		t.Fatal(err)
	}
	values, err := readAll(t, open(t, s.link(""), nil), pts)
	if err != nil || values[0] != want[0] || values[1].status != telemetry.BadNodeIdUnknown || values[2] != want[2] {
		t.Errorf("a hole: %+v %v", values, err)
	}
	st := s.Stats()
	if st.Dropped != 1 || st.Stalled != 2 || st.WrongUnit != 1 || st.Late != 1 || st.Exceptions == 0 || st.Connections == 0 {
		t.Errorf("%+v", st)
	}
}

type collector struct {
	mu  sync.Mutex
	all []driver.Output
}

func (c *collector) take(_ context.Context, batch []driver.Output) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, batch...)
	return nil
}

func (c *collector) count(f func(driver.Output) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.all {
		if f(o) {
			n++
		}
	}
	return n
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 2500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never came: %s", what)
}

// Everything goes wrong at once, at random but repeatably, and the supervisor gets through: whatever it tells as good is
// what the machine holds, every sample is labelled replayed, and it recovers when the faults end.
func TestSupervisorThroughAllFaults(t *testing.T) {
	s := start(t, Options{Seed: 42, Faults: Faults{Drop: 0.02, Stall: 0.05, Late: 0.08, LateBy: control.Duration(200 * time.Millisecond), WrongUnit: 0.05,
		Holes: []string{"holding:2-3"}, RestartEvery: control.Duration(1500 * time.Millisecond), RestartFor: control.Duration(200 * time.Millisecond)}})
	began := time.Now()
	pts := append(points(simtest.Template(mill), "1", 0), points(simtest.Template(mill), "2", 1000)...)
	pts = append(pts, points(simtest.Template(meter), "3", 2000)...)
	truth := map[uint32]telemetry.Value{}
	for _, d := range []struct {
		unit byte
		base uint32
	}{{1, 0}, {2, 1000}, {3, 2000}} {
		dev := s.devices[d.unit]
		at := dev.replay.At(s.now)
		for i := range dev.fields {
			raw, err := dev.fields[i].Encode(dev.replay.Value(i, at))
			if err != nil {
				t.Fatal(err)
			}
			truth[d.base+uint32(i)], _ = dev.fields[i].Decode(raw)
		}
	}
	var out collector
	l, err := driver.New(driver.Spec{ID: "sim", Driver: wire.New(), Config: s.link(`,"responseTimeoutMs":120,"demoteAfter":8`), Points: pts}, driver.Options{Out: out.take})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { driver.Supervise(ctx, l) })
	defer wg.Wait()
	defer cancel()
	eventually(t, "every kind of fault", func() bool {
		st := s.Stats()
		return st.Dropped > 1 && st.Stalled > 3 && st.Late > 3 && st.WrongUnit > 3 && st.Restarts > 2 && st.Exceptions > 3
	})
	t.Logf("every fault was there after %v", time.Since(began))
	if err := s.SetFaults(Faults{}); err != nil {
		t.Fatal(err)
	}
	goodOf := func(id uint32) int {
		return out.count(func(o driver.Output) bool { return o.Point == id && o.Status == telemetry.Good })
	}
	for _, id := range []uint32{0, 1000, 2000} {
		had := goodOf(id)
		eventually(t, fmt.Sprintf("good values of point %d", id), func() bool { return goodOf(id) > had+3 })
	}
	cancel()
	wg.Wait()
	good, marks := 0, 0
	last := map[uint32]telemetry.Status{}
	for _, o := range out.all {
		if o.Origin != telemetry.Replayed {
			t.Fatalf("%+v is not labelled replayed", o)
		}
		switch o.Status {
		case telemetry.Good:
			if good++; o.Value != truth[o.Point] {
				t.Fatalf("point %d was told as %+v, the machine holds %+v", o.Point, o.Value, truth[o.Point])
			}
		case telemetry.BadNoCommunication:
			if marks++; last[o.Point] == telemetry.BadNoCommunication {
				t.Fatalf("point %d was marked twice for one outage", o.Point)
			}
		case telemetry.BadNodeIdUnknown:
			if o.Point != 1 && o.Point != 1001 && o.Point != 2001 {
				t.Fatalf("point %d is not in the hole", o.Point)
			}
		default:
			t.Fatalf("%+v", o)
		}
		last[o.Point] = o.Status
	}
	if good < 100 || marks == 0 {
		t.Errorf("%d good values, %d marks", good, marks)
	}
	t.Logf("%d good values and %d marks through %+v; the link saw %v", good, marks, s.Stats(), l.State().Errors)
}

func TestControlSetsFaultsAtRunTime(t *testing.T) {
	s := start(t, Options{Control: "127.0.0.1:0"})
	base := "http://" + s.control
	do := func(method, path, body string) (int, string) {
		t.Helper()
		req, _ := http.NewRequest(method, base+path, strings.NewReader(body))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	defer http.DefaultClient.CloseIdleConnections()
	if code, body := do("PUT", "/faults", `{"stall":0.25,"lateBy":"2s","holes":["40041-40050"]}`); code != 200 || !strings.Contains(body, `"stall":0.25`) || !strings.Contains(body, `"restartFor":"5s"`) {
		t.Errorf("%d %s", code, body)
	}
	if f := s.Faults(); f.Stall != 0.25 || time.Duration(f.LateBy) != 2*time.Second || !f.hits(wire.Holding, 45, 1) || !f.hits(wire.Holding, 49, 9) || f.hits(wire.Holding, 50, 1) {
		t.Errorf("%+v", f)
	}
	for body, want := range map[string]string{`{"stall":2}`: "stall is 2", `{"stal":1}`: "stal", `{"lateBy":"2"}`: "duration", `{"holes":["x"]}`: "address", `{"dead":[300]}`: "300", `{}{}`: "more than one"} {
		if code, answer := do("PUT", "/faults", body); code != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
	if s.Faults().Stall != 0.25 {
		t.Error("a refused document changed the faults")
	}
	do("PUT", "/faults", `{"restartFor":"10ms"}`)
	if code, _ := do("POST", "/restart", ""); code != 202 {
		t.Errorf("restart: %d", code)
	}
	eventually(t, "the restart", func() bool { return s.Stats().Restarts == 1 })
	eventually(t, "service after it", func() bool {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if code, body := do("GET", "/stats", ""); code != 200 || !strings.Contains(body, `"restarts":1`) {
		t.Errorf("%d %s", code, body)
	}
}

func TestFaultsRepeatWithTheirSeed(t *testing.T) {
	run := func(seed uint64) string {
		s, err := New(Options{Devices: []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(meter)}}}, Seed: seed, Faults: Faults{Drop: 0.2, Stall: 0.2, Late: 0.2, WrongUnit: 0.2}})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for range 200 {
			a := s.answer(wire.Header{Transaction: 1, Unit: 1, PDU: 5}, []byte{3, 0, 0, 0, 1})
			fmt.Fprint(&out, a.drop, a.after, len(a.frame), " ")
		}
		return out.String()
	}
	first, again, other := run(7), run(7), run(8)
	if first != again || first == other {
		t.Error("the same seed should give the same faults, another seed others")
	}
}

func TestWrongOptionsAreToldPlainly(t *testing.T) {
	ok := []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(meter)}}}
	plain := *simtest.Template(meter)
	plain.Recording.Dataset = ""
	missing := *simtest.Template(meter)
	missing.Recording.Dataset = "moon"
	for want, o := range map[string]Options{
		"no devices": {}, "twice": {Devices: append(ok, ok...)}, "drop is 3": {Devices: ok, Faults: Faults{Drop: 3}},
		"names no recording": {Devices: []Device{{Unit: 1, Part: replay.Part{Template: &plain}}}}, "moon": {Devices: []Device{{Unit: 1, Part: replay.Part{Template: &missing}}}},
		"loopback": {Devices: ok, Control: "0.0.0.0:80"}, "speed": {Devices: []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(meter), Speed: 1e9}}}},
		"negative": {Devices: []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(meter), Start: -1}}}},
	} {
		if err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := Run(t.Context(), Options{Devices: ok, Listen: l.Addr().String()}); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("a port in use: %v", err)
	}
}

func TestClientsThatTalkNonsenseAreClosed(t *testing.T) {
	s := start(t, Options{})
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if n, err := c.Read(make([]byte, 10)); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	for _, pdu := range [][]byte{{5, 0, 1, 0xFF, 0}, {3}, {3, 0, 0, 0, 200}} {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		frame := append([]byte{0, 1, 0, 0, 0, byte(len(pdu) + 1), 1}, pdu...)
		c.Write(frame)
		answer := make([]byte, 9)
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.ReadFull(c, answer); err != nil || answer[7] != pdu[0]|0x80 {
			t.Errorf("%x is answered by %x, %v", pdu, answer, err)
		}
		c.Close()
	}
}

func FuzzAnswer(f *testing.F) {
	s, err := New(Options{Devices: []Device{{Unit: 1, Part: replay.Part{Template: simtest.Template(meter)}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(byte(1), []byte{3, 0, 0, 0, 10})
	f.Add(byte(2), []byte{1, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, unit byte, pdu []byte) {
		if len(pdu) == 0 || len(pdu) > 253 {
			return
		}
		a := s.answer(wire.Header{Transaction: 9, Unit: unit, PDU: len(pdu)}, pdu)
		if len(a.frame) < 9 || len(a.frame) > wire.MaxFrame {
			t.Fatalf("%s", strconv.Quote(string(a.frame)))
		}
		if _, err := wire.ParseHeader(a.frame); err != nil {
			t.Fatal(err)
		}
	})
}
