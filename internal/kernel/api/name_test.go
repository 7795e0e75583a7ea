package api

import (
	"encoding/json"
	"testing"

	"jingwei/internal/kernel/text"
)

func TestANameIsReadFromOneStringOrFromBoth(t *testing.T) {
	for in, want := range map[string]text.Text{
		`"press 4"`:                     {Zh: "press 4", En: "press 4"},
		`{"zh":"4 号压机","en":"press 4"}`: {Zh: "4 号压机", En: "press 4"},
		`{"en":"press 4"}`:              {En: "press 4"},
	} {
		var n Name
		if err := json.Unmarshal([]byte(in), &n); err != nil || text.Text(n) != want {
			t.Errorf("%s: %+v, %v", in, n, err)
		}
	}
	var n Name
	if err := json.Unmarshal([]byte(`7`), &n); err == nil {
		t.Error("a number is taken as a name")
	}
}
