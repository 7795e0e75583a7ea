package party

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("parties")

// JoinApplication is an application as it is told.
type JoinApplication struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Kind      Kind            `json:"kind" enum:"join,act" doc:"To join with an enterprise, or to act for one that has joined"`
	Role      auth.Role       `json:"role" enum:"owner,engineer,operator,viewer"`
	State     State           `json:"state" enum:"draft,submitted,returned,approved,refused,withdrawn"`
	Applicant string          `json:"applicant" doc:"Name of the person who asks"`
	Login     string          `json:"login"`
	Org       *uuid.UUID      `json:"org,omitempty" format:"uuid" doc:"The organisation, once it has been approved"`
	Content   json.RawMessage `json:"content"`
	Letter    *Letter         `json:"letter,omitempty"`
	Size      *Size           `json:"size,omitempty" doc:"By the national rule, from industry and figures"`
	Missing   []string        `json:"missing" nullable:"false" doc:"What is wanting for handing in"`
	Created   time.Time       `json:"created"`
	At        time.Time       `json:"at" doc:"Of the last change"`
	Submitted *time.Time      `json:"submitted,omitempty"`
	By        string          `json:"by" doc:"Who made the last step"`
	Reason    string          `json:"reason,omitempty" doc:"Of the last decision"`
	Revision  int64           `json:"revision"`
}

// JoinStep is one step of an application.
type JoinStep struct {
	Revision int64       `json:"revision"`
	From     State       `json:"from,omitempty" enum:"draft,submitted,returned,approved,refused,withdrawn"`
	To       State       `json:"to" enum:"draft,submitted,returned,approved,refused,withdrawn"`
	By       audit.Actor `json:"by"`
	Reason   string      `json:"reason,omitempty"`
	At       time.Time   `json:"at"`
}

// JoinDetail is an application with its steps.
type JoinDetail struct {
	JoinApplication
	Steps []JoinStep `json:"steps" nullable:"false"`
}

// MandateView is a mandate as it is told.
type MandateView struct {
	ID       uuid.UUID    `json:"id" format:"uuid"`
	Org      uuid.UUID    `json:"org" format:"uuid"`
	OrgName  text.Text    `json:"orgName"`
	Person   uuid.UUID    `json:"person" format:"uuid"`
	Login    string       `json:"login"`
	Name     string       `json:"name"`
	Role     auth.Role    `json:"role" enum:"owner,engineer,operator,viewer"`
	From     time.Time    `json:"from"`
	Until    time.Time    `json:"until" doc:"It does not count from this instant on"`
	LastDay  string       `json:"lastDay" format:"date"`
	State    MandateState `json:"state" enum:"running,ended,revoked"`
	Letter   Letter       `json:"letter"`
	By       string       `json:"by" doc:"Who gave, renewed or revoked it"`
	Reason   string       `json:"reason"`
	Revision int64        `json:"revision"`
}

func (s *Service) view(a *Application) JoinApplication {
	v := JoinApplication{ID: a.ID, Kind: a.Kind, Role: a.Role, State: a.State, Applicant: a.Name, Login: a.Login, Content: a.Record.Encode(), Letter: a.Letter, Missing: []string{},
		Created: time.Unix(0, a.Created).UTC(), At: time.Unix(0, a.At).UTC(), Submitted: store.Instant(a.Submitted), By: a.By.Name, Reason: a.Reason, Revision: a.Revision}
	if a.Target != uuid.Nil && a.State == Approved { // before, the organisation of a code is nobody's business
		v.Org = &a.Target
	}
	if industry := a.word("industry"); industry != "" {
		size := s.o.Size(industry, a.whole("employees"), a.whole("revenue"), a.whole("assets"))
		size.Missing, size.Reasons = list(size.Missing), list(size.Reasons)
		v.Size = &size
	}
	if a.mine() {
		for _, key := range needed[a.Kind] {
			if a.Record[key] == nil {
				v.Missing = append(v.Missing, key)
			}
		}
		if a.Letter == nil {
			v.Missing = append(v.Missing, "letter")
		}
	}
	return v
}

func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (s *Service) mandateViews(ctx context.Context, items []Mandate) ([]MandateView, error) {
	var ids []uuid.UUID
	for i := range items {
		ids = append(ids, items[i].Org)
	}
	orgs, err := s.o.Orgs.List(ctx, ids)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]text.Text{}
	for _, o := range orgs {
		names[o.ID] = o.Name
	}
	now := s.o.Now().UnixNano()
	return store.All(items, func(m *Mandate) MandateView {
		return MandateView{ID: m.ID, Org: m.Org, OrgName: names[m.Org], Person: m.Person, Login: m.Login, Name: m.Name, Role: m.Role, From: time.Unix(0, m.From).UTC(), Until: time.Unix(0, m.To).UTC(),
			LastDay: field.DateOf(m.To - 1), State: m.state(now), Letter: m.Letter, By: m.By.Name, Reason: m.Reason, Revision: m.Revision}
	}), nil
}

type oneApplication struct{ Body JoinApplication }

func (s *Service) one(a Application, err error) (*oneApplication, error) {
	if err != nil {
		return nil, err
	}
	return &oneApplication{s.view(&a)}, nil
}

type fileOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func handed(l Letter, data []byte, err error) (*fileOutput, error) {
	if err != nil {
		return nil, err
	}
	// Always to be kept, never to be shown by the browser as a page of this node.
	return &fileOutput{l.Media, mime.FormatMediaType("attachment", map[string]string{"filename": l.Name}), data}, nil
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.askRoutes(a)
	s.ownRoutes(a)
	s.reviewRoutes(a)
	s.mandateRoutes(a)
}

func (s *Service) askRoutes(a *api.Server) {
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listIndustries", "/join/industries", "Sections and divisions of GB/T 4754-2017")),
		func(context.Context, *struct{}) (*api.List[Industry], error) {
			return api.Listed(s.o.Industries, ""), nil
		})

	type ask struct {
		Body struct {
			CreditCode string `json:"creditCode" minLength:"1" maxLength:"40"`
		}
	}
	type asked struct {
		CreditCode string `json:"creditCode" doc:"In normal form"`
		Region     string `json:"region" doc:"Where it was given out (GB/T 2260)"`
		Joined     bool   `json:"joined" doc:"The enterprise has joined; ask to act for it"`
	}
	api.Register(a, tag.Operation(http.MethodPost, "checkCreditCode", "/join/check", "Check a credit code, and whether its enterprise has joined"),
		func(ctx context.Context, in *ask) (*struct{ Body asked }, error) {
			r, err := s.Ask(ctx, in.Body.CreditCode)
			if err != nil {
				return nil, err
			}
			return &struct{ Body asked }{asked{r.Code, r.Region, r.Joined}}, nil
		})
}

func (s *Service) ownRoutes(a *api.Server) {
	api.Register(a, api.Created(tag.Operation(http.MethodPost, "beginApplication", "/join/applications", "Begin an application of mine")),
		func(ctx context.Context, _ *struct{}) (*oneApplication, error) { return s.one(s.Begin(ctx)) })

	type mine struct{ api.Paging }
	api.Register(a, tag.Operation(http.MethodGet, "listMyApplications", "/join/applications", "My applications, the latest first"),
		func(ctx context.Context, in *mine) (*api.List[JoinApplication], error) {
			items, next, err := s.Mine(ctx, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.view), next), nil
		})

	api.Register(a, tag.Operation(http.MethodGet, "getApplication", "/join/applications/{id}", "One application with its steps: mine, or one that I may decide"),
		func(ctx context.Context, in *api.ByID) (*struct{ Body JoinDetail }, error) {
			found, steps, err := s.Get(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			d := JoinDetail{s.view(&found), []JoinStep{}}
			for _, x := range steps {
				d.Steps = append(d.Steps, JoinStep{x.Revision, x.From, x.To, x.By, x.Reason, time.Unix(0, x.At).UTC()})
			}
			return &struct{ Body JoinDetail }{d}, nil
		})

	type fill struct {
		api.ByID
		Body struct {
			Content json.RawMessage `json:"content,omitempty" doc:"Fields to set; null empties one. What is not named stays"`
			Kind    Kind            `json:"kind,omitempty" enum:"join,act"`
			Role    auth.Role       `json:"role,omitempty" enum:"owner,engineer,operator,viewer" doc:"To act in; who joins becomes the owner"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPatch, "fillApplication", "/join/applications/{id}", "Fill in an application of mine; it is kept"),
		func(ctx context.Context, in *fill) (*oneApplication, error) {
			return s.one(s.Fill(ctx, in.ID, Filling{Content: in.Body.Content, Kind: in.Body.Kind, Role: in.Body.Role}))
		})

	type attach struct {
		Application uuid.UUID `query:"application" format:"uuid" required:"true"`
		Name        string    `query:"name" required:"true" maxLength:"400" doc:"The file's name, whose ending must be what its content is"`
		RawBody     []byte    `contentType:"application/octet-stream"`
	}
	op := api.Created(tag.Operation(http.MethodPost, "attachLetter", "/join/letters", "Hand in the letter of authorisation of an application of mine"))
	op.Description = "The body is the file: PDF, OFD, PNG or JPEG, at most 10 MiB."
	op.MaxBodyBytes = MaxLetter
	op.BodyReadTimeout = 2 * time.Minute
	api.Register(a, op, func(ctx context.Context, in *attach) (*oneApplication, error) {
		return s.one(s.Attach(ctx, in.Application, in.Name, in.RawBody))
	})
	api.Register(a, tag.Operation(http.MethodGet, "getApplicationLetter", "/join/applications/{id}/letter", "The letter of an application"),
		func(ctx context.Context, in *api.ByID) (*fileOutput, error) { return handed(s.Letter(ctx, in.ID)) })
	api.Register(a, tag.Operation(http.MethodPost, "submitApplication", "/join/applications/{id}/submission", "Hand an application of mine in"),
		func(ctx context.Context, in *api.ByID) (*oneApplication, error) { return s.one(s.Submit(ctx, in.ID)) })
	api.Register(a, tag.Operation(http.MethodPost, "withdrawApplication", "/join/applications/{id}/withdrawal", "Withdraw an application of mine"),
		func(ctx context.Context, in *api.ByID) (*oneApplication, error) { return s.one(s.Withdraw(ctx, in.ID)) })
}

func (s *Service) reviewRoutes(a *api.Server) {
	type reviews struct {
		api.Paging
		Org   uuid.UUID `query:"org" format:"uuid" doc:"Those that ask to act for this organisation; without it all, for the organisation that runs the node"`
		State State     `query:"state" enum:"submitted,returned,approved,refused,withdrawn"`
		Kind  Kind      `query:"kind" enum:"join,act"`
		Q     string    `query:"q" maxLength:"200" doc:"In code, names and login"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listReviews", "/join/reviews", "Applications that I may decide, the latest first"),
		func(ctx context.Context, in *reviews) (*api.List[JoinApplication], error) {
			items, next, err := s.Reviews(ctx, Filter{Org: in.Org, State: in.State, Kind: in.Kind, Words: in.Q}, in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(items, s.view), next), nil
		})

	type decide struct {
		api.ByID
		Body struct {
			Basis    int64    `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Decision Decision `json:"decision" enum:"approve,return,refuse"`
			Reason   string   `json:"reason" doc:"3 to 1000 characters; the applicant reads it"`
			Until    string   `json:"until,omitempty" format:"date" doc:"An earlier last day of the mandate than was asked for"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "decideApplication", "/join/applications/{id}/decisions", "Decide an application"),
		func(ctx context.Context, in *decide) (*oneApplication, error) {
			b := &in.Body
			return s.one(s.Decide(ctx, in.ID, Deciding{Basis: b.Basis, Decision: b.Decision, Reason: b.Reason, Until: b.Until}))
		})
}

func (s *Service) mandateRoutes(a *api.Server) {
	answer := func(ctx context.Context, items []Mandate, next string, err error) (*api.List[MandateView], error) {
		if err != nil {
			return nil, err
		}
		views, err := s.mandateViews(ctx, items)
		if err != nil {
			return nil, err
		}
		return api.Listed(views, next), nil
	}
	type ofOrg struct {
		api.Paging
		Org uuid.UUID `query:"org" format:"uuid" doc:"Of this organisation, for its owners; without it all, for the organisation that runs the node"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listMandates", "/mandates", "Who may act for an organisation, the latest first"),
		func(ctx context.Context, in *ofOrg) (*api.List[MandateView], error) {
			items, next, err := s.Mandates(ctx, in.Org, in.Page())
			return answer(ctx, items, next, err)
		})
	type mine struct{ api.Paging }
	api.Register(a, tag.Operation(http.MethodGet, "listMyMandates", "/me/mandates", "For whom I may act, and until when"),
		func(ctx context.Context, in *mine) (*api.List[MandateView], error) {
			items, next, err := s.MyMandates(ctx, in.Page())
			return answer(ctx, items, next, err)
		})
	api.Register(a, tag.Operation(http.MethodGet, "getMandateLetter", "/mandates/{id}/letter", "The letter on which a mandate rests"),
		func(ctx context.Context, in *api.ByID) (*fileOutput, error) {
			return handed(s.MandateLetter(ctx, in.ID))
		})

	one := func(ctx context.Context, m Mandate, err error) (*struct{ Body MandateView }, error) {
		if err != nil {
			return nil, err
		}
		views, err := s.mandateViews(ctx, []Mandate{m})
		if err != nil {
			return nil, err
		}
		return &struct{ Body MandateView }{views[0]}, nil
	}
	type renew struct {
		api.ByID
		Body struct {
			Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Until  string `json:"until" format:"date" doc:"The last day"`
			Reason string `json:"reason" doc:"3 to 1000 characters"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "renewMandate", "/mandates/{id}/renewals", "Set another last day of a mandate that runs"),
		func(ctx context.Context, in *renew) (*struct{ Body MandateView }, error) {
			m, err := s.Renew(ctx, in.ID, in.Body.Basis, in.Body.Until, in.Body.Reason)
			return one(ctx, m, err)
		})
	type revoke struct {
		api.ByID
		Body struct {
			Basis  int64  `json:"basis" minimum:"1" doc:"The revision that you saw"`
			Reason string `json:"reason" doc:"3 to 1000 characters"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "revokeMandate", "/mandates/{id}/revocations", "End a mandate at once"),
		func(ctx context.Context, in *revoke) (*struct{ Body MandateView }, error) {
			m, err := s.Revoke(ctx, in.ID, in.Body.Basis, in.Body.Reason)
			return one(ctx, m, err)
		})
}
