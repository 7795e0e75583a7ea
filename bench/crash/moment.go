package crash

import (
	"context"
	"net/http"
	"time"
)

// cycle kills once, at a moment that the seed chooses, and restarts at once.
func (c *cycles) cycle(ctx context.Context) error {
	switch k := c.rng.IntN(24); {
	case k >= 22:
		return c.killEdge(ctx, "acknowledgement", c.told(nextAsk{Notice: true}))
	case k >= 19:
		return c.killNode(ctx, "acknowledgement", c.up(c.told(nextAsk{})))
	case k < 5:
		return c.killNode(ctx, "load", c.up(c.between(20, 900)))
	case k < 9:
		// The node that is up makes room for a start, which is then cut short.
		if err := c.killNode(ctx, "load", c.up(c.between(20, 150))); err != nil {
			return err
		}
		return c.killNode(ctx, "start-up", c.between(1, 160))
	case k < 13:
		return c.killNode(ctx, "block write", c.writing)
	case k < 16:
		return c.killEdge(ctx, "load", c.between(50, 600))
	case k < 17:
		return c.killEdge(ctx, "start-up", c.between(1, 80))
	}
	if err := c.killEdge(ctx, "with node", nil); err != nil {
		return err
	}
	return c.killNode(ctx, "with gateway", nil)
}

// moment waits for the moment to kill.
type moment func(context.Context) error

// between waits so many milliseconds.
func (c *cycles) between(least, most int) moment {
	d := time.Duration(least)*time.Millisecond + time.Duration(c.rng.Int64N(int64(most-least)*int64(time.Millisecond)))
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// up waits until the node serves, and then some.
func (c *cycles) up(then moment) moment {
	return func(ctx context.Context) error {
		if err := c.ready(ctx); err != nil {
			return err
		}
		return then(ctx)
	}
}

// writing waits until a block file appears, and some milliseconds: a flush, or the merge that often follows it, is under
// way.
func (c *cycles) writing(ctx context.Context) error {
	if err := c.ready(ctx); err != nil {
		return err
	}
	extra := c.rng.IntN(6_000)
	if c.rng.IntN(2) == 0 {
		extra = c.rng.IntN(60_000)
	}
	before := blocks(c.data)
	for end := time.Now().Add(2500 * time.Millisecond); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(500 * time.Microsecond) {
		for name := range blocks(c.data) {
			if !before[name] {
				time.Sleep(time.Duration(extra) * time.Microsecond)
				return nil
			}
		}
	}
	return ctx.Err()
}

// told waits until the verifier has had an acknowledgement, and at most a millisecond longer.
func (c *cycles) told(ask nextAsk) moment {
	pause, extra := c.between(1, 300), time.Duration(c.rng.IntN(1000))*time.Microsecond
	return func(ctx context.Context) error {
		if err := pause(ctx); err != nil {
			return err
		}
		err := c.control.call(ctx, http.MethodPost, "/next", ask, nil)
		time.Sleep(extra)
		return err
	}
}
