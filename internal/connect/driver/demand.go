package driver

import (
	"context"
	"errors"
	"fmt"
)

// demand is one question on its way through the link: something to do with a session beside collection.
type demand struct {
	ctx  context.Context // of who asks; it has gone when this ends
	run  func(ctx context.Context, l *Link, s Session) error
	done chan error // buffered, answered exactly once
}

// ReadNow reads points at once, before the polls that are due, over the link's one connection (over a second one where
// the link subscribes). The points need not be those of the link, which is how an address is tried before it is saved;
// nothing of it is recorded. While the link waits to reconnect, ReadNow makes it try at once. One output comes back per
// point; a point's failure is its status. Errors: ErrBusy, ErrNotRunning, ctx's, or what Explain puts into words.
func (l *Link) ReadNow(ctx context.Context, points []Point) ([]Output, error) {
	if len(points) == 0 {
		return nil, nil
	}
	var out []Output
	answered, err := l.ask(ctx, func(ctx context.Context, l *Link, s Session) (err error) {
		out, err = l.readFor(ctx, s, points)
		return err
	})
	if !answered {
		return nil, err // the read may still be running
	}
	return out, err
}

// Reach tells whether a session lives or can be opened. Errors as ReadNow's.
func (l *Link) Reach(ctx context.Context) error {
	_, err := l.ask(ctx, func(context.Context, *Link, Session) error { return nil })
	return err
}

// Probe shows what an address holds in every reading, over the same connection as ReadNow. Errors as ReadNow's,
// ErrCannot, and *FieldError for an address that cannot be understood.
func (l *Link) Probe(ctx context.Context, unit, address string) (Probe, error) {
	var out Probe
	_, err := l.ask(ctx, func(ctx context.Context, l *Link, s Session) error {
		p, ok := s.(Prober)
		if !ok {
			return ErrCannot
		}
		return l.watched(ctx, func(ctx context.Context) (err error) {
			out, err = p.Probe(Fresh(ctx), unit, address)
			return err
		})
	})
	if err != nil {
		return Probe{}, err
	}
	return out, nil
}

// Browse lists what lies below a node of the device ("" is the root), after the first skip, at most limit; more tells
// that there are others behind those. It goes over the same connection as ReadNow, and while it runs a link that polls
// does not. Errors as Probe's.
func (l *Link) Browse(ctx context.Context, node string, skip, limit int) (nodes []Node, more bool, err error) {
	asked := ctx
	var found []Node
	var rest bool
	_, err = l.ask(ctx, func(ctx context.Context, l *Link, s Session) error {
		b, ok := s.(Browser)
		if !ok {
			return ErrCannot
		}
		return l.watched(ctx, func(ctx context.Context) (err error) {
			found, rest, err = BrowsePage(ctx, b, node, skip, limit, func() bool {
				l.life.touch()
				return asked.Err() == nil
			})
			return err
		})
	})
	if err != nil {
		return nil, false, err
	}
	return found, rest, nil
}

// BrowsePage takes one page of a browse. going is asked at each node and ends it early.
func BrowsePage(ctx context.Context, b Browser, node string, skip, limit int, going func() bool) (nodes []Node, more bool, err error) {
	for n, err := range b.Browse(ctx, node) {
		if err != nil {
			return nil, false, err
		}
		if !going() {
			return nodes, true, nil
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(nodes) == limit {
			return nodes, true, nil
		}
		nodes = append(nodes, n)
	}
	return nodes, false, nil
}

// ask has the link's session do something. Where ctx ends first it has not answered, and what runs already runs on.
func (l *Link) ask(ctx context.Context, run func(context.Context, *Link, Session) error) (answered bool, err error) {
	if !l.stats.running() {
		return false, ErrNotRunning
	}
	d := &demand{ctx: ctx, run: run, done: make(chan error, 1)}
	select {
	case l.demand <- d:
	default:
		return false, ErrBusy
	}
	select {
	case err := <-d.done:
		return true, err
	case <-ctx.Done():
		return false, ctx.Err()
	case <-l.stats.stopped:
		select {
		case err := <-d.done:
			return true, err
		default:
			return false, ErrNotRunning
		}
	}
}

// nextDemand returns a question that waits, or nil.
func (l *Link) nextDemand() *demand {
	if len(l.waiting) > 0 {
		d := l.waiting[0]
		l.waiting = l.waiting[1:]
		return d
	}
	select {
	case d := <-l.demand:
		return d
	default:
		return nil
	}
}

// serve answers one question. The error means that the session is dead; a unit that does not answer and a question
// that makes no sense are told to who asked, and are no reason to demote or close anything.
func (l *Link) serve(ctx context.Context, s Session, d *demand) error {
	if d.ctx.Err() != nil {
		d.done <- d.ctx.Err()
		return nil
	}
	err := d.run(ctx, l, s)
	d.done <- err
	var silent *UnitError
	var wrong *FieldError
	if err == nil || errors.As(err, &silent) || errors.As(err, &wrong) || errors.Is(err, ErrCannot) {
		return nil
	}
	return err
}

// readFor reads points of any units: a session is asked for one unit at a time.
func (l *Link) readFor(ctx context.Context, s Session, points []Point) ([]Output, error) {
	types := make(map[uint32]Point, len(points))
	for _, p := range points {
		types[p.ID] = p
	}
	out := make([]Output, 0, len(points))
	var silent error
	for _, unit := range byUnit(points) {
		_, err := l.read(Fresh(ctx), s, unit, func(samples []Sample) {
			now := l.o.Now().UnixNano()
			for _, one := range samples {
				if p, ok := types[one.ID]; ok {
					out = append(out, l.stage.stamp(one, p.Type, now))
				}
			}
		})
		var quiet *UnitError
		if errors.As(err, &quiet) {
			if silent == nil {
				silent = err
			}
		} else if err != nil {
			return out, err
		}
	}
	return out, silent
}

// byUnit parts points by unit, in the order in which the units come up.
func byUnit(points []Point) [][]Point {
	var out [][]Point
	at := map[string]int{}
	for _, p := range points {
		i, ok := at[p.Unit]
		if !ok {
			i = len(out)
			at[p.Unit] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// serveBeside answers questions of a link that subscribes, each over a session of its own: an odd request of a user
// must not interrupt collection.
func (l *Link) serveBeside(ctx context.Context) {
	for {
		var d *demand
		select {
		case d = <-l.demand:
		case <-ctx.Done():
			return
		}
		d.done <- l.beside(ctx, d)
	}
}

func (l *Link) beside(ctx context.Context, d *demand) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(d.ctx, cancel) // nobody else uses this session
	defer stop()
	if d.ctx.Err() != nil {
		return d.ctx.Err()
	}
	octx, opened := context.WithTimeout(ctx, l.common.openTimeout())
	defer opened()
	life := newLife(l.common.silence())
	var s Session
	err := guard(func() (err error) {
		s, err = l.spec.Driver.Open(octx, l.spec.Config, func(f Frame) {
			if f.Time.IsZero() {
				f.Time = l.o.Now()
			}
			life.touch()
			l.trace.add(f)
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer s.Close()
	side := &Link{spec: l.spec, common: l.common, o: l.o, log: l.log, stage: l.stage, stats: l.stats, trace: l.trace, life: life}
	return d.run(ctx, side, s)
}

// answerAll answers every question that waits with err.
func (l *Link) answerAll(err error) {
	for d := l.nextDemand(); d != nil; d = l.nextDemand() {
		d.done <- err
	}
}
