package health

import (
	"container/heap"
	"math"
	"time"

	"jingwei/internal/telemetry"
)

// mostStatuses bounds how many statuses of a gap are told.
const mostStatuses = 8

// walk takes the samples of a series that count, in order of source time, and finds what is covered and where gaps are. It
// takes the samples before the span, too, as far as they may cover its begin.
type walk struct {
	series *telemetry.Series
	since  int64 // of the span
	until  int64 // of the span, not beyond now
	now    int64
	keep   int // how many of the longest gaps to keep; 0: none

	covered int64
	gaps    Gaps
	longest byLength

	silence  int64 // in effect in [constant, changes)
	constant int64
	changes  int64

	has   bool // there was a sample
	at    int64
	good  bool
	last  int64 // the last good sample; 0: none
	dark  bool
	gap   Gap // the one that is open while dark
	ended bool
}

func newWalk(series *telemetry.Series, since, until, now int64, keep int) *walk {
	// Before the first sample nothing is known.
	return &walk{series: series, since: since, until: until, now: now, keep: keep, dark: true, gap: Gap{From: math.MinInt64}}
}

// take takes a sample that counts: not superseded, not withdrawn, and due where it was dated ahead.
func (w *walk) take(t int64, good, nan bool, status telemetry.Status) {
	if t >= w.until {
		w.end()
		return
	}
	w.reach(t)
	switch {
	case good && w.dark:
		w.close(t)
	case !good && !w.dark:
		w.dark, w.gap = true, Gap{From: t, began: status, bySample: true, nan: nan, lastGood: w.last}
	case !good && !w.has && t <= w.since: // it stands at the begin of the span, and says why
		w.gap.began, w.gap.bySample, w.gap.nan = status, true, nan
	}
	if !good {
		w.note(status, t)
	}
	if good {
		w.last = t
	}
	w.has, w.at, w.good = true, t, good
}

// reach adds what the last sample covers until t, and goes dark where it does not reach so far.
func (w *walk) reach(t int64) {
	if !w.has || !w.good || w.dark {
		return
	}
	end := t
	if s := w.silenceAt(w.at); end-w.at > s {
		end = w.at + s
	}
	if from, to := max(w.at, w.since), min(end, w.until); from < to {
		w.covered += to - from
	}
	if end < t {
		w.dark, w.gap = true, Gap{From: end, lastGood: w.last}
	}
}

// silenceAt is the longest silence in effect at a time; times come in order, so it seldom has to be looked up.
func (w *walk) silenceAt(t int64) int64 {
	if t < w.constant || t >= w.changes {
		w.silence, w.constant, w.changes = int64(w.series.ReportingAt(t).MaxSilence), t, math.MaxInt64
		for _, r := range w.series.Reporting[1:] {
			if r.From > t {
				w.changes = r.From
				break
			}
		}
	}
	return w.silence
}

// note counts the status of a sample in a gap.
func (w *walk) note(status telemetry.Status, t int64) {
	if t < w.since {
		return
	}
	for i := range w.gap.statuses {
		if w.gap.statuses[i].Status == status {
			w.gap.statuses[i].Count++
			return
		}
	}
	if len(w.gap.statuses) < mostStatuses {
		w.gap.statuses = append(w.gap.statuses, statusCount{status, 1})
	}
}

// close ends a gap at a time.
func (w *walk) close(t int64) {
	g := w.gap
	w.dark = false
	g.From, g.To = max(g.From, w.since), min(t, w.until)
	if g.From >= g.To {
		return
	}
	length := time.Duration(g.To - g.From)
	if length <= w.series.ReportingAt(g.From).MaxSilence {
		w.gaps.Shorts++
		w.gaps.Short += length
		return
	}
	w.gaps.Count++
	w.gaps.Dark += length
	w.gaps.Longest = max(w.gaps.Longest, length)
	if w.keep == 0 {
		return
	}
	heap.Push(&w.longest, g)
	if len(w.longest) > w.keep {
		heap.Pop(&w.longest)
	}
}

// end takes the end of the span, once.
func (w *walk) end() {
	if w.ended {
		return
	}
	w.ended = true
	w.reach(w.until)
	if w.dark {
		w.gap.Open = w.until == w.now
		w.close(w.until)
	}
}

// byLength is a heap of gaps whose shortest is at the top; of two of one length the later one is.
type byLength []Gap

func (h byLength) Len() int      { return len(h) }
func (h byLength) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h byLength) Less(i, j int) bool {
	a, b := h[i].To-h[i].From, h[j].To-h[j].From
	return a < b || a == b && h[i].From > h[j].From
}

// Push and Pop implement heap.Interface.
func (h *byLength) Push(x any) { *h = append(*h, x.(Gap)) }

// Pop removes the last element.
func (h *byLength) Pop() any {
	old := *h
	g := old[len(old)-1]
	*h = old[:len(old)-1]
	return g
}
