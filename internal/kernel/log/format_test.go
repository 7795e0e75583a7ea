package log

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"hash/crc32"
	"maps"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func resealHeader(page []byte) {
	binary.LittleEndian.PutUint32(page[60:], crc32.Checksum(page[:60], castagnoli))
}

// sample is the begin of a segment: header, an opening group with two partitions and two records, a second group.
func sample() (header, first, second []byte, seed uint32) {
	h := segmentHeader{seq: 3, size: 64 << 20, align: 4096}
	copy(h.journal[:], "0123456789abcdef")
	copy(h.salt[:], "saltsalt")
	header, seed = h.encode()
	first = make([]byte, groupHeaderBytes)
	first = appendPartitionEntry(first, 1, 41, "telemetry")
	first = appendPartitionEntry(first, 2, 7, "conditions")
	first = append(appendEntryHeader(first, kindRecord, 1, 5), "hello"...)
	first = appendEntryHeader(first, kindRecord, 2, 0)
	crc := sealGroup(first, seed, groupHeader{count: 2, first: 42, time: 1_750_000_000_123_456_789, link: 0x01020304, flags: flagOpening})
	second = append(appendEntryHeader(make([]byte, groupHeaderBytes), kindRecord, 1, 3), "end"...)
	sealGroup(second, seed, groupHeader{count: 1, first: 44, time: 1_750_000_000_123_456_790, link: crc})
	return header, first, second, seed
}

// TestFormat holds the bytes of docs/formats/log.md.
func TestFormat(t *testing.T) {
	header, first, second, seed := sample()
	cursors := encodeCursors(map[string]uint64{"alarm": 17, "energy": 1 << 40})
	var text strings.Builder
	for _, part := range []struct {
		name string
		data []byte
	}{{"segment header, 64 of 4096 bytes", header[:64]}, {"opening group", first}, {"second group", second}, {"cursors", cursors}} {
		text.WriteString("# " + part.name + "\n" + hex.Dump(part.data))
	}
	const golden = "testdata/format-v1.txt"
	if *update {
		must(t, os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if text.String() != string(want) {
		t.Errorf("the format has changed; it is kept for years. Got:\n%s", text.String())
	}
	h, s, err := decodeSegmentHeader(header)
	if err != nil || s != seed || h.seq != 3 || h.size != 64<<20 || h.align != 4096 || string(h.salt[:]) != "saltsalt" {
		t.Errorf("header %+v %v", h, err)
	}
	g, body, err := parseGroup(first, 1<<20, seed)
	if err != nil || g.first != 42 || g.count != 2 || g.next() != 44 || g.time != 1_750_000_000_123_456_789 || g.flags != flagOpening {
		t.Errorf("group %+v %v", g, err)
	}
	e, err := body.next()
	if err != nil || e.kind != kindPartition || e.partition != 1 || e.partitionLast() != 41 || e.partitionName() != "telemetry" {
		t.Errorf("entry %+v %v", e, err)
	}
	values, err := decodeCursors(cursors)
	if err != nil || !maps.Equal(values, map[string]uint64{"alarm": 17, "energy": 1 << 40}) {
		t.Errorf("cursors %v %v", values, err)
	}
}

func TestEveryBitOfAGroupIsChecked(t *testing.T) {
	header, first, _, seed := sample()
	if _, _, err := parseGroup(first, int64(len(first)), seed^1); err == nil {
		t.Error("a group of another segment was taken")
	}
	for i := range len(first) * 8 {
		first[i/8] ^= 1 << (i % 8)
		if _, _, err := parseGroup(first, 1<<20, seed); err == nil {
			t.Errorf("bit %d of the group may change", i)
		}
		first[i/8] ^= 1 << (i % 8)
	}
	for i := range 64 * 8 {
		header[i/8] ^= 1 << (i % 8)
		if _, _, err := decodeSegmentHeader(header); err == nil {
			t.Errorf("bit %d of the header may change", i)
		}
		header[i/8] ^= 1 << (i % 8)
	}
	for n := range first {
		if _, _, err := parseGroup(first[:n], 1<<20, seed); err == nil {
			t.Errorf("the first %d bytes are taken for the group", n)
		}
	}
}

func TestSegmentNames(t *testing.T) {
	if n := segmentName(17); n != "0000000000000017.seg" {
		t.Error(n)
	}
	for name, want := range map[string]uint64{"0000000000000017.seg": 17, "0000000000000000.seg": 0, "17.seg": 0,
		"00000000000000x7.seg": 0, "0000000000000017.seg.tmp": 0, "+000000000000017.seg": 0, "LOCK": 0} {
		if seq, ok := segmentSeq(name); seq != want && ok || ok != (want > 0) {
			t.Errorf("%s: %d %v", name, seq, ok)
		}
	}
}

// FuzzGroup feeds the decoder bytes as a disk might. The checksum is made right where it is wrong, or the fuzzer would
// never get past it.
func FuzzGroup(f *testing.F) {
	_, first, second, seed := sample()
	f.Add(first, true)
	f.Add(second, true)
	f.Add(first[:len(first)-3], true)
	f.Add(first, false)
	f.Fuzz(func(t *testing.T, src []byte, mend bool) {
		if mend && len(src) >= groupHeaderBytes {
			src = bytes.Clone(src)
			copy(src, groupMagic[:])
			if body := binary.LittleEndian.Uint32(src[8:]); uint64(body)+groupHeaderBytes <= uint64(len(src)) {
				binary.LittleEndian.PutUint32(src[4:], crc32.Update(seed, castagnoli, src[8:groupHeaderBytes+body]))
			}
		}
		h, body, err := parseGroup(src, int64(len(src)), seed)
		if err != nil {
			return
		}
		// What is taken encodes to the same bytes.
		again := append(make([]byte, groupHeaderBytes), body...)
		crc := sealGroup(again, seed, h)
		if crc != h.crc || !bytes.Equal(again, src[:h.size()]) {
			t.Errorf("% x encodes to % x", src[:h.size()], again)
		}
		records := 0
		for len(body) > 0 {
			e, err := body.next()
			if err != nil {
				t.Fatal(err)
			}
			if e.kind == kindRecord {
				records++
			} else if len(e.partitionName()) == 0 {
				t.Error("a partition without a name")
			}
		}
		if records != h.count || h.next() <= h.first {
			t.Errorf("%d records, header %+v", records, h)
		}
	})
}

// FuzzHeader and FuzzCursors do the same for the other two decoders.
func FuzzHeader(f *testing.F) {
	header, _, _, _ := sample()
	f.Add(header[:64])
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) >= 64 {
			src = bytes.Clone(src)
			resealHeader(src)
		}
		h, _, err := decodeSegmentHeader(src)
		if err == nil && (h.size < minSegmentBytes || h.size > maxSegmentBytes || !validAlign(h.align)) {
			t.Errorf("%+v was taken", h)
		}
	})
}

func FuzzCursors(f *testing.F) {
	f.Add(encodeCursors(map[string]uint64{"alarm": 17, "energy": 1 << 40}))
	f.Add(encodeCursors(nil))
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4 {
			src = bytes.Clone(src)
			binary.LittleEndian.PutUint32(src[len(src)-4:], crc32.Checksum(src[:len(src)-4], castagnoli))
		}
		values, err := decodeCursors(src)
		if err != nil {
			return
		}
		again, err := decodeCursors(encodeCursors(values))
		if err != nil || !maps.Equal(values, again) {
			t.Errorf("%v becomes %v, %v", values, again, err)
		}
	})
}
