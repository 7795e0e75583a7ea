package retention

import "time"

// Forecast says how long the disk will last.
type Forecast struct {
	Bytes    int64         // that telemetry takes
	Budget   int64         // that it may take; 0: what is free
	Free     int64         // on the volume
	PerDay   float64       // growth in bytes a day over what was watched; NaN-free, 0 before an hour was watched
	Left     time.Duration // until the budget or the volume is used up; 0 and Grows false: not foreseeable
	Grows    bool
	Watched  time.Duration
	Severity Severity
}

// Severity says how urgent it is.
type Severity int

// The severities.
const (
	Fine   Severity = iota
	Warn            // less than two weeks, or more than 85 % used
	Urgent          // less than two days, or more than 95 % used
)

// mark is what was seen at a time.
type mark struct {
	at    int64
	bytes int64
}

// History remembers how large the store was: one mark an hour for a week.
type History struct{ marks []mark }

// keepMarks bounds the history.
const keepMarks = 7 * 24

// See notes the size at a time.
func (h *History) See(now, bytes int64) {
	if n := len(h.marks); n > 0 && now-h.marks[n-1].at < int64(time.Hour) {
		return
	}
	if len(h.marks) == keepMarks {
		h.marks = append(h.marks[:0], h.marks[1:]...)
	}
	h.marks = append(h.marks, mark{now, bytes})
}

// Forecast judges the size now. budget 0 leaves it to what is free on the volume.
func (h *History) Forecast(now, bytes, budget, free int64) Forecast {
	f := Forecast{Bytes: bytes, Budget: budget, Free: free}
	room, whole := free, bytes+free
	if budget > 0 {
		room, whole = min(room, budget-bytes), min(whole, budget)
	}
	if len(h.marks) > 0 {
		first := h.marks[0]
		if f.Watched = time.Duration(now - first.at); f.Watched >= time.Hour {
			f.PerDay = float64(bytes-first.bytes) / f.Watched.Hours() * 24
		}
	}
	if f.PerDay > 0 {
		f.Grows = true
		f.Left = time.Duration(min(max(float64(room), 0)/f.PerDay*float64(Day), float64(100*365*Day)))
	}
	used := 1 - float64(room)/float64(max(whole, 1))
	switch {
	case used > 0.95 || f.Grows && f.Left < 2*Day:
		f.Severity = Urgent
	case used > 0.85 || f.Grows && f.Left < 14*Day:
		f.Severity = Warn
	}
	return f
}
