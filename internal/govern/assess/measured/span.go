package measured

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/text"
)

// Delivered is a machine with what it delivered over a span.
type Delivered struct {
	Machine
	Meter  bool        // it has a counter of energy
	Days   []bool      // of the span's civil days: those on which it delivered a good value
	Series []uuid.UUID // that delivered
}

// Machines are those of a plant as it is at the end of a span, each with the civil days of China on which it delivered; days are the
// instants at which these begin.
func (s *Service) Machines(ctx context.Context, org uuid.UUID, from, to time.Time) (list []Delivered, days []int64, err error) {
	sp := civil(from, to)
	if sp.days() < 1 || sp.days() > most {
		return nil, nil, fmt.Errorf("machines over %d days: 1 to %d can be looked at", sp.days(), most)
	}
	w, err := s.look(ctx, org, sp, nil)
	if err != nil {
		return nil, nil, err
	}
	at := map[uuid.UUID]int{}
	for i, m := range w.machines {
		at[m.ID] = i
		list = append(list, Delivered{Machine: m, Days: make([]bool, sp.days())})
	}
	for i := range w.points {
		p := &w.points[i]
		k, ok := at[p.Machine]
		if !ok {
			continue
		}
		m, some := &list[k], false
		m.Meter = m.Meter || p.Energy
		for d := range m.Days {
			if w.good(p.ID, d) {
				m.Days[d], some = true, true
			}
		}
		if some {
			m.Series = append(m.Series, p.ID)
		}
	}
	return list, sp.bounds[:sp.days()], nil
}

// Counted is what one counter of energy of an organisation counted over a span.
type Counted struct {
	WattHours int64
	Name      text.Text
	Days, Of  int // civil days with readings, of those of the span
}

// Counted sums a counter over a span. False where the organisation has no such counter, or nothing is known.
func (s *Service) Counted(ctx context.Context, org, series uuid.UUID, from, to time.Time) (Counted, bool, error) {
	sp := civil(from, to)
	if sp.days() < 1 || sp.days() > most {
		return Counted{}, false, fmt.Errorf("a counter over %d days: 1 to %d can be looked at", sp.days(), most)
	}
	w, err := s.look(ctx, org, sp, func(p *Point) bool { return p.ID == series })
	if err != nil {
		return Counted{}, false, err
	}
	for i := range w.points {
		p := &w.points[i]
		if p.ID != series || !p.Energy {
			continue
		}
		out := Counted{Name: p.Name, Of: sp.days()}
		for d := range sp.days() {
			if w.good(p.ID, d) {
				out.Days++
			}
		}
		var ok bool
		out.WattHours, ok, err = s.o.Series.Consumed(ctx, series, sp.from.UnixNano(), sp.to.UnixNano())
		return out, ok && out.WattHours >= 0 && out.Days > 0, err
	}
	return Counted{}, false, nil
}
