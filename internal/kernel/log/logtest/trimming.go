package logtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"jingwei/internal/kernel/log"
)

// fill puts records of 10,000 bytes named after their number until n were taken or one is refused.
func fill(j log.Journal, p log.Topic, n int) (taken int, err error) {
	for taken < n {
		if _, err = Put(p, Big(fmt.Sprintf("%d ", j.Last().Number+1), 10_000)); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func mustFill(t *testing.T, j log.Journal, p log.Topic, n int) {
	t.Helper()
	if k, err := fill(j, p, n); err != nil {
		t.Fatalf("record %d of %d: %v", k+1, n, err)
	}
}

func keep(t *testing.T, j log.Journal, keeper string, from uint64) {
	t.Helper()
	if err := j.Keep(keeper, from); err != nil {
		t.Fatal(err)
	}
}

func trimming(t *testing.T, at Place) {
	o := Options{MaxBytes: 4 << 20, RetainBytes: -1, Keepers: []string{"telemetry", "uplink"}}
	j := open(t, at, o)
	p := topic(t, j, "a")
	mustFill(t, j, p, 60)
	keep(t, j, "telemetry", 58)
	mustFill(t, j, p, 1)
	if j.First() != 1 {
		t.Errorf("first is %d before the second keeper has spoken", j.First())
	}
	keep(t, j, "uplink", 50)
	until(t, "what nobody needs is trimmed", func() bool { return j.First() > 50-1-uint64(at.Slack/10_000)-1 })
	if j.First() > 50 {
		t.Errorf("first is %d, a keeper needs 50", j.First())
	}
	wantList(t, All(t, p.Records(61)), "61:61 .........")
	shut(t, j)
	j = open(t, at, o)
	p = topic(t, j, "a")
	first := j.First()
	mustFill(t, j, p, 10)
	if j.First() != first {
		t.Errorf("first is %d and was %d: keepers say it anew after a restart", j.First(), first)
	}
	keep(t, j, "uplink", 1<<40)
	keep(t, j, "telemetry", 1<<40)
	until(t, "all but the newest is trimmed", func() bool { return j.Bytes() <= at.Slack+30_000 })
	wantList(t, All(t, p.Records(71)), "71:71 .........")
}

func following(t *testing.T, at Place) {
	o := Options{MaxBytes: 4 << 20, RetainBytes: -1, Keepers: []string{"k"}}
	j := open(t, at, o)
	p, seldom := topic(t, j, "a"), topic(t, j, "rare")
	put(t, seldom, "one")
	put(t, p, "x")
	slow, quick := p.Records(1), seldom.Records(1)
	if rec, err := slow.Next(t.Context()); err != nil || rec.Number != 2 {
		t.Fatal(rec.Number, err)
	}
	wantList(t, All(t, quick), "1:one")
	mustFill(t, j, p, 70)
	keep(t, j, "k", 73)
	until(t, "it is trimmed", func() bool { return j.First() > 20 && j.Bytes() <= at.Slack+30_000 })
	first := j.First()
	var trimmed *log.TrimmedError
	for !errors.As(nextError(t, slow), &trimmed) {
	}
	if trimmed.First != first {
		t.Errorf("%v, first is %d", trimmed, first)
	}
	if rec, ok, err := slow.TryNext(); err != nil || !ok || rec.Number != first {
		t.Errorf("goes on with %d %v %v, want %d", rec.Number, ok, err, first)
	}
	// A partition that has lost nothing is not told that it has: neither its reader nor, after a restart, a new one that
	// stands at an old number.
	wantList(t, All(t, quick))
	wantList(t, All(t, seldom.Records(2)))
	if _, _, err := seldom.Records(1).TryNext(); !errors.As(err, &trimmed) && err != nil {
		t.Errorf("reading what was trimmed: %v", err)
	}
	shut(t, j)
	j = open(t, at, o)
	seldom = topic(t, j, "rare")
	wantList(t, All(t, seldom.Records(2)))
	c := put(t, seldom, "two")
	wantList(t, All(t, seldom.Records(2)), fmt.Sprintf("%d:two", c.Number))
	if _, _, err := seldom.Records(1).TryNext(); !errors.As(err, &trimmed) {
		t.Errorf("reading what was trimmed: %v", err)
	}
}

// nextError reads one record further, and returns the error instead of it.
func nextError(t *testing.T, r log.Records) error {
	t.Helper()
	_, ok, err := r.TryNext()
	if err == nil && !ok {
		t.Fatal("there is nothing more to read")
	}
	return err
}

func full(t *testing.T, at Place) {
	o := Options{MaxBytes: 1 << 20, RetainBytes: -1, Keepers: []string{"telemetry"}}
	j := open(t, at, o)
	p := topic(t, j, "a")
	n, err := fill(j, p, 1000)
	wantError(t, err, log.ErrFull)
	if n < 60 || n > 105 || !strings.Contains(err.Error(), "telemetry") {
		t.Errorf("%d records, then %v; want about 1 MiB of them and the keeper's name", n, err)
	}
	if j.Bytes() > o.MaxBytes {
		t.Errorf("%d bytes of at most %d", j.Bytes(), o.MaxBytes)
	}
	if list := All(t, p.Records(1)); len(list) != n {
		t.Errorf("%d of %d records are there", len(list), n)
	}
	last := j.Last().Number
	keep(t, j, "telemetry", last-5)
	mustFill(t, j, p, 20) // at once: Append waits for the trimming
	_, err = fill(j, p, 1000)
	wantError(t, err, log.ErrFull)
	last = j.Last().Number
	shut(t, j)
	j = open(t, at, o)
	p = topic(t, j, "a")
	_, err = fill(j, p, 1000)
	wantError(t, err, log.ErrFull)
	if got := j.Last().Number; got < last || got > last+1 { // an owner's own few bytes may differ from life to life
		t.Errorf("last %d, was %d", got, last)
	}
}

func ring(t *testing.T, at Place) {
	o := Options{MaxBytes: 1 << 20}
	j := open(t, at, o)
	p := topic(t, j, "a")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 { // readers of what is trimmed under them never meet another record's bytes
		wg.Go(func() {
			r := p.Records(1)
			for {
				rec, err := r.Next(ctx)
				var trimmed *log.TrimmedError
				switch {
				case errors.As(err, &trimmed):
					continue
				case errors.Is(err, context.Canceled):
					return
				case err != nil:
					t.Error(err)
					return
				}
				if want := fmt.Sprintf("%d .", rec.Number); !strings.HasPrefix(string(rec.Data), want) {
					t.Errorf("record %d begins with %.20q", rec.Number, rec.Data)
					return
				}
			}
		})
	}
	mustFill(t, j, p, 300)
	cancel()
	wg.Wait()
	if j.Bytes() > o.MaxBytes || j.First() < 180 {
		t.Errorf("%d bytes, first %d", j.Bytes(), j.First())
	}
	if err := j.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
