package indicator

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
)

// Options build a Service. All are required.
type Options struct {
	Library *Library
	Rooms   Rooms
	Now     func() time.Time
}

// Service answers questions about indicators and targets.
type Service struct {
	o       Options
	library *Library
}

// New makes a Service.
func New(o Options) *Service { return &Service{o, o.Library} }

// Library is the definitions and targets.
func (s *Service) Library() *Library { return s.library }

func (s *Service) today() string { return field.DateOf(s.o.Now().UnixNano()) }

// on reads a day of a question; today where there is none.
func (s *Service) on(at, day string) (string, error) {
	if day == "" {
		return s.today(), nil
	}
	if _, ok := field.Day(day); !ok || day > s.today() {
		return "", ErrDay.At(at, day).With("today", s.today())
	}
	return day, nil
}

func (s *Service) gatherer(baseline string) *gatherer {
	return &gatherer{rooms: s.o.Rooms, library: s.library, baseline: baseline, shelves: &shelves{rooms: s.o.Rooms, byKey: map[shelfKey]*shelf{}}}
}

// Definition finds one. Error: store.ErrNotFound.
func (s *Service) Definition(ctx context.Context, id string) (*Definition, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	d := s.library.Definition(id)
	if d == nil {
		return nil, fmt.Errorf("indicator %.80q: %w", id, store.ErrNotFound)
	}
	return d, nil
}

// Target finds one. Error: store.ErrNotFound.
func (s *Service) Target(ctx context.Context, id string) (*Target, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	t := s.library.Target(id)
	if t == nil {
		return nil, fmt.Errorf("target %.80q: %w", id, store.ErrNotFound)
	}
	return t, nil
}

// Value computes an indicator for one organisation: for the enterprise itself, or for whoever keeps the register that lists it; what
// the enterprise has not granted that keeper is missing. period is a label ("" for the last one that has ended), baseline a day.
func (s *Service) Value(ctx context.Context, id string, org uuid.UUID, period, baseline string) (*Valuation, error) {
	d, err := s.Definition(ctx, id)
	if err != nil {
		return nil, err
	}
	who, p, err := s.asked(ctx, d, org, period)
	if err != nil {
		return nil, err
	}
	if baseline != "" {
		if _, err := s.on("query.baseline", baseline); err != nil {
			return nil, err
		}
	}
	return s.gatherer(baseline).value(ctx, d, who, p)
}

// asked finds out about whom and when is asked.
func (s *Service) asked(ctx context.Context, d *Definition, org uuid.UUID, period string) (subject, Period, error) {
	p, ok := PeriodBy(d.Period, s.today())
	if period != "" {
		p, ok = ParsePeriod(d.Period, period)
	}
	if !ok || p.To > s.today() {
		last, _ := PeriodBy(d.Period, s.today())
		return subject{}, p, ErrPeriod.At("query.period", period).With("kind", d.Period).With("example", last.Label)
	}
	_, refused := auth.Allow(ctx, auth.Read, org)
	if refused != nil && !errors.Is(refused, auth.ErrNotFound) {
		return subject{}, p, refused
	}
	if d.Of == OfRegion {
		return subject{keeper: org, org: org, region: true}, p, refused
	}
	keeper, e, listed, err := s.o.Rooms.Enterprises.One(ctx, org, p.To)
	if err != nil {
		return subject{}, p, err
	}
	if refused != nil { // not the enterprise's own people: those of the register that lists it
		if !listed {
			return subject{}, p, refused
		}
		if _, err := auth.Allow(ctx, auth.Read, keeper); err != nil {
			return subject{}, p, refused
		}
	}
	if !listed {
		return subject{}, p, ErrKeeper.At("query.org", d.ID).With("of", d.Of)
	}
	return subject{keeper: keeper, org: org, firm: e}, p, nil
}

// Progress is where a target stands on a day.
type Progress struct {
	Target   *Target
	On       string
	Value    *big.Rat   // that is compared, in the target's unit; nil where it is not known
	Lack     Lack       // why not
	Single   *Valuation // of a region
	Whole    *Aggregate // of enterprises
	Base     *Reading   // at the baseline, where the change is worked out of the region's values
	Past     []Point    // the oldest first
	Judgment Judgement
	Beside   []*Progress // of further indicators; only their values
}

// maxPast bounds how many earlier periods are computed for a trajectory.
const maxPast = 5

// Progress evaluates a target now, for the region that a keeper's register covers. The caller may read the keeper. past says how many
// earlier periods are computed for the trajectory.
func (s *Service) Progress(ctx context.Context, id string, keeper uuid.UUID, on string, past int) (*Progress, error) {
	t, err := s.Target(ctx, id)
	if err != nil {
		return nil, err
	}
	if on, err = s.on("query.on", on); err != nil {
		return nil, err
	}
	if _, err := auth.Allow(ctx, auth.Read, keeper); err != nil {
		return nil, err
	}
	run := &run{s: s, t: t, keeper: keeper, g: s.gatherer(""), drawn: map[string]*Members{}}
	if t.Baseline != nil {
		run.g.baseline = t.Baseline.Date
	}
	out, err := run.progress(ctx, s.library.Definition(t.Indicator), t.Reading, on, min(past, maxPast))
	if err != nil {
		return nil, err
	}
	for _, other := range t.Beside {
		d := s.library.Definition(other)
		more, err := run.progress(ctx, d, d.Readings()[0], on, 0)
		if err != nil {
			return nil, err
		}
		out.Beside = append(out.Beside, more)
	}
	return out, nil
}

// run is the computation of one target.
type run struct {
	s      *Service
	t      *Target
	keeper uuid.UUID
	g      *gatherer
	drawn  map[string]*Members // by day
}

func (r *run) progress(ctx context.Context, d *Definition, reading, on string, past int) (*Progress, error) {
	out := &Progress{Target: r.t, On: on}
	p, ok := PeriodBy(d.Period, on)
	if !ok {
		return nil, ErrDay.At("query.on", on).With("today", r.s.today())
	}
	main, err := r.of(ctx, d, reading, p, out)
	if err != nil {
		return nil, err
	}
	out.Lack = main.Lack
	own := d.ID == r.t.Indicator
	var base *big.Rat
	if own && r.t.Change() && !d.Changes() {
		if before, ok := PeriodHolding(d.Period, r.t.Baseline.Date); ok {
			x, err := r.of(ctx, d, reading, before, nil)
			if err != nil {
				return nil, err
			}
			out.Base, base = &x, x.Num
		}
	}
	out.Value = main.Num
	if own {
		if out.Value = Compared(r.t, d, main.Num, base); out.Value == nil && main.Num != nil {
			out.Lack = NoBaseline
		}
	}
	var earlier []Point
	for before := p; len(earlier) < past; {
		if before, ok = before.Previous(); !ok || r.t.Baseline != nil && before.To <= r.t.Baseline.Date {
			break
		}
		x, err := r.of(ctx, d, reading, before, nil)
		if err != nil {
			return nil, err
		}
		earlier = append([]Point{{before, Compared(r.t, d, x.Num, base)}}, earlier...)
	}
	out.Past = earlier
	if own {
		out.Judgment = Judge(r.t, out.Value, p, earlier, on)
	}
	return out, nil
}

// of computes one reading of a period; into keeps what it rests on.
func (r *run) of(ctx context.Context, d *Definition, reading string, p Period, into *Progress) (Reading, error) {
	if d.Of == OfRegion {
		v, err := r.g.value(ctx, d, subject{keeper: r.keeper, org: r.keeper, region: true, place: r.t.policy.Region.Code}, p)
		if err != nil {
			return Reading{}, err
		}
		if into != nil {
			into.Single = v
		}
		x := Reading{How: Single, Num: v.Num, Of: 1}
		switch {
		case v.Num != nil:
			x.Known = 1
		case len(v.Lack) > 0:
			x.Lack = v.Lack[0].Reason
		}
		return x, nil
	}
	m := r.drawn[p.To]
	if m == nil {
		var err error
		if m, err = Draw(ctx, r.s.o.Rooms.Enterprises, r.keeper, r.t.policy.Region, r.t.Population.Where, p.To); err != nil {
			return Reading{}, err
		}
		r.drawn[p.To] = m
	}
	a, err := r.g.aggregate(ctx, d, m, p)
	if err != nil {
		return Reading{}, err
	}
	if into != nil {
		into.Whole = a
	}
	for _, x := range a.Readings {
		if x.How == reading {
			return x, nil
		}
	}
	return Reading{How: reading, Of: len(m.List), Lack: NoData}, nil
}
