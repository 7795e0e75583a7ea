package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
	"jingwei/internal/office/register"
	"jingwei/internal/office/search"
)

// writers is how long a writer may take between the time that it gives an entry or a step and its commit.
const writers = 2 * time.Minute

// A mark is "ns id".
func markOf(at int64, id uuid.UUID) string { return strconv.FormatInt(at, 10) + " " + id.String() }

func readMark(mark string) (at int64, id uuid.UUID) {
	a, b, _ := strings.Cut(mark, " ")
	at, _ = strconv.ParseInt(a, 10, 64)
	return at, store.ID(b)
}

func rewound(mark string) string {
	at, _ := readMark(mark)
	return markOf(max(0, at-int64(writers)), uuid.Nil)
}

// sought gathers what a record says, for the index.
type sought struct {
	parts  []search.Part
	values map[search.Facet]search.Value
}

// record takes in the fields of a record in the order of their schema.
func (s *sought) record(fields field.Schema, r field.Record, classOf func(*field.Field) field.Class) {
	if s.values == nil {
		s.values = map[search.Facet]search.Value{}
	}
	for i := range fields {
		f := &fields[i]
		v, ok := r[f.Key]
		if !ok {
			continue
		}
		class := classOf(f)
		if items, ok := v.([]field.Record); ok {
			for _, item := range items {
				s.list(f, item, class)
			}
			continue
		}
		s.field(f, v, class)
		value := search.Value{ID: field.Word(v), Class: class}
		for _, o := range f.Options {
			if o.ID == v {
				value.Name = o.Name
			}
		}
		switch {
		case f.Format == "division" || f.Key == "region":
			s.values[search.ByRegion] = value
		case f.Format == "industry" || f.Key == "industry":
			s.values[search.ByIndustry] = value
		}
	}
}

func (s *sought) list(f *field.Field, item field.Record, class field.Class) {
	for i := range f.Fields {
		inner := &f.Fields[i]
		v, ok := item[inner.Key]
		if !ok || inner.Type == field.Date {
			continue
		}
		c := class
		if inner.Class != "" {
			c = c.Narrower(inner.Class)
		}
		s.field(inner, v, c)
	}
}

// field takes in a value as words: not organisations, which have no name here, nor what nobody looks for by words.
func (s *sought) field(f *field.Field, v any, class field.Class) {
	switch f.Type {
	case field.Org, field.Boolean:
		return
	}
	zh, en := f.Cell(v, "zh"), f.Cell(v, "en")
	if en != zh { // of a choice both
		zh += " " + en
	}
	s.parts = append(s.parts, search.Part{Class: class, Label: f.Name, Text: zh})
}

func yearOf(at int64) search.Value {
	return search.Value{ID: field.DateOf(at)[:4], Class: field.Public}
}

// entries of registers.
type soughtEntries struct{ room *register.Service }

func (s soughtEntries) Kind() string { return "entry" }

func (s soughtEntries) Rewind(mark string) string { return rewound(mark) }

func (s soughtEntries) Changes(ctx context.Context, mark string, limit int) ([]search.Stamp, string, error) {
	at, id := readMark(mark)
	list, err := s.room.Changed(ctx, auth.Everywhere(), at, id, limit)
	if err != nil || len(list) == 0 {
		return nil, mark, err
	}
	last := list[len(list)-1]
	return stampsOf(list, func(x *register.Stamp) search.Stamp { return search.Stamp{ID: x.ID, Revision: x.Revision} }), markOf(last.At, last.ID), nil
}

func stampsOf[T any](list []T, of func(*T) search.Stamp) []search.Stamp { return store.All(list, of) }

func (s soughtEntries) Stamps(ctx context.Context, ids []uuid.UUID) ([]search.Stamp, error) {
	list, err := s.room.Stamps(ctx, auth.Everywhere(), ids)
	return stampsOf(list, func(x *register.Stamp) search.Stamp { return search.Stamp{ID: x.ID, Revision: x.Revision} }), err
}

func (s soughtEntries) Documents(ctx context.Context, ids []uuid.UUID) ([]search.Document, error) {
	list, err := s.room.ReadFor(ctx, auth.Everywhere(), ids)
	if err != nil {
		return nil, err
	}
	var out []search.Document
	for i := range list {
		e := &list[i]
		r, err := s.room.Register(e.Register)
		if err != nil { // its pack is gone: nobody says any more who may see it
			continue
		}
		out = append(out, entrySought(r, e))
	}
	return out, nil
}

func entrySought(r *register.Register, e *register.Entry) search.Document {
	var w sought
	w.record(r.Fields, e.Record, r.ClassOf)
	d := search.Document{ID: e.ID, Revision: e.Revision, Org: e.Org, Parts: w.parts, Values: w.values, At: e.At, Since: e.Since, Until: e.Until,
		Public: e.Class == field.Public && r.IsPublic(e.State)}
	if key := r.Fields.Field(r.Key); r.ClassOf(key) == field.Public {
		d.Ref = e.Key
	}
	d.Title = search.Part{Class: r.ClassOf(r.Fields.Field(r.Key)), Text: e.Key}
	for _, k := range r.Title {
		if v, ok := e.Record[k].(string); ok {
			d.Title = search.Part{Class: r.ClassOf(r.Fields.Field(k)), Text: v}
			break
		}
	}
	if e.Class != field.Restricted {
		d.Sights = append(d.Sights, search.Sight{Org: e.Org, Verb: auth.Read, UpTo: field.Internal})
		if e.Subject != uuid.Nil {
			d.Sights = append(d.Sights, search.Sight{Org: e.Subject, Verb: auth.Read, UpTo: field.Internal})
		}
	}
	d.Sights = append(d.Sights, search.Sight{Org: e.Org, Verb: auth.Configure, UpTo: field.Restricted})
	w.values[search.ByCollection] = search.Value{ID: r.ID, Name: r.Name, Class: field.Public}
	for _, st := range r.States {
		if st.ID == e.State {
			w.values[search.ByState] = search.Value{ID: r.ID + "/" + st.ID, Name: st.Name, Class: field.Public}
		}
	}
	if w.values[search.ByYear] = yearOf(e.At); e.Since > field.Always {
		w.values[search.ByYear] = yearOf(e.Since)
	}
	return d
}

// cases.
type soughtCases struct{ room *flow.Service }

func (s soughtCases) Kind() string { return "case" }

func (s soughtCases) Rewind(mark string) string { return rewound(mark) }

func (s soughtCases) Changes(ctx context.Context, mark string, limit int) ([]search.Stamp, string, error) {
	at, id := readMark(mark)
	list, err := s.room.Changed(ctx, auth.Everywhere(), at, id, limit)
	if err != nil || len(list) == 0 {
		return nil, mark, err
	}
	last := list[len(list)-1]
	return stampsOf(list, func(x *flow.Stamp) search.Stamp { return search.Stamp{ID: x.ID, Revision: x.Revision} }), markOf(last.At, last.ID), nil
}

func (s soughtCases) Stamps(ctx context.Context, ids []uuid.UUID) ([]search.Stamp, error) {
	list, err := s.room.Stamps(ctx, auth.Everywhere(), ids)
	return stampsOf(list, func(x *flow.Stamp) search.Stamp { return search.Stamp{ID: x.ID, Revision: x.Revision} }), err
}

func (s soughtCases) Documents(ctx context.Context, ids []uuid.UUID) ([]search.Document, error) {
	list, err := s.room.ReadFor(ctx, auth.Everywhere(), ids)
	return store.All(list, caseSought), err
}

func caseSought(x *flow.Followed) search.Document {
	c, f := &x.Case, x.Flow
	var w sought
	w.record(f.Fields, c.Record, func(a *field.Field) field.Class { return f.ClassOf(a.Key) })
	d := search.Document{ID: c.ID, Revision: c.Revision, Org: c.Org, Parts: w.parts, Values: w.values, At: c.At, Since: field.Always, Until: store.Forever}
	d.Title = search.Part{Class: field.Public, Text: c.Title}
	for _, key := range f.Title { // a title is seen by those who see all of it
		d.Title.Class = d.Title.Class.Narrower(f.ClassOf(key))
	}
	for _, doc := range c.Documents {
		d.Parts = append(d.Parts, search.Part{Class: field.Restricted, Label: text.Text{Zh: "附件", En: "Document"}, Text: doc.Name})
	}
	d.Sights = []search.Sight{{Org: c.Org, Verb: auth.Read, UpTo: field.Internal}, {Org: c.Org, Verb: auth.Operate, UpTo: field.Restricted}}
	if c.Subject != uuid.Nil {
		d.Sights = append(d.Sights, search.Sight{Org: c.Subject, Verb: auth.Read, UpTo: field.Internal})
	}
	for _, p := range c.Parties {
		sight := search.Sight{Org: p.Org, Verb: auth.Read, Person: p.Person, UpTo: field.Internal}
		if f.Outside(p.Role) {
			sight.UpTo = field.Public
		}
		d.Sights = append(d.Sights, sight)
	}
	w.values[search.ByCollection] = search.Value{ID: f.ID, Name: f.Name, Class: field.Public}
	if st := f.State(c.State); st != nil {
		d.Public = st.Public
		w.values[search.ByState] = search.Value{ID: f.ID + "/" + st.ID, Name: st.Name, Class: field.Public}
	}
	w.values[search.ByYear] = yearOf(c.Opened)
	return d
}

// facts, as they are said now.
type soughtFacts struct{ room *fact.Service }

func (s soughtFacts) Kind() string { return "fact" }

func (s soughtFacts) Rewind(mark string) string { return mark } // commit numbers come one after the other

func (s soughtFacts) Changes(ctx context.Context, mark string, limit int) ([]search.Stamp, string, error) {
	at, _ := readMark(mark)
	list, err := s.room.ChangedAfter(ctx, auth.Everywhere(), at, limit)
	if err != nil || len(list) == 0 {
		return nil, mark, err
	}
	return stampsOf(list, factStamp), markOf(list[len(list)-1].Commit, uuid.Nil), nil
}

func factStamp(x *fact.Stamp) search.Stamp { return search.Stamp{ID: x.ID, Revision: x.Revision} }

func (s soughtFacts) Stamps(ctx context.Context, ids []uuid.UUID) ([]search.Stamp, error) {
	list, err := s.room.Stamps(ctx, auth.Everywhere(), ids)
	return stampsOf(list, factStamp), err
}

func (s soughtFacts) Documents(ctx context.Context, ids []uuid.UUID) ([]search.Document, error) {
	list, err := s.room.ReadFor(ctx, auth.Everywhere(), ids)
	if err != nil {
		return nil, err
	}
	var out []search.Document
	for i := range list {
		if k := s.room.Kind(list[i].Kind); k != nil && !list[i].Withdrawn {
			out = append(out, factSought(k, &list[i]))
		}
	}
	return out, nil
}

func factSought(k *fact.Kind, f *fact.Fact) search.Document {
	var w sought
	w.record(k.Fields, f.Record, k.ClassOf)
	d := search.Document{ID: f.ID, Revision: f.Revision, Org: f.Org, Ref: f.External, Parts: w.parts, Values: w.values, At: f.At}
	d.Title = search.Part{Class: k.Class, Text: f.External}
	if t := k.Fields.Field(k.Title); t != nil && f.Record[t.Key] != nil {
		d.Title = search.Part{Class: k.ClassOf(t), Text: t.Cell(f.Record[t.Key], "zh")}
		d.Parts = append(d.Parts, search.Part{Class: k.Class, Label: text.Text{Zh: "外部编号", En: "External id"}, Text: f.External})
	}
	if k.Class == field.Internal {
		d.Sights = append(d.Sights, search.Sight{Org: f.Org, Verb: auth.Read, UpTo: field.Internal})
	}
	d.Sights = append(d.Sights, search.Sight{Org: f.Org, Verb: auth.Configure, UpTo: field.Restricted})
	w.values[search.ByCollection] = search.Value{ID: k.ID, Name: k.Name, Class: field.Public}
	w.values[search.ByYear] = yearOf(f.Since)
	return d
}

// soughtMeasures are the measures of support that come with the product: everybody sees them.
type soughtMeasures struct {
	list []search.Document
}

func newSoughtMeasures(set *incentive.Set) *soughtMeasures {
	s := &soughtMeasures{}
	for _, m := range set.All() {
		d := search.Document{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte("measure/"+m.ID)), Revision: 1, Ref: m.Code, Public: true, Since: field.Always, Until: store.Forever,
			Title: search.Part{Class: field.Public, Label: text.Text{Zh: "措施", En: "Measure"}, Text: m.Name.Zh},
			Values: map[search.Facet]search.Value{
				search.ByCollection: {ID: m.Policy, Name: text.Both(m.Clauses[0].Title), Class: field.Public},
				search.ByRegion:     {ID: m.Region.Code, Name: m.Region.Name, Class: field.Public},
				search.ByState:      {ID: "measure/" + m.Strength, Name: strengths[m.Strength], Class: field.Public},
			}}
		part := func(zh, en string, words ...string) {
			if s := strings.TrimSpace(strings.Join(words, " ")); s != "" {
				d.Parts = append(d.Parts, search.Part{Class: field.Public, Label: text.Text{Zh: zh, En: en}, Text: s})
			}
		}
		for _, c := range m.Clauses {
			part("条款", "Clause", c.Quote)
		}
		part("对象", "For whom", m.Beneficiary.Zh, m.Beneficiary.En)
		part("名称", "Name", m.Name.En)
		part("部门", "Departments", append([]string{m.Lead}, m.Support...)...)
		part("文件", "Document", m.Clauses[0].Title, m.Clauses[0].Section)
		part("编号", "Number", m.Code)
		s.list = append(s.list, d)
	}
	return s
}

var strengths = map[string]text.Text{
	"in-force": {Zh: "现行", En: "In force"}, "encouraged": {Zh: "鼓励", En: "Encouraged"}, "exploratory": {Zh: "探索", En: "Exploratory"},
}

func (s *soughtMeasures) Kind() string { return "measure" }

func (s *soughtMeasures) Rewind(mark string) string { return mark }

func (s *soughtMeasures) Changes(_ context.Context, mark string, limit int) ([]search.Stamp, string, error) {
	n, err := strconv.Atoi(mark)
	if mark != "" && err != nil {
		return nil, mark, fmt.Errorf("mark %q: %w", mark, err)
	}
	to := min(len(s.list), n+limit)
	return store.All(s.list[n:to], func(d *search.Document) search.Stamp { return search.Stamp{ID: d.ID, Revision: 1} }), strconv.Itoa(to), nil
}

func (s *soughtMeasures) of(ids []uuid.UUID) (out []search.Document) {
	for i := range s.list {
		if slices.Contains(ids, s.list[i].ID) {
			out = append(out, s.list[i])
		}
	}
	return out
}

func (s *soughtMeasures) Documents(_ context.Context, ids []uuid.UUID) ([]search.Document, error) {
	return s.of(ids), nil
}

func (s *soughtMeasures) Stamps(_ context.Context, ids []uuid.UUID) ([]search.Stamp, error) {
	return store.All(s.of(ids), func(d *search.Document) search.Stamp { return search.Stamp{ID: d.ID, Revision: 1} }), nil
}

// entrySources are those over registers, for the benchmark.
func entrySources(room *register.Service) []search.Source {
	return []search.Source{soughtEntries{room}}
}
