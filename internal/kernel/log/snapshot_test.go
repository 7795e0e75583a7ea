package log

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

// copied are the parts of a snapshot, in memory.
func copied(t *testing.T, sn *Snapshot) (out []Part) {
	t.Helper()
	parts, err := sn.Parts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		b := make([]byte, p.Bytes)
		if _, err := p.Data.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		out = append(out, Part{p.Name, p.Bytes, bytes.NewReader(b)})
	}
	return out
}

func TestSnapshotStaysWhileTheJournalGoesOn(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		o.Keepers, o.MaxBytes, o.RetainBytes = []string{"a"}, 512<<10, -1
		l := open(t, o)
		p, q := partition(t, l, "a"), partition(t, l, "b")
		for k := range 12 {
			mustPut(t, p, big(fmt.Sprintf("a%d", k), 20<<10))
			mustPut(t, q, fmt.Sprintf("b%d", k))
		}
		cursor, err := l.Cursor("follower")
		if err != nil {
			t.Fatal(err)
		}
		cursor.Save(7)
		sn, err := l.Snapshot(7)
		if err != nil {
			t.Fatal(err)
		}
		// The keeper lets everything go, and more comes: the segments stay until the snapshot is let go of.
		if err := l.Keep("a", l.Last().Number+1); err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			mustPut(t, p, big(fmt.Sprintf("more%d", k), 20<<10))
		}
		parts := copied(t, sn)
		sn.Release()
		sn.Release()
		var got []string
		r, err := Inspect(context.Background(), parts, func(partition string, c Commit, data []byte) error {
			got = append(got, fmt.Sprintf("%s %d:%s", partition, c.Number, data[:min(3, len(data))]))
			return nil
		})
		if err != nil || r.Last != 24 || sn.Last.Number != 24 || r.First > 7 || r.Unfinished || got[len(got)-1] != "b 24:b11" || got[len(got)-2] != "a 23:a11" {
			t.Fatalf("%v: %+v, cut at %d, %v", err, r, sn.Last.Number, got)
		}
		if err := CheckCursors(sn.Cursors); err != nil {
			t.Error(err)
		}
		if v, _ := decodeCursors(sn.Cursors); v["follower"] != 7 {
			t.Errorf("cursors %v", v)
		}
		// What was copied is a journal that opens, and gives the same records.
		d := fault.NewDisk(9)
		if err := d.MkdirAll("/copy", 0o700); err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			b, err := io.ReadAll(io.NewSectionReader(p.Data, 0, p.Bytes))
			if err != nil {
				t.Fatal(err)
			}
			f, err := d.OpenFile("/copy/"+p.Name, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			size, err := FullSize(p.Data)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt(b, 0); err != nil {
				t.Fatal(err)
			}
			if err := f.Allocate(0, size); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		back := open(t, small(d, "/copy"))
		if back.Last() != sn.Last {
			t.Fatalf("the copy ends at %v, want %v", back.Last(), sn.Last)
		}
		if list := all(t, partition(t, back, "b").Read(23)); len(list) != 1 || list[0] != "24:b11" {
			t.Errorf("the copy gives %v", list)
		}
		mustPut(t, partition(t, back, "a"), "next")
	})
}

// segmentFiles are all segments of a closed journal.
func segmentFiles(t *testing.T, d file.FS, dir string) (out []Part, content map[string][]byte) {
	t.Helper()
	entries, err := d.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	content = map[string][]byte{}
	for _, e := range entries {
		if !IsSegment(e.Name()) {
			continue
		}
		f, err := d.OpenFile(dir+"/"+e.Name(), os.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		size, _ := f.Size()
		b := make([]byte, size)
		if _, err := f.ReadAt(b, 0); err != nil {
			t.Fatal(err)
		}
		f.Close()
		content[e.Name()] = b
		out = append(out, Part{e.Name(), size, bytes.NewReader(b)})
	}
	return out, content
}

func TestInspectFindsEveryFlippedBit(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	o.Now = func() time.Time { return time.Unix(1_750_000_000, 0) }
	l := open(t, o)
	p := partition(t, l, "a")
	for k := range 9 {
		mustPut(t, p, big(fmt.Sprint(k), 14<<10))
	}
	shut(t, l)
	parts, content := segmentFiles(t, d, "/j")
	r, err := Inspect(context.Background(), parts, nil)
	if err != nil || r.Records["a"] != 9 || r.First != 1 || r.Last != 9 || len(r.Parts) < 2 || r.Unfinished {
		t.Fatalf("%v: %+v", err, r)
	}
	used := map[string]int64{}
	for _, p := range r.Parts {
		used[p.Name] = p.Bytes
	}
	newest := r.Parts[len(r.Parts)-1].Name
	random := rand.New(rand.NewPCG(1, 2))
	for name, b := range content {
		if used[name] == 0 {
			continue
		}
		for range 300 {
			bit := random.Int64N(used[name] * 8)
			at := bit / 8
			if at >= 64 && at < segmentHeaderBytes || at%maxAlign > 14<<10 {
				continue // what a header or a group leaves free
			}
			b[at] ^= 1 << (bit % 8)
			again, err := Inspect(context.Background(), parts, nil)
			b[at] ^= 1 << (bit % 8)
			var corrupt *CorruptError
			var version *VersionError
			// A flip of the newest group looks as if its write had not been finished; a flip in padding is none.
			found := errors.As(err, &corrupt) && corrupt.Segment == name || errors.As(err, &version) ||
				err == nil && name == newest && again.Last < r.Last
			if !found && inGroup(b, at) {
				t.Fatalf("bit %d of %s: %v %+v", bit, name, err, again)
			}
		}
	}
	if _, err := Inspect(context.Background(), parts[1:], nil); err != nil {
		t.Errorf("without the oldest segment: %v", err)
	}
	if len(parts) > 2 {
		if _, err := Inspect(context.Background(), append(parts[:1:1], parts[2:]...), nil); err == nil {
			t.Error("a segment is missing and nothing was found")
		}
	}
}

// inGroup tells whether a byte is one of a header or a group, not of the padding behind one.
func inGroup(b []byte, at int64) bool {
	if at < 64 {
		return true
	}
	for off := int64(segmentHeaderBytes); off+groupHeaderBytes < int64(len(b)); {
		h, err := parseGroupHeader(b[off:], int64(len(b))-off)
		if err != nil {
			return false
		}
		if at >= off && at < off+int64(h.size()) {
			return true
		}
		off += padded(int64(h.size()), maxAlign)
	}
	return false
}

func FuzzInspect(f *testing.F) {
	h := segmentHeader{seq: 1, size: minSegmentBytes, align: 512}
	page, seed := h.encode()
	body := appendPartitionEntry(nil, 1, 0, "a")
	body = append(appendEntryHeader(body, kindRecord, 1, 3), "abc"...)
	group := append(make([]byte, groupHeaderBytes), body...)
	sealGroup(group, seed, groupHeader{count: 1, first: 1, time: 1, flags: flagOpening})
	f.Add(append(page, group...))
	f.Add(page)
	f.Add(page[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		_, _ = Inspect(context.Background(), []Part{{"0000000000000001.seg", int64(len(b)), bytes.NewReader(b)}}, nil)
	})
}
