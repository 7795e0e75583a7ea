package match

import (
	"reflect"
	"strings"
	"testing"

	"jingwei/internal/exchange/match"
	"jingwei/internal/kernel/proof"
	"jingwei/packs"
)

// The set is the same for the same seed, every kind of it exists, and all grades occur.
func TestTheSet(t *testing.T) {
	a, b := NewSet(7, 300, 1500), NewSet(7, 300, 1500)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gave another set")
	}
	kinds := proof.Must(match.LoadKinds(packs.Files))
	for _, x := range topics {
		if _, ok := kinds.Get(x.kind); !ok {
			t.Errorf("there is no kind %s", x.kind)
		}
	}
	var grades [4]int
	for i := range a.Needs {
		for j := range a.Supplies {
			grades[a.Grade(i, j)]++
		}
	}
	for g, n := range grades {
		if n < 100 {
			t.Errorf("grade %d: %d pairs", g, n)
		}
	}
}

func TestGain(t *testing.T) {
	if v, ok := ndcg([]int{3, 2}, []int{0, 2, 3}); !ok || v != 1 {
		t.Error(v)
	}
	if v, _ := ndcg([]int{0, 0, 3}, []int{0, 0, 3}); v != 0.5 { // 7/log2(4) of 7
		t.Error(v)
	}
	if _, ok := ndcg(nil, []int{0, 0}); ok {
		t.Error("nothing to find")
	}
}

// On needs that were held out the matcher is better than plain BM25.
func TestTheMatcherIsBetterThanPlainWords(t *testing.T) {
	set := NewSet(3, 120, 600)
	m := Measure(set, proof.Must(match.LoadKinds(packs.Files)), proof.Must(match.LoadProfile(packs.Files)), 1)
	if m.Whole <= m.Plain || m.Whole <= m.Words || m.Whole <= m.Structure || m.Whole > 1 {
		t.Errorf("%+v", m)
	}
}

func TestRunPrints(t *testing.T) {
	var out strings.Builder
	r, err := Run(t.Context(), Options{Seed: 1, needs: 40, supplies: 300, sizes: []int{300}}, &out)
	if err != nil || !strings.Contains(out.String(), "the matcher") || r.Figures["matcherHeldOut"] == nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}
