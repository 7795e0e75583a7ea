package census

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Zone is that of the calendar months, as long as plants have no zone of their own. China has had one offset and no
// summer time since 1991, so that no table of zones is needed.
var Zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// MaxMonths is how many months of growth are answered at most.
const MaxMonths = 120

// Span is [From, To) in ns since 1970 UTC.
type Span struct{ From, To int64 }

// Month is a calendar month of growth. The last one may not be over: it ends with the moment that is counted.
type Month struct {
	Span
	Name      string // 2026-11
	Complete  bool
	Machines  int // at its end
	Added     int // begun in it
	Ended     int // ended in it
	Connected int // at its end
	Networked Ratio
}

// Ratio is the networking rate at a month's end.
type Ratio struct{ Part, Whole int }

// months are the last n calendar months up to the one that holds a moment, oldest first. The last ends after the moment.
func months(at int64, n int) []Month {
	t := time.Unix(0, at).In(Zone)
	first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, Zone)
	out := make([]Month, n)
	for i := range out {
		from := first.AddDate(0, i-n+1, 0)
		to := from.AddDate(0, 1, 0)
		m := Month{Name: from.Format("2006-01"), Complete: true, Span: Span{from.UnixNano(), to.UnixNano()}}
		if at < m.To-1 {
			m.To, m.Complete = at+1, false
		}
		out[i] = m
	}
	return out
}

// grow counts lives and ties into months.
func grow(span []Month, lives []Life, ties []Tie) {
	byMachine := map[uuid.UUID][]Tie{}
	for _, t := range ties {
		byMachine[t.Machine] = append(byMachine[t.Machine], t)
	}
	for _, l := range lives {
		of := byMachine[l.ID]
		counts := networking.of(l.Class)
		for i := range span {
			m := &span[i]
			if l.From >= m.From && l.From < m.To {
				m.Added++
			}
			if l.To >= m.From && l.To < m.To {
				m.Ended++
			}
			end := m.To - 1 // its last moment
			if l.From > end || l.To <= end {
				continue
			}
			m.Machines++
			connected := slices.ContainsFunc(of, func(t Tie) bool { return t.From <= end && t.To > end })
			if connected {
				m.Connected++
			}
			if counts {
				m.Networked.Whole++
				if connected {
					m.Networked.Part++
				}
			}
		}
	}
}

// at picks the ties that hold at a moment, by machine. Of two of one machine the one that began first counts: a machine
// is counted once.
func at(ties []Tie, when int64) map[uuid.UUID]Tie {
	sorted := slices.SortedStableFunc(slices.Values(ties), func(a, b Tie) int { return cmp.Compare(a.From, b.From) })
	out := make(map[uuid.UUID]Tie, len(ties))
	for _, t := range sorted {
		if _, taken := out[t.Machine]; !taken && t.From <= when && t.To > when {
			out[t.Machine] = t
		}
	}
	return out
}
