package index

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// retry is after how long a segment that could not be written is tried again.
const retry = 10 * time.Second

// run is the one goroutine that writes.
func (x *Index) run(ctx context.Context) {
	defer close(x.ended)
	for {
		var again <-chan time.Time
		if err := x.flush(); err != nil && !x.damaged.Load() {
			x.o.Logger.Warn("the identifier index could not be written; it is tried again", "error", err)
			again = time.After(retry)
		}
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		case <-again:
		case done := <-x.resets:
			done <- x.reset()
		}
	}
}

// flush writes the tables that wait as one segment, and merges segments as long as that is due.
func (x *Index) flush() error {
	err := x.writeTables()
	for err == nil {
		var again bool
		if again, err = x.mergeDue(); !again {
			break
		}
	}
	if errors.Is(err, ErrDamaged) {
		x.tell(err)
	}
	x.mu.Lock()
	x.behind = err
	x.room.Broadcast()
	x.mu.Unlock()
	return err
}

func (x *Index) writeTables() error {
	x.mu.Lock()
	v := x.view.Load()
	waiting := v.tables[1:]
	marks := slices.Clone(x.frozen)
	x.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	list := sorted(waiting)
	s, err := x.write(uint64(len(list)), func(put func(uint64, []byte, bool) error) error {
		for _, h := range list {
			if h.gone && len(v.segments) == 0 {
				continue // nothing stands behind it
			}
			if err := put(h.hash, h.body, h.gone); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m := x.manifest
	m.Segments = append([]uint64{s.number}, m.Segments...)
	m.Commit, m.Hash, m.Next = marks[0].Commit, hex.EncodeToString(marks[0].Hash[:]), s.number+1
	if err := x.keep(m); err != nil {
		return err
	}
	x.manifest = m
	x.mu.Lock()
	defer x.mu.Unlock()
	now := x.view.Load()
	kept := len(now.tables) - len(waiting) // those that came meanwhile stand in front
	x.frozen = x.frozen[:len(x.frozen)-len(marks)]
	x.view.Store(&view{now.seed, slices.Clone(now.tables[:kept]), append([]*segment{s}, now.segments...)})
	x.room.Broadcast()
	return nil
}

// write writes and opens a segment. Its number counts from Next; the manifest that is to name it takes the number over.
func (x *Index) write(most uint64, feed func(func(uint64, []byte, bool) error) error) (*segment, error) {
	number := x.manifest.Next
	x.manifest.Next++ // also when it fails: a file of that number may be left
	name := segmentName(x.o.Dir, number)
	if err := writeSegment(x.o.FS, name, number, x.manifest.Seed, most, feed); err != nil {
		return nil, err
	}
	return openSegment(x.o.FS, name, number, x.manifest.Seed)
}

// mergeDue makes one segment of the newest ones where they have come close in size, and tells whether it did.
func (x *Index) mergeDue() (bool, error) {
	segments := x.view.Load().segments
	sizes := make([]int64, len(segments))
	for i, s := range segments {
		sizes[i] = int64(len(s.data))
	}
	n := due(sizes)
	if n == 0 {
		return false, nil
	}
	var most uint64
	for _, s := range segments[:n] {
		most += uint64(s.entries)
	}
	merged, err := x.write(most, func(put func(uint64, []byte, bool) error) error {
		return mergeInto(segments[:n], n == len(segments), put)
	})
	if err != nil {
		return false, err
	}
	m := x.manifest
	old := slices.Clone(m.Segments[:n])
	m.Segments = append([]uint64{merged.number}, m.Segments[n:]...)
	if err := x.keep(m); err != nil {
		return false, err
	}
	x.manifest = m
	x.mu.Lock()
	now := x.view.Load()
	x.view.Store(&view{now.seed, now.tables, append([]*segment{merged}, now.segments[n:]...)})
	x.mu.Unlock()
	for _, number := range old {
		if err := x.o.FS.Remove(segmentName(x.o.Dir, number)); err != nil {
			x.o.Logger.Warn("an old segment of the identifier index was not removed; the next start does", "error", err)
		}
	}
	return true, nil
}

func (x *Index) reset() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	v, err := x.begin()
	if err != nil {
		return err
	}
	x.frozen, x.behind = nil, nil
	x.view.Store(v)
	x.damaged.Store(false)
	x.room.Broadcast()
	return sweep(x.o.FS, x.o.Dir, &x.manifest)
}
