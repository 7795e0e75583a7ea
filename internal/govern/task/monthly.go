package task

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"jingwei/internal/kernel/text"
	"jingwei/internal/office/print"
)

// Monthly makes the return of a month, 2026-11: every task with what was reported in it, then the counts of departments. owner is who
// keeps the ledger.
func Monthly(list []Task, owner, month, today, lang string, at time.Time) *print.Document {
	say := func(zh, en string) string { return text.Text{Zh: zh, En: en}.In(lang) }
	tag := "zh-CN"
	if lang == "en" {
		tag = "en"
	}
	title := say("任务台账月报 "+month, "Monthly return of tasks, "+month)
	d := &print.Document{Title: title, Lang: tag, Author: owner, Header: owner + " · " + title, Footer: say("截至 ", "As of ") + today, At: at}
	overdue, reported, ended := 0, 0, 0
	tasks := print.Table{Name: say("任务", "Tasks"), Columns: []print.Column{
		{Name: say("编号", "Id"), Share: 4}, {Name: say("任务", "Task"), Share: 6}, {Name: say("牵头部门", "Lead"), Share: 4}, {Name: say("状态", "State"), Share: 3},
		{Name: say("期限", "Due"), Share: 4}, {Name: say("本月进展", "Reported this month"), Share: 9}}}
	for i := range list {
		t := &list[i]
		var notes []string
		for _, n := range t.In(month) {
			notes = append(notes, strings.TrimSpace(n.Day+" "+n.By+say("：", ": ")+n.Text))
		}
		due := t.Deadline
		if t.Overdue(today) {
			overdue++
			due += say("（逾期）", " (overdue)")
		}
		if len(notes) > 0 {
			reported++
		}
		if t.Ended() {
			ended++
		}
		tasks.Rows = append(tasks.Rows, []string{t.Key, t.Title, t.Lead, t.StateName, due, strings.Join(notes, "\n")})
	}
	counts := print.Table{Name: say("各部门情况", "Departments"), Columns: []print.Column{
		{Name: say("部门", "Department"), Share: 5}, {Name: say("牵头", "Leads"), Right: true, Share: 2}, {Name: say("参与", "Shares"), Right: true, Share: 2}, {Name: say("待启动", "Open"), Right: true, Share: 2},
		{Name: say("推进中", "Under way"), Right: true, Share: 2}, {Name: say("已完成", "Done"), Right: true, Share: 2}, {Name: say("终止", "Dropped"), Right: true, Share: 2},
		{Name: say("逾期", "Overdue"), Right: true, Share: 2}, {Name: say("本月报送", "Reported"), Right: true, Share: 2}}}
	for _, c := range Counts(list, today, month) {
		name := c.Department
		if name == "" {
			name = say("（政策未指明部门）", "(no department named)")
		}
		row := []string{name}
		for _, n := range []int{c.Leads, c.Shares, c.Open, c.Running, c.Done, c.Dropped, c.Overdue, c.Reported} {
			row = append(row, strconv.Itoa(n))
		}
		counts.Rows = append(counts.Rows, row)
	}
	d.Blocks = []print.Block{
		print.Heading{Level: 1, Text: title},
		print.Pairs{{Name: say("报送单位", "From"), Value: owner}, {Name: say("任务总数", "Tasks"), Value: strconv.Itoa(len(list))}, {Name: say("已办结", "Ended"), Value: strconv.Itoa(ended)},
			{Name: say("逾期", "Overdue"), Value: strconv.Itoa(overdue)}, {Name: say("本月有进展", "Reported this month"), Value: strconv.Itoa(reported)}},
		tasks, counts,
		print.Paragraph{Small: true, Text: fmt.Sprintf(say("逾期：期限早于 %s 且未完成、未终止。政策未写明日期的任务不计逾期。", "Overdue: the last day lies before %s, and the task is neither done nor dropped. Tasks without a day in the policy are not counted as overdue."), today)},
		print.Signatures{{Name: say("填报人", "Prepared by")}, {Name: say("审核人", "Checked by")}, {Name: say("单位", "Department"), Seal: true}},
	}
	return d
}
