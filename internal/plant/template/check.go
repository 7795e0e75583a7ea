package template

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry"
)

// Bounds that hold for templates and for points that somebody types.
const (
	MaxPoints  = 5000
	minEvery   = 10 * time.Millisecond
	maxEvery   = 24 * time.Hour
	maxSilence = 31 * 24 * time.Hour
	maxName    = 100 // characters
	maxField   = 200 // characters of an address or encoding
	maxValues  = 256 // named values of a point
)

// Load reads the templates of a folder of packs. Error: pack.Faults.
func Load(files fs.FS, dir string) (*pack.Set[Template], error) {
	return pack.Load[Template](files, dir)
}

var keyForm = regexp.MustCompile(`^[a-z][a-zA-Z0-9]*(\.[a-zA-Z0-9]+)*$`)

// Check fills in what points leave to the template and reports what is wrong (pack.Body).
func (t *Template) Check(report func(where, what string)) {
	for _, f := range t.Faults() {
		report("$."+f.Field, f.Text.En)
	}
}

// Fault is one thing wrong with a point or a template.
type Fault struct {
	Field string // as in YAML and JSON: "unit", of a template "points[3].unit"
	Value string
	Text  text.Text
}

// Faults returns what is wrong with a point, whether it stands in a template or somebody typed it. What the protocol
// thinks of address, encoding and order is the driver's to say.
func (p *Point) Faults() (out []Fault) {
	bad := func(field string, value any, zh, en string) {
		out = append(out, Fault{field, fmt.Sprint(value), text.Text{Zh: zh, En: en}})
	}
	if !keyForm.MatchString(p.Key) || len(p.Key) > maxName {
		bad("key", p.Key, "应由字母和数字组成，用点分隔，例如 x.position", "is not a key; write words of letters and digits joined by dots, such as x.position")
	}
	if err := p.Name.Check(maxName); err != nil {
		bad("name", p.Name.In("en"), fmt.Sprintf("须填写中文或英文名称，每种不超过 %d 个字符，且不含控制字符", maxName), err.Error())
	}
	p.checkType(bad)
	for field, v := range map[string]string{"address": p.Address, "encoding": p.Encoding} {
		if n := utf8.RuneCountInString(v); n > maxField || field == "address" && n == 0 {
			bad(field, v, fmt.Sprintf("应为 1 到 %d 个字符", maxField), fmt.Sprintf("has %d characters; want 1 to %d", n, maxField))
		}
	}
	if every := time.Duration(p.Every); every < minEvery || every > maxEvery {
		bad("every", every, fmt.Sprintf("采集周期应在 %v 到 %v 之间", minEvery, maxEvery), fmt.Sprintf("scan between %v and %v", minEvery, maxEvery))
	}
	if p.Report.Telemetry() == 0 {
		bad("report", p.Report, "应为 periodic（每次采集）或 onChange（变化时）", "use periodic or onChange")
	}
	if s := time.Duration(p.MaxSilence); s < time.Duration(p.Every) || s > maxSilence {
		bad("maxSilence", s, fmt.Sprintf("最长静默应不短于采集周期 %v，且不超过 %v", time.Duration(p.Every), maxSilence),
			fmt.Sprintf("the longest silence is at least the scan time (%v) and at most %v", time.Duration(p.Every), maxSilence))
	}
	p.checkValues(bad)
	slices.SortStableFunc(out, func(a, b Fault) int { return slices.Index(fields, a.Field) - slices.Index(fields, b.Field) })
	return out
}

type report = func(field string, value any, zh, en string)

// checkType looks at what depends on the type: unit and scale.
func (p *Point) checkType(bad report) {
	typ := p.Type.Telemetry()
	numeric := typ == telemetry.Float64 || typ == telemetry.Int64
	switch {
	case typ == 0:
		bad("type", p.Type, "应为 float64、int64、bool 或 string", "is not a type; use float64, int64, bool or string")
	case numeric && p.Unit == "":
		bad("unit", "", "缺少单位；请按 UCUM 填写，没有单位的数填 1", "is missing; give it in UCUM, 1 for a number without a unit")
	case !numeric && p.Unit != "":
		bad("unit", p.Unit, "bool 和 string 没有单位，请去掉", "a bool or string has no unit; leave it out")
	}
	var wrong *ucum.Error
	if _, err := ucum.Parse(p.Unit); p.Unit != "" && errors.As(err, &wrong) {
		bad("unit", p.Unit, wrong.Text.Zh, wrong.Text.En)
	}
	if !numeric && (p.Scale != 0 || p.Offset != 0) {
		bad("scale", p.Scale, "bool 和 string 不能换算，请去掉倍率和偏移", "a bool or string cannot be scaled; leave scale and offset out")
	}
	if math.IsNaN(p.Scale) || math.IsInf(p.Scale, 0) || math.IsNaN(p.Offset) || math.IsInf(p.Offset, 0) {
		bad("scale", p.Scale, "倍率和偏移必须是有限数", "scale and offset must be finite")
	}
}

func (p *Point) checkValues(bad report) {
	if len(p.Values) > 0 && p.Type != "int64" {
		bad("values", len(p.Values), "只有 int64 可以给各个值命名", "only an int64 has named values")
	}
	if len(p.Values) > maxValues {
		bad("values", len(p.Values), fmt.Sprintf("最多 %d 个", maxValues), fmt.Sprintf("at most %d", maxValues))
		return
	}
	for i, v := range p.Values {
		if v.Name.Check(maxName) != nil {
			bad(fmt.Sprintf("values[%d].name", i), v.Name.In("en"), "须填写名称", "needs a name")
		}
		if slices.ContainsFunc(p.Values[:i], func(o Value) bool { return o.Value == v.Value }) {
			bad(fmt.Sprintf("values[%d].value", i), v.Value, "同一个值命名了两次", "is named twice")
		}
	}
}

// fields is the order in which faults are told.
var fields = []string{"key", "name", "type", "unit", "address", "encoding", "scale", "every", "report", "maxSilence", "values"}
