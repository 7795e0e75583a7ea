package aas

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// vectors calls do with each file of testdata/vectors.tar.zst.
func vectors(t testing.TB, do func(name string, content []byte)) {
	t.Helper()
	f, err := os.Open("testdata/vectors.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderMaxWindow(1<<27))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		do(h.Name, b)
	}
}

// isEnvironment tells whether a vector is one: those of single classes are inside no document that travels.
func isEnvironment(name string) bool {
	return strings.Contains(name, "/ContainedInEnvironment/") || strings.Contains(name, "/Environment/")
}

// told is how a vector was taken: "valid", "warned" or "refused".
func told(docs []*Document, err error) string {
	if err != nil {
		return "refused"
	}
	for _, d := range docs {
		if len(d.Warnings) > 0 {
			return "warned"
		}
	}
	return "valid"
}

// emptyLists are broken in lists of the environment itself, which no document keeps: they are written without them.
func emptyLists(name string) bool {
	return strings.Contains(name, "MinLengthViolation/Environment") || strings.Contains(name, "MinLengthViolation/environment")
}

func TestVectorsAreToldApart(t *testing.T) {
	count := map[string]int{}
	vectors(t, func(name string, b []byte) {
		if !isEnvironment(name) {
			return
		}
		want := "valid"
		switch {
		case strings.Contains(name, "/Unexpected/Unserializable/"):
			want = "refused"
		case strings.Contains(name, "/Unexpected/Invalid/"):
			want = "warned"
		}
		if emptyLists(name) {
			want = "valid"
		}
		read := ReadEnvironment
		if path.Ext(name) == ".xml" {
			read = ReadEnvironmentXML
		}
		docs, err := read(b)
		got := told(docs, err)
		if got != want && !(want == "warned" && got == "refused") { // an id of no characters can be kept nowhere
			t.Errorf("%s: %s (%v), want %s", name, got, err, want)
		}
		var f *Fault
		if err != nil && (!errors.As(err, &f) || f.Rule == "" || f.Message == "") {
			t.Errorf("%s: refused without a rule: %v", name, err)
		}
		for _, d := range docs {
			for _, w := range d.Warnings {
				if w.Path == "" || w.Rule == "" || w.Message == "" {
					t.Errorf("%s: a warning without path, rule or words: %+v", name, w)
				}
			}
		}
		count[path.Ext(name)+" "+got]++
	})
	t.Log(count)
	for _, k := range []string{".json valid", ".json warned", ".json refused", ".xml valid", ".xml warned", ".xml refused"} {
		if count[k] < 100 {
			t.Errorf("only %d vectors are %s", count[k], k)
		}
	}
}

// schema is the metamodel's own JSON schema, which others wrote.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile("testdata/aas-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	// The schema writes its character class for engines of UTF-16; Go's has code points.
	const utf16 = `([\\x09\\x0a\\x0d\\x20-\\ud7ff\\ue000-\\ufffd]|\\ud800[\\udc00-\\udfff]|[\\ud801-\\udbfe][\\udc00-\\udfff]|\\udbff[\\udc00-\\udfff])*`
	const points = `[\\x09\\x0a\\x0d\\x20-\\x{d7ff}\\x{e000}-\\x{fffd}\\x{10000}-\\x{10ffff}]*`
	b = bytes.ReplaceAll(b, []byte(utf16), []byte(points))
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("aas.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("aas.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsValidIsWrittenBackAndSatisfiesTheSchema(t *testing.T) {
	s := schema(t)
	var n int
	vectors(t, func(name string, b []byte) {
		if !isEnvironment(name) || !strings.Contains(name, "/Expected/") || path.Ext(name) != ".json" {
			return
		}
		docs, err := ReadEnvironment(b)
		if err != nil || len(docs) == 0 {
			return
		}
		out := Environment(docs)
		if err := s.Validate(any(out)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := Encode(out)
		if err != nil {
			t.Fatal(err)
		}
		sameAfter(t, name+" in JSON", docs, again, ReadEnvironment)
		x, err := EnvironmentXML(docs)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		sameAfter(t, name+" in XML", docs, x, ReadEnvironmentXML)
		n++
	})
	if n < 400 {
		t.Errorf("only %d vectors were written back", n)
	}
}

func sameAfter(t *testing.T, name string, docs []*Document, b []byte, read func([]byte) ([]*Document, error)) {
	t.Helper()
	again, err := read(b)
	if err != nil || len(again) != len(docs) {
		t.Errorf("%s: %d documents come back (%v), want %d", name, len(again), err, len(docs))
		return
	}
	for i := range docs {
		if string(docs[i].Content) != string(again[i].Content) {
			t.Errorf("%s: %s comes back as\n%s", name, docs[i].Content, again[i].Content)
			return
		}
	}
}

func TestTemplatesOfIDTAGoRound(t *testing.T) {
	for _, name := range []string{"carbon-footprint-1.0.1", "digital-nameplate-3.0.1", "technical-data-2.0.1", "time-series-data-1.1.1"} {
		b, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		docs, err := ReadEnvironment(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		warnings := 0
		for _, d := range docs {
			warnings += len(d.Warnings)
		}
		t.Logf("%s: %d documents, %d warnings", name, len(docs), warnings)
		out, err := Encode(Environment(docs))
		if err != nil {
			t.Fatal(err)
		}
		sameAfter(t, name, docs, out, ReadEnvironment)
		x, err := EnvironmentXML(docs)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameAfter(t, name, docs, x, ReadEnvironmentXML)
	}
}
