package search

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// posting says how often a token stands in a document, by the class of the fields.
type posting struct {
	doc   uint32
	times [3]uint8
}

// seen is how often somebody of a level meets the token.
func (p *posting) seen(level int8) (n int32) {
	for i := int8(0); i <= level; i++ {
		n += int32(p.times[i])
	}
	return n
}

// titleWeight is how many times a word in the title counts.
const titleWeight = 3

type facetValue struct {
	value uint32 // in index.values; 0 for none
	class int8
}

type entry struct {
	kind   int   // in index.kinds
	weight int64 // in bytes, about
	doc    *Document
	access uint32
	length [3]uint32 // tokens, by class
	facets [len(Facets)]facetValue
}

type name struct {
	id   string
	text text.Text
}

// key of a document.
type key struct {
	kind int
	id   uuid.UUID
}

// index is what is searched, in memory. Documents get dense numbers; what was changed gets a further one, and the one before is dead
// until the index is packed.
type index struct {
	mu       sync.RWMutex
	kinds    []string
	entries  []entry // doc is nil where dead
	live     int
	weight   int64     // of the live documents, in bytes
	most     int64     // bytes that are taken in
	left     bool      // something is out, for want of room
	tokens   [3]uint64 // of live documents, by class
	byKey    map[key]uint32
	postings map[string][]posting
	sorted   []string // tokens
	fresh    []string // that are not in sorted yet
	access   [][]Sight
	accessOf map[string]uint32
	values   []name
	valueOf  map[string]uint32
}

func newIndex(kinds []string, most int64) *index {
	return &index{kinds: kinds, most: most, byKey: map[key]uint32{}, postings: map[string][]posting{}, accessOf: map[string]uint32{}, values: []name{{}}, valueOf: map[string]uint32{}}
}

func (x *index) value(v Value) facetValue {
	n, ok := x.valueOf[v.ID]
	if !ok {
		n = uint32(len(x.values))
		x.values, x.valueOf[v.ID] = append(x.values, name{v.ID, v.Name}), n
	}
	if v.Name.Zh != "" {
		x.values[n].text = v.Name
	}
	return facetValue{n, rankOf(v.Class)}
}

func (x *index) accessTo(sights []Sight) uint32 {
	var b strings.Builder
	for _, s := range sights {
		fmt.Fprint(&b, s.Org, s.Verb, s.Person, s.UpTo, ";")
	}
	n, ok := x.accessOf[b.String()]
	if !ok {
		n = uint32(len(x.access))
		x.access, x.accessOf[b.String()] = append(x.access, slices.Clone(sights)), n
	}
	return n
}

// prepared is a document whose tokens have been counted, outside of the lock.
type prepared struct {
	kind   int
	weight int64
	doc    *Document
	times  map[string][3]uint8
	length [3]uint32
}

func prepare(kind int, d *Document) prepared {
	p := prepared{kind: kind, doc: d, times: map[string][3]uint8{}}
	count := func(part *Part, weight uint8) {
		class := rankOf(part.Class)
		s, _ := fold(part.Text)
		tokens(s, func(token string) {
			t := p.times[token]
			t[class] += min(weight, 255-t[class])
			p.times[token] = t
			p.length[class]++
		})
	}
	count(&d.Title, titleWeight)
	for i := range d.Parts {
		count(&d.Parts[i], 1)
	}
	p.weigh()
	return p
}

// weigh is about how many bytes a document takes with its postings.
func (p *prepared) weigh() {
	p.weight = 1400 + int64(len(p.doc.Title.Text)) + 28*int64(len(p.times))
	for i := range p.doc.Parts {
		p.weight += 100 + int64(len(p.doc.Parts[i].Text))
	}
}

// put takes documents in, over those that were there: not over what somebody else has read at a later revision meanwhile, and no more
// than there is room for.
func (x *index) put(list []prepared) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range list {
		p := &list[i]
		k := key{p.kind, p.doc.ID}
		if p.doc.Revision < x.revision(p.kind, p.doc.ID) {
			continue
		}
		x.kill(k)
		if x.bytes()+p.weight > x.most {
			x.left = true
			continue
		}
		x.weight += p.weight
		n := uint32(len(x.entries))
		e := entry{kind: p.kind, weight: p.weight, doc: p.doc, access: x.accessTo(p.doc.Sights), length: p.length}
		for f, name := range Facets {
			if v, ok := p.doc.Values[name]; ok && v.ID != "" {
				e.facets[f] = x.value(v)
			}
		}
		e.facets[0] = x.value(Value{ID: x.kinds[p.kind], Class: "public"})
		x.entries, x.byKey[k] = append(x.entries, e), n
		x.live++
		for c := range x.tokens {
			x.tokens[c] += uint64(p.length[c])
		}
		for token, times := range p.times {
			old, known := x.postings[token]
			if !known {
				token = strings.Clone(token)
				x.fresh = append(x.fresh, token)
			}
			x.postings[token] = append(old, posting{n, times})
		}
	}
	x.pack()
	x.sort()
}

// tokenWeight is about how many bytes a token takes, however many documents have it.
const tokenWeight = 90

// bytes of memory that the index takes, about (see TestWeight).
func (x *index) bytes() int64 { return x.weight + tokenWeight*int64(len(x.postings)) }

func (x *index) remove(kind int, ids []uuid.UUID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		x.kill(key{kind, id})
	}
	x.pack()
}

func (x *index) kill(k key) {
	n, ok := x.byKey[k]
	if !ok {
		return
	}
	e := &x.entries[n]
	for c := range x.tokens {
		x.tokens[c] -= uint64(e.length[c])
	}
	e.doc, x.weight = nil, x.weight-e.weight
	delete(x.byKey, k)
	x.live--
}

// pack leaves the dead out once they are many.
func (x *index) pack() {
	if dead := len(x.entries) - x.live; dead < 1000 || dead < x.live/2 {
		return
	}
	const gone = ^uint32(0)
	number := make([]uint32, len(x.entries))
	kept := make([]entry, 0, x.live)
	for i := range x.entries {
		if number[i] = gone; x.entries[i].doc != nil {
			number[i] = uint32(len(kept))
			kept = append(kept, x.entries[i])
		}
	}
	for token, list := range x.postings {
		out := list[:0]
		for _, p := range list {
			if p.doc = number[p.doc]; p.doc != gone {
				out = append(out, p)
			}
		}
		if len(out) == 0 {
			delete(x.postings, token)
			continue
		}
		x.postings[token] = slices.Clone(out)
	}
	x.entries, x.sorted, x.fresh = kept, nil, nil
	for i := range kept {
		x.byKey[key{kept[i].kind, kept[i].doc.ID}] = uint32(i)
	}
	for token := range x.postings {
		x.fresh = append(x.fresh, token)
	}
	x.sort()
}

// sort brings new tokens into their order.
func (x *index) sort() {
	if len(x.fresh) == 0 {
		return
	}
	slices.Sort(x.fresh)
	merged := make([]string, 0, len(x.sorted)+len(x.fresh))
	a, b := x.sorted, x.fresh
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	x.sorted, x.fresh = append(append(merged, a...), b...), nil
}

// maxExpanded bounds how many tokens a prefix stands for: those that stand in most documents.
const maxExpanded = 300

// beginning are the tokens that begin with a prefix.
func (x *index) beginning(prefix string) (out []string) {
	from, _ := slices.BinarySearch(x.sorted, prefix)
	for _, t := range x.sorted[from:] {
		if !strings.HasPrefix(t, prefix) {
			break
		}
		out = append(out, t)
	}
	if len(out) > maxExpanded {
		slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(len(x.postings[b]), len(x.postings[a])) })
		out = out[:maxExpanded]
	}
	return out
}

// revision of a document that is indexed, 0 where none is.
func (x *index) revision(kind int, id uuid.UUID) int64 {
	if n, ok := x.byKey[key{kind, id}]; ok {
		return x.entries[n].doc.Revision
	}
	return 0
}

func (x *index) size() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.live
}

// full tells whether something was left out for want of room.
func (x *index) full() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.left
}

// retry forgets that something was left out, before all is offered again.
func (x *index) retry() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.left = false
}
