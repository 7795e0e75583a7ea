package figure

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
)

const tag = api.Tag("figures")

// FigureBoard is embedded in the input of lists of figures.
type FigureBoard struct {
	Org       uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Keeper of the registers"`
	Indicator string    `query:"indicator" maxLength:"100"`
	Filter    string    `query:"filter" maxLength:"1000" doc:"Population, such as designated=true&size=large; all for everybody"`
	Kind      string    `query:"kind" enum:"moment,day,month,quarter,year"`
	Period    string    `query:"period" maxLength:"10" doc:"2026, 2026-Q3, 2026-06, 2026-06-30"`
	Since     string    `query:"since" maxLength:"10" doc:"The first period that is told, of the kind"`
	Latest    bool      `query:"latest" doc:"Of each indicator, population and kind of period only the last"`
	AsOf      time.Time `query:"asOf" doc:"As this node knew it then"`
}

// Board is what is asked for.
func (b FigureBoard) Board() Board {
	return Board{b.Org, b.Indicator, b.Filter, b.Kind, b.Period, b.Since, b.Latest, instant(b.AsOf)}
}

// FigureWhich names a revision of a figure.
type FigureWhich struct {
	api.ByID
	Revision int64     `query:"revision" minimum:"1" doc:"The one that stood at asOf, where it is left out"`
	AsOf     time.Time `query:"asOf" doc:"As this node knew it then"`
}

// FigureLanguage is the caller's.
type FigureLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (l FigureLanguage) lang() string {
	return string(problem.ParseAcceptLanguage(l.AcceptLanguage))
}

// ManualBasis names the revision of a manual value that was seen.
type ManualBasis struct {
	Basis int64 `json:"basis" minimum:"1" doc:"The revision that you saw"`
}

// ManualWithdrawal says that a manual value does not hold.
type ManualWithdrawal struct {
	Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Reason string `json:"reason" maxLength:"2000"`
}

type body[T any] struct{ Body T }

func one[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{v}, nil
}

func many[T any](v []T, next string, err error) (*api.List[T], error) {
	if err != nil {
		return nil, err
	}
	return api.Listed(v, next), nil
}

type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	type board struct {
		FigureBoard
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listFigures", "/figures", "Figures of a keeper: readings, coverage, grade, what is missing, what people have entered beside them"),
		func(ctx context.Context, in *board) (*api.List[FigureBrief], error) {
			return many(s.Figures(ctx, in.Board(), in.Page()))
		})
	type export struct {
		FigureLanguage
		FigureBoard
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	file := tag.Operation(http.MethodGet, "exportFigures", "/figures/table", "Figures of a keeper as a file: one row for each reading and for each value that was entered")
	file.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, file, func(ctx context.Context, in *export) (*fileOutput, error) {
		f := table.Format(in.Format)
		data, err := s.Table(ctx, in.Board(), f, in.lang())
		if err != nil {
			return nil, err
		}
		return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="figures.%s"`, f), data}, nil
	})
	api.Register(a, tag.Operation(http.MethodGet, "getFigure", "/figures/{id}", "A revision of a figure: population, sources, revisions"),
		func(ctx context.Context, in *FigureWhich) (*body[FigureDetail], error) {
			return one(s.Figure(ctx, in.ID, in.Revision, instant(in.AsOf)))
		})
	type firms struct {
		FigureWhich
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listFigureEnterprises", "/figures/{id}/enterprises", "The enterprises of a figure's population by credit code, each with its value as it was in that revision"),
		func(ctx context.Context, in *firms) (*api.List[FigureFirm], error) {
			return many(s.Firms(ctx, in.ID, in.Revision, instant(in.AsOf), in.Page()))
		})
	s.targetRoutes(a)
	s.keeperRoutes(a)
	s.manualRoutes(a)
	s.sealRoutes(a)
}

func (s *Service) keeperRoutes(a *api.Server) {
	type of struct {
		Org uuid.UUID `path:"org" format:"uuid"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getFigureKeeper", "/figure-keepers/{org}", "What an organisation has figures of: division, adopted policies"),
		func(ctx context.Context, in *of) (*body[KeeperView], error) {
			return one(s.Keeper(ctx, in.Org))
		})
	api.Register(a, tag.Operation(http.MethodGet, "listFigureKeeperVersions", "/figure-keepers/{org}/versions", "All versions of it, the newest first"),
		func(ctx context.Context, in *of) (*api.List[KeeperView], error) {
			list, err := s.KeeperVersions(ctx, in.Org)
			return many(list, "", err)
		})
	type set struct {
		Org  uuid.UUID `path:"org" format:"uuid"`
		Body NewKeeper
	}
	api.Register(a, tag.Operation(http.MethodPut, "setFigureKeeper", "/figure-keepers/{org}", "Say what an organisation has figures of; all of them are worked out again"),
		func(ctx context.Context, in *set) (*body[KeeperView], error) {
			k, err := s.SetKeeper(ctx, in.Org, in.Body)
			return one(k.view(), err)
		})
}

func (s *Service) manualRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listManualFigures", "/manual-figures", "Values that people have entered beside figures, also those that were withdrawn"),
		func(ctx context.Context, in *FigureBoard) (*api.List[ManualView], error) {
			list, err := s.Manuals(ctx, in.Board())
			return many(list, "", err)
		})
	told := func(m Manual, err error) (*body[ManualView], error) {
		if err != nil {
			return nil, err
		}
		return one(m.view(s), nil)
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "enterManualFigure", "/manual-figures", "Enter a value beside the computed one; another person confirms it")),
		func(ctx context.Context, in *body[NewManual]) (*body[ManualView], error) {
			return told(s.Enter(ctx, in.Body))
		})
	api.Register(a, tag.Operation(http.MethodGet, "listManualFigureRevisions", "/manual-figures/{id}", "All revisions of a manual value, the newest first"),
		func(ctx context.Context, in *api.ByID) (*api.List[ManualView], error) {
			list, err := s.ManualRevisions(ctx, in.ID)
			return many(list, "", err)
		})
	type revise struct {
		api.ByID
		Body ManualRevision
	}
	api.Register(a, tag.Operation(http.MethodPut, "reviseManualFigure", "/manual-figures/{id}", "Correct a manual value; it is to be confirmed again"),
		func(ctx context.Context, in *revise) (*body[ManualView], error) {
			return told(s.Revise(ctx, in.ID, in.Body))
		})
	type confirm struct {
		api.ByID
		Body ManualBasis
	}
	api.Register(a, tag.Operation(http.MethodPost, "confirmManualFigure", "/manual-figures/{id}/confirmation", "Confirm a manual value, as another person than the one who entered it"),
		func(ctx context.Context, in *confirm) (*body[ManualView], error) {
			return told(s.Confirm(ctx, in.ID, in.Body.Basis))
		})
	type withdraw struct {
		api.ByID
		Body ManualWithdrawal
	}
	api.Register(a, tag.Operation(http.MethodPost, "withdrawManualFigure", "/manual-figures/{id}/withdrawal", "Withdraw a manual value; what was said stays readable"),
		func(ctx context.Context, in *withdraw) (*body[ManualView], error) {
			return told(s.Withdraw(ctx, in.ID, in.Body.Basis, in.Body.Reason))
		})
}

func (s *Service) sealRoutes(a *api.Server) {
	type list struct {
		Org    uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Keeper of the registers"`
		Kind   string    `query:"kind" enum:"moment,day,month,quarter,year" doc:"With period: all steps of that period"`
		Period string    `query:"period" maxLength:"10"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listFigureSeals", "/figure-seals", "Where the periods stand that were handed in; of one period all steps"),
		func(ctx context.Context, in *list) (*api.List[SealView], error) {
			out, err := s.Seals(ctx, in.Org, in.Kind, in.Period)
			return many(out, "", err)
		})
	told := func(x Seal, err error) (*body[SealView], error) {
		if err != nil {
			return nil, err
		}
		return one(x.view(), nil)
	}
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "submitFigures", "/figure-seals", "Hand in a period as it stands")),
		func(ctx context.Context, in *body[Submission]) (*body[SealView], error) {
			return told(s.Submit(ctx, in.Body))
		})
	api.Register(a, tag.Operation(http.MethodGet, "listHandedFigures", "/figure-seals/given", "Where the periods stand that givers on other nodes have handed in to an organisation of this one"),
		func(ctx context.Context, in *struct {
			Org uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Who takes"`
		}) (*api.List[HandedView], error) {
			out, err := s.HandedTo(ctx, in.Org)
			return many(out, "", err)
		})
	type of struct {
		Org       uuid.UUID `query:"org" format:"uuid" required:"true" doc:"Who takes"`
		Agreement uuid.UUID `query:"agreement" format:"uuid" required:"true"`
		Kind      string    `query:"kind" enum:"moment,day,month,quarter,year" required:"true"`
		Period    string    `query:"period" maxLength:"10" required:"true"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listHandedSteps", "/figure-seals/given/steps", "All steps of such a period and all decisions on it, the newest first"),
		func(ctx context.Context, in *of) (*api.List[HandedStep], error) {
			out, err := s.HandedSteps(ctx, in.Org, in.Agreement, in.Kind, in.Period)
			return many(out, "", err)
		})
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "decideFigures", "/figure-seals/decisions", "Return or accept a period, for an organisation of this node that takes the keeper's figures")),
		func(ctx context.Context, in *body[Decision]) (*body[SealView], error) {
			return told(s.Decide(ctx, in.Body))
		})
}

// Table writes a board as a file. Error: ErrLarge.
func (s *Service) Table(ctx context.Context, b Board, format table.Format, lang string) ([]byte, error) {
	if _, err := auth.Allow(ctx, auth.Read, b.Keeper); err != nil {
		return nil, err
	}
	name, err := s.o.Orgs.Name(ctx, b.Keeper)
	if err != nil {
		return nil, err
	}
	w := newTableWriter(name.In(lang), lang)
	seen := map[uuid.UUID]bool{}
	err = store.Each(func(page store.Page) ([]FigureBrief, string, error) {
		return s.Figures(ctx, b, page)
	}, func(f FigureBrief) error {
		seen[f.ID] = true
		return w.add(&f)
	})
	if err != nil {
		return nil, err
	}
	alone, err := s.store.Manuals(ctx, s.o.DB, b)
	if err != nil {
		return nil, err
	}
	for i := range alone { // that stand beside nothing
		m := &alone[i]
		if m.State == Withdrawn || m.Key.Code != "" || seen[m.Key.ID()] || m.Key.Period < b.Since {
			continue
		}
		if err := w.add(&FigureBrief{ID: m.Key.ID(), FigureOf: s.of(&m.Key), Manual: []ManualView{m.view(s)}}); err != nil {
			return nil, err
		}
	}
	return w.write(format)
}
