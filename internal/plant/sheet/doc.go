// Package sheet writes a plant as a file that people work on elsewhere, and reads it back: YAML (nested as the plant is),
// CSV (one table) and XLSX (a workbook with a table of places and machines and one of points). It knows files and
// nothing of the database: reading gives rows with their places, and what is wrong with the file as such.
//
// A column that a file has governs: an empty cell means the default. A column that it has not leaves things as they are.
//
// Files come from outside. Sizes are bounded, formulas are refused, and no reader panics.
package sheet

import (
	"strconv"
	"strings"

	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	YAML Format = "yaml"
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// Bounds of a file.
const (
	MaxFile    = 16 << 20  // bytes
	maxRows    = 200_000   // rows or YAML items
	maxCell    = 4000      // characters
	maxUnzip   = 128 << 20 // bytes of a workbook when unpacked
	maxColumns = 200       // of a table
)

// Item is one thing to be written: a place, a machine, or a point of the machine at Parent.
type Item struct {
	Parent   int // index of the item in which it stands; -1: the enterprise
	Level    string
	ID       string
	Name     text.Text
	Class    string
	Template string
	Point    *template.Point // of a point
}

// Row is one thing that was read. Its cells are trimmed.
type Row struct {
	Sheet  string // of a workbook; "" else
	Number int    // row from 1, or line of a YAML file
	Level  string // site, area, line, machine, point
	Parent int    // index of the row in which a YAML file nests it; -1: its path says where it stands

	cells [columns]string
	lines [columns]int32 // of cells, where they differ from Number (YAML)
	has   uint32
	where *[columns]string // the columns' letters in a table; nil in a YAML file
}

// Cell names a cell as a spreadsheet does, such as G731; "" in a YAML file.
func (r *Row) Cell(c Column) string {
	if r.where == nil || r.where[c] == "" {
		return ""
	}
	return r.where[c] + strconv.Itoa(r.Number)
}

// Get returns a cell, "" when it is empty or the file has no such column.
func (r *Row) Get(c Column) string { return r.cells[c] }

// Has tells whether the file has the column.
func (r *Row) Has(c Column) bool { return r.has&(1<<c) != 0 }

// Line is where a cell stands: the row, or the line of a YAML file.
func (r *Row) Line(c Column) int {
	if l := r.lines[c]; l > 0 {
		return int(l)
	}
	return r.Number
}

func (r *Row) set(c Column, s string) {
	r.cells[c] = s
	r.has |= 1 << c
}

// Fault is one thing wrong with a file, to be told with its place.
type Fault struct {
	Sheet  string
	Row    int
	Column string // field, or what stands above it where that is no field; "" for the whole row
	Cell   string // G731; "" in a YAML file
	Value  string
	Code   string
	Text   text.Text
	Mend   text.Text
}

func fault(sheet string, row int, column, value, code, zh, en, mendZh, mendEn string) Fault {
	return Fault{Sheet: sheet, Row: row, Column: column, Value: clip(value), Code: code, Text: text.Text{Zh: zh, En: en}, Mend: text.Text{Zh: mendZh, En: mendEn}}
}

// clip bounds a value that is told back.
func clip(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}

// Error is a file that cannot be read at all.
type Error = table.Error

// Guess tells the format of a file whose sender did not.
func Guess(data []byte) Format {
	if table.Guess(data) == table.XLSX {
		return XLSX
	}
	for line := range strings.Lines(string(data[:min(len(data), 4096)])) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "format:") || strings.HasPrefix(line, "sites:") || line == "---" {
			return YAML
		}
		break
	}
	return CSV
}

// Read reads a file. The rows stand in the order of the file; faults are what is wrong with single cells or rows, whose
// rows are left out. The error is an *Error: nothing could be read.
func Read(f Format, data []byte) (rows []Row, faults []Fault, err error) {
	if len(data) > MaxFile {
		return nil, nil, table.Unreadable("文件有 %d 字节，最多 %d", "the file has %d bytes; at most %d are read", len(data), MaxFile)
	}
	switch f {
	case YAML:
		return readYAML(data)
	case CSV, XLSX:
		return readTable(f, data)
	}
	return nil, nil, table.Unreadable("没有格式 %q；可用 yaml、csv、xlsx", "there is no format %q; use yaml, csv or xlsx", string(f))
}

// Lists are what the cells of some columns may hold, for the workbook's drop-down lists.
type Lists struct {
	Classes   []Choice
	Templates []Choice
}

// Choice is one of a list.
type Choice struct {
	ID   string
	Name text.Text
}

// Write writes a plant. lang ("zh", "en") is the language of headings and notes; a file in either is read.
func Write(f Format, items []Item, lang string, lists Lists) ([]byte, error) {
	switch f {
	case YAML:
		return writeYAML(items)
	case CSV:
		return writeCSV(items, lang)
	case XLSX:
		return writeXLSX(items, lang, lists)
	}
	return nil, table.Unreadable("没有格式 %q；可用 yaml、csv、xlsx", "there is no format %q; use yaml, csv or xlsx", string(f))
}

// MediaType is what a file of a format is served as.
func (f Format) MediaType() string {
	if f == YAML {
		return "application/yaml"
	}
	return table.Format(f).MediaType()
}
