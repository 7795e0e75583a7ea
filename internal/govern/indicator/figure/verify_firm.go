package figure

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// enterprise packs an enterprise's value of this node: what is kept of it and, as deep as it may be told, what it rests on.
func (p *prover) enterprise(ctx context.Context, home uuid.UUID, k Key) (_ []byte, err error) {
	d := p.x.s.o.Library.Definition(k.Indicator)
	if d == nil {
		return nil, store.ErrNotFound
	}
	row, ok, err := p.x.s.store.Row(ctx, p.x.s.o.DB, k.Column(Local), k.Code, Now)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, store.ErrNotFound
	}
	if err := p.words(d, Hash{}); err != nil {
		return nil, err
	}
	p.w.m.Body = p.w.blob(row.Encode())
	if p.w.m.Seal, err = p.seal(ctx, row.Commit, row.sealed(k.Column(Local))); err != nil {
		return nil, fmt.Errorf("the observation of %s: %w", k.Code, err)
	}
	if p.grade < GradeRecomputed || org.Level(p.depth) < org.Level(org.LevelFacts) {
		p.w.omit("ground", p.x.o.Consent.Code())
		return p.w.bytes()
	}
	period, _ := k.Time()
	_, t, err := p.x.o.Proofs.Recorded(ctx, home, d, period, k.Baseline)
	if err != nil {
		return nil, err
	}
	if len(t.Fleets)+len(t.Counters) > 0 && org.Level(p.depth) < org.Level(org.LevelReadings) {
		p.w.omit("ground", p.x.o.Consent.Code()) // it names series
		return p.w.bytes()
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	g := &packGround{Transcript: p.w.blob(text)}
	p.w.m.Ground = g
	seen := map[uuid.UUID]bool{}
	for _, read := range t.Facts {
		for _, f := range read.List {
			if seen[f.ID] {
				continue
			}
			seen[f.ID] = true
			x := packFact{ID: f.ID, Revision: f.Revision}
			proven, err := p.x.o.Proofs.Fact(ctx, home, f.ID, f.Revision)
			if err != nil {
				x.Why = whyNot(err)
			} else {
				x.Payload, x.Bundle = p.w.blob(proven.Payload), p.w.blob(proven.Bundle)
			}
			g.Facts = append(g.Facts, x)
		}
	}
	if err := p.readings(ctx, home, k, t); err != nil {
		return nil, err
	}
	return p.w.bytes()
}
