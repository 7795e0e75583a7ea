package figure

import (
	"fmt"
	"slices"
	"time"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// maxWeakest bounds how many weaknesses are told.
const maxWeakest = 5

// oldAfter is how old a source may be before its age is told.
const oldAfter = 7 * 24 * time.Hour

// weigh names by what an explanation is weakest, the worst first: what is left out, what is not linked, what is missing, what differs,
// what is only said, what covers little of the time, what is old.
func (e *FigureExplanation) weigh(now time.Time) {
	var list []FigureWeakness
	put := func(kind string, part int, zh, en string) {
		w := FigureWeakness{Kind: kind, Text: text.Text{Zh: zh, En: en}}
		if part >= 0 {
			w.Part = &part
		}
		list = append(list, w)
	}
	for i := range e.Parts {
		p := &e.Parts[i]
		if p.State == Isolated {
			why := both("已由其他来源计入", "other sources speak for some of them")
			if p.Reason == OtherDefinition {
				why = both("指标定义的版本不同", "it was computed by another version of the definition")
			}
			put("isolated", i, fmt.Sprintf("%s：%d 家企业的汇总未计入，%s", p.Name.Zh, p.Members, why.Zh), fmt.Sprintf("%s: the account of %d enterprises is left out, %s", p.Name.En, p.Members, why.En))
		}
	}
	for i := range e.Parts {
		if p := &e.Parts[i]; p.State == "offline" {
			put("offline", i, fmt.Sprintf("%s 未连接，沿用 %s 的数据", p.Name.Zh, dayOf(p.At)), fmt.Sprintf("%s is not linked; what stands is of %s", p.Name.En, dayOf(p.At)))
		}
	}
	for i := range e.Parts {
		if p := &e.Parts[i]; p.State == Undelivered {
			put("missing", i, p.Name.Zh+" 尚未提供", p.Name.En+" has not delivered yet")
		}
	}
	for i := range min(2, len(e.Missing)) {
		m := &e.Missing[i]
		if e.Level == OfEnterprise {
			put("missing", -1, fmt.Sprintf("缺少%s：%s", m.Name.Zh, m.Text.Zh), fmt.Sprintf("%s is missing: %s", m.Name.En, m.Text.En))
		} else {
			put("missing", -1, fmt.Sprintf("%d 家企业缺少%s：%s", m.Firms, m.Name.Zh, m.Text.Zh), fmt.Sprintf("%s is missing of %d enterprises: %s", m.Name.En, m.Firms, m.Text.En))
		}
	}
	if e.Agrees != nil && !*e.Agrees {
		put("differs", -1, "现在采集的数据与已提供的不一致", "what is gathered now is not what was told")
	}
	if e.Grade == fact.Declared.String() || e.Grade == fact.Documented.String() {
		put("grade", -1, "最弱的证据等级为 "+e.Grade, "the weakest evidence is "+e.Grade)
	}
	if c := e.Coverage; c.Out > 0 && c.Days < c.Out {
		put("coverage", -1, fmt.Sprintf("覆盖最少的数据有 %d/%d 天", c.Days, c.Out), fmt.Sprintf("what covers least has %d of %d days", c.Days, c.Out))
	}
	for i := range e.Parts {
		if p := &e.Parts[i]; p.State == Given && p.At != nil && now.Sub(*p.At) > oldAfter {
			put("age", i, fmt.Sprintf("%s 的数据为 %s", p.Name.Zh, dayOf(p.At)), fmt.Sprintf("what %s gives is of %s", p.Name.En, dayOf(p.At)))
		}
	}
	e.Weakest = slices.Clone(list[:min(len(list), maxWeakest)])
	if e.Weakest == nil {
		e.Weakest = []FigureWeakness{}
	}
}

func dayOf(t *time.Time) string {
	if t == nil {
		return "–"
	}
	return field.DateOf(t.UnixNano())
}
