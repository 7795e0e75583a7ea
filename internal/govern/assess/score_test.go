package assess_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api/problem"
)

// possible is an answer that a question can have, with the points that it gives.
type possible struct {
	answer assess.Answer
	points assess.Points
}

// possibilities of a question: every choice; of a multi every single option, all, and none.
func possibilities(q *assess.Question, scale *assess.Scale, whole int64, full assess.Points) []possible {
	options, brackets, steps := q.Options, q.Brackets, q.Steps
	if scale != nil {
		options, brackets, steps = scale.Options, scale.Brackets, scale.Steps
	}
	worth := func(share int64) assess.Points { return full * assess.Points(share) / assess.Points(whole) }
	var out []possible
	switch q.Kind {
	case assess.Single:
		for _, o := range options {
			out = append(out, possible{assess.Answer{Choice: o.ID}, worth(o.Share)})
		}
	case assess.YesNo:
		out = []possible{{assess.Answer{Choice: "no"}, 0}, {assess.Answer{Choice: "yes"}, full}}
	case assess.Ladder:
		out = []possible{{assess.Answer{Choice: "0"}, 0}}
		for _, s := range steps {
			out = append(out, possible{assess.Answer{Choice: fmt.Sprint(s.Level)}, worth(s.Share)})
		}
	case assess.Multi:
		out = []possible{{assess.Answer{None: true}, 0}}
		all := possible{points: full}
		for _, o := range options {
			if !o.Exclusive {
				out = append(out, possible{pick(o.ID), worth(o.Share)})
				all.answer.Choices = append(all.answer.Choices, assess.Picked{Option: o.ID})
			}
		}
		out = append(out, all)
	default:
		for _, b := range brackets { // the number just inside the upper or the lower bound
			lo, hi, _ := strings.Cut(b.Range[1:len(b.Range)-1], ",")
			n := hi
			if !strings.HasSuffix(b.Range, "]") {
				n = lo
			}
			out = append(out, possible{assess.Answer{Number: n}, worth(b.Share)})
		}
	}
	return out
}

// each calls f with every question of an instrument and what it can have.
func each(x *assess.Instrument, r *assess.Result, f func(q *assess.Question, list []possible)) {
	full := map[string]assess.Points{}
	for _, l := range r.Declared.Lines {
		full[l.Question] = l.Full
	}
	var walk func(parts []assess.Part, questions []assess.Question)
	walk = func(parts []assess.Part, questions []assess.Question) {
		for i := range parts {
			walk(parts[i].Parts, parts[i].Questions)
		}
		for i := range questions {
			q := &questions[i]
			var scale *assess.Scale
			if k := slices.IndexFunc(x.Scales, func(s assess.Scale) bool { return s.ID == q.Scale }); k >= 0 {
				scale = &x.Scales[k]
			}
			f(q, possibilities(q, scale, x.Whole, full[q.ID]))
		}
	}
	for i := range x.Sections {
		walk(x.Sections[i].Parts, x.Sections[i].Questions)
	}
}

// profiles are those with which every question of the shipped instruments applies to some.
var profiles = map[string]map[string]string{"sme2022": {"sector": "manufacturing"}, "platform2018": {"kind": "cross"}}

// Changing one answer changes exactly the points it should: that question's line, the scores above it, and nothing else.
func TestChangingOneAnswerChangesExactlyItsPoints(t *testing.T) {
	changes := 0
	for _, x := range shipped(t).All() {
		r := rand.New(rand.NewPCG(7, 24))
		s := &assess.Sheet{Profile: profiles[x.ID], Declared: map[string]assess.Answer{}}
		empty, err := x.Assess(s, assess.E1)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			each(x, empty, func(q *assess.Question, list []possible) { s.Declared[q.ID] = list[r.IntN(len(list))].answer })
			before, err := x.Assess(s, assess.E1)
			if err != nil {
				t.Fatal(err)
			}
			each(x, empty, func(q *assess.Question, list []possible) {
				old := s.Declared[q.ID]
				for _, p := range list {
					s.Declared[q.ID] = p.answer
					after, err := x.Assess(s, assess.E1)
					if err != nil {
						t.Fatal(err)
					}
					changes++
					diff := same(t, x.ID, q.ID, before, after)
					for i, l := range after.Declared.Lines {
						if l.Question != q.ID {
							continue
						}
						if l.Applies == "yes" && l.Points != p.points {
							t.Errorf("%s %s %+v: %s points; want %s", x.ID, q.ID, p.answer, l.Points, p.points)
						}
						if want := l.Points - before.Declared.Lines[i].Points; diff != want {
							t.Errorf("%s %s %+v: the section changes by %s; want %s", x.ID, q.ID, p.answer, diff, want)
						}
						sum := assess.Points(0)
						for _, part := range l.Parts {
							sum += part.Points
						}
						if sum != l.Points {
							t.Errorf("%s %s: the trace sums to %s of %s", x.ID, q.ID, sum, l.Points)
						}
					}
				}
				s.Declared[q.ID] = old
			})
		}
	}
	if changes < 1000 {
		t.Errorf("only %d changes were tried", changes)
	}
}

// same checks that only one question's line differs, and returns by how much the sections do.
func same(t *testing.T, instrument, question string, a, b *assess.Result) (diff assess.Points) {
	t.Helper()
	for i := range a.Declared.Lines {
		x, y := a.Declared.Lines[i], b.Declared.Lines[i]
		if x.Question != question && (x.Points != y.Points || x.Full != y.Full || x.Answer != y.Answer || x.Applies != y.Applies) {
			t.Errorf("%s: changing %s changes %s from %s to %s", instrument, question, x.Question, x.Points, y.Points)
		}
	}
	sums := map[string]assess.Points{}
	for _, sc := range b.Declared.Scores {
		sums[sc.Parent] += sc.Points
	}
	for i, sc := range b.Declared.Scores {
		if sc.Parent == "" {
			diff += sc.Points - a.Declared.Scores[i].Points
		}
		if s, ok := sums[sc.ID]; ok && s != sc.Points {
			t.Errorf("%s: the parts of %s sum to %s of %s", instrument, sc.ID, s, sc.Points)
		}
	}
	return diff
}

// Every answer that can be given sums to the section's full marks when it is the best one, in every instrument.
func TestTheBestAnswersHaveFullMarksAndTheHighestLevel(t *testing.T) {
	for _, x := range shipped(t).All() {
		s := &assess.Sheet{Profile: profiles[x.ID], Declared: map[string]assess.Answer{}}
		r, err := x.Assess(s, assess.E1)
		if err != nil {
			t.Fatal(err)
		}
		each(x, r, func(q *assess.Question, list []possible) {
			best := list[len(list)-1]
			for _, p := range list {
				if p.points > best.points {
					best = p
				}
			}
			s.Declared[q.ID] = best.answer
		})
		if r, err = x.Assess(s, assess.E1); err != nil {
			t.Fatal(err)
		}
		for _, sc := range r.Declared.Scores {
			if sc.Points != sc.Full {
				t.Errorf("%s: %s has %s of %s", x.ID, sc.ID, sc.Points, sc.Full)
			}
		}
		if r.Declared.Level != len(x.Levels) {
			t.Errorf("%s: level %d: %s", x.ID, r.Declared.Level, r.Declared.Decided.En)
		}
	}
}

// The same sheet gives the same bytes, from another load of the pack and whatever order its maps have.
func TestRecomputationIsByteIdentical(t *testing.T) {
	want := []byte(nil)
	for i := range 5 {
		x := shipped(t).Get("sme2024")
		s := with(exactly(t, "60"), 3, 5, 3)
		s, _ = x.Fill(s, plant{"machines.networked": assess.Ratio(31, 52, "plant:demo")})
		r, err := x.Assess(s, assess.E1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = got
		} else if !bytes.Equal(got, want) {
			t.Fatalf("computation %d differs", i)
		}
	}
	if !bytes.Contains(want, []byte("数字化基础、管理及成效得分60分，要求不低于60分")) || bytes.Contains(want, []byte(`\u003c`)) {
		t.Error("the bytes do not hold the words")
	}
}

// Only answers at or above a grade count as evidenced; the others are listed.
func TestDeclaredLevelStandsBesideTheEvidencedOne(t *testing.T) {
	x := get(t, "sme2024")
	s := with(exactly(t, "60"), 3, 5, 3)
	raise := func(id string, g assess.Grade) {
		a := s.Declared[id]
		a.Grade = g
		for i := range a.Choices {
			a.Choices[i].Grade = g
		}
		s.Declared[id] = a
	}
	for id := range s.Declared {
		raise(id, assess.E1)
	}
	raise("systems-cover", assess.E0)
	raise("scene-product-design", assess.E2)
	for _, c := range []struct {
		grade         assess.Grade
		points        assess.Points
		level, absent int
	}{{assess.E0, 60_0000, 3, 0}, {assess.E1, 50_0000, 2, 1}, {assess.E2, 0, 0, 30}, {assess.E3, 0, 0, 31}} {
		r, err := x.Assess(s, c.grade)
		if err != nil {
			t.Fatal(err)
		}
		if r.Declared.Level != 3 || r.Evidenced.Level != c.level || r.Evidenced.Scores[0].Points != c.points || len(r.Evidenced.Missing) != c.absent {
			t.Errorf("%s: declared %d, evidenced %d with %s points, %d missing", c.grade, r.Declared.Level, r.Evidenced.Level, r.Evidenced.Scores[0].Points, len(r.Evidenced.Missing))
		}
		if c.grade == assess.E1 {
			if m := r.Evidenced.Missing[0]; m.Question != "systems-cover" || m.Reason != "below-grade" || m.Lost != 10_0000 {
				t.Errorf("missing is %+v", m)
			}
			if r.Text.Zh != "中小企业数字化水平评测（2024年版）：自报三级（集成级），有证据（有文件（E1）及以上）二级（规范级）" {
				t.Errorf("got %s", r.Text.Zh)
			}
		}
	}
	// A multi counts by option.
	a := s.Declared["network"]
	a.Choices[1].Grade = assess.E0
	s.Declared["network"] = a
	r, err := x.Assess(s, assess.E1)
	if err != nil {
		t.Fatal(err)
	}
	if l := r.Evidenced.Lines[0]; l.Question != "network" || l.Points != 6_0000 || l.Answer != "control+5g+full" || *l.Grade != assess.E1 {
		t.Errorf("got %+v", l)
	}
}

// Nothing answered is not nothing had: every question is missing, and says what it would be worth.
func TestQuestionsWithoutAnAnswerAreMissing(t *testing.T) {
	st := declared(t, get(t, "sme2024"), &assess.Sheet{})
	sum := assess.Points(0)
	for _, m := range st.Missing {
		sum += m.Lost
	}
	if len(st.Missing) != 31 || sum != 100_0000 || st.Missing[0].Reason != "unanswered" || st.Level != 0 {
		t.Errorf("%d missing, worth %s, level %d", len(st.Missing), sum, st.Level)
	}
}

func variant(t testing.TB, replace ...string) *assess.Instrument {
	t.Helper()
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(mini, replace[i]) {
			t.Fatalf("%q is not in the pack", replace[i])
		}
	}
	x, err := assess.Decode("mini.yaml", []byte(strings.NewReplacer(replace...).Replace(mini)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// A question that does not apply leaves its points to its siblings, loses them, or has them, as the pack says.
func TestQuestionsThatDoNotApply(t *testing.T) {
	trader := func() *assess.Sheet {
		return &assess.Sheet{Profile: map[string]string{"sector": "trading"}, Declared: map[string]assess.Answer{"links": pick("quality"), "rate": {Number: "70"}}}
	}
	for _, c := range []struct {
		absent       string
		points, full assess.Points
		percent      bool // the half of plant's points that level 2 asks for
	}{{"redistribute", 36_0000, 60_0000, true}, {"lost", 18_0000, 30_0000, true}, {"granted", 48_0000, 60_0000, true}} {
		x := variant(t, "absent: redistribute", "absent: "+c.absent)
		st := declared(t, x, trader())
		if sc := st.Scores[1]; sc.ID != "plant" || sc.Points != c.points || sc.Full != c.full || st.Levels[1].Rules[1].Holds != c.percent {
			t.Errorf("%s: %s of %s, %s", c.absent, sc.Points, sc.Full, st.Levels[1].Rules[1].Text.En)
		}
		if l := st.Lines[0]; l.Applies != "no" {
			t.Errorf("%s: applies is %s", c.absent, l.Applies)
		}
	}
	// Points that do not divide go by largest remainders: the parts still sum to the whole.
	x := variant(t, "            need: funding\n            appliesWhen", "            need: funding\n            mayNotApply: true\n            appliesWhen", "id: plan\n            weight: 50", "id: plan\n            weight: 40",
		"id: spend\n            weight: 25", "id: spend\n            weight: 35")
	s := &assess.Sheet{Profile: map[string]string{"sector": "making"}, Declared: map[string]assess.Answer{"budget": {Choice: "yes"}, "plan": {Choice: "done"}, "spend": {NotApplicable: true}}}
	st := declared(t, x, s)
	if o := st.Scores[2]; o.ID != "office" || o.Points != o.Full || o.Full != 40_0000 {
		t.Errorf("office has %s of %s", o.Points, o.Full)
	}
	if a, b := st.Lines[2].Full, st.Lines[3].Full; a != 15_3846 || b != 24_6154 {
		t.Errorf("40 points by 25 and 40 are %s and %s", a, b)
	}
	// All of a part out: the next part has its points; all of a section out: it has none, and no rule on it fails.
	x = get(t, "platform2018")
	s = &assess.Sheet{Profile: map[string]string{"kind": "region"}, Declared: map[string]assess.Answer{"region-cooperation": {Choice: "2"}, "region-resources": {Choice: "2"}, "region-promotion": {Choice: "2"}}}
	if r := declared(t, x, s); score(r, "specific") != 100_0000 || score(r, "region") != 100_0000 || score(r, "cross") != 0 {
		t.Errorf("a regional platform has %s of its specific points", score(r, "specific"))
	}
	r := declared(t, x, &assess.Sheet{Profile: map[string]string{"kind": "general"}})
	if rule := r.Levels[0].Rules[1]; !rule.Holds || rule.Want != "0" {
		t.Errorf("a general platform: %+v", rule)
	}
	// What is not known keeps the question, and lists it.
	r = declared(t, x, &assess.Sheet{})
	if l := r.Lines[len(r.Lines)-1]; l.Applies != "unknown" || len(r.Missing) != len(r.Lines) {
		t.Errorf("applies is %s, %d of %d missing", l.Applies, len(r.Missing), len(r.Lines))
	}
	// A ladder that does not apply is not counted.
	x = variant(t, "need: quality-system\n", "need: quality-system\n        mayNotApply: true\n")
	r = declared(t, x, &assess.Sheet{Declared: map[string]assess.Answer{"quality-scene": {NotApplicable: true}, "stock-scene": {Choice: "2"}}})
	if r.Counts[0] != (assess.Count{Section: "scenes", Step: 1, Reached: 1}) {
		t.Errorf("got %+v", r.Counts)
	}
}

func score(st assess.Standing, id string) assess.Points {
	for _, s := range st.Scores {
		if s.ID == id {
			return s.Points
		}
	}
	return -1
}

// Stages are climbed one by one: a stage needs those before it.
func TestStepwiseLevelsNeedAllLowerOnes(t *testing.T) {
	x := get(t, "ib23020-profile")
	s := &assess.Sheet{Declared: map[string]assess.Answer{}}
	for _, q := range strings.Fields("product-design process-design production purchasing sales finance staff quality equipment energy design-make manage-control supply-make-sell finance-business decision") {
		s.Declared[q] = assess.Answer{Choice: "4"}
	}
	if st := declared(t, x, s); st.Level != 1 || st.Name.Zh != "起步建设" {
		t.Errorf("integration without foundations: level %d", st.Level)
	}
	for q, a := range map[string]assess.Answer{"investment": {Choice: "running"}, "organisation": {Choice: "strategy"}, "digital-machines": {Number: "50"}, "networked-machines": {Number: "15"}} {
		s.Declared[q] = a
	}
	st := declared(t, x, s)
	if want := assess.Points(25_0000 * (15*100 + 20*100 + 15*75 + 20*25) / 10_000); score(st, "building") != want || st.Level != 1 {
		t.Errorf("foundations have %s points, level %d", score(st, "building"), st.Level)
	}
	s.Declared["networked-machines"] = assess.Answer{Number: "61"} // 66.25 of 100
	if st := declared(t, x, s); st.Level != 4 {
		t.Errorf("foundations at %s of 25: level %d: %s", score(st, "building"), st.Level, st.Decided.En)
	}
}

// The maturity score: its bounds are 0.8, 1.8 and so on, and domains left out share their weight.
func TestMaturityBounds(t *testing.T) {
	x := get(t, "gbt39116-profile")
	for _, c := range []struct {
		option string
		level  int
	}{{"l0", 0}, {"l0-half", 0}, {"l0-most", 1}, {"l1-half", 1}, {"l1-most", 2}, {"l2", 2}, {"l3-most", 4}, {"l4-most", 5}, {"l5", 5}} {
		s := &assess.Sheet{Declared: map[string]assess.Answer{}}
		for _, l := range declared(t, x, s).Lines {
			s.Declared[l.Question] = assess.Answer{Choice: c.option}
		}
		s.Declared["logistics"], s.Declared["sales"] = assess.Answer{NotApplicable: true}, assess.Answer{NotApplicable: true}
		if st := declared(t, x, s); st.Level != c.level || st.Scores[0].Full != 5000_0000 {
			t.Errorf("all at %s: %s points, level %d; want %d", c.option, st.Scores[0].Points, st.Level, c.level)
		}
	}
}

// What is wrong with answers is told all at once, by question.
func TestFaultsOfAnswersAreTold(t *testing.T) {
	x := get(t, "sme2024")
	long := strings.Repeat("据", 501)
	part, of := int64(3), int64(2)
	s := &assess.Sheet{Profile: map[string]string{"sector": "making"}, Declared: map[string]assess.Answer{
		"nothing": {Choice: "1"}, "digital-rate": {Number: "37,5"}, "network-rate": {Part: &part, Of: &of}, "funding": {Number: "100.1"}, "network": pick("control", "none"),
		"data-security": pick("rules", "rules"), "people": pick("robots"), "rules": {}, "strategy": {Choice: "planned", Number: "3"}, "systems-cover": {Choice: "some"},
		"pass-rate": {Choice: "up", From: long}, "cost-share": {NotApplicable: true}, "scene-energy": {Choice: "5"},
	}, Measured: map[string]assess.Answer{"scene-quality": {Choice: "3", Grade: assess.E2}}}
	_, err := x.Assess(s, assess.E1)
	var p *problem.Error
	if !errors.As(err, &p) {
		t.Fatalf("got %v", err)
	}
	got := map[string]error{}
	for _, f := range append(p.Fields(), p) {
		got[f.Location()] = f
	}
	for at, want := range map[string]error{
		"body.profile.sector": assess.ErrTrait, "body.declared.nothing": assess.ErrQuestion, "body.declared.digital-rate.number": assess.ErrNumber,
		"body.declared.network-rate.part": assess.ErrCount, "body.declared.funding.number": assess.ErrRange, "body.declared.network.choices[1].option": assess.ErrExclusive,
		"body.declared.data-security.choices[1].option": assess.ErrTwice, "body.declared.people.choices[0].option": assess.ErrOption, "body.declared.rules": assess.ErrForm,
		"body.declared.strategy": assess.ErrForm, "body.declared.systems-cover.choice": assess.ErrOption, "body.declared.pass-rate.from": assess.ErrFrom,
		"body.declared.cost-share.notApplicable": assess.ErrNotApplicable, "body.declared.scene-energy.choice": assess.ErrOption, "body.measured.scene-quality": assess.ErrMeasured,
	} {
		if !errors.Is(got[at], want) {
			t.Errorf("%s: got %v; want %v", at, got[at], want)
		}
	}
	c, err := assess.Texts()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []problem.Language{problem.Chinese, problem.English} {
		for _, f := range p.Fields() {
			if d := c.Document(f, lang); strings.Contains(d.Detail+d.Title, "{") || d.Title == "" {
				t.Errorf("%s: %s %s", f.Location(), d.Title, d.Detail)
			}
		}
	}
}
