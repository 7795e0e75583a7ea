package reading_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/xuri/excelize/v2"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/reading"
	"jingwei/internal/telemetry/shown"
)

// answer gets a path as a client that takes a coding.
func (b *bench) answer(path, encoding string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest("GET", "/api/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer a")
	r.Header.Set("Accept-Language", "en")
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	b.server.Handler().ServeHTTP(w, r)
	if w.Code != 200 {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return w
}

// mixed is one series of each type with everything that a value can be, on disk, in memory and in the history plane.
func mixed(t *testing.T, limits reading.Limits) (b *bench, ids []uuid.UUID, refs []telemetry.Ref, span telemetry.Span) {
	t.Helper()
	b = buildWith(t, limits)
	begin := b.now()
	b.pass(24 * time.Hour)
	for _, typ := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String} {
		id, ref := b.declare(b.a, typ.String()+", \"quoted\"", typ, "1")
		ids, refs = append(ids, id), append(refs, ref)
	}
	floats := []uint64{math.Float64bits(1.5), math.Float64bits(0.1), 1 << 63, 1, 0x7ff8000000000001, 0xfff8dead0000beef, 0x7ff0000000000000, 0xfff0000000000000, math.Float64bits(1e300), math.Float64bits(5e-324)}
	texts := []string{"run", "", "停机 \"A\"\r\n", "a,b", " padded ", "=1+1"}
	statuses := []telemetry.Status{0, 0, 0, 0x40930000, 0x80310000, 0x80FF0001, 0x402}
	n := 0
	var pending []telemetry.Sample
	for i := range 900 {
		at := begin.Add(time.Duration(i) * 13 * time.Second).UnixNano()
		for k, typ := range []telemetry.Type{telemetry.Float64, telemetry.Int64, telemetry.Bool, telemetry.String} {
			n++
			s := telemetry.Sample{Commit: uint64(refs[k]), Time: at + int64(k), Status: statuses[n%len(statuses)], Value: telemetry.Value{Type: typ}}
			switch typ {
			case telemetry.Float64:
				s.Value.Bits = floats[i%len(floats)]
			case telemetry.Int64:
				s.Value.Bits = []uint64{0, 1 << 63, math.MaxInt64, ^uint64(0), 1 << 53, 1<<53 + 1}[i%6]
			case telemetry.Bool:
				s.Value.Bits = uint64(i % 2)
			case telemetry.String:
				s.Value.Text = texts[i%len(texts)]
			}
			if n%11 == 0 {
				s.Flags, s.Value, s.Status = telemetry.NoValue|telemetry.GatewayTime, telemetry.Value{}, telemetry.Status(0x80000000|uint32(n)<<16)
			}
			pending = append(pending, s)
		}
		if i%300 == 299 {
			b.add(pending...)
			pending = pending[:0]
			if i < 600 {
				if err := b.store.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	b.add(float(refs[0], begin.Add(13*time.Second), 99)) // loses or wins against another of its time
	return b, ids, refs, telemetry.Span{From: begin.UnixNano(), To: begin.Add(4 * time.Hour).UnixNano()}
}

// stored is what the store has of the series.
func (b *bench) stored(refs []telemetry.Ref, span telemetry.Span, history bool) (out [][]telemetry.Sample) {
	b.t.Helper()
	for _, ref := range refs {
		page, err := b.store.Raw(context.Background(), ref, span, telemetry.RawOptions{Limit: telemetry.MaxLimit, History: history})
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, page.Samples)
	}
	return out
}

func exportPath(format string, ids []uuid.UUID, more string) string {
	path := "/samples/export?from=2026-05-04T08:00:00Z&to=2026-05-04T12:00:00Z&format=" + format + more
	for _, id := range ids {
		path += "&series=" + id.String()
	}
	return path
}

func TestArrowIsReadBackBitForBit(t *testing.T) {
	b, ids, refs, span := mixed(t, reading.DefaultLimits())
	for _, history := range []bool{false, true} {
		w := b.answer(exportPath("arrow", ids, fmt.Sprintf("&history=%v", history)), "gzip, zstd")
		if w.Header().Get("Content-Type") != "application/vnd.apache.arrow.stream" || w.Header().Get("Content-Encoding") != "" ||
			w.Header().Get("Content-Disposition") != `attachment; filename="samples-20260504T080000Z-20260504T120000Z.arrow"` {
			t.Errorf("%v", w.Header())
		}
		got := readArrow(t, bytes.NewReader(w.Body.Bytes()), ids)
		want := b.stored(refs, span, history)
		for i := range ids {
			if !slices.Equal(got[i], want[i]) {
				t.Fatalf("series %d with history %v: %d samples, want %d", i, history, len(got[i]), len(want[i]))
			}
		}
	}
	// A series alone has one column of its type.
	for i, typ := range []arrow.Type{arrow.FLOAT64, arrow.INT64, arrow.BOOL, arrow.STRING} {
		w := b.answer(exportPath("arrow", ids[i:i+1], "&columns=value,time"), "")
		r, err := ipc.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if s := r.Schema(); s.NumFields() != 2 || s.Field(0).Name != "value" || s.Field(0).Type.ID() != typ || !s.Field(0).Nullable {
			t.Errorf("schema %v", s)
		}
		n := int64(0)
		for r.Next() {
			n += r.RecordBatch().NumRows()
		}
		if r.Err() != nil || n != 900 {
			t.Errorf("%d rows, %v", n, r.Err())
		}
		r.Release()
	}
	// Nothing in the span is a stream with a schema and an end.
	w := b.answer("/samples/export?from=2026-05-05T08:00:00Z&to=2026-05-05T08:00:01Z&format=arrow&series="+ids[0].String(), "")
	if got := readArrow(t, w.Body, ids); got[0] != nil {
		t.Errorf("%v", got)
	}
}

// readArrow reads a stream of all columns with another reader than the store's.
func readArrow(t *testing.T, from io.Reader, ids []uuid.UUID) [][]telemetry.Sample {
	t.Helper()
	r, err := ipc.NewReader(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	out := make([][]telemetry.Sample, len(ids))
	origins := map[string]telemetry.Origin{"measured": 1, "replayed": 2, "manual": 3, "imported": 4, "computed": 5}
	for r.Next() {
		batch := r.RecordBatch()
		column := func(name string) arrow.Array {
			if at := r.Schema().FieldIndices(name); len(at) == 1 {
				return batch.Column(at[0])
			}
			return nil
		}
		word := func(name string, i int) string {
			d := column(name).(*array.Dictionary)
			return d.Dictionary().(*array.String).Value(d.GetValueIndex(i))
		}
		for i := range int(batch.NumRows()) {
			s := telemetry.Sample{
				Time: int64(column("time").(*array.Timestamp).Value(i)), Gateway: int64(column("gatewayTime").(*array.Timestamp).Value(i)),
				Status: telemetry.Status(column("status").(*array.Uint32).Value(i)), Flags: telemetry.Flags(column("flags").(*array.Uint16).Value(i)),
				Revision: column("revision").(*array.Uint32).Value(i), Commit: column("commit").(*array.Uint64).Value(i), Origin: origins[word("origin", i)],
			}
			if c := column("superseded"); c != nil {
				s.Superseded = c.(*array.Boolean).Value(i)
			}
			if got, want := word("statusName", i), shown.StatusName(s.Status); got != want {
				t.Fatalf("status %#x is named %s, want %s", uint32(s.Status), got, want)
			}
			filled := 0
			for _, name := range []string{"value", "valueFloat64", "valueInt64", "valueBool", "valueString"} {
				c := column(name)
				if c == nil || c.IsNull(i) {
					continue
				}
				filled++
				switch c := c.(type) {
				case *array.Float64:
					s.Value = telemetry.Value{Type: telemetry.Float64, Bits: math.Float64bits(c.Value(i))}
				case *array.Int64:
					s.Value = telemetry.Value{Type: telemetry.Int64, Bits: uint64(c.Value(i))}
				case *array.Boolean:
					s.Value.Type = telemetry.Bool
					if c.Value(i) {
						s.Value.Bits = 1
					}
				case *array.String:
					s.Value = telemetry.Value{Type: telemetry.String, Text: strings.Clone(c.Value(i))}
				}
			}
			if want := 1 - int(s.Flags&telemetry.NoValue); filled != want {
				t.Fatalf("%d values in a row with flags %d", filled, s.Flags)
			}
			id := uuid.MustParse(word("series", i))
			k := slices.Index(ids, id)
			if name := word("name", i); !strings.HasSuffix(name, ", \"quoted\"") {
				t.Fatalf("name %s", name)
			}
			out[k] = append(out[k], s)
		}
	}
	if r.Err() != nil {
		t.Fatal(r.Err())
	}
	return out
}

func TestManyBatchesShareTheirDictionaries(t *testing.T) {
	b, ids, refs, span := long(t, reading.DefaultLimits())
	w := b.answer(exportPath("arrow", ids, ""), "")
	r, err := ipc.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	batches, at := 0, 0
	want := b.stored(refs, span, false)[0]
	for r.Next() {
		batches++
		values := r.RecordBatch().Column(r.Schema().FieldIndices("value")[0]).(*array.Float64)
		for i := range values.Len() {
			if math.Float64bits(values.Value(i)) != want[at].Value.Bits {
				t.Fatalf("sample %d is %v", at, values.Value(i))
			}
			at++
		}
	}
	if r.Err() != nil || batches < 2 || at != len(want) {
		t.Errorf("%d batches, %d of %d samples, %v", batches, at, len(want), r.Err())
	}
	r.Release()
	if n := bytes.Count(w.Body.Bytes(), []byte(ids[0].String())); n != 1 {
		t.Errorf("the series is named %d times", n)
	}
}

// long is one series of three files with 7,000 samples each, two hours of each.
func long(t *testing.T, limits reading.Limits) (*bench, []uuid.UUID, []telemetry.Ref, telemetry.Span) {
	t.Helper()
	b := buildWith(t, limits)
	begin := b.now()
	b.pass(24 * time.Hour)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	for part := range 3 {
		var rows []telemetry.Sample
		for i := range 7000 {
			rows = append(rows, float(ref, begin.Add(time.Duration(part*7000+i)*time.Second/2), float64(part*7000+i)/7))
		}
		b.add(rows...)
		if err := b.store.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return b, []uuid.UUID{id}, []telemetry.Ref{ref}, telemetry.Span{From: begin.UnixNano(), To: begin.Add(4 * time.Hour).UnixNano()}
}

func TestCSVIsReadBack(t *testing.T) {
	b, ids, refs, span := mixed(t, reading.DefaultLimits())
	w := b.answer(exportPath("csv", ids, "&history=true"), "")
	plain := w.Body.String()
	if w.Header().Get("Content-Type") != "text/csv; charset=utf-8; header=present" || !strings.HasSuffix(w.Header().Get("Content-Disposition"), `120000Z.csv"`) {
		t.Errorf("%v", w.Header())
	}
	lines, err := csv.NewReader(strings.NewReader(plain)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(lines[0], " "); got != "series name time gatewayTime value status statusName flags origin revision commit superseded" {
		t.Errorf("heading %s", got)
	}
	var want [][]string
	for i, rows := range b.stored(refs, span, true) {
		for _, s := range rows {
			value := ""
			switch f := math.Float64frombits(s.Value.Bits); s.Value.Type {
			case telemetry.Float64:
				switch {
				case f != f:
					value = "NaN"
				case math.IsInf(f, 0):
					value = map[bool]string{true: "Infinity", false: "-Infinity"}[f > 0]
				default:
					value = map[float64]string{1.5: "1.5", 0.1: "0.1", 0: "-0", 5e-324: "5e-324", 1e300: "1e+300", 99: "99"}[f]
				}
			case telemetry.Int64:
				value = fmt.Sprint(int64(s.Value.Bits))
			case telemetry.Bool:
				value = fmt.Sprint(s.Value.Bits != 0)
			case telemetry.String:
				value = strings.ReplaceAll(s.Value.Text, "\r\n", "\n") // as this reader reads a line end
			}
			flags := ""
			if s.Flags&telemetry.NoValue != 0 {
				flags = "noValue gatewayTime"
			}
			if s.Flags&telemetry.Rival != 0 {
				flags = "rival"
			}
			want = append(want, []string{ids[i].String(), s.Value.Type.String(), time.Unix(0, s.Time).UTC().Format(time.RFC3339Nano), time.Unix(0, s.Gateway).UTC().Format(time.RFC3339Nano),
				value, fmt.Sprint(uint32(s.Status)), shown.StatusName(s.Status), flags, "replayed", "0", fmt.Sprint(s.Commit), fmt.Sprint(s.Superseded)})
			want[len(want)-1][1] = []string{"float64", "int64", "bool", "string"}[i] + ", \"quoted\""
		}
	}
	if len(lines)-1 != len(want) || len(want) != 3601 {
		t.Fatalf("%d lines, want %d", len(lines)-1, len(want))
	}
	for i := range want {
		if !slices.Equal(lines[i+1], want[i]) {
			t.Fatalf("line %d\n got  %q\n want %q", i, lines[i+1], want[i])
		}
	}
	if n := strings.Count(plain, "\r\n"); n < 3602 || strings.Contains(strings.ReplaceAll(plain, "\r\n", ""), "\n") {
		t.Errorf("%d line ends", n)
	}
	// An empty text is not a sample without a value.
	if only := b.answer(exportPath("csv", ids[3:], "&columns=value"), "").Body.String(); !strings.Contains(only, "\r\n\"\"\r\n") || !strings.Contains(only, "\r\n\r\n") {
		t.Errorf("%.100q", only)
	}
	if bom := b.answer(exportPath("csv", ids[:1], "&bom=true&columns=time,value"), "").Body.String(); !strings.HasPrefix(bom, "\uFEFFtime,value\r\n2026-05-04T08:00:00Z,") {
		t.Errorf("%.60q", bom)
	}
	for encoding, open := range map[string]func(io.Reader) (io.Reader, error){
		"gzip":                func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd":                func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
		"gzip, zstd;q=0":      func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"gzip, deflate, zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) },
	} {
		w := b.answer(exportPath("csv", ids, "&history=true"), encoding)
		r, err := open(w.Body)
		if err != nil {
			t.Fatalf("%s: %v", encoding, err)
		}
		data, err := io.ReadAll(r)
		if err != nil || string(data) != plain {
			t.Errorf("%s (%s): %d bytes, want %d, %v", encoding, w.Header().Get("Content-Encoding"), len(data), len(plain), err)
		}
		if z, ok := r.(*zstd.Decoder); ok {
			z.Close()
		}
	}
}

func TestXLSXIsReadBackAndBounded(t *testing.T) {
	limits := reading.DefaultLimits()
	limits.SheetRows = 3600
	b, ids, refs, span := mixed(t, limits)
	w := b.answer(exportPath("xlsx", ids, "&columns=series,time,value,status,commit"), "")
	f, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows("samples", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 3601 || fmt.Sprint(rows[0]) != "[series time value status commit]" {
		t.Fatalf("%d rows, %v", len(rows), rows[0])
	}
	at := 1
	for i, list := range b.stored(refs, span, false) {
		for _, s := range list {
			got := rows[at]
			at++
			want := ""
			switch v := s.Value; v.Type {
			case telemetry.Float64:
				want = strings.NewReplacer("+Inf", "Infinity", "-Inf", "-Infinity").Replace(fmt.Sprint(math.Float64frombits(v.Bits)))
			case telemetry.Int64:
				want = fmt.Sprint(int64(v.Bits))
			case telemetry.Bool:
				want = map[uint64]string{0: "0", 1: "1"}[v.Bits]
			case telemetry.String:
				want = strings.ReplaceAll(v.Text, "\r\n", "\n")
			}
			day := 46146 + float64(s.Time-time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC).UnixNano())/float64(24*time.Hour)
			var serial float64
			_, _ = fmt.Sscan(got[1], &serial)
			value := strings.TrimSuffix(strings.ReplaceAll(strings.ReplaceAll(got[2], "\r", ""), "TRUE", "1"), "FALSE")
			if got[0] != ids[i].String() || math.Abs(serial-day) > 1e-8 || got[3] != fmt.Sprint(uint32(s.Status)) || got[4] != fmt.Sprint(s.Commit) {
				t.Fatalf("row %d: %q", at, got)
			}
			if value != want && !(s.Value.Type == telemetry.Float64 && sameNumber(got[2], math.Float64frombits(s.Value.Bits))) && !(want == "0" && value == "") {
				t.Fatalf("row %d of %s: %q, want %q", at, s.Value.Type, got[2], want)
			}
		}
	}
	// One row more than a sheet may have is refused before anything is sent.
	got := b.get("a", exportPath("xlsx", ids, "&history=true"), 422, nil)
	if !strings.Contains(got, "sheet-too-long") || !strings.Contains(got, "3600") || !strings.Contains(got, "csv or arrow") {
		t.Errorf("%s", got)
	}
	id, ref := b.declare(b.a, "text", telemetry.String, "")
	b.add(telemetry.Sample{Commit: uint64(ref), Time: span.From, Value: telemetry.Value{Type: telemetry.String, Text: strings.Repeat("é", 32767)}})
	b.answer(exportPath("xlsx", []uuid.UUID{id}, ""), "")
	b.add(telemetry.Sample{Commit: uint64(ref), Time: span.From + 1, Value: telemetry.Value{Type: telemetry.String, Text: strings.Repeat("x", 32768)}})
	if got := b.get("a", exportPath("xlsx", []uuid.UUID{id}, ""), 422, nil); !strings.Contains(got, "cell-too-long") || !strings.Contains(got, "32767") {
		t.Errorf("%s", got)
	}
}

func TestTheTextsOfASheetAreBounded(t *testing.T) {
	limits := reading.DefaultLimits()
	limits.SheetText = 2 << 20
	b := buildWith(t, limits)
	id, ref := b.declare(b.a, "text", telemetry.String, "")
	begin := b.now()
	for i := range 300 {
		b.add(telemetry.Sample{Commit: uint64(ref), Time: begin.Add(time.Duration(i)).UnixNano(), Value: telemetry.Value{Type: telemetry.String, Text: strings.Repeat("x", 10_000)}})
	}
	got := b.get("a", exportPath("xlsx", []uuid.UUID{id}, ""), 422, nil)
	if !strings.Contains(got, "sheet-too-long") || !strings.Contains(got, "2 MB") {
		t.Errorf("%s", got)
	}
	b.answer(exportPath("xlsx", []uuid.UUID{id}, "&columns=time"), "")
}

func sameNumber(s string, want float64) bool {
	var f float64
	_, err := fmt.Sscan(s, &f)
	return err == nil && f == want
}

// spoil changes a byte of a page of the n-th newest file of the store.
func (b *bench) spoil(n int) {
	b.t.Helper()
	names, _ := filepath.Glob(b.dir + "/blocks/*.jwb")
	slices.Sort(names)
	if len(names) < n {
		b.t.Fatal(names)
	}
	name := names[len(names)-n]
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var one [1]byte
	stat, err := f.Stat()
	if err != nil {
		b.t.Fatal(err)
	}
	for at := stat.Size() / 8; at < stat.Size()/2; at += 50 { // pages of values and times; the index is at the end
		if _, err := f.ReadAt(one[:], at); err != nil {
			break
		}
		one[0] ^= 1
		if _, err := f.WriteAt(one[:], at); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestADamagedFileEndsAStreamVisibly(t *testing.T) {
	b, ids, _, _ := long(t, reading.DefaultLimits())
	b.spoil(1) // what the first files hold goes out before it is met
	for _, format := range []string{"csv", "arrow"} {
		for _, encoding := range []string{"identity", "gzip", "zstd"} {
			r, _ := http.NewRequestWithContext(t.Context(), "GET", b.server.Addresses()[0]+"/api/v1"+exportPath(format, ids, ""), nil)
			r.Header.Set("Authorization", "Bearer a")
			r.Header.Set("Accept-Encoding", encoding)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if resp.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || len(data) < 1000 {
				t.Errorf("%s by %s: %d, %d bytes, %v", format, encoding, resp.StatusCode, len(data), err)
			}
			if format == "arrow" {
				rd, err := ipc.NewReader(bytes.NewReader(data))
				if err != nil {
					t.Fatal(err)
				}
				for rd.Next() {
				}
				if n := len(data); rd.Err() == nil && bytes.Equal(data[n-8:], []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}) {
					t.Error("the stream has an end marker")
				}
				rd.Release()
			}
		}
	}
	// Over HTTP/2, which the node speaks with TLS, the stream is reset.
	h2 := httptest.NewUnstartedServer(b.server.Handler())
	h2.EnableHTTP2 = true
	h2.StartTLS()
	defer h2.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", h2.URL+"/api/v1"+exportPath("csv", ids, ""), nil)
	r.Header.Set("Authorization", "Bearer a")
	resp, err := h2.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != 200 || err == nil || len(data) < 1000 {
		t.Errorf("%s: %d, %d bytes, %v", resp.Proto, resp.StatusCode, len(data), err)
	}
	// Nothing has gone out before the damage is met: it is told in words.
	path := "/samples/export?from=2026-05-04T10:00:00Z&to=2026-05-04T12:00:00Z&series=" + ids[0].String()
	for _, format := range []string{"csv", "arrow"} {
		if got := b.get("a", path+"&format="+format, 500, nil); !strings.Contains(got, "samples-damaged") {
			t.Errorf("%s: %s", format, got)
		}
	}
	if got := b.get("a", exportPath("xlsx", ids, ""), 500, nil); !strings.Contains(got, "samples-damaged") {
		t.Errorf("%s", got)
	}
	// Beside it all is well.
	b.answer("/samples/export?from=2026-05-04T08:00:00Z&to=2026-05-04T08:30:00Z&series="+ids[0].String(), "")
}

func TestAClientThatGoesAwayEndsThePull(t *testing.T) {
	limits := reading.DefaultLimits()
	limits.Pulls = 1
	b, ids, _, _ := long(t, limits)
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, "GET", b.server.Addresses()[0]+"/api/v1"+exportPath("csv", ids, ""), nil)
		r.Header.Set("Authorization", "Bearer a")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode == 503 { // the one before has not noticed yet
			cancel()
			_ = resp.Body.Close()
			time.Sleep(10 * time.Millisecond)
			continue
		}
		_, _ = io.ReadFull(resp.Body, make([]byte, 100))
		cancel()
		_ = resp.Body.Close()
	}
	for range 500 {
		r := httptest.NewRequest("GET", "/api/v1"+exportPath("csv", ids, ""), nil)
		r.Header.Set("Authorization", "Bearer a")
		w := httptest.NewRecorder()
		b.server.Handler().ServeHTTP(w, r)
		if w.Code == 200 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the place was not given back")
}

func TestHistoryTellsWhatWasTakenAway(t *testing.T) {
	b := build(t)
	id, ref := b.declare(b.a, "speed", telemetry.Float64, "mm/s")
	begin := b.now()
	b.add(float(ref, begin, 1), float(ref, begin.Add(time.Second), 2))
	done := make(chan error, 1)
	away := &telemetry.Batch{Origin: telemetry.Manual, Ref: []telemetry.Ref{ref}, Time: []int64{begin.UnixNano()}, Gateway: []int64{begin.UnixNano()}, Bits: []uint64{0},
		Status: []telemetry.Status{0}, Flags: []telemetry.Flags{telemetry.NoValue | telemetry.Withdrawn}, Revision: []uint32{1}}
	if err := b.store.Append(t.Context(), uuid.New(), 1, 1, away, func(_ telemetry.Receipt, err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	b.pass(time.Minute)
	path := "/samples/export?from=2026-05-04T08:00:00Z&columns=time,value,flags,origin,revision,superseded&series=" + id.String()
	const head = "time,value,flags,origin,revision,superseded\r\n"
	if got := b.answer(path, "").Body.String(); got != head+"2026-05-04T08:00:01Z,2,,replayed,0,false\r\n" {
		t.Errorf("%q", got)
	}
	want := head + "2026-05-04T08:00:00Z,1,,replayed,0,true\r\n2026-05-04T08:00:00Z,,noValue withdrawn rival,manual,1,false\r\n2026-05-04T08:00:01Z,2,,replayed,0,false\r\n"
	if got := b.answer(path+"&history=true", "").Body.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
