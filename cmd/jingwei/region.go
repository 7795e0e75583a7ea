package main

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"jingwei/internal/govern/atlas"
	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/api"
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
		Format string    `query:"format" enum:"pdf,xlsx" default:"pdf"`
	}
	op := api.Tag("indicators").Operation(http.MethodGet, "reportRegion", "/region-report", "A region's targets as a report to be signed (PDF), or as a workbook")
	op.Description = "Each target with what is wanted, what is so, coverage, grade, gap and status; the PDF also tells what is missing and each clause word for word. Computed when it is asked for, in the caller's language."
	api.Register(n.api, binaryAnswer(op), func(ctx context.Context, in *report) (*paper, error) {
		ask := indicator.ReportAsk{Keeper: in.Org, Region: in.Region, On: in.On, Lang: in.lang(), Demo: n.demo, At: n.now()}
		if o, err := n.orgs.Get(ctx, in.Org); err == nil {
			ask.Author = o.Name.In(in.lang())
		}
		d, err := n.indicators.Report(ctx, ask)
		if err != nil {
			return nil, err
		}
		return on(d, in.Format, "targets-"+in.Region)
	})
}
