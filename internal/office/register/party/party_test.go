package party

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/proof"
)

var tables = proof.Must(Load(os.DirFS("../../../../packs")))

func figures(employees, revenue, assets int64) Figures {
	money := func(tenThousands int64) *int64 {
		if tenThousands < 0 {
			return nil
		}
		fen := tenThousands * tenThousand
		return &fen
	}
	f := Figures{Revenue: money(revenue), Assets: money(assets)}
	if employees >= 0 {
		f.Employees = &employees
	}
	return f
}

// The examples of the rule, at and just under its bounds; -1 is not known.
func TestSizeClasses(t *testing.T) {
	const none = -1
	for _, c := range []struct {
		industry                   string
		employees, revenue, assets int64
		want                       SizeClass
		missing                    string
	}{
		{"3670", 1000, 40000, none, Large, ""},
		{"C36", 999, 40000, none, Medium, ""},
		{"36", 1000, 39999, none, Medium, ""},
		{"C", 300, 2000, none, Medium, ""},
		{"C", 5000, 1999, none, Small, ""},
		{"06", 20, 300, none, Small, ""},
		{"44", 19, 90000, none, Micro, ""},
		{"C", 500, 299, none, Micro, ""},
		{"C", 500, none, none, Unknown, "revenue"},
		{"C", none, none, none, Unknown, "employees revenue"},
		{"C", 19, none, none, Micro, ""}, // one indicator is enough
		{"A", none, 20000, none, Large, ""},
		{"01", none, 499, none, Small, ""},
		{"47", none, 80000, 80000, Large, ""},
		{"47", none, 80000, 4999, Small, ""},
		{"5171", 200, 40000, none, Large, ""},
		{"52", 10, 100, none, Small, ""},
		{"54", 1000, 30000, none, Large, ""},
		{"5910", 1000, 30000, none, Large, ""}, // loading and unloading goes with transport
		{"5920", 200, 30000, none, Large, ""},  // storage
		{"59", 200, 30000, none, Unknown, "industry"},
		{"G", 200, 30000, none, Unknown, "industry"},
		{"53", 200, 30000, none, NotClassed, ""},
		{"60", 300, 2000, none, Medium, ""},
		{"61", 300, 9999, none, Medium, ""},
		{"62", 9, 10000, none, Micro, ""},
		{"64", 2000, 100000, none, Large, ""},
		{"65", 300, 10000, none, Large, ""},
		{"65", 100, 999, none, Small, ""},
		{"7010", none, 200000, 10000, Large, ""},
		{"7010", none, 200000, 1999, Micro, ""},
		{"702", 1000, 4999, none, Medium, ""},
		{"703", 100, none, none, Medium, ""},
		{"704", 100, none, none, NotClassed, ""},
		{"72", 300, none, 120000, Large, ""},
		{"72", 300, none, 7999, Small, ""},
		{"73", 299, none, none, Medium, ""},
		{"85", 10, none, none, Small, ""},
		{"84", 10, none, none, NotClassed, ""},
		{"J66", 10, none, none, NotClassed, ""},
		{"99", 10, none, none, Unknown, "industry"},
	} {
		got := tables.Sizes.Classify(c.industry, figures(c.employees, c.revenue, c.assets))
		if got.Class != c.want || strings.Join(got.Missing, " ") != c.missing && c.want == Unknown {
			t.Errorf("%s %d %d %d: %s missing %v, want %s missing %q", c.industry, c.employees, c.revenue, c.assets, got.Class, got.Missing, c.want, c.missing)
		}
	}
}

// More never makes an enterprise smaller, and every class is that of its worst indicator.
func TestSizeGrowsWithEachFigure(t *testing.T) {
	for _, r := range tables.Sizes.Rows {
		code := r.Codes[0]
		steps := []int64{0, 1, 5, 9, 10, 19, 20, 99, 100, 299, 300, 499, 500, 999, 1000, 1999, 2000, 5000, 10000, 40000, 120000, 200000}
		for _, x := range steps {
			last := 3
			for _, y := range steps {
				got := slices.Index(classes, tables.Sizes.Classify(code, figures(x, y, y)).Class)
				if got < 0 || got > last {
					t.Fatalf("%s %d %d: %d after %d", code, x, y, got, last)
				}
				last = got
			}
		}
	}
}

func TestReasonsNameFigureAndBound(t *testing.T) {
	got := tables.Sizes.Classify("36", figures(350, 299, -1))
	want := "[{从业人员 350 人，达到 300 人：中型 employees 350, at least 300: medium} {营业收入 299 万元，不足 300 万元：微型 revenue 299 × 10,000 CNY, less than 300 × 10,000 CNY: micro}]"
	if fmt.Sprint(got.Reasons) != want || got.Row.ID != "industry" {
		t.Errorf("%v", got.Reasons)
	}
}

func TestIndustriesAreWhole(t *testing.T) {
	if len(tables.Industries.Sections) != 20 || len(tables.Industries.Divisions) != 97 {
		t.Errorf("%d sections, %d divisions", len(tables.Industries.Sections), len(tables.Industries.Divisions))
	}
	if name, ok := tables.Industries.Name("3670"); !ok || name.Zh != "汽车制造业" {
		t.Errorf("%v", name)
	}
	for code, want := range map[string]string{"c36": "36", "36": "36", "C3670": "3670", "3670": "3670", "T": "T", "C51": "", "98": "", "00": "", "U": "", "36701": ""} {
		if got, fault, _ := field.Formats["industry"](code); got != want || fault.IsZero() != (want != "") {
			t.Errorf("%s: %q %v, want %q", code, got, fault, want)
		}
	}
}
