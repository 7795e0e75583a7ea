package incentive_test

import (
	"slices"
	"sync"
	"testing"

	"jingwei/internal/govern/incentive"
	"jingwei/packs"
)

// shipped are the measures that ship with the product, read once: they are immutable.
var shipped = sync.OnceValues(func() (*incentive.Set, error) {
	return incentive.Load(packs.Files, "policy", incentive.Options{})
})

func ship(t testing.TB) *incentive.Set {
	t.Helper()
	s, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// calculable are the measures of the five policies that give an amount (incentives.yaml: calculable_count).
var calculable = []string{
	"inc-gz-01", "inc-gz-02", "inc-gz-04", "inc-gz-05", "inc-gz-06", "inc-gz-07", "inc-gz-08", "inc-gz-09",
	"inc-hn-01", "inc-hn-02", "inc-hn-03", "inc-hn-04", "inc-hn-07", "inc-hn-08", "inc-hn-09", "inc-hn-13", "inc-hn-15",
}

func TestAllMeasuresArePacks(t *testing.T) {
	s := ship(t)
	if n := len(s.All()); n != 81 {
		t.Errorf("%d measures, the catalogue has 81", n)
	}
	var ids []string
	for _, m := range s.All() {
		if !m.Verified() {
			t.Errorf("%s: a clause was not found in its document", m.ID)
		}
		if m.Calculable() {
			ids = append(ids, m.ID)
		}
	}
	if !slices.Equal(ids, calculable) {
		t.Errorf("calculable are %v", ids)
	}
}

// The golden table: the cases stand in the packs, with the arithmetic by hand.
func TestGoldenTable(t *testing.T) {
	s, cases := ship(t), 0
	for _, id := range calculable {
		m := s.Get(id)
		if m.Tests == nil || len(m.Tests.Cases) < 12 {
			t.Errorf("%s has fewer than 12 cases", id)
			continue
		}
		cases += len(m.Tests.Cases)
		for _, err := range s.RunTests(id) {
			t.Error(err)
		}
	}
	t.Logf("%d cases", cases)
}
