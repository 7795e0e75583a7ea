package indicator_test

import (
	"cmp"
	"testing"
)

// wanted are the numeric targets of the five seed policies as the requirements list them, number by number.
var wanted = []struct{ id, region, comparator, value, low, high, unit, deadline string }{
	{"KPI-GD16-01", "440000", "at-least", "85", "", "", "%", "2018-12-31"},
	{"KPI-GD16-02", "440000", "more-than", "20000", "", "", "enterprises", "2018-12-31"},
	{"KPI-GD16-03", "440000", "decrease-by", "15", "", "", "%", "2018-12-31"},
	{"KPI-GD16-04", "440000", "at-least", "50", "", "", "%", "2018-12-31"},
	{"KPI-GD16-05", "440000", "at-least", "70", "", "", "%", "2018-12-31"},
	{"KPI-GD16-06", "440000", "at-least", "65", "", "", "%", "2018-12-31"},
	{"KPI-GD16-07", "440000", "at-least", "60", "", "", "%", "2018-12-31"},
	{"KPI-GD16-08", "440000", "at-least", "40", "", "", "enterprises", "2018-12-31"},
	{"KPI-GD16-09", "440000", "more-than", "300", "", "", "enterprises", "2018-12-31"},
	{"KPI-GD16-10", "440000", "increase-by", "28", "", "", "%", "2018-12-31"},
	{"KPI-GD16-11", "440000", "increase-by", "8", "", "", "%", "2018-12-31"},
	{"KPI-GD16-12", "440000", "at-least", "21", "", "", "cities", ""},
	{"KPI-GD16-13", "440000", "at-least", "100", "", "", "%", ""},
	{"KPI-GD16-14", "440000", "at-least", "1", "", "", "courses per year per locality", ""},
	{"KPI-GD16-15", "440000", "at-least", "1", "", "", "batches per year", ""},
	{"KPI-HN-01", "430000", "about", "100", "", "", "enterprises", ""},
	{"KPI-HN-02", "430000", "at-least", "1", "", "", "batches per year", ""},
	{"KPI-HN-03", "430000", "at-least", "1", "", "", "batches per year", ""},
	{"KPI-ZJ-01", "330000", "at-least", "80", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-02", "330000", "multiply-by", "2", "", "", "times the baseline", "2018-12-31"},
	{"KPI-ZJ-03", "330000", "increase-by", "16", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-04", "330000", "decrease-by", "15", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-05", "330000", "increase-by", "25", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-06", "330000", "increase-by", "5", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-07", "330000", "at-least", "85", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-08", "330000", "at-least", "85", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-09", "330000", "at-least", "70", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-10", "330000", "at-least", "60", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-11", "330000", "at-least", "50", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-12", "330000", "at-least", "35", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-13", "330000", "at-least", "50", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-14", "330000", "at-least", "40", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-15", "330000", "at-least", "55", "", "", "%", "2018-12-31"},
	{"KPI-ZJ-16", "330000", "more-than", "500000000000", "", "", "CNY", "2018-12-31"},
	{"KPI-ZJ-17", "330000", "at-least", "100", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-18", "330000", "at-least", "100", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-19", "330000", "scope", "2000", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-20", "330000", "at-least", "800", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-21", "330000", "at-least", "200", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-22", "330000", "at-least", "200", "", "", "enterprises", ""},
	{"KPI-ZJ-23", "330000", "scope", "2000", "", "", "enterprises per year", ""},
	{"KPI-ZJ-24", "330000", "scope", "20", "", "", "trades per year", ""},
	{"KPI-ZJ-25", "330000", "at-least", "100", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-26", "330000", "at-least", "100", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-27", "330000", "at-least", "100", "", "", "enterprises", "2018-12-31"},
	{"KPI-ZJ-28", "330000", "at-least", "50", "", "", "institutes", "2018-12-31"},
	{"KPI-ZJ-29", "330000", "at-least", "1000", "", "", "enterprises", "2018-12-31"},
	{"KPI-GZ-01", "440100", "about", "5", "", "", "enterprises", "2020-12-31"},
	{"KPI-GZ-02", "440100", "about", "5", "", "", "platforms", "2020-12-31"},
	{"KPI-GZ-03", "440100", "at-least", "50", "", "", "enterprises", "2020-12-31"},
	{"KPI-GZ-04", "440100", "at-least", "2000", "", "", "enterprises", "2020-12-31"},
	{"KPI-GZ-05", "440100", "at-least", "40000", "", "", "enterprises", "2020-12-31"},
	{"KPI-GZ-06", "440100", "range", "", "1", "2", "platforms", "2021-12-31"},
	{"KPI-GZ-07", "440100", "about", "5", "", "", "nodes", "2020-12-31"},
	{"KPI-GZ-08", "440100", "at-least", "1", "", "", "nodes", "2020-12-31"},
	{"KPI-GZ-09", "440100", "range", "", "2", "3", "systems", "2020-12-31"},
	{"KPI-GZ-10", "440100", "about", "50", "", "", "projects", "2020-12-31"},
	{"KPI-GZ-11", "440100", "at-least", "1", "", "", "contests per year", "2020-12-31"},
	{"KPI-GZ-12", "440100", "at-least", "1", "", "", "conferences per year", ""},
	{"KPI-GZ-13", "440100", "range", "", "2", "3", "enterprises", "2020-12-31"},
	{"KPI-GZ-14", "440100", "about", "10000000000", "", "", "CNY", ""},
	{"KPI-GD21-01", "440000", "at-least", "100000", "", "", "persons", ""},
	{"KPI-GD21-02", "440000", "at-least", "1", "", "", "batches per year", ""},
	{"KPI-GD21-03", "440000", "at-least", "1", "", "", "batches per year", ""},
	{"KPI-GD21-04", "440000", "measure-only", "", "", "", "enterprises; effect index", ""},
}

// units are how the requirements' words for units are written: what is counted has no unit, and its name says what it is.
var units = map[string]string{"%": "%", "CNY": "CNY"}

// TestEveryTargetIsThere: each numeric target of the seeds stands in exactly one pack, with the number, unit, deadline and comparator of
// the requirements; each quotes its policy word for word.
func TestEveryTargetIsThere(t *testing.T) {
	l := shipped(t)
	total := 0
	for _, p := range l.Policies() {
		total += len(p.Targets)
		if !p.Verified() {
			t.Errorf("%s: a clause was not found in its document", p.ID)
		}
	}
	if total != len(wanted) || total != 65 {
		t.Errorf("%d targets in the packs, %d in the table", total, len(wanted))
	}
	for _, w := range wanted {
		g := l.Target(w.id)
		if g == nil {
			t.Errorf("%s is missing", w.id)
			continue
		}
		for _, f := range []struct{ what, got, want string }{
			{"region", g.Policy().Region.Code, w.region}, {"comparator", g.Comparator, w.comparator}, {"value", g.Value, w.value},
			{"low", g.Low, w.low}, {"high", g.High, w.high}, {"unit", g.Unit, cmp.Or(units[w.unit], "1")}, {"deadline", g.Deadline, w.deadline},
		} {
			if f.got != f.want {
				t.Errorf("%s: %s is %q, want %q", w.id, f.what, f.got, f.want)
			}
		}
	}
}

// Pairs of targets that are about one thing have one definition; those that only sound alike have two.
func TestOneDefinitionServesManyTargets(t *testing.T) {
	l := shipped(t)
	for _, pair := range []struct {
		a, b string
		same bool
	}{
		{"KPI-GD16-01", "KPI-ZJ-01", true},  // dual innovation
		{"KPI-GD16-02", "KPI-ZJ-02", true},  // industrial clouds: a number, and twice the base
		{"KPI-GD16-03", "KPI-ZJ-04", true},  // development cycle
		{"KPI-GD16-06", "KPI-ZJ-15", true},  // online sales, two readings
		{"KPI-GD16-07", "KPI-ZJ-14", true},  // online purchasing, two readings
		{"KPI-GD16-10", "KPI-ZJ-05", true},  // inventory turnover
		{"KPI-GD16-11", "KPI-ZJ-06", true},  // energy utilisation
		{"KPI-GD16-15", "KPI-HN-02", true},  // rounds of integration projects
		{"KPI-GD16-04", "KPI-ZJ-11", false}, // numerical control: by process, by equipment
		{"KPI-GD16-05", "KPI-ZJ-12", false}, // networking: of key processes, of machines
	} {
		a, b := l.Target(pair.a), l.Target(pair.b)
		if (a.Indicator == b.Indicator) != pair.same {
			t.Errorf("%s is about %s, %s about %s", a.ID, a.Indicator, b.ID, b.Indicator)
		}
	}
	for a, b := range map[string]string{"KPI-GD16-06": "share", "KPI-ZJ-15": "pooled", "KPI-GD16-07": "share", "KPI-ZJ-14": "pooled"} {
		if got := l.Target(a).Reading; got != b {
			t.Errorf("%s compares %s, want %s", a, got, b)
		}
	}
}
