package support

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

// Document is a text of policy and the measures that quote it.
type Document struct {
	File      string
	Title     string
	SHA256    string
	Verified  bool // every quote of its measures was found in the text on file
	Undated   bool // it does not date itself: the node's operator tells its day
	Published string
	Source    string // where it is published, as the operator says
	Measures  []*incentive.Measure
}

// dates are the days told by the operator.
func (s *Service) dates(ctx context.Context, db bun.IDB) (map[string]incentive.Date, map[string]publishedRow, error) {
	var rows []publishedRow
	if err := db.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, nil, wrap("dates of documents", err)
	}
	days, all := map[string]incentive.Date{}, map[string]publishedRow{}
	for _, r := range rows {
		if d, err := incentive.ParseDate(r.Day); err == nil {
			days[r.Document] = d
		}
		all[r.Document] = r
	}
	return days, all, nil
}

// shelf is the set of the measures that hold in a region ("" for all), with the dates that are known now.
func (s *Service) shelf(ctx context.Context, region string) (*shelf, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.sets[""]
	if all == nil {
		days, _, err := s.dates(ctx, s.o.DB)
		if err != nil {
			return nil, err
		}
		set, err := s.measures("", days)
		if err != nil {
			return nil, err
		}
		all = newShelf(set)
		s.sets[""] = all
	}
	ids := holding(all.set, region)
	if len(ids) == len(all.set.All()) {
		return all, nil
	}
	// Regions in which the same measures hold share a shelf: whatever people write for a region, there are few.
	key := strings.Join(ids, " ") + "."
	if sh := s.sets[key]; sh != nil {
		return sh, nil
	}
	days, _, err := s.dates(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	set, err := all.set.Only(incentive.Options{Published: days}, ids...)
	if err != nil {
		return nil, err
	}
	s.sets[key] = newShelf(set)
	return s.sets[key], nil
}

// holding are the measures of a set that hold in a region.
func holding(set *incentive.Set, region string) (ids []string) {
	for _, m := range set.All() {
		if holdsIn(m.Region.Code, region) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// measures are those that hold in a region ("" for all) where documents have these days, with drafts in the place of the measures whose
// ids they have. Error: pack.Faults.
func (s *Service) measures(region string, days map[string]incentive.Date, drafts ...*incentive.Measure) (*incentive.Set, error) {
	o := incentive.Options{Published: days}
	set, err := s.o.Measures.With(o, drafts...)
	if err != nil {
		return nil, err
	}
	if ids := holding(set, region); len(ids) < len(set.All()) {
		return set.Only(o, ids...)
	}
	return set, nil
}

// Documents are the texts of policy, by file.
func (s *Service) Documents(ctx context.Context) ([]Document, error) {
	sh, err := s.shelf(ctx, "")
	if err != nil {
		return nil, err
	}
	_, told, err := s.dates(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	var out []Document
	for _, m := range sh.set.All() {
		c := m.Clauses[0]
		i := slices.IndexFunc(out, func(d Document) bool { return d.File == c.Document })
		if i < 0 {
			i, out = len(out), append(out, Document{File: c.Document, Title: c.Title, SHA256: c.SHA256, Verified: true, Published: told[c.Document].Day, Source: told[c.Document].Source})
		}
		out[i].Measures = append(out[i].Measures, m)
		out[i].Verified = out[i].Verified && m.Verified()
		out[i].Undated = out[i].Undated || m.Valid.Start == "publication"
	}
	slices.SortFunc(out, func(a, b Document) int { return strings.Compare(a.File, b.File) })
	return out, nil
}

// Publish tells the day on which a document was published, or takes it back (""): the verb of whoever runs the node. Errors:
// ErrDocument, ErrDay, ErrReason, auth.ErrForbidden.
func (s *Service) Publish(ctx context.Context, document, day, source string) error {
	if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
		return err
	}
	list, err := s.Documents(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(d Document) bool { return d.File == document })
	if i < 0 || !list[i].Undated {
		var files []string
		for _, d := range list {
			if d.Undated {
				files = append(files, d.File)
			}
		}
		return ErrDocument.At("path.document", document).With("documents", strings.Join(files, ", "))
	}
	if day != "" {
		if wrong := checkDay("body.day", day); wrong != nil {
			return wrong
		}
		if day > s.today() {
			return ErrDay.At("body.day", day)
		}
		if wrong := checkWhy("body.source", source); wrong != nil {
			return wrong
		}
	}
	home := uuid.Nil
	if s.o.Home != nil {
		if home, err = s.o.Home(ctx); err != nil {
			return err
		}
	}
	act := s.act(ctx, home, "publish", "document", document, list[i].Title, map[string]any{"day": list[i].Published}, map[string]any{"day": day, "source": source})
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row := publishedRow{Document: document, Day: day, Source: source, Actor: string(canonical(act.Actor)), At: s.o.Now().UnixNano()}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (document) DO UPDATE").Set("day = EXCLUDED.day, source = EXCLUDED.source, actor = EXCLUDED.actor, at = EXCLUDED.at").Exec(ctx); err != nil {
			return wrap("date a document", err)
		}
		return audit.Record(ctx, tx, act)
	})
	s.mu.Lock()
	clear(s.sets)
	s.mu.Unlock()
	return err
}

// Standing of a measure on a day.
type validity struct {
	State string    // in-force, ended, not-yet, undated
	Text  text.Text // from when to when
}

func (s *Service) validity(sh *shelf, m *incentive.Measure, day incentive.Date) validity {
	from, to, known := sh.set.Span(m.ID)
	switch {
	case !known:
		return validity{"undated", m.Valid.Text}
	case day < from:
		return validity{"not-yet", text.Both(from.String())}
	case day > to:
		return validity{"ended", text.Both(from.String() + " – " + to.String())}
	case to == incentive.Open:
		return validity{"in-force", text.Both(from.String() + " –")}
	}
	return validity{"in-force", text.Both(from.String() + " – " + to.String())}
}

var errNoMeasure = errors.New("no such measure")

// Evaluation is what the programme room and others ask: what measures give an enterprise for an object on a day.
type Evaluation struct {
	Org      uuid.UUID
	Object   string           // as the project is called; spelt as in filings
	Measures []string         // ids; empty: all that hold in the enterprise's region
	Facts    map[string]Known // by fact; source and grade of the caller's own
	Day      string
	Chosen   map[string]string
	// Published are days of documents that do not date themselves, by file, as the caller states them. They count where the node's
	// operator has told none.
	Published map[string]string
}

// Evaluate says what measures give, with the explanation, from the facts that it is given, from the register of enterprises and the
// awards on record. It reads no fact of the enterprise by itself: who asks has what the enterprise handed in. Where measures are named,
// the report also holds those by which the object was awarded before, because they may rule the named ones out. Errors: ErrMeasure,
// ErrDay; a fact that no measure asks for, or that is none of its type.
func (s *Service) Evaluate(ctx context.Context, ev Evaluation) (*incentive.Report, error) {
	day, err := incentive.ParseDate(ev.Day)
	if err != nil {
		return nil, ErrDay.At("day", ev.Day)
	}
	e, _, err := s.o.Enterprises.Enterprise(ctx, ev.Org, ev.Day)
	if err != nil {
		return nil, err
	}
	region := e.Region
	if len(ev.Measures) > 0 {
		region = "" // who names measures means them wherever they hold
	}
	sh, err := s.shelf(ctx, region)
	if err != nil {
		return nil, err
	}
	db := s.o.DB.In(ctx)
	object := ObjectOf(ev.Object)
	awards, err := s.awardsOf(ctx, db, ev.Org)
	if err != nil {
		return nil, err
	}
	set := sh.set
	if len(ev.Measures) > 0 {
		days, _, err := s.dates(ctx, db)
		if err != nil {
			return nil, err
		}
		for file, day := range ev.Published {
			if _, told := days[file]; !told {
				if days[file], err = incentive.ParseDate(day); err != nil {
					return nil, ErrDay.At("published."+file, day)
				}
			}
		}
		ids := slices.Clone(ev.Measures)
		for _, id := range ids {
			if set.Get(id) == nil {
				return nil, ErrMeasure.At("measure", id).Because(errNoMeasure)
			}
		}
		for _, a := range awards {
			if a.Object == object && set.Get(a.Measure) != nil && !slices.Contains(ids, a.Measure) {
				ids = append(ids, a.Measure)
			}
		}
		if set, err = set.Only(incentive.Options{Published: days}, ids...); err != nil {
			return nil, err
		}
	}
	known := map[string]Known{}
	vocab := vocabulary(set)
	s.fromRegister(known, vocab, &e)
	for key, k := range ev.Facts {
		f := vocab[key]
		if f == nil {
			return nil, fmt.Errorf("fact %s: no measure asks for it", key)
		}
		if _, err := value(f, k.Value); err != nil {
			return nil, fmt.Errorf("fact %s: %s is not %w", key, k.Value, err)
		}
		k.Fact = key
		put(known, k)
	}
	return set.Evaluate(subject(ev.Org.String(), object, vocab, sortKnown(known), awards, ev.Chosen, false), day)
}

func (s *Service) fromRegister(known map[string]Known, vocab map[string]*incentive.Fact, e *Enterprise) {
	if e.Org == uuid.Nil {
		return
	}
	for i := range s.guide.Questions {
		q := &s.guide.Questions[i]
		f := vocab[q.Fact]
		if q.Register == nil || f == nil {
			continue
		}
		if v, ok := q.Register.fromRegister(f, e); ok {
			put(known, Known{Fact: q.Fact, Value: v, Grade: "E1", Source: "register"})
		}
	}
}
