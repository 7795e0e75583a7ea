package sparkplug

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"jingwei/internal/telemetry"
)

func bitsOf(f float64) uint64 { return math.Float64bits(f) }

func asFloat(bits uint64) float64 { return math.Float64frombits(bits) }

func all(t *testing.T, b []byte) (Payload, []Metric) {
	t.Helper()
	p, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	var out []Metric
	var m Metric
	it := p.Metrics()
	for it.Next(&m) {
		out = append(out, m)
	}
	if it.Err() != nil || len(out) != p.Count {
		t.Fatalf("%d metrics of %d: %v", len(out), p.Count, it.Err())
	}
	return p, out
}

func TestPayloadComesBackAsItWasWritten(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 300) // a length of two bytes
	in := []Metric{
		{Name: []byte("a/b"), Alias: 1 << 40, HasAlias: true, Timestamp: 1_795_334_400_000, Datatype: Double, Kind: KindDouble, Bits: math.Float64bits(-1.5)},
		{Alias: 0, HasAlias: true, Kind: KindInt, Bits: 4294967284, Historical: true},
		{Name: long, Datatype: String, Kind: KindString, Bytes: long, Transient: true},
		{Name: []byte("n"), Datatype: Float, Null: true},
		{Name: []byte("f"), Datatype: Float, Kind: KindFloat, Bits: uint64(math.Float32bits(1.5)), Properties: AppendProperties(nil, 192, "Cel")},
		{Name: []byte("b"), Datatype: Bytes, Kind: KindBytes, Bytes: []byte{0, 1}, Metadata: []byte{8, 1}},
		{Name: []byte("u"), Datatype: UInt64, Kind: KindLong, Bits: math.MaxUint64},
		{Name: []byte("y"), Datatype: Boolean, Kind: KindBool, Bits: 1},
	}
	p, out := all(t, AppendPayload(nil, Payload{Timestamp: 7, Seq: 255, HasSeq: true, UUID: []byte("id"), Body: []byte("body")}, in))
	if !reflect.DeepEqual(in, out) {
		t.Errorf("metrics\n got %+v\nwant %+v", out, in)
	}
	if p.Timestamp != 7 || p.Seq != 255 || !p.HasSeq || string(p.UUID) != "id" || string(p.Body) != "body" {
		t.Errorf("outline %+v", p)
	}
	q, err := ReadProperties(out[4].Properties)
	if err != nil || q.Quality != 192 || !q.HasQuality || string(q.Unit) != "Cel" {
		t.Errorf("properties %+v, %v", q, err)
	}
}

// The bytes are those that npm sparkplug-payload 1.0 wrote for a metric with properties, so that the codec is not only
// measured by itself.
func TestPayloadOfAnotherEncoder(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "npm-dbirth.hex"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(string(bytes.TrimSpace(b)))
	if err != nil {
		t.Fatal(err)
	}
	p, ms := all(t, raw)
	if p.Timestamp != 1_795_334_400_000 || p.Seq != 1 || len(ms) != 12 {
		t.Fatalf("%+v, %d metrics", p, len(ms))
	}
	for i, want := range []string{"20.5", "-12", "-12", "-12345678901234", "12345678901234", "1.5", "true", "汉字", "1795334400000"} {
		v, verdict := ms[i].value(ms[i].Datatype)
		if verdict != valueOK || shown(v) != want {
			t.Errorf("%s: %s (%d), want %s", ms[i].Name, shown(v), verdict, want)
		}
	}
	if !ms[9].Null || ms[9].Kind != NoKind {
		t.Errorf("null: %+v", ms[9])
	}
	q, err := ReadProperties(ms[0].Properties)
	if err != nil || q.Quality != 192 || string(q.Unit) != "Cel" {
		t.Errorf("properties %+v, %v", q, err)
	}
	got := map[string]string{}
	var in parts
	in.visit = func(name []byte, m *Metric) {
		v, _ := m.value(m.Datatype)
		got[string(name)] = shown(v)
	}
	for _, m := range ms[10:] {
		if err := in.walk(m.Name, &m, m.Datatype); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"m1/rpm": "1500", "m1/on": "true", "ds[0].id": "1", "ds[0].name": "a", "ds[1].id": "2", "ds[1].name": "b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("parts %v, want %v", got, want)
	}
}

func TestValuesAreReadAsTheBirthSays(t *testing.T) {
	for _, c := range []struct {
		d    Datatype
		k    Kind
		bits uint64
		want string
		bad  verdict
	}{
		{Int8, KindInt, 4294967284, "-12", valueOK},
		{Int8, KindInt, 244, "-12", valueOK}, // eight bits, as some send
		{Int8, KindLong, math.MaxUint64 - 11, "-12", valueOK},
		{Int8, KindInt, 127, "127", valueOK},
		{Int8, KindInt, 300, "null", valueRange},
		{Int16, KindInt, 65524, "-12", valueOK},
		{Int16, KindInt, 4294967284, "-12", valueOK},
		{Int16, KindInt, 70000, "null", valueRange},
		{Int32, KindInt, 4294967284, "-12", valueOK},
		{Int32, KindInt, 2147483648, "-2147483648", valueOK},
		{Int32, KindLong, 1 << 40, "null", valueRange},
		{Int64, KindLong, 1 << 63, "-9223372036854775808", valueOK},
		{UInt8, KindInt, 255, "255", valueOK},
		{UInt8, KindInt, 256, "null", valueRange},
		{UInt16, KindInt, 65536, "null", valueRange},
		{UInt32, KindLong, 4294967284, "4294967284", valueOK},
		{UInt64, KindLong, math.MaxInt64, "9223372036854775807", valueOK},
		{UInt64, KindLong, 1 << 63, "null", valueRange},
		{DateTime, KindLong, 1795334400000, "1795334400000", valueOK},
		{Float, KindFloat, uint64(math.Float32bits(0.1)), "0.10000000149011612", valueOK},
		{Double, KindDouble, math.Float64bits(math.NaN()), "null", valueRange},
		{Double, KindDouble, math.Float64bits(math.Inf(1)), "null", valueRange},
		{Boolean, KindBool, 1, "true", valueOK},
		{Boolean, KindInt, 2, "null", valueRange},
		{Double, KindInt, 3, "null", valueType},
		{String, KindInt, 3, "null", valueType},
		{Int32, KindDouble, 3, "null", valueType},
	} {
		m := Metric{Kind: c.k, Bits: c.bits}
		v, verdict := m.value(c.d)
		if shown(v) != c.want || verdict != c.bad {
			t.Errorf("%v of kind %d, %d: %s (%d), want %s (%d)", c.d, c.k, c.bits, shown(v), verdict, c.want, c.bad)
		}
	}
	m := Metric{Kind: KindString, Bytes: []byte("a\xffb")}
	if v, verdict := m.value(Text); v.Text != "a\uFFFDb" || verdict != valueCleaned {
		t.Errorf("text: %q (%d)", v.Text, verdict)
	}
	m = Metric{Kind: KindBytes, Bytes: []byte{0xca, 0xfe}}
	if v, verdict := m.value(Bytes); v.Text != "cafe" || verdict != valueOK {
		t.Errorf("bytes: %q (%d)", v.Text, verdict)
	}
	for _, d := range []Datatype{File, DataSet, Template, PropertySet, Unknown, 200} {
		if d.Telemetry() != 0 {
			t.Errorf("%v is a single value", d)
		}
	}
}

func TestQualities(t *testing.T) {
	for q, want := range map[int32]telemetry.Status{0: telemetry.Bad, 192: telemetry.Good, 500: telemetry.UncertainLastUsable, 64: telemetry.Uncertain,
		216: telemetry.Good, 24: telemetry.Bad, 84: telemetry.Uncertain, -2147483392: telemetry.Bad, 600: telemetry.Uncertain} {
		if got := StatusOf(q); got != want {
			t.Errorf("quality %d: %08X, want %08X", q, got, want)
		}
	}
}

func TestArrays(t *testing.T) {
	var in parts
	var got []string
	in.visit = func(name []byte, m *Metric) {
		v, _ := m.value(m.Datatype)
		got = append(got, string(name)+"="+shown(v))
	}
	for _, c := range []struct {
		d    Datatype
		b    string
		want []string
	}{
		{Int8Array, "f47f", []string{"a[0]=-12", "a[1]=127"}},
		{Int16Array, "f4ff", []string{"a[0]=-12"}},
		{Int32Array, "f4ffffff01000000", []string{"a[0]=-12", "a[1]=1"}},
		{UInt64Array, "0100000000000000", []string{"a[0]=1"}},
		{FloatArray, "0000c03f", []string{"a[0]=1.5"}},
		{DoubleArray, "000000000000f83f", []string{"a[0]=1.5"}},
		{DateTimeArray, "00f2052a01000000", []string{"a[0]=5000000000"}},
		{BooleanArray, "0c000000a030", []string{"a[0]=true", "a[1]=false", "a[2]=true", "a[3]=false", "a[4]=false", "a[5]=false", "a[6]=false", "a[7]=false", "a[8]=false", "a[9]=false", "a[10]=true", "a[11]=true"}},
		{StringArray, "414243006869" + "00", []string{"a[0]=ABC", "a[1]=hi"}},
	} {
		got = nil
		raw, _ := hex.DecodeString(c.b)
		if err := in.walk([]byte("a"), &Metric{Kind: KindBytes, Bytes: raw}, c.d); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, %v; want %v", c.d, got, err, c.want)
		}
	}
	for _, c := range []struct {
		d Datatype
		b string
	}{{Int16Array, "01"}, {BooleanArray, "0c"}, {BooleanArray, "ffffffff00"}} {
		raw, _ := hex.DecodeString(c.b)
		if err := in.walk([]byte("a"), &Metric{Kind: KindBytes, Bytes: raw}, c.d); err != errWire {
			t.Errorf("%v %s: %v", c.d, c.b, err)
		}
	}
	if err := in.walk([]byte("a"), &Metric{Kind: KindBytes, Bytes: make([]byte, maxParts+1)}, Int8Array); err != errParts {
		t.Errorf("%d elements: %v", maxParts+1, err)
	}
}

func TestTemplatesInTemplatesEnd(t *testing.T) {
	m := Metric{Name: []byte("x"), Datatype: Double, Kind: KindDouble}
	for range 30 {
		m = Metric{Name: []byte("t"), Datatype: Template, Kind: KindTemplate, Bytes: AppendTemplate(nil, "T", []Metric{m})}
	}
	var in parts
	in.visit = func([]byte, *Metric) { t.Error("a value beyond the bound") }
	if err := in.walk([]byte("t"), &m, Template); err != errParts {
		t.Errorf("30 deep: %v", err)
	}
}

// Decoders never panic and never read beyond their bytes, and what they accept is written back the same.
func FuzzPayload(f *testing.F) {
	if b, err := os.ReadFile(filepath.Join("testdata", "npm-dbirth.hex")); err == nil {
		raw, _ := hex.DecodeString(string(bytes.TrimSpace(b)))
		f.Add(raw)
	}
	f.Add(AppendPayload(nil, Payload{Timestamp: 1, HasSeq: true}, []Metric{{Alias: 1, HasAlias: true, Kind: KindDouble, Bits: 1, Properties: AppendProperties(nil, 0, "V")},
		{Name: []byte("t"), Datatype: Template, Kind: KindTemplate, Bytes: AppendTemplate(nil, "T", []Metric{{Name: []byte("m"), Kind: KindInt}})},
		{Name: []byte("d"), Datatype: DataSet, Kind: KindDataSet, Bytes: AppendDataSet(nil, []Column{{"c", Int32}}, [][]Metric{{{Kind: KindInt, Bits: 3}}})}}))
	f.Add([]byte{0x12, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{0x0b})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Open(b)
		if err != nil {
			return
		}
		var metrics []Metric
		var m Metric
		in := parts{visit: func(name []byte, m *Metric) { m.value(m.Datatype) }}
		it := p.Metrics()
		for it.Next(&m) {
			for d := Unknown; d <= DateTimeArray; d++ {
				if v, verdict := m.value(d); verdict == valueOK && v.Type != d.Telemetry() {
					t.Fatalf("a %v gave type %d", d, v.Type)
				}
			}
			ReadProperties(m.Properties)
			in.walk(m.Name, &m, m.Datatype)
			if m.Kind < KindString {
				m.Bytes = nil
			} else {
				m.Bits = 0
			}
			metrics = append(metrics, m)
		}
		declared(&p, func(string, string, string, string) {})
		if it.Err() != nil {
			return
		}
		again := AppendPayload(nil, p, metrics)
		q, err := Open(again)
		if err != nil || q.Timestamp != p.Timestamp || q.Seq != p.Seq || q.HasSeq != p.HasSeq || q.Count != len(metrics) {
			t.Fatalf("written again: %+v, %v", q, err)
		}
		i := 0
		it = q.Metrics()
		for it.Next(&m) {
			w := metrics[i]
			if m.Kind != w.Kind || m.Bits != w.Bits || m.Alias != w.Alias || m.HasAlias != w.HasAlias || !bytes.Equal(m.Name, w.Name) || !bytes.Equal(m.Bytes, w.Bytes) || m.Timestamp != w.Timestamp {
				t.Fatalf("metric %d: %+v, want %+v", i, m, w)
			}
			i++
		}
	})
}
