package registry

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"jingwei/internal/identify/handle"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// Format is a kind of file of bulk registration.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	XLSX   Format = "xlsx"
	NDJSON Format = "ndjson" // one JSON object in each line
)

// Bounds of a file.
const (
	MaxRows  = 1_000_000
	MaxFile  = 256 << 20 // bytes; of XLSX table.MaxFile
	maxLine  = 1 << 20
	maxCells = 250
)

// row is one row of a file: what it asks for, or what is wrong with it.
type row struct {
	line   int
	name   handle.Name
	values []handle.Value
	faults []*Fault
}

// errEnough ends a scan that has what it wants.
var errEnough = errors.New("enough")

func unreadable(zh, en string, args ...any) error { return table.Unreadable(zh, en, args...) }

// readRows calls do for each row of a file. prefix is that of names which are given as suffixes alone; t may be nil. Errors: those of do;
// *table.Error where the file cannot be read.
func readRows(f Format, r io.Reader, prefix string, t *Template, do func(*row) error) error {
	switch f {
	case NDJSON:
		return readLines(r, prefix, t, do)
	case CSV:
		return readCSV(r, prefix, t, do)
	case XLSX:
		data, err := io.ReadAll(io.LimitReader(r, table.MaxFile+1))
		if err != nil {
			return err
		}
		first := true
		err = table.Scan(table.XLSX, data, table.Limits{Columns: maxCells, Unpacked: 4 << 30}, func(sheet string) table.Sink {
			if !first || sheet == "Notes" || sheet == "说明" {
				return nil
			}
			first = false
			return &sheetRows{prefix: prefix, t: t, do: do}
		})
		return err
	}
	return unreadable("没有格式 %q；可用 csv、xlsx、ndjson", "there is no format %q; use csv, xlsx or ndjson", string(f))
}

// column says what a column of a table holds.
type column struct {
	heading string
	index   uint32
	kind    string
	item    *TemplateItem
	is      columnKind
}

type columnKind int

const (
	skipped columnKind = iota
	identifier
	suffix
	value
)

// columnsOf reads a heading: identifier or suffix, items of the template by name or label, and "1 URL" for a value of a type at an index.
func columnsOf(heading []string, t *Template) ([]column, error) {
	out := make([]column, len(heading))
	named := false
	for i, h := range heading {
		h = strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))
		c := column{heading: h}
		index, kind, pair := strings.Cut(h, " ")
		n, err := strconv.ParseUint(index, 10, 32)
		switch {
		case h == "":
		case h == "identifier" || h == "handle" || h == "标识":
			c.is, named = identifier, true
		case h == "suffix" || h == "后缀":
			c.is, named = suffix, true
		case pair && err == nil && n > 0 && n != indexTemplate && n != indexTemplateID:
			c.is, c.index, c.kind = value, uint32(n), strings.TrimSpace(kind)
		default:
			if t != nil {
				c.item = t.labelled(h)
			}
			if c.item == nil {
				return nil, unreadable("不认识列 %q；可用 标识、后缀、模板属性，或 \"1 URL\"", "the column %q is not known; there are identifier, suffix, the items of the template, and \"1 URL\"", h)
			}
			c.is, c.index, c.kind = value, c.item.Index, c.item.Name
		}
		for _, before := range out[:i] {
			if c.is != skipped && before.is == c.is && before.index == c.index {
				return nil, unreadable("列 %q 重复", "the column %q stands twice", h)
			}
		}
		out[i] = c
	}
	if !named {
		return nil, unreadable("没有“标识”或“后缀”列", "there is no column identifier or suffix")
	}
	return out, nil
}

// labelled finds an item by its name or its label.
func (t *Template) labelled(h string) *TemplateItem {
	if it := t.named(h); it != nil {
		return it
	}
	for i := range t.Content.Items {
		if it := &t.Content.Items[i]; it.Label.Zh == h || it.Label.En == h {
			return it
		}
	}
	return nil
}

// sheetRows reads the rows of one table (table.Sink).
type sheetRows struct {
	prefix  string
	t       *Template
	do      func(*row) error
	columns []column
	n       int
	formula map[int][]*Fault // by row
}

// Formula implements table.Sink.
func (s *sheetRows) Formula(number, at int, v string) {
	if s.formula == nil {
		s.formula = map[int][]*Fault{}
	}
	if len(s.formula) < maxFaults {
		s.formula[number] = append(s.formula[number], &Fault{table.Letter(at), clip(v), text.Text{Zh: "单元格是公式", En: "the cell is a formula"}, text.Text{Zh: "请粘贴为数值", En: "Paste it as a value"}})
	}
}

// Add implements table.Sink.
func (s *sheetRows) Add(number int, cells []string) error {
	empty := true
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
		empty = empty && cells[i] == ""
	}
	if empty {
		return nil
	}
	if s.columns == nil {
		var err error
		s.columns, err = columnsOf(cells, s.t)
		return err
	}
	if s.n++; s.n > MaxRows {
		return unreadable("文件超过 %d 行", "the file has more than %d rows", MaxRows)
	}
	r := &row{line: number, faults: s.formula[number]}
	delete(s.formula, number)
	for i, c := range cells {
		if i >= len(s.columns) {
			if c != "" {
				r.faults = append(r.faults, &Fault{table.Letter(i), clip(c), text.Text{Zh: "该列没有标题", En: "the column has no heading"}, text.Text{Zh: "请删除或加标题", En: "Remove it or give it a heading"}})
			}
			continue
		}
		if c == "" {
			continue
		}
		if !utf8.ValidString(c) || strings.ContainsRune(c, 0) {
			r.faults = append(r.faults, &Fault{s.columns[i].heading, clip(c), text.Text{Zh: "无法识别的编码", En: "the encoding is not understood"}, text.Text{Zh: "请存为 UTF-8", En: "Save it as UTF-8"}})
			continue
		}
		switch col := &s.columns[i]; col.is {
		case identifier:
			r.name = handle.Name(c)
		case suffix:
			r.name = handle.Name(s.prefix + "/" + c)
		case value:
			r.values = append(r.values, plain(col.index, col.kind, c, col.item))
		}
	}
	return s.do(r)
}

// plain is a value with everything as usual.
func plain(index uint32, kind, data string, it *TemplateItem) handle.Value {
	v := handle.Value{Index: index, Type: kind, Data: []byte(data), TTL: handle.DefaultTTL, Permissions: handle.DefaultPermissions}
	if it != nil && it.Private {
		v.Permissions = handle.AdminRead | handle.AdminWrite
	}
	return v
}

// readCSV reads UTF-8, or GB18030 where the beginning is no UTF-8, with comma, semicolon or tab.
func readCSV(in io.Reader, prefix string, t *Template, do func(*row) error) error {
	b := bufio.NewReaderSize(in, 64<<10)
	head, err := b.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	text := head
	for n := 0; n < 3 && !utf8.Valid(text) && len(text) > 0 && len(head) == 32<<10; n++ {
		text = text[:len(text)-1] // a character may have been cut
	}
	var r io.Reader = b
	if !utf8.Valid(text) {
		r = transform.NewReader(b, simplifiedchinese.GB18030.NewDecoder())
	} else if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3) // it was seen
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.ReuseRecord = -1, true
	for _, sign := range []rune{';', '\t'} {
		if bytes.Count(line, []byte(string(sign))) > bytes.Count(line, []byte(string(c.Comma))) {
			c.Comma = sign
		}
	}
	sink := &sheetRows{prefix: prefix, t: t, do: do}
	for {
		cells, err := c.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if sink.columns == nil {
				return unreadable("文件是空的", "the file is empty")
			}
			return nil
		case errors.As(err, &wrong):
			return unreadable("第 %d 行的引号不成对", "line %d: a quote is not closed, or stands inside a cell without quotes", wrong.StartLine)
		case err != nil:
			return err
		}
		if len(cells) > maxCells {
			return unreadable("列数超过 %d", "there are more than %d columns", maxCells)
		}
		number, _ := c.FieldPos(0)
		for i := range cells {
			cells[i] = undressed(cells[i])
		}
		if err := sink.Add(number, cells); err != nil {
			return err
		}
	}
}

// undressed takes away the quote that keeps a spreadsheet from taking a text for a formula (table.Dress).
func undressed(s string) string {
	if len(s) > 1 && s[0] == '\'' && table.Dress(s[1:]) == s {
		return s[1:]
	}
	return s
}

// lineRow is a row of NDJSON.
type lineRow struct {
	Identifier string            `json:"identifier"`
	Suffix     string            `json:"suffix"`
	Items      map[string]string `json:"items"`
	Values     []struct {
		Index uint32 `json:"index"`
		Type  string `json:"type"`
		Data  string `json:"data"`
	} `json:"values"`
}

func readLines(in io.Reader, prefix string, t *Template, do func(*row) error) error {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for line := 1; s.Scan(); line++ {
		if len(bytes.TrimSpace(s.Bytes())) == 0 {
			continue
		}
		if n++; n > MaxRows {
			return unreadable("文件超过 %d 行", "the file has more than %d rows", MaxRows)
		}
		if err := do(lineOf(line, s.Bytes(), prefix, t)); err != nil {
			return err
		}
	}
	if errors.Is(s.Err(), bufio.ErrTooLong) {
		return unreadable("一行超过 %d 字节", "a line has more than %d bytes", maxLine)
	}
	if n == 0 && s.Err() == nil {
		return unreadable("文件是空的", "the file is empty")
	}
	return s.Err()
}

func lineOf(line int, raw []byte, prefix string, t *Template) *row {
	r := &row{line: line}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var v lineRow
	err := d.Decode(&v)
	if err == nil && d.More() {
		err = errors.New("more follows")
	}
	if err != nil {
		r.faults = append(r.faults, &Fault{"", clip(string(raw)), text.Text{Zh: "不是约定的 JSON 对象", En: fmt.Sprintf("is not the JSON object that is expected: %s", err)},
			text.Text{Zh: `请给出 {"identifier":…,"items":{…}}`, En: `Give {"identifier":…,"items":{…}}`}})
		return r
	}
	r.name = handle.Name(v.Identifier)
	if v.Identifier == "" && v.Suffix != "" {
		r.name = handle.Name(prefix + "/" + v.Suffix)
	}
	for _, x := range v.Values {
		r.values = append(r.values, plain(x.Index, x.Type, x.Data, nil))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Items)) {
		data := v.Items[name]
		var it *TemplateItem
		if t != nil {
			it = t.labelled(name)
		}
		if it == nil {
			r.faults = append(r.faults, &Fault{clip(name), clip(data), text.Text{Zh: "模板中没有该属性", En: "the template has no such item"}, text.Text{Zh: "请按模板填写", En: "Follow the template"}})
			continue
		}
		r.values = append(r.values, plain(it.Index, it.Name, data, it))
	}
	return r
}
