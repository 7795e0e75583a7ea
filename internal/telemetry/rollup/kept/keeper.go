package kept

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// state is how far the work has come: what is in the records.
type state struct {
	started bool
	cursor  uint64 // every mark up to this commit was worked in
	clock   int64  // the time at which everything that had ended was closed last
	saved   int64  // when the two were written down last
	purged  int64  // when the feed was bounded last
	settled int64
	graces  map[int64]bool // of all series
	series  telemetry.Ref  // number of series when graces was made
	counted int64          // when it was made
}

// Run keeps the rows until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	defer s.o.Store.Watch(nil)
	pause := time.Second
	for {
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		case <-s.wake:
			wait.Stop()
		}
		pause = time.Second
		if err := s.round(ctx); err != nil && ctx.Err() == nil {
			s.stats.failures.Add(1)
			s.o.Logger.Error("roll-ups cannot be kept up; it is tried again", "error", err)
			pause = 10 * time.Second
		}
	}
}

// nudge wakes the keeper.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// start takes up the work where a process before has left it.
func (s *Service) start(ctx context.Context) error {
	s.learn()
	if err := s.loadState(ctx); err != nil {
		return err
	}
	now := s.present()
	_, last := s.o.Store.LastSeq(Producer)
	if err := s.dropFeed(ctx, last); err != nil {
		return err
	}
	if s.state.clock == 0 {
		s.state.clock = now // what is there already is found as marks
	}
	s.o.Store.Watch(s.told)
	s.settle(now)
	until, err := s.o.Store.MarksSince(ctx, s.state.cursor, s.state.settled, func(m telemetry.Mark) {
		if !s.isDerived(m.Ref) {
			s.dirty.add(m.Ref, stretch{from: m.From, to: m.To}, now)
		}
	})
	if err != nil {
		return fmt.Errorf("find what came since commit %d: %w", s.state.cursor, err)
	}
	s.dirty.mu.Lock()
	s.dirty.commit = max(s.dirty.commit, until)
	s.dirty.mu.Unlock()
	if err := s.loadTodos(ctx); err != nil {
		return err
	}
	s.state.started = true
	s.ready.Store(true)
	return nil
}

// present is the time of the keeper, which never goes back, not over a restart either: rows stand up to it, so whatever
// comes before it must be told.
func (s *Service) present() int64 { return max(s.o.Now().UnixNano(), s.state.clock) }

// settle names the time before which rows may stand. A reading of a counter at the very end of a bucket is its too.
func (s *Service) settle(now int64) {
	if t := horizon(now, 0) + 1; t > s.state.settled {
		s.state.settled = t
		s.o.Store.Settle(t)
	}
}

// round does what there is to do: it closes what has ended, makes anew what is dirty, and compares calendars. What it does
// not finish stays to be done.
func (s *Service) round(ctx context.Context) error {
	s.roundMu.Lock()
	defer s.roundMu.Unlock()
	if !s.state.started {
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	now := s.present()
	s.settle(now)
	var hurt damaged
	closed, err := s.close(ctx, now, &hurt)
	if err != nil {
		return err
	}
	todos := s.takeTodos()
	var taken map[telemetry.Ref][]stretch
	commit := s.state.cursor
	if len(todos) > 0 || s.dirty.ripe(now-int64(s.o.Patience)) {
		taken, commit = s.dirty.take(now)
	}
	was := len(hurt)
	if err := s.clean(ctx, taken, now, &hurt); err != nil {
		s.dirty.giveBack(now)
		s.giveTodos(todos)
		return err
	}
	next := s.state
	if len(hurt) > was { // the rest is done; the cursor stays, so that a process after this one tries again too
		s.dirty.giveBack(now)
		s.giveTodos(todos)
		todos = nil
	} else {
		next.cursor = max(commit, s.state.cursor)
	}
	if closed {
		next.clock = now
	}
	if worked := closed || len(taken) > 0 || len(todos) > 0; worked || next.cursor > s.state.cursor && now-s.state.saved >= int64(time.Minute) {
		next.saved = now
		if err := s.saveState(ctx, &next, todos); err != nil {
			s.giveTodos(todos)
			return err
		}
		s.state = next
	}
	if err := s.recheck(ctx, now, &hurt); err != nil {
		return err
	}
	return errors.Join(s.purge(ctx, now), hurt.err())
}

// damaged are the series that cannot be read. The others go on.
type damaged []error

// takes tells whether an error is one of those.
func (d *damaged) takes(err error) bool {
	var e *telemetry.DamageError
	if !errors.As(err, &e) {
		return false
	}
	*d = append(*d, err)
	return true
}

func (d damaged) err() error {
	if len(d) == 0 {
		return nil
	}
	return fmt.Errorf("%d series cannot be rolled up, the first: %w", len(d), d[0])
}

// clean makes anew what is dirty, series by series.
func (s *Service) clean(ctx context.Context, taken map[telemetry.Ref][]stretch, now int64, hurt *damaged) error {
	out := &outbox{}
	for _, ref := range slices.Sorted(maps.Keys(taken)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.cleanSeries(ctx, ref, taken[ref], now, out); hurt.takes(err) {
			continue
		} else if err != nil {
			return err
		}
		out.done = append(out.done, ref)
		if len(out.rows) >= outboxRows || out.bytes >= outboxBytes || len(out.rows) == 0 {
			if err := s.send(ctx, out); err != nil {
				return err
			}
		}
	}
	return s.send(ctx, out)
}

func (s *Service) cleanSeries(ctx context.Context, ref telemetry.Ref, list []stretch, now int64, out *outbox) error {
	x, err := s.subjectOf(ref, 0)
	if err != nil {
		return err
	}
	end := s.end(x, now)
	w := &work{x: x, horizon: end, out: out}
	var spans []telemetry.Span
	for _, r := range list {
		if w.cause == "" {
			w.cause = r.cause
		}
		if r.from == 0 { // all of it
			first, ok, err := s.first(ctx, ref)
			if err != nil {
				return err
			}
			if !ok {
				first = end
			}
			if x.d.Counter != nil && len(x.d.Counter.Changes) > 0 {
				first = min(first, x.d.Counter.Changes[0].At)
			}
			r.from = max(first-1, 0)
		}
		r.to = min(r.to, end+1)
		if r.from >= r.to {
			continue
		}
		a, err := s.around(ctx, x, r.from, r.to, end+1, view{now: now})
		if err != nil {
			return err
		}
		reach := x.d.Reach(r.to-1, a)
		begin := r.from // the whole stretch, not its last sample alone
		if x.d.Counter != nil {
			begin = max(begin-1, 0)
		}
		reach[0].From = begin - begin%rollup.Minute
		if c := x.d.Counter; c != nil && r.cause != "" && !a.Earlier && (len(c.Changes) == 0 || c.Changes[0].At >= r.from) {
			// A change of the meter is, or was, the first that is known of the counter: so it is up to the next reading.
			until := min(a.NextReading, end)
			reach[0].To = max(reach[0].To, until-until%rollup.Minute+rollup.Minute)
		}
		spans = append(spans, reach...)
	}
	slices.SortFunc(spans, func(a, b telemetry.Span) int { return cmp.Compare(a.From, b.From) })
	return s.restate(ctx, w, spans)
}

// close makes the rows of what has ended since the last time, of all series that have anything in it.
func (s *Service) close(ctx context.Context, now int64, hurt *damaged) (closed bool, err error) {
	last := s.state.clock
	if !s.due(last, now) {
		return false, nil
	}
	s.learn()
	out := &outbox{}
	var refs []telemetry.Ref
	var subjects []telemetry.Series
	var samples []telemetry.Sample
	flush := func() error {
		samples = s.o.Store.Latest(refs, now, samples[:0])
		for i, ref := range refs {
			x, err := s.subjectOf(ref, 0)
			if err != nil {
				return err
			}
			span := ended(&subjects[i], last, now)
			wanted, err := s.holds(ctx, x, &samples[i], span)
			if err != nil {
				return err
			}
			if !wanted {
				continue
			}
			err = s.restate(ctx, &work{x: x, horizon: span.To, out: out}, []telemetry.Span{span})
			if err != nil && !hurt.takes(err) { // what is not kept is computed when it is asked for
				return err
			}
		}
		refs, subjects = refs[:0], subjects[:0]
		return ctx.Err()
	}
	for ref := telemetry.Ref(1); ; ref++ {
		series, ok := s.o.Store.Series(ref)
		if !ok {
			break
		}
		if span := ended(&series, last, now); span.From >= span.To || s.isDerived(ref) {
			continue
		}
		if refs, subjects = append(refs, ref), append(subjects, series); len(refs) == 512 {
			if err := flush(); err != nil {
				return false, err
			}
		}
	}
	if err := flush(); err != nil {
		return false, err
	}
	return true, s.send(ctx, out)
}

// ended is the time whose buckets a series' grace lets be closed now, and did not at the time last. Where the grace has
// become shorter in between, it begins where the longer one had come to.
func ended(series *telemetry.Series, last, now int64) telemetry.Span {
	g := grace(series, now)
	return telemetry.Span{From: horizon(last, max(g, grace(series, last))), To: horizon(now, g)}
}

// end is the time up to which rows of a series stand: as its grace says, or further where it was closed by a shorter one.
func (s *Service) end(x *subject, now int64) int64 {
	end, most := horizon(now, grace(&x.series, now)), horizon(now, 0)
	if end == most {
		return end
	}
	var refs []telemetry.Ref
	for _, level := range Levels {
		if ref, ok := s.o.Store.Lookup(DerivedID(x.series.ID, level)); ok {
			refs = append(refs, ref)
		}
	}
	for _, k := range s.o.Store.Latest(refs, now, nil) {
		if w, err := ParseWord(k.Value.Text); k.Commit != 0 && err == nil {
			end = max(end, w.To)
		}
	}
	return min(end, most)
}

// holds tells whether a series has something in a bucket that ends in a span, going by its latest sample.
func (s *Service) holds(ctx context.Context, x *subject, latest *telemetry.Sample, span telemetry.Span) (bool, error) {
	if latest.Commit == 0 {
		return false, nil
	}
	reach := latest.Time + int64(x.d.LookBack())
	if x.d.Counter != nil {
		for _, m := range x.d.Counter.Changes {
			if m.At <= span.To {
				reach = max(reach, m.At)
			}
		}
	}
	if reach <= span.From-int64(around) {
		return false, nil
	}
	c, err := s.cutsOf(ctx, x.series.ID, span)
	if err != nil {
		return false, err
	}
	for _, level := range Levels {
		if b := c.at(level, span.From); b.to <= span.To && reach > b.from {
			return true, nil
		}
	}
	return false, nil
}

// due tells whether a step has passed for any series. Most series have the same few graces.
func (s *Service) due(last, now int64) bool {
	k := &s.state
	if _, more := s.o.Store.Series(k.series + 1); k.graces == nil || more || now-k.counted >= int64(time.Hour) {
		k.graces, k.counted = map[int64]bool{}, now
		for k.series = 0; ; k.series++ {
			series, ok := s.o.Store.Series(k.series + 1)
			if !ok {
				break
			}
			k.graces[grace(&series, now)] = true
		}
	}
	for g := range k.graces {
		if horizon(last, g) != horizon(now, g) {
			return true
		}
	}
	return false
}
