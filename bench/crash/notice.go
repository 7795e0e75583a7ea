package crash

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/google/uuid"

	"jingwei/internal/federate"
	"jingwei/internal/telemetry"
)

// notice is what the gateway tells of a batch after the fsync of its spool: its own acknowledgement. Notices go through
// a pipe, one JSON line each; a line that a kill cut short is no notice.
type notice struct {
	Series []uuid.UUID        `json:"series"`
	Rows   []telemetry.Sample `json:"rows"`
	Of     []int              `json:"of"` // which of Series each row is of
}

// tell writes a notice. The line begins with its own newline, so that it stands apart from what a kill cut short.
func tell(w io.Writer, t federate.Table, b *telemetry.Batch) error {
	var n notice
	for _, e := range t {
		n.Series = append(n.Series, e.Series)
	}
	for i, place := range b.Ref {
		s := telemetry.Sample{Time: b.Time[i], Gateway: b.Gateway[i], Status: b.Status[i], Flags: b.Flags[i], Origin: b.Origin}
		if s.Flags&telemetry.NoValue == 0 {
			s.Value.Type = t[place].Type
			if s.Value.Type == telemetry.String {
				s.Value.Text = b.Text[b.Bits[i]]
			} else {
				s.Value.Bits = b.Bits[i]
			}
		}
		n.Rows, n.Of = append(n.Rows, s), append(n.Of, int(place))
	}
	line, err := json.Marshal(n)
	if err == nil {
		_, err = w.Write(append(append([]byte{'\n'}, line...), '\n'))
	}
	return err
}

// ledger is what the gateway has acknowledged of the machine's series, and what the machine has served.
type ledger struct {
	series [4]uuid.UUID

	mu     sync.Mutex
	noted  [4]map[int64]telemetry.Sample // by source time
	last   int64                         // greatest gateway time of a notice
	lines  uint64
	torn   uint64
	served func() uint64
	told   func() // a notice has come
}

func newLedger(served func() uint64) *ledger {
	l := &ledger{served: served, told: func() {}}
	for i := range l.noted {
		l.noted[i] = map[int64]telemetry.Sample{}
	}
	return l
}

// listen reads notices until the pipe's other ends are all closed.
func (l *ledger) listen(r io.Reader, wrong func(Violation)) {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return // a line without an end is no notice
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var n notice
		if json.Unmarshal(line, &n) != nil {
			l.mu.Lock()
			l.torn++
			l.mu.Unlock()
			continue
		}
		l.take(n, wrong)
		l.told()
	}
}

func (l *ledger) take(n notice, wrong func(Violation)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines++
	for i, s := range n.Rows {
		at := -1
		for k, id := range l.series {
			if id == n.Series[n.Of[i]] {
				at = k
			}
		}
		if at < 0 {
			wrong(Violation{Wrong: Unknown, Series: n.Series[n.Of[i]], Time: s.Time, Detail: "the gateway spooled a series that it was not told to"})
			continue
		}
		if old, ok := l.noted[at][s.Time]; ok && old != s {
			wrong(Violation{Wrong: Doubled, Series: l.series[at], Time: s.Time, Detail: "the gateway spooled two different samples of one time: " + show(&old) + " and " + show(&s)})
		}
		l.noted[at][s.Time] = s
		l.last = max(l.last, s.Gateway)
	}
}

// newest returns the time of the newest acknowledged sample of a series before a time; 0 for none.
func (l *ledger) newest(series int, before int64) (t int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at := range l.noted[series] {
		if at < before {
			t = max(t, at)
		}
	}
	return t
}

func (l *ledger) heard() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// audit judges what was read of the machine's four series between two source times. Beside what was acknowledged there
// may be what the gateway had made durable when it was killed, just before it could tell: a reading that was served,
// once, or a mark of lost communication.
func (l *ledger) audit(t *Tally, got [4][]telemetry.Sample, from, to int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	served := l.served()
	count := map[int64]uint64{} // reading by time
	for _, series := range [4]int{1, 0, 3, 2} {
		id := l.series[series]
		seen, numbers := map[int64]bool{}, map[uint64]int64{}
		for i := range got[series] {
			g := &got[series][i]
			if g.Time < from || g.Time >= to {
				continue
			}
			bad := func(w Wrong, format string, a ...any) {
				t.add(Violation{Wrong: w, Series: id, Time: g.Time, Commit: g.Commit, Detail: fmt.Sprintf(format, a...) + ": " + show(g)})
			}
			if seen[g.Time] {
				bad(Doubled, "twice at one time")
				continue
			}
			t.Read++
			seen[g.Time] = true
			n, ok := l.reading(series, g, count)
			if ok && series == 1 {
				count[g.Time] = n
			}
			if before := numbers[n]; ok && series != 2 && before != 0 {
				bad(Doubled, "reading %d is there at %s too", n, instant(before))
			} else if ok {
				numbers[n] = g.Time
			}
			want, noted := l.noted[series][g.Time]
			want.Commit = g.Commit
			switch {
			case noted && want != *g:
				bad(Altered, "the gateway acknowledged %s", show(&want))
			case ok && n > served, !ok && !(g.Flags&telemetry.NoValue != 0 && g.Status.IsBad()):
				bad(Unknown, "the machine never served it (%d readings were served)", served)
			}
		}
		for at, want := range l.noted[series] {
			if at < from || at >= to {
				continue
			}
			t.Acknowledged++
			if !seen[at] {
				t.add(Violation{Wrong: Lost, Series: id, Time: at, Ack: "acknowledged by the gateway", Detail: "was " + show(&want)})
			}
		}
	}
}

// reading returns the number of the reading that a sample shows. A bool shows one that was served at the same time.
func (l *ledger) reading(series int, g *telemetry.Sample, count map[int64]uint64) (uint64, bool) {
	if g.Flags&telemetry.NoValue != 0 {
		return 0, false
	}
	switch series {
	case 0:
		f := math.Float64frombits(g.Value.Bits) * 2
		return uint64(f), f >= 1 && f == math.Trunc(f) && f < 1<<53
	case 1:
		return g.Value.Bits, g.Value.Bits > 0
	case 2:
		n, ok := count[g.Time]
		return n, ok && n&1 == g.Value.Bits
	}
	var n uint64
	_, err := fmt.Sscanf(g.Value.Text, "n=%d", &n)
	return n, err == nil && g.Value.Text == fmt.Sprintf("n=%010d", n)
}
