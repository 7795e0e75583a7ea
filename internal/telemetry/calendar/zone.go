package calendar

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"sort"
	"strings"
	"time"
	_ "time/tzdata" // a machine without zone files has the same zones

	"jingwei/internal/kernel/text"
)

// The zone's rules are read between these years.
const (
	firstYear = 1970
	lastYear  = 2200
)

// period is a time in which the clocks do not change. It ends where the next begins.
type period struct {
	from int64 // Unix minutes; the first period has begun forever ago
	off  int64 // local time minus UTC, in minutes
	wall int64 // the latest local time shown until its end, in local minutes since 1970-01-01 00:00; exclusive
}

// zone is what the clocks of a place show: the whole of what a calendar knows about it.
type zone struct {
	periods []period
	phases  []phase
	hash    [sha256.Size]byte
}

// phase is a time in which full local hours are at the same minute of the UTC hour.
type phase struct {
	from   int64 // Unix minutes
	minute int64 // 0..59, of off
}

var zoneForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)

// loadZone reads the rules of an IANA zone. The second value says what is wrong.
func loadZone(name string) (*zone, *text.Text) {
	unknown := &text.Text{Zh: "不是 IANA 时区；请填写如 Asia/Shanghai、Europe/Berlin", En: "is not an IANA time zone; write one such as Asia/Shanghai or Europe/Berlin"}
	// "Local", posix/… and the like mean one thing here and another or nothing elsewhere.
	if !zoneForm.MatchString(name) || len(name) > 60 || name == "Local" || name == "localtime" || name == "posixrules" ||
		strings.HasPrefix(name, "posix/") || strings.HasPrefix(name, "right/") {
		return nil, unknown
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return nil, unknown
	}
	return readZone(place)
}

func readZone(place *time.Location) (*zone, *text.Text) {
	z := &zone{}
	end := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(place); t.Before(end); t = next(t) {
		_, off := t.Zone()
		n := len(z.periods)
		if n > 0 && z.periods[n-1].off*60 == int64(off) {
			continue // a mere change of the zone's name, or none
		}
		if off%60 != 0 || t.Unix()%60 != 0 {
			day := t.UTC().Format(time.DateOnly)
			return nil, &text.Text{
				Zh: fmt.Sprintf("该时区的时钟曾在 %s 与 UTC 相差非整分钟，日期的边界因此不在整分钟上；请改用时刻相同的另一时区", day),
				En: fmt.Sprintf("its clocks were no whole minutes from UTC on %s, so that days would not begin on whole minutes; use another zone with the same time", day),
			}
		}
		p := period{from: t.Unix() / 60, off: int64(off / 60)}
		if n == 0 {
			p.from = math.MinInt64
		}
		z.periods = append(z.periods, p)
	}
	z.finish()
	return z, nil
}

// next is the next time at which the clocks may have changed; no change lies between.
func next(t time.Time) time.Time {
	if _, end := t.ZoneBounds(); end.IsZero() {
		return t.AddDate(lastYear, 0, 0)
	} else if end.After(t) {
		return end
	}
	// On the last day of a leap year the library knows the offset but ends the period too early (Go 1.26, time.tzset).
	_, off := t.Zone()
	lo, hi := t.Unix(), t.Unix()+86400
	if _, then := time.Unix(hi, 0).In(t.Location()).Zone(); then == off {
		return time.Unix(hi, 0).In(t.Location())
	}
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if _, then := time.Unix(mid, 0).In(t.Location()).Zone(); then == off {
			lo = mid
		} else {
			hi = mid
		}
	}
	return time.Unix(hi, 0).In(t.Location())
}

// finish works out what the lookups need.
func (z *zone) finish() {
	h := sha256.New()
	most := int64(math.MinInt64)
	for i := range z.periods {
		p := &z.periods[i]
		if i+1 < len(z.periods) {
			most = max(most, z.periods[i+1].from+p.off)
		} else {
			most = math.MaxInt64
		}
		p.wall = most
		_ = binary.Write(h, binary.BigEndian, [2]int64{p.from, p.off}) // a hash takes everything
		if m := mod(p.off, 60); len(z.phases) == 0 || z.phases[len(z.phases)-1].minute != m {
			z.phases = append(z.phases, phase{p.from, m})
		}
	}
	h.Sum(z.hash[:0])
}

// at finds the period of a time in Unix minutes.
func (z *zone) at(t int64) int {
	lo, hi := 0, len(z.periods)
	for hi-lo > 1 {
		if mid := int(uint(lo+hi) >> 1); z.periods[mid].from <= t {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// wall is what the local clock shows, in local minutes since 1970-01-01 00:00.
func (z *zone) wall(t int64) int64 { return t + z.periods[z.at(t)].off }

// instant is the first time, in Unix minutes, at which the local clock has come to w.
func (z *zone) instant(w int64) int64 {
	lo, hi := -1, len(z.periods)-1 // the first period whose clock goes beyond w
	for hi-lo > 1 {
		if mid := int(uint(lo+hi+1) >> 1); z.periods[mid].wall > w {
			hi = mid
		} else {
			lo = mid
		}
	}
	p := z.periods[hi]
	return max(p.from, w-p.off)
}

// twice tells whether the local clock shows at another time what it shows at t.
func (z *zone) twice(t int64) bool {
	i := z.at(t)
	w := t + z.periods[i].off
	for _, j := range [2]int{i - 1, i + 1} {
		if j >= 0 && j < len(z.periods) && z.at(w-z.periods[j].off) == j {
			return true
		}
	}
	return false
}

// hour is the local hour of t, in Unix minutes.
func (z *zone) hour(t int64) (from, to int64) {
	i := 0
	if len(z.phases) > 1 {
		i = sort.Search(len(z.phases), func(i int) bool { return z.phases[i].from > t }) - 1
	}
	p := z.phases[i]
	from = t - mod(t+p.minute, 60)
	to = from + 60
	if i+1 < len(z.phases) {
		to = min(to, z.phases[i+1].from)
	}
	return max(from, p.from), to
}

func mod(a, b int64) int64 {
	if a %= b; a < 0 {
		a += b
	}
	return a
}

func div(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
