package plant_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"jingwei/internal/kernel/store/storetest"
	"jingwei/internal/plant"
	"jingwei/internal/plant/sheet"
)

// fetch gets a file.
func (d *door) fetch(who, path string, headers ...string) (*http.Response, []byte) {
	d.t.Helper()
	r := d.call(who, "GET", path, "", nil, headers...)
	data, err := io.ReadAll(r.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return r, data
}

func TestFilesGoThroughTheDoor(t *testing.T) {
	d := serve(t, open(t, storetest.SQLite(t)))
	post := func(who, query, body string, out any, headers ...string) *http.Response {
		return d.call(who, "POST", "/plant/import?org="+steel.String()+query, body, out, append(headers, "Content-Type", "application/octet-stream")...)
	}
	var got plant.Imported
	if r := post("engineer", "&dryRun=true", small, &got); r.StatusCode != 200 || got.Applied || got.Counts.Create != 18 || len(got.Changes) != 18 || got.Errors == nil {
		t.Errorf("dry run: %d %+v", r.StatusCode, got)
	}
	if r := post("engineer", "&format=csv", small, &got, "Content-Encoding", "identity"); r.StatusCode != 200 || !got.Applied {
		t.Errorf("import: %d %+v", r.StatusCode, got)
	}
	var raw map[string]json.RawMessage
	if r := post("engineer", "&format=csv&dryRun=true", strings.Replace(small, "mm,", "millimetre,", 1), &raw); r.StatusCode != 200 || !strings.Contains(string(raw["errors"]), `"row":3`) || !strings.Contains(string(raw["errors"]), `"column":"unit"`) || string(raw["changes"]) == "null" {
		t.Errorf("with an error: %d %s", r.StatusCode, raw)
	}
	for what, c := range map[string]struct {
		who, query, body string
		status           int
		code, says       string
	}{
		"a viewer":             {"viewer", "", small, 403, "forbidden", ""},
		"a stranger":           {"stranger", "", small, 404, "not-found", ""},
		"no workbook":          {"engineer", "&format=xlsx", "PK nothing", 422, "plant-file-unreadable", "is not an XLSX workbook"},
		"an open quote":        {"engineer", "", "site,machine\n\"a,b\n", 422, "plant-file-unreadable", "quote"},
		"no heading":           {"engineer", "", "1,2,3\n", 422, "plant-file-unreadable", "row 1 should hold the headings"},
		"nothing":              {"engineer", "", " ", 422, "plant-file-unreadable", "empty"},
		"a newer file":         {"engineer", "", "format: jingwei-plant/9\nsites: []\n", 422, "plant-file-unreadable", "jingwei-plant/9"},
		"prune without reason": {"engineer", "&prune=true", small, 422, "plant-reason-missing", ""},
		"a 17 MiB file":        {"engineer", "", strings.Repeat("x", 17<<20), 413, "body-too-large", "16777216"},
	} {
		var f fault
		r := post(c.who, c.query, c.body, &f)
		told := f.Detail
		for _, e := range f.Errors {
			told += " " + e.Message
		}
		if r.StatusCode != c.status || f.Code != c.code || !strings.Contains(told, c.says) || f.Mend == "" {
			t.Errorf("%s: %d %+v", what, r.StatusCode, f)
		}
	}
	// A file of more than the usual megabyte is taken.
	if r := post("engineer", "&dryRun=true", small+strings.Repeat(",\n", 1<<20), &got); r.StatusCode != 200 {
		t.Errorf("2 MiB: %d", r.StatusCode)
	}

	r, data := d.fetch("viewer", "/plant/export?format=csv&org="+steel.String())
	if r.StatusCode != 200 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/csv") || r.Header.Get("Content-Disposition") != `attachment; filename="plant-2026-05-31.csv"` || !strings.HasPrefix(string(data), "\ufeffLevel,Id,Site,") {
		t.Errorf("%d %v %.60s", r.StatusCode, r.Header, data)
	}
	if r, data := d.fetch("viewer", "/plant/export?format=yaml&ids=false&org="+steel.String()); r.StatusCode != 200 || strings.Contains(string(data), " id:") || !strings.Contains(string(data), "name: {zh: 压机}") {
		t.Errorf("%d %.300s", r.StatusCode, data)
	}
	if r, _ := d.fetch("stranger", "/plant/export?org="+steel.String()); r.StatusCode != 404 {
		t.Errorf("a stranger: %d", r.StatusCode)
	}
	if r, data := d.fetch("viewer", "/plant/export?at=2026-01-01T00:00:00Z&format=yaml&org="+steel.String()); r.StatusCode != 200 || string(data) != "format: jingwei-plant/1\n" {
		t.Errorf("before it was: %d %s", r.StatusCode, data)
	}
}

func TestTheEmptyWorkbookHelps(t *testing.T) {
	d := serve(t, open(t, storetest.SQLite(t)))
	r, data := d.fetch("viewer", "/plant/import/template", "Accept-Language", "zh-CN")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != sheet.XLSX.MediaType() {
		t.Fatalf("%d %v", r.StatusCode, r.Header)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data)) // another reader than ours
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := strings.Join(f.GetSheetList(), ","); got != "设备 Machines,点位 Points,说明 Notes,Lists" {
		t.Errorf("sheets: %s", got)
	}
	rows, err := f.GetRows("点位 Points")
	if err != nil || len(rows) != 1 || strings.Join(rows[0], " ") != "厂区 区域 产线 设备 键 名称（中文） 名称（英文） 类型 单位 地址 编码 字节序 倍率 偏移 采集周期 上报方式 最长静默 值的名称 编号" {
		t.Errorf("%v, %v", rows, err)
	}
	if p, err := f.GetPanes("点位 Points"); err != nil || !p.Freeze || p.YSplit != 1 || p.XSplit != 5 {
		t.Errorf("panes: %+v, %v", p, err)
	}
	lists, err := f.GetDataValidations("设备 Machines")
	if err != nil || len(lists) != 3 || lists[1].Formula1 != "Lists!$B$1:$B$4" || lists[2].Sqref != "H2:H20000" {
		t.Errorf("lists: %+v, %v", lists, err)
	}
	if visible, err := f.GetSheetVisible("Lists"); err != nil || visible {
		t.Errorf("the lists are visible: %v, %v", visible, err)
	}
	if notes, err := f.GetRows("说明 Notes"); err != nil || len(notes) < 25 || notes[0][0] != "填写说明" {
		t.Errorf("%d notes, %v", len(notes), err)
	}
	// Filled in by hand and imported.
	data = editCell(t, data, "设备 Machines", "B2", "一厂")
	data = editCell(t, data, "设备 Machines", "A2", "设备")
	data = editCell(t, data, "设备 Machines", "E2", "电表")
	data = editCell(t, data, "设备 Machines", "H2", "eastron-sdm630")
	out, err := d.Import(ctx, scope(steel), plant.Import{Org: steel, Data: data})
	if err != nil || !out.Applied || out.Counts.Create != 2+28 || d.tree(d.now) != "(一厂(电表))" {
		t.Errorf("%+v, %v, %s", out, err, d.tree(d.now))
	}
}
