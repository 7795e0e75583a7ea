package indicator_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/print"
)

// Three prefectures of Zhejiang, of which one has three enterprises that are known and one none; one enterprise is told no closer than
// the province.
func divided(t *testing.T) *world {
	w := newWorld(t)
	for i, region := range []string{"330100", "330106", "330200", "330300", "330000", "330100"} {
		org := w.firm(region)
		if i != 3 {
			w.declare(org, 2018, "machines", "10", "")
			w.declare(org, 2018, "machines-networked", []string{"2", "4", "6", "", "10", "9"}[i], "")
		}
	}
	return w
}

func TestPartsOfARegion(t *testing.T) {
	w := divided(t)
	x := w.progress("KPI-ZJ-12", "2018-12-31", 0)
	var got []string
	for _, d := range x.Divisions() {
		got = append(got, fmt.Sprint(d.Code, " ", shownRat(d.Num), " ", d.Known, "/", d.Of, " ", d.Grade, d.Lack))
	}
	// (20 + 40 + 90) / 3; one alone is not told; nothing is known. 100 % of the fifth stands in the whole alone: (20 + 40 + 60 + 100 + 90) / 5.
	if want := []string{"330100 50 3/3 E0", "330200  1/1 too-few", "330300  0/1 no-data"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if shownRat(x.Value) != "62" {
		t.Error(shownRat(x.Value))
	}
}

func TestReportOfARegion(t *testing.T) {
	w := divided(t)
	for lang, want := range map[string]string{"zh": "机器联网率", "en": "Machine networking rate"} {
		ask := indicator.ReportAsk{Keeper: w.keeper, Region: "330000", On: "2018-12-31", Lang: lang, Author: "省经济和信息化厅", Demo: true, At: w.now}
		d, err := w.service.Report(officer(t), ask)
		if err != nil {
			t.Fatal(err)
		}
		data, err := print.Workbook(d, table.XLSX)
		if err != nil {
			t.Fatal(err)
		}
		sheets, err := table.Read(table.XLSX, data)
		if err != nil || len(sheets[0].Rows) != 29 {
			t.Fatalf("%v, %d rows", err, len(sheets[0].Rows))
		}
		i := slices.IndexFunc(sheets[0].Rows, func(r table.Row) bool { return strings.Contains(fmt.Sprint(r), "KPI-ZJ-12") })
		row := fmt.Sprint(sheets[0].Rows[i])
		for _, word := range []string{want, "≥ 35 %", "2018-12-31", "62.0 %", "5/6", "E0", "-27.0 %"} {
			if !strings.Contains(row, word) {
				t.Errorf("%s: %s is not in %s", lang, word, row)
			}
		}
		first, err := print.PDF(d)
		if err != nil {
			t.Fatal(err)
		}
		d, err = w.service.Report(officer(t), ask)
		if err != nil {
			t.Fatal(err)
		}
		again, err := print.PDF(d)
		if err != nil || !bytes.Equal(first, again) || !strings.Contains(d.Header, map[string]string{"zh": "演示数据", "en": "Demonstration data"}[lang]) {
			t.Errorf("%v; %s", err, d.Header)
		}
	}
}

// Of figures that are kept a report tells those, and when they stood so.
func TestReportOfKeptTargets(t *testing.T) {
	w := divided(t)
	list := []indicator.TargetProgress{w.service.Library().View(w.progress("KPI-ZJ-12", "2018-12-31", 0))}
	list[0].Region.Code, list[0].Region.Name = "440000", text.Both("elsewhere")
	ask := indicator.ReportAsk{Keeper: w.keeper, Region: "990000", On: "2018-12-31", Lang: "en", At: w.now,
		Kept: &indicator.KeptTargets{List: list, Region: "Northland", AsOf: time.Date(2018, 11, 1, 16, 30, 0, 0, time.UTC)}}
	d, err := w.service.Report(officer(t), ask)
	if err != nil {
		t.Fatal(err)
	}
	words := fmt.Sprint(d.Blocks)
	for _, word := range []string{"Targets of Northland", "Northland 990000", "as they stood at 2018-11-02 00:30", "KPI-ZJ-12", "62.0 %"} {
		if !strings.Contains(words, word) {
			t.Errorf("%s is not in %s", word, words)
		}
	}
	if strings.Contains(words, "elsewhere") || strings.Contains(words, "KPI-ZJ-03") {
		t.Error(words)
	}
}
