package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"slices"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// tag is the heading of the operations.
const tag = api.Tag("gateways")

// Routes adds the operations and the live source "gateways".
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.gatewayRoutes(a)
	s.linkRoutes(a)
	s.connectionRoutes(a)
	s.askRoutes(a)
	s.quarantineRoutes(a)
	s.enrolRoute(a)
	a.Live().Add(liveSource{s})
}

func (s *Service) one(id uuid.UUID) (*api.One[View], error) {
	v, ok := s.View(id)
	if !ok {
		return nil, store.ErrNotFound
	}
	return &api.One[View]{ETag: v.ETag, Body: v}, nil
}

func (s *Service) gatewayRoutes(a *api.Server) {
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Only this organisation; without it all that you may see"`
		api.Paging
	}
	api.Register(a, tag.Operation("GET", "listGateways", "/gateways", "Gateways and how they do"),
		func(ctx context.Context, in *list) (*api.List[View], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			found, next, err := listGateways(ctx, s.o.DB, scope, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]View, 0, len(found))
			for _, g := range found {
				if v, ok := s.View(g.ID); ok {
					out = append(out, v)
				}
			}
			return api.Listed(out, next), nil
		})

	api.Register(a, tag.Operation("GET", "getGateway", "/gateways/{id}", "A gateway and how it does"),
		func(ctx context.Context, in *api.ByID) (*api.One[View], error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			if _, err := findGateway(ctx, s.o.DB, scope, in.ID); err != nil {
				return nil, err
			}
			return s.one(in.ID)
		})

	type create struct {
		Body struct {
			Org  uuid.UUID  `json:"org" format:"uuid"`
			Name api.Name   `json:"name"`
			Site *uuid.UUID `json:"site,omitempty" format:"uuid" doc:"A site of the organisation's plant"`
		}
	}
	api.Register(a, api.Created(tag.Operation("POST", "createGateway", "/gateways", "Add a gateway")),
		func(ctx context.Context, in *create) (*api.One[View], error) {
			g, err := s.Create(ctx, in.Body.Org, text.Text(in.Body.Name), api.OrNil(in.Body.Site))
			if err != nil {
				return nil, err
			}
			return s.one(g.ID)
		})

	type update struct {
		api.ByID
		api.IfMatch
		Body struct {
			Name *api.Name  `json:"name,omitempty"`
			Site *uuid.UUID `json:"site,omitempty" format:"uuid"`
		}
	}
	api.Register(a, tag.Operation("PATCH", "updateGateway", "/gateways/{id}", "Rename a gateway or say where it stands"),
		func(ctx context.Context, in *update) (*api.One[View], error) {
			if _, err := s.Update(ctx, in.ID, (*text.Text)(in.Body.Name), in.Body.Site, in.IfMatch); err != nil {
				return nil, err
			}
			return s.one(in.ID)
		})

	type remove struct {
		api.ByID
		api.IfMatch
	}
	api.Register(a, tag.Operation("DELETE", "removeGateway", "/gateways/{id}", "Remove a gateway and revoke its certificates"),
		func(ctx context.Context, in *remove) (*struct{}, error) {
			return nil, s.Remove(ctx, in.ID, in.IfMatch)
		})

	type code struct {
		Body struct {
			Code    string    `json:"code" doc:"For jingwei edge --code; it is told only here"`
			Expires time.Time `json:"expires"`
		}
	}
	api.Register(a, api.Created(tag.Operation("POST", "createEnrolmentCode", "/gateways/{id}/code", "Make an enrolment code, and end older ones")),
		func(ctx context.Context, in *api.ByID) (*code, error) {
			c, err := s.NewCode(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			var out code
			out.Body.Code, out.Body.Expires = c.Code, c.Expires
			return &out, nil
		})

	type driverView struct {
		Name   string          `json:"name"`
		Schema json.RawMessage `json:"schema" doc:"JSON Schema of a link's config, with titles in zh-CN and en"`
		// Secrets are answered masked; sent back masked or left out they stay as they are.
		Secrets []string `json:"secrets,omitempty" doc:"Members of config that are never told again"`
	}
	type drivers struct {
		Body api.Page[driverView]
	}
	api.Register(a, tag.Operation("GET", "listDrivers", "/drivers", "Protocols that a link can speak"),
		func(ctx context.Context, _ *struct{}) (*drivers, error) {
			var out []driverView
			for name, d := range s.o.Drivers {
				out = append(out, driverView{Name: name, Schema: d.Schema(), Secrets: s.secrets(name)})
			}
			slices.SortFunc(out, func(x, y driverView) int { return bytes.Compare([]byte(x.Name), []byte(y.Name)) })
			return &drivers{Body: api.NewPage(out, "")}, nil
		})
}

func (s *Service) oneLink(l Link) *api.One[LinkView] {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.peers[l.Gateway]
	return &api.One[LinkView]{ETag: l.ETag(), Body: s.linkView(&l, p, p != nil && p.session != nil)}
}

func (s *Service) linkRoutes(a *api.Server) {
	type create struct {
		api.ByID
		Body struct {
			Driver string         `json:"driver" doc:"One of /drivers"`
			Name   api.Name       `json:"name"`
			Config map[string]any `json:"config" doc:"As the driver's schema says"`
		}
	}
	api.Register(a, api.Created(tag.Operation("POST", "createLink", "/gateways/{id}/links", "Add a link to a gateway")),
		func(ctx context.Context, in *create) (*api.One[LinkView], error) {
			config, err := json.Marshal(in.Body.Config)
			if err != nil {
				return nil, err
			}
			l, err := s.AddLink(ctx, in.ID, text.Text(in.Body.Name), in.Body.Driver, config)
			if err != nil {
				return nil, err
			}
			return s.oneLink(l), nil
		})

	api.Register(a, tag.Operation("GET", "getLink", "/links/{id}", "A link and how it does"),
		func(ctx context.Context, in *api.ByID) (*api.One[LinkView], error) {
			scope, err := auth.Visible(ctx, auth.Read)
			if err != nil {
				return nil, err
			}
			l, err := findLink(ctx, s.o.DB, scope, in.ID)
			if err != nil {
				return nil, err
			}
			return s.oneLink(l), nil
		})

	type update struct {
		api.ByID
		api.IfMatch
		Body struct {
			Name   *api.Name      `json:"name,omitempty"`
			Config map[string]any `json:"config,omitempty" doc:"The whole configuration; what is left out takes its default"`
		}
	}
	api.Register(a, tag.Operation("PATCH", "updateLink", "/links/{id}", "Change a link"),
		func(ctx context.Context, in *update) (*api.One[LinkView], error) {
			var config json.RawMessage
			if in.Body.Config != nil {
				var err error
				if config, err = json.Marshal(in.Body.Config); err != nil {
					return nil, err
				}
			}
			l, err := s.ChangeLink(ctx, in.ID, (*text.Text)(in.Body.Name), config, in.IfMatch)
			if err != nil {
				return nil, err
			}
			return s.oneLink(l), nil
		})

	type remove struct {
		api.ByID
		api.IfMatch
	}
	api.Register(a, tag.Operation("DELETE", "removeLink", "/links/{id}", "Remove a link that no machine is read through"),
		func(ctx context.Context, in *remove) (*struct{}, error) {
			return nil, s.RemoveLink(ctx, in.ID, in.IfMatch)
		})
}

// ConnectionView is how a machine is read, as it is answered.
type ConnectionView struct {
	Machine uuid.UUID `json:"machine" format:"uuid"`
	Link    uuid.UUID `json:"link" format:"uuid"`
	Gateway uuid.UUID `json:"gateway" format:"uuid"`
	Unit    string    `json:"unit"`
	From    time.Time `json:"from"`
}

func (s *Service) connectionRoutes(a *api.Server) {
	type out struct{ Body ConnectionView }
	show := func(ctx context.Context, c Connection) (*out, error) {
		scope, err := auth.Visible(ctx, auth.Read)
		if err != nil {
			return nil, err
		}
		l, err := findLink(ctx, s.o.DB, scope, c.Link)
		if err != nil {
			return nil, err
		}
		return &out{ConnectionView{Machine: c.Machine, Link: c.Link, Gateway: l.Gateway, Unit: c.Unit, From: time.Unix(0, c.From).UTC()}}, nil
	}
	const path = "/plant/machines/{id}/connection"
	api.Register(a, tag.Operation("GET", "getConnection", path, "Through which link a machine is read"),
		func(ctx context.Context, in *api.ByID) (*out, error) {
			c, err := s.Connection(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return show(ctx, c)
		})
	type set struct {
		api.ByID
		Body struct {
			Link uuid.UUID `json:"link" format:"uuid"`
			Unit string    `json:"unit,omitempty" doc:"The device behind the link; for Modbus 0 to 255"`
		}
	}
	api.Register(a, tag.Operation("PUT", "setConnection", path, "Read a machine through a link, from now on"),
		func(ctx context.Context, in *set) (*out, error) {
			c, err := s.Connect(ctx, in.ID, in.Body.Link, in.Body.Unit)
			if err != nil {
				return nil, err
			}
			return show(ctx, c)
		})
	api.Register(a, tag.Operation("DELETE", "endConnection", path, "Read a machine no more"),
		func(ctx context.Context, in *api.ByID) (*struct{}, error) {
			return nil, s.Disconnect(ctx, in.ID)
		})
}

func (s *Service) enrolRoute(a *api.Server) {
	type input struct {
		Body struct {
			Secret string `json:"secret" maxLength:"64" doc:"Of the enrolment code, base64url"`
			CSR    string `json:"csr" maxLength:"16384" doc:"PKCS #10, PEM"`
		}
	}
	type node struct {
		ID   uuid.UUID `json:"id" format:"uuid"`
		Name string    `json:"name"`
		Link string    `json:"link" doc:"Address of the link; without a host, the host of this request's URL"`
	}
	type output struct {
		Body struct {
			Gateway     uuid.UUID `json:"gateway" format:"uuid"`
			Certificate string    `json:"certificate" doc:"PEM"`
			Chain       string    `json:"chain" doc:"The node's authority, PEM"`
			Node        node      `json:"node"`
		}
	}
	op := api.Public(tag.Operation("POST", "enrol", "/enrol", "Exchange an enrolment code for a gateway's certificate"))
	op.Description = "Called by a gateway. The code's secret is the credential; it can be used once."
	api.Register(a, op, func(ctx context.Context, in *input) (*output, error) {
		e, err := s.Enrol(ctx, in.Body.Secret, []byte(in.Body.CSR))
		if err != nil {
			return nil, err
		}
		var out output
		out.Body.Gateway, out.Body.Certificate, out.Body.Chain = e.Gateway, string(e.Certificate), string(e.Chain)
		out.Body.Node = node{ID: s.o.Node, Name: s.o.NodeName, Link: anyHost(s.o.Link())}
		return &out, nil
	})
}

// anyHost leaves out a host that means "all addresses": the gateway knows by which of them it reached the node.
func anyHost(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	return net.JoinHostPort(host, port)
}
