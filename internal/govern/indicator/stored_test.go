package indicator_test

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"jingwei/internal/govern/indicator"
)

// A target stands where the figures that are kept say: value, what is missing to it, trajectory; what is not kept is said to be so.
func TestTrendOfKeptFigures(t *testing.T) {
	l := shipped(t)
	target := l.Target("KPI-ZJ-03") // productivity of the sums, 16 % more than at the end of 2015
	d := l.Definition(target.Indicator)
	r := drawn{rand.New(rand.NewPCG(6, 6)), l}
	kept := map[string]*indicator.Stored{}
	for label, times := range map[string]int64{"2015": 100, "2016": 104, "2017": 110} {
		a := indicator.NewAccount(d)
		p, _ := indicator.ParsePeriod("year", label)
		for range d.Suppress + 3 {
			inputs := r.inputs(d, p)
			for i := range inputs {
				inputs[i] = indicator.Given{Num: big.NewRat(1, 1)}
			}
			inputs[0].Num = big.NewRat(times, 1)
			o := indicator.Observation{Inputs: inputs}
			a.Add(o.Evaluate(d, p))
		}
		kept[label] = &indicator.Stored{Account: a, Members: indicator.Members{Hash: label}}
	}
	var asked []string
	trace := func(p indicator.Period) (*indicator.Stored, error) {
		asked = append(asked, p.Label)
		return kept[p.Label], nil
	}
	x, err := l.Trend(target, "2018-03-01", 5, trace)
	if err != nil {
		t.Fatal(err)
	}
	if x.Value == nil || x.Value.RatString() != "10" || x.Base == nil || len(x.Past) != 1 || x.Past[0].Num.RatString() != "4" || x.Judgment.Gap.RatString() != "6" || x.Judgment.Status != indicator.Behind || x.Judgment.Forecast == nil {
		t.Errorf("%v of %v, past %v, %+v, asked %v", x.Value, x.Base, x.Past, x.Judgment, asked)
	}
	if v := l.View(x); v.Number == nil || v.Members == nil || v.Members.Members != d.Suppress+3 || v.Members.Hash != "2017" || v.Coverage.Known != d.Suppress+3 {
		t.Errorf("%+v", v.Members)
	}
	delete(kept, "2017")
	if x, err = l.Trend(target, "2018-03-01", 5, trace); err != nil || x.Value != nil || x.Lack != indicator.Unkept || x.Judgment.Status != indicator.NoValue {
		t.Errorf("%v for %s, %v", x.Value, x.Lack, err)
	}
	region := l.Target("KPI-GD16-25")
	if region == nil || l.Definition(region.Indicator).Of != indicator.OfRegion {
		for _, y := range l.Targets("", "2018-12-31") {
			if l.Definition(y.Indicator).Of == indicator.OfRegion {
				region = y
			}
		}
	}
	if x, err = l.Trend(region, "2018-12-31", 3, trace); err != nil || x.Single == nil || x.Value != nil {
		t.Errorf("%+v, %v", x, err)
	}
	l.View(x)
}
