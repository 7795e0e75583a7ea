package checkup

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/govern/assess"
	"jingwei/internal/kernel/api"
)

// fileOutput is a document to be kept.
type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func file(name, media string, data []byte, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	return &fileOutput{media, "attachment; filename*=UTF-8''" + url.PathEscape(name), data}, nil
}

// binary describes an operation that answers a file.
func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

// CheckupPrescription is what to do next.
type CheckupPrescription struct {
	Needs    []NeedView   `json:"needs" nullable:"false"`
	Plan     *assess.Plan `json:"plan,omitempty" doc:"The cheapest path; absent where there is none"`
	Why      string       `json:"why,omitempty" doc:"Why there is no path: top, out-of-reach, too-large"`
	Quotes   Quotes       `json:"quotes" doc:"The enterprise's own prices"`
	Fileable bool         `json:"fileable" doc:"All needs can be filed at once"`
}

// NeedView is a gap as a need.
type NeedView struct {
	assess.Need
	Origin string `json:"origin" doc:"checkup:ID:QUESTION, by which a filed need names it"`
}

// PathRequest asks for a path.
type PathRequest struct {
	Grade  string                      `json:"grade,omitempty" enum:"E0,E1,E2,E3" doc:"From what is declared (E0), or from what is evidenced by at least this grade"`
	Target int                         `json:"target,omitempty" minimum:"0" maximum:"20" doc:"The level; the next one where it is left out"`
	Costs  map[string]map[string]int64 `json:"costs,omitempty" doc:"By question and answer; what is kept, else the pack's estimates where it is left out"`
	Prove  *int64                      `json:"prove,omitempty" minimum:"0"`
}

// CheckupComparison tells what changed since an earlier check-up.
type CheckupComparison struct {
	Was     *CheckupView `json:"was,omitempty" doc:"Absent where there is no earlier one"`
	Is      *CheckupView `json:"is,omitempty"`
	Changes []Change     `json:"changes" nullable:"false"`
}

func (s *Service) resultRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "getCheckupResult", "/checkups/{id}/result", "How a check-up stands: an open one as of now, a submitted one as it was frozen"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body CheckupOutcome }, error) {
			c, list, err := s.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			o, _, err := s.outcome(ctx, &c, list)
			if err != nil {
				return nil, err
			}
			v, err := s.view(ctx, &c)
			if err != nil {
				return nil, err
			}
			if o.Open == nil {
				o.Open = []string{}
			}
			return &struct{ Body CheckupOutcome }{CheckupOutcome{v, o.Result, o.Filled, knownOrEmpty(o.Facts), o.Done, o.Of, o.Open, o.Same}}, nil
		})
	type path struct {
		api.ByID
		Body PathRequest
	}
	api.Register(a, tag.Operation(http.MethodPost, "prescribe", "/checkups/{id}/prescription", "Gaps as needs, and the cheapest path to a level"),
		func(ctx context.Context, in *path) (*struct{ Body CheckupPrescription }, error) {
			var g assess.Grade
			if in.Body.Grade != "" {
				if err := g.UnmarshalText([]byte(in.Body.Grade)); err != nil {
					return nil, assess.ErrGrade.At("body.grade", in.Body.Grade).Because(err)
				}
			}
			p, err := s.Prescribe(ctx, in.ID, Ask{Grade: g, Target: in.Body.Target, Costs: in.Body.Costs, Prove: in.Body.Prove})
			if err != nil {
				return nil, err
			}
			out := CheckupPrescription{Needs: []NeedView{}, Plan: p.Plan, Quotes: p.Checkup.Quotes, Fileable: s.o.Needs != nil && p.Checkup.State == Submitted}
			for _, n := range p.Needs {
				out.Needs = append(out.Needs, NeedView{n, Origin(in.ID, n.Question)})
			}
			switch {
			case p.Why == nil:
			case errors.Is(p.Why, assess.ErrOutOfReach):
				out.Why = "out-of-reach"
			case errors.Is(p.Why, assess.ErrTooLarge):
				out.Why = "too-large"
			default:
				out.Why = "top"
			}
			return &struct{ Body CheckupPrescription }{out}, nil
		})
	type quotes struct {
		api.ByID
		Body Quotes
	}
	api.Register(a, tag.Operation(http.MethodPut, "setCheckupQuotes", "/checkups/{id}/quotes", "Keep the enterprise's own prices for steps"),
		func(ctx context.Context, in *quotes) (*checkupOutput, error) {
			c, err := s.SetQuotes(ctx, in.ID, in.Body)
			return s.one(ctx, c, err)
		})
	type filed struct {
		api.ByID
		Body struct {
			Questions []string `json:"questions,omitempty" maxItems:"500" doc:"Whose gaps; all without them"`
		}
	}
	type filedOutput struct {
		Body struct {
			Filed int `json:"filed" doc:"How many are new"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "fileCheckupNeeds", "/checkups/{id}/needs", "File the gaps of a submitted check-up as needs"),
		func(ctx context.Context, in *filed) (*filedOutput, error) {
			n, err := s.File(ctx, in.ID, in.Body.Questions)
			out := &filedOutput{}
			out.Body.Filed = n
			return out, err
		})
	type compare struct {
		api.ByID
		With      uuid.UUID `query:"with" format:"uuid" doc:"The last one before it where it is left out"`
		Evidenced bool      `query:"evidenced" doc:"What is evidenced rather than what is declared"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "compareCheckups", "/checkups/{id}/comparison", "What changed since an earlier check-up, and why the points changed"),
		func(ctx context.Context, in *compare) (*struct{ Body CheckupComparison }, error) {
			c, err := s.Compare(ctx, in.ID, in.With, in.Evidenced)
			if err != nil {
				return nil, err
			}
			out := CheckupComparison{Changes: []Change{}}
			if c != nil {
				was, err := s.view(ctx, c.Was)
				if err != nil {
					return nil, err
				}
				is, err := s.view(ctx, c.Is)
				if err != nil {
					return nil, err
				}
				out.Was, out.Is, out.Changes = &was, &is, c.Changes
			}
			return &struct{ Body CheckupComparison }{out}, nil
		})
	s.consentRoutes(a)
}

// ConsentView tells whether an enterprise agrees to be counted in benchmarks.
type ConsentView struct {
	Agreed bool `json:"agreed"`
}

// ByOrg is embedded in the input of an operation on an organisation, which the path names.
type ByOrg struct {
	Org uuid.UUID `path:"org" format:"uuid"`
}

// CheckupPeers is where an enterprise stands among its peers.
type CheckupPeers struct {
	Peers *assess.Peers `json:"peers,omitempty" doc:"Absent where too few are there to be told"`
	Least int           `json:"least"`
}

func (s *Service) consentRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "getBenchmarkConsent", "/orgs/{org}/benchmark-consent", "Whether an enterprise agrees to be counted in benchmarks"),
		func(ctx context.Context, in *ByOrg) (*struct{ Body ConsentView }, error) {
			_, ok, err := s.Agreed(ctx, in.Org)
			return &struct{ Body ConsentView }{ConsentView{ok}}, err
		})
	type agree struct {
		ByOrg
		Body ConsentView
	}
	api.Register(a, tag.Operation(http.MethodPut, "setBenchmarkConsent", "/orgs/{org}/benchmark-consent", "Agree to be counted in benchmarks, or end it at once"),
		func(ctx context.Context, in *agree) (*struct{ Body ConsentView }, error) {
			err := s.Agree(ctx, in.Org, in.Body.Agreed)
			return &struct{ Body ConsentView }{in.Body}, err
		})
	type peers struct {
		api.ByID
		Evidenced bool `query:"evidenced"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getCheckupPeers", "/checkups/{id}/peers", "Where an enterprise stands among those of its industry, size and place"),
		func(ctx context.Context, in *peers) (*struct{ Body CheckupPeers }, error) {
			p, err := s.Peers(ctx, in.ID, in.Evidenced)
			return &struct{ Body CheckupPeers }{CheckupPeers{p, assess.Least}}, err
		})
}
