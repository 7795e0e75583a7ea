package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// MaxImport is how many entries one file may hold.
const MaxImport = 50_000

// Import is a spreadsheet to be taken.
type Import struct {
	Org      uuid.UUID
	Register string
	Format   table.Format // "": found out
	Data     []byte
	DryRun   bool
	Reason   string // of changes to entries that are there
}

// Imported tells what was done, or would be. With faults nothing is done.
type Imported struct {
	Applied   bool         `json:"applied" doc:"False for a dry run, and where a row is wrong: then nothing was taken"`
	DryRun    bool         `json:"dryRun"`
	Rows      int          `json:"rows"`
	New       int          `json:"new"`
	Changed   int          `json:"changed"`
	Unchanged int          `json:"unchanged"`
	Faults    []EntryFault `json:"faults" nullable:"false" doc:"The first 1000"`
	More      int          `json:"more,omitempty" doc:"Further faults that are not told"`
}

// EntryFault is one thing wrong with a file, with its place.
type EntryFault struct {
	Sheet   string    `json:"sheet,omitempty"`
	Row     int       `json:"row" doc:"From 1, as a spreadsheet counts"`
	Cell    string    `json:"cell,omitempty" doc:"Such as G731"`
	Column  string    `json:"column,omitempty" doc:"Key of the field"`
	Value   string    `json:"value,omitempty"`
	Code    string    `json:"code"`
	Message text.Text `json:"message"`
	Mend    text.Text `json:"mend"`
}

const maxTold = 1000

func (i *Imported) bad(f EntryFault) {
	if len(i.Faults) == maxTold {
		i.More++
		return
	}
	i.Faults = append(i.Faults, f)
}

// Own columns of every register's file; all may be left out.
const (
	columnState = iota
	columnSince
	columnUntil
	columnClass
)

var ownColumns = []field.Column{
	{Key: "state", Name: nameState}, {Key: "since", Name: nameSince}, {Key: "until", Name: nameUntil}, {Key: "class", Name: nameClass},
}

var classNames = map[field.Class]text.Text{field.Public: {Zh: "公开", En: "public"}, field.Internal: {Zh: "内部", En: "internal"}, field.Restricted: {Zh: "受限", En: "restricted"}}

// layout says where the columns of a sheet are; -1 for those that it has not.
type layout struct{ own, fields []int }

func (r *Register) layout(s *table.Sheet, out *Imported) (l layout) {
	l.own, l.fields = r.Fields.Columns(ownColumns, s, func(f table.Fault) { out.told(f, f.Code) })
	return l
}

// told takes in what was found wrong with the file as such.
func (i *Imported) told(f table.Fault, code string) {
	i.bad(EntryFault{Sheet: f.Sheet, Row: f.Row, Cell: table.Place(f.Column, f.Row), Value: f.Value, Code: code, Message: f.Text, Mend: f.Mend})
}

// parsed is a row as it was read. Fields whose columns the file has not are taken from the entry that is there.
type parsed struct {
	sheet string
	row   int
	cell  string // of the key
	key   string
	given map[string]any
	in    Input
	at    layout
}

func (p *parsed) bad(out *Imported, column int, key, value, code string, message, mend text.Text) {
	cell := table.Place(column, p.row)
	if cell == "" {
		cell = p.cell
	}
	out.bad(EntryFault{Sheet: p.sheet, Row: p.row, Cell: cell, Column: key, Value: value, Code: code, Message: message, Mend: mend})
}

// read reads the rows of a file.
func (r *Register) read(i *Import, out *Imported) ([]*parsed, error) {
	format := i.Format
	if format == "" {
		format = table.Guess(i.Data)
	}
	sheets, err := table.Read(format, i.Data)
	var unreadable *table.Error
	if errors.As(err, &unreadable) {
		return nil, ErrFile.With("reason", unreadable.Text)
	} else if err != nil {
		return nil, err
	}
	keyAt := slices.IndexFunc(r.Fields, func(f field.Field) bool { return f.Key == r.Key })
	key := &r.Fields[keyAt]
	first := map[string]int{}
	var rows []*parsed
	for n := range sheets {
		s := &sheets[n]
		for _, f := range s.Faults {
			out.told(f, "cell-"+f.Code)
		}
		l := r.layout(s, out)
		if l.fields[keyAt] < 0 {
			out.bad(EntryFault{Sheet: s.Name, Row: s.Row, Column: r.Key, Code: "column-missing", Message: text.Text{Zh: "缺少“" + key.Name.Zh + "”列", En: "the column " + key.Name.En + " is missing"},
				Mend: text.Text{Zh: "请加上该列", En: "Add it"}})
			continue
		}
		for x := range s.Rows {
			row := &s.Rows[x]
			if out.Rows++; out.Rows > MaxImport {
				return nil, ErrRows.With("max", MaxImport)
			}
			p := r.row(s, row, l)
			p.cell = table.Place(l.fields[keyAt], row.Number)
			v, fault := key.Parse(row.Cell(l.fields[keyAt]))
			if fault != nil {
				p.bad(out, l.fields[keyAt], r.Key, fault.Value, "field-"+fault.Code, named(fault), fault.Mend)
				continue
			}
			p.key = v.(string)
			if other, twice := first[p.key]; twice {
				p.bad(out, l.fields[keyAt], r.Key, p.key, "twice", text.Text{Zh: fmt.Sprintf("与第 %d 行重复", other), En: fmt.Sprintf("is in row %d already", other)}, text.Text{Zh: "请删去一行", En: "Delete one of the rows"})
				continue
			}
			first[p.key] = row.Number
			rows = append(rows, p)
		}
	}
	return rows, nil
}

func named(f *field.Fault) text.Text {
	return text.Text{Zh: f.Name.In("zh") + "：" + f.Text.Zh, En: f.Name.In("en") + ": " + f.Text.En}
}

func (r *Register) row(s *table.Sheet, row *table.Row, l layout) *parsed {
	p := &parsed{sheet: s.Name, row: row.Number, given: map[string]any{}, at: l}
	for i := range r.Fields {
		if l.fields[i] >= 0 {
			if v := r.Fields[i].Given(row.Cell(l.fields[i])); v != nil {
				p.given[r.Fields[i].Key] = v
			}
		}
	}
	p.in.State = row.Cell(l.own[columnState])
	for _, st := range r.States {
		if slices.Contains([]string{st.Name.Zh, st.Name.En}, p.in.State) {
			p.in.State = st.ID
		}
	}
	class := row.Cell(l.own[columnClass])
	for id, name := range classNames {
		if slices.Contains([]string{name.Zh, name.En, string(id)}, class) {
			class = string(id)
		}
	}
	p.in.Class = field.Class(class)
	day := field.Field{Key: "day", Type: field.Date}
	for column, to := range map[int]*string{columnSince: &p.in.Since, columnUntil: &p.in.Until} {
		if v, ok := day.Given(row.Cell(l.own[column])).(string); ok {
			*to = v
		}
	}
	return p
}

// Import takes a spreadsheet: whole or not at all. A row whose key is there changes that entry, in the columns that the file has; its
// state stays, since only a transition changes it. Errors: ErrRegister, ErrFile, ErrRows, ErrReason (something changes and no reason
// is given); what is wrong with rows comes in the answer.
func (s *Service) Import(ctx context.Context, i Import) (*Imported, error) {
	scope, err := auth.Allow(ctx, auth.Configure, i.Org)
	if err != nil {
		return nil, err
	}
	r, err := s.Register(i.Register)
	if err != nil {
		return nil, err
	}
	base := &Imported{DryRun: i.DryRun, Faults: []EntryFault{}}
	rows, err := r.read(&i, base)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(i.Data)
	act := scope.Act(ctx, s.o.Now(), "register.import", audit.Object{Kind: "register", ID: r.ID, Name: r.Name.En}, nil, nil)
	out := &Imported{}
	run := func(ctx context.Context, tx bun.Tx) error {
		*out = *base // a transaction may run again
		out.Faults = slices.Clone(base.Faults)
		list, err := s.settle(ctx, tx, scope, r, &i, rows, act.Actor, out)
		if err != nil || len(out.Faults) > 0 || i.DryRun {
			return err
		}
		if out.Changed > 0 {
			if wrong := checkReason("query.reason", i.Reason); wrong != nil {
				return wrong
			}
		}
		out.Applied = true
		if len(list) == 0 {
			return nil
		}
		if err := s.write(ctx, tx, list); err != nil {
			return err
		}
		act.After = audit.State(map[string]any{"rows": out.Rows, "new": out.New, "changed": out.Changed, "unchanged": out.Unchanged, "sha256": hex.EncodeToString(sum[:])})
		act.Reason = i.Reason
		return audit.Record(ctx, tx, act)
	}
	if i.DryRun {
		err = s.o.DB.View(ctx, run)
	} else {
		err = s.o.DB.InTx(ctx, run)
	}
	if err != nil {
		return nil, fmt.Errorf("import entries: %w", err)
	}
	return out, nil
}

// settle compares the rows with what is there, and makes the revisions to be written.
func (s *Service) settle(ctx context.Context, db bun.IDB, scope auth.Scope, r *Register, i *Import, rows []*parsed, by audit.Actor, out *Imported) ([]*Entry, error) {
	keys := make([]string, len(rows))
	for n, p := range rows {
		keys[n] = p.key
	}
	there, err := s.byKeys(ctx, db, scope, i.Org, r.ID, keys)
	if err != nil {
		return nil, err
	}
	now := s.o.Now().UnixNano()
	var list []*Entry
	for _, p := range rows {
		old, known := there[p.key]
		e := &Entry{ID: uuid.Must(uuid.NewV7()), Org: i.Org, Register: r.ID, Revision: 1, By: by, Reason: i.Reason, At: now, State: p.in.State}
		in := p.in
		record, faults := r.Fields.ReadCells(p.given)
		if known {
			e.ID, e.Revision, e.State, e.At = old.ID, old.Revision+1, old.State, max(now, old.At+1)
			for n := range r.Fields { // columns that the file has not
				f := &r.Fields[n]
				if v, has := old.Record[f.Key]; has && p.at.fields[n] < 0 {
					record[f.Key] = v
					faults = slices.DeleteFunc(faults, func(x *field.Fault) bool { return x.Path == f.Key && x.Code == "required" })
				}
			}
			if p.at.own[columnSince] < 0 {
				in.Since = dateOf(old.Since)
			}
			if p.at.own[columnUntil] < 0 {
				in.Until = lastDayOf(old.Until)
			}
			if p.at.own[columnClass] < 0 || in.Class == "" {
				in.Class = old.Class
			}
			if in.State != "" && in.State != old.State && r.state(in.State) != nil {
				p.bad(out, p.at.own[columnState], "state", in.State, "state", text.Text{Zh: "已登记条目的状态只能按办理动作改变", En: "the state of an entry that is there changes by a transition only"},
					text.Text{Zh: "请保留原状态 " + old.State, En: "Leave the state " + old.State})
				continue
			}
		}
		in.record = record
		if len(faults) == 0 {
			faults = r.fill(e, &in, s.o.Calculations)
		}
		for _, f := range faults {
			p.bad(out, p.at.column(r, f.Path), f.Path, f.Value, "field-"+f.Code, named(f), f.Mend)
		}
		if len(faults) > 0 {
			continue
		}
		switch {
		case !known:
			if e.State == "" {
				e.State = r.Initial
			}
			out.New++
			list = append(list, e)
		case len(differs(&old, e)) == 0:
			out.Unchanged++
		default:
			out.Changed++
			list = append(list, e)
		}
	}
	return list, nil
}

// column finds the column that a fault is about.
func (l layout) column(r *Register, path string) int {
	for j, c := range ownColumns {
		if c.Key == path {
			return l.own[j]
		}
	}
	head, _, _ := strings.Cut(path, ".")
	head, _, _ = strings.Cut(head, "[")
	if i := slices.IndexFunc(r.Fields, func(f field.Field) bool { return f.Key == head }); i >= 0 {
		return l.fields[i]
	}
	return -1
}

// MaxExport is how many entries one file holds at most.
const MaxExport = table.MaxRows - 1

// Export writes the entries of a register that the caller may see as a file that Import reads: fields that the caller may not see in
// every one of them are left out.
func (s *Service) Export(ctx context.Context, register string, f Filter, format table.Format, lang string) ([]byte, error) {
	reach, err := s.reach(ctx, f.Org)
	if err != nil {
		return nil, err
	}
	r, err := s.Register(register)
	if err != nil {
		return nil, err
	}
	upTo := reach.lowest()
	var rows [][]string
	fields := r.columns(upTo)
	err = store.Each(func(p store.Page) ([]Entry, string, error) { return s.List(ctx, register, f, p) }, func(e Entry) error {
		if len(rows) == MaxExport {
			return ErrRows.With("max", MaxExport)
		}
		cells := make([]string, 0, len(fields)+len(ownColumns))
		for _, f := range fields {
			cells = append(cells, f.Cell(e.Record[f.Key], lang))
		}
		state := e.State
		if st := r.state(state); st != nil {
			state = st.Name.In(lang)
		}
		rows = append(rows, append(cells, state, dateOf(e.Since), lastDayOf(e.Until), classNames[e.Class].In(lang)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return table.Write(format, r.file(fields, lang, rows))
}

func (r *Register) columns(upTo field.Class) (out []*field.Field) {
	for i := range r.Fields {
		if r.classOf(&r.Fields[i]).Reaches(upTo) {
			out = append(out, &r.Fields[i])
		}
	}
	return out
}

// Template is an empty file to be filled in and imported.
func (s *Service) Template(register string, format table.Format, lang string) ([]byte, error) {
	r, err := s.Register(register)
	if err != nil {
		return nil, err
	}
	fields := slices.DeleteFunc(r.columns(field.Restricted), func(f *field.Field) bool { return f.Calc != "" })
	return table.Write(format, r.file(fields, lang, nil))
}

func (r *Register) file(fields []*field.Field, lang string, rows [][]string) table.Out {
	both := func(zh, en string) string { return text.Text{Zh: zh, En: en}.In(lang) }
	name := strings.Map(func(c rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, c) {
			return ' '
		}
		return c
	}, r.Name.In(lang))
	if n := []rune(name); len(n) > 28 { // a workbook's limit is 31
		name = string(n[:28])
	}
	t := table.Out{Name: name, Rows: rows, Notes: []string{both("填写说明", "How to fill this in"),
		both("每行一条；已登记的编号会修改原条目，删去的列保持原值。", "One entry a row. A key that is there changes its entry; columns that you delete leave things as they are."),
		both("请先试运行：会列出全部错误（精确到单元格）；有一行出错则全部不导入。", "Try it first: all errors are told by their cell. With one wrong row nothing is taken.")}}
	add := func(heading, help string, list []string) {
		t.Heading, t.Lists, t.Notes = append(t.Heading, heading), append(t.Lists, list), append(t.Notes, strings.TrimSuffix(heading+" — "+help, " — "))
	}
	for _, f := range fields {
		var list, parts []string
		for _, o := range f.Options {
			list = append(list, o.Name.In(lang))
		}
		if f.Required {
			parts = append(parts, both("必填", "required"))
		}
		if f.Type == field.List {
			var inner []string
			for i := range f.Fields {
				inner = append(inner, f.Fields[i].Heading(lang))
			}
			parts = append(parts, both("多项以 ; 分隔，每项为 ", "items separated by ;, each ")+strings.Join(inner, "|"))
		}
		if !f.Help.IsZero() {
			parts = append(parts, f.Help.In(lang))
		}
		add(f.Heading(lang), strings.Join(parts, "; "), list)
	}
	var states []string
	for _, st := range r.States {
		states = append(states, st.Name.In(lang))
	}
	add(nameState.In(lang), both("新条目可填；不填为“"+r.state(r.Initial).Name.Zh+"”", "of new entries; "+r.state(r.Initial).Name.En+" where it is empty"), states)
	add(nameSince.In(lang), both("不填表示一直有效", "always, where it is empty"), nil)
	add(nameUntil.In(lang), both("最后有效的一天；不填表示未失效", "the last day; empty while it lasts"), nil)
	add(nameClass.In(lang), "", nil)
	return t
}
