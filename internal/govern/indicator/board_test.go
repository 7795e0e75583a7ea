package indicator_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

func rat(s string) *big.Rat {
	if s == "" {
		return nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

func shownRat(r *big.Rat) string {
	if r == nil {
		return ""
	}
	return r.RatString()
}

// past are values of years, the oldest first.
func past(first int, values ...string) (out []indicator.Point) {
	for i, v := range values {
		p, _ := indicator.ParsePeriod("year", fmt.Sprint(first+i))
		out = append(out, indicator.Point{Period: p, Num: rat(v)})
	}
	return out
}

// Status, gap, path and forecast by hand.
func TestWhereATargetStands(t *testing.T) {
	l := shipped(t)
	for name, x := range map[string]struct {
		target, now, on             string
		past                        []indicator.Point
		status, gap, path, forecast string
		noPath, noForecast          bool
	}{
		"reached at the value":          {target: "KPI-ZJ-13", now: "50", on: "2018-01-31", status: indicator.Reached, gap: "0", noPath: true, noForecast: true},
		"more than is not at the value": {target: "KPI-GD16-09", now: "300", on: "2018-01-31", status: indicator.Pending, gap: "0", noPath: true, noForecast: true},
		"more than":                     {target: "KPI-GD16-09", now: "301", on: "2018-01-31", status: indicator.Reached, gap: "-1", noPath: true, noForecast: true},
		"overdue":                       {target: "KPI-ZJ-13", now: "49", on: "2019-01-01", status: indicator.Overdue, gap: "1", noPath: true, noForecast: true},
		"on the deadline's day":         {target: "KPI-ZJ-13", now: "49", on: "2018-12-31", status: indicator.Pending, gap: "1", noPath: true, noForecast: true},
		"not known":                     {target: "KPI-ZJ-13", on: "2019-06-30", status: indicator.NoValue, noPath: true, noForecast: true},
		"no deadline":                   {target: "KPI-ZJ-22", now: "1", on: "2024-01-01", status: indicator.Pending, gap: "199", noPath: true, noForecast: true},
		"inferred deadline":             {target: "KPI-GZ-06", now: "0", on: "2024-01-01", status: indicator.Pending, gap: "1", noPath: true, noForecast: true},
		"above a range":                 {target: "KPI-GZ-09", now: "4", on: "2020-01-01", status: indicator.Reached, gap: "-2", noPath: true, noForecast: true},
		"no threshold":                  {target: "KPI-GD21-04", now: "7", on: "2022-01-01", status: indicator.Shown, noPath: true, noForecast: true},
		"each year by itself":           {target: "KPI-GD16-15", now: "0", on: "2018-01-31", status: indicator.Pending, gap: "1", noPath: true, noForecast: true},
		// From 0 at the end of 2015 to 28 at the end of 2018 is 1096 days; the end of 2016 is 366 of them: 28·366/1096 = 2562/274 = 1281/137.
		// A line through (0, 0) and (366, 10) is 10·1096/366 = 5480/183 at the deadline.
		"on track":   {target: "KPI-GD16-10", now: "10", on: "2016-12-31", status: indicator.OnTrack, gap: "18", path: "1281/137", forecast: "5480/183"},
		"behind":     {target: "KPI-GD16-10", now: "9", on: "2016-12-31", status: indicator.Behind, gap: "19", path: "1281/137", forecast: "1644/61"},
		"at the end": {target: "KPI-GD16-10", now: "30", on: "2018-12-31", status: indicator.Reached, gap: "-2", path: "28", forecast: "30"},
		// A share has no baseline: its path begins at the first known value. 20 at the end of 2015 to 85 at the end of 2018.
		"path from the first value":  {target: "KPI-ZJ-08", now: "50", on: "2016-12-31", past: past(2015, "20"), status: indicator.OnTrack, gap: "35", path: "22855/548", forecast: "6700/61"},
		"unknown years are left out": {target: "KPI-ZJ-08", now: "40", on: "2016-12-31", past: past(2014, "", "20"), status: indicator.Behind, gap: "45", path: "22855/548", forecast: "14620/183"},
	} {
		target := l.Target(x.target)
		period, _ := indicator.PeriodBy("year", x.on)
		j := indicator.Judge(target, rat(x.now), period, x.past, x.on)
		if j.Status != x.status || shownRat(j.Gap) != x.gap || shownRat(j.Path) != x.path || shownRat(j.Forecast) != x.forecast || j.NoPath.IsZero() == x.noPath || j.NoLine.IsZero() == x.noForecast {
			t.Errorf("%s: %s gap %s path %s (%s) forecast %s (%s);\nwant %s %s %s %s", name, j.Status, shownRat(j.Gap), shownRat(j.Path), j.NoPath.En, shownRat(j.Forecast), j.NoLine.En, x.status, x.gap, x.path, x.forecast)
		}
	}
}

// Changes that the definition does not work out itself come of the region's values.
func TestComparedChanges(t *testing.T) {
	l := shipped(t)
	for _, x := range []struct{ target, now, base, want string }{
		{"KPI-ZJ-02", "5", "2", "5/2"}, {"KPI-ZJ-02", "5", "0", ""}, {"KPI-ZJ-02", "5", "", ""}, {"KPI-ZJ-02", "", "2", ""}, {"KPI-ZJ-03", "144", "120", "20"}, {"KPI-ZJ-03", "90", "120", "-25"},
		{"KPI-GD16-10", "31", "7", "31"}, {"KPI-ZJ-08", "80", "7", "80"},
	} {
		target := l.Target(x.target)
		if got := shownRat(indicator.Compared(target, l.Definition(target.Indicator), rat(x.now), rat(x.base))); got != x.want {
			t.Errorf("%s of %s against %s is %s, want %s", x.target, x.now, x.base, got, x.want)
		}
	}
}

// Earlier years give the trajectory; the baseline's own year is its start.
func TestTrajectory(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		org := w.firm("330100")
		for year, added := range map[int]string{2015: "100", 2016: "110", 2017: "120"} {
			w.declare(org, year, "value-added", added, "元")
			w.declare(org, year, "employees-average", "10", "人")
		}
	}
	x := w.progress("KPI-ZJ-03", "2018-03-01", 5)
	if x.Value.RatString() != "20" || x.Base == nil || x.Base.Num.RatString() != "10" || len(x.Past) != 1 || x.Past[0].Period.Label != "2016" || x.Past[0].Num.RatString() != "10" {
		t.Fatalf("%v of %+v, past %+v", x.Value, x.Base, x.Past)
	}
	// 0, 10 and 20 % after 0, 366 and 731 days: the straight line is just below 30 % after 1096.
	f, _ := x.Judgment.Forecast.Float64()
	if f < 29.9 || f > 30.1 || x.Judgment.Status != indicator.Reached {
		t.Errorf("forecast %v, %s", f, x.Judgment.Status)
	}
}

func TestQuestionsThatCannotBeAnswered(t *testing.T) {
	w := newWorld(t)
	org := w.firm(city)
	ctx := officer(t)
	for name, x := range map[string]struct {
		ask  func() error
		want error
	}{
		"a day to come":      {func() error { _, err := w.service.Progress(ctx, "KPI-ZJ-08", w.keeper, "2026-05-21", 0); return err }, indicator.ErrDay},
		"no day":             {func() error { _, err := w.service.Progress(ctx, "KPI-ZJ-08", w.keeper, "2018-02-30", 0); return err }, indicator.ErrDay},
		"a year that lasts":  {func() error { _, err := w.service.Value(ctx, "inventory-turnover", org, "2026", ""); return err }, indicator.ErrPeriod},
		"a month of a year":  {func() error { _, err := w.service.Value(ctx, "inventory-turnover", org, "2018-01", ""); return err }, indicator.ErrPeriod},
		"not an enterprise":  {func() error { _, err := w.service.Value(ctx, "inventory-turnover", w.keeper, "2025", ""); return err }, indicator.ErrKeeper},
		"no target":          {func() error { _, err := w.service.Progress(ctx, "KPI-XX-1", w.keeper, "", 0); return err }, store.ErrNotFound},
		"no indicator":       {func() error { _, err := w.service.Value(ctx, "nothing", org, "", ""); return err }, store.ErrNotFound},
		"nobody":             {func() error { _, err := w.service.Value(t.Context(), "erp-use", org, "", ""); return err }, auth.ErrUnauthenticated},
		"nobody of a region": {func() error { _, err := w.service.Progress(t.Context(), "KPI-ZJ-08", w.keeper, "", 0); return err }, auth.ErrUnauthenticated},
	} {
		if err := x.ask(); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
}
