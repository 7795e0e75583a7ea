package resolve

import (
	"cmp"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"time"
)

// median is the row with the median rate.
func median(rows []Row) Row {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Rate, b.Rate) })
	return rows[len(rows)/2]
}

// histogram counts durations in rows of at most 1/16 of their value; it belongs to one goroutine.
type histogram struct {
	counts [64 * 16]int
	n      int
}

func (h *histogram) add(d time.Duration) {
	h.counts[rowOf(uint64(max(d, 0)))]++
	h.n++
}

func rowOf(v uint64) int {
	if v < 16 {
		return int(v)
	}
	shift := bits.Len64(v) - 5
	return (shift+1)*16 + int(v>>shift) - 16
}

// upper is the largest value of a row.
func upper(row int) time.Duration {
	if row < 16 {
		return time.Duration(row)
	}
	shift := row/16 - 1
	return time.Duration((uint64(row%16+16+1) << shift) - 1)
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
}

// quantile is a value that the given part of the durations does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	want := int(math.Ceil(q * float64(h.n)))
	for i, c := range h.counts {
		if want -= c; want <= 0 {
			return upper(i)
		}
	}
	return 0
}

// clients runs the load, each client on a thread of its own, and returns what they measured together, the time that passed
// and the CPU time that the rest of the process took meanwhile.
func clients(n int, run func(i int, h *histogram) error) (*histogram, time.Duration, time.Duration, error) {
	type result struct {
		h    *histogram
		used time.Duration
		err  error
	}
	results := make(chan result, n)
	began, before := time.Now(), processTime()
	for i := range n {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			start := threadTime()
			h := &histogram{}
			err := run(i, h)
			results <- result{h, threadTime() - start, err}
		}()
	}
	all := &histogram{}
	var used time.Duration
	var failed error
	for range n {
		r := <-results
		all.merge(r.h)
		used += r.used
		failed = cmp.Or(failed, r.err)
	}
	return all, time.Since(began), processTime() - before - used, failed
}
