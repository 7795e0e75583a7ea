package match

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

var zeroID uuid.UUID

// Pair is a need and a supply with what speaks for and against it.
type Pair struct {
	Need    uuid.UUID
	Supply  *Supply
	Score   int64 // 0 to 10000
	Blocked *Reason
	Reasons []Reason
}

// Engine holds supply in memory and matches needs with it. Its methods may be called from many goroutines.
type Engine struct {
	names names

	mu    sync.RWMutex
	index *index
	at    map[uuid.UUID]int32 // number of a supply in the index
	by    []*Supply           // by number; nil where it is gone
}

// NewEngine makes an empty engine. trade names a code of GB/T 4754.
func NewEngine(kinds *Kinds, p *Profile, trade func(code string) text.Text) *Engine {
	if trade == nil {
		trade = text.Both
	}
	return &Engine{names: names{kinds, trade, &p.Weights, &p.Rating}, index: newIndex(), at: map[uuid.UUID]int32{}}
}

// tokens of a supply or a need: pairs of characters, and the kinds that its words name.
func (e *Engine) tokens(title, words string) []string {
	t := title + "\n" + words
	out := bigrams(t)
	if e.names.kinds != nil {
		out = append(out, e.names.kinds.words.concepts(t)...)
	}
	return out
}

// Put takes a supply in, or its newer state.
func (e *Engine) Put(list ...*Supply) {
	tokens := make([][]string, len(list))
	for i, s := range list {
		tokens[i] = e.tokens(s.Title, s.Words)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, s := range list {
		e.forget(s.ID)
		n := e.index.add(tokens[i])
		e.at[s.ID] = n
		e.by = append(e.by, s)
	}
	e.tidy()
}

// Remove forgets supplies.
func (e *Engine) Remove(ids ...uuid.UUID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		e.forget(id)
	}
	e.tidy()
}

func (e *Engine) forget(id uuid.UUID) {
	if n, there := e.at[id]; there {
		e.index.remove(n)
		e.by[n] = nil
		delete(e.at, id)
	}
}

// tidy builds the index anew once a third of its numbers is gone, in the order in which supplies were taken in.
func (e *Engine) tidy() {
	if gone := len(e.by) - len(e.at); gone < 1000 || gone*3 < len(e.by) {
		return
	}
	old := e.by
	e.index, e.by, e.at = newIndex(), nil, map[uuid.UUID]int32{}
	for _, s := range old {
		if s != nil {
			e.at[s.ID] = e.index.add(e.tokens(s.Title, s.Words))
			e.by = append(e.by, s)
		}
	}
}

// Get returns a supply, nil where it is not held. It must not be changed.
func (e *Engine) Get(id uuid.UUID) *Supply {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if n, there := e.at[id]; there {
		return e.by[n]
	}
	return nil
}

// Len is how many supplies are held.
func (e *Engine) Len() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.at)
}

// Each calls yield with every supply, in the order of their ids.
func (e *Engine) Each(yield func(*Supply)) {
	e.mu.RLock()
	list := make([]*Supply, 0, len(e.at))
	for _, s := range e.by {
		if s != nil {
			list = append(list, s)
		}
	}
	e.mu.RUnlock()
	slices.SortFunc(list, func(a, b *Supply) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	for _, s := range list {
		yield(s)
	}
}

var scratch = sync.Pool{New: func() any { return new([]int64) }}

// ask makes the query of a need. The name of its kind is part of it.
func (e *Engine) ask(w *Want) query {
	tokens := e.tokens(w.Title, w.Words)
	if _, ok := e.names.kinds.Get(w.Kind); ok {
		tokens = append(tokens, concept(w.Kind))
	}
	return e.index.ask(tokens)
}

// wordShare is how much of the best possible agreement of words there is. The best is nearly never reached: a third of it counts
// as all.
func wordShare(score, best int64) int64 {
	if best <= 0 {
		return 0
	}
	return min(1000, score*3000/best)
}

// Match returns the best supplies for a need, the best one first; equals by id. Supplies below least and those in conflict are left
// out.
func (e *Engine) Match(w *Want, most int, least int64) []Pair {
	e.mu.RLock()
	defer e.mu.RUnlock()
	best := e.rank(w, most, least)
	out := make([]Pair, 0, len(best))
	for _, c := range best {
		s := e.by[c.slot]
		out = append(out, Pair{Need: w.ID, Supply: s, Score: c.score, Reasons: e.names.explain(w, s, e.names.shares(w, s, c.words))})
	}
	return out
}

type candidate struct {
	slot  int32
	score int64
	words int64
}

// rank is Match without words.
func (e *Engine) rank(w *Want, most int, least int64) []candidate {
	q := e.ask(w)
	buffer := scratch.Get().(*[]int64)
	defer scratch.Put(buffer)
	if cap(*buffer) < len(e.by) {
		*buffer = make([]int64, len(e.by)+len(e.by)/4)
	}
	scores := (*buffer)[:len(e.by)]
	clear(scores)
	e.index.score(&q, scores)
	var best []candidate
	before := func(a, b candidate) int {
		if c := cmp.Compare(b.score, a.score); c != 0 {
			return c
		}
		x, y := e.by[a.slot].ID, e.by[b.slot].ID
		return bytes.Compare(x[:], y[:])
	}
	for n, s := range e.by {
		if s == nil {
			continue
		}
		words := wordShare(scores[n], q.best)
		c := candidate{int32(n), e.names.total(e.names.shares(w, s, words)), words}
		if c.score < least || len(best) == most && before(best[most-1], c) <= 0 || conflict(w, s) != nil {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, c, before)
		if len(best) < most {
			best = append(best, candidate{})
		}
		copy(best[at+1:], best[at:])
		best[at] = c
	}
	return best
}

// Judge scores and explains one pair, also where a conflict blocks it; false where the supply is not held.
func (e *Engine) Judge(w *Want, supply uuid.UUID) (Pair, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	n, there := e.at[supply]
	if !there {
		return Pair{}, false
	}
	s := e.by[n]
	q := e.ask(w)
	shares := e.names.shares(w, s, wordShare(e.index.scoreOne(&q, n), q.best))
	p := Pair{Need: w.ID, Supply: s, Score: e.names.total(shares), Reasons: e.names.explain(w, s, shares), Blocked: conflict(w, s)}
	if p.Blocked != nil {
		p.Reasons = append([]Reason{*p.Blocked}, p.Reasons...)
		p.Score = 0
	}
	return p, true
}

// Plain ranks by BM25 over pairs of characters alone, without kinds, words of kinds or any structure: what the matcher is measured
// beside. It builds its index anew.
type Plain struct {
	index *index
	ids   []uuid.UUID
}

// NewPlain makes one of a list of supplies.
func NewPlain(list []*Supply) *Plain {
	p := &Plain{index: newIndex()}
	for _, s := range list {
		p.index.add(bigrams(s.Title + "\n" + s.Words))
		p.ids = append(p.ids, s.ID)
	}
	return p
}

// Rank returns the ids of the best supplies for a need's title and words.
func (p *Plain) Rank(w *Want, most int) []uuid.UUID {
	q := p.index.ask(bigrams(w.Title + "\n" + w.Words))
	scores := make([]int64, len(p.ids))
	p.index.score(&q, scores)
	order := make([]int, len(p.ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if c := cmp.Compare(scores[b], scores[a]); c != 0 {
			return c
		}
		return strings.Compare(p.ids[a].String(), p.ids[b].String())
	})
	var out []uuid.UUID
	for _, i := range order[:min(most, len(order))] {
		if scores[i] > 0 {
			out = append(out, p.ids[i])
		}
	}
	return out
}
