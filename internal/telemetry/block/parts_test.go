package block

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/column"
	"jingwei/internal/telemetry/sum"
)

const partStart = 1_795_219_200_000_000_000 - 100_000_000_000 // not at the begin of a part

// divided builds a block of chunks that are long enough for parts: rows of a second, some of them not usable.
func divided(t testing.TB, seed uint64, rows int) ([]byte, []made) {
	r := rand.New(rand.NewPCG(seed, 9))
	b := NewBuilder(id(778))
	var all []made
	for k, good := range []bool{true, false} {
		f := frameOf(r, rows, partStart)
		for i := range f.Status {
			if good || r.IntN(4) > 0 {
				f.Status[i], f.Flags[i] = 0, 0
			}
			if !good && i > rows/2 && i < rows/2+320 {
				f.Status[i] = 0x80310000 // a part without a usable row
			}
		}
		at := b.Frame(&f)
		for s, make := range []func(i int) uint64{
			func(int) uint64 { return math.Float64bits(math.Round(r.NormFloat64()*100) / 10) }, // decimals on both sides of zero
			func(int) uint64 { return math.Float64bits(50 + r.NormFloat64()) },
			func(int) uint64 { return math.Float64bits(float64(float32(20 + r.NormFloat64()))) },
			func(i int) uint64 { return math.Float64bits(float64(1e6 + i/3)) },
			func(i int) uint64 { return math.Float64bits([]float64{0.3, 95, math.Copysign(0, -1)}[i/500%3]) },
			func(i int) uint64 { return math.Float64bits(math.Ldexp(r.Float64(), r.IntN(12)-4)) },
			func(i int) uint64 { return uint64(int64(i*i%1000 - 400)) },
			func(i int) uint64 { return uint64(i / 40 % 2) },
		} {
			m := made{id: id(10*k + s), typ: Float64, frame: f}
			switch s {
			case 6:
				m.typ = Int64
			case 7:
				m.typ = Bool
			}
			for i := range rows {
				m.values.Bits = append(m.values.Bits, make(i))
			}
			b.Chunk(m.id, m.typ, Current, at, &m.frame, &m.values)
			all = append(all, m)
		}
	}
	for _, m := range all {
		for _, c := range b.Unexplained(m.frame.Commit, nil) {
			b.Explain(Arrival{Commit: c, Time: int64(c) * 1000, Producer: id(int(c % 3)), Epoch: 1, Seq: c})
		}
	}
	data, _, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(data), all
}

func chunkOf(t testing.TB, r *Reader, id uuid.UUID) *Chunk {
	t.Helper()
	c, err := r.Chunks(id, math.MinInt64, math.MaxInt64, nil)
	if err != nil || len(c) != 1 {
		t.Fatalf("%d chunks, %v", len(c), err)
	}
	return &c[0]
}

// usableParts counts the parts that have usable rows.
func usableParts(ch *Chunk, f *Frame) (n int) {
	from := 0
	for _, end := range AppendEnds(nil, f.Time, ch.PartStep()) {
		good := false
		for ; from < int(end); from++ {
			good = good || usable(f, from)
		}
		if good {
			n++
		}
	}
	return n
}

// checkParts compares what a chunk tells about its parts, or its changes, with its rows. It returns which of the two it has.
func checkParts(t testing.TB, ch *Chunk, m *made) (parts, changes bool) {
	t.Helper()
	var c column.Changes
	changes, err := ch.DecodeChanges(&c)
	if err != nil {
		t.Fatal(err)
	}
	x, k := c.First, 0
	for i := 0; changes && i < len(m.values.Bits); i++ {
		if k < len(c.Rows) && int(c.Rows[k]) == i {
			x = c.Values[k]
			k++
		}
		if x != m.values.Bits[i] {
			t.Fatalf("row %d is %x by its changes, want %x", i, x, m.values.Bits[i])
		}
	}
	step := ch.PartStep()
	if step == 0 {
		return false, changes
	}
	type part struct {
		number int64
		good   []uint64
	}
	var want []part
	for i, x := range m.values.Bits {
		if !usable(&m.frame, i) {
			continue
		}
		if p := m.frame.Time[i] / step; len(want) == 0 || want[len(want)-1].number != p {
			want = append(want, part{number: p})
		}
		want[len(want)-1].good = append(want[len(want)-1].good, x)
	}
	var p Parts
	if err := ch.DecodeParts(len(want), &p); err != nil {
		t.Fatal(err)
	}
	if n := usableParts(ch, &m.frame); n != len(want) {
		t.Fatalf("%d parts, want %d", n, len(want))
	}
	if err := ch.VerifyParts(); err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		less := func(a, b uint64) int {
			x, y := int64(a), int64(b)
			if m.typ == Float64 {
				x, y = ordered(a), ordered(b)
			}
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
		if got, want := p.Part(i), (Part{w.good[0], slices.MinFunc(w.good, less), slices.MaxFunc(w.good, less), w.good[len(w.good)-1]}); got != want {
			t.Fatalf("series %s, part %d: %x, want %x", m.id, i, got, want)
		}
		exact, total := new(big.Float).SetPrec(2400), 0.0
		for _, x := range w.good {
			if m.typ == Float64 {
				exact.Add(exact, new(big.Float).SetFloat64(math.Float64frombits(x)))
			} else {
				exact.Add(exact, new(big.Float).SetInt64(int64(x)))
			}
		}
		if m.typ == Float64 {
			pair := p.Float(i, len(w.good))
			if sum := new(big.Float).SetPrec(2400).Add(new(big.Float).SetFloat64(pair.Hi), new(big.Float).SetFloat64(pair.Lo)); sum.Cmp(exact) != 0 {
				t.Fatalf("series %s, part %d: sum %v + %v, want %v", m.id, i, pair.Hi, pair.Lo, exact)
			}
			var f sum.Float
			f.AddPair(pair)
			total = f.Value()
		} else {
			total = p.Int(i).Value()
		}
		if want, _ := exact.Float64(); total != want {
			t.Fatalf("series %s, part %d: sum %v, want %v", m.id, i, total, want)
		}
	}
	return true, changes
}

func TestPartsSayWhatTheRowsAre(t *testing.T) {
	for seed := range uint64(6) {
		data, all := divided(t, seed, 1200+int(seed)*550)
		r, err := Parse("m", data)
		if err != nil {
			t.Fatal(err)
		}
		withParts, withChanges := 0, 0
		for i := range all {
			ch := chunkOf(t, r, all[i].id)
			parts, changes := checkParts(t, ch, &all[i])
			if parts {
				withParts++
			} else if !changes {
				t.Errorf("series %s has neither parts nor few changes", all[i].id)
			}
			if changes {
				withChanges++
			}
			want, _ := Summarize(all[i].typ, &all[i].frame, &all[i].values, ch.Notes&AllGood != 0, nil)
			got := ch.Summary
			if want.Sum.Hi+want.Sum.Lo != got.Sum.Hi+got.Sum.Lo {
				t.Errorf("sum %v, want %v", got.Sum, want.Sum)
			}
			if got.Sum, want.Sum = (sum.Pair{}), (sum.Pair{}); got != want {
				t.Errorf("summary %+v, want %+v", got, want)
			}
		}
		if withParts < 12 || withChanges < 2 {
			t.Errorf("%d chunks with parts, %d of few changes", withParts, withChanges)
		}
	}
}

func TestCopiedChunksKeepTheirParts(t *testing.T) {
	data, all := divided(t, 1, 1500)
	from, err := Parse("from", data)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuilder(id(9))
	f := frameOf(rand.New(rand.NewPCG(1, 1)), 40, 1e18)
	b.Frame(&f) // pages do not come to stand where they stood
	for _, m := range all {
		ch := chunkOf(t, from, m.id)
		frame, err := b.CopyFrame(ch)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.CopyChunk(m.id, ch, frame); err != nil {
			t.Fatal(err)
		}
	}
	copied, _, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	to, err := Parse("to", copied)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		had, has := chunkOf(t, from, all[i].id), chunkOf(t, to, all[i].id)
		checkParts(t, has, &all[i])
		if had.PartStep() != has.PartStep() {
			t.Errorf("series %s: parts of %d, had %d", all[i].id, has.PartStep(), had.PartStep())
		}
	}
}

func TestDamagedPartsAreNoticed(t *testing.T) {
	data, all := divided(t, 2, 1300)
	r, err := Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	ch := chunkOf(t, r, all[0].id)
	for k := range int(ch.parts.page.len) + checkLen {
		damaged := bytes.Clone(data)
		damaged[int(ch.parts.page.off)+k] ^= 1 << (k % 8)
		r, err := Parse("x", damaged)
		if err != nil {
			t.Fatal(err)
		}
		bad := chunkOf(t, r, all[0].id)
		var damage *DamageError
		if err := bad.VerifyParts(); !errors.As(err, &damage) || damage.Offset != int64(ch.parts.page.off) {
			t.Fatalf("byte %d: %v", k, err)
		}
		var v Values
		if err := bad.DecodeValues(&v); err != nil {
			t.Fatalf("byte %d: the values are whole: %v", k, err)
		}
	}
	var p Parts
	if err := ch.DecodeParts(1, &p); err == nil {
		t.Error("a wrong number of parts was read")
	}
}

func TestUnknownExtensionIsPassedOver(t *testing.T) {
	data, all := divided(t, 2, 1300)
	r, err := Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	ch := *chunkOf(t, r, all[0].id)
	ch.parts = partsRef{}
	if !r.readExtension([]byte{9, 1, 2, 3}, &ch) || ch.PartStep() != 0 {
		t.Error("an extension of another kind was not passed over")
	}
	for _, bad := range [][]byte{{1}, {1, 5}, {1, 7, 0, 1}, {1, 5, 0xfe, 0xff, 0xff, 0xff, 0x7f, 9}} {
		if r.readExtension(bad, &ch) {
			t.Errorf("extension %x was read", bad)
		}
	}
}

// TestBlocksWithoutTallies reads a block of summaries of parts that was written before there were tallies.
func TestBlocksWithoutTallies(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "v1-parts.jwb"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse("v1-parts.jwb", golden)
	if err != nil {
		t.Fatal(err)
	}
	_, all := divided(t, 42, 1210)
	parts := 0
	for i := range all {
		ch := chunkOf(t, r, all[i].id)
		if has, _ := checkParts(t, ch, &all[i]); has {
			parts++
		}
		if ch.TallyStep() != 0 {
			t.Errorf("series %s has tallies", all[i].id)
		}
	}
	if parts < 12 {
		t.Errorf("%d chunks with parts", parts)
	}
}

// TestGoldenParts holds the bytes of summaries of parts and of tallies, which are frozen.
func TestGoldenParts(t *testing.T) {
	name := filepath.Join("testdata", "v1-tallies.jwb")
	data, all := divided(t, 42, 1210)
	if *update {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(golden, data) {
		t.Errorf("the writer makes other bytes (%d, %d)", len(data), len(golden))
	}
	r, err := Parse(name, golden)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		ch := chunkOf(t, r, all[i].id)
		checkParts(t, ch, &all[i])
		checkTallies(t, ch, &all[i].frame)
	}
}
