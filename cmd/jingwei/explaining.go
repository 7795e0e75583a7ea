package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/office/flow/workday"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/rollup"
	"jingwei/internal/telemetry/rollup/kept"
	"jingwei/internal/telemetry/seal"
	"jingwei/internal/telemetry/shown"
)

// openExplainer opens what says what figures follow from, and answers the questions of other nodes. It needs figures and neighbours.
func (n *node) openExplainer(context.Context) error {
	n.explainer = figure.NewExplainer(figure.ExplainerOptions{
		Figures: n.figures, Sources: figureSources{n}, Agreements: n.orgs, Ask: n.neighbours.Ask, Consent: neighbour.ErrConsent, Ground: figureGround{n}, Streams: figureStreams{n.neighbours}, Log: n.evidence, Proofs: figureProofs{n},
		Node: n.id, NodeName: n.cfg.Node.Name, Key: n.orgs.NodeKey(), Logger: n.log,
	})
	n.neighbours.Answer(figure.AskExplain, n.explainer.AnswerExplain)
	n.neighbours.Answer(figure.AskFact, n.explainer.AnswerFact)
	n.neighbours.Answer(figure.AskSample, n.explainer.AnswerSample)
	n.neighbours.Answer(figure.AskProve, n.explainer.AnswerProve)
	n.neighbours.Answer(figure.AskDecide, n.figures.AnswerDecide)
	return nil
}

// figureGround is what values rest on (figure.Ground).
type figureGround struct{ *node }

func (g figureGround) Fact(ctx context.Context, org, id uuid.UUID, revision int64) (out figure.FigureFact, err error) {
	found, k, err := g.revision(ctx, org, id, revision)
	if err != nil {
		return out, err
	}
	out = figure.FigureFact{ID: found.ID, Revision: found.Revision, Kind: found.Kind, KindName: k.Name, Source: found.Source, Grade: found.Grade.String(), Documents: []string{}, Since: instantOf(found.Since), Until: instantOf(found.Until), At: time.Unix(0, found.At).UTC(), Fields: []figure.FigureFactField{}}
	visible := k.Fields.Visible(found.Record, k.Class, field.Internal)
	for i := range k.Fields {
		f := &k.Fields[i]
		v, ok := visible[f.Key]
		if !ok {
			continue
		}
		word, isText := v.(string)
		if !isText {
			b, err := json.Marshal(v)
			if err != nil {
				return out, err
			}
			word = string(b)
		}
		out.Fields = append(out.Fields, figure.FigureFactField{Key: f.Key, Name: f.Name, Text: word})
	}
	out.Hidden = len(found.Record) - len(visible)
	if k.Class.Reaches(field.Internal) { // papers are as restricted as the fact
		out.Evidence = strings.TrimSpace(found.Evidence.By + " " + found.Evidence.Reference)
		for _, d := range found.Documents {
			out.Documents = append(out.Documents, d.Name)
		}
	}
	return out, nil
}

// revision finds one of a fact of an organisation. Error: store.ErrNotFound.
func (n *node) revision(ctx context.Context, org, id uuid.UUID, revision int64) (found fact.Fact, k *fact.Kind, err error) {
	err = store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		return n.facts.History(auth.AsSystem(ctx, "figures"), id, page)
	}, func(f fact.Fact) error {
		if f.Org == org && f.Revision == revision {
			found = f
		}
		return nil
	})
	if k = n.facts.Kinds().Get(found.Kind); err == nil && (found.ID == uuid.Nil || k == nil) {
		err = fmt.Errorf("revision %d of fact %s: %w", revision, id, store.ErrNotFound)
	}
	return found, k, err
}

// instantOf is a bound of a fact; nil for always and for ever.
func instantOf(ns int64) *time.Time {
	if ns <= field.Always || ns >= store.Forever {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}

func (g figureGround) Sample(ctx context.Context, org, series uuid.UUID) (out figure.FigureSample, err error) {
	p, err := g.plant.LastPoint(ctx, auth.System(org), series)
	if err != nil {
		return out, err
	}
	m, err := g.plant.Node(ctx, auth.System(org), p.Machine, time.Time{})
	if err != nil {
		return out, err
	}
	out = figure.FigureSample{Series: series, Name: p.Name, Machine: m.Name, Unit: p.Unit}
	ref, ok := g.telemetry.Lookup(series)
	if !ok {
		return out, nil
	}
	now := g.now().UnixNano()
	list := g.telemetry.Latest([]telemetry.Ref{ref}, now, nil)
	if len(list) == 0 || list[0].Time == 0 {
		return out, nil
	}
	s := &list[0]
	value, err := json.Marshal(shown.Value{Value: s.Value})
	if err != nil {
		return out, err
	}
	out.Time, out.Received, out.Value, out.Status = instantOf(s.Time), instantOf(s.Gateway), strings.Trim(string(value), `"`), shown.StatusName(s.Status)
	if c, ok, err := g.telemetry.Commit(s.Commit); err == nil && ok {
		out.Commit = instantOf(c.Time)
	}
	out.Day = field.DateOf(s.Time)
	begin, _ := field.Day(out.Day)
	end, _ := field.NextDay(out.Day)
	days, err := g.telemetry.Aggregate(ctx, []telemetry.Ref{ref}, telemetry.Span{}, telemetry.AggregateOptions{Bounds: []int64{begin, end}, Now: now})
	if err != nil {
		return out, err
	}
	out.Samples, out.Covered = days[0][0].Count, int64(days[0][0].Covered/time.Second)
	return out, nil
}

// figureProofs are what packs take from other rooms (figure.Proofs).
type figureProofs struct{ *node }

func (p figureProofs) Definition(id string) ([]byte, error) {
	return fs.ReadFile(p.packs, indicator.DefinitionDir+"/"+id+".yaml")
}

func (p figureProofs) Vocabulary() indicator.Vocabulary {
	return indicatorWords{p.facts, p.registers, p.checkups, p.plant}
}

func (p figureProofs) Accepted(ctx context.Context, a *org.Agreement) (out []figure.Proven, err error) {
	acts, err := p.orgs.AgreementHistory(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for i := range acts {
		act := &acts[i]
		if act.Act != org.ActAccept || act.Version != a.Version || act.Hash != a.Hash() {
			continue
		}
		x, err := p.record(ctx, act.ID)
		if errors.Is(err, seal.ErrPending) || errors.Is(err, store.ErrNotFound) {
			continue // it is not sealed yet
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (p figureProofs) record(ctx context.Context, id uuid.UUID) (figure.Proven, error) {
	payload, bundle, err := p.seal.ProveRecord(ctx, id)
	if err != nil {
		return figure.Proven{}, err
	}
	return proven(payload, bundle)
}

func proven(payload []byte, bundle *seal.Bundle) (figure.Proven, error) {
	file, err := bundle.Encode()
	return figure.Proven{Payload: payload, Bundle: file}, err
}

func (p figureProofs) Recorded(ctx context.Context, id uuid.UUID, d *indicator.Definition, period indicator.Period, baseline string) (*indicator.Valuation, *indicator.Transcript, error) {
	e, keeper, err := figureSources(p).self(ctx, id, period.To)
	if err != nil {
		return nil, nil, err
	}
	return p.indicators.Recorded(auth.AsSystem(ctx, "figures"), d, indicator.Asked{Keeper: keeper, Firm: e, Period: period, Baseline: baseline})
}

func (p figureProofs) Fact(ctx context.Context, of, id uuid.UUID, revision int64) (figure.Proven, error) {
	f, k, err := p.revision(ctx, of, id, revision)
	if err != nil {
		return figure.Proven{}, err
	}
	if len(k.Fields.Visible(f.Record, k.Class, field.Internal)) < len(f.Record) {
		return figure.Proven{}, neighbour.ErrConsent.With("what", "it has restricted fields") // a leaf is of all of them
	}
	return p.record(ctx, f.RevisionID)
}

// pointOf finds a series among the points of an organisation. Error: store.ErrNotFound.
func (p figureProofs) pointOf(ctx context.Context, of, series uuid.UUID) error {
	_, err := p.plant.LastPoint(ctx, auth.System(of), series)
	return err
}

func (p figureProofs) Holding(ctx context.Context, of, series uuid.UUID, from, to int64) (out []string, err error) {
	if err := p.pointOf(ctx, of, series); err != nil {
		return nil, err
	}
	days, err := p.seal.Holding(ctx, series, telemetry.Span{From: from, To: to})
	for _, d := range days {
		out = append(out, d.String())
	}
	return out, err
}

func (p figureProofs) Samples(ctx context.Context, of, series uuid.UUID, day string, from, to int64, most int) (figure.Proven, error) {
	if err := p.pointOf(ctx, of, series); err != nil {
		return figure.Proven{}, err
	}
	d, err := seal.ParseDay(day)
	if err != nil {
		return figure.Proven{}, err
	}
	columns, bundle, err := p.seal.Hand(ctx, series, d, telemetry.Span{From: from, To: to}, most)
	var differs *seal.DigestError
	if errors.As(err, &differs) && p.retention.Horizon(series) > 0 {
		return figure.Proven{}, figure.ErrExpired
	}
	if err != nil {
		return figure.Proven{}, err
	}
	return proven(columns, bundle)
}

func (p figureProofs) Fewest(ctx context.Context, of uuid.UUID, series []uuid.UUID, from, to int64) ([]uuid.UUID, error) {
	counts := map[uuid.UUID]uint64{}
	var refs []telemetry.Ref
	for _, id := range series {
		if ref, ok := p.telemetry.Lookup(id); ok {
			refs = append(refs, ref)
		}
	}
	err := p.telemetry.AggregateEach(ctx, refs, telemetry.Span{}, telemetry.AggregateOptions{Bounds: []int64{from, to}, Now: p.now().UnixNano()}, func(i int, b []telemetry.Bucket) error {
		s, _ := p.telemetry.Series(refs[i])
		counts[s.ID] = b[0].Count
		return nil
	})
	out := slices.Clone(series)
	slices.SortStableFunc(out, func(a, b uuid.UUID) int { return cmp.Compare(counts[a], counts[b]) })
	return out, err
}

func (p figureProofs) Metered(ctx context.Context, of, series uuid.UUID, from, to int64) (*figure.Metered, error) {
	if err := p.pointOf(ctx, of, series); err != nil {
		return nil, err
	}
	g, err := p.rollups.Ground(ctx, kept.Question{Series: series, Level: rollup.LevelDay, Span: telemetry.Span{From: from, To: to}})
	if err != nil {
		return nil, err
	}
	out := &figure.Metered{Unit: g.Series.Unit, Definition: g.Definition, From: g.Span.From, To: g.Span.To, Days: []figure.MeteredDay{}, Expired: g.Expired}
	if g.Before.Known {
		out.Before = g.Before.Time
	}
	for i := range g.Results {
		if r := &g.Results[i]; r.From >= from && r.To <= to && !r.Nothing {
			out.Days = append(out.Days, figure.MeteredDay{Text: r.Word.String(), Open: r.Open})
		}
	}
	return out, nil
}

func (p figureProofs) Working(from, to int64) (out []string) {
	bounds := indicator.CivilDays(from, to)
	for _, at := range bounds[:max(len(bounds)-1, 0)] {
		if p.flows.Calendar().Working(workday.DayOf(at)) {
			out = append(out, field.DateOf(at))
		}
	}
	return out
}

var (
	_ figure.Ground = figureGround{}
	_ figure.Proofs = figureProofs{}
)
