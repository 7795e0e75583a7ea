package figure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/field"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/rebuild"
	"jingwei/internal/telemetry/seal"
)

// Bounds of the samples in the pack of an enterprise.
const (
	sampleBytes = 48 << 20   // packed
	sampleRows  = 20_000_000 // of all series together
)

// ErrExpired says that samples are not those that were sealed, or not all of them, of a series of which retention has dropped some.
var ErrExpired = errors.New("expired: retention has dropped samples of the series since, so that what was sealed cannot be handed over whole")

// Metered is what the days of a counter follow from beside its samples.
type Metered struct {
	Unit       string            `json:"unit"` // UCUM
	Definition rollup.Definition `json:"definition"`
	From       int64             `json:"from,string"` // source times of the samples that bear on the days
	To         int64             `json:"to,string"`
	Before     int64             `json:"before,string"` // source time of the last reading before; 0: there is none
	Days       []MeteredDay      `json:"days"`          // in order, those with a row
	Expired    bool              `json:"-"`             // samples of that time may have gone
}

// MeteredDay is the row of a day as the node has it.
type MeteredDay struct {
	Text string `json:"text"`           // kept.Word
	Open bool   `json:"open,omitempty"` // the day has not ended
}

// hand hands over the samples on which an enterprise's value rests.
type hand struct {
	p      *prover
	home   uuid.UUID
	k      Key
	series map[uuid.UUID]*handed
	rows   int
	now    int64
}

// handed is what is handed over of a series.
type handed struct {
	rebuild.Samples
	days map[string]bool
}

// readings packs the samples on which machines and meters rest.
func (p *prover) readings(ctx context.Context, home uuid.UUID, k Key, t *indicator.Transcript) error {
	h := &hand{p: p, home: home, k: k, series: map[uuid.UUID]*handed{}, now: p.w.m.Made}
	g := p.w.m.Ground
	for i := range t.Fleets {
		read := &t.Fleets[i]
		working := p.x.o.Proofs.Working(read.From, read.To)
		for _, day := range working {
			if !slices.Contains(g.Working, day) {
				g.Working = append(g.Working, day)
			}
		}
		for j := range read.Fleet.Machines {
			if err := h.machine(ctx, read, &read.Fleet.Machines[j], working); err != nil {
				return err
			}
		}
	}
	for i := range t.Counters {
		if read := &t.Counters[i]; read.Known {
			if err := h.meter(ctx, read); err != nil {
				return err
			}
		}
	}
	return nil
}

// machine hands over as few series as show on which days a machine delivered: where it did on all working days those that show it, else
// all that it has.
func (h *hand) machine(ctx context.Context, read *indicator.FleetRead, m *indicator.Machine, working []string) error {
	if m.Days == 0 || len(m.Series) == 0 {
		return nil
	}
	missing := slices.Clone(working)
	bounds := indicator.CivilDays(read.From, read.To)
	list, err := h.p.x.o.Proofs.Fewest(ctx, h.home, m.Series, read.From, read.To)
	if err != nil {
		return err
	}
	for _, series := range list {
		from, to := read.From, read.To
		if m.Days == len(working) {
			if len(missing) == 0 {
				break
			}
			first, _ := field.Day(missing[0])
			last, _ := field.NextDay(missing[len(missing)-1])
			from, to = max(from, first), min(to, last)
		}
		s, err := h.take(ctx, series, from, to)
		if err != nil {
			return err
		}
		good := s.Good(bounds, h.now)
		missing = slices.DeleteFunc(missing, func(day string) bool {
			i := slices.IndexFunc(bounds[:len(bounds)-1], func(at int64) bool { return field.DateOf(at) == day })
			return i >= 0 && good[i] > 0
		})
	}
	return nil
}

// meter hands over what the days of a counter follow from.
func (h *hand) meter(ctx context.Context, read *indicator.CounterRead) error {
	x, err := h.p.x.o.Proofs.Metered(ctx, h.home, read.Series, read.From, read.To)
	if err != nil {
		return err
	}
	text, err := json.Marshal(x)
	if err != nil {
		return err
	}
	g := h.p.w.m.Ground
	g.Meters = append(g.Meters, packMeter{read.Series, read.From, read.To, h.p.w.blob(text)})
	if x.Expired {
		g.Samples = append(g.Samples, packSamples{Series: read.Series, Day: seal.DayOf(x.From).String(), Why: ErrExpired.Error()})
		return nil
	}
	if x.Before != 0 {
		if _, err := h.take(ctx, read.Series, x.Before, x.Before+1); err != nil {
			return err
		}
	}
	_, err = h.take(ctx, read.Series, min(x.From, read.From), max(x.To, read.To))
	return err
}

// take hands over the leaves that hold samples of a series in a time, those that are not there yet.
func (h *hand) take(ctx context.Context, series uuid.UUID, from, to int64) (*handed, error) {
	s := h.series[series]
	if s == nil {
		s = &handed{days: map[string]bool{}}
		h.series[series] = s
	}
	days, err := h.p.x.o.Proofs.Holding(ctx, h.home, series, from, to)
	if err != nil {
		return nil, err
	}
	for _, day := range days {
		if s.days[day] {
			continue
		}
		s.days[day] = true
		if err := h.leaf(ctx, s, series, day, from, to); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (h *hand) leaf(ctx context.Context, s *handed, series uuid.UUID, day string, from, to int64) error {
	x := packSamples{Series: series, Day: day}
	proven, err := h.p.x.o.Proofs.Samples(ctx, h.home, series, day, from, to, int(sampleBytes-h.p.bytes))
	var differs *seal.DigestError
	switch {
	case errors.As(err, &differs):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case errors.Is(err, ErrExpired):
		x.Why = ErrExpired.Error()
	case errors.Is(err, seal.ErrLarge) || err == nil && h.rows >= sampleRows:
		x.Why = fmt.Sprintf("%s: the samples of %s are more than the %d MB or %d samples that a pack holds: verify a shorter period than %s, or a part of the enterprise's machines", ErrTooLarge.Code(), h.k.Code, sampleBytes>>20, sampleRows, h.k.Period)
	case err != nil:
		if x.Why = whyNot(err); ctx.Err() != nil {
			return ctx.Err()
		}
	default:
		if _, err := tuple.ReadColumns(proven.Payload, func(r *tuple.Row) error { h.rows++; return s.Add(r) }); err != nil {
			return err
		}
		h.p.bytes += int64(len(proven.Payload))
		x.Columns, x.Bundle = h.p.w.blob(proven.Payload), h.p.w.blob(proven.Bundle)
	}
	h.p.w.m.Ground.Samples = append(h.p.w.m.Ground.Samples, x)
	return nil
}
