package clause_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/pack/clause"
)

func shelf(t *testing.T, content string) (*clause.Documents, string) {
	t.Helper()
	d, err := clause.LoadDocuments(fstest.MapFS{"d/notice.txt": &fstest.MapFile{Data: []byte(content)}}, "d")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return d, hex.EncodeToString(sum[:])
}

func TestQuotationsStandInTheirDocuments(t *testing.T) {
	docs, hash := shelf(t, "到2018年，重点行业骨干企业\n  “双创”平台普及率达到85%")
	for name, x := range map[string]struct {
		document, sha256, quote string
		verified                bool
		want                    string
	}{
		"across a line's end": {"notice.txt", hash, "骨干企业“双创”平台", true, ""},
		"another word":        {"notice.txt", hash, "骨干企业“创新”平台", false, "$.clauses[0].quote: \"骨干企业“创新”平台\" does not stand in notice.txt"},
		"another hash":        {"notice.txt", strings.Repeat("0", 64), "骨干企业", false, "$.clauses[0].sha256"},
		"not on file":         {"other.txt", hash, "anything", false, ""},
	} {
		var told []string
		got := docs.Verify("$.clauses", []clause.Clause{{ID: "main", Document: x.document, SHA256: x.sha256, Quote: x.quote}}, func(where, what string) { told = append(told, where+": "+what) })
		all := strings.Join(told, "\n")
		if got != x.verified || (x.want == "") != (all == "") || !strings.Contains(all, x.want) {
			t.Errorf("%s: %v, %q", name, got, all)
		}
	}
	var none *clause.Documents
	if none.Verify("$.clauses", nil, nil) {
		t.Error("without documents a clause was verified")
	}
}

func TestClausesNeedTheirWords(t *testing.T) {
	good := clause.Clause{ID: "main", Document: "a.txt", SHA256: strings.Repeat("a", 64), Title: "t", Section: "一", Quote: "q"}
	with := func(change func(*clause.Clause)) clause.Clause { c := good; change(&c); return c }
	for name, x := range map[string]struct {
		list []clause.Clause
		want string
	}{
		"good":     {[]clause.Clause{good}, ""},
		"none":     {nil, "$.clauses: holds 0; a target quotes the clause"},
		"too many": {[]clause.Clause{good, with(func(c *clause.Clause) { c.ID = "b" }), with(func(c *clause.Clause) { c.ID = "c" })}, "at most 2"},
		"twice":    {[]clause.Clause{good, good}, "$.clauses[1].id"},
		"hash":     {[]clause.Clause{with(func(c *clause.Clause) { c.SHA256 = "zz" })}, "is no SHA-256"},
		"section":  {[]clause.Clause{with(func(c *clause.Clause) { c.Section = "" })}, "$.clauses[0].section: is missing"},
		"long":     {[]clause.Clause{with(func(c *clause.Clause) { c.Quote = strings.Repeat("字", 3*clause.MaxQuote) })}, "$.clauses[0].quote"},
	} {
		var told []string
		clause.Check("$.clauses", "a target", x.list, 2, func(where, what string) { told = append(told, where+": "+what) })
		all := strings.Join(told, "\n")
		if (x.want == "") != (all == "") || !strings.Contains(all, x.want) {
			t.Errorf("%s: %q", name, all)
		}
	}
}
