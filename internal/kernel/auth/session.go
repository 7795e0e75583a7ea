package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

// Session is what a successful sign-in gives: the cookie's value, which is nowhere else, and who it is.
type Session struct {
	Secret    string
	Expires   time.Time // absolute
	Principal Principal
}

// Cookie makes the session's cookie. secure is false on plain HTTP only. The browser counts its life by itself: its clock may be
// another than the node's.
func (s Session) Cookie(secure bool) *http.Cookie {
	name := PlainCookieName
	if secure {
		name = CookieName
	}
	return &http.Cookie{Name: name, Value: s.Secret, Path: "/", MaxAge: int(SessionLife / time.Second), Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

// EndCookie makes the browser forget the session.
func EndCookie(secure bool) *http.Cookie {
	c := Session{}.Cookie(secure)
	c.MaxAge, c.Expires = -1, time.Unix(1, 0)
	return c
}

// SignIn checks login and password. Errors: ErrSignIn (one for every reason), ErrThrottled.
func (s *Service) SignIn(ctx context.Context, login, password string) (Session, error) {
	login = normalLogin(login)
	uses := signInUses(login, OriginFrom(ctx).Remote)
	if err := s.hold(ctx, uses); err != nil {
		return Session{}, err
	}
	var row personRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("login = ?", login).Scan(ctx))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Session{}, fmt.Errorf("look up the login: %w", err)
	}
	// Nobody of that name, no password yet and disabled cost the same time as a wrong password.
	stored := row.Password
	if row.Disabled {
		stored = ""
	}
	ok, again, err := s.hasher.verify(ctx, stored, password)
	if err != nil {
		return Session{}, fmt.Errorf("check the password: %w", err)
	}
	if !ok {
		s.refused(ctx, row)
		return Session{}, ErrSignIn
	}
	s.throttle.forgive(uses)
	session, err := s.open(ctx, row, "password")
	if err == nil && again {
		if err := s.rehash(ctx, row, password); err != nil {
			s.log.WarnContext(ctx, "a password keeps its older hash", "error", err)
		}
	}
	return session, err
}

func (s *Service) hold(ctx context.Context, uses []Use) error {
	if wait := s.throttle.Take(s.now(), uses...); wait > 0 {
		seconds := int(wait/time.Second) + 1
		s.log.WarnContext(ctx, "sign-in held back", "wait", wait)
		return ErrThrottled.With("seconds", seconds).Header("Retry-After", strconv.Itoa(seconds))
	}
	return nil
}

// refused notes a failed sign-in. What was typed as a login that nobody has is not kept: it may be a password.
func (s *Service) refused(ctx context.Context, row personRow) {
	p, object := Principal{Kind: KindPerson, Name: "unknown", Via: "password"}, audit.Object{Kind: "person", Name: "unknown"}
	if row.ID != uuid.Nil {
		p.ID, p.Name = row.ID, row.Login
		object = row.object()
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		orgs, err := s.concerned(ctx, tx, row.ID)
		if err != nil {
			return err
		}
		for _, o := range orgs {
			if err := s.noteAs(ctx, tx, p, o, "auth.session.refuse", object, nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.log.ErrorContext(ctx, "a failed sign-in is not in the audit", "error", err)
	}
}

// maxConcerned bounds the entries of one act about a person.
const maxConcerned = 50

// concerned are the organisations whose owners may read what a person did: those in which the person has a role, or
// the node's own record when there is none.
func (s *Service) concerned(ctx context.Context, tx bun.Tx, person uuid.UUID) ([]uuid.UUID, error) {
	own, err := ownRoles(ctx, tx, person, s.now())
	if err != nil || len(own) == 0 {
		return []uuid.UUID{uuid.Nil}, err
	}
	orgs := slices.SortedFunc(maps.Keys(own), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return orgs[:min(len(orgs), maxConcerned)], nil
}

func (s *Service) notePerson(ctx context.Context, tx bun.Tx, p Principal, row personRow, verb string, before, after any) error {
	orgs, err := s.concerned(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for _, o := range orgs {
		if err := s.noteAs(ctx, tx, p, o, verb, row.object(), before, after); err != nil {
			return err
		}
	}
	return nil
}

func (r personRow) object() audit.Object {
	return audit.Object{Kind: "person", ID: r.ID.String(), Name: r.Login}
}

// open begins a session.
func (s *Service) open(ctx context.Context, row personRow, via string) (Session, error) {
	secret, now, origin := newSecret(), s.now().UTC(), OriginFrom(ctx)
	session := sessionRow{
		ID: uuid.Must(uuid.NewV7()), Hash: hashSecret(secret), Person: row.ID, Via: via, Created: now.UnixNano(), Seen: now.UnixNano(),
		Remote: origin.Remote, Agent: origin.Agent,
	}
	who := Principal{Kind: KindPerson, ID: row.ID, Name: row.Login, Via: via}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		// What has ended goes: the table stays as small as the sessions that live.
		_, err := tx.NewDelete().Model((*sessionRow)(nil)).
			Where("seen <= ? OR created <= ?", now.Add(-SessionIdle).UnixNano(), now.Add(-SessionLife).UnixNano()).Exec(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&session).Exec(ctx); err != nil {
			return err
		}
		row.Seen = now.UnixNano()
		if _, err := tx.NewUpdate().Model(&row).Column("seen").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.notePerson(ctx, tx, who, row, "auth.session.open", nil, map[string]string{"via": via})
	})
	if err != nil {
		return Session{}, fmt.Errorf("begin a session: %w", err)
	}
	p, _, err := s.principalOfSession(ctx, session)
	if err != nil {
		return Session{}, err
	}
	p.seal = sealOf(secret)
	return Session{Secret: secret, Expires: now.Add(SessionLife), Principal: p}, nil
}

// SignOut ends the caller's session.
func (s *Service) SignOut(ctx context.Context) error {
	p, err := Need(ctx)
	if err != nil {
		return err
	}
	if p.Kind != KindPerson {
		return ErrNotPerson
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := personByID(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("id = ?", p.session).Exec(ctx); err != nil {
			return err
		}
		return s.notePerson(ctx, tx, p, row, "auth.session.close", nil, nil)
	})
}

// SetPassword sets the caller's password and ends all their other sessions. The current one is needed, except where
// none is set or the session was begun by a one-time link within the last quarter of an hour.
// Errors: ErrPasswordWrong, ErrThrottled and those of CheckPassword.
func (s *Service) SetPassword(ctx context.Context, current, password string) error {
	p, err := Need(ctx)
	if err != nil {
		return err
	}
	if p.Kind != KindPerson {
		return ErrNotPerson
	}
	row, err := personByID(ctx, s.db, p.ID)
	if err != nil {
		return fmt.Errorf("look up the person: %w", err)
	}
	var session sessionRow
	if err := store.Err(s.db.NewSelect().Model(&session).Where("id = ?", p.session).Scan(ctx)); err != nil {
		return fmt.Errorf("look up the session: %w", err)
	}
	byLink := session.Via == "link" && s.now().Sub(at(session.Created)) < linkGrace
	if row.Password != "" && !byLink {
		uses := signInUses(row.Login, OriginFrom(ctx).Remote)
		if err := s.hold(ctx, uses); err != nil {
			return err
		}
		ok, _, err := s.hasher.verify(ctx, row.Password, current)
		if err != nil {
			return fmt.Errorf("check the password: %w", err)
		}
		if !ok {
			return ErrPasswordWrong.At("body.current", nil)
		}
		s.throttle.forgive(uses)
	}
	if err := CheckPassword(password, row.Login, row.Name); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row.Password, row.PasswordSet = hash, s.now().UnixNano()
		if _, err := tx.NewUpdate().Model(&row).Column("password", "password_set").WherePK().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("person = ? AND id <> ?", p.ID, p.session).Exec(ctx); err != nil {
			return err
		}
		// A link that was sent out before must not open the door behind the new password.
		if err := endLinks(ctx, tx, p.ID, s.now()); err != nil {
			return err
		}
		return s.notePerson(ctx, tx, p, row, "auth.password.set", nil, nil)
	})
}

func (s *Service) rehash(ctx context.Context, row personRow, password string) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.db.NewUpdate().Model((*personRow)(nil)).Set("password = ?", hash).Where("id = ? AND password = ?", row.ID, row.Password).Exec(ctx)
	return store.Err(err)
}

// Me is who is signed in.
type Me struct {
	Person Person // of a token: its id and name
	Roles  map[uuid.UUID]Role
}

// Me returns the caller.
func (s *Service) Me(ctx context.Context) (Me, error) {
	p, err := Need(ctx)
	if err != nil {
		return Me{}, err
	}
	if p.Kind != KindPerson {
		return Me{Person: Person{ID: p.ID, Login: p.Name, Name: p.Name}, Roles: p.Roles()}, nil
	}
	row, err := personByID(ctx, s.db, p.ID)
	if err != nil {
		return Me{}, fmt.Errorf("look up the person: %w", err)
	}
	return Me{Person: row.person(), Roles: p.Roles()}, nil
}
