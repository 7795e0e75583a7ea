package indicator

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/print"
)

// ReportAsk is what a region's report is asked with.
type ReportAsk struct {
	Keeper uuid.UUID // of the register of enterprises
	Region string    // GB/T 2260, whose targets are told
	On     string    // day; today where it is empty
	Lang   string    // zh or en
	Author string    // who gives it out
	Demo   bool      // the data are made up, and the report says so on each page
	At     time.Time
	Kept   *KeptTargets // by what is kept; worked out now where it is nil
}

// KeptTargets are where a keeper's targets stand by figures that are kept.
type KeptTargets struct {
	List   []TargetProgress
	Region string    // the keeper's own, in words
	AsOf   time.Time // as the node knew it then; zero for now
}

// Report is a region's targets on paper: what is wanted and by when, what is so with coverage and grade, gap, status, what is missing, and
// each clause word for word; slots for signatures end it. Errors: those of auth.Allow and of Progress.
func (s *Service) Report(ctx context.Context, ask ReportAsk) (*print.Document, error) {
	if _, err := auth.Allow(ctx, auth.Read, ask.Keeper); err != nil {
		return nil, err
	}
	on, err := s.on("query.on", ask.On)
	if err != nil {
		return nil, err
	}
	if ask.Kept != nil {
		return reported(ask.Kept.List, on, ask), nil
	}
	var list []TargetProgress
	for _, t := range s.library.Targets(ask.Region, on) {
		x, err := s.Progress(ctx, t.ID, ask.Keeper, on, 0)
		if err != nil {
			return nil, err
		}
		list = append(list, s.library.View(x))
	}
	return reported(list, on, ask), nil
}

// reported lays a report out. It is pure.
func reported(list []TargetProgress, on string, ask ReportAsk) *print.Document {
	w := reportWords(ask.Lang)
	region := ask.Region
	if ask.Kept != nil {
		region = ask.Kept.Region
	} else if len(list) > 0 {
		region = list[0].Region.Name.In(ask.Lang)
	}
	title := fmt.Sprintf(w.say("%s发展目标进展报告", "Targets of %s: where they stand"), region)
	head := title
	if ask.Demo {
		head += w.say(" · 演示数据", " · Demonstration data")
	}
	tag := "zh-CN"
	if ask.Lang == "en" {
		tag = "en"
	}
	d := &print.Document{Title: title, Lang: tag, Author: ask.Author, Header: ask.Author + " · " + head, Footer: w.say("截至 ", "As of ") + on, At: ask.At}
	targets := print.Table{Name: w.say("目标", "Targets"), Columns: []print.Column{
		{Name: w.say("目标", "Target"), Share: 7}, {Name: w.say("目标值", "Wanted"), Right: true, Share: 4}, {Name: w.say("期限", "Deadline"), Share: 4}, {Name: w.say("期间", "Period"), Share: 4},
		{Name: w.say("实际", "Actual"), Right: true, Share: 4}, {Name: w.say("覆盖", "Coverage"), Right: true, Share: 3}, {Name: w.say("等级", "Grade"), Share: 2}, {Name: w.say("差距", "Gap"), Right: true, Share: 4}, {Name: w.say("状态", "Status"), Share: 3}}}
	clauses := print.Table{Name: w.say("条款原文", "Clauses, word for word"), Columns: []print.Column{
		{Name: w.say("目标", "Target"), Share: 3}, {Name: w.say("条款", "Section"), Share: 3}, {Name: w.say("原文", "Clause"), Share: 10}, {Name: w.say("核对", "On file"), Share: 2}}}
	missing := print.Table{Name: w.say("缺少的数据", "What is missing"), Columns: []print.Column{
		{Name: w.say("目标", "Target"), Share: 3}, {Name: w.say("数据", "Input"), Share: 6}, {Name: w.say("原因", "Reason"), Share: 6}, {Name: w.say("企业数", "Enterprises"), Right: true, Share: 2}}}
	known := 0
	several := slices.ContainsFunc(list, func(x TargetProgress) bool { return x.Policy != list[0].Policy })
	for i := range list {
		x := &list[i]
		section := x.Clause.Section
		if several {
			section = x.PolicyName.In(ask.Lang) + " " + section
		}
		if x.Number != nil {
			known++
		}
		targets.Rows = append(targets.Rows, w.row(x))
		clauses.Rows = append(clauses.Rows, []string{x.ID, section, x.Clause.Quote, w.yes(x.Verified)})
		for _, m := range x.Missing {
			n := "–"
			if m.Firms > 0 {
				n = fmt.Sprint(m.Firms)
			}
			missing.Rows = append(missing.Rows, []string{x.ID, m.Name.In(ask.Lang), m.Text.In(ask.Lang), n})
		}
	}
	d.Blocks = []print.Block{print.Heading{Level: 1, Text: title}, print.Pairs{
		{Name: w.say("地区", "Region"), Value: region + " " + ask.Region}, {Name: w.say("编制单位", "From"), Value: ask.Author}, {Name: w.say("截至", "As of"), Value: on},
		{Name: w.say("目标数", "Targets"), Value: fmt.Sprint(len(list))}, {Name: w.say("有数值", "With a value"), Value: fmt.Sprint(known)}}}
	if ask.Kept != nil {
		asOf := ask.Kept.AsOf
		if asOf.IsZero() {
			asOf = ask.At
		}
		d.Blocks = append(d.Blocks, print.Paragraph{Text: fmt.Sprintf(w.say("数值取自数值台账，为 %s 当时所记；之后的修订不计入。", "Values are the figures that are kept, as they stood at %s; later revisions do not count."), asOf.In(field.China).Format("2006-01-02 15:04"))})
	}
	if ask.Demo {
		d.Blocks = append(d.Blocks, print.Paragraph{Text: w.say("演示数据：本报告中的地区、企业和数值均为虚构。", "Demonstration data: regions, enterprises and values in this report are made up.")})
	}
	d.Blocks = append(d.Blocks, targets, print.Paragraph{Small: true, Text: w.say("数值按平台的指标定义计算，政策没有规定算法。等级：E0 申报，E1 有文件，E2 经核查，E3 实测，取所用证据中最弱的一级。未知不计为零。",
		"Values are computed by the platform's definitions; the policies define none. Grades: E0 declared, E1 documented, E2 checked, E3 measured; the weakest of the evidence that was used. What is not known is never zero.")})
	for _, t := range []print.Table{missing, clauses} {
		if len(t.Rows) > 0 {
			d.Blocks = append(d.Blocks, t)
		}
	}
	d.Blocks = append(d.Blocks, print.Signatures{{Name: w.say("编制人", "Prepared by")}, {Name: w.say("审核人", "Checked by")}, {Name: w.say("单位", "Office"), Seal: true}})
	return d
}

// reportWords is the language of a report.
type reportWords string

func (w reportWords) say(zh, en string) string { return text.Text{Zh: zh, En: en}.In(string(w)) }

func (w reportWords) yes(is bool) string {
	if is {
		return w.say("已核对", "found")
	}
	return w.say("未核对", "not found")
}

func (w reportWords) row(x *TargetProgress) []string {
	name := x.Name.In(string(w)) + "\n" + x.ID
	actual := w.number(x.Number)
	if x.Number == nil {
		actual = x.ReasonText.In(string(w))
	}
	cover := fmt.Sprintf("%d/%d", x.Coverage.Known, x.Coverage.Of)
	if x.Coverage.Out > 0 {
		cover += fmt.Sprintf(w.say("\n%d/%d 天", "\n%d of %d days"), x.Coverage.Days, x.Coverage.Out)
	}
	due := x.Deadline
	switch {
	case x.Recurring != "":
		due = strings.TrimSpace(map[string]string{"year": w.say("每年", "each year"), "quarter": w.say("每季度", "each quarter"), "month": w.say("每月", "each month")}[x.Recurring] + " " + due)
	case due == "":
		due = w.say("未写明", "none named")
	case x.Inferred:
		due += w.say("（推定）", " (our reading)")
	}
	return []string{name, w.wanted(x), due, x.Period.Label, actual, cover, x.Grade, w.number(x.Gap), w.status(x.Status)}
}

// number writes a number with its unit; sums of money in 亿元 and billions.
func (w reportWords) number(n *FigureNumber) string {
	if n == nil {
		return "–"
	}
	return w.amount(n.Value, n.Unit)
}

func (w reportWords) amount(value, unit string) string {
	switch unit {
	case "1":
		return value
	case formula.Money:
		if r, ok := new(big.Rat).SetString(value); ok {
			if w == "en" {
				return r.Quo(r, big.NewRat(1e9, 1)).FloatString(2) + " bn CNY"
			}
			return r.Quo(r, big.NewRat(1e8, 1)).FloatString(2) + " 亿元"
		}
	}
	return value + " " + unit
}

func (w reportWords) wanted(x *TargetProgress) string {
	value := w.amount(x.Value, x.Unit)
	switch x.Comparator {
	case AtLeast:
		return "≥ " + value
	case MoreThan:
		return "> " + value
	case About:
		return w.say("约 ", "about ") + value
	case Range:
		return x.Low + "–" + w.amount(x.High, x.Unit)
	case IncreaseBy:
		return "+" + value
	case DecreaseBy:
		return "−" + value
	case MultiplyBy:
		return "× " + value
	case Scope:
		return w.say("覆盖 ", "covers ") + value
	}
	return w.say("不设数值", "no number set")
}

func (w reportWords) status(s string) string {
	return map[string]string{Reached: w.say("已达到", "reached"), OnTrack: w.say("进度正常", "on track"), Behind: w.say("落后", "behind"), Overdue: w.say("逾期未达到", "overdue"),
		Pending: w.say("未达到", "not reached"), NoValue: w.say("暂无数值", "no value"), Shown: w.say("仅统计", "measured only")}[s]
}
