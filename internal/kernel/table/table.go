package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"jingwei/internal/kernel/text"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Bounds of a file.
const (
	MaxFile    = 32 << 20  // bytes
	MaxRows    = 150_000   // of all sheets
	maxUnzip   = 256 << 20 // bytes of a workbook when unpacked
	maxColumns = 250
	maxCell    = 32_767 // characters, what a spreadsheet keeps in a cell
	maxSheets  = 100
)

// Sheet is a table. The first row that is not empty is its heading.
type Sheet struct {
	Name    string // of a workbook; "" else
	Heading []string
	Row     int // where the heading stands, from 1
	Rows    []Row
	Faults  []Fault
}

// Row is one row below the heading; rows that are empty are left out. Cells are trimmed.
type Row struct {
	Number int // from 1, as a spreadsheet counts
	Cells  []string
}

// Cell returns a cell, "" where the row is shorter.
func (r *Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Fault is a cell that cannot be taken, by its place.
type Fault struct {
	Sheet  string
	Row    int
	Column int // from 0
	Value  string
	Code   string // "formula", "characters", "length"
	Text   text.Text
	Mend   text.Text
}

// Error is a file that cannot be read at all.
type Error struct{ Text text.Text }

func (e *Error) Error() string { return e.Text.En }

// Unreadable makes an *Error.
func Unreadable(zh, en string, args ...any) error {
	return &Error{text.Text{Zh: fmt.Sprintf(zh, args...), En: fmt.Sprintf(en, args...)}}
}

// Letter names a column as a spreadsheet does: A, B, … Z, AA.
func Letter(column int) string {
	s := ""
	for i := column + 1; i > 0; i = (i - 1) / 26 {
		s = string(rune('A'+(i-1)%26)) + s
	}
	return s
}

// Place names a cell as a spreadsheet does, such as G731.
func Place(column, row int) string {
	if column < 0 {
		return ""
	}
	return Letter(column) + strconv.Itoa(row)
}

// Guess tells the format of a file whose sender did not.
func Guess(data []byte) Format {
	if strings.HasPrefix(string(data[:min(len(data), 4)]), "PK\x03\x04") {
		return XLSX
	}
	return CSV
}

// Limits bound what Scan takes in.
type Limits struct {
	Columns  int   // of a row; cells of a workbook beyond it are strays and are left out
	Unpacked int64 // bytes of a workbook
}

// Sink takes the rows of one sheet as they stand in the file.
type Sink interface {
	// Add takes a row; number counts from 1. It may change the cells, which are valid during the call. An error ends the scan.
	Add(number int, cells []string) error
	// Formula tells of a cell with a formula: what it would give is not in the file's power to say.
	Formula(number, column int, value string)
}

// Scan reads the rows of a file of at most MaxFile bytes. begin is asked for the sink of each visible sheet, by its name ("" of
// a CSV); nil leaves the sheet out. Errors: those of a sink; *Error, where the file cannot be read.
func Scan(f Format, data []byte, l Limits, begin func(sheet string) Sink) error {
	if len(data) > MaxFile {
		return Unreadable("文件有 %d 字节，最多 %d", "the file has %d bytes; at most %d are read", len(data), MaxFile)
	}
	switch f {
	case CSV:
		return scanCSV(data, begin)
	case XLSX:
		return scanXLSX(data, l, begin)
	}
	return Unreadable("没有格式 %q；可用 csv、xlsx", "there is no format %q; use csv or xlsx", string(f))
}

// Read reads a file: its visible sheets that are not called Notes or 说明. The error is an *Error: nothing could be read.
func Read(f Format, data []byte) ([]Sheet, error) {
	var all []*Sheet
	rows := 0
	counted := func() error {
		if n := len(all); n > 0 {
			rows += len(all[n-1].Rows)
		}
		if rows > MaxRows {
			return Unreadable("工作簿超过 %d 行", "the workbook has more than %d rows", MaxRows)
		}
		return nil
	}
	var full error
	err := Scan(f, data, Limits{maxColumns, maxUnzip}, func(name string) Sink {
		if slices.Contains([]string{notesSheet, listsSheet, "Notes", "说明"}, name) || full != nil {
			return nil
		}
		if full = counted(); full != nil {
			return nil
		}
		all = append(all, &Sheet{Name: name})
		return all[len(all)-1]
	})
	if err == nil && full == nil {
		full = counted()
	}
	if full != nil {
		return nil, full
	}
	if err != nil {
		return nil, err
	}
	var out []Sheet
	for _, s := range all {
		if s.Heading != nil {
			out = append(out, *s)
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case f == CSV:
		return nil, Unreadable("文件是空的", "the file is empty")
	}
	return nil, Unreadable("工作簿里没有带标题行的工作表", "the workbook has no sheet with headings")
}

// Out is a table to be written. Notes go to a sheet of their own in a workbook, and nowhere in CSV.
type Out struct {
	Name    string
	Heading []string
	Lists   [][]string // per column: what the drop-down list of a workbook offers; nil for none
	Rows    [][]string
	Notes   []string
}

// Write writes a table.
func Write(f Format, t Out) ([]byte, error) {
	switch f {
	case CSV:
		return writeCSV(t)
	case XLSX:
		return writeXLSX(t)
	}
	return nil, Unreadable("没有格式 %q；可用 csv、xlsx", "there is no format %q; use csv or xlsx", string(f))
}

// MediaType is what a file of a format is served as.
func (f Format) MediaType() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
}

// maxFaults bounds what is told of one file.
const maxFaults = 1000

// Formula implements Sink.
func (s *Sheet) Formula(number, column int, value string) {
	s.bad(number, column, value, "formula", "单元格是公式", "the cell is a formula", "请粘贴为数值", "Paste it as a value")
}

// Add implements Sink.
func (s *Sheet) Add(number int, cells []string) error {
	empty := true
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
		empty = empty && cells[i] == ""
	}
	if empty {
		return nil
	}
	if len(cells) > maxColumns {
		return Unreadable("第 %d 行有 %d 列，最多 %d", "row %d has %d columns; at most %d are read", number, len(cells), maxColumns)
	}
	for i, c := range cells {
		switch {
		case utf8.RuneCountInString(c) > maxCell:
			s.bad(number, i, c, "length", "单元格过长", "the cell is too long", "请缩短", "Shorten it")
		case !utf8.ValidString(c) || strings.ContainsFunc(c, func(r rune) bool {
			return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f || r == utf8.RuneError
		}):
			s.bad(number, i, c, "characters", "含有控制字符或无法识别的编码", "holds control characters, or an encoding that is not understood", "请重新输入该单元格；CSV 请存为 UTF-8 或 GB18030", "Type the cell again; save a CSV as UTF-8 or GB18030")
		default:
			continue
		}
		cells[i] = ""
	}
	if s.Heading == nil {
		s.Heading, s.Row = append([]string{}, cells...), number
		return nil
	}
	if len(s.Rows) >= MaxRows {
		return Unreadable("表格超过 %d 行", "the table has more than %d rows", MaxRows)
	}
	s.Rows = append(s.Rows, Row{number, append([]string{}, cells...)})
	return nil
}

func (s *Sheet) bad(row, column int, value, code, zh, en, mendZh, mendEn string) {
	if len(s.Faults) >= maxFaults {
		return
	}
	if r := []rune(strings.ToValidUTF8(value, "\uFFFD")); len(r) > 100 {
		value = string(r[:100]) + "…"
	} else {
		value = string(r)
	}
	s.Faults = append(s.Faults, Fault{s.Name, row, column, value, code, text.Text{Zh: zh, En: en}, text.Text{Zh: mendZh, En: mendEn}})
}
