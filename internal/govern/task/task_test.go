package task

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/table"
	"jingwei/internal/office/print"
)

var ledger = []Task{
	{Key: "T-1", Title: "平台", State: Running, StateName: "推进中", Lead: "甲", Departments: []string{"甲", "乙"}, Deadline: "2026-11-20", Notes: []Note{{"2026-10-31", Running, "王", "上月"}, {"2026-11-02", Running, "王", "已招标"}}},
	{Key: "T-2", Title: "培训", State: Done, StateName: "已完成", Lead: "乙", Departments: []string{"乙"}, Deadline: "2026-01-01"},
	{Key: "T-3", Title: "标识", State: "open", StateName: "待启动", Deadline: "2026-11-21"},
	{Key: "T-4", Title: "安全", State: Dropped, StateName: "终止", Departments: []string{"甲"}},
}

func TestCounts(t *testing.T) {
	got := fmt.Sprint(Counts(ledger, "2026-11-21", "2026-11"))
	// department, leads, shares, open, running, done, dropped, overdue, reported
	const want = "[{乙 1 1 0 1 1 0 1 1} {甲 1 1 0 1 0 1 1 1} { 1 0 1 0 0 0 0 0}]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	// A task is due until the end of its last day.
	if ledger[0].Overdue("2026-11-20") || !ledger[0].Overdue("2026-11-21") || ledger[1].Overdue("2026-11-21") || ledger[3].Overdue("2026-11-21") {
		t.Error("overdue")
	}
}

func TestMonthly(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	d := Monthly(ledger, "省工业和信息化厅", "2026-11", "2026-11-22", "zh", at)
	tasks := d.Blocks[2].(print.Table)
	if got := strings.Join(tasks.Rows[0], "|"); got != "T-1|平台|甲|推进中|2026-11-20（逾期）|2026-11-02 王：已招标" {
		t.Error(got)
	}
	if _, err := print.PDF(d); err != nil {
		t.Error(err)
	}
	data, err := print.Workbook(d, table.XLSX)
	if err != nil {
		t.Fatal(err)
	}
	if sheets, err := table.Read(table.XLSX, data); err != nil || len(sheets[0].Rows) != len(ledger) {
		t.Errorf("%v", err)
	}
	if en := Monthly(ledger, "Office", "2026-11", "2026-11-22", "en", at); en.Title != "Monthly return of tasks, 2026-11" || en.Lang != "en" {
		t.Errorf("%q %q", en.Title, en.Lang)
	}
}
