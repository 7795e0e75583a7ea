package kept

import (
	"context"
	"slices"
	"strconv"
	"time"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Read tells the rows of a series whose buckets overlap a span, in order of time; a bucket of which nothing is known has
// none. It asks in the node's own right: whoever answers a caller checks the scope first.
//
// As of now a row is told from what is kept if that rests on all samples there are and was made by today's formula.
// As of a commit the rows that were kept then are told as they stood then, with the bounds that they had, where they rested
// on all that was known then; elsewhere rows are computed from the samples as they stood, by the meters that had been told
// of, and where nothing was kept in the buckets of today's calendar.
//
// Errors: ErrUnknown, ErrSpan, ErrLevel, ErrRows, ErrSamples, *telemetry.DamageError.
func (s *Service) Read(ctx context.Context, q Question) ([]Result, error) {
	v, err := s.viewOf(q.AsOf, q.Now)
	if err != nil {
		return nil, err
	}
	made := int64(0)
	if v.asOf != 0 {
		made = v.now
	}
	x, err := s.subject(q.Series, made)
	if err != nil {
		return nil, err
	}
	if err := checkSpan(q.Level, q.Span); err != nil {
		return nil, err
	}
	c, err := s.cutsOf(ctx, x.series.ID, q.Span)
	if err != nil {
		return nil, err
	}
	if c.count(q.Level, q.Span, MaxRows) > MaxRows {
		return nil, ErrRows.At("query.to", stamp(q.Span.To)).With("max", MaxRows).With("level", q.Level.String())
	}
	t := tally{MaxSamples}
	return s.read(ctx, x, c, q.Level, q.Span, nil, v, &t)
}

// viewOf is as of when a question is asked.
func (s *Service) viewOf(asOf uint64, now int64) (view, error) {
	present := s.o.Now().UnixNano()
	switch {
	case asOf == 0:
		return view{now: present}, nil
	case now != 0 || asOf == telemetry.BeforeAll:
		return view{asOf, min(now, present)}, nil
	}
	a, ok, err := s.o.Store.Commit(asOf)
	if err != nil {
		return view{}, err
	}
	if ok {
		present = a.Time
	}
	return view{asOf, present}, nil
}

func checkSpan(level rollup.Level, span telemetry.Span) error {
	switch {
	case level < rollup.LevelMinute || level > rollup.LevelMonth:
		return ErrLevel.At("query.level", level.String())
	case span.From < 0 || span.To <= span.From || span.To > telemetry.MaxTime:
		return ErrSpan.At("query.to", stamp(span.To))
	}
	return nil
}

// stamp is a time as people read it.
func stamp(t int64) string { return time.Unix(0, t).UTC().Format(time.RFC3339Nano) }

// read tells rows: of the given buckets, or where there are none of the calendar's in the span.
func (s *Service) read(ctx context.Context, x *subject, c *cuts, level rollup.Level, span telemetry.Span, given []bucket, v view, t *tally) ([]Result, error) {
	if v.asOf == telemetry.BeforeAll {
		return nil, nil
	}
	// What is dirty is looked at before what is kept: rows that are made right in between are right.
	ready, dirty := s.ready.Load(), s.dirty.of(x.ref)
	buckets := given
	if buckets == nil {
		buckets = c.buckets(level, span)
	}
	kept, err := s.load(ctx, x, level, buckets[0].from, buckets[len(buckets)-1].to, v.asOf)
	if err != nil {
		return nil, err
	}
	if v.asOf != 0 && given == nil {
		buckets = overlay(buckets, kept, span)
	}
	cutoff := s.o.Cutoff(&x.series)
	out := make([]Result, 0, len(buckets))
	var missing []bucket
	var places []int
	for _, b := range buckets {
		w := x.word(level, b)
		r := Result{Word: w, Open: b.to > v.now}
		if k := find(kept, b.from); k != nil {
			r.Revision = k.revision
			ok := k.readable && k.word.To == b.to
			switch {
			case !ok || v.asOf == 0 && b.to > v.now:
			case x.expired(b, cutoff):
				r.Kept = true
			case v.asOf == 0:
				r.Kept = ready && k.word.sameFormula(&w) && !x.touches(dirty, b)
			default:
				r.Kept = k.stood(ready && !x.touches(dirty, b), &w)
			}
			if r.Kept {
				r.Word = k.word
			}
		}
		if !r.Kept {
			missing, places = append(missing, b), append(places, len(out))
		}
		out = append(out, r)
	}
	if len(missing) > 0 {
		trust := func(h bucket) bool { return ready && !x.touches(dirty, h) }
		rows, err := s.rows(ctx, x, c, level, missing, v, t, nil, trust)
		if err != nil {
			return nil, err
		}
		for i, m := range rows {
			r := &out[places[i]]
			if r.Nothing = !m.some; m.some {
				r.Row = m.row
			}
			r.Input = max(m.input, r.Input)
		}
	}
	return slices.DeleteFunc(out, func(r Result) bool { return r.Nothing }), nil
}

// stood tells whether a kept row rested on all that was known at the commit asked about. clean: nothing that bears on it
// waits to be worked in now. A row that was restated later had seen everything if the restatement rests on no other
// samples: a change of what is said of calendars, meters and silences, not of the samples. today is its formula by what had
// been told of meters and states then.
func (k *row) stood(clean bool, today *Word) bool {
	switch n := &k.next; {
	case k.word.Counter != today.Counter || k.word.States != today.States:
		return false // what had been told of it then was not worked in yet
	case !k.later:
		return clean
	default:
		return n.Level != 0 && n.Input == k.word.Input && !n.sameFormula(&k.word)
	}
}

// expired tells whether a row rests on samples that may not be there any more.
func (x *subject) expired(b bucket, cutoff int64) bool {
	return cutoff > 0 && b.from-int64(x.d.LookBack()) < cutoff
}

// find is the row that stands at a time, at the newest that was said there.
func find(kept []row, t int64) *row {
	if k := at(kept, t); k != nil && !k.withdrawn {
		return k
	}
	return nil
}

func at(kept []row, t int64) *row {
	i, ok := slices.BinarySearchFunc(kept, t, func(k row, t int64) int {
		switch {
		case k.time < t:
			return -1
		case k.time > t:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &kept[i]
}

// overlay puts the buckets of rows that were kept in the place of those that they overlap.
func overlay(buckets []bucket, kept []row, span telemetry.Span) (out []bucket) {
	at := 0
	for i := range kept {
		w := &kept[i].word
		if !kept[i].readable || kept[i].withdrawn || w.To <= span.From || w.From >= span.To || len(out) > 0 && w.From < out[len(out)-1].to {
			continue
		}
		for ; at < len(buckets) && buckets[at].from < w.To; at++ {
			if buckets[at].to <= w.From {
				out = append(out, buckets[at])
			}
		}
		out = append(out, bucket{w.From, w.To, w.Calendar})
	}
	return append(out, buckets[at:]...)
}

// rows makes rows of buckets, in order of time. Those of days and more are composed of kept hours as far as these can be
// trusted, and of samples else; fresh are hours that were just made.
func (s *Service) rows(ctx context.Context, x *subject, c *cuts, level rollup.Level, buckets []bucket, v view, t *tally, fresh map[int64]*made, trust func(bucket) bool) ([]made, error) {
	if level <= rollup.LevelHour || v.asOf != 0 || len(buckets) == 0 {
		return s.fold(ctx, x, buckets, v, t)
	}
	span := telemetry.Span{From: buckets[0].from, To: buckets[len(buckets)-1].to}
	kept, err := s.load(ctx, x, rollup.LevelHour, span.From, span.To, 0)
	if err != nil {
		return nil, err
	}
	cutoff := s.o.Cutoff(&x.series)
	type piece struct {
		bucket
		word *Word
		made *made
		hole int // into holes, where it is neither
	}
	var pieces []piece
	var holes []bucket
	for _, b := range buckets {
		at := b.from
		hole := func(to int64) {
			if at < to {
				if n := len(pieces); n > 0 && pieces[n-1].word == nil && pieces[n-1].made == nil && pieces[n-1].to == at && at > b.from {
					pieces[n-1].to, holes[len(holes)-1].to = to, to
				} else {
					pieces, holes = append(pieces, piece{bucket: bucket{at, to, ""}, hole: len(holes)}), append(holes, bucket{at, to, ""})
				}
			}
			at = to
		}
		for at < b.to {
			h := c.at(rollup.LevelHour, at)
			if h.from < at || h.to > b.to {
				hole(min(h.to, b.to))
				continue
			}
			if m := fresh[h.from]; m != nil {
				pieces = append(pieces, piece{bucket: h, made: m})
				at = h.to
				continue
			}
			w := x.word(rollup.LevelHour, h)
			if k := find(kept, h.from); k != nil && k.readable && k.word.To == h.to && h.to <= v.now && (x.expired(h, cutoff) || k.word.sameFormula(&w) && trust(h)) {
				pieces = append(pieces, piece{bucket: h, word: &k.word})
				at = h.to
				continue
			}
			hole(h.to)
		}
	}
	filled, err := s.fold(ctx, x, holes, v, t)
	if err != nil {
		return nil, err
	}
	out := make([]made, len(buckets))
	var composer rollup.Composer
	var parts []rollup.Row
	at := 0
	for i, b := range buckets {
		m := &out[i]
		parts = parts[:0]
		for ; at < len(pieces) && pieces[at].from < b.to; at++ {
			p := &pieces[at]
			switch {
			case p.word != nil:
				m.input = max(m.input, p.word.Input)
				if !p.word.Nothing {
					parts = append(parts, p.word.Row)
				}
				continue
			case p.made == nil:
				p.made = &filled[p.hole]
			}
			m.input, m.revised = max(m.input, p.made.input), max(m.revised, p.made.revised)
			if p.made.some {
				parts = append(parts, p.made.row)
			}
		}
		if len(parts) == 0 {
			continue
		}
		if m.row, err = composer.Compose(b.from, b.to, parts); err != nil {
			return nil, err
		}
		m.some = true
	}
	return out, nil
}

// Level reads the name of a level.
func Level(name string) (rollup.Level, error) {
	for l := rollup.LevelMinute; l <= rollup.LevelMonth; l++ {
		if l.String() == name {
			return l, nil
		}
	}
	return 0, ErrLevel.At("query.level", strconv.Quote(name))
}
