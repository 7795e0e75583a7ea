package modbus

import (
	"context"
	"encoding/json"

	"jingwei/internal/connect/driver"
)

// Driver is the Modbus TCP driver. It holds nothing.
type Driver struct{}

// New returns the driver.
func New() Driver { return Driver{} }

var (
	_ driver.Driver         = Driver{}
	_ driver.Rememberer     = Driver{}
	_ driver.LinkChecker    = Driver{}
	_ driver.OfflinePlanner = Driver{}
	_ driver.Annotator      = Driver{}
	_ driver.Addresser      = Driver{}
	_ driver.Endpointer     = Driver{}
	_ driver.Planner        = (*session)(nil)
	_ driver.Transient      = (*session)(nil)
	_ driver.Learner        = (*session)(nil)
	_ driver.Prober         = (*session)(nil)
)

// Schema is the JSON Schema of a link's configuration.
func (Driver) Schema() json.RawMessage { return schema }

// CheckLink checks a link's configuration.
func (Driver) CheckLink(link json.RawMessage) error {
	_, err := ParseConfig(link)
	return err
}

// Check returns one *driver.FieldError for each point that is wrong; nil when all are right. A wrong link makes every
// point wrong.
func (Driver) Check(link json.RawMessage, points []driver.Point) []error {
	c, err := ParseConfig(link)
	var errs []error
	for i, p := range points {
		e := err
		if e == nil {
			_, e = Compile(c, p)
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

// Open dials.
func (d Driver) Open(ctx context.Context, link json.RawMessage, trace func(driver.Frame)) (driver.Session, error) {
	return d.OpenWith(ctx, link, trace, nil)
}

// OpenWith dials, and goes on with the plans of an earlier session of the same configuration.
func (Driver) OpenWith(ctx context.Context, link json.RawMessage, trace func(driver.Frame), learned any) (driver.Session, error) {
	c, err := ParseConfig(link)
	if err != nil {
		return nil, err
	}
	ps, ok := learned.(*plans)
	if !ok || ps.config != string(link) {
		ps = &plans{config: string(link)}
	}
	s, err := dial(ctx, c, trace, ps)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// PlanFor tells what one scan of the points would send.
func (Driver) PlanFor(link json.RawMessage, points []driver.Point) ([]driver.Request, error) {
	c, err := ParseConfig(link)
	if err != nil {
		return nil, err
	}
	return newPlan(c, points).describe(), nil
}

// Normalize turns an address as people type it into the canonical form.
func (Driver) Normalize(address string) (string, error) { return Normalize(address) }

// Endpoint is host:port, or "" where the configuration is wrong.
func (Driver) Endpoint(link json.RawMessage) string {
	c, err := ParseConfig(link)
	if err != nil {
		return ""
	}
	return c.Address
}
