package flow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow/workday"
)

// Notifier takes messages: the inbox. It is called once for each message in the transaction that marks it as handed on, so that
// what it writes through tx is written with the mark or not at all. It does nothing slow and reaches out to nobody there; whatever
// it sends is known by Notice.ID. With an error the message comes again later.
type Notifier interface {
	Notify(ctx context.Context, tx bun.Tx, n Notice) error
}

// Documents tells of a paper that somebody has handed in for an organisation. Error: store.ErrNotFound where there is none, or not
// of that organisation.
type Documents interface {
	Document(ctx context.Context, org uuid.UUID, id string) (Document, error)
}

// Papers is what Documents may also be: it gives the content of a paper. Without it papers of cases are named and not given.
type Papers interface {
	Read(ctx context.Context, org uuid.UUID, id string) (Document, []byte, error)
}

// Names tells what organisations are called; those that are not there are left out.
type Names interface {
	Names(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]text.Text, error)
}

// Gate is a room above that has its own say in the steps of its cases. It is called in the transaction of a step that the flow
// allows, with the case as it will stand; its error refuses the step, and what it writes through tx is written with the step.
type Gate interface {
	Step(ctx context.Context, tx bun.Tx, f *Flow, c *Case, st *Step) error
}

// Options build a Service. DB, Packs and Now are required.
type Options struct {
	DB        *store.DB
	Packs     fs.FS // flows are in its folder Dir, notices of holidays in workday.Dir
	Documents Documents
	Notifier  Notifier // nil: messages wait until there is one
	Gate      Gate
	Names     Names // nil: organisations are told by their ids alone
	Now       func() time.Time
	Every     time.Duration // how often Run looks for deadlines; default 30 s
	Logger    *slog.Logger
}

// Service is what can be done with cases.
type Service struct {
	o     Options
	cal   *workday.Calendar
	offer map[string]*Flow // in which new cases are opened, by id
	wake  chan struct{}    // to Run: there are messages

	mu    sync.Mutex
	known map[[2]string]*Flow // by id and version, published ones too
}

// New brings the tables up to date, reads the packs and publishes the versions that are new. Errors: pack.Faults; a version that was
// published with other content; a flow that needs documents where Options.Documents is nil.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Every <= 0 {
		o.Every = 30 * time.Second
	}
	list, err := Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("flows: %w", err)
	}
	cal, err := workday.Load(o.Packs)
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "flow", migrations); err != nil {
		return nil, err
	}
	s := &Service{o: o, cal: cal, offer: map[string]*Flow{}, known: map[[2]string]*Flow{}, wake: make(chan struct{}, 1)}
	for _, f := range list {
		if o.Documents == nil && len(f.Documents) > 0 {
			return nil, fmt.Errorf("flows: %s has documents, and there is no room that keeps any", f.File())
		}
		s.offer[f.ID], s.known[[2]string{f.ID, f.Version}] = f, f
	}
	return s, s.publish(ctx, list)
}

// publish keeps the versions that are new.
func (s *Service) publish(ctx context.Context, list []*Flow) error {
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, f := range list {
			var old versionRow
			err := store.Err(tx.NewSelect().Model(&old).Where("v.id = ? AND v.version = ?", f.ID, f.Version).Scan(ctx))
			switch {
			case err == nil && old.Hash != f.Hash():
				return fmt.Errorf("flows: %s: version %s was published with other content, and cases may run by it; raise the version", f.File(), f.Version)
			case err == nil:
				continue
			case !errors.Is(err, store.ErrNotFound):
				return wrap("read published flows", err)
			}
			row := versionRow{ID: f.ID, Version: f.Version, Hash: f.Hash(), File: f.File(), Body: string(f.raw), At: s.o.Now().UnixNano()}
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return wrap("publish a flow", err)
			}
			act := auth.Everywhere().Act(ctx, s.o.Now(), "flow.version.publish", audit.Object{Kind: "flow", ID: f.ID, Name: f.Name.En}, nil, map[string]any{"version": f.Version, "sha256": f.Hash()})
			if err := audit.Record(ctx, tx, act); err != nil {
				return err
			}
		}
		return nil
	})
}

// Calendar is the calendar of working days.
func (s *Service) Calendar() *workday.Calendar { return s.cal }

// Flows are those in which new cases are opened, by id.
func (s *Service) Flows() []*Flow {
	return slices.SortedFunc(maps.Values(s.offer), func(a, b *Flow) int { return strings.Compare(a.ID, b.ID) })
}

// Flow finds one in which new cases are opened. Error: ErrFlow.
func (s *Service) Flow(id string) (*Flow, error) {
	if f := s.offer[id]; f != nil {
		return f, nil
	}
	return nil, ErrFlow.At("path.flow", id).With("flows", strings.Join(slices.Sorted(maps.Keys(s.offer)), ", "))
}

// version finds a published version, also one whose pack is gone.
func (s *Service) version(ctx context.Context, db bun.IDB, id, version string) (*Flow, error) {
	key := [2]string{id, version}
	s.mu.Lock()
	f := s.known[key]
	s.mu.Unlock()
	if f != nil {
		return f, nil
	}
	var row versionRow
	if err := db.NewSelect().Model(&row).Where("v.id = ? AND v.version = ?", id, version).Scan(ctx); err != nil {
		return nil, wrap("flow "+id+" "+version, err)
	}
	f, err := Decode(row.File, []byte(row.Body))
	var faults pack.Faults
	if errors.As(err, &faults) {
		return nil, fmt.Errorf("flow %s %s was published by another program and does not hold any more: %w", id, version, err)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.known[key] = f
	s.mu.Unlock()
	return f, nil
}

// Offer says whether an organisation takes cases of a flow that others file. Errors: ErrFlow, those of auth.
func (s *Service) Offer(ctx context.Context, org uuid.UUID, flow string, takes bool) error {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return err
	}
	f, err := s.Flow(flow)
	if err != nil {
		return err
	}
	now := s.o.Now()
	return s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		there, err := s.offered(ctx, tx, org, flow)
		if err != nil || there == takes {
			return err
		}
		if takes {
			_, err = tx.NewInsert().Model(&offerRow{Org: org, Flow: flow, Since: now.UnixNano()}).Exec(ctx)
		} else {
			_, err = scope.WhereDelete(tx.NewDelete().Model((*offerRow)(nil)).Where("flow = ?", flow), "org").Exec(ctx)
		}
		if err != nil {
			return wrap("offer a flow", err)
		}
		return audit.Record(ctx, tx, scope.Act(ctx, now, "flow.offer.set", audit.Object{Kind: "flow", ID: f.ID, Name: f.Name.En}, map[string]bool{"offered": there}, map[string]bool{"offered": takes}))
	})
}

func (s *Service) offered(ctx context.Context, db bun.IDB, org uuid.UUID, flow string) (bool, error) {
	n, err := db.NewSelect().Model((*offerRow)(nil)).Where("o.org = ? AND o.flow = ?", org, flow).Count(ctx)
	return n > 0, store.Err(err)
}

// OfferedBy are the organisations that take cases of a flow, for anybody who is signed in.
func (s *Service) OfferedBy(ctx context.Context, flow string) ([]uuid.UUID, error) {
	if _, err := auth.Need(ctx); err != nil {
		return nil, err
	}
	if _, err := s.Flow(flow); err != nil {
		return nil, err
	}
	var rows []offerRow
	if err := s.o.DB.NewSelect().Model(&rows).Where("o.flow = ?", flow).OrderExpr("o.org").Limit(store.MaxLimit).Scan(ctx); err != nil {
		return nil, wrap("list offers", err)
	}
	return store.All(rows, func(r *offerRow) uuid.UUID { return r.Org }), nil
}
