package rebuild

import (
	"errors"
	"math"
	"slices"
	"testing"

	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

const minute = rollup.Minute

func samplesOf(t *testing.T, rows ...tuple.Row) *Samples {
	t.Helper()
	s := &Samples{}
	for i := range rows {
		if rows[i].Type == tuple.Null {
			rows[i].Flags |= uint16(telemetry.NoValue)
		}
		if err := s.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func reading(at int64, commit uint64, x float64) tuple.Row {
	return tuple.Row{Time: at, Commit: commit, Type: tuple.Float64, Bits: math.Float64bits(x)}
}

// Of samples of one time the store's rule decides: the greatest revision, then the latest commit; the same again is the first one.
func TestWhichSampleCounts(t *testing.T) {
	const at = 10 * minute
	revised := reading(at, 2, 5)
	revised.Revision = 1
	withdrawn := tuple.Row{Time: at, Commit: 9, Revision: 2, Flags: uint16(telemetry.Withdrawn)}
	bad := reading(at, 3, 8)
	bad.Status = uint32(telemetry.Bad)
	for name, c := range map[string]struct {
		rows []tuple.Row
		want float64 // NaN: none is good
	}{
		"one":                {[]tuple.Row{reading(at, 1, 3)}, 3},
		"the later commit":   {[]tuple.Row{reading(at, 4, 4), reading(at, 1, 3)}, 4},
		"the revision":       {[]tuple.Row{reading(at, 7, 3), revised}, 5},
		"the same again":     {[]tuple.Row{reading(at, 1, 3), reading(at, 4, 4), reading(at, 8, 3)}, 4},
		"withdrawn":          {[]tuple.Row{reading(at, 1, 3), withdrawn}, math.NaN()},
		"of bad status":      {[]tuple.Row{reading(at, 1, 3), bad}, math.NaN()},
		"no number":          {[]tuple.Row{reading(at, 1, math.NaN())}, math.NaN()},
		"without a value":    {[]tuple.Row{{Time: at, Commit: 1}}, math.NaN()},
		"of one time before": {[]tuple.Row{reading(at-1, 9, 1), reading(at, 1, 3)}, 3},
	} {
		s := samplesOf(t, c.rows...)
		good := s.Good([]int64{at, at + 1}, 1<<62)
		if (good[0] == 1) != (c.want == c.want) {
			t.Errorf("%s: %d good", name, good[0])
		}
		if len(good) != 1 || good[0] == 0 {
			continue
		}
		rows, err := s.Rows(&rollup.Definition{Type: telemetry.Float64, Reporting: []telemetry.Reporting{{MaxSilence: 1}}}, []telemetry.Span{{From: at, To: at + minute}}, 1<<62)
		if err != nil || rows[0] == nil || math.Float64frombits(rows[0].Last) != c.want {
			t.Errorf("%s: %+v %v", name, rows[0], err)
		}
	}
	ahead := reading(at, 1, 3)
	ahead.Flags = uint16(telemetry.FutureTime)
	if s := samplesOf(t, ahead); s.Good([]int64{0, 2 * at}, at-1)[0] != 0 || s.Good([]int64{0, 2 * at}, at)[0] != 1 {
		t.Error("one that is dated ahead counts before it is due")
	}
}

func TestAMonthOfACounter(t *testing.T) {
	var rows []tuple.Row
	for i := range int64(100) {
		rows = append(rows, reading(5*minute+i*minute, uint64(100-i), 1000+float64(i)*2))
	}
	s := samplesOf(t, rows...)
	d := &rollup.Definition{Type: telemetry.Float64, Reporting: []telemetry.Reporting{{MaxSilence: 2 * telemetryMinute}}, Counter: &rollup.Counter{Version: "v"}}
	made, err := s.Rows(d, []telemetry.Span{{From: 10 * minute, To: 20 * minute}, {From: 20 * minute, To: 60 * minute}, {From: 200 * minute, To: 300 * minute}}, 1<<62)
	if err != nil || made[0].Consumption.Value() != 20 || made[1].Consumption.Value() != 80 || made[2] != nil {
		t.Fatalf("%+v %v", made, err)
	}
	other := *made[0]
	if other.Input++; !Same(&other, made[0]) {
		t.Error("rows of other commits are not the same")
	}
	if other.Resets++; Same(&other, made[0]) {
		t.Error("rows that differ are the same")
	}
	for name, buckets := range map[string][]telemetry.Span{"empty": {{From: minute, To: minute}}, "backwards": {{From: minute, To: 2 * minute}, {From: minute, To: 3 * minute}}, "no minute": {{From: 1, To: minute}}} {
		if _, err := s.Rows(d, buckets, 1<<62); !errors.Is(err, rollup.ErrBadBounds) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Rows(&rollup.Definition{Type: telemetry.Bool, Reporting: d.Reporting}, nil, 0); !errors.Is(err, ErrSamples) {
		t.Errorf("another type: %v", err)
	}
}

const telemetryMinute = 60_000_000_000

func TestSamplesOfOneSeriesAlone(t *testing.T) {
	s := samplesOf(t, reading(1, 1, 1))
	for _, r := range []tuple.Row{{Time: 2, Type: tuple.Int64}, {Time: 2}, {Time: 2, Type: tuple.Float64, Flags: uint16(telemetry.NoValue)}} {
		if err := s.Add(&r); !errors.Is(err, ErrSamples) {
			t.Errorf("%+v is taken: %v", r, err)
		}
	}
	if s.Len() != 1 || s.Type() != telemetry.Float64 || !slices.Equal(s.Good(nil, 0), []uint64{}) {
		t.Errorf("%d of type %s", s.Len(), s.Type())
	}
}
