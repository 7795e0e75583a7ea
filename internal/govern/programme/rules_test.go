package programme

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("20000000-0000-7000-8000-%012x", n)) }

// small is the least call: what a new call needs, in one file.
const small = `id: small-call
version: 1.0.0
source: a test
kind: demonstration
name: {zh: 小通知, en: Small call}
text: {zh: 说明, en: What it is about}
clauses: [{id: own, title: 通知, section: 一}]
who: [{id: joined, text: {zh: 已登记, en: Has joined}, clause: own, field: registered}]
fields: [{key: investment, name: {zh: 总投资, en: Investment}, type: money, min: 0, required: true}]
papers: [{id: plan, name: {zh: 方案, en: Plan}, required: true, review: true}]
checks: [{id: whole, text: {zh: 材料齐全, en: All papers}, clause: own}]
completion: 5
review:
  experts: 2
  fields: [工业互联网]
  years: 3
  blind: true
  scale: 10
  criteria: [{id: need, name: {zh: 必要性, en: Need}, weight: 60}, {id: effect, name: {zh: 成效, en: Effect}, weight: 40}]
  clause: own
  count: raw
  line: 60
  days: 5
publicity: 5
award:
  fixed: 1000001
  budget: none
  clause: own
  tranches: [{id: first, name: {zh: 首期, en: First}, share: 50, after: award}, {id: rest, name: {zh: 尾款, en: Rest}, share: 50, after: acceptance}]
`

// TestACallIsOneFile: in an empty folder one file makes a call, with a flow that holds.
func TestACallIsOneFile(t *testing.T) {
	files := fstest.MapFS{"calls/small-call.yaml": {Data: []byte(small)}}
	whole := proof.Must(WithFlows(files))
	list := proof.Must(flow.Load(whole))
	if len(list) != 1 || list[0].ID != "call-small-call" {
		t.Fatalf("flows %+v", list)
	}
	again := proof.Must(proof.Must(Load(files))[0].Flow())
	if string(again) != string(proof.Must(proof.Must(Load(files))[0].Flow())) {
		t.Fatal("the same call gives other bytes")
	}
	if got := proof.Must(Load(files))[0].Award.Shares(1000001); !slices.Equal(got, []int64{500000, 500001}) {
		t.Errorf("shares %v", got)
	}
	if _, err := WithFlows(fstest.MapFS{}); err != nil {
		t.Errorf("no calls: %v", err)
	}
}

// TestBadCalls: what is wrong with a pack is told.
func TestBadCalls(t *testing.T) {
	for _, x := range []struct{ from, to, want string }{
		{"weight: 60", "weight: 61", "add up to 101"},
		{"publicity: 5", "publicity: 4", "5 to 60 working days"},
		{"share: 50, after: award", "share: 40, after: award", "add up to 90"},
		{"line: 60", "line: 0", "needs a line"},
		{"count: raw", "count: best", "neither raw nor adjusted"},
		{"clause: own, field: registered", "clause: none, field: registered", `there is no clause "none"`},
		{"key: investment", "key: award", "every call has"},
		{"field: registered", "field: colour", "is none of"},
		{"completion: 5", "completion: 0", "1 to 60 working days"},
		{"experts: 2", "experts: 0", "1 to 15 experts"},
		{"version: 1.0.0", "version: one", "version"},
		{"name: {zh: 小通知, en: Small call}", "name: {zh: 小通知}", "name"},
	} {
		_, err := Load(fstest.MapFS{"calls/small-call.yaml": {Data: []byte(strings.Replace(small, x.from, x.to, 1))}})
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: got %v, want %q", x.to, err, x.want)
		}
	}
	bad := small + "indicators: [{key: e, name: {zh: 电耗, en: Energy}, unit: kW.h, direction: lower, change: '-3', method: energy-per-piece, series: [{role: power, name: {zh: 功率, en: Power}}], days: 7, coverage: 101, grade: E1, clause: own}]\n"
	_, err := Load(fstest.MapFS{"calls/small-call.yaml": {Data: []byte(bad)}})
	for _, want := range []string{"no decimal number that fits", "needs the series [power pieces]", "coverage of 1 to 100", "what is measured is E3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestFlowWithoutEnd: a generated flow that could not end is refused by the rules of flows.
func TestFlowWithoutEnd(t *testing.T) {
	c := proof.Must(Load(fstest.MapFS{"calls/small-call.yaml": {Data: []byte(small)}}))[0]
	f := c.flow()
	var steps []object
	for _, s := range f["transitions"].([]object) {
		to := s["to"].(string)
		if to != Accepted && to != Failed && to != Ended && to != Rejected && to != Retracted && to != Lapsed {
			steps = append(steps, s)
		}
	}
	f["transitions"] = steps
	if _, err := flow.Decode("call-small-call.yaml", proof.Must(json.Marshal(f))); err == nil {
		t.Fatal("a flow without an end was taken")
	}
}

func TestMay(t *testing.T) {
	at := func(n int64) *int64 { return &n }
	c := &Call{Who: []CallCondition{
		{ID: "a", Field: "registered"}, {ID: "b", Field: "size", In: []string{"small", "micro"}}, {ID: "c", Field: "industry", Begins: []string{"C36"}}, {ID: "d", Field: "revenue", AtLeast: at(100)},
	}}
	for _, x := range []struct {
		p          Profile
		registered bool
		want       string
		each       string
	}{
		{Profile{Size: "small", Industry: "C3670", Revenue: at(100)}, true, yes, "true true true true"},
		{Profile{Size: "small", Industry: "C3670", Revenue: at(99)}, true, no, "true true true false"},
		{Profile{Size: "unknown", Industry: "C3670", Revenue: at(100)}, true, unknown, "true unknown true true"},
		{Profile{Size: "large", Industry: ""}, true, no, "true false unknown unknown"},
		{Profile{}, false, no, "false unknown unknown unknown"},
	} {
		whole, list := c.May(x.p, x.registered)
		var each []string
		for _, s := range list {
			each = append(each, s.Holds)
		}
		if whole != x.want || strings.Join(each, " ") != x.each {
			t.Errorf("%+v: %s (%v), want %s (%s)", x.p, whole, each, x.want, x.each)
		}
	}
}

func TestConflicts(t *testing.T) {
	firm := &Applicant{Org: id(1), CreditCode: "91A", Contacts: []uuid.UUID{id(9)}}
	for _, x := range []struct {
		e    Expert
		ties []Tie
		want string
	}{
		{Expert{Employer: "92B", EmployerOrg: id(2)}, nil, ""},
		{Expert{Employer: " 91a "}, nil, SameEmployer},
		{Expert{EmployerOrg: id(1)}, nil, SameEmployer},
		{Expert{Person: id(9)}, nil, SamePerson},
		{Expert{Relations: []Relation{{CreditCode: "91a"}}}, nil, Related},
		{Expert{}, []Tie{{Kind: Ownership}}, Ownership},
		{Expert{}, []Tie{{Kind: Contract, On: "2023-03-16"}}, Contract},
		{Expert{}, []Tie{{Kind: Contract, On: "2023-03-15"}}, ""}, // the day before ties begin to count
		{Expert{Person: id(9), Employer: "91A"}, []Tie{{Kind: Contact, On: "2025-01-01"}}, Contact + " " + SameEmployer + " " + SamePerson},
	} {
		var got []string
		for _, c := range Conflicts(&x.e, firm, x.ties, "2023-03-16") {
			got = append(got, c.Kind)
			if c.Name.IsZero() {
				t.Errorf("%s has no name", c.Kind)
			}
		}
		if strings.Join(got, " ") != x.want {
			t.Errorf("%+v: %v, want %s", x.e, got, x.want)
		}
	}
}

// TestDraw: over many seeds no expert with a conflict is drawn, workload differs by little, wanted fields come first, and the order in
// which lists are given changes nothing.
func TestDraw(t *testing.T) {
	in := DrawInput{Rule: DrawRule, Each: 3, Fields: []string{"a", "b", "c"}}
	for i := range 12 {
		in.Experts = append(in.Experts, DrawnFrom{ID: id(100 + i), Employer: fmt.Sprint("employer", i%6), Fields: []string{string(rune('a' + i%4))}})
	}
	for i := range 20 {
		in.Cases = append(in.Cases, DrawnFor{ID: id(i), Wants: 3, Bar: map[uuid.UUID][]string{id(100 + i%12): {SameEmployer}}})
	}
	seen := map[string]bool{}
	for k := range 30 {
		in.Seed = fmt.Sprintf("%064x", k)
		got, short := Draw(in)
		if len(short) > 0 || len(got) != 60 {
			t.Fatalf("%d drawn, %v", len(got), short)
		}
		load, employers, fields := map[uuid.UUID]int{}, map[string]bool{}, map[uuid.UUID]map[string]bool{}
		for _, d := range got {
			n := slices.IndexFunc(in.Cases, func(c DrawnFor) bool { return c.ID == d.Case })
			if _, barred := in.Cases[n].Bar[d.Expert]; barred {
				t.Fatal("an expert with a conflict was drawn")
			}
			e := in.Experts[slices.IndexFunc(in.Experts, func(e DrawnFrom) bool { return e.ID == d.Expert })]
			key := d.Case.String() + e.Employer
			if employers[key] && !d.Relaxed {
				t.Fatal("two of one employer")
			}
			employers[key] = true
			load[d.Expert]++
			if fields[d.Case] == nil {
				fields[d.Case] = map[string]bool{}
			}
			fields[d.Case][e.Fields[0]] = true
		}
		for _, f := range fields {
			if !f["a"] || !f["b"] || !f["c"] {
				t.Fatalf("fields %v", f)
			}
		}
		b := string(proof.Must(json.Marshal(got)))
		seen[b] = true
		mixed := in
		mixed.Experts, mixed.Cases = slices.Clone(in.Experts), slices.Clone(in.Cases)
		slices.Reverse(mixed.Experts)
		slices.Reverse(mixed.Cases)
		other, _ := Draw(mixed)
		if string(proof.Must(json.Marshal(other))) != b {
			t.Fatal("the order of lists changes the draw")
		}
		record := DrawRecord{Commitment: Commitment(in.Seed), Input: in, Result: got}
		if err := record.Verify(); err != nil {
			t.Fatal(err)
		}
		record.Result = slices.Clone(got)
		record.Result[0].Expert = id(111)
		if got[0].Expert != id(111) && record.Verify() == nil {
			t.Fatal("another result verifies")
		}
		record.Result, record.Input.Seed = got, "00"
		if record.Verify() == nil {
			t.Fatal("another seed verifies")
		}
	}
	if len(seen) < 28 {
		t.Errorf("only %d different draws of 30 seeds", len(seen))
	}
	in.Cases[0].Bar = map[uuid.UUID][]string{}
	for _, e := range in.Experts[2:] {
		in.Cases[0].Bar[e.ID] = []string{Related}
	}
	if got, short := Draw(in); got != nil || len(short) != 1 || short[0] != (Shortage{id(0), 2, 3}) {
		t.Errorf("drawn %v, short %v", got, short)
	}
}

var review = &CallReview{Scale: 10, Count: "adjusted", Line: 60, Criteria: []CallCriterion{{ID: "x", Weight: 100}}, Ties: []string{"x"}}

func score(c, e, n int) Score {
	return Score{Case: id(c), Expert: id(100 + e), Points: map[string]int{"x": n}}
}

// TestAdditiveModel: where scores are worth plus effect exactly, the model finds both again, to the last digit.
func TestAdditiveModel(t *testing.T) {
	worth, effect := []int{5, 6, 4, 5}, []int{2, 0, -2}
	var scores []Score
	for c, list := range [][]int{{0, 1}, {1, 2}, {0, 2}, {0, 1, 2}} {
		for _, e := range list {
			scores = append(scores, score(c, e, worth[c]+effect[e]))
		}
	}
	f := review.Fit(scores)
	for i, e := range f.Effects {
		if e.Effect.Cmp(big.NewRat(int64(effect[i])*10, 1)) != 0 {
			t.Errorf("effect of %d is %s", i, e.Effect)
		}
	}
	for i, c := range f.Cases {
		if c.Adjusted.Cmp(big.NewRat(int64(worth[i])*10, 1)) != 0 {
			t.Errorf("worth of %d is %s", i, c.Adjusted)
		}
	}
	if f.Parts != 1 || f.Cases[0].Raw.Cmp(big.NewRat(60, 1)) != 0 {
		t.Errorf("parts %d, raw %s", f.Parts, f.Cases[0].Raw)
	}
	// Whatever the order, the same fractions.
	want := fractions(f)
	for range 20 {
		rand.Shuffle(len(scores), func(i, j int) { scores[i], scores[j] = scores[j], scores[i] })
		if got := fractions(review.Fit(scores)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
	// A third reviewer of no other case: two parts, and each adds up to nothing by itself.
	f = review.Fit([]Score{score(0, 0, 7), score(0, 1, 5), score(1, 2, 9)})
	if f.Parts != 2 || f.Cases[1].Part == f.Cases[0].Part || f.Effects[2].Effect.Sign() != 0 || f.Effects[0].Effect.Cmp(big.NewRat(10, 1)) != 0 {
		t.Errorf("disconnected: %+v", f)
	}
	if f = review.Fit(nil); f.Parts != 0 || len(f.Cases) != 0 {
		t.Errorf("nothing: %+v", f)
	}
}

func fractions(f Fitted) (out string) {
	for _, c := range f.Cases {
		out += c.Case.String() + c.Raw.RatString() + "|" + c.Adjusted.RatString() + "\n"
	}
	for _, e := range f.Effects {
		out += e.Expert.String() + e.Effect.RatString() + "\n"
	}
	return out
}

// TestRank: the line, places, ties.
func TestRank(t *testing.T) {
	scores := []Score{score(0, 0, 8), score(1, 0, 6), score(2, 0, 6), score(3, 0, 5)}
	filed := map[uuid.UUID]int64{id(0): 4, id(1): 3, id(2): 2, id(3): 1}
	r := *review
	list := r.Rank(r.Fit(scores), "raw", filed)
	var got []string
	for _, p := range list {
		got = append(got, fmt.Sprint(p.Case == id(0), p.Rank, p.Tied, p.Chosen))
	}
	want := []string{"true 1 false true", "false 2 true true", "false 3 true true", "false 4 false false"}
	if !slices.Equal(got, want) || list[1].Case != id(2) { // filed earlier
		t.Errorf("got %v", got)
	}
	r.Places = 2
	if list = r.Rank(r.Fit(scores), "raw", filed); list[2].Chosen || !list[1].Chosen {
		t.Error("two places")
	}
}

// TestSensitivity: each kind of swing once.
func TestSensitivity(t *testing.T) {
	r := *review
	r.Count, r.Line = "raw", 60
	// Case 0 has 60 by one who gives much, 1 has 59 with half a point less, 2 far above.
	scores := []Score{score(0, 0, 8), score(0, 1, 4), score(2, 0, 10), score(2, 1, 9), score(1, 1, 6), score(1, 2, 5)}
	got := map[string]bool{}
	for _, s := range r.Sensitivity(scores, nil) {
		n := int(s.Case[15])
		got[fmt.Sprintf("%d %s %v %v %v", n, s.Because, s.Expert == id(100), s.Chosen, s.Unheard)] = true
	}
	for _, want := range []string{"0 without true true false", "0 minus false true false"} {
		if !got[want] {
			t.Errorf("%q is not told: %v", want, got)
		}
	}
	if got["2 minus false true false"] {
		t.Error("a case far above the line swings")
	}
	one := r.Sensitivity([]Score{score(0, 0, 9)}, nil)
	if len(one) != 1 || !one[0].Unheard {
		t.Errorf("the only reviewer left out: %+v", one)
	}
}

func TestReached(t *testing.T) {
	lower := &Indicator{Direction: "lower", Change: "5", Method: EnergyPerPiece, Coverage: 90, Unit: "kW.h"}
	higher := &Indicator{Direction: "higher", Value: "85", Method: Declared}
	m := func(s string, coverage int) *Measured {
		v := value(s, coverage)
		return &v
	}
	for i, x := range []struct {
		of        *Indicator
		base, now *Measured
		want      string
	}{
		{lower, m("2", 1000), m("1.9", 900), yes}, // exactly five percent better
		{lower, m("2", 1000), m("1.9000000001", 900), no},
		{lower, m("2", 1000), m("1.0", 899), unknown}, // coverage
		{lower, nil, m("1.0", 1000), unknown},
		{lower, m("2", 1000), nil, unknown},
		{lower, m("2", 1000), &Measured{Coverage: 1000, Trouble: text.Both("stopped")}, unknown},
		{higher, nil, m("85", 0), yes},
		{higher, nil, m("84.999", 0), no},
	} {
		got, why := x.of.Reached(x.base, x.now)
		if got != x.want || why.Zh == "" || why.En == "" {
			t.Errorf("%d: %s (%+v), want %s", i, got, why, x.want)
		}
	}
	if got := lower.Gain(m("2", 1000), m("1.9", 1000)); got != "5.00" {
		t.Errorf("gain %s", got)
	}
}

func TestScale(t *testing.T) {
	for _, x := range []struct {
		due    []int64
		budget int64
		want   []int64
	}{
		{[]int64{1, 1, 1}, 2, []int64{1, 1, 0}},
		{[]int64{200, 500}, 350, []int64{100, 250}},
		{[]int64{3, 3}, 7, []int64{3, 3}},
		{[]int64{1 << 52, 1 << 52}, 1<<52 + 1, []int64{1<<51 + 1, 1 << 51}},
		{nil, 5, []int64{}},
	} {
		got := Scale(x.due, x.budget)
		if !slices.Equal(got, x.want) {
			t.Errorf("%v within %d: %v, want %v", x.due, x.budget, got, x.want)
		}
	}
}

// TestTexts: every problem has its words in both languages.
func TestTexts(t *testing.T) {
	words := proof.Must(problem.ReadCatalogue(texts, "texts"))
	if missing := words.Missing(problems()...); len(missing) > 0 {
		t.Errorf("no words for %v", missing)
	}
}
