package jetstream

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
)

// sample is a group of three records of two partitions.
func sample() []byte {
	b := make([]byte, groupHeaderBytes)
	b = appendEntry(b, 0, []byte("one"))
	b = appendEntry(b, 1, nil)
	b = appendEntry(b, 0, []byte("three"))
	h := header{link: 7, count: 3, first: 41, time: 1000, horizon: 6000, recorded: 900, position: 12345, owner: owner{epoch: 9, instance: [16]byte{1, 2, 3}}}
	return seal(b, &h, []row{{before: 40, name: "samples"}, {name: "conditions"}})
}

func TestGroupIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	b := sample()
	g, err := parse(b, 5)
	if err != nil {
		t.Fatal(err)
	}
	want := header{crc: g.crc, link: 7, count: 3, first: 41, time: 1000, horizon: 6000, recorded: 900, position: 12345, owner: owner{epoch: 9, instance: [16]byte{1, 2, 3}}}
	if g.header != want || g.sequence != 5 || g.size != len(b) || g.end() != 12345+uint64(len(b)) {
		t.Errorf("%+v", g)
	}
	var got []string
	for e := g.entries; len(e) > 0; {
		var p int
		var data []byte
		p, data, e = cut(e)
		got = append(got, g.table[p].name+"="+string(data))
	}
	if want := []string{"samples=one", "conditions=", "samples=three"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	after := g.tableAfter()
	if want := []row{{43, "samples"}, {42, "conditions"}}; !slices.Equal(after, want) {
		t.Errorf("%v", after)
	}
	if last := g.last(); last.Number != 43 || last.Time != 1000 {
		t.Errorf("%v", last)
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	t.Parallel()
	b := sample()
	for i := range len(b) * 8 {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		if _, err := parse(c, 1); err == nil {
			t.Fatalf("bit %d is flipped and nobody noticed", i)
		}
	}
	for n := range b {
		if _, err := parse(b[:n], 1); err == nil {
			t.Fatalf("%d of %d bytes were taken for a group", n, len(b))
		}
	}
}

// FuzzParse: whatever comes, with a right checksum, is refused or can be walked.
func FuzzParse(f *testing.F) {
	f.Add(sample())
	h := header{first: 1}
	f.Add(seal(make([]byte, groupHeaderBytes), &h, nil))
	f.Add([]byte("JWG1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 8 {
			b = bytes.Clone(b)
			binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
		}
		g, err := parse(b, 1)
		if err != nil {
			return
		}
		n := uint32(0)
		for e := g.entries; len(e) > 0; n++ {
			var p int
			p, _, e = cut(e)
			_ = g.table[p].name
		}
		if n != g.count {
			t.Errorf("%d records of %d", n, g.count)
		}
		g.tableAfter()
	})
}

// FuzzCursors: what is taken for cursors is within the bounds.
func FuzzCursors(f *testing.F) {
	f.Add([]byte(`{"version":1,"epoch":3,"cursors":{"alarm":17}}`))
	f.Add([]byte(`{"version":1,"cursors":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		f, err := decodeCursors(b)
		if err != nil {
			return
		}
		if f.Cursors == nil {
			t.Error("no values and no error")
		}
		for name := range f.Cursors {
			if strings.ContainsAny(name, " \n") || len(name) > 64 {
				t.Errorf("cursor %q", name)
			}
		}
	})
}
