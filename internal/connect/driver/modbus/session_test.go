package modbus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"jingwei/internal/connect/driver"
	"jingwei/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, link []byte, trace func(driver.Frame)) *session {
	t.Helper()
	s, err := New().Open(t.Context(), link, trace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s.(*session)
}

// read collects what one Read delivers, and insists on at most one sample per point.
func read(t testing.TB, s driver.Session, points []driver.Point) (map[uint32]outcome, error) {
	t.Helper()
	got := map[uint32]outcome{}
	err := s.Read(context.Background(), points, func(_ context.Context, samples []driver.Sample) error {
		for _, one := range samples {
			if _, twice := got[one.ID]; twice {
				t.Errorf("point %d was delivered twice", one.ID)
			}
			got[one.ID] = outcome{one.Value, one.Status}
		}
		return nil
	})
	if err == nil && len(got) != len(points) {
		t.Errorf("%d of %d points were delivered", len(got), len(points))
	}
	return got, err
}

func words(area string, from, to int) (points []driver.Point) {
	for n := from; n <= to; n++ {
		points = append(points, driver.Point{ID: uint32(n), Address: fmt.Sprintf("%s:%d", area, n)})
	}
	return points
}

func TestReadMergesAndDecodes(t *testing.T) {
	b := newBench(t, memory())
	s := open(t, b.link(""), nil)
	points := append(words("holding", 0, 9), driver.Point{ID: 100, Unit: "7", Address: "input:40", Encoding: "u32"},
		driver.Point{ID: 101, Address: "coil:9"}, driver.Point{ID: 102, Address: "coil:10"}, driver.Point{ID: 103, Address: "nonsense"})
	got, err := read(t, s, points)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		if want := (outcome{int64s(int64(register(1, n))), 0}); got[uint32(n)] != want {
			t.Errorf("holding:%d = %+v, want %+v", n, got[uint32(n)], want)
		}
	}
	for id, want := range map[uint32]outcome{100: {int64s(7040<<16 | 7041), 0}, 101: {boolean(1), 0}, 102: {boolean(0), 0},
		103: {telemetry.Value{}, telemetry.BadConfigurationError}} {
		if got[id] != want {
			t.Errorf("point %d = %+v, want %+v", id, got[id], want)
		}
	}
	if want := []string{"coil 9..10", "holding 0..9", "input 40..41"}; !slices.Equal(b.requests(), want) {
		t.Errorf("requests %q, want %q", b.requests(), want)
	}
}

func TestHoleIsBisectedOnceAndRemembered(t *testing.T) {
	b := newBench(t, memory(Span{Holding, 40, 43}))
	s := open(t, b.link(""), nil)
	points := words("holding", 0, 99)
	for round := range 2 {
		b.forget()
		got, err := read(t, s, points)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 100 {
			want := outcome{int64s(int64(register(1, n))), 0}
			if n >= 40 && n < 43 {
				want = outcome{telemetry.Value{}, telemetry.BadNodeIdUnknown}
			}
			if got[uint32(n)] != want {
				t.Errorf("round %d: holding:%d = %+v, want %+v", round, n, got[uint32(n)], want)
			}
		}
		if n := len(b.requests()); round > 0 && n > 16 {
			t.Errorf("round %d took %d requests: %q", round, n, b.requests())
		}
	}
	after := b.requests()
	// The next session of the link starts with what this one has found, a session without it from anew.
	next, err := New().OpenWith(t.Context(), b.link(""), nil, s.Learned())
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	b.forget()
	if _, err := read(t, next, points); err != nil || !slices.Equal(b.requests(), after) {
		t.Errorf("the next session sent %q, %v; want %q", b.requests(), err, after)
	}
	other, err := New().OpenWith(t.Context(), b.link(`,"maxRegisters":50`), nil, s.Learned())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	b.forget()
	if _, err := read(t, other, points); err != nil || b.requests()[0] != "holding 0..49" {
		t.Errorf("another configuration began with %q, %v", b.requests()[0], err)
	}
}

// A hole of three registers costs three requests a minute, not three a cycle; a user's own test read is always sent.
func TestRefusedAddressesAreAskedOnceAMinute(t *testing.T) {
	b := newBench(t, memory(Span{Holding, 40, 43}))
	s := open(t, b.link(""), nil)
	clock := time.Unix(1000, 0)
	s.now = func() time.Time { return clock }
	points := words("holding", 38, 45)
	for range 5 { // found, and refused three times each
		if _, err := read(t, s, points); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, ctx context.Context, want ...string) {
		t.Helper()
		b.forget()
		n := 0
		err := s.Read(ctx, points, func(_ context.Context, samples []driver.Sample) error {
			for _, one := range samples {
				if n++; (one.Status == telemetry.BadNodeIdUnknown) != (one.ID >= 40 && one.ID < 43) {
					t.Errorf("%s: point %d has status %#x", what, one.ID, one.Status)
				}
			}
			return nil
		})
		if err != nil || n != len(points) || !slices.Equal(b.requests(), want) {
			t.Errorf("%s: %d points with %q, %v; want %q", what, n, b.requests(), err, want)
		}
	}
	whole := []string{"holding 38..39", "holding 40..40", "holding 41..41", "holding 42..42", "holding 43..43", "holding 44..45"}
	check("at rest", t.Context(), "holding 38..39", "holding 43..43", "holding 44..45")
	check("by a user", driver.Fresh(t.Context()), whole...)
	clock = clock.Add(refusedPause)
	check("after a minute", t.Context(), whole...)
	check("at rest again", t.Context(), "holding 38..39", "holding 43..43", "holding 44..45")
	b.answer = memory() // the device was mended
	clock = clock.Add(refusedPause)
	if got, err := read(t, s, points); err != nil || got[41].value != int64s(1041) {
		t.Errorf("mended: %+v %v", got[41], err)
	}
}

func TestManyBitsOfOneMissingRegisterAreOneRequest(t *testing.T) {
	b := newBench(t, memory(Span{Holding, 5, 6}))
	s := open(t, b.link(""), nil)
	var points []driver.Point
	for bit := range 16 {
		points = append(points, driver.Point{ID: uint32(bit), Address: fmt.Sprintf("holding:5.%d", bit)})
	}
	got, err := read(t, s, points)
	if err != nil || len(b.requests()) != 1 || got[3].status != telemetry.BadNodeIdUnknown {
		t.Errorf("%q %+v %v", b.requests(), got[3], err)
	}
}

func TestExceptionsBecomeStatuses(t *testing.T) {
	for e, want := range map[Exception]telemetry.Status{
		IllegalFunction: telemetry.BadNodeIdUnknown, IllegalAddress: telemetry.BadNodeIdUnknown, IllegalValue: telemetry.BadNodeIdUnknown,
		DeviceFailure: telemetry.BadDeviceFailure, ParityError: telemetry.BadDeviceFailure, 0x77: telemetry.BadDeviceFailure,
		Busy: telemetry.UncertainLastUsable, Acknowledge: telemetry.UncertainLastUsable,
	} {
		b := newBench(t, func(_ int, h Header, pdu []byte) []byte {
			return AppendException(nil, h.Transaction, h.Unit, pdu[0], e)
		})
		got, err := read(t, open(t, b.link(""), nil), words("holding", 0, 0))
		if err != nil || got[0] != (outcome{telemetry.Value{}, want}) {
			t.Errorf("%v: %+v %v, want %#x", e, got[0], err, want)
		}
		if e.passing() && len(b.requests()) != busyTries {
			t.Errorf("%v was asked %d times, want %d", e, len(b.requests()), busyTries)
		}
	}
}

func TestBusyDeviceIsAskedAgain(t *testing.T) {
	b := newBench(t, func(n int, h Header, pdu []byte) []byte {
		if n == 1 {
			return AppendException(nil, h.Transaction, h.Unit, pdu[0], Busy)
		}
		return remember(h, pdu, nil)
	})
	got, err := read(t, open(t, b.link(""), nil), words("holding", 7, 7))
	if err != nil || got[7] != (outcome{int64s(1007), 0}) {
		t.Errorf("%+v %v", got[7], err)
	}
}

func TestSilentUnitIsAUnitErrorAndTheOthersLive(t *testing.T) {
	b := newBench(t, func(_ int, h Header, pdu []byte) []byte {
		switch h.Unit {
		case 3:
			return []byte{} // no answer at all
		case 4:
			return AppendException(nil, h.Transaction, h.Unit, pdu[0], NoTarget)
		}
		return remember(h, pdu, nil)
	})
	s := open(t, b.link(`,"responseTimeoutMs":700`), nil)
	points := []driver.Point{{ID: 1, Unit: "2", Address: "holding:1"}, {ID: 2, Unit: "3", Address: "holding:1"}, {ID: 3, Unit: "3", Address: "holding:5000"},
		{ID: 4, Unit: "4", Address: "holding:1"}, {ID: 5, Unit: "5", Address: "holding:1"}}
	got, err := read(t, s, points)
	var unit *driver.UnitError
	if !errors.As(err, &unit) || unit.Unit != "3" {
		t.Fatalf("%v", err)
	}
	if len(got) != 2 || got[1].value != int64s(2001) || got[5].value != int64s(5001) {
		t.Errorf("%+v", got)
	}
	if want := []string{"holding 1..1", "holding 1..1", "holding 1..1", "holding 1..1"}; !slices.Equal(b.requests(), want) {
		t.Errorf("%q: a silent unit is asked once", b.requests())
	}
	if _, err := read(t, s, points[3:4]); !errors.As(err, &unit) || unit.Unit != "4" {
		t.Errorf("a gateway whose target does not respond: %v", err)
	}
	if got, err := read(t, s, points[:1]); err != nil || got[1].value != int64s(2001) {
		t.Errorf("after it: %+v %v", got, err)
	}
}

// The answer to request 1 comes only with the answer to request 2: it is dropped by its transaction, and the
// connection goes on (connect.md 2.1; goburrow never recovers from this).
func TestLateAnswerIsDroppedAndTheConnectionKept(t *testing.T) {
	var late []byte
	b := newBench(t, func(n int, h Header, pdu []byte) []byte {
		if n == 1 {
			late = remember(h, pdu, nil)
			return []byte{}
		}
		return append(append([]byte(nil), late...), remember(h, pdu, nil)...)
	})
	s := open(t, b.link(`,"responseTimeoutMs":700`), nil)
	var unit *driver.UnitError
	if _, err := read(t, s, words("holding", 10, 10)); !errors.As(err, &unit) {
		t.Fatalf("the first read: %v", err)
	}
	for n := 20; n < 25; n++ {
		got, err := read(t, s, words("holding", n, n))
		if err != nil || got[uint32(n)].value != int64s(int64(1000+n)) {
			t.Errorf("holding:%d = %+v %v", n, got[uint32(n)], err)
		}
	}
	if len(b.conns) != 1 {
		t.Errorf("%d connections", len(b.conns))
	}
}

func TestAnswersOfAnotherUnitAreNotTaken(t *testing.T) {
	b := newBench(t, func(_ int, h Header, pdu []byte) []byte {
		wrong := h
		wrong.Unit++
		return append(remember(wrong, pdu, nil), remember(h, pdu, nil)...)
	})
	got, err := read(t, open(t, b.link(""), nil), words("holding", 1, 1))
	if err != nil || got[1].value != int64s(1001) {
		t.Errorf("%+v %v", got[1], err)
	}
	b = newBench(t, func(_ int, h Header, pdu []byte) []byte {
		h.Unit++
		return remember(h, pdu, nil)
	})
	var unit *driver.UnitError
	if got, err := read(t, open(t, b.link(`,"responseTimeoutMs":50`), nil), words("holding", 1, 1)); !errors.As(err, &unit) || len(got) != 0 {
		t.Errorf("only another unit answers: %+v %v", got, err)
	}
}

func TestAnswersThatDoNotFitAreDecodingErrors(t *testing.T) {
	for name, answer := range map[string]func(h Header, pdu []byte) []byte{
		"other function": func(h Header, _ []byte) []byte {
			return AppendAnswer(nil, h.Transaction, h.Unit, Input, []byte{0, 1})
		},
		"too few": func(h Header, _ []byte) []byte {
			return AppendAnswer(nil, h.Transaction, h.Unit, Holding, []byte{})
		},
		"too many": func(h Header, _ []byte) []byte {
			return AppendAnswer(nil, h.Transaction, h.Unit, Holding, []byte{0, 1, 0, 2})
		},
		"function only": func(h Header, _ []byte) []byte {
			return append(appendHeader(nil, Header{h.Transaction, h.Unit, 1}), 3)
		},
	} {
		b := newBench(t, func(n int, h Header, pdu []byte) []byte {
			if n == 1 {
				return answer(h, pdu)
			}
			return remember(h, pdu, nil)
		})
		s := open(t, b.link(""), nil)
		got, err := read(t, s, words("holding", 1, 1))
		if err != nil || got[1] != (outcome{telemetry.Value{}, telemetry.BadDecodingError}) {
			t.Errorf("%s: %+v %v", name, got[1], err)
		}
		if got, err := read(t, s, words("holding", 1, 1)); err != nil || got[1].value != int64s(1001) {
			t.Errorf("%s: afterwards %+v %v", name, got[1], err)
		}
	}
}

func TestWhatIsNotModbusEndsTheSessionInPlainWords(t *testing.T) {
	b := newBench(t, func(int, Header, []byte) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") })
	_, err := read(t, open(t, b.link(""), nil), words("holding", 1, 1))
	if f := driver.Explain(err); f.Code != driver.CodeProtocol || !strings.Contains(f.Text.Zh, "Modbus") {
		t.Errorf("%v", err)
	}
	b = newBench(t, func(int, Header, []byte) []byte { return nil })
	if _, err = read(t, open(t, b.link(""), nil), words("holding", 1, 1)); driver.Explain(err).Code != driver.CodeClosed || !errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
}

// A line that delivers byte by byte, slower than the response timeout: the read is given up, but the framing is not
// lost, so the rest of the old answer is passed over and the next one taken.
func TestDrippingAnswerKeepsTheFraming(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := testConfig(t)
	c.ResponseTimeoutMs = 700
	s := &session{c: c, conn: client, plans: &plans{}, now: time.Now}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer server.Close()
		var req [12]byte
		ask := func() Header {
			io.ReadFull(server, req[:])
			h, _ := ParseHeader(req[:])
			return h
		}
		first := remember(ask(), req[HeaderLen:], nil)
		server.Write(first[:9])
		second := ask() // the client has given up and asks again
		for _, x := range append(first[9:], remember(second, req[HeaderLen:], nil)...) {
			server.Write([]byte{x})
		}
	}()
	var unit *driver.UnitError
	if _, err := read(t, s, words("holding", 1, 1)); !errors.As(err, &unit) {
		t.Fatalf("%v", err)
	}
	s.c.ResponseTimeoutMs = 20_000
	if got, err := read(t, s, words("holding", 2, 2)); err != nil || got[2].value != int64s(1002) {
		t.Errorf("%+v %v", got, err)
	}
	<-done
}

func TestCancelledContextEndsAReadThatWaits(t *testing.T) {
	b := newBench(t, func(int, Header, []byte) []byte { return []byte{} })
	s := open(t, b.link(`,"responseTimeoutMs":60000`), nil)
	ctx, cancel := context.WithCancel(t.Context())
	s.trace = func(f driver.Frame) { // the request is out: now cancel
		if f.Sent {
			cancel()
		}
	}
	err := s.Read(ctx, words("holding", 1, 1), func(context.Context, []driver.Sample) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPausesAreKept(t *testing.T) {
	b := newBench(t, memory())
	began := time.Now()
	s := open(t, b.link(`,"pauseAfterConnectMs":30,"requestIntervalMs":20,"maxGap":0`), nil)
	if _, err := read(t, s, []driver.Point{{ID: 1, Address: "holding:1"}, {ID: 2, Address: "holding:9"}, {ID: 3, Address: "holding:19"}}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < 70*time.Millisecond {
		t.Errorf("three requests with 20 ms between them, 30 ms after the connect, took %v", d)
	}
}

// What merged reads deliver is what single reads deliver, over devices with random holes (platforms.md row 19: a
// shipped batcher was off by one).
func TestMergedReadsEqualSingleReads(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	encodings := []string{"u16", "i16", "u32", "f32", "u64", "string:5", "u8l", "bcd16"}
	for round := range 30 {
		var holes []Span
		for range r.IntN(6) {
			at := r.IntN(300)
			holes = append(holes, Span{Area(1 + r.IntN(4)), at, at + 1 + r.IntN(8)})
		}
		b := newBench(t, memory(holes...))
		var points []driver.Point
		for id := range uint32(80) {
			p := driver.Point{ID: id, Unit: fmt.Sprint(1 + r.IntN(2)), Address: fmt.Sprintf("%v:%d", Area(3+r.IntN(2)), r.IntN(300)), Encoding: encodings[r.IntN(len(encodings))]}
			switch r.IntN(4) {
			case 0:
				p.Address, p.Encoding = fmt.Sprintf("%v:%d", Area(1+r.IntN(2)), r.IntN(300)), ""
			case 1:
				p.Address, p.Encoding = fmt.Sprintf("holding:%d.%d", r.IntN(300), r.IntN(16)), ""
			}
			points = append(points, p)
		}
		limits := []string{"", `,"maxRegisters":10`, `,"maxGap":0,"maxBitGap":0`, `,"bitStart":8,"maxBits":64`, `,"bitsFromZero":true`,
			`,"avoid":["holding:100-120","coil:50"]`, `,"maxRegisters":1`}
		merged := open(t, b.link(limits[round%len(limits)]), nil)
		if round%len(limits) == 4 {
			holes = slices.DeleteFunc(holes, func(s Span) bool { return s.Area.Bits() }) // no read of such a device can avoid them
			b.answer = memory(holes...)
		}
		single := open(t, b.link(""), nil)
		for range 2 { // before and after bisecting
			all, err := read(t, merged, points)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range points {
				one, err := read(t, single, []driver.Point{p})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := all[p.ID], one[p.ID]; got != want {
					t.Fatalf("round %d %s: %+v merged is %+v, alone %+v; holes %v", round, limits[round%len(limits)], p, got, want, holes)
				}
			}
		}
	}
}

func TestSchemaListsEveryField(t *testing.T) {
	c, err := ParseConfig(New().exampleLink())
	if err != nil {
		t.Fatal(err)
	}
	if c.Address != "192.168.1.10:502" || c.ResponseTimeoutMs != 1000 || *c.MaxGap != 16 || c.MaxRegisters != 125 || c.MaxBits != 2000 || c.Unit != 1 {
		t.Errorf("defaults %+v", c)
	}
	fields := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(rt reflect.Type) {
		for i := range rt.NumField() {
			f := rt.Field(i)
			if f.Anonymous {
				walk(f.Type)
			} else if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() {
				fields[tag] = true
			}
		}
	}
	walk(reflect.TypeFor[Config]())
	props := schemaProperties(t)
	for name, p := range props {
		if !fields[name] {
			t.Errorf("the schema has %q, the configuration does not", name)
		}
		if p.Title == "" || p.Description == "" || p.Zh.Title == "" || p.Zh.Description == "" {
			t.Errorf("%q lacks a text", name)
		}
	}
	for name := range fields {
		if _, ok := props[name]; !ok {
			t.Errorf("the configuration has %q, the schema does not", name)
		}
	}
}
