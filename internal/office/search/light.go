package search

import (
	"slices"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Bounds of a snippet, in runes.
const (
	snippetRunes = 120
	beforeHit    = 24
)

// light marks where words stand in a text; hits counts the different words.
func light(s string, words []piece) (spans []Span, first, hits int) {
	f, at := fold(s)
	marked := make([]bool, len(f))
	first = -1
	for i := range words {
		w := &words[i]
		there := false
		for from := 0; from+len(w.text) <= len(f); from++ {
			if !slices.Equal(f[from:from+len(w.text)], w.text) {
				continue
			}
			// Words of letters are found whole, or at their beginning.
			if classOf(w.text[0]) == word {
				end := from + len(w.text)
				if from > 0 && classOf(f[from-1]) == word || !w.prefix && end < len(f) && classOf(f[end]) == word {
					continue
				}
			}
			there = true
			if first < 0 || from < first {
				first = from
			}
			for j := range w.text {
				marked[from+j] = true
			}
		}
		if there {
			hits++
		}
	}
	for i := 0; i < len(f); {
		j := i + 1
		for j < len(f) && (marked[j] == marked[i] || at[j] == at[i]) {
			j++
		}
		if at[i] < at[j] {
			spans = append(spans, Span{s[at[i]:at[j]], marked[i]})
		}
		i = j
	}
	if first >= 0 {
		first = at[first]
	}
	return spans, first, hits
}

// snippet cuts a text around its first hit.
func snippet(s string, first int) string {
	runes := []rune(s)
	if len(runes) <= snippetRunes {
		return s
	}
	from := 0
	if first > 0 {
		from = max(0, len([]rune(s[:first]))-beforeHit)
	}
	to := min(len(runes), from+snippetRunes)
	out := string(runes[from:to])
	if from > 0 {
		out = "…" + out
	}
	if to < len(runes) {
		out += "…"
	}
	return out
}

// show makes a hit of a document: title and the part with most of the words, of what the caller sees.
func show(kind string, d *Document, level int8, words []piece) Hit {
	h := Hit{Kind: kind, Document: d, Level: levelClass(level)}
	seen := func(c field.Class) bool { return rankOf(c) <= level }
	if seen(d.Title.Class) {
		h.Title, _, _ = light(d.Title.Text, words)
	}
	best, bestHits, at := -1, 0, 0
	for i := range d.Parts {
		if !seen(d.Parts[i].Class) || d.Parts[i].Text == d.Title.Text {
			continue
		}
		_, first, hits := light(d.Parts[i].Text, words)
		if best < 0 || hits > bestHits {
			best, bestHits, at = i, hits, max(0, first)
		}
	}
	if best >= 0 {
		h.Label = d.Parts[best].Label
		h.Snippet, _, _ = light(snippet(d.Parts[best].Text, at), words)
	}
	if h.Title == nil {
		h.Title = []Span{}
	}
	if h.Snippet == nil {
		h.Label, h.Snippet = text.Text{}, []Span{}
	}
	return h
}
