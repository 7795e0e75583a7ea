package promql

import (
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"jingwei/internal/telemetry"
)

func TestEveryProblemHasWords(t *testing.T) {
	if m := words().Missing(Problems()...); len(m) > 0 {
		t.Errorf("no words for %v", m)
	}
}

// The version that is told is that of the module.
func TestEngineVersion(t *testing.T) {
	data, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "github.com/prometheus/prometheus v0.")
	major, rest, _ := strings.Cut(rest, ".")
	if patch, _, _ := strings.Cut(rest, "\n"); major[:1]+"."+strings.TrimLeft(major[1:], "0")+"."+patch != engineVersion {
		t.Errorf("go.mod has v0.%s.%s, engineVersion is %s", major, patch, engineVersion)
	}
}

// A store that is closing says so.
func TestClosing(t *testing.T) {
	n := newNode(t)
	n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.want("x", 0, "")
	_ = n.store.Close()
	if got := n.instant("x", 0); !contains(got, "503 unavailable", "stopping") {
		t.Error(got)
	}
}

func TestMetricNames(t *testing.T) {
	for _, c := range [][3]string{
		{"spindle.temperature", "Cel", "spindle_temperature_celsius"},
		{"energy.import", "kW.h", "energy_import_kilowatthours"},
		{"powerFactor.l1", "1", "powerFactor_l1"},
		{"level.percent", "%", "level_percent"},
		{"percent", "%", "percent"},
		{"l1", "", "l1"},
		{"1st", "", "_1st"},
		{"温度", "Cel", "point________celsius"},
		{"speed", "furlong", "speed"},
	} {
		if got := MetricName(c[0], c[1]); got != c[2] {
			t.Errorf("%s in %s is %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

const sec = time.Second

// A value is seen until something says that it has ended: a sample without a value, one of bad status, or silence.
func TestStatusGapsAndSilence(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1, silence: 20 * sec})
	n.set(time.Hour)
	n.put(x,
		row{t: at(0), v: 1}, row{t: at(10 * sec), v: 2},
		row{t: at(15 * sec), none: true, status: telemetry.BadNoCommunication},
		row{t: at(18 * sec), v: 99, status: telemetry.BadOutOfRange},
		row{t: at(30 * sec), v: 3}, row{t: at(40 * sec), v: 4, status: telemetry.Uncertain},
		row{t: at(45 * sec), v: 5},
		// Nothing for longer than 20 s.
		row{t: at(2 * time.Minute), v: 6})
	n.want("x", 9*sec, "mill 1=1")
	n.want("x", 14*sec, "mill 1=2")
	n.want("x", 15*sec, "")
	n.want("x", 29*sec, "")
	n.want("x", 39*sec, "mill 1=3")
	n.want("x", 40*sec, "")
	n.want("x", 64*sec, "mill 1=5")
	n.want("x", 65*sec, "") // 45 s + 20 s
	n.want("x", 119*sec, "")
	n.want("x", 120*sec, "mill 1=6")
	n.want("x", 140*sec, "")
	// Other samples by status.
	n.want(`x{__status__=~"good|uncertain"}`, 42*sec, "mill 1=4")
	n.want(`x{__status__!="bad"}`, 42*sec, "mill 1=4")
	n.want(`x{__status__="uncertain"}`, 42*sec, "mill 1=4")
	n.want(`x{__status__="uncertain"}`, 46*sec, "")
	n.want(`x{__status__="any"}`, 20*sec, "mill 1=99")
	n.want(`x{__status__="any"}`, 16*sec, "") // there is no value
	n.want(`x{__status__=""}`, 42*sec, "")
	// Markers are no samples to functions over a range.
	n.want("x[2m]", 2*time.Minute, "2@10 3@30 5@45 6@120")
	n.want(`x{__status__="any"}[2m]`, 2*time.Minute, "2@10 99@18 3@30 4@40 5@45 6@120")
	// The codes themselves.
	n.want("x:status", 9*sec, "mill 1=0")
	n.want("x:status", 16*sec, "mill 1=2150694912")
	n.want("x:status", 20*sec, "mill 1=2151415808")
	n.want("x:status", 41*sec, "mill 1=1073741824")
	n.want("x:status", 70*sec, "") // nothing is known
	n.want(`x:status{__status__="bad"}[2m]`, 2*time.Minute, "2150694912@15 2151415808@18")
	n.want("count_over_time(x:status[2m] offset -1s)", 2*time.Minute, "mill 1=7")
}

// NAME:covered is of each minute the seconds for which there was a good value, so that its sum is the coverage of any
// whole minutes.
func TestCoverage(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1, silence: 20 * sec})
	n.set(5*time.Minute + 30*sec)
	for i := range 12 { // the first two minutes whole
		n.put(x, row{t: at(time.Duration(i) * 10 * sec), v: float64(i)})
	}
	n.put(x, row{t: at(120 * sec), v: 1}, row{t: at(125 * sec), none: true, status: telemetry.Bad}, row{t: at(170 * sec), v: 1})
	n.want("x:covered", time.Minute, "mill 1=60")
	n.want("x:covered", 3*time.Minute, "mill 1=15") // 5 s and 10 s
	n.want("x:covered", 4*time.Minute, "mill 1=10") // of the last sample's silence
	n.want("x:covered", 5*time.Minute, "mill 1=0")
	n.want("x:covered[5m]", 5*time.Minute, "60@60 60@120 15@180 10@240 0@300")
	n.want("sum_over_time(x:covered[5m]) / 300", 5*time.Minute, "mill 1=0.48333333333333334")
	n.want("x:covered[10m]", 7*time.Minute, "0@-120 0@-60 0@0 60@60 60@120 15@180 10@240 0@300") // the sixth minute is not over
	n.want(`{__name__="x:covered",machine_name="mill 1"}`, 2*time.Minute, "mill 1=60")
	n.want(`count({__name__=~"x:.+"})`, 2*time.Minute, "=2")
	n.want(`count({machine_name="mill 1"})`, 2*time.Minute, "=1")
}

func TestTypes(t *testing.T) {
	n := newNode(t)
	i := n.add(point{key: "parts", unit: "1", typ: telemetry.Int64, machine: 1})
	b := n.add(point{key: "running", typ: telemetry.Bool, machine: 1})
	s := n.add(point{key: "program", typ: telemetry.String, machine: 1})
	n.set(time.Minute)
	n.put(i, row{t: at(0), v: -7}, row{t: at(10 * sec), v: 1 << 52})
	n.put(b, row{t: at(0), v: 0}, row{t: at(10 * sec), v: 1})
	n.append(&telemetry.Batch{Origin: telemetry.Measured, Ref: []telemetry.Ref{s}, Time: []int64{at(0)}, Gateway: []int64{at(0)}, Bits: []uint64{0}, Text: []string{"O1234"}})
	n.want("parts", 0, "mill 1=-7")
	n.want("parts", 10*sec, "mill 1=4503599627370496")
	n.want("running", 0, "mill 1=0")
	n.want("running", 10*sec, "mill 1=1")
	n.want("program", 10*sec, "") // a text is no value
	n.want("program:status", 10*sec, "mill 1=0")
	n.want("program:covered", time.Minute, "mill 1=30")
}

// Times are in milliseconds: of the samples in one millisecond the last one counts.
func TestMilliseconds(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.set(time.Minute)
	n.put(x, row{t: at(1000100), v: 1}, row{t: at(1999999), v: 2}, row{t: at(2 * time.Millisecond), v: 3}, row{t: at(3000001), v: 4}, row{t: at(3000002), none: true, status: telemetry.Bad})
	n.want("x[1m]", 30*sec, "2@0.001 3@0.002")
	n.want("x", 2*time.Millisecond, "mill 1=3")
	n.want("x", 3*time.Millisecond, "")
}

// A series that reports when it changes, and else once an hour, is seen for that hour.
func TestLongSilence(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1, silence: time.Hour})
	y := n.add(point{key: "y", unit: "1", typ: telemetry.Float64, machine: 1, silence: 20 * sec})
	n.set(3 * time.Hour)
	n.put(x, row{t: at(0), v: 1})
	n.put(y, row{t: at(0), v: 2})
	n.want("x", 59*time.Minute, "mill 1=1")
	n.want("x", time.Hour, "")
	n.want("x + on(machine) group_left() y", 10*sec, "mill 1=3")
	n.want("y or x", 30*time.Minute, "mill 1=1")
	n.want("x", 59*time.Minute, "", "lookback_delta", "5m")
}

// Samples dated ahead are not seen before they are due.
func TestFutureSamples(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.put(x, row{t: at(0), v: 1}, row{t: at(time.Hour), v: 2})
	n.want("x", time.Hour, "")
	n.set(2 * time.Hour)
	n.want("x", time.Hour, "mill 1=2")
}

// Late samples change answers; what was known before is asked for with asOf.
func TestLateSamplesAndAsOf(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.set(time.Minute)
	n.put(x, row{t: at(0), v: 1}, row{t: at(20 * sec), v: 3})
	n.set(2 * time.Minute)
	n.put(x, row{t: at(10 * sec), v: 20})
	b := &telemetry.Batch{Origin: telemetry.Manual, Ref: []telemetry.Ref{x}, Time: []int64{at(20 * sec)}, Gateway: []int64{at(20 * sec)}, Bits: []uint64{0x4059000000000000}, Revision: []uint32{1}}
	n.set(3 * time.Minute)
	n.append(b) // 100, in place of 3
	n.set(10 * time.Minute)
	asOf := func(d time.Duration) []string { return []string{"asOf", begin.Add(d).Format(time.RFC3339)} }
	n.want("sum_over_time(x[1m])", 30*sec, "mill 1=121")
	n.want("sum_over_time(x[1m])", 30*sec, "mill 1=4", asOf(90*sec)...)
	n.want("sum_over_time(x[1m])", 30*sec, "mill 1=24", asOf(150*sec)...)
	n.want("sum_over_time(x[1m])", 30*sec, "mill 1=121", asOf(4*time.Minute)...)
	n.want("x:covered", time.Minute, "mill 1=50", asOf(90*sec)...)
	n.want("x", 30*sec, "", asOf(30*sec)...)
	r := n.call("GET", "/api/v1/query_range?"+url.Values{"query": {"x"}, "start": {"2025-03-04T08:00:20Z"}, "end": {"2025-03-04T08:00:20Z"}, "step": {"1"}, "asOf": {"2025-03-04T08:01:30Z"}}.Encode(), "a", nil)
	if r.code != 200 || !contains(string(r.Data), `[1741075220,"3"]`) {
		t.Errorf("range as of: %d %s", r.code, r.body)
	}
	if got := n.instant("x", 30*sec, asOf(24*time.Hour)...); !contains(got, `400 bad_data invalid parameter "asOf"`, "2025-03-05T08:00:00Z", "leave asOf out") {
		t.Errorf("as of tomorrow: %s", got)
	}
	if got := n.instant("x", 30*sec, "asOf", "yesterday"); !contains(got, "400 bad_data", `"yesterday" is no time`) {
		t.Errorf("as of yesterday: %s", got)
	}
}

// What is longer than one page is read page by page, whether it is walked through or jumped over.
func TestPages(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1, silence: 30 * sec})
	y := n.add(point{key: "y", unit: "1", typ: telemetry.Float64, machine: 1, silence: 30 * sec})
	n.set(6 * time.Hour)
	const rows = 3*pageRows + 1234
	for from := 0; from < rows; from += 20_000 {
		var slow, dense []row
		for i := from; i < min(from+20_000, rows); i++ {
			slow = append(slow, row{t: at(time.Duration(i) * 100 * time.Millisecond), v: float64(i)})
			dense = append(dense, row{t: at(time.Duration(i) * 400 * time.Microsecond), v: float64(i)})
		}
		n.put(x, slow...)
		n.put(y, dense...)
		if from == 40_000 { // the rest stays in the head
			if err := n.store.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.want("count_over_time(x[4h])", 3*time.Hour, "mill 1=99538")
	n.want("sum_over_time(x[4h])", 3*time.Hour, "mill 1=4953856953") // 0 + … + 99537
	// Five samples in each two milliseconds; the last of each counts.
	n.want("count_over_time(y[1m])", 45*sec, "mill 1=39815")
	n.want("y @ 1741075210", 45*sec, "mill 1=25002")
	// A quarter of an hour between the samples that are wanted, and nothing after the silence.
	n.want("x[3h:15m] offset -1s", 3*time.Hour-1*sec, "9000@900 18000@1800 27000@2700 36000@3600 45000@4500 54000@5400 63000@6300 72000@7200 81000@8100 90000@9000 99000@9900", "lookback_delta", "1s")
	n.want("x", 9983*sec, "mill 1=99537")
	n.want("x", 9984*sec, "")
}
