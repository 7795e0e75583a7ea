package telemetry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Catalog keeps the declared series. Numbers that it has given out are durable before Declare returns: the journal names
// series by them.
type Catalog interface {
	// Load returns all series. Refs begin at 1 and are dense.
	Load(ctx context.Context) ([]Series, error)
	// Declare stores the series that are new, adds ways of reporting that are new, and returns the series as they are
	// now, in the order given. A *ConflictError changes nothing.
	Declare(ctx context.Context, d []Declaration) ([]Series, error)
}

// Reporting is how a series reports from a time on, until the next Reporting.
type Reporting struct {
	From       int64 // effective since, ns
	Report     Report
	MaxSilence time.Duration
}

// Series is a declared series.
type Series struct {
	Ref       Ref
	ID        uuid.UUID
	Org       uuid.UUID
	Type      Type
	Unit      string
	Reporting []Reporting // in order of From, never empty
}

// ReportingAt returns the way of reporting in effect at a time. Before the first one the first one counts.
func (s *Series) ReportingAt(t int64) Reporting {
	r := s.Reporting[0]
	for _, next := range s.Reporting[1:] {
		if next.From > t {
			break
		}
		r = next
	}
	return r
}

// String names the type as the API does.
func (t Type) String() string {
	switch t {
	case Float64:
		return "float64"
	case Int64:
		return "int64"
	case Bool:
		return "bool"
	case String:
		return "string"
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Valid tells whether t is one of the four types.
func (t Type) Valid() bool { return t >= Float64 && t <= String }

// Check tells what is wrong in a declaration, as a *DeclarationError.
func (d *Declaration) Check() error {
	bad := func(field, value, reason string) error {
		return &DeclarationError{Series: d.ID, Field: field, Value: value, Reason: reason}
	}
	switch {
	case d.ID == uuid.UUID{}:
		return bad("id", "nil", "give the series a UUID")
	case d.Org == uuid.UUID{}:
		return bad("org", "nil", "name the organisation that owns the series")
	case !d.Type.Valid():
		return bad("type", d.Type.String(), "one of float64, int64, bool, string")
	case len(d.Unit) > 64:
		return bad("unit", d.Unit, "at most 64 bytes of UCUM")
	case d.Report != Periodic && d.Report != OnChange:
		return bad("report", fmt.Sprint(uint8(d.Report)), "periodic (1) or on change (2)")
	case d.MaxSilence <= 0:
		return bad("maxSilence", d.MaxSilence.String(), "a time greater than zero")
	case d.From < 0:
		return bad("from", fmt.Sprint(d.From), "a time since 1970")
	}
	return nil
}

// Merge applies a declaration to a series declared before and tells whether that changes it.
func (s *Series) Merge(d *Declaration) (changed bool, err error) {
	switch {
	case s.Type != d.Type:
		return false, &ConflictError{Series: s.ID, Field: "type", Has: s.Type.String(), Wants: d.Type.String()}
	case s.Unit != d.Unit:
		return false, &ConflictError{Series: s.ID, Field: "unit", Has: s.Unit, Wants: d.Unit}
	case s.Org != d.Org:
		return false, &ConflictError{Series: s.ID, Field: "org", Has: s.Org.String(), Wants: d.Org.String()}
	}
	new := Reporting{From: d.From, Report: d.Report, MaxSilence: d.MaxSilence}
	i, found := slices.BinarySearchFunc(s.Reporting, d.From, func(r Reporting, from int64) int {
		switch {
		case r.From < from:
			return -1
		case r.From > from:
			return 1
		}
		return 0
	})
	switch {
	case found && s.Reporting[i] == new:
		return false, nil
	case found:
		s.Reporting = slices.Clone(s.Reporting)
		s.Reporting[i] = new
	case i > 0 && s.Reporting[i-1].Report == new.Report && s.Reporting[i-1].MaxSilence == new.MaxSilence:
		return false, nil // in effect already
	default:
		s.Reporting = slices.Insert(slices.Clone(s.Reporting), i, new)
	}
	return true, nil
}

// MemoryCatalog is a Catalog that ends with the process: for benchmarks and tests.
type MemoryCatalog struct {
	mu     sync.Mutex
	series []Series
	byID   map[uuid.UUID]int
}

// Load implements Catalog.
func (c *MemoryCatalog) Load(context.Context) ([]Series, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.series), nil
}

// Declare implements Catalog.
func (c *MemoryCatalog) Declare(_ context.Context, d []Declaration) ([]Series, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[uuid.UUID]int{}
	}
	series, err := MergeAll(d, func(id uuid.UUID) (Series, bool) {
		i, ok := c.byID[id]
		if !ok {
			return Series{}, false
		}
		return c.series[i], true
	})
	if err != nil {
		return nil, err
	}
	out := make([]Series, len(series))
	for i, m := range series {
		at, known := c.byID[m.Series.ID]
		if !known {
			at = len(c.series)
			m.Series.Ref = Ref(at + 1)
			c.byID[m.Series.ID] = at
			c.series = append(c.series, m.Series)
		}
		m.Series.Ref = Ref(at + 1)
		c.series[at] = m.Series
		out[i] = m.Series
	}
	return out, nil
}

// Merged is a series as a declaration leaves it.
type Merged struct {
	Series  Series
	New     bool // not declared before
	Changed bool // declared before, now reports otherwise
}

// MergeAll checks declarations and applies them to what find knows, without storing anything. A series that occurs
// several times comes back as its last state each time.
func MergeAll(d []Declaration, find func(uuid.UUID) (Series, bool)) ([]Merged, error) {
	seen := map[uuid.UUID]*Merged{}
	order := make([]*Merged, len(d))
	for i := range d {
		if err := d[i].Check(); err != nil {
			return nil, err
		}
		m, ok := seen[d[i].ID]
		if !ok {
			m = new(Merged)
			if s, known := find(d[i].ID); known {
				m.Series = s
			} else {
				m.New = true
				m.Series = Series{ID: d[i].ID, Org: d[i].Org, Type: d[i].Type, Unit: d[i].Unit,
					Reporting: []Reporting{{From: d[i].From, Report: d[i].Report, MaxSilence: d[i].MaxSilence}}}
			}
			seen[d[i].ID] = m
		}
		changed, err := m.Series.Merge(&d[i])
		if err != nil {
			return nil, err
		}
		m.Changed = m.Changed || changed && !m.New
		order[i] = m
	}
	out := make([]Merged, len(d))
	for i, m := range order {
		out[i] = *m
	}
	return out, nil
}
