package telemetry

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
	"jingwei/internal/kernel/log"
)

// fill appends seconds of n series at 1 Hz, in batches of a second.
func fill(t testing.TB, n *node, refs []Ref, producer int, first uint64, from, seconds int64) {
	t.Helper()
	for s := range seconds {
		b := &Batch{Origin: Measured}
		for i, ref := range refs {
			at := from + s*int64(time.Second)
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, at), append(b.Bits, math.Float64bits(float64(i)+float64(s)/8))
		}
		n.mustAppend(t, producer, first+uint64(s), b)
	}
}

func count(t testing.TB, s *Store, ref Ref) int {
	t.Helper()
	rows := 0
	if err := s.Scan(context.Background(), ref, Span{0, MaxTime}, ScanOptions{Columns: Everything}, func(r *Run) bool { rows += r.Len(); return true }); err != nil {
		t.Fatal(err)
	}
	return rows
}

// wait waits until something the background does has happened.
func wait(t testing.TB, what string, done func() bool) {
	t.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("did not happen: %s", what)
}

func TestFullDiskHoldsTheDoorAndLosesNothing(t *testing.T) {
	disk := fault.NewDisk(11)
	n := newNode(disk, "/node")
	n.options = Options{HeadBytes: 400 << 10, RetryFlush: time.Millisecond, CompactRate: -1}
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64, Float64, Float64, Float64)
	disk.Inject(fault.Fault{Op: "write", Name: "*.jwb", Times: -1, Err: syscall.ENOSPC, Part: true})
	// The door takes batches until both heads are full, then it waits.
	acked, busy := uint64(0), false
	for seq := uint64(1); seq < 100000 && !busy; seq++ {
		b := &Batch{Origin: Measured}
		for k := range 100 {
			at := begin + int64(seq)*int64(time.Second) + int64(k)*int64(time.Millisecond)
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[k%4]), append(b.Time, at), append(b.Gateway, at), append(b.Bits, uint64(k))
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		answer := make(chan error, 1)
		err := n.store.Append(ctx, producerID(1), 1, seq, b, func(_ Receipt, err error) { answer <- err })
		switch {
		case errors.Is(err, ErrBusy):
			busy = true
		case err != nil:
			t.Fatal(err)
		default:
			if err := <-answer; err != nil {
				t.Fatal(err)
			}
			acked++
		}
		cancel()
	}
	if !busy {
		t.Fatal("the door never pushed back")
	}
	if st := n.store.Stats(); st.HeadBytes > 4*(400<<10) {
		t.Fatalf("heads of %d bytes", st.HeadBytes)
	}
	if tr, times := n.trouble("telemetry.flush"); times == 0 || !tr.Active || !errors.Is(tr.Err, syscall.ENOSPC) {
		t.Fatalf("no condition: %+v", tr)
	}
	if got := count(t, n.store, refs[0]); got != int(acked)*25 {
		t.Fatalf("%d samples readable while the disk is full, %d acknowledged", got, acked*25)
	}
	disk.Heal()
	wait(t, "a flush after the disk has room", func() bool { tr, _ := n.trouble("telemetry.flush"); return !tr.Active })
	if _, err := n.append(1, 1, acked+1, rowsOf(refs[1], []int64{begin}, []uint64{7})); err != nil {
		t.Fatal(err)
	}
	if got := count(t, n.store, refs[0]); got != int(acked)*25 {
		t.Fatalf("%d samples after the flush, %d acknowledged", got, acked*25)
	}
	entries, err := disk.ReadDir("/node/telemetry/blocks")
	if err != nil {
		t.Fatal(err)
	}
	if st := n.store.Stats(); len(entries) > st.Blocks+8 {
		t.Fatalf("%d files for %d blocks: failed flushes left theirs", len(entries), st.Blocks)
	}
}

func TestFailedFsyncOfABlockIsNotRepeatedButWrittenAnew(t *testing.T) {
	n, disk := memoryNode(t, 12)
	refs := n.declare(t, Float64)
	fill(t, n, refs, 1, 1, begin, 50)
	disk.Inject(fault.Fault{Op: "datasync", Name: "*.jwb", Times: 1, Err: syscall.EIO})
	if err := n.store.Flush(context.Background()); !errors.Is(err, syscall.EIO) {
		t.Fatalf("flush: %v", err)
	}
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	synced := map[string]int{}
	for _, e := range disk.Events() {
		if e.Op == "datasync" && strings.HasSuffix(e.Name, ".jwb") {
			synced[e.Name]++
			if synced[e.Name] > 1 {
				t.Fatalf("fsync of %s was repeated", e.Name)
			}
		}
	}
	disk.Crash()
	n.close()
	n.mustOpen(t)
	if got := count(t, n.store, refs[0]); got != 50 {
		t.Fatalf("%d samples", got)
	}
}

// TestManifestThatCannotBeWrittenLeavesNoFilesBehind fails each step of replacing the manifest many times.
func TestManifestThatCannotBeWrittenLeavesNoFilesBehind(t *testing.T) {
	for _, op := range []string{"create", "write", "datasync", "rename", "syncdir"} {
		n, disk := memoryNode(t, 21)
		refs := n.declare(t, Float64)
		fill(t, n, refs, 1, 1, begin, 50)
		name := "manifest*"
		if op == "syncdir" {
			name = "telemetry"
		}
		disk.Inject(fault.Fault{Op: op, Name: name, Times: 20, Err: syscall.ENOSPC})
		failed := 0
		for n.store.Flush(context.Background()) != nil {
			failed++
		}
		if failed == 0 {
			t.Fatalf("%s: the fault was not met", op)
		}
		if entries, _ := disk.ReadDir("/node/telemetry/blocks"); len(entries) != n.store.Stats().Blocks {
			t.Fatalf("%s: %d files for %d blocks after %d failures", op, len(entries), n.store.Stats().Blocks, failed)
		}
		disk.Crash()
		n.close()
		n.mustOpen(t)
		if got := count(t, n.store, refs[0]); got != 50 {
			t.Fatalf("%s: %d samples", op, got)
		}
	}
}

func TestFailedFsyncOfTheJournalAcknowledgesNothing(t *testing.T) {
	n, disk := memoryNode(t, 13)
	refs := n.declare(t, Float64)
	fill(t, n, refs, 1, 1, begin, 5)
	disk.FailDatasync(1, syscall.EIO)
	if _, err := n.append(1, 1, 6, rowsOf(refs[0], []int64{begin + 1}, []uint64{1})); !errors.Is(err, log.ErrFailed) {
		t.Fatalf("append: %v", err)
	}
	if _, err := n.append(1, 1, 6, rowsOf(refs[0], []int64{begin + 1}, []uint64{1})); !errors.Is(err, log.ErrFailed) {
		t.Fatalf("the same again: %v", err)
	}
	if got := count(t, n.store, refs[0]); got != 5 {
		t.Fatalf("%d samples readable", got)
	}
}

func TestReadOnlyDiskIsNamed(t *testing.T) {
	disk := fault.NewDisk(14)
	disk.SetReadOnly(true)
	n := newNode(disk, "/node")
	if err := n.open(); err == nil || !errors.Is(err, syscall.EROFS) && !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("open on a read-only disk: %v", err)
	}
}

func TestTwoStoresCannotShareADirectory(t *testing.T) {
	n, _ := memoryNode(t, 15)
	_, err := Open(context.Background(), Options{FS: n.fs, Dir: n.dir + "/telemetry", Log: n.log, Catalog: &MemoryCatalog{}, Logger: quiet})
	if !errors.Is(err, file.ErrLocked) {
		t.Fatalf("second open: %v", err)
	}
}

func TestOtherJournalIsRefused(t *testing.T) {
	n, _ := memoryNode(t, 16)
	refs := n.declare(t, Float64)
	fill(t, n, refs, 1, 1, begin, 20)
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	n.close()
	entries, _ := n.fs.ReadDir(n.dir + "/journal")
	for _, e := range entries {
		n.fs.Remove(filepath.Join(n.dir, "journal", e.Name()))
	}
	var m *ManifestError
	if err := n.open(); !errors.As(err, &m) {
		t.Fatalf("open with an empty journal: %v", err)
	}
}

func TestDamagedManifestIsRefusedAndNothingIsRemoved(t *testing.T) {
	n, disk := memoryNode(t, 17)
	refs := n.declare(t, Float64)
	fill(t, n, refs, 1, 1, begin, 20)
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	n.close()
	before, _ := disk.ReadDir("/node/telemetry/blocks")
	disk.Damage("/node/telemetry/manifest", 30, 1)
	var m *ManifestError
	if err := n.open(); !errors.As(err, &m) {
		t.Fatalf("open: %v", err)
	}
	if err := disk.Remove("/node/telemetry/manifest"); err != nil {
		t.Fatal(err)
	}
	if err := n.open(); !errors.As(err, &m) {
		t.Fatalf("open without a manifest: %v", err)
	}
	if after, _ := disk.ReadDir("/node/telemetry/blocks"); len(after) != len(before) || len(after) == 0 {
		t.Fatalf("%d block files before, %d after", len(before), len(after))
	}
}

// TestDamageIsConfinedAndNeverServed flips one bit after the other in a block and reads everything.
func TestDamageIsConfinedAndNeverServed(t *testing.T) {
	n, disk := memoryNode(t, 18)
	refs := n.declare(t, Float64, Float64, Int64, Bool)
	fill(t, n, refs[:2], 1, 1, begin, 300)
	b := &Batch{Origin: Measured}
	for k := range 300 {
		at := begin + int64(k)*int64(time.Second)
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[2], refs[3]), append(b.Time, at, at), append(b.Gateway, at, at), append(b.Bits, uint64(k*k), uint64(k/7%2))
	}
	n.mustAppend(t, 2, 1, b)
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := map[Ref]string{}
	for _, ref := range refs {
		p, err := n.store.Raw(context.Background(), ref, Span{0, MaxTime}, RawOptions{})
		if err != nil || len(p.Samples) != 300 {
			t.Fatal(err, len(p.Samples))
		}
		want[ref] = show(p.Samples)
	}
	n.close()
	name := filepath.Join("/node/telemetry/blocks", blockName(1))
	info, err := disk.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	refused, confined := 0, 0
	step := max(info.Size()/150, 1)
	for off := int64(0); off < info.Size(); off += step {
		flip(t, disk, name, off)
		n.troubles = nil
		n.mustOpen(t)
		whole := 0
		for _, ref := range refs {
			p, err := n.store.Raw(context.Background(), ref, Span{0, MaxTime}, RawOptions{})
			var damage *DamageError
			switch {
			case errors.As(err, &damage) && strings.Contains(damage.File, blockName(1)):
			case err != nil:
				t.Fatalf("byte %d: %v", off, err)
			case show(p.Samples) != want[ref]:
				t.Fatalf("byte %d of %d: wrong values were served", off, info.Size())
			default:
				whole++
			}
			if err != nil {
				continue
			}
			if s := n.store.Latest([]Ref{ref}, begin+int64(time.Hour), nil)[0]; s.Commit != 0 && s.Time != begin+299*int64(time.Second) {
				t.Fatalf("byte %d: latest %+v", off, s)
			}
		}
		if whole < len(refs) {
			if _, times := n.trouble("telemetry.damage"); times == 0 {
				t.Fatalf("byte %d: damage was not told", off)
			}
			if n.store.Stats().Damaged != 1 {
				t.Fatalf("byte %d: not counted", off)
			}
			refused++
			if whole > 0 {
				confined++
			}
		}
		n.close()
		flip(t, disk, name, off)
	}
	if refused == 0 || confined == 0 {
		t.Fatalf("%d flips were noticed, %d of them confined", refused, confined)
	}
	n.mustOpen(t)
}

func flip(t *testing.T, fsys file.FS, name string, off int64) {
	t.Helper()
	f, err := fsys.OpenFile(name, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1 << (off % 8)
	if _, err := f.WriteAt(b[:], off); err != nil {
		t.Fatal(err)
	}
}

func TestBackgroundFlushesAndMergesAndReadersKeepTheirBlocks(t *testing.T) {
	disk := fault.NewDisk(19)
	n := newNode(disk, "/node")
	n.options = Options{HeadBytes: 200 << 10, CompactAfter: 3, CompactRate: -1, BlockBytes: 32 << 10}
	n.mustOpen(t)
	t.Cleanup(n.close)
	refs := n.declare(t, Float64, Float64)
	v := n.store.acquire() // a reader that takes its time
	for k := range 60 {
		b := &Batch{Origin: Measured}
		for i := range 2000 {
			at := begin + int64(k*2000+i)*int64(time.Millisecond)*100
			b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[i%2]), append(b.Time, at), append(b.Gateway, at), append(b.Bits, math.Float64bits(math.Sin(float64(i))))
		}
		n.mustAppend(t, 1, uint64(k+1), b)
	}
	wait(t, "a merge in the background", func() bool { return n.store.Stats().Compactions > 0 })
	if got := count(t, n.store, refs[0]); got != 60000 {
		t.Fatalf("%d samples", got)
	}
	n.store.release(v)
	wait(t, "removal of what was merged", func() bool {
		entries, err := disk.ReadDir("/node/telemetry/blocks")
		return err == nil && len(entries) <= n.store.Stats().Blocks
	})
	if st := n.store.Stats(); st.Flushes < 5 || st.HeadBytes > 3*(200<<10)+200<<10 {
		t.Fatalf("%+v", st)
	}
}

func TestManyDaysMakeFewFiles(t *testing.T) {
	n, _ := memoryNode(t, 20)
	refs := n.declare(t, Float64)
	b := &Batch{Origin: Imported}
	for d := range 3650 { // ten years of one sample a day
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[0]), append(b.Time, begin-int64(d)*day), append(b.Gateway, begin), append(b.Bits, uint64(d))
	}
	n.mustAppend(t, 1, 1, b)
	if err := n.store.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st := n.store.Stats(); st.Blocks > fewCells {
		t.Fatalf("%d blocks for 3,650 samples", st.Blocks)
	}
	if got := count(t, n.store, refs[0]); got != 3650 {
		t.Fatal(got)
	}
	// The same day by day: neighbours are merged.
	seq := uint64(2)
	for d := range int64(40) {
		n.mustAppend(t, 1, seq, rowsOf(refs[0], []int64{begin + d*day}, []uint64{1}))
		seq++
		n.clock.add(24 * time.Hour)
		if err := n.store.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.store.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st := n.store.Stats(); st.Blocks > 3*fewCells {
		t.Fatalf("%d blocks after merging", st.Blocks)
	}
	if got := count(t, n.store, refs[0]); got != 3650+39 {
		t.Fatal(got)
	}
}
