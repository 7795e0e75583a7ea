package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jingwei/internal/kernel/log"
)

func reopening(t *testing.T, at Place) {
	var newest log.Commit
	for round := range 3 {
		j := open(t, at, Options{})
		if j.Last() != newest {
			t.Fatalf("round %d: last %v, want %v", round, j.Last(), newest)
		}
		a, b := topic(t, j, "a"), topic(t, j, "b")
		for i := range 4 {
			c := put(t, []log.Topic{a, a, b, a}[i], fmt.Sprintf("r%d.%d", round, i))
			if want := uint64(round*4 + i + 1); c.Number != want {
				t.Fatalf("number %d, want %d", c.Number, want)
			}
			if c.Time <= newest.Time {
				t.Fatalf("time %d after %d", c.Time, newest.Time)
			}
			newest = c
		}
		if j.Last() != newest || j.First() != 1 {
			t.Fatalf("last %v first %d, want %v and 1", j.Last(), j.First(), newest)
		}
		shut(t, j)
	}
	j := open(t, at, Options{})
	wantList(t, All(t, topic(t, j, "b").Records(0)), "3:r0.2", "7:r1.2", "11:r2.2")
	wantList(t, All(t, topic(t, j, "a").Records(6)), "6:r1.1", "8:r1.3", "9:r2.0", "10:r2.1", "12:r2.3")
	wantList(t, All(t, topic(t, j, "new").Records(1)))
	if err := j.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func sizes(t *testing.T, at Place) {
	j := open(t, at, Options{MaxRecordBytes: 30_000})
	p := topic(t, j, "a")
	put(t, p, "")
	put(t, p, "x")
	_, err := Put(p, Big("z", 30_001))
	wantError(t, err, log.ErrTooLarge)
	if !strings.Contains(err.Error(), "30001") || !strings.Contains(err.Error(), "30000") {
		t.Errorf("%v does not name the sizes", err)
	}
	put(t, p, Big("y", 30_000))
	wantList(t, All(t, p.Records(1)), "1:", "2:x", "3:y...........")
}

func concurrency(t *testing.T, at Place) {
	j := open(t, at, Options{MaxBytes: 16 << 20})
	const producers, each = 16, 60
	var wg sync.WaitGroup
	var numbers sync.Map
	for i := range producers {
		p := topic(t, j, fmt.Sprintf("p%d", i%3))
		wg.Go(func() {
			last := log.Commit{}
			for k := range each {
				c, err := Put(p, Big(fmt.Sprintf("%d/%d ", i, k), 100+50*i))
				if err != nil {
					t.Error(err)
					return
				}
				if _, twice := numbers.LoadOrStore(c.Number, c.Time); twice || c.Number <= last.Number || c.Time <= last.Time {
					t.Errorf("producer %d: %v after %v, given twice: %v", i, c, last, twice)
				}
				last = c
			}
		})
	}
	for i := range 6 {
		r := topic(t, j, fmt.Sprintf("p%d", i%3)).Records(1)
		count := 0
		for k := range producers {
			if k%3 == i%3 {
				count += each
			}
		}
		wg.Go(func() {
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
		})
	}
	wg.Wait()
	last := int64(0)
	for n := uint64(1); n <= producers*each; n++ {
		v, ok := numbers.Load(n)
		if !ok {
			t.Fatalf("nobody has number %d", n)
		}
		if v.(int64) < last {
			t.Fatalf("number %d is dated %d after %d", n, v, last)
		}
		last = v.(int64)
	}
	if got := j.Last(); got.Number != producers*each || got.Time != last {
		t.Errorf("last %v, want %d at %d", got, producers*each, last)
	}
	if err := j.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func acknowledgement(t *testing.T, at Place) {
	j := open(t, at, Options{})
	p := topic(t, j, "a")
	put(t, p, "first")
	release := at.Hold()
	var mu sync.Mutex
	var acks []uint64
	var held atomic.Bool
	held.Store(true)
	for i := range 52 {
		err := p.Append(t.Context(), fmt.Append(nil, i), func(c log.Commit, err error) {
			mu.Lock()
			defer mu.Unlock()
			if held.Load() || err != nil {
				t.Errorf("record %d: acknowledged while the medium was held, or error %v", i+2, err)
			}
			acks = append(acks, c.Number)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(30 * time.Millisecond) // a wrong acknowledgement would have its chance
	if j.Last().Number != 1 {
		t.Errorf("last is %v while the medium is held", j.Last())
	}
	wantList(t, All(t, p.Records(2)))
	held.Store(false)
	release()
	shut(t, j)
	want := make([]uint64, 52)
	for i := range want {
		want[i] = uint64(i + 2)
	}
	if !slices.Equal(acks, want) {
		t.Errorf("acknowledged %v", acks)
	}
}

func pending(t *testing.T, at Place) {
	j := open(t, at, Options{MaxPendingBytes: 1000})
	p := topic(t, j, "a")
	release := at.Hold()
	for range 2 {
		if err := p.Append(t.Context(), make([]byte, 450), nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	wantError(t, p.Append(ctx, make([]byte, 450), nil), context.DeadlineExceeded)
	// However many wait, none is taken beyond the bound.
	cancelled, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	record := make([]byte, 900)
	for range 2000 {
		wg.Go(func() {
			if err := p.Append(cancelled, record, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("a record was taken beyond the bound: %v", err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	stop()
	wg.Wait()
	release()
	c := put(t, p, Big("large", 5000)) // one that is larger than the bound passes alone
	if c.Number != 3 {
		t.Errorf("number %d: what was refused has left a trace", c.Number)
	}
	wantList(t, All(t, p.Records(3)), "3:large.......")
}

func times(t *testing.T, at Place) {
	var now atomic.Int64
	now.Store(2000e9)
	o := Options{Now: func() time.Time { return time.Unix(0, now.Load()) }}
	j := open(t, at, o)
	p := topic(t, j, "a")
	c := put(t, p, "x")
	if c.Time < 2000e9 || c.Time > 2000e9+1000 {
		t.Errorf("time %d", c.Time)
	}
	until(t, "the closed time is the commit's", func() bool { return j.Closed() >= c.Time })
	now.Store(3000e9)
	until(t, "the present is closed while nothing is under way", func() bool { return j.Closed() == 3000e9 })
	now.Store(2500e9)
	d := put(t, p, "x")
	if d.Time <= 3000e9 {
		t.Errorf("dated %d, and 3000 s were closed", d.Time)
	}
	telling, holding := make(chan struct{}), make(chan struct{})
	if err := p.Append(t.Context(), []byte("x"), func(log.Commit, error) { close(telling); <-holding }); err != nil {
		t.Fatal(err)
	}
	<-telling
	now.Store(4000e9)
	for range 20 {
		if c := j.Closed(); c > d.Time {
			t.Errorf("closed until %d while a done function has not returned", c)
			break
		}
		time.Sleep(time.Millisecond)
	}
	close(holding)
	until(t, "the present is closed", func() bool { return j.Closed() == 4000e9 })
	shut(t, j)
	now.Store(1000e9)
	j = open(t, at, o)
	if last := j.Last(); last.Number != 3 || j.Closed() < last.Time {
		t.Errorf("closed until %d after a restart, last is %v", j.Closed(), last)
	}
	if e := put(t, topic(t, j, "a"), "x"); e.Time <= j.Last().Time-1 || e.Number != 4 {
		t.Errorf("%v after a restart", e)
	}
}

func waiting(t *testing.T, at Place) {
	j := open(t, at, Options{})
	p, other := topic(t, j, "a"), topic(t, j, "other")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := p.Records(1).Next(ctx)
	wantError(t, err, context.DeadlineExceeded)
	got := make(chan string)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			r := p.Records(0)
			for range 3 {
				rec, err := r.Next(context.Background())
				if err != nil {
					t.Error(err)
				}
				got <- string(rec.Data)
			}
		})
	}
	for i := range 3 {
		put(t, other, "noise")
		put(t, p, fmt.Sprint(i))
		for range 3 {
			if s := <-got; s != fmt.Sprint(i) {
				t.Errorf("got %s, want %d", s, i)
			}
		}
	}
	wg.Wait()
}

func seeking(t *testing.T, at Place) {
	o := Options{MaxGroupBytes: 16 << 10}
	j := open(t, at, o)
	p := topic(t, j, "a")
	const n = 300
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		if err := p.Append(t.Context(), []byte(Big(fmt.Sprintf("%d.", i+1), 2000)), func(log.Commit, error) { wg.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	shut(t, j)
	j = open(t, at, o)
	p = topic(t, j, "a")
	for from := uint64(1); from <= n; from += 37 {
		r := p.Records(from)
		for want := from; want <= min(n, from+20); want++ {
			rec, ok, err := r.TryNext()
			if err != nil || !ok || rec.Number != want || !strings.HasPrefix(string(rec.Data), fmt.Sprintf("%d.", want)) {
				t.Fatalf("from %d: record %d %.10q %v %v, want %d", from, rec.Number, rec.Data, ok, err, want)
			}
		}
	}
	wantList(t, All(t, p.Records(n+1)))
	if list := All(t, p.Records(1)); len(list) != n {
		t.Errorf("%d records of %d", len(list), n)
	}
}

func rare(t *testing.T, at Place) {
	j := open(t, at, Options{MaxGroupBytes: 16 << 10})
	busy, seldom := topic(t, j, "busy"), topic(t, j, "rare")
	put(t, seldom, "one")
	r := seldom.Records(1)
	wantList(t, All(t, r), "1:one")
	for range 40 {
		put(t, busy, Big("x", 5000))
	}
	wantList(t, All(t, r))
	put(t, seldom, "here")
	wantList(t, All(t, r), "42:here")
	wantList(t, All(t, seldom.Records(2)), "42:here")
	shut(t, j)
	j = open(t, at, Options{})
	wantList(t, All(t, topic(t, j, "rare").Records(1)), "1:one", "42:here")
}

func cursors(t *testing.T, at Place) {
	j := open(t, at, Options{})
	c, err := j.Place("alarm")
	if err != nil || c.Load() != 0 {
		t.Fatal(err, c.Load())
	}
	other, err := j.Place("energy")
	if err != nil {
		t.Fatal(err)
	}
	c.Save(17)
	other.Save(4)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	c.Save(20)
	shut(t, j)
	j = open(t, at, Options{})
	c, _ = j.Place("alarm")
	other, _ = j.Place("energy")
	if c.Load() != 20 || other.Load() != 4 {
		t.Errorf("cursors %d and %d, want 20 and 4", c.Load(), other.Load())
	}
}

func names(t *testing.T, at Place) {
	j := open(t, at, Options{Keepers: []string{"k"}})
	for _, name := range []string{"", "a b", "ü", strings.Repeat("x", 65)} {
		if _, err := j.Topic(name); err == nil {
			t.Errorf("partition %q was allowed", name)
		}
		if _, err := j.Place(name); err == nil {
			t.Errorf("cursor %q was allowed", name)
		}
	}
	if err := j.Keep("nobody", 1); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("unknown keeper: %v", err)
	}
}
