package log

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"jingwei/internal/kernel/file/fault"
)

func TestReaderSeesDurableRecordsOnly(t *testing.T) {
	d := fault.NewDisk(1)
	l := open(t, small(d, "/j"))
	p := partition(t, l, "a")
	mustPut(t, p, "one")
	r := p.Read(1)
	wantList(t, all(t, r), "1:one")
	synced := make(chan struct{})
	written := make(chan struct{})
	d.OnEvent(func(e fault.Event) {
		if e.Op == "datasync-start" && strings.HasSuffix(e.Name, ".seg") {
			close(written)
			<-synced
		}
	})
	acked := make(chan struct{})
	must(t, p.Append(context.Background(), []byte("two"), func(Commit, error) { close(acked) }))
	<-written // the bytes are in the file
	wantList(t, all(t, r))
	wantList(t, all(t, p.Read(2)))
	if l.Last().Number != 1 {
		t.Errorf("last %v", l.Last())
	}
	close(synced)
	<-acked
	wantList(t, all(t, r), "2:two")
	d.OnEvent(nil)
}

// TestReadersReadNothingTwice counts the bytes that readers take from the files.
func TestReadersReadNothingTwice(t *testing.T) {
	d := fault.NewDisk(1)
	o := small(d, "/j")
	o.SegmentBytes, o.MaxBytes, o.MaxGroupBytes = 4<<20, 64<<20, 64<<10
	l := open(t, o)
	busy, rare := partition(t, l, "busy"), partition(t, l, "rare")
	var bytes atomic.Int64
	d.OnEvent(func(e fault.Event) {
		if e.Op == "read" {
			bytes.Add(int64(e.N))
		}
	})
	follow, seldom := busy.Read(1), rare.Read(1)
	var fresh int64
	for i := range 500 {
		mustPut(t, busy, big(fmt.Sprint(i, " "), 10_000))
		bytes.Store(0)
		if rec, ok, err := follow.TryNext(); err != nil || !ok || len(rec.Data) != 10_000 {
			t.Fatal(ok, err)
		}
		fresh += bytes.Load()
		wantList(t, all(t, follow))
	}
	if s := l.Stats(); fresh > int64(s.WrittenBytes) {
		t.Errorf("a reader that keeps up read %d bytes of %d written", fresh, s.WrittenBytes)
	}
	// One that waits for a rare partition goes straight to its record, past the 5 MB before it.
	wantList(t, all(t, seldom))
	bytes.Store(0)
	mustPut(t, rare, "here")
	wantList(t, all(t, seldom), "501:here")
	if n := bytes.Load(); n > 8192 {
		t.Errorf("%d bytes were read for one small record", n)
	}
	// One that comes late begins near its number, and skips segments that hold nothing for it.
	mustPut(t, rare, "again")
	bytes.Store(0)
	wantList(t, all(t, rare.Read(1)), "501:here", "502:again")
	if n := bytes.Load(); n > 3<<20 {
		t.Errorf("%d bytes were read to find two records in the last segment", n)
	}
	bytes.Store(0)
	r := busy.Read(450)
	if rec, ok, err := r.TryNext(); err != nil || !ok || rec.Number != 450 {
		t.Fatal(rec.Number, ok, err)
	}
	if n := bytes.Load(); n > 3*readChunk {
		t.Errorf("%d bytes were read to find one record", n)
	}
	must(t, l.Verify(context.Background()))
	shut(t, l)
	d.OnEvent(nil)
}

func TestReaderCrossesLargeAndSmallGroups(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		o.SegmentBytes, o.MaxBytes = 4<<20, 64<<20
		l := open(t, o)
		p := partition(t, l, "a")
		var want []string
		for i := range 30 {
			size := 100
			if i%5 == 0 {
				size = 3 << 20 / (1 + i/5)
			}
			c := mustPut(t, p, big(fmt.Sprintf("%03d", i), size))
			want = append(want, fmt.Sprintf("%d:%03d.........", c.Number, i))
		}
		r := p.Read(1)
		wantList(t, all(t, r), want...)
		if cap(r.mem) > readKeep {
			t.Errorf("the reader keeps %d bytes", cap(r.mem))
		}
		shut(t, l)
		l = open(t, o)
		wantList(t, all(t, partition(t, l, "a").Read(17)), want[16:]...)
	})
}
