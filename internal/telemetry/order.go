package telemetry

import (
	"slices"

	"jingwei/internal/telemetry/block"
)

// rows are samples of one series, column by column.
type rows struct {
	block.Frame
	block.Values
}

func (r *rows) reset() {
	r.Frame.Reset()
	r.Values.Reset()
}

// orderScratch is the working memory of sorting.
type orderScratch struct {
	perm, spare []uint32
	runs        []int
}

// order returns the stable order of rows by source time, nil when they stand in it already, and whether two rows share a
// time. Rows come in few ascending runs (live samples with late ones between them, or chunks one after the other), so it
// merges runs. The result is valid until the next call.
func (s *orderScratch) order(t []int64) (perm []uint32, ties bool) {
	runs := append(s.runs[:0], 0)
	for i := 1; i < len(t); i++ {
		switch {
		case t[i] < t[i-1]:
			runs = append(runs, i)
		case t[i] == t[i-1]:
			ties = true
		}
	}
	s.runs = runs
	if len(runs) == 1 {
		return nil, ties
	}
	perm, spare := sized(s.perm, len(t)), sized(s.spare, len(t))
	for i := range perm {
		perm[i] = uint32(i)
	}
	runs = append(runs, len(t))
	for len(runs) > 2 {
		k := 0
		for i := 0; i+1 < len(runs); i += 2 {
			from, mid := runs[i], runs[i+1]
			to := mid
			if i+2 < len(runs) {
				to = runs[i+2]
			}
			mergeRuns(spare[from:to], perm[from:mid], perm[mid:to], t)
			runs[k] = from
			k++
		}
		runs[k] = len(t)
		runs = runs[:k+1]
		perm, spare = spare, perm
	}
	s.perm, s.spare = perm, spare
	for i := 1; i < len(perm) && !ties; i++ {
		ties = t[perm[i]] == t[perm[i-1]]
	}
	return perm, ties
}

func mergeRuns(dst, a, b []uint32, t []int64) {
	for len(a) > 0 && len(b) > 0 {
		if t[b[0]] < t[a[0]] {
			dst[0], b = b[0], b[1:]
		} else {
			dst[0], a = a[0], a[1:]
		}
		dst = dst[1:]
	}
	copy(dst, a)
	copy(dst[len(a):], b)
}

// pick puts the rows of the frame named by perm into dst.
func pick(dst, src *block.Frame, perm []uint32) {
	dst.Reset()
	dst.Time = pickOf(dst.Time, src.Time, perm)
	dst.Gateway = pickOf(dst.Gateway, src.Gateway, perm)
	dst.Status = pickOf(dst.Status, src.Status, perm)
	dst.Flags = pickOf(dst.Flags, src.Flags, perm)
	dst.Origin = pickOf(dst.Origin, src.Origin, perm)
	dst.Revision = pickOf(dst.Revision, src.Revision, perm)
	dst.Commit = pickOf(dst.Commit, src.Commit, perm)
}

// pickOf leaves a column that was not read empty.
func pickOf[T any](dst, src []T, perm []uint32) []T {
	if len(src) == 0 {
		return dst
	}
	dst = sized(dst, len(perm))
	for i, p := range perm {
		dst[i] = src[p]
	}
	return dst
}

func pickValues(dst, src *block.Values, perm []uint32) {
	dst.Bits, dst.Text = pickOf(dst.Bits[:0], src.Bits, perm), pickOf(dst.Text[:0], src.Text, perm)
}

// identity is what makes two samples of one series and time the same sample.
type identity struct {
	bits     uint64
	text     string
	status   uint32
	revision uint32
	origin   uint32
	flags    Flags // whether it has a value, and whether it was withdrawn
}

func (r *rows) identity(i uint32) identity {
	id := identity{status: r.Status[i], revision: r.Revision[i], origin: r.Origin[i], flags: Flags(r.Flags[i]) & (NoValue | Withdrawn)}
	if id.flags&NoValue == 0 {
		if len(r.Text) > 0 {
			id.text = r.Text[i]
		} else {
			id.bits = r.Bits[i]
		}
	}
	return id
}

// settle decides between samples of one source time. perm is the order of rows by time (nil: they are in order). It
// collapses samples that are the same but for their commits into the one that came first, and lets the greatest revision,
// then the latest commit, win. It returns the winners and the losers, each in order of time, the losers of one time
// in order of revision and commit. Winners that have losers are flagged Rival.
func (r *rows) settle(perm []uint32) (current, history []uint32) {
	n := r.Len()
	at := func(i int) uint32 {
		if perm == nil {
			return uint32(i)
		}
		return perm[i]
	}
	var group []uint32
	for i := 0; i < n; {
		j := i + 1
		for j < n && r.Time[at(j)] == r.Time[at(i)] {
			j++
		}
		if j == i+1 {
			current = append(current, at(i))
			i = j
			continue
		}
		group = group[:0]
		for ; i < j; i++ {
			group = append(group, at(i))
		}
		slices.SortStableFunc(group, func(a, b uint32) int {
			if r.Revision[a] != r.Revision[b] {
				return int(int64(r.Revision[a]) - int64(r.Revision[b]))
			}
			switch {
			case r.Commit[a] < r.Commit[b]:
				return -1
			case r.Commit[a] > r.Commit[b]:
				return 1
			}
			return 0
		})
		group = r.collapse(group)
		for _, l := range group[:len(group)-1] {
			r.Flags[l] &^= uint32(Rival)
		}
		history = append(history, group[:len(group)-1]...)
		winner := group[len(group)-1]
		r.Flags[winner] &^= uint32(Rival)
		if len(group) > 1 {
			r.Flags[winner] |= uint32(Rival)
		}
		current = append(current, winner)
	}
	return current, history
}

// collapse keeps the first of each set of same samples.
func (r *rows) collapse(group []uint32) []uint32 {
	if len(group) == 2 {
		if r.identity(group[0]) == r.identity(group[1]) {
			group = group[:1]
		}
		return group
	}
	seen := make(map[identity]struct{}, len(group))
	kept := group[:0]
	for _, i := range group {
		id := r.identity(i)
		if _, again := seen[id]; !again {
			seen[id] = struct{}{}
			kept = append(kept, i)
		}
	}
	return kept
}
