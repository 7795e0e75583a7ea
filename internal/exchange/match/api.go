package match

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/table"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
)

const tag = api.Tag("matching")

func (s *Service) op(method, id, path, summary string) huma.Operation {
	return tag.Operation(method, id, "/matching"+path, summary)
}

// NeedView is a need as far as the caller may see it.
type NeedView struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	Sees      string     `json:"sees" enum:"title,words,all" doc:"title: title, kind, trade and province; words: all but whose need it is"`
	Org       *uuid.UUID `json:"org,omitempty" format:"uuid"`
	Firm      *text.Text `json:"firm,omitempty"`
	Kind      string     `json:"kind"`
	KindName  text.Text  `json:"kindName"`
	Title     string     `json:"title"`
	Industry  string     `json:"industry,omitempty" doc:"The division where only the title is seen"`
	Region    string     `json:"region,omitempty" doc:"The province where only the title is seen"`
	State     NeedState  `json:"state" enum:"open,in-contact,contracted,done,withdrawn,lapsed"`
	StateName text.Text  `json:"stateName"`
	Deadline  string     `json:"deadline,omitempty"`
	Brief     *Brief     `json:"brief,omitempty" doc:"All that was filed"`
	Reason    string     `json:"reason,omitempty"`
	Revision  int64      `json:"revision"`
	Filed     time.Time  `json:"filed"`
}

func (s *Service) view(n *Need, sees Sight) NeedView {
	b := n.Brief
	v := NeedView{ID: n.ID, Sees: "title", Kind: b.Kind, KindName: s.kinds.name(b.Kind), Title: b.Title, State: n.State, StateName: needNames[n.State], Deadline: b.Deadline,
		Revision: n.Revision, Filed: time.Unix(0, n.Created).UTC(), Industry: division(b.Industry)}
	if p := province(b.Region); p != "" {
		v.Region = p + "0000"
	}
	if sees == SeesTitle {
		return v
	}
	v.Industry, v.Region, v.Sees = b.Industry, b.Region, "words"
	b.Excluded = nil
	if sees == SeesAll {
		v.Sees, v.Org, v.Firm, v.Reason = "all", &n.Org, &n.Name, n.Reason
		b.Excluded = n.Brief.Excluded
	} else {
		b.Origin = ""
	}
	v.Brief = &b
	return v
}

// SupplyView is a supply in a list of matches or the show-window.
type SupplyView struct {
	ID           uuid.UUID    `json:"id" format:"uuid" doc:"Of the entry of the register"`
	Register     string       `json:"register"`
	Code         string       `json:"code"`
	Title        string       `json:"title"`
	Words        string       `json:"words"`
	ProviderName string       `json:"providerName"`
	Provider     *uuid.UUID   `json:"provider,omitempty" format:"uuid" doc:"Absent where it has no organisation here: it cannot be contacted here"`
	Kinds        []string     `json:"kinds" nullable:"false"`
	KindNames    []text.Text  `json:"kindNames" nullable:"false"`
	Trades       []text.Text  `json:"trades" nullable:"false" doc:"Names; none: any"`
	Regions      []string     `json:"regions" nullable:"false" doc:"GB/T 2260; none: the whole country"`
	Ways         []string     `json:"ways" nullable:"false"`
	PriceFrom    *int64       `json:"priceFrom,omitempty" doc:"Fen"`
	PriceTo      *int64       `json:"priceTo,omitempty" doc:"Fen"`
	Cases        []SupplyCase `json:"cases" nullable:"false"`
	Rating       *int64       `json:"rating,omitempty" doc:"0 to 100; absent: no rating yet"`
	RatingName   text.Text    `json:"ratingName"`
}

// SupplyCase is a case.
type SupplyCase struct {
	ID    uuid.UUID `json:"id" format:"uuid"`
	Title string    `json:"title"`
	Trade text.Text `json:"trade"`
	Year  int64     `json:"year,omitempty"`
}

func (s *Service) supply(x *Supply, provider bool) SupplyView {
	v := SupplyView{ID: x.ID, Register: x.Register, Code: x.Code, Title: x.Title, Words: x.Words, ProviderName: x.ProviderName, Kinds: []string{}, KindNames: []text.Text{}, Trades: []text.Text{},
		Regions: append([]string{}, x.Regions...), Ways: append([]string{}, x.Ways...), PriceFrom: x.From, PriceTo: x.To, Cases: []SupplyCase{}, Rating: x.Rating, RatingName: noRating}
	if provider && x.Provider != uuid.Nil {
		v.Provider = &x.Provider
	}
	if x.Rating != nil {
		if st := s.profile.Rating.standing(*x.Rating); st != nil {
			v.RatingName = st.Name
		}
	}
	for _, k := range x.Kinds {
		v.Kinds, v.KindNames = append(v.Kinds, k), append(v.KindNames, s.kinds.name(k))
	}
	for _, t := range x.Trades {
		v.Trades = append(v.Trades, s.engine.names.trade(t))
	}
	for _, c := range x.Cases {
		v.Cases = append(v.Cases, SupplyCase{c.ID, c.Title, s.engine.names.trade(c.Trade), c.Year})
	}
	return v
}

// MatchView is a supply that fits a need, and why.
type MatchView struct {
	Supply  SupplyView `json:"supply"`
	Score   int64      `json:"score" doc:"0 to 10000: the sum of the points of the reasons"`
	Reasons []Reason   `json:"reasons" nullable:"false"`
}

// FittingView is a need that fits a supply of the caller's, and why.
type FittingView struct {
	Need    NeedView  `json:"need"`
	Supply  uuid.UUID `json:"supply" format:"uuid"`
	Title   string    `json:"title" doc:"Of the supply"`
	Score   int64     `json:"score"`
	Reasons []Reason  `json:"reasons" nullable:"false"`
	Found   time.Time `json:"found"`
}

// KindsView are the kinds of needs with their scenes.
type KindsView struct {
	Scenes []Scene `json:"scenes" nullable:"false"`
	Kinds  []Kind  `json:"kinds" nullable:"false"`
}

// NeedRequest is a need to be filed.
type NeedRequest struct {
	Org uuid.UUID `json:"org" format:"uuid"`
	Brief
}

// NeedChange is a need written anew.
type NeedChange struct {
	Basis int64 `json:"basis" minimum:"1" doc:"The revision that you saw"`
	Brief
}

// Farewell withdraws.
type Farewell struct {
	Basis  int64  `json:"basis" minimum:"1"`
	Reason string `json:"reason" maxLength:"2000"`
}

type needOutput struct{ Body NeedView }

// MatchLanguage is the caller's.
type MatchLanguage struct {
	AcceptLanguage string `header:"Accept-Language"`
}

func (l MatchLanguage) lang() string { return string(problem.ParseAcceptLanguage(l.AcceptLanguage)) }

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.needRoutes(a)
	s.fileRoutes(a)
	s.supplyRoutes(a)
	s.contactRoutes(a)
	s.ratingRoutes(a)
	s.eventRoutes(a)
	s.publicRoutes(a)
}

func (s *Service) needRoutes(a *api.Server) {
	type file struct{ Body NeedRequest }
	api.Register(a, api.Created(s.op(http.MethodPost, "fileNeed", "/needs", "File a need and find its matches")), func(ctx context.Context, in *file) (*needOutput, error) {
		n, err := s.File(ctx, in.Body.Org, in.Body.Brief)
		if err != nil {
			return nil, err
		}
		return &needOutput{s.view(&n, SeesAll)}, nil
	})
	type list struct {
		Org      uuid.UUID `query:"org" format:"uuid"`
		State    string    `query:"state" maxLength:"20"`
		Kind     string    `query:"kind" maxLength:"60"`
		Division string    `query:"industry" maxLength:"2" doc:"Two digits of GB/T 4754"`
		api.Paging
	}
	api.Register(a, s.op(http.MethodGet, "listNeeds", "/needs", "Needs of your organisations, the newest first; officers see those of all that are not private"), func(ctx context.Context, in *list) (*api.List[NeedView], error) {
		items, next, err := s.ListNeeds(ctx, NeedFilter{Org: in.Org, State: NeedState(in.State), Kind: in.Kind, Division: in.Division}, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, func(n *Need) NeedView { return s.view(n, SeesAll) }), next), nil
	})
	api.Register(a, s.op(http.MethodGet, "getNeed", "/needs/{id}", "One need, as far as you may see it"), func(ctx context.Context, in *api.ByID) (*needOutput, error) {
		n, sees, err := s.GetNeed(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &needOutput{s.view(&n, sees)}, nil
	})
	type change struct {
		api.ByID
		Body NeedChange
	}
	api.Register(a, s.op(http.MethodPut, "changeNeed", "/needs/{id}", "Write a need anew"), func(ctx context.Context, in *change) (*needOutput, error) {
		n, err := s.ChangeNeed(ctx, in.ID, in.Body.Basis, in.Body.Brief)
		if err != nil {
			return nil, err
		}
		return &needOutput{s.view(&n, SeesAll)}, nil
	})
	type withdraw struct {
		api.ByID
		Body Farewell
	}
	api.Register(a, s.op(http.MethodPost, "withdrawNeed", "/needs/{id}/withdrawal", "Withdraw a need; its contacts without a contract end"), func(ctx context.Context, in *withdraw) (*needOutput, error) {
		n, err := s.WithdrawNeed(ctx, in.ID, in.Body.Basis, in.Body.Reason)
		if err != nil {
			return nil, err
		}
		return &needOutput{s.view(&n, SeesAll)}, nil
	})
	api.Register(a, s.op(http.MethodGet, "matchNeed", "/needs/{id}/matches", "What fits a need, the best first, each with its reasons"), func(ctx context.Context, in *api.ByID) (*api.List[MatchView], error) {
		_, pairs, err := s.Matches(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(pairs, func(p *Pair) MatchView { return MatchView{s.supply(p.Supply, true), p.Score, p.Reasons} }), ""), nil
	})
	type fitting struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true" doc:"The provider"`
		api.Paging
	}
	api.Register(a, s.op(http.MethodGet, "fittingNeeds", "/fitting-needs", "Needs that fit what a provider offers, those found last first"), func(ctx context.Context, in *fitting) (*api.List[FittingView], error) {
		items, next, err := s.FittingNeeds(ctx, in.Org, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, func(f *Fitting) FittingView {
			return FittingView{s.view(&f.Need, f.Sees), f.Pair.Supply.ID, f.Pair.Supply.Title, f.Pair.Score, f.Pair.Reasons, time.Unix(0, f.Found).UTC()}
		}), next), nil
	})
	api.Register(a, s.op(http.MethodGet, "needFunnel", "/funnel", "What became of needs, counted, for officers"), func(ctx context.Context, _ *struct{}) (*struct{ Body Funnel }, error) {
		f, err := s.Funnel(ctx)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Funnel }{f}, nil
	})
}

type fileOutput struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

func fileOf(name string, f table.Format, data []byte, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	return &fileOutput{f.MediaType(), fmt.Sprintf(`attachment; filename="%s.%s"`, name, f), data}, nil
}

func binary(op huma.Operation) huma.Operation {
	op.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return op
}

func (s *Service) fileRoutes(a *api.Server) {
	type template struct {
		MatchLanguage
		Format string `query:"format" enum:"xlsx,csv" default:"xlsx"`
	}
	api.Register(a, binary(s.op(http.MethodGet, "emptyNeedsFile", "/needs-template", "An empty file with headings and lists, to be filled in and imported")), func(ctx context.Context, in *template) (*fileOutput, error) {
		if _, err := signedIn(ctx); err != nil {
			return nil, err
		}
		data, err := s.NeedsTemplate(table.Format(in.Format), in.lang())
		return fileOf("needs", table.Format(in.Format), data, err)
	})
	type imported struct {
		Org     uuid.UUID `query:"org" format:"uuid" required:"true"`
		Format  string    `query:"format" enum:"xlsx,csv" doc:"Found out where it is left out"`
		DryRun  bool      `query:"dryRun" doc:"Only tell what would be done"`
		RawBody []byte    `contentType:"application/octet-stream"`
	}
	op := s.op(http.MethodPost, "importNeeds", "/needs-import", "Take a spreadsheet of needs: whole or not at all")
	op.Description = "The body is the file: XLSX or CSV, at most 32 MiB and 2,000 rows. What is wrong with rows comes in the answer, each with sheet, row and cell; with any, nothing is taken."
	op.MaxBodyBytes, op.BodyReadTimeout = table.MaxFile, 2*time.Minute
	api.Register(a, op, func(ctx context.Context, in *imported) (*struct{ Body *ImportedNeeds }, error) {
		out, err := s.ImportNeeds(ctx, Import{Org: in.Org, Format: table.Format(in.Format), Data: in.RawBody, DryRun: in.DryRun})
		if err != nil {
			return nil, err
		}
		return &struct{ Body *ImportedNeeds }{out}, nil
	})
}

// ListingRequest is something that a provider offers.
type ListingRequest struct {
	Org      uuid.UUID       `json:"org" format:"uuid" doc:"The provider"`
	Register string          `json:"register" doc:"apps, capabilities, cases, consultancies, products, providers, solutions"`
	Content  json.RawMessage `json:"content" doc:"By the register's schema; provider, its name and the code are written by the node"`
}

// ListingChange is its content written anew.
type ListingChange struct {
	Basis   int64           `json:"basis" minimum:"1"`
	Content json.RawMessage `json:"content"`
}

// ListingView is an entry of a register of supply as its provider sees it.
type ListingView struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Register  string          `json:"register"`
	Name      text.Text       `json:"name" doc:"Of the register"`
	Code      string          `json:"code"`
	Title     string          `json:"title"`
	State     string          `json:"state"`
	StateName text.Text       `json:"stateName"`
	Public    bool            `json:"public" doc:"It stands in the show-window and is matched"`
	Reason    string          `json:"reason,omitempty" doc:"Of the last change"`
	Content   json.RawMessage `json:"content"`
	Revision  int64           `json:"revision"`
	At        time.Time       `json:"at"`
}

func (s *Service) listingView(e *register.Entry) ListingView {
	v := ListingView{ID: e.ID, Register: e.Register, Code: e.Key, Title: first(word(e.Record, "title"), word(e.Record, "name")), State: e.State, StateName: text.Both(e.State), Reason: e.Reason, Content: e.Record.Encode(),
		Revision: e.Revision, At: time.Unix(0, e.At).UTC()}
	if r, err := s.o.Registers.Register(e.Register); err == nil {
		v.Name, v.Public = r.Entry, r.IsPublic(e.State)
		for _, st := range r.States {
			if st.ID == e.State {
				v.StateName = st.Name
			}
		}
	}
	return v
}

func (s *Service) supplyRoutes(a *api.Server) {
	type one struct{ Body ListingView }
	type file struct{ Body ListingRequest }
	api.Register(a, api.Created(s.op(http.MethodPost, "fileSupply", "/supplies", "File what a provider offers; an officer publishes it")), func(ctx context.Context, in *file) (*one, error) {
		e, err := s.FileSupply(ctx, in.Body.Org, in.Body.Register, in.Body.Content)
		if err != nil {
			return nil, err
		}
		return &one{s.listingView(&e)}, nil
	})
	type change struct {
		api.ByID
		Body ListingChange
	}
	api.Register(a, s.op(http.MethodPut, "reviseSupply", "/supplies/{id}", "Change what a provider offers; what was published is looked at again"), func(ctx context.Context, in *change) (*one, error) {
		e, err := s.ReviseSupply(ctx, in.ID, in.Body.Basis, in.Body.Content)
		if err != nil {
			return nil, err
		}
		return &one{s.listingView(&e)}, nil
	})
	type own struct {
		Org uuid.UUID `query:"org" format:"uuid" required:"true"`
	}
	api.Register(a, s.op(http.MethodGet, "listOwnSupplies", "/supplies", "What a provider has filed, in whatever state"), func(ctx context.Context, in *own) (*api.List[ListingView], error) {
		items, err := s.OwnSupplies(ctx, in.Org)
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, s.listingView), ""), nil
	})
}

func (s *Service) publicRoutes(a *api.Server) {
	api.Register(a, api.Public(s.op(http.MethodGet, "listNeedKinds", "/public/kinds", "Kinds of needs")), func(context.Context, *struct{}) (*struct{ Body KindsView }, error) {
		v := KindsView{Scenes: append([]Scene{}, s.kinds.Scenes...), Kinds: s.kinds.All()}
		for i := range v.Kinds {
			v.Kinds[i].Means, v.Kinds[i].Synonyms = append([]string{}, v.Kinds[i].Means...), append([]string{}, v.Kinds[i].Synonyms...)
		}
		return &struct{ Body KindsView }{v}, nil
	})
	type needs struct {
		Kind     string `query:"kind" maxLength:"60"`
		Division string `query:"industry" maxLength:"2"`
		api.Paging
	}
	api.Register(a, api.Public(s.op(http.MethodGet, "listPublicNeeds", "/public/needs", "Titles of public needs that are sought, for anybody")), func(ctx context.Context, in *needs) (*api.List[NeedView], error) {
		items, next, err := s.PublicNeeds(ctx, NeedFilter{Kind: in.Kind, Division: in.Division}, in.Page())
		if err != nil {
			return nil, err
		}
		return api.Listed(store.All(items, func(n *Need) NeedView { return s.view(n, SeesTitle) }), next), nil
	})
	type window struct {
		Register string `query:"register" maxLength:"40"`
		Kind     string `query:"kind" maxLength:"60"`
		Industry string `query:"industry" maxLength:"5"`
		Region   string `query:"region" maxLength:"6"`
		Words    string `query:"q" maxLength:"200"`
		Limit    int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
		Offset   int    `query:"offset" minimum:"0" maximum:"100000"`
	}
	type shown struct {
		Items []SupplyView `json:"items" nullable:"false"`
		Total int          `json:"total"`
	}
	api.Register(a, api.Public(s.op(http.MethodGet, "listPublicSupplies", "/public/supplies", "The show-window of supply, for anybody: rated ones first")), func(ctx context.Context, in *window) (*struct{ Body shown }, error) {
		items, total, err := s.ShowWindow(ctx, SupplyFilter{Register: in.Register, Kind: in.Kind, Trade: in.Industry, Region: in.Region, Words: in.Words}, in.Limit, in.Offset)
		if err != nil {
			return nil, err
		}
		out := shown{Items: []SupplyView{}, Total: total}
		for _, x := range items {
			out.Items = append(out.Items, s.supply(x, false))
		}
		return &struct{ Body shown }{out}, nil
	})
}
