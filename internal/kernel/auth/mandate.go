package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// Mandate is a role that holds for a time only. It counts at every instant of [From, To) and at no other: who holds it is asked
// at each request, so that nothing has to be ended when it ends.
type Mandate struct {
	Person uuid.UUID
	Role   Role
	org.Span
}

// Mandate gives a role for a time in the scope's one organisation, in the caller's transaction. Who may ask for it is for the room to
// say that keeps mandates; it hands System(org) in. Errors: ErrRole, ErrRoleStands, ErrNotFound.
func (s *Service) Mandate(ctx context.Context, tx bun.Tx, scope Scope, m Mandate) error {
	if err := checkRole(m.Role, ladder...); err != nil {
		return err
	}
	o, now := scope.Org(), s.now().UnixNano()
	if m.From >= m.To || m.To <= now {
		return org.ErrSpan.At("body.until", m.To)
	}
	person, err := personByID(ctx, tx, m.Person)
	if err != nil {
		return err
	}
	stands, err := tx.NewSelect().Model((*roleRow)(nil)).Where("person = ? AND org = ? AND until > ?", m.Person, o, now).Exists(ctx)
	if err != nil {
		return err
	}
	if stands {
		return ErrRoleStands.With("login", person.Login)
	}
	if err := s.putRole(ctx, tx, &roleRow{Person: m.Person, Org: o, Role: m.Role, Granted: now, Since: m.From, Until: m.To}); err != nil {
		return err
	}
	return s.note(ctx, tx, o, "auth.mandate.give", person.object(), nil, map[string]any{"role": m.Role, "from": at(m.From), "to": at(m.To)})
}

// Prolong sets the end of a mandate that has not ended yet. Errors: ErrNotFound, org.ErrSpan.
func (s *Service) Prolong(ctx context.Context, tx bun.Tx, scope Scope, person uuid.UUID, to int64) error {
	if to <= s.now().UnixNano() {
		return org.ErrSpan.At("body.until", at(to))
	}
	return s.endAt(ctx, tx, scope, person, to, "auth.mandate.prolong")
}

// EndMandate ends a mandate now: the next request of its holder, and of tokens made under it, is without the role. last lets the last
// owner go too, which is for whoever runs the node. Errors: ErrNotFound, ErrLastOwner.
func (s *Service) EndMandate(ctx context.Context, tx bun.Tx, scope Scope, person uuid.UUID, last bool) error {
	if !last {
		own, err := ownRoles(ctx, tx, person, s.now())
		if err != nil {
			return err
		}
		if own[scope.Org()] == Owner {
			if err := s.keepOwner(ctx, tx, scope.Org(), person); err != nil {
				return err
			}
		}
	}
	return s.endAt(ctx, tx, scope, person, s.now().UnixNano(), "auth.mandate.end")
}

func (s *Service) endAt(ctx context.Context, tx bun.Tx, scope Scope, person uuid.UUID, to int64, verb string) error {
	row, err := personByID(ctx, tx, person)
	if err != nil {
		return err
	}
	q := tx.NewUpdate().Model((*roleRow)(nil)).Set("until = ?", to).Where("r.person = ? AND r.until > ? AND r.until < ?", person, s.now().UnixNano(), store.Forever)
	res, err := scope.WhereUpdate(q, "r.org").Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return ErrNotFound.With("thing", "mandate").Because(err)
	}
	return s.note(ctx, tx, scope.Org(), verb, row.object(), nil, map[string]any{"to": at(to)})
}

// notMandated refuses to change by hand what a mandate says.
func (s *Service) notMandated(ctx context.Context, tx bun.Tx, person, o uuid.UUID) error {
	now := s.now().UnixNano()
	var rows []roleRow
	err := tx.NewSelect().Model(&rows).Where("person = ? AND org = ? AND until > ? AND until < ?", person, o, now, store.Forever).Scan(ctx)
	if err != nil {
		return store.Err(err)
	}
	if len(rows) > 0 {
		return ErrMandated.With("until", at(rows[0].Until).Format(time.RFC3339))
	}
	return nil
}

// putRole writes a role over the one that stood or has ended.
func (s *Service) putRole(ctx context.Context, tx bun.Tx, row *roleRow) error {
	_, err := tx.NewInsert().Model(row).On("CONFLICT (person, org) DO UPDATE").Set("role = EXCLUDED.role").Set("granted = EXCLUDED.granted").
		Set("since = EXCLUDED.since").Set("until = EXCLUDED.until").Exec(ctx)
	return store.Err(err)
}

// bindToMandate notes under which mandate a token is made: it counts no longer than that. Somebody who has a lasting role that reaches
// the organisation too makes a token that stands by itself.
func (s *Service) bindToMandate(ctx context.Context, tx bun.Tx, scope Scope, row *tokenRow) error {
	p := scope.Principal()
	if p.Kind != KindPerson {
		return nil
	}
	roles, err := roleRows(ctx, tx, p.ID, s.now())
	if err != nil {
		return err
	}
	roots := make([]uuid.UUID, len(roles))
	for i, r := range roles {
		roots[i] = r.Org
	}
	reach, err := s.orgs.Reach(ctx, roots, s.now().UnixNano())
	if err != nil {
		return err
	}
	for _, r := range roles {
		for _, o := range reach[r.Org] {
			switch {
			case o != row.Org || !r.Role.May(Tokens):
			case r.Until == store.Forever:
				row.Holder, row.Root = "", ""
				return nil
			default:
				row.Holder, row.Root = p.ID.String(), r.Org.String()
			}
		}
	}
	return nil
}

// heldUntil tells whether a token's mandate counts, and until when.
func (s *Service) heldUntil(ctx context.Context, row tokenRow, now time.Time) (until int64, ok bool, err error) {
	if row.Holder == "" {
		return store.Forever, true, nil
	}
	var rows []roleRow
	err = s.db.NewSelect().Model(&rows).Join("JOIN auth_person AS p ON p.id = r.person").
		Where("r.person = ? AND r.org = ? AND r.since <= ? AND r.until > ? AND NOT p.disabled", row.Holder, row.Root, now.UnixNano(), now.UnixNano()).Scan(ctx)
	if err != nil || len(rows) == 0 || !rows[0].Role.May(Tokens) {
		return 0, false, store.Err(err)
	}
	return rows[0].Until, true, nil
}
