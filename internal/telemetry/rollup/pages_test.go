package rollup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"jingwei/internal/telemetry"
)

// trialRows are the rows of many trials: of every type, with everything that rows can have.
func trialRows(t testing.TB, seeds uint64) map[string][][]Row {
	var f Fold
	all := map[string][][]Row{}
	for _, kind := range kinds {
		for seed := range seeds {
			rows, err := newTrial(seed, kind).fold(&f, seed)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) > 0 {
				all[kind] = append(all[kind], rows)
			}
		}
	}
	return all
}

func equalRows(a, b []Row) bool {
	return slices.EqualFunc(a, b, func(a, b Row) bool { return sameRow(&a, &b) })
}

func TestRowsComeBackFromWordsAndPages(t *testing.T) {
	for kind, all := range trialRows(t, 60) {
		for i, rows := range all {
			var words []uint64
			for j := range rows {
				words = AppendRow(words, &rows[j])
			}
			rest, got := words, []Row(nil)
			for len(rest) > 0 {
				var r Row
				var err error
				if r, rest, err = DecodeRow(rest); err != nil {
					t.Fatalf("%s %d: %v", kind, i, err)
				}
				if len(AppendRow(nil, &r)) > MostWords {
					t.Fatalf("%s %d: a row of more than %d words", kind, i, MostWords)
				}
				got = append(got, r)
			}
			if !equalRows(got, rows) {
				t.Fatalf("%s %d: words give other rows", kind, i)
			}
			page, err := Encode(rows)
			if err != nil {
				t.Fatalf("%s %d: %v", kind, i, err)
			}
			got, err = Decode(page)
			if err != nil || !equalRows(got, rows) {
				t.Fatalf("%s %d: a page gives other rows: %s (%v)", kind, i, firstOther(got, rows), err)
			}
			for range 20 { // any damaged byte is noticed
				bad := bytes.Clone(page)
				bad[rand.IntN(len(bad))] ^= byte(1 + rand.IntN(255))
				if _, err := Decode(bad); !errors.Is(err, ErrMalformed) {
					t.Fatalf("%s %d: a damaged page gives %v", kind, i, err)
				}
			}
		}
	}
	if page, err := Encode(nil); err != nil || len(page) != 8 {
		t.Fatalf("no rows make %x, %v", page, err)
	} else if rows, err := Decode(page); err != nil || rows != nil {
		t.Fatalf("no rows come back as %v, %v", rows, err)
	}
}

func TestEncodeRefusesRowsThatDoNotGoTogether(t *testing.T) {
	a := Row{From: epoch, To: epoch + Minute, Type: telemetry.Float64}
	b := Row{From: epoch + Minute, To: epoch + 2*Minute, Type: telemetry.Int64}
	for name, c := range map[string]struct {
		rows []Row
		want error
	}{
		"two types":    {[]Row{a, b}, ErrRows},
		"twice":        {[]Row{a, a}, ErrRows},
		"no type":      {[]Row{{From: epoch, To: epoch + Minute}}, ErrMalformed},
		"counts":       {[]Row{{From: epoch, To: epoch + Minute, Type: telemetry.Bool, Received: 1}}, ErrMalformed},
		"off a minute": {[]Row{{From: epoch + 1, To: epoch + Minute, Type: telemetry.Bool}}, ErrMalformed},
		"too many":     {make([]Row, MaxRows+1), ErrTooMany},
	} {
		if _, err := Encode(c.rows); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestMostRowsFitAPage(t *testing.T) {
	rows := make([]Row, MaxRows)
	for i := range rows {
		from := epoch + int64(i)*Minute
		r := &rows[i]
		*r = Row{From: from, To: from + Minute, Type: telemetry.Int64, Flags: HasStates, Received: 2, Good: 2, Covered: Minute, FirstTime: from, LastTime: from + 5, Max: 1,
			Sum: Total{Hi: 1}, Integral: Total{Hi: 60, Lo: 1e-20},
			States: []State{{Bits: 0, Count: 1, Duration: 5}, {Bits: 1, Count: 1, Duration: Minute - 5}}}
	}
	rows[MaxRows-1].Integral.More = []float64{1e-60}
	page, err := Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(page)
	if err != nil || !equalRows(got, rows) {
		t.Fatalf("%d rows came back as %d (%v)", len(rows), len(got), err)
	}
	if len(page) > 1000 {
		t.Errorf("rows that are all alike take %d bytes", len(page))
	}
	many := make([]float64, 17)
	for j := range many {
		many[j] = math.Ldexp(1, -115-55*j)
	}
	for i := range rows {
		rows[i].Integral = Total{Hi: 60, Lo: math.Ldexp(1, -60), More: many}
	}
	if _, err := Encode(rows); !errors.Is(err, ErrTooMany) {
		t.Errorf("a million terms: %v", err)
	}
}

// FuzzDecode gives Decode bytes whose checksum agrees.
func FuzzDecode(f *testing.F) {
	for _, all := range trialRows(f, 3) {
		for _, rows := range all {
			page, err := Encode(rows[:min(len(rows), 20)])
			if err != nil {
				f.Fatal(err)
			}
			f.Add(page[:len(page)-4])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = binary.LittleEndian.AppendUint32(data[:len(data):len(data)], crc32.Checksum(data, castagnoli))
		rows, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		page, err := Encode(rows)
		if err != nil {
			t.Fatalf("rows that were decoded do not encode: %v", err)
		}
		again, err := Decode(page)
		if err != nil || !equalRows(rows, again) {
			t.Fatalf("rows change on their way: %v", err)
		}
	})
}

// FuzzDecodeRow: words that are taken for a row are the row's words.
func FuzzDecodeRow(f *testing.F) {
	for _, all := range trialRows(f, 3) {
		for _, rows := range all {
			var b []byte
			for _, w := range AppendRow(nil, &rows[0]) {
				b = binary.LittleEndian.AppendUint64(b, w)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var words []uint64
		for ; len(data) >= 8; data = data[8:] {
			words = append(words, binary.LittleEndian.Uint64(data))
		}
		r, rest, err := DecodeRow(words)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if got := AppendRow(nil, &r); !slices.Equal(got, words[:len(words)-len(rest)]) {
			t.Fatalf("words %x are read as %x", words, got)
		}
	})
}
