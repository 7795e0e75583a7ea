package search

// maxToken bounds a word of letters and digits, in runes; what is longer is cut.
const maxToken = 40

// tokens calls do with every token of a folded text. Of a run of Han characters these are all pairs of neighbours and the last
// character alone: so whatever begins with a character, or is one, is found as a prefix.
func tokens(s []rune, do func(token string)) {
	runs(s, func(c runeClass, from, to int) {
		if c == word {
			do(string(s[from:min(to, from+maxToken)]))
			return
		}
		for i := from; i+1 < to; i++ {
			do(string(s[i : i+2]))
		}
		do(string(s[to-1 : to]))
	})
}

// piece is one word of a query: all its tokens must be there.
type piece struct {
	text   []rune
	tokens []string
	prefix bool // what begins with the last token counts too
}

// maxPieces bounds the words of a query; the rest is left out.
const maxPieces = 24

// pieces cuts a query into its words.
func (d *dictionary) pieces(q string, typing bool) (out []piece) {
	s, _ := fold(q)
	add := func(p piece) {
		for _, x := range out {
			if string(x.text) == string(p.text) && x.prefix == p.prefix {
				return
			}
		}
		if len(out) < maxPieces {
			out = append(out, p)
		}
	}
	runs(s, func(c runeClass, from, to int) {
		last := typing && to == len(s)
		if c == word {
			w := s[from:min(to, from+maxToken)]
			add(piece{w, []string{string(w)}, last})
			return
		}
		cut := d.cut(s[from:to])
		for i, w := range cut {
			if len(w) == 1 {
				// One character begins a pair, or is the last of a run. Between words it is seldom meant (的, 和).
				if len(cut) > 1 && !(last && i == len(cut)-1) {
					continue
				}
				add(piece{w, []string{string(w)}, true})
				continue
			}
			p := piece{text: w}
			for j := 0; j+1 < len(w); j++ {
				p.tokens = append(p.tokens, string(w[j:j+2]))
			}
			add(p)
		}
	})
	return out
}
