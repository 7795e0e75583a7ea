package figure

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
)

// FigureVia names the agreements that a question follows downward.
type FigureVia struct {
	Via string `query:"via" maxLength:"400" doc:"Agreements to follow downward from this node, by id, the first first, with commas between them"`
}

// ways reads it. Error: ErrVia.
func (v FigureVia) ways() (out []uuid.UUID, err error) {
	if v.Via == "" {
		return nil, nil
	}
	for _, word := range strings.Split(v.Via, ",") {
		id, err := uuid.Parse(word)
		if err != nil || len(out) == MaxVia {
			return nil, ErrVia.At("query.via", word).With("max", MaxVia)
		}
		out = append(out, id)
	}
	return out, nil
}

// Routes adds the operations.
func (x *Explainer) Routes(a *api.Server) {
	type explain struct {
		FigureWhich
		FigureVia
		Code  string `query:"code" maxLength:"40" doc:"Credit code of an enterprise of the population, to explain its value"`
		After string `query:"after" maxLength:"40" doc:"next of the page before"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Enterprises on a page"`
	}
	op := tag.Operation(http.MethodGet, "explainFigure", "/figures/{id}/explain", "What a figure, or the value of an enterprise in it, follows from, here or on the nodes below")
	op.Description = "via follows agreements downward. Every hop answers as deep as its agreement's drill says, and passes on what the agreement below lets be passed on. Questions are logged on both sides of each agreement."
	api.Register(a, op, func(ctx context.Context, in *explain) (*body[FigureExplanation], error) {
		via, err := in.ways()
		if err != nil {
			return nil, err
		}
		out, err := x.Explain(ctx, Asked{ID: in.ID, Revision: in.Revision, AsOf: instant(in.AsOf), Via: via, Code: in.Code, After: in.After, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		return one(*out, nil)
	})
	type pack struct {
		FigureWhich
		Grade int `query:"grade" minimum:"1" maximum:"2" default:"2" doc:"1: the node's own figure and what others have told it; 2: with the packs of those below, as far as they agree, down to what enterprises' values rest on"`
	}
	file := tag.Operation(http.MethodGet, "packFigure", "/figures/{id}/pack", "An evidence pack (.jwf): all that jingwei verify figure needs to prove a revision offline")
	file.Responses = map[string]*huma.Response{"200": {Description: "The pack, a zip file", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, file, func(ctx context.Context, in *pack) (*fileOutput, error) {
		b, err := x.Pack(ctx, Asked{ID: in.ID, Revision: in.Revision, AsOf: instant(in.AsOf)}, in.Grade)
		if err != nil {
			return nil, err
		}
		return &fileOutput{"application/zip", fmt.Sprintf(`attachment; filename="figure-%s.jwf"`, in.ID), b}, nil
	})
	type sample struct {
		FigureVia
		Figure uuid.UUID `query:"figure" format:"uuid" required:"true" doc:"Of this node, in which the enterprise's value counts"`
		Code   string    `query:"code" maxLength:"40" doc:"Credit code of the enterprise; needed without via"`
		Series uuid.UUID `query:"series" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getFigureSample", "/figures/sample", "The last sample of a series that an enterprise's value rests on"),
		func(ctx context.Context, in *sample) (*body[FigureSample], error) {
			via, err := in.ways()
			if err != nil {
				return nil, err
			}
			return one(x.Sample(ctx, Drill{Figure: in.Figure, Code: in.Code, Via: via, ID: in.Series}))
		})
	type fact struct {
		FigureVia
		Figure   uuid.UUID `query:"figure" format:"uuid" required:"true" doc:"Of this node, in which the enterprise's value counts"`
		Code     string    `query:"code" maxLength:"40" doc:"Credit code of the enterprise; needed without via"`
		ID       uuid.UUID `query:"id" format:"uuid" required:"true" doc:"Of the fact"`
		Revision int64     `query:"revision" minimum:"1" doc:"That counted"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getFigureFact", "/figures/fact", "A fact that an enterprise's value rests on, without what is restricted"),
		func(ctx context.Context, in *fact) (*body[FigureFact], error) {
			via, err := in.ways()
			if err != nil {
				return nil, err
			}
			return one(x.Fact(ctx, Drill{Figure: in.Figure, Code: in.Code, Via: via, ID: in.ID, Revision: in.Revision}))
		})
}
