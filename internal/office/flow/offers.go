package flow

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// Offers are organisations that take cases of a flow.
type Offers struct {
	Orgs  []uuid.UUID             `json:"orgs" nullable:"false"`
	Names map[uuid.UUID]text.Text `json:"names" nullable:"false" doc:"What they are called"`
}

func (s *Service) flowRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "listFlows", "/flows", "The flows in which cases are opened"),
		func(ctx context.Context, in *struct{ CaseLanguage }) (*api.List[FlowView], error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			var out []FlowView
			for _, f := range s.Flows() {
				v, err := f.view(string(problem.ParseAcceptLanguage(in.AcceptLanguage)))
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return api.Listed(out, ""), nil
		})
	type offer struct {
		ByFlow
		Body OfferRequest
	}
	offers := func(ctx context.Context, flow string) (*struct{ Body Offers }, error) {
		orgs, err := s.OfferedBy(ctx, flow)
		if err != nil {
			return nil, err
		}
		names, err := s.called(ctx, orgs)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Offers }{Offers{list(orgs), names}}, nil
	}
	api.Register(a, tag.Operation(http.MethodPost, "offerFlow", "/flows/{flow}/offers", "Say whether an organisation takes cases of a flow that others file"),
		func(ctx context.Context, in *offer) (*struct{ Body Offers }, error) {
			if err := s.Offer(ctx, in.Body.Org, in.Flow, in.Body.Takes); err != nil {
				return nil, err
			}
			return offers(ctx, in.Flow)
		})
	api.Register(a, tag.Operation(http.MethodGet, "listFlowOffers", "/flows/{flow}/offers", "The organisations that take cases of a flow"),
		func(ctx context.Context, in *ByFlow) (*struct{ Body Offers }, error) { return offers(ctx, in.Flow) })
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "getPublicFlow", "/public/flows/{flow}", "What anybody may know of a flow that has public states")),
		func(_ context.Context, in *ByFlow) (*struct{ Body PublicFlow }, error) {
			f, err := s.Flow(in.Flow)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(f.States, func(x State) bool { return x.Public }) {
				return nil, ErrFlow.At("path.flow", in.Flow).With("flows", "")
			}
			fields := slices.DeleteFunc(slices.Clone(f.Fields), func(x field.Field) bool { return f.classOf(x.Key) != field.Public })
			v := PublicFlow{ID: f.ID, Name: f.Name, Case: f.Case}
			v.Fields, err = json.Marshal(fields)
			return &struct{ Body PublicFlow }{v}, err
		})
	type public struct {
		ByFlow
		Org uuid.UUID `query:"org" format:"uuid" doc:"Kept by this organisation"`
		api.Paging
	}
	api.Register(a, api.Public(tag.Operation(http.MethodGet, "listPublicCases", "/public/flows/{flow}/cases", "The public part of cases in public states, such as during a publicity period, for anybody")),
		func(ctx context.Context, in *public) (*api.List[PublicCase], error) {
			items, next, err := s.ListPublic(ctx, in.Flow, in.Org, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]PublicCase, len(items))
			for i := range items {
				c := &items[i]
				f, err := s.version(ctx, s.o.DB, c.Flow, c.Version)
				if err != nil {
					return nil, err
				}
				out[i] = PublicCase{ID: c.ID, Org: c.Org, State: c.State, StateName: f.state(c.State).Name, Content: c.Record.Encode(), Deadlines: f.deadlineViews(s.cal, c.Clocks, s.o.Now().UnixNano()), Revision: c.Revision}
				out[i].Objecting = f.objecting(c, s.o.Now().UnixNano())
				if c.Subject != uuid.Nil {
					out[i].subject = c.Subject
				}
			}
			if err := s.publicNames(ctx, out); err != nil {
				return nil, err
			}
			return api.Listed(out, next), nil
		})
}

// PublicFlow is what anybody may know of a flow.
type PublicFlow struct {
	ID     string          `json:"id"`
	Name   text.Text       `json:"name"`
	Case   text.Text       `json:"case" doc:"What one case is called"`
	Fields json.RawMessage `json:"fields" doc:"The public ones"`
}

// PublicAction is something that anybody may do with a public case.
type PublicAction struct {
	Action string    `json:"action"`
	Name   text.Text `json:"name"`
}

// objecting is what anybody may do with a case as it stands.
func (f *Flow) objecting(c *Case, now int64) *PublicAction {
	for i := range f.Transitions {
		t := &f.Transitions[i]
		if slices.Contains(t.From, c.State) && slices.ContainsFunc(t.Roles, func(r string) bool { return f.role(r).Of == Anyone }) && f.timely(c, t, now) == nil {
			return &PublicAction{t.action(), t.Name}
		}
	}
	return nil
}

// PublicCase is what anybody sees of a case.
type PublicCase struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Org       uuid.UUID       `json:"org" format:"uuid" doc:"Who keeps it"`
	OrgName   text.Text       `json:"orgName,omitzero"`
	About     text.Text       `json:"subjectName,omitzero" doc:"The organisation that it is about"`
	State     string          `json:"state"`
	StateName text.Text       `json:"stateName"`
	Content   json.RawMessage `json:"content" doc:"The public fields"`
	Deadlines []DeadlineView  `json:"deadlines" nullable:"false" doc:"Until when one may object"`
	Revision  int64           `json:"revision" doc:"The basis of an objection"`
	Objecting *PublicAction   `json:"objecting,omitempty" doc:"What anybody who is signed in may do with it now"`

	subject uuid.UUID
}
