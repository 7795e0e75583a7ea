package column

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is a page of each encoding. The files freeze the format: they change only with its version.
type golden struct {
	name, says string
	n          int
	page       []byte
	values     string                         // the values, one per line
	read       func([]byte) (string, error)   // decodes and prints
	try        func(*testing.T, []byte) error // decodes
}

func goldenPages() []golden {
	var s Scratch
	var all []golden
	add := func(name, says string, n int, page []byte, values string, read func([]byte) (string, error)) {
		all = append(all, golden{name, says, n, page, values, read, func(_ *testing.T, p []byte) error { _, err := read(p); return err }})
	}
	ints := func(name, says string, v ...int64) {
		add(name, says, len(v), AppendInts(nil, v, &s), show("%d", v), func(p []byte) (string, error) {
			got, err := DecodeInts(p, len(v), nil)
			return show("%d", got), err
		})
	}
	floats := func(name, says string, v ...uint64) {
		add(name, says, len(v), AppendFloats(nil, v, &s), show("%016x", v), func(p []byte) (string, error) {
			got, err := DecodeFloats(p, len(v), nil)
			return show("%016x", got), err
		})
	}
	const t0 = 1_763_000_000_123_000_000
	many := func(n int, f func(i int64) int64) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = f(int64(i))
		}
		return v
	}
	ints("ints-const", "three equal rows", -7, -7, -7)
	ints("ints-linear", "rows one second apart", t0, t0+1e9, t0+2e9, t0+3e9)
	ints("ints-distances", "noise around a level: framed distances from the first row", many(20, func(i int64) int64 { return 5000 + i*i*7%30 })...)
	ints("ints-steps-ms", "times of a millisecond clock with one gap: unit 10^6, steps, an exception",
		many(140, func(i int64) int64 { return t0 + i*1e9 + i*i*11%4*1e6 + i/70*3600e9 })...)
	ints("ints-restless", "steps that are zero most of the time: exceptions told by a bit for each row",
		many(140, func(i int64) int64 { return 500 + i/5*i%1000*(i%5/4)/100 - i/90 })...)
	ints("ints-changes", "squares: changes of steps", many(12, func(i int64) int64 { return i * i * 1000 })...)
	ints("ints-raw", "numbers without pattern", -0x7fedcba987654321, 0x7123456789abcdef, -0x6aaaaaaaaaaaaaaa, 0x6123123123123123)
	base := many(10, func(i int64) int64 { return t0 + i*1e9 })
	offsets := func(name, says string, v ...int64) {
		add(name, says, len(v), AppendOffsets(nil, v, base[:len(v)], &s), show("%d", v), func(p []byte) (string, error) {
			got, err := DecodeOffsets(p, len(v), base[:len(v)], nil)
			return show("%d", got), err
		})
	}
	offsets("offsets-const", "2 ms behind base, which is 1763000000123000000 and on by seconds", base[0]+2e6, base[1]+2e6, base[2]+2e6)
	offsets("offsets-packed", "4 to 6 ms behind the same base", many(10, func(i int64) int64 { return base[i] + 4e6 + i*i%3*1e6 })...)
	floats("floats-const", "the payload of a NaN", 0x7ff0000000000bad, 0x7ff0000000000bad)
	floats("floats-scaled", "one decimal with -0 as an exception",
		bitsOf(20.1, 20.2, 20.1, 20.4, negativeZero, 20.3, 20.1, 20.2, 20.3, 20.2, 20.2, 20.4)...)
	floats("floats-bits32", "float32 with infinity", bitsOf(float64(float32(0.1)), float64(float32(1.0/3)), infinity, float64(float32(0.7)))...)
	floats("floats-bits64", "full mantissas that end in 4 zero bits",
		0x4049000000001230, 0x4049000000004560, 0x4049000000009870, 0x4049000000000010, 0x4049000000007770)
	floats("floats-raw", "bits without pattern", 0x9012345678abcdef, 0x0fedcba987654321, 0xd555555555555555, 0x6123123123123123)
	bools := func(name, says string, v ...uint64) {
		add(name, says, len(v), AppendBools(nil, v, &s), show("%d", v), func(p []byte) (string, error) {
			got, err := DecodeBools(p, len(v), nil)
			return show("%d", got), err
		})
	}
	bools("bools-const", "always on", 1, 1, 1, 1)
	bools("bools-runs", "on for 30 rows, off for 20", append(slices.Repeat([]uint64{1}, 30), make([]uint64, 20)...)...)
	bools("bools-bits", "changing", 1, 0, 1, 1, 0, 0, 1, 0, 1, 1)
	runs := func(name, says string, v ...uint32) {
		add(name, says, len(v), AppendRuns(nil, v, &s), show("%08x", v), func(p []byte) (string, error) {
			got, err := DecodeRuns(p, len(v), nil)
			return show("%08x", got), err
		})
	}
	runs("runs-const", "Good", 0, 0, 0)
	runs("runs-runs", "Good, Bad_NoCommunication, Good, Uncertain",
		slices.Concat(make([]uint32, 9), slices.Repeat([]uint32{0x80310000}, 3), make([]uint32, 200), []uint32{0x40000000})...)
	runs("runs-raw", "all different", 0xdeadbeef, 0xcafebabe, 0xfeedface)
	texts := func(name, says string, v ...string) {
		add(name, says, len(v), AppendStrings(nil, v, &s), show("%q", v), func(p []byte) (string, error) {
			got, err := DecodeStrings(p, len(v), nil)
			return show("%q", got), err
		})
	}
	texts("strings-table", "states", "RUN", "RUN", "待机", "RUN", "", "待机", "RUN")
	unique := make([]string, 40)
	for i := range unique {
		unique[i] = fmt.Sprintf("lot-%d", i*7)
	}
	texts("strings-plain", "lot numbers", unique...)
	return all
}

func show[T any](format string, v []T) string {
	var b strings.Builder
	for _, x := range v {
		fmt.Fprintf(&b, format+"\n", x)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	encodings := map[byte]bool{}
	for _, g := range goldenPages() {
		encodings[g.page[0]] = true
		file := filepath.Join("testdata", "golden", g.name+".txt")
		want := fmt.Sprintf("# %s\n# rows: %d\n%s# values:\n%s", g.says, g.n, hexLines(g.page), g.values)
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			writeSeed(t, g)
		}
		kept, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(kept) != want {
			t.Errorf("%s: the page is no longer written as the golden file says:\n%s", g.name, want)
		}
		// what was written once must always be read, whatever the encoder does today
		head, values, _ := strings.Cut(string(kept), "# values:\n")
		var page []byte
		for line := range strings.Lines(head) {
			if !strings.HasPrefix(line, "#") {
				b, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(line), " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				page = append(page, b...)
			}
		}
		got, err := g.read(page)
		if err != nil || got != values {
			t.Errorf("%s: the golden page reads as\n%s%v", g.name, got, err)
		}
	}
	if len(encodings) != 19 {
		t.Errorf("the golden files show %d encodings", len(encodings))
	}
}

func hexLines(b []byte) string {
	var out bytes.Buffer
	for c := range slices.Chunk(b, 32) {
		fmt.Fprintf(&out, "% x\n", c)
	}
	return out.String()
}

var (
	negativeZero = math.Copysign(0, -1)
	infinity     = math.Inf(1)
)

func bitsOf(v ...float64) []uint64 {
	b := make([]uint64, len(v))
	for i, x := range v {
		b[i] = math.Float64bits(x)
	}
	return b
}

// writeSeed keeps the page as a seed of FuzzDecode.
func writeSeed(t *testing.T, g golden) {
	dir := filepath.Join("testdata", "fuzz", "FuzzDecode")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	seed := fmt.Sprintf("go test fuzz v1\n[]byte(%+q)\nuint16(%d)\n", g.page, g.n)
	if err := os.WriteFile(filepath.Join(dir, g.name), []byte(seed), 0o644); err != nil {
		t.Fatal(err)
	}
}
