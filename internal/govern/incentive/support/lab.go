package support

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"regexp"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/office/ledger"
)

// JobKind is the kind of jobs of the policy lab.
const JobKind = "policy-lab"

// Bounds of the lab.
const (
	MaxGenerated = 100_000
	maxDraft     = 256 << 10 // bytes
	maxDrafts    = 50        // in one run
)

// Draft is a measure that is not in force: an edited copy of one, or a new one.
type Draft struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Measure string
	Name    string
	SHA256  string
	Body    string
	At      int64
}

func draftOf(r *draftRow) Draft { return Draft{r.ID, r.Org, r.Measure, r.Name, r.SHA256, r.Body, r.At} }

var idLine = regexp.MustCompile(`(?m)^id:\s*['"]?([a-z0-9][a-z0-9-]{0,99})['"]?\s*(#.*)?$`)

// merged is the set in which drafts stand in the place of the measures whose ids they have. Error: pack.Faults, with place and mend.
func (s *Service) merged(region string, days map[string]incentive.Date, bodies []string) (*incentive.Set, error) {
	var drafts []*incentive.Measure
	for _, body := range bodies {
		found := idLine.FindStringSubmatch(body)
		if found == nil {
			return nil, pack.Faults{{File: "draft", Line: 1, Column: 1, Where: "$.id", What: "is missing; a measure begins with its id, such as id: inc-hn-01"}}
		}
		m, err := incentive.Decode(found[1]+".yaml", []byte(body))
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, m)
	}
	set, err := s.measures(region, days, drafts...)
	var faults pack.Faults
	if errors.As(err, &faults) { // what shows only between measures has a field; find its line in the draft
		for i, f := range faults {
			for _, body := range bodies {
				if found := idLine.FindStringSubmatch(body); found != nil && f.File == found[1]+".yaml" {
					faults[i].Line, faults[i].Column = pack.Locate([]byte(body), f.Where)
				}
			}
		}
		return nil, faults
	}
	return set, err
}

// AddDraft checks a measure as YAML and keeps it. The same again changes nothing. Errors: ErrDraft for each fault, with line, place and mend.
func (s *Service) AddDraft(ctx context.Context, org uuid.UUID, body string) (Draft, error) {
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return Draft{}, err
	}
	if len(body) > maxDraft {
		return Draft{}, ErrDraft.At("body.yaml", len(body)).With("place", "").With("mend", "256 KiB")
	}
	days, _, err := s.dates(ctx, s.o.DB)
	if err != nil {
		return Draft{}, err
	}
	_, err = s.merged("", days, []string{body})
	var faults pack.Faults
	if errors.As(err, &faults) {
		var told []*problem.Error
		for _, f := range faults[:min(len(faults), 50)] {
			told = append(told, ErrDraft.At("body.yaml", f.Where).With("place", fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Where)).With("mend", f.What))
		}
		return Draft{}, problem.All(told...)
	}
	if err != nil {
		return Draft{}, err
	}
	m, err := incentive.Decode(idLine.FindStringSubmatch(body)[1]+".yaml", []byte(body))
	if err != nil {
		return Draft{}, err
	}
	d := draftRow{ID: uuid.Must(uuid.NewV7()), Org: org, Measure: m.ID, Name: m.Name.Zh, SHA256: m.Hash(), Body: body, At: s.o.Now().UnixNano()}
	act := s.act(ctx, org, "draft", "draft", d.ID.String(), m.ID, nil, map[string]any{"sha256": d.SHA256})
	d.Actor = string(canonical(act.Actor))
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var there []draftRow
		if err := tx.NewSelect().Model(&there).Where("t.org = ? AND t.measure = ? AND t.sha256 = ?", org, d.Measure, d.SHA256).Scan(ctx); err != nil {
			return wrap("drafts", err)
		}
		if len(there) > 0 {
			d = there[0]
			return nil
		}
		if _, err := tx.NewInsert().Model(&d).Exec(ctx); err != nil {
			return wrap("write a draft", err)
		}
		return audit.Record(ctx, tx, act)
	})
	return draftOf(&d), err
}

// Drafts lists those of an organisation, the newest first.
func (s *Service) Drafts(ctx context.Context, org uuid.UUID, page store.Page) ([]Draft, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []draftRow
	return store.List(ctx, newest("t"), scope.Where(s.o.DB.NewSelect().Model(&rows), "t.org"), &rows, page, func(r *draftRow) []any { return []any{r.ID.String()} }, draftOf)
}

// Source is the text of a measure that is in force, to be edited. Error: ErrMeasure.
func (s *Service) Source(ctx context.Context, measure string) (string, error) {
	sh, err := s.shelf(ctx, "")
	if err != nil {
		return "", err
	}
	m := sh.set.Get(measure)
	if m == nil {
		return "", ErrMeasure.At("path.measure", measure)
	}
	b, err := fs.ReadFile(s.o.Packs, m.File())
	return string(b), err
}

// SupportLabRun asks for a run of the policy lab: the measures in force (A) against the same with drafts in their place (B).
type SupportLabRun struct {
	Org        uuid.UUID        `json:"org"`
	Drafts     []uuid.UUID      `json:"drafts"`
	Region     string           `json:"region"`
	Day        string           `json:"day"`
	By         string           `json:"by"`         // size, industry, region
	Instrument string           `json:"instrument"` // grant where it is empty
	Proven     bool             `json:"proven"`
	Generated  int              `json:"generated"` // so many claims are made up beside the firms of the register
	Seed       uint64           `json:"seed"`
	BudgetA    map[string]int64 `json:"budgetA"` // fen, by budget line
	BudgetB    map[string]int64 `json:"budgetB"`
}

// Finding is what a run found.
type Finding struct {
	incentive.Finding
	Registered int    `json:"registered"` // firms of the register
	Generated  int    `json:"generated"`  // claims that are made up
	Seed       uint64 `json:"seed"`
	Region     string `json:"region"`
	By         string `json:"by"`
}

// Lab is a run.
type Lab struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Job     string
	Run     SupportLabRun
	Finding *Finding // nil until it has run
	At      int64
}

func labOf(r *labRow) (Lab, error) {
	l := Lab{ID: r.ID, Org: r.Org, Job: r.Job, At: r.At}
	if err := json.Unmarshal([]byte(r.Input), &l.Run); err != nil {
		return l, err
	}
	if r.Finding != "" {
		l.Finding = &Finding{}
		return l, json.Unmarshal([]byte(r.Finding), l.Finding)
	}
	return l, nil
}

// Start asks for a run, as a job. Errors: ErrDrafts, ErrGenerated, ErrDay; store.ErrNotFound for a draft of another organisation.
func (s *Service) Start(ctx context.Context, run SupportLabRun) (Lab, error) {
	scope, err := auth.Allow(ctx, auth.Configure, run.Org)
	if err != nil {
		return Lab{}, err
	}
	if len(run.Drafts) == 0 || len(run.Drafts) > maxDrafts {
		return Lab{}, ErrDrafts.At("body.drafts", len(run.Drafts)).With("max", maxDrafts)
	}
	if run.Generated < 0 || run.Generated > MaxGenerated {
		return Lab{}, ErrGenerated.At("body.generated", run.Generated).With("max", MaxGenerated)
	}
	if run.Day == "" {
		run.Day = s.today()
	}
	if wrong := checkDay("body.day", run.Day); wrong != nil {
		return Lab{}, wrong
	}
	for _, id := range run.Drafts {
		there, err := scope.Where(s.o.DB.NewSelect().Model((*draftRow)(nil)).Where("t.id = ?", id), "t.org").Exists(ctx)
		if err != nil {
			return Lab{}, wrap("drafts", err)
		}
		if !there {
			return Lab{}, wrap("draft "+id.String(), store.ErrNotFound)
		}
	}
	row := labRow{ID: uuid.Must(uuid.NewV7()), Org: run.Org, Input: string(canonical(run)), At: s.o.Now().UnixNano()}
	act := s.act(ctx, run.Org, "lab", "lab", row.ID.String(), run.Region, nil, map[string]any{"drafts": run.Drafts, "generated": run.Generated, "day": run.Day})
	row.Actor = string(canonical(act.Actor))
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("write a run", err)
		}
		return audit.Record(ctx, tx, act)
	})
	if err != nil {
		return Lab{}, err
	}
	j, err := s.o.Jobs().Submit(ctx, job.Request{Org: run.Org, Kind: JobKind, Actor: act.Actor.Name, Input: map[string]string{"lab": row.ID.String()}})
	if err != nil {
		return Lab{}, err
	}
	row.Job = j.ID.String()
	if _, err := s.o.DB.NewUpdate().Model(&row).Column("job").WherePK().Exec(ctx); err != nil {
		return Lab{}, wrap("write a run", err)
	}
	return labOf(&row)
}

// Handle runs a job of the lab. It begins again after a restart: the same inputs give the same finding.
func (s *Service) Handle(ctx context.Context, u *job.Run) (any, error) {
	var in struct {
		Lab uuid.UUID `json:"lab"`
	}
	if err := u.Decode(&in); err != nil {
		return nil, err
	}
	var row labRow
	if err := s.o.DB.NewSelect().Model(&row).Where("l.id = ? AND l.org = ?", in.Lab, u.Org).Scan(ctx); err != nil {
		return nil, wrap("run", err)
	}
	l, err := labOf(&row)
	if err != nil {
		return nil, err
	}
	f, err := s.run(ctx, &l.Run, func(done, total int64) error { return u.Save(ctx, nil, done, total) })
	if err != nil {
		return nil, err
	}
	row.Finding = string(canonical(f))
	if _, err := s.o.DB.NewUpdate().Model(&row).Column("finding").WherePK().Exec(ctx); err != nil {
		return nil, wrap("keep a finding", err)
	}
	return map[string]string{"lab": row.ID.String()}, nil
}

func (s *Service) run(ctx context.Context, run *SupportLabRun, progress func(done, total int64) error) (*Finding, error) {
	day, err := incentive.ParseDate(run.Day)
	if err != nil {
		return nil, err
	}
	days, _, err := s.dates(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	var drafts []draftRow
	if err := s.o.DB.NewSelect().Model(&drafts).Where("t.org = ?", run.Org).Where("t.id IN (?)", bun.List(store.Words(run.Drafts))).OrderExpr("t.id").Scan(ctx); err != nil {
		return nil, wrap("drafts", err)
	}
	a, err := s.measures(run.Region, days)
	if err != nil {
		return nil, err
	}
	b, err := s.merged(run.Region, days, store.All(drafts, func(r *draftRow) string { return r.Body }))
	if err != nil {
		return nil, err
	}
	f := &Finding{Seed: run.Seed, Region: run.Region, By: run.By, Generated: run.Generated}
	vocab := vocabulary(a)
	for key, fact := range vocabulary(b) {
		vocab[key] = fact
	}
	var firms []*claimant
	err = s.o.Enterprises.All(ctx, run.Org, run.Day, func(e Enterprise) error {
		if run.Region != "" && !holdsIn(run.Region, e.Region) || run.Region != "" && e.Region == "" {
			return nil
		}
		known := map[string]Known{}
		s.fromRegister(known, vocab, &e)
		sub := subject(e.Code, "p", vocab, sortKnown(known), nil, nil, false)
		firms = append(firms, &claimant{subject: sub, size: e.Size, industry: division(e.Industry), region: e.Region})
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.Registered = len(firms)
	var stopped error
	class := ""
	all := func(yield func(*incentive.Subject) bool) {
		done, total := int64(0), int64(len(firms)+run.Generated)
		for c := range chain(firms, generate(vocab, run.Generated, run.Seed, run.Region)) {
			if done%2000 == 0 {
				if stopped = ctx.Err(); stopped == nil {
					stopped = progress(done, total)
				}
				if stopped != nil {
					return
				}
			}
			done++
			class = c.class(run.By)
			if !yield(c.subject) {
				return
			}
		}
		stopped = progress(total, total)
	}
	x := incentive.Experiment{A: a, B: b, Day: day, Instrument: run.Instrument, Proven: run.Proven, Class: func(*incentive.Subject) string { return class },
		BudgetA: budget(run.BudgetA), BudgetB: budget(run.BudgetB), Subjects: all}
	found, err := x.Run()
	if stopped != nil {
		return nil, stopped
	}
	if err != nil {
		return nil, err
	}
	f.Finding = *found
	f.Classes = suppress(f.Classes)
	return f, nil
}

func chain(firms []*claimant, rest iter.Seq[*claimant]) iter.Seq[*claimant] {
	return func(yield func(*claimant) bool) {
		for _, c := range firms {
			if !yield(c) {
				return
			}
		}
		for c := range rest {
			if !yield(c) {
				return
			}
		}
	}
}

func budget(m map[string]int64) map[string]fen {
	out := map[string]fen{}
	for k, v := range m {
		out[k] = fen(v)
	}
	return out
}

// Labs lists the runs of an organisation, the newest first.
func (s *Service) Labs(ctx context.Context, org uuid.UUID, page store.Page) ([]Lab, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []labRow
	var broken error
	list, next, err := store.List(ctx, newest("l"), scope.Where(s.o.DB.NewSelect().Model(&rows), "l.org"), &rows, page, func(r *labRow) []any { return []any{r.ID.String()} }, func(r *labRow) Lab {
		l, err := labOf(r)
		if err != nil {
			broken = err
		}
		return l
	})
	if err == nil {
		err = broken
	}
	return list, next, err
}

// Lab reads a run. Error: store.ErrNotFound.
func (s *Service) Lab(ctx context.Context, id uuid.UUID) (Lab, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Lab{}, err
	}
	var row labRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&row).Where("l.id = ?", id), "l.org").Scan(ctx); err != nil {
		return Lab{}, wrap("run", err)
	}
	return labOf(&row)
}

// Export writes the finding of a run as a file. Error: ErrRunning while there is none.
func (s *Service) Export(ctx context.Context, id uuid.UUID, format table.Format, zh bool) ([]byte, error) {
	l, err := s.Lab(ctx, id)
	if err != nil {
		return nil, err
	}
	if l.Finding == nil {
		return nil, ErrRunning.At("path.id", id.String())
	}
	f := l.Finding
	out := table.Out{Name: "policy lab", Heading: []string{"Part", "Name", "Subjects", "A (CNY)", "B (CNY)", "Difference (CNY)", "Winners", "Losers"},
		Notes: []string{fmt.Sprintf("%d firms of the register, %d generated claims (not firms), seed %d, day %s, region %s", f.Registered, f.Generated, f.Seed, f.Day, f.Region), "A " + f.A.Set, "B " + f.B.Set}}
	part := map[string]string{"total": "Total", "measure": "Measure", "line": "Budget line", "class": "Class"}
	if zh {
		out.Name, out.Heading = "政策实验", []string{"部分", "名称", "户数", "方案A（元）", "方案B（元）", "差额（元）", "受益", "受损"}
		part = map[string]string{"total": "合计", "measure": "措施", "line": "预算科目", "class": "分组"}
		out.Notes[0] = fmt.Sprintf("登记企业%d户，生成样本%d户（不是企业），种子%d，日期%s，地区%s", f.Registered, f.Generated, f.Seed, f.Day, f.Region)
	}
	row := func(p, name string, n int, a, b fen, win, lose string) {
		out.Rows = append(out.Rows, []string{part[p], name, strconv.Itoa(n), ledger.Yuan(int64(a)), ledger.Yuan(int64(b)), ledger.Yuan(int64(b - a)), win, lose})
	}
	row("total", "", f.Subjects, f.A.Total, f.B.Total, strconv.Itoa(f.Winners), strconv.Itoa(f.Losers))
	for _, id := range measuresOf(f) {
		x, y := measureTotal(&f.A, id), measureTotal(&f.B, id)
		row("measure", id, max(x.Granted, y.Granted), x.Amount, y.Amount, "", "")
	}
	for _, ln := range f.B.Lines {
		var was fen
		for _, o := range f.A.Lines {
			if o.Line == ln.Line {
				was = o.Payable
			}
		}
		row("line", ln.Line, ln.Claims, was, ln.Payable, "", "")
	}
	for _, c := range f.Classes {
		row("class", c.Class, c.Subjects, c.A, c.B, strconv.Itoa(c.Winners), strconv.Itoa(c.Losers))
	}
	return table.Write(format, out)
}

// measuresOf are the measures that give somebody something on either side, by id.
func measuresOf(f *Finding) (out []string) {
	for _, side := range []*incentive.Side{&f.A, &f.B} {
		for _, m := range side.Measures {
			if m.Granted > 0 && !slices.Contains(out, m.Measure) {
				out = append(out, m.Measure)
			}
		}
	}
	slices.Sort(out)
	return out
}

func measureTotal(side *incentive.Side, id string) incentive.MeasureTotal {
	for _, m := range side.Measures {
		if m.Measure == id {
			return m
		}
	}
	return incentive.MeasureTotal{Measure: id}
}
