package field

import (
	"slices"
	"strings"

	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// Column is one that a room's files have besides the fields of a pack.
type Column struct {
	Key  string
	Name text.Text
}

// Columns finds out which columns of a sheet are the room's own and which the fields, by key or by name in either language: -1 for
// those that it has not. What people keep for themselves in a column called Remark (备注) is nobody's. bad is told of headings that
// are none, or that come twice, with the codes "column-unknown" and "column-twice".
func (f Schema) Columns(own []Column, s *table.Sheet, bad func(table.Fault)) (ownAt, fieldAt []int) {
	ownAt, fieldAt = slices.Repeat([]int{-1}, len(own)), slices.Repeat([]int{-1}, len(f))
	for i, h := range s.Heading {
		told := func(code, zh, en, mendZh, mendEn string) {
			bad(table.Fault{Sheet: s.Name, Row: s.Row, Column: i, Value: h, Code: code, Text: text.Text{Zh: zh, En: en}, Mend: text.Text{Zh: mendZh, En: mendEn}})
		}
		var to *int
		if j := slices.IndexFunc(own, func(c Column) bool { return slices.Contains([]string{c.Key, c.Name.Zh, c.Name.En}, h) }); j >= 0 {
			to = &ownAt[j]
		} else if named := f.Named(h); named != nil {
			to = &fieldAt[slices.IndexFunc(f, func(x Field) bool { return x.Key == named.Key })]
		}
		switch {
		case h == "" || h == "备注" || strings.EqualFold(h, "remark"):
		case to == nil:
			told("column-unknown", "没有这一列", "there is no such column", "请使用模板的列名；自用的列请命名为“备注”", "Use the headings of the template; call a column of your own Remark")
		case *to >= 0:
			told("column-twice", "这一列出现了两次", "this column is there twice", "请删去一列", "Delete one of them")
		default:
			*to = i
		}
	}
	return ownAt, fieldAt
}
