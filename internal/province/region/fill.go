package region

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	"jingwei/internal/kernel/field"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/plant/template"
	"jingwei/internal/province"
	"jingwei/internal/province/history"
)

// Access is how to reach a node.
type Access struct {
	URL    string
	ID     string            // of the node
	Tokens map[string]string // an owner's, by firm or body; "" for who runs the node
	Door   string            // secret of a one-time link of somebody who runs the node: nodes are linked by people, not by tokens
}

// Kept is what the caller remembers of what was done, from one start to the next.
type Kept interface {
	Get(key string) string // "" where nothing was kept
	Keep(key, value string) error
}

// Processes starts what stands below a node. They go on until the demo ends.
type Processes interface {
	// Simulator starts one with these devices (connect/sim/modbus) and tells its address.
	Simulator(ctx context.Context, devices []string) (address string, err error)
	// Gateway starts the gateway of an enterprise on the node; code is "" once it has been enrolled.
	Gateway(ctx context.Context, firm, node, code string) error
}

// Options are what a filling needs.
type Options struct {
	Region    *Region
	Packs     fs.FS
	Day       string // of the first start, such as 2026-11-22
	Months    int    // of measurements before that day, 0 to 12; 12 begin with the January before
	Now       func() time.Time
	Nodes     map[string]Access
	Figures   []string // that the policies want, as agreements name them; with the populations
	Counted   []string // that are counted once for a region: keepers tell them
	Policies  []string // ids
	Kept      Kept
	Processes Processes
	Tell      func(format string, args ...any) // progress, a line a call
}

// filler makes the region of one demo.
type filler struct {
	Options
	day       workday.Day
	library   *history.Library
	templates map[string]*template.Template
	units     map[string]int    // of the simulator, by firm and machine
	orgs      map[string]string // ids, by firm: where it keeps its data
	address   string            // of the simulator
}

// Fill makes the region, or what is missing of it, and sets its machines going.
func Fill(ctx context.Context, o Options) error {
	ns, ok := field.Day(o.Day)
	if !ok {
		return fmt.Errorf("%q is no day", o.Day)
	}
	f := &filler{Options: o, day: workday.DayOf(ns), templates: map[string]*template.Template{}, units: map[string]int{}, orgs: map[string]string{}}
	var err error
	if f.library, err = history.New(o.Packs); err != nil {
		return err
	}
	all, err := template.Load(o.Packs, "devices")
	if err != nil {
		return err
	}
	for id := range o.Region.Points {
		if f.templates[id] = all.Get(id); f.templates[id] == nil {
			return fmt.Errorf("region.yaml: there is no template %q", id)
		}
	}
	if err := f.simulate(ctx); err != nil {
		return err
	}
	for i := range o.Region.Enterprises {
		e := &o.Region.Enterprises[i]
		if err := f.enterprise(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.Firm, err)
		}
	}
	if err := f.once("registers", func() error { return f.registers(ctx) }); err != nil {
		return err
	}
	if err := f.once("keepers", func() error { return f.keepers(ctx) }); err != nil {
		return err
	}
	return f.agreements(ctx)
}

// once does a thing unless it has been done.
func (f *filler) once(key string, do func() error) error {
	if f.Kept.Get(key) != "" {
		return nil
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return f.Kept.Keep(key, f.Now().UTC().Format(time.RFC3339))
}

// make makes a thing that has an id unless it has been made, and gives its id.
func (f *filler) make(key string, do func() (made, error)) (string, error) {
	if id := f.Kept.Get(key); id != "" {
		return id, nil
	}
	m, err := do()
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return m.ID, f.Kept.Keep(key, m.ID)
}

// client speaks to a node for a firm, or for who runs it.
func (f *filler) client(node, firm string) (*Client, error) {
	a, ok := f.Nodes[node]
	if !ok || a.Tokens[firm] == "" {
		return nil, fmt.Errorf("there is no way to node %s for %q", node, firm)
	}
	return &Client{Base: a.URL, Token: a.Tokens[firm]}, nil
}

// org is the organisation that a token is of.
func (c *Client) org(ctx context.Context) (string, error) {
	list, err := province.All[made](ctx, c.get, "/orgs")
	if err != nil {
		return "", err
	}
	if len(list) != 1 {
		return "", fmt.Errorf("a token of one organisation sees %d", len(list))
	}
	return list[0].ID, nil
}

// works is an enterprise while it is made: on its node, with its machines.
type works struct {
	*Enterprise
	*Client
	org      string
	node     string
	machines map[string]*machine // by key
}

// enterprise makes one with its past and its books, and sets its machines going.
func (f *filler) enterprise(ctx context.Context, e *Enterprise) error {
	node := f.Region.Home(e.Firm)
	c, err := f.client(node, e.Firm)
	if err != nil {
		return err
	}
	w := &works{Enterprise: e, Client: c, node: node}
	if w.org, err = c.org(ctx); err != nil {
		return err
	}
	f.orgs[e.Firm] = w.org
	begun := f.Now()
	if err := f.plant(ctx, w); err != nil {
		return fmt.Errorf("plant: %w", err)
	}
	samples, err := f.past(ctx, w)
	if err != nil {
		return fmt.Errorf("past: %w", err)
	}
	if err := f.live(ctx, w); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	facts, err := f.books(ctx, w)
	if err != nil {
		return fmt.Errorf("books: %w", err)
	}
	if samples > 0 || facts > 0 {
		f.Tell("region: %s on %s: %d machines, %d samples of the past, %d facts (%d ms)", e.Firm, node, len(e.Machines), samples, facts, f.Now().Sub(begun).Milliseconds())
	}
	return nil
}
