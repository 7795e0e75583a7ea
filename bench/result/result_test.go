package result

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONIsOneLineOfTheContract(t *testing.T) {
	r := New("store", 7)
	r.Figures["wide"] = map[string]any{"bytes": 1.5}
	r.AtMost("CPU ratio", 0.25, 1.0/3)
	r.AtMost("bytes ratio", 1.2, 1)
	r.Holds("every value comes back", true)
	r.Versions["peer"] = "v1"
	var b strings.Builder
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	want := `{"name":"store","figures":{"wide":{"bytes":1.5}},"goals":[{"name":"CPU ratio, at most","value":0.25,"goal":0.3333,"met":true},` +
		`{"name":"bytes ratio, at most","value":1.2,"goal":1,"met":false},{"name":"every value comes back","value":1,"goal":1,"met":true}],` +
		`"seed":7,"versions":{"peer":"v1"}}` + "\n"
	if b.String() != want {
		t.Errorf("got  %swant %s", b.String(), want)
	}
	if r.Met() {
		t.Error("a goal that is not met was overlooked")
	}
	b.Reset()
	if err := New("empty", 1).JSON(&b); err != nil || !json.Valid([]byte(b.String())) || !strings.Contains(b.String(), `"goals":[]`) {
		t.Errorf("%v %s", err, b.String())
	}
}

func TestMedian(t *testing.T) {
	if s := Median([]float64{5, 1, 9, 3, 7}); s != (Spread{5, 1, 9, 5}) || s.String() != "5 [1–9]" {
		t.Errorf("%+v %s", s, s)
	}
	if s := Median([]float64{4, 2}); s.Median != 3 {
		t.Errorf("%+v", s)
	}
	if s := Median(nil); s != (Spread{}) {
		t.Errorf("%+v", s)
	}
	if s := Median([]float64{123.456789}); s.Median != 123.5 || s.String() != "124" {
		t.Errorf("%+v %s", s, s)
	}
}

func TestSummary(t *testing.T) {
	r := New("store", 7)
	r.AtMost("CPU", 0.5, 0.25)
	r.Note("%s: left out", "peer")
	r.Versions["b"], r.Versions["a"] = "2", "1"
	var b strings.Builder
	if err := r.Summary(&b); err != nil {
		t.Fatal(err)
	}
	want := "\ngoal          value  wanted         \n────────────  ─────  ──────  ───────\nCPU, at most  0.500   0.250  NOT MET\n\nnote: peer: left out\n\nseed 7, a 1, b 2\n"
	if b.String() != want {
		t.Errorf("got %q\nwant %q", b.String(), want)
	}
}
