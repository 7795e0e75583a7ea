package support

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/govern/incentive"
	"jingwei/internal/govern/incentive/decimal"
	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/job"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/ledger"
)

type fen = decimal.Fen

// Books are the ledger's, in the transaction that they are given.
type Books interface {
	Commit(ctx context.Context, tx bun.Tx, c ledger.Commitment) error
	Release(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, amount int64, why string) error
	Pay(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, p ledger.Payment) error
	Recover(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, r ledger.Recovery) error
	Standing(ctx context.Context, org uuid.UUID, ref string) (ledger.Standing, error)
	Count(ctx context.Context, tx bun.Tx, org uuid.UUID, act, ref string, amount int64, memo text.Text, why string) error
}

// Providers tells whether an organisation is a listed provider of services on a day: with whom vouchers may be spent.
type Providers interface {
	Listed(ctx context.Context, provider uuid.UUID, day string) (bool, error)
	// List are the listed providers, for choosing one.
	List(ctx context.Context, day string) ([]SupportParty, error)
}

// SupportParty is an organisation with its name.
type SupportParty struct {
	Org  uuid.UUID `json:"org" format:"uuid"`
	Name text.Text `json:"name"`
}

// Options build a Service. All but Logger, Home and Jobs are required; without Jobs there is no policy lab.
type Options struct {
	DB          *store.DB
	Packs       fs.FS
	Measures    *incentive.Set // of the folder "policy" of the packs
	Enterprises Enterprises
	Facts       Facts
	Books       Books
	Providers   Providers
	Home        func(context.Context) (uuid.UUID, error)            // the organisation that runs the node
	NameOf      func(context.Context, uuid.UUID) (text.Text, error) // of an organisation
	Jobs        func() *job.Runner                                  // opened after this room
	Now         func() time.Time
	Logger      *slog.Logger
}

// Service is what can be done with support.
type Service struct {
	o     Options
	guide *Guide

	mu   sync.Mutex
	sets map[string]*shelf // all under "", parts by the measures in them; thrown away when a document is dated
}

// shelf is a set of measures that is ready, with what it asks for.
type shelf struct {
	set   *incentive.Set
	vocab map[string]*incentive.Fact
}

func newShelf(set *incentive.Set) *shelf { return &shelf{set, vocabulary(set)} }

// New brings the tables up to date and reads the packs. Error: pack.Faults.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	guide, err := LoadGuide(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("support: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "support", migrations); err != nil {
		return nil, err
	}
	s := &Service{o: o, guide: guide, sets: map[string]*shelf{}}
	_, err = s.shelf(ctx, "")
	return s, err
}

func (s *Service) today() string { return field.DateOf(s.o.Now().UnixNano()) }

func checkWhy(at, why string) *problem.Error {
	if n := len([]rune(why)); n < 3 || n > 2000 {
		return ErrReason.At(at, why).With("min", 3).With("max", 2000)
	}
	return nil
}

func checkDay(at, day string) *problem.Error {
	if _, err := incentive.ParseDate(day); err != nil {
		return ErrDay.At(at, day)
	}
	return nil
}
