package document

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/connect/driver"
	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

func TestQuestionsAreBounded(t *testing.T) {
	good := Ask{Verb: Read, Link: uuid.New(), TimeMs: 1500, Points: []Point{{Unit: "1", Address: "holding:1", Type: "int64", EveryMs: 1000}}}
	b, err := good.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseAsk(b); err != nil || !reflect.DeepEqual(*got, good) || got.Time() != 1500*time.Millisecond {
		t.Errorf("%+v %v", got, err)
	}
	for ms, want := range map[int64]time.Duration{0: MaxTime, 1: time.Millisecond, 30_001: MaxTime, math.MaxInt64: MaxTime} {
		if got := (&Ask{TimeMs: ms}).Time(); got != want {
			t.Errorf("%d ms: %v, want %v", ms, got, want)
		}
	}
	for what, in := range map[string]string{
		"not JSON": "{", "no verb": `{}`, "a negative number": `{"verb":"browse","skip":-1}`,
		"too many points":   `{"verb":"read","points":[` + strings.TrimSuffix(strings.Repeat(`{"address":"x"},`, MaxPoints+1), ",") + `]}`,
		"a long address":    `{"verb":"probe","address":"` + strings.Repeat("x", maxWord+1) + `"}`,
		"a long unit":       `{"verb":"read","points":[{"unit":"` + strings.Repeat("x", maxWord+1) + `"}]}`,
		"a link and a try":  `{"verb":"open","link":"` + uuid.NewString() + `","try":{"driver":"x"}}`,
		"more than allowed": `{"verb":"read"}` + strings.Repeat(" ", federate.MaxAsk),
	} {
		if a, err := ParseAsk([]byte(in)); err == nil {
			t.Errorf("%s: %+v", what, a)
		}
	}
	long := Ask{Verb: Read, Try: &Try{Driver: "x", Config: json.RawMessage(`"` + strings.Repeat("x", federate.MaxAsk) + `"`)}}
	if _, err := long.Encode(); err == nil {
		t.Error("a question that no gateway reads was encoded")
	}
}

func TestValuesTravelBitForBit(t *testing.T) {
	for _, v := range []telemetry.Value{{}, {Type: telemetry.Bool, Bits: 1}, {Type: telemetry.Int64, Bits: 1 << 63}, {Type: telemetry.Float64, Bits: math.Float64bits(math.Inf(-1))},
		{Type: telemetry.Float64, Bits: 0x7ff8000000000123}, {Type: telemetry.Float64, Bits: math.Float64bits(0.1)}, {Type: telemetry.String}, {Type: telemetry.String, Text: "经纬"}} {
		var s, back Sample
		s.SetValue(v)
		b, err := json.Marshal(s)
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if got := back.Get(); err != nil || got != v {
			t.Errorf("%+v came back as %+v (%v)", v, got, err)
		}
	}
	if v := (&Sample{Type: "float64", Value: "xyz"}).Get(); v.Type != 0 {
		t.Errorf("a value that is none: %+v", v)
	}
}

func TestAnswersAreCutToFit(t *testing.T) {
	frames, nodes := Answer{}, Answer{}
	for i := range 400 {
		frames.Frames = append(frames.Frames, FrameOf(driver.Frame{Time: time.Unix(int64(i), 0), Data: bytes.Repeat([]byte{byte(i)}, 4000), Note: strings.Repeat("n", 2000)}))
	}
	for range 2000 {
		nodes.Nodes = append(nodes.Nodes, NodeOf(driver.Node{Address: strings.Repeat("a", 1000), Name: "n\xff"}))
	}
	b, err := frames.Encode()
	got, perr := ParseAnswer(b)
	if err != nil || perr != nil || len(b) > federate.MaxAnswer || len(got.Frames) < 100 || got.Frames[len(got.Frames)-1].Time.Unix() != 399 {
		t.Errorf("%d bytes, %d frames, %v %v: the newest must stay", len(b), len(got.Frames), err, perr)
	}
	if f := got.Frames[0]; len(f.Data) != maxFrameData || f.Size != 4000 || len(f.Note) > maxNote+3 {
		t.Errorf("a long frame: %d bytes of %d, note of %d", len(f.Data), f.Size, len(f.Note))
	}
	b, err = nodes.Encode()
	got, perr = ParseAnswer(b)
	if err != nil || perr != nil || len(b) > federate.MaxAnswer || len(got.Nodes) < 400 || !got.More {
		t.Errorf("%d bytes, %d nodes, more %v, %v %v", len(b), len(got.Nodes), got.More, err, perr)
	}
	huge := Answer{Samples: []Sample{{Type: "string", Value: strings.Repeat("x", federate.MaxAnswer)}}}
	b, err = huge.Encode()
	if got, perr = ParseAnswer(b); err != nil || perr != nil || got.Refusal == nil || got.Refusal.Code != RefusedSize || got.Samples != nil {
		t.Errorf("%+v %v %v", got, err, perr)
	}
	if _, err := ParseAnswer(make([]byte, federate.MaxAnswer+1)); err == nil {
		t.Error("an answer beyond the bound was read")
	}
}

func FuzzAsk(f *testing.F) {
	f.Add([]byte(`{"verb":"read","link":"01980000-0000-7000-8000-000000000001","points":[{"unit":"1","address":"holding:1","encoding":"f32","order":"CDAB","scale":0.1}]}`))
	f.Add([]byte(`{"verb":"open","try":{"driver":"opcua","config":{"endpoint":"opc.tcp://x"}},"timeMs":100}`))
	f.Add([]byte(`{"verb":"browse","node":"i=85","skip":10,"limit":100}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAsk(b)
		if err != nil {
			return
		}
		if a.Time() <= 0 || a.Time() > MaxTime || len(a.Points) > MaxPoints {
			t.Fatalf("%+v", a)
		}
		for i := range a.Points {
			_ = a.Points[i].Driver(uint32(i))
		}
		again, err := a.Encode()
		if err != nil {
			return // JSON may grow by escapes
		}
		if _, err := ParseAsk(again); err != nil {
			t.Fatalf("what was read cannot be read again: %v", err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"tookMs":3,"samples":[{"time":"1","gateway":"2","status":0,"type":"float64","value":"405ec00000000000"}]}`))
	f.Add([]byte(`{"probe":{"address":"holding:1","raw":"AAE=","status":2147483648,"readings":[{"encoding":"u16","order":"ABCD","value":"1","type":"int64"}]}}`))
	f.Add([]byte(`{"nodes":[{"address":"a","name":"b"}],"more":true,"frames":[{"time":"2026-01-01T00:00:00Z","data":"AA=="}],"fault":{"code":"x","text":{"zh":"a","en":"b"},"attr":{"fingerprint":"1"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAnswer(b)
		if err != nil {
			return
		}
		for i := range a.Samples {
			_ = a.Samples[i].Get()
		}
		if again, err := a.Encode(); err != nil || len(again) > federate.MaxAnswer {
			t.Fatalf("%d bytes: %v", len(again), err)
		}
	})
}
