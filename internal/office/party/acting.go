package party

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/store"
)

var mandatesLatestFirst = store.Keyset{Columns: []string{"m.id"}, Descending: true}

// Mandates lists those of an organisation for its owners, or, without one, all for the node's organisation; the latest first.
func (s *Service) Mandates(ctx context.Context, o uuid.UUID, page store.Page) ([]Mandate, string, error) {
	var rows []mandateRow
	q := s.o.DB.NewSelect().Model(&rows)
	if o == uuid.Nil {
		if _, err := s.officer(ctx); err != nil {
			return nil, "", err
		}
		q = auth.Everywhere().Where(q, "m.org") // the node's organisation keeps who may act for whom
	} else {
		scope, err := auth.Allow(ctx, auth.People, o)
		if err != nil {
			return nil, "", err
		}
		q = scope.Where(q, "m.org")
	}
	return s.mandates(ctx, q, &rows, page)
}

// MyMandates lists the caller's.
func (s *Service) MyMandates(ctx context.Context, page store.Page) ([]Mandate, string, error) {
	p, err := person(ctx)
	if err != nil {
		return nil, "", err
	}
	var rows []mandateRow
	return s.mandates(ctx, s.o.DB.NewSelect().Model(&rows).Where("m.person = ?", p.ID), &rows, page)
}

func (s *Service) mandates(ctx context.Context, q *bun.SelectQuery, rows *[]mandateRow, page store.Page) ([]Mandate, string, error) {
	var broken error
	items, next, err := store.List(ctx, mandatesLatestFirst, q, rows, page, func(r *mandateRow) []any { return []any{r.ID.String()} }, func(r *mandateRow) Mandate {
		m, err := r.mandate()
		if err != nil {
			broken = err
		}
		return m
	})
	if err == nil {
		err = broken
	}
	return items, next, err
}

// mandate reads one with the right to decide over it: of the organisation's owners, or of the node's organisation (platform).
func (s *Service) mandate(ctx context.Context, db bun.IDB, id uuid.UUID) (m Mandate, scope auth.Scope, platform bool, err error) {
	p, err := person(ctx)
	if err != nil {
		return m, scope, false, err
	}
	var row mandateRow
	err = store.Err(db.NewSelect().Model(&row).Where("m.id = ?", id).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return m, scope, false, auth.ErrNotFound.With("thing", "mandate")
	}
	if err != nil {
		return m, scope, false, wrap("read a mandate", err)
	}
	if m, err = row.mandate(); err != nil {
		return m, scope, false, err
	}
	if scope, err = s.officer(ctx); err == nil {
		return m, scope, true, nil
	}
	if scope, err = auth.Allow(ctx, auth.People, m.Org); err == nil {
		return m, scope, false, nil
	}
	if errors.Is(err, auth.ErrNotFound) && p.ID != m.Person {
		err = auth.ErrNotFound.With("thing", "mandate")
	} else {
		err = auth.ErrForbidden.With("verb", string(auth.People))
	}
	return Mandate{}, scope, false, err
}

// MandateLetter returns the letter on which a mandate rests, to its holder and to those who decide over it.
func (s *Service) MandateLetter(ctx context.Context, id uuid.UUID) (Letter, []byte, error) {
	var row mandateRow
	p, err := person(ctx)
	if err != nil {
		return Letter{}, nil, err
	}
	err = store.Err(s.o.DB.NewSelect().Model(&row).Where("m.id = ? AND m.person = ?", id, p.ID).Scan(ctx))
	if err == nil {
		m, err := row.mandate()
		if err != nil {
			return Letter{}, nil, err
		}
		return s.read(m.Letter)
	}
	m, _, _, err := s.mandate(ctx, s.o.DB, id)
	if err != nil {
		return Letter{}, nil, err
	}
	return s.read(m.Letter)
}

// Renew sets a later last day of a mandate that still runs. One that has ended is asked for anew: what somebody did not have meanwhile
// must not look as if they had. Nobody prolongs their own. Errors: ErrEnded, ErrUntil, ErrChanged, ErrReason, ErrOwn.
func (s *Service) Renew(ctx context.Context, id uuid.UUID, basis int64, until, reason string) (Mandate, error) {
	return s.alter(ctx, id, basis, reason, "party.mandate.renew", func(ctx context.Context, tx bun.Tx, m *Mandate, platform bool) error {
		if p, _ := auth.FromContext(ctx); p.ID == m.Person {
			return ErrOwn
		}
		to, wrong := endOf("body.until", until, s.o.Now())
		if wrong != nil {
			return wrong
		}
		m.To = to
		return s.o.Auth.Prolong(ctx, tx, auth.System(m.Org), m.Person, to)
	})
}

// Revoke ends a mandate at once. The last owner of an organisation is let go by the node's organisation only. Errors: ErrEnded,
// ErrChanged, ErrReason, auth.ErrLastOwner.
func (s *Service) Revoke(ctx context.Context, id uuid.UUID, basis int64, reason string) (Mandate, error) {
	return s.alter(ctx, id, basis, reason, "party.mandate.revoke", func(ctx context.Context, tx bun.Tx, m *Mandate, platform bool) error {
		m.To, m.Revoked = s.o.Now().UnixNano(), true
		return s.o.Auth.EndMandate(ctx, tx, auth.System(m.Org), m.Person, platform)
	})
}

func (s *Service) alter(ctx context.Context, id uuid.UUID, basis int64, reason, verb string, next func(context.Context, bun.Tx, *Mandate, bool) error) (m Mandate, err error) {
	if reason, err = checkReason(reason); err != nil {
		return m, err
	}
	err = s.o.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var scope auth.Scope
		var platform bool
		if m, scope, platform, err = s.mandate(ctx, tx, id); err != nil {
			return err
		}
		now := s.o.Now()
		if m.state(now.UnixNano()) != Running {
			return ErrEnded.With("on", time.Unix(0, m.To).UTC().Format(time.RFC3339))
		}
		if m.Revision != basis {
			return ErrChanged.At("body.basis", basis).With("by", m.By.Name).With("state", string(m.state(now.UnixNano())))
		}
		before := m.To
		if err := next(ctx, tx, &m, platform); err != nil {
			return err
		}
		e := scope.Act(ctx, now, verb, audit.Object{Kind: "mandate", ID: m.ID.String(), Name: m.Login}, map[string]any{"until": time.Unix(0, before).UTC()}, map[string]any{"until": time.Unix(0, m.To).UTC()})
		e.Org, e.Reason = m.Org, reason
		m.Revision, m.By, m.Reason, m.At = m.Revision+1, e.Actor, reason, now.UnixNano()
		res, err := tx.NewUpdate().Model(mandateRowOf(&m)).Column("until", "revision", "revoked", "actor", "reason", "at").Where("id = ? AND revision = ?", m.ID, basis).Exec(ctx)
		if err != nil {
			return wrap("write a mandate", err)
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrChanged.At("body.basis", basis).With("by", "").With("state", string(Running))
		}
		return audit.Record(ctx, tx, e)
	})
	return m, err
}
