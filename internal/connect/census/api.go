package census

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
)

//go:embed texts
var texts embed.FS

// Of says what is counted.
type Of struct {
	Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
	At  time.Time `query:"at" doc:"As it was at this time; now where it is left out"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	type scaleInput struct {
		Of
		Months int `query:"months" minimum:"0" maximum:"120" default:"12" doc:"How many calendar months of growth"`
	}
	type scaleOutput struct{ Body View }
	op := huma.Operation{OperationID: "getScale", Method: http.MethodGet, Path: "/scale", Tags: []string{"scale"}, Summary: "Machines and how they are connected: counts, rates, growth"}
	op.Description = "Counted from the facts when it is asked for; each rate with its numerator, denominator and definition. The machines themselves: /scale.csv."
	api.Register(a, op, func(ctx context.Context, in *scaleInput) (*scaleOutput, error) {
		c, err := s.ask(ctx, in.Of, in.Months)
		if err != nil {
			return nil, err
		}
		return &scaleOutput{s.view(c)}, nil
	})

	type listInput struct {
		Of
		AcceptLanguage string `header:"Accept-Language" doc:"Language of headings and words"`
	}
	type listOutput struct {
		ContentType        string `header:"Content-Type"`
		ContentDisposition string `header:"Content-Disposition"`
		Body               []byte
	}
	const media = "text/csv; charset=utf-8"
	op = huma.Operation{OperationID: "listScale", Method: http.MethodGet, Path: "/scale.csv", Tags: []string{"scale"}, Summary: "Every machine with what connects it, as CSV"}
	op.Description = "One column for each rate: 1 in numerator and denominator, 0 in the denominator only, empty where the machine does not count."
	op.Responses = map[string]*huma.Response{"200": {Description: "The machines", Content: map[string]*huma.MediaType{media: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, op, func(ctx context.Context, in *listInput) (*listOutput, error) {
		c, err := s.ask(ctx, in.Of, 0)
		if err != nil {
			return nil, err
		}
		data, err := s.list(c, string(problem.ParseAcceptLanguage(in.AcceptLanguage)))
		if err != nil {
			return nil, err
		}
		return &listOutput{media, `attachment; filename="machines-` + instant(c.At).In(Zone).Format("2006-01-02") + `.csv"`, data}, nil
	})
}

// ask counts what the caller may see.
func (s *Service) ask(ctx context.Context, of Of, n int) (*Census, error) {
	scope, err := auth.AllowOrVisible(ctx, auth.Read, of.Org)
	if err != nil {
		return nil, err
	}
	return s.Take(ctx, scope, of.At, n)
}
