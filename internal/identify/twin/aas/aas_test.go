package aas

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// machine is a submodel with an element of each kind.
const machine = `{"modelType":"Submodel","id":"urn:x:1","idShort":"All","kind":"Instance","submodelElements":[
{"modelType":"Property","idShort":"Speed","valueType":"xs:double","value":"1.50"},
{"modelType":"Property","idShort":"On","valueType":"xs:boolean","value":"1"},
{"modelType":"Property","idShort":"Odd","valueType":"xs:double","value":"INF"},
{"modelType":"Property","idShort":"Big","valueType":"xs:long","value":"9007199254740993"},
{"modelType":"MultiLanguageProperty","idShort":"Name","value":[{"language":"zh","text":"铣床"},{"language":"en","text":"Mill"}]},
{"modelType":"Range","idShort":"Load","valueType":"xs:int","min":"1","max":"9"},
{"modelType":"Blob","idShort":"Raw","contentType":"text/plain","value":"aGk="},
{"modelType":"File","idShort":"Manual","contentType":"application/pdf","value":"/aasx/m.pdf"},
{"modelType":"Capability","idShort":"Cut"},
{"modelType":"SubmodelElementCollection","idShort":"Axes","value":[
  {"modelType":"Property","idShort":"Count","valueType":"xs:int","value":"3"},
  {"modelType":"SubmodelElementList","idShort":"Each","typeValueListElement":"SubmodelElementCollection","value":[
    {"modelType":"SubmodelElementCollection","value":[{"modelType":"Property","idShort":"Name","valueType":"xs:string","value":"X"}]},
    {"modelType":"SubmodelElementCollection","value":[{"modelType":"Property","idShort":"Name","valueType":"xs:string","value":"Y"}]}]}]},
{"modelType":"Entity","idShort":"Part","entityType":"SelfManagedEntity","globalAssetId":"urn:x:part","statements":[{"modelType":"Property","idShort":"N","valueType":"xs:int","value":"4"}]},
{"modelType":"AnnotatedRelationshipElement","idShort":"Joins","first":{"type":"ExternalReference","keys":[{"type":"GlobalReference","value":"a"}]},"second":{"type":"ExternalReference","keys":[{"type":"GlobalReference","value":"b"}]},"annotations":[{"modelType":"Property","idShort":"Why","valueType":"xs:string","value":"bolt"}]}
]}`

func read(t testing.TB, s string) *Document {
	t.Helper()
	d, err := Read(Submodel, []byte(s))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Warnings) > 0 {
		t.Fatal(d.Warnings)
	}
	return d
}

func TestValuesComeInTheirJSONTypes(t *testing.T) {
	v, _ := Value(read(t, machine).Tree, Shape{})
	got, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Axes":{"Count":3,"Each":[{"Name":"X"},{"Name":"Y"}]},"Big":9007199254740993,"Joins":{"annotations":[{"Why":"bolt"}],"first":{"keys":[{"type":"GlobalReference","value":"a"}],"type":"ExternalReference"},"second":{"keys":[{"type":"GlobalReference","value":"b"}],"type":"ExternalReference"}},"Load":{"max":9,"min":1},"Manual":{"contentType":"application/pdf","value":"/aasx/m.pdf"},"Name":[{"zh":"铣床"},{"en":"Mill"}],"Odd":"INF","On":true,"Part":{"entityType":"SelfManagedEntity","globalAssetId":"urn:x:part","statements":{"N":4}},"Raw":{"contentType":"text/plain"},"Speed":1.50}`
	if string(got) != want {
		t.Errorf("value\n%s\nwant\n%s", got, want)
	}
	if v, _ := Value(read(t, machine).Tree, Shape{Blobs: true}); v.(Object)["Raw"].(Object)["value"] != "aGk=" {
		t.Error("the blob's content is missing though it was asked for")
	}
	if v, _ := Value(read(t, machine).Tree, Shape{Core: true}); len(v.(Object)["Axes"].(Object)) != 0 {
		t.Error("core goes deeper than one level")
	}
}

func TestPathsReachEveryElement(t *testing.T) {
	d := read(t, machine)
	all := Paths(d.Tree, "", true)
	if want := "Axes.Each[1].Name"; !strings.Contains(strings.Join(all, " "), want) {
		t.Fatalf("%v lacks %s", all, want)
	}
	for _, p := range all {
		steps, err := ParsePath(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, ok := Find(d.Tree, steps); !ok {
			t.Errorf("%s is listed and not found", p)
		}
	}
	steps, _ := ParsePath("Axes.Each[1].Name")
	e, way, _ := Find(d.Tree, steps)
	got, _ := json.Marshal(ElementReference(d.ID, steps, way, e))
	if want := `{"keys":[{"type":"Submodel","value":"urn:x:1"},{"type":"SubmodelElementCollection","value":"Axes"},{"type":"SubmodelElementList","value":"Each"},{"type":"SubmodelElementCollection","value":"1"},{"type":"Property","value":"Name"}],"type":"ModelReference"}`; string(got) != want {
		t.Errorf("reference %s", got)
	}
	for _, p := range []string{"", "A..B", "A[", "A[x]", "A[1]b", ".A", "A[-1]", "A b"} {
		if _, err := ParsePath(p); err == nil {
			t.Errorf("path %q is taken", p)
		}
	}
}

func TestElementsArePutAndRemovedWithoutTouchingTheOriginal(t *testing.T) {
	d := read(t, machine)
	before := string(d.Content)
	steps, _ := ParsePath("Axes.Each[0].Name")
	out, ok := Put(d.Tree, steps, Object{"modelType": "Property", "idShort": "Name", "valueType": "xs:string", "value": "Z"})
	if !ok {
		t.Fatal("not put")
	}
	e, _, _ := Find(out, steps)
	if e["value"] != "Z" {
		t.Error("the new element is not there")
	}
	out, _ = Remove(out, steps)
	if _, _, ok := Find(out, steps); ok {
		t.Error("the element is still there")
	}
	if again, err := OfTree(Submodel, out); err != nil || len(again.Warnings) > 0 {
		t.Errorf("what is left is no submodel: %v %v", err, again.Warnings)
	}
	if now, _ := Encode(d.Tree); string(now) != before {
		t.Error("the original has changed")
	}
	if _, ok := Put(d.Tree, []Step{{Name: "Speed"}, {Name: "X"}}, Object{}); ok {
		t.Error("an element was put into a property")
	}
}

func TestFaultsNamePathValueAndRule(t *testing.T) {
	deep := strings.Repeat(`{"value":[`, 100)
	for _, c := range []struct{ in, path, value, rule string }{
		{`{"modelType":"Submodel","id":"a","idShort":"1x"}`, "idShort", "1x", ""},
		{`{"modelType":"Submodel"}`, "", "", RuleSchema},
		{`{"modelType":"Submodel","id":"a","colour":1}`, "", "", RuleSchema},
		{`{"modelType":"Submodel","id":"a","kind":"Many"}`, "kind", "Many", RuleSchema},
		{`{"modelType":"Submodel","id":"a","submodelElements":[{"modelType":"Property","idShort":"p","valueType":"xs:int","value":5}]}`, "submodelElements[0].value", "5", RuleSchema},
		{`{"modelType":"Submodel","id":"a","id":"b"}`, "id", "", RuleDuplicate},
		{`{"modelType":"Submodel","id":"a"`, "", "", RuleSyntax},
		{`{"modelType":"Submodel","id":"a"} x`, "", "", RuleSyntax},
		{"{\"id\":\"\xff\"}", "", "", RuleSyntax},
		{deep, "", "", RuleSize},
		{`{"modelType":"Submodel","id":"a","submodelElements":[{"modelType":"Property","idShort":"p","valueType":"xs:int","value":"x"}]}`, "submodelElements[0]", "", ""},
		{`{"modelType":"Submodel","id":"a","submodelElements":[{"modelType":"Property","valueType":"xs:int"}]}`, "", "", "AASd-117"},
	} {
		d, err := Read(Submodel, []byte(c.in))
		var f *Fault
		if err == nil && len(d.Warnings) > 0 {
			f = &d.Warnings[0]
		} else if !errors.As(err, &f) {
			t.Errorf("%.80s: taken without a word", c.in)
			continue
		}
		if !strings.HasPrefix(f.Path, c.path) || f.Value != c.value || c.rule != "" && f.Rule != c.rule || f.Message == "" {
			t.Errorf("%.80s: %+v, want path %q value %q rule %q", c.in, f, c.path, c.value, c.rule)
		}
	}
}

func TestXMLWithADocumentTypeIsRefused(t *testing.T) {
	for in, rule := range map[string]string{
		`<!DOCTYPE a [<!ENTITY x "y">]><environment xmlns="https://admin-shell.io/aas/3/0"/>`: RuleDTD,
		strings.Repeat("<a>", 300): RuleSize,
		`</a>`:                     RuleSyntax,
		`<submodel xmlns="https://admin-shell.io/aas/3/0"><id>a</id></submodel>`: RuleKind,
	} {
		_, err := ReadEnvironmentXML([]byte(in))
		var f *Fault
		if !errors.As(err, &f) || f.Rule != rule {
			t.Errorf("%.60s: %v, want %s", in, err, rule)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(machine))
	f.Add([]byte(`{"modelType":"Submodel","id":"a"}`))
	f.Add([]byte(`[[{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Read(Submodel, b)
		if err != nil {
			return
		}
		again, err := Read(Submodel, d.Content)
		if err != nil || !reflect.DeepEqual(again.Content, d.Content) {
			t.Fatalf("%s comes back as %v %v", d.Content, again, err)
		}
		for _, p := range Paths(d.Tree, "", true) {
			if steps, err := ParsePath(p); err == nil {
				Find(d.Tree, steps)
			}
		}
		if v, ok := Value(d.Tree, Shape{Blobs: true}); ok {
			if _, err := json.Marshal(v); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzReadEnvironmentXML(f *testing.F) {
	f.Add([]byte(`<environment xmlns="https://admin-shell.io/aas/3/0"><submodels><submodel><id>a</id></submodel></submodels></environment>`))
	f.Add([]byte(`<?xml version="1.0"?><!DOCTYPE a><a>`))
	d, err := Read(Submodel, []byte(machine))
	if err != nil {
		f.Fatal(err)
	}
	x, err := EnvironmentXML([]*Document{d})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(x)
	f.Fuzz(func(t *testing.T, b []byte) {
		docs, err := ReadEnvironmentXML(b)
		if err != nil {
			return
		}
		if len(docs) > 0 {
			if out, err := Encode(Environment(docs)); err != nil {
				t.Fatal(err)
			} else if _, err := ReadEnvironment(out); err != nil {
				t.Fatalf("%s does not come back: %v", out, err)
			}
		}
	})
}
