package plant_test

import (
	"bytes"
	"testing"

	"github.com/xuri/excelize/v2"
)

// editCell changes a cell of a workbook as a spreadsheet program would: by opening, editing and saving it.
func editCell(t *testing.T, data []byte, sheet, cell, value string) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.SetCellStr(sheet, cell, value); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
