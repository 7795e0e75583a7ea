package trial

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/bench/workload"
)

func TestArgsComeBack(t *testing.T) {
	mill, err := workload.ReadMill("")
	if err != nil {
		t.Fatal(err)
	}
	all, err := workload.ReadReal("")
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range []workload.Spec{workload.Wide(7, 100), workload.D2(8, 200), workload.Typed(9, 300), workload.Mill(2, 10, mill),
		workload.Aged(3, 20, 10, 30), workload.Real(4, 1000, 60, 10*time.Second, all)} {
		o := Options{Phase: Ask, Dir: "some where", Spec: spec, Raw: 3, Means: 4, Count: spec.Late}
		got, err := Parse(o.Args())
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Errorf("%+v came back as %+v, %v", o, got, err)
		}
	}
	for _, bad := range [][]string{{"-workload", "narrow", "-dir", "x"}, {"-workload", "d2"}, {"-seed", "x", "-dir", "x"}, {"-workload", "mill", "-data", "nowhere", "-dir", "x"},
		{"-workload", "real1000", "-dir", "x"}, {"-workload", "real1000", "-every", "70ms", "-dir", "x"}, {"-workload", "aged101x1", "-dir", "x"}, {"-workload", "aged10", "-dir", "x"}} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSpans(t *testing.T) {
	from, raw, means := Spans(workload.D2(1, 86_400))
	if raw-from != 86_400e9 || means-from != 6*3600e9 {
		t.Errorf("%d %d", raw-from, means-from)
	}
	if from, _, means := Spans(workload.D2(1, 700)); means-from != 600e9 {
		t.Errorf("means of %d ns; only whole steps are asked", means-from)
	}
}

func TestRawSeriesCoverEveryProperty(t *testing.T) {
	seen := map[int]bool{}
	for i := range 20 {
		s := RawSeries(workload.D2(1, 1), i)
		if s < 0 || s >= 1000 {
			t.Fatalf("series %d", s)
		}
		seen[s%workload.Properties] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d properties", len(seen))
	}
}

// counter is a store that counts.
type counter struct {
	Engine
	rows atomic.Int64
	fail error
}

func (*counter) Name() string                     { return "counter" }
func (*counter) Version() string                  { return "1" }
func (*counter) Open(string, workload.Spec) error { return nil }
func (*counter) Flush() error                     { return nil }
func (*counter) Close() error                     { return nil }
func (*counter) LogPaths(d string) []string       { return []string{filepath.Join(d, "log")} }

func (c *counter) Write(_ int, b *workload.Batch) error {
	c.rows.Add(int64(b.Len()))
	return c.fail
}

func TestIngestCountsRowsAndFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"data": 100_000, filepath.Join("log", "segment"): 50_000} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := new(counter)
	r, err := Run(c, Options{Phase: Ingest, Dir: dir, Spec: workload.Wide(1, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if int64(r.Rows) != c.rows.Load() || r.Rows < 55_000 || r.Values > r.Rows || r.Values < r.Rows-1000 {
		t.Errorf("%d rows, %d values, %d were written", r.Rows, r.Values, c.rows.Load())
	}
	if r.DataBytes < 100_000 || r.LogBytes < 50_000 || r.DataBytes > 130_000 {
		t.Errorf("%d bytes of data, %d of log", r.DataBytes, r.LogBytes)
	}
	if r.Engine != "counter" || r.Phase != Ingest || r.PeakRSS <= 0 || r.GeneratorCPU < 0 {
		t.Errorf("%+v", r)
	}
}

// outside is an engine whose work is done elsewhere.
type outside struct {
	counter
	asked int
}

func (o *outside) Usage() (float64, int64) {
	o.asked++
	return float64(o.asked) * 1000, 77
}

func TestWorkOfAnotherProcessCounts(t *testing.T) {
	o := new(outside)
	r, err := Run(o, Options{Phase: Ingest, Dir: t.TempDir(), Spec: workload.D2(1, 3)})
	if err != nil {
		t.Fatal(err)
	}
	if r.CPU != 1000 || r.PeakRSS != 77 {
		t.Errorf("%v s, %d bytes", r.CPU, r.PeakRSS)
	}
}

func TestFailedWriteEndsTheTrial(t *testing.T) {
	broken := errors.New("no room")
	if _, err := Run(&counter{fail: broken}, Options{Phase: Ingest, Dir: t.TempDir(), Spec: workload.D2(1, 3)}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := Run(new(counter), Options{Phase: "dance", Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "dance") {
		t.Errorf("%v", err)
	}
	if _, err := Run(new(counter), Options{Phase: Verify, Dir: t.TempDir()}); err == nil {
		t.Error("a store without Verify verified")
	}
}
