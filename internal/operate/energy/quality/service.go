package quality

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/health"
	"jingwei/internal/telemetry/rollup/kept"
)

// Plant says what energy is measured.
type Plant interface {
	// Points are all series of energy of an organisation that have begun, those that are retired too.
	Points(ctx context.Context, org uuid.UUID) ([]Point, error)
}

// Rows are the kept roll-ups; *kept.Service is one.
type Rows interface {
	Read(ctx context.Context, q kept.Question) ([]kept.Result, error)
}

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	AsOf(t int64) (uint64, error)
	Closed() int64
	Commit(number uint64) (telemetry.Arrival, bool, error)
}

// Gaps tells why values are missing; *health.Service is one. It is asked in the node's own right.
type Gaps interface {
	Series(ctx context.Context, id uuid.UUID, from, to time.Time) (*health.Detail, error)
}

// Consent decides what the caller may know of an organisation.
type Consent interface {
	// Energy allows what the main meters delivered; own tells that the caller is of the organisation. Errors: ErrNoConsent, those
	// of auth.
	Energy(ctx context.Context, org uuid.UUID) (own bool, err error)
	// Report allows the fields ReportFields of declarations. Errors: as Energy.
	Report(ctx context.Context, org uuid.UUID) error
}

// Giver is an organisation that lets another know what its main meters delivered.
type Giver struct {
	Org  uuid.UUID
	Name text.Text
}

// Options build a Service. All are required.
type Options struct {
	Library   *Library
	Facts     *fact.Service
	Plant     Plant
	Rows      Rows
	Store     Store
	Calendars kept.Calendars
	Gaps      Gaps
	Consent   Consent
	Counter   func(ctx context.Context, series uuid.UUID) (bool, error)   // whether it is said to be a counter
	Givers    func(ctx context.Context, taker uuid.UUID) ([]Giver, error) // whose grants to an organisation of the caller's stand
	Horizon   func(series uuid.UUID) int64                                // source time before which samples may be gone, ns
	Now       func() time.Time
}

// Service scores energy data.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Ask is a question about an enterprise.
type Ask struct {
	Org   uuid.UUID
	Month string // 2026-10
	Rules string // id; "": DefaultRules
	Gaps  bool   // with the gaps and their causes
}

// Day is what all main meters have of a day together.
type Day struct {
	Date             string
	Expected, Actual int
	WattHours        int64
	Known            int // meters of which WattHours is the sum
	Meters           int // that are named
	Arrival          Arrival
}

// Assessment is the quality of an enterprise's energy data of a month.
type Assessment struct {
	Org      uuid.UUID
	Own      bool // the caller is of the enterprise
	Month    Month
	Rules    *Rules
	Now      int64
	End      int64 // of the month, ns
	Over     bool  // all that the month can deliver was due
	Meters   []Meter
	Days     []Day
	Expected int
	Actual   int
	// WattHours is the sum of the known days; it is the month's where Sum is "".
	WattHours int64
	Counted   bool
	Sum       Reason
	Report    report
	Verdicts  [4]Verdict
	Gaps      []Gap // by time
	MoreGaps  int   // that are not listed

	Tenths int // score in tenths of a point
	Known  int // of the weight that the score rests on
	Scored bool
}

// Assess scores an enterprise. Errors: ErrMonth, ErrRules, ErrNoConsent, those of auth.
func (s *Service) Assess(ctx context.Context, q Ask) (*Assessment, error) {
	own, err := s.o.Consent.Energy(ctx, q.Org)
	if err != nil {
		return nil, err
	}
	rules, err := s.o.Library.get(q.Rules)
	if err != nil {
		return nil, err
	}
	m, err := s.month(q.Month)
	if err != nil {
		return nil, err
	}
	a := &Assessment{Org: q.Org, Own: own, Month: m, Rules: rules, Now: s.o.Now().UnixNano()}
	l := &looking{s: s, rules: rules, month: m, now: a.Now, asOf: map[int64]uint64{}}
	if err := a.meters(ctx, l); err != nil {
		return nil, err
	}
	if a.Report, err = s.report(ctx, q.Org, m); err != nil {
		return nil, err
	}
	a.Verdicts = judge(rules, a.sums(rules))
	a.Tenths, a.Known, a.Scored = Score(a.Verdicts)
	if q.Gaps {
		err = a.gaps(auth.AsSystem(ctx, "energy quality"), l)
	}
	return a, err
}

func (s *Service) month(label string) (Month, error) {
	today := field.DateOf(s.o.Now().UnixNano())
	m, ok := ParseMonth(label)
	if !ok || m.First() > today {
		return m, ErrMonth.At("query.month", label).With("last", today[:7])
	}
	return m, nil
}

// meters looks at the main meters and at the days of all of them.
func (a *Assessment) meters(ctx context.Context, l *looking) error {
	list, err := l.s.named(ctx, a.Org)
	if err != nil {
		return err
	}
	named := namedOn(list, a.Month)
	points, err := l.s.o.Plant.Points(ctx, a.Org)
	if err != nil {
		return err
	}
	a.Days = make([]Day, len(a.Month.dates))
	for i, date := range a.Month.dates {
		a.Days[i].Date = date
	}
	for _, p := range points {
		if len(named[p.ID]) == 0 {
			continue
		}
		m, err := l.meter(ctx, p, named[p.ID])
		if err != nil {
			return err
		}
		a.Meters = append(a.Meters, *m)
	}
	slices.SortStableFunc(a.Meters, func(x, y Meter) int { return cmp.Compare(x.Name.En, y.Name.En) })
	for i := range a.Meters {
		a.add(&a.Meters[i])
	}
	if a.End == 0 { // nothing is named: the month of the calendar of declarations
		a.End, _ = field.NextDay(a.Month.Last())
	}
	a.Over = a.Now >= a.End+l.within()
	return nil
}

// worst orders arrivals: what is said of several meters is the worst of them.
var worst = map[Arrival]int{"": 0, InTime: 1, Lost: 2, Overdue: 3, Absent: 4}

func (a *Assessment) add(m *Meter) {
	a.Expected += m.Expected
	a.Actual += m.Actual
	a.WattHours += m.WattHours
	a.Counted = a.Counted || m.KnownDays > 0
	if m.lack != "" && a.Sum == "" {
		a.Sum = m.lack
	}
	for i := range m.Days {
		x, d := &m.Days[i], &a.Days[i]
		if !x.Named {
			continue
		}
		d.Meters++
		d.Expected += x.Expected
		d.Actual += x.Actual
		if x.Known {
			d.Known++
			d.WattHours += x.WattHours
		}
		if worst[x.Arrival] > worst[d.Arrival] {
			d.Arrival = x.Arrival
		}
	}
	if n := len(m.Days); n > 0 {
		a.End = max(a.End, m.Days[n-1].To)
	}
}

// sums are what the rules are judged by.
func (a *Assessment) sums(r *Rules) *sums {
	s := &sums{meters: len(a.Meters), expected: a.Expected, actual: a.Actual, over: a.Over, wattHours: a.WattHours, counted: a.Counted, report: a.Report, end: a.End, now: a.Now}
	for i := range a.Meters {
		m := &a.Meters[i]
		s.damaged = s.damaged || m.Damaged
		s.carried = s.carried || m.carried
		for k := range m.Days {
			switch m.Days[k].Arrival {
			case InTime:
				s.inTime++
				s.days++
			case Overdue, Absent:
				s.days++
			case Lost:
				s.expired = true
			}
		}
	}
	if a.Sum == "" && slices.ContainsFunc(a.Days, func(d Day) bool { return d.Meters == 0 }) {
		a.Sum = NotNamed
	}
	s.lack = a.Sum
	return s
}

func (a *Assessment) gaps(ctx context.Context, l *looking) error {
	for i := range a.Meters {
		m := &a.Meters[i]
		if m.begin == 0 || m.Damaged && m.Expected == 0 {
			continue
		}
		list, more, err := l.gaps(ctx, m)
		if err != nil {
			return err
		}
		a.Gaps, a.MoreGaps = append(a.Gaps, list...), a.MoreGaps+more
	}
	slices.SortStableFunc(a.Gaps, func(x, y Gap) int { return cmp.Compare(x.From, y.From) })
	if !a.Own { // names of gateways and devices stay with the enterprise
		for i := range a.Gaps {
			a.Gaps[i].Words = text.Text{}
		}
	}
	return nil
}
