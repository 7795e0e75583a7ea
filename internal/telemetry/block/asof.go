package block

import "sort"

// Begin returns the time of the block's first commit.
func (t *ArrivalTable) Begin() (time int64, err error) {
	if t.err != nil || len(t.segments) == 0 {
		return 0, t.err
	}
	rows, err := t.segment(0)
	if err != nil {
		return 0, err
	}
	return rows[0].Time, nil
}

// Until returns the greatest commit of the block whose commit time is at or before t, 0 where there is none.
func (t *ArrivalTable) Until(time int64) (commit uint64, err error) {
	if t.err != nil {
		return 0, t.err
	}
	// The last segment that begins in time holds it.
	lo, hi := 0, len(t.segments)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		rows, err := t.segment(mid)
		if err != nil {
			return 0, err
		}
		if rows[0].Time <= time {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return 0, nil
	}
	rows, err := t.segment(lo - 1)
	if err != nil {
		return 0, err
	}
	k := sort.Search(len(rows), func(k int) bool { return rows[k].Time > time })
	return rows[k-1].Commit, nil
}
