package docking

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/text"
)

const tag = api.Tag("docking")

// NodeBelow is a node in the register of those below.
type NodeBelow struct {
	ID       uuid.UUID  `json:"id" format:"uuid"`
	Org      uuid.UUID  `json:"org" format:"uuid"`
	Revision int64      `json:"revision"`
	Prefix   string     `json:"prefix"`
	Role     Role       `json:"role" enum:"secondary,enterprise"`
	Name     text.Text  `json:"name"`
	Operator text.Text  `json:"operator"`
	Credit   string     `json:"creditCode,omitempty"`
	Division string     `json:"division,omitempty" doc:"GB/T 2260"`
	Keys     []string   `json:"keys" nullable:"false" doc:"Public keys; all of them sign its returns"`
	Probe    string     `json:"probe,omitempty" doc:"The identifier that it is asked for; absent: it is asked for its site"`
	Doors    []string   `json:"doors" nullable:"false" doc:"Where it is asked, such as udp 192.0.2.1:2641"`
	State    State      `json:"state" enum:"applied,testing,serving,suspended,ended"`
	Next     []State    `json:"next" nullable:"false" enum:"applied,testing,serving,suspended,ended" doc:"States that may follow"`
	Since    *time.Time `json:"since,omitempty" doc:"First in service"`
	Reason   string     `json:"reason,omitempty" doc:"Of a revision"`
	At       time.Time  `json:"at"`
	By       string     `json:"by"`
}

func view(n *Node) NodeBelow {
	v := NodeBelow{
		ID: n.ID, Org: n.Org, Revision: n.Revision, Prefix: n.Prefix, Role: n.Role, Name: n.Name, Operator: n.Operator, Credit: n.Credit, Division: n.Division,
		Keys: n.Keys, Probe: string(n.Probe), Doors: []string{}, State: n.State, Next: steps[n.State], Reason: n.Reason, At: time.Unix(0, n.At).UTC(), By: n.By.Name,
	}
	for _, d := range n.Doors {
		v.Doors = append(v.Doors, d.String())
	}
	if n.Since > 0 {
		since := time.Unix(0, n.Since).UTC()
		v.Since = &since
	}
	return v
}

// NodeEntry is what is entered of a node.
type NodeEntry struct {
	Prefix   string    `json:"prefix" maxLength:"64"`
	Role     Role      `json:"role" enum:"secondary,enterprise"`
	Name     text.Text `json:"name"`
	Operator text.Text `json:"operator"`
	Credit   string    `json:"creditCode,omitempty" maxLength:"18"`
	Division string    `json:"division,omitempty" maxLength:"6"`
	Keys     []string  `json:"keys" nullable:"false" maxItems:"4"`
	Probe    string    `json:"probe,omitempty" maxLength:"255"`
	Doors    []string  `json:"doors" nullable:"false" maxItems:"16"`
	Reason   string    `json:"reason" maxLength:"500"`
}

func (e *NodeEntry) entry() Entry {
	return Entry{e.Prefix, e.Role, e.Name, e.Operator, e.Credit, e.Division, e.Keys, e.Probe, e.Doors}
}

// BelowStatus is how a node does.
type BelowStatus struct {
	Node    NodeBelow    `json:"node"`
	Known   bool         `json:"known" doc:"It has been probed"`
	Down    bool         `json:"down"`
	At      *time.Time   `json:"at,omitempty" doc:"Of the last round of probes"`
	Answers []answerTold `json:"answers" nullable:"false"`
	Hours   []Hour       `json:"hours" nullable:"false" doc:"Of the last 24"`
	Events  []Event      `json:"events" nullable:"false" doc:"The newest first"`
	Overdue []string     `json:"overdue" nullable:"false" doc:"Tables of which a period that ended was not handed in"`
}

// TakenReturn is a return of a node below.
type TakenReturn struct {
	Head
	At time.Time `json:"at"`
}

// Whose names the organisation that is meant.
type Whose struct {
	Org uuid.UUID `query:"org" format:"uuid" required:"true"`
}

// One names the node that is meant.
type One struct {
	ID uuid.UUID `path:"id" format:"uuid"`
}

// Routes adds the operations.
func (s *Service) Routes(a *api.Server) {
	a.Texts(texts, "texts")
	api.Register(a, tag.Operation(http.MethodGet, "getDockingGuide", "/docking/guide", "What nodes hand in to the node above, and when"),
		func(ctx context.Context, _ *struct{}) (*struct{ Body *Guide }, error) {
			if _, err := auth.Need(ctx); err != nil {
				return nil, err
			}
			return &struct{ Body *Guide }{s.o.Guide}, nil
		})
	s.nodeRoutes(a)
	s.returnRoutes(a)
	s.aboveRoutes(a)
}

func (s *Service) nodeRoutes(a *api.Server) {
	type list struct {
		Org uuid.UUID `query:"org" format:"uuid" doc:"Narrows to the register of one organisation"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listNodesBelow", "/docking/nodes", "Nodes below this one, by prefix"),
		func(ctx context.Context, in *list) (*api.List[NodeBelow], error) {
			nodes, next, err := s.Nodes(ctx, in.Org, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]NodeBelow, len(nodes))
			for i := range nodes {
				out[i] = view(&nodes[i])
			}
			return api.Listed(out, next), nil
		})
	type registered struct {
		Whose
		Body NodeEntry
	}
	api.Register(a, tag.Operation(http.MethodPost, "registerNodeBelow", "/docking/nodes", "Enter a node that has applied"),
		func(ctx context.Context, in *registered) (*struct{ Body NodeBelow }, error) {
			n, err := s.Register(ctx, in.Org, in.Body.entry(), in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &struct{ Body NodeBelow }{view(&n)}, nil
		})
	type changed struct {
		One
		Body struct {
			NodeEntry
			Revision int64 `json:"revision" doc:"The one that was seen"`
			State    State `json:"state,omitempty" enum:"applied,testing,serving,suspended,ended" doc:"Left out: as it is"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "changeNodeBelow", "/docking/nodes/{id}", "Change what is entered of a node, or its state"),
		func(ctx context.Context, in *changed) (*struct{ Body NodeBelow }, error) {
			n, err := s.Change(ctx, in.ID, in.Body.Revision, in.Body.entry(), in.Body.State, in.Body.Reason)
			if err != nil {
				return nil, err
			}
			return &struct{ Body NodeBelow }{view(&n)}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "getNodeBelow", "/docking/nodes/{id}", "A node with what the probes say of it"),
		func(ctx context.Context, in *One) (*struct{ Body BelowStatus }, error) {
			n, st, err := s.Status(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			body := BelowStatus{Node: view(&n), Known: st.Known, Down: st.Down, Answers: some(st.Answers), Hours: some(st.Hours), Events: some(st.Events), Overdue: some(st.Overdue)}
			if st.Known {
				body.At = &st.At
			}
			return &struct{ Body BelowStatus }{body}, nil
		})
	api.Register(a, tag.Operation(http.MethodGet, "listNodeBelowRevisions", "/docking/nodes/{id}/revisions", "What was entered of a node, the newest first"),
		func(ctx context.Context, in *One) (*api.List[NodeBelow], error) {
			nodes, err := s.Revisions(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out := make([]NodeBelow, len(nodes))
			for i := range nodes {
				out[i] = view(&nodes[i])
			}
			return api.Listed(out, ""), nil
		})
	type volumes struct {
		Whose
		From string `query:"firstDay" required:"true" format:"date"`
		To   string `query:"lastDay" required:"true" format:"date"`
		Each bool   `query:"each" doc:"Node by node"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "listDockingVolumes", "/docking/volumes", "What the nodes below registered and resolved, day by day, as they handed it in"),
		func(ctx context.Context, in *volumes) (*api.List[Volume], error) {
			out, err := s.Volumes(ctx, in.Org, in.From, in.To, in.Each)
			if err != nil {
				return nil, err
			}
			return api.Listed(out, ""), nil
		})
}

// some is never null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *Service) returnRoutes(a *api.Server) {
	op := api.Public(tag.Operation(http.MethodPost, "takeReturn", "/docking/returns", "Take in a return of a node below; who made it is told by its signatures"))
	op.Description = "The body is the document of a return: a signed note (C2SP) with the head, a line rows, and a line of JSON for each row; at most 48 MiB and 100,000 rows. It is taken whole or not at all."
	op.MaxBodyBytes = MaxBytes
	type document struct {
		RawBody []byte `contentType:"application/vnd.jingwei.docking"`
	}
	api.Register(a, op, func(ctx context.Context, in *document) (*struct{ Body Receipt }, error) {
		r, err := s.Take(ctx, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &struct{ Body Receipt }{r}, nil
	})
	type list struct {
		One
		Table string `query:"table" maxLength:"41"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listReturns", "/docking/nodes/{id}/returns", "What a node has handed in, the newest first"),
		func(ctx context.Context, in *list) (*api.List[TakenReturn], error) {
			items, next, err := s.Returns(ctx, in.ID, in.Table, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]TakenReturn, len(items))
			for i, x := range items {
				out[i] = TakenReturn(x)
			}
			return api.Listed(out, next), nil
		})
	type which struct {
		One
		Return uuid.UUID `path:"return" format:"uuid"`
	}
	api.Register(a, tag.Operation(http.MethodGet, "getReturn", "/docking/nodes/{id}/returns/{return}", "A return as its node signed it"),
		func(ctx context.Context, in *which) (*returned, error) {
			b, err := s.Document(ctx, in.ID, in.Return)
			if err != nil {
				return nil, err
			}
			return &returned{MediaType, b}, nil
		})
}

type returned struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// AboveNode is whom an organisation hands in to.
type AboveNode struct {
	Org      uuid.UUID  `json:"org" format:"uuid"`
	Revision int64      `json:"revision" doc:"0: to nobody yet"`
	Prefix   string     `json:"prefix"`
	URL      string     `json:"url" doc:"Empty: to nobody any more"`
	Since    string     `json:"since"`
	Tables   []string   `json:"tables" nullable:"false" doc:"Of the guide: those that this node makes by itself"`
	Keys     []string   `json:"keys" nullable:"false" doc:"This node's public keys, for the register of the node above"`
	At       *time.Time `json:"at,omitempty"`
	By       string     `json:"by,omitempty"`
}

func (s *Service) viewAbove(a *Above) AboveNode {
	v := AboveNode{Org: a.Org, Revision: a.Revision, Prefix: a.Prefix, URL: a.URL, Since: a.Since, Tables: []string{}, Keys: []string{}, By: a.By.Name}
	for _, t := range s.o.Guide.Tables {
		if s.o.Makers[t.ID] != nil {
			v.Tables = append(v.Tables, t.ID)
		}
	}
	for _, k := range s.o.Signers {
		v.Keys = append(v.Keys, k.Verifier().String())
	}
	if a.Revision > 0 {
		at := time.Unix(0, a.At).UTC()
		v.At = &at
	}
	return v
}

// SentReturn is a return of this node and what became of it.
type SentReturn struct {
	Head
	State  string     `json:"state" enum:"waiting,taken,refused"`
	Tries  int64      `json:"tries"`
	At     *time.Time `json:"at,omitempty" doc:"Of the last try"`
	Next   *time.Time `json:"next,omitempty" doc:"Of the next try"`
	Answer string     `json:"answer,omitempty" doc:"As the node above gave it"`
}

func (s *Service) aboveRoutes(a *api.Server) {
	api.Register(a, tag.Operation(http.MethodGet, "getNodeAbove", "/docking/above", "Whom an organisation hands in to"),
		func(ctx context.Context, in *Whose) (*struct{ Body AboveNode }, error) {
			x, err := s.Above(ctx, in.Org)
			if err != nil {
				return nil, err
			}
			return &struct{ Body AboveNode }{s.viewAbove(&x)}, nil
		})
	type set struct {
		Whose
		Body struct {
			Prefix   string `json:"prefix" maxLength:"64"`
			URL      string `json:"url" maxLength:"1000"`
			Since    string `json:"since" maxLength:"10"`
			Reason   string `json:"reason" maxLength:"500"`
			Revision int64  `json:"revision" doc:"The one that was seen"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPut, "setNodeAbove", "/docking/above", "Say whom an organisation hands in to"),
		func(ctx context.Context, in *set) (*struct{ Body AboveNode }, error) {
			x, err := s.SetAbove(ctx, Above{Org: in.Org, Revision: in.Body.Revision, Prefix: in.Body.Prefix, URL: in.Body.URL, Since: in.Body.Since, Reason: in.Body.Reason})
			if err != nil {
				return nil, err
			}
			return &struct{ Body AboveNode }{s.viewAbove(&x)}, nil
		})
	type list struct {
		Whose
		Table string `query:"table" maxLength:"41"`
		State string `query:"state" enum:"waiting,taken,refused"`
		api.Paging
	}
	api.Register(a, tag.Operation(http.MethodGet, "listSentReturns", "/docking/sent", "Returns of this node and what became of them, the newest first"),
		func(ctx context.Context, in *list) (*api.List[SentReturn], error) {
			items, next, err := s.Handed(ctx, in.Org, in.Table, in.State, in.Page())
			if err != nil {
				return nil, err
			}
			out := make([]SentReturn, len(items))
			for i, x := range items {
				out[i] = SentReturn{Head: x.Head, State: x.State, Tries: x.Tries, Answer: x.Answer}
				if !x.At.IsZero() {
					out[i].At = &x.At
				}
				if !x.Next.IsZero() {
					out[i].Next = &x.Next
				}
			}
			return api.Listed(out, next), nil
		})
	type again struct {
		Whose
		Body struct {
			Table  string `json:"table" maxLength:"41"`
			Period Period `json:"period,omitempty" maxLength:"13"`
		}
	}
	api.Register(a, tag.Operation(http.MethodPost, "sendReturnAgain", "/docking/sent", "Make the return of a period anew and send it as a further revision"),
		func(ctx context.Context, in *again) (*struct{}, error) {
			return nil, s.Again(ctx, in.Org, in.Body.Table, in.Body.Period)
		})
}
