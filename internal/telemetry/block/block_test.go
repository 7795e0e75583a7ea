package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/telemetry/column"
)

var update = flag.Bool("update", false, "write the golden block anew; version 1 is frozen, so only before it ships")

func id(n int) uuid.UUID { return uuid.UUID{6: 0x70, 8: 0x80, 14: byte(n >> 8), 15: byte(n)} }

// made is what a test put into a block.
type made struct {
	id     uuid.UUID
	typ    Type
	plane  Plane
	frame  Frame
	values Values
}

func frameOf(r *rand.Rand, n int, start int64) Frame {
	var f Frame
	t, commit := start, int64(1000)
	for range n {
		t += 1_000_000_000 + r.Int64N(4)*1_000_000
		commit += r.Int64N(3)
		f.Time = append(f.Time, t)
		f.Gateway = append(f.Gateway, t+900_000+r.Int64N(100_000))
		status, flags := uint32(0), uint32(0)
		switch r.IntN(40) {
		case 0:
			status = 0x80310000
			flags = flagNoValue
		case 1:
			status = 0x40900000
		case 2:
			flags = flagFuture
		}
		f.Status, f.Flags = append(f.Status, status), append(f.Flags, flags)
		f.Origin, f.Revision = append(f.Origin, 1), append(f.Revision, uint32(r.IntN(50)/49))
		f.Commit = append(f.Commit, commit)
	}
	return f
}

func valuesOf(r *rand.Rand, t Type, n int) Values {
	var v Values
	x := 50.0
	for range n {
		switch t {
		case Float64:
			x += math.Round(r.NormFloat64()*10) / 10
			v.Bits = append(v.Bits, math.Float64bits(x))
			if r.IntN(20) == 0 {
				v.Bits[len(v.Bits)-1] = r.Uint64()
			}
		case Int64:
			v.Bits = append(v.Bits, uint64(r.Int64N(1000)-500))
		case Bool:
			v.Bits = append(v.Bits, uint64(r.IntN(10)/9))
		case String:
			v.Text = append(v.Text, []string{"", "RUN", "停机", "x"}[r.IntN(4)])
		}
	}
	return v
}

// sample builds a block of several series, types, planes and shared frames.
func sample(t testing.TB, seed uint64) ([]byte, Info, []made) {
	r := rand.New(rand.NewPCG(seed, 1))
	b := NewBuilder(id(777))
	var all []made
	shared := frameOf(r, 1+r.IntN(300), 1_795_219_200_000_000_000)
	at := b.Frame(&shared)
	for s := range 12 {
		typ := Type(1 + s%4)
		m := made{id(100 - s), typ, Current, shared, valuesOf(r, typ, shared.Len())}
		b.Chunk(m.id, m.typ, m.plane, at, &m.frame, &m.values)
		all = append(all, m)
		for k := range r.IntN(3) {
			f := frameOf(r, 1+r.IntN(50), 1_795_300_000_000_000_000+int64(k)*1e15)
			m := made{id(100 - s), typ, Plane(k % 2), f, valuesOf(r, typ, f.Len())}
			b.Chunk(m.id, m.typ, m.plane, b.Frame(&f), &m.frame, &m.values)
			all = append(all, m)
		}
	}
	for _, m := range all {
		for _, c := range b.Unexplained(m.frame.Commit, nil) {
			b.Explain(Arrival{Commit: c, Time: int64(c) * 1000, Producer: id(int(c % 3)), Epoch: 1 + c%2, Seq: c * 7})
		}
	}
	data, info, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(data), info, all
}

func read(r *Reader, id uuid.UUID) ([]made, error) {
	chunks, err := r.Chunks(id, math.MinInt64, math.MaxInt64, nil)
	if err != nil {
		return nil, err
	}
	var out []made
	for i := range chunks {
		m := made{id: id, typ: chunks[i].Type, plane: chunks[i].Plane}
		if err := chunks[i].Decode(All, &m.frame); err != nil {
			return nil, err
		}
		m.frame = m.frame.Slice(0, m.frame.Len()) // the columns alone
		if err := chunks[i].DecodeValues(&m.values); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func TestBlockGivesBackWhatWentIn(t *testing.T) {
	for seed := range uint64(30) {
		data, info, all := sample(t, seed)
		disk := fault.NewDisk(seed)
		f, err := disk.OpenFile("/b", os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(data, 0); err != nil {
			t.Fatal(err)
		}
		f.Close()
		r, err := Open(disk, "/b")
		if err != nil {
			t.Fatal(err)
		}
		if r.Info() != info {
			t.Fatalf("info %+v, want %+v", r.Info(), info)
		}
		for s := range 12 {
			var want []made
			for _, m := range all {
				if m.id == id(100-s) {
					want = append(want, m)
				}
			}
			got, err := read(r, id(100-s))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d, series %d: %v\n got %+v\nwant %+v", seed, s, err, got, want)
			}
		}
		if got, err := read(r, id(5)); err != nil || got != nil {
			t.Fatalf("a series that is not there: %v %v", got, err)
		}
		n := 0
		if err := r.Arrivals(func(a Arrival) bool {
			n++
			one, ok, err := r.Arrival(a.Commit)
			if err != nil || !ok || one != a || a.Seq != a.Commit*7 || a.Producer != id(int(a.Commit%3)) || a.Epoch != 1+a.Commit%2 {
				t.Fatalf("%+v %+v %v %v", a, one, ok, err)
			}
			return true
		}); err != nil || uint64(n) != info.Arrivals {
			t.Fatal(n, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChunksOutsideOfTheSpanAreLeftOut(t *testing.T) {
	b := NewBuilder(id(1))
	r := rand.New(rand.NewPCG(1, 1))
	for k := range int64(10) {
		f := frameOf(r, 10, k*1e12)
		v := valuesOf(r, Float64, 10)
		b.Chunk(id(2), Float64, Current, b.Frame(&f), &f, &v)
	}
	data, _, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	rd, err := Parse("m", data)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rd.Chunks(id(2), 3e12, 5e12+1e9, nil)
	if err != nil || len(c) != 2 || c[0].MinTime < 3e12 || c[1].MinTime >= 5e12 {
		t.Fatalf("%d chunks, %v", len(c), err)
	}
}

func TestCopiedChunksAreTheSame(t *testing.T) {
	data, _, all := sample(t, 3)
	from, err := Parse("from", data)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuilder(id(9))
	for s := range 12 {
		chunks, err := from.Chunks(id(100-s), 0, math.MaxInt64, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range chunks {
			f, err := b.CopyFrame(&chunks[i])
			if err != nil {
				t.Fatal(err)
			}
			if err := b.CopyChunk(id(100-s), &chunks[i], f); err != nil {
				t.Fatal(err)
			}
		}
	}
	copied, info, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	to, err := Parse("to", copied)
	if err != nil {
		t.Fatal(err)
	}
	if info.Rows != from.Info().Rows || info.HistoryRows != from.Info().HistoryRows {
		t.Fatalf("%+v, want %+v", info, from.Info())
	}
	for _, m := range all {
		a, err1 := from.Chunks(m.id, 0, math.MaxInt64, nil)
		b, err2 := to.Chunks(m.id, 0, math.MaxInt64, nil)
		if err1 != nil || err2 != nil || len(a) != len(b) {
			t.Fatal(err1, err2, len(a), len(b))
		}
		for i := range a {
			if a[i].Summary != b[i].Summary || a[i].Rows != b[i].Rows || a[i].MaxGap != b[i].MaxGap {
				t.Fatalf("%+v, want %+v", b[i], a[i])
			}
		}
		x, _ := read(from, m.id)
		y, err := read(to, m.id)
		if err != nil || !reflect.DeepEqual(x, y) {
			t.Fatal(err)
		}
	}
}

func TestSummarySaysWhatTheRowsAre(t *testing.T) {
	nan := math.Float64bits(math.NaN())
	f := func(x float64) uint64 { return math.Float64bits(x) }
	frame := Frame{Time: make([]int64, 6), Status: []uint32{0, 0x80000000, 0x40000000, 0, 0, 0}, Flags: []uint32{0, 0, 0, flagNoValue, 0, 0}}
	s, _ := Summarize(Float64, &frame, &Values{Bits: []uint64{f(3), f(100), f(200), 0, nan, f(-1.5)}}, false, nil)
	if s.Good != 2 || s.Uncertain != 1 || s.First != f(3) || s.Last != f(-1.5) || s.Min != f(-1.5) || s.Max != f(3) || s.Sum.Hi+s.Sum.Lo != 1.5 || s.Notes != HasNumbers|HasSum {
		t.Fatalf("%+v", s)
	}
	s, _ = Summarize(Int64, &frame, &Values{Bits: []uint64{7, 0, 0, 0, 1 << 63, 1 << 63}}, false, nil)
	if s.Good != 3 || s.Int.Hi != -1 || s.Int.Lo != 7 || int64(s.Min) != math.MinInt64 || s.Max != 7 {
		t.Fatalf("%+v", s)
	}
	s, _ = Summarize(Float64, &Frame{}, &Values{Bits: []uint64{f(math.Inf(1)), f(1)}}, true, nil)
	if s.Notes&HasSum != 0 || s.Good != 2 {
		t.Fatalf("infinite sum: %+v", s)
	}
}

func TestGoldenBlock(t *testing.T) {
	name := filepath.Join("testdata", "v1.jwb")
	data, _, all := sample(t, 42)
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
		t.Errorf("the writer makes other bytes than version 1 is frozen with (%d, %d)", len(data), len(golden))
	}
	r, err := Parse(name, golden)
	if err != nil {
		t.Fatal(err)
	}
	i := map[uuid.UUID]int{}
	for _, m := range all {
		got, err := read(r, m.id)
		if err != nil || !reflect.DeepEqual(got[i[m.id]], m) {
			t.Fatalf("series %s: %v", m.id, err)
		}
		i[m.id]++
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	data, _, _ := sample(t, 7)
	want := readAll(t, data)
	for bit := range len(data) * 8 {
		if bit%7 != 0 {
			continue
		}
		damaged := bytes.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		r, err := Parse("x", damaged)
		if err == nil {
			for s := range 12 {
				got, e := read(r, id(100-s))
				if e != nil {
					err = e
				} else if !reflect.DeepEqual(got, want[id(100-s)]) {
					t.Fatalf("bit %d: wrong data were served", bit)
				}
			}
		}
		var damage *DamageError
		if err != nil && !errors.As(err, &damage) {
			t.Fatalf("bit %d: %v", bit, err)
		}
	}
}

func readAll(t testing.TB, data []byte) map[uuid.UUID][]made {
	r, err := Parse("x", data)
	if err != nil {
		t.Fatal(err)
	}
	out := map[uuid.UUID][]made{}
	for s := range 12 {
		if out[id(100-s)], err = read(r, id(100-s)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestOtherVersionIsNamed(t *testing.T) {
	data, _, _ := sample(t, 7)
	data[7] = 9
	_, err := Parse("x", data)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("version 9")) {
		t.Fatal(err)
	}
}

// FuzzBlock reads any bytes as a block, once as they are and once without looking at checksums: errors are fine, panics,
// overruns and great allocations are not.
func FuzzBlock(f *testing.F) {
	for seed := range uint64(3) {
		data, _, _ := sample(f, seed)
		f.Add(data)
		f.Add(data[:len(data)/2])
		for k := range 8 {
			d := bytes.Clone(data)
			binary.LittleEndian.PutUint32(d[len(d)-footerLen+k*8:], 0xFFFFFFF0)
			f.Add(d)
		}
	}
	data, _ := divided(f, 1, 1210)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		for _, blind := range []bool{false, true} {
			r := &Reader{name: "fuzz", data: data, blind: blind}
			if r.open() != nil {
				continue
			}
			budget := 1 << 18 // rows: without checksums a few bytes may name the same page very often
			for i := range min(int(r.info.Series), 100) {
				series, _ := r.Series(i)
				chunks, err := r.Chunks(series, math.MinInt64, math.MaxInt64, nil)
				for k := range chunks {
					if budget -= chunks[k].Rows; err != nil || budget < 0 {
						break
					}
					var f Frame
					var v Values
					_ = chunks[k].Decode(All, &f)
					_ = chunks[k].DecodeValues(&v)
					var c column.Changes
					_, _ = chunks[k].DecodeChanges(&c)
					_ = chunks[k].VerifyParts()
					if chunks[k].TallyStep() != 0 {
						_ = chunks[k].DecodeTallies(new(Tallies))
					}
					if chunks[k].PartStep() != 0 && len(f.Time) == chunks[k].Rows && len(f.Status) == len(f.Time) && len(f.Flags) == len(f.Time) {
						var p Parts
						if n := usableParts(&chunks[k], &f); chunks[k].DecodeParts(n, &p) == nil && chunks[k].Type == Float64 {
							_ = p.Float(n-1, 1)
						}
					}
				}
			}
			_ = r.Arrivals(func(Arrival) bool { return true })
		}
	})
}

// A frame that is decoded into again and again gives each chunk's own columns, whatever stood in its memory before.
func TestConstantColumnsInMemoryUsedAgain(t *testing.T) {
	page := func(v ...uint32) []byte { return column.AppendRuns(nil, v, new(column.Scratch)) }
	rows := func(n int, x uint32) []uint32 { return slices.Repeat([]uint32{x}, n) }
	var c constant
	var dst []uint32
	for i, want := range [][]uint32{rows(5, 7), rows(3, 7), rows(5, 7), rows(9, 7), rows(4, 8), rows(9, 7), {1, 2, 3, 1}, rows(4, 8), rows(9, 8), {}, rows(2, 8), rows(9, 8)} {
		got, err := c.decode(page(want...), len(want), dst[:0])
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%d: %v %v, want %v", i, got, err, want)
		}
		dst = got
	}
	if got, err := c.decode(page(8, 8), 2, []uint32{1}); err != nil || !slices.Equal(got, []uint32{1, 8, 8}) {
		t.Errorf("%v %v", got, err)
	}
	if _, err := c.decode([]byte{255}, 2, dst[:0]); err == nil {
		t.Error("a page that is none was decoded")
	}
	if got, err := c.decode(page(8, 8), 2, dst[:0]); err != nil || !slices.Equal(got, []uint32{8, 8}) {
		t.Errorf("%v %v", got, err)
	}
}
