package table

import (
	"bytes"
	"fmt"

	"github.com/xuri/excelize/v2"
)

const (
	notesSheet = "说明 Notes"
	listsSheet = "Lists" // hidden: what the drop-down lists offer
	listedRows = 20_000  // how far down the lists of a workbook reach
)

func writeXLSX(t Out) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	name := t.Name
	if name == "" {
		name = "Sheet1"
	}
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return nil, err
	}
	if err := lists(f, name, t); err != nil {
		return nil, err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EEF7"}}})
	if err != nil {
		return nil, err
	}
	// Text format keeps a spreadsheet from turning a code such as 0101 into a number when somebody types it.
	plain, err := f.NewStyle(&excelize.Style{NumFmt: 49})
	if err != nil {
		return nil, err
	}
	for i, h := range t.Heading {
		if err := w.SetColWidth(i+1, i+1, float64(min(40, 12+len([]rune(h))))); err != nil {
			return nil, err
		}
		if err := w.SetColStyle(i+1, i+1, plain); err != nil {
			return nil, err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	row := func(number, style int, cells []string) error {
		out := make([]any, len(cells))
		for i, c := range cells {
			if c != "" {
				out[i] = excelize.Cell{StyleID: style, Value: c}
			}
		}
		return w.SetRow(fmt.Sprintf("A%d", number), out)
	}
	if err := row(1, bold, t.Heading); err != nil {
		return nil, err
	}
	for i, cells := range t.Rows {
		if err := row(i+2, plain, cells); err != nil {
			return nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	if len(t.Notes) > 0 {
		if _, err := f.NewSheet(notesSheet); err != nil {
			return nil, err
		}
		for i, line := range t.Notes {
			if err := f.SetCellStr(notesSheet, fmt.Sprintf("A%d", i+1), line); err != nil {
				return nil, err
			}
		}
		if err := f.SetColWidth(notesSheet, "A", "A", 110); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// lists gives columns their drop-down lists.
func lists(f *excelize.File, sheet string, t Out) error {
	made := false
	for i, values := range t.Lists {
		if len(values) == 0 {
			continue
		}
		if !made {
			if _, err := f.NewSheet(listsSheet); err != nil {
				return err
			}
			made = true
		}
		column := Letter(i)
		for j, v := range values {
			if err := f.SetCellStr(listsSheet, fmt.Sprintf("%s%d", column, j+1), v); err != nil {
				return err
			}
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s2:%s%d", column, column, listedRows)
		v.SetSqrefDropList(fmt.Sprintf("%s!$%s$1:$%s$%d", listsSheet, column, column, len(values)))
		v.ShowErrorMessage = false // the import tells, in both languages
		if err := f.AddDataValidation(sheet, v); err != nil {
			return err
		}
	}
	if made {
		return f.SetSheetVisible(listsSheet, false)
	}
	return nil
}
