package party

import (
	"fmt"
	"strings"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// SizeClass of an enterprise.
type SizeClass string

// The classes. Unknown: figures are missing, or the industry is not told finely enough. NotClassed: the rule has no row for the industry.
const (
	Large      SizeClass = "large"
	Medium     SizeClass = "medium"
	Small      SizeClass = "small"
	Micro      SizeClass = "micro"
	Unknown    SizeClass = "unknown"
	NotClassed SizeClass = "not-classed"
)

// classes from the largest; the place of a class is how many bounds a figure misses.
var classes = []SizeClass{Large, Medium, Small, Micro}

var classNames = map[SizeClass]text.Text{Large: {Zh: "大型", En: "large"}, Medium: {Zh: "中型", En: "medium"}, Small: {Zh: "小型", En: "small"}, Micro: {Zh: "微型", En: "micro"},
	Unknown: {Zh: "未知", En: "unknown"}, NotClassed: {Zh: "不划分", En: "not classed"}}

// Name of the class.
func (c SizeClass) Name() text.Text { return classNames[c] }

// Sizes is the table of the rule.
type Sizes struct {
	pack.Header `yaml:",inline"`

	Rows []SizeRow `yaml:"rows"`
}

// SizeRow holds the lower bounds of large, medium and small of an activity, for the indicators that count in it.
type SizeRow struct {
	ID        string    `yaml:"id"`
	Name      text.Text `yaml:"name"`
	Codes     []string  `yaml:"codes"`
	Employees []int64   `yaml:"employees,omitempty"`
	Revenue   []int64   `yaml:"revenue,omitempty"` // 10,000 CNY
	Assets    []int64   `yaml:"assets,omitempty"`  // 10,000 CNY
}

// tenThousand CNY in fen.
const tenThousand = 10_000 * 100

// Check reports what is wrong with the table.
func (t *Sizes) Check(report func(where, what string)) {
	seen := map[string]bool{}
	for i, r := range t.Rows {
		at := fmt.Sprintf("$.rows[%d]", i)
		if r.ID == "" || r.Name.Zh == "" || r.Name.En == "" || len(r.Codes) == 0 {
			report(at, "needs id, name and codes")
		}
		for _, code := range r.Codes {
			if _, fault, _ := field.Formats["industry"](code); !fault.IsZero() || seen[code] {
				report(at+".codes", fmt.Sprintf("%q is no code, or is there twice", code))
			}
			seen[code] = true
		}
		if r.Employees == nil && r.Revenue == nil && r.Assets == nil {
			report(at, "names no indicator")
		}
		for name, bounds := range map[string][]int64{"employees": r.Employees, "revenue": r.Revenue, "assets": r.Assets} {
			if bounds != nil && (len(bounds) != 3 || bounds[0] <= bounds[1] || bounds[1] <= bounds[2] || bounds[2] <= 0) {
				report(at+"."+name, "want three bounds, of large, medium and small, each smaller than the one before")
			}
		}
	}
}

// Figures of an enterprise; nil is not known. Money is in fen.
type Figures struct {
	Employees *int64
	Revenue   *int64
	Assets    *int64
}

// Size is a class with its reasons.
type Size struct {
	Class   SizeClass
	Row     *SizeRow    // nil where the industry has none
	Missing []string    // employees, revenue, assets, industry
	Reasons []text.Text // indicator by indicator
}

// row finds the row of a code: that of its group, else of its division, else of its section. fine is false for a code that several rows
// share, such as division 59.
func (t *Sizes) row(code string) (row *SizeRow, fine bool) {
	candidates := []string{}
	for n := len(code); n >= 2; n-- {
		candidates = append(candidates, code[:n])
	}
	if len(code) >= 2 {
		candidates = append(candidates, field.Section(code[:2]))
	} else {
		candidates = append(candidates, code)
	}
	for _, c := range candidates {
		for i := range t.Rows {
			for _, have := range t.Rows[i].Codes {
				if have == c {
					return &t.Rows[i], true
				}
			}
		}
	}
	for i := range t.Rows { // rows of parts of it
		for _, have := range t.Rows[i].Codes {
			if len(have) > len(code) && strings.HasPrefix(have, code) || len(code) == 1 && len(have) >= 2 && field.Section(have[:2]) == code {
				return nil, false
			}
		}
	}
	return nil, true
}

// Classify works a size class out: the lowest that any indicator of the activity gives. One indicator below the bound of small makes an
// enterprise micro, whatever is missing; otherwise all must be known.
func (t *Sizes) Classify(industry string, f Figures) Size {
	code, fault, _ := field.Formats["industry"](industry)
	if !fault.IsZero() {
		return Size{Class: Unknown, Missing: []string{"industry"}}
	}
	row, fine := t.row(code)
	switch {
	case !fine:
		return Size{Class: Unknown, Missing: []string{"industry"}, Reasons: []text.Text{{Zh: "行业 " + code + " 在划分标准中分属几行，请填到中类", En: "industry " + code + " is in several rows of the rule; give its group"}}}
	case row == nil:
		return Size{Class: NotClassed, Reasons: []text.Text{{Zh: "划分标准不含行业 " + code, En: "the rule has no row for industry " + code}}}
	}
	out := Size{Row: row}
	worst := 0
	for _, x := range []struct {
		key    string
		name   text.Text
		bounds []int64
		value  *int64
		unit   int64
	}{
		{"employees", text.Text{Zh: "从业人员", En: "employees"}, row.Employees, f.Employees, 1},
		{"revenue", text.Text{Zh: "营业收入", En: "revenue"}, row.Revenue, f.Revenue, tenThousand},
		{"assets", text.Text{Zh: "资产总额", En: "total assets"}, row.Assets, f.Assets, tenThousand},
	} {
		if x.bounds == nil {
			continue
		}
		if x.value == nil {
			out.Missing = append(out.Missing, x.key)
			continue
		}
		missed := 0
		for _, bound := range x.bounds {
			if *x.value < bound*x.unit {
				missed++
			}
		}
		worst = max(worst, missed)
		out.Reasons = append(out.Reasons, reason(x.name, *x.value, x.bounds, x.unit, missed))
	}
	if out.Class = classes[worst]; len(out.Missing) > 0 && out.Class != Micro {
		out.Class = Unknown
	}
	return out
}

// reason words what an indicator gives.
func reason(name text.Text, value int64, bounds []int64, unit int64, missed int) text.Text {
	shown, zhUnit, enUnit := fmt.Sprint(value), "人", ""
	if unit != 1 {
		shown, zhUnit, enUnit = strings.TrimRight(strings.TrimRight(field.FormatUnits(value, 6), "0"), "."), "万元", " × 10,000 CNY"
	}
	class, bound, zhWord, enWord := classes[missed].Name(), bounds[min(missed, len(bounds)-1)], "达到", "at least"
	if missed == len(bounds) {
		zhWord, enWord = "不足", "less than"
	}
	return text.Text{Zh: fmt.Sprintf("%s %s %s，%s %d %s：%s", name.Zh, shown, zhUnit, zhWord, bound, zhUnit, class.Zh),
		En: fmt.Sprintf("%s %s%s, %s %d%s: %s", name.En, shown, enUnit, enWord, bound, enUnit, class.En)}
}

// SizeOf is the calculation "size-class" of a register: from the fields industry, employees, revenue and assets.
func (t *Sizes) SizeOf(r field.Record) any {
	industry, _ := r["industry"].(string)
	figure := func(key string) *int64 {
		if n, ok := r[key].(int64); ok {
			return &n
		}
		return nil
	}
	return string(t.Classify(industry, Figures{figure("employees"), figure("revenue"), figure("assets")}).Class)
}
