package fact

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

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

// MaxImport is how many facts one file may hold.
const MaxImport = 20_000

// Import is a spreadsheet to be taken.
type Import struct {
	Org    uuid.UUID
	Kind   string
	Source string
	Format table.Format // "": found out
	Data   []byte
	DryRun bool
	Revise bool   // rows whose id is there with other content are revisions
	Reason string // of the revisions
}

// Imported tells what was done, or would be. With faults nothing is done.
type Imported struct {
	Applied   bool       `json:"applied" doc:"False for a dry run, and where a row is wrong: then nothing was taken"`
	DryRun    bool       `json:"dryRun"`
	Rows      int        `json:"rows"`
	New       int        `json:"new"`
	Revised   int        `json:"revised"`
	Unchanged int        `json:"unchanged"`
	Faults    []RowFault `json:"faults" nullable:"false" doc:"The first 1000"`
	More      int        `json:"more,omitempty" doc:"Further faults that are not told"`
}

// RowFault is one thing wrong with a file, with its place.
type RowFault struct {
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

func (i *Imported) bad(f RowFault) {
	if len(i.Faults) == maxTold {
		i.More++
		return
	}
	i.Faults = append(i.Faults, f)
}

// told takes in what was found wrong with the file as such.
func (i *Imported) told(f table.Fault, code string) {
	i.bad(RowFault{Sheet: f.Sheet, Row: f.Row, Cell: table.Place(f.Column, f.Row), Value: f.Value, Code: code, Message: f.Text, Mend: f.Mend})
}

// Own columns. Those behind the first may be left out.
const (
	columnExternal = iota
	columnGrade
	columnReference
	columnBy
)

var ownColumns = []field.Column{
	{Key: "externalId", Name: text.Text{Zh: "外部编号", En: "External id"}},
	{Key: "grade", Name: text.Text{Zh: "证据等级", En: "Evidence grade"}},
	{Key: "evidenceReference", Name: text.Text{Zh: "证据编号", En: "Evidence reference"}},
	{Key: "evidenceBy", Name: text.Text{Zh: "核查方", En: "Checked by"}},
}

// columns finds the columns of a sheet: those of ownColumns and those of the fields.
func columns(k *Kind, s *table.Sheet, out *Imported) (own, fields []int) {
	own, fields = k.Fields.Columns(ownColumns, s, func(f table.Fault) { out.told(f, f.Code) })
	if own[columnExternal] < 0 {
		out.bad(RowFault{Sheet: s.Name, Row: s.Row, Column: "externalId", Code: "column-missing", Message: text.Text{Zh: "缺少“外部编号”列", En: "the column External id is missing"},
			Mend: text.Text{Zh: "请加上该列，填写来源系统中的编号", En: "Add it, with the id by which the source knows each row"}})
	}
	return own, fields
}

// parsed is a row that was read well.
type parsed struct {
	sheet    string
	row      int
	cell     string // of the external id
	fact     Fact
	grade    bool // the file says a grade
	evidence bool
}

// read reads the rows of a file.
func (i *Import) read(k *Kind, out *Imported) ([]parsed, error) {
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
	var rows []parsed
	first := map[string]int{} // where an external id stands
	for n := range sheets {
		s := &sheets[n]
		for _, f := range s.Faults {
			out.told(f, "cell-"+f.Code)
		}
		own, at := columns(k, s, out)
		if own[columnExternal] < 0 {
			continue
		}
		for r := range s.Rows {
			row := &s.Rows[r]
			if out.Rows++; out.Rows > MaxImport {
				return nil, ErrRowsTooMany.With("max", MaxImport)
			}
			p, ok := k.row(s, row, own, at, out)
			if !ok {
				continue
			}
			p.fact.Source = i.Source
			if where, twice := first[p.fact.External]; twice {
				other := &rows[where]
				if string(other.fact.Record.Encode()) != string(p.fact.Record.Encode()) || other.fact.Grade != p.fact.Grade || other.fact.Evidence != p.fact.Evidence {
					out.bad(p.bad("twice", fmt.Sprintf("与第 %d 行编号相同、内容不同", other.row), fmt.Sprintf("has the id of row %d and other content", other.row), "请改正编号或删去一行", "Mend the id, or delete one of the rows"))
				} else {
					out.Unchanged++
				}
				continue
			}
			first[p.fact.External] = len(rows)
			rows = append(rows, p)
		}
	}
	return rows, nil
}

func (p *parsed) bad(code, zh, en, mendZh, mendEn string) RowFault {
	return RowFault{Sheet: p.sheet, Row: p.row, Cell: p.cell, Column: "externalId", Value: p.fact.External, Code: code, Message: text.Text{Zh: zh, En: en}, Mend: text.Text{Zh: mendZh, En: mendEn}}
}

// row reads one row.
func (k *Kind) row(s *table.Sheet, row *table.Row, own []int, at []int, out *Imported) (parsed, bool) {
	p := parsed{sheet: s.Name, row: row.Number, cell: table.Place(own[columnExternal], row.Number), grade: own[columnGrade] >= 0, evidence: own[columnReference] >= 0 || own[columnBy] >= 0}
	ok := true
	bad := func(column int, key, value, code string, message, mend text.Text) {
		ok = false
		out.bad(RowFault{Sheet: s.Name, Row: row.Number, Cell: table.Place(column, row.Number), Column: key, Value: value, Code: code, Message: message, Mend: mend})
	}
	given := map[string]any{}
	for i := range k.Fields {
		if at[i] >= 0 {
			if v := k.Fields[i].Given(row.Cell(at[i])); v != nil {
				given[k.Fields[i].Key] = v
			}
		}
	}
	record, faults := k.Fields.ReadCells(given)
	for _, f := range faults {
		column := -1
		head, _, _ := strings.Cut(f.Path, ".")
		head, _, _ = strings.Cut(head, "[")
		for i := range k.Fields {
			if k.Fields[i].Key == head {
				column = at[i]
			}
		}
		message := text.Text{Zh: f.Name.In("zh") + "：" + f.Text.Zh, En: f.Name.In("en") + ": " + f.Text.En}
		bad(column, f.Path, f.Value, "field-"+f.Code, message, f.Mend)
	}
	p.fact = Fact{External: row.Cell(own[columnExternal]), Record: record, Evidence: Evidence{Reference: row.Cell(own[columnReference]), By: row.Cell(own[columnBy])}}
	if wrong := (Key{Source: "x", External: p.fact.External}).check(""); len(wrong) > 0 {
		bad(own[columnExternal], "externalId", p.fact.External, "external-id", text.Text{Zh: "外部编号为空或过长", En: "the external id is empty or too long"},
			text.Text{Zh: "请填写来源系统中的编号", En: "Give the id by which the source knows the row"})
	}
	grade, known := ParseGrade(row.Cell(own[columnGrade]))
	if !known {
		bad(own[columnGrade], "grade", row.Cell(own[columnGrade]), "grade", text.Text{Zh: "没有这个证据等级", En: "there is no such grade"}, text.Text{Zh: "请填 E0、E1、E2 或 E3", En: "Use E0, E1, E2 or E3"})
	}
	p.fact.Grade = grade
	if ok {
		if wrong := judge(Declared, grade, p.fact.Evidence, nil); wrong != nil {
			bad(own[columnGrade], "grade", grade.String(), "evidence", text.Text{Zh: "该等级缺少依据", En: "the grade lacks its evidence"},
				text.Text{Zh: "请填证据编号（E2 还须填核查方，E3 须写 series: 或 figure:），或用较低的等级", En: "Fill in the evidence reference (for E2 also who checked, for E3 series: or figure:), or use a lower grade"})
		}
	}
	if ok {
		var wrong *problem.Error
		if p.fact.Since, p.fact.Until, wrong = k.span(record); wrong != nil {
			to := k.Fields.Field(k.Valid.To)
			bad(-1, to.Key, fmt.Sprint(record[to.Key]), "span", text.Text{Zh: "结束早于开始", En: "it ends before it begins"}, text.Text{Zh: "请核对两个日期", En: "Check the two dates"})
		}
	}
	return p, ok
}

// Import takes a spreadsheet: whole or not at all. Errors: ErrKind, ErrSource, ErrFile, ErrRowsTooMany, ErrReason; what is wrong with
// rows comes in the answer.
func (s *Service) Import(ctx context.Context, i Import) (*Imported, error) {
	scope, err := auth.Allow(ctx, auth.Configure, i.Org)
	if err != nil {
		return nil, err
	}
	k, err := s.kind(i.Kind, "query.kind")
	if err != nil {
		return nil, err
	}
	if !sourceForm.MatchString(i.Source) {
		return nil, ErrSource.At("query.source", i.Source)
	}
	if i.Revise {
		if wrong := checkReason(i.Reason); wrong != nil {
			return nil, wrong.At("query.reason", i.Reason)
		}
	}
	out := &Imported{DryRun: i.DryRun, Faults: []RowFault{}}
	rows, err := i.read(k, out)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	sum := sha256.Sum256(i.Data)
	e := scope.Act(ctx, now, "fact.import", audit.Object{Kind: "fact", ID: k.ID, Name: k.Name.En}, nil, nil)
	base := *out
	run := func(ctx context.Context, tx bun.Tx) error {
		*out = base // a transaction may run again
		out.Faults = slices.Clone(base.Faults)
		list, err := s.settleRows(ctx, tx, scope, k, &i, rows, e.Actor, out)
		if err != nil || len(out.Faults) > 0 || i.DryRun {
			return err
		}
		if len(list) == 0 {
			out.Applied = true
			return nil
		}
		if err := s.commit(ctx, tx, list); err != nil {
			return err
		}
		out.Applied = true
		e.After = audit.State(map[string]any{"source": i.Source, "rows": out.Rows, "new": out.New, "revised": out.Revised, "unchanged": out.Unchanged, "sha256": hex.EncodeToString(sum[:])})
		e.Reason = i.Reason
		return audit.Record(ctx, tx, e)
	}
	if i.DryRun {
		err = s.o.DB.View(ctx, run)
	} else {
		err = s.o.DB.InTx(ctx, run)
	}
	if err != nil {
		return nil, fmt.Errorf("import facts: %w", err)
	}
	return out, nil
}

// settleRows compares the rows with what is there, and makes the revisions to be written.
func (s *Service) settleRows(ctx context.Context, db bun.IDB, scope auth.Scope, k *Kind, i *Import, rows []parsed, by audit.Actor, out *Imported) ([]*Fact, error) {
	ids := make([]string, len(rows))
	for n := range rows {
		ids[n] = rows[n].fact.External
	}
	there, err := s.byKeys(ctx, db, scope, i.Org, k.ID, i.Source, ids)
	if err != nil {
		return nil, err
	}
	var list []*Fact
	for n := range rows {
		p := &rows[n]
		f := p.fact
		f.Org, f.Kind, f.KindVersion, f.By, f.RevisionID, f.Revision, f.ID = i.Org, k.ID, k.Version, by, uuid.Must(uuid.NewV7()), 1, uuid.Must(uuid.NewV7())
		old, known := there[f.External]
		if !known {
			if err := f.write(); err != nil {
				return nil, err
			}
			out.New++
			list = append(list, &f)
			continue
		}
		f.ID, f.Revision, f.Documents, f.Reason = old.ID, old.Revision+1, old.Documents, i.Reason
		if !p.grade {
			f.Grade = old.Grade
		}
		if !p.evidence {
			f.Evidence = old.Evidence
		}
		err := s.settle(k, &old, &f)
		switch {
		case old.Withdrawn:
			out.bad(p.bad("withdrawn", fmt.Sprintf("该记录已在第 %d 版撤回", old.Revision), fmt.Sprintf("it was withdrawn by revision %d", old.Revision), "请删去该行，或用新的编号", "Delete the row, or use another id"))
		case errors.Is(err, ErrSame):
			out.Unchanged++
		case errors.Is(err, ErrEvidence):
			out.bad(p.bad("evidence", "内容有变，等级 "+f.Grade.String()+" 需要新的依据", "the content changes, so grade "+f.Grade.String()+" needs its evidence anew", "请填新的证据编号，或降低等级", "Fill in the new evidence, or lower the grade"))
		case err != nil:
			return nil, err
		case !i.Revise:
			changed := strings.Join(names(k.Fields, field.Differences(old.Record, f.Record)), "、")
			if changed == "" {
				changed = ownColumns[columnGrade].Name.Zh
			}
			out.bad(p.bad("differs", "该编号已有不同内容（"+changed+"）", "the id is there with other content ("+differences(&old, &f)+")", "请核对编号；如系更正，请选择“作为修订”并说明理由", "Check the id; where it is a correction, ask for revisions and give the reason"))
		default:
			out.Revised++
			list = append(list, &f)
		}
	}
	return list, nil
}

func names(s field.Schema, keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = key
		if f := s.Field(key); f != nil {
			out[i] = f.Name.Zh
		}
	}
	return out
}

// Template is an empty file to be filled in and imported.
func (s *Service) Template(kind string, format table.Format, lang string) ([]byte, error) {
	k, err := s.kind(kind, "path.kind")
	if err != nil {
		return nil, err
	}
	t := table.Out{Name: k.Name.In(lang)}
	if r := []rune(t.Name); len(r) > 28 { // a workbook's limit is 31
		t.Name = string(r[:28])
	}
	t.Name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, t.Name)
	both := func(zh, en string) string { return text.Text{Zh: zh, En: en}.In(lang) }
	t.Notes = append(t.Notes, both("填写说明", "How to fill this in"), both("每行一条；外部编号是来源系统中的编号，同一编号再次导入且内容相同不会重复登记。", "One fact a row. The external id is that of its source: the same id with the same content changes nothing."), both("请先试运行：会列出全部错误（精确到单元格），改正后再导入；有一行出错则全部不导入。", "Try it first: all errors are told by their cell. With one wrong row nothing is taken."))
	add := func(heading, help string, list []string) {
		t.Heading, t.Lists = append(t.Heading, heading), append(t.Lists, list)
		t.Notes = append(t.Notes, heading+" — "+help)
	}
	add(ownColumns[columnExternal].Name.In(lang), both("必填", "required"), nil)
	for i := range k.Fields {
		f := &k.Fields[i]
		var list []string
		for _, o := range f.Options {
			list = append(list, o.Name.In(lang))
		}
		help := f.Help.In(lang)
		if f.Required {
			help = strings.TrimSpace(both("必填 ", "required ") + help)
		}
		add(f.Heading(lang), help, list)
	}
	add(ownColumns[columnGrade].Name.In(lang), both("E0 申报（不填即是），E1 有文件，E2 第三方核查，E3 实测", "E0 declared (where it is empty), E1 documented, E2 checked by a third party, E3 measured"), []string{"E0", "E1", "E2", "E3"})
	add(ownColumns[columnReference].Name.In(lang), both("E1 以上必填", "needed above E0"), nil)
	add(ownColumns[columnBy].Name.In(lang), both("E2 必填", "needed for E2"), nil)
	return table.Write(format, t)
}
