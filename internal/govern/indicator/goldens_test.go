package indicator_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/fact"
)

// E1 and E2 are short for grades.
const (
	e0 = fact.Declared
	e1 = fact.Documented
	e2 = fact.Checked
	e3 = fact.Measured
)

// goldens are the 65 targets.
func goldens(t *testing.T) map[string]golden {
	t.Helper()
	out := map[string]golden{}
	add := func(more map[string]golden) {
		for id := range more {
			if _, twice := out[id]; twice {
				t.Fatalf("%s is there twice", id)
			}
		}
		maps.Copy(out, more)
	}
	add(countsOfLists())
	add(countsOfEvents())
	add(sharesOfUse())
	add(ratesOfMachines())
	add(ratesOfTrade())
	add(changes())
	add(amounts())
	return out
}

// countsOfLists: see recognised and facility. Two holders have three objects in force; what was revoked, has ended, has not begun or lies
// elsewhere does not count.
func countsOfLists() map[string]golden {
	out := map[string]golden{}
	holders := func(id, kind, on, status string) {
		out[id] = golden{recognised(kind), on, "2", status, 1, 1, e1, ""}
	}
	objects := func(id, kind, on, status string) {
		out[id] = golden{recognised(kind), on, "3", status, 1, 1, e1, ""}
	}
	holders("KPI-GD16-08", "integration-pilot-national", "2018-06-30", indicator.Pending)
	holders("KPI-GD16-09", "integration-pilot-provincial", "2018-06-30", indicator.Pending)
	holders("KPI-HN-01", "cloud-benchmark", "2018-06-30", indicator.Pending)
	holders("KPI-ZJ-17", "dual-innovation-pilot", "2019-01-01", indicator.Overdue)
	holders("KPI-ZJ-18", "industrial-internet-demonstration", "2018-12-31", indicator.Pending) // the deadline's own day
	holders("KPI-ZJ-19", "ladder-programme", "2018-06-30", indicator.Pending)
	holders("KPI-ZJ-20", "ladder-innovative", "2018-06-30", indicator.Pending) // the higher rung counts in the lower one
	holders("KPI-ZJ-21", "ladder-innovative", "2018-06-30", indicator.Pending)
	holders("KPI-ZJ-22", "integration-management", "2019-06-30", indicator.Pending) // no deadline: never overdue
	holders("KPI-ZJ-25", "collaborative-manufacturing", "2018-06-30", indicator.Pending)
	holders("KPI-ZJ-26", "customisation", "2018-06-30", indicator.Pending)
	holders("KPI-ZJ-27", "service-manufacturing", "2018-06-30", indicator.Pending)
	objects("KPI-ZJ-28", "key-institute", "2018-06-30", indicator.Pending)
	holders("KPI-GZ-01", "leading-platform-provider", "2020-06-30", indicator.Pending)
	objects("KPI-GZ-02", "leading-platform", "2020-06-30", indicator.Pending)
	holders("KPI-GZ-03", "solution-provider", "2021-01-01", indicator.Overdue)
	holders("KPI-GZ-04", "upgraded", "2020-06-30", indicator.Pending)
	objects("KPI-GZ-06", "world-class-platform", "2020-06-30", indicator.Reached)
	objects("KPI-GZ-10", "demonstration-project", "2020-06-30", indicator.Pending)
	holders("KPI-GZ-13", "security-firm", "2020-06-30", indicator.Reached) // 2 of 2 to 3
	out["KPI-GZ-07"] = golden{facility("identifier-secondary", 4), "2020-06-30", "4", indicator.Pending, 1, 1, e1, ""}
	out["KPI-GZ-08"] = golden{facility("identifier-top", 1), "2020-06-30", "1", indicator.Reached, 1, 1, e1, ""}
	out["KPI-GZ-09"] = golden{facility("test-system", 3), "2020-06-30", "3", indicator.Reached, 1, 1, e1, ""}
	out["KPI-GD16-12"] = golden{func(w *world, _ []uuid.UUID) { // two cities with three centres, one being built, one elsewhere
		for i, x := range [][2]string{{"operating", "440100"}, {"operating", "440100"}, {"operating", "440300"}, {"planned", "440500"}, {"operating", "330100"}} {
			w.list("facilities", x[0], "2016-01-01", "", fmt.Sprintf(`{"code":"%d","label":"l","operator":"o","kind":"energy-centre-city","division":%q}`, i, x[1]))
		}
	}, "2018-06-30", "2", indicator.Pending, 1, 1, e1, ""}
	return out
}

func countsOfEvents() map[string]golden {
	year := func(kind string, year, done int, on, value, status string) golden {
		return golden{rounds(kind, year, done), on, value, status, 1, 1, e1, ""}
	}
	return map[string]golden{
		"KPI-GD16-15": year("integration-round", 2017, 2, "2018-02-01", "2", indicator.Reached),
		"KPI-HN-02":   year("integration-round", 2018, 1, "2018-12-31", "1", indicator.Reached), // the year that ends on the day
		"KPI-HN-03":   year("big-data-round", 2017, 0, "2018-12-30", "0", indicator.Pending),    // none of that year is known to be none
		"KPI-GD21-02": year("park-round", 2022, 1, "2023-05-01", "1", indicator.Reached),
		"KPI-GD21-03": year("provider-round", 2022, 3, "2023-05-01", "3", indicator.Reached),
		"KPI-GZ-11":   year("contest", 2019, 1, "2020-05-01", "1", indicator.Reached),
		"KPI-GZ-12":   year("conference", 2019, 1, "2020-05-01", "1", indicator.Reached),
		"KPI-ZJ-24": {func(w *world, _ []uuid.UUID) { // three assessments of two trades
			for i, trade := range []string{"34", "34", "36"} {
				w.list("events", "done", "2010-01-01", "", fmt.Sprintf(`{"code":"%d","label":"l","kind":"trade-assessment","day":"2017-09-01","trade":%q}`, i, trade))
			}
		}, "2018-02-01", "2", indicator.Pending, 1, 1, e1, ""},
		"KPI-GD16-14": {func(w *world, _ []uuid.UUID) { // one course in each of 21 cities, a second one in the first
			for i, city := range []string{"440100", "440200", "440300", "440400", "440500", "440600", "440700", "440800", "440900", "441200", "441300", "441400", "441500", "441600", "441700", "441800", "441900", "442000", "445100", "445200", "445300", "440100"} {
				w.list("events", "done", "2010-01-01", "", fmt.Sprintf(`{"code":"%d","label":"l","kind":"leaders-course","day":"2017-09-01","place":%q}`, i, city))
			}
		}, "2018-02-01", "1", indicator.Reached, 1, 1, e1, ""},
	}
}

// sharesOfUse: of six, four used the system in the window, one has records of another system alone, one of long ago (not known). Of all
// eight a seventh used it, and nothing is recorded of the eighth.
func sharesOfUse() map[string]golden {
	thirty := func(kind, status string) golden {
		return golden{system(kind, "2018-06-10", "2018-03-01"), "2018-06-30", "80", status, 5, 6, e1, "distinct=4"}
	}
	platforms := func(w *world, f []uuid.UUID) {
		for _, org := range f[:4] {
			w.list("facilities", "operating", "2016-01-01", "", fmt.Sprintf(`{"code":%q,"label":"l","operator":"o","kind":"dual-innovation","org":%q}`, org, org))
		}
		for i, x := range [][2]string{{"2", "0"}, {"0", "3"}, {"0", "0"}} { // the fourth declares nothing: not known; two have no platform
			w.declare(f[i], 2017, "dual-innovation-projects", x[0], "个")
			w.declare(f[i], 2017, "dual-innovation-participants", x[1], "个")
		}
	}
	return map[string]golden{
		"KPI-ZJ-07":   thirty("design", indicator.Pending),
		"KPI-ZJ-08":   thirty("erp", indicator.Pending),
		"KPI-ZJ-09":   thirty("scm", indicator.Reached),
		"KPI-ZJ-10":   thirty("plm", indicator.Reached),
		"KPI-ZJ-13":   thirty("mes", indicator.Reached),
		"KPI-GZ-05":   {system("cloud", "2019-08-10", "2018-01-01"), "2020-06-30", "5", indicator.Pending, 6, 8, e1, "share=250/3"},
		"KPI-GD16-02": {system("industrial-cloud", "2017-10-10", "2016-01-01"), "2018-03-01", "5", indicator.Pending, 6, 8, e1, "share=250/3"},
		"KPI-GD21-04": {func(w *world, f []uuid.UUID) {
			uses(w, f[6], "cloud", "2022-02-01")
			uses(w, f[0], "cloud", "2022-02-01")
		}, "2022-06-30", "1", indicator.Shown, 1, 2, e1, "share=100"},
		"KPI-GD16-01": {platforms, "2018-03-01", "40", indicator.Pending, 5, 6, e0, "distinct=2"},
		"KPI-ZJ-01":   {platforms, "2018-03-01", "40", indicator.Pending, 5, 6, e0, "distinct=2"},
		"KPI-GD16-13": {func(w *world, f []uuid.UUID) {
			for _, org := range f[:4] {
				w.list("facilities", "operating", "2016-01-01", "", fmt.Sprintf(`{"code":%q,"label":"l","operator":"o","kind":"research-unit","org":%q}`, org, org))
			}
		}, "2018-03-01", "200/3", indicator.Pending, 6, 6, e2, "distinct=4"},
		"KPI-ZJ-23": {func(w *world, f []uuid.UUID) {
			at := day(w.t, "2017-06-01")
			w.checks[f[0]] = []dated{{indicator.Checkup{ID: w.id(), Accepted: true, Grade: e2}, "ib23020-profile", at}}
			w.checks[f[1]] = []dated{{indicator.Checkup{ID: w.id(), Grade: e1}, "ib23020-profile", at}}                                     // handed in, not accepted
			w.checks[f[2]] = []dated{{indicator.Checkup{ID: w.id(), Accepted: true, Grade: e2}, "ib23020-profile", day(w.t, "2016-06-01")}} // another year
			w.checks[f[3]] = []dated{{indicator.Checkup{ID: w.id(), Accepted: true, Grade: e2}, "sme2024", at}}                             // another instrument
		}, "2018-03-01", "1", indicator.Pending, 6, 6, e1, "share=50/3"},
		"KPI-ZJ-29": {func(w *world, f []uuid.UUID) {
			for _, x := range []struct {
				i      int
				signed string
				trade  string
			}{{0, "2018-02-01", "manufacturing"}, {1, "2016-02-01", "manufacturing"}, {1, "2018-01-01", "other"}, {2, "2018-01-01", "other"}, {3, "2017-07-01", "manufacturing"}, {3, "2018-05-01", "manufacturing"}} {
				w.record(f[x.i], "contract", e1, fmt.Sprintf(`{"number":"n","signed":%q,"partyName":"p","partyTrade":%q,"subject":"software","amount":100}`, x.signed, x.trade))
			}
		}, "2018-06-30", "2", indicator.Pending, 4, 8, e1, "share=50"},
		"KPI-GD21-01": {func(w *world, f []uuid.UUID) { // one person passed at two enterprises, one failed, one in another programme
			for _, x := range []struct {
				i         int
				person    string
				programme string
				passed    bool
			}{{0, "a", "digital-workers", true}, {0, "b", "digital-workers", true}, {1, "a", "digital-workers", true}, {1, "c", "digital-workers", false}, {2, "d", "other", true}} {
				w.record(f[x.i], "training", e2, fmt.Sprintf(`{"day":"2022-05-01","person":"%064s","programme":%q,"course":"c","passed":%v}`, x.person, x.programme, x.passed))
			}
		}, "2023-06-30", "2", indicator.Pending, 3, 8, e2, ""},
	}
}

func ratesOfMachines() map[string]golden {
	return map[string]golden{
		// 8/10, 5/5, 1/4 measured, 9/20 declared, 2/2 measured: (80+100+25+45+100)/5; of all 25 of 41
		"KPI-GD16-05": {func(w *world, f []uuid.UUID) {
			w.fleet(f[0], 2017, 10, 8, 200) // 200 of 250 working days are 80 %; the others have 199
			w.fleet(f[1], 2017, 5, 5, 250)
			w.fleet(f[2], 2017, 4, 1, 200)
			w.declare(f[3], 2017, "key-equipment-networked", "9", "台")
			w.declare(f[3], 2017, "key-equipment", "20", "台")
			w.fleet(f[4], 2017, 2, 2, 240)
			w.fleet(f[6], 2017, 2, 0, 240)
		}, "2018-03-01", "70", indicator.Reached, 5, 6, e0, "pooled=2500/41 share=100"},
		"KPI-ZJ-12": {func(w *world, f []uuid.UUID) {
			w.fleet(f[0], 2017, 10, 8, 200)
			w.fleet(f[1], 2017, 5, 5, 250)
			w.fleet(f[2], 2017, 4, 1, 200)
			w.fleet(f[3], 2017, 8, 0, 200)
			w.fleet(f[4], 2017, 2, 2, 240)
		}, "2018-03-01", "61", indicator.Reached, 5, 6, e3, "pooled=1600/29"},
		// processes: 1/2, 2/2, 3/10 declared, 0/2, 1/2
		"KPI-GD16-04": {func(w *world, f []uuid.UUID) {
			equipment(w, f[0], "p1", true, true, "")
			equipment(w, f[0], "p2", true, false, "")
			equipment(w, f[1], "p1", true, true, "")
			equipment(w, f[1], "p2", true, true, "")
			w.declare(f[2], 2017, "key-processes-controlled", "3", "")
			w.declare(f[2], 2017, "key-processes", "10", "")
			equipment(w, f[3], "p1", true, false, "")
			equipment(w, f[3], "p2", true, false, "")
			equipment(w, f[4], "p1", true, true, "") // two machines of one process
			equipment(w, f[4], "p1", true, true, "")
			equipment(w, f[4], "p2", true, false, "")
			equipment(w, f[4], "p3", true, true, "2017-12-31") // out of use
			equipment(w, f[4], "p9", false, true, "")          // no key process
		}, "2018-06-30", "46", indicator.Pending, 5, 6, e0, "pooled=350/9"},
		// machines: 2/3, 1/1, 0/1, 30/40 declared, 1/2; percents are added up with 12 places
		"KPI-ZJ-11": {func(w *world, f []uuid.UUID) {
			equipment(w, f[0], "p1", true, true, "")
			equipment(w, f[0], "p2", false, true, "")
			equipment(w, f[0], "p3", true, false, "")
			equipment(w, f[1], "p1", true, true, "")
			equipment(w, f[2], "p1", true, false, "")
			w.declare(f[3], 2017, "equipment-digital", "30", "台")
			w.declare(f[3], 2017, "equipment", "40", "台")
			equipment(w, f[4], "p1", true, true, "")
			equipment(w, f[4], "p1", true, false, "")
			equipment(w, f[4], "p1", true, true, "2017-12-31")
		}, "2018-06-30", "291666666666667/5000000000000", indicator.Reached, 5, 6, e0, "pooled=3400/47"},
	}
}

// trade: 300 of 1000 declared, 200 of 800, 0 of 500, 100 of 100; one trades on the other side alone (nothing over nothing, and surely not
// online); one records nothing.
func trade(side, other, total string) func(*world, []uuid.UUID) {
	return func(w *world, f []uuid.UUID) {
		order(w, f[0], side, "online", "2017-03-01", 300_00)
		order(w, f[0], side, "online", "2016-12-31", 900_00) // another year
		w.declare(f[0], 2017, total, "0.1", "万元")
		order(w, f[1], side, "online", "2017-03-01", 200_00)
		order(w, f[1], side, "direct", "2017-12-31", 600_00)
		order(w, f[2], side, "direct", "2017-01-01", 500_00)
		order(w, f[3], side, "online", "2017-03-01", 100_00)
		order(w, f[4], other, "online", "2017-03-01", 700_00)
		order(w, f[6], side, "online", "2017-03-01", 999_00)
	}
}

func ratesOfTrade() map[string]golden {
	sales, purchases := trade("sale", "purchase", "sales-revenue"), trade("purchase", "sale", "purchases")
	return map[string]golden{
		"KPI-GD16-06": {sales, "2018-03-01", "60", indicator.Pending, 5, 6, e0, "pooled=25 mean=155/4"},
		"KPI-GD16-07": {purchases, "2018-03-01", "60", indicator.Reached, 5, 6, e0, "pooled=25 mean=155/4"},
		"KPI-ZJ-14":   {purchases, "2018-03-01", "25", indicator.Pending, 4, 6, e0, "share=60 mean=155/4"},
		"KPI-ZJ-15":   {sales, "2018-03-01", "25", indicator.Pending, 4, 6, e0, "share=60 mean=155/4"},
	}
}

func changes() map[string]golden {
	// 300→240, 100→90, 200→170, 50→60, 80→40 days: 20, 10, 15, -20, 50 % shorter; of all 1030/6 → 600/5
	cycle := func(w *world, f []uuid.UUID) {
		product(w, f[0], "2015-02-01", 400)
		product(w, f[0], "2015-11-01", 200)
		for i, x := range [][2]int{{0, 240}, {100, 90}, {200, 170}, {50, 60}, {80, 40}, {0, 70}} { // the last one has no base
			if x[0] > 0 {
				product(w, f[i], "2015-06-01", x[0])
			}
			product(w, f[i], "2017-06-01", x[1])
		}
	}
	// 4→6, 10→11, 3→3.6, 2→1.5, 3→6: +50, +10, +20, -25, +100 %; of all 430/125 → 572/125
	stock := func(w *world, f []uuid.UUID) {
		for i, x := range [][6]string{{"100", "150", "20", "30", "30", "20"}, {"100", "110", "10", "10", "10", "10"}, {"60", "72", "20", "20", "20", "20"}, {"80", "60", "40", "40", "40", "40"}, {"90", "180", "30", "40", "30", "20"}} {
			years(w, f[i], "万元", "cost-of-goods-sold", x[0], x[1])
			years(w, f[i], "万元", "inventory-opening", x[2], x[3])
			years(w, f[i], "万元", "inventory-closing", x[4], x[5])
		}
		w.declare(f[5], 2015, "cost-of-goods-sold", "100", "万元")
	}
	// per GJ 100→110, 100→105, 100→120, 100→100, 100→105: mean 8
	energy := func(w *world, f []uuid.UUID) {
		w.meter(f[0], map[int]int64{2015: 10_000, 2017: 20_000}) // 36 and 72 GJ
		years(w, f[0], "GJ", "other-energy", "4", "8")
		years(w, f[0], "元", "value-added", "4000", "8800")
		for i, x := range [][3]string{1: {"0", "3600", "3780"}, 2: {"4", "4000", "4800"}, 4: {"4", "4000", "4200"}} {
			if x[0] != "" {
				years(w, f[i], "万千瓦时", "electricity-consumption", "1", "1")
				years(w, f[i], "GJ", "other-energy", x[0], x[0])
				years(w, f[i], "元", "value-added", x[1], x[2])
			}
		}
		years(w, f[3], "kWh", "electricity-consumption", "0", "0")
		years(w, f[3], "tce", "other-energy", "1", "1") // 29.3076 GJ
		years(w, f[3], "元", "value-added", "2930.76", "2930.76")
	}
	// 6000/50 → 7200/50
	labour := func(w *world, f []uuid.UUID) {
		for i, x := range [][3]string{{"1000", "1500", "10"}, {"2000", "2100", "10"}, {"500", "600", "5"}, {"1500", "1800", "15"}, {"1000", "1200", "10"}} {
			years(w, f[i], "元", "value-added", x[0], x[1])
			years(w, f[i], "人", "employees-average", x[2], x[2])
		}
	}
	const on = "2018-03-01"
	return map[string]golden{
		"KPI-GD16-03": {cycle, on, "15", indicator.Reached, 5, 6, e2, "pooled=3100/103 median=15"},
		"KPI-ZJ-04":   {cycle, on, "15", indicator.Reached, 5, 6, e2, "pooled=3100/103 median=15"},
		"KPI-GD16-10": {stock, on, "31", indicator.Reached, 5, 6, e0, "pooled=1420/43 median=20"},
		"KPI-ZJ-05":   {stock, on, "31", indicator.Reached, 5, 6, e0, "pooled=1420/43 median=20"},
		"KPI-GD16-11": {energy, on, "8", indicator.Reached, 5, 6, e0, "pooled=4950000/563269 median=5"},
		"KPI-ZJ-06":   {energy, on, "8", indicator.Reached, 5, 6, e0, "pooled=4950000/563269 median=5"},
		"KPI-ZJ-03":   {labour, on, "20", indicator.Reached, 5, 6, e0, "mean=144 median=120"}, // 144 against 120
		"KPI-ZJ-02": {func(w *world, f []uuid.UUID) { // two users, then five
			for _, i := range []int{0, 1} {
				uses(w, f[i], "industrial-cloud", "2015-06-01")
			}
			for _, i := range []int{0, 1, 2, 3, 6} {
				uses(w, f[i], "industrial-cloud", "2017-06-01")
			}
		}, on, "5/2", indicator.Reached, 5, 8, e1, "share=100"},
	}
}

func amounts() map[string]golden {
	return map[string]golden{
		"KPI-ZJ-16": {func(w *world, f []uuid.UUID) {
			for i, x := range []string{"2000", "1500.5", "1500"} {
				w.declare(f[i], 2017, "software-service-revenue", x, "亿元")
			}
		}, "2018-03-01", "500050000000", indicator.Reached, 3, 8, e0, "median=150050000000"},
		"KPI-GZ-14": {func(w *world, _ []uuid.UUID) { w.declare(w.keeper, 2019, "sub-fund-commitments", "100", "亿元") }, "2020-03-01", "10000000000", indicator.Reached, 1, 1, e0, ""},
	}
}
