package incentive_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
	"jingwei/packs"
)

// TestEveryNumberIsGuarded changes each rate, cap, fixed amount, option, grade, term and rule of the calculable measures by the
// least there is and demands that a golden case notices: a table that lets a changed clause pass is no table.
func TestEveryNumberIsGuarded(t *testing.T) {
	s, changes := ship(t), 0
	for _, id := range calculable {
		file := "policy/" + id + ".yaml"
		data, err := fs.ReadFile(packs.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(data), "\ntests:\n")
		tests := string(data)[len(head):]
		for what, changed := range mutants(t, s.Get(id), head) {
			m, err := incentive.Decode(file, []byte(changed+tests))
			if err != nil {
				t.Errorf("%s: %s: %v", id, what, err)
				continue
			}
			list := []*incentive.Measure{m}
			for _, o := range []string{"inc-hn-07", "inc-hn-08", "inc-gz-01", "inc-gz-05", "inc-gz-06"} { // those beside which cases stand
				if o != id {
					list = append(list, s.Get(o))
				}
			}
			set, err := incentive.NewSet(list, nil, incentive.Options{})
			if err != nil {
				t.Errorf("%s: %s: %v", id, what, err)
				continue
			}
			if changes++; len(set.RunTests(id)) == 0 {
				t.Errorf("%s: %s: no case notices", id, what)
			}
		}
	}
	t.Logf("%d changes", changes)
	if changes < 150 {
		t.Errorf("only %d changes were tried", changes)
	}
}

// mutants are changed texts of a pack by what was changed.
func mutants(t *testing.T, m *incentive.Measure, head string) map[string]string {
	out := map[string]string{}
	swap := func(what, old, new string) {
		if !strings.Contains(head, old) {
			t.Fatalf("%s: %s: %q is not in the pack", m.ID, what, old)
		}
		out[what] = strings.Replace(head, old, new, 1)
	}
	fen := func(text string, by decimal.Fen) string {
		f, err := decimal.ParseFen(text)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d分", f+by)
	}
	a := m.Amount
	if a.Rate != "" {
		less := map[string]string{"0.1": "0.099999999", "0.2": "0.199999999", "0.3": "0.299999999", "1": "0.999999999"}[a.Rate]
		swap("rate a little lower", "rate: '"+a.Rate+"'", "rate: '"+less+"'")
		if a.Rate != "1" {
			swap("rate a little higher", "rate: '"+a.Rate+"'", "rate: '"+a.Rate+"00000001'")
		}
	}
	if a.Cap != nil {
		swap("cap a fen lower", "amount: "+a.Cap.Amount, "amount: "+fen(a.Cap.Amount, -1))
		swap("cap a fen higher", "amount: "+a.Cap.Amount, "amount: "+fen(a.Cap.Amount, 1))
	}
	if a.Fixed != "" {
		swap("fixed a fen lower", "fixed: "+a.Fixed, "fixed: "+fen(a.Fixed, -1))
	}
	if a.Rate != "" && a.Rate != "1" {
		swap("rounded up", "  clause: main\n  rate", "  clause: main\n  rounding: {mode: up}\n  rate")
	}
	if a.Base != nil && a.Base.First > 0 {
		swap("two contracts", "first: 3", "first: 2")
		swap("four contracts", "first: 3", "first: 4")
	}
	if m.Valid.Years > 0 {
		swap("a year less", "years: 3", "years: 2")
		swap("a year more", "years: 3", "years: 4")
	}
	for _, st := range m.Stacking {
		swap("another group", "group: "+st.Group, "group: other.group")
	}
	if m.Frequency != nil {
		if m.Frequency.Scope == "object" {
			swap("once for the enterprise", "scope: object, clause: highest", "scope: enterprise, clause: highest")
		} else {
			swap("once for the object", "scope: enterprise, clause", "scope: object, clause")
		}
	}
	for i, c := range m.Conditions {
		if c.Prefer {
			continue
		}
		at := strings.Index(head, "\n  - id: "+c.ID+"\n    text: ")
		block := head[at:]
		end := strings.Index(block[3:], "\n  - id: ") + 3
		if end < 3 {
			end = strings.Index(block, "\namount:")
		}
		block = block[:end]
		test := block[strings.LastIndex(block, "    fact: "):]
		out[fmt.Sprintf("condition %d turned round", i)] = strings.Replace(head, test, "    not:\n"+strings.ReplaceAll(strings.Replace(test, "    fact", "      fact", 1), "\n    ", "\n      "), 1)
		if len(c.In) > 1 {
			for _, w := range c.In {
				out["without option "+w] = strings.Replace(head, "in: ["+strings.Join(c.In, ", ")+"]", "in: ["+strings.Join(without(c.In, w), ", ")+"]", 1)
			}
		}
		if len(c.HasAny) > 1 {
			for _, w := range c.HasAny {
				out["without option "+w] = strings.Replace(head, "hasAny: ["+strings.Join(c.HasAny, ", ")+"]", "hasAny: ["+strings.Join(without(c.HasAny, w), ", ")+"]", 1)
			}
		}
		if len(c.HasAll) > 0 {
			out["any for all"] = strings.Replace(head, "hasAll", "hasAny", 1)
		}
	}
	for _, f := range m.Facts {
		if f.Grade == "E0" || f.Key == "enterprise.chain_role" {
			continue
		}
		at := strings.Index(head, "  - key: "+f.Key+"\n")
		out["lower grade of "+f.Key] = head[:at] + strings.Replace(head[at:], "grade: "+f.Grade, "grade: "+map[string]string{"E1": "E0", "E2": "E1"}[f.Grade], 1)
	}
	return out
}

func without(list []string, w string) []string {
	var out []string
	for _, x := range list {
		if x != w {
			out = append(out, x)
		}
	}
	return out
}
