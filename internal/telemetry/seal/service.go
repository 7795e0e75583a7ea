package seal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/evidence"
	"jingwei/internal/kernel/store"
	"jingwei/internal/telemetry"
)

// Store is what of the telemetry store is used; *telemetry.Store is one.
type Store interface {
	Begin() (t int64, ok bool, err error)
	Closed() int64
	AsOf(t int64) (uint64, error)
	Changed(ctx context.Context, w telemetry.Between) ([]telemetry.Ref, error)
	ReadCommitted(ctx context.Context, w telemetry.Between, refs []telemetry.Ref, yield func(telemetry.Ref, *telemetry.Run) bool, done func(telemetry.Ref, error) error) error
	AnyCommitted(w telemetry.Between, ref telemetry.Ref, span telemetry.Span) (bool, error)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
}

// Log is what of the evidence log is used; *evidence.Log is one.
type Log interface {
	Append(ctx context.Context, entries [][]byte) (first uint64, err error)
	Publish(ctx context.Context) (evidence.Checkpoint, error)
	Checkpoint() evidence.Checkpoint
	Size() uint64
	Entry(i uint64) ([]byte, error)
	Root(size uint64) (evidence.Hash, error)
	Proof(i uint64) (evidence.Proof, error)
	ConsistencyProof(old, new uint64) ([]evidence.Hash, error)
}

var (
	_ Store = (*telemetry.Store)(nil)
	_ Log   = (*evidence.Log)(nil)
)

// Options build a Service. DB, Log, Store and Now are required.
type Options struct {
	DB    *store.DB
	Log   Log
	Store Store
	Now   func() time.Time
	// Keys are the log's public keys as text, and Tiles opens a file of the log's folder ("tile/0/000"): both for the API.
	Keys        []string
	Tiles       func(name string) ([]byte, error)
	Corrections Corrections   // nil: none are made here
	Audits      Audits        // nil: they are no leaves
	Facts       Facts         // nil: there are none
	Agreements  Facts         // acceptances and ends of agreements, in the form of facts; nil: there are none
	Figures     Facts         // what people say of figures, in the form of facts; nil: there are none
	Every       time.Duration // between looks at what is to be done. Default a minute
	Series      int           // series sealed in one go. Default 1024, at most evidence.MaxBatch
	Logger      *slog.Logger
	// Raise tells of series that could not be sealed (Active) and of none left.
	Raise func(telemetry.Trouble)
}

// TroubleSeal is the kind of trouble that Raise is called with; its subject is "evidence".
const TroubleSeal = "telemetry.seal"

// Service seals. Its methods are safe for concurrent use.
type Service struct {
	o Options

	turn     sync.Mutex // appending to the log and noting it
	flushing sync.Mutex // one flush of records at a time; before turn
	behind   bool       // there may be entries that are not noted; under turn
	sealing  sync.Mutex // one SealDays at a time
	records  sync.Mutex // one SealRecords at a time
	audited  bool       // all entries were looked at once in this life; under records
	progress atomic.Pointer[Progress]
	trouble  bool      // there is something that could not be read; under sealing, as is
	retried  time.Time // when it was tried again last; zero: not in this life
	shredder sync.Mutex
	standing sync.Mutex // one Running at a time
}

// Progress is how far the day that is being sealed is.
type Progress struct {
	Day         Day
	Done, Total int // series
}

// New brings the tables up to date. Run does the work.
func New(ctx context.Context, o Options) (*Service, error) {
	if err := store.MigrateRoom(ctx, o.DB, "seal", migrations); err != nil {
		return nil, err
	}
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.Series <= 0 {
		o.Series = 1024
	}
	o.Series = min(o.Series, evidence.MaxBatch)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Raise == nil {
		o.Raise = func(telemetry.Trouble) {}
	}
	return &Service{o: o, behind: true}, nil
}

// Run seals days that have ended, those missed while the node was down first, and puts records into the log every
// minute, until ctx ends. What fails is tried again.
func (s *Service) Run(ctx context.Context) error {
	var both sync.WaitGroup
	for what, do := range map[string]func(context.Context) error{"days": s.SealDays, "records": s.SealRecords} {
		both.Go(func() {
			for {
				if err := do(ctx); err != nil && ctx.Err() == nil {
					s.o.Logger.Error("sealing has failed; it is tried again", "what", what, "error", err)
				}
				wait := time.NewTimer(s.o.Every)
				select {
				case <-ctx.Done():
					wait.Stop()
					return
				case <-wait.C:
				}
			}
		})
	}
	both.Wait()
	return nil
}

// Progress tells how far the day is that is being sealed now; nil: none is.
func (s *Service) Progress() *Progress { return s.progress.Load() }

// ErrShorter tells that the evidence log has lost entries that were noted: it, or the records, come from another backup.
var ErrShorter = errors.New("the evidence log is shorter than what was noted of it; restore it and the records from the same backup")

// settle brings the tables up to the log. The caller has the turn.
func (s *Service) settle(ctx context.Context) error {
	if !s.behind {
		return nil
	}
	if err := s.absorb(ctx); err != nil {
		return fmt.Errorf("note what the evidence log has: %w", err)
	}
	s.behind = false
	return nil
}

func (s *Service) catchUp(ctx context.Context) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	return s.settle(ctx)
}

// put appends entries to the log and notes them with note, which gets the index of the first one. A crash or an error
// between the two is mended by settle, before anything else is appended.
func (s *Service) put(ctx context.Context, entries [][]byte, note noting) (first uint64, err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	s.behind = true
	if first, err = s.o.Log.Append(ctx, entries); err != nil {
		return 0, fmt.Errorf("append %d entries: %w", len(entries), err)
	}
	// From here on the entries stand, whatever becomes of the caller.
	if err := s.note(context.WithoutCancel(ctx), first+uint64(len(entries)), func(n *noter) error { return note(n, first) }); err != nil {
		return 0, fmt.Errorf("note %d entries: %w", len(entries), err)
	}
	s.behind = false
	return first, nil
}
