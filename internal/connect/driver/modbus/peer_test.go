package modbus

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	peer "github.com/simonvetter/modbus"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/driver/wiretest"
	"jingwei/internal/peertest"
	"jingwei/internal/telemetry"
)

// pymodbus is a running server of testdata/pymodbus_server.py.
type pymodbus struct {
	t      testing.TB
	python string
	addr   string
	cmd    *exec.Cmd
}

func startPymodbus(t testing.TB) *pymodbus {
	t.Helper()
	// Debian's interpreter has Debian's packages; another python3 may come first in PATH.
	p := &pymodbus{t: t, python: "/usr/bin/python3", addr: peertest.Port(t)}
	peertest.Require(t, p.python)
	if out, err := exec.Command(p.python, "-c", "import pymodbus.server.async_io").CombinedOutput(); err != nil {
		t.Logf("%s", out)
		peertest.Missing(t, "python3-pymodbus (with python3-serial-asyncio)")
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *pymodbus) start() {
	p.t.Helper()
	p.cmd = exec.Command(p.python, "testdata/pymodbus_server.py", p.addr[len("127.0.0.1:"):])
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		p.t.Fatalf("pymodbus says %q, %v", line, err)
	}
}

// stop kills the server as a power cut would.
func (p *pymodbus) stop() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		p.cmd = nil
	}
}

func (p *pymodbus) link(extra string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"address":%q%s}`, p.addr, extra))
}

// pymodbusPoints are the points of unit 1 and what testdata/pymodbus_server.py says they hold.
func pymodbusPoints() (points []driver.Point, want map[uint32]outcome) {
	want = map[uint32]outcome{}
	add := func(p driver.Point, v telemetry.Value, s telemetry.Status) {
		p.ID = uint32(len(points))
		points = append(points, p)
		want[p.ID] = outcome{v, s}
	}
	for n := range 300 {
		p := driver.Point{Address: fmt.Sprintf("holding:%d", n)}
		if n >= 40 && n < 50 || n >= 200 && n < 204 {
			add(p, telemetry.Value{}, telemetry.BadNodeIdUnknown)
		} else {
			add(p, int64s(int64(n*7%65536)), 0)
		}
	}
	for n := 0; n < 260; n += 3 {
		add(driver.Point{Address: fmt.Sprintf("input:%d", n)}, int64s(int64(65535-n)), 0)
	}
	bit := func(set bool) telemetry.Value {
		if set {
			return boolean(1)
		}
		return boolean(0)
	}
	for n := 7; n < 2100; n += 11 {
		add(driver.Point{Address: fmt.Sprintf("coil:%d", n)}, bit(n%3 == 0), 0)
		add(driver.Point{Address: fmt.Sprintf("discrete:%d", n)}, bit(n%5 == 0), 0)
	}
	add(driver.Point{Address: "holding:600", Encoding: "f32"}, real64(float64(float32(123.456))), 0)
	add(driver.Point{Address: "holding:602", Encoding: "f32", Order: "CDAB"}, real64(float64(float32(123.456))), 0)
	add(driver.Point{Address: "holding:604", Encoding: "f32", Order: "BADC"}, real64(float64(float32(123.456))), 0)
	add(driver.Point{Address: "holding:606", Encoding: "f32", Order: "DCBA"}, real64(float64(float32(123.456))), 0)
	add(driver.Point{Address: "holding:608", Encoding: "f64"}, real64(-2.5e300), 0)
	add(driver.Point{Address: "holding:612", Encoding: "f64", Order: "CDAB"}, real64(-2.5e300), 0)
	add(driver.Point{Address: "holding:616", Encoding: "i32"}, int64s(-123456789), 0)
	add(driver.Point{Address: "holding:618", Encoding: "i64"}, int64s(-1234567890123456789), 0)
	add(driver.Point{Address: "holding:622", Encoding: "string:10"}, text("经纬-7"), 0)
	add(driver.Point{Address: "holding:628", Encoding: "string:4", Order: "BA"}, text("Jein"), 0)
	add(driver.Point{Address: "holding:630", Encoding: "f16"}, real64(-0.333251953125), 0)
	add(driver.Point{Address: "holding:631", Encoding: "bcd32"}, int64s(98765432), 0)
	add(driver.Point{Address: "holding:633", Encoding: "u64"}, telemetry.Value{}, telemetry.BadOutOfRange)
	add(driver.Point{Address: "holding:637", Encoding: "f32"}, telemetry.Value{}, telemetry.BadOutOfRange)
	add(driver.Point{Address: "40008.3"}, boolean(0), 0) // register 7 holds 49 = 110001b
	add(driver.Point{Address: "HR8.4"}, boolean(1), 0)
	return points, want
}

func TestAgainstPymodbus(t *testing.T) {
	p := startPymodbus(t)
	var wire wiretest.Capture
	s := open(t, p.link(""), wire.Trace)
	points, want := pymodbusPoints()
	for round := range 2 {
		got, err := read(t, s, points)
		if err != nil {
			t.Fatal(err)
		}
		for _, pt := range points {
			if got[pt.ID] != want[pt.ID] {
				t.Errorf("round %d %s %s %s = %+v, want %+v", round, pt.Address, pt.Encoding, pt.Order, got[pt.ID], want[pt.ID])
			}
		}
	}
	judge(t, &wire)
}

// judge has tshark dissect every frame, and compares what it says with what the driver meant: transaction, unit,
// function, address and count of each request; registers, bits or exception of each answer.
func judge(t testing.TB, wire *wiretest.Capture) {
	t.Helper()
	const port = 502 // by which tshark tells requests from answers
	frames := wire.Frames()
	rows := wiretest.Dissect(t, wire.Write(t, port), fmt.Sprintf("tcp.port==%d,mbtcp", port), "tcp.len > 0",
		"mbtcp.trans_id", "mbtcp.unit_id", "modbus.func_code", "modbus.reference_num", "modbus.word_cnt", "modbus.bit_cnt",
		"modbus.regval_uint16", "modbus.bitval", "modbus.exception_code", "_ws.malformed", "tcp.checksum.status", "ip.checksum.status", "tcp.analysis.flags")
	if len(rows) != len(frames) {
		t.Fatalf("tshark sees %d frames, there were %d", len(rows), len(frames))
	}
	number := func(r wiretest.Row, field string) int {
		if r.First(field) == "" {
			return -1
		}
		return int(wiretest.Numbers(t, r[field][:1])[0])
	}
	requests, answers, exceptions := 0, 0, 0
	type asked struct {
		area         Area
		start, count int
	}
	open := map[uint16]asked{}
	for i, f := range frames {
		r := rows[i]
		h, err := ParseHeader(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		if len(r["_ws.malformed"]) > 0 || r.First("tcp.checksum.status") != "1" || r.First("ip.checksum.status") != "1" || len(r["tcp.analysis.flags"]) > 0 {
			t.Fatalf("tshark objects to frame %d (%x): %v", i, f.Data, r)
		}
		if number(r, "mbtcp.trans_id") != int(h.Transaction) || number(r, "mbtcp.unit_id") != int(h.Unit) {
			t.Fatalf("frame %d: tshark sees %v, the driver %+v", i, r, h)
		}
		if f.Sent {
			requests++
			area, start, count, err := ParseRead(f.Data[HeaderLen:])
			counted := "modbus.word_cnt"
			if area.Bits() {
				counted = "modbus.bit_cnt"
			}
			if err != nil || number(r, "modbus.func_code") != int(area) || number(r, "modbus.reference_num") != start || number(r, counted) != count {
				t.Fatalf("request %x: tshark sees %v, the driver %v %d %d %v", f.Data, r, area, start, count, err)
			}
			open[h.Transaction] = asked{area, start, count}
			continue
		}
		q, ok := open[h.Transaction]
		if !ok {
			t.Fatalf("frame %d answers nothing: %v", i, r)
		}
		data, err := ParseAnswer(f.Data[HeaderLen:], q.area, q.count)
		if e, refused := err.(Exception); refused {
			exceptions++
			if number(r, "modbus.exception_code") != int(e) || number(r, "modbus.func_code")&0x7F != int(q.area) {
				t.Fatalf("exception %v: tshark sees %v", e, r)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		answers++
		if q.area.Bits() {
			bits := wiretest.Numbers(t, booleans(r["modbus.bitval"]))
			if len(bits) < q.count {
				t.Fatalf("tshark sees %d bits of %d: %v", len(bits), q.count, r)
			}
			for k := range q.count {
				if int64(data[k/8]>>(k%8)&1) != bits[k] {
					t.Fatalf("bit %d of %+v: tshark sees %d", k, q, bits[k])
				}
			}
			continue
		}
		values := wiretest.Numbers(t, r["modbus.regval_uint16"])
		if len(values) != q.count {
			t.Fatalf("tshark sees %d registers of %d", len(values), q.count)
		}
		for k, v := range values {
			if int64(data[2*k])<<8|int64(data[2*k+1]) != v {
				t.Fatalf("register %d of %+v: tshark sees %d", k, q, v)
			}
		}
	}
	if requests == 0 || answers == 0 {
		t.Fatalf("%d requests, %d answers", requests, answers)
	}
	t.Logf("tshark agrees with %d requests, %d answers and %d exceptions", requests, answers, exceptions)
}

func booleans(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = map[string]string{"True": "1", "False": "0", "1": "1", "0": "0"}[v]
	}
	return out
}

// Late answers of a foreign server: nothing is taken for something else, and the connection is kept.
func TestLateAnswersOfPymodbus(t *testing.T) {
	p := startPymodbus(t)
	var wire wiretest.Capture
	s := open(t, p.link(`,"responseTimeoutMs":150`), wire.Trace)
	good, silent := 0, 0
	for n := 0; good < 20 && n < 200; n++ {
		at := n % 30
		got, err := read(t, s, []driver.Point{{ID: 1, Unit: "8", Address: fmt.Sprintf("holding:%d", at)}})
		if err != nil {
			if driver.Explain(err).Code != driver.CodeUnit {
				t.Fatal(err)
			}
			silent++
			continue
		}
		good++
		if got[1].value != int64s(int64(at*7)) {
			t.Fatalf("holding:%d = %+v", at, got[1])
		}
	}
	late := 0
	frames := wire.Frames()
	for i, f := range frames {
		if h, _ := ParseHeader(f.Data); !f.Sent && i > 0 {
			if last, _ := ParseHeader(frames[i-1].Data); frames[i-1].Sent && last.Transaction != h.Transaction {
				late++
			}
		}
	}
	if good < 20 || silent == 0 || late == 0 {
		t.Errorf("%d good, %d timeouts, %d late answers seen", good, silent, late)
	}
	judge(t, &wire)
}

// collector is an outlet that keeps everything.
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

func (c *collector) count(ok func(driver.Output) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.all {
		if ok(o) {
			n++
		}
	}
	return n
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 3000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never came: %s", what)
}

// watched is the driver with every connection that it opens captured.
type watched struct {
	Driver
	mu    sync.Mutex
	conns []*wiretest.Capture
}

func (w *watched) Open(ctx context.Context, link json.RawMessage, trace func(driver.Frame)) (driver.Session, error) {
	return w.Driver.Open(ctx, link, w.both(trace))
}

func (w *watched) OpenWith(ctx context.Context, link json.RawMessage, trace func(driver.Frame), learned any) (driver.Session, error) {
	return w.Driver.OpenWith(ctx, link, w.both(trace), learned)
}

func (w *watched) both(trace func(driver.Frame)) func(driver.Frame) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := new(wiretest.Capture)
	w.conns = append(w.conns, c)
	return func(f driver.Frame) {
		c.Trace(f)
		trace(f)
	}
}

// The whole way under supervision: the server is killed under load and comes back, twice. Each outage is one mark per
// point, and every point has good values after it; tshark agrees with every frame of every connection.
func TestSupervisedRestartsOfPymodbus(t *testing.T) {
	p := startPymodbus(t)
	points := words("holding", 0, 199)
	for i := range points {
		points[i].Every = 50 * time.Millisecond
		points[i].Unit = "1"
	}
	points = append(points, driver.Point{ID: 9000, Unit: "77", Address: "holding:1", Every: 50 * time.Millisecond}) // answers never
	var all collector
	seen := &watched{Driver: New()}
	l, err := driver.New(driver.Spec{ID: "link", Driver: seen, Config: p.link(`,"responseTimeoutMs":800`), Points: points}, driver.Options{Out: all.take})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := l.Plan()
	if err != nil || len(plan) != 3 || plan[0].Summary != "unit 1 holding 0..124" || plan[0].Every != 50*time.Millisecond || l.State().Endpoint != p.addr {
		t.Errorf("plan %+v, %v, state %+v", plan, err, l.State())
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { driver.Supervise(ctx, l) })
	defer wg.Wait()
	defer cancel()
	goodOf := func(id uint32) int {
		return all.count(func(o driver.Output) bool { return o.Point == id && o.Status == telemetry.Good })
	}
	marksOf := func(id uint32) int {
		return all.count(func(o driver.Output) bool { return o.Point == id && o.Status == telemetry.BadNoCommunication })
	}
	for outage := range 2 {
		had := goodOf(199)
		eventually(t, "good values", func() bool { return goodOf(199) >= had+5 })
		p.stop()
		eventually(t, "the marks", func() bool { return marksOf(199) == outage+1 })
		eventually(t, "a vain attempt to connect", func() bool { return l.State().Errors[driver.CodeRefused] > uint64(outage) })
		p.start()
	}
	had := goodOf(0)
	eventually(t, "good values at the end", func() bool { return goodOf(0) >= had+5 })
	cancel()
	wg.Wait()
	for n := range uint32(200) {
		if got := marksOf(n); got != 2 {
			t.Errorf("point %d has %d marks after two outages", n, got)
		}
		missing := n >= 40 && n < 50
		if bad := all.count(func(o driver.Output) bool { return o.Point == n && o.Status == telemetry.BadNodeIdUnknown }); (bad > 0) != missing {
			t.Errorf("point %d is unknown to the device %d times", n, bad)
		}
	}
	if marksOf(9000) != 1 || goodOf(9000) != 0 {
		t.Errorf("the silent unit has %d marks and %d good values", marksOf(9000), goodOf(9000))
	}
	st := l.State()
	if st.Phase != driver.Stopped || st.Connects < 3 || st.Outages != 2 || st.Requests == 0 || st.RoundTripP50Ms <= 0 || st.QueueBytes != 0 {
		t.Errorf("state %+v", st)
	}
	judged := 0
	for _, c := range seen.conns {
		if slices.ContainsFunc(c.Frames(), func(f driver.Frame) bool { return !f.Sent }) {
			judge(t, c)
			judged++
		}
	}
	if judged < 3 {
		t.Errorf("%d connections judged, want one before and one after each restart", judged)
	}
}

// handler is simonvetter's server over a block of registers.
type handler struct {
	hr, ir [2000]uint16
	co     [2000]bool
}

func (h *handler) HandleCoils(r *peer.CoilsRequest) ([]bool, error) {
	if r.IsWrite {
		return nil, peer.ErrIllegalFunction
	}
	return h.bits(r.Addr, r.Quantity)
}
func (h *handler) HandleDiscreteInputs(r *peer.DiscreteInputsRequest) ([]bool, error) {
	return h.bits(r.Addr, r.Quantity)
}
func (h *handler) HandleHoldingRegisters(r *peer.HoldingRegistersRequest) ([]uint16, error) {
	if r.IsWrite || r.UnitId != 17 {
		return nil, peer.ErrIllegalFunction
	}
	return words16(h.hr[:], r.Addr, r.Quantity)
}
func (h *handler) HandleInputRegisters(r *peer.InputRegistersRequest) ([]uint16, error) {
	return words16(h.ir[:], r.Addr, r.Quantity)
}
func (h *handler) bits(at, n uint16) ([]bool, error) {
	if int(at)+int(n) > len(h.co) {
		return nil, peer.ErrIllegalDataAddress
	}
	return h.co[at : at+n], nil
}
func words16(m []uint16, at, n uint16) ([]uint16, error) {
	if int(at)+int(n) > len(m) {
		return nil, peer.ErrIllegalDataAddress
	}
	return m[at : at+n], nil
}

// Another Go implementation on both sides: its server feeds our driver and its own client; both must see the same, in
// the byte orders that it knows.
func TestAgainstSimonvetter(t *testing.T) {
	h := &handler{}
	r := rand.New(rand.NewPCG(7, 8))
	for i := range h.hr {
		h.hr[i], h.ir[i], h.co[i] = uint16(r.Uint32()), uint16(r.Uint32()), r.IntN(2) == 0
	}
	url := "tcp://" + peertest.Port(t)
	srv, err := peer.NewServer(&peer.ServerConfiguration{URL: url, Timeout: 30 * time.Second, MaxClients: 5}, h)
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Stop() })
	client, err := peer.NewClient(&peer.ClientConfiguration{URL: url, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	client.SetUnitId(17)
	s := open(t, []byte(fmt.Sprintf(`{"address":%q,"unit":17}`, url[len("tcp://"):])), nil)
	var points []driver.Point
	var want []telemetry.Value
	add := func(p driver.Point, v telemetry.Value, err error) {
		if err != nil {
			t.Fatal(err)
		}
		p.ID = uint32(len(points))
		points, want = append(points, p), append(want, v)
	}
	for ord, e := range map[string]struct {
		e peer.Endianness
		w peer.WordOrder
	}{"ABCD": {peer.BIG_ENDIAN, peer.HIGH_WORD_FIRST}, "CDAB": {peer.BIG_ENDIAN, peer.LOW_WORD_FIRST},
		"BADC": {peer.LITTLE_ENDIAN, peer.HIGH_WORD_FIRST}, "DCBA": {peer.LITTLE_ENDIAN, peer.LOW_WORD_FIRST}} {
		client.SetEncoding(e.e, e.w)
		for range 20 {
			n := uint16(r.IntN(1990))
			a := fmt.Sprintf("holding:%d", n)
			u16, err := client.ReadRegister(n, peer.HOLDING_REGISTER)
			add(driver.Point{Address: a, Encoding: "u16", Order: ord}, int64s(int64(u16)), err)
			u32, err := client.ReadUint32(n, peer.HOLDING_REGISTER)
			add(driver.Point{Address: a, Encoding: "u32", Order: ord}, int64s(int64(u32)), err)
			u64, err := client.ReadUint64(n, peer.HOLDING_REGISTER)
			add(driver.Point{Address: a, Encoding: "i64", Order: ord}, int64s(int64(u64)), err)
			f32, err := client.ReadFloat32(n, peer.INPUT_REGISTER)
			if x := float64(f32); !math.IsNaN(x) && !math.IsInf(x, 0) {
				add(driver.Point{Address: fmt.Sprintf("input:%d", n), Encoding: "f32", Order: ord}, real64(x), err)
			}
			f64, err := client.ReadFloat64(n, peer.INPUT_REGISTER)
			if !math.IsNaN(f64) && !math.IsInf(f64, 0) {
				add(driver.Point{Address: fmt.Sprintf("input:%d", n), Encoding: "f64", Order: ord}, real64(f64), err)
			}
			bit, err := client.ReadCoil(n)
			v := boolean(0)
			if bit {
				v = boolean(1)
			}
			add(driver.Point{Address: fmt.Sprintf("coil:%d", n)}, v, err)
		}
	}
	got, err := read(t, s, points)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		if o := got[p.ID]; o.value != want[i] || o.status != telemetry.Good {
			t.Errorf("%s %s %s = %+v, simonvetter's client reads %+v", p.Address, p.Encoding, p.Order, o, want[i])
		}
	}
}
