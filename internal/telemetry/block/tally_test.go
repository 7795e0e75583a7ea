package block

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/column"
)

// checkTallies compares the tallies of a chunk's frame with its rows: for three longest silences, what each part comes to.
func checkTallies(t testing.TB, ch *Chunk, f *Frame) {
	t.Helper()
	step := ch.TallyStep()
	if step == 0 {
		t.Fatal("there are no tallies")
	}
	var got Tallies
	if err := ch.DecodeTallies(&got); err != nil {
		t.Fatal(err)
	}
	ends := AppendEnds(nil, f.Time, step)
	if len(ends) != len(got.List) {
		t.Fatalf("%d tallies of %d parts", len(got.List), len(ends))
	}
	for _, silence := range []int64{got.Gap, got.Gap + 7e9, math.MaxInt64} {
		from := 0
		for i, end := range ends {
			var want Tally
			want.Rows = int(end) - from
			covered, last := int64(0), -1
			for k := from; k < int(end); k++ {
				if f.Flags[k]&flagWithdrawn != 0 {
					continue
				}
				if last < 0 {
					want.First = f.Time[k]
				} else if usable(f, last) {
					covered += min(f.Time[k]-f.Time[last], silence)
				}
				want.Count++
				if usable(f, k) {
					want.Good++
				} else if f.Status[k]>>30 == 1 {
					want.Uncertain++
				}
				last = k
			}
			if last < 0 {
				want.First, want.Last = f.Time[from], f.Time[from]
			} else {
				want.Last, want.LastGood = f.Time[last], usable(f, last)
			}
			have := got.List[i]
			sum := have.Covered
			for _, g := range got.Long {
				if g.Part == i {
					sum += min(g.Gap, silence)
				}
			}
			if have.Covered = 0; have != want || sum != covered {
				t.Fatalf("part %d, silence %d: %+v covers %d, want %+v and %d", i, silence, have, sum, want, covered)
			}
			from = int(end)
		}
	}
}

// gapped is a frame of rows of a second with gaps, of all statuses, with rows that are withdrawn. usual: gaps are as frequent as
// rows.
func gapped(r *rand.Rand, rows int, usual bool) Frame {
	f := frameOf(r, rows, partStart)
	at := f.Time[0]
	for i := range rows {
		switch {
		case usual && r.IntN(2) == 0:
			at += r.Int64N(40e9)
		case r.IntN(400) == 0:
			at += r.Int64N(900e9)
		}
		at += 1e9 + r.Int64N(3e6)
		f.Time[i] = at
		f.Status[i], f.Flags[i] = 0, 0
		switch {
		case i > rows/3 && i < rows/3+400 && !usual: // a part of which nothing counts
			f.Status[i], f.Flags[i] = 0x80000000, flagNoValue|flagWithdrawn
		case r.IntN(150) == 0:
			f.Status[i], f.Flags[i] = 0x80000000, flagNoValue|flagWithdrawn
		case r.IntN(90) == 0:
			f.Status[i] = 0x40900000
		case r.IntN(90) == 0:
			f.Status[i], f.Flags[i] = 0x80310000, flagNoValue
		}
	}
	return f
}

func TestTalliesSayWhatTheRowsAre(t *testing.T) {
	long, usual := 0, 0
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		m := made{id: id(5), typ: Float64, frame: gapped(r, 500+r.IntN(3000), seed%3 == 0)}
		for range m.frame.Time {
			m.values.Bits = append(m.values.Bits, math.Float64bits(r.NormFloat64()))
		}
		b := NewBuilder(id(778))
		b.Chunk(m.id, m.typ, Current, b.Frame(&m.frame), &m.frame, &m.values)
		for _, c := range b.Unexplained(m.frame.Commit, nil) {
			b.Explain(Arrival{Commit: c, Producer: id(1)})
		}
		data, _, err := b.Finish()
		if err != nil {
			t.Fatal(err)
		}
		rd, err := Parse("m", data)
		if err != nil {
			t.Fatal(err)
		}
		ch := chunkOf(t, rd, m.id)
		checkTallies(t, ch, &m.frame)
		var got Tallies
		if err := ch.DecodeTallies(&got); err != nil {
			t.Fatal(err)
		}
		if len(got.Long) > 0 {
			long++
		} else {
			usual++
		}
		for i := range 2000 { // no bytes that are not those of tallies do any harm
			bad := bytes.Clone(data[ch.tallies.page.off : ch.tallies.page.off+ch.tallies.page.len])
			bad[r.IntN(len(bad))] ^= byte(1 << r.IntN(8))
			if i%4 == 0 {
				bad = bad[:r.IntN(len(bad))]
			}
			if err := got.decode(bad, ch.Rows, ch.TallyStep(), ch.MinTime, ch.MaxTime); err != nil && !errors.Is(err, column.ErrMalformed) {
				t.Fatal(err)
			}
		}
	}
	if long < 4 || usual < 4 {
		t.Errorf("%d frames with long gaps, %d without: this test has lost its point", long, usual)
	}
}

func TestCopiedFramesKeepTheirTallies(t *testing.T) {
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
		checkTallies(t, chunkOf(t, to, all[i].id), &all[i].frame)
	}
}

func TestDamagedTalliesAreNoticed(t *testing.T) {
	data, all := divided(t, 2, 1300)
	r, err := Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	ch := chunkOf(t, r, all[0].id)
	for k := range int(ch.tallies.page.len) + checkLen {
		damaged := bytes.Clone(data)
		damaged[int(ch.tallies.page.off)+k] ^= 1 << (k % 8)
		r, err := Parse("x", damaged)
		if err != nil {
			t.Fatal(err)
		}
		bad := chunkOf(t, r, all[0].id)
		var damage *DamageError
		for _, err := range []error{bad.VerifyParts(), bad.DecodeTallies(new(Tallies))} {
			if !errors.As(err, &damage) || damage.Offset != int64(ch.tallies.page.off) {
				t.Fatalf("byte %d: %v", k, err)
			}
		}
		if err := bad.Decode(All, new(Frame)); err != nil {
			t.Fatalf("byte %d: the rows are whole: %v", k, err)
		}
	}
}

func TestUnknownFrameExtensionIsPassedOver(t *testing.T) {
	data, _ := divided(t, 2, 1300)
	r, err := Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	for _, passed := range [][]byte{nil, {9, 1, 2, 3}} {
		if ref, ok := r.readFrameExtension(passed); !ok || ref.step != 0 {
			t.Errorf("extension %x gave %+v, %v", passed, ref, ok)
		}
	}
	for _, bad := range [][]byte{{1}, {1, 5}, {1, 7, 64, 1}, {1, 5, 0xfe, 0xff, 0xff, 0xff, 0x7f, 9}, {1, 5, 3, 9}} {
		if ref, ok := r.readFrameExtension(bad); ok {
			t.Errorf("extension %x was read: %+v", bad, ref)
		}
	}
}

// A lookup finds what readers find, in whatever order series and readers are asked for.
func TestLookupFindsWhatReadersFind(t *testing.T) {
	var readers []*Reader
	var ids []uuid.UUID
	for seed := range uint64(3) {
		data, all := divided(t, seed, 1300)
		r, err := Parse("m", data)
		if err != nil {
			t.Fatal(err)
		}
		readers = append(readers, r)
		for _, m := range all {
			ids = append(ids, m.id)
		}
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	ids = append(ids, id(999), ids[3], ids[0])
	l := new(Lookup)
	for range 2 {
		for _, one := range ids {
			for _, r := range readers {
				want, err := r.Chunks(one, math.MinInt64, math.MaxInt64, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := l.Chunks(r, one, math.MinInt64, math.MaxInt64, nil)
				if err != nil || !slices.Equal(got, want) {
					t.Fatalf("%+v %v, want %+v", got, err, want)
				}
			}
		}
		l.Forget()
	}
}
