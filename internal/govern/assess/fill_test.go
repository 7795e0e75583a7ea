package assess_test

import (
	"testing"

	"jingwei/internal/govern/assess"
)

// plant is what a platform knows.
type plant map[string]assess.Fact

func (p plant) Fact(name string) (assess.Fact, bool) { f, ok := p[name]; return f, ok }

func amount(s string) assess.Quantity {
	q, err := assess.ParseQuantity(s)
	if err != nil {
		panic(err)
	}
	return q
}

func TestQuestionsAreAnsweredFromThePlant(t *testing.T) {
	x := get(t, "sme2024")
	facts := plant{
		"machines.digital":             assess.Ratio(40, 52, "plant:a"),
		"machines.networked":           assess.Ratio(31, 52, "plant:a"),
		"collection.energy":            assess.Flag(true, "series:m1"),
		"collection.equipment":         assess.Flag(true, "series:m2"),
		"collection.quality":           assess.Flag(false, "plant:a"),
		"oee.days":                     assess.Amount(amount("30"), "figure:oee"),
		"equipment.realtime-share":     assess.Ratio(3, 5, "plant:a"),
		"equipment.fault-analysis":     assess.Flag(true, "figure:faults"),
		"energy.meter-days":            assess.Amount(amount("90"), "series:e1"),
		"energy.submeter-days":         assess.Amount(amount("29"), "series:e2"),
		"energy.submeter-interval":     assess.Amount(amount("15"), "series:e2"),
		"energy-intensity.change":      assess.Amount(amount("-0.8"), "figure:intensity"),
		"pass-rate.change":             assess.Amount(amount("0"), "figure:pass"),
		"quality.auto-judged-days":     assess.Flag(true, "of another kind than the pack asks for"),
		"collection.somewhere-unasked": assess.Flag(true, "series:x"),
	}
	s := &assess.Sheet{Declared: map[string]assess.Answer{
		"network-rate":     {Number: "80"},
		"collection-links": {Choices: []assess.Picked{{Option: "energy"}, {Option: "finance"}}},
		"scene-equipment":  {Choice: "4"},
		"pass-rate":        {Choice: "flat"},
		"scene-energy":     {Choice: "1"},
	}}
	filled, list := x.Fill(s, facts)
	got := map[string]assess.Filled{}
	for _, f := range list {
		got[f.Question+"/"+f.Option] = f
	}
	for key, want := range map[string][3]string{
		"digital-rate/":              {"filled", "", "40/52"},
		"network-rate/":              {"differs", "80", "31/52"},
		"collection-links/energy":    {"agrees", "energy+finance", "energy"},
		"collection-links/equipment": {"differs", "energy+finance", "equipment"},
		"energy-intensity/":          {"filled", "", "down"},
		"pass-rate/":                 {"agrees", "flat", "flat"},
		"scene-equipment/":           {"beyond", "4", "3"},
		"scene-energy/":              {"differs", "1", "2"},
	} {
		f := got[key]
		if f.Outcome != want[0] || f.Declared != want[1] || f.Measured != want[2] || f.Text.Zh == "" || f.Text.En == "" || f.From[0] == "" {
			t.Errorf("%s: %+v", key, f)
		}
	}
	if len(list) != 8 {
		t.Errorf("%d are filled: %+v", len(list), list)
	}
	if a := filled.Declared["network-rate"]; a.Number != "80" || len(s.Measured) != 0 {
		t.Error("what was declared has been overwritten")
	}
	r, err := x.Assess(filled, assess.E1)
	if err != nil {
		t.Fatal(err)
	}
	lines := func(st assess.Standing) map[string]assess.Line {
		m := map[string]assess.Line{}
		for _, l := range st.Lines {
			m[l.Question] = l
		}
		return m
	}
	d, e := lines(r.Declared), lines(r.Evidenced)
	// 80 % was declared without evidence and has 6 points; 31 of 52 are 59.6 % and have 4.5.
	if a, b := d["network-rate"], e["network-rate"]; a.Points != 6_0000 || a.Basis != "declared" || b.Points != 4_5000 || b.Basis != "measured" || *b.Grade != assess.E3 || b.From != "plant:a" {
		t.Errorf("declared %+v, evidenced %+v", a, b)
	}
	if a, b := d["collection-links"], e["collection-links"]; a.Points != 1_4000 || b.Answer != "equipment+energy" || b.Points != 1_4000 {
		t.Errorf("declared %+v, evidenced %+v", a, b)
	}
	if a, b := d["digital-rate"], e["digital-rate"]; a.Points != 6_0000 || a.Basis != "measured" || b.Points != 6_0000 {
		t.Errorf("declared %+v, evidenced %+v", a, b)
	}
	if a, b := d["scene-equipment"], e["scene-equipment"]; a.Step != 4 || b.Step != 3 {
		t.Errorf("declared step %d, evidenced %d", a.Step, b.Step)
	}
	// A document counts until something better says otherwise.
	s.Declared["network-rate"] = assess.Answer{Number: "80", Grade: assess.E2, From: "report 7"}
	filled, _ = x.Fill(s, plant{})
	if r, err = x.Assess(filled, assess.E1); err != nil || lines(r.Evidenced)["network-rate"].Points != 6_0000 {
		t.Errorf("a checked answer has %s points, %v", lines(r.Evidenced)["network-rate"].Points, err)
	}
}

// A plant without machines, or counts that do not fit, answer nothing.
func TestFactsThatDoNotFitAnswerNothing(t *testing.T) {
	x := get(t, "sme2024")
	for name, f := range map[string]assess.Fact{"none": assess.Ratio(0, 0, "plant:a"), "more": assess.Ratio(3, 2, "plant:a"), "flag": assess.Flag(true, "plant:a"), "above": assess.Amount(amount("101"), "plant:a")} {
		if s, list := x.Fill(&assess.Sheet{}, plant{"machines.networked": f}); len(list) != 0 || len(s.Measured) != 0 {
			t.Errorf("%s: %+v", name, list)
		}
	}
}
