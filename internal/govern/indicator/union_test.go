package indicator

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
)

const prizes = `id: prizes
version: 1.0.0
source: the tests
name: {zh: 奖项, en: Prizes}
unit: '1'
period: year
of: region
inputs:
  - {key: won, name: {zh: 奖项, en: Prizes}, unit: '1', from: [{entry: prizes, take: count}, {declared: prizes}]}
  - {key: winners, name: {zh: 得奖者, en: Winners}, unit: '1', from: {entry: prizes, take: distinct, field: code}}
  - {key: paid, name: {zh: 奖金, en: Money}, unit: '1', from: {entry: prizes, take: sum, field: paid}}
  - {key: places, name: {zh: 地方, en: Places}, unit: '1', from: {entry: prizes, take: least, field: code, among: ['a', 'b']}}
  - {key: any, name: {zh: 有无, en: Any}, unit: '1', from: {entry: prizes, take: exists}}
formula: won + 100 * winners + 10000 * paid + 1000000 * places + 100000000 * any
assumptions: [{zh: 假设, en: assumed}]
`

type prizeWords struct{}

func (prizeWords) FactFields(string) (field.Schema, bool) { return nil, false }
func (prizeWords) EntryFields(register string) (field.Schema, []string, bool) {
	return field.Schema{{Key: "code", Type: field.Text}, {Key: "paid", Type: field.Integer}}, nil, register == "prizes"
}
func (prizeWords) Instrument(string) bool { return false }
func (prizeWords) Class(string) bool      { return false }
func (prizeWords) Tag(string) bool        { return false }

func prizeLibrary(t testing.TB) (*Library, *Definition) {
	d := proof.Must(pack.Decode[Definition]("indicators/prizes.yaml", []byte(prizes)))
	return proof.Must(NewLibrary([]*Definition{d}, nil, nil, prizeWords{})), d
}

// prize is an entry of a register.
type prize struct {
	key, code string
	paid      int64
}

// shelfOf is what a keeper with these entries gathers.
func shelfOf(d *Definition, grade fact.Grade, entries ...prize) *Union {
	inputs := make([]Given, len(d.Inputs))
	for i := range d.Inputs {
		fields, _, _ := prizeWords{}.EntryFields("prizes")
		t := newTaker(&d.Inputs[i].From[0], fields)
		t.none = grade
		for n := range entries {
			e := Entry{Key: entries[n].key, Record: field.Record{"code": entries[n].code, "paid": entries[n].paid}}
			t.take(e.Record, Rest{Kind: "entry"}, grade)
			t.unite(&e)
		}
		inputs[i] = t.given(len(entries) > 0, NoEntries)
	}
	p, _ := ParsePeriod("year", "2025")
	return Evaluate(d, p, inputs).Union()
}

func value(u *Union) string {
	p, _ := ParsePeriod("year", "2025")
	if v := u.Evaluate(p); v.Num != nil {
		return v.Num.RatString()
	}
	return "unknown"
}

// A fact that two keepers know counts once; in what order they are merged, and how often, changes nothing.
func TestAFactThatTwoKnowCountsOnce(t *testing.T) {
	l, d := prizeLibrary(t)
	one := shelfOf(d, fact.Documented, prize{"1", "a", 5}, prize{"2", "b", 7})
	two := shelfOf(d, fact.Documented, prize{"2", "b", 7}, prize{"3", "b", 1})
	// 3 prizes, 2 winners, 13 paid, at least 1 in each place, some.
	if err := one.Merge(two.Told()); err != nil || value(one) != "101130203" {
		t.Fatalf("%s %v", value(one), err)
	}
	if all, more := two.Facts(one); all != 2+1+2+2+2 || more != 0 {
		t.Errorf("%d facts, %d of them new", all, more)
	}
	before := one.Encode()
	if err := one.Merge(two); err != nil || !bytes.Equal(one.Encode(), before) {
		t.Errorf("merging twice changes it: %v", err)
	}
	if back := proof.Must(l.DecodeUnion(d, before)); value(back) != value(one) || !bytes.Equal(back.Encode(), before) {
		t.Errorf("it is read as %s", value(back))
	}
	// Who knows nothing adds nothing; who has looked and found nothing knows that there is none.
	nothing := shelfOf(d, fact.Documented)
	if value(nothing) != "unknown" {
		t.Errorf("an empty register is %s", value(nothing))
	}
	if err := nothing.Merge(one.Told()); err != nil || value(nothing) != value(one) {
		t.Errorf("it becomes %s", value(nothing))
	}
	// Of one that is told differently the greater number and the better grade stand, on whatever side.
	low, high := shelfOf(d, fact.Declared, prize{"1", "a", 5}), shelfOf(d, fact.Checked, prize{"1", "a", 4})
	x, y := low.Clone(), high.Clone()
	if x.Merge(high) != nil || y.Merge(low) != nil {
		t.Fatal("they do not merge")
	}
	y.root = x.root
	if !bytes.Equal(x.Encode(), y.Encode()) || x.Evaluate(Period{}).Grade != fact.Checked || value(x) != "100050101" {
		t.Errorf("%s of grade %s", value(x), x.Evaluate(Period{}).Grade)
	}
}

// What a keeper declares of its own region is its own: it is told to nobody, and facts count before it.
func TestDeclarationsOfARegionAreItsOwn(t *testing.T) {
	_, d := prizeLibrary(t)
	own := shelfOf(d, fact.Documented)
	own.inputs[0] = Given{Num: big.NewRat(42, 1), Grade: fact.Declared, Source: 1}
	if told := own.Told(); told.inputs[0].Num != nil || own.inputs[0].Num == nil {
		t.Error("a declaration is told")
	}
	if err := own.Merge(shelfOf(d, fact.Documented, prize{"1", "a", 5})); err != nil || own.inputs[0].Num.Cmp(big.NewRat(1, 1)) != 0 || own.inputs[0].Source != 0 {
		t.Errorf("%v from source %d: %v", own.inputs[0].Num, own.inputs[0].Source, err)
	}
}

// Whatever keepers there are and whoever merges whom first, the bytes are those of all entries in one register.
func TestUnionsAreAsOneRegister(t *testing.T) {
	_, d := prizeLibrary(t)
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		var all []prize
		parts := make([]*Union, 1+r.IntN(6))
		for i := range parts {
			var some []prize
			for n := range 12 {
				if r.IntN(3) == 0 {
					some = append(some, prize{string(rune('A' + n)), []string{"a", "b", "c"}[n%3], int64(n)})
				}
			}
			all = append(all, some...)
			parts[i] = shelfOf(d, fact.Documented, some...)
		}
		seen := map[prize]bool{}
		var once []prize
		for _, x := range all {
			if !seen[x] {
				seen[x], once = true, append(once, x)
			}
		}
		want := shelfOf(d, fact.Documented, once...)
		for len(parts) > 1 {
			i := 1 + r.IntN(len(parts)-1)
			if err := parts[0].Merge(parts[i].Told()); err != nil {
				t.Fatal(err)
			}
			parts = append(parts[:i:i], parts[i+1:]...)
		}
		want.root = parts[0].root
		if !bytes.Equal(parts[0].Encode(), want.Encode()) {
			t.Fatalf("merged %s, in one register %s", value(parts[0]), value(want))
		}
	}
}

func FuzzUnion(f *testing.F) {
	l, d := prizeLibrary(f)
	f.Add(shelfOf(d, fact.Documented).Encode())
	f.Add(shelfOf(d, fact.Checked, prize{"1", "a", 5}, prize{"2", "b", 7}).Encode())
	f.Add(shelfOf(d, fact.Checked, prize{"1", "a", 5}).Told().Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := l.DecodeUnion(d, b)
		if err != nil || b[0] == observationFormat {
			return
		}
		if !bytes.Equal(u.Encode(), b) {
			t.Fatal("another encoding is read")
		}
		_ = value(u)
	})
}
