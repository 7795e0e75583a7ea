package kept

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/calendar"
	"jingwei/internal/telemetry/rollup"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Producer is under what rows are sent to the store of any node.
var Producer = uuid.MustParse("0d2f6a54-7c1b-5b62-8e0e-3f5d7a9c4b02")

// epoch is the only one of Producer: one process at a time owns a store.
const epoch = 1

// Bounds.
const (
	MaxRows       = 10_000     // rows of one answer
	MaxSamples    = 20_000_000 // samples that one answer may read
	MaxMembers    = 500        // of a group
	MaxReason     = 2_000      // characters
	MaxReference  = 500
	minReason     = 3
	tick          = 15 * time.Minute     // rows are closed at these steps of UTC
	maxGrace      = 48 * time.Hour       // a bucket is closed at the latest so long after its end
	window        = 31 * 24 * time.Hour  // of one piece of work
	outboxRows    = 2_000                // rows of one batch, at most
	FeedAge       = 400 * 24 * time.Hour // restatements are told for so long
	FeedRows      = 5_000_000            // and at most so many
	maxRanges     = 16                   // dirty ranges of one series; beyond, the two nearest become one
	recheckSeries = 200                  // series whose calendar is looked at in one round
)

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Declare(ctx context.Context, d []telemetry.Declaration) ([]telemetry.Ref, error)
	Scan(ctx context.Context, ref telemetry.Ref, span telemetry.Span, o telemetry.ScanOptions, yield func(*telemetry.Run) bool) error
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
	Append(ctx context.Context, producer uuid.UUID, epoch, seq uint64, b *telemetry.Batch, done func(telemetry.Receipt, error)) error
	LastSeq(producer uuid.UUID) (epoch, seq uint64)
	AsOf(t int64) (uint64, error)
	Closed() int64
	Commit(number uint64) (telemetry.Arrival, bool, error)
	Watch(told func(commit uint64, late []telemetry.Mark))
	Settle(before int64)
	MarksSince(ctx context.Context, commit uint64, before int64, yield func(telemetry.Mark)) (until uint64, err error)
}

var _ Store = (*telemetry.Store)(nil)

// CalendarSpan is a time in which a series is summed up by one calendar.
type CalendarSpan struct {
	From, To int64
	calendar.Calendar
}

// Calendars tells by which calendars a series is summed up in [from, to), oldest first and without gap.
type Calendars func(ctx context.Context, series uuid.UUID, from, to int64) ([]CalendarSpan, error)

// Options build a Service. DB, Store, Calendars and Now are required.
type Options struct {
	DB        *store.DB
	Store     Store
	Calendars Calendars
	Now       func() time.Time
	Logger    *slog.Logger
	// Cutoff is the source time before which a series' samples may have expired: rows that rest on earlier ones stay as they
	// are. nil: nothing expires.
	Cutoff func(*telemetry.Series) int64
	// Patience is the least time between two rounds that work in what came late: the first late sample is worked in at once,
	// what follows it together, so that a gateway that sends days of samples afterwards does not restate the same rows with
	// every batch; answers are right meanwhile. Default 15 s, negative: none.
	Patience time.Duration
	// Restated is told after each batch of restatements is durable: rooms above ask Since. It runs on the keeper's goroutine
	// and must not block. It may be nil.
	Restated func()
	// Made is told after each batch of rows is durable, made or restated: rooms above ask ToldAfter. It runs as Restated does, and may be
	// nil.
	Made func()
}

// Service keeps roll-ups.
type Service struct {
	o     Options
	dirty dirt
	stats counters

	ready    atomic.Bool   // what a process before had not finished is known
	wake     chan struct{} // there is something to do before the next tick
	roundMu  sync.Mutex    // one round at a time
	state    state         // under roundMu
	checkMu  sync.Mutex
	check    []telemetry.Ref     // series whose calendars are to be compared, each once, under checkMu
	checking map[uuid.UUID]bool  // organisations that are to be looked at, under checkMu
	all      bool                // all of them, under checkMu
	todos    map[string]struct{} // work written down that the next round takes, under checkMu

	derivedMu sync.RWMutex
	derived   map[telemetry.Ref]bool
	learnt    telemetry.Ref

	saying    sync.Mutex // what is said is written down and takes effect in one order
	settingMu sync.RWMutex
	settings  map[uuid.UUID]*settings

	cutsMu     sync.Mutex
	cuts       map[uuid.UUID]*cuts
	generation uint64

	folds sync.Pool
}

// New brings the tables up to date and reads what was said of counters and states. Run does the work.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "rollup", migrations); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Cutoff == nil {
		o.Cutoff = func(*telemetry.Series) int64 { return 0 }
	}
	if o.Patience == 0 {
		o.Patience = 15 * time.Second
	}
	o.Patience = max(o.Patience, 0)
	if o.Restated == nil {
		o.Restated = func() {}
	}
	if o.Made == nil {
		o.Made = func() {}
	}
	s := &Service{o: o, wake: make(chan struct{}, 1), derived: map[telemetry.Ref]bool{}, cuts: map[uuid.UUID]*cuts{},
		checking: map[uuid.UUID]bool{}, all: true, todos: map[string]struct{}{}}
	s.folds.New = func() any { return new(folding) }
	s.dirty.init()
	if err := s.loadSettings(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Question asks for rows of one series.
type Question struct {
	Series uuid.UUID
	Level  rollup.Level
	Span   telemetry.Span // every bucket that overlaps it is told
	AsOf   uint64         // as it stood when that commit was the newest; 0: as it stands now
	Now    int64          // with AsOf: the time asked about, up to which values reach; 0: the node's
}

// Result is one row.
type Result struct {
	Word
	Revision uint32 // number of restatements; of a computed row that of the kept one that it stands in for, 0 without
	Kept     bool   // told from what is kept; otherwise computed from samples
	Open     bool   // the bucket has not ended
}

// ErrUnknown tells that there is no such series here.
var ErrUnknown = errors.New("no such series")
