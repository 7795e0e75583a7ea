package column

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// told writes out what changes say.
func told(c *Changes, n int) []uint64 {
	out, x, k := make([]uint64, n), c.First, 0
	for i := range out {
		if k < len(c.Rows) && int(c.Rows[k]) == i {
			x = c.Values[k]
			k++
		}
		out[i] = x
	}
	if k < len(c.Rows) {
		return nil
	}
	return out
}

// What seldom changes reads the same by its changes as row by row.
func TestChangesAreTheRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var s Scratch
	var c Changes
	read := map[string]int{}
	for round := range 2000 {
		n := 2 + r.IntN(4094)
		every := 1 + r.IntN(200)
		kind := round % 6
		x := float64(r.IntN(3))
		v := make([]uint64, n)
		for i := range v {
			if r.IntN(every) == 0 {
				switch kind {
				case 0, 5:
					x = 1 - x
				case 1:
					x = float64(r.IntN(8))
				case 2:
					x = float64(r.IntN(2000)-1000) / 10
				case 3:
					x = float64(float32(r.Float64()))
				case 4:
					x = r.NormFloat64()
				}
			}
			v[i] = math.Float64bits(x)
			if kind == 5 {
				v[i] = uint64(int(x) & 1)
			}
		}
		for name, ok := range map[string]bool{
			"floats": FloatChanges(AppendFloats(nil, v, &s), n, &c) && tells(t, "floats", round, &c, v),
			"ints":   IntChanges(AppendInts(nil, signedOf(v), &s), n, &c) && tells(t, "ints", round, &c, v),
			"bools":  kind == 5 && BoolChanges(AppendBools(nil, v, &s), n, &c) && tells(t, "bools", round, &c, v),
		} {
			if ok {
				read[name]++
			}
		}
	}
	for _, name := range []string{"floats", "ints", "bools"} {
		if read[name] < 50 {
			t.Errorf("only %d pages of %s were read by their changes", read[name], name)
		}
	}
}

func signedOf(v []uint64) []int64 {
	out := make([]int64, len(v))
	for i, x := range v {
		out[i] = int64(x)
	}
	return out
}

func tells(t *testing.T, kind string, round int, c *Changes, want []uint64) bool {
	t.Helper()
	if got := told(c, len(want)); !slices.Equal(got, want) {
		t.Fatalf("%s, round %d: changes %+v tell %v, want %v", kind, round, *c, got, want)
	}
	return true
}

// FuzzChanges: whatever the bytes are, where they are read by changes at all, decoding the rows tells the same.
func FuzzChanges(f *testing.F) {
	var s Scratch
	for _, v := range [][]uint64{{1, 1, 0, 0, 1}, slices.Repeat([]uint64{7}, 300), append(slices.Repeat([]uint64{3}, 200), slices.Repeat([]uint64{9}, 200)...)} {
		f.Add(AppendInts(nil, signedOf(v), &s), uint16(len(v)))
		f.Add(AppendBools(nil, v, &s), uint16(len(v)))
		for i, x := range v {
			v[i] = math.Float64bits(float64(x) / 10)
		}
		f.Add(AppendFloats(nil, v, &s), uint16(len(v)))
	}
	f.Fuzz(func(t *testing.T, page []byte, rows uint16) {
		n := int(rows)
		var c Changes
		if FloatChanges(page, n, &c) {
			got, err := DecodeFloats(page, n, nil)
			if err != nil || !slices.Equal(told(&c, n), got) {
				t.Fatalf("floats: %v\n%v\n%v", err, told(&c, n), got)
			}
		}
		if IntChanges(page, n, &c) {
			got, err := DecodeInts(page, n, nil)
			if err != nil || !slices.Equal(signedOf(told(&c, n)), got) {
				t.Fatalf("ints: %v\n%v\n%v", err, told(&c, n), got)
			}
		}
		if BoolChanges(page, n, &c) {
			got, err := DecodeBools(page, n, nil)
			if err != nil || !slices.Equal(told(&c, n), got) {
				t.Fatalf("bools: %v\n%v\n%v", err, told(&c, n), got)
			}
		}
	})
}
