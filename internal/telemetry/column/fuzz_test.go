package column

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// words reads numbers from fuzzed bytes: the first byte of each says how many bytes follow, so that short inputs make
// long columns of small differences.
func words(data []byte) []uint64 {
	var v []uint64
	var last uint64
	for len(data) > 0 && len(v) < 4000 {
		k, again := int(data[0]&7)+1, int(data[0]>>3)
		var b [8]byte
		copy(b[:k], data[1:])
		d := binary.LittleEndian.Uint64(b[:])
		for range again + 1 {
			if k < 8 {
				last += d
			} else {
				last = d
			}
			v = append(v, last)
		}
		data = data[min(len(data), 1+k):]
	}
	return v
}

func seeds(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xff, 1, 0xff, 0, 0x20, 0xe8, 3, 7, 1, 2, 3, 4, 5, 6, 7, 0xf0})
	for _, v := range [][]uint64{floatClasses(40)["special"], floatClasses(40)["one decimal, gaps"], floatClasses(40)["float32 walk"]} {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(append(b, 7), x)
		}
		f.Add(b)
	}
}

func FuzzInts(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Scratch
		var v, base []int64
		for i, x := range words(data) {
			v = append(v, int64(x))
			base = append(base, int64(x)-int64(i)*1000)
		}
		got, err := DecodeInts(AppendInts(nil, v, &s), len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
		got, err = DecodeOffsets(AppendOffsets(nil, v, base, &s), len(v), base, nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
	})
}

func FuzzFloats(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Scratch
		v := words(data)
		if len(data) > 0 && data[0]&0x40 != 0 { // as decimals of changing length
			for i, x := range v {
				v[i] = math.Float64bits(float64(int16(x)) / float64(powers[x>>16%uint64(len(powers))]))
			}
		}
		got, err := DecodeFloats(AppendFloats(nil, v, &s), len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
	})
}

func FuzzBools(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Scratch
		v := words(data)
		for i := range v {
			v[i] &= 1
		}
		got, err := DecodeBools(AppendBools(nil, v, &s), len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
	})
}

func FuzzRuns(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Scratch
		var v []uint32
		for _, x := range words(data) {
			v = append(v, uint32(x))
		}
		got, err := DecodeRuns(AppendRuns(nil, v, &s), len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
	})
}

func FuzzStrings(f *testing.F) {
	f.Add("RUN\nRUN\nIDLE\n\nRUN")
	f.Add(strings.Repeat("a\nb\n", 40))
	f.Fuzz(func(t *testing.T, data string) {
		var s Scratch
		v := strings.Split(data, "\n")
		if len(v) > MaxRows {
			return
		}
		got, err := DecodeStrings(AppendStrings(nil, v, &s), len(v), nil)
		if err != nil || !slices.Equal(got, v) {
			t.Fatal(err, got, v)
		}
	})
}

// FuzzDecode gives any bytes to every decoder: no panic, no more than n values, and an error of this package. The golden
// pages are its seeds, in testdata/fuzz.
func FuzzDecode(f *testing.F) {
	for _, g := range goldenPages() {
		f.Add(g.page, uint16(g.n+1))
		f.Add(g.page[:len(g.page)-1], uint16(g.n))
	}
	f.Fuzz(func(t *testing.T, page []byte, rows uint16) {
		n := int(rows)
		check(t, page, n, DecodeInts)
		check(t, page, n, func(src []byte, n int, dst []int64) ([]int64, error) {
			return DecodeOffsets(src, n, make([]int64, n), dst)
		})
		check(t, page, n, DecodeFloats)
		check(t, page, n, DecodeBools)
		check(t, page, n, DecodeRuns)
		check(t, page, n, DecodeStrings)
	})
}

func check[T any](t *testing.T, page []byte, n int, decode func([]byte, int, []T) ([]T, error)) {
	t.Helper()
	had := make([]T, 1)
	got, err := decode(page, n, had)
	switch {
	case err != nil && (!errors.Is(err, ErrMalformed) || len(got) != 1):
		t.Fatalf("%d values and the error %v", len(got), err)
	case err == nil && len(got) != n+1:
		t.Fatalf("%d values of %d", len(got)-1, n)
	}
}

// Every page with one byte changed, cut off or added must be refused or read as other values, never crash.
func TestDamagedPages(t *testing.T) {
	for _, g := range goldenPages() {
		for i := range g.page {
			for _, change := range []byte{1, 0x10, 0x80, 0xff} {
				page := slices.Clone(g.page)
				page[i] ^= change
				g.try(t, page)
			}
			if err := g.try(t, g.page[:i]); err == nil {
				t.Errorf("%s: a page cut off at byte %d was read", g.name, i)
			}
		}
		if err := g.try(t, append(slices.Clone(g.page), 0)); err == nil {
			t.Errorf("%s: a byte too many was not noticed", g.name)
		}
	}
}
