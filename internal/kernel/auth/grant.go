package auth

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// SetRole gives somebody a role in the scope's one organisation (Allow(ctx, People, org)) or changes it. The person
// must have a role already in an organisation where the caller manages people: nobody is found by guessing ids.
// Errors: ErrNotFound, ErrForbidden, ErrRole, ErrLastOwner, ErrMandated.
func (s *Service) SetRole(ctx context.Context, scope Scope, id uuid.UUID, role Role) error {
	if err := checkRole(role, ladder...); err != nil {
		return err
	}
	o := scope.Org()
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, own, err := s.managed(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if own[o] == role {
			return nil
		}
		if err := s.notMandated(ctx, tx, id, o); err != nil {
			return err
		}
		if own[o] == Owner {
			if err := s.keepOwner(ctx, tx, o, id); err != nil {
				return err
			}
		}
		err = s.putRole(ctx, tx, lasting(id, o, role, s.now().UnixNano()))
		if err != nil {
			return err
		}
		return s.note(ctx, tx, o, "auth.role.set", row.object(), own[o], role)
	})
	if err != nil {
		return fmt.Errorf("set a role: %w", err)
	}
	return nil
}

// RemoveRole takes somebody's own role in the scope's one organisation away; what they inherit from its owner stays.
// Errors: ErrNotFound, ErrForbidden, ErrLastOwner, ErrMandated.
func (s *Service) RemoveRole(ctx context.Context, scope Scope, id uuid.UUID) error {
	o := scope.Org()
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, own, err := s.managed(ctx, tx, id, false)
		if err != nil {
			return err
		}
		if own[o] == "" {
			return ErrNotFound.With("thing", "role")
		}
		if err := s.notMandated(ctx, tx, id, o); err != nil {
			return err
		}
		if own[o] == Owner {
			if err := s.keepOwner(ctx, tx, o, id); err != nil {
				return err
			}
		}
		if _, err := tx.NewDelete().Model((*roleRow)(nil)).Where("person = ? AND org = ?", id, o).Exec(ctx); err != nil {
			return err
		}
		return s.note(ctx, tx, o, "auth.role.remove", row.object(), own[o], nil)
	})
	if err != nil {
		return fmt.Errorf("remove a role: %w", err)
	}
	return nil
}

// keepOwner refuses to take away the last owner who can still sign in.
func (s *Service) keepOwner(ctx context.Context, tx bun.Tx, o, leaving uuid.UUID) error {
	now := s.now().UnixNano()
	others, err := tx.NewSelect().Model((*roleRow)(nil)).Join("JOIN auth_person AS p ON p.id = r.person").
		Where("r.org = ? AND r.role = ? AND r.person <> ? AND NOT p.disabled AND r.since <= ? AND r.until > ?", o, Owner, leaving, now, now).Count(ctx)
	if err != nil {
		return err
	}
	if others == 0 {
		return ErrLastOwner.With("org", o)
	}
	return nil
}

// Founded notes a new organisation in the audit and makes the person who founded it its owner, unless they own it
// already through its parent.
func (s *Service) Founded(ctx context.Context, tx bun.Tx, p Principal, o org.Org, parent uuid.UUID) error {
	object := audit.Object{Kind: "org", ID: o.ID.String(), Name: o.Name.In("en")}
	after := map[string]any{"kind": o.Kind, "name": o.Name, "creditCode": o.CreditCode, "parent": parent}
	if err := s.noteAs(ctx, tx, p, o.ID, "org.org.add", object, nil, after); err != nil {
		return err
	}
	if p.Kind != KindPerson || parent != uuid.Nil && o.Kind == org.Unit {
		return nil
	}
	_, err := tx.NewInsert().Model(lasting(p.ID, o.ID, Owner, s.now().UnixNano())).Exec(ctx)
	return store.Err(err)
}
