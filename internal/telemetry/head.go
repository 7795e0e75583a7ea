package telemetry

import (
	"sort"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/telemetry/block"
)

// A head holds the samples that came since the last flush. Each series has a chain of segments with its values and, for
// each value, the number of its arrival; arrivals hold what the samples of one device and time have in common. So a
// sample of a device with many properties costs twelve bytes, and two series that came together all the time are known
// by equal arrival numbers, which is what makes their flush cheap.
//
// One goroutine inserts (the journal's committer); readers take the read lock. A sealed head does not change any more.
type head struct {
	mu       sync.RWMutex
	series   []headSeries // by Ref
	slabs    []*slab
	used     uint32 // slots given out
	arrivals []*[arrivalSlab]arrival
	arrived  uint32 // arrivals given out
	commits  []block.Arrival
	text     []string
	textAt   map[string]uint32
	textSize int64
	rows     uint64
	future   uint64 // rows flagged FutureTime
	first    int64  // commit time of the first batch, 0 while empty

	pool *slabPool
}

const (
	slabLen     = 1 << 12 // slots
	arrivalSlab = 1 << 11
	firstSeg    = 8 // slots of a series' first segment; each next one is twice as long
	lastSeg     = 128
	noSlot      = ^uint32(0)
	// headSeriesBytes is the memory of a series without samples.
	headSeriesBytes = 48
)

// slab holds segments. Slot 0 of a segment keeps the slot of the next one in arr; its samples follow.
type slab struct {
	bits [slabLen]uint64
	arr  [slabLen]uint32
}

// arrival is what samples of one device and time have in common.
type arrival struct {
	time, gateway int64
	commit        uint32 // into commits
	status        uint32
	revision      uint32
	flags         uint16
	origin        uint8
}

// headSeries is 48 bytes, so that a sample touches one cache line of it.
type headSeries struct {
	maxTime  int64  // greatest source time that is not flagged as future
	maxAt    uint32 // its slot, noSlot if there is none
	firstSeg uint32
	tail     uint32 // first slot of the last segment
	rows     uint32
	n        uint8 // samples in the last segment
	cap      uint8 // it can hold
	order    order
	changed  uint64 // commit number of the last sample
}

// order says what is known about the times of a series' rows.
type order uint8

const (
	unsorted order = 1 << 0 // rows are not in strictly growing order of source time
	tied     order = 1 << 1 // another sample came at maxTime: who wins must be worked out
	ahead    order = 1 << 2 // there are rows flagged as future
)

// slabPool keeps memory of heads that were flushed for those to come.
type slabPool struct {
	mu       sync.Mutex
	slabs    []*slab
	arrivals []*[arrivalSlab]arrival
	most     int // slabs kept
}

func (p *slabPool) slab() *slab {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.slabs); n > 0 {
		s := p.slabs[n-1]
		p.slabs = p.slabs[:n-1]
		return s
	}
	return new(slab)
}

func (p *slabPool) arrivalSlab() *[arrivalSlab]arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.arrivals); n > 0 {
		s := p.arrivals[n-1]
		p.arrivals = p.arrivals[:n-1]
		return s
	}
	return new([arrivalSlab]arrival)
}

func (p *slabPool) put(h *head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range h.slabs {
		if len(p.slabs) < p.most {
			p.slabs = append(p.slabs, s)
		}
	}
	for _, s := range h.arrivals {
		if len(p.arrivals) < p.most {
			p.arrivals = append(p.arrivals, s)
		}
	}
	h.slabs, h.arrivals = nil, nil
}

func newHead(series int, pool *slabPool) *head {
	return &head{series: make([]headSeries, series), pool: pool}
}

// bytes is the memory the head takes.
func (h *head) bytes() int64 {
	return int64(len(h.slabs))*slabLen*12 + int64(len(h.arrivals))*arrivalSlab*32 +
		int64(len(h.commits))*48 + h.textSize + int64(len(h.series))*headSeriesBytes
}

// grow makes room for series up to number n-1.
func (h *head) grow(n int) {
	if n <= len(h.series) {
		return
	}
	if n <= cap(h.series) {
		h.series = h.series[:n]
		return
	}
	more := make([]headSeries, n, n+n/4)
	copy(more, h.series)
	h.series = more
}

// insert adds a batch that the journal has committed.
// It returns the refs with rows ahead of their time, usually none, and appends to late the rows dated before a time.
func (h *head) insert(p *prepared, commit uint64, commitTime int64, types kinds, before int64, late []Mark) (aheadRefs []uint32, _ []Mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.grow(len(types))
	if len(h.commits) == 0 {
		h.first = commitTime
	}
	c := uint32(len(h.commits))
	h.commits = append(h.commits, block.Arrival{Commit: commit, Time: commitTime, Producer: p.producer, Epoch: p.epoch, Seq: p.seq})
	base := h.arrived
	for i := range p.arrivals {
		a := &p.arrivals[i]
		at := h.arrived
		if at%arrivalSlab == 0 {
			h.arrivals = append(h.arrivals, h.pool.arrivalSlab())
		}
		flags := a.flags
		if a.time > commitTime+int64(FutureAfter) {
			flags |= uint16(FutureTime)
		}
		h.arrivals[at/arrivalSlab][at%arrivalSlab] = arrival{time: a.time, gateway: a.gateway, commit: c, status: a.status, revision: a.revision, flags: flags, origin: uint8(p.origin)}
		h.arrived++
	}
	var text []uint32
	if len(p.text) > 0 {
		text = h.intern(p.text)
	}
	for i, ref := range p.refs {
		e := &h.series[ref]
		if e.n == e.cap {
			h.segment(e)
		}
		at := e.tail + 1 + uint32(e.n)
		s := h.slabs[at/slabLen]
		arr := base + p.arr[i]
		bits := p.bits[i]
		a := h.arrival(arr)
		if text != nil && bits < uint64(len(text)) && types[ref] == String {
			bits = uint64(text[bits])
		}
		s.bits[at%slabLen], s.arr[at%slabLen] = bits, arr
		e.n++
		e.rows++
		e.changed = commit
		if a.time < before {
			late = append(late, Mark{Ref(ref), a.time, a.time + 1})
		}
		switch {
		case a.flags&uint16(Withdrawn) != 0:
			e.order |= unsorted | tied
			if e.maxAt == noSlot || a.time > e.maxTime {
				e.maxTime, e.maxAt = a.time, at
			}
		case a.flags&uint16(FutureTime) != 0:
			e.order |= unsorted | ahead
			h.future++
			aheadRefs = append(aheadRefs, ref)
		case a.time > e.maxTime || e.maxAt == noSlot:
			e.maxTime, e.maxAt = a.time, at
		case a.time == e.maxTime:
			e.order |= unsorted | tied
		default:
			e.order |= unsorted
		}
	}
	h.rows += uint64(len(p.refs))
	return aheadRefs, late
}

// segment gives the series its next segment.
func (h *head) segment(e *headSeries) {
	n := uint32(firstSeg)
	if e.rows == 0 {
		e.maxAt = noSlot
	} else {
		n = min(2*(uint32(e.cap)+1), lastSeg)
	}
	if h.used%slabLen+n > slabLen {
		h.used += slabLen - h.used%slabLen
	}
	if int(h.used/slabLen) == len(h.slabs) {
		h.slabs = append(h.slabs, h.pool.slab())
	}
	at := h.used
	h.used += n
	h.slabs[at/slabLen].arr[at%slabLen] = noSlot
	if e.rows == 0 {
		e.firstSeg = at
	} else {
		h.slabs[e.tail/slabLen].arr[e.tail%slabLen] = at
	}
	e.tail, e.n, e.cap = at, 0, uint8(n-1)
}

func (h *head) arrival(i uint32) *arrival { return &h.arrivals[i/arrivalSlab][i%arrivalSlab] }

// intern gives each text of a batch its number in the head.
func (h *head) intern(text []string) []uint32 {
	if h.textAt == nil {
		h.textAt = map[string]uint32{}
	}
	out := make([]uint32, len(text))
	for i, s := range text {
		at, ok := h.textAt[s]
		if !ok {
			at = uint32(len(h.text))
			h.text = append(h.text, s)
			h.textAt[s] = at
			h.textSize += int64(len(s)) + 64
		}
		out[i] = at
	}
	return out
}

// gather appends the values and arrival numbers of a series in order of commit. The caller holds the read lock or the
// head is sealed.
func (h *head) gather(ref Ref, bits []uint64, arr []uint32) ([]uint64, []uint32) {
	e := &h.series[ref]
	left, n := e.rows, uint32(firstSeg)
	for at := e.firstSeg; left > 0; {
		s, i := h.slabs[at/slabLen], at%slabLen
		k := min(n-1, left)
		bits = append(bits, s.bits[i+1:i+1+k]...)
		arr = append(arr, s.arr[i+1:i+1+k]...)
		left -= k
		at = s.arr[i]
		n = min(2*n, lastSeg)
	}
	return bits, arr
}

// frame appends the columns of arrivals.
func (h *head) frame(arr []uint32, f *block.Frame) {
	for _, i := range arr {
		a := h.arrival(i)
		f.Time = append(f.Time, a.time)
		f.Gateway = append(f.Gateway, a.gateway)
		f.Status = append(f.Status, a.status)
		f.Flags = append(f.Flags, uint32(a.flags))
		f.Origin = append(f.Origin, uint32(a.origin))
		f.Revision = append(f.Revision, a.revision)
		f.Commit = append(f.Commit, int64(h.commits[a.commit].Commit))
	}
}

// texts appends what the values of a string series say.
func (h *head) texts(bits []uint64, dst []string) []string {
	for _, b := range bits {
		if b < uint64(len(h.text)) {
			dst = append(dst, h.text[b])
		} else {
			dst = append(dst, "") // no value
		}
	}
	return dst
}

// explain finds a commit of the head.
func (h *head) explain(commit uint64) (block.Arrival, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	i := sort.Search(len(h.commits), func(i int) bool { return h.commits[i].Commit >= commit })
	if i == len(h.commits) || h.commits[i].Commit != commit {
		return block.Arrival{}, false
	}
	return h.commits[i], true
}

// producers folds the head's commits into a table of where each producer stands.
func (h *head) producers(into map[uuid.UUID]position) {
	for i := range h.commits {
		c := &h.commits[i]
		into[c.Producer] = position{c.Epoch, c.Seq}
	}
}

// position is where a producer stands.
type position struct{ epoch, seq uint64 }
