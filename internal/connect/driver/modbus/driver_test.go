package modbus

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"jingwei/internal/connect/driver"
)

type property struct {
	Title, Description string
	Zh                 struct{ Title, Description string } `json:"x-zh"`
}

func schemaProperties(t *testing.T) map[string]property {
	t.Helper()
	var s struct {
		Properties           map[string]property
		AdditionalProperties *bool
	}
	if err := json.Unmarshal(New().Schema(), &s); err != nil {
		t.Fatal(err)
	}
	if s.AdditionalProperties == nil || *s.AdditionalProperties {
		t.Error("the schema lets unknown fields pass, the parser does not")
	}
	return s.Properties
}

func (Driver) exampleLink() json.RawMessage { return json.RawMessage(`{"address":"192.168.1.10"}`) }

func TestWrongLinksNameTheField(t *testing.T) {
	for link, field := range map[string]string{
		``: "config", `{`: "config", `{"address":"h","speed":9600}`: "config", `{}`: "address", `{"address":"a b"}`: "address",
		`{"address":"h:0"}`: "address", `{"address":"h:99999"}`: "address", `{"address":":502"}`: "address",
		`{"address":"h","unit":256}`: "unit", `{"address":"h","maxRegisters":126}`: "maxRegisters", `{"address":"h","maxGap":-1}`: "maxGap",
		`{"address":"h","order":"ABDC"}`: "order", `{"address":"h","stringOrder":"CDAB"}`: "stringOrder", `{"address":"h","avoid":["holding:9-2"]}`: "address",
		`{"address":"h","responseTimeoutMs":5}`: "responseTimeoutMs", `{"address":"h","origin":"invented"}`: "origin", `{"address":"h","demoteAfter":-1}`: "demoteAfter",
	} {
		err := New().CheckLink(json.RawMessage(link))
		var f *driver.FieldError
		if !errors.As(err, &f) || f.Field != field || f.Text.Zh == "" || f.Text.En == "" {
			t.Errorf("%s: %v, want a complaint about %s", link, err, field)
		}
	}
	for link, want := range map[string]string{`{"address":"10.0.0.1"}`: "10.0.0.1:502", `{"address":"plc.example:1502"}`: "plc.example:1502",
		`{"address":"::1"}`: "[::1]:502", `{"address":"[::1]:503"}`: "[::1]:503"} {
		if got := New().Endpoint(json.RawMessage(link)); got != want {
			t.Errorf("%s leads to %q, want %q", link, got, want)
		}
	}
}

func TestSpans(t *testing.T) {
	for in, want := range map[string]string{"holding:2000-2009": "holding:2000-2009", "42001-42010": "holding:2000-2009", "coil:5": "coil:5-5",
		"HR1-HR3": "holding:0-2", "holding:1-holding:4": "holding:1-4"} {
		if s, err := ParseSpan(in); err != nil || s.String() != want {
			t.Errorf("%q is %v, %v; want %s", in, s, err, want)
		}
	}
	for _, in := range []string{"", "40041-50", "holding:9-2", "holding:1-coil:4", "holding:1-70000", "holding:1-", "40010-40001"} {
		if s, err := ParseSpan(in); err == nil {
			t.Errorf("%q was read as %v", in, s)
		}
	}
}

func TestCheckTellsEachPoint(t *testing.T) {
	points := []driver.Point{{ID: 1, Address: "40001"}, {ID: 2, Address: "x"}, {ID: 3, Address: "coil:1"}}
	errs := New().Check(New().exampleLink(), points)
	if len(errs) != 3 || errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("%v", errs)
	}
	if errs := New().Check(New().exampleLink(), points[:1]); errs != nil {
		t.Errorf("%v", errs)
	}
	if errs := New().Check(json.RawMessage(`{}`), points[:1]); len(errs) != 1 || errs[0] == nil {
		t.Errorf("%v", errs)
	}
}

func TestPlanIsVisible(t *testing.T) {
	plan, err := New().PlanFor(New().exampleLink(), []driver.Point{
		{ID: 1, Address: "holding:27"}, {ID: 2, Address: "holding:0"}, {ID: 3, Unit: "2", Address: "coil:4"}, {ID: 4, Address: "holding:11", Encoding: "f32"},
	})
	if err != nil || len(plan) != 2 || plan[0].Summary != "unit 1 holding 0..27" || len(plan[0].Points) != 3 || plan[1].Summary != "unit 2 coil 4..4" {
		t.Errorf("%+v %v", plan, err)
	}
}

func TestNotesAreReadable(t *testing.T) {
	d := New()
	for want, f := range map[string]driver.Frame{
		"#12 unit 1 read holding 100..101 (function 3, 2)":               {Sent: true, Data: AppendRead(nil, 12, 1, Holding, 100, 2)},
		"#12 unit 1 holding = 258 65535":                                 {Data: AppendAnswer(nil, 12, 1, Holding, []byte{1, 2, 255, 255})},
		"#12 unit 1 coil = 1010 0000":                                    {Data: AppendAnswer(nil, 12, 1, Coil, []byte{5})},
		"#12 unit 1 coil refused: exception 2 (illegal data address)":    {Data: AppendException(nil, 12, 1, 1, IllegalAddress)},
		"#12 unit 1 cut short":                                           {Data: AppendRead(nil, 12, 1, Holding, 100, 2)[:8]},
		"not a Modbus TCP header: protocol identifier 12081":             {Data: []byte("HT/1.1 400")},
		"not a Modbus TCP header: 2 bytes":                               {Data: []byte{1, 2}},
		"#12 unit 1 function 99 refused: exception 1 (illegal function)": {Data: AppendException(nil, 12, 1, 99, IllegalFunction)},
		"#12 unit 1 function 16: 00010002":                               {Data: append(appendHeader(nil, Header{12, 1, 5}), 16, 0, 1, 0, 2)},
	} {
		if got := d.Note(f); got != want {
			t.Errorf("note %q, want %q", got, want)
		}
	}
}

func FuzzNote(f *testing.F) {
	f.Add(true, AppendRead(nil, 12, 1, Holding, 100, 2))
	f.Add(false, AppendException(nil, 12, 1, 3, Busy))
	f.Add(false, AppendAnswer(nil, 12, 1, Coil, make([]byte, 250)))
	f.Add(false, AppendAnswer(nil, 12, 1, Input, make([]byte, 251)))
	f.Fuzz(func(t *testing.T, sent bool, b []byte) {
		if s := (Driver{}).Note(driver.Frame{Sent: sent, Data: b}); strings.ContainsAny(s, "\n") {
			t.Fatalf("%q", s)
		}
	})
}
