package neighbour

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

const (
	tag          api.Tag = "neighbours"
	agreementTag api.Tag = "agreements"
)

// PeerView is a neighbour as it is answered.
type PeerView struct {
	Node     uuid.UUID  `json:"node" format:"uuid"`
	Way      Way        `json:"way" enum:"up,down" doc:"up: this node dials and gives; down: the other dials and gives to this one"`
	Name     string     `json:"name"`
	Org      *PeerOrg   `json:"org,omitempty" doc:"The organisation that runs it, as it tells it"`
	Address  string     `json:"address,omitempty"`
	Software string     `json:"software,omitempty"`
	Linked   bool       `json:"linked"`
	Since    *time.Time `json:"since,omitempty" doc:"Linked since then, or not since then; absent: never linked"`
	Failure  string     `json:"failure,omitempty" doc:"Why it is not linked"`
	NotAfter *time.Time `json:"certificateUntil,omitempty"`
	ClockMs  *float64   `json:"clockOffsetMs,omitempty" doc:"Its clock minus this node's"`
	TripMs   *float64   `json:"roundTripMs,omitempty"`
	Streams  int        `json:"streams"`
	Backlog  uint64     `json:"backlog" doc:"Records that it has not yet acknowledged"`
	Joined   time.Time  `json:"joined"`
}

func (p *Peer) view() PeerView {
	v := PeerView{Node: p.Node, Way: p.Way, Name: p.Name, Org: p.Org, Address: p.Address, Software: p.Software, Linked: p.Linked, Failure: p.Failure, Streams: p.Streams, Backlog: p.Backlog, Joined: p.Joined}
	if !p.Since.IsZero() {
		since := p.Since.UTC()
		v.Since = &since
	}
	if !p.NotAfter.IsZero() {
		v.NotAfter = &p.NotAfter
	}
	if p.Clock.Known {
		off, trip := float64(p.Clock.Offset)/1e6, float64(p.Clock.RoundTrip)/1e6
		v.ClockMs, v.TripMs = &off, &trip
	}
	return v
}

// StreamView is the stream of an agreement as it is answered.
type StreamView struct {
	Side     org.Side    `json:"side" enum:"giver,taker" doc:"What this node is"`
	Node     uuid.UUID   `json:"node" format:"uuid" doc:"The other node"`
	Linked   bool        `json:"linked"`
	State    StreamState `json:"state" enum:"none,open,forked,closed"`
	Epoch    uint64      `json:"epoch"`
	Last     uint64      `json:"last" doc:"Last record that is here"`
	Acked    uint64      `json:"acked" doc:"Last record that the taker has durably"`
	Moved    *time.Time  `json:"moved,omitempty" doc:"When a record was last put or taken"`
	Checked  *time.Time  `json:"checked,omitempty" doc:"At the taker: when everything was last compared"`
	Repaired int64       `json:"repaired" doc:"At the taker: records repaired"`
	Fork     *ForkView   `json:"fork,omitempty"`
	Refused  *RefusedOf  `json:"refused,omitempty" doc:"The other node does not take the agreement as it is"`
}

// ForkView is two records under one number.
type ForkView struct {
	Epoch uint64    `json:"epoch"`
	Seq   uint64    `json:"seq"`
	Held  string    `json:"held" doc:"SHA-256 of what the taker holds"`
	Came  string    `json:"came" doc:"SHA-256 of what came"`
	At    time.Time `json:"at"`
}

// RefusedOf is how the other node refuses an agreement.
type RefusedOf struct {
	Code   string    `json:"code"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

// QuestionView is one entry of the log of questions.
type QuestionView struct {
	ID      uuid.UUID `json:"id" format:"uuid"`
	Side    org.Side  `json:"side" enum:"giver,taker" doc:"taker: this node asked; giver: it was asked"`
	Verb    string    `json:"verb"`
	Who     string    `json:"who"`
	Body    string    `json:"body,omitempty" doc:"What was asked, cut after 4,000 bytes"`
	At      time.Time `json:"at"`
	TookMs  float64   `json:"tookMs"`
	Outcome string    `json:"outcome" doc:"answered, or the code of the problem"`
	Bytes   int       `json:"bytes" doc:"Of the answer"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	s.links(a)
	s.streams(a)
}

func (s *Service) links(a *api.Server) {
	api.Register(a, tag.Operation("GET", "listNeighbours", "/neighbours", "Nodes that this one is linked with; for those who read in its home organisation"),
		func(ctx context.Context, _ *struct{}) (*api.List[PeerView], error) {
			if _, err := auth.AllowNode(ctx, auth.Read); err != nil {
				return nil, err
			}
			list, err := s.Peers(ctx)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, (*Peer).view), ""), nil
		})
	type inviteInput struct {
		Body struct {
			Name string     `json:"name" maxLength:"200" doc:"Whose node is invited"`
			Node *uuid.UUID `json:"node,omitempty" format:"uuid" doc:"A node that is linked already and may join with another key"`
		}
	}
	type inviteOutput struct {
		Body struct {
			Code    string    `json:"code" doc:"Told once"`
			Expires time.Time `json:"expires"`
		}
	}
	invite := api.Created(tag.Operation("POST", "inviteNeighbour", "/neighbours/invitations", "Make a one-time code with which another node links itself to this one, to give; for those who run the node"))
	api.Register(a, invite, func(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
		if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
			return nil, err
		}
		v, err := s.Invite(ctx, in.Body.Name, api.OrNil(in.Body.Node))
		if err != nil {
			return nil, err
		}
		var out inviteOutput
		out.Body.Code, out.Body.Expires = v.Code, v.Expires
		return &out, nil
	})
	type joinInput struct {
		Body struct {
			Code string `json:"code" maxLength:"2000" doc:"An invitation of the other node"`
		}
	}
	type joinOutput struct{ Body PeerView }
	join := api.Created(tag.Operation("POST", "joinNeighbour", "/neighbours/join", "Link this node to the one that made an invitation, to give; for those who run the node"))
	api.Register(a, join, func(ctx context.Context, in *joinInput) (*joinOutput, error) {
		if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
			return nil, err
		}
		p, err := s.Join(ctx, in.Body.Code)
		if err != nil {
			return nil, err
		}
		return &joinOutput{p.view()}, nil
	})
	type removeInput struct {
		Node  uuid.UUID `path:"node" format:"uuid"`
		Way   Way       `query:"way" enum:"up,down" required:"true"`
		Force bool      `query:"force" doc:"Also where agreements rest on the link"`
	}
	api.Register(a, tag.Operation("DELETE", "removeNeighbour", "/neighbours/{node}", "End the link with a node; for those who run the node"),
		func(ctx context.Context, in *removeInput) (*struct{}, error) {
			if _, err := auth.AllowNode(ctx, auth.Node); err != nil {
				return nil, err
			}
			return nil, s.Remove(ctx, in.Node, in.Way, in.Force)
		})
	type enrolInput struct {
		Body struct {
			Secret string       `json:"secret" maxLength:"200" doc:"Of the invitation, base64url"`
			CSR    string       `json:"csr" maxLength:"20000" doc:"PKCS #10, PEM"`
			Node   Introduction `json:"node"`
		}
	}
	type enrolOutput struct{ Body Enrolment }
	enrol := api.Public(tag.Operation("POST", "enrolNeighbour", "/neighbours/enrol", "Exchange an invitation for a node's certificate"))
	enrol.Description = "Called by a node that joins this one. The invitation's secret is the credential; it can be used once."
	api.Register(a, enrol, func(ctx context.Context, in *enrolInput) (*enrolOutput, error) {
		e, err := s.enrol(ctx, in.Body.Secret, []byte(in.Body.CSR), in.Body.Node)
		if err != nil {
			return nil, err
		}
		return &enrolOutput{e}, nil
	})
}

// mine finds an agreement in which an organisation has a part in which the caller has a verb.
func (s *Service) mine(ctx context.Context, verb auth.Verb, id uuid.UUID) (org.Agreement, []org.Side, error) {
	scope, err := auth.Visible(ctx, verb)
	if err != nil {
		return org.Agreement{}, nil, err
	}
	a, err := s.o.Orgs.Agreement(ctx, id)
	if err != nil {
		return a, nil, err
	}
	sides := s.o.Orgs.AgreementSides(&a, scope.Orgs())
	if len(sides) == 0 {
		return a, nil, ErrNoPeer.With("thing", "agreement")
	}
	return a, sides, nil
}

func (s *Service) streams(a *api.Server) {
	type output struct{ Body StreamView }
	one := func(ctx context.Context, st Stream) (*output, error) {
		v := StreamView{Side: st.Side, Node: st.Peer, State: st.State, Epoch: st.Epoch, Last: st.Last, Acked: st.Acked, Moved: store.Instant(st.Moved), Checked: store.Instant(st.Checked), Repaired: st.Repaired}
		if f := st.Fork; f != nil {
			v.Fork = &ForkView{f.Epoch, f.Seq, f.Held, f.Came, time.Unix(0, f.At).UTC()}
		}
		r, refused, err := s.peerRefusal(ctx, st.Agreement)
		if err != nil {
			return nil, err
		}
		if refused {
			v.Refused = &RefusedOf{r.Code, r.Reason, time.Unix(0, r.At).UTC()}
		}
		way := Up
		if st.Side == org.Taker {
			way = Down
		}
		s.mu.Lock()
		p := s.peers[peerKey{st.Peer, way}]
		v.Linked = p != nil && p.session != nil
		s.mu.Unlock()
		return &output{v}, nil
	}
	api.Register(a, agreementTag.Operation("GET", "getAgreementStream", "/agreements/{id}/stream", "How the stream of an agreement stands, for both sides"),
		func(ctx context.Context, in *api.ByID) (*output, error) {
			if _, _, err := s.mine(ctx, auth.Read, in.ID); err != nil {
				return nil, err
			}
			st, err := s.Stream(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return one(ctx, st)
		})
	api.Register(a, agreementTag.Operation("POST", "renewAgreementStream", "/agreements/{id}/stream/renew", "Send everything that stands again, in a new epoch; for those who configure the giver"),
		func(ctx context.Context, in *api.ByID) (*output, error) {
			a, _, err := s.mine(ctx, auth.Read, in.ID)
			if err != nil {
				return nil, err
			}
			st, err := s.renewAs(ctx, &a)
			if err != nil {
				return nil, err
			}
			return one(ctx, st)
		})
	type questionsInput struct {
		api.ByID
		Side string `query:"side" enum:"giver,taker" doc:"Only what this node was asked (giver) or asked (taker)"`
		api.Paging
	}
	api.Register(a, agreementTag.Operation("GET", "listAgreementQuestions", "/agreements/{id}/questions", "Who asked what through an agreement, the last first; for both sides"),
		func(ctx context.Context, in *questionsInput) (*api.List[QuestionView], error) {
			if _, _, err := s.mine(ctx, auth.Read, in.ID); err != nil {
				return nil, err
			}
			list, next, err := s.Questions(ctx, in.ID, org.Side(in.Side), in.Page())
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(q *Question) QuestionView {
				return QuestionView{q.ID, q.Side, q.Verb, q.Who, q.Body, time.Unix(0, q.At).UTC(), float64(q.Took) / 1e6, q.Outcome, q.Bytes}
			}), next), nil
		})
}
