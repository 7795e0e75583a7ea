package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Link is a one-time sign-in link's secret. It is handed out once and kept as a hash.
type Link struct {
	Secret  string
	Expires time.Time
}

// LinkPath is the console's page that takes a link's secret, posts it to /session/link, and takes it out of the address.
const LinkPath = "/welcome?token="

// URL is what to open in a browser; base is the node's address without a slash at its end, or "" for the path alone. The
// node's own log keeps paths without their queries, and no Referer is sent.
func (l Link) URL(base string) string { return base + LinkPath + l.Secret }

// makeLink makes a link for a person and ends those made before.
func (s *Service) makeLink(ctx context.Context, tx bun.Tx, person uuid.UUID, life time.Duration) (Link, error) {
	now := s.now().UTC()
	if err := endLinks(ctx, tx, person, now); err != nil {
		return Link{}, err
	}
	l := Link{Secret: newSecret(), Expires: now.Add(life)}
	_, err := tx.NewInsert().Model(&linkRow{
		ID: uuid.Must(uuid.NewV7()), Hash: hashSecret(l.Secret), Person: person, Created: now.UnixNano(), Expires: l.Expires.UnixNano(),
	}).Exec(ctx)
	return l, store.Err(err)
}

func endLinks(ctx context.Context, tx bun.Tx, person uuid.UUID, now time.Time) error {
	_, err := tx.NewUpdate().Model((*linkRow)(nil)).Set("used = ?", now.UnixNano()).Where("person = ? AND used = 0", person).Exec(ctx)
	return store.Err(err)
}

// SignInByLink uses a link up and begins a session. Of several callers with the same link exactly one gets in.
// Errors: ErrLink, ErrThrottled.
func (s *Service) SignInByLink(ctx context.Context, secret string) (Session, error) {
	uses := []Use{{"a " + Network(OriginFrom(ctx).Remote), perAddress}}
	if err := s.hold(ctx, uses); err != nil {
		return Session{}, err
	}
	if len(secret) != secretLength {
		return Session{}, ErrLink.At("body.token", nil)
	}
	var person personRow
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		now := s.now().UnixNano()
		var row linkRow
		err := store.Err(tx.NewSelect().Model(&row).Where("hash = ?", hashSecret(secret)).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) {
			return ErrLink.At("body.token", nil)
		}
		if err != nil {
			return err
		}
		res, err := tx.NewUpdate().Model(&row).Set("used = ?", now).Where("id = ? AND used = 0 AND expires > ?", row.ID, now).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return ErrLink.At("body.token", nil).Because(err)
		}
		if person, err = personByID(ctx, tx, row.Person); err != nil {
			return err
		}
		if person.Disabled {
			return ErrLink.At("body.token", nil)
		}
		return nil
	})
	if err != nil {
		return Session{}, fmt.Errorf("use a sign-in link: %w", err)
	}
	s.throttle.forgive(uses)
	return s.open(ctx, person, "link")
}

// FirstStart makes the organisation that runs the node and its administrator, and returns a one-time link for as long
// as nobody has set a password as that administrator: a link that was lost is made anew by starting again. ok is false
// when there is nothing to do any more. No secret has a default, and none is kept in readable form.
func (s *Service) FirstStart(ctx context.Context, home org.Org, login string) (link Link, ok bool, err error) {
	login = normalLogin(login)
	if err := checkLogin(login); err != nil {
		return Link{}, false, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		o, found, err := s.orgs.Home(ctx)
		if err != nil {
			return err
		}
		if !found {
			home.Home = true
			if o, err = s.orgs.Create(ctx, home, uuid.Nil); err != nil {
				return err
			}
		}
		var admin personRow
		err = store.Err(tx.NewSelect().Model(&admin).Where("login = ?", login).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) {
			owned, err2 := tx.NewSelect().Model((*roleRow)(nil)).Where("org = ? AND role = ?", o.ID, Owner).Exists(ctx)
			if err = err2; err != nil || owned {
				return err // somebody owns the node already
			}
			admin, err = s.addPerson(ctx, tx, login, login, o.ID, Owner)
		}
		if err != nil {
			return err
		}
		role, err := ownRoles(ctx, tx, admin.ID, s.now())
		if err != nil || admin.Password != "" || admin.Disabled || role[o.ID] != Owner {
			return err
		}
		if link, err = s.makeLink(ctx, tx, admin.ID, FirstLink); err != nil {
			return err
		}
		ok = true
		return s.note(ctx, tx, o.ID, "auth.link.make", admin.object(), nil, map[string]any{"expires": link.Expires, "first": true})
	})
	if err != nil {
		return Link{}, false, fmt.Errorf("prepare the first start: %w", err)
	}
	return link, ok, nil
}
