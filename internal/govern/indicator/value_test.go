package indicator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/proof"
)

const city = "440100"

func lacks(v *indicator.Valuation) string {
	var out []string
	for _, x := range v.Lack {
		out = append(out, x.Input+":"+string(x.Reason))
	}
	return strings.Join(out, " ")
}

// What is not known is missing with its reason; it is never zero.
func TestWhatIsMissingSaysWhy(t *testing.T) {
	for name, x := range map[string]struct {
		id   string
		set  func(w *world, org uuid.UUID)
		want string
	}{
		"nothing recorded": {"inventory-turnover", func(*world, uuid.UUID) {}, "closing:no-data cost:no-data opening:no-data"},
		"another period": {"labour-productivity", func(w *world, o uuid.UUID) {
			w.declare(o, 2016, "value-added", "1", "元")
			w.declare(o, 2017, "employees-average", "1", "")
		}, "valueAdded:no-data"},
		"wrong unit": {"labour-productivity", func(w *world, o uuid.UUID) {
			w.declare(o, 2017, "value-added", "1", "tce")
			w.declare(o, 2017, "employees-average", "1", "")
		}, "valueAdded:wrong-unit"},
		"no such unit": {"labour-productivity", func(w *world, o uuid.UUID) {
			w.declare(o, 2017, "value-added", "1", "两")
			w.declare(o, 2017, "employees-average", "1", "")
		}, "valueAdded:wrong-unit"},
		"two that differ": {"labour-productivity", func(w *world, o uuid.UUID) {
			years(w, o, "元", "value-added", "1", "2")
			w.declare(o, 2017, "value-added", "3", "元")
			w.declare(o, 2017, "employees-average", "1", "")
		}, "valueAdded:ambiguous"},
		"two that agree": {"labour-productivity", func(w *world, o uuid.UUID) {
			w.declare(o, 2017, "value-added", "20000", "元")
			w.declare(o, 2017, "value-added", "2", "万元")
			w.declare(o, 2017, "employees-average", "1", "")
		}, ""},
		"by zero": {"labour-productivity", func(w *world, o uuid.UUID) {
			w.declare(o, 2017, "value-added", "1", "元")
			w.declare(o, 2017, "employees-average", "0", "")
		}, ":by-zero"},
		"facts are not granted": {"labour-productivity", func(w *world, o uuid.UUID) { w.declare(o, 2017, "value-added", "1", "元"); w.deny(o, "declaration") }, "employees:no-consent valueAdded:no-consent"},
		"plant is not granted":  {"machine-networking", func(w *world, o uuid.UUID) { w.fleet(o, 2017, 2, 1, 250); w.deny(o, "plant") }, "machines:no-consent networked:no-consent"},
		"no plant":              {"machine-networking", func(*world, uuid.UUID) {}, "machines:no-data networked:no-data"},
		"a meter without a year": {"energy-utilisation", func(w *world, o uuid.UUID) {
			w.meter(o, map[int]int64{2016: 5})
			w.declare(o, 2017, "value-added", "1", "元")
			w.declare(o, 2017, "other-energy", "0", "GJ")
		}, "electricity:no-data"},
		"no baseline is named": {"inventory-turnover-increase", func(*world, uuid.UUID) {}, "base:no-baseline now:below"},
		"empty register":       {"research-unit", func(*world, uuid.UUID) {}, "units:no-entries"},
		"other records only":   {"online-sales", func(w *world, o uuid.UUID) { w.declare(o, 2017, "sales-revenue", "5", "元") }, "online:no-data"},
	} {
		w := newWorld(t)
		org := w.firm(city)
		x.set(w, org)
		period := "2017"
		if shipped(t).Definition(x.id).Period == "moment" {
			period = "2017-12-31"
		}
		v := w.value(x.id, org, period, "")
		if got := lacks(v); got != x.want || (v.Num == nil) != (x.want != "") {
			t.Errorf("%s: %v for want of %q, want %q (%s)", name, v.Num, got, x.want, v.Filled())
		}
		for _, a := range v.Lack {
			if a.Name.Zh == "" || a.Text.Zh == "" || a.Text.En == "" {
				t.Errorf("%s: %+v has no words", name, a)
			}
		}
	}
}

// A better proved declaration counts before others; its grade is told.
func TestTheBestProvedDeclarationCounts(t *testing.T) {
	w := newWorld(t)
	org := w.firm(city)
	w.declare(org, 2017, "value-added", "100", "元")
	proved := w.record(org, "declaration", fact.Checked, `{"item":"value-added","begins":"2017-01-01","ends":"2017-12-31","value":"120","unit":"元"}`)
	w.record(org, "declaration", fact.Documented, `{"item":"employees-average","begins":"2017-01-01","ends":"2017-12-31","value":"10","unit":"人"}`)
	v := w.value("labour-productivity", org, "2017", "")
	if v.Num == nil || v.Num.RatString() != "12" || v.Grade != fact.Documented || v.Filled() != "120 / 10 = 12" {
		t.Errorf("%v %s %q", v.Num, v.Grade, v.Filled())
	}
	rests := v.Inputs[0].Rests
	if len(rests) != 2 || v.Inputs[0].Grade != fact.Checked {
		t.Fatalf("%+v", v.Inputs[0])
	}
	for _, r := range rests {
		if r.Kind != "fact" || r.Revision != 1 || r.Counts != (r.ID == proved) {
			t.Errorf("%+v", r)
		}
	}
}

// A value opens down to machines with their series and days, and to single facts.
func TestAValueOpensDownToWhatItRestsOn(t *testing.T) {
	w := newWorld(t)
	org := w.firm(city)
	w.fleet(org, 2017, 3, 2, 200)
	v := w.value("machine-networking", org, "2017", "")
	networked := v.Inputs[0]
	if v.Filled() != "100 * 2 / 3 = 66.6667" || v.Grade != fact.Measured || v.Days != 250 || v.Of != 250 || networked.Source != 0 || len(networked.Rests) != 3 {
		t.Fatalf("%q %s %d/%d %+v", v.Filled(), v.Grade, v.Days, v.Of, networked)
	}
	for i, r := range networked.Rests {
		delivers := i < 2
		if r.Kind != "machine" || r.Of != 250 || r.Counts != delivers || (r.Days == 200) != delivers || (len(r.Series) == 1) != delivers {
			t.Errorf("%+v", r)
		}
	}
	years(w, org, "万元", "cost-of-goods-sold", "100", "150")
	years(w, org, "万元", "inventory-opening", "20", "20")
	years(w, org, "万元", "inventory-closing", "20", "20")
	v = w.value("inventory-turnover-increase", org, "2017", "2015-12-31")
	base := v.Inputs[1].Below
	if v.Num.RatString() != "50" || base == nil || base.Period.Label != "2015" || base.Filled() != "1000000 / ((200000 + 200000) / 2) = 5" || base.Inputs[0].Rests[0].Kind != "fact" {
		t.Errorf("%s %+v", v.Filled(), base)
	}
	for range 60 {
		order(w, org, "sale", "online", "2017-02-01", 100)
	}
	v = w.value("online-sales", org, "2017", "")
	if v.Num.RatString() != "100" || len(v.Inputs[0].Rests) != 50 || v.Inputs[0].More != 10 {
		t.Errorf("%v of %d and %d", v.Num, len(v.Inputs[0].Rests), v.Inputs[0].More)
	}
}

// An enterprise of the register that has not joined: its entries count by its code, its facts are missing for that reason.
func TestEnterprisesThatHaveNotJoined(t *testing.T) {
	w := newWorld(t)
	w.firm(city, func(e *indicator.Enterprise) { e.Org, e.Code = uuid.Nil, "914403001922038216" })
	w.list("facilities", "operating", "2016-01-01", "", `{"code":"1","label":"l","operator":"o","kind":"research-unit","operatorCode":"914403001922038216"}`)
	x := w.progress("KPI-GD16-13", "2018-03-01", 0)
	if x.Value == nil || x.Value.RatString() != "100" || x.Whole.Grade != fact.Checked {
		t.Errorf("%v %s", x.Value, x.Whole.Grade)
	}
	x = w.progress("KPI-GD16-05", "2018-03-01", 0)
	if x.Value != nil || len(x.Whole.Absent) != 2 || x.Whole.Absent[0].Reason != indicator.NotHere || x.Whole.Absent[0].Firms != 1 {
		t.Errorf("%v %+v", x.Value, x.Whole.Absent)
	}
}

// Nobody counts twice, and the same members have the same hash in whatever order they come.
func TestPopulations(t *testing.T) {
	draw := func(w *world, f indicator.Filter) *indicator.Members {
		m, err := indicator.Draw(t.Context(), w, w.keeper, indicator.Region{Code: "440000"}, f, "2018-01-01")
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	w := newWorld(t)
	for range 3 {
		w.firm(city)
	}
	w.firm("330100")
	w.firm("")
	twice := w.firms[1]
	twice.Entry = w.id()
	before := draw(w, indicator.Filter{})
	w.firms = append([]indicator.Enterprise{twice}, w.firms...)
	after := draw(w, indicator.Filter{})
	if len(before.List) != 3 || before.Unplaced != 1 || before.Doubles != 0 || len(after.List) != 3 || after.Doubles != 1 || before.Hash != after.Hash || len(before.Hash) != 64 {
		t.Errorf("%+v\n%+v", before, after)
	}
	w.firms = w.firms[:3]
	if fewer := draw(w, indicator.Filter{}); fewer.Hash == before.Hash {
		t.Error("other members have the same hash")
	}
	yes, no := true, false
	for name, x := range map[string]struct {
		f    indicator.Filter
		want bool
	}{
		"section": {indicator.Filter{Industry: indicator.Words{"C"}}, true}, "division": {indicator.Filter{Industry: indicator.Words{"C36"}}, true}, "digits": {indicator.Filter{Industry: indicator.Words{"36"}}, true},
		"class": {indicator.Filter{Industry: indicator.Words{"3670"}}, true}, "other class": {indicator.Filter{Industry: indicator.Words{"3671"}}, false}, "other section": {indicator.Filter{Industry: indicator.Words{"B", "D"}}, false},
		"designated": {indicator.Filter{Designated: &yes}, true}, "not designated": {indicator.Filter{Designated: &no}, false}, "size": {indicator.Filter{Size: indicator.Words{"small", "large"}}, true},
		"tag": {indicator.Filter{Tags: indicator.Words{"demonstration", "pilot"}}, true}, "no tag": {indicator.Filter{Tags: indicator.Words{"demonstration"}}, false}, "cluster": {indicator.Filter{Cluster: indicator.Words{"x"}}, false},
	} {
		if x.f.Holds(w.firms[2]) != x.want {
			t.Errorf("%s: %v", name, !x.want)
		}
	}
}

// Fewer enterprises than the definition wants: the value would tell of single ones, and is not told.
func TestTooFewAreSuppressed(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.fleet(w.firm(city), 2017, 2, 1, 200)
	}
	x := w.progress("KPI-GD16-05", "2018-03-01", 0)
	if x.Value != nil || x.Lack != indicator.TooFew || x.Judgment.Status != indicator.NoValue || x.Judgment.Gap != nil {
		t.Errorf("%v %s %s", x.Value, x.Lack, x.Judgment.Status)
	}
	w.fleet(w.firm(city), 2017, 2, 1, 200)
	if x = w.progress("KPI-GD16-05", "2018-03-01", 0); x.Value == nil || x.Value.RatString() != "50" {
		t.Errorf("%v %s", x.Value, x.Lack)
	}
}

// The same world gives the same bytes, whatever the order in which enterprises finish; and many of them fit.
func TestManyEnterprisesInAnyOrder(t *testing.T) {
	w := newWorld(t)
	for i := range 700 {
		org := w.firm(city)
		years(w, org, "元", "value-added", fmt.Sprint(1000+i), fmt.Sprint(3000+7*i))
		years(w, org, "人", "employees-average", fmt.Sprint(3+i%11), fmt.Sprint(3+i%13))
	}
	tell := func() string {
		x := w.progress("KPI-ZJ-03", "2018-03-01", 0)
		if x.Whole == nil {
			return ""
		}
		var b strings.Builder
		for _, r := range x.Whole.Readings {
			fmt.Fprintln(&b, r.How, r.Num, r.Known, r.Of)
		}
		for _, f := range x.Whole.Firms {
			fmt.Fprintln(&b, f.Enterprise.Code, f.Value.Filled())
		}
		return b.String() + fmt.Sprint(x.Whole.More)
	}
	for i := range w.firms {
		w.firms[i].Region = "330100"
	}
	first := tell()
	if second := tell(); first != second || strings.Count(first, "\n") != 3+200 || !strings.HasSuffix(first, "500") {
		t.Errorf("two runs differ, or name the wrong number:\n%.300s\n%.300s", first, second)
	}
}

func TestPeriods(t *testing.T) {
	for _, x := range []struct{ kind, day, by, holding, previous string }{
		{"year", "2018-12-30", "2017", "2018", "2016"}, {"year", "2018-12-31", "2018", "2018", "2017"}, {"quarter", "2018-05-01", "2018-Q1", "2018-Q2", "2017-Q4"}, {"month", "2018-03-31", "2018-03", "2018-03", "2018-02"},
		{"month", "2018-03-30", "2018-02", "2018-03", "2018-01"}, {"day", "2018-03-01", "2018-03-01", "2018-03-01", "2018-02-28"}, {"moment", "2020-02-29", "2020-02-29", "2020-02-29", "2019-02-28"},
	} {
		by, ok := indicator.PeriodBy(x.kind, x.day)
		holding, _ := indicator.PeriodHolding(x.kind, x.day)
		previous, _ := by.Previous()
		if !ok || by.Label != x.by || holding.Label != x.holding || previous.Label != x.previous {
			t.Errorf("%s on %s: by %s, holding %s, previous %s", x.kind, x.day, by.Label, holding.Label, previous.Label)
		}
		if again, ok := indicator.ParsePeriod(x.kind, by.Label); !ok || again != by {
			t.Errorf("%s reads as %+v", by.Label, again)
		}
		if by.End()-by.Begin() < int64(86400e9) {
			t.Errorf("%+v lasts %d", by, by.End()-by.Begin())
		}
	}
	for _, bad := range [][2]string{{"year", "18"}, {"year", "2018-01"}, {"quarter", "2018-Q5"}, {"quarter", "2018-Q1x"}, {"month", "2018-13"}, {"day", "2018-02-30"}, {"moment", ""}} {
		if p, ok := indicator.ParsePeriod(bad[0], bad[1]); ok {
			t.Errorf("%s %q reads as %+v", bad[0], bad[1], p)
		}
	}
}

// Conditions are compared as records have their values: a trade with the letter of its section is the trade without it.
func TestConditionsAreReadAsRecordsAre(t *testing.T) {
	files := folder(t, map[string]func(string) string{"indicators/assessed-trades.yaml": swap("kind: trade-assessment", "kind: trade-assessment, trade: [C34, '36']")})
	w := newWorld(t)
	l := proof.Must(indicator.Load(files, nil, spoken()))
	w.service = indicator.New(indicator.Options{Library: l, Now: func() time.Time { return w.now }, Rooms: indicator.Rooms{Enterprises: w, Facts: w, Entries: w, Plants: plants{w}, Checkups: w, Fields: spoken()}})
	for i, trade := range []string{"C34", "C35", "36"} {
		w.list("events", "done", "2010-01-01", "", fmt.Sprintf(`{"code":"%d","label":"l","kind":"trade-assessment","day":"2017-09-01","trade":%q}`, i, trade))
	}
	if v := w.value("assessed-trades", w.keeper, "2017", ""); v.Num == nil || v.Num.RatString() != "2" {
		t.Errorf("%v %v", v.Num, v.Lack)
	}
}
