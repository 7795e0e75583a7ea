package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
)

// LiveQuery is what a client wants to watch. The organisations and machines it names are wishes: a source looks up
// what of them the scope reaches.
type LiveQuery struct {
	Machines []uuid.UUID
	Orgs     []uuid.UUID
}

// Wants tells whether an organisation's things are to be told: those of the organisations it names, or of all that the
// scope reaches where it names none.
func (q LiveQuery) Wants(scope auth.Scope, org uuid.UUID) bool {
	return scope.Includes(org) && (len(q.Orgs) == 0 || slices.Contains(q.Orgs, org))
}

// Source is one kind of event on the live stream, added by the room that knows it.
type Source interface {
	// Event is the name of its events, such as "values".
	Event() string
	// Watch begins for one client. The scope is what the client may read now; when the roles change, Watch is called
	// anew. A nil Feed means that the source has nothing to tell for this query. An error refuses the stream.
	Watch(ctx context.Context, scope auth.Scope, q LiveQuery) (Feed, error)
}

// Feed tells one client of one source's changes. It is state, not a queue: a client that is slow gets the latest state
// when it comes back, and costs no memory meanwhile.
type Feed interface {
	// Next returns what has changed since the last call, or nil. The first call returns the whole state. It is called
	// from the client's own goroutine, every LiveEvery, and must not wait. The data must encode as JSON.
	Next(ctx context.Context) (data any, err error)
}

// Bounds of live streams.
const (
	streamsEach     = 50               // streams of one caller
	writePatience   = 10 * time.Second // a client that takes nothing for so long is cut
	maxEvent        = 8 << 20          // bytes of one event
	tryAgainMillis  = 2000             // after which a browser connects again
	renewEveryBeats = 2                // heartbeats between two looks at the caller's session and roles
)

// Live is the node's live stream: one connection per tab carries all kinds of events.
type Live struct {
	s       *Server
	mu      sync.Mutex
	sources []Source
	open    int
	by      map[uuid.UUID]int
}

func newLive(s *Server) *Live {
	l := &Live{s: s, by: map[uuid.UUID]int{}}
	type input struct {
		Machine []string `query:"machine,explode" maxItems:"500" doc:"Machines to watch; repeat the parameter"`
		Org     []string `query:"org,explode" maxItems:"500" doc:"Organisations to watch; repeat the parameter"`
	}
	huma.Register(s.huma, huma.Operation{
		OperationID: "live", Method: http.MethodGet, Path: "/live", Tags: []string{"live"},
		Summary: "Watch live values and states",
		Description: "Server-sent events: `values`, `gateways`, `conditions`, each with JSON data. The first event of a kind carries " +
			"the whole state (several events where it is large), later ones what has changed, at most two in a second. A comment line every 15 s keeps the line open.",
		Responses: map[string]*huma.Response{"200": {Description: "Events", Content: map[string]*huma.MediaType{
			"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}},
	}, func(ctx context.Context, in *input) (*huma.StreamResponse, error) {
		machines, err := IDs("query.machine", in.Machine)
		if err != nil {
			return nil, err
		}
		orgs, err := IDs("query.org", in.Org)
		if err != nil {
			return nil, err
		}
		run, err := l.prepare(ctx, LiveQuery{Machines: machines, Orgs: orgs})
		if err != nil {
			return nil, s.translate(ctx, err)
		}
		return &huma.StreamResponse{Body: run}, nil
	})
	return l
}

// Add adds a source. Rooms call it while the node is put together.
func (l *Live) Add(src Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources = append(l.sources, src)
}

type watching struct {
	event string
	feed  Feed
}

// prepare refuses what can be refused before the stream begins.
func (l *Live) prepare(ctx context.Context, q LiveQuery) (func(huma.Context), error) {
	p, err := auth.Need(ctx)
	if err != nil {
		return nil, err
	}
	for _, org := range q.Orgs {
		if _, err := auth.Allow(ctx, auth.Read, org); err != nil {
			return nil, err
		}
	}
	feeds, err := l.watch(ctx, q)
	if err != nil {
		return nil, err
	}
	if !l.enter(p.ID) {
		return nil, ErrStreams.With("limit", streamsEach).Header("Retry-After", "10")
	}
	return func(hc huma.Context) {
		defer l.leave(p.ID)
		l.run(hc, p, q, feeds)
	}, nil
}

func (l *Live) watch(ctx context.Context, q LiveQuery) ([]watching, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	sources := slices.Clone(l.sources)
	l.mu.Unlock()
	var feeds []watching
	for _, src := range sources {
		f, err := src.Watch(ctx, scope, q)
		if err != nil {
			return nil, err
		}
		if f != nil {
			feeds = append(feeds, watching{src.Event(), f})
		}
	}
	return feeds, nil
}

func (l *Live) enter(who uuid.UUID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.s.o.Streams || l.by[who] >= streamsEach {
		return false
	}
	l.open++
	l.by[who]++
	l.s.metrics.streams.Set(float64(l.open))
	return true
}

func (l *Live) leave(who uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.by[who]--; l.by[who] == 0 {
		delete(l.by, who)
	}
	l.s.metrics.streams.Set(float64(l.open))
}

// run is the client's goroutine until the client, its session or the server ends.
func (l *Live) run(hc huma.Context, p auth.Principal, q LiveQuery, feeds []watching) {
	_, w := humago.Unwrap(hc)
	ctx, cancel := context.WithCancel(hc.Context())
	defer cancel()
	defer context.AfterFunc(l.s.streams, cancel)()

	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	out := &events{w: w, control: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	if err := out.write(fmt.Appendf(nil, "retry: %d\n\n", tryAgainMillis)); err != nil {
		return
	}
	tick := time.NewTicker(l.s.o.LiveEvery)
	defer tick.Stop()
	beat := time.NewTicker(l.s.o.Heartbeat)
	defer beat.Stop()
	roles, beats := p.Roles(), 0
	for {
		for _, f := range feeds {
			if err := l.tell(ctx, out, f); err != nil {
				l.ended(ctx, err)
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-beat.C:
			if err := out.write([]byte(": still here\n\n")); err != nil {
				l.ended(ctx, err)
				return
			}
			if beats++; beats%renewEveryBeats != 0 || l.s.o.Auth == nil {
				continue
			}
			now, ok, err := l.s.o.Auth.Renew(ctx, p)
			if err != nil || !ok {
				l.s.o.Logger.InfoContext(ctx, "live stream ends with its session", "error", err)
				return
			}
			if changed := now.Roles(); !sameRoles(roles, changed) {
				roles, ctx = changed, auth.With(ctx, now)
				if feeds, err = l.watch(ctx, q); err != nil {
					l.ended(ctx, err)
					return
				}
			}
		}
	}
}

func sameRoles(a, b map[uuid.UUID]auth.Role) bool {
	if len(a) != len(b) {
		return false
	}
	for org, role := range a {
		if b[org] != role {
			return false
		}
	}
	return true
}

func (l *Live) ended(ctx context.Context, err error) {
	if ctx.Err() == nil {
		l.s.metrics.dropped.Inc()
		l.s.o.Logger.InfoContext(ctx, "live stream cut", "error", err)
	}
}

func (l *Live) tell(ctx context.Context, out *events, f watching) error {
	data, err := f.feed.Next(ctx)
	if err != nil {
		return fmt.Errorf("next %s: %w", f.event, err)
	}
	if data == nil {
		return nil
	}
	body, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.event, err)
	}
	if len(body) > maxEvent {
		return fmt.Errorf("event %s has %d bytes; at most %d are sent", f.event, len(body), maxEvent)
	}
	l.s.metrics.events.Inc()
	return out.write(fmt.Appendf(nil, "event: %s\ndata: %s\n\n", f.event, body))
}

// events writes to one client, with a deadline for each write: a client that does not read is cut.
type events struct {
	w       io.Writer
	control *http.ResponseController
}

func (e *events) write(b []byte) error {
	// A recorder in a test has no deadline; every real connection has.
	_ = e.control.SetWriteDeadline(time.Now().Add(writePatience))
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.control.Flush()
}
