package match

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/register"
)

// Party is who an organisation is.
type Party struct {
	Name       text.Text
	CreditCode string
	Industry   string
	Region     string
	Size       string
}

// Parties tell who organisations are. The room asks, and writes nothing.
type Parties interface {
	// Home is the organisation that runs the node and keeps the registers of supply; false before there is one.
	Home(ctx context.Context) (uuid.UUID, bool, error)
	// Of is what is known of an organisation on a civil day; at least its name. Error: store.ErrNotFound.
	Of(ctx context.Context, org uuid.UUID, day string) (Party, error)
	// Related are the organisations that own it, and those that it owns.
	Related(ctx context.Context, org uuid.UUID) ([]uuid.UUID, error)
}

// Options build a Service. All but Messenger, Logger and Trade are required.
type Options struct {
	DB        *store.DB
	Packs     fs.FS // packs/needs and packs/matching
	Registers *register.Service
	Facts     *fact.Service
	Parties   Parties
	Messenger Messenger                   // nil: nobody is told
	Trade     func(code string) text.Text // the name of a code of GB/T 4754
	Now       func() time.Time
	Logger    *slog.Logger
}

// Service is what can be done with needs and supply.
type Service struct {
	o       Options
	kinds   *Kinds
	profile *Profile
	engine  *Engine
	words   *problem.Catalogue // for faults of files
	wake    chan struct{}

	begun atomic.Int64 // how often the registers were begun to be followed

	mu    sync.Mutex // guards what follows, and that one caller at a time follows the registers
	ended int64      // which of these times came to its end last
	known followed
}

// New brings the tables up to date and reads the packs. Errors: pack.Faults and those of the store.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	kinds, err := LoadKinds(o.Packs)
	if err != nil {
		return nil, err
	}
	profile, err := LoadProfile(o.Packs)
	if err != nil {
		return nil, err
	}
	words, err := problem.ReadCatalogue(texts, "texts")
	if err != nil {
		return nil, err
	}
	s := &Service{o: o, words: words, kinds: kinds, profile: profile, engine: NewEngine(kinds, profile, o.Trade), wake: make(chan struct{}, 1)}
	if err := store.MigrateRoom(ctx, o.DB, "match", migrations); err != nil {
		return nil, fmt.Errorf("match: %w", err)
	}
	return s, nil
}

// Kinds of needs that the node has.
func (s *Service) Kinds() *Kinds { return s.kinds }

// home is the organisation that keeps supply. Error: ErrHome.
func (s *Service) home(ctx context.Context) (uuid.UUID, error) {
	id, ok, err := s.o.Parties.Home(ctx)
	if err == nil && !ok {
		return id, ErrHome.At("path", "")
	}
	return id, err
}

// officer asks whether the caller works for the organisation that keeps supply. Errors: ErrHome and those of auth.Allow.
func (s *Service) officer(ctx context.Context, verb auth.Verb) (auth.Scope, error) {
	if _, err := auth.Need(ctx); err != nil {
		return auth.Scope{}, err
	}
	home, err := s.home(ctx)
	if err != nil {
		return auth.Scope{}, err
	}
	return auth.Allow(ctx, verb, home)
}

// isOfficer tells whether the caller may read what officers read.
func (s *Service) isOfficer(ctx context.Context) bool {
	_, err := s.officer(ctx, auth.Read)
	return err == nil
}

func (s *Service) today() string { return today(s.o.Now()) }

// partyOf is who an organisation is, at least its id.
func (s *Service) partyOf(ctx context.Context, org uuid.UUID) (Party, error) {
	p, err := s.o.Parties.Of(ctx, org, s.today())
	if err != nil {
		return Party{}, fmt.Errorf("who is organisation %s: %w", org, err)
	}
	return p, nil
}

func checkReason(at, words string) *problem.Error {
	if n := len([]rune(words)); n < minReason || n > maxReason || !readable(words) {
		return ErrReason.At(at, "").With("min", minReason).With("max", maxReason)
	}
	return nil
}

// Run follows the registers, lets needs lapse and tells of what is new until the context ends.
func (s *Service) Run(ctx context.Context) error {
	const every = 30 * time.Second
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		if err := s.Follow(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("matching does not follow the registers", "error", err)
		}
		if err := s.Lapse(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("needs do not lapse", "error", err)
		}
		if err := s.TellFits(ctx); err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("new matches are not told", "error", err)
		}
		timer.Reset(every)
	}
}

// nudge makes Run look at once.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
