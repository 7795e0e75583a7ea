package programme

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/table"
)

// Summary writes the table that reviewers use: one row for each application, columns for who applies, the fields of the application, each
// paper, each point of the formal check, each review, and the place in the ranking.
func (s *Service) Summary(ctx context.Context, id uuid.UUID, format table.Format, lang string) ([]byte, error) {
	_, r, c, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	files, err := s.filesOf(ctx, r, c)
	if err != nil {
		return nil, err
	}
	places := map[uuid.UUID]RankedCase{}
	if r.State == RoundRanked || r.State == RoundPublished {
		ranking, err := s.frozen(ctx, s.o.DB, r)
		if err != nil {
			return nil, err
		}
		for _, p := range ranking.List {
			places[p.Case] = p
		}
	}
	say := func(zh, en string) string { return both(zh, en).In(lang) }
	head := []string{say("序号", "No."), say("申报单位", "Applicant"), say("统一社会信用代码", "Credit code"), say("项目名称", "Project"), say("申报时间", "Filed"), say("状态", "State"), say("符合申报主体要求", "May apply")}
	for i := range c.Fields {
		head = append(head, c.Fields[i].Heading(lang))
	}
	for _, p := range c.Papers {
		head = append(head, p.Name.In(lang))
	}
	for _, x := range c.Checks {
		head = append(head, x.Text.In(lang))
	}
	for i := range c.Review.Experts {
		head = append(head, fmt.Sprintf("%s %d", say("专家评分", "Score"), i+1))
	}
	head = append(head, say("平均分", "Mean"), say("校正分", "Adjusted"), say("排序", "Rank"), say("入选", "Chosen"), say("拟支持金额（元）", "Award (yuan)"))
	word := func(ok bool) string {
		if ok {
			return say("是", "yes")
		}
		return say("否", "no")
	}
	rows := [][]string{}
	for i, f := range files {
		filed := ""
		if f.Filed != nil {
			filed = field.DateOf(f.Filed.UnixNano())
		}
		may := map[string]string{yes: word(true), no: word(false), unknown: say("待核实", "unknown")}[f.May]
		row := []string{fmt.Sprint(i + 1), f.Name.In(lang), f.Code, f.Title, filed, f.StateName.In(lang), may}
		for k := range c.Fields {
			cell := ""
			if v, ok := f.Content[c.Fields[k].Key]; ok {
				cell = c.Fields[k].Cell(v, lang)
			}
			row = append(row, cell)
		}
		for _, p := range c.Papers {
			n := 0
			for _, d := range f.Papers {
				if d.Kind == p.ID {
					n++
				}
			}
			row = append(row, word(n > 0))
		}
		for _, x := range c.Checks {
			cell := ""
			if v, ok := f.Content[checkField(x.ID)].(bool); ok {
				cell = word(v)
			}
			row = append(row, cell)
		}
		totals := []string{}
		for _, l := range f.Reviews {
			if l.Counts {
				totals = append(totals, l.Total)
			}
		}
		for k := range c.Review.Experts {
			cell := ""
			if k < len(totals) {
				cell = totals[k]
			}
			row = append(row, cell)
		}
		p, ranked := places[f.Case]
		if ranked {
			row = append(row, p.Raw, p.Adjusted, fmt.Sprint(p.Rank), word(p.Chosen))
		} else {
			row = append(row, "", "", "", "")
		}
		amount := ""
		if f.Award != nil {
			amount = field.FormatUnits(f.Award.Amount, 2)
		}
		rows = append(rows, append(row, amount))
	}
	return s.write(format, say("形式审查汇总表", "Formal check"), head, rows)
}

// PaymentList writes what is to be paid and was paid.
func (s *Service) PaymentList(ctx context.Context, id uuid.UUID, format table.Format, lang string) ([]byte, error) {
	_, r, c, err := s.desk(ctx, id, auth.Operate)
	if err != nil {
		return nil, err
	}
	list, err := s.paymentsOf(ctx, r, c)
	if err != nil {
		return nil, err
	}
	say := func(zh, en string) string { return both(zh, en).In(lang) }
	head := []string{say("序号", "No."), say("单位", "Party"), say("统一社会信用代码", "Credit code"), say("项目名称", "Project"), say("款项", "Part"), say("金额（元）", "Amount (yuan)"), say("状态", "State"), say("期限", "Due"), say("日期", "Day"), say("凭证号", "Document")}
	rows := [][]string{}
	for i, p := range list {
		rows = append(rows, []string{fmt.Sprint(i + 1), p.Party.In(lang), p.Code, p.Title, p.Part.In(lang), field.FormatUnits(p.Amount, 2), p.StateName.In(lang), p.Due, p.On, p.Document})
	}
	return s.write(format, say("拨付清单", "Payments"), head, rows)
}

func (s *Service) write(format table.Format, name string, head []string, rows [][]string) ([]byte, error) {
	return table.Write(format, table.Out{Name: name, Heading: head, Lists: make([][]string, len(head)), Rows: rows})
}
