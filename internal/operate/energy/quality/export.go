package quality

import (
	"strconv"
	"time"

	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// words are the headings and names of files.
var words = map[string]text.Text{
	"gaps": {Zh: "缺口", En: "Gaps"}, "days": {Zh: "逐日", En: "Days"}, "rules": {Zh: "规则", En: "Rules"}, "board": {Zh: "数据质量", En: "Data quality"},
	"meter": {Zh: "总表", En: "Main meter"}, "series": {Zh: "序列标识", En: "Series id"}, "from": {Zh: "开始", En: "From"}, "to": {Zh: "结束", En: "To"}, "open": {Zh: "仍在持续", En: "Lasts"},
	"hours": {Zh: "缺失小时", En: "Hours missing"}, "cause": {Zh: "原因", En: "Cause"}, "known": {Zh: "说明", En: "What is known"}, "date": {Zh: "日期", En: "Date"},
	"expected": {Zh: "应采", En: "Due"}, "actual": {Zh: "实采", En: "Received"}, "kWh": {Zh: "用电量（kWh）", En: "Consumption (kWh)"}, "arrival": {Zh: "到达", En: "Arrival"}, "came": {Zh: "到齐时间", En: "All here at"},
	"rule": {Zh: "规则", En: "Rule"}, "status": {Zh: "结论", En: "Status"}, "percent": {Zh: "数值（%）", En: "Value (%)"}, "reason": {Zh: "原因", En: "Reason"}, "weight": {Zh: "权重", En: "Weight"},
	"points": {Zh: "得分", En: "Points"}, "score": {Zh: "得分", En: "Score"}, "of": {Zh: "已知权重", En: "Known weight"}, "enterprise": {Zh: "企业", En: "Enterprise"}, "meters": {Zh: "总表数", En: "Main meters"},
	string(Completeness): {Zh: "完整性", En: "Completeness"}, string(Deviation): {Zh: "日月偏差", En: "Days against month"}, string(Daily): {Zh: "日数据及时性", En: "Daily data in time"}, string(Monthly): {Zh: "月报及时性", En: "Monthly report in time"},
	string(Met): {Zh: "达标", En: "met"}, string(Missed): {Zh: "不达标", En: "missed"}, string(Unknown): {Zh: "未知", En: "unknown"},
	string(InTime): {Zh: "及时", En: "in time"}, string(Overdue): {Zh: "迟到", En: "late"}, string(Absent): {Zh: "未到", En: "never came"},
}

func headings(lang string, keys ...string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = words[k].In(lang)
	}
	return out
}

// stamp is a time in UTC, "" where it is not known.
func stamp(ns int64) string {
	if ns == 0 {
		return ""
	}
	return moment(ns).Format(time.RFC3339)
}

// table is one of the tables of an assessment.
func (a *Assessment) table(which, lang string) table.Out {
	out := table.Out{Name: words[which].In(lang), Notes: []string{a.Rules.Name.In(lang) + " " + a.Rules.Version, a.Month.String(), stamp(a.Now)}}
	n := strconv.Itoa
	switch which {
	case "days":
		out.Heading = headings(lang, "meter", "series", "date", "from", "to", "expected", "actual", "kWh", "arrival", "came")
		for i := range a.Meters {
			m := &a.Meters[i]
			for k := range m.Days {
				if d := &m.Days[k]; d.Named {
					out.Rows = append(out.Rows, []string{m.Name.In(lang), m.ID.String(), d.Date, stamp(d.From), stamp(d.To), n(d.Expected), n(d.Actual), energy(d.WattHours, d.Known), words[string(d.Arrival)].In(lang), stamp(d.Came)})
				}
			}
		}
	case "rules":
		out.Heading = headings(lang, "rule", "status", "percent", "reason", "weight", "points")
		for i := range a.Verdicts {
			v := a.Verdicts[i].view()
			out.Rows = append(out.Rows, []string{words[string(v.Rule)].In(lang), words[string(v.Status)].In(lang), v.Percent, v.ReasonText.In(lang), n(v.Weight), v.Points})
		}
		out.Rows = append(out.Rows, []string{words["score"].In(lang), "", "", "", n(a.Known), a.score().Points})
	default:
		out.Heading = headings(lang, "meter", "series", "from", "to", "open", "hours", "cause", "known")
		names := map[string]string{}
		for i := range a.Meters {
			names[a.Meters[i].ID.String()] = a.Meters[i].Name.In(lang)
		}
		for i := range a.Gaps {
			g := &a.Gaps[i]
			out.Rows = append(out.Rows, []string{names[g.Meter.String()], g.Meter.String(), stamp(g.From), stamp(g.To), strconv.FormatBool(g.Open), n(g.Hours), g.Name.In(lang), g.Words.In(lang)})
		}
	}
	return out
}

// board is the table of a board.
func board(lines []Line, month, lang string) table.Out {
	out := table.Out{Name: words["board"].In(lang) + " " + month,
		Heading: append(headings(lang, "enterprise", "score", "of", "meters", "expected", "actual"), headings(lang, string(Completeness), string(Deviation), string(Daily), string(Monthly))...)}
	for i := range lines {
		l := &lines[i]
		s := l.score()
		row := []string{l.Name.In(lang), s.Points, strconv.Itoa(s.Known), strconv.Itoa(len(l.Meters)), strconv.Itoa(l.Expected), strconv.Itoa(l.Actual)}
		for k := range l.Verdicts {
			v := l.Verdicts[k].view()
			cell := words[string(v.Status)].In(lang)
			if v.Percent != "" {
				cell += " " + v.Percent + " %"
			}
			row = append(row, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
