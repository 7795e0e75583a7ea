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
	buckets     []shapeBucket
	runs        []goodRun
	// Parts of which chunks of this frame keep summaries; those that have usable rows.
	step  int64
	parts []shapePart
	fits  bool // each lies in one bucket
}

// shapeBucket is what is added to a bucket.
type shapeBucket struct {
	bucket           int32
	count, uncertain uint32
	covered          int64 // by all rows but the last, ns
}

// goodRun is usable rows that follow each other in one bucket.
type goodRun struct{ bucket, from, to int32 }

type shapePart struct{ part, bucket, good int32 }

type shapeKey struct {
	frame   frameKey
	silence int64
}

// maxShapes bounds the shapes that an aggregator keeps.
const maxShapes = 256

// shapeOf returns the shape of a chunk that lies in the span and in the past. plain: all its rows are usable and none is
// silent for too long.
func (a *aggregator) shapeOf(c *block.Chunk, silence int64, plain bool) (*shape, error) {
	src := a.q.sourceOf(c)
	key := shapeKey{src.key, silence}
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
	s := new(shape)
	if a.shapes == nil {
		a.shapes = map[shapeKey]*shape{}
	}
	if len(a.shapes) >= maxShapes {
		for k, old := range a.shapes { // any one
			*s = shape{buckets: old.buckets[:0], runs: old.runs[:0], parts: old.parts[:0]}
			delete(a.shapes, k)
			break
		}
	}
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
	s.parts, s.fits = s.parts[:0], true
	p := int32(0)
	for _, r := range s.runs {
		for from := r.from; from < r.to; {
			for ends[p] <= from {
				p++
			}
			to := min(r.to, ends[p])
			if k := len(s.parts) - 1; k < 0 || s.parts[k].part != p {
				s.parts = append(s.parts, shapePart{p, r.bucket, to - from})
			} else {
				s.fits = s.fits && s.parts[k].bucket == r.bucket
				s.parts[k].good += to - from
			}
			from = to
		}
	}
}

// take adds to the buckets all that a shape tells.
func (a *aggregator) take(s *shape) {
	if !s.seen {
		return
	}
	a.cover(s.first)
	for _, b := range s.buckets {
		st := &a.state[b.bucket]
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
	if err := c.DecodeParts(len(s.parts), &a.sums); err != nil {
		a.damage = a.q.fail(c.Block, err)
		return true
	}
	for i, p := range s.parts {
		st := &a.state[p.bucket]
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
			n := uint64(to - from)
			a.fold(st, n, x, x, x, x)
			if c.Type == block.Float64 {
				p, _ := sum.Times(math.Float64frombits(x), n)
				st.float.AddPair(p)
			} else {
				st.int.AddTimes(int64(x), n)
			}
			from = to
		}
	}
	return true
}
