package evidence

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

// TestSmallTreesAreThoseOfRFC6962 compares roots and all proofs of all sizes with the RFC's definitions, written down
// plainly in helper_test.go.
func TestSmallTreesAreThoseOfRFC6962(t *testing.T) {
	const most = 34
	l := start(t, manual(fault.NewDisk(1), "/log"))
	entries := text(0, most)
	leaves := hashAll(entries)
	for n := 1; n <= most; n++ {
		add(t, l, entries[n-1])
		if root, err := l.Root(uint64(n)); err != nil || root != mth(leaves[:n]) {
			t.Fatalf("root of %d: %v %v", n, root, err)
		}
		for i := range n {
			p, err := l.InclusionProof(uint64(i), uint64(n))
			if err != nil || !slices.Equal(p, treePath(i, leaves[:n])) {
				t.Fatalf("path of %d in %d: %v %v", i, n, p, err)
			}
			must(t, VerifyInclusion(leaves[i], uint64(i), uint64(n), p, mth(leaves[:n])))
			for j := range n {
				if j != i && VerifyInclusion(leaves[j], uint64(i), uint64(n), p, mth(leaves[:n])) == nil {
					t.Fatalf("entry %d passes as %d of %d", j, i, n)
				}
			}
		}
		for m := 1; m <= n; m++ {
			p, err := l.ConsistencyProof(uint64(m), uint64(n))
			if err != nil || !slices.Equal(p, subproof(m, leaves[:n], true)) {
				t.Fatalf("consistency of %d and %d: %v %v", m, n, p, err)
			}
			must(t, VerifyConsistency(uint64(m), uint64(n), mth(leaves[:m]), mth(leaves[:n]), p))
			wrong := slices.Clone(leaves[:m])
			wrong[m/2][0]++
			if VerifyConsistency(uint64(m), uint64(n), mth(wrong), mth(leaves[:n]), p) == nil {
				t.Fatalf("another tree of %d passes as the beginning of %d", m, n)
			}
		}
	}
}

// TestLargeTreesAreThoseOfRFC6962 grows a log over three levels of tiles in batches of random sizes, with checkpoints
// and restarts between, and compares roots, proofs and entries with the naive tree at random places.
func TestLargeTreesAreThoseOfRFC6962(t *testing.T) {
	const most = 66_000
	rng := seeded(1)
	o := manual(fault.NewDisk(1), "/log")
	entries := text(0, most)
	leaves := hashAll(entries)
	l := start(t, o)
	var given []Checkpoint
	for n := 0; n < most; {
		k := min(1+rng.IntN([]int{1, 10, 300, 4000}[rng.IntN(4)]), most-n)
		add(t, l, entries[n:n+k]...)
		n += k
		switch rng.IntN(8) {
		case 0, 1:
			given = append(given, publish(t, l))
		case 2:
			must(t, l.Close())
			l = start(t, o)
			given = append(given, l.Checkpoint())
		case 3:
			i := rng.IntN(n)
			if e, err := l.Entry(uint64(i)); err != nil || !bytes.Equal(e, entries[i]) {
				t.Fatalf("entry %d of %d: %q %v", i, n, e, err)
			}
		}
	}
	given = append(given, publish(t, l))
	sample := slices.Clone(given)
	if len(sample) > 25 {
		sample = append(sample[:12], sample[len(sample)-12:]...)
	}
	last := given[len(given)-1]
	for _, c := range sample {
		if want := mth(leaves[:c.Size]); c.Root != want {
			t.Fatalf("root of %d: %v, want %v", c.Size, c.Root, want)
		}
		p, err := l.ConsistencyProof(c.Size, last.Size)
		must(t, err)
		if c.Size > 0 && !slices.Equal(p, subproof(int(c.Size), leaves, true)) {
			t.Fatalf("consistency of %d", c.Size)
		}
		must(t, VerifyConsistency(c.Size, last.Size, c.Root, last.Root, p))
		if c.Size == 0 {
			continue
		}
		i := rng.IntN(int(c.Size))
		p, err = l.InclusionProof(uint64(i), c.Size)
		if err != nil || !slices.Equal(p, treePath(i, leaves[:c.Size])) {
			t.Fatalf("path of %d in %d: %v", i, c.Size, err)
		}
		if e, err := l.Entry(uint64(i)); err != nil || !bytes.Equal(e, entries[i]) {
			t.Fatalf("entry %d: %q %v", i, e, err)
		}
	}
	must(t, l.Close())
	r := check(t, o.FS, o.Dir, sample[len(sample)/2].Text)
	if r.Entries != most || r.Old == nil || r.Old.Size != sample[len(sample)/2].Size {
		t.Errorf("%+v", r)
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	l := start(t, manual(fault.NewDisk(1), "/log"))
	ctx := context.Background()
	big := make([]byte, MaxEntry)
	many := make([][]byte, MaxBatch+1)
	for i := range many {
		many[i] = []byte{1}
	}
	for what, batch := range map[string][][]byte{
		"nothing": {}, "an empty entry": {{1}, {}}, "too large an entry": {make([]byte, MaxEntry+1)}, "too many": many,
		"too many bytes": slices.Repeat([][]byte{big}, MaxBatchBytes/len(big)+1),
	} {
		if _, err := l.Append(ctx, batch); !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if l.Size() != 0 {
		t.Errorf("%d entries came of it", l.Size())
	}
	add(t, l, slices.Repeat([][]byte{big}, MaxBatchBytes/(MaxEntry+2))...)
	for _, err := range []error{
		func() error { _, err := l.Entry(l.Size()); return err }(),
		func() error { _, err := l.InclusionProof(5, 5); return err }(),
		func() error { _, err := l.InclusionProof(0, l.Size()+1); return err }(),
		func() error { _, err := l.ConsistencyProof(3, 2); return err }(),
		func() error { _, err := l.ConsistencyProof(1, l.Size()+1); return err }(),
		func() error { _, err := l.Root(l.Size() + 1); return err }(),
		func() error { _, err := l.Proof(0); return err }(),
	} {
		if !errors.Is(err, ErrRange) {
			t.Error(err)
		}
	}
	if c := publish(t, l); c.Size != l.Size() {
		t.Errorf("%d of %d", c.Size, l.Size())
	}
	must(t, l.Close())
	if _, err := l.Append(ctx, text(0, 1)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := l.Publish(ctx); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if e, err := l.Entry(1); err != nil || !bytes.Equal(e, big) {
		t.Error("an entry cannot be read after Close", err)
	}
}

// TestManyAppendAndReadAtOnce on a real disk, with checkpoints by time.
func TestManyAppendAndReadAtOnce(t *testing.T) {
	o := manual(file.OS(), t.TempDir())
	o.CheckpointEvery = 5 * time.Millisecond
	l := start(t, o)
	ctx := context.Background()
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := map[uint64][]byte{}
	for w := range 16 {
		wg.Go(func() {
			for i := range 20 {
				batch := text(w*10000+i*100, 1+(w+i)%7)
				first, err := l.Append(ctx, batch)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for j, e := range batch {
					if got[first+uint64(j)] != nil {
						t.Errorf("two entries are %d", first+uint64(j))
					}
					got[first+uint64(j)] = e
				}
				mu.Unlock()
			}
		})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for seed := range uint64(3) {
		readers.Go(func() {
			rng := seeded(seed)
			before := l.Checkpoint()
			for {
				select {
				case <-stop:
					return
				default:
				}
				c := l.Checkpoint()
				p, err := l.ConsistencyProof(before.Size, c.Size)
				if err == nil {
					err = VerifyConsistency(before.Size, c.Size, before.Root, c.Root, p)
				}
				if err != nil || c.Time < before.Time {
					t.Error(err, c.Time, before.Time)
					return
				}
				before = c
				if c.Size == 0 {
					continue
				}
				proof, err := l.Proof(rng.Uint64N(c.Size))
				if err == nil {
					_, err = proof.Verify(origin, vkeys()...)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, _ = l.Append(cancelled, text(0, 1)) // taken or not: it must end, and nothing may hang on it
	must(t, l.Close())
	if n := l.Size(); n < uint64(len(got)) || n > uint64(len(got))+1 || l.Checkpoint().Size != n {
		t.Errorf("%d entries, %d were acknowledged, the last checkpoint has %d", n, len(got), l.Checkpoint().Size)
	}
	for i, want := range got {
		if e, err := l.Entry(i); err != nil || !bytes.Equal(e, want) {
			t.Fatalf("entry %d is %q, want %q: %v", i, e, want, err)
		}
	}
	check(t, o.FS, o.Dir, nil)
}

func TestCheckpointComesByItself(t *testing.T) {
	o := manual(fault.NewDisk(1), "/log")
	o.CheckpointEvery = time.Millisecond
	l := start(t, o)
	for n := uint64(1); n < 4; n++ {
		add(t, l, []byte{byte(n)})
		for l.Checkpoint().Size != n {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestGroupsAreGathered(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	gate, started := make(chan struct{}), make(chan struct{})
	var once sync.Once
	syncs := 0
	d.OnEvent(func(e fault.Event) {
		if e.Op == "datasync-start" {
			syncs++
			once.Do(func() { close(started); <-gate })
		}
	})
	var wg sync.WaitGroup
	appendOne := func() { wg.Go(func() { _, err := l.Append(context.Background(), text(0, 1)); must(t, err) }) }
	appendOne()
	<-started
	for range 50 {
		appendOne()
	}
	for len(l.requests) < 50 {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	wg.Wait()
	d.OnEvent(nil)
	if syncs != 2 || l.Size() != 51 {
		t.Errorf("%d syncs for %d entries", syncs, l.Size())
	}
}

func TestFullDiskRefusesAndGoesOn(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	ctx := context.Background()
	add(t, l, text(0, 300)...)
	publish(t, l)
	n := l.Size()
	d.Limit(d.Used())
	for range 20 { // what was reserved is filled, then nothing goes in
		if _, err := l.Append(ctx, [][]byte{make([]byte, MaxEntry)}); err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatal(err)
			}
			break
		}
		n++
	}
	if _, err := l.Publish(ctx); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a checkpoint on a full disk: %v", err)
	}
	if l.Checkpoint().Size != 300 || l.Size() != n {
		t.Errorf("%d of %d", l.Checkpoint().Size, l.Size())
	}
	d.Limit(-1)
	add(t, l, text(0, 3)...)
	if c := publish(t, l); c.Size != n+3 {
		t.Errorf("%d, want %d", c.Size, n+3)
	}
	must(t, l.Close())
	check(t, d, "/log", nil)
}

func TestFailedSyncEndsWriting(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	ctx := context.Background()
	add(t, l, text(0, 10)...)
	d.FailDatasync(1, syscall.EIO)
	if _, err := l.Append(ctx, text(10, 1)); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	d.Heal()
	if _, err := l.Append(ctx, text(10, 1)); !errors.Is(err, ErrFailed) {
		t.Errorf("it goes on: %v", err)
	}
	if e, err := l.Entry(3); err != nil || string(e) != "e3" {
		t.Errorf("%q %v", e, err)
	}
	if err := l.Close(); !errors.Is(err, ErrFailed) {
		t.Errorf("it closes as if nothing had been: %v", err)
	}
	l = start(t, manual(d, "/log"))
	if n := l.Size(); n < 10 || n > 11 || l.Checkpoint().Size != n {
		t.Errorf("%d entries after the restart, the checkpoint has %d", n, l.Checkpoint().Size)
	}
}

func TestOneProcessOnly(t *testing.T) {
	o := manual(file.OS(), t.TempDir())
	start(t, o)
	if _, err := Open(o); !errors.Is(err, file.ErrLocked) {
		t.Error(err)
	}
}

// TestJournalIsReplaced when it has grown, and old partial tiles go when they are full.
func TestJournalIsReplaced(t *testing.T) {
	d := fault.NewDisk(1)
	l := start(t, manual(d, "/log"))
	for i := range 300 {
		add(t, l, bytes.Repeat([]byte{byte(i)}, 20000))
		if i%10 == 0 {
			publish(t, l)
		}
	}
	c := publish(t, l)
	list, err := d.ReadDir("/log/" + pendingDir)
	must(t, err)
	if len(list) != 1 || l.journal.off > 2*journalTurn {
		t.Errorf("%d journals, the newest has %d bytes", len(list), l.journal.off)
	}
	partial := 0
	for _, p := range tree(t, d, "/log") {
		if tl, ok := parseTilePath(p); ok && tl.W < tileWidth {
			partial++
			if tl.N < int64(c.Size)>>tileHeight && tl.L < 1 {
				t.Errorf("%s is left", p)
			}
		}
	}
	if partial == 0 {
		t.Error("no partial tile is there")
	}
	must(t, l.Close())
	l = start(t, manual(d, "/log"))
	if l.Size() != 300 {
		t.Errorf("%d entries", l.Size())
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name  string
		batch int
		procs int
	}{{"batch=1", 1, 1}, {"batch=1,callers=64", 1, 64}, {"batch=1000", 1000, 1}} {
		b.Run(c.name, func(b *testing.B) {
			o := manual(file.OS(), b.TempDir())
			o.CheckpointEvery = 0
			o.Now = time.Now
			l, err := Open(o)
			must(b, err)
			entry := bytes.Repeat([]byte{7}, 120)
			batch := slices.Repeat([][]byte{entry}, c.batch)
			var wg sync.WaitGroup
			next := make(chan struct{})
			for range c.procs {
				wg.Go(func() {
					for range next {
						if _, err := l.Append(context.Background(), batch); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ResetTimer()
			for range b.N {
				next <- struct{}{}
			}
			close(next)
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N*c.batch)/b.Elapsed().Seconds(), "entries/s")
			must(b, l.Close())
		})
	}
}

func BenchmarkProof(b *testing.B) {
	o := manual(file.OS(), b.TempDir())
	l, err := Open(o)
	must(b, err)
	defer l.Close()
	for i := range 10 {
		add(b, l, text(i*10000, 10000)...)
	}
	publish(b, l)
	b.ResetTimer()
	for i := range b.N {
		if _, err := l.Proof(uint64(i*7919) % 100000); err != nil {
			b.Fatal(err)
		}
	}
}
