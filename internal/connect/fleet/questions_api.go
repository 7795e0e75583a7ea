package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// AskedPoint is a point to read now; it need not be one of a machine.
type AskedPoint struct {
	Unit     string  `json:"unit,omitempty" maxLength:"200"`
	Address  string  `json:"address" minLength:"1" maxLength:"1000"`
	Encoding string  `json:"encoding,omitempty" maxLength:"50"`
	Order    string  `json:"order,omitempty" maxLength:"10"`
	Type     string  `json:"type,omitempty" enum:"float64,int64,bool,string" doc:"Without it, as the encoding gives it"`
	Scale    float64 `json:"scale,omitempty" doc:"0 or left out: 1"`
	Offset   float64 `json:"offset,omitempty"`
}

func asked(points []AskedPoint, unit string) []document.Point {
	out := make([]document.Point, len(points))
	for i, p := range points {
		out[i] = document.Point{Unit: p.Unit, Address: p.Address, Encoding: p.Encoding, Order: p.Order, Type: p.Type, Scale: p.Scale, Offset: p.Offset}
		if p.Unit == "" {
			out[i].Unit = unit
		}
	}
	return out
}

type answered struct{ Body *LinkAnswer }

// askRoutes adds the questions to devices. None of them writes to a machine or records a sample.
func (s *Service) askRoutes(a *api.Server) {
	answer := func(out *LinkAnswer, err error) (*answered, error) {
		if err != nil {
			return nil, err
		}
		return &answered{out}, nil
	}
	type read struct {
		api.ByID
		Body struct {
			Points []AskedPoint `json:"points" minItems:"1" maxItems:"500"`
		}
	}
	api.Register(a, tag.Operation("POST", "readLink", "/links/{id}/read", "Read points now, through a link that runs"),
		func(ctx context.Context, in *read) (*answered, error) {
			return answer(s.AskLink(ctx, in.ID, auth.Configure, document.Ask{Verb: document.Read, Points: asked(in.Body.Points, "")}, true))
		})
	type probe struct {
		api.ByID
		Body struct {
			Unit    string `json:"unit,omitempty" maxLength:"200"`
			Address string `json:"address" minLength:"1" maxLength:"1000"`
		}
	}
	api.Register(a, tag.Operation("POST", "probeLink", "/links/{id}/probe", "What an address holds, in every reading"),
		func(ctx context.Context, in *probe) (*answered, error) {
			return answer(s.AskLink(ctx, in.ID, auth.Configure, document.Ask{Verb: document.Probe, Unit: in.Body.Unit, Address: in.Body.Address}, true))
		})
	type browse struct {
		api.ByID
		Body struct {
			Node   string `json:"node,omitempty" maxLength:"1000" doc:"Left out: the root"`
			Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"2000" doc:"Default 500"`
			Cursor string `json:"cursor,omitempty" maxLength:"20" doc:"next of the page before"`
		}
	}
	api.Register(a, tag.Operation("POST", "browseLink", "/links/{id}/browse", "The addresses that a device offers below a node"),
		func(ctx context.Context, in *browse) (*answered, error) {
			q, err := browsing(in.Body.Node, in.Body.Cursor, in.Body.Limit)
			if err != nil {
				return nil, err
			}
			return answer(s.AskLink(ctx, in.ID, auth.Configure, q, false))
		})
	type trace struct {
		api.ByID
		Limit int `query:"limit" minimum:"1" maximum:"500" default:"200"`
	}
	api.Register(a, tag.Operation("GET", "traceLink", "/links/{id}/trace", "The last frames on the wire, decoded"),
		func(ctx context.Context, in *trace) (*answered, error) {
			return answer(s.AskLink(ctx, in.ID, auth.Configure, document.Ask{Verb: document.Trace, Limit: in.Limit}, false))
		})
	api.Register(a, tag.Operation("GET", "planLink", "/links/{id}/plan", "The requests that one scan of each class sends"),
		func(ctx context.Context, in *api.ByID) (*answered, error) {
			return answer(s.AskLink(ctx, in.ID, auth.Read, document.Ask{Verb: document.Plan}, false))
		})
	type try struct {
		api.ByID
		Body struct {
			Driver  string         `json:"driver" doc:"One of /drivers"`
			Config  map[string]any `json:"config" doc:"As the driver's schema says; it is not saved"`
			Verb    string         `json:"verb" enum:"open,read,probe,browse,plan" doc:"open only connects"`
			Unit    string         `json:"unit,omitempty" maxLength:"200" doc:"For probe, and for points that name none"`
			Address string         `json:"address,omitempty" maxLength:"1000" doc:"To probe"`
			Points  []AskedPoint   `json:"points,omitempty" maxItems:"500" doc:"To read or plan"`
			Node    string         `json:"node,omitempty" maxLength:"1000" doc:"To browse; left out: the root"`
			Limit   int            `json:"limit,omitempty" minimum:"1" maximum:"2000"`
			Cursor  string         `json:"cursor,omitempty" maxLength:"20"`
		}
	}
	op := tag.Operation("POST", "tryLink", "/gateways/{id}/try", "Ask a device over a link that is not saved")
	op.Description = "The gateway opens the link beside the running ones, for this question alone, and tells the frames with the answer. A device that a saved link leads to is asked through that."
	api.Register(a, op, func(ctx context.Context, in *try) (*answered, error) {
		config, err := json.Marshal(in.Body.Config)
		if err != nil {
			return nil, fmt.Errorf("encode the configuration: %w", err)
		}
		q := document.Ask{Verb: document.Verb(in.Body.Verb)}
		switch q.Verb {
		case document.Probe:
			q.Unit, q.Address = in.Body.Unit, in.Body.Address
		case document.Read, document.Plan:
			q.Points = asked(in.Body.Points, in.Body.Unit)
		case document.Browse:
			if q, err = browsing(in.Body.Node, in.Body.Cursor, in.Body.Limit); err != nil {
				return nil, err
			}
		}
		return answer(s.Try(ctx, in.ID, in.Body.Driver, config, q))
	})
}

// quarantineRoutes adds what becomes of samples that the node refused and a gateway keeps aside.
func (s *Service) quarantineRoutes(a *api.Server) {
	type settled struct {
		Body struct {
			Records string     `json:"records" doc:"How many it was about"`
			Fault   *LinkFault `json:"fault,omitempty"`
		}
	}
	settle := func(ctx context.Context, id uuid.UUID, verb document.Verb, reason string) (*settled, error) {
		n, fault, err := s.SettleQuarantine(ctx, id, verb, reason)
		if err != nil {
			return nil, err
		}
		var out settled
		out.Body.Records, out.Body.Fault = strconv.FormatUint(n, 10), fault
		return &out, nil
	}
	op := tag.Operation("POST", "releaseQuarantine", "/gateways/{id}/quarantine/release", "Offer the refused samples to the node again")
	op.Description = "After what was wrong has been mended. What is refused once more goes back to the quarantine."
	api.Register(a, op, func(ctx context.Context, in *api.ByID) (*settled, error) {
		return settle(ctx, in.ID, document.Release, "")
	})
	type discard struct {
		api.ByID
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"500"`
		}
	}
	api.Register(a, tag.Operation("POST", "discardQuarantine", "/gateways/{id}/quarantine/discard", "Throw the refused samples away"),
		func(ctx context.Context, in *discard) (*settled, error) {
			return settle(ctx, in.ID, document.Discard, in.Body.Reason)
		})
}

// browsePage is how many nodes a page has where nobody says.
const browsePage = 500

func browsing(node, cursor string, limit int) (document.Ask, error) {
	if limit == 0 {
		limit = browsePage
	}
	skip, err := skipOf(cursor)
	return document.Ask{Verb: document.Browse, Node: node, Skip: skip, Limit: limit}, err
}
