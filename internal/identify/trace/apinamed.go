package trace

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/auth"
)

// QueryView is a named query.
type QueryView struct {
	Name  string    `json:"name"`
	Org   uuid.UUID `json:"jingwei:org" format:"uuid"`
	Query Params    `json:"query"`
	Since time.Time `json:"createdAt"`
}

func queryView(q *NamedQuery) QueryView { return QueryView{q.Name, q.Org, q.Params, q.Created} }

// SubscriptionRequest is how what a query finds is to be sent.
type SubscriptionRequest struct {
	Dest     string    `json:"dest" maxLength:"1000" doc:"https address that events are posted to"`
	Stream   bool      `json:"stream,omitempty" doc:"As events come"`
	Schedule *Schedule `json:"schedule,omitempty"`
	Empties  bool      `json:"reportIfEmpty,omitempty" doc:"Also when there is nothing new"`
}

// Schedule is how often.
type Schedule struct {
	Second int `json:"second" minimum:"10" maximum:"86400" doc:"Seconds between deliveries"`
}

// SubscriptionView is a subscription.
type SubscriptionView struct {
	ID       uuid.UUID `json:"subscriptionID" format:"uuid"`
	Dest     string    `json:"dest"`
	Stream   bool      `json:"stream"`
	Schedule *Schedule `json:"schedule,omitempty"`
	Empties  bool      `json:"reportIfEmpty"`
	Created  time.Time `json:"createdAt"`
	Failures int       `json:"jingwei:failures" doc:"Since the last success"`
	Trouble  string    `json:"jingwei:trouble,omitempty"`
	Secret   string    `json:"jingwei:secret,omitempty" doc:"What deliveries are signed with (Jingwei-Signature); told once"`
}

func subscriptionView(x *Subscription) SubscriptionView {
	v := SubscriptionView{ID: x.ID, Dest: x.Dest, Stream: x.Every == 0, Empties: x.Empties, Created: x.Created, Failures: x.Failures, Trouble: x.Trouble}
	if x.Every != 0 {
		v.Schedule = &Schedule{int(x.Every / time.Second)}
	}
	return v
}

func (s *Service) queryRoutes(a *api.Server) {
	type keep struct {
		Org  uuid.UUID `query:"org" format:"uuid"`
		Body struct {
			Name  string          `json:"name" maxLength:"80"`
			Query json.RawMessage `json:"query" doc:"Parameters of SimpleEventQuery"`
		}
	}
	type kept struct {
		Location string `header:"Location"`
		Body     QueryView
	}
	api.Register(a, api.Created(op(http.MethodPost, "keepEpcisQuery", "/queries", "Keep a query under a name")), func(ctx context.Context, in *keep) (*kept, error) {
		org, err := captor(ctx, in.Org)
		if err != nil {
			return nil, err
		}
		if _, err := auth.Allow(ctx, auth.Operate, org); err != nil { // before a fault of the query is told
			return nil, err
		}
		p, err := QueryOf(in.Body.Query)
		if err != nil {
			return nil, err
		}
		q, err := s.KeepQuery(ctx, org, in.Body.Name, p)
		if err != nil {
			return nil, err
		}
		return &kept{base + "/queries/" + q.Name, queryView(&q)}, nil
	})
	api.Register(a, op(http.MethodGet, "listEpcisQueries", "/queries", "Named queries"), func(ctx context.Context, _ *struct{}) (*struct{ Body []QueryView }, error) {
		list, err := s.Queries(ctx)
		if err != nil {
			return nil, err
		}
		out := make([]QueryView, len(list))
		for i := range list {
			out[i] = queryView(&list[i])
		}
		return &struct{ Body []QueryView }{out}, nil
	})
	type named struct {
		Name string `path:"value" maxLength:"80"`
	}
	api.Register(a, op(http.MethodGet, "getEpcisQuery", "/queries/{value}", "A named query"), func(ctx context.Context, in *named) (*struct{ Body QueryView }, error) {
		q, err := s.Query(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		return &struct{ Body QueryView }{queryView(&q)}, nil
	})
	api.Register(a, op(http.MethodDelete, "dropEpcisQuery", "/queries/{value}", "Take a query away that nobody subscribes to"), func(ctx context.Context, in *named) (*struct{}, error) {
		return nil, s.DropQuery(ctx, in.Name)
	})
	s.findRoute(a, "runEpcisQuery", "/queries/{value}/events", "Events that a named query finds", s.namedParams)
	s.subscriptionRoutes(a)
	s.streamRoute(a)
}

// namedParams are the parameters of a named query.
func (s *Service) namedParams(ctx context.Context, in *EventsInput) (Params, error) {
	q, err := s.Query(ctx, in.value)
	return q.Params, err
}

func (s *Service) subscriptionRoutes(a *api.Server) {
	type subscribe struct {
		Name string `path:"value" maxLength:"80"`
		Body SubscriptionRequest
	}
	type subscribed struct {
		Location string `header:"Location"`
		Body     SubscriptionView
	}
	api.Register(a, api.Created(op(http.MethodPost, "subscribeEpcisQuery", "/queries/{value}/subscriptions", "Send what a query finds to an address")),
		func(ctx context.Context, in *subscribe) (*subscribed, error) {
			sub := Subscription{Dest: in.Body.Dest, Empties: in.Body.Empties}
			if in.Body.Schedule != nil {
				sub.Every = time.Duration(in.Body.Schedule.Second) * time.Second
			}
			if in.Body.Stream == (in.Body.Schedule != nil) {
				return nil, ErrEvery.At("body.schedule", "").With("min", int64(minEvery/time.Second)).With("max", int64(maxEvery/time.Second))
			}
			x, err := s.Subscribe(ctx, in.Name, sub)
			if err != nil {
				return nil, err
			}
			v := subscriptionView(&x)
			v.Secret = s.Secret(x.ID)
			return &subscribed{base + "/queries/" + in.Name + "/subscriptions/" + x.ID.String(), v}, nil
		})
	type list struct {
		Name string `path:"value" maxLength:"80"`
	}
	api.Register(a, op(http.MethodGet, "listEpcisSubscriptions", "/queries/{value}/subscriptions", "Subscriptions to a query"),
		func(ctx context.Context, in *list) (*struct{ Body []SubscriptionView }, error) {
			all, err := s.Subscriptions(ctx, in.Name)
			if err != nil {
				return nil, err
			}
			out := make([]SubscriptionView, len(all))
			for i := range all {
				out[i] = subscriptionView(&all[i])
			}
			return &struct{ Body []SubscriptionView }{out}, nil
		})
	type one struct {
		Name string    `path:"value" maxLength:"80"`
		ID   uuid.UUID `path:"subscriptionID" format:"uuid"`
	}
	api.Register(a, op(http.MethodDelete, "unsubscribeEpcisQuery", "/queries/{value}/subscriptions/{subscriptionID}", "End a subscription"),
		func(ctx context.Context, in *one) (*struct{}, error) { return nil, s.Unsubscribe(ctx, in.Name, in.ID) })
}

// A stream ends after streamLife; who reads it comes again with Last-Event-ID, and is asked again who they are.
const (
	streamLife  = 10 * time.Minute
	streamBeat  = 15 * time.Second
	streamChunk = 200
	maxStreams  = 200
)

func (s *Service) streamRoute(a *api.Server) {
	type input struct {
		Name string `path:"value" maxLength:"80"`
		Last string `header:"Last-Event-ID" maxLength:"20" doc:"Go on after this event"`
	}
	o := op(http.MethodGet, "streamEpcisQuery", "/queries/{value}/stream", "Events that a named query finds, as they come")
	o.Description = "Server-sent events: each `epcis` has one EPCISQueryDocument, and its id is where to go on. The stream ends after ten minutes; come again with Last-Event-ID."
	o.Responses = map[string]*huma.Response{"200": {Description: "Events", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	api.Register(a, o, func(ctx context.Context, in *input) (*huma.StreamResponse, error) {
		q, err := s.Query(ctx, in.Name)
		if err != nil {
			return nil, err
		}
		var after int64
		if in.Last != "" {
			if after, err = strconv.ParseInt(in.Last, 10, 64); err != nil || after < 0 {
				return nil, valueFault("Last-Event-ID", in.Last, "≥ 0")
			}
		} else if after, err = s.newest(ctx); err != nil {
			return nil, err
		}
		if s.streams.Add(1) > maxStreams {
			s.streams.Add(-1)
			return nil, ErrMost.With("max", maxStreams).Header("Retry-After", "10")
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer s.streams.Add(-1)
			s.stream(hc, &q, after)
		}}, nil
	})
}

func (s *Service) stream(hc huma.Context, q *NamedQuery, after int64) {
	ctx, end := context.WithTimeout(hc.Context(), streamLife)
	defer end()
	told, done := s.watch()
	defer done()
	_, w := humago.Unwrap(hc)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	write := func(format string, args ...any) bool {
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	if !write(": %s\n\n", q.Name) {
		return
	}
	for {
		v, err := s.sight(ctx) // what is shared changes while the stream lasts
		if err != nil {
			return
		}
		list, last, err := s.since(ctx, v, q.Params, after, streamChunk)
		if err != nil {
			return
		}
		after = last
		if len(list) > 0 {
			if !write("id: %d\nevent: epcis\ndata: %s\n\n", after, queryDocument(q.Name, "", s.o.Now(), list)) {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.over:
			return
		case <-told:
		case <-beat.C:
			if !write(": \n\n") {
				return
			}
		}
	}
}
