package telemetry

import (
	"unsafe"

	"jingwei/internal/telemetry/block"
)

// inside takes the rows of a chunk in [lo, hi) by its parts, where the chunk stands alone in that window but reaches out of
// it: at the begin or the end of the span, or where late samples lie among its rows. It needs parts that end where the window
// does.
func (a *aggregator) inside(c *block.Chunk, lo, hi int64) bool {
	if c.Type == block.String || c.TallyStep() == 0 || min(c.MaxTime, hi-1) > a.now {
		return false
	}
	if a.asOf != 0 && c.Block.Info().MaxCommit > a.asOf {
		return false
	}
	silence := a.silenceAt(max(c.MinTime, lo))
	if min(c.MaxTime, hi-1) >= a.change {
		return false
	}
	s, err := a.tallied(c, silence, lo, hi)
	if err != nil {
		a.damage = err
		return true
	}
	if s == nil || !s.fits || int(c.Summary.Good) != s.all || s.good > 0 && !a.parts(c, s) {
		return false
	}
	a.take(s)
	return true
}

// tallied returns the shape of the rows of a chunk in [lo, hi), by the tallies of its frame: no row is looked at. It is nil where
// the frame has none; where good rows are usually followed by the next after more than the silence, it does not fit.
func (a *aggregator) tallied(c *block.Chunk, silence, lo, hi int64) (*shape, error) {
	step := c.TallyStep()
	if step == 0 || c.PartStep() != 0 && c.PartStep() != step {
		return nil, nil
	}
	// A window that reaches beyond the chunk is the same for all series of the frame.
	key := shapeKey{frameKey{unsafe.Pointer(c.Block), uint64(c.FrameAt)}, silence, max(lo, c.MinTime), min(hi, c.MaxTime+1)}
	if s := a.shapes[key]; s != nil {
		return s, nil
	}
	if err := c.DecodeTallies(&a.tallies); err != nil {
		return nil, a.q.fail(c.Block, err)
	}
	s := a.newShape(key)
	s.tallied = true
	if s.step = step; a.tallies.Gap <= silence {
		a.tally(s, silence, lo, hi)
	}
	return s, nil
}

// tally makes a shape of tallies. Of parts that lie before the span, or before lo, the last one counts alone: its last row may
// cover what follows.
func (a *aggregator) tally(s *shape, silence, lo, hi int64) {
	s.fits = true
	from := max(lo, a.span.From)
	row, long := int32(0), a.tallies.Long
	for i := range a.tallies.List {
		p := &a.tallies.List[i]
		first := row
		row += int32(p.Rows)
		if p.Good > 0 {
			s.usable++
			s.all += p.Good
		}
		if p.Count == 0 || p.Last < lo && lo >= a.span.From || p.First >= hi {
			if p.Good > 0 && p.First < from {
				s.skipped++
			}
			continue
		}
		if p.Last < from { // before the span
			if p.Good > 0 {
				s.skipped++
			}
			s.first, s.last, s.seen, s.lastGood = p.Last, p.Last, true, p.LastGood
			continue
		}
		if p.First < from || p.Last >= hi {
			s.fits = false
			return
		}
		b := a.bucket(p.First)
		if p.Last >= a.ends(b) {
			s.fits = false
			return
		}
		if !s.seen {
			s.first, s.seen = p.First, true
		} else if s.lastGood {
			a.coverShape(s, max(s.last, from), min(p.First, s.last+silence))
		}
		x := s.at(b)
		x.count += uint32(p.Count)
		x.uncertain += uint32(p.Uncertain)
		x.covered += p.Covered
		for len(long) > 0 && long[0].Part <= i {
			if long[0].Part == i {
				x.covered += min(long[0].Gap, silence)
			}
			long = long[1:]
		}
		s.last, s.lastGood = p.Last, p.LastGood
		if p.Good > 0 {
			s.good += p.Good
			s.parts = append(s.parts, shapePart{bucket: int32(b), good: int32(p.Good), from: first, to: row})
		}
	}
}
