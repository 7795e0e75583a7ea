package workload

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"
)

func TestSameSeedSameRows(t *testing.T) {
	a, b, c := Typed(7, 200).Collect(), Typed(7, 200).Collect(), Typed(8, 200).Collect()
	for i := range a {
		if !slices.Equal(a[i], b[i]) {
			t.Fatalf("series %d differs with the same seed", i)
		}
		if slices.Equal(a[i], c[i]) {
			t.Errorf("series %d is the same with another seed", i)
		}
	}
}

func TestShardsMakeTheSameRows(t *testing.T) {
	spec := Wide(3, 700)
	spec.Devices = 220
	whole := spec.Collect()
	got := make([][]Row, spec.Series())
	for shard := range 3 {
		g := spec.Generator(shard, 3)
		var b Batch
		for g.Next(&b) {
			for i, series := range b.Series {
				got[series] = append(got[series], Row{b.Time[i], b.Gateway[i], b.Bits[i], "", b.Status[i], b.Flags[i]})
			}
		}
	}
	for i := range whole {
		slices.SortFunc(got[i], func(a, b Row) int { return cmp.Compare(a.Time, b.Time) })
		if !slices.Equal(got[i], whole[i]) {
			t.Fatalf("series %d differs in shards", i)
		}
	}
}

func TestStreamIsAsDescribed(t *testing.T) {
	spec := Wide(1, 900)
	spec.Devices = 200
	var rows, late, old, noValue, uncertain, decimals, singles int
	newest := make([]int64, spec.Series())
	g := spec.Generator(0, 1)
	var b Batch
	for g.Next(&b) {
		if b.Len() > BatchRows {
			t.Fatalf("a batch of %d rows", b.Len())
		}
		rows += b.Len()
		for i, s := range b.Series {
			if b.Time[i]%1e6 != 0 || b.Gateway[i] <= b.Time[i] || b.Gateway[i] > b.Time[i]+5e6 {
				t.Fatalf("times %d, %d", b.Time[i], b.Gateway[i])
			}
			switch {
			case b.Time[i] < Start:
				old++
			case b.Time[i] < newest[s]:
				late++
			default:
				newest[s] = b.Time[i]
			}
			if b.Status[i] == UncertainLastValue {
				uncertain++
			}
			if b.Flags[i]&NoValue != 0 {
				noValue++
				if b.Status[i]>>31 != 1 || b.Bits[i] != 0 {
					t.Fatal("a row without value is not Bad")
				}
				continue
			}
			x := math.Float64frombits(b.Bits[i])
			switch p := s % Properties; {
			case p < 6:
				if math.Round(x*10)/10 != x {
					t.Fatalf("%v has more than one decimal", x)
				}
				decimals++
			case p >= 9 && p < 12:
				if float64(float32(x)) != x {
					t.Fatalf("%v is no float32", x)
				}
				singles++
			}
		}
	}
	within := func(name string, got int, low, high float64) {
		if f := float64(got) / float64(rows); f < low || f > high {
			t.Errorf("%s: %d of %d rows (%.4f), expected %v to %v", name, got, rows, f, low, high)
		}
	}
	if most := spec.Series() * spec.Seconds; rows > most || rows < most*98/100 {
		t.Errorf("%d rows, at most %d expected", rows, most)
	}
	within("late", late, 0.015, 0.03)
	within("days old", old, 0.0002, 0.003)
	within("without value", noValue, 0.0001, 0.004)
	within("uncertain", uncertain, 0.0001, 0.004)
	within("decimals", decimals, 0.29, 0.31)
	within("float32", singles, 0.14, 0.16)
}

func TestNoTwoRowsAtOneTime(t *testing.T) {
	for series, rows := range Typed(5, 1200).Collect() {
		for i := 1; i < len(rows); i++ {
			if rows[i].Time == rows[i-1].Time {
				t.Fatalf("series %d has two rows at %d", series, rows[i].Time)
			}
		}
	}
}

func TestTypedHasEveryKind(t *testing.T) {
	spec := Typed(2, 900)
	nan, negativeZero, texts := 0, 0, map[string]bool{}
	for series, rows := range spec.Collect() {
		for _, r := range rows {
			switch spec.Kind(series) {
			case Float64:
				if x := math.Float64frombits(r.Bits); x != x {
					nan++
				} else if r.Bits == 1<<63 {
					negativeZero++
				}
			case Bool:
				if r.Bits > 1 {
					t.Fatalf("bool %d", r.Bits)
				}
			case String:
				texts[r.Text] = true
			}
		}
	}
	if nan == 0 || negativeZero == 0 || len(texts) < 50 || !texts["待机"] {
		t.Errorf("%d NaNs, %d negative zeros, %d texts", nan, negativeZero, len(texts))
	}
}

func BenchmarkGenerator(b *testing.B) {
	spec := Wide(1, math.MaxInt32)
	g := spec.Generator(0, 1)
	var batch Batch
	rows := 0
	for b.Loop() {
		g.Next(&batch)
		rows += batch.Len()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}

func TestMillIsTheRecordingScaled(t *testing.T) {
	r, err := ReadMill("")
	if err != nil {
		t.Fatal(err)
	}
	spec := Mill(1, 5, r)
	all, other := spec.Collect(), Mill(2, 5, r).Collect()
	if len(all) != 40*len(r.columns) || len(r.columns) < 40 {
		t.Fatalf("%d series of %d signals", len(all), len(r.columns))
	}
	moves := 0
	for i, rows := range all {
		if len(rows) != 50 {
			t.Fatalf("series %d has %d rows of 50", i, len(rows))
		}
		for k, row := range rows {
			x := math.Float64frombits(row.Bits)
			if digits := strconv.FormatFloat(x, 'g', 3, 64); x != 0 {
				if back, _ := strconv.ParseFloat(digits, 64); back != x && i%len(r.columns) < 40 {
					t.Fatalf("series %d, row %d: %v has more than three digits", i, k, x)
				}
			}
			if k > 0 && row.Bits != rows[k-1].Bits {
				moves++
			}
		}
		if slices.Equal(rows, other[i]) {
			t.Errorf("series %d is the same with another seed", i)
		}
	}
	if moves < len(all)*50/4 {
		t.Errorf("only %d changes", moves)
	}
	if _, err := ReadMill(t.TempDir()); err == nil {
		t.Error("a directory without the data set was taken")
	}
}

func TestRealIsAsManySeriesAsWanted(t *testing.T) {
	r, err := ReadReal("")
	if err != nil {
		t.Fatal(err)
	}
	spec := Real(5, 1000, 1200, 10*time.Second, r)
	all, other := spec.Collect(), Real(6, 1000, 1200, 10*time.Second, r).Collect()
	if len(all) != 1000 || spec.PerDevice() < 55 || spec.Devices != (1000+spec.PerDevice()-1)/spec.PerDevice() {
		t.Fatalf("%d series, %d of a device", len(all), spec.PerDevice())
	}
	moving, phases := 0, map[int64]bool{}
	for i, rows := range all {
		if len(rows) != 120 {
			t.Fatalf("series %d has %d rows of 120", i, len(rows))
		}
		phases[(rows[0].Time-Start)/1e9] = true
		for k := 1; k < len(rows); k++ {
			if d := rows[k].Time - rows[k-1].Time; d < 9_990e6 || d > 10_010e6 {
				t.Fatalf("series %d: %d ns between rows", i, d)
			}
			if rows[k].Bits != rows[k-1].Bits {
				moving++
			}
		}
		if slices.Equal(rows, other[i]) {
			t.Errorf("series %d is the same with another seed", i)
		}
	}
	if moving < 1000*120/4 || len(phases) < 4 {
		t.Errorf("%d changes, replicas begin in %d different seconds", moving, len(phases))
	}
}

func TestLateTimesAreTheirOwn(t *testing.T) {
	spec := Aged(4, 300, 20, 10)
	spec.Devices = 100
	for series, rows := range spec.Collect() {
		for i := 1; i < len(rows); i++ {
			if rows[i].Time == rows[i-1].Time {
				t.Fatalf("series %d has two rows at %d", series, rows[i].Time)
			}
		}
	}
}

func TestSignificantDigits(t *testing.T) {
	for _, c := range []struct {
		x    float64
		n    int
		want float64
	}{{1234.567, 0, 1230}, {1234.567, 5, 1234.6}, {-0.0012345, 3, -0.00123}, {0, 4, 0}, {98765.4, 8, 98765.4}} {
		if got := significant(c.x, c.n); got != c.want {
			t.Errorf("%v to %d digits is %v", c.x, c.n, got)
		}
	}
	for s, want := range map[string]int{"1018.7": 5, "-0.00120": 3, "7": 1, "6.1e+03": 2} {
		if got := digitsOf(s); got != want {
			t.Errorf("%s has %d digits", s, got)
		}
	}
}
