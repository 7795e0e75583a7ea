package programme

import (
	"context"
	"fmt"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("programmes")

// CallDetail is a call as it is told.
type CallDetail struct {
	ID         string          `json:"id"`
	Version    string          `json:"version"`
	Flow       string          `json:"flow" doc:"In which cases are opened"`
	Kind       string          `json:"kind"`
	Name       text.Text       `json:"name"`
	Text       text.Text       `json:"text"`
	Source     string          `json:"source"`
	Clauses    []CallClause    `json:"clauses" nullable:"false"`
	Who        []CallCondition `json:"who" nullable:"false"`
	Fields     field.Schema    `json:"fields"`
	Papers     []CallPaper     `json:"papers" nullable:"false"`
	Checks     []CheckView     `json:"checks" nullable:"false"`
	Completion int             `json:"completion"`
	Review     CallReview      `json:"review"`
	Publicity  int             `json:"publicity"`
	Award      CallAward       `json:"award"`
	Milestones []Milestone     `json:"milestones" nullable:"false"`
	Indicators []Indicator     `json:"indicators" nullable:"false"`
	Clawback   []Clawback      `json:"clawback" nullable:"false"`
}

// CheckView is a point of the formal check with the field of the case that holds its answer.
type CheckView struct {
	FormalPoint
	Field string `json:"field"`
}

func list[T any](in []T) []T { return append([]T{}, in...) }

func (c *Call) view() CallDetail {
	v := CallDetail{ID: c.ID, Version: c.Version, Flow: FlowPrefix + c.ID, Kind: c.Kind, Name: c.Name, Text: c.Text, Source: c.Source, Clauses: list(c.Clauses), Who: list(c.Who), Fields: append(field.Schema{}, c.Fields...), Papers: list(c.Papers), Checks: []CheckView{},
		Completion: c.Completion, Review: c.Review, Publicity: c.Publicity, Award: c.Award, Milestones: list(c.Milestones), Indicators: list(c.Indicators), Clawback: list(c.Clawback)}
	for _, x := range c.Checks {
		v.Checks = append(v.Checks, CheckView{x, checkField(x.ID)})
	}
	return v
}

// RoundDetail is a round with its call.
type RoundDetail struct {
	CallRound
	Detail CallDetail `json:"detail"`
}

// ProgrammeLanguage is the caller's.
type ProgrammeLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (l ProgrammeLanguage) lang() string {
	return string(problem.ParseAcceptLanguage(l.AcceptLanguage))
}

// RoundBasis names the revision of a round that was seen.
type RoundBasis struct {
	Basis int64 `json:"basis" minimum:"1" doc:"The revision that you saw"`
}

// RoundClosing ends filing before its day.
type RoundClosing struct {
	Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Reason string `json:"reason" maxLength:"4000"`
}

// ReviewLeaving takes the caller out of a review.
type ReviewLeaving struct {
	Reason   string `json:"reason" maxLength:"4000"`
	Conflict bool   `json:"conflict" doc:"A conflict of interest; otherwise the review is declined"`
}

// ReviewDismissal takes a reviewer out.
type ReviewDismissal struct {
	Reason string `json:"reason" maxLength:"4000"`
}

// IndicatorSeries says by which series an indicator is measured.
type IndicatorSeries struct {
	Series map[string]uuid.UUID `json:"series" doc:"By role"`
}

// IndicatorDeclaration is what a paper says of an indicator.
type IndicatorDeclaration struct {
	Value    string `json:"value" maxLength:"30"`
	Document string `json:"document" maxLength:"200" doc:"A paper of the case"`
}

type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

type body[T any] struct{ Body T }

func one[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{v}, nil
}

func many[T any](v []T, err error) (*api.List[T], error) {
	if err != nil {
		return nil, err
	}
	return api.Listed(v, ""), nil
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	get := func(id, path, summary string) huma.Operation { return tag.Operation(http.MethodGet, id, path, summary) }
	post := func(id, path, summary string) huma.Operation {
		return tag.Operation(http.MethodPost, id, path, summary)
	}
	api.Register(a, get("listCalls", "/calls", "The calls of this node's packs"), func(ctx context.Context, _ *struct{}) (*api.List[CallDetail], error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		out := []CallDetail{}
		for _, c := range s.Calls() {
			out = append(out, c.view())
		}
		return api.Listed(out, ""), nil
	})
	type mine struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, get("listMyRounds", "/programmes", "What an enterprise can apply for, and what it has applied for: conditions one by one"), func(ctx context.Context, in *mine) (*api.List[MyRound], error) {
		return many(s.ForMe(ctx, in.Org))
	})
	type rounds struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Of this organisation"`
		api.Paging
	}
	api.Register(a, api.Public(get("listRounds", "/public/programme-rounds", "Rounds, the newest first, for anybody")), func(ctx context.Context, in *rounds) (*api.List[CallRound], error) {
		items, next, err := s.Rounds(ctx, in.Org, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(items, next), nil
	})
	api.Register(a, api.Public(get("getPublicRound", "/public/programme-rounds/{id}", "A round with what is made public, for anybody")), func(ctx context.Context, in *api.ByID) (*body[PublicRound], error) {
		return one(s.Public(ctx, in.ID))
	})
	api.Register(a, api.Created(post("openRound", "/programme-rounds", "Open a round of a call: publishes the hash of the seed by which experts will be drawn")), func(ctx context.Context, in *body[NewRound]) (*body[CallRound], error) {
		return one(s.OpenRound(ctx, in.Body))
	})
	api.Register(a, get("getRound", "/programme-rounds/{id}", "A round with its call"), func(ctx context.Context, in *api.ByID) (*body[RoundDetail], error) {
		if _, err := auth.Need(ctx); err != nil {
			return nil, err
		}
		r, err := s.round(ctx, s.o.DB, in.ID)
		if err != nil {
			return nil, err
		}
		c, err := s.callOf(ctx, s.o.DB, r)
		if err != nil {
			return nil, err
		}
		v, err := s.roundView(ctx, r, c)
		return one(RoundDetail{v, c.view()}, err)
	})
	api.Register(a, get("listRoundFiles", "/programme-rounds/{id}/applications", "Applications of a round, for its desk"), func(ctx context.Context, in *api.ByID) (*api.List[CallFile], error) {
		return many(s.Files(ctx, in.ID))
	})
	type act struct {
		api.ByID
		Body RoundBasis
	}
	type closing struct {
		api.ByID
		Body RoundClosing
	}
	api.Register(a, post("endFiling", "/programme-rounds/{id}/closing", "End filing before its day, with a reason"), func(ctx context.Context, in *closing) (*body[CallRound], error) {
		return one(s.EndFiling(ctx, in.ID, in.Body.Basis, in.Body.Reason))
	})
	api.Register(a, post("drawExperts", "/programme-rounds/{id}/draw", "Draw experts, free of conflicts, and reveal the seed"), func(ctx context.Context, in *act) (*body[CallRound], error) {
		return one(s.Draw(ctx, in.ID, in.Body.Basis))
	})
	api.Register(a, get("listDraws", "/programme-rounds/{id}/draws", "The records by which every draw can be drawn again"), func(ctx context.Context, in *api.ByID) (*api.List[DrawRecord], error) {
		return many(s.Draws(ctx, in.ID))
	})
	api.Register(a, get("getRanking", "/programme-rounds/{id}/ranking", "The ranking that stands, or what it would be now: raw and adjusted scores, reviewers' effects, and how near the cut line is"), func(ctx context.Context, in *api.ByID) (*body[*Ranking], error) {
		return one(s.Preview(ctx, in.ID))
	})
	api.Register(a, post("freezeRanking", "/programme-rounds/{id}/ranking", "Freeze the ranking"), func(ctx context.Context, in *act) (*body[*Ranking], error) {
		return one(s.Rank(ctx, in.ID, in.Body.Basis))
	})
	api.Register(a, post("publishRound", "/programme-rounds/{id}/publicity", "Make the chosen applications public with their amounts"), func(ctx context.Context, in *act) (*body[CallRound], error) {
		return one(s.Publish(ctx, in.ID, in.Body.Basis))
	})
	api.Register(a, get("listRoundPayments", "/programme-rounds/{id}/payments", "What is to be paid, was paid, and is to be paid back"), func(ctx context.Context, in *api.ByID) (*api.List[PaymentView], error) {
		return many(s.Payments(ctx, in.ID))
	})
	type export struct {
		ProgrammeLanguage
		api.ByID
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	file := func(name string, in *export, write func(context.Context, uuid.UUID, table.Format, string) ([]byte, error)) func(ctx context.Context) (*fileOutput, error) {
		return func(ctx context.Context) (*fileOutput, error) {
			f := table.Format(in.Format)
			data, err := write(ctx, in.ID, f, in.lang())
			if err != nil {
				return nil, err
			}
			return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}, nil
		}
	}
	api.Register(a, binary(get("exportSummary", "/programme-rounds/{id}/summary", "The table of the formal check, as reviewers use it")), func(ctx context.Context, in *export) (*fileOutput, error) {
		return file("formal-check", in, s.Summary)(ctx)
	})
	api.Register(a, binary(get("exportPayments", "/programme-rounds/{id}/payment-list", "The list of payments as a file")), func(ctx context.Context, in *export) (*fileOutput, error) {
		return file("payments", in, s.PaymentList)(ctx)
	})
	s.reviewRoutes(a)
	s.projectRoutes(a)
}

func (s *Service) reviewRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listMyReviews", "/programme-reviews", "The applications that you are asked to judge"), func(ctx context.Context, _ *struct{}) (*api.List[MyReview], error) {
		return many(s.MyReviews(ctx))
	})
	api.Register(a, tag.Operation(http.MethodGet, "getMyReview", "/programme-reviews/{id}", "One application that you are asked to judge"), func(ctx context.Context, in *api.ByID) (*body[MyReview], error) {
		return one(s.MyReview(ctx, in.ID))
	})
	type score struct {
		api.ByID
		Body Scoring
	}
	api.Register(a, tag.Operation(http.MethodPost, "scoreReview", "/programme-reviews/{id}/scores", "Keep scores as a draft, or hand them in"), func(ctx context.Context, in *score) (*body[MyReview], error) {
		return one(s.Score(ctx, in.ID, in.Body))
	})
	type leave struct {
		api.ByID
		Body ReviewLeaving
	}
	done := func(err error) (*struct{}, error) { return nil, err }
	api.Register(a, tag.Operation(http.MethodPost, "leaveReview", "/programme-reviews/{id}/leaving", "Decline a review, or declare a conflict of interest"), func(ctx context.Context, in *leave) (*struct{}, error) {
		return done(s.StepBack(ctx, in.ID, in.Body.Conflict, in.Body.Reason))
	})
	type dismiss struct {
		api.ByID
		Body ReviewDismissal
	}
	api.Register(a, tag.Operation(http.MethodPost, "dismissReviewer", "/programme-reviews/{id}/dismissal", "Take a reviewer out whose conflict of interest the desk has learned of"), func(ctx context.Context, in *dismiss) (*struct{}, error) {
		return done(s.Dismiss(ctx, in.ID, in.Body.Reason))
	})
	type paper struct {
		api.ByID
		Paper string `path:"paper" maxLength:"200"`
	}
	api.Register(a, binary(tag.Operation(http.MethodGet, "getReviewPaper", "/programme-reviews/{id}/papers/{paper}", "A paper of an application for its reviewer")), func(ctx context.Context, in *paper) (*fileOutput, error) {
		_, media, data, err := s.ReviewPaper(ctx, in.ID, in.Paper)
		if err != nil {
			return nil, err
		}
		// The name that the applicant gave the file may tell who it is.
		return &fileOutput{media, mime.FormatMediaType("attachment", map[string]string{"filename": "paper"}), data}, nil
	})
}

func (s *Service) projectRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "getProject", "/programme-applications/{id}", "An application with award, milestones, indicators, payments and time line"), func(ctx context.Context, in *api.ByID) (*body[CallProject], error) {
		return one(s.Project(ctx, in.ID))
	})
	after := func(ctx context.Context, id uuid.UUID, err error) (*body[CallProject], error) {
		if err != nil {
			return nil, err
		}
		return one(s.Project(ctx, id))
	}
	type bind struct {
		api.ByID
		Indicator string `path:"indicator" maxLength:"31"`
		Body      IndicatorSeries
	}
	api.Register(a, tag.Operation(http.MethodPut, "bindIndicator", "/programme-applications/{id}/indicators/{indicator}/series", "Say by which series an indicator is measured, before the award"), func(ctx context.Context, in *bind) (*body[CallProject], error) {
		return after(ctx, in.ID, s.Bind(ctx, in.ID, in.Indicator, in.Body.Series))
	})
	type measure struct {
		api.ByID
		Indicator string `path:"indicator" maxLength:"31"`
	}
	api.Register(a, tag.Operation(http.MethodPost, "measureIndicator", "/programme-applications/{id}/indicators/{indicator}/measurements", "Measure an indicator now: its baseline before the award, acceptance while that is asked for"), func(ctx context.Context, in *measure) (*body[CallProject], error) {
		return after(ctx, in.ID, s.Measure(ctx, in.ID, in.Indicator))
	})
	type declare struct {
		api.ByID
		Indicator string `path:"indicator" maxLength:"31"`
		Body      IndicatorDeclaration
	}
	api.Register(a, tag.Operation(http.MethodPost, "declareIndicator", "/programme-applications/{id}/indicators/{indicator}/declarations", "Write down what a paper says of an indicator that is not measured"), func(ctx context.Context, in *declare) (*body[CallProject], error) {
		return after(ctx, in.ID, s.Declare(ctx, in.ID, in.Indicator, in.Body.Value, in.Body.Document))
	})
	type write struct {
		api.ByID
		Body ProjectEntry
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "writeProject", "/programme-applications/{id}/entries", "Write into the time line of a project")), func(ctx context.Context, in *write) (*body[CallProject], error) {
		return after(ctx, in.ID, s.Write(ctx, in.ID, in.Body))
	})
	type settle struct {
		ID   string `path:"id" maxLength:"36"`
		Body Paying
	}
	api.Register(a, tag.Operation(http.MethodPost, "settlePayment", "/programme-payments/{id}/settlement", "Write down that money has gone, or has come back"), func(ctx context.Context, in *settle) (*struct{}, error) {
		return nil, s.Settle(ctx, in.ID, in.Body)
	})
}
