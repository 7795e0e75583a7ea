package match

import (
	"math/bits"
	"slices"
)

// index holds documents by numbers and scores them by BM25, in whole numbers: the same documents give the same scores on every
// machine. It is owned by the engine, which guards it.
type index struct {
	term   map[string]int32
	lists  []list
	slots  []document // by number; a document that changed has a new number
	live   int
	length int64 // of all live documents, in tokens
}

type list struct {
	posts []post
	live  int64 // documents among them that are live
}

type post struct {
	slot  int32
	count int32
}

type document struct {
	terms  []int32 // sorted
	length int64
	dead   bool
}

func newIndex() *index { return &index{term: map[string]int32{}} }

// add takes a document in and returns its number.
func (x *index) add(tokens []string) int32 {
	slot := int32(len(x.slots))
	counts := map[int32]int32{}
	for _, w := range tokens {
		t, known := x.term[w]
		if !known {
			t = int32(len(x.lists))
			x.term[w] = t
			x.lists = append(x.lists, list{})
		}
		counts[t]++
	}
	d := document{length: int64(len(tokens))}
	for t := range counts {
		d.terms = append(d.terms, t)
	}
	slices.Sort(d.terms)
	for _, t := range d.terms {
		l := &x.lists[t]
		l.posts = append(l.posts, post{slot, counts[t]})
		l.live++
	}
	x.slots = append(x.slots, d)
	x.live++
	x.length += d.length
	return slot
}

// remove forgets a document. Its number is not used again.
func (x *index) remove(slot int32) {
	d := &x.slots[slot]
	if d.dead {
		return
	}
	for _, t := range d.terms {
		x.lists[t].live--
	}
	x.live--
	x.length -= d.length
	*d = document{dead: true}
}

// one is 1 in the fixed point of scores: 16 bits behind the point.
const one = 1 << 16

// log2 is the binary logarithm of a/b ≥ 1 in the fixed point, by repeated squaring; exact to its last bit.
func log2(a, b uint64) int64 {
	// a/b as a number in [1, 2) with 31 bits behind the point, and its exponent.
	whole := bits.Len64(a/b) - 1
	var m uint64
	if whole <= 0 {
		whole = 0
	}
	hi, lo := bits.Mul64(a, 1<<31)
	m, _ = bits.Div64(hi, lo, b<<uint(whole))
	out := int64(whole) << 16
	for bit := int64(1 << 15); bit > 0; bit >>= 1 {
		m = m * m >> 31
		if m >= 1<<32 {
			m >>= 1
			out |= bit
		}
	}
	return out
}

// weight of a term that n of all documents have: log2((2N+2)/(2n+1)), never negative.
func (x *index) weight(n int64) int64 {
	return log2(uint64(2*x.live+2), uint64(2*n+1))
}

// query is a text that documents are scored by.
type query struct {
	terms []weighed
	best  int64 // what a document scores that has every term endlessly often
}

type weighed struct {
	term  int32
	times int64 // in the query
	idf   int64
}

// ask makes a query of tokens. Words that no document has count in best: who asks for what nobody writes about is told so.
func (x *index) ask(tokens []string) query {
	var q query
	unknown := x.weight(0)
	at := map[int32]int{}
	seen := map[string]bool{}
	for _, w := range tokens {
		t, known := x.term[w]
		if !known {
			if !seen[w] {
				seen[w] = true
				q.best += unknown * 22 / 10
			}
			continue
		}
		if i, twice := at[t]; twice {
			q.terms[i].times++
			continue
		}
		at[t] = len(q.terms)
		q.terms = append(q.terms, weighed{term: t, times: 1, idf: x.weight(x.lists[t].live)})
	}
	for i := range q.terms {
		q.terms[i].times = min(q.terms[i].times, 3)
		q.best += q.terms[i].idf * q.terms[i].times * 22 / 10
	}
	return q
}

// saturated is BM25's part of a term that stands count times in a document of a length: count·(k1+1) / (count + k1·(1-b+b·length/mean)),
// with k1 = 1.2 and b = 0.75, in the fixed point.
func (x *index) saturated(count, length int64) int64 {
	count = min(count, 200) // nothing changes beyond, and the product stays far from its bound
	n := int64(x.live)
	return count * 22 * x.length * one / (10*count*x.length + 3*x.length + 9*length*n)
}

// score adds the scores of all documents to into, by number.
func (x *index) score(q *query, into []int64) {
	for _, t := range q.terms {
		for _, p := range x.lists[t.term].posts {
			if d := &x.slots[p.slot]; !d.dead {
				into[p.slot] += t.idf * t.times * x.saturated(int64(p.count), d.length) >> 16
			}
		}
	}
}

// scoreOne is the score of one document.
func (x *index) scoreOne(q *query, slot int32) (sum int64) {
	for _, t := range q.terms {
		posts := x.lists[t.term].posts
		if i, ok := slices.BinarySearchFunc(posts, slot, func(p post, s int32) int { return int(p.slot) - int(s) }); ok {
			sum += t.idf * t.times * x.saturated(int64(posts[i].count), x.slots[slot].length) >> 16
		}
	}
	return sum
}
