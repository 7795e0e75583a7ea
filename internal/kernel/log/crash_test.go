package log

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"jingwei/internal/kernel/file/fault"
)

// witness is what the outside world knows of a journal over many crashes: what it sent, what was acknowledged, what
// it has read.
type witness struct {
	t    *testing.T
	name string

	mu    sync.Mutex
	sent  map[uint64]sentRecord // by the id in the payload
	id    uint64
	seen  map[uint64]uint64 // number → id, of records acknowledged or read: they must be there for ever
	keep  uint64            // what the keeper said last
	time  int64             // greatest commit time seen
	acked int
	found int // durable without an acknowledgement
}

type sentRecord struct {
	partition string
	size      int
}

// payload is recognisable in every byte: its id, then bytes that follow from it.
func payload(id uint64, size int) []byte {
	b := make([]byte, max(size, 8))
	binary.LittleEndian.PutUint64(b, id)
	for i := 8; i < len(b); i++ {
		b[i] = byte(id>>(8*(i%3))) + byte(i)
	}
	return b
}

func (w *witness) next(partition string, size int) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.id++
	w.sent[w.id] = sentRecord{partition, max(size, 8)}
	return payload(w.id, size)
}

// saw notes that record number, with that id, is durable.
func (w *witness) saw(number, id uint64) (news bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, ok := w.seen[number]
	if ok && was != id {
		w.t.Errorf("%s: record %d was %d and is %d", w.name, number, was, id)
	}
	w.seen[number] = id
	return !ok
}

// check reads the whole journal and compares it with all that was promised.
func (w *witness) check(l *Log) error {
	first, last := l.First(), l.Last()
	found := map[uint64]uint64{}
	numbers := map[uint64]uint64{}
	for _, name := range []string{"a", "b", "c"} {
		p, err := l.Partition(name)
		if err != nil {
			return err
		}
		r := p.Read(first)
		for before := (Commit{}); ; {
			rec, ok, err := r.TryNext()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			id := binary.LittleEndian.Uint64(rec.Data)
			s, ok := w.sent[id]
			switch {
			case !ok || s.partition != name || !bytes.Equal(rec.Data, payload(id, s.size)):
				w.t.Errorf("%s: record %d of %d bytes in %s is not what was sent as %d", w.name, rec.Number, len(rec.Data), name, id)
			case numbers[id] != 0:
				w.t.Errorf("%s: record %d is there as %d and as %d", w.name, id, numbers[id], rec.Number)
			case rec.Number <= before.Number || rec.Time < before.Time:
				w.t.Errorf("%s: commit %v comes after %v", w.name, rec.Commit, before)
			}
			before = rec.Commit
			numbers[id], found[rec.Number] = rec.Number, id
			if w.saw(rec.Number, id) {
				w.found++
			}
		}
	}
	for n := first; n <= last.Number; n++ {
		if found[n] == 0 {
			w.t.Errorf("%s: record %d is missing between %d and %d", w.name, n, first, last.Number)
		}
	}
	if uint64(len(found)) != last.Number+1-first {
		w.t.Errorf("%s: %d records from %d to %d", w.name, len(found), first, last.Number)
	}
	for n := range w.seen {
		switch {
		case n < first && n >= w.keep && w.keep > 0:
			w.t.Errorf("%s: record %d was trimmed; the keeper needs those from %d", w.name, n, w.keep)
		case n < first:
			delete(w.seen, n)
		case n > last.Number:
			w.t.Errorf("%s: record %d was durable; the journal ends at %d", w.name, n, last.Number)
		}
	}
	if last.Number > 0 && last.Time < w.time {
		w.t.Errorf("%s: commit time went back from %d to %d", w.name, w.time, last.Time)
	}
	w.time = max(w.time, last.Time)
	return nil
}

var crashSeeds = flag.Int("crash-seeds", 40, "disks of TestCrashes, 12 restarts each")

// TestCrashes runs a journal on a disk that loses its power at any operation, fails fsyncs and forgets what was not
// synced, and checks after each restart that every record acknowledged or read before is there once, whole and in its
// place.
func TestCrashes(t *testing.T) {
	seeds, cycles := *crashSeeds, 12
	var opens, crashes, acked, found int
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 1))
		d := fault.NewDisk(seed)
		w := &witness{t: t, name: fmt.Sprintf("seed %d", seed), sent: map[uint64]sentRecord{}, seen: map[uint64]uint64{}}
		for cycle := 0; cycle < cycles && !t.Failed(); cycle++ {
			w.name = fmt.Sprintf("seed %d cycle %d", seed, cycle)
			switch rng.IntN(6) {
			case 0, 1, 2:
				d.PowerOffAfter(rng.IntN(150))
			case 3, 4:
				d.KillAfter(rng.IntN(80))
			}
			if rng.IntN(6) == 0 {
				d.FailDatasync(1+rng.IntN(30), syscall.EIO)
			}
			clock := newClock(rng)
			l, err := Open(Options{
				FS: d, Dir: "/data/journal", SegmentBytes: 64 << 10, MaxBytes: 8 << 20, RetainBytes: -1,
				AlignBytes: []int{512, 4096}[rng.IntN(2)], MaxGroupBytes: 8 << 10, MaxPendingBytes: 64 << 10,
				Keepers: []string{"k"}, Now: clock.now, Logger: quiet,
			})
			opens++
			if err == nil {
				if err = w.check(l); err == nil {
					w.load(rng, l)
				}
				if e := l.Close(); e != nil && !errors.Is(e, ErrFailed) {
					t.Errorf("%s: close: %v", w.name, e)
				}
			}
			var corrupt *CorruptError
			if errors.As(err, &corrupt) {
				t.Fatalf("%s: %v", w.name, err)
			}
			if err != nil && !d.IsOff() && !errors.Is(err, syscall.EIO) && !errors.Is(err, fault.ErrPowerOff) {
				t.Fatalf("%s: %v", w.name, err)
			}
			d.Heal()
			d.PowerOffAfter(-1)
			switch {
			case d.IsOff():
				crashes++
				d.PowerOn()
				if rng.IntN(4) == 0 {
					d.Crash() // soon after the other
				}
			case rng.IntN(2) == 0:
				crashes++
				d.Crash()
			default:
				d.Kill()
			}
		}
		// In the end everything must be readable with no faults left.
		w.name = fmt.Sprintf("seed %d end", seed)
		l, err := Open(Options{FS: d, Dir: "/data/journal", SegmentBytes: 64 << 10, MaxBytes: 8 << 20, Logger: quiet, Keepers: []string{"k"}})
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if err := w.check(l); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if err := l.Verify(context.Background()); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: %v", w.name, err)
		}
		acked += w.acked
		found += w.found
	}
	t.Logf("%d opens, %d crashes, %d records acknowledged, %d more found durable at a restart", opens, crashes, acked, found)
	if acked < 1000 || crashes < opens/2 {
		t.Errorf("the test has not tested much")
	}
}

// load appends from several producers, moves the keeper and reads along, until the disk fails or enough is done.
func (w *witness) load(rng *rand.Rand, l *Log) {
	ctx := context.Background()
	var producers sync.WaitGroup
	var order struct {
		sync.Mutex
		last Commit
	}
	for i := range 1 + rng.IntN(4) {
		name := string(rune('a' + rng.IntN(3)))
		p, err := l.Partition(name)
		if err != nil {
			w.t.Error(err)
			return
		}
		rng := rand.New(rand.NewPCG(rng.Uint64(), uint64(i)))
		producers.Add(1)
		go func() {
			defer producers.Done()
			for range rng.IntN(60) {
				size := rng.IntN(3000)
				if rng.IntN(20) == 0 {
					size = rng.IntN(30_000)
				}
				b := w.next(name, size)
				id := binary.LittleEndian.Uint64(b)
				err := p.Append(ctx, b, func(c Commit, err error) {
					if err != nil {
						return
					}
					order.Lock()
					if order.last.Number != 0 && c.Number != order.last.Number+1 || c.Time < order.last.Time {
						w.t.Errorf("%s: commit %v acknowledged after %v", w.name, c, order.last)
					}
					order.last = c
					order.Unlock()
					w.saw(c.Number, id)
					w.mu.Lock()
					w.acked++
					w.mu.Unlock()
				})
				for i := range b { // the journal must have copied it
					b[i] = 0xff
				}
				if err != nil {
					return
				}
				if rng.IntN(10) == 0 {
					from := l.Last().Number
					from -= min(from, uint64(rng.IntN(30)))
					w.mu.Lock()
					if from > w.keep {
						w.keep = from
					}
					from = w.keep
					_ = l.Keep("k", from)
					w.mu.Unlock()
				}
				if rng.IntN(15) == 0 {
					if c, err := l.Cursor("follower"); err == nil {
						c.Save(l.Last().Number)
						_ = c.Flush()
					}
				}
			}
		}()
	}
	producers.Wait()
}
