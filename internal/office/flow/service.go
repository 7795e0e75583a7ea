package flow

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/pack/published"
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
	flows *published.Versions[Flow] // new cases are opened in those that ship
	wake  chan struct{}             // to Run: there are messages

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
	for _, f := range list {
		if o.Documents == nil && len(f.Documents) > 0 {
			return nil, fmt.Errorf("flows: %s has documents, and there is no room that keeps any", f.File())
		}
	}
	flows, err := published.Open(ctx, published.Options{
		DB: o.DB, Table: "flow_version", Files: o.Packs, Verb: "flow.version.publish", Kind: "flow", Users: "cases", Now: o.Now,
	}, list)
	if err != nil {
		return nil, err
	}
	return &Service{o: o, cal: cal, flows: flows, wake: make(chan struct{}, 1)}, nil
}

// Calendar is the calendar of working days.
func (s *Service) Calendar() *workday.Calendar { return s.cal }

// Flows are those in which new cases are opened, by id.
func (s *Service) Flows() []*Flow {
	return s.flows.All()
}

// Flow finds one in which new cases are opened. Error: ErrFlow.
func (s *Service) Flow(id string) (*Flow, error) {
	if f := s.flows.Offered(id); f != nil {
		return f, nil
	}
	return nil, ErrFlow.At("path.flow", id).With("flows", s.flows.Known())
}

// version finds a published version, also one whose pack is gone.
func (s *Service) version(ctx context.Context, db bun.IDB, id, version string) (*Flow, error) {
	return s.flows.Find(ctx, db, id, version)
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
