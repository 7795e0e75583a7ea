package figure

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
)

// observed are n rows with observations of a root and a few small numbers, as definitions have them.
func observed(n int, seed uint64) []Row {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]Row, n)
	for i := range out {
		o := make([]byte, 33, 64)
		o[0] = 1
		for j := 1; j < len(o); j++ {
			o[j] = byte(random.Uint32())
		}
		o = append(o, 2, 0x31, 1, 2, byte(random.Uint32N(100)), 2, 1, 0x31, 1, 4, byte(random.Uint32()), byte(random.Uint32()), 2, 1)
		out[i] = Row{Code: fmt.Sprintf("91430%013d", i*37), Commit: 1_780_000_000_000_000_000 + int64(i/1000), Observation: o}
	}
	return out
}

func equalRows(a, b []Row) bool {
	return slices.EqualFunc(a, b, func(x, y Row) bool {
		return x.Code == y.Code && x.Commit == y.Commit && bytes.Equal(x.Observation, y.Observation)
	})
}

func TestColumnGivesBackItsRows(t *testing.T) {
	for _, n := range []int{0, 1, 2, pageRows - 1, pageRows, pageRows + 1, 3000} {
		rows := observed(n, 1)
		for i := 0; i < n; i += 7 {
			rows[i].Observation = nil // withdrawn
		}
		b, err := EncodeRows(rows)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeRows(b)
		if err != nil || !equalRows(back, rows) {
			t.Fatalf("%d rows: %d came back, %v", n, len(back), err)
		}
		var codes []string
		var want []Row
		for i := 0; i < n; i += 11 {
			codes, want = append(codes, rows[i].Code, rows[i].Code+"0"), append(want, rows[i])
		}
		found, err := FindRows(b, append([]string{"0"}, codes...))
		if err != nil || !equalRows(found, want) {
			t.Errorf("of %d rows %d are found, want %d, %v", n, len(found), len(want), err)
		}
	}
}

func TestColumnRefusesRowsThatAreNone(t *testing.T) {
	for name, rows := range map[string][]Row{
		"twice": {{Code: "A", Observation: []byte{1}}, {Code: "A", Observation: []byte{1}}}, "descending": {{Code: "B"}, {Code: "A"}}, "no code": {{}},
		"a long code": {{Code: string(make([]byte, maxCode+1))}}, "a large observation": {{Code: "A", Observation: make([]byte, maxObservation+1)}},
	} {
		if _, err := EncodeRows(rows); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	b, err := EncodeRows(observed(600, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 2, 10, 50, len(b) / 2, len(b) - 1} {
		if _, err := DecodeRows(b[:n]); !errors.Is(err, ErrBytes) {
			t.Errorf("%d of %d bytes are read: %v", n, len(b), err)
		}
	}
}

func TestNewerRowsLieOverOlder(t *testing.T) {
	old := []Row{{"A", 1, []byte{1}}, {"B", 1, []byte{1}}, {"D", 1, []byte{1}}}
	young := []Row{{"B", 2, []byte{2}}, {"C", 2, []byte{2}}, {"D", 2, nil}}
	got := MergeRows(old, young)
	if want := []Row{{"A", 1, []byte{1}}, {"B", 2, []byte{2}}, {"C", 2, []byte{2}}, {"D", 2, nil}}; !reflect.DeepEqual(got, want) {
		t.Fatalf("%v", got)
	}
	if got := Standing(got); len(got) != 3 || got[2].Code != "C" {
		t.Errorf("%v", got)
	}
}

func TestChainHoldsEveryPlaceOnce(t *testing.T) {
	for place := int64(0); place < 1000; place++ {
		end, links := place, chain(place)
		for _, p := range links {
			if p != end {
				t.Fatalf("the chain of %d is %v", place, links)
			}
			end = p - lowDigit(p)
		}
		if end != 0 || len(links) > 7*4 {
			t.Fatalf("the chain of %d is %v", place, links)
		}
	}
}

// Columns that an earlier version wrote are read.
func TestColumnOfFormatOneIsRead(t *testing.T) {
	b, err := os.ReadFile("testdata/column1.bin")
	if err != nil {
		t.Fatal(err)
	}
	want := observed(300, 1)
	for i := 0; i < len(want); i += 7 {
		want[i].Observation = nil
	}
	if rows, err := DecodeRows(b); err != nil || !equalRows(rows, want) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if rows, err := FindRows(b, []string{want[3].Code, want[7].Code, want[299].Code, "Z"}); err != nil || !equalRows(rows, []Row{want[3], want[7], want[299]}) {
		t.Errorf("%v, %v", rows, err)
	}
}

// No byte of a column can change without that being seen: in its head at once, in a page when it is read.
func TestColumnIsSealed(t *testing.T) {
	rows := observed(100, 4)
	blob, err := EncodeRows(rows)
	if err != nil {
		t.Fatal(err)
	}
	head, err := columnOf(blob)
	if err != nil {
		t.Fatal(err)
	}
	for i := range blob {
		b := slices.Clone(blob)
		b[i] ^= 1 << (i % 8)
		if c, err := columnOf(b); err == nil && c.hash == head.hash {
			if _, err := c.all(); err == nil {
				t.Fatalf("byte %d of %d was changed, and nobody saw it", i, len(blob))
			}
		}
	}
	last := slices.Clone(blob)
	last[len(last)-1] ^= 1
	if found, err := FindRows(last, []string{rows[0].Code}); err != nil || !equalRows(found, rows[:1]) {
		t.Errorf("a page is looked at that was not asked for: %v", err)
	}
}

// Whatever comes is refused, or is rows that ascend.
func FuzzColumn(f *testing.F) {
	for _, n := range []int{0, 1, 5, 300} {
		b, err := EncodeRows(observed(n, 2))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "9143000000000000037")
	}
	var w pageWriter
	f.Add(w.append(nil, observed(5, 2)), "9143000000000000037")
	if old, err := os.ReadFile("testdata/column1.bin"); err == nil {
		f.Add(old, "9143000000000000037")
	}
	f.Fuzz(func(t *testing.T, b []byte, code string) {
		p := page{hash: Sum(b), body: b}
		var s sheet
		if s.read(b) == nil && s.rows > 0 {
			p.first = slices.Clone(s.code(0))
			whole, err := p.all(&s, nil)
			if err != nil || len(whole) != s.rows {
				t.Fatalf("a page of %d rows gives %d: %v", s.rows, len(whole), err)
			}
		}
		rows, err := DecodeRows(b)
		found, again := FindRows(b, []string{code})
		if err != nil {
			return
		}
		if again != nil {
			t.Errorf("a column is read, and %q cannot be looked for: %v", code, again)
		}
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Code == code })
		if (i >= 0) != (len(found) == 1) {
			t.Errorf("%q stands at %d, found %v", code, i, found)
		}
		packed, err := EncodeRows(rows)
		if err != nil {
			t.Fatalf("rows that were read cannot be written: %v", err)
		}
		if back, err := DecodeRows(packed); err != nil || !equalRows(back, rows) {
			t.Errorf("rows change when they are written: %v", err)
		}
	})
}

func BenchmarkColumn(b *testing.B) {
	rows := observed(40_000, 3)
	blob, err := EncodeRows(rows)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if _, err := EncodeRows(rows); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(blob))/float64(len(rows)), "B/row")
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			if _, err := DecodeRows(blob); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			if rows, err := FindRows(blob, []string{rows[12345].Code}); err != nil || len(rows) != 1 {
				b.Fatal(err)
			}
		}
	})
	b.Run("merge", func(b *testing.B) {
		for b.Loop() {
			MergeRows(rows, rows[:400])
		}
	})
}
