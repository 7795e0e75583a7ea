package log

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/kernel/file/fault"
)

// TestManyProducersManyReaders also shows that segments roll over under load on the real file system.
func TestManyProducersManyReaders(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		o.MaxBytes = 16 << 20
		l := open(t, o)
		const producers, each = 16, 100
		var wg sync.WaitGroup
		for i := range producers {
			p := partition(t, l, fmt.Sprintf("p%d", i%3))
			wg.Add(1)
			go func() {
				defer wg.Done()
				for k := range each {
					if _, err := put(p, big(fmt.Sprintf("%d/%d ", i, k), 100+50*i)); err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		for i := range 6 {
			r := partition(t, l, fmt.Sprintf("p%d", i%3)).Read(1)
			count := 0
			for k := range producers {
				if k%3 == i%3 {
					count += each
				}
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				next := map[int]int{}
				for range count {
					rec, err := r.Next(context.Background())
					if err != nil {
						t.Error(err)
						return
					}
					var producer, k int
					fmt.Sscanf(string(rec.Data), "%d/%d ", &producer, &k)
					if k != next[producer] {
						t.Errorf("producer %d: record %d where %d is due", producer, k, next[producer])
						return
					}
					next[producer]++
				}
			}()
		}
		wg.Wait()
		if s := l.Stats(); s.Records != producers*each || s.Segments < 10 || s.PendingBytes != 0 {
			t.Errorf("stats %+v", s)
		}
		if err := l.Verify(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestRecordsThatWaitShareOneSync(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	var events []string
	var tracing sync.Mutex
	o.Trace = func(event string, n uint64) {
		tracing.Lock()
		events = append(events, fmt.Sprintf("%s %d", event, n))
		tracing.Unlock()
	}
	l := open(t, o)
	p := partition(t, l, "a")
	mustPut(t, p, "first")
	pass, release := gate(d)
	defer release()
	var mu sync.Mutex
	var acks []uint64
	done := func(c Commit, err error) {
		mu.Lock()
		acks = append(acks, c.Number)
		mu.Unlock()
	}
	add := func() {
		if err := p.Append(context.Background(), []byte("x"), done); err != nil {
			t.Fatal(err)
		}
	}
	add()
	pass <- struct{}{} // the committer is at the sync of record 2 and has passed it
	add()
	<-taken(l, 3)
	for range 50 {
		add()
	}
	mu.Lock()
	if len(acks) > 1 {
		t.Errorf("%v were acknowledged before their sync", acks)
	}
	mu.Unlock()
	before := l.Stats().Groups
	release()
	shut(t, l)
	if got := l.Stats().Groups - before; got != 2 {
		t.Errorf("records 3 to 53 took %d syncs, want 2", got)
	}
	if len(acks) != 52 || !slices.IsSorted(acks) {
		t.Errorf("acknowledgements %v", acks)
	}
	order := map[string]int{}
	for i, e := range events {
		order[e] = i
	}
	for _, n := range []int{1, 2, 3, 53} {
		w, s, a := order[fmt.Sprintf("written %d", n)], order[fmt.Sprintf("datasync %d", n)], order[fmt.Sprintf("acked %d", n)]
		if !(w < s && s < a) {
			t.Errorf("record %d: written, datasync, acked at %d, %d, %d in %v", n, w, s, a, events)
		}
	}
}

// taken is closed once the committer has taken record number out of the queue.
func taken(l *Log, number uint64) chan struct{} {
	c := make(chan struct{})
	go func() {
		defer close(c)
		for {
			l.queue.Lock()
			waits := len(l.queue.groups) > 0 && l.queue.groups[0].first <= number
			l.queue.Unlock()
			if !waits {
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
	}()
	return c
}

func TestSyncCompletesBeforeTheAcknowledgementItCovers(t *testing.T) {
	d := fault.NewDisk(1)
	l := open(t, small(d, "/j"))
	p := partition(t, l, "a")
	for i := range 100 {
		var events []fault.Event
		acked := make(chan struct{})
		err := p.Append(context.Background(), []byte(big(fmt.Sprintf("%d", i), 1000)), func(Commit, error) {
			events = d.Events()
			close(acked)
		})
		if err != nil {
			t.Fatal(err)
		}
		<-acked
		var write, sync int
		for k, e := range events {
			if strings.HasSuffix(e.Name, ".seg") {
				switch e.Op {
				case "write":
					write = k
				case "datasync":
					sync = k
				}
			}
		}
		if sync < write {
			t.Fatalf("record %d was acknowledged after event %d; written in %d, synced in %d", i+1, len(events), write, sync)
		}
	}
}

func TestLingerGathersAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(fault.NewDisk(1), "/j")
		o.Linger, o.MaxGroupBytes = 50*time.Millisecond, 8<<10
		l := open(t, o)
		defer l.Close()
		p := partition(t, l, "a")
		begin := time.Now()
		var waited time.Duration
		for range 10 {
			if err := p.Append(t.Context(), []byte("x"), func(Commit, error) { waited = time.Since(begin) }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if g := l.Stats().Groups; g != 1 || waited != 50*time.Millisecond {
			t.Errorf("%d groups after %v, want 1 after 50ms", g, waited)
		}
		// A full group does not wait.
		begin = time.Now()
		for range 3 {
			if err := p.Append(t.Context(), make([]byte, 5<<10), func(Commit, error) { waited = time.Since(begin) }); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if g := l.Stats().Groups; g != 3 {
			t.Errorf("%d groups, want 3 without a wait", g)
		}
		shut(t, l) // nor does Close
		if l.Last().Number != 13 || waited != 0 {
			t.Errorf("last %v after %v", l.Last(), waited)
		}
	})
}

func TestAppendWaitsForRoomInMemory(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	o.MaxPendingBytes = 1000
	l := open(t, o)
	p := partition(t, l, "a")
	_, release := gate(d)
	defer release()
	for range 2 {
		if err := p.Append(context.Background(), make([]byte, 450), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	wantError(t, p.Append(ctx, make([]byte, 450), nil), context.DeadlineExceeded)
	if s := l.Stats(); s.PendingBytes != 916 || s.Waits != 1 {
		t.Errorf("stats %+v", s)
	}
	release()
	// A record larger than the bound passes alone.
	mustPut(t, p, big("large", 5000))
	wantList(t, all(t, p.Read(3)), "3:large.......")
}

func TestLargestRecordFitsASegmentWithAllPartitions(t *testing.T) {
	o := small(fault.NewDisk(1), "/j")
	o.MaxBytes = 4 << 20
	l := open(t, o)
	for i := range maxPartitions {
		mustPut(t, partition(t, l, big(fmt.Sprintf("%d", i), maxNameBytes)), "x")
	}
	if _, err := l.Partition("one more"); err == nil {
		t.Error("one partition too many was allowed")
	}
	_, err := l.Partition("one-more")
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("one partition too many: %v", err)
	}
	p := partition(t, l, big("7", maxNameBytes))
	for range 3 {
		mustPut(t, p, big("z", l.o.MaxRecordBytes))
	}
	shut(t, l)
	l = open(t, o)
	p = partition(t, l, big("7", maxNameBytes))
	wantList(t, all(t, p.Read(1)), "8:x", "257:z...........", "258:z...........", "259:z...........")
}

func TestTwoProcessesCannotOpenOneJournal(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		l := open(t, o)
		_, err := Open(o)
		wantError(t, err, file.ErrLocked)
		if !strings.Contains(err.Error(), o.Dir) {
			t.Errorf("%v does not name the directory", err)
		}
		mustPut(t, partition(t, l, "a"), "x")
		shut(t, l)
		open(t, o)
	})
}

func TestCloseFinishesWhatWasTaken(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	l := open(t, o)
	p := partition(t, l, "a")
	acked := 0
	for range 100 {
		if err := p.Append(context.Background(), []byte("x"), func(_ Commit, err error) {
			if err == nil {
				acked++
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	woken := make(chan error)
	go func() {
		_, err := p.Read(1000).Next(context.Background())
		woken <- err
	}()
	shut(t, l)
	shut(t, l)
	wantError(t, <-woken, ErrClosed)
	if acked != 100 || l.Last().Number != 100 {
		t.Errorf("%d acknowledged, last %v", acked, l.Last())
	}
	wantError(t, p.Append(context.Background(), nil, nil), ErrClosed)
	_, _, err := p.Read(1).TryNext()
	wantError(t, err, ErrClosed)
	wantError(t, l.Verify(context.Background()), ErrClosed)
}

func TestCommitTimeNeverGoesBack(t *testing.T) {
	o := small(fault.NewDisk(1), "/j")
	now := time.Unix(2000, 0)
	o.Now = func() time.Time { return now }
	l := open(t, o)
	p := partition(t, l, "a")
	if c := mustPut(t, p, "x"); c.Time != 2000e9 {
		t.Errorf("time %d", c.Time)
	}
	now = time.Unix(1000, 0)
	if c := mustPut(t, p, "x"); c.Time != 2000e9+1 {
		t.Errorf("time %d after the clock was set back", c.Time)
	}
	shut(t, l)
	l = open(t, o)
	if c := mustPut(t, partition(t, l, "a"), "x"); c != (Commit{3, 2000e9 + 2}) {
		t.Errorf("%v after a restart", c)
	}
}

// What Closed has named stays closed: nothing is dated at or before it afterwards, whatever the clock does.
func TestNothingIsDatedWithinWhatIsClosed(t *testing.T) {
	o := small(fault.NewDisk(1), "/j")
	now := time.Unix(2000, 0)
	o.Now = func() time.Time { return now }
	l := open(t, o)
	p := partition(t, l, "a")
	if c := mustPut(t, p, "x"); l.Closed() != c.Time {
		t.Errorf("closed until %d after a commit at %d", l.Closed(), c.Time)
	}
	now = time.Unix(3000, 0)
	if l.Closed() != 3000e9 {
		t.Errorf("closed until %d while nothing is under way", l.Closed())
	}
	now = time.Unix(2500, 0)
	if c := mustPut(t, p, "x"); c.Time != 3000e9+1 {
		t.Errorf("dated %d, 3000 s were closed", c.Time)
	}
	telling, holding := make(chan struct{}), make(chan struct{})
	if err := p.Append(context.Background(), []byte("x"), func(Commit, error) { close(telling); <-holding }); err != nil {
		t.Fatal(err)
	}
	<-telling
	now = time.Unix(4000, 0)
	if l.Closed() != 3000e9+1 {
		t.Errorf("closed until %d while a done function has not returned", l.Closed())
	}
	close(holding)
	shut(t, l)
	now = time.Unix(1000, 0)
	if l = open(t, o); l.Closed() != 3000e9+2 {
		t.Errorf("closed until %d after a restart", l.Closed())
	}
}

func TestWrongOptionsAreNamed(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"Dir":             func(o *Options) { o.Dir = "" },
		"SegmentBytes":    func(o *Options) { o.SegmentBytes = 1000 },
		"MaxBytes":        func(o *Options) { o.MaxBytes = 100 << 10 },
		"AlignBytes":      func(o *Options) { o.AlignBytes = 1000 },
		"MaxRecordBytes":  func(o *Options) { o.MaxRecordBytes = 1 << 20 },
		"keeper name":     func(o *Options) { o.Keepers = []string{"a b"} },
		`"a" is named`:    func(o *Options) { o.Keepers = []string{"a", "a"} },
		"not a directory": func(o *Options) { o.Dir = "/file" },
	} {
		d := fault.NewDisk(1)
		f, err := d.OpenFile("/file", 0x42, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		o := small(d, "/j")
		change(&o)
		if _, err := Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", want, err)
		}
	}
	l := open(t, small(fault.NewDisk(1), "/j"))
	for _, name := range []string{"", "a b", "ü", strings.Repeat("x", 65)} {
		if _, err := l.Partition(name); err == nil {
			t.Errorf("partition %q was allowed", name)
		}
		if _, err := l.Cursor(name); err == nil {
			t.Errorf("cursor %q was allowed", name)
		}
	}
	if err := l.Keep("nobody", 1); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("unknown keeper: %v", err)
	}
}

func TestErrorsTellWhatHappened(t *testing.T) {
	err := error(&CorruptError{Segment: "0000000000000003.seg", Offset: 8192, Reason: "the checksum of the group is wrong"})
	for _, part := range []string{"0000000000000003.seg", "8192", "checksum"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	if errors.Is(ErrFull, ErrFailed) {
		t.Error("full is not failed")
	}
}
