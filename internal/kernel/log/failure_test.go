package log

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

// TestFailedSyncEndsTheJournal: no retry, no acknowledgement, everybody who waits is told, what was durable can be read.
func TestFailedSyncEndsTheJournal(t *testing.T) {
	for _, f := range []fault.Fault{
		{Op: "datasync", Name: "*.seg", Err: syscall.EIO},
		{Op: "write", Name: "*.seg", Err: syscall.EIO},
		{Op: "write", Name: "*.seg", Err: syscall.ENOSPC, Part: true},
		{Op: "write", Name: "*.seg", Err: syscall.EROFS, Times: -1},
	} {
		t.Run(f.Op+" "+f.Err.Error(), func(t *testing.T) {
			d := fault.NewDisk(1)
			o := small(d, "/j")
			var failures []error
			o.OnFailure = func(err error) { failures = append(failures, err) }
			l := open(t, o)
			p := partition(t, l, "a")
			mustPut(t, p, "one")
			waiting := make(chan error)
			go func() {
				_, err := p.Read(2).Next(context.Background())
				waiting <- err
			}()
			f := f
			d.Inject(f)
			var mu sync.Mutex
			var told []error
			var order []uint64
			for range 10 { // in one group or several
				err := p.Append(context.Background(), []byte("two"), func(c Commit, err error) {
					mu.Lock()
					told, order = append(told, err), append(order, c.Number)
					mu.Unlock()
				})
				if err != nil {
					wantError(t, err, ErrFailed)
					told = append(told, err)
				}
			}
			err := <-waiting
			wantError(t, err, ErrFailed)
			wantError(t, err, f.Err)
			_, err = put(p, "three")
			wantError(t, err, ErrFailed)
			wantList(t, all2(t, p.Read(1)), "1:one")
			err = l.Close()
			wantError(t, err, ErrFailed)
			if len(told) != 10 || len(failures) != 1 || !errors.Is(failures[0], f.Err) {
				t.Errorf("%d were told, OnFailure got %v", len(told), failures)
			}
			for i, err := range told {
				if !errors.Is(err, ErrFailed) || i < len(order) && order[i] != 0 {
					t.Errorf("record %d: error %v, number %d", i+2, err, order[i])
				}
			}
			failed := false
			for _, e := range d.Events() {
				if failed && strings.HasSuffix(e.Name, ".seg") && (e.Op == "write" || e.Op == "datasync") {
					t.Errorf("%s of %s after the failure", e.Op, e.Name)
				}
				failed = failed || errors.Is(e.Err, f.Err)
			}
			if l.Last().Number != 1 {
				t.Errorf("last %v", l.Last())
			}
		})
	}
}

// all2 is all for a failed journal: it ends with ErrFailed.
func all2(t *testing.T, r *Reader) (list []string) {
	t.Helper()
	for {
		rec, ok, err := r.TryNext()
		if errors.Is(err, ErrFailed) {
			return list
		}
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		list = append(list, "1:"+string(rec.Data))
	}
}

// TestGroupThatFailedToSyncIsNotBelieved: the page cache still shows a group whose fsync failed, and a second fsync
// would succeed without writing it. If the journal took it for durable at the next Open, a later crash would tear a
// hole before acknowledged records.
func TestGroupThatFailedToSyncIsNotBelieved(t *testing.T) {
	for seed := range uint64(20) {
		d := fault.NewDisk(seed)
		o := small(d, "/j")
		l := open(t, o)
		mustPut(t, partition(t, l, "a"), "one")
		d.Inject(fault.Fault{Op: "datasync", Name: "*.seg", Err: syscall.EIO})
		_, err := put(partition(t, l, "a"), "two")
		wantError(t, err, ErrFailed)
		l.Close()
		d.Kill()
		l = open(t, o)
		p := partition(t, l, "a")
		wantList(t, all(t, p.Read(1)), "1:one", "2:two") // it may be there, but then it must stay
		mustPut(t, p, "three")
		d.PowerOff()
		l.Close()
		d.PowerOn()
		l = open(t, o)
		wantList(t, all(t, partition(t, l, "a").Read(1)), "1:one", "2:two", "3:three")
		l.Close()
	}
}

func TestFailedDirectorySyncEndsTheJournal(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	l := open(t, o)
	p := partition(t, l, "a")
	mustPut(t, p, "x")
	d.Inject(fault.Fault{Op: "syncdir", Err: syscall.EIO})
	_, err := fill(t, p, 100)
	wantError(t, err, ErrFailed)
	wantError(t, l.Close(), syscall.EIO)
}

// segments returns a journal on a disk in memory that holds n records of 10,000 bytes, five to a segment.
func segments(t *testing.T, n int) (*fault.Disk, Options) {
	t.Helper()
	d := fault.NewDisk(1)
	o := small(d, "/j")
	l := open(t, o)
	mustFill(t, partition(t, l, "a"), n)
	shut(t, l)
	return d, o
}

// Five groups of 12,288 bytes follow the header page in each segment.
const secondGroup = segmentHeaderBytes + 12288

func TestDamageIsNeverSkipped(t *testing.T) {
	third, second := segmentName(3), segmentName(2)
	for _, c := range []struct {
		name string
		do   func(d *fault.Disk)
		at   string // segment
		off  int64
	}{
		{"group before a whole one", func(d *fault.Disk) { d.Damage("/j/"+third, secondGroup+500, 1) }, third, secondGroup},
		{"group's magic before a whole one", func(d *fault.Disk) { d.Damage("/j/"+third, secondGroup, 1) }, third, secondGroup},
		{"opening group before a whole one", func(d *fault.Disk) { d.Damage("/j/"+third, segmentHeaderBytes+500, 1) }, third, segmentHeaderBytes},
		{"opening group's length", func(d *fault.Disk) { d.Damage("/j/"+third, segmentHeaderBytes+8, 4) }, third, segmentHeaderBytes},
		{"opening group of an older segment", func(d *fault.Disk) { d.Damage("/j/"+second, segmentHeaderBytes+500, 1) }, second, segmentHeaderBytes},
		{"header", func(d *fault.Disk) { d.Damage("/j/"+second, 20, 1) }, second, 0},
		{"missing file", func(d *fault.Disk) { must(t, d.Remove("/j/"+second)) }, second, 0},
		{"short file", func(d *fault.Disk) { truncate(t, d, "/j/"+second, 50_000) }, second, 0},
		{"empty file", func(d *fault.Disk) { truncate(t, d, "/j/"+second, 0) }, second, 0},
		{"swapped file", func(d *fault.Disk) { copyPage(t, d, "/j/"+third, "/j/"+second) }, second, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, o := segments(t, 13)
			c.do(d)
			_, err := Open(o)
			if e := wantCorrupt(t, err, c.at); e.Offset != c.off {
				t.Errorf("offset %d, want %d: %v", e.Offset, c.off, err)
			}
			// The lock and the files are free again.
			lock, err := d.Lock("/j/" + lockName)
			must(t, err)
			lock.Close()
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, fs file.FS, name string, size int64) {
	t.Helper()
	f, err := fs.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	must(t, f.Truncate(size))
	must(t, f.Close())
}

// copyPage makes the first page of to that of from.
func copyPage(t *testing.T, fs file.FS, from, to string) {
	t.Helper()
	page := make([]byte, segmentHeaderBytes)
	f, err := fs.OpenFile(from, os.O_RDONLY, 0)
	must(t, err)
	_, err = f.ReadAt(page, 0)
	must(t, err)
	must(t, f.Close())
	f, err = fs.OpenFile(to, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt(page, 0)
	must(t, err)
	must(t, f.Close())
}

func TestDamageInAnOlderSegmentIsToldByReaderAndVerify(t *testing.T) {
	d, o := segments(t, 12)
	d.Damage("/j/"+segmentName(1), secondGroup+5000, 1)
	l := open(t, o)
	p := partition(t, l, "a")
	r := p.Read(1)
	_, ok, err := r.TryNext()
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 2 { // and it does not go away
		_, _, err = r.TryNext()
		if c := wantCorrupt(t, err, segmentName(1)); c.Offset != secondGroup {
			t.Errorf("offset %d, want %d", c.Offset, secondGroup)
		}
	}
	wantCorrupt(t, l.Verify(context.Background()), segmentName(1))
	if list := all(t, p.Read(6)); len(list) != 7 {
		t.Errorf("behind the damage there are %v", list)
	}
	mustPut(t, p, "x")
}

func TestUnreadableDiskIsToldAndPasses(t *testing.T) {
	d, o := segments(t, 12)
	l := open(t, o)
	r := partition(t, l, "a").Read(1)
	d.Inject(fault.Fault{Op: "read", Name: "*.seg", Err: syscall.EIO})
	_, _, err := r.TryNext()
	wantError(t, err, syscall.EIO)
	if list := all(t, r); len(list) != 12 {
		t.Errorf("then there are %v", list)
	}
}

func TestTornTailIsCut(t *testing.T) {
	for cut := 0; cut <= 3; cut++ { // the last group (record 12) lacks what lies from page cut on
		d, o := segments(t, 12)
		zero := make([]byte, 12288)
		f, err := d.OpenFile("/j/"+segmentName(3), os.O_RDWR, 0)
		must(t, err)
		_, err = f.WriteAt(zero[cut*4096:], secondGroup+int64(cut)*4096)
		must(t, err)
		must(t, f.Datasync())
		must(t, f.Close())
		l := open(t, o)
		p := partition(t, l, "a")
		want, torn := uint64(11), "1 records from commit 12 on, in segment "+segmentName(3)+fmt.Sprintf(" at byte %d", secondGroup)
		if cut == 3 {
			want = 12
		}
		if cut == 0 || cut == 3 {
			torn = "" // nothing of it, or all of it
		}
		if l.Torn() != torn {
			t.Errorf("cut at page %d: torn %q, want %q", cut, l.Torn(), torn)
		}
		if l.Last().Number != want {
			t.Fatalf("cut at page %d: last is %d, want %d", cut, l.Last().Number, want)
		}
		mustPut(t, p, "next")
		shut(t, l)
		l = open(t, o)
		list := all(t, partition(t, l, "a").Read(want))
		if len(list) != 2 || !strings.HasSuffix(list[1], ":next") {
			t.Errorf("cut at page %d: %v", cut, list)
		}
		must(t, l.Verify(context.Background()))
		shut(t, l)
	}
}

// TestLeftoversAreNotTakenForRecords puts whole, well-formed groups where the journal does not expect them: of the
// segment's earlier life, of another place, inside a producer's record.
func TestLeftoversAreNotTakenForRecords(t *testing.T) {
	t.Run("earlier life", func(t *testing.T) {
		// A ring of segments that are all used again; the groups have the same sizes in each life, so behind the newest
		// group there always lies a whole group of the life before.
		d := fault.NewDisk(1)
		o := small(d, "/j")
		o.MaxBytes = 3 * 64 << 10
		last := uint64(0)
		for round := range 12 {
			l := open(t, o)
			p := partition(t, l, "a")
			mustFill(t, p, 7)
			last += 7
			if l.Last().Number != last {
				t.Fatalf("round %d: last is %d, want %d", round, l.Last().Number, last)
			}
			if round%2 == 0 {
				d.PowerOff()
				l.Close()
				d.PowerOn()
			} else {
				shut(t, l)
			}
		}
	})
	t.Run("same life", func(t *testing.T) {
		// A group that follows another than the one before it, with the right number and checksum: only its link tells.
		d, o := segments(t, 12)
		f, err := d.OpenFile("/j/"+segmentName(3), os.O_RDWR, 0)
		must(t, err)
		page := make([]byte, segmentHeaderBytes)
		_, err = f.ReadAt(page, 0)
		must(t, err)
		_, seed, err := decodeSegmentHeader(page)
		must(t, err)
		buf := appendEntryHeader(make([]byte, groupHeaderBytes), kindRecord, 1, 5)
		buf = append(buf, "stale"...)
		sealGroup(buf, seed, groupHeader{count: 1, first: 13, time: 1 << 62, link: 12345})
		_, err = f.WriteAt(buf, secondGroup+12288)
		must(t, err)
		must(t, f.Close())
		_, err = Open(o)
		c := wantCorrupt(t, err, segmentName(3)) // no crash leaves that
		if c.Offset != secondGroup+12288 || !strings.Contains(c.Reason, "follow") {
			t.Errorf("%v", c)
		}
	})
	t.Run("in a record", func(t *testing.T) {
		// A producer sends what looks like groups at every page; it cannot know the segment's salt.
		d := fault.NewDisk(1)
		o := small(d, "/j")
		l := open(t, o)
		p := partition(t, l, "a")
		mustPut(t, p, "one")
		evil := make([]byte, 0, 30_000)
		for n := uint64(3); len(evil) < 28_000; n++ {
			g := appendEntryHeader(make([]byte, groupHeaderBytes), kindRecord, 1, 4)
			g = append(g, "evil"...)
			sealGroup(g, 0, groupHeader{count: 1, first: n, time: 1})
			at := (len(evil)+groupHeaderBytes+entryHeaderBytes+4095)/4096*4096 - groupHeaderBytes - entryHeaderBytes
			evil = append(evil, make([]byte, at-len(evil))...)
			evil = append(evil, g...)
		}
		mustPut(t, p, string(evil))
		if l.view.segments[0].salt == [8]byte{} {
			t.Error("the segment has no salt")
		}
		shut(t, l)
		d.Damage("/j/"+segmentName(1), 2*4096, 1) // as if that group were torn
		l = open(t, o)
		wantList(t, all(t, partition(t, l, "a").Read(1)), "1:one")
	})
}

func TestUnfinishedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	o := small(file.OS(), dir)
	l := open(t, o)
	mustPut(t, partition(t, l, "a"), "x")
	shut(t, l)
	for _, name := range []string{segmentName(9) + tmpSuffix, "cursors.tmp", segmentName(7) + spareSuffix} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("of a person"), 0o600))
	l = open(t, o)
	wantList(t, all(t, partition(t, l, "a").Read(1)), "1:x")
	shut(t, l)
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != segmentName(2) { // made ahead, or not yet
			names = append(names, e.Name())
		}
	}
	wantList(t, names, segmentName(1), lockName, "notes.txt")
}

func TestLaterFormatIsRefused(t *testing.T) {
	d, o := segments(t, 12)
	f, err := d.OpenFile("/j/"+segmentName(2), os.O_RDWR, 0)
	must(t, err)
	h := segmentHeader{seq: 2, size: 64 << 10, align: 4096}
	page, _ := h.encode()
	page[8] = 2
	resealHeader(page)
	_, err = f.WriteAt(page, 0)
	must(t, err)
	must(t, f.Close())
	_, err = Open(o)
	if !errors.Is(err, errVersion) || !strings.Contains(err.Error(), "2") {
		t.Errorf("%v", err)
	}
}

// TestNoFileStaysOpen: a file that is removed while it is open keeps its room.
func TestNoFileStaysOpen(t *testing.T) {
	for failing := range 20 {
		d := fault.NewDisk(1)
		o := small(d, "/j")
		o.MaxGroupBytes = 1 // each record by itself
		l := open(t, o)
		p := partition(t, l, "a")
		d.Inject(fault.Fault{Op: "write", Name: "*.seg", Skip: failing, Err: syscall.EIO})
		for range 30 { // pipelined, so that several segments may wait at the failure
			_ = p.Append(context.Background(), make([]byte, 10_000), nil)
		}
		wantError(t, l.Close(), ErrFailed)
		entries, err := d.ReadDir("/j")
		must(t, err)
		for _, e := range entries {
			must(t, d.Remove("/j/"+e.Name()))
		}
		if d.Used() != 0 {
			t.Fatalf("failure at write %d: %d bytes are still held by open files", failing, d.Used())
		}
	}
}
