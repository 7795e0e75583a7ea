package telemetry

import (
	"math"

	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/sum"
)

// shape is what the rows of a frame come to in buckets, apart from values. It is the same for all series of a device, so it
// is reckoned once for them.
type shape struct {
	first, last int64 // times of the first and the last row that counts
	seen        bool  // there is one
	lastGood    bool
	good        int // rows that are usable unless they are NaN
	all         int // the same of the whole frame
	buckets     []shapeBucket
	runs        []goodRun // none where it is by tallies
	tallied     bool      // it is reckoned from the tallies of the frame
	// Parts of which chunks of this frame keep summaries; those that have usable rows.
	step  int64
	parts []shapePart
	fits  bool // each lies in one bucket
	// Usable parts of the whole frame, and how many of them lie before the parts.
	usable, skipped int
}

// shapeBucket is what is added to a bucket.
type shapeBucket struct {
	bucket           int32
	count, uncertain uint32
	covered          int64 // by all rows but the last, ns
}

// goodRun is usable rows that follow each other in one bucket.
type goodRun struct{ bucket, from, to int32 }

// shapePart is a part that has usable rows. It is the rows from one to another, of which so many are good.
type shapePart struct{ part, bucket, good, from, to int32 }

type shapeKey struct {
	frame   frameKey
	silence int64
	lo, hi  int64 // the window of times, within the chunk's; 0: all of its rows, reckoned row by row
}

// maxShapes bounds the shapes that an aggregator keeps.
const maxShapes = 256

// shapeOf returns the shape of a chunk that lies in the span and in the past. plain: all its rows are usable and none is
// silent for too long.
func (a *aggregator) shapeOf(c *block.Chunk, silence int64, plain bool) (*shape, error) {
	if s, err := a.tallied(c, silence, c.MinTime, c.MaxTime+1); err != nil || s != nil && s.fits {
		return s, err
	}
	return a.rowShapeOf(c, silence, plain)
}

// rowShapeOf is shapeOf by the rows.
func (a *aggregator) rowShapeOf(c *block.Chunk, silence int64, plain bool) (*shape, error) {
	src := a.q.sourceOf(c)
	key := shapeKey{frame: src.key, silence: silence}
	s := a.shapes[key]
	step := c.PartStep()
	if s != nil && (step == 0 || step == s.step) {
		return s, nil
	}
	want := block.Of(block.Time)
	if !plain {
		want = block.Of(block.Time, block.Status, block.Flags)
	}
	if err := a.q.load(src, want); err != nil {
		return nil, err
	}
	if s == nil {
		s = a.newShape(key)
		if plain {
			a.plainShape(s, src.frame.Time)
		} else {
			a.rowShape(s, src.frame, silence)
		}
		s.all = s.good
	}
	if s.step = step; step != 0 {
		a.cuts = block.AppendEnds(a.cuts[:0], src.frame.Time, step)
		s.divide(a.cuts)
	}
	return s, nil
}

// sourceOf returns the source whose chunk it is.
func (q *scanner) sourceOf(c *block.Chunk) *source {
	for _, src := range q.sources {
		if &src.chunk == c {
			return src
		}
	}
	panic("a chunk of no source")
}

func (a *aggregator) newShape(key shapeKey) *shape {
	if a.shapes == nil {
		a.shapes = map[shapeKey]*shape{}
	}
	var s *shape
	if len(a.order) < maxShapes {
		const usual = 16 // parts of a chunk
		s = &shape{buckets: make([]shapeBucket, 0, usual), parts: make([]shapePart, 0, usual)}
		a.order = append(a.order, key)
	} else { // the oldest makes room
		oldest := &a.order[a.made%maxShapes]
		s = a.shapes[*oldest]
		delete(a.shapes, *oldest)
		*oldest = key
		*s = shape{buckets: s.buckets[:0], runs: s.runs[:0], parts: s.parts[:0]}
	}
	a.made++
	a.shapes[key] = s
	return s
}

// at returns what is added to a bucket. Buckets are asked for in order.
func (s *shape) at(bucket int) *shapeBucket {
	if k := len(s.buckets); k == 0 || s.buckets[k-1].bucket != int32(bucket) {
		s.buckets = append(s.buckets, shapeBucket{bucket: int32(bucket)})
	}
	return &s.buckets[len(s.buckets)-1]
}

// coverShape adds the time from a row to the next.
func (a *aggregator) coverShape(s *shape, from, until int64) {
	for i := a.bucket(from); from < until; i++ {
		end := min(until, a.ends(i))
		s.at(i).covered += end - from
		from = end
	}
}

func (a *aggregator) plainShape(s *shape, t []int64) {
	s.first, s.last, s.seen, s.lastGood, s.good = t[0], t[len(t)-1], true, true, len(t)
	for i := 0; i < len(t); {
		b := a.bucket(t[i])
		j := i + gallop(t[i:], a.ends(b))
		s.at(b).count += uint32(j - i)
		s.runs = append(s.runs, goodRun{int32(b), int32(i), int32(j)})
		if until := t[j-1]; j < len(t) {
			a.coverShape(s, t[i], t[j])
		} else {
			a.coverShape(s, t[i], until)
		}
		i = j
	}
}

func (a *aggregator) rowShape(s *shape, f *block.Frame, silence int64) {
	b, ends := 0, int64(math.MinInt64)
	for i, at := range f.Time {
		if Flags(f.Flags[i])&Withdrawn != 0 {
			continue
		}
		if !s.seen {
			s.first, s.seen = at, true
		} else if s.lastGood {
			if until := min(at, s.last+silence); until <= ends { // b is the bucket of the row before
				s.at(b).covered += until - s.last
			} else {
				a.coverShape(s, s.last, until)
			}
		}
		if at >= ends {
			b = a.bucket(at)
			ends = a.ends(b)
		}
		good := f.Status[i]>>30 == 0 && Flags(f.Flags[i])&NoValue == 0
		s.last, s.lastGood = at, good
		x := s.at(b)
		x.count++
		switch {
		case !good:
			if f.Status[i]>>30 == 1 {
				x.uncertain++
			}
			continue
		case len(s.runs) > 0 && s.runs[len(s.runs)-1].to == int32(i) && s.runs[len(s.runs)-1].bucket == int32(b):
			s.runs[len(s.runs)-1].to++
		default:
			s.runs = append(s.runs, goodRun{int32(b), int32(i), int32(i + 1)})
		}
		s.good++
	}
}

// divide counts the usable rows of each part.
func (s *shape) divide(ends []int32) {
	s.parts, s.fits, s.skipped = s.parts[:0], true, 0
	p := int32(0)
	for _, r := range s.runs {
		for from := r.from; from < r.to; {
			for ends[p] <= from {
				p++
			}
			to := min(r.to, ends[p])
			if k := len(s.parts) - 1; k < 0 || s.parts[k].part != p {
				s.parts = append(s.parts, shapePart{part: p, bucket: r.bucket, good: to - from})
			} else {
				s.fits = s.fits && s.parts[k].bucket == r.bucket
				s.parts[k].good += to - from
			}
			from = to
		}
	}
	s.usable = len(s.parts)
}

// take adds to the buckets all that a shape tells.
func (a *aggregator) take(s *shape) {
	if !s.seen {
		return
	}
	a.cover(s.first)
	for _, b := range s.buckets {
		st := &a.state[b.bucket]
		if s.tallied {
			a.kept += uint64(b.count)
		} else {
			a.looked += uint64(b.count)
		}
		st.count += uint64(b.count)
		st.uncertain += uint64(b.uncertain)
		st.covered += b.covered
	}
	a.has, a.lastTime, a.lastGood = true, s.last, s.lastGood
}

// parts adds the usable values of a chunk by the summaries of its parts, or by its changes where it has few.
func (a *aggregator) parts(c *block.Chunk, s *shape) bool {
	if c.Summary.Notes&block.HasNumbers != 0 && c.Summary.Min == c.Summary.Max {
		a.changes.First, a.changes.Rows, a.changes.Values = c.Summary.Min, a.changes.Rows[:0], a.changes.Values[:0]
		return a.steady(c, s)
	}
	if c.PartStep() == 0 {
		seldom, err := c.DecodeChanges(&a.changes)
		if err != nil {
			a.damage = a.q.fail(c.Block, err)
		}
		return err != nil || seldom && a.steady(c, s)
	}
	if !s.fits {
		return false
	}
	if len(s.parts) == 0 {
		return true
	}
	if err := c.DecodeParts(s.usable, &a.sums); err != nil {
		a.damage = a.q.fail(c.Block, err)
		return true
	}
	for i, p := range s.parts {
		st := &a.state[p.bucket]
		i += s.skipped
		x := a.sums.Part(i)
		a.fold(st, uint64(p.good), x.First, x.Last, x.Min, x.Max)
		if c.Type == block.Float64 {
			st.float.AddPair(a.sums.Float(i, int(p.good)))
		} else {
			st.int.AddInt(a.sums.Int(i))
		}
	}
	return true
}

// steady adds the usable values of a chunk of few changes, run by run of equal ones.
func (a *aggregator) steady(c *block.Chunk, s *shape) bool {
	v := &a.changes
	if c.Type == block.Float64 {
		_, ok := sum.Times(math.Float64frombits(v.First), 1)
		for i := 0; i < len(v.Rows) && ok; i++ {
			_, ok = sum.Times(math.Float64frombits(v.Values[i]), 1)
		}
		if !ok {
			return false
		}
	}
	if s.tallied {
		return a.steadyParts(c, s)
	}
	x, k := v.First, 0
	for _, r := range s.runs {
		st := &a.state[r.bucket]
		for from := r.from; from < r.to; {
			for k < len(v.Rows) && v.Rows[k] <= from {
				x = v.Values[k]
				k++
			}
			to := r.to
			if k < len(v.Rows) {
				to = min(to, v.Rows[k])
			}
			a.foldEqual(st, c.Type, x, uint64(to-from))
			from = to
		}
	}
	return true
}

// steadyParts is steady by tallies, which do not tell which rows of a part are usable: it needs parts whose rows all are, or are
// all equal.
func (a *aggregator) steadyParts(c *block.Chunk, s *shape) bool {
	v := &a.changes
	k := 0
	for _, p := range s.parts {
		for k < len(v.Rows) && v.Rows[k] <= p.from {
			k++
		}
		if p.good < p.to-p.from && k < len(v.Rows) && v.Rows[k] < p.to {
			return false
		}
	}
	x, k := v.First, 0
	for _, p := range s.parts {
		st := &a.state[p.bucket]
		for left := p.good; left > 0; {
			from := p.to - left // of rows that are all usable; where all are equal it does not matter
			for k < len(v.Rows) && v.Rows[k] <= from {
				x = v.Values[k]
				k++
			}
			n := left
			if k < len(v.Rows) {
				n = min(n, v.Rows[k]-from)
			}
			a.foldEqual(st, c.Type, x, uint64(n))
			left -= n
		}
	}
	return true
}

// foldEqual adds n good rows of one value to a bucket.
func (a *aggregator) foldEqual(st *bucketState, t block.Type, x, n uint64) {
	a.fold(st, n, x, x, x, x)
	if t == block.Float64 {
		p, _ := sum.Times(math.Float64frombits(x), n)
		st.float.AddPair(p)
	} else {
		st.int.AddTimes(int64(x), n)
	}
}
