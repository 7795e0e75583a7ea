package driver

import (
	"context"
	"errors"
)

// nextDemand returns an on-demand read that waits, or nil.
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

// serve runs one on-demand read and answers it. The error means that the session is dead; a unit that does not answer
// is told to who asked, and is no reason to demote anything.
func (l *Link) serve(ctx context.Context, s Session, d *demand) error {
	if d.ctx.Err() != nil {
		d.done <- d.ctx.Err()
		return nil
	}
	err := l.readFor(ctx, s, d)
	d.done <- err
	var silent *UnitError
	if err == nil || errors.As(err, &silent) {
		return nil
	}
	return err
}

func (l *Link) readFor(ctx context.Context, s Session, d *demand) error {
	types := make(map[uint32]Point, len(d.points))
	for _, p := range d.points {
		types[p.ID] = p
	}
	out := make([]Output, 0, len(d.points))
	_, err := l.read(Fresh(ctx), s, d.points, func(samples []Sample) {
		now := l.o.Now().UnixNano()
		for _, one := range samples {
			if p, ok := types[one.ID]; ok {
				out = append(out, l.stage.stamp(one, p.Type, now))
			}
		}
	})
	d.out = out
	return err
}

// serveBeside serves on-demand reads of a link that subscribes, each over a session of its own: an odd request of a
// user must not interrupt collection.
func (l *Link) serveBeside(ctx context.Context) {
	for {
		var d *demand
		select {
		case d = <-l.demand:
		case <-ctx.Done():
			return
		}
		d.done <- l.readBeside(ctx, d)
	}
}

func (l *Link) readBeside(ctx context.Context, d *demand) error {
	octx, cancel := context.WithTimeout(ctx, l.common.openTimeout())
	defer cancel()
	s, err := l.spec.Driver.Open(octx, l.spec.Config, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	side := &Link{spec: l.spec, common: l.common, o: l.o, log: l.log, stage: l.stage, stats: l.stats, life: newLife(l.common.silence())}
	return side.readFor(ctx, s, d)
}

// answerAll answers every on-demand read that waits with err.
func (l *Link) answerAll(err error) {
	for d := l.nextDemand(); d != nil; d = l.nextDemand() {
		d.done <- err
	}
}
