package history

import (
	"hash/fnv"
	"time"

	"jingwei/internal/office/flow/workday"
)

const (
	day     = 24 * time.Hour
	quarter = 15 * time.Minute
	hour    = time.Hour
)

// weekday counts from Monday, 0.
func weekday(d workday.Day) int {
	at := time.Unix(0, d.Begin()).UTC().Add(8 * hour) // midnight in China
	return (int(at.Weekday()) + 6) % 7
}

// like is the day of the week whose recordings a civil day goes by.
func (l *Library) like(d workday.Day) int {
	switch w, working := weekday(d), l.days.Working(d); {
	case working && w < 5:
		return w
	case working: // worked for a holiday
		return 4
	case w == 5:
		return 5
	default:
		return 6
	}
}

// draw is a number that follows from names alone.
func draw(words ...string) uint64 {
	h := fnv.New64a()
	for _, w := range words {
		_, _ = h.Write([]byte(w)) // never fails (hash.Hash)
		_, _ = h.Write([]byte{0})
	}
	x := h.Sum64() // spread: FNV's last bytes hardly reach its high bits (finaliser of SplitMix64)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// gap is a time [from, to) within a day, in ns since 1970 UTC; without rows, or with bad ones.
type gap struct {
	from, to int64
	bad      bool
}

// How often lines and devices fail, by days of a machine. Chosen by us: recordings have no gaps.
const (
	lineEvery   = 61 // days: the line was down for one to six hours
	deviceEvery = 37 // days: the device did not answer for half an hour to two hours
)

// gaps of a machine on a day.
func gaps(key string, d workday.Day) (out []gap) {
	at := func(x uint64, length time.Duration) gap {
		from := d.Begin() + int64(x>>8%18)*int64(hour)
		return gap{from: from, to: min(from+int64(length), d.End())}
	}
	if x := draw("line", key, d.String()); x%lineEvery == 0 {
		out = append(out, at(x, time.Duration(1+x>>32%6)*hour))
	}
	if x := draw("device", key, d.String()); x%deviceEvery == 0 {
		g := at(x, time.Duration(1+x>>32%4)*30*time.Minute)
		g.bad = true
		out = append(out, g)
	}
	return out
}
