package pack_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/pack"
)

type recipe struct {
	pack.Header `yaml:",inline"`
	Steps       []step `yaml:"steps"`
}

type step struct {
	Name    string  `yaml:"name"`
	Minutes float64 `yaml:"minutes"`
}

func (r *recipe) Check(report func(where, what string)) {
	for i, s := range r.Steps {
		if s.Minutes <= 0 {
			report(fmt.Sprintf("$.steps[%d].minutes", i), "want more than 0")
		}
		if s.Name == "" {
			report(fmt.Sprintf("$.steps[%d].name", i), "is missing")
		}
	}
}

const good = `id: bread
version: 1.2.0
source: "GB/T 20981-2021, 5"
name: {zh: 面包, en: Bread}
steps:
  - name: knead
    minutes: 10
  - {name: bake, minutes: 40}
`

func files(m map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, s := range m {
		out["recipes/"+name] = &fstest.MapFile{Data: []byte(s)}
	}
	return out
}

func TestPacksAreLoadedByID(t *testing.T) {
	set, err := pack.Load[recipe](files(map[string]string{"bread.yaml": good, "README.md": "no pack"}), "recipes")
	if err != nil {
		t.Fatal(err)
	}
	r := set.Get("bread")
	if r == nil || r.Version != "1.2.0" || r.Name.Zh != "面包" || r.Steps[1] != (step{"bake", 40}) || r.File() != "recipes/bread.yaml" || len(r.Hash()) != 64 {
		t.Errorf("got %+v", r)
	}
	if len(set.All()) != 1 || set.Get("cake") != nil {
		t.Error("the set holds something else")
	}
}

func TestEveryFaultIsToldWithItsPlace(t *testing.T) {
	_, err := pack.Load[recipe](files(map[string]string{
		"bread.yaml":  strings.NewReplacer("minutes: 10", "minutes: 0", "name: bake, ", "", "1.2.0", "v1", `"GB/T 20981-2021, 5"`, `""`).Replace(good),
		"typo.yaml":   strings.Replace(good, "steps:", "stepz:", 1),
		"type.yaml":   strings.Replace(good, "minutes: 10", "minutes: ten", 1),
		"twice.yaml":  good + "version: 1.2.1\n",
		"alias.yaml":  "a: &x 1\nb: *x\n",
		"other.yaml":  good,
		"syntax.yaml": "id: [\n",
		"two.yaml":    good + "---\n" + good,
		"empty.yaml":  "",
	}), "recipes")
	var faults pack.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		"recipes/bread.yaml:2:10: version: \"v1\" is not a version; write major.minor.patch",
		"recipes/bread.yaml:3:9: source: is missing",
		"recipes/bread.yaml:7:14: steps[0].minutes: want more than 0",
		"recipes/bread.yaml:8:", // steps[1].name is not there: the step's own line
		"recipes/typo.yaml:5:1: unknown field \"stepz\"",
		"recipes/type.yaml:7:14: ",
		"recipes/twice.yaml:9:1: mapping key \"version\" already defined",
		"recipes/alias.yaml:1:4: anchors and aliases are not used in packs",
		"recipes/other.yaml:1:5: id: \"bread\" differs from the file's name; name the file bread.yaml",
		"recipes/syntax.yaml:",
		"recipes/two.yaml: holds 2 documents",
		"recipes/empty.yaml: is empty",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %s in\n%v", want, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("id: [\n"))
	f.Add([]byte("a: &x [*x]\n"))
	f.Add([]byte("steps: [{minutes: .nan}]\nname: !!str"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := pack.Decode[recipe]("bread.yaml", data)
		if err == nil && (r.ID != "bread" || r.Name.Zh == "") {
			t.Errorf("%q was taken for a pack", data)
		}
	})
}
