package sheet

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// levelColumn is where the name of a thing of a level stands in a path.
var levelColumn = map[string]Column{"site": Site, "area": Area, "line": Line, "machine": Machine}

// eachRow writes items as cells, in their order.
func eachRow(items []Item, lang string, do func(*Item, *[columns]string) error) error {
	paths := make([][columns]string, len(items)) // of places and machines: the path with the thing itself
	for i := range items {
		it := &items[i]
		var cells [columns]string
		if it.Parent >= 0 {
			cells = paths[it.Parent]
		}
		if c, place := levelColumn[it.Level]; place {
			paths[i] = cells
			paths[i][c] = it.Name.In(lang)
		}
		cells[Level], cells[ID], cells[Class], cells[Template] = levelWords[it.Level].In(lang), it.ID, it.Class, it.Template
		cells[NameZh], cells[NameEn] = it.Name.Zh, it.Name.En
		if it.Point != nil {
			pointCells(it.Point, &cells)
		}
		if err := do(it, &cells); err != nil {
			return err
		}
	}
	return nil
}

func pointCells(p *template.Point, cells *[columns]string) {
	cells[Key], cells[NameZh], cells[NameEn] = p.Key, p.Name.Zh, p.Name.En
	cells[Type], cells[Unit], cells[Address], cells[Encoding], cells[Order] = string(p.Type), p.Unit, p.Address, p.Encoding, p.Order
	cells[Scale], cells[Offset] = number(p.Scale), number(p.Offset)
	cells[Every], cells[MaxSilence], cells[Report] = duration(p.Every), duration(p.MaxSilence), string(p.Report)
	cells[Values] = names(p.Values)
}

// number writes a number; 0 is what an empty cell means.
func number(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

func duration(d template.Duration) string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

var escape = strings.NewReplacer(`\`, `\\`, ";", `\;`, "|", `\|`, "=", `\=`)

// names writes named values: 0=停机|Stopped; 1=运行|Running.
func names(values []template.Value) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%d=%s", v.Value, escape.Replace(v.Name.Zh))
		if v.Name.En != "" {
			parts[i] += "|" + escape.Replace(v.Name.En)
		}
	}
	return strings.Join(parts, "; ")
}

// split cuts at a sign that no backslash stands in front of.
func split(s string, sign byte) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sign:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return strings.TrimSpace(b.String())
}

func parseNames(s string) ([]template.Value, bool) {
	var out []template.Value
	for _, part := range split(s, ';') {
		if strings.TrimSpace(part) == "" {
			continue
		}
		sides := split(part, '=')
		if len(sides) != 2 {
			return nil, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(sides[0]), 10, 64)
		words := split(sides[1], '|')
		if err != nil || len(words) > 2 {
			return nil, false
		}
		v := template.Value{Value: n, Name: text.Text{Zh: unescape(words[0])}}
		if len(words) == 2 {
			v.Name.En = unescape(words[1])
		}
		out = append(out, v)
	}
	return out, true
}

// Setup reads a point's row over a point as it is, or as its template has it, or the zero point: columns that the file
// has govern, others stay. What cannot be read is told; what is read may still be wrong (template.Point.Faults).
func (r *Row) Setup(p template.Point) (template.Point, []Fault) {
	var bad []Fault
	wrong := func(c Column, zh, en string) {
		bad = append(bad, r.Fault(c, "point-"+c.Field(), zh, en))
	}
	for c, to := range map[Column]*string{
		Key: &p.Key, NameZh: &p.Name.Zh, NameEn: &p.Name.En, Unit: &p.Unit, Address: &p.Address, Encoding: &p.Encoding, Order: &p.Order,
	} {
		if r.Has(c) && strings.TrimSpace(*to) != r.Get(c) { // cells are trimmed; what exists may not be
			*to = r.Get(c)
		}
	}
	if r.Has(Type) {
		p.Type = template.Type(r.Get(Type))
	}
	if r.Has(Report) {
		p.Report = template.Report(r.Get(Report))
	}
	for c, to := range map[Column]*float64{Scale: &p.Scale, Offset: &p.Offset} {
		if !r.Has(c) {
			continue
		}
		*to = 0
		if s := r.Get(c); s != "" {
			x, err := strconv.ParseFloat(s, 64)
			if err != nil {
				wrong(c, "不是数", "is not a number")
				continue
			}
			*to = x
		}
	}
	for c, to := range map[Column]*template.Duration{Every: &p.Every, MaxSilence: &p.MaxSilence} {
		if !r.Has(c) {
			continue
		}
		*to = 0
		if s := r.Get(c); s != "" {
			if err := to.UnmarshalText([]byte(s)); err != nil || *to <= 0 {
				wrong(c, "不是时长", "is not a duration")
			}
		}
	}
	if r.Has(Values) {
		var ok bool
		if p.Values, ok = parseNames(r.Get(Values)); !ok {
			wrong(Values, "不是值的名称", "is not a list of named values")
		}
	}
	return p, bad
}

// Fault is a fault of a cell of the row, with what to do about that column.
func (r *Row) Fault(c Column, code, zh, en string) Fault {
	mend := mends[c]
	return Fault{
		Sheet: r.Sheet, Row: r.Line(c), Column: c.Field(), Cell: r.Cell(c), Value: clip(r.Get(c)), Code: code,
		Text: text.Text{Zh: zh, En: en}, Mend: mend,
	}
}

// mends are what to do about a column.
var mends = map[Column]text.Text{
	ID:         {Zh: "新增的行请留空；原有的请用导出的编号", En: "Leave it empty for what is new; use the exported id for what exists"},
	Site:       {Zh: "请填写厂区名称", En: "Give the name of the site"},
	Area:       {Zh: "请填写区域名称", En: "Give the name of the area"},
	Line:       {Zh: "请填写产线名称", En: "Give the name of the line"},
	Machine:    {Zh: "请填写设备名称", En: "Give the name of the machine"},
	Level:      {Zh: "厂区属于企业，其下依次为区域、产线、设备，可以缺层，不能颠倒", En: "A site stands under the enterprise, below it area, line and machine in this order; levels may be left out"},
	NameZh:     {Zh: "请填写不超过 100 个字符的名称，中文或英文", En: "Give a name of at most 100 characters, in Chinese or English"},
	NameEn:     {Zh: "请填写不超过 100 个字符的名称，中文或英文", En: "Give a name of at most 100 characters, in Chinese or English"},
	Class:      {Zh: "请从下拉列表中选择", En: "Choose one of the list"},
	Template:   {Zh: "请从下拉列表中选择，或把模板加入 packs/devices", En: "Choose one of the list, or add its file to packs/devices"},
	Key:        {Zh: "请写字母和数字，用点分隔，例如 x.position", En: "Write letters and digits joined by dots, such as x.position"},
	Type:       {Zh: "请填 float64、int64、bool 或 string", En: "Use float64, int64, bool or string"},
	Unit:       {Zh: "请按 UCUM 填写，例如 kW.h、Cel、mm/s；没有单位的数填 1；bool 和 string 不填", En: "Give a UCUM code, such as kW.h, Cel or mm/s; 1 for a number without a unit; nothing for bool and string"},
	Address:    {Zh: "请按协议的写法填写，例如 holding:100", En: "Write it in the protocol's syntax, such as holding:100"},
	Encoding:   {Zh: "请填写设备中的存法，例如 f32、u16、string:16", En: "Say how the device holds it, such as f32, u16, string:16"},
	Order:      {Zh: "请填 ABCD、CDAB、BADC 或 DCBA，或留空", En: "Use ABCD, CDAB, BADC or DCBA, or leave it empty"},
	Scale:      {Zh: "请填写数，例如 0.1；空着为 1；bool 和 string 不填", En: "Give a number such as 0.1; empty means 1; nothing for bool and string"},
	Offset:     {Zh: "请填写数，例如 -40；空着为 0", En: "Give a number such as -40; empty means 0"},
	Every:      {Zh: "请写 500ms、1s 或 15m，10ms 到 24h", En: "Write 500ms, 1s or 15m, from 10ms to 24h"},
	Report:     {Zh: "请填 periodic 或 onChange", En: "Use periodic or onChange"},
	MaxSilence: {Zh: "请写 10s 或 15m，不短于采集周期", En: "Write 10s or 15m, at least the scan time"},
	Values:     {Zh: "请写 0=停机|Stopped; 1=运行|Running，只用于 int64", En: "Write 0=停机|Stopped; 1=运行|Running, of an int64 only"},
}
