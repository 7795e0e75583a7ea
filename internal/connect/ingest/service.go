package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/connect/ingest/intake"
	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/condition"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry"
)

// Telemetry is where samples go; *telemetry.Store is one.
type Telemetry interface {
	intake.Appender
	Lookup(id uuid.UUID) (telemetry.Ref, bool)
	Latest(refs []telemetry.Ref, now int64, out []telemetry.Sample) []telemetry.Sample
}

// Conditions takes what is wrong; *condition.Board is one.
type Conditions interface {
	Raise(ctx context.Context, c condition.Condition)
	Clear(ctx context.Context, kind, subject string)
	ClearKind(ctx context.Context, kind string)
}

// Endpoints are the addresses under which devices reach the node, as they are shown; "" where there is none.
type Endpoints struct {
	MQTT string // "mqtts://node:8883"
	HTTP string // "https://node:8443/push"
}

// Options build a Service. DB, Authority, Plant, Telemetry and Board are needed.
type Options struct {
	DB        *store.DB
	Authority *auth.Authority
	Plant     Plant
	Telemetry Telemetry
	Board     Conditions
	// Connected tells whether a machine is read through a gateway. May be nil.
	Connected func(ctx context.Context, machine uuid.UUID) (bool, error)
	Endpoints func() Endpoints // nil: none are known
	Tick      time.Duration    // how often states, rates and conditions are looked at; default 1 s
	Now       func() time.Time
	Logger    *slog.Logger
}

// Service is the room.
type Service struct {
	o        Options
	log      *slog.Logger
	metrics  metrics
	guesses  auth.Throttle
	changing sync.Mutex // one change of a source's life at a time

	mu          sync.RWMutex
	inlets      map[uuid.UUID]*inlet    // sources that are not removed
	credentials map[uuid.UUID]*standing // that count
	used        map[uuid.UUID]int64     // sign-ins that SQL does not know yet
	changed     map[uuid.UUID]struct{}  // organisations whose plant has changed
	running     context.Context         // while Run runs; under changing
	savedUses   int64                   // Run's
	dated       map[uuid.UUID]time.Time // Run's: when the next change of an organisation's plant that is dated ahead comes due
	version     uint64                  // grows with each change of any source that its page shows
}

// New opens the room and brings its tables up to date. The audit table must be there (audit.Migrate). Sources are at work
// while Run runs.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Tick <= 0 {
		o.Tick = time.Second
	}
	if o.Endpoints == nil {
		o.Endpoints = func() Endpoints { return Endpoints{} }
	}
	if err := store.MigrateRoom(ctx, o.DB, "ingest", migrations); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	s := &Service{o: o, log: o.Logger, inlets: map[uuid.UUID]*inlet{}, credentials: map[uuid.UUID]*standing{}, used: map[uuid.UUID]int64{}, changed: map[uuid.UUID]struct{}{}, dated: map[uuid.UUID]time.Time{}}
	list := func(page store.Page) ([]Source, string, error) {
		return listSources(ctx, o.DB, auth.Everywhere(), page)
	}
	if err := store.Each(list, func(src Source) error { return s.load(ctx, src) }); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	return s, nil
}

func (s *Service) now() int64 { return s.o.Now().UnixNano() }

// load takes in a source with its feeds, devices and credentials.
func (s *Service) load(ctx context.Context, src Source) error {
	in := newInlet(s, src)
	feeds, err := sourceFeeds(ctx, s.o.DB, auth.Everywhere(), src.ID, s.now())
	if err != nil {
		return err
	}
	for _, f := range feeds {
		in.feeds[f.Device] = f
	}
	settled, err := settledDevices(ctx, s.o.DB, src.ID)
	if err != nil {
		return err
	}
	for _, d := range settled {
		in.settled[d] = true
	}
	devices, err := sourceDevices(ctx, s.o.DB, src.ID)
	if err != nil {
		return err
	}
	for _, d := range devices {
		in.devices[d.Device] = &device{key: d.Device, first: d.First, last: d.Last, saved: max(d.Last, 1), state: Unknown, metrics: map[string]*metric{}}
	}
	rows, err := sourceCredentials(ctx, s.o.DB, auth.Everywhere(), src.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range rows {
		s.credentials[rows[i].ID] = stand(&rows[i])
	}
	s.inlets[src.ID] = in
	s.version++
	return nil
}

// inlet finds a source at work; nil when there is none.
func (s *Service) inlet(id uuid.UUID) *inlet {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.inlets[id]
}

// visible finds a source that the caller may see.
func (s *Service) visible(ctx context.Context, id uuid.UUID) (*inlet, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return nil, err
	}
	in := s.inlet(id)
	if in == nil || !scope.Includes(in.source().Org) {
		return nil, fmt.Errorf("source %s: %w", id, store.ErrNotFound)
	}
	return in, nil
}

// own finds a source that the caller may see and asks whether the caller may configure it.
func (s *Service) own(ctx context.Context, id uuid.UUID) (*inlet, auth.Scope, error) {
	in, err := s.visible(ctx, id)
	if err != nil {
		return nil, auth.Scope{}, err
	}
	scope, err := auth.Allow(ctx, auth.Configure, in.source().Org)
	return in, scope, err
}

// Draft is a source as somebody asks for it.
type Draft struct {
	Org       uuid.UUID
	Name      text.Text
	Kind      string
	Transport Transport
	Config    json.RawMessage
	Adopt     uuid.UUID
	Origin    telemetry.Origin // 0: measured
}

// Create adds a source and sets it to work. Errors: ErrName, ErrKind, ErrTransport, ErrConfig, ErrAdopt, ErrOrigin,
// ErrTooMany and those of auth.Allow.
func (s *Service) Create(ctx context.Context, q Draft) (Source, error) {
	scope, err := auth.Allow(ctx, auth.Configure, q.Org)
	if err != nil {
		return Source{}, err
	}
	src := Source{ID: uuid.Must(uuid.NewV7()), Org: q.Org, Name: q.Name, Kind: q.Kind, Transport: q.Transport, Config: q.Config, Adopt: q.Adopt, Origin: q.Origin, Version: 1}
	if src.Origin == 0 {
		src.Origin = telemetry.Measured
	}
	if src.Config, err = s.check(ctx, scope, &src, nil); err != nil {
		return Source{}, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	r := sourceRow{ID: src.ID, Org: src.Org, Name: src.Name, Kind: src.Kind, Transport: string(src.Transport), Config: string(src.Config), Adopt: store.Word(src.Adopt),
		Origin: int64(src.Origin), Created: s.now(), Version: 1}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		n, err := tx.NewSelect().Model((*sourceRow)(nil)).Where("org = ? AND removed = 0", src.Org).Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxSources {
			return ErrTooMany.With("limit", maxSources)
		}
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.source.create", sourceObject(src), nil, stateOf(&src))
	})
	if err != nil {
		return Source{}, fmt.Errorf("add a source: %w", err)
	}
	if err := s.load(ctx, src); err != nil {
		return src, err
	}
	s.begin(s.inlet(src.ID))
	return src, nil
}

// Change says what of a source is to be otherwise; nil stays.
type Change struct {
	Name   *text.Text
	Config json.RawMessage // the whole configuration; a password that is left out stays
	Adopt  *uuid.UUID      // zero: adopt no more
	Origin telemetry.Origin
}

// Update changes a source. A new configuration lets its devices connect anew. Errors as Create, api.ErrPrecondition,
// store.ErrNotFound.
func (s *Service) Update(ctx context.Context, id uuid.UUID, q Change, match api.IfMatch) (Source, error) {
	in, scope, err := s.own(ctx, id)
	if err != nil {
		return Source{}, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	before := in.source()
	after := before
	if q.Name != nil {
		after.Name = *q.Name
	}
	if q.Config != nil {
		after.Config = q.Config
	}
	if q.Adopt != nil {
		after.Adopt = *q.Adopt
	}
	if q.Origin != 0 {
		after.Origin = q.Origin
	}
	if after.Config, err = s.check(ctx, scope, &after, before.Config); err != nil {
		return before, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now, err := findSource(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(now.ETag()); err != nil {
			return err
		}
		after.Version = now.Version + 1
		if _, err := tx.NewUpdate().Model((*sourceRow)(nil)).Set("name = ?", after.Name).Set("config = ?", string(after.Config)).Set("adopt = ?", store.Word(after.Adopt)).
			Set("origin = ?", int64(after.Origin)).Set("version = ?", after.Version).Where("id = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.source.update", sourceObject(after), stateOf(&before), stateOf(&after))
	})
	if err != nil {
		return before, fmt.Errorf("change source %s: %w", id, err)
	}
	restart := string(after.Config) != string(before.Config) || after.Origin != before.Origin
	if restart {
		in.stop(ErrChanged)
	}
	in.mu.Lock()
	in.src = after
	in.mu.Unlock()
	in.reconsider()
	if restart {
		s.begin(in)
	}
	return after, nil
}

// Reasons for which the node closes a source's connections.
var (
	ErrChanged = errors.New("the source has been changed; connect again")
	ErrRemoved = errors.New("the source has been removed")
	ErrRevoked = errors.New("the credential has been revoked")
	errStopped = errors.New("the node is stopping")
)

// Remove takes a source away: its connections are cut, its credentials do not count any more, its feeds end. What it has
// sent stays. Errors: api.ErrPrecondition, store.ErrNotFound.
func (s *Service) Remove(ctx context.Context, id uuid.UUID, match api.IfMatch) error {
	in, scope, err := s.own(ctx, id)
	if err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	now := s.now()
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		src, err := findSource(ctx, tx, scope, id)
		if err != nil {
			return err
		}
		if err := match.Check(src.ETag()); err != nil {
			return err
		}
		if err := endFeeds(ctx, tx, now, "source = ?", id); err != nil {
			return err
		}
		for _, q := range []*bun.UpdateQuery{
			tx.NewUpdate().Model((*credentialRow)(nil)).Set("revoked = ?", now).Where("source = ? AND revoked = 0", id),
			tx.NewUpdate().Model((*sourceRow)(nil)).Set("removed = ?", now).Set("version = version + 1").Where("id = ?", id),
		} {
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := tx.NewDelete().Model((*memoryRow)(nil)).Where("source = ?", id).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, scope, "ingest.source.remove", sourceObject(src), stateOf(&src), nil)
	})
	if err != nil {
		return fmt.Errorf("remove source %s: %w", id, err)
	}
	s.mu.Lock()
	delete(s.inlets, id)
	for c, st := range s.credentials {
		if st.source == id {
			delete(s.credentials, c)
		}
	}
	s.version++
	s.mu.Unlock()
	in.stop(ErrRemoved)
	in.watch(ctx, true)
	return nil
}

func (s *Service) note(ctx context.Context, tx bun.Tx, scope auth.Scope, verb string, object audit.Object, before, after any) error {
	return audit.Record(ctx, tx, scope.Act(ctx, s.o.Now(), verb, object, before, after))
}

func sourceObject(s Source) audit.Object {
	return audit.Object{Kind: "source", ID: s.ID.String(), Name: s.Name.In("zh")}
}

// stateOf is a source as the audit log keeps it: without its password.
func stateOf(s *Source) any {
	return map[string]any{"name": s.Name, "kind": s.Kind, "transport": s.Transport, "config": shown(s.Config), "adopt": store.Word(s.Adopt), "origin": originName(s.Origin)}
}

var origins = map[string]telemetry.Origin{"measured": telemetry.Measured, "replayed": telemetry.Replayed}

func originName(o telemetry.Origin) string {
	for name, v := range origins {
		if v == o {
			return name
		}
	}
	return ""
}
