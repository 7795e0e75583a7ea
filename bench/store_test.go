package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/bench/result"
	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

// TestMain lets the test's own program be the contenders' programs.
func TestMain(m *testing.M) {
	name := os.Getenv("BENCH_TEST_STORE")
	if strings.HasPrefix(filepath.Base(os.Args[0]), "victoria") {
		name = victoriaName
	}
	if name != "" {
		trial.Main(&memoryStore{name: name, lose: name == "forgetful"}, os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func small(t *testing.T) {
	t.Helper()
	was := quickPlan
	quickPlan = plan{rounds: 4, wide: 1, d2: 3, fullWide: 2, full: 301, asks: 2, raw: 4, means: 2, mill: 2, typed: 5}
	t.Cleanup(func() { quickPlan = was })
}

// race runs the benchmark with the test's program as our store and, if peer, as VictoriaMetrics.
func race(t *testing.T, own string, peer bool) (*result.Result, string) {
	t.Helper()
	small(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	peers := t.TempDir()
	if peer {
		if err := os.Symlink(self, filepath.Join(peers, "victoriametrics")); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	var out bytes.Buffer
	t.Setenv("BENCH_TEST_STORE", own)
	r, err := Store(context.Background(), StoreOptions{Seed: 3, Quick: true, Dir: dir, Peers: peers,
		Own: []string{self}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files are left in the directory that was measured in", len(left))
	}
	if err := r.Summary(&out); err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

func goals(r *result.Result) map[string]bool {
	m := map[string]bool{}
	for _, g := range r.Goals {
		m[g.Name] = g.Met
	}
	return m
}

func TestStoreBesideAPeer(t *testing.T) {
	r, text := race(t, ownName, true)
	g := goals(r)
	for _, name := range []string{
		"every float64 bit, int64, bool, string, status, flag and time comes back, as written",
		"every float64 bit, int64, bool, string, status, flag and time comes back, after compaction",
		"all queries find every value",
	} {
		if !g[name] {
			t.Errorf("the goal %q is not met or missing: %v", name, r.Goals)
		}
	}
	for _, name := range []string{"wide: CPU per sample, part of VictoriaMetrics', at most", "d2: CPU per sample, part of VictoriaMetrics', at most",
		"wide: bytes per sample, part of VictoriaMetrics', at most", "d2: bytes per sample, part of VictoriaMetrics', at most",
		"means of 1,000 series: time, part of VictoriaMetrics', at most", "raw day: time, part of VictoriaMetrics', at most"} {
		if _, judged := g[name]; !judged {
			t.Errorf("the goal %q was not judged", name)
		}
	}
	if m := r.Figures["mill"].(map[string]figures)[ownName]; m.Samples != 40*47*20 || m.Bytes <= 0 {
		t.Errorf("recorded data: %+v", m)
	}
	f := r.Figures["d2"].(map[string]figures)[victoriaName]
	if f.CPU.Runs != 2 /* of 4: there is no patience */ || f.Samples < 290_000 || f.Bytes <= 0 || f.RawDay == nil || f.Means == nil || f.MeansWay == "" {
		t.Errorf("%+v", f)
	}
	if len(r.Notes) != 2 || !strings.HasPrefix(r.Notes[0], "Prometheus is left out") || r.Notes[1] != "only 2 rounds of ingestion: the machine is busy" {
		t.Errorf("notes %q", r.Notes)
	}
	if r.Versions[victoriaName] != "v0" || !strings.Contains(text, "VictoriaMetrics") {
		t.Errorf("versions %v in\n%s", r.Versions, text)
	}
}

func TestStoreAloneSaysSo(t *testing.T) {
	r, _ := race(t, ownName, false)
	if len(r.Notes) != 3 || !strings.Contains(r.Notes[0], "`make bench-peers` builds it") {
		t.Errorf("notes %q", r.Notes)
	}
	if len(r.Goals) != 3 {
		t.Errorf("%d goals judged without a peer: %v", len(r.Goals), r.Goals)
	}
}

func TestLostRowIsFound(t *testing.T) {
	r, _ := race(t, "forgetful", false)
	for name, met := range goals(r) {
		if met && !strings.Contains(name, "queries") { // the queries ask other series
			t.Errorf("%q is told to be met", name)
		}
	}
	if r.Met() {
		t.Error("a lost row was not noticed")
	}
}

func TestAnswersAreOfTheSpan(t *testing.T) {
	spec := workload.D2(1, 700)
	a := answers(spec, 20)
	if a.means.Points < 1900 || a.means.Points > 2000 { // two whole steps of 1,000 series; some are silent
		t.Errorf("%d means", a.means.Points)
	}
	if a.raw.Points < 20*650 || a.raw.Points > 20*700 {
		t.Errorf("%d raw points", a.raw.Points)
	}
}
