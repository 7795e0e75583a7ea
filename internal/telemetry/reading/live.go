package reading

import (
	"context"
	"time"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// lookAgain is how often a stream looks which series there are: a new point appears without a new connection.
const lookAgain = 10 * time.Second

// Bounds of one event, so that no client is cut for the number or the texts of its points: what does not fit comes with
// the next event. 10,000 values have some 4 MB of JSON, and escapes make six bytes of one.
const (
	eventValues = 10_000
	eventText   = 512 << 10 // bytes
)

// valueSource puts latest values on the node's live stream as events `values`.
type valueSource struct{ s *Service }

func (v valueSource) Event() string { return "values" }

func (v valueSource) Watch(ctx context.Context, scope auth.Scope, q api.LiveQuery) (api.Feed, error) {
	var filters []Filter
	var scopes []auth.Scope
	for _, m := range q.Machines {
		filters, scopes = append(filters, Filter{Machine: m}), append(scopes, scope)
	}
	for _, o := range q.Orgs {
		one, err := auth.Allow(ctx, auth.Read, o)
		if err != nil {
			return nil, err
		}
		filters, scopes = append(filters, Filter{}), append(scopes, one)
	}
	if len(filters) == 0 {
		return nil, nil
	}
	f := &valueFeed{s: v.s, filters: filters, scopes: scopes, told: map[telemetry.Ref]told{}}
	return f, f.look(ctx)
}

// valueFeed is one client's view. It remembers of each series what the client was told last, and tells what differs:
// a new sample, or a value that has grown old without one.
type valueFeed struct {
	s       *Service
	filters []Filter
	scopes  []auth.Scope
	watched watched
	looked  time.Time // which series there are
	whole   time.Time // all latest values
	since   uint64
	late    []int // of watched: what did not fit into the event before
	told    map[telemetry.Ref]told
	samples []telemetry.Sample
}

type told struct {
	commit uint64
	time   int64
	status telemetry.Status
	state  shown.State
}

// wholeEvery is how often all latest values are looked at whether they changed or not: one that was dated ahead becomes
// the latest when it is due, without a new sample.
const wholeEvery = 5 * time.Second

func (f *valueFeed) look(ctx context.Context) error {
	var all watched
	seen := map[telemetry.Ref]int{}
	for i, filter := range f.filters {
		w, err := f.s.gather(ctx, f.scopes[i], []Filter{filter})
		if err != nil {
			return err
		}
		for j, ref := range w.refs {
			if _, known := seen[ref]; known {
				continue
			}
			if len(all.refs) == maxLatest {
				return ErrTooMany.With("max", maxLatest)
			}
			seen[ref] = len(all.refs)
			all.ids, all.refs, all.silence = append(all.ids, w.ids[j]), append(all.refs, ref), append(all.silence, w.silence[j])
		}
	}
	for ref := range f.told {
		if _, known := seen[ref]; !known {
			delete(f.told, ref)
		}
	}
	late := f.late[:0]
	for _, i := range f.late {
		if at, known := seen[f.watched.refs[i]]; known {
			late = append(late, at)
		}
	}
	f.late = late
	f.watched, f.looked, f.whole = all, f.s.now(), time.Time{}
	return nil
}

// Next returns what the client does not know yet.
func (f *valueFeed) Next(ctx context.Context) (any, error) {
	now := f.s.now()
	if now.Sub(f.looked) >= lookAgain {
		if err := f.look(ctx); err != nil {
			return nil, err
		}
	}
	w, ns := &f.watched, now.UnixNano()
	changed, next := f.s.store.Changes(w.refs, f.since)
	f.since = next
	if now.Sub(f.whole) >= wholeEvery {
		f.whole = now
		changed = changed[:0]
		for i := range w.refs {
			changed = append(changed, i)
		}
	}
	changed = f.first(changed)
	refs := make([]telemetry.Ref, len(changed))
	for j, i := range changed {
		refs[j] = w.refs[i]
	}
	f.samples = f.s.store.Latest(refs, ns, f.samples[:0])

	var out event
	for j, i := range changed {
		if out.full() {
			f.late = append(f.late, changed[j:]...)
			break
		}
		sample := f.samples[j]
		is := told{commit: sample.Commit, time: sample.Time, status: sample.Status, state: shown.StateOf(&sample, w.silence[i], ns)}
		if was, known := f.told[w.refs[i]]; known && was == is {
			continue
		}
		f.told[w.refs[i]] = is
		out.add(latestOf(w.ids[i], sample, w.silence[i], ns), &sample)
	}
	f.aged(ns, &out)
	if out.values == nil {
		return nil, nil
	}
	return api.NewPage(out.values, ""), nil
}

// first puts what was late before what has changed now, and takes it off the list: nobody waits twice for the same
// others.
func (f *valueFeed) first(changed []int) []int {
	if len(f.late) == 0 {
		return changed
	}
	out := f.late
	waited := make(map[int]bool, len(out))
	for _, i := range out {
		waited[i] = true
	}
	for _, i := range changed {
		if !waited[i] {
			out = append(out, i)
		}
	}
	f.late = nil
	return out
}

// event is what is told at once.
type event struct {
	values []Latest
	text   int
}

func (e *event) full() bool { return len(e.values) >= eventValues || e.text >= eventText }

func (e *event) add(l Latest, sample *telemetry.Sample) {
	e.values = append(e.values, l)
	e.text += len(sample.Value.Text)
}

// aged tells of values that have become stale by the passing of time alone.
func (f *valueFeed) aged(now int64, out *event) {
	var refs []telemetry.Ref
	var at []int
	for i, ref := range f.watched.refs {
		t := f.told[ref]
		was := telemetry.Sample{Commit: t.commit, Time: t.time, Status: t.status}
		if t.state == shown.Live && shown.StateOf(&was, f.watched.silence[i], now) != shown.Live {
			refs, at = append(refs, ref), append(at, i)
		}
	}
	if refs == nil {
		return
	}
	for j, sample := range f.s.store.Latest(refs, now, nil) {
		if out.full() {
			return // the others are as old the next time
		}
		i := at[j]
		l := latestOf(f.watched.ids[i], sample, f.watched.silence[i], now)
		f.told[refs[j]] = told{commit: sample.Commit, time: sample.Time, status: sample.Status, state: l.State}
		out.add(l, &sample)
	}
}
