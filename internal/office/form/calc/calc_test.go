package calc

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
)

var write = flag.Bool("write", false, "write the drawn part of the corpus anew")

// corpus is what the browser's evaluator is held against too (web/src/form/calc.test.ts).
type corpus struct {
	Fields field.Schema `json:"fields"`
	Cases  []example    `json:"cases"`
}

type example struct {
	Expression string          `json:"expression"`
	Tree       *Node           `json:"tree,omitempty"` // of the drawn part: the browser gets trees
	Content    json.RawMessage `json:"content"`
	Type       field.Type      `json:"type"`
	Places     int             `json:"places"`
	Rounding   Rounding        `json:"rounding"`
	Want       any             `json:"want"` // null: not known
}

func (x *example) result(fields field.Schema) (any, error) {
	node, kind, err := Parse(x.Expression, fields)
	if err != nil {
		return nil, err
	}
	if (kind == Money) != (x.Type == field.Money) {
		return nil, fmt.Errorf("gives %s for the type %s", kind, x.Type)
	}
	record, _ := fields.Read(x.Content)
	v, ok := node.Eval(fields, record)
	if !ok {
		return nil, nil
	}
	out, ok := Canonical(v, &field.Field{Key: "x", Type: x.Type, Places: x.Places}, x.Rounding)
	if !ok {
		return nil, nil
	}
	return out, nil
}

func load(t *testing.T, name string) (c corpus) {
	d := json.NewDecoder(strings.NewReader(string(proof.Must(os.ReadFile("testdata/" + name)))))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// same compares a result with what JSON has.
func same(got, want any) bool {
	if n, ok := want.(json.Number); ok {
		return fmt.Sprint(got) == n.String()
	}
	return reflect.DeepEqual(got, want)
}

func TestCorpus(t *testing.T) {
	for _, name := range []string{"corpus.json", "drawn.json"} {
		if name == "drawn.json" && *write {
			draw(t)
		}
		c := load(t, name)
		if len(c.Cases) < 60 {
			t.Fatalf("%s has %d cases", name, len(c.Cases))
		}
		for i := range c.Cases {
			x := &c.Cases[i]
			got, err := x.result(c.Fields)
			if err != nil || !same(got, x.Want) {
				t.Errorf("%s %d: %s of %s = %v (%v), want %v", name, i, x.Expression, x.Content, got, err, x.Want)
			}
			if tree, _, _ := Parse(x.Expression, c.Fields); x.Tree != nil && !reflect.DeepEqual(tree, x.Tree) {
				t.Errorf("%s %d: %s is read differently now; run the test with -args -write", name, i, x.Expression)
			}
		}
	}
}

// draw writes the corpus with trees, for the browser, and behind it expressions and contents that nobody has thought of.
func draw(t *testing.T) {
	c := load(t, "corpus.json")
	for i := range c.Cases {
		c.Cases[i].Tree, _, _ = Parse(c.Cases[i].Expression, c.Fields)
	}
	whole := len(c.Cases) + 300
	r := rand.New(rand.NewPCG(1, 2))
	var number, money func(depth int) string
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	number = func(depth int) string {
		if depth == 0 {
			return pick("a", "b", "d", "e", "2", "0.07", "1000.5", "sum(items.share)", "count(items)", "max(items.count)")
		}
		x, y := number(depth-1), number(depth-1)
		return pick("("+x+" + "+y+")", "("+x+" - "+y+")", x+" * "+y, x+" / ("+y+")", "-"+x, "min("+x+", "+y+")", "change("+money(depth-1)+", "+money(depth-1)+")", money(depth-1)+" / ("+money(depth-1)+")")
	}
	money = func(depth int) string {
		if depth == 0 {
			return pick("m", "n", "sum(items.amount)", "min(items.amount)")
		}
		x, y := money(depth-1), money(depth-1)
		return pick("("+x+" + "+y+")", "("+x+" - "+y+")", x+" * "+number(depth-1), x+" / ("+number(depth-1)+")", "max("+x+", "+y+")")
	}
	for len(c.Cases) < whole {
		content := map[string]any{}
		maybe := func(key string, v any) {
			if r.IntN(12) > 0 {
				content[key] = v
			}
		}
		maybe("a", r.IntN(2000)-1000)
		maybe("b", r.IntN(110))
		maybe("m", r.IntN(100_000_000_000)-1000)
		maybe("n", r.IntN(100_000_000))
		maybe("d", fmt.Sprintf("%d.%02d", r.IntN(1000)-500, r.IntN(100)))
		maybe("e", fmt.Sprintf("%d.%04d", r.IntN(10), r.IntN(10000)))
		var items []map[string]any
		for range r.IntN(4) {
			items = append(items, map[string]any{"amount": r.IntN(1_000_000), "share": fmt.Sprintf("0.%03d", r.IntN(1000)), "count": r.IntN(50)})
		}
		maybe("items", items)
		x := example{Content: proof.Must(json.Marshal(content)), Type: field.Decimal, Places: r.IntN(7), Rounding: Roundings[r.IntN(2)]}
		x.Expression = number(1 + r.IntN(3))
		if r.IntN(2) == 0 {
			x.Expression, x.Type, x.Places = money(1+r.IntN(3)), field.Money, 0
		}
		var err error
		if x.Tree, _, err = Parse(x.Expression, c.Fields); err != nil {
			continue // longer than a pack may have
		}
		if x.Want, err = x.result(c.Fields); err != nil {
			t.Fatal(err)
		}
		c.Cases = append(c.Cases, x)
	}
	if err := os.WriteFile("testdata/drawn.json", append(proof.Must(json.Marshal(c)), '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPacksAreToldWhatIsWrong(t *testing.T) {
	fields := load(t, "corpus.json").Fields
	for expression, want := range map[string]string{
		"":                              "ends where a value is wanted",
		"a +":                           "ends where a value is wanted",
		"a b":                           "left over",
		"(a":                            "not closed",
		"a + m":                         "cannot be added",
		"m * n":                         "money cannot be multiplied",
		"a / m":                         "divided by money",
		"a + x":                         `no field "x"`,
		"items.amount":                  "take it over them",
		"sum(a)":                        "over a list",
		"sum(items.name)":               "of the type text",
		"sum(items.nothing)":            "no field",
		"count(a)":                      "not a list",
		"change(a)":                     "of 1 values",
		"change(a, b, a)":               "of 3 values",
		"min(a, m)":                     "compares number with money",
		"avg(a, b)":                     "no function",
		"1.2.3":                         "not a number",
		"a ^ b":                         "left over",
		strings.Repeat("(", 30):         "nested more than",
		strings.Repeat("-", 30) + "a":   "nested more than",
		strings.Repeat("a+", 240) + "a": "more than 200 parts",
		strings.Repeat("a", 600):        "at most 500",
	} {
		if _, _, err := Parse(expression, fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expression, err, want)
		}
	}
	n, _, err := Parse("sum(items.amount) - m * 0.3 + min(m, n)", fields)
	if got := n.Uses(); err != nil || !slices.Equal(got, []string{"items", "m", "n"}) {
		t.Errorf("uses %v, %v", got, err)
	}
}

// A result is that of exact arithmetic with rationals, however it is rounded.
func FuzzParse(f *testing.F) {
	var c corpus
	if err := json.Unmarshal(proof.Must(os.ReadFile("testdata/corpus.json")), &c); err != nil {
		f.Fatal(err)
	}
	for _, x := range c.Cases {
		f.Add(x.Expression, []byte(x.Content))
	}
	f.Fuzz(func(t *testing.T, expression string, content []byte) {
		n, _, err := Parse(expression, c.Fields)
		if err != nil {
			return
		}
		record, _ := c.Fields.Read(content)
		v, ok := n.Eval(c.Fields, record)
		if !ok {
			return
		}
		x := &field.Field{Key: "x", Type: field.Decimal, Places: 9}
		out, ok := Canonical(v, x, HalfUp)
		if !ok {
			return
		}
		back, _ := new(big.Rat).SetString(out.(string))
		if back.Sub(back, v).Abs(back).Cmp(big.NewRat(1, 2_000_000_000)) > 0 {
			t.Errorf("%s: %v was rounded to %v", expression, v, out)
		}
	})
}
