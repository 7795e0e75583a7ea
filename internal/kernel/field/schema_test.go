package field

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// An independent validator of JSON Schema 2020-12 takes what we describe, and says of each content what Read says of it, but for what
// JSON Schema cannot say.
func TestJSONSchemaSaysWhatReadSays(t *testing.T) {
	for _, lang := range []string{"zh", "en"} {
		raw, err := json.Marshal(every.JSONSchema(lang))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource("every.json", doc); err != nil {
			t.Fatal(err)
		}
		schema, err := c.Compile("every.json")
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		for _, content := range []string{
			`{"word":"abc"}`, `{}`, `{"word":"a"}`, `{"word":"企业企业企"}`, `{"word":"企业企业企业"}`, `{"word":1}`, `{"word":"abc","code":"XY"}`, `{"word":"abc","code":"xY"}`,
			`{"word":"abc","code":"XYZ"}`, `{"word":"abc","count":10}`, `{"word":"abc","count":11}`, `{"word":"abc","count":-1}`, `{"word":"abc","count":1.5}`, `{"word":"abc","count":"1"}`,
			`{"word":"abc","rate":"0.5"}`, `{"word":"abc","rate":0.5}`, `{"word":"abc","rate":"x"}`, `{"word":"abc","rate":2}`, `{"word":"abc","pay":1}`, `{"word":"abc","pay":0}`,
			`{"word":"abc","pay":9007199254740992}`, `{"word":"abc","yes":true}`, `{"word":"abc","yes":"true"}`, `{"word":"abc","day":"2026-02-28"}`, `{"word":"abc","day":"2026-02-29"}`,
			`{"word":"abc","moment":"2026-05-01T08:00:00+08:00"}`, `{"word":"abc","moment":"2026-05-01 08:00"}`, `{"word":"abc","kind":"a"}`, `{"word":"abc","kind":"c"}`,
			`{"word":"abc","owner":"0190a0b0-0000-7000-8000-000000000001"}`, `{"word":"abc","owner":"x"}`, `{"word":"abc","tags":[{"tag":"a"}]}`, `{"word":"abc","tags":{}}`,
			`{"word":"abc","tags":[{"from":"2026-01-01"}]}`, `{"word":"abc","tags":[{"tag":"a"},{"tag":"b"},{"tag":"c"}]}`, `{"word":"abc","tags":[{"tag":"a","x":1}]}`, `{"word":"abc","more":1}`, `[]`,
		} {
			_, faults := every.Read([]byte(content))
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(content)))
			if err != nil {
				t.Fatal(err)
			}
			if said := schema.Validate(v); (said == nil) != (len(faults) == 0) {
				t.Errorf("%s: Read says %v, the validator %v", content, faults, said)
			}
		}
	}
}
