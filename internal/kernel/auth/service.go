package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// How long credentials last.
const (
	SessionIdle = 12 * time.Hour      // without a request
	SessionLife = 14 * 24 * time.Hour // whatever happens
	LinkLife    = 72 * time.Hour      // an invitation
	FirstLink   = 24 * time.Hour      // the administrator's first link
	MaxToken    = 730 * 24 * time.Hour

	touchSession = time.Minute // how exactly the last use is kept
	touchToken   = 5 * time.Minute
	linkGrace    = 15 * time.Minute // after a sign-in by link, a new password needs no old one
)

// Service is people, sessions, tokens and links, and what they may do.
type Service struct {
	db       *store.DB
	orgs     *org.Service
	now      func() time.Time
	log      *slog.Logger
	hasher   *hasher
	throttle Throttle
	recent   recent
	o        Options

	discovered discovered // OIDC providers

	mu   sync.Mutex
	home uuid.UUID // the organisation that runs the node, once known: it never changes
}

// Options of a Service.
type Options struct {
	DB     *store.DB
	Orgs   *org.Service // its tables must be there before ours
	Now    func() time.Time
	Logger *slog.Logger
	// Bridge is for how long a caller who was let in is let in again, with the roles of then, while the database does not
	// answer: a node whose records fail over goes on being read. Default 0: never.
	Bridge time.Duration
	// SignUp lets people in who come by themselves; they have no role anywhere.
	SignUp bool
	// Codes sends codes to phones; nil: nobody signs in by one.
	Codes Sender
	// Providers vouch for people by OpenID Connect.
	Providers []Provider
	// URL is the address under which browsers reach the node, without a slash at its end; providers send them back there.
	URL string
}

// New opens the room and brings its tables up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := audit.Migrate(ctx, o.DB); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if err := store.MigrateRoom(ctx, o.DB, "auth", migrations); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	return &Service{db: o.DB, orgs: o.Orgs, now: o.Now, log: o.Logger, hasher: newHasher(), recent: recent{bridge: o.Bridge}, o: o}, nil
}

// SendCodesBy names who sends codes, for wiring that opens the sender after this room. Call it before anything is served.
func (s *Service) SendCodesBy(sender Sender) { s.o.Codes = sender }

// Names of the session cookie. The prefix makes browsers refuse it from anything but this very host over HTTPS.
const (
	CookieName      = "__Host-jingwei"
	PlainCookieName = "jingwei" // on plain HTTP, which exists on loopback addresses only
)

// Authenticate tells who sends a request: by bearer token, else by session cookie. ok is false when there is no
// credential or it does not count; an error is a fault of the node.
func (s *Service) Authenticate(r *http.Request) (p Principal, ok bool, err error) {
	ctx := r.Context()
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, credential, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return p, false, nil
		}
		credential = strings.TrimSpace(credential)
		return s.bridged(credential, func() (Principal, bool, error) { return s.byToken(ctx, credential) })
	}
	name := PlainCookieName
	if r.TLS != nil {
		name = CookieName
	}
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) != secretLength {
		return p, false, nil
	}
	return s.bridged(c.Value, func() (Principal, bool, error) { return s.bySession(ctx, c.Value) })
}

// bridged asks the database who a credential is of, and where it does not answer, tells who was let in with it.
func (s *Service) bridged(credential string, ask func() (Principal, bool, error)) (p Principal, ok bool, err error) {
	key := secretKey(credential)
	p, ok, err = ask()
	switch {
	case err == nil && ok:
		s.recent.note(key, p, s.now())
	case err == nil:
		s.recent.forget(key)
	case errors.Is(err, store.ErrUnavailable):
		// Whose mandate has ended meanwhile is not let in with the role of then.
		if p, ok := s.recent.find(key, s.now()); ok && (p.until == 0 || s.now().UnixNano() < p.until) {
			return p, true, nil
		}
	}
	return p, ok, err
}

func (s *Service) bySession(ctx context.Context, secret string) (p Principal, ok bool, err error) {
	var row sessionRow
	err = store.Err(s.db.NewSelect().Model(&row).Where("hash = ?", hashSecret(secret)).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("look up the session: %w", err)
	}
	p, ok, err = s.principalOfSession(ctx, row)
	p.seal = sealOf(secret)
	return p, ok, err
}

func (s *Service) principalOfSession(ctx context.Context, row sessionRow) (p Principal, ok bool, err error) {
	now := s.now()
	if now.Sub(at(row.Seen)) >= SessionIdle || now.Sub(at(row.Created)) >= SessionLife {
		return p, false, nil
	}
	person, err := personByID(ctx, s.db, row.Person)
	if errors.Is(err, store.ErrNotFound) || err == nil && person.Disabled {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("look up the person: %w", err)
	}
	rows, err := roleRows(ctx, s.db, person.ID, now)
	if err != nil {
		return p, false, fmt.Errorf("look up roles: %w", err)
	}
	own, until := map[uuid.UUID]Role{}, int64(store.Forever)
	for _, r := range rows {
		own[r.Org], until = r.Role, min(until, r.Until)
	}
	p, err = s.principal(ctx, KindPerson, person.ID, person.Login, row.Via, own)
	p.session, p.until = row.ID, until
	if err == nil && now.Sub(at(row.Seen)) >= touchSession {
		s.touch(ctx, &row, &person, now)
	}
	return p, err == nil, err
}

// touch notes the last use; that it cannot be written must not keep anybody out of a node with a full disk.
func (s *Service) touch(ctx context.Context, row *sessionRow, person *personRow, now time.Time) {
	row.Seen, person.Seen = now.UnixNano(), now.UnixNano()
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewUpdate().Model(row).Column("seen").WherePK().Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model(person).Column("seen").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "the last use of a session is not noted", "error", err)
	}
}

func (s *Service) byToken(ctx context.Context, text string) (p Principal, ok bool, err error) {
	id, secret, ok := parseToken(text)
	if !ok {
		return p, false, nil
	}
	var row tokenRow
	err = store.Err(s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("look up the token: %w", err)
	}
	if !sameHash(row.Hash, hashSecret(secret)) {
		return p, false, nil
	}
	p, ok, err = s.principalOfToken(ctx, row)
	p.seal = sealOf(secret)
	return p, ok, err
}

func (s *Service) principalOfToken(ctx context.Context, row tokenRow) (p Principal, ok bool, err error) {
	now := s.now()
	if row.Ended != 0 || !now.Before(at(row.Expires)) {
		return p, false, nil
	}
	until, held, err := s.heldUntil(ctx, row, now)
	if err != nil || !held {
		return p, false, err
	}
	p, err = s.principal(ctx, KindToken, row.ID, row.Name, "token", map[uuid.UUID]Role{row.Org: row.Role})
	p.until = until
	if err == nil && now.Sub(at(row.Used)) >= touchToken {
		row.Used = now.UnixNano()
		if _, err := s.db.NewUpdate().Model(&row).Column("used").WherePK().Exec(ctx); err != nil {
			s.log.WarnContext(ctx, "the last use of a token is not noted", "error", err)
		}
	}
	return p, err == nil, err
}

// principal works out the effective roles.
func (s *Service) principal(ctx context.Context, kind Kind, id uuid.UUID, name, via string, own map[uuid.UUID]Role) (Principal, error) {
	reach, err := s.orgs.Reach(ctx, slices.Collect(maps.Keys(own)), s.now().UnixNano())
	if err != nil {
		return Principal{}, err
	}
	roles := make(map[uuid.UUID]Role, len(own))
	for root, parts := range reach {
		for _, o := range parts {
			roles[o] = heavier(own[root], roles[o])
		}
	}
	home, err := s.homeOrg(ctx)
	if err != nil {
		return Principal{}, err
	}
	return Principal{Kind: kind, ID: id, Name: name, Via: via, roles: roles, home: home, grants: s.orgs}, nil
}

func (s *Service) homeOrg(ctx context.Context) (uuid.UUID, error) {
	s.mu.Lock()
	home := s.home
	s.mu.Unlock()
	if home != uuid.Nil {
		return home, nil
	}
	o, ok, err := s.orgs.Home(ctx)
	if err != nil || !ok {
		return uuid.Nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home = o.ID
	return o.ID, nil
}

// Renew looks again at a principal of a request that lasts long: ok is false when its session or token has ended.
func (s *Service) Renew(ctx context.Context, p Principal) (Principal, bool, error) {
	var now Principal
	var ok bool
	var err error
	switch p.Kind {
	case KindPerson:
		var row sessionRow
		if err = store.Err(s.db.NewSelect().Model(&row).Where("id = ?", p.session).Scan(ctx)); err == nil {
			now, ok, err = s.principalOfSession(ctx, row)
		}
	case KindToken:
		var row tokenRow
		if err = store.Err(s.db.NewSelect().Model(&row).Where("id = ?", p.ID).Scan(ctx)); err == nil {
			now, ok, err = s.principalOfToken(ctx, row)
		}
	default:
		return p, true, nil
	}
	if errors.Is(err, store.ErrNotFound) {
		return Principal{}, false, nil
	}
	if err != nil {
		return Principal{}, false, fmt.Errorf("look again at the credential: %w", err)
	}
	now.seal = p.seal
	return now, ok, nil
}

// note writes an audit entry about an organisation's thing, or the node's own with org zero.
func (s *Service) note(ctx context.Context, tx bun.Tx, o uuid.UUID, verb string, object audit.Object, before, after any) error {
	p, known := FromContext(ctx)
	if !known {
		p = Principal{Kind: KindSystem, Name: "node", Via: "node"}
	}
	return s.noteAs(ctx, tx, p, o, verb, object, before, after)
}

func (s *Service) noteAs(ctx context.Context, tx bun.Tx, p Principal, o uuid.UUID, verb string, object audit.Object, before, after any) error {
	return audit.Record(ctx, tx, act(ctx, p, o, s.now(), verb, object, before, after))
}
