package tsdb

import (
	"testing"

	"jingwei/bench/trial"
	"jingwei/bench/workload"
)

// Each phase opens the store anew, as processes of their own do.
func TestOwnStoreKeepsEveryType(t *testing.T) {
	dir, spec := t.TempDir(), workload.Typed(4, 120)
	var rows int
	for _, phase := range []string{trial.Ingest, trial.Verify, trial.Compact, trial.Verify} {
		r, err := trial.Run(new(ownStore), trial.Options{Phase: phase, Dir: dir, Spec: spec})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case phase == trial.Ingest:
			rows = r.Rows
			if rows < 110_000 || r.DataBytes == 0 || r.LogBytes == 0 {
				t.Errorf("%d rows in %d bytes, %d of log", r.Rows, r.DataBytes, r.LogBytes)
			}
		case phase == trial.Verify && (r.Rows != rows || r.Different != ""):
			t.Errorf("%d rows of %d are as written: %s", r.Rows, rows, r.Different)
		}
	}
}

func TestOwnStoreAnswersQueries(t *testing.T) {
	dir, spec := t.TempDir(), workload.D2(4, 330)
	want := answers(spec, 20)
	for _, phase := range []string{trial.Ingest, trial.Compact, trial.Ask} {
		r, err := trial.Run(new(ownStore), trial.Options{Phase: phase, Dir: dir, Spec: spec, Raw: 20, Means: 1})
		if err != nil {
			t.Fatal(err)
		}
		if phase != trial.Ask {
			continue
		}
		if r.Raw.Points != want.raw.Points || !near(r.Raw.Sum, want.raw.Sum, 1e-12) {
			t.Errorf("raw days %+v, want %+v", r.Raw.Answer, want.raw)
		}
		if m := r.Means[0]; m.Points != want.goodMeans.Points || !near(m.Sum, want.goodMeans.Sum, 1e-12) {
			t.Errorf("means %+v, want %+v", m.Answer, want.goodMeans)
		}
	}
}
