package form

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/form/calc"
)

// Form is a target's form as somebody fills it in: what it asks for, laid out.
type Form struct {
	Asked
	Sections   []Section
	Calculated []sum
	Papers     []AttachmentKind
	known      field.Schema // fields with what is only shown
}

// lay lays out what a target asks for. A layout that does not fit (of a case that runs by an older version of its flow) lays out what
// it can; what it does not name comes last.
func lay(a Asked, l *Layout) *Form {
	f := &Form{Asked: a, Papers: slices.Clone(a.Papers), known: a.Fields}
	if l != nil {
		f.Calculated, f.known, _ = l.compile(a.Fields)
		for _, s := range l.Sections {
			s.Fields = slices.DeleteFunc(slices.Clone(s.Fields), func(q Question) bool { return a.Fields.Field(q.Key) == nil })
			f.Sections = append(f.Sections, s)
		}
	}
	var rest []Question
	for i := range a.Fields {
		asked := func(s Section) bool {
			return slices.ContainsFunc(s.Fields, func(q Question) bool { return q.Key == a.Fields[i].Key })
		}
		if !slices.ContainsFunc(f.Sections, asked) {
			rest = append(rest, Question{Key: a.Fields[i].Key})
		}
	}
	f.Sections = slices.DeleteFunc(f.Sections, func(s Section) bool { return len(s.Fields) == 0 })
	if len(rest) > 0 {
		f.Sections = append(f.Sections, Section{Fields: rest})
	}
	for i := range f.Papers {
		p := &f.Papers[i]
		if l != nil {
			if j := slices.IndexFunc(l.Attachments, func(x AttachmentKind) bool { return x.ID == p.ID }); j >= 0 {
				x := l.Attachments[j]
				p.Help, p.Types, p.MaxBytes, p.MaxCount = x.Help, x.Types, x.MaxBytes, x.MaxCount
				if !x.Name.IsZero() {
					p.Name = x.Name
				}
			}
		}
		if len(p.Types) == 0 {
			p.Types = fact.Extensions()
		}
		if p.MaxBytes == 0 {
			p.MaxBytes = fact.MaxDocument
		}
		if p.MaxCount == 0 {
			p.MaxCount = defaultCount
		}
	}
	return f
}

// Filling is a draft's content as far as it goes.
type Filling struct {
	Record field.Record   // of what is asked and well, worked out fields of the target included
	Shown  map[string]any // what was worked out, also what is only shown; absent: not known
	Asked  []string       // the fields that are asked
	Faults []*field.Fault // what is wrong or missing, in the order of the fields
}

// fill reads a draft's content by its form.
func (f *Form) fill(raw []byte) Filling {
	schema := slices.Clone(f.Fields)
	for i := range schema { // what is worked out is not read
		if slices.ContainsFunc(f.Calculated, func(c sum) bool { return c.own && c.field.Key == schema[i].Key }) {
			schema[i].Calc, schema[i].Required = "form", false
		}
	}
	given, faults := schema.Read(raw)
	out := Filling{Record: field.Record{}, Shown: map[string]any{}}
	for _, s := range f.Sections {
		if !holds(s.When, out.Record) {
			continue
		}
		for _, q := range s.Fields {
			if !holds(q.When, out.Record) {
				continue
			}
			out.Asked = append(out.Asked, q.Key)
			if v, ok := given[q.Key]; ok {
				out.Record[q.Key] = v
			}
		}
	}
	known := maps.Clone(out.Record)
	for _, c := range f.Calculated {
		v, ok := c.value.Eval(f.known, known)
		if !ok {
			continue
		}
		value, ok := calc.Canonical(v, &c.field, c.rounding)
		if !ok {
			continue
		}
		known[c.field.Key], out.Shown[c.field.Key] = value, value
		if c.own {
			out.Record[c.field.Key] = value
		}
	}
	for _, x := range faults {
		if head := topKey(x.Path); f.Fields.Field(head) == nil || slices.Contains(out.Asked, head) {
			out.Faults = append(out.Faults, x)
		}
	}
	for _, c := range f.Calculated { // what is needed and cannot be worked out, or falls outside its bounds
		if !c.own || !slices.Contains(out.Asked, c.field.Key) {
			continue
		}
		v, ok := out.Record[c.field.Key]
		if !ok {
			if c.field.Required {
				out.Faults = append(out.Faults, &field.Fault{Path: c.field.Key, Name: c.field.Name, Code: "calc", Text: text.Text{Zh: "还算不出", En: "cannot be worked out yet"},
					Mend: text.Text{Zh: "请先填写" + f.names(c.value.Uses(), "zh"), En: "Fill in " + f.names(c.value.Uses(), "en")}})
			}
			continue
		}
		_, wrong := field.Schema{c.field}.Read(field.Record{c.field.Key: v}.Encode())
		out.Faults = append(out.Faults, wrong...)
	}
	position := map[string]int{}
	for i, key := range out.Asked {
		position[key] = i
	}
	slices.SortStableFunc(out.Faults, func(a, b *field.Fault) int { return position[topKey(a.Path)] - position[topKey(b.Path)] })
	return out
}

func (f *Form) names(keys []string, lang string) (out string) {
	for i, key := range keys {
		if x := f.known.Field(key); x != nil {
			if i > 0 {
				out += map[string]string{"zh": "、", "en": ", "}[lang]
			}
			out += x.Name.In(lang)
		}
	}
	return out
}

// topKey is the field of a path such as "items[2].amount".
func topKey(path string) string {
	for i := range len(path) {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return path
}

// paper finds a kind of attachment.
func (f *Form) paper(id string) *AttachmentKind {
	if i := slices.IndexFunc(f.Papers, func(p AttachmentKind) bool { return p.ID == id }); i >= 0 {
		return &f.Papers[i]
	}
	return nil
}

// lacking are papers that are needed and not there.
func (f *Form) lacking(d *Draft) (out []AttachmentKind) {
	for _, p := range f.Papers {
		if p.Required && p.Present == 0 && !slices.ContainsFunc(d.Attachments, func(a Attachment) bool { return a.Kind == p.ID }) {
			out = append(out, p)
		}
	}
	return out
}

// prefilled are values that the node knows for a form, by field: those that the field takes.
func (f *Form) prefilled(l *Layout, known map[string]Known) map[string]Filled {
	out := map[string]Filled{}
	if l == nil {
		return out
	}
	for _, p := range l.Prefill {
		x := f.Fields.Field(p.Field)
		k, ok := known[p.From]
		if x == nil || !ok {
			continue
		}
		value, err := json.Marshal(k.Value)
		if err != nil {
			continue
		}
		if _, faults := (field.Schema{*x}).Read(fmt.Appendf(nil, "{%q:%s}", x.Key, value)); len(faults) == 0 {
			out[x.Key] = Filled{Value: value, From: k.From}
		}
	}
	return out
}
