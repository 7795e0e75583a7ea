package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/assess/checkup"
	"jingwei/internal/govern/assess/measured"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/plant"
	"jingwei/internal/plant/ucum"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
)

// openCheckups opens what finds facts of plants out, and the check-ups that use them.
func (n *node) openCheckups(ctx context.Context) (err error) {
	n.measured = measured.New(measured.Options{Plant: measuredPlant{n.plant}, Series: measuredSeries{n.telemetry, n.rollups, n.now}})
	n.checkups, err = checkup.New(ctx, checkup.Options{
		DB: n.db, Packs: n.packs, Documents: checkupPapers{n.facts}, Facts: n.measured, Firms: checkupFirms{n.orgs, n.known},
		Needs: gapNeeds{n}, Messenger: campaignMessages{n}, Now: n.now, Logger: n.log,
	})
	return err
}

// checkupPapers lets check-ups ask for papers that were handed in (checkup.Documents).
type checkupPapers struct{ room *fact.Service }

func (p checkupPapers) Document(ctx context.Context, org uuid.UUID, id string) (string, error) {
	d, err := p.room.Handed(ctx, org, id)
	return d.Name, err
}

func (p checkupPapers) Content(ctx context.Context, org uuid.UUID, id string) (name, media string, data []byte, err error) {
	d, data, err := p.room.ReadHanded(ctx, org, id)
	return d.Name, d.Media, data, err
}

// checkupFirms tells check-ups who organisations are (checkup.Firms).
type checkupFirms struct {
	orgs  *org.Service
	known enterprises
}

func (f checkupFirms) Firm(ctx context.Context, id uuid.UUID, day string) (checkup.Firm, error) {
	o, err := f.orgs.Get(ctx, id)
	if err != nil {
		return checkup.Firm{}, err
	}
	out := checkup.Firm{Org: id, Name: o.Name, Code: o.CreditCode}
	e, ok, err := f.known.Of(ctx, id, day)
	if err != nil || !ok {
		return out, err
	}
	out.Size = e.Size
	out.Industry = division(e.Industry)
	if len(e.Region) == 6 { // benchmarks are by city
		out.Place = e.Region[:4] + "00"
	}
	return out, nil
}

// division is that of a code of GB/T 4754, however fine: C3670, 3670 and C36 are in 36. The letter of the section follows from it.
func division(code string) string {
	digits := strings.TrimLeft(code, "ABCDEFGHIJKLMNOPQRST")
	return digits[:min(len(digits), 2)]
}

func (f checkupFirms) ByCode(ctx context.Context, code string) (uuid.UUID, error) {
	normal, err := org.CreditCode(code)
	if err != nil {
		return uuid.Nil, fmt.Errorf("credit code: %w", store.ErrNotFound)
	}
	o, ok, err := f.orgs.WithCreditCode(ctx, normal)
	if err == nil && !ok {
		err = fmt.Errorf("credit code: %w", store.ErrNotFound)
	}
	return o.ID, err
}

// measuredPlant tells which machines and points a plant has (measured.Plant).
type measuredPlant struct{ plant *plant.Service }

// auxiliary is the class of machines that are no production machines.
const auxiliary = "plant-auxiliary"

func (p measuredPlant) Plant(ctx context.Context, id uuid.UUID, at time.Time) (machines []measured.Machine, points []measured.Point, err error) {
	scope := auth.System(id)
	nodes, err := p.plant.Whole(ctx, scope, at)
	if err != nil {
		return nil, nil, err
	}
	for _, n := range nodes {
		if n.Kind == plant.Machine {
			machines = append(machines, measured.Machine{ID: n.ID, Name: n.Name, Class: n.Class, Production: n.Class != auxiliary})
		}
	}
	err = store.Each(func(page store.Page) ([]plant.Point, string, error) {
		return p.plant.Points(ctx, scope, plant.PointFilter{At: at}, page)
	}, func(x plant.Point) error {
		points = append(points, measured.Point{ID: x.ID, Machine: x.Machine, Name: x.Name, Energy: isEnergy(x.Unit), Every: time.Duration(x.Every)})
		return nil
	})
	return machines, points, err
}

// wattHour is what energy is counted in.
var wattHour = unitOf("W.h")

func unitOf(code string) ucum.Unit {
	u, err := ucum.Parse(code)
	if err != nil {
		panic(err)
	}
	return u
}

// isEnergy tells whether a unit is one of active energy. Torque (N.m) and apparent and reactive energy (V.A.h) have its dimension and
// are none.
func isEnergy(code string) bool {
	u, err := ucum.Parse(code)
	return err == nil && ucum.Commensurable(u, wattHour) && !strings.Contains(code, "N") && !strings.Contains(code, "V") && !strings.Contains(code, "{")
}

// measuredSeries tells what series have of days (measured.Series).
type measuredSeries struct {
	store *telemetry.Store
	rows  *kept.Service
	now   func() time.Time
}

func (s measuredSeries) Days(ctx context.Context, series []uuid.UUID, bounds []int64) ([][]measured.Day, error) {
	out := make([][]measured.Day, len(series))
	var refs []telemetry.Ref
	var of []int
	for i, id := range series {
		if ref, ok := s.store.Lookup(id); ok {
			refs, of = append(refs, ref), append(of, i)
		}
	}
	if len(refs) == 0 || len(bounds) < 2 {
		return out, nil
	}
	err := s.store.AggregateEach(ctx, refs, telemetry.Span{}, telemetry.AggregateOptions{Bounds: bounds, Now: s.now().UnixNano()}, func(i int, b []telemetry.Bucket) error {
		days := make([]measured.Day, len(b))
		for d := range b {
			days[d] = measured.Day{Good: b[d].Good, Covered: b[d].Covered}
		}
		out[of[i]] = days
		return nil
	})
	return out, err
}

// Consumed sums the days of a counter that the span holds whole.
func (s measuredSeries) Consumed(ctx context.Context, id uuid.UUID, from, to int64) (int64, bool, error) {
	ref, ok := s.store.Lookup(id)
	if !ok {
		return 0, false, nil
	}
	series, ok := s.store.Series(ref)
	if !ok || !isEnergy(series.Unit) {
		return 0, false, nil
	}
	list, err := s.rows.Read(ctx, kept.Question{Series: id, Level: rollup.LevelDay, Span: telemetry.Span{From: from, To: to}})
	if errors.Is(err, kept.ErrUnknown) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	rows := make([]rollup.Row, len(list))
	for i := range list {
		rows[i] = list[i].Row
	}
	return indicator.WattHours(rows, series.Unit, from, to)
}

var (
	_ checkup.Documents = checkupPapers{}
	_ checkup.Firms     = checkupFirms{}
	_ checkup.Facts     = (*measured.Service)(nil)
	_ measured.Plant    = measuredPlant{}
	_ measured.Series   = measuredSeries{}
)
