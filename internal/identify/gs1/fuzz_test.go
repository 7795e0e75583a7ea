package gs1

import "testing"

func FuzzElements(f *testing.F) {
	for _, s := range newVectors(1).together(20) {
		es, _ := ParseBracketed(s)
		f.Add(es.String())
	}
	f.Add("010952123454321310ABC\x1d\x1d17261231")
	f.Fuzz(func(t *testing.T, s string) {
		es, err := ParseElements(s)
		if err != nil {
			return
		}
		again, err := ParseElements(es.String())
		if err != nil || again.Bracketed() != es.Bracketed() {
			t.Fatalf("%q is %s, and then %s, %v", s, es.Bracketed(), again.Bracketed(), err)
		}
		if again, err = ParseBracketed(es.Bracketed()); err != nil || again.String() != es.String() {
			t.Fatalf("%q is %s in brackets, and then %q, %v", s, es.Bracketed(), again.String(), err)
		}
		_ = es.Check()
	})
}

func FuzzScan(f *testing.F) {
	for _, r := range rows(f, "engine-scans.txt") {
		f.Add(r[0])
	}
	f.Add("]Q1https://example.com/CxFRq5sE2odXguf43g")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			_ = err.Error()
			return
		}
		if r.Form != FormPlain && len(r.Elements) == 0 {
			t.Fatalf("%q is %s without elements", s, r.Form)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, r := range rows(f, "engine-links.txt") {
		f.Add(r[0])
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			return
		}
		again, err := ParseLink(l.String())
		if err != nil || again.String() != l.String() {
			t.Fatalf("%q is %s, and then %v, %v", s, l, again, err)
		}
		if len(l.Levels()) == 0 || l.Levels()[0] != l.Identity() {
			t.Fatalf("%q has levels %q", s, l.Levels())
		}
	})
}

func FuzzDecompress(f *testing.F) {
	for i, s := range newVectors(1).links(0) {
		if l, err := ParseLink(s); err == nil && i%7 == 0 {
			f.Add(l.Compress())
		}
	}
	f.Add("https://example.com/01/09521234543213/EGPH0A")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := Decompress(s)
		if err != nil {
			return
		}
		again, err := Read(l.Compress())
		if err != nil || again.String() != l.String() {
			t.Fatalf("%q is %s, and then %v, %v", s, l, again, err)
		}
	})
}
