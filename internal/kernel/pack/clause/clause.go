// Package clause keeps the quotations that packs rest on, and the documents they are quoted from. A quotation names its document by
// file and SHA-256; where the document is on file, the quotation must stand in it word for word.
//
// Government notices are not works under the Copyright Law of the PRC (article 5), so their texts may be kept beside the packs.
package clause

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Clause is a quotation of a document.
type Clause struct {
	ID       string `json:"id" yaml:"id"`
	Document string `json:"document" yaml:"document"` // the file's name
	SHA256   string `json:"sha256" yaml:"sha256"`     // of that file, hex
	Title    string `json:"title" yaml:"title"`       // of the document
	Section  string `json:"section" yaml:"section"`
	Quote    string `json:"quote" yaml:"quote"` // word for word
}

// MaxQuote bounds a quotation, in characters.
const MaxQuote = 2000

var (
	idForm   = regexp.MustCompile(`^[a-z0-9]+([-.][a-z0-9]+)*$`)
	hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Check reports what is wrong with the clauses of a pack beyond their documents: at least one and at most so many, each with an id of
// its own, a hash and all of its words. at is the path of the list, what names who quotes ("a measure").
func Check(at, what string, list []Clause, most int, report func(where, what string)) {
	if len(list) == 0 || len(list) > most {
		report(at, fmt.Sprintf("holds %d; %s quotes the clause it rests on, and at most %d", len(list), what, most))
	}
	for i, c := range list {
		at := fmt.Sprintf("%s[%d]", at, i)
		if !idForm.MatchString(c.ID) || slices.ContainsFunc(list[:i], func(o Clause) bool { return o.ID == c.ID }) {
			report(at+".id", fmt.Sprintf("%q is no id, or is used twice", c.ID))
		}
		if !hashForm.MatchString(c.SHA256) {
			report(at+".sha256", fmt.Sprintf("%q is no SHA-256; write 64 digits of the file's hash in lowercase hex", c.SHA256))
		}
		for _, x := range [][2]string{{".document", c.Document}, {".title", c.Title}, {".section", c.Section}, {".quote", c.Quote}} {
			if x[1] == "" || len(x[1]) > 4*MaxQuote {
				report(at+x[0], fmt.Sprintf("is missing or longer than %d bytes", 4*MaxQuote))
			}
		}
	}
}

// Verify looks quotations up in the documents, and reports a hash or a quotation that does not match. verified tells whether every one
// of them was found: one whose document is not on file cannot be. d may be nil.
func (d *Documents) Verify(at string, list []Clause, report func(where, what string)) (verified bool) {
	if d == nil {
		return false
	}
	verified = true
	for i, c := range list {
		verified = d.find(fmt.Sprintf("%s[%d]", at, i), c, report) && verified
	}
	return verified
}

func (d *Documents) find(at string, c Clause, report func(where, what string)) (verified bool) {
	doc, ok := d.byName[c.Document]
	if !ok {
		return false
	}
	if doc.sha256 != c.SHA256 {
		report(at+".sha256", fmt.Sprintf("%q is not the hash of %s, which is %s; read the clause in that text again and write its hash", c.SHA256, c.Document, doc.sha256))
		return false
	}
	if !strings.Contains(doc.text, squeeze(c.Quote)) {
		report(at+".quote", fmt.Sprintf("%q does not stand in %s; quote the text word for word", clip(c.Quote, 40), c.Document))
		return false
	}
	return true
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
