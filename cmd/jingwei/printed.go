package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/govern/task"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/office/print"
	"jingwei/internal/office/register"
)

// A list that is printed has at most so many entries; more go into a workbook.
const maxPrinted = 5_000

type paper struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// on makes a file of a document.
func on(d *print.Document, format, name string) (*paper, error) {
	if format == "pdf" {
		data, err := print.PDF(d)
		return &paper{"application/pdf", fmt.Sprintf(`inline; filename="%s.pdf"`, name), data}, err
	}
	data, err := print.Workbook(d, table.XLSX)
	return &paper{table.XLSX.MediaType(), fmt.Sprintf(`attachment; filename="%s.xlsx"`, name), data}, err
}

// Spoken is the language of the caller.
type Spoken struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (s Spoken) lang() string { return string(problem.ParseAcceptLanguage(s.AcceptLanguage)) }

func langTag(lang string) string {
	if lang == "en" {
		return "en"
	}
	return "zh-CN"
}

func inLang(lang, zh, en string) string {
	if lang == "en" {
		return en
	}
	return zh
}

func binaryAnswer(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// printRoutes adds what prints lists and cases. The rooms decide what the caller sees; printing adds nothing to it.
func (n *node) printRoutes() {
	type list struct {
		Spoken
		register.ByRegister
		register.EntryFilter
		Format string `query:"format" enum:"pdf" default:"pdf"`
	}
	op := api.Tag("registers").Operation(http.MethodGet, "printEntries", "/registers/{register}/print", "Entries of a register on paper")
	op.Description = fmt.Sprintf("A PDF of at most %d entries, in the caller's language, with what the caller may see. A workbook of all is the export.", maxPrinted)
	api.Register(n.api, binaryAnswer(op), func(ctx context.Context, in *list) (*paper, error) {
		d, err := n.printedList(ctx, in.Register, in.Filter(), in.lang())
		if err != nil {
			return nil, err
		}
		return on(d, in.Format, in.Register)
	})
	type one struct {
		Spoken
		api.ByID
		Format string `query:"format" enum:"pdf" default:"pdf"`
	}
	api.Register(n.api, binaryAnswer(api.Tag("cases").Operation(http.MethodGet, "printCase", "/cases/{id}/print", "A case on paper, as reviewers use it")),
		func(ctx context.Context, in *one) (*paper, error) {
			d, err := n.printedCase(ctx, in.ID, in.lang())
			if err != nil {
				return nil, err
			}
			return on(d, in.Format, "case-"+in.ID.String())
		})
}

// cellOf writes a value for people.
func cellOf(f *field.Field, v any, lang string) string {
	if v == nil {
		return ""
	}
	items, ok := v.([]field.Record)
	if !ok {
		s := f.Cell(v, lang)
		if f.Unit != "" && s != "" {
			s += " " + f.Unit
		}
		return s
	}
	var lines []string
	for _, item := range items {
		var parts []string
		for i := range f.Fields {
			if x, ok := item[f.Fields[i].Key]; ok {
				parts = append(parts, f.Fields[i].Cell(x, lang))
			}
		}
		lines = append(lines, strings.Join(parts, " · "))
	}
	return strings.Join(lines, "\n")
}

func (n *node) printedList(ctx context.Context, id string, f register.Filter, lang string) (*print.Document, error) {
	r, err := n.registers.Register(id)
	if err != nil {
		return nil, err
	}
	entries, err := allEntries(ctx, n.registers, id, f)
	if err != nil {
		return nil, err
	}
	now := n.now()
	keys := []string{r.Key}
	for _, k := range r.Title {
		if !strings.HasSuffix(k, "En") || lang == "en" {
			keys = append(keys, k)
		}
	}
	for i := range r.Fields { // then those that can be searched by, as many as a page is wide
		if k := r.Fields[i].Key; r.Fields[i].Search && !slices.Contains(keys, k) && len(keys) < 6 && r.Fields[i].Type != field.List {
			keys = append(keys, k)
		}
	}
	t := print.Table{Name: r.Name.In(lang)}
	for _, k := range keys {
		x := r.Fields.Field(k)
		share := 3
		if slices.Contains(r.Title, k) {
			share = 5
		}
		t.Columns = append(t.Columns, print.Column{Name: x.Name.In(lang), Share: share, Right: x.Type == field.Money || x.Type == field.Integer})
	}
	t.Columns = append(t.Columns, print.Column{Name: inLang(lang, "状态", "State"), Share: 2})
	for i := range entries {
		var row []string
		for _, k := range keys {
			row = append(row, cellOf(r.Fields.Field(k), entries[i].Record[k], lang))
		}
		state := entries[i].State
		for _, st := range r.States {
			if st.ID == state {
				state = st.Name.In(lang)
			}
		}
		t.Rows = append(t.Rows, append(row, state))
	}
	title := r.Name.In(lang)
	return &print.Document{Title: title, Lang: langTag(lang), Author: n.cfg.Node.Name, Header: n.cfg.Node.Name + " · " + title, Footer: inLang(lang, "打印于 ", "Printed ") + field.DateOf(now.UnixNano()), At: now,
		Blocks: []print.Block{print.Heading{Level: 1, Text: title}, print.Paragraph{Text: fmt.Sprintf(inLang(lang, "共 %d 条", "%d entries"), len(entries))}, t}}, nil
}

// allEntries are the entries of a list, page by page, as far as they are printed.
func allEntries(ctx context.Context, room *register.Service, id string, f register.Filter) (out []register.Entry, err error) {
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		items, next, err := room.List(ctx, id, f, page)
		if err != nil {
			return nil, err
		}
		out = append(out, items...)
		if page.After = next; next == "" || len(out) >= maxPrinted {
			return out[:min(len(out), maxPrinted)], nil
		}
	}
}

func (n *node) printedCase(ctx context.Context, id uuid.UUID, lang string) (*print.Document, error) {
	c, err := n.flows.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	steps, err := n.flows.History(ctx, id)
	if err != nil {
		return nil, err
	}
	f, err := n.flows.FlowOf(ctx, &c)
	if err != nil {
		return nil, err
	}
	now := n.now()
	state := func(id string) string {
		if st := f.State(id); st != nil {
			return st.Name.In(lang)
		}
		return id
	}
	head := print.Pairs{{Name: inLang(lang, "流程", "Flow"), Value: f.Name.In(lang)}, {Name: inLang(lang, "编号", "Number"), Value: c.ID.String()}, {Name: inLang(lang, "状态", "State"), Value: state(c.State)},
		{Name: inLang(lang, "受理日期", "Opened"), Value: field.DateOf(c.Opened)}}
	for what, id := range map[string]uuid.UUID{inLang(lang, "申报单位", "About"): c.Subject, inLang(lang, "受理单位", "Kept by"): c.Org} {
		if o, err := n.orgs.Get(ctx, id); err == nil && id != uuid.Nil {
			head = append(head, print.Pair{Name: what, Value: o.Name.In(lang)})
		}
	}
	slices.SortStableFunc(head[4:], func(a, b print.Pair) int { return strings.Compare(b.Name, a.Name) })
	var content print.Pairs
	for i := range f.Fields {
		x := &f.Fields[i]
		if v, ok := c.Record[x.Key]; ok {
			content = append(content, print.Pair{Name: x.Name.In(lang), Value: cellOf(x, v, lang)})
		}
	}
	title := c.Title
	if title == "" {
		title = f.Name.In(lang)
	}
	d := &print.Document{Title: title, Lang: langTag(lang), Author: n.cfg.Node.Name, Header: f.Name.In(lang) + " · " + title, Footer: inLang(lang, "打印于 ", "Printed ") + field.DateOf(now.UnixNano()), At: now,
		Blocks: []print.Block{print.Heading{Level: 1, Text: title}, head}}
	if len(content) > 0 {
		d.Blocks = append(d.Blocks, print.Heading{Level: 2, Text: inLang(lang, "内容", "Content")}, content)
	}
	if len(c.Documents) > 0 {
		t := print.Table{Columns: []print.Column{{Name: inLang(lang, "附件", "Document"), Share: 6}, {Name: inLang(lang, "字节", "Bytes"), Share: 2, Right: true}}}
		for _, x := range c.Documents {
			t.Rows = append(t.Rows, []string{x.Name, fmt.Sprint(x.Size)})
		}
		d.Blocks = append(d.Blocks, t)
	}
	t := print.Table{Columns: []print.Column{{Name: inLang(lang, "时间", "Time"), Share: 4}, {Name: inLang(lang, "步骤", "Step"), Share: 4}, {Name: inLang(lang, "结果", "To"), Share: 3}, {Name: inLang(lang, "经办", "By"), Share: 3}, {Name: inLang(lang, "意见", "Words"), Share: 6}}}
	for i := range steps {
		x := &steps[i]
		name := x.Transition
		for j := range f.Transitions {
			if f.Transitions[j].ID == x.Transition {
				name = f.Transitions[j].Name.In(lang)
			}
		}
		if x.Transition == f.Start.ID || i == 0 {
			name = inLang(lang, "提交", "Filed")
		}
		t.Rows = append(t.Rows, []string{clockTime(x.At), name, state(x.To), x.By.Name, x.Reason})
	}
	d.Blocks = append(d.Blocks, print.Heading{Level: 2, Text: inLang(lang, "办理过程", "Steps")}, t,
		print.Signatures{{Name: inLang(lang, "经办人", "Officer")}, {Name: inLang(lang, "审核人", "Reviewer")}, {Name: inLang(lang, "单位", "Office"), Seal: true}})
	return d, nil
}

// clockTime is an instant as people in China read it.
func clockTime(at int64) string {
	return time.Unix(0, at).In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04")
}

// taskRoutes adds the monthly return of the task ledger.
func (n *node) taskRoutes() {
	type monthly struct {
		Spoken
		Org    uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Who keeps the ledger"`
		Month  string    `query:"month" required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$" doc:"2026-11"`
		Where  []string  `query:"where,explode" maxItems:"10" doc:"field=value of the register of tasks; all of them hold"`
		Format string    `query:"format" enum:"pdf,xlsx" default:"pdf"`
	}
	op := api.Tag("tasks").Operation(http.MethodGet, "monthlyTasks", "/tasks/monthly", "The monthly return of the task ledger")
	op.Description = "Every task with what was reported in the month, and counts of departments (PDF); the tasks alone as a workbook."
	api.Register(n.api, binaryAnswer(op), func(ctx context.Context, in *monthly) (*paper, error) {
		list, err := n.tasks(ctx, register.Filter{Org: in.Org, Where: in.Where}, in.Month, in.lang())
		if err != nil {
			return nil, err
		}
		owner := ""
		if o, err := n.orgs.Get(ctx, in.Org); err == nil {
			owner = o.Name.In(in.lang())
		}
		now := n.now()
		return on(task.Monthly(list, owner, in.Month, field.DateOf(now.UnixNano()), in.lang(), now), in.Format, "tasks-"+in.Month)
	})
}

// taskRegister is the register of tasks.
const taskRegister = "tasks"

// tasks reads the ledger as the caller sees it, with the notes of those that changed in a month or later.
func (n *node) tasks(ctx context.Context, f register.Filter, month, lang string) (out []task.Task, err error) {
	r, err := n.registers.Register(taskRegister)
	if err != nil {
		return nil, err
	}
	entries, err := allEntries(ctx, n.registers, taskRegister, f)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		e := &entries[i]
		t := task.Task{Key: e.Key, Title: word(e.Record, "title"), State: e.State, StateName: e.State, Policy: word(e.Record, "policy"), Lead: word(e.Record, "lead"), Deadline: word(e.Record, "deadline")}
		if en := word(e.Record, "titleEn"); lang == "en" && en != "" {
			t.Title = en
		}
		for _, st := range r.States {
			if st.ID == e.State {
				t.StateName = st.Name.In(lang)
			}
		}
		list, _ := e.Record["departments"].([]field.Record)
		for _, d := range list {
			t.Departments = append(t.Departments, word(d, "department"))
		}
		if e.Revision > 1 && field.DateOf(e.At)[:7] >= month {
			err := store.Each(func(p store.Page) ([]register.Entry, string, error) { return n.registers.History(ctx, e.ID, p) }, func(x register.Entry) error {
				if x.Revision > 1 && x.Reason != "" {
					t.Notes = append(t.Notes, task.Note{Day: field.DateOf(x.At), State: x.State, By: x.By.Name, Text: x.Reason})
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b task.Task) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
