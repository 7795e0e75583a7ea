package health

import (
	"math"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"jingwei/internal/telemetry"
)

// raster is how far apart the times are for which the newest commit is looked up: less than LateAfter, so that a sample in
// time is told from the raster alone.
const raster = int64(5 * time.Minute)

// maxMemo bounds how many commit times are remembered.
const maxMemo = 100_000

// arrivals tells which samples came late. A sample carries the number of its commit; commit numbers and times grow together,
// so it came by a time exactly if its number is no greater than that of the newest commit then. Only what lies between two
// times of the raster is looked up one by one.
type arrivals struct {
	store  Store
	first  int64    // the first time of the raster
	newest []uint64 // commit number at first + i·raster; MaxUint64 where that time is not closed yet

	// unknown tells that a table of arrivals is damaged, so that what came late cannot be told for sure.
	unknown atomic.Bool

	mu   sync.Mutex
	memo map[uint64]int64 // commit → commit time
}

// arrivalsOf prepares for samples dated in a span. What is committed above the closed watermark has just come: it counts as
// late once the watermark has passed it.
func arrivalsOf(s Store, span telemetry.Span) (*arrivals, error) {
	a := &arrivals{store: s, first: span.From, memo: map[uint64]int64{}}
	closed := s.Closed()
	for t := a.first; t <= span.To+int64(LateAfter)+raster; t += raster {
		if t > closed {
			a.newest = append(a.newest, math.MaxUint64)
			break
		}
		commit, err := s.AsOf(t)
		if damaged(err) {
			a.unknown.Store(true)
			a.newest = append(a.newest[:0], math.MaxUint64)
			break
		}
		if err != nil {
			return nil, err
		}
		if commit == telemetry.BeforeAll {
			commit = 0
		}
		a.newest = append(a.newest, commit)
	}
	return a, nil
}

// cell is a part of the raster: samples dated in [from, to) came in time if their commit is no greater than newest.
type cell struct {
	from, to int64
	newest   uint64
}

// inTime tells that a sample surely came in time, at the price of some comparisons: samples follow one another in time.
func (c *cell) inTime(t int64, commit uint64) bool {
	return commit <= c.newest && t >= c.from && t < c.to
}

// late tells whether a sample dated t of a commit came late. It leaves the cell in which t lies.
func (a *arrivals) late(t int64, commit uint64, c *cell) (bool, error) {
	by := t + int64(LateAfter)
	i := int((by - a.first) / raster)
	if i < 0 || by < a.first {
		i = 0
	}
	if i >= len(a.newest) {
		i = len(a.newest) - 1
	}
	if by >= a.first {
		*c = cell{from: a.first + int64(i)*raster - int64(LateAfter), newest: a.newest[i]}
		c.to = c.from + raster
		if commit <= a.newest[i] {
			return false, nil
		}
	}
	if i+1 < len(a.newest) && commit > a.newest[i+1] {
		return true, nil
	}
	at, err := a.committed(commit)
	return at > by, err
}

// after returns how long after t a late sample came, or a value no greater than least where it came no later than that.
func (a *arrivals) after(t int64, commit uint64, least time.Duration) (time.Duration, error) {
	i := sort.Search(len(a.newest), func(i int) bool { return a.newest[i] >= commit })
	if i < len(a.newest) && a.newest[i] != math.MaxUint64 {
		if most := a.first + int64(i)*raster - t; time.Duration(most) <= least {
			return 0, nil
		}
	}
	at, err := a.committed(commit)
	return time.Duration(at - t), err
}

// committed is the time of a commit; 0 where nobody knows it any more.
func (a *arrivals) committed(commit uint64) (int64, error) {
	a.mu.Lock()
	at, ok := a.memo[commit]
	a.mu.Unlock()
	if ok {
		return at, nil
	}
	found, ok, err := a.store.Commit(commit)
	if damaged(err) {
		a.unknown.Store(true)
		ok, err = false, nil
	}
	if err != nil {
		return 0, err
	}
	if ok {
		at = found.Time
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.memo) >= maxMemo {
		clear(a.memo)
	}
	a.memo[commit] = at
	return at, nil
}
