package fleet

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/driver"
	"jingwei/internal/connect/gateway/document"
	"jingwei/internal/federate"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/api/problem"
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

// Options build a Service. All but Limits, Window, Logger and Now are needed.
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
	// URL is the address of the node's HTTP API as gateways reach it, for enrolment codes; "" while unknown.
	URL func() string
	// Link is the address of the link listener, told at enrolment: "host:port", or ":port" for the host of URL.
	Link   func() string
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
	throttle throttle
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
	if err := migrate(ctx, o.DB); err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	packer, err := federate.NewPacker(4)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	serving := o.TLS.Clone()
	serving.ClientCAs = o.Authority.Pool()
	s := &Service{o: o, log: o.Logger, peers: map[uuid.UUID]*peer{}, started: o.Now(), metrics: newMetrics()}
	s.listener = &federate.Listener{Node: o.Node, Instance: uuid.Must(uuid.NewV7()), Software: o.Version, TLS: serving, Host: (*host)(s),
		Limits: o.Limits, Now: o.Now, Logger: o.Logger, Packer: packer}
	for page := (store.Page{Limit: store.MaxLimit}); ; {
		list, next, err := listGateways(ctx, o.DB, auth.Everywhere(), page)
		if err != nil {
			return nil, fmt.Errorf("fleet: %w", err)
		}
		for _, g := range list {
			if err := s.load(ctx, g.ID); err != nil {
				return nil, fmt.Errorf("fleet: %w", err)
			}
		}
		if next == "" {
			return s, nil
		}
		page.After = next
	}
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

func (s *Service) ownLink(ctx context.Context, id uuid.UUID) (Link, auth.Scope, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Link{}, visible, err
	}
	l, err := findLink(ctx, s.o.DB, visible, id)
	if err != nil {
		return l, visible, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, l.Org)
	return l, scope, err
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
	r := gatewayRow{ID: uuid.Must(uuid.NewV7()), Org: org, Name: name, Site: word(site), Created: s.o.Now().UnixNano(), Version: 1}
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
		return s.note(ctx, tx, scope, "fleet.gateway.create", gatewayObject(r.gateway()), nil, map[string]any{"name": name, "site": word(site)})
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
	before := map[string]any{"name": g.Name, "site": word(g.Site)}
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
		if _, err := tx.NewUpdate().Model((*gatewayRow)(nil)).Set("name = ?", g.Name).Set("site = ?", word(g.Site)).Set("version = ?", g.Version).
			Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.gateway.update", gatewayObject(g), before, map[string]any{"name": g.Name, "site": word(g.Site)})
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
			if err := endConnections(ctx, tx, l.ID, now); err != nil {
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

// endConnections ends what is connected through a link, also what was to be later.
func endConnections(ctx context.Context, tx bun.Tx, link uuid.UUID, now int64) error {
	if _, err := tx.NewDelete().Model((*connectionRow)(nil)).Where("link = ? AND since >= ?", link, now).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*connectionRow)(nil)).Set("until = ?", now).Where("link = ? AND until > ?", link, now).Exec(ctx)
	return err
}

// checkLink asks the driver about a link's configuration, without any I/O.
func (s *Service) checkLink(name text.Text, driverName string, config json.RawMessage) (json.RawMessage, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	drv := s.o.Drivers[driverName]
	if drv == nil {
		return nil, ErrDriver.At("body.driver", driverName).With("drivers", strings.Join(slices.Sorted(maps.Keys(s.o.Drivers)), ", "))
	}
	if len(config) > maxConfig {
		return nil, ErrConfig.At("body.config", nil).With("field", "config").With("reason", text.Text{
			Zh: fmt.Sprintf("配置为 %d 字节，最多 %d 字节", len(config), maxConfig), En: fmt.Sprintf("%d bytes, at most %d are allowed", len(config), maxConfig)})
	}
	// The same words in the same order give the same document, and the same document restarts nothing.
	var whole any
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	if err := d.Decode(&whole); err != nil {
		return nil, ErrConfig.At("body.config", nil).With("field", "config").With("reason", err.Error())
	}
	config, err := json.Marshal(whole)
	if err != nil {
		return nil, fmt.Errorf("encode the link's configuration: %w", err)
	}
	if c, ok := drv.(driver.LinkChecker); ok {
		err = c.CheckLink(config)
	} else {
		_, err = driver.ParseCommon(config)
	}
	return config, configError(err)
}

func configError(err error) error {
	if err == nil {
		return nil
	}
	var f *driver.FieldError
	if !errors.As(err, &f) {
		f = &driver.FieldError{Field: "config", Text: text.Text{Zh: err.Error(), En: err.Error()}}
	}
	where := "body.config"
	if f.Field != "config" {
		where += "." + f.Field
	}
	return ErrConfig.At(where, f.Value).With("field", f.Field).With("reason", f.Text)
}

func (s *Service) endpoint(l *Link) string {
	if e, ok := s.o.Drivers[l.Driver].(driver.Endpointer); ok {
		return e.Endpoint(l.Config)
	}
	return ""
}

// apart refuses a second link to the same device: one owner per physical link is what keeps devices that take one
// connection alive.
func (s *Service) apart(l *Link, others []Link) error {
	at := s.endpoint(l)
	for i := range others {
		o := &others[i]
		if o.ID != l.ID && o.Driver == l.Driver && at != "" && s.endpoint(o) == at {
			return ErrLinkTaken.At("body.config.address", at).With("name", o.Name).With("endpoint", at)
		}
	}
	return nil
}

// AddLink gives a gateway a link. Errors: ErrName, ErrDriver, ErrConfig, ErrLinkTaken, ErrTooMany, store.ErrNotFound.
func (s *Service) AddLink(ctx context.Context, id uuid.UUID, name text.Text, driverName string, config json.RawMessage) (Link, error) {
	g, scope, err := s.own(ctx, id)
	if err != nil {
		return Link{}, err
	}
	if config, err = s.checkLink(name, driverName, config); err != nil {
		return Link{}, err
	}
	r := linkRow{ID: uuid.Must(uuid.NewV7()), Org: g.Org, Gateway: id, Name: name, Driver: driverName, Config: string(config), Created: s.o.Now().UnixNano(), Version: 1}
	l := r.link()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		others, err := gatewayLinks(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if len(others) >= maxLinks {
			return ErrTooMany.With("limit", maxLinks)
		}
		if err := s.apart(&l, others); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.create", linkObject(l), nil, map[string]any{"gateway": id, "driver": driverName, "config": config})
	})
	if err != nil {
		return Link{}, fmt.Errorf("add a link: %w", err)
	}
	return l, s.load(ctx, id)
}

// ChangeLink changes a link's name or configuration. Errors as AddLink, api.ErrPrecondition.
func (s *Service) ChangeLink(ctx context.Context, id uuid.UUID, name *text.Text, config json.RawMessage, match api.IfMatch) (Link, error) {
	l, scope, err := s.ownLink(ctx, id)
	if err != nil {
		return l, err
	}
	before := map[string]any{"name": l.Name, "config": l.Config}
	if name != nil {
		l.Name = *name
	}
	if config != nil {
		l.Config = config
	}
	if l.Config, err = s.checkLink(l.Name, l.Driver, l.Config); err != nil {
		return l, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := findLink(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(now.ETag()); err != nil {
			return err
		}
		others, err := gatewayLinks(ctx, tx, scope, l.Gateway)
		if err != nil {
			return err
		}
		if err := s.apart(&l, others); err != nil {
			return err
		}
		l.Version = now.Version + 1
		if _, err := tx.NewUpdate().Model((*linkRow)(nil)).Set("name = ?", l.Name).Set("config = ?", string(l.Config)).Set("version = ?", l.Version).
			Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.update", linkObject(l), before, map[string]any{"name": l.Name, "config": l.Config})
	})
	if err != nil {
		return l, fmt.Errorf("change link %s: %w", id, err)
	}
	return l, s.load(ctx, l.Gateway)
}

// RemoveLink takes a link away. Errors: ErrLinkUsed, api.ErrPrecondition, store.ErrNotFound.
func (s *Service) RemoveLink(ctx context.Context, id uuid.UUID, match api.IfMatch) error {
	l, scope, err := s.ownLink(ctx, id)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		l, err := findLink(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(l.ETag()); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*connectionRow)(nil)).Where("link = ? AND until > ?", id, now).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return ErrLinkUsed.With("count", n)
		}
		if _, err := tx.NewUpdate().Model((*linkRow)(nil)).Set("removed = ?", now).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.link.remove", linkObject(l), map[string]any{"config": l.Config}, nil)
	})
	if err != nil {
		return fmt.Errorf("remove link %s: %w", id, err)
	}
	return s.load(ctx, l.Gateway)
}

// Connect says that a machine is read through a link, as a unit behind it, from now on.
// Errors: ErrOtherOrg, ErrUnit, ErrPoints (or problem.Invalid with several), store.ErrNotFound.
func (s *Service) Connect(ctx context.Context, machine, link uuid.UUID, unit string) (Connection, error) {
	l, scope, err := s.ownLink(ctx, link)
	if err != nil {
		return Connection{}, err
	}
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Connection{}, err
	}
	org, err := s.o.Plant.Owner(ctx, visible, machine)
	if err != nil {
		return Connection{}, err
	}
	if org != l.Org {
		return Connection{}, ErrOtherOrg.At("body.link", link.String())
	}
	if err := checkUnit(unit); err != nil {
		return Connection{}, err
	}
	points, err := s.o.Plant.Points(ctx, scope, machine)
	if err != nil {
		return Connection{}, err
	}
	if err := s.checkPoints(&l, unit, points); err != nil {
		return Connection{}, err
	}
	now := s.o.Now().UnixNano()
	c := Connection{Machine: machine, Org: org, Link: link, Unit: unit, From: now, To: store.Forever}
	var left []uuid.UUID
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		left = left[:0]
		old, err := machineConnection(ctx, tx, scope, machine, now)
		if err == nil {
			left = append(left, old.Link)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if old.Link == link && old.Unit == unit {
			c = old
			return nil
		}
		if err := endConnection(ctx, tx, machine, now); err != nil {
			return err
		}
		r := connectionRow{Machine: machine, Since: now, Until: store.Forever, Org: org, Link: link, Unit: unit}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.connection.set", audit.Object{Kind: "plant.machine", ID: machine.String()}, stateOf(old), stateOf(c))
	})
	if err != nil {
		return Connection{}, fmt.Errorf("connect machine %s: %w", machine, err)
	}
	s.touchLinks(ctx, scope, append(left, link)...)
	return c, nil
}

// Disconnect ends a machine's connection. Error: store.ErrNotFound when there is none.
func (s *Service) Disconnect(ctx context.Context, machine uuid.UUID) error {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return err
	}
	now := s.o.Now().UnixNano()
	old, err := machineConnection(ctx, s.o.DB, visible, machine, now)
	if err != nil {
		return err
	}
	scope, err := auth.Allow(ctx, auth.Configure, old.Org)
	if err != nil {
		return err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := endConnection(ctx, tx, machine, now); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "fleet.connection.end", audit.Object{Kind: "plant.machine", ID: machine.String()}, stateOf(old), nil)
	})
	if err != nil {
		return fmt.Errorf("disconnect machine %s: %w", machine, err)
	}
	s.touchLinks(ctx, scope, old.Link)
	return nil
}

// Connection is how a machine that the caller may see is read now. Error: store.ErrNotFound.
func (s *Service) Connection(ctx context.Context, machine uuid.UUID) (Connection, error) {
	visible, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return Connection{}, err
	}
	return machineConnection(ctx, s.o.DB, visible, machine, s.o.Now().UnixNano())
}

// endConnection ends a machine's connection at a time; one that began at that very moment never held.
func endConnection(ctx context.Context, tx bun.Tx, machine uuid.UUID, now int64) error {
	if _, err := tx.NewDelete().Model((*connectionRow)(nil)).Where("machine = ? AND since >= ?", machine, now).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*connectionRow)(nil)).Set("until = ?", now).Where("machine = ? AND until > ?", machine, now).Exec(ctx)
	return err
}

// checkPoints asks the driver whether it can read the points.
func (s *Service) checkPoints(l *Link, unit string, points []Point) error {
	drv := s.o.Drivers[l.Driver]
	if drv == nil {
		return ErrDriver.At("body.link", l.ID.String()).With("drivers", strings.Join(slices.Sorted(maps.Keys(s.o.Drivers)), ", "))
	}
	ready := make([]driver.Point, len(points))
	for i := range points {
		p := points[i].Point
		p.Unit = unit
		ready[i] = p.Driver(uint32(i))
	}
	var faults []*problem.Error
	for i, err := range drv.Check(l.Config, ready) {
		if err == nil || i >= len(points) {
			continue
		}
		reason := text.Text{Zh: err.Error(), En: err.Error()}
		var f *driver.FieldError
		where, value := "body.link", ""
		if errors.As(err, &f) {
			reason, value = f.Text, f.Value
			if f.Field == "unit" {
				where = "body.unit"
			}
		}
		if faults = append(faults, ErrPoints.At(where, value).With("key", points[i].Key).With("reason", reason)); len(faults) == 20 {
			break
		}
	}
	return problem.All(faults...)
}

// touchLinks looks again at the gateways of links.
func (s *Service) touchLinks(ctx context.Context, scope auth.Scope, links ...uuid.UUID) {
	for _, id := range links {
		if l, err := findLink(ctx, s.o.DB, scope, id); err == nil {
			s.poke(l.Gateway)
		}
	}
}

func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, object audit.Object, before, after any) error {
	p, origin := scope.Principal(), auth.OriginFrom(ctx)
	return audit.Record(ctx, tx, audit.Entry{Time: s.o.Now().UTC(), Org: scope.Org(), Actor: auth.ActorOf(p), Via: p.Via, Verb: verb, Object: object,
		Before: audit.State(before), After: audit.State(after), Remote: origin.Remote, Trace: origin.Trace})
}

func gatewayObject(g Gateway) audit.Object {
	return audit.Object{Kind: "gateway", ID: g.ID.String(), Name: g.Name.In("zh")}
}

func linkObject(l Link) audit.Object {
	return audit.Object{Kind: "link", ID: l.ID.String(), Name: l.Name.In("zh")}
}

func stateOf(c Connection) any {
	if c.Link == uuid.Nil {
		return nil
	}
	return map[string]any{"link": c.Link, "unit": c.Unit}
}

func word(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}
