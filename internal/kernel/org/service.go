package org

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Service is what can be done with organisations. Changes join the transaction of the context, if there is one.
type Service struct {
	db  *store.DB
	now func() time.Time

	node    uuid.UUID // this one, for agreements
	nodeKey string
	hooks   []AgreementHook
}

// New opens the room and brings its tables up to date.
func New(ctx context.Context, db *store.DB, now func() time.Time) (*Service, error) {
	if err := store.MigrateRoom(ctx, db, "org", migrations); err != nil {
		return nil, fmt.Errorf("org: %w", err)
	}
	return &Service{db: db, now: now}, nil
}

// Create adds an organisation: ID (made when zero) and Created are set here, the credit code is checked and put into
// its normal form. A unit needs a parent; for other kinds parent may be zero. Errors: ErrName, ErrKind, ErrCreditCode,
// ErrCodeTaken, ErrNeedParent, ErrNoOrg (parent).
func (s *Service) Create(ctx context.Context, o Org, parent uuid.UUID) (Org, error) {
	if err := o.Name.Check(MaxName); err != nil {
		return Org{}, errName(err)
	}
	if !slices.Contains(Kinds, o.Kind) {
		return Org{}, ErrKind.At("body.kind", string(o.Kind)).With("kinds", fmt.Sprint(Kinds))
	}
	if o.Kind == Unit && parent == uuid.Nil {
		return Org{}, ErrNeedParent.At("body.parent", "")
	}
	if o.CreditCode != "" {
		code, err := CreditCode(o.CreditCode)
		if err != nil {
			return Org{}, err
		}
		o.CreditCode = code
	}
	if o.ID == uuid.Nil {
		o.ID = uuid.Must(uuid.NewV7())
	}
	o.Created = s.now().UTC()
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(rowOf(o)).Exec(ctx); err != nil {
			if err = store.Err(err); errors.Is(err, store.ErrConflict) {
				return ErrCodeTaken.At("body.creditCode", o.CreditCode).Because(err)
			}
			return err
		}
		if parent == uuid.Nil {
			return nil
		}
		_, err := s.Own(ctx, Ownership{Child: o.ID, Parent: parent, Span: Span{o.Created.UnixNano(), store.Forever}})
		return err
	})
	if err != nil {
		return Org{}, fmt.Errorf("create organisation: %w", err)
	}
	return o, nil
}

// Rename changes an organisation's names.
func (s *Service) Rename(ctx context.Context, o Org) error {
	if err := o.Name.Check(MaxName); err != nil {
		return errName(err)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model(rowOf(o)).Column("name").WherePK().Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNoOrg.With("thing", "org")
		}
		return nil
	})
}

// Own records that a child belongs to a parent. Errors: ErrSpan, ErrCycle, ErrOwned, ErrNoOrg.
func (s *Service) Own(ctx context.Context, w Ownership) (Ownership, error) {
	if w.ID == uuid.Nil {
		w.ID = uuid.Must(uuid.NewV7())
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		edges, err := ownerships(ctx, tx)
		if err != nil {
			return err
		}
		if err := fits(w, edges); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&ownershipRow{ID: w.ID.String(), Child: w.Child.String(), Parent: w.Parent.String(), Since: w.From, Until: w.To}).Exec(ctx)
		if err = store.Err(err); errors.Is(err, store.ErrReference) {
			return ErrNoOrg.At("body.parent", w.Parent).With("thing", "org").Because(err)
		}
		return err
	})
	if err != nil {
		return Ownership{}, fmt.Errorf("record ownership: %w", err)
	}
	return w, nil
}

// Release ends the ownership of a child at a time. Errors: ErrNoOrg when it has no owner then, ErrSpan.
func (s *Service) Release(ctx context.Context, child uuid.UUID, at int64) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*ownershipRow)(nil)).Set("until = ?", at).
			Where("child = ? AND since < ? AND until > ?", child.String(), at, at).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNoOrg.With("thing", "ownership")
		}
		return nil
	})
}

// Join records a membership. Errors: ErrSpan, ErrNoOrg.
func (s *Service) Join(ctx context.Context, m Membership) (Membership, error) {
	if m.From >= m.To {
		return Membership{}, ErrSpan.At("body.from", m.From)
	}
	if m.ID == uuid.Nil {
		m.ID = uuid.Must(uuid.NewV7())
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&membershipRow{ID: m.ID.String(), Member: m.Member.String(), Body: m.Body.String(), Since: m.From, Until: m.To}).Exec(ctx)
		if err = store.Err(err); errors.Is(err, store.ErrReference) {
			return ErrNoOrg.At("body.body", m.Body).With("thing", "org").Because(err)
		}
		return err
	})
	if err != nil {
		return Membership{}, fmt.Errorf("record membership: %w", err)
	}
	return m, nil
}

// Leave ends a membership at a time.
func (s *Service) Leave(ctx context.Context, id uuid.UUID, at int64) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		res, err := tx.NewUpdate().Model((*membershipRow)(nil)).Set("until = ?", at).
			Where("id = ? AND since < ? AND until > ?", id.String(), at, at).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrNoOrg.With("thing", "membership")
		}
		return nil
	})
}

// Memberships of an organisation at a time, in the order in which they were recorded.
func (s *Service) Memberships(ctx context.Context, member uuid.UUID, at int64) ([]Membership, error) {
	var rows []membershipRow
	err := s.db.NewSelect().Model(&rows).Where("member = ? AND since <= ? AND until > ?", member.String(), at, at).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list memberships: %w", store.Err(err))
	}
	out := make([]Membership, len(rows))
	for i, r := range rows {
		out[i] = r.membership()
	}
	return out, nil
}

// Get returns one organisation. Error: ErrNoOrg.
func (s *Service) Get(ctx context.Context, id uuid.UUID) (Org, error) {
	list, err := s.List(ctx, []uuid.UUID{id})
	if err != nil {
		return Org{}, err
	}
	if len(list) == 0 {
		return Org{}, ErrNoOrg.With("thing", "org")
	}
	return list[0], nil
}

// List returns those of the organisations that exist, in the order of their ids, which is that of their making.
func (s *Service) List(ctx context.Context, ids []uuid.UUID) ([]Org, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var rows []orgRow
	if err := s.db.NewSelect().Model(&rows).Where("id IN (?)", bun.List(store.Words(ids))).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list organisations: %w", store.Err(err))
	}
	out := make([]Org, len(rows))
	for i, r := range rows {
		out[i] = r.org()
	}
	return out, nil
}

// Parents returns the owner at a time of each of the organisations that has one.
func (s *Service) Parents(ctx context.Context, ids []uuid.UUID, at int64) (map[uuid.UUID]uuid.UUID, error) {
	out := map[uuid.UUID]uuid.UUID{}
	if len(ids) == 0 {
		return out, nil
	}
	var rows []ownershipRow
	err := s.db.NewSelect().Model(&rows).Where("child IN (?) AND since <= ? AND until > ?", bun.List(store.Words(ids)), at, at).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("look up owners: %w", store.Err(err))
	}
	for _, r := range rows {
		w := r.ownership()
		out[w.Child] = w.Parent
	}
	return out, nil
}

// Home returns the organisation that runs this node, false before one has been made.
func (s *Service) Home(ctx context.Context) (Org, bool, error) {
	var row orgRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("home").Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return Org{}, false, nil
	}
	if err != nil {
		return Org{}, false, fmt.Errorf("look up the home organisation: %w", err)
	}
	return row.org(), true, nil
}

// Reach returns what each root reaches at a time by ownership; see Inherited.
func (s *Service) Reach(ctx context.Context, roots []uuid.UUID, at int64) (map[uuid.UUID][]uuid.UUID, error) {
	if len(roots) == 0 {
		return map[uuid.UUID][]uuid.UUID{}, nil
	}
	// Every edge to a unit below the roots, found level by level in the database: a node may hold 40,000 enterprises.
	var rows []ownershipRow
	err := s.db.NewRaw(`WITH RECURSIVE below (id, child, parent, since, until) AS (
			SELECT w.id, w.child, w.parent, w.since, w.until FROM org_ownership w JOIN org o ON o.id = w.child
			WHERE w.parent IN (?) AND w.since <= ? AND w.until > ? AND o.kind = ?
			UNION
			SELECT w.id, w.child, w.parent, w.since, w.until FROM org_ownership w JOIN org o ON o.id = w.child JOIN below b ON w.parent = b.child
			WHERE w.since <= ? AND w.until > ? AND o.kind = ?
		) SELECT id, child, parent, since, until FROM below ORDER BY id`,
		bun.List(store.Words(roots)), at, at, Unit, at, at, Unit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look up owned parts: %w", store.Err(err))
	}
	edges := make([]Ownership, len(rows))
	for i, r := range rows {
		edges[i] = r.ownership()
	}
	return Inherited(roots, edges, func(uuid.UUID) Kind { return Unit }, at), nil
}

func errName(err error) error {
	return ErrName.At("body.name", "").With("reason", text.Text{
		Zh: fmt.Sprintf("须填写中文或英文名称，每种不超过 %d 个字符，且不含控制字符", MaxName), En: err.Error(),
	})
}

// WithCreditCode finds an organisation by its unified social credit code in normal form; false where there is none. Whoever asks must not
// pass on more than that it is there.
func (s *Service) WithCreditCode(ctx context.Context, code string) (Org, bool, error) {
	var row orgRow
	err := store.Err(s.db.NewSelect().Model(&row).Where("credit_code = ? AND credit_code <> ''", code).Scan(ctx))
	if errors.Is(err, store.ErrNotFound) {
		return Org{}, false, nil
	}
	if err != nil {
		return Org{}, false, fmt.Errorf("look up a credit code: %w", err)
	}
	return row.org(), true, nil
}
