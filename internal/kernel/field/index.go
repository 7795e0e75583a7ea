package field

import "math"

// Always is the beginning of what holds since ever: earlier than every date.
const Always int64 = -1 << 62

// Indexed is one value by which a record is found.
type Indexed struct {
	Field  string // "amount", "tags.tag"
	Word   string // canonical, at most 200 characters
	Number int64
	Since  int64 // when it holds, where the list says so; else always
	Until  int64
}

const maxWord = 200

// Index lists the values of a record by which it is found: those of fields with search.
func (s Schema) Index(r Record) (out []Indexed) {
	for i := range s {
		f := &s[i]
		if f.Type != List {
			if x, ok := f.indexed(f.Key, r[f.Key]); ok {
				out = append(out, x)
			}
			continue
		}
		items, _ := r[f.Key].([]Record)
		for _, item := range items {
			since, until := Always, int64(math.MaxInt64)
			if s, ok := item[f.Since].(string); ok {
				since, _ = Day(s)
			}
			if s, ok := item[f.Until].(string); ok {
				until, _ = NextDay(s)
			}
			for j := range f.Fields {
				n := &f.Fields[j]
				if x, ok := n.indexed(f.Key+"."+n.Key, item[n.Key]); ok {
					x.Since, x.Until = since, until
					out = append(out, x)
				}
			}
		}
	}
	return out
}

func (f *Field) indexed(path string, v any) (Indexed, bool) {
	if !f.Search || v == nil {
		return Indexed{}, false
	}
	n, _ := f.Number(v)
	return Indexed{Field: path, Word: Word(v), Number: n, Since: Always, Until: math.MaxInt64}, true
}

// Word is how a canonical value stands in an index.
func Word(v any) string {
	s := shown(v)
	if r := []rune(s); len(r) > maxWord {
		return string(r[:maxWord])
	}
	return s
}

// Parse reads a value that somebody typed, as a cell is read.
func (f *Field) Parse(s string) (any, *Fault) {
	g := f.Given(s)
	if g == nil {
		return nil, f.bad(f.Key, "", "required", "未填写", "is missing", "请填写", "Fill it in")
	}
	return f.value(f.Key, g)
}

// Searchable are the keys of the fields by which records are found.
func (s Schema) Searchable() (out []string) {
	for i := range s {
		if s[i].Search {
			out = append(out, s[i].Key)
		}
		for j := range s[i].Fields {
			if s[i].Fields[j].Search {
				out = append(out, s[i].Key+"."+s[i].Fields[j].Key)
			}
		}
	}
	return out
}
