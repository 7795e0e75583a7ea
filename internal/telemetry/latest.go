package telemetry

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"jingwei/internal/telemetry/block"
)

// latestTable knows the latest sample of each series as far as it is in blocks. It is filled when a head is flushed, or
// from the blocks when a series is asked for the first time after a start.
type latestTable struct {
	mu      sync.RWMutex
	empty   bool // there were no blocks at the start: what is not in the table is not in blocks
	cold    []coldLatest
	aheadOf map[Ref]struct{} // series with samples flagged as future that may not be due
	nothing coldLatest
}

type coldLatest struct {
	known   bool
	has     bool
	sample  Sample
	changed uint64 // commit of the last sample that was flushed
}

func (t *latestTable) init(empty bool) {
	t.empty = empty
	t.aheadOf = map[Ref]struct{}{}
	t.nothing = coldLatest{known: empty}
}

func (t *latestTable) ahead(ref Ref) {
	t.mu.Lock()
	t.aheadOf[ref] = struct{}{}
	t.mu.Unlock()
}

func (t *latestTable) get(ref Ref) *coldLatest {
	if int(ref) < len(t.cold) {
		return &t.cold[ref]
	}
	return &t.nothing
}

func (t *latestTable) put(ref Ref) *coldLatest {
	for int(ref) >= len(t.cold) {
		t.cold = append(t.cold, t.nothing)
	}
	return &t.cold[ref]
}

// sample returns the row in a slot of the head. The caller holds the read lock or the head is sealed.
func (h *head) sample(at uint32, typ Type) Sample {
	sl := h.slabs[at/slabLen]
	a := h.arrival(sl.arr[at%slabLen])
	s := Sample{Time: a.time, Gateway: a.gateway, Status: Status(a.status), Flags: Flags(a.flags), Origin: Origin(a.origin),
		Revision: a.revision, Commit: h.commits[a.commit].Commit}
	if s.Flags&NoValue == 0 {
		s.Value = Value{Type: typ, Bits: sl.bits[at%slabLen]}
		if typ == String {
			s.Value = Value{Type: typ, Text: h.text[s.Value.Bits]}
		}
	}
	return s
}

// foldLatest folds a head that is now in blocks into the table, whose lock the caller holds.
func (s *Store) foldLatest(h *head) {
	types := s.known.Load().types
	t := &s.latest
	for ref := range h.series {
		e := &h.series[ref]
		if e.rows == 0 {
			continue
		}
		c := t.put(Ref(ref))
		c.changed = max(c.changed, e.changed)
		switch {
		case !c.known:
		case e.order&(tied|ahead) != 0 || c.has && e.maxTime == c.sample.Time:
			*c = coldLatest{changed: c.changed} // to be worked out when it is asked for
		case !c.has || e.maxTime > c.sample.Time:
			c.has, c.sample = true, h.sample(e.maxAt, types[ref])
		}
	}
}

// Latest appends, for each series, its latest sample: the one of the greatest source time, of those flagged FutureTime
// only what is due by now. A series without any sample, or that is unknown, gets the zero Sample (its Commit is 0). A
// series whose latest sample is damaged gets the zero Sample too; reading it tells why.
func (s *Store) Latest(refs []Ref, now int64, out []Sample) []Sample {
	if s.closing.Load() {
		return append(out, make([]Sample, len(refs))...)
	}
	known := s.known.Load()
	v := s.acquire()
	defer s.release(v)
	start := len(out)
	out = append(out, make([]Sample, len(refs))...)
	found := out[start:]
	var slow []int
	unsure := make([]bool, len(refs))
	consider := func(i int, t int64, get func() Sample) {
		switch {
		case found[i].Commit == 0 || t > found[i].Time:
			found[i] = get()
		case t == found[i].Time:
			unsure[i] = true
		}
	}
	s.latest.mu.RLock()
	for i, ref := range refs {
		c := s.latest.get(ref)
		_, ahead := s.latest.aheadOf[ref]
		if !c.known || ahead {
			unsure[i] = true
		} else if c.has {
			found[i] = c.sample
		}
	}
	s.latest.mu.RUnlock()
	for _, h := range v.heads() {
		h.mu.RLock()
		for i, ref := range refs {
			if int(ref) >= len(h.series) || h.series[ref].rows == 0 {
				continue
			}
			e := &h.series[ref]
			if e.order&(tied|ahead) != 0 {
				unsure[i] = true
			} else {
				consider(i, e.maxTime, func() Sample { return h.sample(e.maxAt, known.types[ref]) })
			}
		}
		h.mu.RUnlock()
	}
	for i := range refs {
		if unsure[i] {
			slow = append(slow, i)
		}
	}
	if len(slow) > 0 {
		q := s.scanner()
		defer s.giveBack(q)
		for _, i := range slow {
			found[i] = Sample{}
			if ref := refs[i]; int(ref) < len(known.series) && known.types[ref] != 0 {
				found[i] = s.workOutLatest(q, v, &known.series[ref], now)
			}
		}
	}
	return out
}

// workOutLatest finds the latest visible sample by reading, and remembers what it learnt of the blocks.
func (s *Store) workOutLatest(q *scanner, v *view, series *Series, now int64) Sample {
	cold, more, err := s.before(q, &view{active: newHead(0, s.pool), blocks: v.blocks}, series, MaxTime, now)
	if err != nil {
		return Sample{}
	}
	all, moreInHeads, err := s.before(q, v, series, MaxTime, now)
	if err != nil {
		return Sample{}
	}
	s.viewMu.Lock()
	same := s.view == v
	s.viewMu.Unlock()
	t := &s.latest
	t.mu.Lock()
	defer t.mu.Unlock()
	if same {
		c := t.put(series.Ref)
		c.known, c.has, c.sample = true, cold.Commit != 0, cold
		if more || moreInHeads {
			t.aheadOf[series.Ref] = struct{}{}
		} else {
			delete(t.aheadOf, series.Ref)
		}
	}
	return all
}

// before returns the latest sample that is visible at now and older than limit. more tells that there are samples that are not
// due yet.
func (s *Store) before(q *scanner, v *view, series *Series, limit, now int64) (_ Sample, more bool, err error) {
	ctx := context.Background()
	// The greatest time is nearly always the answer's. Where the sample there was withdrawn, or is not due, the look goes
	// further and further back.
	for back := int64(1); ; back = min(max(8*back, int64(time.Minute)), MaxTime) {
		t, pending, ok, err := s.greatestTime(q, v, series, limit, now)
		more = more || pending
		if err != nil || !ok {
			return Sample{}, more, err
		}
		var out Sample
		columns := Run{Type: series.Type}
		from := max(t+1-back, 0)
		q.begin(v, from, t+1, ScanOptions{Columns: Everything}, s.foundDamage)
		err = q.series(ctx, series, from, t+1, nil, func(r *run) error {
			columns.take(r)
			for i := columns.Len() - 1; i >= 0; i-- {
				if visible(columns.Flags[i], columns.Time[i], now) {
					out = columns.Sample(i)
					return nil
				}
			}
			return nil
		})
		if err != nil {
			return Sample{}, more, err
		}
		if out.Commit != 0 {
			return out, more, nil
		}
		limit = from
	}
}

// greatestTime finds the greatest time below limit at which there is a visible sample.
func (s *Store) greatestTime(q *scanner, v *view, series *Series, limit, now int64) (t int64, pending, ok bool, err error) {
	look := func(f *block.Frame) {
		for i, x := range f.Time {
			if !visible(f.Flags[i], x, now) {
				pending = true
			} else if x < limit && (!ok || x > t) {
				t, ok = x, true
			}
		}
	}
	for _, h := range v.heads() {
		var f block.Frame
		h.mu.RLock()
		if int(series.Ref) < len(h.series) && h.series[series.Ref].rows > 0 {
			q.bits, q.arr = h.gather(series.Ref, q.bits[:0], q.arr[:0])
			h.frame(q.arr, &f)
		}
		h.mu.RUnlock()
		look(&f)
	}
	var chunks []block.Chunk
	for _, b := range v.blocks {
		if !b.mayHold(series.ID, 0, MaxTime) {
			continue
		}
		if b.reader == nil {
			return 0, false, false, *b.broken.Load()
		}
		if chunks, err = b.reader.Chunks(series.ID, 0, MaxTime, chunks); err != nil {
			s.foundDamage(b, err)
			return 0, false, false, err
		}
	}
	slices.SortFunc(chunks, func(a, b block.Chunk) int { return cmp.Compare(b.MaxTime, a.MaxTime) })
	for i := range chunks {
		c := &chunks[i]
		if c.Plane == block.History || ok && c.MaxTime <= t || c.MinTime >= limit {
			continue
		}
		if c.Notes&block.HasFuture == 0 && c.MaxTime < limit {
			t, ok = c.MaxTime, true
			continue
		}
		var f block.Frame
		if err := c.Decode(block.Of(block.Time, block.Flags), &f); err != nil {
			return 0, false, false, err
		}
		look(&f)
	}
	return t, pending, ok, nil
}

// Changes tells which of the series have had a sample since: the positions in refs, and the number to ask with next time.
// It begins with since 0, which names all of them. The number is the first commit that has not been told; it only grows,
// over restarts too.
func (s *Store) Changes(refs []Ref, since uint64) (changed []int, next uint64) {
	next = s.inserted.Load() + 1
	if next <= since || s.closing.Load() {
		return nil, max(next, since)
	}
	v := s.acquire()
	defer s.release(v)
	hit := make([]bool, len(refs))
	for i := range hit {
		hit[i] = since <= s.opened // what was stored before this start is not known by series
	}
	s.latest.mu.RLock()
	for i, ref := range refs {
		hit[i] = hit[i] || s.latest.get(ref).changed >= since
	}
	s.latest.mu.RUnlock()
	for _, h := range v.heads() {
		h.mu.RLock()
		if n := len(h.commits); n > 0 && h.commits[n-1].Commit >= since {
			for i, ref := range refs {
				if int(ref) < len(h.series) && h.series[ref].rows > 0 && h.series[ref].changed >= since {
					hit[i] = true
				}
			}
		}
		h.mu.RUnlock()
	}
	for i, h := range hit {
		if h {
			changed = append(changed, i)
		}
	}
	return changed, next
}
