package print

import "jingwei/internal/kernel/table"

// Workbook writes the first table of a document as a workbook or CSV; what else the document says in words goes to the workbook's notes.
// Error: a document without a table.
func Workbook(d *Document, f table.Format) ([]byte, error) {
	out := table.Out{Name: "1"}
	found := false
	out.Notes = append(out.Notes, d.Title)
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case Table:
			if found {
				continue
			}
			found = true
			if b.Name != "" {
				out.Name = b.Name
			}
			for _, c := range b.Columns {
				out.Heading = append(out.Heading, c.Name)
			}
			out.Rows = b.Rows
		case Paragraph:
			out.Notes = append(out.Notes, b.Text)
		case Pairs:
			for _, p := range b {
				out.Notes = append(out.Notes, p.Name+": "+p.Value)
			}
		}
	}
	if !found {
		return nil, table.Unreadable("文件里没有表格", "the document has no table")
	}
	return table.Write(f, out)
}
