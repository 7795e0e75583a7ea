package telemetry

import (
	"context"
	"math"
	"time"

	"jingwei/internal/telemetry/block"
	"jingwei/internal/telemetry/column"
	"jingwei/internal/telemetry/sum"
)

// aggregator aggregates one series after the other.
type aggregator struct {
	q      *scanner
	span   Span
	step   int64
	bounds []int64 // in place of step
	at     int     // the bucket between bounds that was found last
	now    int64
	asOf   uint64
	n      int

	s       *Series
	state   []bucketState
	silence int64 // in effect in [since, change)
	since   int64
	change  int64
	// The last sample so far, which may cover what follows it.
	lastTime int64
	lastGood bool
	has      bool
	keep     []uint64

	shapes  map[shapeKey]*shape
	order   []shapeKey // of shapes, in which they were made
	made    int
	sums    block.Parts
	changes column.Changes
	cuts    []int32
	tallies block.Tallies
	lookup  *block.Lookup
	damage  error // met where nothing can return it
	// Samples that summaries and tallies told of, and samples that were looked at.
	kept, looked uint64
}

type bucketState struct {
	count, good, uncertain uint64
	covered                int64
	float                  sum.Float
	int                    sum.Int
	first, last, min, max  uint64
	firstText, lastText    string
}

func (a *aggregator) lookBack(known *catalogue, refs []Ref) time.Duration {
	var most time.Duration
	for _, ref := range refs {
		for _, r := range known.series[ref].Reporting {
			most = max(most, r.MaxSilence)
		}
	}
	return min(most, time.Duration(a.span.From))
}

// bucket returns the bucket that a time of the span lies in. Times come nearly in order, so the search between bounds goes
// on from where the last one ended.
func (a *aggregator) bucket(t int64) int {
	if a.bounds == nil {
		return int((t - a.span.From) / a.step)
	}
	i := a.at
	for t < a.bounds[i] {
		i--
	}
	if t >= a.bounds[i+1] {
		i += gallop(a.bounds[i+1:], t+1)
	}
	a.at = i
	return i
}

func (a *aggregator) begins(i int) int64 {
	if a.bounds != nil {
		return a.bounds[i]
	}
	return a.span.From + int64(i)*a.step
}

func (a *aggregator) ends(i int) int64 {
	if a.bounds != nil {
		return a.bounds[i+1]
	}
	return min(a.span.From+int64(i+1)*a.step, a.span.To)
}

// series fills in the buckets of a series, which are empty.
func (a *aggregator) series(ctx context.Context, series *Series, out []Bucket) error {
	a.s = series
	a.state = sized(a.state, a.n)
	clear(a.state)
	a.has, a.since, a.change, a.at, a.damage = false, 0, 0, 0, nil
	var longest time.Duration
	for _, r := range series.Reporting {
		longest = max(longest, r.MaxSilence)
	}
	from := max(a.span.From-int64(longest), 0)
	a.q.inside, a.q.lookup = a.inside, a.lookup
	if err := a.q.series(ctx, series, from, a.span.To, a.whole, a.run); err != nil {
		return err
	}
	if a.damage != nil {
		return a.damage
	}
	a.cover(min(a.span.To, max(a.now, a.span.From)))
	a.result(out)
	return nil
}

// silenceAt returns the longest silence in effect at a sample's time.
func (a *aggregator) silenceAt(t int64) int64 {
	if t < a.since || t >= a.change {
		r := a.s.ReportingAt(t)
		a.silence, a.since, a.change = int64(r.MaxSilence), math.MinInt64, math.MaxInt64
		for _, o := range a.s.Reporting[1:] {
			if o.From > t {
				a.change = o.From
				break
			}
			a.since = o.From
		}
	}
	return a.silence
}

// cover adds what the last sample covers until a time.
func (a *aggregator) cover(until int64) {
	if !a.has || !a.lastGood {
		return
	}
	from := a.lastTime
	until = min(until, a.now, a.span.To)
	if s := a.silenceAt(from); until-from > s {
		until = from + s
	}
	a.covered(from, until)
}

// covered adds [from, until) to the buckets it lies in.
func (a *aggregator) covered(from, until int64) {
	from = max(from, a.span.From)
	if from >= until {
		return
	}
	for i := a.bucket(from); from < until; i++ {
		end := min(until, a.ends(i))
		a.state[i].covered += end - from
		from = end
	}
}

// whole takes a chunk without looking at its rows: by its summary when it lies in one bucket, else by the summaries of its
// parts or by its changes. What the rows of all series of a device have in common is reckoned once (shape.go).
func (a *aggregator) whole(c *block.Chunk) bool {
	sm := &c.Summary
	if c.Type == block.String || c.MinTime < a.span.From || c.MaxTime >= a.span.To || c.MaxTime > a.now {
		return false
	}
	if a.asOf != 0 && c.Block.Info().MaxCommit > a.asOf {
		return false
	}
	silence := a.silenceAt(c.MinTime)
	if c.MaxTime >= a.change {
		return false
	}
	plain := c.Notes&block.AllGood != 0 && c.MaxGap <= silence
	if plain && int(sm.Good) != c.Rows {
		return false // there are NaNs
	}
	i := a.bucket(c.MinTime)
	one := c.MaxTime < a.ends(i)
	if one && plain {
		st := &a.state[i]
		if !a.foldWhole(st, c) {
			return false
		}
		st.count += uint64(c.Rows)
		a.cover(c.MinTime)
		a.covered(c.MinTime, c.MaxTime)
		a.has, a.lastGood, a.lastTime = true, true, c.MaxTime
		a.kept += uint64(c.Rows)
		return true
	}
	s, err := a.shapeOf(c, silence, plain)
	if err != nil {
		a.damage = err
		return true
	}
	switch {
	case int(sm.Good) != s.all:
		return false // there are NaNs
	case s.good == 0:
	case one:
		if !a.foldWhole(&a.state[i], c) {
			return false
		}
	default:
		if a.parts(c, s) {
			break
		}
		if !s.tallied {
			return false
		}
		// The tallies of the frame do not suffice; its rows may.
		if s, err = a.rowShapeOf(c, silence, plain); err != nil {
			a.damage = err
			return true
		}
		if int(sm.Good) != s.all || !a.parts(c, s) {
			return false
		}
	}
	a.take(s)
	return true
}

// foldWhole adds the usable rows of a chunk to a bucket.
func (a *aggregator) foldWhole(st *bucketState, c *block.Chunk) bool {
	sm := &c.Summary
	if sm.Notes&block.HasSum == 0 || sm.Notes&block.HasNumbers == 0 {
		return false
	}
	a.fold(st, uint64(sm.Good), sm.First, sm.Last, sm.Min, sm.Max)
	if c.Type == block.Float64 {
		st.float.AddPair(sm.Sum)
	} else {
		st.int.AddInt(sm.Int)
	}
	return true
}

// fold adds good rows to a bucket, all but their sum.
func (a *aggregator) fold(st *bucketState, n, first, last, least, greatest uint64) {
	if st.good == 0 {
		st.first, st.min, st.max = first, least, greatest
	} else {
		if a.less(least, st.min) {
			st.min = least
		}
		if a.less(st.max, greatest) {
			st.max = greatest
		}
	}
	st.last = last
	st.good += n
}

func (a *aggregator) less(x, y uint64) bool {
	if a.s.Type == Float64 {
		// The order of Extent: -0 before +0.
		return ordered(x) < ordered(y)
	}
	return int64(x) < int64(y)
}

func ordered(b uint64) int64 {
	x := int64(b)
	return x ^ int64(uint64(x>>63)>>1)
}

// run takes the rows of a run.
func (a *aggregator) run(r *run) error {
	a.looked += uint64(r.j - r.i)
	f := r.frame
	t, status, flags := f.Time[r.i:r.j], f.Status[r.i:r.j], f.Flags[r.i:r.j]
	if r.notes&block.AllGood != 0 && r.notes&block.HasFuture == 0 && a.s.Type != String && t[len(t)-1] <= a.now {
		a.plain(t, r.values.Bits[r.i:r.j])
		return nil
	}
	for i, at := range t {
		if !visible(flags[i], at, a.now) {
			continue
		}
		good := status[i]>>30 == 0 && Flags(flags[i])&NoValue == 0
		if good && a.s.Type == Float64 {
			x := math.Float64frombits(r.values.Bits[r.i+i])
			good = x == x
		}
		a.cover(at)
		a.has, a.lastTime, a.lastGood = true, at, good
		if at < a.span.From {
			continue
		}
		st := &a.state[a.bucket(at)]
		st.count++
		switch {
		case !good:
			if status[i]>>30 == 1 {
				st.uncertain++
			}
		case a.s.Type == String:
			text := r.values.Text[r.i+i]
			if st.good == 0 {
				st.firstText = text
			}
			st.lastText = text
			st.good++
		default:
			x := r.values.Bits[r.i+i : r.i+i+1]
			a.fold(st, 1, x[0], x[0], x[0], x[0])
			a.add(st, x)
		}
	}
	return nil
}

// plain takes rows that are all good, bucket by bucket.
func (a *aggregator) plain(t []int64, bits []uint64) {
	for len(t) > 0 {
		if t[0] < a.span.From {
			n := gallop(t, a.span.From)
			if a.s.Type == Float64 {
				x := math.Float64frombits(bits[n-1])
				a.has, a.lastTime, a.lastGood = true, t[n-1], x == x
			} else {
				a.has, a.lastTime, a.lastGood = true, t[n-1], true
			}
			t, bits = t[n:], bits[n:]
			continue
		}
		i := a.bucket(t[0])
		n := gallop(t, a.ends(i))
		a.part(&a.state[i], t[:n], bits[:n])
		t, bits = t[n:], bits[n:]
	}
}

// part takes good rows of one bucket.
func (a *aggregator) part(st *bucketState, t []int64, bits []uint64) {
	if a.s.Type == Float64 {
		least, greatest, nan := block.Extent(bits)
		if nan {
			a.withNaN(st, t, bits)
			return
		}
		a.spread(t)
		a.fold(st, uint64(len(bits)), bits[0], bits[len(bits)-1], math.Float64bits(least), math.Float64bits(greatest))
		st.float.AddBitsBetween(bits, least, greatest)
	} else {
		a.spread(t)
		least, greatest := int64(bits[0]), int64(bits[0])
		for _, b := range bits {
			least, greatest = min(least, int64(b)), max(greatest, int64(b))
			st.int.Add(int64(b))
		}
		a.fold(st, uint64(len(bits)), bits[0], bits[len(bits)-1], uint64(least), uint64(greatest))
	}
	st.count += uint64(len(bits))
}

// spread adds the time that good rows cover, of which all but the last are followed by one of them.
func (a *aggregator) spread(t []int64) {
	a.cover(t[0])
	a.has, a.lastGood = true, true
	n := len(t) - 1
	if first, last := t[0], t[n]; n > 0 && last <= a.now {
		silence := a.silenceAt(first)
		longest := int64(0)
		for i := 1; i < len(t); i++ {
			longest = max(longest, t[i]-t[i-1])
		}
		if longest <= silence && last < a.change {
			a.covered(first, last)
			a.lastTime = last
			return
		}
	}
	a.lastTime = t[0]
	for _, at := range t[1:] {
		a.cover(at)
		a.lastTime = at
	}
}

// withNaN takes rows of good status among which are NaNs, which are no values.
func (a *aggregator) withNaN(st *bucketState, t []int64, bits []uint64) {
	a.keep = a.keep[:0]
	for i, b := range bits {
		x := math.Float64frombits(b)
		a.cover(t[i])
		a.has, a.lastTime, a.lastGood = true, t[i], x == x
		if x == x {
			a.keep = append(a.keep, b)
		}
	}
	st.count += uint64(len(bits))
	if len(a.keep) == 0 {
		return
	}
	least, greatest, _ := block.Extent(a.keep)
	a.fold(st, uint64(len(a.keep)), a.keep[0], a.keep[len(a.keep)-1], math.Float64bits(least), math.Float64bits(greatest))
	st.float.AddBitsBetween(a.keep, least, greatest)
}

func (a *aggregator) add(st *bucketState, x []uint64) {
	if a.s.Type == Float64 {
		st.float.AddBits(x)
	} else {
		st.int.Add(int64(x[0]))
	}
}

// result fills in the buckets. It sets the members of empty values one by one: copying whole values, which hold a string each,
// costs the collector's barrier.
func (a *aggregator) result(out []Bucket) {
	typ := a.s.Type
	for i := range out {
		st := &a.state[i]
		b := &out[i]
		b.From, b.To = a.begins(i), a.ends(i)
		b.Count, b.Good, b.Uncertain, b.Bad = st.count, st.good, st.uncertain, st.count-st.good-st.uncertain
		b.Covered = time.Duration(st.covered)
		b.Sum, b.Mean = math.NaN(), math.NaN()
		if st.good == 0 {
			continue
		}
		b.First.Type, b.Last.Type = typ, typ
		if typ == String {
			b.First.Text, b.Last.Text = st.firstText, st.lastText
			continue
		}
		b.Min.Type, b.Max.Type = typ, typ
		b.First.Bits, b.Last.Bits, b.Min.Bits, b.Max.Bits = st.first, st.last, st.min, st.max
		if typ == Float64 {
			b.Sum = st.float.Value()
		} else {
			b.Sum = st.int.Value()
		}
		b.Mean = b.Sum / float64(st.good)
	}
}
