package search

import "strings"

// Words are the tokens of a text, each once: the words of letters and digits, and of Han characters all pairs of neighbours and single
// ends, in the form in which they are compared. They hold letters and digits alone. For rooms that keep an index of their own in SQL.
func Words(s string) []string {
	folded, _ := fold(s)
	var out []string
	seen := map[string]bool{}
	tokens(folded, func(token string) {
		if !seen[token] {
			seen[token] = true
			out = append(out, token)
		}
	})
	return out
}

// AskedWords are the words of a query, cut by the dictionary, each as the tokens of Words that must be there; prefix tells that words which
// begin with the last token count too.
func AskedWords(q string) []AskedWord {
	var out []AskedWord
	for _, p := range newDictionary(nil).pieces(q, false) {
		out = append(out, AskedWord{Tokens: p.tokens, Prefix: p.prefix, Text: strings.TrimSpace(string(p.text))})
	}
	return out
}

// AskedWord is one word of a query.
type AskedWord struct {
	Text   string
	Tokens []string
	Prefix bool
}
