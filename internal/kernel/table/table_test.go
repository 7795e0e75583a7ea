package table

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

var sample = Out{Name: "企业", Heading: []string{"名称", "代码", "金额", "备注"}, Lists: [][]string{nil, {"A", "B"}},
	Rows: [][]string{{"甲, 乙\"公司", "0101", "-12.50", "=1+1"}, {"", "'x", "", "+86 20"}}, Notes: []string{"note"}}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	for _, f := range []Format{CSV, XLSX} {
		data, err := Write(f, sample)
		if err != nil {
			t.Fatal(err)
		}
		if Guess(data) != f {
			t.Errorf("%s is taken for %s", f, Guess(data))
		}
		sheets, err := Read(f, data)
		if err != nil || len(sheets) != 1 || len(sheets[0].Faults) != 0 {
			t.Fatalf("%s: %+v, %v", f, sheets, err)
		}
		s := sheets[0]
		if !reflect.DeepEqual(s.Heading, sample.Heading) || s.Row != 1 || len(s.Rows) != 2 {
			t.Fatalf("%s: %+v", f, s)
		}
		for i, want := range sample.Rows {
			for j, c := range want {
				if got := s.Rows[i].Cell(j); got != c || s.Rows[i].Number != i+2 {
					t.Errorf("%s: row %d column %d: %q, want %q", f, s.Rows[i].Number, j, got, c)
				}
			}
		}
	}
}

func TestCellsThatCannotBeTakenAreToldByTheirPlace(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	for cell, v := range map[string]any{"A1": "a", "B1": "b", "A3": 1, "B3": 2} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetCellFormula("Sheet1", "B3", "A3*2"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		f     Format
		data  string
		code  string
		place string
	}{{XLSX, b.String(), "formula", "B3"}, {CSV, "a,b\n\x01,2\n", "characters", "A2"}} {
		s, err := Read(c.f, []byte(c.data))
		if err != nil || len(s[0].Faults) != 1 || s[0].Faults[0].Code != c.code || Place(s[0].Faults[0].Column, s[0].Faults[0].Row) != c.place {
			t.Errorf("%s: %+v, %v", c.f, s, err)
		}
	}
}

func TestCSVOfChineseSpreadsheets(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte("名称;数\r\n\r\n广东;1\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Read(CSV, gb)
	if err != nil || s[0].Heading[0] != "名称" || s[0].Rows[0].Cell(0) != "广东" || s[0].Rows[0].Number != 3 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestUnreadableFilesSayWhy(t *testing.T) {
	for name, c := range map[string]struct {
		f    Format
		data string
		says string
	}{
		"empty":     {CSV, " \n", "empty"},
		"quote":     {CSV, "a,b\n\"x,1\n", "quote"},
		"not a zip": {XLSX, "hello", "not an XLSX"},
		"format":    {"ods", "x", "no format"},
		"columns":   {CSV, strings.Repeat("a,", 300) + "\n", "columns"},
	} {
		_, err := Read(c.f, []byte(c.data))
		var mine *Error
		if !errors.As(err, &mine) || !strings.Contains(mine.Text.En, c.says) || mine.Text.Zh == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLetters(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 701: "ZZ", 702: "AAA"} {
		if got := Letter(i); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	x, err := Write(XLSX, sample)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x, true)
	f.Add([]byte("a,b\n1,2\n"), false)
	f.Add([]byte("\xff\xfea\x00,\x00"), false)
	f.Fuzz(func(t *testing.T, data []byte, book bool) {
		format := CSV
		if book {
			format = XLSX
		}
		sheets, err := Read(format, data)
		if err == nil && len(sheets) == 0 {
			t.Error("neither a sheet nor an error")
		}
		for _, s := range sheets {
			for _, r := range s.Rows {
				if r.Number <= s.Row {
					t.Errorf("row %d below the heading in %d", r.Number, s.Row)
				}
			}
		}
	})
}
