package opcua

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"jingwei/internal/connect/driver"
)

// Options are what the driver needs from its gateway.
type Options struct {
	// Identity gives the gateway's own application certificate. It is called when a connection needs it, may be called
	// often and from several goroutines, and gives the same one each time. nil: only unprotected connections.
	Identity func() (*Identity, error)
	Now      func() time.Time // default time.Now
	// TokenLifetime is how long a channel's keys are used; default 1 h.
	TokenLifetime time.Duration
}

// Driver is the OPC UA driver. It keeps nothing of its links.
type Driver struct{ o Options }

// New returns the driver.
func New(o Options) Driver {
	if o.Now == nil {
		o.Now = time.Now
	}
	return Driver{o}
}

var (
	_ driver.Driver         = Driver{}
	_ driver.Rememberer     = Driver{}
	_ driver.LinkChecker    = Driver{}
	_ driver.OfflinePlanner = Driver{}
	_ driver.Addresser      = Driver{}
	_ driver.Endpointer     = Driver{}
	_ driver.Secretive      = Driver{}
	_ driver.Subscriber     = (*subscriber)(nil)
	_ driver.Browser        = (*session)(nil)
	_ driver.Prober         = (*session)(nil)
	_ driver.Planner        = (*session)(nil)
	_ driver.Learner        = (*session)(nil)
)

// Schema is the JSON Schema of a link's configuration.
func (Driver) Schema() json.RawMessage { return schema }

// Secrets are never told again.
func (Driver) Secrets() []string { return []string{"password", "key"} }

// CheckLink checks a link's configuration.
func (Driver) CheckLink(link json.RawMessage) error {
	_, err := ParseConfig(link)
	return err
}

// Check returns one *driver.FieldError for each point that is wrong; nil when all are right. A wrong link makes every
// point wrong.
func (Driver) Check(link json.RawMessage, points []driver.Point) []error {
	_, err := ParseConfig(link)
	var errs []error
	for i, p := range points {
		e := err
		if e == nil {
			_, e = compile(p)
		}
		if e != nil && errs == nil {
			errs = make([]error, len(points))
		}
		if e != nil {
			errs[i] = e
		}
	}
	return errs
}

// Open connects, checks the server's certificate and signs in. Errors are *driver.Fault with this package's codes, or
// what driver.Explain knows.
func (d Driver) Open(ctx context.Context, link json.RawMessage, trace func(driver.Frame)) (driver.Session, error) {
	return d.OpenWith(ctx, link, trace, nil)
}

// OpenWith is Open for a link that had a session before.
func (d Driver) OpenWith(ctx context.Context, link json.RawMessage, trace func(driver.Frame), before any) (driver.Session, error) {
	c, err := ParseConfig(link)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, o: d.o, trace: trace}
	if l, ok := before.(learned); ok {
		s.learned, s.since = l, l.heard
	}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, explain(err, s.id)
	}
	if c.Collect == "poll" {
		return s, nil
	}
	return &subscriber{s}, nil
}

// PlanFor tells what a session would send, as far as that is known before the server has told its limits.
func (Driver) PlanFor(link json.RawMessage, points []driver.Point) ([]driver.Request, error) {
	c, err := ParseConfig(link)
	if err != nil {
		return nil, err
	}
	return c.plan(points, limits{read: or(c.MaxNodesPerRead, defaultLimit), items: or(c.MaxItemsPerCall, defaultLimit)}), nil
}

func or(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// Plan tells what Subscribe or Read sends.
func (s *session) Plan(points []driver.Point) []driver.Request { return s.c.plan(points, s.limits) }

func (c *Config) plan(points []driver.Point, l limits) []driver.Request {
	what, size := "read %d nodes", l.read
	if c.Collect == "subscribe" {
		what, size = "subscribe to %d nodes", l.items
	}
	var ids []uint32
	for _, p := range points {
		if _, err := compile(p); err == nil {
			ids = append(ids, p.ID)
		}
	}
	var out []driver.Request
	for len(ids) > 0 {
		n := min(size, len(ids))
		out = append(out, driver.Request{Summary: fmt.Sprintf(what, n), Points: ids[:n:n]})
		ids = ids[n:]
	}
	return out
}

// Normalize turns an address as people type it into the canonical form.
func (Driver) Normalize(address string) (string, error) { return Normalize(address) }

// Endpoint is the server's URL, or "" where the configuration is wrong.
func (Driver) Endpoint(link json.RawMessage) string {
	c, err := ParseConfig(link)
	if err != nil {
		return ""
	}
	return c.Endpoint
}
