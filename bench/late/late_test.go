package late

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"jingwei/bench/tsdb"
	"jingwei/bench/workload"
)

// selfRun makes the test's own program run trials.
const selfRun = "LATE_TEST_SELF"

func TestMain(m *testing.M) {
	if os.Getenv(selfRun) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	c := tsdb.Command()
	c.SetArgs(os.Args[2:]) // the first word names the command itself
	if err := c.ExecuteContext(context.Background()); err != nil {
		os.Exit(1)
	}
}

func TestLateDataComeBackAndRestateWhatHoldsThem(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	was := quick
	quick = plan{rounds: 1, seconds: 2, merges: 1, fill: 4, series: 1, times: 1}
	defer func() { quick = was }()
	t.Setenv(selfRun, "1")
	dir := t.TempDir()
	var out bytes.Buffer
	r, err := Run(t.Context(), Options{Seed: 2, Quick: true, Dir: dir, Tell: tellTo{t}, Own: append([]string{self}, tsdb.TrialPath...)}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left", len(left))
	}
	met := map[string]bool{}
	for _, g := range r.Goals {
		met[g.Name] = g.Met
	}
	for _, name := range []string{"none late: every row comes back, as written", "10 % late, 30 s of a gateway at a time: every row comes back, after merging",
		"10 % late, each second by itself: every row comes back, after merging", "rows or restatements of anything else, at most",
		"each late sample restates one row of each level that is kept"} {
		if !met[name] {
			t.Errorf("%q is not met or missing: %v", name, r.Goals)
		}
	}
	f := r.Figures["restatement"].(Restated)
	if f.Rows != 4 || f.Told != 4 || f.Kept < 1000 || f.All.Median < f.Minute.Median {
		t.Errorf("%+v", f)
	}
	if s := r.Figures["stall"].(Stall); s.Merges == 0 || s.Batches == 0 || s.Longest < s.Median || s.BareP99 < s.Bare.Least {
		t.Errorf("%+v", s)
	}
	var line strings.Builder
	if err := r.JSON(&line); err != nil || !strings.HasPrefix(line.String(), `{"name":"late","figures":{`) {
		t.Errorf("%v %s", err, line.String())
	}
}

func TestATenthIsLate(t *testing.T) {
	for _, s := range streams(3, 90) {
		g := s.spec.Generator(0, 1)
		var b workload.Batch
		late, all := 0, 0
		for g.Next(&b) {
			if all++; b.Time[0] < workload.Start+int64(b.Tick)*1e9 {
				late++
				if back := workload.Start + int64(b.Tick)*1e9 - b.Time[0]; back < 58e9 || back > 31*86400e9 {
					t.Errorf("%s: %d ns late", s.name, back)
				}
			}
		}
		if share := float64(late) / float64(all); s.name == "none" && late > 0 || s.name != "none" && (share < 0.08 || share > 0.12) {
			t.Errorf("%s: %d of %d batches are late", s.name, late, all)
		}
	}
}

func TestPercentile(t *testing.T) {
	v := []float64{5, 1, 4, 2, 3}
	if percentile(v, 0.5) != 3 || percentile(v, 0.99) != 5 || percentile(nil, 0.5) != 0 {
		t.Error(percentile(v, 0.5), percentile(v, 0.99))
	}
}

// tellTo prints progress with the test.
type tellTo struct{ t *testing.T }

func (w tellTo) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}
