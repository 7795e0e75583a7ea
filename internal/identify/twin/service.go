package twin

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/blob"
	"jingwei/internal/kernel/evidence/group"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant"
	"jingwei/internal/plant/template"
	"jingwei/internal/telemetry"
)

// Plant is the model that shells are worked out from; *plant.Service is one.
type Plant interface {
	Nodes(ctx context.Context, scope auth.Scope, f plant.Filter, page store.Page) (items []plant.Node, next string, err error)
	Node(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (plant.Node, error)
	Machine(ctx context.Context, scope auth.Scope, id uuid.UUID, at time.Time) (plant.Node, []plant.Point, error)
	Template(id string) *template.Template
}

// Readings is where latest values are read; *telemetry.Store is one.
type Readings interface {
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
}

// Files keeps what travels beside documents; *blob.Store is one.
type Files interface {
	Put(ctx context.Context, r io.Reader, limit int64) (blob.Info, error)
	ReadAll(id blob.ID, limit int64) ([]byte, error)
}

// Options build a Service.
type Options struct {
	DB       *store.DB
	Plant    Plant
	Readings Readings
	Files    Files
	Book     *group.Book // puts commits into the evidence log; nil: nothing is proved
	// Class tells what a class of equipment is called; zero where it has no name.
	Class  func(id string) text.Text
	Now    func() time.Time
	Logger *slog.Logger
}

// Service is what can be done with twins. The audit table must be there (audit.Migrate).
type Service struct {
	o         Options
	committed atomic.Int64 // number of the newest commit that this process knows of
}

// New opens the room and brings its tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := store.MigrateRoom(ctx, o.DB, "twin", migrations); err != nil {
		return nil, fmt.Errorf("twin: %w", err)
	}
	s := &Service{o: o}
	var clock clockRow
	if err := o.DB.NewSelect().Model(&clock).Where("id = 1").Scan(ctx); err != nil {
		return nil, wrap("read the clock", err)
	}
	s.committed.Store(clock.CommitNumber)
	return s, nil
}

// told notes a commit for those who watch.
func (s *Service) told(number int64) {
	for {
		was := s.committed.Load()
		if was >= number || s.committed.CompareAndSwap(was, number) {
			return
		}
	}
}

// write runs fn in one transaction, or in the one of ctx, and has what was committed put into the evidence log.
func (s *Service) write(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	if err := s.o.DB.InTx(ctx, fn); err != nil {
		return err
	}
	if s.o.Book != nil {
		s.o.Book.Wake() // within a transaction for nothing; whoever began it calls it again
	}
	return nil
}
