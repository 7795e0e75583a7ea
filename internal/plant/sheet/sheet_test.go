package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// small is a plant with what is awkward to write.
func small() []Item {
	point := &template.Point{Key: "x.position", Name: text.Text{Zh: "=位置", En: "-Position"}, Type: "float64", Unit: "%", Address: "@a", Encoding: "i16",
		Scale: 0.1, Offset: -40, Every: template.Duration(90 * time.Second), Report: "onChange", MaxSilence: template.Duration(time.Hour)}
	state := &template.Point{Key: "state", Name: text.Text{En: "State"}, Type: "int64", Unit: "1", Address: "holding:1", Encoding: "u16", Every: template.Duration(time.Second), Report: "periodic",
		MaxSilence: template.Duration(30 * time.Second), Values: []template.Value{{Value: -1, Name: text.Text{Zh: "停;机=|", En: `a\b`}}, {Value: 7, Name: text.Text{En: "On"}}}}
	return []Item{
		{Parent: -1, Level: "site", ID: "s", Name: text.Text{Zh: "一厂", En: "Plant 1"}},
		{Parent: 0, Level: "machine", ID: "m", Name: text.Text{Zh: "'=铣床"}, Class: "large-machine"},
		{Parent: 1, Level: "point", ID: "p", Name: point.Name, Point: point},
		{Parent: 1, Level: "point", ID: "q", Name: state.Name, Point: state},
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, f := range []Format{YAML, CSV, XLSX} {
		for _, lang := range []string{"zh", "en"} {
			data, err := Write(f, small(), lang, Lists{Classes: []Choice{{ID: "large-machine"}}})
			if err != nil {
				t.Fatal(err)
			}
			if Guess(data) != f {
				t.Errorf("%s is taken for %s", f, Guess(data))
			}
			rows, faults, err := Read(f, data)
			if err != nil || len(faults) > 0 || len(rows) != 4 {
				t.Fatalf("%s: %d rows, %v, %v\n%s", f, len(rows), faults, err, data)
			}
			if m := rows[1]; m.Level != "machine" || m.Get(NameZh) != "'=铣床" || m.Get(Class) != "large-machine" || m.Get(ID) != "m" || m.Get(Site) == "" {
				t.Errorf("%s: %+v", f, m)
			}
			for i, want := range []*template.Point{small()[2].Point, small()[3].Point} {
				got, faults := rows[2+i].Setup(template.Point{})
				if len(faults) > 0 || got.Key != want.Key || got.Name != want.Name || got.Scale != want.Scale || got.Offset != want.Offset || got.Every != want.Every || got.MaxSilence != want.MaxSilence ||
					got.Address != want.Address || got.Unit != want.Unit || got.Report != want.Report || len(got.Values) != len(want.Values) || len(got.Values) > 0 && got.Values[0].Name != want.Values[0].Name {
					t.Errorf("%s: %+v, %v", f, got, faults)
				}
			}
		}
	}
}

// No cell of an exported CSV begins as a formula does.
func TestAnExportedCSVHoldsNoFormula(t *testing.T) {
	data, err := Write(CSV, small(), "en", Lists{})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		for cell := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			if cell = strings.Trim(cell, `"`); cell != "" && strings.ContainsAny(cell[:1], "=+-@") && cell != "-40" {
				t.Errorf("a cell begins as a formula: %q", cell)
			}
		}
	}
}

// workbook makes a workbook of one sheet.
func sheetOf(t *testing.T, fill func(f *excelize.File, sheet string)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f, "Sheet1")
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormulasAreRefusedByTheirPlace(t *testing.T) {
	data := sheetOf(t, func(f *excelize.File, s string) {
		for cell, v := range map[string]any{"A1": "site", "B1": "name.en", "C1": "scale", "A2": "x", "B2": "Plant", "C2": 0.1, "C3": 1e-7} {
			if err := f.SetCellValue(s, cell, v); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetCellFormula(s, "B3", `=HYPERLINK("http://example.org")`); err != nil {
			t.Fatal(err)
		}
		if err := f.SetCellValue(s, "A3", "x"); err != nil {
			t.Fatal(err)
		}
	})
	rows, faults, err := Read(XLSX, data)
	if err != nil || len(faults) != 1 || faults[0].Code != "cell-formula" || faults[0].Cell != "B3" || faults[0].Row != 3 || faults[0].Sheet != "Sheet1" {
		t.Errorf("%+v, %v", faults, err)
	}
	if rows[0].Get(Scale) != "0.1" || rows[1].Get(Scale) != "0.0000001" {
		t.Errorf("numbers: %q, %q", rows[0].Get(Scale), rows[1].Get(Scale))
	}
}

func TestABombIsNotUnpacked(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range map[string]string{
		"xl/workbook.xml":            `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="x" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>`,
	} {
		w, _ := z.Create(name)
		w.Write([]byte(body))
	}
	w, _ := z.Create("xl/worksheets/sheet1.xml")
	zeros := make([]byte, 1<<20)
	for range maxUnzip>>20 + 1 {
		w.Write(zeros)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var mine *Error
	if _, _, err := Read(XLSX, b.Bytes()); !errors.As(err, &mine) || !strings.Contains(mine.Text.En, "unpacks to more than 128 MiB") {
		t.Errorf("%d bytes: %v", b.Len(), err)
	}
}

func TestFilesThatAreNoneAreToldApart(t *testing.T) {
	long := "site,name.en\n" + "x," + strings.Repeat("n", maxCell+1) + "\n"
	for what, c := range map[string]struct {
		format Format
		data   string
		fault  string // of a row
		says   string // of the file
	}{
		"an unknown column":      {CSV, "site,colour\nx,red\n", "1 B1 column-unknown", ""},
		"a column twice":         {CSV, "site,厂区\nx,y\n", "1 B1 column-twice", ""},
		"a cell without heading": {CSV, "site\nx,y\n", "2 B2 column-unknown", ""},
		"a long cell":            {CSV, long, "2 B2 cell-too-long", ""},
		"a control character":    {CSV, "site\na\x01b\n", "2 A2 cell-characters", ""},
		"no level":               {CSV, "level,unit\n,m\n", "2 A2 level-missing", ""},
		"an alias":               {YAML, "format: jingwei-plant/1\nsites: &x []\n", "", "anchors and aliases"},
		"two documents":          {YAML, "a: 1\n---\nb: 2\n", "", "one YAML document"},
		"no format":              {YAML, "- a\n", "", "begin with format"},
		"an unknown field":       {YAML, "format: jingwei-plant/1\nsites:\n  - name: {zh: 厂}\n    colour: red\n", "4  field-unknown", ""},
		"a field twice":          {YAML, "format: jingwei-plant/1\nsites:\n  - name: {zh: 厂}\n    id: a\n    id: b\n", "", "already defined"},
		"a name without tongue":  {YAML, "format: jingwei-plant/1\nsites:\n  - name: 厂\n", "3  field-shape", ""},
		"a list that is none":    {YAML, "format: jingwei-plant/1\nsites: 厂\n", "2  field-shape", ""},
		"broken":                 {YAML, "format: [\n", "", "not readable as YAML"},
		"not UTF-8":              {YAML, "format: \xff\xfe\n", "", "UTF-8"},
		"an old workbook":        {XLSX, "\xd0\xcf\x11\xe0", "", ".xls"},
		"no format at all":       {"ods", "", "", "there is no format"},
	} {
		_, faults, err := Read(c.format, []byte(c.data))
		var mine *Error
		switch {
		case c.says != "":
			if !errors.As(err, &mine) || !strings.Contains(mine.Text.En, c.says) || mine.Text.Zh == "" {
				t.Errorf("%s: %v", what, err)
			}
		case err != nil || len(faults) == 0:
			t.Errorf("%s: %v, %v", what, faults, err)
		default:
			f := faults[0]
			if got := strings.Join([]string{itoa(f.Row), f.Cell, f.Code}, " "); got != c.fault || f.Text.Zh == "" || f.Mend.En == "" {
				t.Errorf("%s: %s %+v", what, got, f)
			}
		}
	}
}

func itoa(n int) string {
	return strings.TrimPrefix((&Row{Number: n, where: &[columns]string{Level: "A"}}).Cell(Level), "A")
}

func seeds(f *testing.F, format Format) {
	for _, lang := range []string{"zh", "en"} {
		data, err := Write(format, small(), lang, Lists{})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

func fuzz(f *testing.F, format Format) {
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, faults, err := Read(format, data)
		for i := range rows {
			r := &rows[i]
			if r.Number < 1 || r.Parent >= i {
				t.Errorf("%+v", r)
			}
			r.Setup(template.Point{})
		}
		for _, x := range faults {
			if x.Code == "" || x.Text.Zh == "" || x.Text.En == "" {
				t.Errorf("%+v", x)
			}
		}
		var mine *Error
		if err != nil && !errors.As(err, &mine) {
			t.Error(err)
		}
	})
}

func FuzzCSV(f *testing.F) {
	seeds(f, CSV)
	f.Add([]byte("sep=;\nsite;name.en\n\"a\"\"b\";=1\n"))
	f.Add([]byte("\xff\xfes\x00i\x00t\x00e\x00\n\x00"))
	f.Add([]byte("\xb3\xa7\xc7\xf8\n\xd2\xbb\xb3\xa7\n"))
	fuzz(f, CSV)
}

func FuzzYAML(f *testing.F) {
	seeds(f, YAML)
	f.Add([]byte("format: jingwei-plant/1\nsites:\n  - name: {zh: 厂}\n    machines:\n      - {name: {en: m}, points: [{key: a, values: [{value: x}]}]}\n"))
	f.Add([]byte("format: jingwei-plant/1\nsites: [!!str a, ? b, |\n c]\n"))
	fuzz(f, YAML)
}

func FuzzXLSX(f *testing.F) {
	seeds(f, XLSX)
	fuzz(f, XLSX)
}
