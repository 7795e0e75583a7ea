package table_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/govern/incentive/table"
)

func compile(t *testing.T, s string) (*table.Compiled, []string) {
	t.Helper()
	var in table.Table
	if err := yaml.UnmarshalWithOptions([]byte(s), &in, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var faults []string
	return in.Compile(func(where, what string) { faults = append(faults, where+": "+what) }), faults
}

// The decision tables of the DMN TCK that testdata/SOURCE.md names.
func TestDMNTechnologyCompatibilityKit(t *testing.T) {
	data, err := os.ReadFile("testdata/tck.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var folders []struct {
		Folder string
		Table  table.Table
		Cases  []struct {
			ID   string
			In   []string
			Rows [][]string
		}
	}
	if err := yaml.UnmarshalWithOptions(data, &folders, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, f := range folders {
		c := f.Table.Compile(func(where, what string) { t.Errorf("%s%s: %s", f.Folder, where, what) })
		if c == nil {
			continue
		}
		for _, x := range f.Cases {
			cases++
			d, err := c.Decide(values(t, x.In))
			if err != nil {
				t.Errorf("%s/%s: %v", f.Folder, x.ID, err)
			}
			if got, want := rows(d.Rows), strings.Join(flat(x.Rows), "; "); got != want {
				t.Errorf("%s/%s: got %s, want %s", f.Folder, x.ID, got, want)
			}
		}
	}
	if len(folders) != 17 || cases != 51 {
		t.Errorf("%d folders with %d cases; SOURCE.md says 17 with 51", len(folders), cases)
	}
}

func flat(rows [][]string) []string {
	var out []string
	for _, r := range rows {
		out = append(out, strings.Join(r, ","))
	}
	return out
}

func rows(rs [][]table.Value) string {
	var out [][]string
	for _, r := range rs {
		var s []string
		for _, v := range r {
			s = append(s, v.String())
		}
		out = append(out, s)
	}
	return strings.Join(flat(out), "; ")
}

func values(t *testing.T, in []string) []table.Value {
	t.Helper()
	var out []table.Value
	for _, s := range in {
		if s == "?" {
			out = append(out, table.Value{Kind: table.Unknown})
			continue
		}
		v, err := table.ParseValue(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

const rates = `
hit: FIRST
inputs: [{name: investment, type: number}, {name: place, type: string}]
outputs: [{name: rate, type: number}]
rules:
  - {when: ['<= 100', '-'], then: ['0.3']}
  - {when: ['(100..500]', 'not("delta")'], then: ['0.5']}
  - {when: ['> 100', '-'], then: ['0.1']}
`

func TestUnknownInputsLeaveTheAnswerOpen(t *testing.T) {
	c, faults := compile(t, rates)
	if c == nil {
		t.Fatal(faults)
	}
	for _, x := range []struct {
		in      []string
		want    string
		unknown []int
	}{
		{[]string{"100", "?"}, "0.3", nil},       // the place does not matter there
		{[]string{"100.01", "?"}, "", []int{1}},  // here it does
		{[]string{"500.01", "?"}, "0.1", nil},    //
		{[]string{"?", `"delta"`}, "", []int{0}}, //
		{[]string{"500", `"west"`}, "0.5", nil},
		{[]string{"500", `"delta"`}, "0.1", nil},
		{[]string{"null", `"west"`}, "", nil}, // null passes no test, and there is no default
		{[]string{"?", "?"}, "", []int{0}},    // the first rule that is open tests the investment only
	} {
		d, err := c.Decide(values(t, x.in))
		if err != nil || rows(d.Rows) != x.want || !slices.Equal(d.Unknown, x.unknown) {
			t.Errorf("%v: got %q, unknown %v, %v; want %q, %v", x.in, rows(d.Rows), d.Unknown, err, x.want, x.unknown)
		}
	}
}

func TestBadTablesAreRefused(t *testing.T) {
	unique := strings.Replace(rates, "FIRST", "UNIQUE", 1)
	for name, x := range map[string][2]string{
		"overlap":        {unique, ".rules[2]: overlaps rule 2"},
		"overlap at end": {strings.NewReplacer("FIRST", "UNIQUE", "(100..500]", "[100..500]", "> 100'", "> 500'").Replace(rates), ".rules[1]: overlaps rule 1"},
		"hit":            {strings.Replace(rates, "FIRST", "BEST", 1), `.hit: "BEST" is no hit policy`},
		"aggregate":      {rates + "aggregate: SUM\n", ".aggregate: \"SUM\" does not go with FIRST"},
		"type":           {strings.Replace(rates, "<= 100", `"a"`, 1), ".rules[0].when[0]: \"\\\"a\\\"\" is not of the column's type"},
		"empty range":    {strings.Replace(rates, "(100..500]", "(500..100]", 1), ".rules[1].when[0]: \"(500..100]\" holds no value"},
		"cells":          {strings.Replace(rates, "['<= 100', '-']", "['<= 100']", 1), ".rules[0]: has 1 tests"},
		"quote":          {strings.Replace(rates, `not("delta")`, `"delta`, 1), "quote that does not end"},
		"output":         {strings.Replace(rates, "['0.3']", "['\"much\"']", 1), ".rules[0].then[0]: \"much\" is not of the column's type"},
		"priority":       {strings.Replace(rates, "FIRST", "PRIORITY", 1), ".outputs: PRIORITY needs the values of an output"},
		"no rules":       {rates[:strings.Index(rates, "rules:")], "needs inputs, outputs and rules"},
		"name twice":     {strings.Replace(rates, "name: place", "name: investment", 1), `"investment" is used twice`},
		"column type":    {strings.Replace(rates, "type: string", "type: money", 1), `"money" is no type`},
		"range of text":  {strings.Replace(rates, `not("delta")`, `["a".."b"]`, 1), "has no order"},
		"output values":  {strings.Replace(rates, "{name: rate, type: number}", "{name: rate, type: number, values: '0.1, 0.3'}", 1), "0.5 is not among the output's values"},
	} {
		if c, faults := compile(t, x[0]); c != nil || !strings.Contains(strings.Join(faults, "\n"), x[1]) {
			t.Errorf("%s: got %v, want %s", name, faults, x[1])
		}
	}
	apart := strings.NewReplacer("FIRST", "UNIQUE", "'> 100', '-'", "'> 500', '-'").Replace(rates)
	if c, faults := compile(t, apart); c == nil {
		t.Errorf("rules that share no value are refused: %v", faults)
	}
}

func TestCollect(t *testing.T) {
	const s = `
hit: COLLECT
aggregate: MAX
inputs: [{name: day, type: date}]
outputs: [{name: points, type: number, default: '-1'}]
rules:
  - {when: ['>= date("2020-01-01")'], then: ['1.05']}
  - {when: ['[date("2020-01-01")..date("2020-12-31")]'], then: ['1.5']}
`
	c, faults := compile(t, s)
	if c == nil {
		t.Fatal(faults)
	}
	for in, want := range map[string]string{`date("2020-12-31")`: "1.5", `date("2021-01-01")`: "1.05", `date("2019-12-31")`: "-1"} {
		if d, err := c.Decide(values(t, []string{in})); err != nil || rows(d.Rows) != want {
			t.Errorf("%s: got %s, %v; want %s", in, rows(d.Rows), err, want)
		}
	}
	if _, err := c.Decide([]table.Value{table.OfNumber(decimal.Int(1))}); err == nil || !strings.Contains(err.Error(), "another type") {
		t.Errorf("a number for a date: %v", err)
	}
	if _, err := c.Decide(nil); err == nil {
		t.Error("no inputs were taken")
	}
}

func TestAnyThatDiffersIsAnError(t *testing.T) {
	c, faults := compile(t, strings.Replace(rates, "FIRST", "ANY", 1))
	if c == nil {
		t.Fatal(faults)
	}
	if d, err := c.Decide(values(t, []string{"200", `"west"`})); err == nil || !strings.Contains(err.Error(), "rules 2 and 3") {
		t.Errorf("got %s, %v", rows(d.Rows), err)
	}
}

// Whatever cells say, compiling and deciding ends without a panic, and a UNIQUE table that was accepted never has two
// rules for one input.
func FuzzCells(f *testing.F) {
	f.Add("<= 100", "(100..500]", "3")
	f.Add(`not(1,2)`, "not([2..4))", "5")
	f.Add(`date("2020-01-31")`, "]1..2[", `date("2020-02-01")`)
	f.Add("-", "not(0.000000000000000001)", "9223372036854775807")
	f.Fuzz(func(t *testing.T, a, b, in string) {
		v, err := table.ParseValue(in)
		if err != nil {
			return
		}
		for _, kind := range []string{"number", "date", "string", "boolean"} {
			tb := table.Table{
				Inputs: []table.Column{{Name: "x", Type: kind}}, Outputs: []table.Column{{Name: "y", Type: "number"}},
				Rules: []table.Rule{{When: []string{a}, Then: []string{"1"}}, {When: []string{b}, Then: []string{"2"}}},
			}
			if c := tb.Compile(func(string, string) {}); c != nil {
				if d, err := c.Decide([]table.Value{v}); err == nil && len(d.Rules) > 1 {
					t.Errorf("%s and %s both hold for %s", a, b, in)
				}
			}
		}
	})
}
