package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/store"
)

// Limits of people who come by themselves.
var (
	joinPerAddress = Limit{Burst: 10, Every: 5 * time.Minute}
	joinPerNode    = Limit{Burst: 100, Every: 10 * time.Second}
)

// Ways are the ways in.
type Ways struct {
	SMS       bool
	SignUp    bool
	Providers []Provider
}

// Ways in that this node offers.
func (s *Service) Ways(ctx context.Context) Ways {
	return Ways{SMS: s.codes(ctx) != nil, SignUp: s.o.SignUp, Providers: s.o.Providers}
}

// SignUp takes somebody in by a login and a password. They have no role anywhere, so they see nothing of anybody. Where codes are sent,
// a proved phone is the way in, and this one is closed. Errors: ErrSignUp, ErrLogin, ErrLoginTaken, ErrName, ErrThrottled and those of
// CheckPassword.
func (s *Service) SignUp(ctx context.Context, login, name, password string) (Session, error) {
	if !s.o.SignUp || s.codes(ctx) != nil {
		return Session{}, ErrSignUp
	}
	login = normalLogin(login)
	if err := checkLogin(login); err != nil {
		return Session{}, err
	}
	if err := checkNewPassword(password, login, name); err != nil {
		return Session{}, err
	}
	if err := s.hold(ctx, s.joinUses(ctx)); err != nil {
		return Session{}, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	var person personRow
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		person, err = s.join(ctx, tx, login, name, hash, "password")
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("sign up: %w", err)
	}
	return s.open(ctx, person, "password")
}

// checkNewPassword places the faults of CheckPassword where a newcomer typed.
func checkNewPassword(password, login, name string) error {
	err := CheckPassword(password, login, name)
	switch {
	case errors.Is(err, ErrPasswordShort):
		return ErrPasswordShort.At("body.password", nil).With("min", MinPassword)
	case errors.Is(err, ErrPasswordLong):
		return ErrPasswordLong.At("body.password", nil).With("max", MaxPassword)
	case err != nil:
		return ErrPasswordGuessable.At("body.password", nil)
	}
	return nil
}

func (s *Service) joinUses(ctx context.Context) []Use {
	return []Use{{"ja " + Network(OriginFrom(ctx).Remote), joinPerAddress}, {"jn", joinPerNode}}
}

// join makes a person without any role. The audit entry is in the node's own record: they are nobody's yet.
func (s *Service) join(ctx context.Context, tx bun.Tx, login, name, hash, via string) (personRow, error) {
	name, err := checkName(name)
	if err != nil {
		return personRow{}, err
	}
	row := personRow{ID: uuid.Must(uuid.NewV7()), Login: login, Name: name, Password: hash, Created: s.now().UnixNano()}
	if hash != "" {
		row.PasswordSet = row.Created
	}
	taken, err := tx.NewSelect().Model((*personRow)(nil)).Where("login = ?", login).Exists(ctx)
	if err != nil {
		return row, err
	}
	if taken {
		return row, ErrLoginTaken.At("body.login", login)
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		if err = store.Err(err); errors.Is(err, store.ErrConflict) {
			return row, ErrLoginTaken.At("body.login", login).Because(err)
		}
		return row, err
	}
	who := Principal{Kind: KindPerson, ID: row.ID, Name: row.Login, Via: via}
	object := audit.Object{Kind: "person", ID: row.ID.String(), Name: row.Login}
	return row, s.noteAs(ctx, tx, who, uuid.Nil, "auth.person.join", object, nil, map[string]any{"name": name, "via": via})
}
