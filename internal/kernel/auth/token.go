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

// Token is a credential of a program: for one organisation, with one role, until a day.
type Token struct {
	ID      uuid.UUID
	Name    string
	Org     uuid.UUID
	Role    Role
	Creator string // name of who made it
	Created time.Time
	Expires time.Time
	Used    time.Time // last request, exact to five minutes; zero for never
}

// CreateToken makes a token for the scope's one organisation (Allow(ctx, Tokens, org)). The text is returned here and
// nowhere else; the node keeps its hash. Errors: ErrName, ErrRole, ErrExpiry.
func (s *Service) CreateToken(ctx context.Context, scope Scope, name string, role Role, expires time.Time) (Token, string, error) {
	name, err := checkName(name)
	if err != nil {
		return Token{}, "", err
	}
	if err := checkRole(role, Roles...); err != nil {
		return Token{}, "", err
	}
	now := s.now()
	if !expires.After(now) || expires.After(now.Add(MaxToken)) {
		return Token{}, "", ErrExpiry.At("body.expires", expires.UTC().Format(time.RFC3339)).With("days", int(MaxToken.Hours()/24))
	}
	secret := newSecret()
	row := tokenRow{
		ID: uuid.Must(uuid.NewV7()), Hash: hashSecret(secret), Name: name, Org: scope.Org(), Role: role,
		Creator: scope.Principal().Name, Created: now.UnixNano(), Expires: expires.UnixNano(),
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.bindToMandate(ctx, tx, scope, &row); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			if err = store.Err(err); errors.Is(err, store.ErrReference) {
				return ErrNotFound.With("thing", "org")
			}
			return err
		}
		return s.noteAs(ctx, tx, scope.Principal(), row.Org, "auth.token.make", row.object(), nil, map[string]any{"role": role, "expires": expires.UTC()})
	})
	if err != nil {
		return Token{}, "", fmt.Errorf("make a token: %w", err)
	}
	return row.token(), tokenText(row.ID, secret), nil
}

func (r tokenRow) object() audit.Object {
	return audit.Object{Kind: "token", ID: r.ID.String(), Name: r.Name}
}

var tokenOrder = store.Keyset{Columns: []string{"t.id"}}

// ListTokens returns the tokens of the scope's organisations that have not been withdrawn. Error: store.ErrCursor.
func (s *Service) ListTokens(ctx context.Context, scope Scope, page store.Page) ([]Token, string, error) {
	var rows []tokenRow
	q := scope.Where(s.db.NewSelect().Model(&rows), "t.org").Where("t.ended = 0")
	items, next, err := store.List(ctx, tokenOrder, q, &rows, page, func(r *tokenRow) []any { return []any{r.ID.String()} }, (*tokenRow).token)
	if err != nil {
		return nil, "", fmt.Errorf("list tokens: %w", err)
	}
	return items, next, nil
}

// EndToken withdraws a token; it counts no more from the next request on. Errors: ErrNotFound, ErrForbidden.
func (s *Service) EndToken(ctx context.Context, id uuid.UUID) error {
	readable, err := Visible(ctx, Read)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var row tokenRow
		err := store.Err(readable.Where(tx.NewSelect().Model(&row), "t.org").Where("t.id = ? AND t.ended = 0", id).Scan(ctx))
		if errors.Is(err, store.ErrNotFound) {
			return ErrNotFound.With("thing", "token")
		}
		if err != nil {
			return err
		}
		if _, err := Allow(ctx, Tokens, row.Org); err != nil {
			return err
		}
		row.Ended = s.now().UnixNano()
		if _, err := tx.NewUpdate().Model(&row).Column("ended").WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, row.Org, "auth.token.end", row.object(), nil, nil)
	})
	if err != nil {
		return fmt.Errorf("withdraw a token: %w", err)
	}
	return nil
}
