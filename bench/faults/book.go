package faults

import (
	"cmp"
	"fmt"
	"slices"

	"jingwei/internal/telemetry"
)

// key names a sample: no two are sent with the same one.
type key struct {
	series   int
	time     int64
	revision uint32
}

// entry is a sample that was sent. Until it is acknowledged it may be there or not; once it may have expired, too.
type entry struct {
	sample telemetry.Sample // without commit
	batch  int              // it is of, counted from 1
	acked  bool
	old    bool // an expiry was asked for that takes it
}

// book is what a life has sent, and what came back of it.
type book struct {
	entries map[key]*entry
	leaves  map[uint64]string // acknowledged entries of the evidence log, by index
	batches int               // sent
	group   uint64            // index of the first leaf of the newest group
}

func newBook() *book { return &book{entries: map[key]*entry{}, leaves: map[uint64]string{}} }

// acknowledged counts the samples that must be there.
func (b *book) acknowledged() (n int) {
	for _, e := range b.entries {
		if e.acked && !e.old {
			n++
		}
	}
	return n
}

// expire notes that samples of source times before a time may go.
func (b *book) expire(before int64) {
	for k, e := range b.entries {
		e.old = e.old || k.time < before
	}
}

// verdict is what a reading was like.
type verdict struct {
	lost  int // acknowledged, not there, and nothing was said
	wrong int // there otherwise than sent, never sent, in doubt of who wins
	first string
	older bool // something of what is lost is older than the newest batch
}

func (v *verdict) add(o verdict) {
	v.lost += o.lost
	v.wrong += o.wrong
	v.older = v.older || o.older
	if v.first == "" {
		v.first = o.first
	}
}

func (v *verdict) bad(kind *int, format string, a ...any) {
	*kind++
	if v.first == "" {
		v.first = fmt.Sprintf(format, a...)
	}
}

// history judges everything that was read of a series in a span, superseded samples too.
func (b *book) history(series int, span telemetry.Span, got []telemetry.Sample) (v verdict) {
	seen := map[key]bool{}
	newest := map[int64]uint32{}
	for i := range got {
		newest[got[i].Time] = max(newest[got[i].Time], got[i].Revision)
	}
	for i := range got {
		g := got[i]
		k := key{series, g.Time, g.Revision}
		e := b.entries[k]
		switch {
		case e == nil:
			v.bad(&v.wrong, "series %d: a sample that was never sent: %+v", series, g)
			continue
		case seen[k]:
			v.bad(&v.wrong, "series %d: twice: %+v", series, g)
		case g.Superseded != (g.Revision < newest[g.Time]):
			v.bad(&v.wrong, "series %d: revision %d of %d is told to be superseded: %v", series, g.Revision, newest[g.Time], g.Superseded)
		}
		seen[k] = true
		g.Commit, g.Superseded, g.Flags = 0, false, g.Flags&^telemetry.Rival
		if g != e.sample {
			v.bad(&v.wrong, "series %d: sent %+v, read %+v", series, e.sample, g)
		}
	}
	for k, e := range b.entries {
		if k.series == series && e.acked && !e.old && !seen[k] && k.time >= span.From && k.time < span.To {
			v.bad(&v.lost, "series %d: acknowledged and not there: %+v", series, e.sample)
			v.older = v.older || e.batch != b.batches
		}
	}
	return v
}

// current judges an ordinary reading against what the history gave.
func (b *book) current(series int, history, got []telemetry.Sample) (v verdict) {
	var want []telemetry.Sample
	for _, h := range history {
		if !h.Superseded && h.Flags&telemetry.Withdrawn == 0 {
			want = append(want, h)
		}
	}
	slices.SortFunc(got, func(a, b telemetry.Sample) int { return cmp.Compare(a.Time, b.Time) })
	if !slices.Equal(want, got) {
		v.bad(&v.wrong, "series %d: %d samples without history, %d of the history stand", series, len(got), len(want))
	}
	return v
}
