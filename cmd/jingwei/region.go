package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// openAtlas opens what says where regions are drawn.
func (n *node) openAtlas(ctx context.Context) error {
	list, err := atlas.Load(n.packs)
	if err != nil {
		return err
	}
	n.atlas, err = atlas.New(ctx, atlas.Options{DB: n.db, Arrangements: list, Now: n.now})
	return err
}

// regionRoutes adds a region's targets as a file.
func (n *node) regionRoutes() {
	type report struct {
		Spoken
		Org    uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Keeper of the register of enterprises"`
		Region string    `query:"region" required:"true" pattern:"^[0-9]{6}$" doc:"GB/T 2260"`
		On     string    `query:"on" maxLength:"10" doc:"Day; today without it"`
		Kept   bool      `query:"kept" doc:"Of the policies that the keeper has adopted, as its figures are kept; the region is the keeper's own"`
		AsOf   time.Time `query:"asOf" doc:"With kept: as this node knew it then"`
		Format string    `query:"format" enum:"pdf,xlsx" default:"pdf"`
	}
	op := api.Tag("indicators").Operation(http.MethodGet, "reportRegion", "/region-report", "A region's targets as a report to be signed (PDF), or as a workbook")
	op.Description = "Each target with what is wanted, what is so, coverage, grade, gap and status; the PDF also tells what is missing and each clause word for word. Computed when it is asked for unless kept figures are, in the caller's language."
	api.Register(n.api, binaryAnswer(op), func(ctx context.Context, in *report) (*paper, error) {
		ask := indicator.ReportAsk{Keeper: in.Org, Region: in.Region, On: in.On, Lang: in.lang(), Demo: n.demo, At: n.now()}
		if o, err := n.orgs.Get(ctx, in.Org); err == nil {
			ask.Author = o.Name.In(in.lang())
		}
		if in.Kept {
			list, err := n.figures.Targets(ctx, in.Org, in.On, 0, asOf(in.AsOf))
			if err != nil {
				return nil, err
			}
			ask.Kept = &indicator.KeptTargets{List: store.All(list, func(x *figure.FigureTarget) indicator.TargetProgress { return x.TargetProgress }), Region: ask.Author, AsOf: in.AsOf}
			if name, ok := n.divisionName(in.Region); ok {
				ask.Kept.Region = name.In(in.lang())
			}
		}
		d, err := n.indicators.Report(ctx, ask)
		if err != nil {
			return nil, err
		}
		return on(d, in.Format, "targets-"+in.Region)
	})
}

// asOf is a time as of which figures are asked for; now where it is zero.
func asOf(t time.Time) int64 {
	if t.IsZero() {
		return figure.Now
	}
	return max(t.UnixNano(), 1)
}

// divisionName is what policies, or else tiles, call a division.
func (n *node) divisionName(code string) (text.Text, bool) {
	for _, p := range n.indicators.Library().Policies() {
		if p.Region.Code == code {
			return p.Region.Name, true
		}
	}
	for _, a := range n.atlas.Arrangements() {
		for i := range a.Tiles {
			if a.Tiles[i].Code == code {
				return a.Tiles[i].Name, true
			}
		}
	}
	return text.Text{}, false
}
