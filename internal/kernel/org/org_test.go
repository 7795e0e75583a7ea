package org

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
)

// Codes of public bodies and listed companies, as their own publications print them.
func TestCreditCodesOfRealOrganisationsPass(t *testing.T) {
	for _, code := range []string{
		"914403001922038216", // 华为技术有限公司
		"9144030071526726XG", // 深圳市腾讯计算机系统有限公司
		"12100000400002259P", // 北京大学
		"91110000802100433B", // 百度在线网络技术（北京）有限公司
		"91330100799655058B", // 阿里巴巴（中国）有限公司
	} {
		got, err := CreditCode(" " + strings.ToLower(code[:8]) + " " + code[8:])
		if err != nil || got != code {
			t.Errorf("%s: got %q, %v", code, got, err)
		}
	}
}

func TestCreditCodeOneWrongCharacterIsFound(t *testing.T) {
	const good = "914403001922038216"
	for i := range good {
		for _, c := range alphabet {
			bad := good[:i] + string(c) + good[i+1:]
			if _, err := CreditCode(bad); (err == nil) != (bad == good) {
				t.Fatalf("%s: error %v", bad, err)
			}
		}
	}
	for _, bad := range []string{"", "91440300192203821", "9144030019220382161", "91440300I922038216", "914403OO1922038216", "九14403001922038216"} {
		if _, err := CreditCode(bad); !errors.Is(err, ErrCreditCode) {
			t.Errorf("%q: got %v, want ErrCreditCode", bad, err)
		}
	}
}

func FuzzCreditCode(f *testing.F) {
	f.Add("914403001922038216")
	f.Add("9144030071526726XG")
	f.Add("中文")
	f.Fuzz(func(t *testing.T, s string) {
		code, err := CreditCode(s)
		if err != nil {
			return
		}
		if again, err := CreditCode(code); err != nil || again != code || len(code) != 18 {
			t.Fatalf("%q became %q, which becomes %q, %v", s, code, again, err)
		}
	})
}

func ids(n int) []uuid.UUID {
	out := make([]uuid.UUID, n)
	for i := range out {
		out[i] = uuid.UUID{15: byte(i + 1)}
	}
	return out
}

func TestOwnershipInheritsThroughUnitsOnlyWhileItLasts(t *testing.T) {
	id := ids(7)
	company, plant, line, subsidiary, subPlant, sold, loop := id[0], id[1], id[2], id[3], id[4], id[5], id[6]
	kinds := map[uuid.UUID]Kind{company: Enterprise, plant: Unit, line: Unit, subsidiary: Enterprise, subPlant: Unit, sold: Unit, loop: Unit}
	own := func(child, parent uuid.UUID, from, to int64) Ownership {
		return Ownership{Child: child, Parent: parent, Span: Span{from, to}}
	}
	edges := []Ownership{
		own(plant, company, 10, store.Forever), own(line, plant, 10, store.Forever),
		own(subsidiary, company, 0, store.Forever), own(subPlant, subsidiary, 0, store.Forever),
		own(sold, company, 0, 100), own(loop, line, 0, store.Forever), own(line, loop, 0, store.Forever),
	}
	for _, c := range []struct {
		root uuid.UUID
		at   int64
		want []uuid.UUID
	}{
		{company, 9, []uuid.UUID{company, sold}},
		{company, 10, []uuid.UUID{company, plant, sold, line, loop}},
		{company, 99, []uuid.UUID{company, plant, sold, line, loop}},
		{company, 100, []uuid.UUID{company, plant, line, loop}}, // half-open: sold at 100
		{subsidiary, 50, []uuid.UUID{subsidiary, subPlant}},
		{plant, 50, []uuid.UUID{plant, line, loop}},
	} {
		got := Inherited([]uuid.UUID{c.root}, edges, func(o uuid.UUID) Kind { return kinds[o] }, c.at)[c.root]
		if !sameSet(got, c.want) {
			t.Errorf("root %v at %d: got %v, want %v", c.root[15], c.at, last(got), last(c.want))
		}
	}
}

func sameSet(a, b []uuid.UUID) bool {
	x, y := last(a), last(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func last(ids []uuid.UUID) []int {
	var out []int
	for _, id := range ids {
		out = append(out, int(id[15]))
	}
	return out
}

func TestOwnershipStaysATreeAtEveryTime(t *testing.T) {
	id := ids(4)
	own := func(child, parent int, from, to int64) Ownership {
		return Ownership{Child: id[child], Parent: id[parent], Span: Span{from, to}}
	}
	edges := []Ownership{own(1, 0, 0, 100), own(2, 1, 50, 200)}
	for _, c := range []struct {
		name string
		add  Ownership
		want *problem.Kind
	}{
		{"second parent at the same time", own(1, 3, 99, 150), ErrOwned},
		{"next parent from the end on", own(1, 3, 100, 150), nil},
		{"itself", own(3, 3, 0, 1), ErrCycle},
		{"circle while both last", own(0, 2, 60, 70), ErrCycle},
		{"no circle, the way up has ended", own(0, 2, 100, 300), nil},
		{"ends before it begins", own(3, 0, 5, 5), ErrSpan},
	} {
		err := fits(c.add, edges)
		if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}
