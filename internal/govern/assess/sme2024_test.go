package assess_test

import (
	"fmt"
	"strings"
	"testing"

	"jingwei/internal/govern/assess"
)

// scenes are the scenarios of the instrument of 2024; the first ten are binding.
var scenes = strings.Fields("product-design marketing production quality equipment safety energy purchasing warehouse finance process-design after-sales planning staff office decision")

const binding = 10

// base has answers to the fifteen scored questions, none of them with points.
func base() map[string]assess.Answer {
	a := map[string]assess.Answer{
		"digital-rate": {Number: "0"}, "network-rate": {Number: "0"}, "funding": {Number: "0"}, "systems-cover": {Choice: "none"}, "strategy": {Choice: "none"},
		"energy-intensity": {Choice: "up"}, "pass-rate": {Choice: "down"}, "revenue-per-head": {Choice: "down"}, "cost-share": {Choice: "up"},
	}
	for _, m := range []string{"network", "collection-links", "network-security", "data-security", "rules", "people"} {
		a[m] = assess.Answer{None: true}
	}
	return a
}

func pick(options ...string) assess.Answer {
	a := assess.Answer{}
	for _, o := range options {
		a.Choices = append(a.Choices, assess.Picked{Option: o})
	}
	return a
}

// exactly has answers whose base score is what is asked for, exactly.
func exactly(t testing.TB, score string) map[string]assess.Answer {
	t.Helper()
	a := base()
	all := func() {
		a["digital-rate"], a["network-rate"], a["systems-cover"] = assess.Answer{Number: "100"}, assess.Answer{Number: "100"}, assess.Answer{Choice: "all"} // 6 + 6 + 10
	}
	results := func() {
		a["energy-intensity"], a["pass-rate"], a["revenue-per-head"], a["cost-share"] = assess.Answer{Choice: "down"}, assess.Answer{Choice: "up"}, assess.Answer{Choice: "up"}, assess.Answer{Choice: "down"} // 20
	}
	switch score {
	case "0":
	case "19.9":
		a["digital-rate"], a["network-rate"] = assess.Answer{Number: "100"}, assess.Answer{Number: "100"} // 12
		a["network"] = pick("control", "application", "5g")                                               // 6
		a["rules"] = pick("workflow")                                                                     // 1.875
	case "20":
		results()
	case "39.9":
		results()
		a["systems-cover"], a["digital-rate"] = assess.Answer{Choice: "all"}, assess.Answer{Number: "100"} // 36
		a["rules"] = pick("workflow", "systems")                                                           // 3.75 → 39.75
	case "40":
		results()
		a["systems-cover"] = assess.Answer{Choice: "all"}                                                                                                  // 30
		a["network-security"], a["data-security"] = pick("rules", "products", "assessment", "boundary"), pick("rules", "products", "assessment", "ledger") // 10
	case "59.9":
		all()
		results()
		a["strategy"], a["people"] = assess.Answer{Choice: "shared"}, pick("staff", "post", "training", "pay", "ladder") // 57
		a["rules"] = pick("workflow")                                                                                    // 58.875
		a["collection-links"] = pick("energy")                                                                           // 59.575
	case "60":
		all()
		results()
		a["network"] = pick("control", "application", "5g", "full")                                                                                        // 50
		a["network-security"], a["data-security"] = pick("rules", "products", "assessment", "boundary"), pick("rules", "products", "assessment", "ledger") // 60
	case "79.9", "80", "100":
		all()
		results()
		a["network"] = pick("control", "application", "5g", "full")
		a["network-security"], a["data-security"] = pick("rules", "products", "assessment", "boundary"), pick("rules", "products", "assessment", "ledger")
		a["strategy"], a["people"] = assess.Answer{Choice: "shared"}, pick("staff", "post", "training", "pay", "ladder") // 75
		switch score {
		case "79.9":
			a["rules"], a["collection-links"] = pick("workflow", "systems"), pick("energy") // 79.45
		case "80":
			a["network"] = pick("control", "application", "5g")                                                                                                                                         // 73
			a["collection-links"] = pick(append(scenes[:0:0], "product-design", "process-design", "marketing", "after-sales", "planning", "production", "quality", "equipment", "safety", "energy")...) // 80
		case "100":
			a["rules"], a["funding"] = pick("workflow", "systems", "data", "incentive"), assess.Answer{Number: "100"}
			a["collection-links"] = pick("product-design", "process-design", "marketing", "after-sales", "planning", "production", "quality", "equipment", "safety", "energy", "purchasing", "warehouse", "finance", "staff")
		}
	}
	return a
}

// with adds scenarios: the first some of the binding ones and other ones have reached a step, the rest the step below.
func with(a map[string]assess.Answer, step, some, other int) *assess.Sheet {
	for i, s := range scenes {
		at := step - 1
		if i < some || i >= binding && i < binding+other {
			at = step
		}
		a["scene-"+s] = assess.Answer{Choice: fmt.Sprint(at)}
	}
	return &assess.Sheet{Declared: a}
}

func declared(t testing.TB, x *assess.Instrument, s *assess.Sheet) assess.Standing {
	t.Helper()
	r, err := x.Assess(s, assess.E1)
	if err != nil {
		t.Fatal(err)
	}
	return r.Declared
}

// Every rule of the table of levels decides: at its bound the level is reached, just below it is not, whatever the others have.
func TestEveryRuleOfTheTableOf2024Decides(t *testing.T) {
	x := get(t, "sme2024")
	for _, row := range []struct {
		level         int
		at, below     string
		total, ofThem int
	}{
		{level: 1, at: "20", below: "19.9", total: 6, ofThem: 3},
		{level: 2, at: "40", below: "39.9", total: 6, ofThem: 3},
		{level: 3, at: "60", below: "59.9", total: 8, ofThem: 5},
		{level: 4, at: "80", below: "79.9", total: 10, ofThem: 6},
	} {
		for _, c := range []struct {
			name           string
			score          string
			binding, other int
			holds          bool
			fails          int // index of the rule that does not hold
		}{
			{"at every bound", row.at, row.ofThem, row.total - row.ofThem, true, -1},
			{"above every bound", "100", 10, 6, true, -1},
			{"score just below", row.below, 10, 6, false, 0},
			{"one scenario less", "100", row.ofThem, row.total - row.ofThem - 1, false, 1},
			{"one binding scenario less", "100", row.ofThem - 1, 6, false, 2},
			{"binding ones alone make the count", row.at, row.total, 0, true, -1},
		} {
			st := declared(t, x, with(exactly(t, c.score), row.level, c.binding, c.other))
			check := st.Levels[row.level-1]
			if check.Holds != c.holds {
				t.Errorf("level %d, %s: holds is %v; %v", row.level, c.name, check.Holds, st.Decided.En)
			}
			for i, r := range check.Rules {
				if r.Holds != (i != c.fails) {
					t.Errorf("level %d, %s: rule %d holds is %v: %s", row.level, c.name, i, r.Holds, r.Text.En)
				}
			}
			if c.holds && st.Level < row.level || !c.holds && st.Level >= row.level {
				t.Errorf("level %d, %s: level %d", row.level, c.name, st.Level)
			}
			// What keeps from a level is told by its rule, in both languages.
			if !c.holds && st.Level == row.level-1 && (!strings.Contains(st.Decided.En, "not level "+fmt.Sprint(row.level)) || !strings.Contains(st.Decided.Zh, "未达到")) {
				t.Errorf("level %d, %s: decided by %s", row.level, c.name, st.Decided.En)
			}
		}
	}
}

// Full marks have a level: the table is closed at the top, where the anchor's left 100 without a standing.
func TestAScoreOfExactlyAHundredHasALevel(t *testing.T) {
	st := declared(t, get(t, "sme2024"), with(exactly(t, "100"), 4, 10, 6))
	if st.Scores[0].Points != 1_000_000 || st.Level != 4 || st.Name.Zh != "四级（协同级）" || len(st.Missing) != 0 {
		t.Errorf("%s points, level %d %v, %d missing", st.Scores[0].Points, st.Level, st.Name, len(st.Missing))
	}
	all := map[string]assess.Answer{"digital-rate": {Number: "100"}, "network-rate": {Number: "100"}, "data-collection": {Choice: "shared"},
		"security": pick("rules", "products", "assessment", "response"), "strategy": {Choice: "effective"}, "people": pick("staff", "training", "incentive"),
		"budget": {Choice: "yes"}, "pass-rate": {Choice: "up"}, "revenue-per-head": {Choice: "up"}, "cost-share": {Choice: "down"}}
	for _, s := range strings.Fields("design production purchasing marketing service coordination") {
		all[s] = assess.Answer{Choice: "4"}
	}
	st = declared(t, get(t, "sme2022"), &assess.Sheet{Profile: map[string]string{"sector": "manufacturing"}, Declared: all})
	if st.Scores[0].Points != 1_000_000 || st.Level != 4 {
		t.Errorf("2022: %s points, level %d", st.Scores[0].Points, st.Level)
	}
}

// The highest level whose rules hold wins: scenarios of a higher step count for the lower ones.
func TestScenariosOfAHigherStepCountForLowerLevels(t *testing.T) {
	st := declared(t, get(t, "sme2024"), with(exactly(t, "20"), 4, 10, 6))
	if st.Level != 1 {
		t.Errorf("20 points with all scenarios at step 4: level %d", st.Level)
	}
	st = declared(t, get(t, "sme2024"), with(exactly(t, "100"), 1, 0, 0))
	if st.Level != 0 || st.Name.En != "below level 1" {
		t.Errorf("100 points without a scenario: level %d", st.Level)
	}
}

// Points of every question and option, as the questionnaire has them (research, 1.1 A).
func TestPointsOf2024(t *testing.T) {
	x := get(t, "sme2024")
	for _, c := range []struct {
		question string
		answer   assess.Answer
		want     assess.Points
	}{
		{"network", pick("control"), 2_0000}, {"network", pick("5g", "full"), 4_0000}, {"network", pick("control", "application", "5g", "full"), 8_0000},
		{"digital-rate", assess.Answer{Number: "0"}, 0}, {"digital-rate", assess.Answer{Number: "10"}, 0}, {"digital-rate", assess.Answer{Number: "10.000001"}, 1_5000},
		{"digital-rate", assess.Answer{Number: "20"}, 1_5000}, {"digital-rate", assess.Answer{Number: "20.1"}, 3_0000}, {"digital-rate", assess.Answer{Number: "40"}, 3_0000},
		{"digital-rate", assess.Answer{Number: "60"}, 4_5000}, {"digital-rate", assess.Answer{Number: "60.5"}, 6_0000}, {"digital-rate", assess.Answer{Number: "100"}, 6_0000},
		{"network-rate", counted(1, 10), 0}, {"network-rate", counted(1, 9), 1_5000}, {"network-rate", counted(3, 5), 4_5000}, {"network-rate", counted(601, 1000), 6_0000},
		{"collection-links", pick("energy"), 7000}, {"collection-links", pick("staff"), 9000}, {"collection-links", pick("energy", "staff", "quality"), 2_3000},
		{"systems-cover", assess.Answer{Choice: "one"}, 2_5000}, {"systems-cover", assess.Answer{Choice: "several"}, 5_0000}, {"systems-cover", assess.Answer{Choice: "most"}, 7_5000}, {"systems-cover", assess.Answer{Choice: "all"}, 10_0000},
		{"network-security", pick("rules"), 1_2500}, {"data-security", pick("rules", "ledger"), 2_5000},
		{"strategy", assess.Answer{Choice: "informed"}, 1_5000}, {"strategy", assess.Answer{Choice: "changed"}, 6_0000}, {"strategy", assess.Answer{Choice: "shared"}, 7_5000},
		{"rules", pick("workflow"), 1_8750}, {"people", pick("staff", "post"), 3_0000}, {"funding", assess.Answer{Number: "12"}, 1_8750}, {"funding", assess.Answer{Number: "55"}, 5_6250},
		{"energy-intensity", assess.Answer{Choice: "flat"}, 3_5000}, {"energy-intensity", assess.Answer{Choice: "down"}, 7_0000}, {"pass-rate", assess.Answer{Choice: "up"}, 7_0000},
		{"revenue-per-head", assess.Answer{Choice: "flat"}, 1_5000}, {"cost-share", assess.Answer{Choice: "down"}, 3_0000},
	} {
		a := base()
		a[c.question] = c.answer
		if got := declared(t, x, &assess.Sheet{Declared: a}).Scores[0].Points; got != c.want {
			t.Errorf("%s %+v: %s points; want %s", c.question, c.answer, got, c.want)
		}
	}
}

func counted(part, of int64) assess.Answer { return assess.Answer{Part: &part, Of: &of} }
