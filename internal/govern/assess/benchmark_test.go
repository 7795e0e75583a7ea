package assess_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"jingwei/internal/govern/assess"
)

func firms(r *rand.Rand, n, industries, sizes, places int) []assess.Entry {
	out := make([]assess.Entry, n)
	for i := range out {
		out[i] = assess.Entry{Firm: fmt.Sprint("f", i), Industry: fmt.Sprint("C", 13+min(r.IntN(industries), r.IntN(industries))), Size: fmt.Sprint("s", r.IntN(sizes)),
			Place: fmt.Sprint("p", min(r.IntN(places), r.IntN(places))), Points: assess.Points(r.IntN(101) * 10_000), Level: r.IntN(5)}
	}
	return out
}

// Nothing of fewer than five enterprises can be worked out from what is published: checked apart from the rules that hide, over the rationals and the
// finest cells, on small tables.
func TestNoSmallCellCanBeWorkedOut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	hidden, extra := 0, 0
	for range 500 {
		by := []assess.Dimension{assess.ByIndustry, assess.BySize, assess.ByPlace}[:1+r.IntN(3)]
		list := firms(r, 10+r.IntN(150), 1+r.IntN(4), 1+r.IntN(3), 1+r.IntN(3))
		rep := assess.Benchmark(list, 4, by...)
		part := func(e *assess.Entry, k assess.Key) bool {
			return (k.Industry == "" || k.Industry == e.Industry) && (k.Size == "" || k.Size == e.Size) && (k.Place == "" || k.Place == e.Place)
		}
		// A cell as the set of finest cells.
		atoms := map[[3]string]int{}
		atom := func(e *assess.Entry) int {
			k := [3]string{e.Industry, e.Size, e.Place}
			if _, ok := atoms[k]; !ok {
				atoms[k] = len(atoms)
			}
			return atoms[k]
		}
		for i := range list {
			atom(&list[i])
		}
		count := map[assess.Key]int{}
		vector := map[assess.Key][]*big.Rat{}
		for _, c := range rep.Cells {
			v := make([]*big.Rat, len(atoms))
			for i := range v {
				v[i] = new(big.Rat)
			}
			for i := range list {
				if part(&list[i], c.Key) {
					count[c.Key]++
					v[atom(&list[i])].SetInt64(1)
				}
			}
			vector[c.Key] = v
		}
		var published [][]*big.Rat
		var keys []assess.Key
		for _, c := range rep.Cells {
			if c.Hidden {
				hidden++
				if count[c.Key] >= assess.Least {
					extra++
				}
				if c.Firms != 0 || c.Levels != nil || c.Quartiles != nil {
					t.Fatalf("a hidden cell tells %+v", c)
				}
				continue
			}
			if c.Firms != count[c.Key] || c.Firms < assess.Least {
				t.Fatalf("%v has %d enterprises, told %d", c.Key, count[c.Key], c.Firms)
			}
			published = append(published, vector[c.Key])
			keys = append(keys, c.Key)
		}
		for _, a := range keys {
			for _, b := range keys {
				inside := true
				for i, x := range vector[b] {
					inside = inside && x.Cmp(vector[a][i]) <= 0
				}
				if d := count[a] - count[b]; inside && d > 0 && d < assess.Least {
					t.Fatalf("%v less %v tells %d enterprises", a, b, d)
				}
			}
		}
		basis := echelon(published)
		for _, c := range rep.Cells {
			if c.Hidden && count[c.Key] < assess.Least && spanned(basis, vector[c.Key]) {
				t.Fatalf("%v with %d enterprises follows from what is published", c.Key, count[c.Key])
			}
		}
	}
	if hidden < 1500 || extra < 250 {
		t.Errorf("%d cells were hidden, %d of them to protect others: too few to show anything", hidden, extra)
	}
}

func echelon(rows [][]*big.Rat) [][]*big.Rat {
	var basis [][]*big.Rat
	for _, r := range rows {
		if v, at := residue(basis, r); at >= 0 {
			inv := new(big.Rat).Inv(v[at])
			for i := range v {
				v[i].Mul(v[i], inv)
			}
			basis = append(basis, v)
		}
	}
	return basis
}

// residue is what of a row the basis leaves, and its first place that is not 0.
func residue(basis [][]*big.Rat, r []*big.Rat) ([]*big.Rat, int) {
	v := make([]*big.Rat, len(r))
	for i := range r {
		v[i] = new(big.Rat).Set(r[i])
	}
	first := func(v []*big.Rat) int { return slices.IndexFunc(v, func(x *big.Rat) bool { return x.Sign() != 0 }) }
	for _, b := range basis {
		if at := first(b); v[at].Sign() != 0 {
			by := new(big.Rat).Set(v[at])
			for i := range v {
				v[i].Sub(v[i], new(big.Rat).Mul(by, b[i]))
			}
		}
	}
	return v, first(v)
}

func spanned(basis [][]*big.Rat, r []*big.Rat) bool { _, at := residue(basis, r); return at < 0 }

// One small place in an industry: it alone cannot be hidden, because the industry less the other places would tell it.
func TestComplementarySuppression(t *testing.T) {
	var list []assess.Entry
	for place, n := range map[string]int{"440100": 20, "440300": 8, "445200": 2} {
		for i := range n {
			list = append(list, assess.Entry{Firm: fmt.Sprint(place, i), Industry: "29", Place: place, Points: assess.Points(i * 10_000), Level: 1})
		}
	}
	r := assess.Benchmark(list, 4, assess.ByPlace)
	for place, hidden := range map[string]bool{"": false, "440100": false, "440300": true, "445200": true} {
		if c := r.Cell(assess.Key{Place: place}); c == nil || c.Hidden != hidden {
			t.Errorf("%q: %+v", place, c)
		}
	}
	if c := r.Cell(assess.Key{Place: "440100"}); c.Firms != 20 || !reflect.DeepEqual(c.Levels, []int{0, 20, 0, 0, 0}) || c.Quartiles[1] != (assess.Band{From: 5_0000, To: 9_9999}) {
		t.Errorf("%+v", c)
	}
	// The order of entries makes no difference.
	slices.Reverse(list)
	if again := assess.Benchmark(list, 4, assess.ByPlace); !reflect.DeepEqual(r.Cells, again.Cells) {
		t.Error("the order of entries changes the report")
	}
	// Four in all: nothing is told at all.
	if r := assess.Benchmark(list[:4], 4, assess.ByPlace); !r.Cell(assess.Key{}).Hidden || r.Place(list[:4], list[0].Firm) != nil {
		t.Error("four enterprises are told of")
	}
	if p := r.Place(list, "nobody"); p != nil {
		t.Errorf("nobody stands at %+v", p)
	}
}

// Equals share a rank and count by half; who has 100 points has a standing; a hidden cell gives way to a wider one.
func TestStandingAmongPeers(t *testing.T) {
	var list []assess.Entry
	for i, p := range []assess.Points{100, 80, 80, 80, 60, 60, 40, 20, 0, 0} {
		list = append(list, assess.Entry{Firm: fmt.Sprint("f", i), Industry: "29", Size: "small", Place: "440600", Points: p * 10_000, Level: int(p) / 25})
	}
	for i := range 3 {
		list = append(list, assess.Entry{Firm: fmt.Sprint("g", i), Industry: "29", Size: "small", Place: "440900", Points: 50 * 10_000})
	}
	for i := range 9 {
		list = append(list, assess.Entry{Firm: fmt.Sprint("h", i), Industry: "29", Size: "medium", Place: "440600", Points: 90 * 10_000})
	}
	r := assess.Benchmark(list, 4, assess.ByIndustry, assess.BySize, assess.ByPlace)
	// Three in Maoming are too few, and hide the small ones of Foshan with them: both are compared with all small ones or wider.
	for _, firm := range []string{"f0", "g0"} {
		p := r.Place(list, firm)
		if p == nil || p.Key.Place != "" || p.Firms < 13 || r.Cell(p.Key).Hidden {
			t.Errorf("%s is compared with %+v", firm, p)
		}
		if firm == "f0" && (p.Rank != 1 || p.Percent != 10_000) {
			t.Errorf("100 points stand at %+v", p)
		}
	}
	// By industry and size alone nothing is hidden: 13 small and 9 medium ones.
	r = assess.Benchmark(list, 4, assess.ByIndustry, assess.BySize)
	for firm, want := range map[string][4]int{ // rank, equal, percent, firms
		"f0": {1, 0, 10000, 13}, "f1": {2, 2, 8333, 13}, "f4": {5, 1, 6250, 13}, "g0": {7, 2, 4166, 13}, "f9": {12, 1, 416, 13}, "h3": {1, 8, 5000, 9},
	} {
		p := r.Place(list, firm)
		if got := [4]int{p.Rank, p.Equal, p.Percent, p.Firms}; got != want || p.Text.Zh == "" || p.Text.En == "" {
			t.Errorf("%s: %v; want %v: %s", firm, got, want, p.Text.En)
		}
	}
}

// What is not known of an enterprise is a value of its own.
func TestEntriesWithoutASizeAreACellOfTheirOwn(t *testing.T) {
	var list []assess.Entry
	for i := range 12 {
		list = append(list, assess.Entry{Firm: fmt.Sprint(i), Industry: "29", Size: []string{"", "small"}[i%2], Points: assess.Points(i)})
	}
	r := assess.Benchmark(list, 4, assess.BySize)
	if c := r.Cell(assess.Key{Size: "?"}); c == nil || c.Firms != 6 {
		t.Errorf("got %+v", c)
	}
	if p := r.Place(list, "0"); p == nil || p.Key != (assess.Key{Size: "?"}) || p.Rank != 6 || p.Percent != 0 {
		t.Errorf("got %+v", p)
	}
}
