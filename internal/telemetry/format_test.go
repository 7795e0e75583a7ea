package telemetry

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/uuid"
)

var update = flag.Bool("update", false, "write the golden files anew; version 1 is frozen, so only before it ships")

var fourTypes = kinds{0, Float64, Int64, Bool, String, Float64}

// someBatch is a batch as a gateway sends it: two devices, one of them twice, one status that is not good, a null.
func someBatch() *Batch {
	return &Batch{Origin: Measured,
		Ref:     []Ref{1, 2, 3, 4, 5, 1, 2, 4},
		Time:    []int64{begin, begin, begin, begin, begin + 7, begin + 1e9, begin + 1e9, begin + 1e9},
		Gateway: []int64{begin + 5, begin + 5, begin + 5, begin + 5, begin + 5, begin + 1e9 + 6, begin + 1e9 + 6, begin + 1e9 + 6},
		Bits:    []uint64{0x4059000000000000, ^uint64(41), 1, 1, 0x400921FB54442D18, 0, 5, 0},
		Status:  []Status{Good, Good, Good, Good, UncertainLastUsable, Good, Good, BadNoCommunication},
		Flags:   []Flags{0, 0, 0, 0, GatewayTime, 0, 0, NoValue},
		Text:    []string{"", "停机"},
	}
}

// someCorrection corrects a value, and withdraws two samples.
func someCorrection() *Batch {
	b := someBatch()
	b.Origin = Manual
	b.Revision = []uint32{1, 0, 0, 0, 70000, 2, 2, 0}
	b.Flags[5], b.Flags[6] = NoValue|Withdrawn, NoValue|Withdrawn
	return b
}

func prepare(t testing.TB, b *Batch) *prepared {
	t.Helper()
	p := &prepared{}
	if err := p.fill(b, fourTypes, func(Ref) uuid.UUID { return uuid.UUID{} }); err != nil {
		t.Fatal(err)
	}
	p.producer, p.epoch, p.seq = uuid.UUID{1, 2, 3, 15: 4}, 3, 300
	p.encode()
	return p
}

func sameRecord(a, b *prepared) bool {
	return a.producer == b.producer && a.epoch == b.epoch && a.seq == b.seq && a.origin == b.origin && reflect.DeepEqual(a.refs, b.refs) &&
		reflect.DeepEqual(a.arr, b.arr) && reflect.DeepEqual(a.bits, b.bits) && reflect.DeepEqual(a.arrivals, b.arrivals) && reflect.DeepEqual(a.text, b.text)
}

func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: the writer makes other bytes than the version is frozen with:\n%x\n%x", name, got, want)
	}
	return want
}

func TestGoldenRecord(t *testing.T) {
	p := prepare(t, someBatch())
	var back prepared
	if err := back.decode(golden(t, "record-v1.bin", p.record), fourTypes); err != nil || !sameRecord(p, &back) {
		t.Fatalf("%v: %+v, want %+v", err, back, *p)
	}
	if len(p.arrivals) != 4 {
		t.Fatalf("%d arrivals, want 4: rows of one device and time share one", len(p.arrivals))
	}
}

func TestGoldenRecordOfACorrection(t *testing.T) {
	p := prepare(t, someCorrection())
	var back prepared
	if err := back.decode(golden(t, "record-v2.bin", p.record), fourTypes); err != nil || !sameRecord(p, &back) || p.record[0] != 2 {
		t.Fatalf("%v: %+v, want %+v", err, back, *p)
	}
}

func TestOnlyACorrectionWithdraws(t *testing.T) {
	for name, change := range map[string]func(*Batch){
		"without a revision": func(b *Batch) { b.Revision[5] = 0 },
		"with a value":       func(b *Batch) { b.Flags[5] = Withdrawn },
		"fewer revisions":    func(b *Batch) { b.Revision = b.Revision[:7] },
	} {
		b := someCorrection()
		change(b)
		var refused *BatchError
		if err := new(prepared).fill(b, fourTypes, func(Ref) uuid.UUID { return uuid.UUID{} }); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := prepare(t, someBatch())
	p.arrivals[0].flags |= uint16(Withdrawn | NoValue)
	p.encode()
	if err := new(prepared).decode(p.record, fourTypes); !errors.Is(err, errRecord) {
		t.Errorf("a record without revisions withdraws: %v", err)
	}
}

func someManifest() *manifest {
	return &manifest{store: uuid.UUID{7, 15: 1}, cursor: 12345, nextBlock: 9,
		producers: map[uuid.UUID]position{{1}: {1, 2}, {2}: {3, 1 << 40}},
		blocks: []blockMeta{
			{number: 7, cell: cell{0, 20778}, tier: 1, run: 7, bytes: 5000, rows: 77, minTime: begin, maxTime: begin + 5, first: uuid.UUID{1}, last: uuid.UUID{2}, check: 0xCAFE},
			{number: 8, cell: cell{5, 0}, run: 8, bytes: 1, rows: 1, minTime: 0, maxTime: MaxTime - 1, check: 1}}}
}

func TestGoldenManifest(t *testing.T) {
	m := someManifest()
	back, err := decodeManifest("m", golden(t, "manifest-v1.bin", m.encode()))
	if err != nil || !reflect.DeepEqual(m, back) {
		t.Fatalf("%v: %+v, want %+v", err, back, m)
	}
}

func TestRecordsOfAnyValuesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		b := &Batch{Origin: Origin(1 + r.IntN(5)), Text: []string{"a", "", "停机"}}
		at := begin
		for range r.IntN(200) {
			ref := Ref(1 + r.IntN(5))
			bits := r.Uint64() >> (r.IntN(9) * 8) << (r.IntN(9) * 8)
			switch fourTypes[ref] {
			case Bool:
				bits &= 1
			case String:
				bits %= 3
			}
			if r.IntN(3) > 0 {
				at += r.Int64N(1e10) - 4e9
			}
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at+r.Int64N(100)), append(b.Bits, bits)
			b.Status, b.Flags = append(b.Status, Status(r.Uint32())&0xC0FF0000), append(b.Flags, Flags(r.IntN(2))*Repeated)
			b.Revision = append(b.Revision, uint32(r.IntN(6)/5*r.IntN(4)))
		}
		if len(b.Text) > len(b.Ref) {
			continue
		}
		p := prepare(t, b)
		var back prepared
		if err := back.decode(p.record, fourTypes); err != nil || !sameRecord(p, &back) {
			t.Fatalf("%v: %+v, want %+v", err, back, *p)
		}
		for i := range b.Ref { // what went in is what the arrivals say
			a := back.arrivals[back.arr[i]]
			if a.time != b.Time[i] || a.gateway != b.Gateway[i] || a.status != uint32(b.Status[i]) || a.flags != uint16(b.Flags[i]) || a.revision != b.Revision[i] {
				t.Fatalf("row %d: %+v", i, a)
			}
		}
	}
}

func TestRecordOfUnknownSeriesIsRefused(t *testing.T) {
	p := prepare(t, someBatch())
	var back prepared
	if err := back.decode(p.record, fourTypes[:5]); !errors.Is(err, errRecord) {
		t.Fatal(err)
	}
}

func FuzzRecord(f *testing.F) {
	p := prepare(f, someBatch())
	f.Add(p.record)
	f.Add(p.record[:30])
	f.Add(prepare(f, someCorrection()).record)
	f.Add([]byte{1})
	empty := prepare(f, &Batch{Origin: Measured})
	f.Add(empty.record)
	f.Fuzz(func(t *testing.T, data []byte) {
		var p, again prepared
		if p.decode(data, fourTypes) != nil {
			return
		}
		p.encode()
		if err := again.decode(p.record, fourTypes); err != nil || !sameRecord(&p, &again) {
			t.Fatalf("%v: %+v, want %+v", err, again, p)
		}
	})
}

func FuzzManifest(f *testing.F) {
	d := someManifest().encode()
	f.Add(d[:len(d)-4])
	f.Add(d[:40])
	f.Fuzz(func(t *testing.T, data []byte) {
		data = binary.LittleEndian.AppendUint32(bytes.Clone(data), crc32.Checksum(data, castagnoli))
		m, err := decodeManifest("m", data)
		if err != nil {
			return
		}
		again, err := decodeManifest("m", m.encode())
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%v: %+v, want %+v", err, again, m)
		}
	})
}
