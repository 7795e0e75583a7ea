package sheet

import (
	"bytes"
	"encoding/csv"

	"jingwei/internal/kernel/table"
)

// numeric columns hold numbers, whose sign is no formula's.
func numeric(c Column) bool { return c == Scale || c == Offset }

func writeCSV(items []Item, lang string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff") // Excel takes a CSV without it for the machine's own code page
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	record := make([]string, columns)
	for c := range columns {
		record[c] = c.Heading(lang)
	}
	if err := w.Write(record); err != nil {
		return nil, err
	}
	err := eachRow(items, lang, func(_ *Item, cells *[columns]string) error {
		for c, s := range cells {
			if record[c] = s; !numeric(Column(c)) {
				record[c] = table.Dress(s)
			}
		}
		return w.Write(record)
	})
	if err != nil {
		return nil, err
	}
	w.Flush()
	return b.Bytes(), w.Error()
}
