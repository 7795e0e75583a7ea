package crash

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// Wrong says what is wrong with a sample.
type Wrong string

// What can be wrong.
const (
	Lost    Wrong = "lost"    // acknowledged and not there
	Doubled Wrong = "doubled" // there twice
	Unknown Wrong = "unknown" // there and never sent
	Altered Wrong = "altered" // there with another value, status, time, flag or origin
	Early   Wrong = "early"   // acknowledged before its bytes were synced
	Broken  Wrong = "broken"  // something else that must not be: an answer that makes no sense, a refusal
)

// Violation is one broken promise, with what is needed to look for it.
type Violation struct {
	Wrong  Wrong     `json:"wrong,omitempty"`
	Series uuid.UUID `json:"series,omitzero"`
	Time   int64     `json:"time,string,omitempty"` // source time in ns
	Row    uint64    `json:"row"`                   // number of the sample in its stream
	Commit uint64    `json:"commit,string,omitempty"`
	Ack    string    `json:"ack,omitempty"` // producer's epoch, sequence and commit as it was acknowledged
	Detail string    `json:"detail"`
}

func (v Violation) String() string {
	return fmt.Sprintf("%s: series %s, time %s, row %d, commit %d, %s: %s", v.Wrong, v.Series,
		time.Unix(0, v.Time).UTC().Format(time.RFC3339Nano), v.Row, v.Commit, v.Ack, v.Detail)
}

// Tally counts what was checked and keeps the first violations.
type Tally struct {
	Acknowledged uint64           `json:"acknowledged"` // samples that had to be there
	Read         uint64           `json:"read"`         // samples that were there
	Wrong        map[Wrong]uint64 `json:"wrong,omitempty"`
	First        []Violation      `json:"first,omitempty"`
}

const keptViolations = 20

func (t *Tally) add(v Violation) {
	if t.Wrong == nil {
		t.Wrong = map[Wrong]uint64{}
	}
	t.Wrong[v.Wrong]++
	if len(t.First) < keptViolations {
		t.First = append(t.First, v)
	}
}

func (t *Tally) join(o Tally) {
	t.Acknowledged += o.Acknowledged
	t.Read += o.Read
	for w, n := range o.Wrong {
		if t.Wrong == nil {
			t.Wrong = map[Wrong]uint64{}
		}
		t.Wrong[w] += n
	}
	t.First = append(t.First, o.First[:min(len(o.First), max(0, keptViolations-len(t.First)))]...)
}

func (t *Tally) clean() bool { return len(t.Wrong) == 0 }

// book is the list of one lane's acknowledgements: batches are numbered without gaps and acknowledged in order, so two
// numbers say it all. commits holds what the acknowledgements told of single batches.
type book struct {
	lane
	series  [4]uuid.UUID
	epoch   uint64
	sent    uint64            // batches that may have left
	acked   uint64            // batches acknowledged
	commits map[uint64]uint64 // commit number by batch, where an acknowledgement named it
}

func (b *book) ack(batch uint64) string {
	if c := b.commits[batch]; c != 0 {
		return fmt.Sprintf("acknowledged as %d-%d, commit %d", b.epoch, batch+1, c)
	}
	if batch < b.acked {
		return fmt.Sprintf("acknowledged as %d-%d", b.epoch, batch+1)
	}
	return fmt.Sprintf("sent as %d-%d, not acknowledged", b.epoch, batch+1)
}

// audit compares what was read of a lane, series by series, with its book. Rows before from are not looked at; what was
// read may be any part of the series that holds all rows from there on.
type audit struct {
	*Tally
	b       *book
	from    uint64
	commits map[uint64]uint64 // by batch, as read: all samples of a batch have the one of their record
	seen    []bool
}

func newAudit(t *Tally, b *book, from uint64) *audit {
	return &audit{Tally: t, b: b, from: from, commits: map[uint64]uint64{}}
}

// series judges all samples that were read of one series.
func (a *audit) series(series int, got []telemetry.Sample) {
	b := a.b
	sent, acked := b.sent*laneRows, b.acked*laneRows
	a.seen = append(a.seen[:0], make([]bool, max(sent, a.from)-a.from)...)
	id := b.series[series]
	for i := range got {
		g := &got[i]
		n, ok := b.number(g.Time)
		switch {
		case !ok || n >= sent:
			a.add(Violation{Wrong: Unknown, Series: id, Time: g.Time, Row: n, Commit: g.Commit, Detail: "never sent: " + show(g)})
			continue
		case n < a.from:
			continue
		case a.seen[n-a.from]:
			a.add(Violation{Wrong: Doubled, Series: id, Time: g.Time, Row: n, Commit: g.Commit, Ack: b.ack(n / laneRows), Detail: show(g)})
			continue
		}
		a.Read++
		a.seen[n-a.from] = true
		a.compare(id, series, n, g)
	}
	for n := a.from; n < acked; n++ {
		a.Acknowledged++
		if !a.seen[n-a.from] {
			want := b.sample(series, n)
			a.add(Violation{Wrong: Lost, Series: id, Time: want.Time, Row: n, Commit: b.commits[n/laneRows], Ack: b.ack(n / laneRows), Detail: "was " + show(&want)})
		}
	}
}

func (a *audit) compare(id uuid.UUID, series int, n uint64, g *telemetry.Sample) {
	b, batch := a.b, n/laneRows
	want := b.sample(series, n)
	want.Commit = g.Commit
	if want != *g {
		a.add(Violation{Wrong: Altered, Series: id, Time: g.Time, Row: n, Commit: g.Commit, Ack: b.ack(batch),
			Detail: "sent " + show(&want) + ", read " + show(g)})
	}
	switch told, before := b.commits[batch], a.commits[batch]; {
	case told != 0 && told != g.Commit:
		a.add(Violation{Wrong: Doubled, Series: id, Time: g.Time, Row: n, Commit: g.Commit, Ack: b.ack(batch),
			Detail: "was stored under another commit than was acknowledged"})
	case before != 0 && before != g.Commit:
		a.add(Violation{Wrong: Doubled, Series: id, Time: g.Time, Row: n, Commit: g.Commit, Ack: b.ack(batch),
			Detail: fmt.Sprintf("its batch was stored under commit %d too", before)})
	}
	a.commits[batch] = g.Commit
}

func show(s *telemetry.Sample) string {
	value := "null"
	switch s.Value.Type {
	case telemetry.String:
		value = fmt.Sprintf("%.60q (%d bytes)", s.Value.Text, len(s.Value.Text))
	case 0:
	default:
		value = fmt.Sprintf("%v %#x", s.Value.Type, s.Value.Bits)
	}
	more := ""
	if s.Superseded {
		more = ", superseded"
	}
	return fmt.Sprintf("value %s, status %#08x, flags %#x, origin %d, revision %d, gateway time %d%s", value, uint32(s.Status), uint16(s.Flags),
		s.Origin, s.Revision, s.Gateway, more)
}
