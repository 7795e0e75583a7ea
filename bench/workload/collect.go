package workload

import (
	"cmp"
	"slices"
)

// Row is one row of a series, as it must come back.
type Row struct {
	Time, Gateway int64
	Bits          uint64 // 0 when Text or no value is what it has
	Text          string
	Status        uint32
	Flags         uint16
}

// Collect makes the whole stream and returns the rows of each series by time. It is for small streams: every row is kept.
func (s Spec) Collect() [][]Row {
	all := make([][]Row, s.Series())
	g := s.Generator(0, 1)
	var b Batch
	for g.Next(&b) {
		for i, series := range b.Series {
			row := Row{Time: b.Time[i], Gateway: b.Gateway[i], Bits: b.Bits[i], Status: b.Status[i], Flags: b.Flags[i]}
			if s.Kind(int(series)) == String {
				if row.Bits = 0; row.Flags&NoValue == 0 {
					row.Text = b.Text[b.Bits[i]]
				}
			}
			all[series] = append(all[series], row)
		}
	}
	for _, rows := range all {
		slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Time, b.Time) })
	}
	return all
}
