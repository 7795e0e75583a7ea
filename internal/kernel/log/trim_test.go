package log

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"jingwei/internal/kernel/file/fault"
)

// fill appends records of 10,000 bytes named after their number until n of them were taken or one is refused.
func fill(t *testing.T, p *Partition, n int) (taken int, err error) {
	t.Helper()
	for taken < n {
		text := fmt.Sprintf("%d ", p.log.Last().Number+1)
		if _, err = put(p, big(text, 10_000)); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func mustFill(t *testing.T, p *Partition, n int) {
	t.Helper()
	if k, err := fill(t, p, n); err != nil {
		t.Fatalf("record %d of %d: %v", k+1, n, err)
	}
}

// settle lets the steward finish what it was woken for; in a synctest bubble.
func settle() { synctest.Wait() }

func TestNothingIsTrimmedUntilEachKeeperHasSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(fault.NewDisk(1), "/j")
		o.RetainBytes, o.Keepers = -1, []string{"telemetry", "uplink"}
		l := open(t, o)
		defer l.Close()
		p := partition(t, l, "a")
		mustFill(t, p, 20) // five to a segment
		check := func(first uint64) {
			t.Helper()
			settle()
			if l.First() != first {
				t.Errorf("first is %d, want %d", l.First(), first)
			}
		}
		check(1)
		if err := l.Keep("telemetry", 18); err != nil {
			t.Fatal(err)
		}
		check(1)
		if err := l.Keep("uplink", 5); err != nil {
			t.Fatal(err)
		}
		check(1) // record 5 is in the first segment
		_ = l.Keep("uplink", 6)
		check(6)
		_ = l.Keep("uplink", 14)
		check(11)
		_ = l.Keep("uplink", 1<<40)
		check(16)
		_ = l.Keep("telemetry", 1<<40)
		check(16) // the segment of the newest record stays
		wantList(t, all(t, p.Read(17))[:1], "17:17 .........")
		if b := l.Bytes(); b > 64<<10*(1+1+maxSpares) {
			t.Errorf("%d bytes on disk", b)
		}
		shut(t, l)
		l = open(t, o)
		defer l.Close()
		mustFill(t, partition(t, l, "a"), 10)
		check(16) // keepers say it anew after a restart
	})
}

func TestReleasedSegmentsStayForFollowers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(fault.NewDisk(1), "/j")
		o.RetainBytes, o.Keepers = 3*64<<10, []string{"k"}
		l := open(t, o)
		defer l.Close()
		p := partition(t, l, "a")
		mustFill(t, p, 33)
		_ = l.Keep("k", 34)
		settle()
		if l.First() != 16 { // 16-20, 21-25, 26-30 are kept, 31-33 is being written
			t.Errorf("first is %d", l.First())
		}
		for range 40 {
			mustFill(t, p, 5)
			_ = l.Keep("k", l.Last().Number+1)
		}
		settle()
		if b := l.Bytes(); b > 64<<10*(3+1+1+maxSpares) {
			t.Errorf("%d bytes on disk", b)
		}
	})
}

func TestFollowerIsToldOfTrimmingAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := small(fault.NewDisk(1), "/j")
		o.RetainBytes, o.Keepers = -1, []string{"k"}
		l := open(t, o)
		defer l.Close()
		p, rare := partition(t, l, "a"), partition(t, l, "rare")
		mustPut(t, rare, "one")
		slow, quick := p.Read(1), rare.Read(1)
		if rec, err := slowNext(slow, p); err != nil || rec != 2 {
			t.Fatal(rec, err)
		}
		wantList(t, all(t, quick), "1:one")
		mustFill(t, p, 30)
		_ = l.Keep("k", 31)
		settle()
		first := l.First()
		var trimmed *TrimmedError
		for {
			_, ok, err := slow.TryNext()
			if errors.As(err, &trimmed) {
				break
			}
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
		}
		if trimmed.First != first || first < 20 {
			t.Errorf("%v, first is %d", trimmed, first)
		}
		rec, ok, err := slow.TryNext()
		if err != nil || !ok || rec.Number != first {
			t.Errorf("goes on with %d %v %v, want %d", rec.Number, ok, err, first)
		}
		// A partition that has lost nothing is not told that it has: neither its reader nor, after a restart, a new
		// one that stands at an old number.
		wantList(t, all(t, quick))
		wantList(t, all(t, rare.Read(2)))
		if _, _, err := rare.Read(1).TryNext(); !errors.As(err, &trimmed) {
			t.Errorf("reading what was trimmed: %v", err)
		}
		shut(t, l)
		l = open(t, o)
		defer l.Close()
		rare = partition(t, l, "rare")
		wantList(t, all(t, rare.Read(2)))
		c := mustPut(t, rare, "two")
		wantList(t, all(t, rare.Read(2)), fmt.Sprintf("%d:two", c.Number))
	})
}

func slowNext(r *Reader, p *Partition) (uint64, error) {
	if _, err := put(p, "x"); err != nil {
		return 0, err
	}
	rec, err := r.Next(context.Background())
	return rec.Number, err
}

func TestFullJournalRefusesAndLosesNothing(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		o.MaxBytes, o.Keepers = 4*64<<10, []string{"telemetry"}
		l := open(t, o)
		p := partition(t, l, "a")
		n, err := fill(t, p, 1000)
		wantError(t, err, ErrFull)
		if n != 20 || !strings.Contains(err.Error(), "telemetry") {
			t.Errorf("%d records, then %v; want 20 and the keeper's name", n, err)
		}
		if l.Bytes() != o.MaxBytes || l.Stats().Full == "" {
			t.Errorf("%d bytes, %+v", l.Bytes(), l.Stats())
		}
		if list := all(t, p.Read(1)); len(list) != 20 {
			t.Errorf("%d records are there", len(list))
		}
		for first := uint64(6); first <= 21; first += 5 {
			if err := l.Keep("telemetry", first); err != nil {
				t.Fatal(err)
			}
			n, err = fill(t, p, 5) // at once: Append waits for the trimming
			if err != nil {
				t.Fatalf("after Keep(%d): record %d: %v", first, n, err)
			}
			_, err = fill(t, p, 1)
			wantError(t, err, ErrFull)
		}
		shut(t, l)
		l = open(t, o)
		p = partition(t, l, "a")
		_, err = fill(t, p, 1)
		wantError(t, err, ErrFull)
		if list := all(t, p.Read(21)); len(list) != 20 || l.Last().Number != 40 {
			t.Errorf("%d records, last %v", len(list), l.Last())
		}
	})
}

func TestJournalWithoutKeepersIsARing(t *testing.T) {
	eachDisk(t, func(t *testing.T, o Options) {
		o.MaxBytes = 4 * 64 << 10
		l := open(t, o)
		p := partition(t, l, "a")
		mustFill(t, p, 500)
		if l.Bytes() > o.MaxBytes || l.First() < 480 {
			t.Errorf("%d bytes, first %d", l.Bytes(), l.First())
		}
		if err := l.Verify(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestFullDiskRefusesAndGoesOnWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fault.NewDisk(1)
		d.Limit(3*64<<10 + 8192)
		o := small(d, "/j")
		o.Keepers = []string{"k"}
		l := open(t, o)
		defer l.Close()
		p := partition(t, l, "a")
		n, err := fill(t, p, 1000)
		wantError(t, err, ErrFull)
		wantError(t, err, syscall.ENOSPC)
		if n != 15 {
			t.Errorf("%d records fit, want 15", n)
		}
		wantError(t, p.Append(t.Context(), make([]byte, 10_000), nil), ErrFull)
		d.Limit(4*64<<10 + 8192)
		time.Sleep(2 * retryEvery)
		if n, err = fill(t, p, 1000); n != 5 || !errors.Is(err, ErrFull) {
			t.Errorf("%d records fit after the disk had grown by a segment: %v", n, err)
		}
		d.Heal()
		time.Sleep(2 * retryEvery)
		mustFill(t, p, 30)
		shut(t, l)
		l = open(t, o)
		defer l.Close()
		if list := all(t, partition(t, l, "a").Read(1)); len(list) != 50 {
			t.Errorf("%d records are there, want 50", len(list))
		}
	})
}

func TestOpenOnAFullOrReadOnlyDiskSaysSo(t *testing.T) {
	d := fault.NewDisk(1)
	d.Limit(4096)
	_, err := Open(small(d, "/j"))
	wantError(t, err, syscall.ENOSPC)
	d.Heal()
	l := open(t, small(d, "/j"))
	mustPut(t, partition(t, l, "a"), "x")
	shut(t, l)
	d.SetReadOnly(true)
	_, err = Open(small(d, "/j"))
	wantError(t, err, syscall.EROFS)
	if !strings.Contains(err.Error(), "/j") {
		t.Errorf("%v does not name the directory", err)
	}
	d.Heal()
	l = open(t, small(d, "/j"))
	wantList(t, all(t, partition(t, l, "a").Read(1)), "1:x")
}

func TestNextSegmentIsMadeAheadOfNeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fault.NewDisk(1)
		l := open(t, small(d, "/j"))
		defer l.Close()
		p := partition(t, l, "a")
		mustPut(t, p, "x")
		settle()
		if _, err := d.Stat("/j/" + segmentName(2)); err != nil {
			t.Errorf("the second segment is not there yet: %v", err)
		}
		// Rolling over is a write and a sync like any other: nothing is made or named on the way.
		mustFill(t, p, 4)
		settle()
		before := len(d.Events())
		var during []fault.Event
		if err := p.Append(t.Context(), make([]byte, 10_000), func(Commit, error) { during = d.Events()[before:] }); err != nil {
			t.Fatal(err)
		}
		settle()
		if l.Stats().Segments != 2 {
			t.Fatalf("stats %+v", l.Stats())
		}
		for _, e := range during {
			if strings.HasSuffix(e.Name, segmentName(2)) && e.Op != "write" && !strings.HasPrefix(e.Op, "datasync") {
				t.Errorf("rolling over needed %+v", e)
			}
		}
	})
}

func TestTrimmedSegmentsAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fault.NewDisk(1)
		o := small(d, "/j")
		o.Keepers, o.RetainBytes = []string{"k"}, -1
		l := open(t, o)
		defer l.Close()
		p := partition(t, l, "a")
		for range 40 {
			mustFill(t, p, 5)
			_ = l.Keep("k", l.Last().Number+1)
			settle()
		}
		made := 0
		for _, e := range d.Events() {
			if e.Op == "create" && strings.HasSuffix(e.Name, ".seg.tmp") {
				made++
			}
		}
		if made > 5 {
			t.Errorf("%d files were made for 40 segments", made)
		}
	})
}
