package search

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed dictionary.txt
var ownWords string

// maxWord is the longest word that a dictionary holds, in runes.
const maxWord = 8

// dictionary knows words of Han characters, by which queries that are written without spaces are cut. What is indexed does not
// depend on it.
type dictionary struct{ words map[string]bool }

func newDictionary(more []string) *dictionary {
	d := &dictionary{map[string]bool{}}
	for _, w := range strings.Fields(ownWords) {
		d.add(w)
	}
	for _, w := range more {
		d.add(w)
	}
	return d
}

func (d *dictionary) add(s string) {
	f, _ := fold(s)
	runs(f, func(c runeClass, from, to int) {
		if n := to - from; c == han && n >= 2 && n <= maxWord {
			d.words[string(f[from:to])] = true
		}
	})
}

// cut cuts a run of Han characters into words: of all ways the one that leaves the fewest characters outside of words, then the one
// with the fewest words (工业互联网平台: 工业互联网 平台). Neighbours outside of words stay together, so that a name in no dictionary
// is looked for whole.
func (d *dictionary) cut(s []rune) (out [][]rune) {
	type way struct {
		left, words, from int
		known             bool
	}
	best := make([]way, len(s)+1)
	for i := 1; i <= len(s); i++ {
		best[i] = way{best[i-1].left + 1, best[i-1].words + 1, i - 1, false}
		for from := max(0, i-maxWord); from <= i-2; from++ {
			if !d.words[string(s[from:i])] {
				continue
			}
			w := way{best[from].left, best[from].words + 1, from, true}
			if w.left < best[i].left || w.left == best[i].left && w.words < best[i].words {
				best[i] = w
			}
		}
	}
	type span struct {
		from, to int
		known    bool
	}
	var spans []span
	for i := len(s); i > 0; i = best[i].from {
		spans = append(spans, span{best[i].from, i, best[i].known})
	}
	slices.Reverse(spans)
	for i := 0; i < len(spans); i++ {
		x := spans[i]
		for !x.known && i+1 < len(spans) && !spans[i+1].known {
			i++
			x.to = spans[i].to
		}
		out = append(out, s[x.from:x.to])
	}
	return out
}
