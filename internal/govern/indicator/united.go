package indicator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"math/big"
	"slices"

	"jingwei/internal/govern/indicator/formula"
	"jingwei/internal/kernel/fact"
)

// United is a fact that an input of a region counts, by what it is known by: of take: distinct the value itself, otherwise its register and
// its key there, which a keeper gives and which is the same wherever the entry is kept. It is told as a hash.
type United struct {
	Mark  [16]byte
	Group string   // of take: least: the value of the field that is counted
	Num   *big.Rat // of take: sum: what it adds; nil otherwise
}

// markOf hashes what a fact is known by.
func markOf(kind, register, key string) (out [16]byte) {
	sum := sha256.Sum256([]byte(kind + "\x00" + register + "\x00" + key))
	copy(out[:], sum[:])
	return out
}

// unite notes an entry that was taken.
func (t *taker) unite(e *Entry) {
	key := e.Key
	if key == "" {
		key = e.ID.String()
	}
	x := United{Mark: markOf("entry", t.s.Entry, key)}
	switch t.s.Take {
	case "count", "exists":
		t.out.United = append(t.out.United, x)
	case "sum":
		if v, ok := t.number(e.Record); ok {
			if x.Num, _ = formula.Convert(v, t.unit(), t.s.given()); x.Num != nil {
				t.out.United = append(t.out.United, x)
			}
		}
	case "distinct":
		for _, word := range t.words(e.Record) {
			t.out.United = append(t.out.United, United{Mark: markOf("word", t.s.Field, word)})
		}
	case "least":
		for _, word := range t.words(e.Record) {
			x.Group = word
			t.out.United = append(t.out.United, x)
		}
	}
}

// convertAll gives what facts add in another unit.
func convertAll(list []United, from, to formula.Unit) (err error) {
	for i := range list {
		if list[i].Num == nil {
			continue
		}
		if list[i].Num, err = formula.Convert(list[i].Num, from, to); err != nil {
			return err
		}
	}
	return nil
}

// unites tells whether a source counts facts that are the same wherever they are kept.
func (s *Source) unites() bool {
	return s.Kind() == "entry" && slices.Contains([]string{"count", "exists", "sum", "distinct", "least"}, s.Take)
}

// set is the facts of one input, each once. Sets of several keepers are merged in any order.
type set struct {
	source int        // of the input's sources
	none   fact.Grade // where there is no fact among what there is
	facts  map[factKey]held
}

type factKey struct {
	mark  [16]byte
	group string
}

type held struct {
	grade fact.Grade
	num   *big.Rat
}

// setOf is what is known of an input by itself; nil where it does not unite, or is not known.
func setOf(in *Input, g *Given) *set {
	if g.Num == nil || g.Source < 0 || g.Source >= len(in.From) || !in.From[g.Source].unites() {
		return nil
	}
	s := &set{source: g.Source, none: g.Grade, facts: map[factKey]held{}}
	for _, x := range g.United {
		s.put(factKey{x.Mark, x.Group}, held{g.Grade, x.Num})
	}
	return s
}

// put adds a fact. Of one that two keepers tell differently the better grade and the greater number stand, whoever is asked first.
func (s *set) put(k factKey, h held) {
	if old, ok := s.facts[k]; ok {
		h.grade = max(h.grade, old.grade)
		if old.num != nil && (h.num == nil || old.num.Cmp(h.num) > 0) {
			h.num = old.num
		}
	}
	s.facts[k] = h
}

// join is the facts of both. Those of a source that is tried first count alone.
func (s *set) join(o *set) *set {
	switch {
	case o == nil:
		return s
	case s == nil || o.source < s.source:
		return &set{o.source, o.none, maps.Clone(o.facts)}
	case o.source > s.source:
		return s
	}
	s.none = min(s.none, o.none)
	for k, h := range o.facts {
		s.put(k, h)
	}
	return s
}

// given is what the facts come to.
func (s *set) given(in *Input) Given {
	from := &in.From[s.source]
	out := Given{Num: new(big.Rat), Source: s.source, Grade: fact.Measured}
	groups := map[string]int64{}
	for k, h := range s.facts {
		out.Grade = min(out.Grade, h.grade)
		groups[k.group]++
		if h.num != nil {
			out.Num.Add(out.Num, h.num)
		}
	}
	n := int64(len(s.facts))
	if n == 0 {
		out.Grade = s.none
	}
	switch from.Take {
	case "exists":
		out.Num.SetInt64(min(n, 1))
	case "least":
		least := int64(-1)
		for _, word := range from.Among {
			if x := groups[word]; least < 0 || x < least {
				least = x
			}
		}
		out.Num.SetInt64(least)
	case "count", "distinct":
		out.Num.SetInt64(n)
	}
	return out
}

// sorted are the facts in their one order.
func (s *set) sorted() []factKey {
	return slices.SortedFunc(maps.Keys(s.facts), func(a, b factKey) int {
		return cmp.Or(bytes.Compare(a.mark[:], b.mark[:]), cmp.Compare(a.group, b.group))
	})
}
