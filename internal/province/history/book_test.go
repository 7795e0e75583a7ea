package history

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"jingwei/internal/kernel/proof"
)

func firm() *Firm {
	return &Firm{
		Key: "works", Name: "示例厂（演示）", Revenue: 100_000_000_00, Employees: 200, Growth: 50, Cost: 700, Value: 250, Purchases: 500, OtherEnergy: 200, Stock: 60, StockLess: 3,
		OnlineSold: 200, OnlineBought: 300, OnlineMore: 50, Goods: []string{"件（演示）"}, Materials: []string{"料（演示）"}, Cycle: 200, CycleLess: 10, Trained: 3, Networked: 500, Innovation: 2, Software: 10, Effect: true,
		Processes: []Work{{"turning", "车床", true, 4, 3, "cnc"}}, Systems: []System{{"erp", "系统（演示）", 20, 10, "供应商（演示）", true}}, Products: []string{"甲（演示）", "乙（演示）", "丙（演示）"}, Certificates: []string{"quality"},
	}
}

const today = "2026-07-01"

func written(t *testing.T) []Fact {
	t.Helper()
	return proof.Must(library(t).Book(firm(), []*Machine{meter()}, []Party{{"甲方（演示）", "91990100MADEM0011Q"}, {"乙方（演示）", "91990200MADEM00701"}}, on(today)))
}

func (f *Fact) cell(key string) string {
	for _, x := range f.Fields {
		if x[0] == key {
			return x[1]
		}
	}
	return ""
}

func sum(facts []Fact, kind, field string, fits func(*Fact) bool) *big.Rat {
	out := new(big.Rat)
	for i := range facts {
		if f := &facts[i]; f.Kind == kind && fits(f) {
			n, _ := new(big.Rat).SetString(f.cell(field))
			out.Add(out, n)
		}
	}
	return out
}

func TestBooksAreAlwaysTheSame(t *testing.T) {
	_, files, err := Files(written(t))
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"declaration": "67a2f2e6988372aa", "order": "c3cfb88d4f94c9dd", "equipment": "27100419dc5cb2f3", "software-use": "e58b1025d1efd28f", "rd-project": "b560f737c216fb40", "training": "3972c568407f8254", "certificate": "84bef15c07c8880d",
	} {
		h := sha256.Sum256(files[kind])
		if got := hex.EncodeToString(h[:8]); got != want {
			t.Errorf("%s: %s, want %s\n%.300s", kind, got, want, files[kind])
		}
	}
}

// Orders of a year are the sums that are declared, and months are what their year is.
func TestBooksAgreeWithThemselves(t *testing.T) {
	facts := written(t)
	declared := func(id string) *big.Rat {
		return sum(facts, "declaration", "value", func(f *Fact) bool { return f.ID == id })
	}
	near := func(what string, a, b *big.Rat) {
		t.Helper()
		diff := new(big.Rat).Sub(a, b)
		if b.Sign() == 0 || diff.Abs(diff).Cmp(big.NewRat(1, 1)) > 0 { // a yuan: each part is rounded down
			t.Errorf("%s: %s and %s", what, a.FloatString(2), b.FloatString(2))
		}
	}
	orders := func(side, year string) *big.Rat {
		return sum(facts, "order", "amount", func(f *Fact) bool { return f.cell("side") == side && strings.HasPrefix(f.ID, side+"-"+year) })
	}
	near("sales of 2025", orders("sale", "2025"), declared("sales-revenue/2025"))
	near("purchases of 2024", orders("purchase", "2024"), declared("purchases/2024"))
	near("revenue of 2025", declared("sales-revenue/2025"), big.NewRat(100_000_000, 1))
	near("what closes one month opens the next", declared("inventory-closing/2026-03"), declared("inventory-opening/2026-04"))
	near("what closes one year opens the next", declared("inventory-closing/2024"), declared("inventory-opening/2025"))
	online := sum(facts, "order", "amount", func(f *Fact) bool { return strings.HasPrefix(f.ID, "purchase-2025") && f.cell("channel") == "online" })
	share, _ := new(big.Rat).Quo(online, orders("purchase", "2025")).Float64()
	if share < 0.2 || share > 0.4 {
		t.Errorf("%.3f of the purchases of 2025 are online, 0.3 are wanted", share)
	}
	months := 0
	for i := range facts {
		f := &facts[i]
		if f.Kind == "declaration" && strings.HasPrefix(f.ID, "value-added/20") && len(f.ID) == len("value-added/2026-01") {
			months++
		}
		for _, key := range []string{"placed", "day", "issued", "released", "begins"} {
			if s := f.cell(key); s != "" && s >= today {
				t.Errorf("%s %s is of %s, the day is %s", f.Kind, f.ID, s, today)
			}
		}
	}
	if months != 12 {
		t.Errorf("%d months are declared", months)
	}
}

func TestFilesHaveARowForEachFact(t *testing.T) {
	facts := written(t)
	kinds, files, err := Files(facts)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, kind := range kinds {
		list := proof.Must(csv.NewReader(strings.NewReader(string(files[kind]))).ReadAll())
		seen := map[string]bool{}
		for _, r := range list[1:] {
			if seen[r[0]] || r[0] == "" || (r[1] == "E1") != (r[2] != "") {
				t.Errorf("%s: row %v", kind, r)
			}
			seen[r[0]] = true
		}
		rows += len(list) - 1
	}
	if rows != len(facts) || len(kinds) != 7 {
		t.Errorf("%d rows of %d kinds, %d facts", rows, len(kinds), len(facts))
	}
}
