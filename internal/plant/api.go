package plant

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

//go:embed texts
var texts embed.FS

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.nodeRoutes(a)
	s.pointRoutes(a)
	s.templateRoutes(a)
	s.fileRoutes(a)
	s.calendarRoutes(a)
}

func operation(method, id, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{"plant"}, Summary: summary}
}

func created(op huma.Operation) huma.Operation {
	op.DefaultStatus = http.StatusCreated
	return op
}

// When is embedded where the plant can be asked as it was.
type When struct {
	At time.Time `query:"at" doc:"As it was or will be at this time; now where it is left out"`
}

// ByID names one thing.
type ByID struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

type nodeOutput struct {
	ETag string `header:"ETag"`
	Body NodeView
}

func answer(n Node, err error) (*nodeOutput, error) {
	if err != nil {
		return nil, err
	}
	return &nodeOutput{n.ETag(), n.view()}, nil
}

// configure is the right to change a thing: of whom it is, is found among what the caller may see.
func (s *Service) configure(ctx context.Context, id uuid.UUID) (auth.Scope, error) {
	seen, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return auth.Scope{}, err
	}
	org, err := s.Owner(ctx, seen, id)
	if err != nil {
		return auth.Scope{}, err
	}
	return auth.Allow(ctx, auth.Configure, org)
}

func (s *Service) nodeRoutes(a *api.Server) {
	type listInput struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		When
		Kind   string    `query:"kind" enum:"site,area,line,machine"`
		Parent uuid.UUID `query:"parent" format:"uuid" doc:"Only what stands directly under this"`
		api.Paging
	}
	api.Register(a, operation(http.MethodGet, "listPlantNodes", "/plant/nodes", "Sites, areas, lines and machines as they are at a time"),
		func(ctx context.Context, in *listInput) (*api.List[NodeView], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			nodes, next, err := s.Nodes(ctx, scope, Filter{At: in.At, Kind: Kind(in.Kind), Parent: in.Parent}, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]NodeView, len(nodes))
			for i := range nodes {
				out[i] = nodes[i].view()
			}
			return api.Listed(out, next), nil
		})

	type getInput struct {
		ByID
		When
	}
	api.Register(a, operation(http.MethodGet, "getPlantNode", "/plant/nodes/{id}", "One site, area, line or machine as it is at a time"),
		func(ctx context.Context, in *getInput) (*nodeOutput, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			return answer(s.Node(ctx, scope, in.ID, in.At))
		})

	type addInput struct {
		Body struct {
			Org      uuid.UUID `json:"org" format:"uuid"`
			Kind     Kind      `json:"kind" enum:"site,area,line,machine"`
			Parent   uuid.UUID `json:"parent,omitempty" format:"uuid" doc:"Where it stands; a site stands under the enterprise and has none"`
			Name     text.Text `json:"name"`
			Class    string    `json:"class,omitempty" maxLength:"100" doc:"Class of equipment, of a machine; that of the template where it is left out"`
			Template string    `json:"template,omitempty" maxLength:"100" doc:"Device template: the machine gets its points"`
			From     time.Time `json:"from,omitempty" doc:"Since when; now where it is left out"`
			Reason   string    `json:"reason,omitempty" maxLength:"500"`
		}
	}
	api.Register(a, created(operation(http.MethodPost, "addPlantNode", "/plant/nodes", "Add a site, area, line or machine")),
		func(ctx context.Context, in *addInput) (*nodeOutput, error) {
			scope, err := auth.Allow(ctx, auth.Configure, in.Body.Org)
			if err != nil {
				return nil, err
			}
			b := in.Body
			return answer(s.Create(ctx, scope, NewNode{
				Org: b.Org, Kind: b.Kind, Parent: b.Parent, Name: b.Name, Class: b.Class, Template: b.Template, From: b.From, Reason: b.Reason,
			}))
		})

	type updateInput struct {
		ByID
		api.IfMatch
		Body struct {
			Name   *text.Text `json:"name,omitempty"`
			Class  *string    `json:"class,omitempty" maxLength:"100"`
			From   time.Time  `json:"from,omitempty" doc:"Since when the name holds; now where it is left out"`
			Reason string     `json:"reason,omitempty" maxLength:"500"`
		}
	}
	api.Register(a, operation(http.MethodPatch, "changePlantNode", "/plant/nodes/{id}", "Rename, or put into another class of equipment"),
		func(ctx context.Context, in *updateInput) (*nodeOutput, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answer(s.Update(ctx, scope, in.ID, Update{Name: in.Body.Name, Class: in.Body.Class, From: in.Body.From, Reason: in.Body.Reason, IfMatch: in.IfMatch}))
		})

	type moveInput struct {
		ByID
		api.IfMatch
		Body struct {
			Parent uuid.UUID `json:"parent" format:"uuid"`
			From   time.Time `json:"from,omitempty" doc:"Since when; now where it is left out"`
			Reason string    `json:"reason,omitempty" maxLength:"500"`
		}
	}
	api.Register(a, operation(http.MethodPost, "movePlantNode", "/plant/nodes/{id}/move", "Move it, with what stands under it, from a time on"),
		func(ctx context.Context, in *moveInput) (*nodeOutput, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answer(s.Move(ctx, scope, in.ID, Move{Parent: in.Body.Parent, From: in.Body.From, Reason: in.Body.Reason, IfMatch: in.IfMatch}))
		})

	api.Register(a, operation(http.MethodPost, "retirePlantNode", "/plant/nodes/{id}/retire", "Retire it from a time on; its history stays"),
		func(ctx context.Context, in *retireInput) (*nodeOutput, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answer(s.Retire(ctx, scope, in.ID, Retire{At: in.Body.At, Reason: in.Body.Reason, IfMatch: in.IfMatch}))
		})
}

type retireInput struct {
	ByID
	api.IfMatch
	Body struct {
		At     time.Time `json:"at,omitempty" doc:"From when on; now where it is left out"`
		Reason string    `json:"reason" maxLength:"500"`
	}
}

func (s *Service) pointRoutes(a *api.Server) {
	type machineInput struct {
		ByID
		When
	}
	type machineOutput struct {
		ETag string `header:"ETag"`
		Body MachineView
	}
	api.Register(a, operation(http.MethodGet, "getMachine", "/plant/machines/{id}", "A machine with its points, as it is at a time"),
		func(ctx context.Context, in *machineInput) (*machineOutput, error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			n, points, err := s.Machine(ctx, scope, in.ID, in.At)
			if err != nil {
				return nil, err
			}
			out := &machineOutput{n.ETag(), MachineView{NodeView: n.view(), Points: make([]PointView, len(points))}}
			for i := range points {
				out.Body.Points[i] = points[i].view()
			}
			if s.o.Connection != nil {
				if out.Body.Connection, err = s.o.Connection(ctx, scope, in.ID); err != nil {
					return nil, err
				}
			}
			return out, nil
		})

	type setupBody struct {
		SetupView
		From time.Time `json:"from,omitempty" doc:"Since when; now where it is left out"`
	}
	type setupInput struct {
		ByID
		api.IfMatch
		Body setupBody
	}
	type pointOutput struct {
		ETag string `header:"ETag"`
		Body PointView
	}
	set := func(do func(context.Context, auth.Scope, uuid.UUID, template.Point, time.Time, api.IfMatch) (Point, error)) func(context.Context, *setupInput) (*pointOutput, error) {
		return func(ctx context.Context, in *setupInput) (*pointOutput, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			setup, err := in.Body.setup()
			if err != nil {
				return nil, err
			}
			p, err := do(ctx, scope, in.ID, setup, in.Body.From, in.IfMatch)
			if err != nil {
				return nil, err
			}
			return &pointOutput{p.ETag(), p.view()}, nil
		}
	}
	api.Register(a, created(operation(http.MethodPost, "addPoint", "/plant/machines/{id}/points", "Add a point to a machine; its id is its series")), set(s.AddPoint))
	api.Register(a, operation(http.MethodPut, "changePoint", "/plant/points/{id}", "Set a point up differently from a time on; key, type and unit stay"), set(s.ChangePoint))

	api.Register(a, operation(http.MethodPost, "retirePoint", "/plant/points/{id}/retire", "Retire a point from a time on; its readings stay"),
		func(ctx context.Context, in *retireInput) (*struct{}, error) {
			scope, err := s.configure(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return nil, s.RetirePoint(ctx, scope, in.ID, Retire{At: in.Body.At, Reason: in.Body.Reason, IfMatch: in.IfMatch})
		})
}
