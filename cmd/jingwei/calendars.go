package main

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
	"jingwei/internal/telemetry/rollup/kept"
)

// calendarsOf lets roll-ups ask the plant by which calendars series are summed up. A series that is no point of it has the
// plant's default.
func calendarsOf(p *plant.Service) kept.Calendars {
	return func(ctx context.Context, series uuid.UUID, from, to int64) ([]kept.CalendarSpan, error) {
		spans, err := p.CalendarSpans(ctx, series, from, to)
		if errors.Is(err, store.ErrNotFound) {
			return []kept.CalendarSpan{{From: from, To: to, Calendar: plant.DefaultCalendar()}}, nil
		}
		if err != nil {
			return nil, err
		}
		return store.All(spans, func(x *plant.CalendarSpan) kept.CalendarSpan {
			return kept.CalendarSpan{From: x.From, To: x.To, Calendar: x.Calendar}
		}), nil
	}
}
