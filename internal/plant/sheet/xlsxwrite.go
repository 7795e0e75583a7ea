package sheet

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"

	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// The sheets of a workbook. Their names are the same in both languages, so that anybody finds them.
const (
	machinesSheet = "设备 Machines"
	pointsSheet   = "点位 Points"
	notesSheet    = "说明 Notes"
	listsSheet    = "Lists" // hidden: what the drop-down lists offer
)

// What the two tables show, in this order.
var (
	machineColumns = []Column{Level, Site, Area, Line, NameZh, NameEn, Class, Template, ID}
	pointColumns   = []Column{Site, Area, Line, Machine, Key, NameZh, NameEn, Type, Unit, Address, Encoding, Order, Scale, Offset, Every, Report, MaxSilence, Values, ID}
)

// listed rows: how far down the drop-down lists of an empty workbook reach.
const listedRows = 20_000

// units that the list of units offers; any other UCUM code may be typed.
var units = []string{"1", "%", "A", "V", "W", "kW", "V.A", "V.A{reactive}", "Hz", "kW.h", "kV.A{reactive}.h", "Cel", "K", "Pa", "kPa", "MPa", "bar",
	"mm", "m", "mm/s", "m/s", "/min", "s", "min", "h", "kg", "t", "l/min", "m3/h", "m3", "N", "kN", "N.m", "dB", "lx", "[ppm]", "Ohm"}

func both(zh, en string) text.Text { return text.Text{Zh: zh, En: en} }

func writeXLSX(items []Item, lang string, lists Lists) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", machinesSheet); err != nil {
		return nil, err
	}
	for _, name := range []string{pointsSheet, notesSheet, listsSheet} {
		if _, err := f.NewSheet(name); err != nil {
			return nil, err
		}
	}
	x := &workbook{File: f, lang: lang}
	ranges, err := x.lists(lists)
	if err != nil {
		return nil, err
	}
	if err := x.table(machinesSheet, machineColumns, items, false, ranges); err != nil {
		return nil, err
	}
	if err := x.table(pointsSheet, pointColumns, items, true, ranges); err != nil {
		return nil, err
	}
	if err := x.notes(); err != nil {
		return nil, err
	}
	if err := f.SetSheetVisible(listsSheet, false); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type workbook struct {
	*excelize.File
	lang string
}

// lists writes what the drop-down lists offer and returns their ranges. A list in a range may be of any length.
func (x *workbook) lists(l Lists) (map[Column]string, error) {
	ids := func(choices []Choice) (out []string) {
		for _, c := range choices {
			out = append(out, c.ID)
		}
		return out
	}
	var words []string
	for _, level := range []string{"site", "area", "line", "machine"} {
		words = append(words, levelWords[level].In(x.lang))
	}
	out := map[Column]string{}
	for i, list := range []struct {
		column Column
		values []string
	}{
		{Level, words}, {Class, ids(l.Classes)}, {Template, ids(l.Templates)}, {Type, []string{"float64", "int64", "bool", "string"}}, {Unit, units},
		{Encoding, []string{"f32", "f64", "u16", "i16", "u32", "i32", "u64", "i64", "bool", "string:16"}}, {Order, []string{"ABCD", "CDAB", "BADC", "DCBA"}},
		{Every, []string{"100ms", "500ms", "1s", "2s", "5s", "10s", "30s", "1m", "5m", "15m"}}, {Report, []string{"periodic", "onChange"}},
	} {
		if len(list.values) == 0 {
			continue
		}
		name := table.Letter(i)
		cells := make([]any, len(list.values))
		for j, v := range list.values {
			cells[j] = v
		}
		if err := x.SetSheetCol(listsSheet, name+"1", &cells); err != nil {
			return nil, err
		}
		out[list.column] = fmt.Sprintf("%s!$%s$1:$%s$%d", listsSheet, name, name, len(list.values))
	}
	return out, nil
}

// free columns take other values than those of their list.
func free(c Column) bool { return c == Unit || c == Encoding || c == Every }

// table writes one sheet: frozen headings, widths, drop-down lists, and the rows.
func (x *workbook) table(sheet string, shown []Column, items []Item, points bool, ranges map[Column]string) error {
	w, err := x.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	bold, err := x.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}}})
	if err != nil {
		return err
	}
	// Text format keeps a spreadsheet from turning an address such as 1-2 into a date when somebody types it.
	plainText, err := x.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return err
	}
	frozen := 0
	for i, c := range shown {
		if err := w.SetColWidth(i+1, i+1, about[c].width); err != nil {
			return err
		}
		if !numeric(c) {
			if err := w.SetColStyle(i+1, i+1, plainText); err != nil {
				return err
			}
		}
		if c == Key || c == NameZh && !points {
			frozen = i + 1
		}
		if where, ok := ranges[c]; ok {
			v := excelize.NewDataValidation(true)
			v.Sqref = fmt.Sprintf("%s2:%s%d", table.Letter(i), table.Letter(i), listedRows)
			v.SetSqrefDropList(where)
			if free(c) {
				v.ShowErrorMessage = false
			} else {
				v.SetError(excelize.DataValidationErrorStyleStop, c.Heading(x.lang), mends[c].In(x.lang))
			}
			if err := x.AddDataValidation(sheet, v); err != nil {
				return err
			}
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, XSplit: frozen, YSplit: 1, TopLeftCell: table.Letter(frozen) + "2", ActivePane: "bottomRight"}); err != nil {
		return err
	}
	head := make([]any, len(shown))
	for i, c := range shown {
		head[i] = excelize.Cell{StyleID: bold, Value: c.Heading(x.lang)}
	}
	if err := w.SetRow("A1", head); err != nil {
		return err
	}
	row, record := 1, make([]any, len(shown))
	err = eachRow(items, x.lang, func(it *Item, cells *[columns]string) error {
		if points != (it.Point != nil) {
			return nil
		}
		if c, own := levelColumn[it.Level]; own {
			cells[c] = "" // its name stands in columns of its own
		}
		row++
		for i, c := range shown {
			switch s := cells[c]; {
			case s == "":
				record[i] = nil
			case c == Scale && it.Point != nil:
				record[i] = it.Point.Scale
			case c == Offset && it.Point != nil:
				record[i] = it.Point.Offset
			default:
				record[i] = excelize.Cell{StyleID: plainText, Value: s}
			}
		}
		return w.SetRow(fmt.Sprintf("A%d", row), record)
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// notes explains the workbook and its columns.
func (x *workbook) notes() error {
	lines := []text.Text{
		both("填写说明", "How to fill this in"),
		both("“设备 Machines”每行一个厂区、区域、产线或设备；“点位 Points”每行一个测点。", "“设备 Machines” has one site, area, line or machine a row; “点位 Points” one point a row."),
		both("位置列中写到的厂区、区域、产线、设备如不存在，会自动新建。", "Sites, areas, lines and machines that a path names and that do not exist are made."),
		both("删去的列保持原值；保留的列里空着的单元格表示默认值。", "A column that you delete leaves things as they are; an empty cell of a column that is there means the default."),
		both("请先试运行：会列出全部更改和全部错误（精确到单元格），确认后再导入。", "Try it first: you see all changes and all errors, exact to the cell, before anything is changed."),
		both("不支持公式；请粘贴为数值。", "Formulas are not taken; paste values."),
		{},
	}
	row := 1
	for _, l := range lines {
		if err := x.SetCellStr(notesSheet, fmt.Sprintf("A%d", row), l.In(x.lang)); err != nil {
			return err
		}
		row++
	}
	for c := range columns {
		for i, s := range []string{c.Heading(x.lang), c.Field(), about[c].help.In(x.lang)} {
			if err := x.SetCellStr(notesSheet, fmt.Sprintf("%s%d", table.Letter(i), row), s); err != nil {
				return err
			}
		}
		row++
	}
	if err := x.SetColWidth(notesSheet, "A", "A", 18); err != nil {
		return err
	}
	return x.SetColWidth(notesSheet, "C", "C", 100)
}
