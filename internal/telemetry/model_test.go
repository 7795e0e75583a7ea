package telemetry

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"time"
)

// The model: every accepted sample in the order of commits, and what the rules make of them.
type model struct {
	types  []Type // by series
	stored [][]Sample
	sent   map[batchKey][]row // batches whose acknowledgement has not come
	acked  map[batchKey]bool
	seq    []uint64 // by producer
	epoch  []uint64
	times  map[uint64]int64 // of commits
}

type batchKey struct {
	producer   int
	epoch, seq uint64
}

type row struct {
	series int
	s      Sample
}

// settled returns the winners and all distinct samples of a series, in order, as they stood at a commit (0: now).
func (m *model) settled(series int, asOf uint64) (current, all []Sample) {
	byTime := map[int64][]Sample{}
	for _, s := range m.stored[series] {
		if asOf != 0 && s.Commit > asOf {
			continue
		}
		group := byTime[s.Time]
		again := false
		for _, o := range group {
			again = again || o.Value == s.Value && o.Status == s.Status && o.Origin == s.Origin && o.Revision == s.Revision && o.Flags&Withdrawn == s.Flags&Withdrawn
		}
		if !again {
			byTime[s.Time] = append(group, s)
		}
	}
	times := make([]int64, 0, len(byTime))
	for t := range byTime {
		times = append(times, t)
	}
	slices.Sort(times)
	for _, t := range times {
		group := byTime[t]
		slices.SortStableFunc(group, func(a, b Sample) int {
			return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Commit, b.Commit))
		})
		for i, s := range group {
			if i < len(group)-1 {
				s.Superseded = true
			} else {
				if len(group) > 1 {
					s.Flags |= Rival
				}
				if s.Flags&Withdrawn == 0 {
					current = append(current, s)
				}
			}
			all = append(all, s)
		}
	}
	return current, all
}

func (m *model) latest(series int, now int64) Sample {
	current, _ := m.settled(series, 0)
	for i := len(current) - 1; i >= 0; i-- {
		if s := current[i]; s.Flags&FutureTime == 0 || s.Time <= now {
			return s
		}
	}
	return Sample{}
}

// aggregate is the definition of a bucket, by brute force.
func (m *model) aggregate(series int, asOf uint64, span Span, step, now int64, silence int64) []Bucket {
	current, _ := m.settled(series, asOf)
	var seen []Sample
	for _, s := range current {
		if s.Flags&FutureTime == 0 || s.Time <= now {
			seen = append(seen, s)
		}
	}
	typ := m.types[series]
	number := func(s Sample) bool {
		return s.Status.IsGood() && s.Flags&NoValue == 0 && (typ != Float64 || !math.IsNaN(math.Float64frombits(s.Value.Bits)))
	}
	less := func(a, b uint64) bool {
		if typ != Float64 {
			return int64(a) < int64(b)
		}
		x, y := math.Float64frombits(a), math.Float64frombits(b)
		return x < y || x == y && math.Signbit(x) && !math.Signbit(y)
	}
	var out []Bucket
	for from := span.From; from < span.To; from += step {
		b := Bucket{From: from, To: min(from+step, span.To), Sum: math.NaN(), Mean: math.NaN()}
		total := new(big.Float).SetPrec(2400)
		for i, s := range seen {
			if number(s) {
				until := min(s.Time+silence, now)
				if i+1 < len(seen) {
					until = min(until, seen[i+1].Time)
				}
				b.Covered += time.Duration(max(0, min(until, b.To)-max(s.Time, b.From)))
			}
			if s.Time < b.From || s.Time >= b.To {
				continue
			}
			b.Count++
			switch {
			case number(s):
				if b.Good == 0 {
					b.First, b.Min, b.Max = s.Value, s.Value, s.Value
				}
				if less(s.Value.Bits, b.Min.Bits) {
					b.Min = s.Value
				}
				if less(b.Max.Bits, s.Value.Bits) {
					b.Max = s.Value
				}
				b.Last = s.Value
				b.Good++
				switch typ {
				case Float64:
					x := math.Float64frombits(s.Value.Bits)
					if math.IsInf(x, 0) {
						panic("the model adds no infinities")
					}
					total.Add(total, new(big.Float).SetFloat64(x))
				default:
					total.Add(total, new(big.Float).SetInt64(int64(s.Value.Bits)))
				}
			case s.Status.IsUncertain():
				b.Uncertain++
			default:
				b.Bad++
			}
		}
		if typ == String {
			b.Min, b.Max = Value{}, Value{}
		} else if b.Good > 0 {
			b.Sum, _ = total.Float64()
			b.Sum += 0
			b.Mean = b.Sum / float64(b.Good)
		}
		out = append(out, b)
	}
	return out
}

// knewAt tells whether a commit number tells apart what of a series was committed by a time: a commit of which nothing is left may
// or may not count.
func (m *model) knewAt(series int, t int64, asOf uint64) bool {
	_, all := m.settled(series, 0)
	for _, s := range all {
		if known := asOf != BeforeAll && s.Commit <= asOf; known != (m.times[s.Commit] <= t) {
			return false
		}
	}
	return true
}

// expire forgets samples before a time.
func (m *model) expire(series int, before int64) {
	m.stored[series] = slices.DeleteFunc(m.stored[series], func(s Sample) bool { return s.Time < before })
}

func sameBucket(a, b Bucket) bool {
	f := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) || x != x && y != y }
	ok := f(a.Sum, b.Sum) && f(a.Mean, b.Mean)
	a.Sum, a.Mean, b.Sum, b.Mean = 0, 0, 0, 0
	return ok && a == b
}
