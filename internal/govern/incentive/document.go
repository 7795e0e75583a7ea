package incentive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode"
)

// Documents are the texts that clauses are quoted from, by file name. Government notices are not works under the
// Copyright Law of the PRC (article 5), so they may be kept beside the packs.
type Documents struct {
	byName map[string]document
}

type document struct {
	sha256 string // of the file, hex
	text   string // without white space: seeds break lines inside sentences
}

const maxDocument = 4 << 20

// LoadDocuments reads *.txt of a folder. A folder that does not exist holds none.
func LoadDocuments(files fs.FS, dir string) (*Documents, error) {
	d := &Documents{byName: map[string]document{}}
	names, err := fs.Glob(files, path.Join(dir, "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	for _, n := range names {
		data, err := fs.ReadFile(files, n)
		if err != nil {
			return nil, fmt.Errorf("read document: %w", err)
		}
		if len(data) > maxDocument {
			return nil, fmt.Errorf("read document %s: has %d bytes; at most %d fit", n, len(data), maxDocument)
		}
		sum := sha256.Sum256(data)
		d.byName[path.Base(n)] = document{sha256: hex.EncodeToString(sum[:]), text: squeeze(string(data))}
	}
	return d, nil
}

// verify looks the clauses of a measure up, once: measures are shared by sets. d may be nil.
func (d *Documents) verify(m *Measure, report func(where, what string)) {
	if d == nil || m.checked {
		return
	}
	m.checked, m.verified = true, true
	for i, c := range m.Clauses {
		m.verified = d.check(fmt.Sprintf("$.clauses[%d]", i), c, report) && m.verified
	}
}

// check reports a hash or a quote that does not match the document. A document that is not on file cannot be checked:
// verified is false then.
func (d *Documents) check(at string, c Clause, report func(where, what string)) (verified bool) {
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
