package health

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
)

const tag = api.Tag("health")

// Asked is what both operations take.
type Asked struct {
	From           time.Time `query:"from" doc:"RFC 3339; a day before to where it is left out"`
	To             time.Time `query:"to" doc:"Now where it is left out, and not beyond; at most 31 days after from"`
	Format         string    `query:"format" enum:"json,csv" default:"json"`
	AcceptLanguage string    `header:"Accept-Language" doc:"Language of the CSV's headings and words"`
}

// answer is JSON or CSV.
type answer struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               any
}

const media = "text/csv; charset=utf-8"

func download(name string, at time.Time, data []byte) *answer {
	return &answer{media, `attachment; filename="` + name + "-" + at.UTC().Format("2006-01-02") + `.csv"`, data}
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	responses := func(view reflect.Type, name string) map[string]*huma.Response {
		return map[string]*huma.Response{"200": {Description: "The health", Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.Huma().OpenAPI().Components.Schemas.Schema(view, true, name)},
			media:              {Schema: &huma.Schema{Type: "string", Format: "binary"}},
		}}}
	}
	type plantInput struct {
		Org  uuid.UUID `query:"org" format:"uuid" doc:"The organisation; not needed with node"`
		Node uuid.UUID `query:"node" format:"uuid" doc:"Only this site, area, line or machine and what is below it now"`
		Only string    `query:"only" enum:"all,coverage" default:"all" doc:"coverage leaves out what needs every sample to be looked at: late, corrected, gaps; it costs much less"`
		// Series is a list of all series, whatever the node.
		Series bool `query:"series" doc:"List the series also where it is not of one machine"`
		Asked
	}
	op := tag.Operation(http.MethodGet, "getPlantHealth", "/health/plant", "How good the data of a part of the plant are")
	op.Description = "Coverage, age, state, late, restated and corrected samples and gaps, with a score and its weights, for each part of the plant; of a machine also for each series."
	op.Responses = responses(reflect.TypeFor[PlantHealth](), "PlantHealth")
	api.Register(a, op, func(ctx context.Context, in *plantInput) (*answer, error) {
		v, err := s.Plant(ctx, Ask{Org: in.Org, Node: in.Node, From: in.From, To: in.To, Coverage: in.Only == "coverage"})
		if err != nil {
			return nil, err
		}
		if in.Format == "csv" {
			data, err := v.csv(lang(in.AcceptLanguage))
			if err != nil {
				return nil, err
			}
			return download("data-health", moment(v.Span.To), data), nil
		}
		return &answer{ContentType: "application/json", Body: v.view(in.Series)}, nil
	})

	type seriesInput struct {
		ID     uuid.UUID `path:"id" format:"uuid"`
		Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many gaps at most; CSV has all that are listed"`
		Cursor string    `query:"cursor" maxLength:"64" doc:"Next of the page before"`
		Asked
	}
	op = tag.Operation(http.MethodGet, "getSeriesHealth", "/health/series/{id}", "How good the data of one series are, and its gaps with their causes")
	op.Responses = responses(reflect.TypeFor[SeriesGaps](), "SeriesGaps")
	api.Register(a, op, func(ctx context.Context, in *seriesInput) (*answer, error) {
		skip, ok := parsePlace(in.Cursor)
		if !ok {
			return nil, api.ErrCursor.At("query.cursor", in.Cursor)
		}
		d, err := s.Series(ctx, in.ID, in.From, in.To)
		if err != nil {
			return nil, err
		}
		if in.Format == "csv" {
			data, err := d.csv(lang(in.AcceptLanguage))
			if err != nil {
				return nil, err
			}
			return download("gaps-"+d.Key, moment(d.Span.To), data), nil
		}
		return &answer{ContentType: "application/json", Body: d.view(skip, in.Limit)}, nil
	})
}

func lang(accept string) string { return string(problem.ParseAcceptLanguage(accept)) }

// place is a cursor: how many gaps were told.
func place(n int) string { return "g" + strconv.Itoa(n) }

func parsePlace(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(s, "g"))
	return n, err == nil && s[0] == 'g' && n >= 0 && n <= MostGaps
}
