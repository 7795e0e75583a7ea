package programme

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/pack/published"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

// Parties tells who organisations are.
type Parties interface {
	// Profile is what the register of enterprises says of an organisation on a civil day; false where it is not in it.
	Profile(ctx context.Context, org uuid.UUID, day string) (Profile, bool, error)
	// Name of an organisation.
	Name(ctx context.Context, org uuid.UUID) (text.Text, error)
	// Contacts are the people who act for an organisation.
	Contacts(ctx context.Context, org uuid.UUID) ([]uuid.UUID, error)
	// Ties between two organisations that this node knows of: ownership (without a day), contacts and contracts.
	Ties(ctx context.Context, a, b uuid.UUID) ([]Tie, error)
	// Recognise tags an enterprise in the register, in the transaction of ctx, from a day to a last day.
	Recognise(ctx context.Context, org uuid.UUID, tag, from, to, why string) error
}

// Experts are those of the register that an organisation keeps, as far as they are in the pool.
type Experts interface {
	Experts(ctx context.Context, org uuid.UUID, day string) ([]Expert, error)
}

// MeasureFact is told to a measure of support.
type MeasureFact struct {
	Value any // as field.Record has it
	Grade string
}

// MeasureAmount is what one measure gives.
type MeasureAmount struct {
	Measure  string      `json:"measure"`
	Name     text.Text   `json:"name"`
	Eligible string      `json:"eligible"`
	Fen      int64       `json:"fen"`
	Missing  []text.Text `json:"missing,omitempty"`
	Why      []text.Text `json:"why,omitempty"`
}

// Measures evaluates measures of support.
type Measures interface {
	Evaluate(ctx context.Context, org uuid.UUID, object string, a *CallAward, facts map[string]MeasureFact, day string) ([]MeasureAmount, error)
}

// Filed is a project that an application files for a measure of support.
type Filed struct {
	Application uuid.UUID
	Call        text.Text
	Firm        uuid.UUID
	Keeper      uuid.UUID // to whom
	Measure     string
	Project     string // as it is called; how it is spelt is Filings' matter
	Day         string
}

// Filings is where all filings of projects for measures, and what was awarded, are known, whichever room has them. Every call is part of
// the transaction that it is given. Errors refuse the step.
type Filings interface {
	// Claim enters a project. A second filing of it, here or anywhere, is refused, telling the first.
	Claim(ctx context.Context, tx bun.Tx, f Filed) error
	// Close frees what an application has filed, for a measure or ("") for all. The state is FilingRefused or FilingWithdrawn.
	Close(ctx context.Context, tx bun.Tx, application uuid.UUID, measure, state, why string) error
	// RecordAward enters an amount in fen that was granted and, where ref is not empty, committed. It is refused where something else
	// was paid for the project before.
	RecordAward(ctx context.Context, tx bun.Tx, f Filed, fen int64, ref, why string) error
	// ClaimedBack is what others than this room have claimed back of an application's awards, and what of it has come, in fen.
	ClaimedBack(ctx context.Context, tx bun.Tx, application uuid.UUID) (claimed, received int64, err error)
	// EndAwards says that nothing of an application's awards is left with the firm: they no longer count as paid.
	EndAwards(ctx context.Context, tx bun.Tx, application uuid.UUID, why string) error
}

// How a filing is closed.
const (
	FilingRefused   = "refused"
	FilingWithdrawn = "withdrawn"
)

// Promise of money, as the ledger takes it.
type Promise struct {
	Org    uuid.UUID
	Fund   string
	Year   int
	Ref    string
	Party  uuid.UUID
	Amount int64 // fen
	Memo   text.Text
}

// Funds is the ledger. Every call is part of the transaction that it is given. Errors refuse the step.
type Funds interface {
	Commit(ctx context.Context, tx bun.Tx, p Promise) error
	Release(ctx context.Context, tx bun.Tx, org uuid.UUID, ref string, amount int64, why string) error
	Pay(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, document string) error
	Claim(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, why string) error
	Receive(ctx context.Context, tx bun.Tx, org uuid.UUID, ref, id string, amount int64, on, document string) error
}

// Indicators measures from what the node keeps of series.
type Indicators interface {
	// Measure works an indicator out over whole minutes [from, to), in ns since 1970. What is wrong with the data is in the answer; an
	// error is a fault of the node. Series that are not the organisation's are store.ErrNotFound.
	Measure(ctx context.Context, org uuid.UUID, x *Indicator, series map[string]uuid.UUID, from, to int64) (Measured, error)
	// Series says what a series is called. Error: store.ErrNotFound where it is not the organisation's.
	Series(ctx context.Context, org, id uuid.UUID) (text.Text, error)
}

// Papers opens what was handed in for an organisation. Error: store.ErrNotFound.
type Papers interface {
	Open(ctx context.Context, org uuid.UUID, id string) (name, media string, data []byte, err error)
}

// Options build a Service. DB, Packs, Flows, Parties, Experts and Now are required. Flows has been given the packs of WithFlows, and
// the Service as a gate.
type Options struct {
	DB         *store.DB
	Packs      fs.FS
	Flows      *flow.Service
	Parties    Parties
	Experts    Experts
	Measures   Measures   // nil: calls that award by measures cannot be published
	Filings    Filings    // nil: what is filed for measures elsewhere is not known
	Funds      Funds      // nil: rounds without a fund only
	Indicators Indicators // nil: nothing is measured
	Papers     Papers
	Rand       io.Reader // seeds of draws; nil: crypto/rand
	Now        func() time.Time
	Logger     *slog.Logger
}

// Service is what can be done with calls.
type Service struct {
	o     Options
	calls *published.Versions[Call] // rounds are opened of those that ship
}

// New brings the tables up to date, reads the packs and keeps the versions that are new. Errors: pack.Faults; a version that was
// published with other content.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	list, err := Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "programme", migrations); err != nil {
		return nil, err
	}
	calls, err := published.Open(ctx, published.Options{
		DB: o.DB, Table: "programme_call", Files: o.Packs, Verb: "programme.call.publish", Kind: "programme.call", Users: "rounds", Now: o.Now,
	}, list)
	if err != nil {
		return nil, err
	}
	return &Service{o: o, calls: calls}, nil
}

// Calls are those of the packs, by id.
func (s *Service) Calls() []*Call {
	return s.calls.All()
}

// Call finds one. Error: ErrCall.
func (s *Service) Call(id string) (*Call, error) {
	if c := s.calls.Offered(id); c != nil {
		return c, nil
	}
	return nil, ErrCall.At("call", id).With("calls", s.calls.Known())
}

// version finds a version that was published, also one whose pack is gone.
func (s *Service) version(ctx context.Context, db bun.IDB, id, version string) (*Call, error) {
	return s.calls.Find(ctx, db, id, version)
}

func (s *Service) callOf(ctx context.Context, db bun.IDB, r *roundRow) (*Call, error) {
	return s.version(ctx, db, r.Call, r.Version)
}
