package field

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// plain is a heading or a word without what people write differently: case, blanks, full-width letters.
func plain(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return width.LookupRune(r).Folded() != 0 }) {
		s = width.Fold.String(s)
	}
	return strings.ToLower(strings.Join(strings.Fields(s), ""))
}

// Heading is what stands above a field's column. Money is written in yuan there, as people count.
func (f *Field) Heading(lang string) string {
	name := f.Name.In(lang)
	unit := f.Unit
	if f.Type == Money {
		unit = map[bool]string{true: "元", false: "CNY"}[strings.HasPrefix(lang, "zh")]
	}
	if unit == "" || unit == "1" {
		return name
	}
	if strings.HasPrefix(lang, "zh") {
		return name + "（" + unit + "）"
	}
	return name + " (" + unit + ")"
}

// Named finds the field that a heading names: its key, its name in either language, with or without its unit.
func (s Schema) Named(heading string) *Field {
	h := plain(heading)
	for i := range s {
		f := &s[i]
		words := []string{f.Key, f.Name.Zh, f.Name.En, f.Heading("zh"), f.Heading("en")}
		if f.Unit == "" && f.Type != Money { // its headings are its names
			words = words[:3]
		}
		for _, w := range words {
			if plain(w) == h {
				return f
			}
		}
	}
	return nil
}

// Cell writes a canonical value as a cell that Given reads again.
func (f *Field) Cell(v any, lang string) string {
	switch f.Type {
	case Money:
		if n, ok := v.(int64); ok {
			return strings.TrimSuffix(FormatUnits(n, 2), ".00")
		}
	case Boolean:
		if b, ok := v.(bool); ok {
			return words[b][lang != "en"]
		}
	case Choice:
		for _, o := range f.Options {
			if o.ID == v {
				return o.Name.In(lang)
			}
		}
	case List:
		items, _ := v.([]Record)
		parts := make([]string, len(items))
		for i, item := range items {
			cells := make([]string, len(f.Fields))
			for j := range f.Fields {
				if x, ok := item[f.Fields[j].Key]; ok {
					cells[j] = escape.Replace(f.Fields[j].Cell(x, lang))
				}
			}
			parts[i] = strings.TrimRight(strings.Join(cells, "|"), "|")
		}
		return strings.Join(parts, "; ")
	}
	if v == nil {
		return ""
	}
	return shown(v)
}

var words = map[bool]map[bool]string{true: {true: "是", false: "yes"}, false: {true: "否", false: "no"}}

var escape = strings.NewReplacer(`\`, `\\`, ";", `\;`, "|", `\|`)

// Given reads a cell into a value as JSON would have it, so that Read checks it: money from yuan, choices and booleans from
// their names, dates as spreadsheets keep them. What it does not understand stays as it is written, and Read tells.
func (f *Field) Given(cell string) any {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return nil
	}
	switch f.Type {
	case Integer, Decimal:
		return number(ungroup(cell))
	case Money:
		return yuan(ungroup(cell))
	case Boolean:
		switch plain(cell) {
		case "是", "yes", "y", "true", "1", "✓", "有":
			return true
		case "否", "no", "n", "false", "0", "无":
			return false
		}
	case Choice:
		for _, o := range f.Options {
			if p := plain(cell); p == plain(o.ID) || p == plain(o.Name.Zh) || p == plain(o.Name.En) {
				return o.ID
			}
		}
	case Date:
		return date(cell)
	case List:
		items := []any{}
		for _, part := range split(cell, ';') {
			if strings.TrimSpace(part) == "" {
				continue
			}
			item := map[string]any{}
			for i, c := range split(part, '|') {
				if i >= len(f.Fields) {
					item["column "+strconv.Itoa(i+1)] = c // too many parts: told as a field that is not there
					continue
				}
				if v := f.Fields[i].Given(unescape(c)); v != nil {
					item[f.Fields[i].Key] = v
				}
			}
			items = append(items, item)
		}
		return items
	}
	return cell
}

// yuan is money as a cell has it.
type yuan string

// ReadCells reads a record from what Given made of the cells of a row.
func (s Schema) ReadCells(given map[string]any) (Record, []*Fault) { return s.read("", given) }

var groups = regexp.MustCompile(`^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)

// ungroup takes away the commas between thousands, where they stand between thousands.
func ungroup(s string) string {
	s = width.Narrow.String(s)
	if groups.MatchString(s) {
		return strings.ReplaceAll(s, ",", "")
	}
	return s
}

var dateForms = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102", "2006-1-2 15:04:05", "2006/1/2 15:04:05"}

// date reads what people and spreadsheets write for a day. A spreadsheet keeps a day as a number counted from 1899-12-30
// (ECMA-376 part 1, 18.17.4.1).
func date(s string) any {
	if n, err := strconv.Atoi(s); err == nil && n > 366 && n < 109_575 && len(s) <= 6 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n).Format(time.DateOnly)
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return s
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
