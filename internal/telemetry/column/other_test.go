package column

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestOffsetsComeBack(t *testing.T) {
	var s Scratch
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range sizes {
		for name, base := range intClasses(n) {
			for _, late := range []int64{0, 3, 5e6, 1 << 62} {
				v := make([]int64, n)
				for i := range v {
					v[i] = base[i] + late
					if late == 5e6 {
						v[i] += r.Int64N(10) * 1e5
					}
				}
				page := AppendOffsets(nil, v, base, &s)
				got, err := DecodeOffsets(page, n, base, nil)
				if err != nil || !slices.Equal(got, v) {
					t.Fatalf("%s, %d rows: %v", name, n, err)
				}
				if late != 5e6 && len(page) > 11 {
					t.Errorf("%s, %d rows: a constant latency takes %d bytes", name, n, len(page))
				}
			}
		}
	}
	if _, err := DecodeOffsets([]byte{0x20, 0}, 2, []int64{1}, nil); err == nil {
		t.Error("a base of other length was taken")
	}
}

func boolClasses(n int) map[string][]uint64 {
	r := rand.New(rand.NewPCG(7, 8))
	c := map[string][]uint64{"off": make([]uint64, n), "on": make([]uint64, n), "rare": make([]uint64, n), "random": make([]uint64, n)}
	now := uint64(1)
	for i := range n {
		if r.IntN(120) == 0 {
			now ^= 1
		}
		c["on"][i], c["rare"][i], c["random"][i] = 1, now, r.Uint64()&1
	}
	return c
}

func TestBoolsComeBack(t *testing.T) {
	var s Scratch
	for _, n := range sizes {
		for name, v := range boolClasses(n) {
			page := AppendBools(nil, v, &s)
			got, err := DecodeBools(page, n, nil)
			if err != nil || !slices.Equal(got, v) {
				t.Fatalf("%s, %d rows: %v", name, n, err)
			}
			if len(page) > 2+(n+7)/8 {
				t.Errorf("%s, %d rows: %d bytes", name, n, len(page))
			}
		}
	}
	got, err := DecodeBools(AppendBools(nil, []uint64{0, 7, 2, 0}, &s), 4, nil)
	if err != nil || !slices.Equal(got, []uint64{0, 1, 1, 0}) {
		t.Errorf("a value other than 0 reads as %v, %v; want 1", got, err)
	}
}

func runClasses(n int) map[string][]uint32 {
	r := rand.New(rand.NewPCG(9, 10))
	c := map[string][]uint32{}
	now := uint32(0)
	for i := range n {
		if r.IntN(100) == 0 {
			now = []uint32{0, 0x40900000, 0x80310000}[r.IntN(3)]
		}
		c["good"] = append(c["good"], 0)
		c["greatest"] = append(c["greatest"], 1<<32-1)
		c["statuses"] = append(c["statuses"], now)
		c["flapping"] = append(c["flapping"], uint32(i%2)*0x80310000)
		c["many values"] = append(c["many values"], uint32(i/10%70)*1000)
		c["random"] = append(c["random"], r.Uint32())
	}
	return c
}

func TestRunsComeBack(t *testing.T) {
	var s Scratch
	for _, n := range sizes {
		for name, v := range runClasses(n) {
			page := AppendRuns(nil, v, &s)
			got, err := DecodeRuns(page, n, nil)
			if err != nil || !slices.Equal(got, v) {
				t.Fatalf("%s, %d rows: %v", name, n, err)
			}
			if len(page) > max(6, 1+4*n) {
				t.Errorf("%s, %d rows: %d bytes", name, n, len(page))
			}
		}
	}
}

func stringClasses(n int) map[string][]string {
	r := rand.New(rand.NewPCG(11, 12))
	c := map[string][]string{}
	now := "RUN"
	for i := range n {
		if r.IntN(60) == 0 {
			now = []string{"RUN", "待机", "报警 E-417", ""}[r.IntN(4)]
		}
		c["empty"] = append(c["empty"], "")
		c["states"] = append(c["states"], now)
		c["unique"] = append(c["unique"], fmt.Sprintf("lot-%08d", i))
		c["shuffled states"] = append(c["shuffled states"], fmt.Sprint(r.IntN(40)))
		c["any bytes"] = append(c["any bytes"], string([]byte{0xff, 0, byte(r.IntN(256))}))
	}
	c["one long"] = append(slices.Repeat([]string{"x"}, n-1), strings.Repeat("long ", 50_000))
	return c
}

func TestStringsComeBack(t *testing.T) {
	var s Scratch
	for _, n := range sizes {
		for name, v := range stringClasses(n) {
			page := AppendStrings(nil, v, &s)
			got, err := DecodeStrings(page, n, nil)
			if err != nil || !slices.Equal(got, v) {
				t.Fatalf("%s, %d rows: %v", name, n, err)
			}
			if name == "states" && n == 5000 && len(page) > 1200 || name == "shuffled states" && n == 5000 && len(page) > 4300 {
				t.Errorf("%s take %d bytes in %d rows", name, len(page), n)
			}
		}
	}
	if len(s.index) != 0 || slices.IndexFunc(s.order[:cap(s.order)], func(x string) bool { return x != "" }) >= 0 {
		t.Error("the scratch memory keeps strings alive")
	}
}

func TestNoRowsTakeNoBytes(t *testing.T) {
	var s Scratch
	page := AppendInts(nil, nil, &s)
	page = AppendOffsets(page, nil, nil, &s)
	page = AppendFloats(page, nil, &s)
	page = AppendBools(page, nil, &s)
	page = AppendRuns(page, nil, &s)
	page = AppendStrings(page, nil, &s)
	if len(page) != 0 {
		t.Fatalf("%x", page)
	}
	if got, err := DecodeInts(nil, 0, nil); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
	if _, err := DecodeFloats([]byte{0x30}, 0, nil); err == nil {
		t.Error("bytes for no rows were taken")
	}
}

func TestTooManyRows(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an encoder took 65,536 rows")
		}
	}()
	if _, err := DecodeInts([]byte{0x10, 0}, MaxRows+1, nil); err == nil {
		t.Error("a decoder took 65,536 rows")
	}
	AppendInts(nil, make([]int64, MaxRows+1), new(Scratch))
}

// The bytes of a page must not depend on what the scratch memory was used for before.
func TestScratchLeavesNoTrace(t *testing.T) {
	var used Scratch
	AppendStrings(nil, []string{"a", "b", "a"}, &used)
	for _, v := range floatClasses(3000) {
		AppendFloats(nil, v, &used)
	}
	for name, v := range floatClasses(500) {
		if !slices.Equal(AppendFloats(nil, v, &used), AppendFloats(nil, v, new(Scratch))) {
			t.Errorf("%s: other bytes with used scratch memory", name)
		}
	}
}

// Every size that the codecs are chosen for: bytes per value may not grow by accident.
func TestPagesStaySmall(t *testing.T) {
	const n = 1440
	var s Scratch
	most := func(name string, page []byte, bytes float64) {
		t.Helper()
		if got := float64(len(page)) / n; got > bytes {
			t.Errorf("%s takes %.3f bytes a value, at most %.3f expected", name, got, bytes)
		}
	}
	i := intClasses(n)
	most("regular times", AppendInts(nil, i["linear"], &s), 0.02)
	most("jittering times in whole milliseconds", AppendInts(nil, i["time, ms clock with jitter"], &s), 0.42)
	most("the same with gaps", AppendInts(nil, i["time with gaps"], &s), 0.50)
	most("a counter", AppendInts(nil, i["counter"], &s), 0.48)
	most("noise with spikes", AppendInts(nil, i["spikes"], &s), 0.50)
	f := floatClasses(n)
	most("one decimal", AppendFloats(nil, f["one decimal"], &s), 0.28)
	most("one decimal with odd values", AppendFloats(nil, f["one decimal, odd values"], &s), 0.40)
	most("a full mantissa walk", AppendFloats(nil, f["full mantissa walk"], &s), 5.2)
	most("a float32 walk", AppendFloats(nil, f["float32 walk"], &s), 1.8)
	most("a switch", AppendFloats(nil, f["switch"], &s), 0.1)
}

func BenchmarkOther(b *testing.B) {
	const n = 1440
	for name, v := range boolClasses(n) {
		bench(b, "bools "+name, v, AppendBools, DecodeBools)
	}
	for name, v := range runClasses(n) {
		bench(b, "runs "+name, v, AppendRuns, DecodeRuns)
	}
	for name, v := range stringClasses(n) {
		bench(b, "strings "+name, v, AppendStrings, DecodeStrings)
	}
}
