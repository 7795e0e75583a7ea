package opcua

import (
	"errors"
	"strings"
	"testing"

	"jingwei/internal/connect/driver"
)

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"ns=2;s=Line1.T1": "ns=2;s=Line1.T1", " NS=2;S=Line1.T1 ": "ns=2;s=Line1.T1", "nsu=urn:x;s=a": "nsu=urn:x;s=a",
		"nsu=http://a/b%3Bc%25;i=007": "nsu=http://a/b%3Bc%25;i=7", "i=2258": "i=2258", "ns=0;i=2258": "i=2258", "nsu=http://opcfoundation.org/UA/;i=85": "i=85",
		"s=x": "s=x", "ns=3;s=007": "ns=3;s=007", "2!Line1.T1": "ns=2;s=Line1.T1", "0!2258": "i=2258", "3!T=1;x": "ns=3;s=T=1;x",
		"ns=1;g=09087E75-8E5E-499B-954F-F2A9603DB28A": "ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a", "ns=1;b=AAEC": "ns=1;b=AAEC",
		"ns=2;i=1001[3]": "ns=2;i=1001[3]", "ns=2;i=1001[[3]]": "ns=2;i=1001[3]", `ns=3;s="DB"."arr"[3]`: `ns=3;s="DB"."arr"[3]`,
		`ns=3;s="DB"."arr"[[3]]`: `ns=3;s="DB"."arr"[[3]]`, "ns=3;s=[[x]]": "ns=3;s=[[x]]", "ns=2;s=a;b=c": "ns=2;s=a;b=c", "nsu=urn:x;s={unit}.AT": "nsu=urn:x;s={unit}.AT",
		"2!电机.转速": "ns=2;s=电机.转速",
	} {
		got, err := Normalize(in)
		if err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", " ", "x", "ns=2", "ns=2;", "ns=2;s=", "ns=70000;s=a", "ns=-1;s=a", "nsu=;s=a", "nsu=urn:x", "i=x", "i=4294967296", "ns=1;g=12", "ns=1;b=*",
		"ns=1;b=", "!x", "a!x", "2!", "ns=2;i=1[x]", "ns=2;i=1[99999999999]", "ns=2;x=1", "ns=2;s=a\x00b", strings.Repeat("x", 2000), "\xff"} {
		a, err := ParseAddress(in)
		var f *driver.FieldError
		if !errors.As(err, &f) || f.Field != "address" || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%q was read as %+v, %v", in, a, err)
		}
	}
}

func TestUnitsGoIntoAddresses(t *testing.T) {
	a, err := ParseAddress("nsu=urn:jingwei:sim;s={unit}.AT")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := a.At("Turbine1"); err != nil || b.String() != "nsu=urn:jingwei:sim;s=Turbine1.AT" {
		t.Errorf("%v %v", b, err)
	}
	if _, err := a.At(""); err == nil {
		t.Error("no unit was taken")
	}
	if b, err := (Address{Kind: 's', ID: "x", Index: -1}).At("Turbine1"); err != nil || b.ID != "x" {
		t.Errorf("%v %v", b, err)
	}
}

// A namespace is found by its URI wherever it stands; by index it is taken as it is.
func TestNamespaces(t *testing.T) {
	a, _ := ParseAddress("nsu=urn:b;s=x")
	for i, list := range [][]string{{coreURI, "urn:b"}, {coreURI, "urn:a", "urn:b"}} {
		if id, ok := a.Node(list); !ok || int(id.Namespace()) != i+1 || id.StringID() != "x" {
			t.Errorf("%v: %v %v", list, id, ok)
		}
	}
	if _, ok := a.Node([]string{coreURI}); ok {
		t.Error("a namespace that is not there was found")
	}
	for _, s := range []string{"ns=300;i=70000", "i=85", "ns=4;s=a b", "ns=4;b=AAEC", "ns=4;g=09087e75-8e5e-499b-954f-f2a9603db28a"} {
		a, err := ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		id, ok := a.Node(nil)
		if back, known := addressOf(id, nil); !ok || !known || back != a {
			t.Errorf("%s is %v, and back %v", s, id, back)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"nsu=urn:x;s=a", "ns=2;i=1[3]", "2!x", "g=09087e75-8e5e-499b-954f-f2a9603db28a", "s=a[[1]]", "b=AAEC"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		b, err := ParseAddress(a.String())
		if err != nil || a != b {
			t.Fatalf("%q is %+v, written %q and read as %+v, %v", s, a, a.String(), b, err)
		}
		a.Node([]string{coreURI, a.URI})
	})
}
