package support

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

// Inquiry is what an enterprise asks about one project.
type Inquiry struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Name     string // of the project
	Object   string
	Region   string // GB/T 2260; that of the register where it says one
	Day      string // of filing; "" for today
	Answers  map[string]Answer
	Chosen   map[string]string
	Revision int64
	At       int64
}

// Opinion is what the measures say of an inquiry, and what can still change it.
type Opinion struct {
	Inquiry    Inquiry
	Enterprise Enterprise
	Registered bool // it is in the register of enterprises
	Day        string
	Asks       []SupportAsk
	Known      []Known
	Needs      []SupportNeed
	Report     *incentive.Report
	Packs      string
	FactsHash  string
	Hash       string
	inputs     []byte
}

// inputs is all that a result rests on besides the packs. Its JSON is canonical.
type inputs struct {
	Enterprise string            `json:"enterprise"`
	Object     string            `json:"object"`
	Region     string            `json:"region"`
	Day        string            `json:"day"`
	Known      []Known           `json:"known"`
	Awards     []award           `json:"awards"`
	Chosen     map[string]string `json:"chosen"`
	Published  map[string]string `json:"published"`
}

type award struct {
	Measure string `json:"measure"`
	Object  string `json:"object"`
	Date    string `json:"date"`
	Amount  fen    `json:"amount"`
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

const maxAnswers = 300

func inquiryOf(r *inquiryRow) (Inquiry, error) {
	q := Inquiry{ID: r.ID, Org: r.Org, Name: r.Name, Object: r.Object, Region: r.Region, Day: r.Day, Revision: r.Revision, At: r.At}
	err := json.Unmarshal([]byte(r.Answers), &q.Answers)
	if err == nil {
		err = json.Unmarshal([]byte(r.Chosen), &q.Chosen)
	}
	return q, err
}

// Begin makes an inquiry about a project. Errors: ErrProject where there is one about it, ErrName, ErrDay and those of auth.
func (s *Service) Begin(ctx context.Context, org uuid.UUID, name, region, day string) (Inquiry, error) {
	if _, err := auth.Allow(ctx, auth.Configure, org); err != nil {
		return Inquiry{}, err
	}
	name = strings.TrimSpace(name)
	object := ObjectOf(name)
	if object == "" || len([]rune(name)) > 120 {
		return Inquiry{}, ErrName.At("body.name", name)
	}
	if day != "" {
		if wrong := checkDay("body.day", day); wrong != nil {
			return Inquiry{}, wrong
		}
	}
	row := inquiryRow{ID: uuid.Must(uuid.NewV7()), Org: org, Name: name, Object: object, Region: region, Day: day, Answers: "{}", Chosen: "{}", Revision: 1, At: s.o.Now().UnixNano()}
	err := s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var there []inquiryRow
		if err := tx.NewSelect().Model(&there).Where("q.org = ? AND q.object = ?", org, object).Scan(ctx); err != nil {
			return wrap("inquiries", err)
		}
		if len(there) > 0 {
			return ErrProject.At("body.name", name).With("name", there[0].Name).With("id", there[0].ID)
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("write an inquiry", err)
		}
		return audit.Record(ctx, tx, s.act(ctx, org, "begin", "inquiry", row.ID.String(), name, nil, nil))
	})
	if errors.Is(err, store.ErrConflict) {
		return Inquiry{}, ErrProject.At("body.name", name).With("name", name).With("id", "")
	}
	if err != nil {
		return Inquiry{}, err
	}
	return inquiryOf(&row)
}

// find reads an inquiry that the caller may read. Error: store.ErrNotFound.
func (s *Service) find(ctx context.Context, id uuid.UUID) (Inquiry, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Inquiry{}, err
	}
	var row inquiryRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&row).Where("q.id = ?", id), "q.org").Scan(ctx); err != nil {
		return Inquiry{}, wrap("inquiry "+id.String(), err)
	}
	return inquiryOf(&row)
}

// Inquiries lists those of an enterprise, the newest first.
func (s *Service) Inquiries(ctx context.Context, org uuid.UUID, page store.Page) ([]Inquiry, string, error) {
	scope, err := auth.Allow(ctx, auth.Read, org)
	if err != nil {
		return nil, "", err
	}
	var rows []inquiryRow
	var broken error
	list, next, err := store.List(ctx, newest("q"), scope.Where(s.o.DB.NewSelect().Model(&rows), "q.org"), &rows, page, func(r *inquiryRow) []any { return []any{r.ID.String()} }, func(r *inquiryRow) Inquiry {
		q, err := inquiryOf(r)
		if err != nil {
			broken = err
		}
		return q
	})
	if err == nil {
		err = broken
	}
	return list, next, err
}

// Reply changes an inquiry. What is nil stays; an answer of null is taken back.
type Reply struct {
	Basis   int64
	Answers map[string]Answer
	Chosen  map[string]string // "" takes a choice back
	Region  *string
	Day     *string
}

// Answer takes answers. Errors: ErrChanged, ErrFact, ErrAnswer, ErrChoice, ErrDay.
func (s *Service) Answer(ctx context.Context, id uuid.UUID, r Reply) (Inquiry, error) {
	q, err := s.find(ctx, id)
	if err != nil {
		return q, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, q.Org); err != nil {
		return q, err
	}
	all, err := s.shelf(ctx, "")
	if err != nil {
		return q, err
	}
	if q.Answers == nil {
		q.Answers = map[string]Answer{}
	}
	for key, a := range r.Answers {
		f := all.vocab[key]
		if f == nil {
			return q, ErrFact.At("body.answers."+key, key)
		}
		if len(a) == 0 || string(a) == "null" {
			delete(q.Answers, key)
			continue
		}
		if _, err := value(f, a); err != nil {
			return q, ErrAnswer.At("body.answers."+key, string(a)).With("name", f.Name.Zh+" "+f.Name.En).With("want", err.Error())
		}
		q.Answers[key] = a
	}
	if len(q.Answers) > maxAnswers {
		return q, ErrFact.At("body.answers", len(q.Answers))
	}
	for group, id := range r.Chosen {
		members := groupOf(all.set, group)
		if id == "" {
			delete(q.Chosen, group)
			continue
		}
		if !slices.Contains(members, id) {
			return q, ErrChoice.At("body.chosen."+group, id).With("measures", strings.Join(members, ", "))
		}
		q.Chosen[group] = id
	}
	if r.Region != nil {
		q.Region = *r.Region
	}
	if r.Day != nil {
		if *r.Day != "" {
			if wrong := checkDay("body.day", *r.Day); wrong != nil {
				return q, wrong
			}
		}
		q.Day = *r.Day
	}
	row := inquiryRow{ID: q.ID, Region: q.Region, Day: q.Day, Answers: string(canonical(q.Answers)), Chosen: string(canonical(q.Chosen)), Revision: r.Basis + 1, At: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := moved(ctx, tx, &row, []string{"region", "day", "answers", "chosen", "revision", "at"}, "revision = ?", r.Basis, ErrChanged.At("body.basis", r.Basis).With("revision", q.Revision)); err != nil {
			return err
		}
		return audit.Record(ctx, tx, s.act(ctx, q.Org, "answer", "inquiry", id.String(), q.Name, nil, map[string]any{"facts": slices.Sorted(maps.Keys(r.Answers)), "revision": row.Revision}))
	})
	q.Revision = row.Revision
	return q, err
}

// groupOf are the measures of a group of alternatives.
func groupOf(set *incentive.Set, group string) (out []string) {
	for _, m := range set.All() {
		if slices.ContainsFunc(m.Stacking, func(st incentive.Stack) bool { return st.Group == group && st.Rule == "choice" }) {
			out = append(out, m.ID)
		}
	}
	return out
}

// Opinion says what the measures give for an inquiry now. Nothing is kept. Error: store.ErrNotFound.
func (s *Service) Opinion(ctx context.Context, id uuid.UUID) (*Opinion, error) {
	q, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	o := &Opinion{Inquiry: q, Day: q.Day}
	if o.Day == "" {
		o.Day = s.today()
	}
	if o.Enterprise, o.Registered, err = s.o.Enterprises.Enterprise(ctx, q.Org, o.Day); err != nil {
		return nil, err
	}
	if q.Region == "" {
		q.Region = o.Enterprise.Region
	}
	sh, err := s.shelf(ctx, q.Region)
	if err != nil {
		return nil, err
	}
	known := map[string]Known{}
	for _, key := range slices.Sorted(maps.Keys(q.Answers)) {
		if sh.vocab[key] != nil {
			put(known, Known{Fact: key, Value: q.Answers[key], Grade: "E0", Source: "answer"})
		}
	}
	s.fromRegister(known, sh.vocab, &o.Enterprise)
	if err := s.fromFacts(ctx, known, sh.vocab, q.Org, q.Object, o.Day); err != nil {
		return nil, err
	}
	if err := s.fromVouchers(ctx, known, sh.vocab, q.Org); err != nil {
		return nil, err
	}
	o.Known = sortKnown(known)
	awards, err := s.awardsOf(ctx, s.o.DB, q.Org)
	if err != nil {
		return nil, err
	}
	_, told, err := s.dates(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	in := inputs{Enterprise: q.Org.String(), Object: q.Object, Region: q.Region, Day: o.Day, Known: o.Known, Awards: []award{}, Chosen: q.Chosen, Published: map[string]string{}}
	for _, w := range awards {
		in.Awards = append(in.Awards, award{w.Measure, w.Object, w.Date.String(), w.Amount})
	}
	for file, r := range told {
		in.Published[file] = r.Day
	}
	o.inputs = canonical(in)
	o.FactsHash, o.Packs = hashOf(o.inputs), sh.set.Hash()
	if o.Report, err = report(sh, &in, false); err != nil {
		return nil, err
	}
	if o.Hash, err = o.Report.Hash(); err != nil {
		return nil, err
	}
	would, err := report(sh, &in, true)
	if err != nil {
		return nil, err
	}
	o.Asks, o.Needs = asks(s.guide, sh.vocab, sh.set, would), needs(s.guide, sh.vocab, o.Report)
	return o, nil
}

// report is pure: the same measures and inputs give the same bytes.
func report(sh *shelf, in *inputs, proven bool) (*incentive.Report, error) {
	day, err := incentive.ParseDate(in.Day)
	if err != nil {
		return nil, err
	}
	var awards []incentive.Award
	for _, w := range in.Awards {
		d, err := incentive.ParseDate(w.Date)
		if err != nil {
			return nil, err
		}
		awards = append(awards, incentive.Award{Measure: w.Measure, Object: w.Object, Date: d, Amount: w.Amount})
	}
	return sh.set.Evaluate(subject(in.Enterprise, in.Object, sh.vocab, in.Known, awards, in.Chosen, proven), day)
}

func (s *Service) fromFacts(ctx context.Context, known map[string]Known, vocab map[string]*incentive.Fact, org uuid.UUID, object, day string) error {
	if s.o.Facts == nil {
		return nil
	}
	for i := range s.guide.Questions {
		q := &s.guide.Questions[i]
		f := vocab[q.Fact]
		if q.Proof == nil || f == nil {
			continue
		}
		list, err := s.o.Facts.Proofs(ctx, org, q.Proof.Kind, q.Proof.Where, day)
		if err != nil {
			return err
		}
		if k, ok := q.Proof.fromProofs(f, list, object); ok {
			put(known, k)
		}
	}
	return nil
}

func (s *Service) fromVouchers(ctx context.Context, known map[string]Known, vocab map[string]*incentive.Fact, org uuid.UUID) error {
	for i := range s.guide.Questions {
		q := &s.guide.Questions[i]
		f := vocab[q.Fact]
		if !q.Voucher || f == nil || f.Type != "bool" {
			continue
		}
		var rows []voucherRow
		if err := s.o.DB.NewSelect().Model(&rows).Where("v.holder = ? AND v.state = ?", org, "redeemed").OrderExpr("v.id").Limit(1).Scan(ctx); err != nil {
			return wrap("vouchers", err)
		}
		if len(rows) > 0 {
			put(known, Known{Fact: q.Fact, Value: canonical(true), Grade: "E2", Source: "voucher", Document: rows[0].Number})
		}
	}
	return nil
}

// Result is an opinion that is kept.
type Result struct {
	ID      uuid.UUID
	Inquiry uuid.UUID
	Day     string
	Packs   string
	Facts   string
	Hash    string
	Report  json.RawMessage
	At      time.Time
	inputs  string
	org     uuid.UUID
}

func resultOf(r *resultRow) Result {
	return Result{ID: r.ID, Inquiry: r.Inquiry, Day: r.Day, Packs: r.Packs, Facts: r.Facts, Hash: r.Hash, Report: json.RawMessage(r.Report), At: time.Unix(0, r.At).UTC(), inputs: r.Inputs, org: r.Org}
}

// Keep keeps the opinion of now.
func (s *Service) Keep(ctx context.Context, id uuid.UUID) (Result, error) {
	o, err := s.Opinion(ctx, id)
	if err != nil {
		return Result{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, o.Inquiry.Org); err != nil {
		return Result{}, err
	}
	b, err := o.Report.JSON()
	if err != nil {
		return Result{}, err
	}
	act := s.act(ctx, o.Inquiry.Org, "keep", "inquiry", id.String(), o.Inquiry.Name, nil, map[string]any{"packs": o.Packs, "facts": o.FactsHash, "report": o.Hash, "day": o.Day})
	row := resultRow{ID: uuid.Must(uuid.NewV7()), Org: o.Inquiry.Org, Inquiry: id, Day: o.Day, Packs: o.Packs, Inputs: string(o.inputs), Facts: o.FactsHash, Report: string(b), Hash: o.Hash,
		Actor: string(canonical(act.Actor)), At: s.o.Now().UnixNano()}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return wrap("keep a result", err)
		}
		return audit.Record(ctx, tx, act)
	})
	return resultOf(&row), err
}

// Results lists what was kept of an inquiry, the newest first.
func (s *Service) Results(ctx context.Context, id uuid.UUID, page store.Page) ([]Result, string, error) {
	q, err := s.find(ctx, id)
	if err != nil {
		return nil, "", err
	}
	var rows []resultRow
	return store.List(ctx, newest("r"), s.o.DB.NewSelect().Model(&rows).Where("r.org = ? AND r.inquiry = ?", q.Org, id), &rows, page, func(r *resultRow) []any { return []any{r.ID.String()} }, resultOf)
}

// SupportRecomputed tells whether a kept result comes out again.
type SupportRecomputed struct {
	Same  bool   `json:"same" doc:"Byte for byte"`
	Packs bool   `json:"packs" doc:"The measures are those of then; false: they have changed since, and nothing is said"`
	Hash  string `json:"hash,omitempty" doc:"Of the report as it comes out now"`
}

// Recompute works a kept result out again from its inputs. Error: store.ErrNotFound.
func (s *Service) Recompute(ctx context.Context, id uuid.UUID) (SupportRecomputed, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return SupportRecomputed{}, err
	}
	var row resultRow
	if err := scope.Where(s.o.DB.NewSelect().Model(&row).Where("r.id = ?", id), "r.org").Scan(ctx); err != nil {
		return SupportRecomputed{}, wrap("result", err)
	}
	var in inputs
	if err := json.Unmarshal([]byte(row.Inputs), &in); err != nil {
		return SupportRecomputed{}, err
	}
	days := map[string]incentive.Date{}
	for file, day := range in.Published {
		if d, err := incentive.ParseDate(day); err == nil {
			days[file] = d
		}
	}
	set, err := s.measures(in.Region, days)
	if err != nil {
		return SupportRecomputed{}, err
	}
	if set.Hash() != row.Packs {
		return SupportRecomputed{}, nil
	}
	rep, err := report(newShelf(set), &in, false)
	if err != nil {
		return SupportRecomputed{}, err
	}
	b, err := rep.JSON()
	if err != nil {
		return SupportRecomputed{}, err
	}
	return SupportRecomputed{Same: string(b) == row.Report && hashOf(b) == row.Hash, Packs: true, Hash: hashOf(b)}, nil
}
