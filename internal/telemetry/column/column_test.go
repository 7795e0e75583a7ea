package column

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// classes are integer columns as they occur, by name.
func intClasses(n int) map[string][]int64 {
	r := rand.New(rand.NewPCG(1, 2))
	c := map[string][]int64{}
	add := func(name string, f func(i int) int64) {
		v := make([]int64, n)
		for i := range v {
			v[i] = f(i)
		}
		c[name] = v
	}
	const start = 1_763_000_000_000_000_000
	add("const", func(int) int64 { return 42 })
	add("linear", func(i int) int64 { return start + int64(i)*1e9 })
	add("time, ms clock with jitter", func(i int) int64 { return start + int64(i)*1e9 + r.Int64N(4)*1e6 })
	add("time, ns clock with jitter", func(i int) int64 { return start + int64(i)*1e9 + r.Int64N(3e6) })
	gap := int64(0)
	add("time with gaps", func(i int) int64 {
		if r.IntN(200) == 0 {
			gap += 3600e9
		}
		return start + int64(i)*1e9 + r.Int64N(4)*1e6 + gap
	})
	var count int64
	add("counter", func(int) int64 { count += r.Int64N(5); return count })
	add("counter with resets", func(int) int64 {
		if count += r.Int64N(5); r.IntN(300) == 0 {
			count = 0
		}
		return count
	})
	add("noise around a level", func(int) int64 { return 20000 + r.Int64N(30) })
	add("spikes", func(int) int64 {
		if r.IntN(100) == 0 {
			return 1 << 40
		}
		return r.Int64N(8)
	})
	add("square", func(i int) int64 { return int64(i) * int64(i) * 3 })
	add("random", func(int) int64 { return int64(r.Uint64()) })
	add("extremes", func(i int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0, -1, 1}[r.IntN(5)] })
	add("extreme multiples", func(i int) int64 { return []int64{-9e18, 9e18, 0, 1e9, -1e9}[r.IntN(5)] })
	var commit int64
	add("commits", func(i int) int64 {
		if i%20 == 0 {
			commit += 1 + r.Int64N(3)
		}
		return commit
	})
	return c
}

func floatClasses(n int) map[string][]uint64 {
	r := rand.New(rand.NewPCG(3, 4))
	c := map[string][]uint64{}
	add := func(name string, f func(i int) float64) {
		v := make([]uint64, n)
		for i := range v {
			v[i] = math.Float64bits(f(i))
		}
		c[name] = v
	}
	add("const", func(int) float64 { return 3.7 })
	x := 53.2
	walk := func(int) float64 {
		if r.IntN(2) == 0 {
			x = math.Round((x+float64(r.IntN(3)-1)*0.1)*10) / 10
		}
		return x
	}
	add("one decimal", walk)
	add("one decimal, odd values", func(i int) float64 {
		if r.IntN(150) == 0 {
			return math.Pi * float64(i)
		}
		return walk(i)
	})
	add("one decimal, gaps", func(i int) float64 {
		if i%97 == 0 {
			return math.NaN()
		}
		return walk(i)
	})
	y := 40.0
	add("full mantissa walk", func(int) float64 { y += (r.Float64() - 0.5) * 0.01; return y })
	add("full mantissa noise", func(int) float64 { return 40 + r.NormFloat64() })
	z := 40.0
	add("float32 walk", func(int) float64 { z = float64(float32(z + (r.Float64()-0.5)*0.05)); return z })
	var count float64
	add("counter", func(int) float64 { count += float64(r.IntN(5)); return count })
	on := 0.0
	add("switch", func(int) float64 {
		if r.IntN(120) == 0 {
			on = 1 - on
		}
		return on
	})
	add("sine", func(i int) float64 { return 100 * math.Sin(float64(i)/100) })
	add("random bits", func(int) float64 { return math.Float64frombits(r.Uint64()) })
	add("small steps of a half", func(int) float64 { return float64(r.IntN(1000)) / 2 })
	add("decimals that begin late", func(i int) float64 {
		if i%100 == 77 {
			return float64(i) + 0.25
		}
		return float64(i % 50)
	})
	add("a stretch of decimals", func(i int) float64 {
		if i > n/3 && i <= n/3+n/20+1 { // too many for exceptions, too few for the look at some rows
			return 64.5
		}
		return 64
	})
	odd := []uint64{0, 1 << 63, math.Float64bits(math.Inf(1)), math.Float64bits(math.Inf(-1)), 0x7ff8000000000001, 0x7ff0000000000001,
		0xfff4000000000000, 0x7ff4000020000000, 1, 1<<52 - 1, math.Float64bits(math.MaxFloat64), math.Float64bits(math.SmallestNonzeroFloat32),
		math.Float64bits(float64(math.MaxFloat32)), math.Float64bits(1 << 53), math.Float64bits(1<<53 + 2), math.Float64bits(-0.1)}
	v := make([]uint64, n)
	for i := range v {
		v[i] = odd[i%len(odd)]
	}
	c["special"] = v
	v = slices.Clone(v)
	for i := range v {
		v[i] = uint64(r.Uint32())<<29 | 0x7ff<<52
	}
	c["nan payloads"] = v
	v = slices.Clone(v)
	for i := range v {
		v[i] = widen(r.Uint32())
	}
	c["random float32"] = v
	return c
}

var sizes = []int{1, 2, 3, 4, 7, 8, 9, 127, 128, 129, 130, 257, 720, 5000, MaxRows}

func TestIntsComeBack(t *testing.T) {
	var s Scratch
	for _, n := range sizes {
		for name, v := range intClasses(n) {
			page := AppendInts([]byte("before"), v, &s)
			if string(page[:6]) != "before" {
				t.Fatal("bytes before the page were changed")
			}
			got, err := DecodeInts(page[6:], n, []int64{7})
			if err != nil || !slices.Equal(got[1:], v) {
				t.Fatalf("%s, %d rows: %v", name, n, err)
			}
			if len(page)-6 > 1+8*n && n > 2 {
				t.Errorf("%s, %d rows: %d bytes", name, n, len(page)-6)
			}
		}
	}
}

func TestFloatsComeBackBitForBit(t *testing.T) {
	var s Scratch
	for _, n := range sizes {
		for name, v := range floatClasses(n) {
			page := AppendFloats(nil, v, &s)
			got, err := DecodeFloats(page, n, []uint64{7})
			if err != nil || !slices.Equal(got[1:], v) {
				t.Fatalf("%s, %d rows, encoding %x: %v", name, n, page[0], err)
			}
			if len(page) > 1+8*n {
				t.Errorf("%s, %d rows: %d bytes", name, n, len(page))
			}
		}
	}
}

func BenchmarkInts(b *testing.B) {
	const n = 1440
	for name, v := range intClasses(n) {
		bench(b, name, v, AppendInts, DecodeInts)
	}
}

func BenchmarkFloats(b *testing.B) {
	const n = 1440
	for name, v := range floatClasses(n) {
		bench(b, name, v, AppendFloats, DecodeFloats)
	}
}

func bench[T any](b *testing.B, name string, v []T, enc func([]byte, []T, *Scratch) []byte, dec func([]byte, int, []T) ([]T, error)) {
	name = strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "_")
	var s Scratch
	page := enc(nil, v, &s)
	per := float64(len(v))
	b.Run("encode/"+name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			page = enc(page[:0], v, &s)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/per, "ns/value")
		b.ReportMetric(float64(len(page))/per, "B/value")
	})
	out := make([]T, 0, len(v))
	b.Run("decode/"+name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var err error
			if out, err = dec(page, len(v), out[:0]); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/per, "ns/value")
	})
}
