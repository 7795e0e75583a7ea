package search

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	"github.com/google/uuid"
)

// BM25's parameters, as they are used most.
const (
	k1 = 1.2
	b  = 0.75
)

// match is a document with a word's weight in it.
type match struct {
	doc   uint32
	score float32
}

// search is one query on its way.
type search struct {
	x      *index
	c      *caller
	levels []int8 // of each access
	mean   [3]float32
	n      float64
}

func (x *index) search(c *caller) *search {
	s := &search{x: x, c: c, levels: make([]int8, len(x.access)), n: float64(max(1, x.live))}
	for i, sights := range x.access {
		s.levels[i] = c.level(sights)
	}
	sum := uint64(0)
	for i := range s.mean { // mean length of what is seen at a level
		sum += x.tokens[i]
		s.mean[i] = float32(max(1, float64(sum)/s.n))
	}
	return s
}

// level of a document, hidden where it is dead.
func (s *search) level(e *entry) int8 {
	if e.doc == nil {
		return hidden
	}
	return s.c.sees(s.levels[e.access], e.doc)
}

// token lists the documents in which the caller meets a token.
func (s *search) token(list []posting) []match {
	out := make([]match, 0, len(list))
	for i := range list {
		p := &list[i]
		e := &s.x.entries[p.doc]
		level := s.level(e)
		if level == hidden {
			continue
		}
		n := p.seen(level)
		if n == 0 {
			continue
		}
		length := uint32(0)
		for c := int8(0); c <= level; c++ {
			length += e.length[c]
		}
		times := float32(n)
		out = append(out, match{p.doc, times * (k1 + 1) / (times + k1*(1-b+b*float32(length)/s.mean[level]))})
	}
	// Only what the caller sees tells how rare the word is.
	df := float64(len(out))
	idf := float32(math.Log(1 + (max(s.n, df)-df+0.5)/(df+0.5)))
	for i := range out {
		out[i].score *= idf
	}
	return out
}

// piece lists the documents in which a word stands, in their order.
func (s *search) piece(p *piece) []match {
	var out []match
	last := len(p.tokens) - 1
	for i, t := range p.tokens {
		var list []match
		if p.prefix && i == last {
			list = s.prefix(t)
		} else {
			list = s.token(s.x.postings[t])
		}
		if i == 0 {
			out = list
		} else {
			out = both(out, list)
		}
		if len(out) == 0 {
			return nil
		}
	}
	share := float32(1 / math.Sqrt(float64(len(p.tokens)))) // a long word is not many
	for i := range out {
		out[i].score *= share
	}
	return out
}

func (s *search) prefix(prefix string) []match {
	var all []match
	for _, t := range s.x.beginning(prefix) {
		all = append(all, s.token(s.x.postings[t])...)
	}
	slices.SortFunc(all, func(a, b match) int { return cmp.Compare(a.doc, b.doc) })
	out := all[:0]
	for _, m := range all {
		if n := len(out); n > 0 && out[n-1].doc == m.doc {
			out[n-1].score = max(out[n-1].score, m.score)
			continue
		}
		out = append(out, m)
	}
	return out
}

// both are the documents of two lists.
func both(a, b []match) []match {
	out := a[:0]
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].doc < b[j].doc:
			i++
		case a[i].doc > b[j].doc:
			j++
		default:
			out = append(out, match{a[i].doc, a[i].score + b[j].score})
			i, j = i+1, j+1
		}
	}
	return out
}

// most are the documents that have at least as many of the words as asked.
func most(lists [][]match, least int) []match {
	var all []match
	for _, l := range lists {
		all = append(all, l...)
	}
	slices.SortFunc(all, func(a, b match) int { return cmp.Compare(a.doc, b.doc) })
	var out []match
	for i := 0; i < len(all); {
		j, m := i, match{doc: all[i].doc}
		for ; j < len(all) && all[j].doc == m.doc; j++ {
			m.score += all[j].score
		}
		if j-i >= least {
			out = append(out, m)
		}
		i = j
	}
	return out
}

// all are all documents that the caller sees.
func (s *search) all() (out []match) {
	for i := range s.x.entries {
		if s.level(&s.x.entries[i]) != hidden {
			out = append(out, match{uint32(i), 0})
		}
	}
	return out
}

// found is a place in the order of the answer: the best first, those of one weight with the newest first.
type found struct {
	score int64
	at    int64
	id    uuid.UUID
	doc   uint32
}

func (a *found) compare(b *found) int {
	if n := cmp.Compare(b.score, a.score); n != 0 {
		return n
	}
	if n := cmp.Compare(b.at, a.at); n != 0 {
		return n
	}
	return bytes.Compare(a.id[:], b.id[:])
}

// page keeps the first of what it is given; the last of them is on top.
type page []found

func (p page) Len() int           { return len(p) }
func (p page) Less(i, j int) bool { return p[i].compare(&p[j]) > 0 }
func (p page) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *page) Push(x any)        { *p = append(*p, x.(found)) }
func (p *page) Pop() any {
	old := *p
	x := old[len(old)-1]
	*p = old[:len(old)-1]
	return x
}

// cursorTag begins the cursors of this list.
const cursorTag = 0x5e

func (a *found) cursor() string {
	b := binary.AppendVarint(binary.AppendVarint([]byte{cursorTag}, a.score), a.at)
	return base64.RawURLEncoding.EncodeToString(append(b, a.id[:]...))
}

func cursorOf(s string) (a found, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(data) < 1 || data[0] != cursorTag {
		return a, false
	}
	data = data[1:]
	for _, to := range []*int64{&a.score, &a.at} {
		v, n := binary.Varint(data)
		if n <= 0 {
			return a, false
		}
		*to, data = v, data[n:]
	}
	if len(data) != len(a.id) {
		return a, false
	}
	copy(a.id[:], data)
	return a, true
}

// scale of a weight as a whole number, so that the order of an answer is exact.
const scale = 1e6

// run answers a query: the page after a place, and counts over all.
func (s *search) run(q *Query, words []piece, after *found) (list []found, total int, facets map[Facet][]FacetCount, relaxed bool) {
	var matches []match
	if len(words) == 0 {
		matches = s.all()
	} else {
		lists := make([][]match, len(words))
		for i := range words {
			lists[i] = s.piece(&words[i])
		}
		matches = slices.Clone(lists[0])
		for _, l := range lists[1:] {
			matches = both(matches, l)
		}
		if len(matches) == 0 && len(words) > 1 {
			relaxed = true
			matches = most(lists, max(1, len(words)*2/3))
		}
	}
	var chosen [len(Facets)]map[uint32]bool
	for i, f := range Facets {
		if want := q.Narrow[f]; len(want) > 0 {
			chosen[i] = map[uint32]bool{}
			for _, v := range want {
				if n, ok := s.x.valueOf[v]; ok {
					chosen[i][n] = true
				}
			}
		}
	}
	counts := [len(Facets)]map[uint32]int{}
	for i := range counts {
		counts[i] = map[uint32]int{}
	}
	var top page
	for _, m := range matches {
		e := &s.x.entries[m.doc]
		if q.Org != uuid.Nil && e.doc.Org != q.Org {
			continue
		}
		level := s.level(e)
		missed, where := 0, 0
		for i := range chosen {
			if chosen[i] != nil && (e.facets[i].class > level || !chosen[i][e.facets[i].value]) {
				missed, where = missed+1, i
			}
		}
		if missed > 1 {
			continue
		}
		for i := range e.facets { // a facet counts what the others let through
			if v := e.facets[i]; v.value != 0 && v.class <= level && (missed == 0 || where == i) {
				counts[i][v.value]++
			}
		}
		if missed > 0 {
			continue
		}
		total++
		f := found{int64(math.Round(float64(m.score) * scale)), e.doc.At, e.doc.ID, m.doc}
		if after != nil && f.compare(after) <= 0 {
			continue
		}
		if len(top) <= q.Limit { // one more than the page, so that the next is known
			heap.Push(&top, f)
		} else if f.compare(&top[0]) < 0 {
			top[0] = f
			heap.Fix(&top, 0)
		}
	}
	slices.SortFunc(top, func(a, b found) int { return a.compare(&b) })
	return top, total, s.counted(&counts), relaxed
}

// maxValues bounds the values that are told of a facet: those with most hits.
const maxValues = 50

func (s *search) counted(counts *[len(Facets)]map[uint32]int) map[Facet][]FacetCount {
	out := map[Facet][]FacetCount{}
	for i, f := range Facets {
		list := make([]FacetCount, 0, len(counts[i]))
		for v, n := range counts[i] {
			list = append(list, FacetCount{s.x.values[v].id, s.x.values[v].text, n})
		}
		slices.SortFunc(list, func(a, b FacetCount) int {
			if n := cmp.Compare(b.Count, a.Count); n != 0 {
				return n
			}
			return cmp.Compare(a.Value, b.Value)
		})
		out[f] = list[:min(len(list), maxValues)]
	}
	return out
}
