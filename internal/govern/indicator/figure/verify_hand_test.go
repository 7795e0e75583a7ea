package figure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence/tuple"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/telemetry/seal"
)

// giver hands over what a shop has.
type giver struct {
	Proofs // the others are not asked
	*shop
	refuse map[uuid.UUID]error
	asked  []uuid.UUID
}

func (g *giver) Holding(_ context.Context, _, series uuid.UUID, from, to int64) (out []string, err error) {
	for day, rows := range g.leaves[series] {
		if slices.ContainsFunc(rows, func(r tuple.Row) bool { return r.Time >= from && r.Time < to }) {
			out = append(out, day)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (g *giver) Samples(_ context.Context, _, series uuid.UUID, day string, _, _ int64, most int) (Proven, error) {
	g.asked = append(g.asked, series)
	if err := g.refuse[series]; err != nil {
		return Proven{}, err
	}
	b := g.columns(series, day, g.leaves[series][day])
	if len(b) > most {
		return Proven{}, seal.ErrLarge
	}
	return Proven{b, proof.Must(g.bundles[series.String()+day].Encode())}, nil
}

func (g *giver) Fewest(_ context.Context, _ uuid.UUID, series []uuid.UUID, _, _ int64) ([]uuid.UUID, error) {
	out := slices.Clone(series)
	slices.SortFunc(out, func(a, b uuid.UUID) int {
		n := func(id uuid.UUID) (n int) {
			for _, rows := range g.leaves[id] {
				n += len(rows)
			}
			return n
		}
		return n(a) - n(b)
	})
	return out, nil
}

func (g *giver) Metered(context.Context, uuid.UUID, uuid.UUID, int64, int64) (*Metered, error) {
	m := g.metered
	m.Before = g.begin - int64(15*time.Minute)
	return &m, nil
}

func (g *giver) Working(int64, int64) []string { return g.working }

// handed has the giver hand over what a transcript rests on, and somebody verify it.
func (g *giver) handed(bytes int64) (*Verified, error) {
	g.asked = nil
	p := &prover{x: &Explainer{o: ExplainerOptions{Proofs: g}}, bytes: bytes}
	p.w.m.Made, p.w.m.Ground = g.made, &packGround{}
	if err := p.readings(g.t.Context(), g.org, g.k, g.transcript); err != nil {
		return nil, err
	}
	return g.proved(func(ground *packGround, w *packWriter) {
		ground.Samples, ground.Meters, ground.Working = nil, nil, p.w.m.Ground.Working
		for _, m := range p.w.m.Ground.Meters {
			m.Ground = w.blob(p.w.blobs[m.Ground])
			ground.Meters = append(ground.Meters, m)
		}
		for _, x := range p.w.m.Ground.Samples {
			if x.Why == "" {
				x.Columns, x.Bundle = w.blob(p.w.blobs[x.Columns]), w.blob(p.w.blobs[x.Bundle])
			}
			ground.Samples = append(ground.Samples, x)
		}
	}), nil
}

// What a giver hands over is enough to make everything again, and each leaf is handed over once. What is too much, or gone, is said.
func TestWhatIsHandedOverIsEnough(t *testing.T) {
	g := &giver{shop: newShop(t), refuse: map[uuid.UUID]error{}}
	v := proof.Must(g.handed(0))
	if v.Grade != Recomputed {
		t.Fatal(v)
	}
	leaves := 0
	for _, days := range g.leaves {
		leaves += len(days)
	}
	if len(g.asked) > leaves {
		t.Errorf("%d leaves were handed over, and there are %d", len(g.asked), leaves)
	}
	// A machine that delivered on all working days is shown by the series with the fewest samples alone.
	f := &g.transcript.Fleets[0].Fleet
	f.Machines[0].Series = append(f.Machines[0].Series, g.meter)
	f.Machines[0].Days, f.Machines[1].Series, f.Machines[1].Days = len(g.working), nil, 0
	g.observe()
	if v := proof.Must(g.handed(0)); v.Grade != Recomputed || !slices.Contains(g.asked, g.meter) || g.asked[0] != g.mill {
		t.Errorf("%v asked for %v", v, g.asked)
	}
	// Too much: what to narrow is said, the rest is verified.
	if v := proof.Must(g.handed(sampleBytes - 100)); v.Grade != Proved || !strings.Contains(v.String(), "verify a shorter period than 2026-06, or a part of the enterprise's machines") {
		t.Error(v)
	}
	g.refuse[g.mill], g.refuse[g.meter] = ErrExpired, ErrExpired
	if v := proof.Must(g.handed(0)); v.Grade != Proved || !strings.Contains(v.String(), "retention has dropped samples") {
		t.Error(v)
	}
	// What the store gives and was not sealed ends it: it names the series.
	g.refuse[g.mill] = &seal.DigestError{Series: g.mill, Day: "2026-06-05"}
	if _, err := g.handed(0); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), g.mill.String()) {
		t.Error(err)
	}
}
