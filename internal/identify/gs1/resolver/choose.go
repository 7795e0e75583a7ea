package resolver

import "slices"

// choice is what a request gets.
type choice struct {
	level int            // of the set among those that were found, the most specific first
	links []DeclaredLink // one to be redirected to, several equally good, or none
}

// choose finds the links for a request. Sets of more specific identities come first: what they lack is looked for further up, the
// serial number's before the lot's before the product's.
func choose(a ask, sets []*Set) choice {
	for level, s := range sets {
		if a.linkType == "" {
			if i := slices.IndexFunc(s.Links, func(l DeclaredLink) bool { return l.Default }); i >= 0 {
				return choice{level, a.instead(s.Links, s.Links[i])}
			}
			continue
		}
		var some []DeclaredLink
		for _, l := range s.Links {
			if l.Type == a.linkType {
				some = append(some, l)
			}
		}
		if len(some) > 0 {
			return choice{level, a.best(some)}
		}
	}
	return choice{}
}

// instead finds a better answer than the default link among those of its type: in the caller's language, of a wanted media type, for
// its context. Where none is better it is the default.
func (a ask) instead(links []DeclaredLink, standing DeclaredLink) []DeclaredLink {
	best, worth := standing, a.worth(standing)
	for _, l := range links {
		if l.Type == standing.Type && a.worth(l).over(worth) {
			best, worth = l, a.worth(l)
		}
	}
	return []DeclaredLink{best}
}

// best are the links that are worth most; where the default link is among them it is it.
func (a ask) best(links []DeclaredLink) (out []DeclaredLink) {
	var most worth
	for _, l := range links {
		switch w := a.worth(l); {
		case len(out) == 0 || w.over(most):
			out, most = []DeclaredLink{l}, w
		case !most.over(w):
			out = append(out, l)
		}
	}
	if i := slices.IndexFunc(out, func(l DeclaredLink) bool { return l.Default }); i >= 0 {
		return out[i : i+1]
	}
	return out
}

// worth of a link for a request: context before language before media type.
type worth [3]float64

func (w worth) over(other worth) bool {
	for i := range w {
		if w[i] != other[i] {
			return w[i] > other[i]
		}
	}
	return false
}

// neutral is what a link is worth that does not say; it comes before what was not asked for and after what was.
const neutral = 0.001

func (a ask) worth(l DeclaredLink) (w worth) {
	w = worth{neutral, neutral, neutral}
	if len(l.Contexts) > 0 {
		w[0] = 0
		if slices.Contains(l.Contexts, a.context) {
			w[0] = 1
		}
	}
	if len(l.Languages) > 0 && len(a.languages) > 0 {
		w[1] = 0
		for _, tag := range l.Languages {
			w[1] = max(w[1], spoken(a.languages, tag))
		}
	}
	if l.Media != "" && len(a.media) > 0 {
		w[2] = quality(a.media, l.Media, true)
	}
	return w
}
