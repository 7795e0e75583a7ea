package measured

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/field"
)

// Plant is what is asked of the plant model.
type Plant interface {
	// Plant returns the machines and points of an organisation as they are at a time.
	Plant(ctx context.Context, org uuid.UUID, at time.Time) ([]Machine, []Point, error)
}

// Series is what is asked of telemetry.
type Series interface {
	// Days tells what series have of each of the spans between bounds (ns since 1970 UTC); nil for a series of which nothing is known.
	Days(ctx context.Context, series []uuid.UUID, bounds []int64) ([][]Day, error)
	// Consumed is what a counter of energy counted in a span, in Wh; false where it is no counter or nothing is known.
	Consumed(ctx context.Context, series uuid.UUID, from, to int64) (wattHours int64, ok bool, err error)
}

// Options build a Service. All are required.
type Options struct {
	Plant  Plant
	Series Series
}

// Service finds facts out.
type Service struct{ o Options }

// New makes a Service.
func New(o Options) *Service { return &Service{o} }

// Known finds facts out at a time; those that cannot be are left out.
func (s *Service) Known(ctx context.Context, org uuid.UUID, keys []string, at time.Time) ([]assess.Known, error) {
	out := []assess.Known{}
	looked := map[int]*seen{}
	for _, key := range keys {
		days := window(key)
		if days == 0 {
			continue
		}
		w := looked[days]
		if w == nil {
			var err error
			if w, err = s.look(ctx, org, back(at, days), wanted(days)); err != nil {
				return nil, err
			}
			looked[days] = w
		}
		if k, ok := w.fact(key); ok {
			out = append(out, k)
		}
	}
	return out, nil
}

// Fact finds one fact out at a time; false where it cannot be.
func (s *Service) Fact(ctx context.Context, org uuid.UUID, key string, at time.Time) (assess.Known, bool, error) {
	list, err := s.Known(ctx, org, []string{key}, at)
	if err != nil || len(list) == 0 {
		return assess.Known{}, false, err
	}
	return list[0], true, nil
}

// Over finds one fact out over a span: machines.networked as machine-days of machine-days, days of metering in it, what a counter counted.
// False where it cannot be. The plant is that of the end of the span.
func (s *Service) Over(ctx context.Context, org uuid.UUID, key string, from, to time.Time) (assess.Known, bool, error) {
	meter, counted := strings.CutPrefix(key, Consumption)
	if !counted && !slices.Contains(Keys, key) {
		return assess.Known{}, false, nil
	}
	sp := civil(from, to)
	if sp.days() < 1 || sp.days() > most {
		return assess.Known{}, false, fmt.Errorf("fact %s over %d days: 1 to %d can be looked at", key, sp.days(), most)
	}
	if counted {
		return s.consumed(ctx, org, key, meter, sp)
	}
	w, err := s.look(ctx, org, sp, nil)
	if err != nil {
		return assess.Known{}, false, err
	}
	if key == Networked {
		k, ok := w.machineDays(w.known(key, "%d天中生产设备有数据的台天数，占全部台天数", "machine-days with data, of all machine-days of production machines in %d days", sp.days()))
		return k, ok, nil
	}
	k, ok := w.fact(key)
	return k, ok, nil
}

// consumed is what one counter of the organisation counted.
func (s *Service) consumed(ctx context.Context, org uuid.UUID, key, series string, sp span) (assess.Known, bool, error) {
	id, err := uuid.Parse(series)
	if err != nil {
		return assess.Known{}, false, nil
	}
	w, err := s.look(ctx, org, sp, func(p *Point) bool { return p.ID == id })
	if err != nil {
		return assess.Known{}, false, err
	}
	k := w.known(key, "该电能表%d天的计数（千瓦时）", "what the energy counter counted in %d days (kWh)", sp.days())
	if list := w.meters(&k); len(list) != 1 {
		return k, false, nil
	}
	n, ok, err := s.o.Series.Consumed(ctx, id, sp.from.UnixNano(), sp.to.UnixNano())
	k.Number, k.Unit = fmt.Sprintf("%d.%03d", n/1000, n%1000), "kW.h"
	return k, ok && n >= 0, err
}

// window is how many days are looked at for a fact at a time; 0 for what cannot be found out at one.
func window(key string) int {
	switch key {
	case Networked, Production, Equipment, Energy, Realtime:
		return recent
	case Digital:
		return ever
	case MeterDays, SubmeterDays, SubmeterEvery:
		return long
	}
	return 0
}

// wanted are the points that matter to a window, nil for all.
func wanted(days int) func(*Point) bool {
	if days == long {
		return isEnergy
	}
	return nil
}

// fact finds one out from what was seen.
func (w *seen) fact(key string) (assess.Known, bool) {
	n := w.span.looked
	delivers := func(_ Machine, days int) bool { return days > 0 }
	switch key {
	case Digital:
		return w.share(w.known(key, "%d天内有过数据的生产设备数，占工厂模型中的生产设备数", "production machines that have delivered data in %d days, of those of the plant model", n), delivers, nil)
	case Networked:
		return w.share(w.known(key, "最近%d天有数据的生产设备数，占工厂模型中的生产设备数", "production machines that delivered data in the last %d days, of those of the plant model", n), delivers, nil)
	case Realtime:
		return w.share(w.known(key, "最近%d天有数据且至少每分钟读取一次的生产设备数，占工厂模型中的生产设备数", "production machines that delivered in the last %d days and are read at least once a minute, of those of the plant model", n), delivers, isRealtime)
	case Production:
		return w.flag(w.known(key, "最近%d天有生产设备自动送来数据", "production machines delivered data in the last %d days", n), w.production(), nil)
	case Equipment:
		return w.flag(w.known(key, "最近%d天有设备自动送来数据", "machines delivered data in the last %d days", n), w.machines, nil)
	case Energy:
		return w.flag(w.known(key, "最近%d天有能源计量设备自动送来数据", "energy meters delivered data in the last %d days", n), w.machines, isEnergy)
	case MeterDays:
		return w.meterDays(w.known(key, "%d天内有能源计量数据的天数", "days with energy readings, of %d", n), 1)
	case SubmeterDays:
		return w.meterDays(w.known(key, "%d天内至少两处同时有能源计量数据的天数", "days with energy readings at two or more places, of %d", n), 2)
	case SubmeterEvery:
		return w.interval(w.known(key, "各计量处读数的平均间隔，取最慢的一处（%d天）", "mean time between readings, of the slowest place (%d days)", n))
	}
	return assess.Known{}, false
}

// look reads the plant as it is at the end of a span, and the days of its points.
func (s *Service) look(ctx context.Context, org uuid.UUID, sp span, which func(*Point) bool) (*seen, error) {
	machines, points, err := s.o.Plant.Plant(ctx, org, sp.to.Add(-time.Nanosecond)) // the end is not in the span
	if err != nil {
		return nil, fmt.Errorf("facts of a plant: %w", err)
	}
	w := &seen{span: sp, machines: machines, points: points, days: map[uuid.UUID][]Day{}}
	var ids []uuid.UUID
	for i := range points {
		if which == nil || which(&points[i]) {
			ids = append(ids, points[i].ID)
		}
	}
	for part := range slices.Chunk(ids, 500) {
		days, err := s.o.Series.Days(ctx, part, sp.bounds)
		if err != nil {
			return nil, fmt.Errorf("facts of a plant: %w", err)
		}
		for i, id := range part {
			w.days[id] = days[i]
		}
	}
	return w, nil
}

// back is so many civil days up to a time, the day of that time included.
func back(at time.Time, days int) span {
	day, _ := field.Day(field.DateOf(at.UnixNano()))
	s := civil(time.Unix(0, day).AddDate(0, 0, 1-days), at)
	if days == ever { // whether anything came is asked of the whole at once
		s.bounds = []int64{s.bounds[0], at.UnixNano()}
	}
	return s
}

// civil cuts a span into civil days of China.
func civil(from, to time.Time) span {
	s := span{from: from, to: to}
	if !from.Before(to) {
		return span{from: from, to: to, bounds: []int64{from.UnixNano()}}
	}
	s.bounds = append(s.bounds, from.UnixNano())
	for {
		next, ok := field.NextDay(field.DateOf(s.bounds[len(s.bounds)-1]))
		if !ok || next >= to.UnixNano() || len(s.bounds) > most {
			break
		}
		s.bounds = append(s.bounds, next)
	}
	s.bounds = append(s.bounds, to.UnixNano())
	s.looked = s.days()
	return s
}
