package kept

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// outbox gathers rows that are to be kept, of one batch.
type outbox struct {
	rows  []outRow
	bytes int
	done  []telemetry.Ref // series whose rows are all here, or sent
}

type outRow struct {
	series    *telemetry.Series
	level     rollup.Level
	from, to  int64
	revision  uint32
	withdrawn bool
	text      string
	told      bool // it is a restatement
	cause     Cause
	old, new  uint64 // input commits
}

// outboxBytes is how much is gathered before it is sent, and batchBytes what one batch carries at most, so that the smallest
// journal takes it; one row has less than 16 KiB.
const (
	outboxBytes = 1 << 20
	batchBytes  = 512 << 10
)

// mode says which rows a piece of work makes anew.
type mode int

const (
	remake  mode = iota // all rows of the spans
	compare             // only those that are kept by another formula, and those that are missing
)

// work is one piece of it: a series' rows in some spans.
type work struct {
	x       *subject
	horizon int64 // rows of buckets that have ended by then
	how     mode
	cause   Cause // of rows of which nothing else is known
	out     *outbox
	fresh   map[int64]*made        // hours just made; nil where there may be too many
	until   map[rollup.Level]int64 // buckets that begin before it were looked at
}

// restate makes the rows of spans, which are in order, anew in all levels. Hours are made of samples first, everything else
// of hours then; what has changed goes to the outbox, each row once.
func (s *Service) restate(ctx context.Context, w *work, spans []telemetry.Span) error {
	pieces := w.pieces(spans, s.o.Cutoff(&w.x.series))
	w.until = map[rollup.Level]int64{}
	if len(pieces) == 1 {
		w.fresh = map[int64]*made{}
	}
	for _, levels := range [][]rollup.Level{Levels[:1], Levels[1:]} {
		for _, p := range pieces {
			for _, level := range levels {
				if err := s.restateLevel(ctx, w, level, p); err != nil {
					return fmt.Errorf("roll up series %s from %s: %w", w.x.series.ID, stamp(p[0].From), err)
				}
			}
			if len(pieces) > 1 { // further work rests on it
				if err := s.send(ctx, w.out); err != nil {
					return err
				}
			}
		}
	}
	if len(w.out.rows) >= outboxRows || w.out.bytes >= outboxBytes {
		return s.send(ctx, w.out)
	}
	return nil
}

// pieces cuts spans into what is worked on at once, and leaves out what has not ended or rests on samples that may have
// expired.
func (w *work) pieces(spans []telemetry.Span, cutoff int64) (out [][]telemetry.Span) {
	for _, x := range spans {
		x.To = min(x.To, w.horizon)
		if cutoff > 0 {
			x.From = max(x.From, cutoff+int64(w.x.d.LookBack())+rollup.Minute-1)
		}
		x.From -= x.From % rollup.Minute
		for x.From < x.To {
			n := len(out)
			if n == 0 || out[n-1][0].From+int64(window) <= x.From {
				out = append(out, nil)
				n++
			}
			part := x
			if p := out[n-1]; len(p) > 0 {
				part.To = min(part.To, p[0].From+int64(window))
			} else {
				part.To = min(part.To, part.From+int64(window))
			}
			out[n-1] = append(out[n-1], part)
			x.From = part.To
		}
	}
	return out
}

func (s *Service) restateLevel(ctx context.Context, w *work, level rollup.Level, spans []telemetry.Span) error {
	x := w.x
	c, err := s.cutsOf(ctx, x.series.ID, telemetry.Span{From: spans[0].From, To: spans[len(spans)-1].To})
	if err != nil {
		return err
	}
	var all []bucket
	for _, span := range spans {
		for _, b := range c.buckets(level, span) {
			if b.from >= w.until[level] {
				w.until[level] = b.to
				all = append(all, b)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	kept, err := s.load(ctx, x, level, all[0].from, all[len(all)-1].to, 0)
	if err != nil {
		return err
	}
	cutoff := s.o.Cutoff(&x.series)
	stands := make([]bool, len(all)) // a row may stand at its begin
	var ended []bucket
	for i, b := range all {
		k := find(kept, b.from)
		now := x.word(level, b)
		same := k != nil && k.readable && k.word.sameFormula(&now)
		stands[i] = same || x.expired(b, cutoff) || b.to <= w.horizon
		switch {
		case b.to > w.horizon || x.expired(b, cutoff):
		case w.how == compare && same:
		default:
			ended = append(ended, b)
		}
	}
	t := tally{math.MaxInt}
	trust := func(bucket) bool { return true } // what comes meanwhile is noted, and worked in by the next round
	rows, err := s.rows(ctx, x, c, level, ended, view{now: s.present()}, &t, w.fresh, trust)
	if err != nil {
		return err
	}
	for i := range rows {
		if level == rollup.LevelHour && w.fresh != nil {
			w.fresh[ended[i].from] = &rows[i]
		}
		w.compare(level, ended[i], &rows[i], kept)
	}
	for i := range kept {
		k := &kept[i]
		at := sort.Search(len(all), func(i int) bool { return all[i].to > k.time })
		if k.withdrawn || at == len(all) || k.time < all[at].from || k.time == all[at].from && stands[at] {
			continue
		}
		w.out.add(outRow{series: &x.series, level: level, from: k.time, to: max(k.word.To, k.time+1), revision: k.revision + 1, withdrawn: true, told: true, cause: Calendar, old: k.word.Input})
	}
	return nil
}

// compare puts a row into the outbox if it says something else than the one that is kept. One that differs in its input
// alone says the same.
func (w *work) compare(level rollup.Level, b bucket, m *made, kept []row) {
	word := w.x.word(level, b)
	if word.Nothing = !m.some; m.some {
		word.Row = m.row
	}
	word.Input = max(m.input, word.Input)
	k := at(kept, b.from)
	r := outRow{series: &w.x.series, level: level, from: b.from, to: b.to, new: word.Input}
	switch {
	case k == nil && word.Nothing:
		return
	case k == nil:
	case k.withdrawn && word.Nothing, k.readable && k.word.figures() == word.figures():
		return
	default:
		r.revision, r.told, r.old = k.revision+1, true, k.word.Input
		switch old := &k.word; {
		case k.withdrawn || old.Calendar != word.Calendar || old.To != word.To:
			r.cause = Calendar
		case old.Counter != word.Counter:
			r.cause = Meter
		case old.States != word.States:
			r.cause = States
		case old.Silence != word.Silence:
			r.cause = Silence
		case m.revised > old.Input:
			r.cause = Corrected
		case w.cause != "" && word.Input <= old.Input:
			r.cause = w.cause
		default:
			r.cause = Late
		}
	}
	r.text = word.String()
	w.out.add(r)
}

func (o *outbox) add(r outRow) {
	o.rows = append(o.rows, r)
	o.bytes += len(r.text) + 64
}

// errSend tells that rows could not be sent; the work is tried again.
var errSend = errors.New("rows of roll-ups cannot be stored")

// send makes the rows of the outbox durable, in as many batches as they need.
func (s *Service) send(ctx context.Context, out *outbox) error {
	for rest := out.rows; len(rest) > 0; {
		n, bytes := 0, 0
		for n < min(len(rest), outboxRows) && (n == 0 || bytes+len(rest[n].text) <= batchBytes) {
			bytes += len(rest[n].text)
			n++
		}
		if err := s.sendBatch(ctx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	s.dirty.done(out.done)
	*out = outbox{rows: out.rows[:0], done: out.done[:0]}
	return nil
}

// sendBatch makes rows durable: first what they restate, under the number of the batch that is to carry them, then the
// batch.
func (s *Service) sendBatch(ctx context.Context, rows []outRow) error {
	refs, err := s.declare(ctx, rows)
	if err != nil {
		return err
	}
	_, last := s.o.Store.LastSeq(Producer)
	seq := last + 1
	now := s.o.Now().UnixNano()
	var feed []feedRow
	b := &telemetry.Batch{Origin: telemetry.Computed}
	for i := range rows {
		r := &rows[i]
		flags, status, bits := telemetry.Flags(0), telemetry.Good, uint64(len(b.Text))
		if r.withdrawn {
			flags, status, bits = telemetry.NoValue|telemetry.Withdrawn, telemetry.BadNoData, 0
		} else {
			b.Text = append(b.Text, r.text)
		}
		b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, refs[i]), append(b.Time, r.from), append(b.Gateway, now), append(b.Bits, bits)
		b.Status, b.Flags, b.Revision = append(b.Status, status), append(b.Flags, flags), append(b.Revision, r.revision)
		if r.told {
			feed = append(feed, feedRow{ID: int64(seq)<<feedBits | int64(len(feed)), Seq: int64(seq), At: now, Org: r.series.Org, Series: r.series.ID, Level: int64(r.level),
				Since: r.from, Until: r.to, OldInput: int64(r.old), NewInput: int64(r.new), Revision: int64(r.revision), Withdrawn: flag(r.withdrawn), Cause: string(r.cause)})
		}
	}
	told := toldOf(seq, rows)
	if err := s.writeFeed(ctx, seq, feed, told); err != nil {
		return err
	}
	done := make(chan error, 1)
	err = s.o.Store.Append(ctx, Producer, epoch, seq, b, func(_ telemetry.Receipt, err error) { done <- err })
	if err == nil {
		err = <-done
	}
	if err != nil {
		return fmt.Errorf("%w: batch %d: %w", errSend, seq, err)
	}
	s.stats.rows.Add(uint64(len(rows)))
	s.stats.restated.Add(uint64(len(feed)))
	if len(feed) > 0 {
		s.o.Restated()
	}
	s.o.Made()
	return nil
}

// declare finds the derived series of rows, and declares those that are new at once.
func (s *Service) declare(ctx context.Context, rows []outRow) ([]telemetry.Ref, error) {
	refs := make([]telemetry.Ref, len(rows))
	var fresh []telemetry.Declaration
	asked := map[uuid.UUID]bool{}
	for i := range rows {
		id := DerivedID(rows[i].series.ID, rows[i].level)
		var ok bool
		if refs[i], ok = s.o.Store.Lookup(id); !ok && !asked[id] {
			asked[id] = true
			fresh = append(fresh, derivedDeclaration(rows[i].series, rows[i].level))
		}
	}
	if len(fresh) == 0 {
		return refs, nil
	}
	made, err := s.o.Store.Declare(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("declare series of roll-ups: %w", err)
	}
	for _, ref := range made {
		s.noteDerived(ref)
	}
	for i := range rows {
		refs[i], _ = s.o.Store.Lookup(DerivedID(rows[i].series.ID, rows[i].level))
	}
	return refs, nil
}

// grace is how long after its end a bucket is closed: twice the longest silence, in whole minutes.
func grace(series *telemetry.Series, now int64) int64 {
	g := 2 * min(series.ReportingAt(now).MaxSilence, maxGrace/2)
	g = max(g, time.Minute)
	return int64((g + time.Minute - 1) / time.Minute * time.Minute)
}

// horizon is the time up to which rows of a grace are closed: the last step that is over for so long.
func horizon(now, grace int64) int64 {
	t := max(now-grace, 0)
	return t - t%int64(tick)
}
