package flow

import (
	"os"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
)

func TestAFlowThatIsWrongIsToldWithItsLineAndMend(t *testing.T) {
	if _, err := Decode("leave.yaml", []byte(leave)); err != nil {
		t.Fatal(err)
	}
	replace := func(pairs ...string) string {
		s := strings.NewReplacer(pairs...).Replace(leave)
		if s == leave {
			t.Fatalf("%q is not in the pack", pairs[0])
		}
		return s
	}
	const grant = "  - {id: grant, name: {zh: 准假, en: Grant}, from: [asked], to: granted, roles: [chief]}\n"
	for name, x := range map[string]struct{ yaml, want string }{
		"no end":                      {replace(", final: true}", "}"), "leave.yaml:14:3: states: the flow has no end; mark a state final: true"},
		"a dead end":                  {replace(grant, grant+"  - {id: park, name: {zh: 搁, en: P}, from: [asked], to: parked, roles: [chief]}\n", "  - {id: granted", "  - {id: parked, name: {zh: 搁, en: Parked}}\n  - {id: granted"), `"parked" is a dead end; add a transition from it or mark it final: true`},
		"no way to an end":            {replace(grant, grant+"  - {id: a, name: {zh: 甲, en: A}, from: [asked], to: x, roles: [chief]}\n  - {id: b, name: {zh: 乙, en: B}, from: [x], to: x, roles: [chief]}\n", "  - {id: granted", "  - {id: x, name: {zh: 搁, en: X}}\n  - {id: granted"), `from "x" no way leads to an end`},
		"unreachable":                 {replace("  - {id: granted", "  - {id: lost, name: {zh: 失, en: Lost}, final: true}\n  - {id: granted"), `leave.yaml:15:5: states[1]: no way leads to "lost"`},
		"a guard on an unknown field": {replace("roles: [chief]}\n", "roles: [chief], when: [{field: day, atMost: 3}]}\n"), `transitions[0].when[0]: there is no field "day"; there are days`},
		"a guard of another type":     {replace("roles: [chief]}\n", "roles: [chief], when: [{field: days, is: soon}]}\n"), `when[0]: "soon"`},
		"a guard out of bounds":       {replace("roles: [chief]}\n", "roles: [chief], when: [{field: days, atLeast: 40}]}\n"), `"40" should be at most 30`},
		"a guard that asks nothing":   {replace("roles: [chief]}\n", "roles: [chief], when: [{field: days}]}\n"), "asks nothing; use known"},
		"a guard that never holds":    {replace("roles: [chief]}\n", "roles: [chief], when: [{field: days, atLeast: 5}, {field: days, atMost: 4}]}\n"), `no value of "days" fulfils this`},
		"ambiguous":                   {replace(grant, grant+"  - {id: two, action: grant, name: {zh: 准假, en: Grant}, from: [asked], to: granted, roles: [chief], when: [{field: days, atMost: 4}]}\n"), `"grant" and "two" have the action "grant" in one state, and a case may fulfil the conditions of both; make the conditions exclude each other`},
		"a deadline on an end":        {replace("in: [asked]", "in: [asked, granted]"), `deadlines[0].in: "granted" is final; nothing is due after the end`},
		"a deadline from nothing":     {replace("days: 2", "from: never, days: 2"), `there is no transition "never"; use entered, start or one of grant`},
		"a deadline from elsewhere":   {replace("days: 2", "from: grant, days: 2"), `"grant" leads to "granted", where the deadline does not run`},
		"a deadline in weeks":         {replace("unit: working", "unit: week"), `"week": use one of [working calendar month]`},
		"a deadline of no days":       {replace("days: 2", "days: 0"), "want 1 to 3660"},
		"reminders out of order":      {replace("unit: working}", "unit: working, reminders: [0, 1]}"), "the earliest first"},
		"passes by an unknown way":    {replace("unit: working}", "unit: working, passes: {transition: lapse}}"), `there is no transition "lapse"`},
		"a deadline gives no fields":  {replace("unit: working}", "unit: working, passes: {transition: grant}}", "roles: [chief]}\n", "roles: [chief], may: [days], fields: [days]}\n"), "a deadline gives none"},
		"escalates to nobody":         {replace("unit: working}", "unit: working, passes: {escalate: king}}"), `there is no role "king"; there are worker, chief`},
		"a role that is not there":    {replace("roles: [chief]}\n", "roles: [king]}\n"), `transitions[0].roles[0]: there is no role "king"`},
		"nobody may":                  {replace("roles: [chief]}\n", "roles: []}\n"), "nobody may do it, and no deadline does it"},
		"on from an end":              {replace("from: [asked]", "from: [asked, granted]"), `"granted" is final; nothing leads on from an end`},
		"awaits who can do nothing":   {replace("awaits: [chief]", "awaits: [worker]"), `"worker" can do nothing in the state "asked"`},
		"apart of one":                {leave + "apart: [{steps: [grant], why: {zh: 因, en: why}}]\n", "needs two steps or more"},
		"apart of what is not there":  {leave + "apart: [{steps: [grant, start, gone], why: {zh: 因, en: why}}]\n", `there is no transition "gone"`},
		"an unknown word":             {leave + "colour: red\n", `unknown field "colour"`},
		"required":                    {replace("type: integer", "type: integer, required: true"), "name the field with the transition that needs it"},
		"a restricted title":          {replace("title: []", "title: [days]", "type: integer", "type: integer, class: restricted"), "is restricted; whoever sees a case"},
		"a title for strangers":       {replace("title: []", "title: [days]", "  - {id: chief,", "  - {id: all, name: {zh: 众, en: All}, of: anyone}\n  - {id: chief,"), "anyone who objects sees the title"},
		"two ways at one instant": {replace("unit: working}", "unit: working, passes: {transition: a}}\n  - {id: two, name: {zh: 乙, en: B}, role: chief, in: [asked], days: 2, unit: working, passes: {transition: b}}",
			grant, grant+"  - {id: a, name: {zh: 甲, en: A}, from: [asked], to: granted}\n  - {id: b, name: {zh: 乙, en: B}, from: [asked], to: granted}\n"), `"answer" and "two" pass at one instant and lead two ways`},
		"round and round": {replace("days: 2", "field: day, days: 2", "unit: working}", "unit: calendar, passes: {transition: a}}", grant, grant+"  - {id: a, name: {zh: 甲, en: A}, from: [asked], to: asked}\n",
			"roles:\n", "  - {key: day, name: {zh: 日, en: Day}, type: date}\nroles:\n"), "leads back to a state from which the deadline"},
	} {
		_, err := Decode("leave.yaml", []byte(x.yaml))
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v\nwant %s", name, err, x.want)
		}
	}
}

func TestTheFlowOfTheManualHolds(t *testing.T) {
	page := string(proof.Must(os.ReadFile("../../../docs/flows.md")))
	_, block, _ := strings.Cut(page, "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	if f, err := Decode("leave.yaml", []byte(block)); err != nil || len(f.Transitions) != 2 {
		t.Error(err)
	}
}

// Conditions against values, and what two lists of conditions have in common, found by trying all values.
func TestConditions(t *testing.T) {
	f := &Flow{Fields: field.Schema{
		{Key: "n", Type: field.Integer, Min: "-3", Max: "9"}, {Key: "b", Type: field.Boolean}, {Key: "d", Type: field.Decimal, Places: 1},
		{Key: "c", Type: field.Choice, Options: []field.Option{{ID: "x"}, {ID: "y"}, {ID: "z"}}}, {Key: "t", Type: field.Text}, {Key: "on", Type: field.Date},
		{Key: "l", Type: field.List, Fields: []field.Field{{Key: "k", Type: field.Text}}},
	}}
	yes, no := true, false
	values := map[string][]any{"n": {nil, int64(-3), int64(0), int64(4), int64(5), int64(9)}, "b": {nil, true, false}, "d": {nil, "0.5", "1.0", "1.5"}, "c": {nil, "x", "y", "z"},
		"t": {nil, "x", "y", "another"}, "on": {nil, "2026-05-01", "2026-05-02", "2026-05-03"}, "l": {nil, []field.Record{{"k": "v"}}}}
	conditions := []Condition{
		{Field: "n", AtLeast: "5"}, {Field: "n", AtMost: "4"}, {Field: "n", Is: "4"}, {Field: "n", Not: "4"}, {Field: "n", In: []field.Number{"0", "9"}}, {Field: "n", AtLeast: "4", AtMost: "4"}, {Field: "n", Known: &no}, {Field: "n", Known: &yes},
		{Field: "b", Is: "true"}, {Field: "b", Not: "true"}, {Field: "b", Known: &no}, {Field: "d", AtLeast: "1"}, {Field: "d", Is: "1.0"}, {Field: "d", AtMost: "0.9"},
		{Field: "c", In: []field.Number{"x", "y"}}, {Field: "c", Not: "x"}, {Field: "c", Is: "z"}, {Field: "t", Is: "x"}, {Field: "t", Not: "x"}, {Field: "on", AtLeast: "2026-05-02"}, {Field: "on", AtMost: "2026-05-01"}, {Field: "l", Known: &yes}, {Field: "l", Known: &no},
	}
	// What a condition says, once more and plainly.
	says := func(c Condition, v any) bool {
		if c.Known != nil {
			return *c.Known == (v != nil)
		}
		if v == nil {
			return false
		}
		x := f.Fields.Field(c.Field)
		is := func(n field.Number) bool { return proof.Must(literal(x, n)) == v }
		number := func(n field.Number) int64 { out, _ := x.Number(proof.Must(literal(x, n))); return out }
		own, _ := x.Number(v)
		return (c.Is == "" || is(c.Is)) && (c.Not == "" || !is(c.Not)) && (c.In == nil || slices.ContainsFunc(c.In, is)) && (c.AtLeast == "" || own >= number(c.AtLeast)) && (c.AtMost == "" || own <= number(c.AtMost))
	}
	held := 0
	for _, a := range conditions {
		for _, v := range values[a.Field] {
			r := field.Record{}
			if v != nil {
				r[a.Field] = v
			}
			if got := len(f.unmet([]Condition{a}, r)) == 0; got != says(a, v) {
				t.Errorf("%+v of %v: %v", a, v, got)
			}
		}
		if w := f.words(&a); w.Zh == "" || w.En == "" {
			t.Errorf("%+v has no words", a)
		}
		for _, b := range conditions {
			_, never := f.never([]Condition{a, b})
			both := a.Field != b.Field
			for _, v := range values[a.Field] {
				both = both || says(a, v) && says(b, v)
			}
			if both == never {
				t.Errorf("%+v and %+v: never %v", a, b, never)
			}
			if both {
				held++
			}
		}
	}
	if held < 100 {
		t.Errorf("only %d pairs hold together", held)
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"project-application", "approval"} {
		f.Add(proof.Must(os.ReadFile("../../../packs/flows/" + name + ".yaml")))
	}
	f.Add([]byte(leave))
	f.Add([]byte("id: leave\nstates: [{id: a, final: true}, {id: b}]\ntransitions: [{from: [b], to: c, when: [{field: .}]}]\nroles: [{}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := Decode("leave.yaml", data)
		if err != nil {
			return
		}
		c := Case{Record: field.Record{}}
		x.take(calendar, &c, &x.Start, 0)
		for range 20 { // whatever is taken for a flow can be walked
			r, ok := x.next(calendar, &c)
			if !ok {
				break
			}
			if r.transition != nil {
				x.lead(calendar, &c, r, r.at)
			} else {
				x.pass(calendar, &c, r, r.at)
			}
			x.tasks(&c)
		}
	})
}
