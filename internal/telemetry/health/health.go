package health

import (
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// Span bounds what may be asked at once.
const (
	MaxSpan     = 31 * 24 * time.Hour
	DefaultSpan = 24 * time.Hour
)

// LateAfter is how long after its source time a sample may be made durable without being called late.
const LateAfter = 10 * time.Minute

// Node is a site, area, line or machine as it is now, or was last.
type Node struct {
	ID     uuid.UUID
	Org    uuid.UUID
	Parent uuid.UUID // zero: the enterprise
	Kind   string    // site, area, line, machine
	Name   text.Text
	From   int64 // when it began to be, ns
	To     int64 // when it was retired; store.Forever
}

// Point is a series with its place in the plant.
type Point struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Machine uuid.UUID
	Key     string
	Name    text.Text
	Every   time.Duration // between samples of a periodic series; 0: not known
	From    int64
	To      int64
}

// Ways in which a machine can be tied to the node.
const (
	ByGateway = "gateway"
	BySource  = "source"
)

// Tie is what connects a machine in [From, To).
type Tie struct {
	Machine uuid.UUID
	By      string    // ByGateway or BySource
	Channel uuid.UUID // the gateway or source
	Name    text.Text // of it; zero where it is no more
	Link    uuid.UUID // of the gateway; zero for a source
	From    int64
	To      int64
}

// Counts are of the samples of a series dated in the span. All but Superseded and Withdrawn are of those that count now.
type Counts struct {
	Received    uint64
	Good        uint64 // with a value
	Uncertain   uint64
	Bad         uint64
	Late        uint64 // came more than LateAfter after its source time; those that were superseded since count too
	WorstLate   time.Duration
	Ahead       uint64 // was dated more than 10 minutes ahead of the node when it came
	Repeated    uint64
	ClockUnsure uint64
	Corrected   uint64 // was put in place by a correction
	Superseded  uint64 // lost against another of the same source time
	Withdrawn   uint64 // source times whose sample a correction took away
}

func (c *Counts) add(o *Counts) {
	c.Received += o.Received
	c.Good += o.Good
	c.Uncertain += o.Uncertain
	c.Bad += o.Bad
	c.Late += o.Late
	c.WorstLate = max(c.WorstLate, o.WorstLate)
	c.Ahead += o.Ahead
	c.Repeated += o.Repeated
	c.ClockUnsure += o.ClockUnsure
	c.Corrected += o.Corrected
	c.Superseded += o.Superseded
	c.Withdrawn += o.Withdrawn
}

// Gap is a stretch without a good value.
type Gap struct {
	From, To int64
	Open     bool // it lasts: To is the present

	began    telemetry.Status // of the sample that ended the last good value, where bySample
	bySample bool
	nan      bool  // that sample was a NaN of good status
	lastGood int64 // source time of the last good sample before; 0: none seen
	statuses []statusCount
}

// statusCount is how many samples of a status lie in a gap.
type statusCount struct {
	Status telemetry.Status
	Count  uint64
}

// Gaps are those of a series.
type Gaps struct {
	Count   int // longer than the longest silence
	Dark    time.Duration
	Longest time.Duration
	Shorts  int // no longer than that
	Short   time.Duration
}

// Restatements are the hours of a series whose kept roll-up was written again, and the part of the span that they take.
type Restatements struct {
	Hours int
	From  int64
	To    int64
}

// Series is the health of a series in its part of the span: that in which its point was in the plant, until now.
type Series struct {
	Point
	Type       telemetry.Type
	Unit       string
	Report     telemetry.Report
	MaxSilence time.Duration // in effect at the end

	Since, Until int64         // the part of the span
	Covered      time.Duration // with a good value
	Counts       Counts
	Counted      bool   // false: coverage only; Late and what follows it in Counts, and Gaps, are not known
	Expected     uint64 // samples of a periodic series in its part of the span; 0: not periodic or not known
	Gaps         Gaps
	Restated     Restatements

	Latest   int64 // source time of the latest sample now; 0: none
	State    shown.State
	Declared bool // the store knows the series
	Damaged  bool // a part of its samples is damaged and cannot be read
	// LateUnknown: what tells when samples came is damaged, so Late and WorstLate are not to be told.
	LateUnknown bool
}

// Span is the length of the part of the span in which values could be.
func (s *Series) Span() time.Duration { return time.Duration(max(s.Until-s.Since, 0)) }

// Coverage is the share of time with a good value, 0 where there is no time.
func (s *Series) Coverage() float64 {
	if s.Span() == 0 {
		return 0
	}
	return float64(s.Covered) / float64(s.Span())
}

// Sum is the health of some series together: of a machine, of a place, of all.
type Sum struct {
	Series   int
	Live     int
	Stale    int
	Silent   int
	Damaged  int
	Span     time.Duration // of all series, added
	Covered  time.Duration
	Counts   Counts
	Got      uint64 // of periodic series only: received
	Expected uint64 // of periodic series only
	Gaps     Gaps   // Longest is the longest one of a series
	Restated int
	Latest   int64 // the newest

	LateUnknown bool
}

func (m *Sum) add(s *Series) {
	m.Series++
	switch s.State {
	case shown.Live:
		m.Live++
	case shown.Stale:
		m.Stale++
	default:
		m.Silent++
	}
	if s.Damaged {
		m.Damaged++
	}
	m.Span += s.Span()
	m.Covered += s.Covered
	m.Counts.add(&s.Counts)
	if s.Expected > 0 {
		m.Expected += s.Expected
		m.Got += s.Counts.Received
	}
	m.Gaps.add(&s.Gaps)
	m.Restated += s.Restated.Hours
	m.Latest = max(m.Latest, s.Latest)
	m.LateUnknown = m.LateUnknown || s.LateUnknown
}

func (g *Gaps) add(o *Gaps) {
	g.Count += o.Count
	g.Dark += o.Dark
	g.Longest = max(g.Longest, o.Longest)
	g.Shorts += o.Shorts
	g.Short += o.Short
}

// Coverage is that of the series together: their covered time over their time.
func (m *Sum) Coverage() float64 {
	if m.Span == 0 {
		return 0
	}
	return float64(m.Covered) / float64(m.Span)
}

// State is the best of the series': a machine of which one point comes is heard.
func (m *Sum) State() shown.State {
	switch {
	case m.Live > 0:
		return shown.Live
	case m.Stale > 0:
		return shown.Stale
	}
	return shown.Silent
}
