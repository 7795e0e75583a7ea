package epcis

import (
	"os"
	"strings"
	"testing"
)

// small keeps the fuzzer's inputs quick.
var small = Limits{Bytes: 1 << 16, Events: 50}

func seeds(f *testing.F, patterns ...string) {
	for _, p := range patterns {
		for _, name := range files(f, p) {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
}

// sound checks what a document that was read promises.
func sound(t *testing.T, d *Document) {
	for i := range d.Events {
		if !d.Faulty(i) {
			again(t, &d.Events[i])
		}
	}
}

func FuzzJSON(f *testing.F) {
	seeds(f, "testdata/capture/*.json", "testdata/invalid/*.json", "testdata/hash/*.jsonld")
	for _, s := range []string{`{`, `[]`, `{"@context":"x"}`, strings.Repeat(`[`, 100), `{"@context":["` + Context + `"],"type":"ObjectEvent"}`, "\xff", `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseJSON(b, small)
		if err != nil {
			if _, ok := err.(*Invalid); !ok {
				t.Fatal(err)
			}
			return
		}
		sound(t, d)
	})
}

func FuzzXML(f *testing.F) {
	seeds(f, "testdata/capture/*.xml", "testdata/invalid/*.xml", "testdata/hash/*.xml")
	for _, s := range []string{`<`, `<a/>`, `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, strings.Repeat(`<a>`, 100), `<?xml version="1.0" encoding="GBK"?><a/>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseXML(b, small)
		if err != nil {
			if _, ok := err.(*Invalid); !ok {
				t.Fatal(err)
			}
			return
		}
		sound(t, d)
	})
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"urn:epc:id:sgtin:4012345.011111.98%22", "https://example.com/gtin/09780345418913/21/765tz?abc=1", "urn:epc:idpat:itip:4012345.012345.01.02.*",
		"urn:epc:id:gdti:987659999999..9", "urn:epc:class:lgtin:4012345.012345.L", "https://id.gs1.org/8003/04012345000221334455", "urn:epc:id:sgln:4012345.00005.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		link, ok := Canonical(s)
		if !ok {
			return
		}
		if twice, ok := Canonical(link); !ok || twice != link {
			t.Errorf("%q is %q, which is %q %v", s, link, twice, ok)
		}
	})
}

func TestXMLHoldsNoEntities(t *testing.T) {
	for _, s := range []string{
		`<!DOCTYPE a [<!ENTITY x "y">]><epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2"/>`,
		`<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2">&x;</epcis:EPCISDocument>`,
		`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`,
	} {
		_, err := ParseXML([]byte(s), Limits{})
		bad, ok := err.(*Invalid)
		if !ok || len(bad.Faults) != 1 || bad.Faults[0].Rule != RuleEntity {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestSizesAreBounded(t *testing.T) {
	for name, s := range map[string]string{
		"long":  `{"a":"` + strings.Repeat("x", 1<<16) + `"}`,
		"deep":  strings.Repeat(`{"a":`, 80) + "1" + strings.Repeat(`}`, 80),
		"whole": `{"a":"` + strings.Repeat(`b","c`, 200_000) + `"}`,
	} {
		_, err := ParseJSON([]byte(s), small)
		bad, ok := err.(*Invalid)
		if !ok || bad.Faults[0].Rule != RuleSize && bad.Faults[0].Rule != RuleTwice {
			t.Errorf("%s: %v", name, err)
		}
	}
}
