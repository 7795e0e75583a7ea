package reading

import (
	"io"
	"math"
	"time"

	"github.com/xuri/excelize/v2"

	"jingwei/internal/telemetry"
)

// xlsxFile writes samples as a workbook with one sheet. Numbers are numbers, as far as a spreadsheet has them: times are
// dates in UTC to the millisecond, integers beyond 2^53 and NaN and infinities are texts. The rows lie in a temporary file
// until the last one is known, so that what cannot be a sheet is refused before anything is sent; the library packs them in
// memory, some 50 bytes of a row.
type xlsxFile struct {
	to      io.Writer
	book    *excelize.File
	sheet   *excelize.StreamWriter
	columns []exportColumn
	names   statusNames
	x       exported
	cells   []any
	rows    int
	limits  Limits
	text    int64 // bytes of texts so far
	instant int   // style
}

const (
	xlsxSheet = "samples"
	xlsxText  = excelize.TotalCellChars // characters (UTF-16 units) of one cell
)

func newXLSX(w io.Writer, columns []exportColumn, limits Limits) (*xlsxFile, error) {
	f := &xlsxFile{to: w, book: excelize.NewFile(), columns: columns, names: statusNames{}, limits: limits, cells: make([]any, len(columns))}
	if err := f.open(); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *xlsxFile) open() (err error) {
	if err := f.book.SetSheetName("Sheet1", xlsxSheet); err != nil {
		return err
	}
	form := "yyyy-mm-dd hh:mm:ss.000"
	if f.instant, err = f.book.NewStyle(&excelize.Style{CustomNumFmt: &form}); err != nil {
		return err
	}
	bold, err := f.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	if f.sheet, err = f.book.NewStreamWriter(xlsxSheet); err != nil {
		return err
	}
	if err := f.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(f.columns))
	for i, c := range f.columns {
		width := 14.0
		switch c {
		case colSeries:
			width = 38
		case colName, colTime, colGatewayTime, colStatusName:
			width = 24
		}
		if err := f.sheet.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
		head[i] = excelize.Cell{StyleID: bold, Value: string(c)}
	}
	return f.sheet.SetRow("A1", head)
}

// close removes the temporary file.
func (f *xlsxFile) close() { _ = f.book.Close() }

func (f *xlsxFile) begin(x exported) error {
	f.x = x
	return nil
}

func (f *xlsxFile) run(r *telemetry.Run) error {
	for i, t := range r.Time {
		if f.rows == f.limits.SheetRows || f.text > f.limits.SheetText {
			return ErrSheet.At("query.format", "xlsx").With("max", f.limits.SheetRows).With("megabytes", f.limits.SheetText>>20)
		}
		f.rows++
		for k, c := range f.columns {
			v, err := f.cell(c, r, i, t)
			if err != nil {
				return err
			}
			f.cells[k] = v
		}
		at, err := excelize.CoordinatesToCellName(1, f.rows+1)
		if err != nil {
			return err
		}
		if err := f.sheet.SetRow(at, f.cells); err != nil {
			return err
		}
	}
	return nil
}

func (f *xlsxFile) cell(c exportColumn, r *telemetry.Run, i int, t int64) (any, error) {
	switch c {
	case colSeries:
		return f.x.id.String(), nil
	case colName:
		return f.x.name, nil
	case colTime:
		return excelize.Cell{StyleID: f.instant, Value: serial(t)}, nil
	case colGatewayTime:
		return excelize.Cell{StyleID: f.instant, Value: serial(r.Gateway[i])}, nil
	case colValue:
		return f.value(r, i)
	case colStatus:
		return r.Status[i], nil
	case colStatusName:
		return f.names.of(r.Status[i]), nil
	case colFlags:
		return string(appendFlags(nil, telemetry.Flags(r.Flags[i]))), nil
	case colOrigin:
		return originName(r.Origin[i]), nil
	case colRevision:
		return r.Revision[i], nil
	case colCommit:
		return exact(r.Commit[i]), nil
	}
	return r.Superseded != nil && r.Superseded[i], nil
}

func (f *xlsxFile) value(r *telemetry.Run, i int) (any, error) {
	if telemetry.Flags(r.Flags[i])&telemetry.NoValue != 0 {
		return nil, nil
	}
	switch r.Type {
	case telemetry.String:
		s := r.Text[i]
		f.text += int64(len(s))
		units := 0
		if len(s) > xlsxText {
			for _, c := range s {
				units++
				if c > 0xFFFF {
					units++
				}
			}
		}
		if units > xlsxText {
			return nil, ErrCell.At("query.format", "xlsx").With("series", f.x.id.String()).With("time", instant(r.Time[i])).With("max", xlsxText)
		}
		return s, nil
	case telemetry.Int64:
		return exact(int64(r.Bits[i])), nil
	case telemetry.Bool:
		return r.Bits[i] != 0, nil
	}
	x := math.Float64frombits(r.Bits[i])
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return string(appendNumber(nil, r.Type, r.Bits[i])), nil
	}
	return x, nil
}

// exact is a number, or a text where a spreadsheet's numbers would not hold it.
func exact(n int64) any {
	if n > 1<<53 || n < -1<<53 {
		return string(appendNumber(nil, telemetry.Int64, uint64(n)))
	}
	return n
}

// serial is a time as a spreadsheet counts: days since 1899-12-30, in UTC.
func serial(ns int64) float64 {
	const unixEpoch = 25569
	day := int64(24 * time.Hour)
	return float64(unixEpoch+ns/day) + float64(ns%day)/float64(day)
}

func (f *xlsxFile) end() error {
	if err := f.sheet.Flush(); err != nil {
		return err
	}
	return f.book.Write(f.to)
}
