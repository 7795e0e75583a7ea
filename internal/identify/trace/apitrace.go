package trace

import (
	"context"
	"encoding/csv"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
)

func (s *Service) traceRoutes(a *api.Server) {
	type graph struct {
		ID        string `query:"id" required:"true" maxLength:"1024" doc:"A thing, a lot, or a business transaction"`
		Direction string `query:"direction" enum:"forward,backward" default:"forward"`
		Depth     int    `query:"depth" minimum:"1" maximum:"50" default:"20"`
		Nodes     int    `query:"nodes" minimum:"1" maximum:"250000" default:"20000"`
	}
	api.Register(a, ownTag.Operation(http.MethodGet, "traceThing", "/trace/graph", "What became of a thing, or what it was made of"),
		func(ctx context.Context, in *graph) (*struct{ Body Traced }, error) {
			out, err := s.Trace(ctx, Ask{in.ID, Direction(in.Direction), in.Depth, in.Nodes})
			if err != nil {
				return nil, err
			}
			return &struct{ Body Traced }{out}, nil
		})
	type recall struct {
		ID     string `query:"id" required:"true" maxLength:"1024"`
		Limit  int    `query:"limit" minimum:"0" maximum:"10000" default:"1000" doc:"Items in the answer; customers are always all of them"`
		Offset int    `query:"offset" minimum:"0" default:"0"`
	}
	api.Register(a, ownTag.Operation(http.MethodGet, "recallThing", "/trace/recall", "What a thing or a lot is in, and who has it"),
		func(ctx context.Context, in *recall) (*struct{ Body Recall }, error) {
			out, err := s.Recall(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			from := min(in.Offset, len(out.Items))
			out.Items = out.Items[from:min(from+in.Limit, len(out.Items))]
			return &struct{ Body Recall }{out}, nil
		})
	type thing struct {
		ID string `query:"id" required:"true" maxLength:"1024"`
	}
	o := ownTag.Operation(http.MethodGet, "exportRecall", "/trace/recall.csv", "The whole recall list as CSV")
	o.Responses = map[string]*huma.Response{"200": {Description: "CSV", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	api.Register(a, o, func(ctx context.Context, in *thing) (*huma.StreamResponse, error) {
		out, err := s.Recall(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
			hc.SetHeader("Content-Disposition", `attachment; filename="recall.csv"`)
			w := csv.NewWriter(hc.BodyWriter())
			_ = w.Write([]string{"id", "kind", "state", "party", "place", "since", "step", "in", "quantity", "unit"})
			for _, x := range out.Items {
				since := ""
				if x.Since != nil {
					since = x.Since.Format(time.RFC3339)
				}
				_ = w.Write([]string{x.ID, x.Kind, x.State, x.Party, x.Place, since, x.Step, x.In, x.Quantity, x.Unit})
			}
			w.Flush()
		}}, nil
	})
	api.Register(a, ownTag.Operation(http.MethodGet, "findBreaks", "/trace/breaks", "Where what is known of a thing does not hold together"),
		func(ctx context.Context, in *thing) (*struct{ Body api.Page[Break] }, error) {
			list, err := s.Breaks(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return &struct{ Body api.Page[Break] }{api.NewPage(list, "")}, nil
		})
	type event struct {
		ID string `query:"event" required:"true" maxLength:"1024" doc:"eventID"`
	}
	type proved struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	prove := ownTag.Operation(http.MethodGet, "proveEvent", "/trace/proof", "That an event was captured as it stands, by whom and when, as a file")
	prove.Responses = map[string]*huma.Response{"200": {Description: "The file", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	api.Register(a, prove,
		func(ctx context.Context, in *event) (*proved, error) {
			p, err := s.Prove(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			b, err := p.Encode()
			return &proved{"application/json", b}, err
		})
}

// PartyView is a binding.
type PartyView struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Org       uuid.UUID `json:"org" format:"uuid"`
	Party     string    `json:"party,omitempty" doc:"Absent for a regulator"`
	Regulator bool      `json:"regulator"`
	Reason    string    `json:"reason"`
	Since     time.Time `json:"since"`
}

// PartyRequest binds an identifier to an organisation, or appoints a regulator.
type PartyRequest struct {
	Org    uuid.UUID `json:"org" format:"uuid"`
	Party  string    `json:"party,omitempty" maxLength:"200" doc:"GLN of a party (417) or a place (414), as Digital Link or EPC URI; absent: the organisation is a regulator"`
	Reason string    `json:"reason" maxLength:"500"`
}

func (s *Service) partyRoutes(a *api.Server) {
	view := func(b Binding) PartyView { return PartyView(b) }
	api.Register(a, ownTag.Operation(http.MethodGet, "listTraceParties", "/trace/parties", "Whose identifiers of parties and places are, and who is a regulator"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body api.Page[PartyView] }, error) {
			list, err := s.Bindings(ctx)
			if err != nil {
				return nil, err
			}
			out := make([]PartyView, len(list))
			for i, b := range list {
				out[i] = view(b)
			}
			return &struct{ Body api.Page[PartyView] }{api.NewPage(out, "")}, nil
		})
	type bind struct{ Body PartyRequest }
	api.Register(a, api.Created(ownTag.Operation(http.MethodPost, "bindTraceParty", "/trace/parties", "Bind an identifier to an organisation, or appoint a regulator")),
		func(ctx context.Context, in *bind) (*struct{ Body PartyView }, error) {
			b, err := s.Bind(ctx, Binding{Org: in.Body.Org, Party: in.Body.Party, Reason: in.Body.Reason})
			if err != nil {
				return nil, err
			}
			return &struct{ Body PartyView }{view(b)}, nil
		})
	type unbind struct {
		api.ByID
		Reason string `query:"reason" required:"true" minLength:"2" maxLength:"500"`
	}
	api.Register(a, ownTag.Operation(http.MethodDelete, "unbindTraceParty", "/trace/parties/{id}", "Take a binding back"),
		func(ctx context.Context, in *unbind) (*struct{}, error) {
			return nil, s.Unbind(ctx, in.ID, in.Reason)
		})
}
