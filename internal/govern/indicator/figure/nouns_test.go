package figure

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew; format 1 is frozen, so only before it ships")

var keeper = uuid.MustParse("00000000-0000-7000-8000-000000000001")

// networking is the key that tests are about.
var networking = Key{Keeper: keeper, Indicator: "machine-networking", Filter: "designated=true&size=large", Kind: "month", Period: "2026-06"}

func members() []indicator.Enterprise {
	return []indicator.Enterprise{
		{Code: "914300000000000022", Name: "乙", Entry: uuid.UUID{2}, Industry: "3670", Region: "430100", Size: "large", Designated: true, Tags: []string{"pilot", "key"}},
		{Code: "914300000000000011", Name: "甲", Entry: uuid.UUID{1}, Org: uuid.UUID{9}, Industry: "C34", Region: "430200", Size: "large", Cluster: "轨道", Designated: true},
	}
}

func figureOf(k Key) *Figure {
	return &Figure{Key: k, Revision: 3, Commit: 1_780_000_000_000_000_001, Definition: Sum([]byte("definition")), Population: Sum([]byte("population")), Account: []byte{1, 2, 3}, Watermark: 1_780_000_000_000_000_000,
		Parts: []Part{
			{Source: "0190a000-0000-7000-8000-000000000001", Kind: Account, State: Given, Population: Sum([]byte("below")), Record: Sum([]byte("record")), Members: 7, Known: 5, At: 1_779_000_000_000_000_000},
			{Source: "0190a000-0000-7000-8000-000000000002", Kind: Account, State: Isolated, Reason: Double, Codes: []string{"914300000000000011", "914300000000000022"}, More: 3},
			{Source: Local, Kind: Rows, State: Given, Members: 2, Known: 2, At: 1_780_000_000_000_000_000},
		}}
}

func TestKeysHaveOneSpelling(t *testing.T) {
	for want, k := range map[string]Key{
		"machine-networking@designated=true&size=large/2026-06": {Indicator: "machine-networking", Filter: "designated=true&size=large", Kind: "month", Period: "2026-06"},
		"orders/2026":               {Indicator: "orders", Filter: All, Kind: "year", Period: "2026"},
		"orders/2026-Q3":            {Indicator: "orders", Filter: All, Kind: "quarter", Period: "2026-Q3"},
		"orders/2026-06-30":         {Indicator: "orders", Filter: All, Kind: "day", Period: "2026-06-30"},
		"orders/at-2026-06-30":      {Indicator: "orders", Filter: All, Kind: "moment", Period: "2026-06-30"},
		"saving/2018~2015-12-31":    {Indicator: "saving", Filter: All, Kind: "year", Period: "2018", Baseline: "2015-12-31"},
		"saving/2018~2015-12-31#9A": {Indicator: "saving", Filter: All, Kind: "year", Period: "2018", Baseline: "2015-12-31", Code: "9A"},
		"00000000-0000-7000-8000-000000000001:orders@tag=pilot#1/2026#91": {Keeper: keeper, Indicator: "orders", Filter: "tag=pilot#1", Kind: "year", Period: "2026", Code: "91"},
	} {
		if got := k.String(); got != want {
			t.Errorf("%+v is spelt %q, want %q", k, got, want)
		}
		back, err := ParseKey(want)
		if err != nil || back != k {
			t.Errorf("ParseKey(%q) = %+v, %v", want, back, err)
		}
	}
	if id := networking.ID(); id.Version() != 5 || id == networking.Of("91").ID() || id != networking.ID() {
		t.Errorf("id %s", id)
	}
}

func TestWrongKeysAreRefused(t *testing.T) {
	for _, s := range []string{"", "orders", "orders/", "/2026", "orders@/2026", "orders@all/2026", "orders@size=large&designated=true/2026", "orders/2026-13", "orders/2026-Q5", "orders/at-2026-06", "orders/at-2026",
		"orders/2026~", "orders/2026~2015", "orders/2026#", "orders/2026#91~2015-12-31", "Orders/2026", "orders/2026#9 1", "00000000-0000-0000-0000-000000000000:orders/2026", "00000000-0000-7000-8000-00000000000A:orders/2026", strings.Repeat("a", 5000)} {
		if k, err := ParseKey(s); !errors.Is(err, ErrKey) {
			t.Errorf("ParseKey(%.60q) = %+v, %v", s, k, err)
		}
	}
}

func TestPopulationIsTheSameInAnyOrder(t *testing.T) {
	list := members()
	p := NewPopulation(keeper, "430000", All, "2026-06-30", list, 1, 2)
	slices.Reverse(list)
	list = append(list, list[0])
	q := NewPopulation(keeper, "430000", All, "2026-06-30", list, 0, 2)
	if p.Hash() != q.Hash() || q.Doubles != 1 || len(q.Members) != 2 || q.Members[0].Code != "914300000000000011" {
		t.Fatalf("%+v and %+v", p, q)
	}
	if got := p.Find("914300000000000022"); got == nil || got.Name != "乙" || !slices.Equal(got.Tags, []string{"key", "pilot"}) {
		t.Errorf("found %+v", got)
	}
	if got := p.Find("914300000000000099"); got != nil {
		t.Errorf("found %+v", got)
	}
	if list[0].Tags != nil && !slices.Equal(list[0].Tags, []string{"pilot", "key"}) {
		t.Errorf("the caller's tags were put in order: %v", list[0].Tags)
	}
}

func TestFigureThatSaysTheSame(t *testing.T) {
	f, g := figureOf(networking), figureOf(networking)
	g.Revision, g.Commit, g.Watermark, g.Parts[0].At = 9, 5, 6, 7
	if !f.Same(g) {
		t.Error("numbers, commits and age alone make no revision")
	}
	for name, change := range map[string]func(*Figure){
		"definition": func(f *Figure) { f.Definition = Hash{1} }, "population": func(f *Figure) { f.Population = Hash{1} }, "account": func(f *Figure) { f.Account = []byte{1} },
		"record": func(f *Figure) { f.Parts[0].Record = Hash{1} }, "state": func(f *Figure) { f.Parts[1].State = Given }, "known": func(f *Figure) { f.Parts[2].Known-- },
	} {
		g := figureOf(networking)
		change(g)
		if f.Same(g) || f.Hash() == g.Hash() {
			t.Errorf("another %s is the same figure", name)
		}
	}
}

func TestGoldenBytes(t *testing.T) {
	row := Row{"914300000000000011", 1_780_000_000_000_000_000, []byte{7, 8, 9}}
	figure, population := figureOf(networking), NewPopulation(keeper, "430000", networking.Filter, "2026-06-30", members(), 1, 2)
	var b strings.Builder
	for _, x := range []struct {
		name  string
		bytes []byte
	}{{"key", []byte(networking.String())}, {"figure", figure.Encode()}, {"population", population.Encode()}, {"row", row.Encode()}} {
		b.WriteString(x.name + " " + hex.EncodeToString(x.bytes) + " " + Sum(x.bytes).String() + "\n")
	}
	b.WriteString("id " + networking.ID().String() + "\n")
	const file = "testdata/golden.txt"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || b.String() != string(want) {
		t.Fatalf("%v\ngot\n%swant\n%s", err, b.String(), want)
	}
	back, err := DecodeFigure(figure.Encode())
	if err != nil || !back.Same(figure) || back.Hash() != figure.Hash() {
		t.Errorf("%+v, %v", back, err)
	}
	again, err := DecodePopulation(population.Encode())
	if err != nil || again.Hash() != population.Hash() {
		t.Errorf("%+v, %v", again, err)
	}
	if got, err := DecodeRow(row.Encode()); err != nil || got.Code != row.Code || got.Commit != row.Commit || !bytes.Equal(got.Observation, row.Observation) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOtherBytesAreRefused(t *testing.T) {
	figure, population, row := figureOf(networking), NewPopulation(keeper, "", All, "2026-06-30", members(), 0, 0), Row{"91", 5, []byte{1}}
	for _, b := range [][]byte{figure.Encode(), population.Encode(), row.Encode()} {
		for n := range b {
			for name, decode := range decoders {
				if back, err := decode(b[:n]); err == nil && bytes.Equal(back, b) {
					t.Errorf("%s takes %d of %d bytes", name, n, len(b))
				}
			}
		}
		for name, decode := range decoders {
			if _, err := decode(append(slices.Clone(b), 0)); err == nil {
				t.Errorf("%s takes a byte too many", name)
			}
		}
	}
	for name, change := range map[string]func(*Figure){
		"a key of no figure": func(f *Figure) { f.Key.Period = "2026-13" }, "revision 0": func(f *Figure) { f.Revision = 0 }, "an unknown kind": func(f *Figure) { f.Parts[0].Kind = "sum" },
		"an unknown state": func(f *Figure) { f.Parts[0].State = "fine" }, "codes that do not ascend": func(f *Figure) { slices.Reverse(f.Parts[1].Codes) }, "more known than members": func(f *Figure) { f.Parts[2].Known = 3 },
	} {
		f := figureOf(networking)
		change(f)
		if _, err := DecodeFigure(f.Encode()); !errors.Is(err, ErrBytes) {
			t.Errorf("a figure with %s is taken: %v", name, err)
		}
	}
	population.Members[0], population.Members[1] = population.Members[1], population.Members[0]
	if _, err := DecodePopulation(population.Encode()); !errors.Is(err, ErrBytes) {
		t.Errorf("members out of order are taken: %v", err)
	}
}

// decoders give back what they have read as it is written.
var decoders = map[string]func([]byte) ([]byte, error){
	"figure": func(b []byte) ([]byte, error) {
		f, err := DecodeFigure(b)
		if err != nil {
			return nil, err
		}
		return f.Encode(), nil
	},
	"population": func(b []byte) ([]byte, error) {
		p, err := DecodePopulation(b)
		if err != nil {
			return nil, err
		}
		return p.Encode(), nil
	},
	"row": func(b []byte) ([]byte, error) {
		r, err := DecodeRow(b)
		if err != nil {
			return nil, err
		}
		return r.Encode(), nil
	},
}

// Whatever comes is refused, or is exactly what would be written.
func FuzzCanonical(f *testing.F) {
	figure, population, row := figureOf(networking), NewPopulation(keeper, "", All, "2026-06-30", members(), 0, 0), Row{"91", 5, []byte{1}}
	for _, b := range [][]byte{nil, figure.Encode(), population.Encode(), row.Encode()} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, decode := range decoders {
			if again, err := decode(b); err == nil && !bytes.Equal(again, b) {
				t.Errorf("%s reads % x and writes % x", name, b, again)
			}
		}
	})
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{networking.String(), "orders/at-2026-06-30#91", "saving/2018~2015-12-31", "a@tag=x/2026"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseKey(s); err == nil && k.String() != s {
			t.Errorf("%q is read as %q", s, k)
		}
	})
}
