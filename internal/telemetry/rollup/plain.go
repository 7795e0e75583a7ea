package rollup

import (
	"math"
	"slices"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/block"
)

// few samples are taken one by one.
const few = 4

// Add takes the next samples, in order of time, no two of one time: values, status and flags (without these columns all
// samples are good). Superseded samples are left out. With the column of commits the rows say which input they rest on.
func (f *Fold) Add(r *telemetry.Run) {
	t := r.Time
	plain := f.d.Type != telemetry.String && r.Superseded == nil && (r.Flags != nil || !r.Nulls)
	for i := 0; i < len(t); {
		k := i + 1
		switch {
		case t[i] < f.span.From:
			k = i + reach(t[i:], f.span.From)
			if plain && allGood(r, i, k) && t[k-1] <= f.now {
				i = f.prelude(r, i, k)
			}
		case t[i] > f.span.To:
			return
		case t[i] < f.span.To:
			k = i + reach(t[i:], minuteOf(t[i])+Minute)
			if plain && k-i >= few && allGood(r, i, k) && t[k-1] <= f.now && f.part(r, i, k) {
				i = k
			}
		}
		for ; i < k; i++ {
			f.runSample(r, i, t[i])
		}
	}
}

// allGood tells whether rows i to k are of good status and have a value, and none of them is dated ahead.
func allGood(r *telemetry.Run, i, k int) bool {
	var status, flags uint32
	if r.Status != nil {
		for _, s := range r.Status[i:k] {
			status |= s
		}
	}
	if r.Flags != nil {
		for _, s := range r.Flags[i:k] {
			flags |= s
		}
	}
	return status>>30 == 0 && telemetry.Flags(flags)&(telemetry.NoValue|telemetry.FutureTime|telemetry.Withdrawn) == 0
}

// prelude skips good samples before the span of which nothing is left to say, and tells how far it came. Of those that a
// sample follows only readings of a counter count, and of those only the last.
func (f *Fold) prelude(r *telemetry.Run, i, k int) int {
	last := k - 1
	if f.d.Counter != nil && f.d.Type == telemetry.Float64 {
		for last > i && !finite(r.Bits[last]) {
			last--
		}
	}
	return last
}

// reach is the number of times before end, of which there is at least one. It looks near the begin first.
func reach(t []int64, end int64) int {
	low, high := 1, 64
	for high < len(t) && t[high] < end {
		low, high = high+1, high*2
	}
	high = min(high, len(t))
	low = min(low, high)
	n, _ := slices.BinarySearch(t[low:high], end)
	return low + n
}

// part takes good samples of one minute at once, if no gap between them is longer than the longest silence and none of them
// is a NaN.
func (f *Fold) part(r *telemetry.Run, i, k int) bool {
	n := k - i
	t, v := r.Time[i:k], r.Bits[i:k]
	silence := f.silenceAt(t[0])
	if t[n-1] >= f.change || !rising(f, v, t) {
		return false
	}
	longest := int64(0)
	pieces := slices.Grow(f.pieces[:0], n)[:n-1]
	f.pieces = pieces
	var first, last, least, most uint64
	first, last = v[0], v[n-1]
	if f.d.Type == telemetry.Float64 {
		low, high, nan := block.Extent(v)
		if nan {
			return false
		}
		least, most = math.Float64bits(low), math.Float64bits(high)
		for j := range pieces {
			gap := t[j+1] - t[j]
			longest = max(longest, gap)
			pieces[j] = Piece(math.Float64frombits(v[j]), gap)
		}
	} else {
		low, high := int64(v[0]), int64(v[0])
		for _, x := range v {
			low, high = min(low, int64(x)), max(high, int64(x))
		}
		least, most = uint64(low), uint64(high)
		for j := range pieces {
			gap := t[j+1] - t[j]
			longest = max(longest, gap)
			pieces[j] = Piece(float64(int64(v[j])), gap)
		}
	}
	if longest > silence {
		return false
	}
	f.runSample(r, i, t[0])
	row := &f.row
	if f.d.Counter != nil {
		f.readings(v, r, k-1)
	}
	if f.keeps {
		f.stretches(v, t)
	}
	f.integral.AddAll(pieces)
	row.Covered += t[n-1] - t[0]
	row.Received += uint64(n - 1)
	row.Good += uint64(n - 1)
	row.Last, row.LastTime = last, t[n-1]
	if row.Good == uint64(n) { // it is the first part of the minute
		row.First, row.Min, row.Max = first, least, most
	} else {
		if less(f.d.Type, least, row.Min) {
			row.Min = least
		}
		if less(f.d.Type, row.Max, most) {
			row.Max = most
		}
	}
	if f.d.Type == telemetry.Float64 {
		f.sum.AddBits(v[1:])
	} else {
		for _, x := range v[1:] {
			f.whole.Add(int64(x))
		}
	}
	if r.Commit != nil {
		greatest := row.Input
		for _, c := range r.Commit[i:k] {
			greatest = max(greatest, uint64(c))
		}
		row.Input = greatest
		f.commit = uint64(r.Commit[k-1])
	}
	f.at, f.bits = t[n-1], last
	return true
}

// stretches adds the states of a part, of which the first sample is counted already, from change to change.
func (f *Fold) stretches(v []uint64, t []int64) {
	n := len(v)
	counted := 1
	for j := 0; j < n-1; {
		e := j + 1
		for e < n-1 && v[e] == v[j] {
			e++
		}
		f.states.add(State{Bits: v[j], Count: uint64(e - j - counted), Duration: t[e] - t[j]})
		j, counted = e, 0
	}
	f.states.add(State{Bits: v[n-1], Count: 1})
}

// rising tells whether the readings of a counter within one minute follow each other without a fall and without a meter
// change between them.
func rising(f *Fold, v []uint64, t []int64) bool {
	if f.d.Counter == nil {
		return true
	}
	if m := &f.meter; m.next < len(m.c.Changes) && m.c.Changes[m.next].At <= t[len(t)-1] {
		return false
	}
	if f.d.Type == telemetry.Int64 {
		for i := 1; i < len(v); i++ {
			if int64(v[i]) < int64(v[i-1]) {
				return false
			}
		}
		return true
	}
	for i, b := range v {
		if !finite(b) || i > 0 && math.Float64frombits(b) < math.Float64frombits(v[i-1]) {
			return false
		}
	}
	return true
}

// readings counts from the first of rising readings to the last, at row end of the run.
func (f *Fold) readings(v []uint64, r *telemetry.Run, end int) {
	m := &f.meter
	// The first one has been taken: it may have been the end of the minute before.
	m.count(v[len(v)-1])
	f.row.Input = max(f.row.Input, m.by)
	m.last, m.by = v[len(v)-1], 0
	if r.Commit != nil {
		m.by = uint64(r.Commit[end])
	}
}
