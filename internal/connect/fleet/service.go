package fleet

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Point is a point of a machine, ready for a driver but for the unit, which the machine's connection knows.
type Point struct {
	Key string
	document.Point
}

// Plant is what fleet needs to know of the plant model. PlantOf makes one of plant.Service.
type Plant interface {
	// Owner returns the organisation of a machine that the scope may see. Error: store.ErrNotFound.
	Owner(ctx context.Context, scope auth.Scope, machine uuid.UUID) (uuid.UUID, error)
	// Points returns a machine's points as they are now, in an order that does not change by itself. A machine that has
	// been retired has none.
	Points(ctx context.Context, scope auth.Scope, machine uuid.UUID) ([]Point, error)
	// Site tells whether a plant node is a site of the scope.
	Site(ctx context.Context, scope auth.Scope, id uuid.UUID) (bool, error)
}

// Telemetry is where samples go; *telemetry.Store is one.
type Telemetry interface {
	federate.Door
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Series(ref telemetry.Ref) (telemetry.Series, bool)
}

// Conditions takes what is wrong; *condition.Board is one.
type Conditions interface {
	Raise(ctx context.Context, c condition.Condition)
	Clear(ctx context.Context, kind, subject string)
}

// Certificates issues and ends gateways' certificates; *auth.Service is one.
type Certificates interface {
	IssueGateway(ctx context.Context, scope auth.Scope, a *auth.Authority, gateway uuid.UUID, csr []byte) (auth.Certificate, error)
	RevokeGateway(ctx context.Context, scope auth.Scope, gateway uuid.UUID, reason string) error
	CheckCertificate(ctx context.Context, serial string, gateway uuid.UUID) error
}

// Options build a Service. All but Fed, Limits, Window, Grace, Logger and Now are needed.
type Options struct {
	DB           *store.DB
	Certificates Certificates
	Authority    *auth.Authority
	TLS          *tls.Config // the node's certificate, from Authority.Serve, which also keeps its names; not changed here
	Plant        Plant
	Telemetry    Telemetry
	Board        Conditions
	Drivers      map[string]driver.Driver
	Node         uuid.UUID
	NodeName     string
	Version      string // software, told to gateways
	// Fed tells whether a machine is fed by a source (ingest): it is fed or connected, not both. nil: none is.
	Fed func(ctx context.Context, machine uuid.UUID) (bool, error)
	// URL is the address of the node's HTTP API as gateways reach it, for enrolment codes; "" while unknown.
	URL func() string
	// Link is the address of the link listener, told at enrolment: "host:port", or ":port" for the host of URL.
	Link   func() string
	Nodes  federate.NodeHost // who serves the links of other nodes on the same port; nil: they are refused
	Limits federate.Limits
	Window int           // bytes under way per gateway, not yet durable; default federate.DefaultWindow
	Grace  time.Duration // how long a gateway may be away before it is told as offline; default 30 s
	Now    func() time.Time
	Logger *slog.Logger
}

// Service is the room.
type Service struct {
	o        Options
	log      *slog.Logger
	listener *federate.Listener
	throttle auth.Throttle
	metrics  *metrics

	mu      sync.Mutex
	peers   map[uuid.UUID]*peer // gateways that are not removed
	version uint64              // grows with each change of any peer that its page shows
	started time.Time
}

// New opens the room and brings its tables up to date. The audit table must be there (audit.Migrate).
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Grace <= 0 {
		o.Grace = 30 * time.Second
	}
	if o.Window <= 0 {
		o.Window = federate.DefaultWindow
	}
	if err := store.MigrateRoom(ctx, o.DB, "fleet", migrations); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	packer, err := federate.NewPacker(4)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	serving := o.TLS.Clone()
	serving.ClientCAs = o.Authority.Pool()
	s := &Service{o: o, log: o.Logger, peers: map[uuid.UUID]*peer{}, started: o.Now(), metrics: newMetrics()}
	s.listener = &federate.Listener{Node: o.Node, Instance: uuid.Must(uuid.NewV7()), Software: o.Version, TLS: serving, Host: (*host)(s), Nodes: o.Nodes,
		Limits: o.Limits, Now: o.Now, Logger: o.Logger, Packer: packer}
	list := func(page store.Page) ([]Gateway, string, error) {
		return listGateways(ctx, o.DB, auth.Everywhere(), page)
	}
	if err := store.Each(list, func(g Gateway) error { return s.load(ctx, g.ID) }); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return s, nil
}

// own finds a gateway that the caller may see and asks whether the caller may configure it.
func (s *Service) own(ctx context.Context, id uuid.UUID) (Gateway, auth.Scope, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Gateway{}, visible, err
	}
	g, err := findGateway(ctx, s.o.DB, visible, id)
	if err != nil {
		return g, visible, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, g.Org)
	return g, scope, err
}

// Create adds a gateway to an organisation. Errors: ErrName, ErrSite, ErrTooMany and those of auth.Allow.
func (s *Service) Create(ctx context.Context, org uuid.UUID, name text.Text, site uuid.UUID) (Gateway, error) {
	scope, err := auth.Allow(ctx, auth.Configure, org)
	if err != nil {
		return Gateway{}, err
	}
	if err := s.checkGateway(ctx, scope, name, site); err != nil {
		return Gateway{}, err
	}
	r := gatewayRow{ID: uuid.Must(uuid.NewV7()), Org: org, Name: name, Site: store.Word(site), Created: s.o.Now().UnixNano(), Version: 1}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*gatewayRow)(nil)).Where("org = ? AND removed = 0", org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxGateways {
			return ErrTooMany.With("limit", maxGateways)
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.gateway.create", gatewayObject(r.gateway()), nil, map[string]any{"name": name, "site": store.Word(site)})
	})
	if err != nil {
		return Gateway{}, fmt.Errorf("add a gateway: %w", err)
	}
	return r.gateway(), s.load(ctx, r.ID)
}

func (s *Service) checkGateway(ctx context.Context, scope auth.Scope, name text.Text, site uuid.UUID) error {
	if err := checkName(name); err != nil {
		return err
	}
	if site == uuid.Nil {
		return nil
	}
	ok, err := s.o.Plant.Site(ctx, scope, site)
	if err == nil && !ok {
		return ErrSite.At("body.site", site.String())
	}
	return err
}

// Update renames a gateway or says at which site it stands. Errors: ErrName, ErrSite, api.ErrPrecondition,
// store.ErrNotFound.
func (s *Service) Update(ctx context.Context, id uuid.UUID, name *text.Text, site *uuid.UUID, match api.IfMatch) (Gateway, error) {
	g, scope, err := s.own(ctx, id)
	if err != nil {
		return g, err
	}
	before := map[string]any{"name": g.Name, "site": store.Word(g.Site)}
	if name != nil {
		g.Name = *name
	}
	if site != nil {
		g.Site = *site
	}
	if err := s.checkGateway(ctx, scope, g.Name, g.Site); err != nil {
		return g, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := findGateway(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(now.ETag()); err != nil {
			return err
		}
		g.Version = now.Version + 1
		if _, err := tx.NewUpdate().Model((*gatewayRow)(nil)).Set("name = ?", g.Name).Set("site = ?", store.Word(g.Site)).Set("version = ?", g.Version).
			Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.gateway.update", gatewayObject(g), before, map[string]any{"name": g.Name, "site": store.Word(g.Site)})
	})
	if err != nil {
		return g, fmt.Errorf("change gateway %s: %w", id, err)
	}
	return g, s.load(ctx, id)
}

// Remove takes a gateway away: its certificates are revoked, its link is cut, its machines are connected no more. What it
// has spooled and not sent stays on it. Error: store.ErrNotFound.
func (s *Service) Remove(ctx context.Context, id uuid.UUID, match api.IfMatch) error {
	_, scope, err := s.own(ctx, id)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		g, err := findGateway(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(g.ETag()); err != nil {
			return err
		}
		if err := s.o.Certificates.RevokeGateway(ctx, scope, id, "removed"); err != nil {
			return err
		}
		links, err := gatewayLinks(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		for _, l := range links {
			if err := endConnections(ctx, tx, now, "link = ?", l.ID); err != nil {
				return err
			}
		}
		for _, q := range []*bun.UpdateQuery{
			tx.NewUpdate().Model((*linkRow)(nil)).Set("removed = ?", now).Where("gateway = ? AND removed = 0", id),
			tx.NewUpdate().Model((*codeRow)(nil)).Set("used = ?", now).Where("gateway = ? AND used = 0", id),
			tx.NewUpdate().Model((*gatewayRow)(nil)).Set("removed = ?", now).Set("version = version + 1").Where("id = ?", id),
		} {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		return s.note(ctx, tx, scope, "fleet.gateway.remove", gatewayObject(g), map[string]any{"name": g.Name}, nil)
	})
	if err != nil {
		return fmt.Errorf("remove gateway %s: %w", id, err)
	}
	s.forget(ctx, id)
	return nil
}

func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, object audit.Object, before, after any) error {
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, object, before, after))
}

func gatewayObject(g Gateway) audit.Object {
	return audit.Object{Kind: "gateway", ID: g.ID.String(), Name: g.Name.In("zh")}
}

func linkObject(l Link) audit.Object {
	return audit.Object{Kind: "link", ID: l.ID.String(), Name: l.Name.In("zh")}
}
