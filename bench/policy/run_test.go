package policy

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/packs"
)

func TestPopulationIsAFunctionOfTheSeed(t *testing.T) {
	s, err := incentive.Load(packs.Files, "policy", incentive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := slices.Collect(population(asks(s), 50, 7)), slices.Collect(population(asks(s), 50, 7))
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed made two populations")
	}
	if c := slices.Collect(population(asks(s), 50, 8)); reflect.DeepEqual(a, c) {
		t.Error("two seeds made the same population")
	}
}

// A short run: everything that is judged but the speed is judged here too.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	r, err := Run(t.Context(), Options{Seed: 3, Quick: true, subjects: 300, cases: 600}, &out)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Goals {
		if !g.Met && !strings.Contains(g.Name, "second") && !strings.HasSuffix(g.Name, "ms, at most") && !strings.Contains(g.Name, "allocations") {
			t.Errorf("%s: %v", g.Name, g.Value)
		}
	}
	if !strings.Contains(out.String(), "win ") || r.Figures["labSubjects"] != 300 || r.Figures["desk"] != int64(540) {
		t.Errorf("%s", out.String())
	}
}
