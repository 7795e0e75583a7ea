package telemetry

import (
	"slices"

	"jingwei/internal/telemetry/block"
)

// wanted adds to the columns asked for what give needs to know of a source's rows.
func wanted(want block.Set, src *source) block.Set {
	if src.notes&block.HasNoValue != 0 {
		want |= block.Of(block.Flags)
	}
	return want
}

// give emits what the caller is to see of a run: not what was withdrawn, and of what was not yet known at the commit that
// is asked about nothing. A run of which everything is left is emitted as it is.
func (q *scanner) give(r *run, emit func(*run) error) error {
	if q.asOf != 0 {
		return q.giveAsOf(r, emit)
	}
	if q.past || r.notes&block.HasNoValue == 0 {
		return emit(r)
	}
	q.keep = q.keep[:0]
	for i := r.i; i < r.j; i++ {
		if Flags(r.frame.Flags[i])&Withdrawn == 0 {
			q.keep = append(q.keep, uint32(i))
		}
	}
	return q.giveLeft(r, nil, emit)
}

// giveAsOf emits the rows as they stood when commit asOf was the newest. The run holds, for each source time, all samples
// in order of revision and commit, so the last one that was known then is the one that counted.
func (q *scanner) giveAsOf(r *run, emit func(*run) error) error {
	f := r.frame
	q.keep = q.keep[:0]
	var loser []bool
	if q.past {
		loser = make([]bool, 0, r.j-r.i)
	}
	flags := f.Flags
	changed := false // flags were copied, to be changed
	for i := r.i; i < r.j; {
		end := i + 1
		for end < r.j && f.Time[end] == f.Time[i] {
			end++
		}
		winner, known := -1, 0
		for k := i; k < end; k++ {
			if uint64(f.Commit[k]) > q.asOf {
				continue
			}
			if q.past {
				q.keep, loser = append(q.keep, uint32(k)), append(loser, true)
			}
			winner = k
			known++
		}
		i = end
		if known == 0 {
			continue
		}
		if rival := known > 1; rival != (Flags(flags[winner])&Rival != 0) {
			if !changed {
				flags, changed = append([]uint32(nil), f.Flags...), true
			}
			flags[winner] ^= uint32(Rival)
		}
		if q.past {
			loser[len(loser)-1] = false
		} else if Flags(flags[winner])&Withdrawn == 0 {
			q.keep = append(q.keep, uint32(winner))
		}
	}
	if changed {
		own := *f
		own.Flags = flags
		r.frame = &own
		r.keys = nil
	}
	return q.giveLeft(r, loser, emit)
}

// giveLeft emits the rows named by q.keep, of which those marked as losers are superseded.
func (q *scanner) giveLeft(r *run, loser []bool, emit func(*run) error) error {
	if !slices.Contains(loser, true) {
		loser = nil // which a run of one source, that need not begin at its first row, always comes to
	}
	r.loser = loser
	switch len(q.keep) {
	case 0:
		return nil
	case r.j - r.i:
		return emit(r)
	}
	pick(&q.left.Frame, r.frame, q.keep)
	q.left.Values.Reset()
	pickValues(&q.left.Values, r.values, q.keep)
	return emit(&run{frame: &q.left.Frame, values: &q.left.Values, j: len(q.keep), notes: r.notes, loser: loser, lo: r.lo, hi: r.hi})
}
