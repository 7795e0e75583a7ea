package registry

import (
	"context"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"jingwei/internal/identify/handle"
	"jingwei/internal/office/search"
)

// templates are all templates in memory, by prefix and version. What stands in it is never changed.
type templates struct {
	mu   sync.RWMutex
	list map[templateKey]*Template
}

type templateKey struct {
	prefix  int64
	version string
}

func (t *templates) get(prefix int64, version string) *Template {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.list[templateKey{prefix, version}]
}

func (t *templates) put(x *Template) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil {
		t.list = map[templateKey]*Template{}
	}
	t.list[templateKey{x.Prefix, x.Version}] = x
}

func (t *templates) drop(x *Template) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.list, templateKey{x.Prefix, x.Version})
}

// byNumber finds a template by its number.
func (t *templates) byNumber(number int64) *Template {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, x := range t.list {
		if x.Number == number {
			return x
		}
	}
	return nil
}

// found is by what a record is searched.
type found struct {
	values []foundValue
	words  string
	unique []uniqueKey
}

type foundValue struct {
	item   int64
	word   string
	number float64
}

type uniqueKey struct {
	prefix, item int64
	word         string
}

// maxWord bounds a word of the search in characters: PostgreSQL's index holds at most 2,700 bytes.
const maxWord = 600

// templated checks a record against the template that it names, and tells by what it is searched.
func (e *evaluation) templated(ctx context.Context, s *Service, v *Version, key []byte, at int) (int64, *found, error) {
	_, values, err := handle.DecodeRecord(v.Record)
	if err != nil {
		return 0, nil, err
	}
	version, err := versionIn(values)
	if version == "" || err != nil {
		return 0, nil, err
	}
	t := s.templates.get(v.Prefix, version)
	switch {
	case t == nil:
		return 0, nil, handle.Refuse(handle.InvalidValue, []uint32{indexTemplate}, "the prefix has no template of the version %.60q", version)
	case t.State == Draft, t.State == Retired && v.Operation == Create:
		return 0, nil, handle.Refuse(handle.InvalidValue, []uint32{indexTemplate}, "the template of the version %.60q is %s", version, t.State)
	}
	if faults := t.checkRecord(values); len(faults) > 0 {
		return 0, nil, refusedItems(faults)
	}
	f := &found{}
	words := []string{string(v.Name)}
	for i := range values {
		it := t.item(values[i].Index)
		if it == nil {
			continue
		}
		word := string(values[i].Data)
		number, _ := it.check(word)
		f.values = append(f.values, foundValue{int64(it.Index), folding(word), number})
		if it.Type == StringItem {
			words = append(words, word)
		}
		if it.Unique {
			u := uniqueKey{v.Prefix, int64(it.Index), folding(word)}
			if err := e.free(ctx, s, u, key); err != nil {
				return 0, nil, err
			}
			f.unique = append(f.unique, u)
		}
	}
	for _, u := range f.unique {
		e.unique[u] = at
	}
	f.words = strings.Join(search.Words(strings.Join(words, " ")), " ")
	return t.Number, f, nil
}

// folding is a value as it is compared.
func folding(s string) string {
	r := []rune(strings.ToLower(s))
	return string(r[:min(len(r), maxWord)])
}

// free tells whether no other identifier has a value that must be unique.
func (e *evaluation) free(ctx context.Context, s *Service, u uniqueKey, key []byte) error {
	taken := func() error {
		return handle.Refuse(handle.InvalidValue, []uint32{uint32(u.item)}, "the value %.100q at index %d is unique and another identifier has it", u.word, u.item)
	}
	if at, ok := e.unique[u]; ok && e.latest[string(e.keys[at])] == at && string(e.keys[at]) != string(key) {
		return taken()
	}
	holders, looked := e.holders[u]
	if !looked {
		var err error
		if holders, err = s.holdersOf(ctx, u.prefix, u.item, []string{u.word}, nil); err != nil {
			return err
		}
	}
	for _, h := range holders {
		if _, changed := e.latest[h.key]; h.word == u.word && h.key != string(key) && !changed {
			return taken()
		}
	}
	return nil
}

// holder is an identifier that has a value of a unique item.
type holder struct{ word, key string }

// wordsAtOnce is how many values one query looks for.
const wordsAtOnce = 400

// holdersOf adds to list who has one of some values.
func (s *Service) holdersOf(ctx context.Context, prefix, item int64, words []string, list []holder) ([]holder, error) {
	for len(words) > 0 {
		n := min(len(words), wordsAtOnce)
		var rows []struct {
			Word     string
			IdentKey []byte
		}
		err := s.o.DB.NewSelect().TableExpr("identify_value AS x").ColumnExpr("x.word, v.ident_key").Join("JOIN identify_version AS v ON v.serial = x.serial").
			Where("x.prefix = ? AND x.item = ? AND x.word IN (?)", prefix, item, bun.List(words[:n])).Scan(ctx, &rows)
		if err != nil {
			return nil, wrap("look for unique values", err)
		}
		for _, r := range rows {
			list = append(list, holder{r.Word, string(r.IdentKey)})
		}
		words = words[n:]
	}
	return list, nil
}

// foresee looks for the unique values of a large group with few queries.
func (e *evaluation) foresee(ctx context.Context, s *Service, group []*request) error {
	type column struct{ prefix, item int64 }
	asked := map[column][]string{}
	for _, r := range group {
		for i := range r.changes {
			c := &r.changes[i]
			p, ok := s.prefixes.get(subject(c.Name))
			version, err := versionIn(c.Values)
			if !ok || err != nil || version == "" {
				continue
			}
			t := s.templates.get(p.Number, version)
			for j := range c.Values {
				if t == nil {
					break
				}
				if it := t.item(c.Values[j].Index); it != nil && it.Unique {
					at := column{p.Number, int64(it.Index)}
					asked[at] = append(asked[at], folding(string(c.Values[j].Data)))
				}
			}
		}
	}
	for at, words := range asked {
		list, err := s.holdersOf(ctx, at.prefix, at.item, words, nil)
		if err != nil {
			return err
		}
		for _, w := range words {
			e.holders[uniqueKey{at.prefix, at.item, w}] = nil
		}
		for _, h := range list {
			u := uniqueKey{at.prefix, at.item, h.word}
			e.holders[u] = append(e.holders[u], h)
		}
	}
	return nil
}
