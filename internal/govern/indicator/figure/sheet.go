package figure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// tableWriter makes a table of figures: one row for each reading, and for each value that was entered.
type tableWriter struct {
	lang string
	out  table.Out
}

func newTableWriter(keeper, lang string) *tableWriter {
	w := &tableWriter{lang: lang}
	w.out.Name = w.say("指标数值", "Figures")
	for _, h := range []text.Text{both("指标", "Indicator"), both("指标编号", "Indicator id"), both("统计范围", "Population"), both("期间类型", "Kind of period"), both("期间", "Period"), both("基期", "Baseline"), both("来源", "From"), both("读数", "Reading"),
		both("数值", "Value"), both("单位", "Unit"), both("已知企业", "Known"), both("企业总数", "Enterprises"), both("证据等级", "Grade"), both("缺失", "Missing"), both("修订", "Revision"), both("记录时间", "Written"), both("报送", "Handed in"), both("报送后有变", "Changed since"), both("标识", "Id")} {
		w.out.Heading = append(w.out.Heading, h.In(lang))
	}
	w.out.Lists = make([][]string, len(w.out.Heading))
	w.out.Notes = []string{w.say("填报单位：", "Keeper: ") + keeper, w.say("“计算”由本节点按指标定义算出；“填报”由人员填报并注明证据，不替代计算值。", "“computed” is worked out by the indicator's definition; “entered” is what people have entered with its evidence, and does not take its place.")}
	return w
}

func (w *tableWriter) say(zh, en string) string { return both(zh, en).In(w.lang) }

// readingNames are in the words of people.
var readingNames = map[string]text.Text{
	indicator.Mean: both("平均值", "mean"), indicator.Pooled: both("合并值", "pooled"), indicator.Share: both("企业占比", "share of enterprises"), indicator.Sum: both("合计", "sum"), indicator.Distinct: both("数量", "count"),
	indicator.Min: both("最小值", "least"), indicator.Median: both("中位数", "median"), indicator.Weighted: both("加权平均值", "weighted mean"), indicator.Single: both("数值", "value"),
}

// add adds a figure. Error: ErrLarge.
func (w *tableWriter) add(f *FigureBrief) error {
	var lacks []string
	for _, m := range f.Missing {
		name := m.Name.In(w.lang)
		lacks = append(lacks, fmt.Sprintf("%s: %s (%d)", name, m.Text.In(w.lang), m.Firms))
	}
	state, changed := "", ""
	if f.Seal != nil {
		state, changed = sealNames[f.Seal.State].In(w.lang), w.yes(f.Seal.Changed)
	}
	head := []string{f.Name.In(w.lang), f.Indicator, f.Filter, f.Period.Kind, f.Period.Label, f.Baseline}
	row := func(from, reading, value, unit, known, of, grade, missing string, revision int64, at time.Time) error {
		if len(w.out.Rows) >= table.MaxRows {
			return ErrLarge.With("max", table.MaxRows)
		}
		w.out.Rows = append(w.out.Rows, slices.Concat(head, []string{from, reading, value, unit, known, of, grade, missing, fmt.Sprint(revision), at.In(field.China).Format(time.DateTime), state, changed, f.ID.String()}))
		return nil
	}
	for i := range f.Readings {
		r := &f.Readings[i]
		value, unit, missing := "", "", lacks
		if r.Number != nil {
			value, unit = r.Number.Value, r.Number.Unit
		} else {
			missing = append([]string{r.Text.In(w.lang)}, lacks...)
		}
		if err := row(w.say("计算", "computed"), readingNames[r.How].In(w.lang), value, unit, fmt.Sprint(r.Known), fmt.Sprint(r.Of), f.Grade, strings.Join(missing, "; "), f.Revision, f.At); err != nil {
			return err
		}
	}
	for i := range f.Manual {
		m := &f.Manual[i]
		if err := row(w.say("填报", "entered")+w.say("（", " (")+manualNames[m.State].In(w.lang)+w.say("）", ")"), readingNames[m.Reading].In(w.lang), m.Value, m.Unit, "", "", m.Grade, "", m.Revision, m.At); err != nil {
			return err
		}
	}
	return nil
}

func (w *tableWriter) yes(b bool) string {
	if b {
		return w.say("是", "yes")
	}
	return w.say("否", "no")
}

func (w *tableWriter) write(format table.Format) ([]byte, error) { return table.Write(format, w.out) }
