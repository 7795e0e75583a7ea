package federate

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

func TestVersionChoiceIsTheHighestBothKnow(t *testing.T) {
	for _, c := range []struct {
		a, b, c, d, want uint16
		ok               bool
	}{{1, 1, 1, 1, 1, true}, {1, 3, 2, 5, 3, true}, {2, 4, 1, 2, 2, true}, {3, 4, 1, 2, 2, false}, {1, 2, 3, 4, 2, false}} {
		if got, ok := choose(c.a, c.b, c.c, c.d); got != c.want || ok != c.ok {
			t.Errorf("%d to %d with %d to %d: %d %v, want %d %v", c.a, c.b, c.c, c.d, got, ok, c.want, c.ok)
		}
	}
}

func TestHelloKeepsWhatItKnowsAndIgnoresTheRest(t *testing.T) {
	h := Hello{Min: 1, Max: 3, ID: uuid.New(), Instance: uuid.New(), Software: "jingwei 1.0", Features: []string{"zstd"}, Clock: 12345, MaxFrame: 65536, Session: 9}
	b := must(h.append(nil))
	later := bytes.Replace(b, []byte(`"software"`), []byte(`"newMember":{"x":[1]},"software"`), 1)
	for _, in := range [][]byte{b, later} {
		got, err := parseHello(in)
		if err != nil || !reflect.DeepEqual(got, h) {
			t.Errorf("%+v %v, want %+v", got, err, h)
		}
	}
	for name, in := range map[string][]byte{"empty": nil, "other protocol": []byte("GET / HTTP/1.1"), "cut": b[:20], "no version": append([]byte("JWLK\x00\x00\x00\x00"), b[8:]...)} {
		if _, err := parseHello(in); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFrameHeaderRefusesWhatTheFormatForbids(t *testing.T) {
	at := func(h header) [8]byte { return [8]byte(h.append(nil)) }
	for name, h := range map[string]header{
		"too long":               {Type: frameData, Channel: 2, Length: MaxFrame + 1},
		"long on channel 0":      {Type: framePing, Length: maxBaseFrame + 1},
		"data on channel 0":      {Type: frameData, Length: 1},
		"ping on a channel":      {Type: framePing, Channel: 2, Length: 16},
		"unknown, not ignorable": {Type: 77, Channel: 2},
	} {
		if _, err := parseHeader(at(h), MaxFrame); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := parseHeader(at(header{Type: 77, Flags: flagIgnorable, Channel: 2, Length: 3}), MaxFrame); err != nil {
		t.Errorf("an ignorable frame of a later version: %v", err)
	}
}

// sampleTable and sampleBatch hold every type, every column and the values that codecs like to get wrong.
func sampleTable() Table {
	var t Table
	for i, of := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String, telemetry.Float64} {
		t = append(t, Entry{Series: uuid.UUID{0xab, byte(i)}, Type: of})
	}
	return t
}

func sampleBatch(rows int, seed uint64) *telemetry.Batch {
	r := rand.New(rand.NewPCG(seed, 0))
	b := &telemetry.Batch{Origin: telemetry.Replayed, Text: []string{"运行", "", "stop"}}
	floats := []uint64{0, 1 << 63, math.Float64bits(math.Inf(1)), math.Float64bits(math.NaN()), 0x7ff8000000000123, math.Float64bits(23.45), 1}
	at := int64(1763751600_000000000)
	for i := range rows {
		ref := telemetry.Ref(r.IntN(5))
		var bits uint64
		switch ref {
		case 0, 4:
			bits = floats[r.IntN(len(floats))]
		case 1:
			bits = uint64(r.Int64() - math.MaxInt64/2)
		case 2:
			bits = uint64(r.IntN(2))
		case 3:
			bits = uint64(r.IntN(3))
		}
		at += int64(r.IntN(1000)) * int64(time.Millisecond)
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at+int64(r.IntN(1e6))), append(b.Bits, bits)
		var status telemetry.Status
		var flags telemetry.Flags
		if r.IntN(4) == 0 {
			status, flags = telemetry.BadNoCommunication, telemetry.NoValue|telemetry.GatewayTime
			b.Bits[i] = 0
		}
		b.Status, b.Flags = append(b.Status, status), append(b.Flags, flags)
	}
	return b
}

func TestBatchComesBackBitForBit(t *testing.T) {
	table := sampleTable()
	var c Codec
	var got telemetry.Batch
	for _, rows := range []int{0, 1, 2, 7, 100, 4000, MaxRows} {
		want := sampleBatch(rows, uint64(rows))
		body, err := c.Append(nil, table, want)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Decode(body, table, &got); err != nil {
			t.Fatalf("%d rows: %v", rows, err)
		}
		if !slices.Equal(got.Ref, want.Ref) || !slices.Equal(got.Time, want.Time) || !slices.Equal(got.Gateway, want.Gateway) ||
			!slices.Equal(got.Status, want.Status) || !slices.Equal(got.Flags, want.Flags) || got.Origin != want.Origin {
			t.Fatalf("%d rows came back otherwise", rows)
		}
		for i, ref := range want.Ref {
			if want.Flags[i]&telemetry.NoValue != 0 {
				continue
			}
			if table[ref].Type == telemetry.String {
				if got.Text[got.Bits[i]] != want.Text[want.Bits[i]] {
					t.Fatalf("row %d: text %q", i, got.Text[got.Bits[i]])
				}
			} else if got.Bits[i] != want.Bits[i] {
				t.Fatalf("row %d: bits %x, want %x", i, got.Bits[i], want.Bits[i])
			}
		}
		for cut := 0; cut < len(body) && rows < 200; cut++ {
			if err := c.Decode(body[:cut], table, &got); !errors.Is(err, ErrMalformed) {
				t.Fatalf("%d of %d bytes: %v", cut, len(body), err)
			}
		}
	}
	small := sampleBatch(1, 1)
	small.Ref[0] = 9
	if _, err := c.Append(nil, table, small); err == nil {
		t.Error("a series beyond the table was encoded")
	}
}

func TestBlockAndAnswersComeBack(t *testing.T) {
	k := must(NewPacker(1))
	in := block{Epoch: 3, First: 17, Bodies: [][]byte{bytes.Repeat([]byte("abc"), 500), {1}, bytes.Repeat([]byte{0}, 9000)}}
	for _, compress := range []bool{true, false} {
		b := in.append(nil, k, compress)
		if compress && len(b) > 200 {
			t.Errorf("a repetitive block takes %d bytes", len(b))
		}
		out, err := parseBlock(b[1:], k)
		if err != nil || !reflect.DeepEqual(in, out) {
			t.Errorf("%v %v", out, err)
		}
	}
	f := Refusal{Epoch: 1, Seq: 2, Whole: true, Rows: []RefusedRow{{Row: 5, Series: uuid.New(), Reason: ReasonType, Text: "float64, not bool"}}}
	if got, err := parseRefusal(f.append(nil)[1:]); err != nil || !reflect.DeepEqual(got, f) {
		t.Errorf("%+v %v", got, err)
	}
	a := Ack{Epoch: 1, Seq: 2, Commit: 3, Time: 4}
	if got, err := parseAck(a.append(nil)[1:]); err != nil || got != a {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := parseControl(Control{Kind: MessageWithdraw, ID: 9}.append(nil, k), k); err != nil || got.Kind != MessageWithdraw || got.ID != 9 || len(got.Body) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	m := Control{Kind: MessageConfig, ID: 7, Body: bytes.Repeat([]byte("x"), 100000)}
	if got, err := parseControl(m.append(nil, k), k); err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("%v", err)
	}
}

func TestDecompressionIsBounded(t *testing.T) {
	k := must(NewPacker(1))
	huge := block{Epoch: 1, First: 1}
	for range 20 {
		huge.Bodies = append(huge.Bodies, make([]byte, MaxBody))
	}
	if _, err := parseBlock(huge.append(nil, k, true)[1:], k); !errors.Is(err, ErrMalformed) {
		t.Errorf("a block of 15 MiB behind a few bytes: %v", err)
	}
	// A header that lies about the size must not make the decoder write more than it was told.
	b := (&block{Epoch: 1, First: 1, Bodies: [][]byte{make([]byte, MaxBody)}}).append(nil, k, true)
	b[20], b[21], b[22], b[23] = 16, 0, 0, 0
	if _, err := parseBlock(b[1:], k); !errors.Is(err, ErrMalformed) {
		t.Errorf("a lying length: %v", err)
	}
}

func TestBackoffDoublesWithinBoundsAndJitters(t *testing.T) {
	b := Backoff{Min: 100, Max: 1000, Rand: func() float64 { return 0 }}
	var got []time.Duration
	for range 6 {
		got = append(got, b.Next())
	}
	if want := []time.Duration{50, 100, 200, 400, 500, 500}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	b.Reset()
	b.Rand = func() float64 { return 0.999 }
	if d := b.Next(); d < 98 || d > 100 {
		t.Errorf("first wait %d after a reset, want just under 100", d)
	}
	b.AtLeast(600)
	if d := b.Next(); d < 500 {
		t.Errorf("wait %d after being asked for patience", d)
	}
}

func TestClockOffsetComesFromTheFastestPing(t *testing.T) {
	var f clockFilter
	if f.estimate().Known {
		t.Error("known before any ping")
	}
	const off = int64(5 * time.Second) // the other clock is ahead
	add := func(out, far, back int64) {
		f.add(1000, 1000+out+off, 1000+out+far+off, time.Duration(out+far+back))
	}
	add(100e6, 1e6, 900e6) // queued on the way back
	add(10e6, 5e6, 10e6)
	add(400e6, 0, 20e6)
	c := f.estimate()
	if c.RoundTrip != 20*time.Millisecond || c.Offset != 5*time.Second {
		t.Errorf("%+v, want 20 ms and 5 s", c)
	}
}

func TestEnrolmentCodeNoticesMistakes(t *testing.T) {
	v := Invitation{URL: "https://node.example:8443", Fingerprint: [32]byte{1, 2}, Secret: [16]byte{3}}
	code := v.String()
	if got, err := ParseInvitation("  " + code + "\n"); err != nil || got != v {
		t.Errorf("%+v %v", got, err)
	}
	flipped := []byte(code)
	flipped[30] ^= 1
	for in, want := range map[string]error{"": ErrCodePrefix, "hello": ErrCodePrefix, code[:40]: ErrCodeCut, string(flipped): ErrCodeCut, code + "x": ErrCodeCut,
		Invitation{URL: "http://node.example"}.String(): ErrCodeURL, Invitation{URL: "ftp://node.example"}.String(): ErrCodeURL} {
		if _, err := ParseInvitation(in); !errors.Is(err, want) {
			t.Errorf("%.20q: %v, want %v", in, err, want)
		}
	}
	if _, err := ParseInvitation(Invitation{URL: "http://127.0.0.1:8480"}.String()); err != nil {
		t.Errorf("plain http on loopback: %v", err)
	}
}

// TestGoldenBytes pins version 1 of what lies in spools and travels between releases.
func TestGoldenBytes(t *testing.T) {
	var c Codec
	table := sampleTable()
	k := must(NewPacker(1))
	id := uuid.UUID{1, 2, 3}
	for name, b := range map[string][]byte{
		"table":    table.Append(nil),
		"batch":    must(c.Append(nil, table, sampleBatch(12, 1))),
		"block":    (&block{Epoch: 2, First: 5, Bodies: [][]byte{{1, 2}, {3}}}).append(nil, k, false),
		"ack":      Ack{1, 2, 3, 4}.append(nil),
		"refusal":  Refusal{Epoch: 1, Seq: 2, Rows: []RefusedRow{{Row: 3, Series: id, Reason: ReasonForeign, Text: "x"}}}.append(nil),
		"control":  Control{Kind: MessageStatus, ID: 5, Body: []byte("{}")}.append(nil, k),
		"ask":      Control{Kind: MessageAsk, ID: 6, Body: []byte(`{"verb":"trace"}`)}.append(nil, k),
		"answer":   Control{Kind: MessageAnswer, ID: 6, Body: []byte(`{"frames":[]}`)}.append(nil, k),
		"withdraw": Control{Kind: MessageWithdraw, ID: 6}.append(nil, k),
		"goodbye":  appendFrame(nil, frameGoodbye, 0, 0, (&Goodbye{Code: CodeSuperseded, Text: "newer"}).append(nil)),
		"credit":   appendCredit(nil, 2, 1000),
		"pong":     appendPong(nil, 1, 2, 3, 4),
		"hello": must(Hello{Min: 1, Max: 1, ID: id, Instance: id, Software: "jingwei", Features: []string{"zstd"}, Clock: 7,
			MaxFrame: MaxFrame}.append(nil)),
		"code": []byte(Invitation{URL: "https://a.example", Fingerprint: [32]byte{9}, Secret: [16]byte{8}}.String()),
	} {
		path := filepath.Join("testdata", "golden", name+".bin")
		if os.Getenv("JINGWEI_GOLDEN") != "" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, want) {
			t.Errorf("%s changed: % x, golden % x; a change of the format needs a new version", name, b, want)
		}
	}
}
