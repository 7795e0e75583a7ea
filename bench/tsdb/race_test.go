package tsdb

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
	"jingwei/internal/peertest"
)

// TestMain lets the test's own program be the contenders' programs.
func TestMain(m *testing.M) {
	name := os.Getenv("BENCH_TEST_STORE")
	if strings.HasPrefix(filepath.Base(os.Args[0]), "victoria") {
		name = victoriaName
	}
	if name != "" {
		if name == "own" {
			trial.Main(new(ownStore), os.Args[1:])
			os.Exit(0)
		}
		trial.Main(&memoryStore{name: name, lose: name == "forgetful"}, os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func small(t *testing.T) {
	t.Helper()
	was := quickSize
	quickSize = size{rounds: 4, wide: 1, d2: 3, fullWide: 2, full: 301, asks: 2, raw: 4, means: 2, mill: 2, typed: 5}
	t.Cleanup(func() { quickSize = was })
}

// compete runs the benchmark with the test's program as our store and, if peer, as VictoriaMetrics.
func compete(t *testing.T, own string, peer bool) (*result.Result, string) {
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
	r, err := Store(context.Background(), Options{Seed: 3, Quick: true, Dir: dir, Peers: peers,
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
	r, text := compete(t, ownName, true)
	g := goals(r)
	for _, name := range []string{
		"every float64 bit, int64, bool, string, status, flag and time comes back, as written",
		"every float64 bit, int64, bool, string, status, flag and time comes back, after compaction",
		"d2: all queries find every value",
		"wide: every contender gives as many points as were written",
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
	r, _ := compete(t, ownName, false)
	if len(r.Notes) != 3 || !strings.Contains(r.Notes[0], "`make bench-peers` builds it") {
		t.Errorf("notes %q", r.Notes)
	}
	if len(r.Goals) != 6 {
		t.Errorf("%d goals judged without a peer: %v", len(r.Goals), r.Goals)
	}
}

func TestLostRowIsFound(t *testing.T) {
	r, _ := compete(t, "forgetful", false)
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

// tiny is a plan of all lanes of `bench tsdb`, each as short as it can be.
func tiny(p plan) plan {
	p.rounds, p.asks, p.raw, p.means, p.typed = 1, 1, 4, 2, 3
	p.lanes[0].whole, p.lanes[0].round = workload.Wide(3, 2), workload.Wide(3, 1)
	p.lanes[1].whole, p.lanes[1].round = workload.D2(3, 330), workload.D2(3, 3)
	for i := range p.lanes[2:] {
		p.lanes[2+i].whole.Seconds = 310
	}
	return p
}

func TestGoalsAreJudgedAgainstTheBestPeer(t *testing.T) {
	lanes := tsdbPlan(Options{Seed: 1, Quick: true}, must(workload.ReadReal(""))).lanes
	b := &race{r: result.New("tsdb", 1), plan: plan{lanes: lanes}}
	of := func(cpu, bytes, raw, means float64) figures {
		return figures{CPU: result.Median([]float64{cpu}), Bytes: bytes, RawDay: &result.Spread{Median: raw}, Means: &result.Spread{Median: means}}
	}
	for _, l := range lanes {
		all := map[string]figures{ownName: of(100, 2, 1, 10), victoriaName: of(400, 3, 4, 30), prometheusName: of(110, 1.9, 3, 40), influxName: of(900, 4, 50, 19)}
		if !l.asked {
			for name, f := range all {
				f.RawDay, f.Means = nil, nil
				all[name] = f
			}
		}
		b.r.Figures[l.name()] = all
	}
	b.judge()
	got := map[string]result.Goal{}
	for _, g := range b.r.Goals {
		got[g.Name] = g
	}
	for name, want := range map[string]struct {
		value float64
		met   bool
	}{
		"wide: CPU per sample, part of VictoriaMetrics's, at most":                                     {0.25, true},
		"wide: CPU per sample, part of Prometheus's, at most":                                          {0.9091, false},
		"d2: CPU per sample, part of Prometheus's, at most":                                            {0.9091, true},
		"wide: bytes per sample, part of the best peer's, Prometheus, at most":                         {1.053, false},
		"d2: raw day, part of the best peer's time, Prometheus, at most":                               {0.3333, true},
		"real1000: means of 1,000 series from raw, times as fast as the best peer, InfluxDB, at least": {1.9, false},
	} {
		if g, ok := got[name]; !ok || g.Value != want.value || g.Met != want.met {
			t.Errorf("%s: %+v (there: %v)", name, g, ok)
		}
	}
	if len(got) != 4+4+2+2 {
		t.Errorf("%d goals: %v", len(got), b.r.Goals)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestEveryLaneIsRun races our real store alone, in this program's processes, and the stand-in for VictoriaMetrics.
func TestEveryLaneIsRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Seed: 3, Quick: true, Dir: t.TempDir(), Peers: t.TempDir(), Own: []string{self}, Influx: "no-such-program"}
	t.Setenv("BENCH_TEST_STORE", "own")
	p := tiny(tsdbPlan(o, must(workload.ReadReal(""))))
	p.lanes[3].whole.Most, p.lanes[3].whole.Devices = 200, 4 // the stand-in's files are large
	p.lanes[3].whole.Name = "real200"
	if err := os.Symlink(self, filepath.Join(o.Peers, "victoriametrics")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	b, err := run(context.Background(), "tsdb", o, p, []string{victoriaName, prometheusName, influxName}, &out)
	if err != nil {
		t.Fatal(err)
	}
	b.judge()
	for name, met := range goals(b.r) {
		if (strings.Contains(name, "as many points") || strings.Contains(name, "queries find") || strings.Contains(name, "comes back")) && !met {
			t.Errorf("%s: %v", name, b.r.Notes)
		}
	}
	for _, l := range p.lanes {
		if f := b.of(l.name())[ownName]; f.Samples < 1000 || f.Bytes <= 0 || l.asked && (f.RawDay == nil || f.Means == nil) {
			t.Errorf("%s: %+v", l.name(), f)
		}
	}
	if !strings.Contains(strings.Join(b.r.Notes, "\n"), "Debian's package influxdb") {
		t.Errorf("notes %q", b.r.Notes)
	}
}

// TestInfluxKeepsWhatIsWritten runs the real server, where it is installed.
func TestInfluxKeepsWhatIsWritten(t *testing.T) {
	program := os.Getenv("INFLUXD")
	if program == "" {
		program = peertest.Look("influxd")
	}
	if program == "" { // not every Debian has it, so that even a strict run may do without
		t.Skip("SKIPPED: influxd is not installed (Debian: influxdb)")
	}
	dir := t.TempDir()
	spec := workload.D2(4, 330)
	want := answers(spec, 4)
	var values int
	for _, phase := range []string{trial.Ingest, trial.Compact, trial.Ask} {
		r, err := trial.Run(&influx{program: program}, trial.Options{Phase: phase, Dir: dir, Spec: spec, Raw: 4, Means: 1, Count: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.CPU <= 0 || r.PeakRSS < 10<<20 {
			t.Errorf("%s took %v s and %d bytes", phase, r.CPU, r.PeakRSS)
		}
		switch phase {
		case trial.Ingest:
			values = r.Values
		case trial.Compact:
			if r.DataBytes == 0 || r.DataBytes > int64(values)*8 {
				t.Errorf("%d bytes for %d values", r.DataBytes, values)
			}
		case trial.Ask:
			if r.Points != values || r.Raw.Points != want.raw.Points || !near(r.Raw.Sum, want.raw.Sum, 1e-9) {
				t.Errorf("%d values of %d, raw days %+v, want %+v", r.Points, values, r.Raw.Answer, want.raw)
			}
			if m := r.Means[0]; m.Points != want.means.Points || !near(m.Sum, want.means.Sum, 1e-6) {
				t.Errorf("means %+v, want %+v", m.Answer, want.means)
			}
		}
	}
}

func TestLanesAreChosenByName(t *testing.T) {
	all := []lane{{whole: workload.Wide(1, 1)}, {whole: workload.D2(1, 1)}}
	if out, err := chosen(all, nil); err != nil || len(out) != 2 {
		t.Errorf("%d lanes, %v", len(out), err)
	}
	if out, err := chosen(all, []string{"d2"}); err != nil || len(out) != 1 || out[0].name() != "d2" {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := chosen(all, []string{"d3"}); err == nil || !strings.Contains(err.Error(), `"d3" is not a stream of this run; there are wide, d2`) {
		t.Error(err)
	}
}
