package aasx

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"testing"

	"jingwei/internal/identify/twin/aas"
)

func TestTemplatesOfIDTAGoRoundWithFilesAndThumbnail(t *testing.T) {
	for _, name := range []string{"carbon-footprint-1.0.1", "digital-nameplate-3.0.1", "technical-data-2.0.1", "time-series-data-1.1.1"} {
		b, err := os.ReadFile("../aas/testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		docs, err := aas.ReadEnvironment(b)
		if err != nil {
			t.Fatal(err)
		}
		p := &Package{Documents: docs, Files: []File{{"/aasx/files/说明 书.pdf", "application/pdf", []byte("%PDF-1.7")}}, Thumbnail: &File{"/thumbnail.png", "image/png", []byte("\x89PNG")}}
		for _, asXML := range []bool{false, true} {
			out, err := Write(p, asXML)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Read(out)
			if err != nil {
				t.Fatalf("%s, XML %v: %v", name, asXML, err)
			}
			if len(again.Documents) != len(docs) || len(again.Files) != 1 || again.Thumbnail == nil {
				t.Fatalf("%s, XML %v: %d documents, %d files, thumbnail %v", name, asXML, len(again.Documents), len(again.Files), again.Thumbnail)
			}
			for i := range docs {
				if string(docs[i].Content) != string(again.Documents[i].Content) {
					t.Errorf("%s, XML %v: %s\nwant %s", name, asXML, again.Documents[i].Content, docs[i].Content)
				}
			}
			if f := again.Files[0]; f.Path != p.Files[0].Path || f.MediaType != "application/pdf" || string(f.Content) != "%PDF-1.7" {
				t.Errorf("the file comes back as %+v", f)
			}
			if f := again.Thumbnail; f.MediaType != "image/png" || string(f.Content) != "\x89PNG" {
				t.Errorf("the thumbnail comes back as %+v", f)
			}
		}
	}
}

// zipped is a ZIP file of names and contents.
func zipped(t testing.TB, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		e, err := w.Create(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write([]byte(f[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func small(t testing.TB) []byte {
	t.Helper()
	d, err := aas.Read(aas.Submodel, []byte(`{"modelType":"Submodel","id":"urn:x:1","idShort":"A"}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Write(&Package{Documents: []*aas.Document{d}}, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPackagesThatDoHarmAreRefused(t *testing.T) {
	zeros := string(make([]byte, 8<<20))
	var many [][2]string
	for range maxParts + 1 {
		many = append(many, [2]string{string(rune('a'+len(many)%26)) + string(rune('0'+len(many)/26%10)) + string(rune('0'+len(many)/260)), ""})
	}
	for name, c := range map[string]struct {
		in         []byte
		path, rule string
	}{
		"a bomb":            {zipped(t, [2]string{"aasx/bomb.bin", zeros}), "/aasx/bomb.bin", aas.RuleSize},
		"many files":        {zipped(t, many...), "", aas.RuleSize},
		"a way out":         {zipped(t, [2]string{"../../etc/passwd", "x"}), "/../../etc/passwd", RulePath},
		"an encoded way":    {zipped(t, [2]string{"a/%2e%2e/b", "x"}), "/a/%2e%2e/b", RulePath},
		"a Windows way":     {zipped(t, [2]string{`a\..\b`, "x"}), `/a\..\b`, RulePath},
		"an absolute name":  {zipped(t, [2]string{"/etc/passwd", "x"}), "//etc/passwd", RulePath},
		"a name twice":      {zipped(t, [2]string{"a.txt", "x"}, [2]string{"A.txt", "y"}), "/A.txt", RulePath},
		"no ZIP":            {[]byte("hello"), "", RulePackage},
		"no AASX":           {zipped(t, [2]string{"a.txt", "x"}), "", RulePackage},
		"cut short":         {small(t)[:200], "", RulePackage},
		"a control in name": {zipped(t, [2]string{"a\x00b", "x"}), "/a\x00b", RulePath},
	} {
		_, err := Read(c.in)
		var f *aas.Fault
		if !errors.As(err, &f) || f.Rule != c.rule || f.Path != c.path || f.Message == "" {
			t.Errorf("%s: %v (%+v), want rule %s at %q", name, err, f, c.rule, c.path)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(small(f))
	f.Add(zipped(f, [2]string{"../a", "x"}))
	f.Add(zipped(f, [2]string{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>`}, [2]string{"[Content_Types].xml", "<Types/>"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(b)
		if err != nil {
			return
		}
		if _, err := Write(p, true); err != nil {
			t.Logf("read and not written: %v", err)
		}
	})
}
