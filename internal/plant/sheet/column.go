package sheet

import (
	"strings"

	"jingwei/internal/kernel/text"
)

// Column is one column of the tables; a YAML file has the same fields under the names of Field.
type Column uint8

// The columns, in the order in which they are written.
const (
	Level Column = iota // site, area, line, machine, point
	ID
	Site
	Area
	Line
	Machine
	NameZh
	NameEn
	Class
	Template
	Key
	Type
	Unit
	Address
	Encoding
	Order
	Scale
	Offset
	Every
	Report
	MaxSilence
	Values
	columns // how many
)

// column tells what a column is called and explains it.
type column struct {
	field   string // in YAML, in messages to programs; also understood as a heading
	heading text.Text
	help    text.Text
	width   float64 // of a column of a workbook, in characters
}

var about = [columns]column{
	Level: {"level", text.Text{Zh: "层级", En: "Level"}, text.Text{
		Zh: "厂区、区域、产线、设备或测点；可不填：有“键”的行是测点，否则取最末一个填了的位置。",
		En: "Site, area, line, machine or point; may be left empty: a row with a key is a point, else it is the last place that is filled in."}, 8},
	ID: {"id", text.Text{Zh: "编号", En: "Id"}, text.Text{
		Zh: "导出时写入，用来认出原有的设备和测点，改名、移动时需要；新增的行留空。",
		En: "Written by an export; tells which existing one is meant when it is renamed or moved. Leave it empty for what is new."}, 12},
	Site:    {"site", text.Text{Zh: "厂区", En: "Site"}, text.Text{Zh: "所在厂区的名称，中文或英文。", En: "Name of the site in which it stands, in Chinese or English."}, 16},
	Area:    {"area", text.Text{Zh: "区域", En: "Area"}, text.Text{Zh: "所在区域的名称，可以没有。", En: "Name of the area, where there is one."}, 16},
	Line:    {"line", text.Text{Zh: "产线", En: "Line"}, text.Text{Zh: "所在产线的名称，可以没有。", En: "Name of the line, where there is one."}, 16},
	Machine: {"machine", text.Text{Zh: "设备", En: "Machine"}, text.Text{Zh: "测点所属设备的名称。", En: "Name of the machine to which a point belongs."}, 20},
	NameZh:  {"name.zh", text.Text{Zh: "名称（中文）", En: "Name (Chinese)"}, text.Text{Zh: "本行的中文名称。", En: "Chinese name of what the row describes."}, 22},
	NameEn:  {"name.en", text.Text{Zh: "名称（英文）", En: "Name (English)"}, text.Text{Zh: "本行的英文名称；两种至少填一种。", En: "English name; one of the two is needed."}, 24},
	Class: {"class", text.Text{Zh: "设备类别", En: "Class"}, text.Text{
		Zh: "仅设备：见下拉列表；空着时取模板的类别。", En: "Of a machine: see the list; that of the template where it is empty."}, 20},
	Template: {"template", text.Text{Zh: "设备模板", En: "Template"}, text.Text{
		Zh: "仅设备：模板编号；新设备自动得到模板的全部测点。已有设备不能改。",
		En: "Of a machine: a template's id; a new machine gets all its points. Cannot be changed later."}, 24},
	Key:  {"key", text.Text{Zh: "键", En: "Key"}, text.Text{Zh: "测点在设备内唯一的键，例如 x.position。", En: "Unique on the machine, such as x.position."}, 18},
	Type: {"type", text.Text{Zh: "类型", En: "Type"}, text.Text{Zh: "float64、int64、bool 或 string。", En: "float64, int64, bool or string."}, 9},
	Unit: {"unit", text.Text{Zh: "单位", En: "Unit"}, text.Text{
		Zh: "UCUM 代码，例如 kW.h、Cel、mm/s；没有单位的数填 1；bool 和 string 不填。",
		En: "UCUM code, such as kW.h, Cel, mm/s; 1 for a number without a unit; empty for bool and string."}, 10},
	Address:  {"address", text.Text{Zh: "地址", En: "Address"}, text.Text{Zh: "按协议的写法，例如 holding:100、40101、ns=2;s=Temp，或指标名。", En: "In the protocol's syntax, such as holding:100, 40101, ns=2;s=Temp, or the name of a metric."}, 20},
	Encoding: {"encoding", text.Text{Zh: "编码", En: "Encoding"}, text.Text{Zh: "设备中的存法，例如 f32、u16、string:16。", En: "How the device holds it, such as f32, u16, string:16."}, 11},
	Order:    {"order", text.Text{Zh: "字节序", En: "Order"}, text.Text{Zh: "ABCD、CDAB、BADC、DCBA；空着为协议默认。", En: "ABCD, CDAB, BADC, DCBA; the protocol's own where it is empty."}, 8},
	Scale:    {"scale", text.Text{Zh: "倍率", En: "Scale"}, text.Text{Zh: "值 = 原值 × 倍率 + 偏移；空着为 1。", En: "value = raw × scale + offset; 1 where it is empty."}, 8},
	Offset:   {"offset", text.Text{Zh: "偏移", En: "Offset"}, text.Text{Zh: "见倍率；空着为 0。", En: "See scale; 0 where it is empty."}, 8},
	Every:    {"every", text.Text{Zh: "采集周期", En: "Every"}, text.Text{Zh: "500ms、1s、15m；空着为 1s。", En: "500ms, 1s, 15m; 1s where it is empty."}, 9},
	Report:   {"report", text.Text{Zh: "上报方式", En: "Report"}, text.Text{Zh: "periodic（每次采集）或 onChange（变化时）；空着为 periodic。", En: "periodic (each scan) or onChange; periodic where it is empty."}, 10},
	MaxSilence: {"maxSilence", text.Text{Zh: "最长静默", En: "Max silence"}, text.Text{
		Zh: "正常时两次数据之间最长的时间，不短于采集周期；空着为 30s 或周期的三倍。",
		En: "Longest time between samples of a healthy source, at least the scan time; 30s or three scans where it is empty."}, 11},
	Values: {"values", text.Text{Zh: "值的名称", En: "Values"}, text.Text{
		Zh: "int64 状态值的名称，例如：0=停机|Stopped; 1=运行|Running。", En: "Names of an int64's values, such as: 0=停机|Stopped; 1=运行|Running."}, 30},
}

// Field is the column's name in YAML and in answers to programs.
func (c Column) Field() string { return about[c].field }

// Heading is the column's name for people.
func (c Column) Heading(lang string) string { return about[c].heading.In(lang) }

// headings finds a column by what stands above it, in either language or as a field; see heading.
var headings = func() map[string]Column {
	out := map[string]Column{}
	for c := range columns {
		for _, s := range []string{about[c].field, about[c].heading.Zh, about[c].heading.En} {
			out[plain(s)] = c
		}
	}
	return out
}()

// remarks are headings of columns that people keep for themselves.
var remarks = map[string]bool{"备注": true, "说明": true, "remark": true, "remarks": true, "note": true, "notes": true, "comment": true}

// plain is a heading without what people vary: case, blanks, brackets of either width, and what stands in them unless
// it is a language.
func plain(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(strings.NewReplacer("（", "(", "）", ")", "＿", "_").Replace(s)), ""))
	if head, rest, ok := strings.Cut(s, "("); ok && head != "" {
		switch inner := strings.TrimSuffix(rest, ")"); inner {
		case "中文", "chinese", "zh":
			return head + "(zh)"
		case "英文", "english", "en":
			return head + "(en)"
		}
		return head
	}
	return s
}

// levels are the words for levels, in either language.
var levels = map[string]string{
	"site": "site", "厂区": "site", "area": "area", "区域": "area", "line": "line", "产线": "line",
	"machine": "machine", "设备": "machine", "point": "point", "测点": "point",
}

// levelWords are those that are written.
var levelWords = map[string]text.Text{
	"site": {Zh: "厂区", En: "site"}, "area": {Zh: "区域", En: "area"}, "line": {Zh: "产线", En: "line"},
	"machine": {Zh: "设备", En: "machine"}, "point": {Zh: "测点", En: "point"},
}
