package match

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// MaxImport is how many needs one file may hold.
const MaxImport = 2000

// Import is a spreadsheet of needs.
type Import struct {
	Org    uuid.UUID
	Format table.Format // "": found out
	Data   []byte
	DryRun bool
}

// ImportedNeeds tells what was done, or would be. With faults nothing is done.
type ImportedNeeds struct {
	Applied bool        `json:"applied"`
	DryRun  bool        `json:"dryRun"`
	Rows    int         `json:"rows"`
	Faults  []NeedFault `json:"faults" nullable:"false" doc:"The first 1000"`
	More    int         `json:"more,omitempty"`
}

// NeedFault is one thing wrong with a file, with its place.
type NeedFault struct {
	Sheet   string    `json:"sheet,omitempty"`
	Row     int       `json:"row"`
	Cell    string    `json:"cell,omitempty" doc:"Such as C731"`
	Column  string    `json:"column,omitempty"`
	Value   string    `json:"value,omitempty"`
	Code    string    `json:"code"`
	Message text.Text `json:"message"`
	Mend    text.Text `json:"mend"`
}

func (i *ImportedNeeds) bad(f NeedFault) {
	if len(i.Faults) == 1000 {
		i.More++
		return
	}
	i.Faults = append(i.Faults, f)
}

type column struct {
	key  string
	name text.Text
	help text.Text
	set  func(b *Brief, cell string) bool // false: not readable
}

func put(to func(b *Brief) *string) func(*Brief, string) bool {
	return func(b *Brief, cell string) bool { *to(b) = cell; return true }
}

func split(s string) []string {
	return tidied(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(";；、,，", r) }))
}

// yuan reads an amount in yuan with at most two places, exactly.
func yuan(s string) (*int64, bool) {
	s = strings.ReplaceAll(s, ",", "")
	whole, places, _ := strings.Cut(s, ".")
	if len(places) > 2 || whole == "" {
		return nil, false
	}
	n, err := strconv.ParseInt(whole+(places + "00")[:2], 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(s, "+") {
		return nil, false
	}
	return &n, true
}

var visibilityNames = map[Visibility]text.Text{VisiblePublic: {Zh: "公开", En: "public"}, VisibleMatched: {Zh: "匹配可见", En: "matched"}, VisiblePrivate: {Zh: "不公开", En: "private"}}

func (s *Service) columns() []column {
	money := func(to func(b *Brief) **int64) func(*Brief, string) bool {
		return func(b *Brief, cell string) bool {
			if cell == "" {
				return true
			}
			n, ok := yuan(cell)
			*to(b) = n
			return ok
		}
	}
	return []column{
		{"kind", text.Text{Zh: "需求类别", En: "Kind"}, text.Text{Zh: "必填；类别名称或代码", En: "required; the name or id of a kind"}, func(b *Brief, cell string) bool {
			b.Kind = cell
			for _, k := range s.kinds.all {
				if plain(k.Name.Zh) == plain(cell) || plain(k.Name.En) == plain(cell) {
					b.Kind = k.ID
				}
			}
			return true
		}},
		{"title", text.Text{Zh: "标题", En: "Title"}, text.Text{Zh: "必填", En: "required"}, put(func(b *Brief) *string { return &b.Title })},
		{"words", text.Text{Zh: "说明", En: "Words"}, text.Text{}, put(func(b *Brief) *string { return &b.Words })},
		{"industry", text.Text{Zh: "行业代码", En: "Industry code"}, text.Text{Zh: "GB/T 4754；不填取本企业的", En: "GB/T 4754; the enterprise's where it is empty"}, put(func(b *Brief) *string { return &b.Industry })},
		{"region", text.Text{Zh: "行政区划", En: "Region"}, text.Text{Zh: "GB/T 2260；不填取本企业的", En: "GB/T 2260; the enterprise's where it is empty"}, put(func(b *Brief) *string { return &b.Region })},
		{"budgetFrom", text.Text{Zh: "预算下限（元）", En: "Budget from (yuan)"}, text.Text{}, money(func(b *Brief) **int64 { return &b.BudgetFrom })},
		{"budgetTo", text.Text{Zh: "预算上限（元）", En: "Budget up to (yuan)"}, text.Text{}, money(func(b *Brief) **int64 { return &b.BudgetTo })},
		{"protocols", text.Text{Zh: "协议与设备", En: "Protocols and equipment"}, text.Text{Zh: "以 ; 分隔", En: "separated by ;"}, func(b *Brief, cell string) bool { b.Protocols = split(cell); return true }},
		{"deadline", text.Text{Zh: "截止日期", En: "Deadline"}, text.Text{Zh: "如 2026-12-31", En: "such as 2026-12-31"}, put(func(b *Brief) *string { return &b.Deadline })},
		{"visibility", text.Text{Zh: "公开范围", En: "Visibility"}, text.Text{Zh: "公开、匹配可见、不公开；不填为匹配可见", En: "public, matched, private; matched where it is empty"}, func(b *Brief, cell string) bool {
			b.Visibility = Visibility(cell)
			for v, n := range visibilityNames {
				if cell == n.Zh {
					b.Visibility = v
				}
			}
			return true
		}},
	}
}

// ImportNeeds takes a spreadsheet of needs of an organisation: whole or not at all. Errors: ErrFile, ErrRows.
func (s *Service) ImportNeeds(ctx context.Context, i Import) (*ImportedNeeds, error) {
	scope, err := auth.Allow(ctx, auth.Operate, i.Org)
	if err != nil {
		return nil, err
	}
	out := &ImportedNeeds{DryRun: i.DryRun, Faults: []NeedFault{}}
	party, err := s.partyOf(ctx, i.Org)
	if err != nil {
		return nil, err
	}
	briefs, err := s.readNeeds(&i, party, out)
	if err != nil {
		return nil, err
	}
	if out.Rows > MaxImport {
		return nil, ErrRows.At("body", out.Rows).With("max", MaxImport)
	}
	if i.DryRun || len(out.Faults) > 0 || len(briefs) == 0 {
		return out, nil
	}
	if _, err := s.file(ctx, scope, i.Org, briefs); err != nil {
		return nil, err
	}
	out.Applied = true
	return out, nil
}

func (s *Service) readNeeds(i *Import, party Party, out *ImportedNeeds) ([]Brief, error) {
	format := i.Format
	if format == "" {
		format = table.Guess(i.Data)
	}
	sheets, err := table.Read(format, i.Data)
	var unreadable *table.Error
	if errors.As(err, &unreadable) {
		return nil, ErrFile.With("reason", unreadable.Text)
	} else if err != nil {
		return nil, err
	}
	var briefs []Brief
	columns := s.columns()
	for n := range sheets {
		sheet := &sheets[n]
		for _, f := range sheet.Faults {
			out.bad(NeedFault{Sheet: f.Sheet, Row: f.Row, Cell: table.Place(f.Column, f.Row), Value: f.Value, Code: "cell-" + f.Code, Message: f.Text, Mend: f.Mend})
		}
		at := make([]int, len(columns))
		for c, col := range columns {
			at[c] = slices.IndexFunc(sheet.Heading, func(h string) bool {
				return plain(h) == plain(col.name.Zh) || plain(h) == plain(col.name.En) || strings.EqualFold(strings.TrimSpace(h), col.key)
			})
		}
		for _, c := range []int{0, 1} {
			if at[c] < 0 {
				col := columns[c]
				out.bad(NeedFault{Sheet: sheet.Name, Row: sheet.Row, Column: col.key, Code: "column-missing",
					Message: text.Text{Zh: "缺少“" + col.name.Zh + "”列", En: "the column " + col.name.En + " is missing"}, Mend: text.Text{Zh: "请使用模板", En: "Use the template"}})
			}
		}
		for r := range sheet.Rows {
			out.Rows++
			if row := &sheet.Rows[r]; at[0] >= 0 && at[1] >= 0 {
				briefs = append(briefs, s.readRow(sheet.Name, row, columns, at, party, out))
			}
		}
	}
	return briefs, nil
}

func (s *Service) readRow(sheet string, row *table.Row, columns []column, at []int, party Party, out *ImportedNeeds) (b Brief) {
	place := func(key string) (cell, value string) {
		for c, col := range columns {
			if col.key == key && at[c] >= 0 {
				return table.Place(at[c], row.Number), row.Cell(at[c])
			}
		}
		return "", ""
	}
	for c, col := range columns {
		if at[c] < 0 || col.set(&b, row.Cell(at[c])) {
			continue
		}
		cell, value := place(col.key)
		message, mend := s.worded(ErrAmount.At("body."+col.key, value))
		out.bad(NeedFault{Sheet: sheet, Row: row.Number, Cell: cell, Column: col.key, Value: value, Code: ErrAmount.Code(), Message: message, Mend: mend})
	}
	fill(&b, party)
	for _, wrong := range b.check(s.kinds, s.today(), "body.") {
		key := strings.TrimPrefix(wrong.Location(), "body.")
		cell, value := place(key)
		message, mend := s.worded(wrong)
		out.bad(NeedFault{Sheet: sheet, Row: row.Number, Cell: cell, Column: key, Value: value, Code: wrong.Kind().Code(), Message: message, Mend: mend})
	}
	return b
}

// worded is what a problem says at its place, in both languages.
func (s *Service) worded(e *problem.Error) (message, mend text.Text) {
	zh, en := s.words.Document(e, problem.Chinese).Errors[0], s.words.Document(e, problem.English).Errors[0]
	return text.Text{Zh: zh.Message, En: en.Message}, text.Text{Zh: zh.Mend, En: en.Mend}
}

// NeedsTemplate is an empty file to be filled in.
func (s *Service) NeedsTemplate(f table.Format, lang string) ([]byte, error) {
	out := table.Out{Name: text.Text{Zh: "需求", En: "Needs"}.In(lang), Notes: []string{text.Text{Zh: "每行一项需求；有一行出错则全部不导入。", En: "One need a row. With one wrong row nothing is taken."}.In(lang)}}
	for _, c := range s.columns() {
		var list []string
		switch c.key {
		case "kind":
			for _, k := range s.kinds.all {
				list = append(list, k.Name.In(lang))
			}
		case "visibility":
			for _, v := range visibilities {
				list = append(list, visibilityNames[v].In(lang))
			}
		}
		out.Heading, out.Lists = append(out.Heading, c.name.In(lang)), append(out.Lists, list)
		out.Notes = append(out.Notes, strings.TrimSuffix(fmt.Sprintf("%s — %s", c.name.In(lang), c.help.In(lang)), " — "))
	}
	return table.Write(f, out)
}
