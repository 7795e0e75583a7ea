package jetstream

import (
	"sort"
	"sync"

	"jingwei/internal/kernel/log"
)

// view is what readers may see: groups that the cluster has acknowledged.
type view struct {
	sync.Mutex
	err    error      // log.ErrClosed, or why the journal failed
	last   log.Commit // newest durable record
	first  *stored    // oldest group in the stream; its entries are not kept
	newest *stored    // newest group; its table tells what each partition has
	cache  []*stored  // newest groups, without a gap, the newest last
	cached int64      // their bytes
	marks  []place    // where older groups stand, to find numbers and positions with few reads
	keeps  map[string]uint64
	wakes  map[*Partition]struct{} // those with somebody who waits
}

// place is where a group stands.
type place struct {
	sequence, first, position uint64
}

const (
	markEvery = 256 << 10 // bytes between marks, at least
	maxMarks  = 1 << 14   // then every second one goes
)

func (v *view) init() {
	v.keeps, v.wakes = map[string]uint64{}, map[*Partition]struct{}{}
}

func (v *view) failure() error {
	v.Lock()
	defer v.Unlock()
	return v.err
}

// reached returns the newest sequence that the cluster has acknowledged.
func (v *view) reached() uint64 {
	v.Lock()
	defer v.Unlock()
	return v.newest.sequence
}

// publish shows a group to the readers.
func (v *view) publish(g *group, cacheBytes int64) {
	v.Lock()
	defer v.Unlock()
	if g.count > 0 {
		v.last = log.Commit{Number: g.next() - 1, Time: g.time}
	}
	v.newest = &g.stored
	v.keep(&g.stored, cacheBytes)
	for _, s := range g.spans {
		p := s.partition
		p.last, p.tail, p.prev = s.last, g.sequence, s.before
		if p.wake != nil {
			close(p.wake)
			p.wake = nil
			delete(v.wakes, p)
		}
	}
}

// keep puts a group into the cache and forgets the oldest ones.
func (v *view) keep(g *stored, cacheBytes int64) {
	if n := len(v.marks); n == 0 || g.position-v.marks[n-1].position >= markEvery {
		v.marks = append(v.marks, place{g.sequence, g.first, g.position})
		if len(v.marks) > maxMarks {
			half := v.marks[:0]
			for i := 0; i < len(v.marks); i += 2 {
				half = append(half, v.marks[i])
			}
			v.marks = half
		}
	}
	v.cache = append(v.cache, g)
	v.cached += int64(g.size)
	n := 0
	for ; n < len(v.cache)-1 && v.cached > cacheBytes; n++ {
		v.cached -= int64(v.cache[n].size)
	}
	if n > 0 {
		v.cache = append(v.cache[:0:0], v.cache[n:]...)
	}
}

// from returns the cached groups from a sequence on; nil where the cache does not reach so far back.
func (v *view) from(sequence uint64) []*stored {
	if len(v.cache) == 0 || sequence < v.cache[0].sequence || sequence > v.newest.sequence {
		return nil
	}
	return v.cache[sequence-v.cache[0].sequence:]
}

// around narrows down where the greatest sequence may be of which is holds; is must hold of the first group and not hold
// any more from some place on.
func (v *view) around(is func(place) bool) (low place, high uint64) {
	low, high = placeOf(v.first), v.newest.sequence+1
	i := sort.Search(len(v.marks), func(i int) bool { return v.marks[i].sequence >= low.sequence && !is(v.marks[i]) })
	if i < len(v.marks) {
		high = min(high, v.marks[i].sequence)
	}
	if i > 0 && v.marks[i-1].sequence > low.sequence {
		low = v.marks[i-1]
	}
	if n := len(v.cache); n > 0 {
		j := sort.Search(n, func(j int) bool { return !is(placeOf(v.cache[j])) })
		if j < n {
			high = min(high, v.cache[j].sequence)
		}
		if j > 0 && v.cache[j-1].sequence > low.sequence {
			low = placeOf(v.cache[j-1])
		}
	}
	return low, high
}

func placeOf(g *stored) place { return place{g.sequence, g.first, g.position} }

// trimmed makes g the first group.
func (v *view) trimmed(g *stored) {
	first := *g
	first.entries = nil
	v.first = &first
	i := sort.Search(len(v.marks), func(i int) bool { return v.marks[i].sequence >= g.sequence })
	v.marks = append(v.marks[:0], v.marks[i:]...)
}

// wait returns a channel that is closed when p has grown or the journal has ended.
func (v *view) wait(p *Partition) chan struct{} {
	if p.wake == nil {
		p.wake = make(chan struct{})
		v.wakes[p] = struct{}{}
	}
	return p.wake
}

func (v *view) wakeAll() {
	for p := range v.wakes {
		close(p.wake)
		p.wake = nil
		delete(v.wakes, p)
	}
}

// before tells the partition's greatest number before the first group.
func (v *view) before(p *Partition) uint64 {
	for _, r := range v.first.table {
		if r.name == p.name {
			return r.before
		}
	}
	return 0
}
