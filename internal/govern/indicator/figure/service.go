package figure

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/govern/indicator"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Orgs says who organisations are. Error: store.ErrNotFound.
type Orgs interface {
	Name(ctx context.Context, org uuid.UUID) (text.Text, error)
}

// Documents are what organisations have handed in.
type Documents interface {
	// Handed looks whether an organisation has handed in a document. Error: store.ErrNotFound.
	Handed(ctx context.Context, org uuid.UUID, id string) error
}

// Taker is an organisation of this node that takes a keeper's figures.
type Taker struct {
	Agreement uuid.UUID
	Org       uuid.UUID
}

// Parties are those of agreements.
type Parties interface {
	// Takers are the organisations of this node that take figures of a keeper now.
	Takers(ctx context.Context, keeper uuid.UUID) ([]Taker, error)
	// Given are the agreements by which a keeper takes now.
	Given(ctx context.Context, keeper uuid.UUID) ([]org.Agreement, error)
	// Giver says who gives by an agreement, and since when it is not linked; the zero time where it is.
	Giver(ctx context.Context, agreement uuid.UUID) (name text.Text, away time.Time, err error)
}

// Registers say what a keeper's own registers know of enterprises that live on other nodes; *indicator.Service is one.
type Registers interface {
	Complete(ctx context.Context, d *indicator.Definition, asked indicator.Asked, o indicator.Observation) (indicator.Observation, error)
}

// Options build a Service. All but Parties and Logger are required.
type Options struct {
	DB        *store.DB
	Library   *indicator.Library
	Registers Registers
	Orgs      Orgs
	Documents Documents
	Parties   Parties // nil: nothing is given by agreement
	Now       func() time.Time
	Logger    *slog.Logger
}

// Service is what can be done with figures.
type Service struct {
	o     Options
	store *Store
	ruled chan struct{} // 1: there is a decision to bring down
}

// New brings the tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	tables, err := OpenStore(ctx, o.DB)
	if err != nil {
		return nil, err
	}
	return &Service{o: o, store: tables, ruled: make(chan struct{}, 1)}, nil
}

// Store is the room's tables.
func (s *Service) Store() *Store { return s.store }

func (s *Service) today() string { return field.DateOf(s.o.Now().UnixNano()) }
