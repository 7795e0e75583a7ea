package tuple

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
)

var columnsOf = Header{Series: uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1"), Day: 20_000}

func packed(t testing.TB, rows []Row) []byte {
	t.Helper()
	c := NewColumns(columnsOf)
	for i := range rows {
		if err := c.Add(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	return c.Bytes()
}

// mixed are rows of all types with whatever values.
func mixed(r *rand.Rand, n int) (out []Row) {
	at := r.Int64N(1 << 60)
	for range n {
		at += r.Int64N(3) * int64(1+r.IntN(1_000_000_000))
		x := Row{Time: at, Commit: r.Uint64N(1 << 40), Revision: r.Uint32N(3), Gateway: at + r.Int64N(1000) - 500, Status: r.Uint32(), Flags: uint16(r.Uint32()), Origin: uint8(r.Uint32()), Type: Type(r.IntN(5))}
		switch x.Type {
		case Float64, Int64:
			x.Bits = r.Uint64()
		case Bool:
			x.Bits = r.Uint64N(2)
		case String:
			x.Text = string(bytes.Repeat([]byte{'a'}, r.IntN(9)))
		}
		out = append(out, x)
	}
	return out
}

func TestColumnsGiveTheRowsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	edges := []Row{{Time: math.MinInt64, Gateway: math.MaxInt64, Commit: math.MaxUint64, Revision: math.MaxUint32, Type: Int64, Bits: 1 << 63}, {Time: math.MaxInt64, Gateway: math.MinInt64, Type: Int64, Bits: math.MaxInt64}}
	for _, rows := range [][]Row{nil, mixed(r, 1), mixed(r, 7), mixed(r, 3000), edges} {
		var got []Row
		h, err := ReadColumns(packed(t, rows), func(x *Row) error { got = append(got, *x); return nil })
		if err != nil || h != columnsOf || len(got) != len(rows) {
			t.Fatalf("%d rows became %d of %+v: %v", len(rows), len(got), h, err)
		}
		for i := range rows {
			if rows[i] != got[i] {
				t.Fatalf("row %d: %+v became %+v", i, rows[i], got[i])
			}
		}
	}
}

// A month of a meter that is read once a minute: the samples take some bytes each.
func TestColumnsAreSmall(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows, wh := make([]Row, 43_200), 1_234_567.0
	for i := range rows {
		wh += math.Round(r.Float64()*300) / 10
		at := int64(i)*60e9 + r.Int64N(3e6)
		rows[i] = Row{Time: 1_780_000_000e9 + at, Commit: uint64(i) * 3, Gateway: 1_780_000_000e9 + at + r.Int64N(2e6), Origin: 1, Type: Float64, Bits: math.Float64bits(wh)}
	}
	b := packed(t, rows)
	plain, err := Encode(columnsOf, rows)
	if err != nil || len(b) > len(plain)/3 {
		t.Errorf("%d bytes of %d: %v", len(b), len(plain), err)
	}
	t.Logf("%d rows: %d bytes canonical, %d packed, %.1f a row", len(rows), len(plain), len(b), float64(len(b))/float64(len(rows)))
}

func TestBadColumnsAreRefused(t *testing.T) {
	good := packed(t, mixed(rand.New(rand.NewPCG(5, 6)), 50))
	none := func(*Row) error { return nil }
	many := bytes.Clone(good)
	many[33] = 1 // more rows than are read
	short := bytes.Clone(good)
	short[37]-- // fewer rows than the columns have
	for name, b := range map[string][]byte{"nothing": nil, "text": []byte(`{"rows":"1"}`), "cut off": good[:len(good)-9], "only a header": good[:columnsHead], "many": many, "short": short, "more": append(bytes.Clone(good), 'x')} {
		if _, err := ReadColumns(b, none); !errors.Is(err, ErrColumns) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := NewColumns(columnsOf).Add(&Row{Type: Bool, Bits: 2}); err == nil {
		t.Error("a bool of 2 was packed")
	}
	stop := errors.New("stop")
	if _, err := ReadColumns(good, func(*Row) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// FuzzColumns: whatever is read is packed and read again as the same.
func FuzzColumns(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 1, 40} {
		f.Add(packed(f, mixed(r, n)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var rows []Row
		h, err := ReadColumns(b, func(x *Row) error {
			if rows = append(rows, *x); len(rows) > 10_000 {
				return errors.New("enough")
			}
			return nil
		})
		if err != nil || h != columnsOf {
			return
		}
		i := 0
		if _, err := ReadColumns(packed(t, rows), func(x *Row) error {
			if *x != rows[i] {
				t.Fatalf("row %d: %+v became %+v", i, rows[i], *x)
			}
			i++
			return nil
		}); err != nil || i != len(rows) {
			t.Fatalf("%d of %d rows: %v", i, len(rows), err)
		}
	})
}
