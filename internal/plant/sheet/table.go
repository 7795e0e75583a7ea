package sheet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/table"
)

// grid turns rows of cells into Rows: the first row that is not empty holds the headings.
type grid struct {
	sheet  string
	header []int // column of each cell; -1: kept by people for themselves
	has    uint32
	where  [columns]string // letters of the columns
	rows   []Row
	faults []Fault
}

const none = -1

// readTable reads a CSV or a workbook.
func readTable(f Format, data []byte) (rows []Row, faults []Fault, err error) {
	var grids []*grid
	var full error
	err = table.Scan(table.Format(f), data, table.Limits{Columns: maxColumns, Unpacked: maxUnzip}, func(name string) table.Sink {
		if full = bounded(grids); full != nil || skipped(name) {
			return nil
		}
		grids = append(grids, &grid{sheet: name})
		return grids[len(grids)-1]
	})
	if err == nil && full == nil {
		full = bounded(grids)
	}
	if full != nil {
		return nil, nil, full
	}
	if err != nil {
		return nil, nil, err
	}
	read := false
	for _, t := range grids {
		read = read || t.header != nil
		rows, faults = append(rows, t.rows...), append(faults, t.faults...)
	}
	switch {
	case read:
		return rows, faults, nil
	case f == CSV:
		return nil, nil, table.Unreadable("文件是空的", "the file is empty")
	}
	return nil, nil, table.Unreadable("工作簿里没有带标题行的工作表", "the workbook has no sheet with headings")
}

// bounded tells that the sheets read so far have too many rows together.
func bounded(grids []*grid) error {
	rows := 0
	for _, t := range grids {
		rows += len(t.rows)
	}
	if rows > maxRows {
		return table.Unreadable("工作簿超过 %d 行", "the workbook has more than %d rows", maxRows)
	}
	return nil
}

// skipped are the sheets that carry no rows of the plant.
func skipped(name string) bool {
	return slices.Contains([]string{notesSheet, listsSheet}, name) || remarks[plain(name)]
}

// maxFaults bounds what is told of one file.
const maxFaults = 1000

func (t *grid) bad(f Fault) {
	if c, ok := headings[plain(f.Column)]; ok && f.Cell == "" && t.where[c] != "" {
		f.Cell = t.where[c] + strconv.Itoa(f.Row)
	} else if f.Cell == "" && f.Column != "" && f.Column == strings.ToUpper(f.Column) { // a column's letter
		f.Cell = f.Column + strconv.Itoa(f.Row)
	}
	if len(t.faults) < maxFaults {
		t.faults = append(t.faults, f)
	}
}

// Formula implements table.Sink.
func (t *grid) Formula(number, column int, value string) {
	letter := table.Letter(column)
	t.bad(Fault{Sheet: t.sheet, Row: number, Column: letter, Cell: table.Place(column, number), Value: clip(value), Code: "cell-formula",
		Text: both("单元格是公式", "the cell is a formula"), Mend: both("请粘贴为数值", "Paste it as a value")})
}

// Add implements table.Sink: it takes one row; number counts from 1.
func (t *grid) Add(number int, cells []string) error {
	empty := true
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
		empty = empty && cells[i] == ""
	}
	if empty {
		return nil
	}
	if len(cells) > maxColumns {
		return table.Unreadable("第 %d 行有 %d 列，最多 %d", "row %d has %d columns; at most %d are read", number, len(cells), maxColumns)
	}
	if t.header == nil {
		return t.head(number, cells)
	}
	if len(t.rows) >= maxRows {
		return table.Unreadable("表格超过 %d 行", "the table has more than %d rows", maxRows)
	}
	r := Row{Sheet: t.sheet, Number: number, Parent: none, has: t.has, where: &t.where}
	for i, s := range cells {
		if i >= len(t.header) {
			if s != "" {
				t.bad(fault(t.sheet, number, table.Letter(i), s, "column-unknown", "这一列没有标题", "this column has no heading",
					"请在标题行写上列名，或删去该值", "Give the column a heading, or delete the value"))
				return nil
			}
			continue
		}
		if t.header[i] == none {
			continue
		}
		c := Column(t.header[i])
		switch {
		case utf8.RuneCountInString(s) > maxCell:
			t.bad(fault(t.sheet, number, t.heading(c), s, "cell-too-long", fmt.Sprintf("单元格超过 %d 个字符", maxCell),
				fmt.Sprintf("the cell has more than %d characters", maxCell), "请缩短", "Shorten it"))
			return nil
		case !utf8.ValidString(s) || strings.ContainsFunc(s, control):
			t.bad(fault(t.sheet, number, t.heading(c), s, "cell-characters", "含有控制字符或无法识别的编码", "holds control characters, or an encoding that is not understood",
				"请重新输入该单元格；CSV 请存为 UTF-8 或 GB18030", "Type the cell again; save a CSV as UTF-8 or GB18030"))
			return nil
		}
		r.cells[c] = s
	}
	if t.level(&r) {
		t.rows = append(t.rows, r)
	}
	return nil
}

func control(r rune) bool { return r < 0x20 || r == 0x7f || r == utf8.RuneError }

// heading is how a fault names a column.
func (t *grid) heading(c Column) string { return about[c].field }

// head reads the headings.
func (t *grid) head(number int, cells []string) error {
	t.header = make([]int, len(cells))
	known := 0
	for i, s := range cells {
		t.header[i] = none
		if s == "" || remarks[plain(s)] {
			continue
		}
		c, ok := headings[plain(s)]
		switch {
		case !ok:
			t.bad(fault(t.sheet, number, table.Letter(i), s, "column-unknown", "没有这一列", "there is no such column",
				"请使用模板工作簿的列名；自用的列请命名为“备注”", "Use the headings of the empty workbook; call a column of your own Remark"))
		case t.has&(1<<c) != 0:
			t.bad(fault(t.sheet, number, table.Letter(i), s, "column-twice", "这一列出现了两次", "this column is there twice", "请删去一列", "Delete one of them"))
		default:
			t.header[i] = int(c)
			t.has |= 1 << c
			t.where[c] = table.Letter(i)
			known++
		}
	}
	if known == 0 {
		return table.Unreadable("第 %d 行应为标题行（层级、厂区、设备、名称、键……），但没有认出任何列名", "row %d should hold the headings (Level, Site, Machine, Name, Key, …), but none was recognised", number)
	}
	return nil
}

// level finds out what a row describes.
func (t *grid) level(r *Row) bool {
	word := r.cells[Level]
	if word != "" {
		known := levels[strings.ToLower(word)]
		if known == "" {
			t.bad(fault(t.sheet, r.Number, t.heading(Level), word, "level-unknown", "没有这个层级", "there is no such level",
				"请填厂区、区域、产线、设备或测点", "Use site, area, line, machine or point"))
			return false
		}
		r.Level = known
	} else {
		switch {
		case r.cells[Key] != "":
			r.Level = "point"
		default:
			for _, c := range []Column{Site, Area, Line, Machine} {
				if r.cells[c] != "" {
					r.Level = about[c].field
				}
			}
		}
	}
	if r.Level == "" {
		t.bad(fault(t.sheet, r.Number, t.heading(Level), "", "level-missing", "看不出这一行是什么", "it cannot be told what this row is",
			"请填写层级，或填写厂区、设备等名称", "Fill in the level, or the names of site, machine and so on"))
		return false
	}
	return true
}
