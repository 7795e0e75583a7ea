package tuple

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

var series = uuid.MustParse("01935d0e-7a00-7000-8000-0000000000a1")

func example() (Header, []Row) {
	return Header{series, 20000}, []Row{
		{Time: -1, Commit: 7, Gateway: 2, Status: 0x40900000, Flags: 2, Origin: 1, Type: Float64, Bits: math.Float64bits(1.5)},
		{Time: 5, Commit: 9, Gateway: 6, Origin: 1, Type: Int64, Bits: uint64(1<<64 - 2)},
		{Time: 5, Commit: 8, Gateway: 6, Origin: 3, Type: Bool, Bits: 1},
		{Time: 5, Commit: 9, Revision: 1, Gateway: 6, Status: 0x80000000, Flags: 1, Origin: 3, Type: Null},
		{Time: 6, Commit: 9, Gateway: 6, Origin: 1, Type: String, Text: "停机 stop"},
	}
}

func TestBytesAreAsCommitted(t *testing.T) {
	h, rows := example()
	b, err := Encode(h, rows)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/tuples-v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.Dump(b); got != string(want) {
		t.Errorf("the format has changed:\n%s", got)
	}
}

// TestOrderOfEqualTimesDoesNotMatter: whatever order a scan gives rows of one source time in, the bytes are the same,
// and any other change gives others.
func TestOrderOfEqualTimesDoesNotMatter(t *testing.T) {
	h, rows := example()
	want, _ := Encode(h, rows)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		mixed := slices.Clone(rows)
		rng.Shuffle(3, func(i, j int) { mixed[1+i], mixed[1+j] = mixed[1+j], mixed[1+i] })
		got, err := Encode(h, mixed)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v: %x", err, got)
		}
	}
	seen := map[string]string{string(want): "the example"}
	differs := func(what string, h Header, rows []Row) {
		b, err := Encode(h, rows)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if other := seen[string(b)]; other != "" {
			t.Errorf("%s gives the bytes of %s", what, other)
		}
		seen[string(b)] = what
	}
	differs("another day", Header{series, 20001}, rows)
	differs("another series", Header{uuid.Nil, 20000}, rows)
	differs("no rows", h, nil)
	differs("a row less", h, rows[:4])
	differs("a row twice", h, append(slices.Clone(rows), rows[4]))
	for i := range rows {
		for what, change := range map[string]func(*Row){
			"commit": func(r *Row) { r.Commit += 100 }, "revision": func(r *Row) { r.Revision += 7 }, "gateway": func(r *Row) { r.Gateway++ },
			"status": func(r *Row) { r.Status++ }, "flags": func(r *Row) { r.Flags += 256 }, "origin": func(r *Row) { r.Origin += 5 },
			"type": func(r *Row) {
				if *r = (Row{Time: r.Time, Commit: r.Commit, Gateway: r.Gateway, Type: Int64, Bits: 77}); i == 0 {
					r.Bits = 78
				}
			},
		} {
			changed := slices.Clone(rows)
			change(&changed[i])
			differs(what+" of row "+string(rune('0'+i)), h, changed)
		}
	}
}

func TestWrongRowsAreRefused(t *testing.T) {
	h, rows := example()
	for what, bad := range map[string]Row{
		"unknown type": {Time: 9, Type: 5}, "bool of 2": {Time: 9, Type: Bool, Bits: 2}, "null with bits": {Time: 9, Bits: 1},
		"text in a number": {Time: 9, Type: Int64, Text: "1"}, "bits in a text": {Time: 9, Type: String, Bits: 1},
		"earlier": {Time: 5, Type: Int64},
	} {
		w := NewWriter(&bytes.Buffer{}, h)
		for i := range rows {
			if err := w.Add(&rows[i]); err != nil {
				t.Fatal(err)
			}
		}
		err := w.Add(&bad)
		if err == nil || errors.Is(err, ErrOrder) != (what == "earlier") {
			t.Errorf("%s: %v", what, err)
		}
		if _, e := w.Close(); e == nil {
			t.Errorf("%s: the writer closes as if nothing had been", what)
		}
	}
}

// TestStreamIsTheWhole writes many rows into a hash and compares with the bytes written by a second, plain encoder.
func TestStreamIsTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	h := sha256.New()
	w := NewWriter(h, Header{series, 1})
	var plain []byte
	plain = append(plain, "JWTUPLES\x00\x01"...)
	plain = append(plain, series[:]...)
	plain = append(plain, 0, 0, 0, 1)
	const rows = 20000
	time := int64(0)
	for i := range rows {
		time += 1 + rng.Int64N(1000)
		r := Row{Time: time, Commit: uint64(i), Gateway: time, Status: rng.Uint32(), Flags: uint16(rng.Uint32()), Origin: 1, Type: Float64, Bits: rng.Uint64()}
		if err := w.Add(&r); err != nil {
			t.Fatal(err)
		}
		plain = binary.BigEndian.AppendUint64(plain, uint64(r.Time))
		plain = binary.BigEndian.AppendUint64(plain, r.Commit)
		plain = append(plain, 0, 0, 0, 0)
		plain = binary.BigEndian.AppendUint64(plain, uint64(r.Gateway))
		plain = binary.BigEndian.AppendUint32(plain, r.Status)
		plain = binary.BigEndian.AppendUint16(plain, r.Flags)
		plain = append(plain, 1, 1)
		plain = binary.BigEndian.AppendUint64(plain, r.Bits)
	}
	n, err := w.Close()
	if err != nil || n != rows {
		t.Fatal(n, err)
	}
	plain = binary.BigEndian.AppendUint64(plain, rows)
	if want := sha256.Sum256(plain); !bytes.Equal(h.Sum(nil), want[:]) {
		t.Error("the stream differs from the plain encoding")
	}
	if len(plain) != HeaderSize+rows*(MinRow+8)+TrailerSize {
		t.Errorf("%d bytes", len(plain))
	}
}

func TestDay(t *testing.T) {
	for ns, want := range map[int64]int32{0: 0, -1: -1, 86400e9 - 1: 0, 86400e9: 1, -86400e9: -1, -86400e9 - 1: -2} {
		if got := Day(ns); got != want {
			t.Errorf("%d is day %d, want %d", ns, got, want)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestErrorOfTheDestinationIsTold(t *testing.T) {
	w := NewWriter(failing{}, Header{})
	var err error
	for i := 0; err == nil && i < 2000; i++ {
		err = w.Add(&Row{Time: int64(i), Type: String, Text: strings.Repeat("x", 100)})
	}
	if _, e := w.Close(); err == nil || e == nil {
		t.Error(err, e)
	}
}

func BenchmarkRows(b *testing.B) {
	h := sha256.New()
	w := NewWriter(h, Header{series, 1})
	r := Row{Type: Float64}
	b.ReportAllocs()
	b.SetBytes(MinRow + 8)
	for i := range b.N {
		r.Time, r.Bits = int64(i), uint64(i)
		if err := w.Add(&r); err != nil {
			b.Fatal(err)
		}
	}
}
