package match

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxText is how much of a text counts, in characters.
const maxText = 4000

// stop are characters between words of Chinese that carry no meaning; no token crosses one.
const stop = "的了和与及或在是为对有等将把被从到由其之而且并也都能可以该此这那个我们您你他她"

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// runs calls yield for each run of Han characters or of Latin letters and digits of a text in its normal form.
func runs(s string, yield func(run []rune, chinese bool)) {
	r := []rune(strings.ToLower(norm.NFKC.String(s)))
	r = r[:min(len(r), maxText)]
	kind := func(c rune) int {
		switch {
		case han(c) && !strings.ContainsRune(stop, c):
			return 1
		case !han(c) && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			return 2
		}
		return 0
	}
	for i := 0; i < len(r); {
		k, j := kind(r[i]), i+1
		for j < len(r) && kind(r[j]) == k {
			j++
		}
		if k > 0 {
			yield(r[i:j], k == 1)
		}
		i = j
	}
}

// bigrams are the plain tokens of a text: pairs of neighbouring Han characters (a single one by itself), words and numbers of other
// scripts.
func bigrams(s string) (out []string) {
	runs(s, func(run []rune, chinese bool) {
		if !chinese || len(run) == 1 {
			out = append(out, string(run))
			return
		}
		for i := range len(run) - 1 {
			out = append(out, string(run[i:i+2]))
		}
	})
	return out
}

// dictionary finds the words by which kinds of needs are known.
type dictionary struct {
	of      map[string][]string // a word in normal form: the tokens of the kinds that it names
	longest int                 // characters
}

func newDictionary(kinds []Kind) *dictionary {
	d := &dictionary{of: map[string][]string{}}
	for _, k := range kinds {
		for _, w := range append([]string{k.Name.Zh, k.Name.En}, k.Synonyms...) {
			key := plain(w)
			token := concept(k.ID)
			if !slices.Contains(d.of[key], token) {
				d.of[key] = append(d.of[key], token)
			}
			d.longest = max(d.longest, len([]rune(key)))
		}
	}
	return d
}

// plain is a word without case, width and spaces.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.ToLower(norm.NFKC.String(s)))
}

// concept is the token of a kind of need; no text holds it by itself.
func concept(kind string) string { return "#" + kind }

// concepts are the tokens of the kinds whose words stand in a text, the longest word at each place.
func (d *dictionary) concepts(s string) (out []string) {
	if d == nil || len(d.of) == 0 {
		return nil
	}
	// Words of Latin letters must be whole: OA is not found in boat.
	runs(s, func(run []rune, chinese bool) {
		if !chinese {
			out = append(out, d.of[string(run)]...)
			return
		}
		for i := 0; i < len(run); {
			step := 1
			for n := min(d.longest, len(run)-i); n >= 2; n-- {
				if tokens := d.of[string(run[i:i+n])]; tokens != nil {
					out, step = append(out, tokens...), n
					break
				}
			}
			i += step
		}
	})
	return out
}
