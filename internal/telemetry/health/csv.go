package health

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/shown"
)

// column is one of a list with how its cell is written.
type column[T any] struct {
	head text.Text
	cell func(*T, string) string
}

var stateWords = map[shown.State]text.Text{shown.Live: {Zh: "实时", En: "live"}, shown.Stale: {Zh: "过期", En: "stale"}, shown.Silent: {Zh: "静默", En: "silent"}}

// write makes a CSV (RFC 4180) with a byte order mark: spreadsheets take a CSV without it for the machine's own code page.
func write[T any](lang string, columns []column[T], rows func(yield func(*T) error) error) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.head.In(lang)
	}
	if err := w.Write(record); err != nil {
		return nil, err
	}
	err := rows(func(r *T) error {
		for i, c := range columns {
			record[i] = safe(c.cell(r, lang))
		}
		return w.Write(record)
	})
	if err != nil {
		return nil, err
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// safe puts a quote before what a spreadsheet would take for a formula: names come from devices and people.
func safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r'", rune(s[0])) {
		return "'" + s
	}
	return s
}

func when(ns int64) string {
	if ns == 0 || ns == store.Forever {
		return ""
	}
	return moment(ns).Format(time.RFC3339Nano)
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

func count(n uint64) string { return strconv.FormatUint(n, 10) }

func maybe(x *float64, digits int) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'f', digits, 64)
}

// rowOf is a series with where it stands.
type rowOf struct {
	*Series
	v       SeriesHealth
	machine text.Text
	place   []text.Text
	now     int64
}

// counted is a cell that only a full count fills.
func counted(of func(*rowOf) string) func(*rowOf, string) string {
	return func(r *rowOf, _ string) string {
		if !r.Counted {
			return ""
		}
		return of(r)
	}
}

func plain(of func(*rowOf) string) func(*rowOf, string) string {
	return func(r *rowOf, _ string) string { return of(r) }
}

// seriesColumns are only ever added to at the end.
var seriesColumns = []column[rowOf]{
	{text.Text{Zh: "位置", En: "Place"}, func(r *rowOf, lang string) string {
		words := make([]string, len(r.place))
		for i, p := range r.place {
			words[i] = p.In(lang)
		}
		return strings.Join(words, " / ")
	}},
	{text.Text{Zh: "设备", En: "Machine"}, func(r *rowOf, lang string) string { return r.machine.In(lang) }},
	{text.Text{Zh: "设备标识", En: "Machine id"}, plain(func(r *rowOf) string { return r.Machine.String() })},
	{text.Text{Zh: "测点", En: "Point"}, func(r *rowOf, lang string) string { return r.Name.In(lang) }},
	{text.Text{Zh: "测点键", En: "Key"}, plain(func(r *rowOf) string { return r.Key })},
	{text.Text{Zh: "序列标识", En: "Series id"}, plain(func(r *rowOf) string { return r.ID.String() })},
	{text.Text{Zh: "开始", En: "From"}, plain(func(r *rowOf) string { return when(r.Since) })},
	{text.Text{Zh: "结束", En: "To"}, plain(func(r *rowOf) string { return when(r.Until) })},
	{text.Text{Zh: "状态", En: "State"}, func(r *rowOf, lang string) string { return stateWords[r.State].In(lang) }},
	{text.Text{Zh: "最新值时间", En: "Latest"}, plain(func(r *rowOf) string { return when(r.Latest) })},
	{text.Text{Zh: "距今（秒）", En: "Age (s)"}, plain(func(r *rowOf) string { return maybe(r.v.Age, 3) })},
	{text.Text{Zh: "覆盖率", En: "Coverage"}, plain(func(r *rowOf) string { return maybe(r.v.Coverage, 6) })},
	{text.Text{Zh: "得分", En: "Score"}, plain(func(r *rowOf) string { return maybe(r.v.Score, 1) })},
	{text.Text{Zh: "样本", En: "Samples"}, plain(func(r *rowOf) string { return count(r.Counts.Received) })},
	{text.Text{Zh: "应有样本", En: "Expected"}, plain(func(r *rowOf) string {
		if r.Expected == 0 {
			return ""
		}
		return count(r.Expected)
	})},
	{text.Text{Zh: "有效", En: "Good"}, plain(func(r *rowOf) string { return count(r.Counts.Good) })},
	{text.Text{Zh: "存疑", En: "Uncertain"}, plain(func(r *rowOf) string { return count(r.Counts.Uncertain) })},
	{text.Text{Zh: "无效", En: "Bad"}, plain(func(r *rowOf) string { return count(r.Counts.Bad) })},
	{text.Text{Zh: "迟到", En: "Late"}, counted(func(r *rowOf) string {
		if r.LateUnknown {
			return ""
		}
		return count(r.Counts.Late)
	})},
	{text.Text{Zh: "最迟（秒）", En: "Worst lateness (s)"}, counted(func(r *rowOf) string {
		if r.LateUnknown {
			return ""
		}
		return seconds(r.Counts.WorstLate)
	})},
	{text.Text{Zh: "时间超前", En: "Dated ahead"}, counted(func(r *rowOf) string { return count(r.Counts.Ahead) })},
	{text.Text{Zh: "重复告知", En: "Repeated"}, counted(func(r *rowOf) string { return count(r.Counts.Repeated) })},
	{text.Text{Zh: "时钟未同步", En: "Clock unsure"}, counted(func(r *rowOf) string { return count(r.Counts.ClockUnsure) })},
	{text.Text{Zh: "更正", En: "Corrected"}, counted(func(r *rowOf) string { return count(r.Counts.Corrected) })},
	{text.Text{Zh: "撤销", En: "Withdrawn"}, counted(func(r *rowOf) string { return count(r.Counts.Withdrawn) })},
	{text.Text{Zh: "被取代", En: "Superseded"}, counted(func(r *rowOf) string { return count(r.Counts.Superseded) })},
	{text.Text{Zh: "重算的小时", En: "Restated hours"}, plain(func(r *rowOf) string { return strconv.Itoa(r.Restated.Hours) })},
	{text.Text{Zh: "缺口", En: "Gaps"}, counted(func(r *rowOf) string { return strconv.Itoa(r.Gaps.Count) })},
	{text.Text{Zh: "缺口合计（秒）", En: "In gaps (s)"}, counted(func(r *rowOf) string { return seconds(r.Gaps.Dark) })},
	{text.Text{Zh: "最长缺口（秒）", En: "Longest gap (s)"}, counted(func(r *rowOf) string { return seconds(r.Gaps.Longest) })},
	{text.Text{Zh: "损坏", En: "Damaged"}, plain(func(r *rowOf) string { return strconv.FormatBool(r.Damaged) })},
}

// csv writes one row for each series.
func (s *Survey) csv(lang string) ([]byte, error) {
	nodes := map[uuid.UUID]*Node{}
	for i := range s.Nodes {
		nodes[s.Nodes[i].ID] = &s.Nodes[i]
	}
	return write(lang, seriesColumns, func(yield func(*rowOf) error) error {
		for i := range s.Series {
			x := &s.Series[i]
			r := rowOf{Series: x, v: x.view(s.Now, s.Present, s.Counted), now: s.Now}
			if m := nodes[x.Machine]; m != nil {
				r.machine = m.Name
				for up := nodes[m.Parent]; up != nil && len(r.place) < len(nodes); up = nodes[up.Parent] {
					r.place = append([]text.Text{up.Name}, r.place...)
				}
			}
			if err := yield(&r); err != nil {
				return err
			}
		}
		return nil
	})
}

// gapColumns are only ever added to at the end.
var gapColumns = []column[ExplainedGap]{
	{text.Text{Zh: "开始", En: "From"}, func(g *ExplainedGap, _ string) string { return when(g.From) }},
	{text.Text{Zh: "结束", En: "To"}, func(g *ExplainedGap, _ string) string { return when(g.To) }},
	{text.Text{Zh: "时长（秒）", En: "Length (s)"}, func(g *ExplainedGap, _ string) string { return seconds(time.Duration(g.To - g.From)) }},
	{text.Text{Zh: "仍在持续", En: "Lasts"}, func(g *ExplainedGap, _ string) string { return strconv.FormatBool(g.Open) }},
	{text.Text{Zh: "原因代码", En: "Cause code"}, func(g *ExplainedGap, _ string) string { return string(g.Cause) }},
	{text.Text{Zh: "原因", En: "Cause"}, func(g *ExplainedGap, lang string) string { return g.Words.In(lang) }},
	{text.Text{Zh: "依据", En: "Facts"}, func(g *ExplainedGap, lang string) string {
		words := make([]string, len(g.Facts))
		for i, f := range g.Facts {
			words[i] = f.Text.In(lang)
			if f.From != 0 {
				words[i] = when(f.From) + " " + words[i]
			}
		}
		return strings.Join(words, "; ")
	}},
}

// csv writes one row for each gap that is listed.
func (d *Detail) csv(lang string) ([]byte, error) {
	return write(lang, gapColumns, func(yield func(*ExplainedGap) error) error {
		for i := range d.Gaps {
			if err := yield(&d.Gaps[i]); err != nil {
				return err
			}
		}
		return nil
	})
}
