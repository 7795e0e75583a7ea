package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/shown"
)

// openExplainer opens what says what figures follow from, and answers the questions of other nodes. It needs figures and neighbours.
func (n *node) openExplainer(context.Context) error {
	n.explainer = figure.NewExplainer(figure.ExplainerOptions{
		Figures: n.figures, Sources: figureSources{n}, Agreements: n.orgs, Ask: n.neighbours.Ask, Consent: neighbour.ErrConsent, Ground: figureGround{n}, Streams: figureStreams{n.neighbours}, Log: n.evidence,
		Node: n.id, NodeName: n.cfg.Node.Name, Key: n.orgs.NodeKey(), Logger: n.log,
	})
	n.neighbours.Answer(figure.AskExplain, n.explainer.AnswerExplain)
	n.neighbours.Answer(figure.AskFact, n.explainer.AnswerFact)
	n.neighbours.Answer(figure.AskSample, n.explainer.AnswerSample)
	return nil
}

// figureGround is what values rest on (figure.Ground).
type figureGround struct{ *node }

func (g figureGround) Fact(ctx context.Context, org, id uuid.UUID, revision int64) (out figure.FigureFact, err error) {
	var found *fact.Fact
	err = store.Each(func(page store.Page) ([]fact.Fact, string, error) {
		return g.facts.History(auth.AsSystem(ctx, "figures"), id, page)
	}, func(f fact.Fact) error {
		if f.Org == org && f.Revision == revision {
			found = &f
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	k := g.facts.Kinds().Get(kindOf(found))
	if found == nil || k == nil {
		return out, fmt.Errorf("revision %d of fact %s: %w", revision, id, store.ErrNotFound)
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
	if k.Class.Narrower(field.Internal) == field.Internal { // papers are as restricted as the fact
		out.Evidence = strings.TrimSpace(found.Evidence.By + " " + found.Evidence.Reference)
		for _, d := range found.Documents {
			out.Documents = append(out.Documents, d.Name)
		}
	}
	return out, nil
}

func kindOf(f *fact.Fact) string {
	if f == nil {
		return ""
	}
	return f.Kind
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

var _ figure.Ground = figureGround{}
