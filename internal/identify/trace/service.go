package trace

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/identify/trace/epcis"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
)

// Outward is the one way by which the node calls addresses that its users give (office/inbox).
type Outward interface {
	// CheckAddress tells what is wrong with an address; nil where it may be called.
	CheckAddress(address string) error
	// Post sends a body with the node's signature over it and tells the status of the answer.
	Post(ctx context.Context, address, secret, id, mediaType string, at time.Time, body []byte) (status int, err error)
}

// Options build a Service. DB and Outward are required.
type Options struct {
	DB        *store.DB
	Book      *group.Book // puts captures into the evidence log; nil: nothing is proved
	Outward   Outward
	Key       []byte        // secrets of webhooks are made from it
	Limits    epcis.Limits  // of what is captured at once
	Tolerance time.Duration // by how much an event may be later than the node's clock; default 5 min
	Now       func() time.Time
	Logger    *slog.Logger
}

// DefaultTolerance is for clocks that are not quite right.
const DefaultTolerance = 5 * time.Minute

// Service is what can be done with events.
type Service struct {
	o    Options
	l    *ledger
	wake chan struct{}
	over chan struct{} // closed when Run ends: streams end with it

	streams atomic.Int64 // that are open

	mu       sync.Mutex
	watchers map[chan struct{}]struct{} // told when events were captured
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Tolerance <= 0 {
		o.Tolerance = DefaultTolerance
	}
	if o.Limits.Bytes <= 0 {
		o.Limits.Bytes = epcis.DefaultLimits.Bytes
	}
	if o.Limits.Events <= 0 {
		o.Limits.Events = epcis.DefaultLimits.Events
	}
	l, err := openLedger(ctx, o.DB, o.Book)
	if err != nil {
		return nil, err
	}
	return &Service{o: o, l: l, wake: make(chan struct{}, 1), over: make(chan struct{}), watchers: map[chan struct{}]struct{}{}}, nil
}

// Run serves subscriptions until the context ends. It is called once.
func (s *Service) Run(ctx context.Context) error {
	defer close(s.over)
	const every = 5 * time.Second
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		if err := s.deliver(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("subscriptions are not served", "error", err)
		}
		timer.Reset(every)
	}
}

// captured tells everybody who waits for events.
func (s *Service) captured() {
	if s.o.Book != nil {
		s.o.Book.Wake()
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// watch gives a channel that is written to when events were captured, until end is called.
func (s *Service) watch() (told <-chan struct{}, end func()) {
	w := make(chan struct{}, 1)
	s.mu.Lock()
	s.watchers[w] = struct{}{}
	s.mu.Unlock()
	return w, func() {
		s.mu.Lock()
		delete(s.watchers, w)
		s.mu.Unlock()
	}
}

// orNewID is an id where none is given.
func orNewID(id uuid.UUID) uuid.UUID {
	if id == uuid.Nil {
		return uuid.Must(uuid.NewV7())
	}
	return id
}

func problems() []*problem.Kind {
	return []*problem.Kind{ErrDocument, ErrTooLarge, ErrMedia, ErrBehaviour, ErrVersion, ErrOneEvent, ErrQueryDoc, ErrEventID, ErrParameter, ErrParameterFor, ErrTooMany,
		ErrPageToken, ErrQueryName, ErrQueryTaken, ErrQueryInUse, ErrEvery, ErrDestination, ErrMost, ErrParty, ErrPartyTaken, ErrUnknown, ErrDirection, ErrLimit, ErrNotProved}
}
