package quality

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
)

const tag = api.Tag("energy")

// told makes of a missing grant what anybody is told of an organisation that they do not see.
func told(err error) error {
	if errors.Is(err, ErrNoConsent) {
		return auth.ErrNotFound.With("thing", "org")
	}
	return err
}

// AskedQuality is what the questions take.
type AskedQuality struct {
	Org   uuid.UUID `query:"org" format:"uuid" required:"true"`
	Month string    `query:"month" required:"true" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"2026-10; the running month as far as it has passed"`
	Rules string    `query:"rules" maxLength:"100" doc:"Id of rules; energy-monitoring where it is left out"`
}

// energyFile is a file to be kept.
type energyFile struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func fileOf(name string, f table.Format, out table.Out) (*energyFile, error) {
	data, err := table.Write(f, out)
	if err != nil {
		return nil, err
	}
	return &energyFile{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}, nil
}

func exports(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "listEnergyRules", "/energy/quality/rules", "Rules by which energy data are scored, with their sources"),
		func(ctx context.Context, _ *struct{}) (*api.List[EnergyRules], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			return api.Listed(store.All(s.o.Library.All(), func(r **Rules) EnergyRules { return (*r).view() }), ""), nil
		})
	op := tag.Operation(http.MethodGet, "getEnergyQuality", "/energy/quality", "How good the energy data of an enterprise are in a month: rules, score, meters, days, each gap with its cause")
	op.Description = "For the enterprise's own people, and for those to whom it has granted what its main meters delivered; the monthly report is read only where declarations were granted, too."
	api.Register(a, op, func(ctx context.Context, in *AskedQuality) (*struct{ Body EnergyQuality }, error) {
		x, err := s.Assess(ctx, Ask{Org: in.Org, Month: in.Month, Rules: in.Rules, Gaps: true})
		if err != nil {
			return nil, told(err)
		}
		return &struct{ Body EnergyQuality }{x.view()}, nil
	})
	type asFile struct {
		AskedQuality
		Format         string `query:"format" enum:"xlsx,csv" default:"xlsx"`
		Table          string `query:"table" enum:"gaps,days,rules" default:"gaps" doc:"Each gap; each day of each meter; the rules and what they come to"`
		AcceptLanguage string `header:"Accept-Language"`
	}
	api.Register(a, exports(tag.Operation(http.MethodGet, "exportEnergyQuality", "/energy/quality/export", "Gaps, days or rules of a month as a file")),
		func(ctx context.Context, in *asFile) (*energyFile, error) {
			x, err := s.Assess(ctx, Ask{Org: in.Org, Month: in.Month, Rules: in.Rules, Gaps: in.Table == "gaps"})
			if err != nil {
				return nil, told(err)
			}
			return fileOf("energy-"+in.Table+"-"+in.Month, table.Format(in.Format), x.table(in.Table, language(in.AcceptLanguage)))
		})
	api.Register(a, tag.Operation(http.MethodGet, "getEnergyBoard", "/energy/quality/board", "The enterprises that granted an organisation what their main meters delivered, the lowest score first"),
		func(ctx context.Context, in *AskedQuality) (*struct{ Body EnergyBoard }, error) {
			lines, rules, err := s.Board(ctx, in.Org, in.Month, in.Rules)
			if err != nil {
				return nil, err
			}
			return &struct{ Body EnergyBoard }{EnergyBoard{in.Month, rules.view(), store.All(lines, func(l *Line) EnergyFirm { return l.view() })}}, nil
		})
	type boardFile struct {
		AskedQuality
		Format         string `query:"format" enum:"xlsx,csv" default:"xlsx"`
		AcceptLanguage string `header:"Accept-Language"`
	}
	api.Register(a, exports(tag.Operation(http.MethodGet, "exportEnergyBoard", "/energy/quality/board/export", "The same as a file")),
		func(ctx context.Context, in *boardFile) (*energyFile, error) {
			lines, _, err := s.Board(ctx, in.Org, in.Month, in.Rules)
			if err != nil {
				return nil, err
			}
			return fileOf("energy-quality-"+in.Month, table.Format(in.Format), board(lines, in.Month, language(in.AcceptLanguage)))
		})
	s.meterRoutes(a)
}

func language(accept string) string { return string(problem.ParseAcceptLanguage(accept)) }

func (s *Service) meterRoutes(a *api.Server) {
	type ofOrg struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listMainMeters", "/energy/main-meters", "Series of energy of an enterprise, and when each is a main meter"),
		func(ctx context.Context, in *ofOrg) (*api.List[MeterCandidate], error) {
			list, err := s.Candidates(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(c *Candidate) MeterCandidate { return c.view() }), ""), nil
		})
	type name struct {
		Body struct {
			Org    uuid.UUID `json:"org" format:"uuid"`
			Series uuid.UUID `json:"series" format:"uuid"`
			From   string    `json:"from" format:"date" doc:"First day"`
			To     string    `json:"to,omitempty" maxLength:"10" doc:"Last day; until further notice where it is left out"`
		}
	}
	one := func(n Named, err error) (*struct{ Body MainMeter }, error) {
		if err != nil {
			return nil, err
		}
		return &struct{ Body MainMeter }{n.view()}, nil
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "nameMainMeter", "/energy/main-meters", "Declare a series as a main meter from a day on")),
		func(ctx context.Context, in *name) (*struct{ Body MainMeter }, error) {
			return one(s.Name(ctx, Naming{in.Body.Org, in.Body.Series, in.Body.From, in.Body.To}))
		})
	type end struct {
		api.ByID
		Body struct {
			Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Last   string `json:"last,omitempty" maxLength:"10" doc:"Its last day; without it, until further notice again"`
			Reason string `json:"reason" doc:"3 to 2000 characters"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "endMainMeter", "/energy/main-meters/{id}/end", "Say until when a series is a main meter, or take that back"),
		func(ctx context.Context, in *end) (*struct{ Body MainMeter }, error) {
			return one(s.End(ctx, in.ID, in.Body.Basis, in.Body.Last, in.Body.Reason))
		})
	type withdraw struct {
		api.ByID
		Body struct {
			Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Reason string `json:"reason" doc:"3 to 2000 characters"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "takeBackMainMeter", "/energy/main-meters/{id}/withdrawal", "Say that a series never was a main meter; the declaration is withdrawn"),
		func(ctx context.Context, in *withdraw) (*struct{}, error) {
			return nil, s.TakeBack(ctx, in.ID, in.Body.Basis, in.Body.Reason)
		})
}
