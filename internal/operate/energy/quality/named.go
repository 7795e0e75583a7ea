package quality

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"strings"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

const (
	kind      = "declaration" // of facts
	mainMeter = "main-meter." // the item that names a main meter; the id of its series follows
	source    = "console"
	maxDate   = "2099-12-31" // the last day of a naming that nobody has ended
)

// Named is a declaration that names a series as a main meter from one day to another, both included.
type Named struct {
	Fact     uuid.UUID
	Revision int64
	Series   uuid.UUID
	From, To string
	Counts   bool // false: it says that the series is none
	Grade    fact.Grade
}

// holds tells whether it speaks of a day.
func (n *Named) holds(date string) bool { return n.From <= date && date <= n.To }

// Open tells that nobody has said when it ends.
func (n *Named) Open() bool { return n.To >= maxDate }

// named are the declarations of an organisation, those recorded last first. It asks in the node's own right: who may know was
// decided before.
func (s *Service) named(ctx context.Context, org uuid.UUID) (out []Named, err error) {
	ctx = auth.AsSystem(ctx, "energy quality")
	err = store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		page.Limit = store.MaxLimit
		return s.o.Facts.List(ctx, fact.Filter{Org: org, Kind: kind}, page)
	}, func(f fact.Fact) error {
		if n, ok := naming(&f); ok {
			out = append(out, n)
		}
		return nil
	})
	return out, err
}

func naming(f *fact.Fact) (Named, bool) {
	id, ok := strings.CutPrefix(word(f, "item"), mainMeter)
	series, err := uuid.Parse(id)
	if !ok || err != nil {
		return Named{}, false
	}
	value, ok := number(f)
	return Named{Fact: f.ID, Revision: f.Revision, Series: series, From: word(f, "begins"), To: word(f, "ends"), Counts: ok && value.Sign() > 0, Grade: f.Grade}, true
}

func word(f *fact.Fact, key string) string {
	s, _ := f.Record[key].(string)
	return s
}

func number(f *fact.Fact) (*big.Rat, bool) {
	return new(big.Rat).SetString(fmt.Sprint(f.Record["value"]))
}

// namedOn are the dates of a month on which each series is a main meter. Of several declarations the one recorded last counts.
func namedOn(list []Named, m Month) map[uuid.UUID]map[string]bool {
	out := map[uuid.UUID]map[string]bool{}
	decided := map[uuid.UUID]map[string]bool{}
	for i := range list {
		n := &list[i]
		for _, date := range m.dates {
			if !n.holds(date) || decided[n.Series][date] {
				continue
			}
			if decided[n.Series] == nil {
				decided[n.Series] = map[string]bool{}
			}
			decided[n.Series][date] = true
			if !n.Counts {
				continue
			}
			if out[n.Series] == nil {
				out[n.Series] = map[string]bool{}
			}
			out[n.Series][date] = true
		}
	}
	return out
}

// Candidate is a series of energy with the spans in which it is named as a main meter.
type Candidate struct {
	Point
	Named   []Named
	Counter bool
}

// Candidates are the series of energy of an organisation, for its own people. Errors: those of auth.
func (s *Service) Candidates(ctx context.Context, org uuid.UUID) ([]Candidate, error) {
	if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
		return nil, err
	}
	points, err := s.o.Plant.Points(ctx, org)
	if err != nil {
		return nil, err
	}
	list, err := s.named(ctx, org)
	if err != nil {
		return nil, err
	}
	out := make([]Candidate, len(points))
	for i := range points {
		c := &out[i]
		c.Point = points[i]
		for _, n := range list {
			if n.Series == c.ID && n.Counts {
				c.Named = append(c.Named, n)
			}
		}
		if c.Counter, err = s.o.Counter(ctx, c.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Naming says from when to when a series is a main meter; To is "" until further notice.
type Naming struct {
	Org      uuid.UUID
	Series   uuid.UUID
	From, To string
}

func span(from, to string) (string, error) {
	if _, ok := field.Day(from); !ok || from > maxDate {
		return "", ErrSpan.At("body.from", from).With("from", from)
	}
	if to == "" {
		to = maxDate
	}
	if _, ok := field.Day(to); !ok || to < from || to > maxDate {
		return "", ErrSpan.At("body.to", to).With("from", from)
	}
	return to, nil
}

// Name declares a main meter. Errors: ErrMeter, ErrSpan, ErrOverlap, those of fact.Record.
func (s *Service) Name(ctx context.Context, n Naming) (Named, error) {
	if _, err := auth.Allow(ctx, auth.Operate, n.Org); err != nil {
		return Named{}, err
	}
	to, err := span(n.From, n.To)
	if err != nil {
		return Named{}, err
	}
	points, err := s.o.Plant.Points(ctx, n.Org)
	if err != nil {
		return Named{}, err
	}
	known := false
	for i := range points {
		known = known || points[i].ID == n.Series
	}
	if !known {
		return Named{}, ErrMeter.At("body.series", n.Series)
	}
	list, err := s.named(ctx, n.Org)
	if err != nil {
		return Named{}, err
	}
	if err := overlap(list, uuid.Nil, n.Series, n.From, to); err != nil {
		return Named{}, err
	}
	f, _, err := s.o.Facts.Record(ctx, fact.Input{
		Org: n.Org, Kind: kind, Key: fact.Key{Source: source, External: mainMeter + n.Series.String() + "@" + uuid.Must(uuid.NewV7()).String()},
		Content: content(n.Series, n.From, to),
	})
	if err != nil {
		return Named{}, err
	}
	out, _ := naming(&f)
	return out, nil
}

func content(series uuid.UUID, from, to string) []byte {
	b, _ := json.Marshal(map[string]string{"item": mainMeter + series.String(), "begins": from, "ends": to, "value": "1"}) // of texts: it cannot fail
	return b
}

// overlap refuses a second naming of a day.
func overlap(list []Named, but, series uuid.UUID, from, to string) error {
	for i := range list {
		n := &list[i]
		if n.Fact != but && n.Series == series && n.Counts && n.From <= to && from <= n.To {
			return ErrOverlap.At("body.series", series).With("from", n.From).With("to", n.To)
		}
	}
	return nil
}

// End says on which day a naming ends; "" takes an end back. Errors: ErrSpan, ErrOverlap, store.ErrNotFound, those of
// fact.Revise.
func (s *Service) End(ctx context.Context, id uuid.UUID, basis int64, last, reason string) (Named, error) {
	f, n, err := s.own(ctx, id)
	if err != nil {
		return Named{}, err
	}
	to, err := span(n.From, last)
	if err != nil {
		return Named{}, err
	}
	list, err := s.named(ctx, f.Org)
	if err != nil {
		return Named{}, err
	}
	if err := overlap(list, id, n.Series, n.From, to); err != nil {
		return Named{}, err
	}
	record := maps.Clone(f.Record)
	record["ends"] = to
	if f, err = s.o.Facts.Revise(ctx, id, fact.Change{Basis: basis, Content: record.Encode(), Reason: reason}); err != nil {
		return Named{}, err
	}
	n, _ = naming(&f)
	return n, nil
}

// TakeBack withdraws a naming: it never held. Errors: store.ErrNotFound, those of fact.Withdraw.
func (s *Service) TakeBack(ctx context.Context, id uuid.UUID, basis int64, reason string) error {
	if _, _, err := s.own(ctx, id); err != nil {
		return err
	}
	_, err := s.o.Facts.Withdraw(ctx, id, basis, reason)
	return err
}

// own finds a naming of an organisation of the caller's.
func (s *Service) own(ctx context.Context, id uuid.UUID) (fact.Fact, Named, error) {
	f, err := s.o.Facts.Get(ctx, id, noTime)
	if err != nil {
		return f, Named{}, err
	}
	if _, err := auth.Allow(ctx, auth.Configure, f.Org); err != nil {
		return f, Named{}, err
	}
	n, ok := naming(&f)
	if f.Kind != kind || !ok {
		return f, n, fmt.Errorf("main meter %s: %w", id, store.ErrNotFound)
	}
	return f, n, nil
}
