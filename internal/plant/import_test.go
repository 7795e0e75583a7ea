package plant_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/encoding/simplifiedchinese"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/sheet"
)

var formats = []sheet.Format{sheet.YAML, sheet.CSV, sheet.XLSX}

// load imports a file that must be right.
func (h *house) load(q plant.Import) *plant.Imported {
	h.t.Helper()
	if q.Org == uuid.Nil {
		q.Org = steel
	}
	out, err := h.Import(ctx, scope(q.Org), q)
	if err != nil {
		h.t.Fatal(err)
	}
	if len(out.Errors) > 0 {
		h.t.Fatalf("%d errors: %+v", len(out.Errors), out.Errors[:min(len(out.Errors), 5)])
	}
	return out
}

func (h *house) export(org uuid.UUID, f sheet.Format, lang string, bare bool) []byte {
	h.t.Helper()
	data, err := h.Export(ctx, scope(org), plant.Export{Org: org, Format: f, Lang: lang, Bare: bare})
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// picture writes an organisation's plant without ids, to compare two.
func (h *house) picture(org uuid.UUID) string { return string(h.export(org, sheet.YAML, "en", true)) }

const small = `厂区,区域,产线,设备,设备类别,设备模板,键,名称（中文）,名称（英文）,类型,单位,地址,编码,倍率,采集周期,备注
一厂,冲压,,压机,large-machine,,force,压力,Force,float64,kN,holding:0,f32,,2s,主缸
一厂,冲压,,压机,,,stroke,行程,Stroke,float64,mm,holding:2,i16,0.1,,
一厂,,,电表,,power-meter-steel,,,,,,,,,,
`

func TestAFlatFileBecomesAPlant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		dry := h.load(plant.Import{Data: []byte(small), DryRun: true})
		if dry.Applied || dry.Counts.Create != 4+2+12 || len(h.series.declared) != 0 || h.tree(day(30)) != "" {
			t.Errorf("dry run: %+v, %d series, %s", dry.Counts, len(h.series.declared), h.tree(day(30)))
		}
		out := h.load(plant.Import{Data: []byte(small), Reason: "first import"})
		if !out.Applied || out.Counts != dry.Counts || h.tree(day(30)) != "(一厂(冲压(压机) 电表))" || len(h.series.declared) != 14 || len(h.changes) != 1 {
			t.Errorf("%+v, %s, %d series, %d changes", out.Counts, h.tree(day(30)), len(h.series.declared), len(h.changes))
		}
		if c := out.Changes[0]; c.Row != 2 || c.Action != plant.Creates {
			t.Errorf("first change: %+v", c)
		}
		points, _, err := h.Points(ctx, scope(steel), plant.PointFilter{}, store.Page{})
		if err != nil || len(points) != 14 {
			t.Fatal(len(points), err)
		}
		stroke := points[slices.IndexFunc(points, func(p plant.Point) bool { return p.Key == "stroke" })]
		if stroke.Scale != 0.1 || time.Duration(stroke.Every) != time.Second || stroke.Name != (text.Text{Zh: "行程", En: "Stroke"}) || stroke.Report != "periodic" {
			t.Errorf("got %+v", stroke.Point)
		}
		entries, _, err := audit.List(ctx, db, scope(steel), audit.Filter{}, store.Page{})
		if err != nil || len(entries) != 1 || entries[0].Verb != "plant.import" || entries[0].Reason != "first import" || !strings.Contains(string(entries[0].After), `"create":18`) {
			t.Errorf("audit: %+v, %v", entries, err)
		}
		// Once more: nothing to do, and nothing noted.
		again := h.load(plant.Import{Data: []byte(small)})
		if again.Counts != (plant.Counts{None: 6}) || len(again.Changes) != 0 {
			t.Errorf("again: %+v %+v", again.Counts, again.Changes)
		}
		if n, _, _ := audit.List(ctx, db, scope(steel), audit.Filter{}, store.Page{}); len(n) != 1 {
			t.Errorf("%d audit entries", len(n))
		}
	})
}

func TestExcelsOwnCSVIsRead(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(small)
	if err != nil {
		t.Fatal(err)
	}
	want := h.load(plant.Import{Data: []byte(small), DryRun: true})
	for what, data := range map[string]string{
		"GB18030":      gb,
		"with a mark":  "\ufeff" + small,
		"semicolons":   strings.ReplaceAll(small, ",", ";"),
		"sep=":         "sep=;\r\n" + strings.ReplaceAll(small, ",", ";"),
		"tabs, CRLF":   strings.ReplaceAll(strings.ReplaceAll(small, ",", "\t"), "\n", "\r\n"),
		"in English":   strings.Replace(small, "厂区,区域,产线,设备,设备类别,设备模板,键,名称（中文）,名称（英文）,类型,单位,地址,编码,倍率,采集周期,备注", "Site,AREA,line,machine,Class,template,Key,Name (Chinese),name.en,Type,Unit,Address,Encoding,Scale,every,Remarks", 1),
		"blanks about": strings.ReplaceAll(small, ",", " , "),
	} {
		got := h.load(plant.Import{Data: []byte(data), DryRun: true})
		if got.Counts != want.Counts {
			t.Errorf("%s: %+v, want %+v", what, got.Counts, want.Counts)
		}
	}
}

// big is a sheet of points: n of them over machines of 100, all under two lines.
func big(n int) []byte {
	var b strings.Builder
	b.WriteString("site,line,machine,key,name.zh,name.en,type,unit,address,encoding,every\n")
	for i := range n {
		fmt.Fprintf(&b, "一厂,线 %d,机 %03d,p%d,点 %d,Point %d,float64,Cel,holding:%d,f32,5s\n", i/5000, i/100, i%100, i, i, 2*(i%100))
	}
	return []byte(b.String())
}

// A wrong unit in row 731 is named exactly, in every format, and neighbours are not disturbed: nothing is changed.
func TestAWrongCellIsNamedExactly(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	h.load(plant.Import{Data: big(1000)})
	before := h.picture(steel)
	for _, f := range formats {
		data := h.export(steel, f, "zh", false)
		rows, _, err := sheet.Read(f, data)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(rows, func(r sheet.Row) bool { return r.Level == "point" && r.Number == 731 })
		if f == sheet.YAML {
			at = slices.IndexFunc(rows, func(r sheet.Row) bool { return r.Level == "point" && r.Number >= 731 })
		}
		wrong := breakUnit(t, f, data, rows[at])
		out, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Format: f, Data: wrong})
		if err != nil || len(out.Errors) != 2 || out.Applied {
			t.Fatalf("%s: %v %+v", f, err, out)
		}
		e := out.Errors[0]
		if e.Row != rows[at].Number || e.Column != "unit" || e.Value != "kWh" || !strings.Contains(e.Message.Zh, "请写成 kW.h") || !strings.Contains(e.Message.En, "write kW.h") || e.Mend.Zh == "" || e.Mend.En == "" {
			t.Errorf("%s: %+v", f, e)
		}
		switch f {
		case sheet.XLSX:
			if e.Sheet != "点位 Points" || e.Cell != "I731" {
				t.Errorf("%s: %+v", f, e)
			}
		case sheet.CSV:
			if e.Cell != "M731" {
				t.Errorf("%s: %+v", f, e)
			}
		}
		if out.Errors[1].Code != "point-fixed" { // its unit is Cel for life besides
			t.Errorf("%s: %+v", f, out.Errors[1])
		}
	}
	if h.picture(steel) != before {
		t.Error("the plant was changed")
	}
}

// breakUnit changes the unit of one row of a file.
func breakUnit(t *testing.T, f sheet.Format, data []byte, r sheet.Row) []byte {
	t.Helper()
	if f == sheet.XLSX {
		return editCell(t, data, "点位 Points", r.Cell(sheet.Unit), "kWh")
	}
	lines := strings.SplitAfter(string(data), "\n")
	line := lines[r.Number-1]
	if lines[r.Number-1] = strings.Replace(line, "Cel", "kWh", 1); lines[r.Number-1] == line {
		t.Fatalf("row %d is %q", r.Number, line)
	}
	return []byte(strings.Join(lines, ""))
}

func TestThingsAreFoundRenamedMovedAndRetired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		h := open(t, db)
		h.load(plant.Import{Data: []byte(small), From: day(1)})
		// The exported file is edited: a place renamed, a machine moved, a point set up differently, another left out.
		text := string(h.export(steel, sheet.YAML, "zh", false))
		for from, to := range map[string]string{
			"name: {zh: 冲压}": "name: {zh: 冲压车间, en: Stamping}", "holding:2": "holding:12",
		} {
			if !strings.Contains(text, from) {
				t.Fatalf("no %s in\n%s", from, text)
			}
			text = strings.Replace(text, from, to, 1)
		}
		var kept []string
		for line := range strings.Lines(text) {
			if !strings.Contains(line, "key: day.seconds") {
				kept = append(kept, line)
			}
		}
		text = strings.Join(kept, "")
		if _, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Data: []byte(text), Prune: true, From: day(5)}); !errors.Is(err, plant.ErrReason) {
			t.Errorf("pruned without a reason: %v", err)
		}
		without := h.load(plant.Import{Data: []byte(text), DryRun: true, From: day(5)})
		if without.Counts.Retire != 0 || without.Counts.Update != 2 {
			t.Errorf("without prune: %+v %+v", without.Counts, without.Changes)
		}
		out := h.load(plant.Import{Data: []byte(text), Prune: true, Reason: "tidied", From: day(5)})
		if out.Counts.Update != 2 || out.Counts.Retire != 1 || out.Counts.Create != 0 || !slices.ContainsFunc(out.Changes, func(c plant.Change) bool {
			return c.Action == plant.Retires && c.Name == "day.seconds" && c.Path == "一厂 / 电表" && c.Row == 0
		}) || !slices.ContainsFunc(out.Changes, func(c plant.Change) bool { return c.Detail == "address: holding:2 → holding:12" }) {
			t.Errorf("%+v %+v", out.Counts, out.Changes)
		}
		// A CSV row moves the machine by its id; the old facts stay in their time.
		machines, _, err := h.Nodes(ctx, scope(steel), plant.Filter{Kind: plant.Machine}, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		press := machines[slices.IndexFunc(machines, func(n plant.Node) bool { return n.Name.Zh == "压机" })]
		move := fmt.Sprintf("level,id,site,line,name.zh\nmachine,%s,一厂,新线,大压机\n", press.ID)
		out = h.load(plant.Import{Data: []byte(move), From: day(10)})
		if out.Counts != (plant.Counts{Create: 1, Update: 1, Move: 1, None: 1}) {
			t.Errorf("%+v %+v", out.Counts, out.Changes)
		}
		for at, want := range map[int]string{4: "(一厂(冲压(压机) 电表))", 6: "(一厂(冲压车间(压机) 电表))", 11: "(一厂(冲压车间 新线(大压机) 电表))"} {
			if got := h.tree(day(at)); got != want {
				t.Errorf("day %d: %s, want %s", at, got, want)
			}
		}
		// What begins later stands in the way of an earlier change, and is told with its row.
		bad, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Data: []byte(strings.Replace(move, "大压机", "小压机", 1)), From: day(8)})
		if err != nil || len(bad.Errors) == 0 || bad.Errors[0].Code != "later-change" || bad.Errors[0].Row != 2 {
			t.Errorf("%+v, %v", bad, err)
		}
		if _, err := h.Import(ctx, scope(mills), plant.Import{Org: steel, Data: []byte(small)}); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("by a stranger: %v", err)
		}
		// Retire everything but one site.
		out = h.load(plant.Import{Data: []byte("site\n一厂\n"), Prune: true, Reason: "moved away", From: day(20)})
		if got := h.tree(day(21)); got != "(一厂)" || out.Counts.Retire != 4 {
			t.Errorf("%s, %+v", got, out.Counts)
		}
		if got := h.tree(day(19)); got != "(一厂(冲压车间 新线(大压机) 电表))" {
			t.Errorf("history: %s", got)
		}
	})
}

func TestAnImportIsWholeOrNotAtAll(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	h.series.refuse = errors.New("catalogue closed")
	if _, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Data: []byte(small)}); !errors.Is(err, plant.ErrSeries) {
		t.Errorf("got %v", err)
	}
	if got := h.tree(day(30)); got != "" {
		t.Errorf("the plant is now %s", got)
	}
	// Somebody changes the plant between the look and the change.
	h.series.refuse = nil
	h.series.during = func() {
		h.series.during = nil
		h.add(plant.Site, uuid.Nil, "一厂", 1)
	}
	if _, err := h.Import(ctx, scope(steel), plant.Import{Org: steel, Data: []byte(small)}); !errors.Is(err, plant.ErrMeanwhile) {
		t.Errorf("got %v", err)
	}
	if got := h.tree(day(30)); got != "(一厂)" {
		t.Errorf("the plant is now %s", got)
	}
}
