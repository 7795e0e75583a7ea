package influx

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"jingwei/internal/connect/ingest/push/rows"
	"jingwei/internal/telemetry"
)

// tell decodes a body and shows every row: line, device, metric, value, time.
func tell(t testing.TB, body string, unit int64) (out []string, b *rows.Batch) {
	t.Helper()
	b = &rows.Batch{}
	b.Reset([]byte(body))
	Decode(b, []byte(body), unit)
	n := Naming{Keys: []string{"device"}}
	for i := range b.Rows {
		r := &b.Rows[i]
		key := b.Bytes(b.Groups[r.Group])
		device, f := n.Device(key)
		metric, g := n.Metric(key, b.Bytes(r.Name))
		if f != nil || g != nil {
			out = append(out, fmt.Sprintf("line %d: %s", r.Place, f.Reason.En))
			continue
		}
		out = append(out, fmt.Sprintf("%d %s %s %s:%d %d", r.Place, device, metric, rows.Show(b.Value(r)), r.Type, r.Time))
	}
	for _, f := range b.Faults {
		out = append(out, fmt.Sprintf("line %d %s: %s %q", f.Place, f.Field, f.Reason.En, f.Value))
	}
	return out, b
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"empty", "", nil},
		{"blank lines and comments", "\n \n# x y\r\n\r\n", nil},
		{"kinds of values", `m f=1.25,e=-1.5e-3,i=-9223372036854775808i,u=9223372036854775807u,t=T,no=FALSE,s="" 7`, []string{
			"1 m m.f 1.25:1 7", "1 m m.e -0.0015:1 7", "1 m m.i -9223372036854775808:2 7", "1 m m.u 9223372036854775807:2 7", "1 m m.t true:3 7", "1 m m.no false:3 7", "1 m m.s :4 7"}},
		{"numbers", "m a=-0,b=.5,c=5.,d=0.1,e=123456789012345678901234567890,f=9007199254740993,g=1234567890123456789i", []string{
			"1 m m.a -0:1 0", "1 m m.b 0.5:1 0", "1 m m.c 5:1 0", "1 m m.d 0.1:1 0", "1 m m.e 1.2345678901234568e+29:1 0", "1 m m.f 9.007199254740992e+15:1 0", "1 m m.g 1234567890123456789:2 0"}},
		{"escapes", `m\,\ \=x,k\=1=v\ \,\=2,device=d\\x f\ 1="a\\b\"c\nd\q"`, []string{`1 d\\x m, \\=x.f 1{k\=1=v \,\=2} a\b"c` + "\n" + `d\q:4 0`}},
		{"a text over lines", "m s=\"a\nb\"\nm v=1", []string{"1 m m.s a\nb:4 0", "3 m m.v 1:1 0"}},
		{"time", "m v=1 -5\nm v=1 0\nm v=1  7 \r\nm v=1 9223372036854775807", []string{"1 m m.v 1:1 -5", "2 m m.v 1:1 -1", "3 m m.v 1:1 7", "4 m m.v 1:1 9223372036854775807"}},
		{"half a line", "m v=1 5\nm v=1,t", []string{"1 m m.v 1:1 5", `line 2 : there is no = after the field's name (is it half a line?) "t"`}},
		{"half a text", "m v=1\nm,device=x s=\"hal", []string{"1 m m.v 1:1 0", `line 2 s: the text has no closing quote (is it half a line?) "\"hal"`}},
		{"half a measurement", "m v=1\nm,dev", []string{"1 m m.v 1:1 0", `line 2 : the line ends before a field (is it half a line?) "m,dev"`}},
		{"a text without quotes", "m v=21.5C", []string{`line 1 v: is not a number "21.5C"`}},
		{"other faults", "m =1\nm v=1,\nm v=1,,w=2\nm v=nan\nm v=-inf\nm v=0x10\nm v=1_0\nm v=tru\nm v=\"x\"y\nm v=1 5 6\nm v=1 -\n,x=1 v=1\nm\tx v=1\nm v=1 1.5", []string{
			"line 12: there is no measurement",
			`line 1 : a field has no name "m =1"`, `line 2 : a field has no name "m v=1,"`, `line 3 : a field has no name "m v=1,,w=2"`,
			`line 4 v: the field's value is neither a number, nor true or false, nor a text in quotes "nan"`, `line 5 v: is not a number "-inf"`,
			`line 6 v: is not a number "0x10"`, `line 7 v: is not a number "1_0"`, `line 8 v: is neither true nor false "tru"`,
			`line 9 v: a comma, a blank or the end of the line must follow the field's value "y"`,
			`line 10 : the time must be a whole number, and the end of the line must follow "5 6"`, `line 11 : the time must be a whole number, and the end of the line must follow "-"`,
			`line 13 : there is a control character in the line "m\tx v=1"`, `line 14 : the time must be a whole number, and the end of the line must follow "1.5"`}},
		{"out of range", "m v=9223372036854775808u\nm v=1e400\nm v=9223372036854775808i", []string{
			`line 1 v: is beyond a signed 64-bit integer or a double "9223372036854775808u"`, `line 2 v: is beyond a signed 64-bit integer or a double "1e400"`, `line 3 v: is beyond a signed 64-bit integer or a double "9223372036854775808i"`}},
		{"a bad line does not spoil its neighbours", "m v=1 1\nm v=x 2\nm v=3 3", []string{"1 m m.v 1:1 1", "3 m m.v 3:1 3", `line 2 v: the field's value is neither a number, nor true or false, nor a text in quotes "x"`}},
	} {
		if got, _ := tell(t, c.body, 1); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", c.name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
	if got, _ := tell(t, "m v=1 9223372036855", 1e6); !slices.Equal(got, []string{`line 1 : the time is beyond 64-bit nanoseconds in this precision "9223372036855"`}) {
		t.Errorf("%q", got)
	}
}

// Different series have different names, whatever characters are in them.
func TestNamesAreInjective(t *testing.T) {
	seen := map[string]string{}
	n := Naming{}
	parts := []string{"a", "a.b", "b", "c}", "{c", "c{d=e}", `a\`, `\`}
	for _, m := range parts {
		for _, f := range parts {
			for _, tags := range []string{"", ",d=e", `,d=e\,f\=g`, ",d=e,f=g", `,d=e}`} {
				key := m + tags
				got, fault := n.Metric([]byte(key), []byte(f))
				if fault != nil {
					t.Fatalf("%q: %v", key, fault.Reason)
				}
				if other, taken := seen[got]; taken {
					t.Errorf("%q %q and %s are both %q", key, f, other, got)
				}
				seen[got] = key + " " + f
			}
		}
	}
}

// judge reads with the field's library: rows in the same words, and whether every line is good.
func judge(body []byte) (out []string, good bool) {
	good = true
	d := lineprotocol.NewDecoderWithBytes(body)
	n := Naming{Keys: []string{"device"}}
	for d.Next() {
		var mine []string
		err := func() error {
			m, err := d.Measurement()
			if err != nil {
				return err
			}
			measurement, tags := string(m), []rows.Tag(nil)
			for {
				k, v, err := d.NextTag()
				if err != nil {
					return err
				}
				if k == nil {
					break
				}
				if slices.ContainsFunc(tags, func(t rows.Tag) bool { return t.Key == string(k) }) {
					return fmt.Errorf("twice")
				}
				tags = append(tags, rows.Tag{Key: string(k), Value: string(v)})
			}
			device, picked := rows.Pick(tags, n.Keys)
			if device == "" {
				device = measurement
			}
			var fields []string
			for {
				k, v, err := d.NextField()
				if err != nil {
					return err
				}
				if k == nil {
					break
				}
				metric := rows.Join(rows.Escape(measurement, `{}\`)+"."+rows.Escape(string(k), `.{}\`), tags, func(k string) bool { return k == picked })
				var value telemetry.Value
				switch v.Kind() {
				case lineprotocol.Float:
					value = telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(v.FloatV())}
				case lineprotocol.Int:
					value = telemetry.Value{Type: telemetry.Int64, Bits: uint64(v.IntV())}
				case lineprotocol.Uint:
					if v.UintV() > math.MaxInt64 {
						return fmt.Errorf("range")
					}
					value = telemetry.Value{Type: telemetry.Int64, Bits: v.UintV()}
				case lineprotocol.Bool:
					value = telemetry.Value{Type: telemetry.Bool}
					if v.BoolV() {
						value.Bits = 1
					}
				default:
					value = telemetry.Value{Type: telemetry.String, Text: v.StringV()}
					if len(value.Text) > telemetry.MaxTextBytes {
						return fmt.Errorf("long")
					}
				}
				fields = append(fields, fmt.Sprintf("%s %s %s:%d", device, metric, rows.Show(value), value.Type))
			}
			at, err := d.TimeBytes()
			if err != nil {
				return err
			}
			var ns int64
			if at != nil {
				if ns, err = strconv.ParseInt(string(at), 10, 64); err != nil {
					return err
				}
				if ns == 0 {
					ns = -1
				}
			}
			for _, f := range fields {
				mine = append(mine, fmt.Sprintf("%s %d", f, ns))
			}
			return nil
		}()
		good = good && err == nil
		if err == nil {
			out = append(out, mine...)
		}
	}
	return out, good
}

// odd are control characters but for the end of a line.
func odd(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }

// compare holds a body against the library. What differs on purpose is left out: numbers that are no decimal ones, and
// comments, whose characters do not matter to us.
func compare(t *testing.T, body string) {
	got, b := tell(t, body, 1)
	for i := range got {
		if i < len(b.Rows) {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
	}
	for i := range b.Rows {
		if _, f := (Naming{}).Device(b.Bytes(b.Groups[b.Rows[i].Group])); f != nil {
			b.Wrong++
		}
	}
	if strings.ContainsAny(body, "xXpP_") || strings.Contains(body, "#") && strings.IndexFunc(body, odd) >= 0 || b.Stop() {
		return
	}
	want, good := judge([]byte(body))
	if good != (b.Wrong == 0) {
		t.Fatalf("%q: we find %d faults %q, the library finds it good: %t", body, b.Wrong, got, good)
	}
	if good && !slices.Equal(got, want) {
		t.Fatalf("%q:\n got %q\nwant %q", body, got, want)
	}
}

func TestSameAsTheLibraryOnItsCorpus(t *testing.T) {
	data, err := os.ReadFile("testdata/corpus.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus []string
	if err := json.Unmarshal(data, &corpus); err != nil {
		t.Fatal(err)
	}
	for _, text := range corpus {
		compare(t, text)
	}
	if n := len(corpus); n < 1000 {
		t.Errorf("%d inputs only", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"m v=1", "m,device=a,b=c v=1i,w=2u,s=\"x\\\"y\" 17", "m\\ x,a\\=b=c\\,d f=t 5\r\n#c\n\nm v=1", "m s=\"a\nb\"\nm v=1,t", "m,host= v=1", ",v=1", "m v=-1e5,w=.5 -3", "m\xff v=1", "m v=\"\\",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 1<<16 {
			return
		}
		compare(t, body)
	})
}

// line20 is a line of 20 fields as a PLC's collector writes it.
func line20() string {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "press,line=3,device=press%d ", i)
		for k := range 20 {
			if k > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "temperature%d=%.2f", k, 20+float64(i*k%977)/7)
		}
		fmt.Fprintf(&b, " %d\n", int64(1795334400000000000)+int64(i))
	}
	return b.String()
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(line20())
	var batch rows.Batch
	b.ReportAllocs()
	for b.Loop() {
		batch.Reset(body)
		Decode(&batch, body, 1)
	}
	if len(batch.Rows) != 2000 {
		b.Fatal(len(batch.Rows), batch.Faults)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2000), "ns/value")
}

func BenchmarkLibrary(b *testing.B) {
	body := []byte(line20())
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n = 0
		d := lineprotocol.NewDecoderWithBytes(body)
		for d.Next() {
			if _, err := d.Measurement(); err != nil {
				b.Fatal(err)
			}
			for {
				if k, _, err := d.NextTag(); err != nil || k == nil {
					break
				}
			}
			for {
				k, v, err := d.NextField()
				if err != nil || k == nil {
					break
				}
				_ = v.FloatV()
				n++
			}
			if _, err := d.TimeBytes(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if n != 2000 {
		b.Fatal(n)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*2000), "ns/value")
}
