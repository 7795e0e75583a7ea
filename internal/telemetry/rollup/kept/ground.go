package kept

import (
	"context"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
)

// Ground is what rows follow from beside the samples, so that somebody who has these makes the rows again.
type Ground struct {
	Series     telemetry.Series
	Definition rollup.Definition
	Results    []Result
	Span       telemetry.Span // of the samples from which the rows follow, but for Before
	Before     rollup.Reading // counters: the last good reading before the span
	Expired    bool           // samples of the span may have gone by a rule
}

// Ground tells rows as Read does, as of now, with what they follow from. Errors: as Read.
func (s *Service) Ground(ctx context.Context, q Question) (*Ground, error) {
	q.AsOf, q.Now = 0, 0
	list, err := s.Read(ctx, q)
	if err != nil {
		return nil, err
	}
	x, err := s.subject(q.Series, 0)
	if err != nil {
		return nil, err
	}
	out := &Ground{Series: x.series, Definition: x.d, Results: list, Span: x.d.Scan(q.Span)}
	if n := len(list); n > 0 {
		out.Span = x.d.Scan(telemetry.Span{From: min(q.Span.From, list[0].From), To: max(q.Span.To, list[n-1].To)})
	}
	out.Span.To = min(out.Span.To, telemetry.MaxTime)
	cutoff := s.o.Cutoff(&x.series)
	out.Expired = cutoff > 0 && out.Span.From < cutoff
	if x.d.Counter != nil {
		out.Before, err = s.lastReading(ctx, x, out.Span.From, view{now: s.o.Now().UnixNano()})
	}
	return out, err
}
