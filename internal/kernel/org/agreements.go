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
)

// AgreementAct is an acceptance or an end, of either side, as this node learned of it. Nothing of it changes any more: the evidence log
// has a leaf of each.
type AgreementAct struct {
	N         uint64 // grows with each change of any agreement
	ID        uuid.UUID
	Agreement uuid.UUID
	Version   int64
	Act       string // ActAccept, ActEnd
	Side      Side
	Org       uuid.UUID // of this node, whom it concerns
	By        string
	At        int64 // as the acting side's node tells it, ns
	Known     int64 // when this node learned of it, ns
	Hash      string
	Reason    string // of an end
}

// Acts.
const (
	ActAccept = "accept"
	ActEnd    = "end"
)

// AgreementHook is told of a change in its transaction, and may refuse it.
type AgreementHook func(ctx context.Context, tx bun.Tx, a *Agreement, act AgreementAct) error

// SetNode tells which node this is, and how its evidence is verified (C2SP vkey). It is called once, before agreements are used.
func (s *Service) SetNode(id uuid.UUID, key string) { s.node, s.nodeKey = id, key }

// NodeKey is what SetNode told of this node's evidence.
func (s *Service) NodeKey() string { return s.nodeKey }

// OnAgreement adds a hook; before agreements are used.
func (s *Service) OnAgreement(f AgreementHook) { s.hooks = append(s.hooks, f) }

// RequestAgreement proposes terms as the taker, OfferAgreement as the giver. The party of one's own side needs its Org alone; the other
// needs its Node, and its CreditCode or Org. Errors: those of Check, ErrAgreementMany.
func (s *Service) RequestAgreement(ctx context.Context, a Agreement, by string) (Agreement, error) {
	return s.propose(ctx, a, Taker, by)
}

// OfferAgreement: see RequestAgreement.
func (s *Service) OfferAgreement(ctx context.Context, a Agreement, by string) (Agreement, error) {
	return s.propose(ctx, a, Giver, by)
}

func (s *Service) propose(ctx context.Context, a Agreement, side Side, by string) (Agreement, error) {
	now := s.now().UnixNano()
	a.ID, a.Version, a.Created, a.Epoch, a.Ended = uuid.Must(uuid.NewV7()), 1, now, 0, 0
	if err := s.complete(ctx, &a, side); err != nil {
		return Agreement{}, err
	}
	if err := a.Check(now); err != nil {
		return Agreement{}, err
	}
	var out Agreement
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.promised(ctx, tx, &a, side); err != nil {
			return err
		}
		if err := s.room(ctx, tx, side, a.Party(side).Org); err != nil {
			return err
		}
		r := agreementRow{ID: a.ID, Created: now}
		r.setParty(Giver, a.Giver)
		r.setParty(Taker, a.Taker)
		v, err := versionOf(&a)
		if err != nil {
			return err
		}
		v.accept(side, by, now)
		r.Newest, r.Until = 1, a.Span.To
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
			return err
		}
		out, err = s.changed(ctx, tx, &r, actRow{Version: 1, Act: ActAccept, Side: side, By: by, At: now, Hash: v.Hash})
		return err
	})
	if err != nil {
		return Agreement{}, fmt.Errorf("propose an agreement: %w", err)
	}
	return out, nil
}

// complete fills in what this node knows of the parties that are its own.
func (s *Service) complete(ctx context.Context, a *Agreement, mine Side) error {
	a.Party(mine).Node = s.node
	for _, side := range []Side{Giver, Taker} {
		p := a.Party(side)
		if p.Node == uuid.Nil {
			p.Node = s.node
		}
		if p.Node != s.node {
			p.Key = ""
			continue
		}
		o, err := s.own(ctx, p)
		if err != nil {
			return err
		}
		*p = o
	}
	return nil
}

// own is a party of this node, complete.
func (s *Service) own(ctx context.Context, p *Party) (Party, error) {
	var o Org
	var ok bool
	var err error
	if p.Org != uuid.Nil {
		o, err = s.Get(ctx, p.Org)
		ok = err == nil && (p.CreditCode == "" || p.CreditCode == o.CreditCode)
		if errors.Is(err, ErrNoOrg) {
			err = nil
		}
	} else if code, fault := CreditCodeFault(p.CreditCode); fault.IsZero() {
		o, ok, err = s.WithCreditCode(ctx, code)
	}
	if err != nil {
		return Party{}, err
	}
	if !ok {
		return Party{}, ErrAgreementParty.At("body.creditCode", p.identity()).With("reason", noSuchParty)
	}
	return Party{Node: s.node, Org: o.ID, Name: o.Name, CreditCode: o.CreditCode}, nil
}

// promised refuses what the giver has not itself: facts and readings of enterprises whose agreements do not let it pass them on.
func (s *Service) promised(ctx context.Context, tx bun.Tx, a *Agreement, side Side) error {
	if side != Giver || a.Detail == DetailEnterprise || Level(a.Drill) <= Level(LevelInputs) {
		return nil
	}
	below, err := s.active(ctx, tx, Taker, a.Giver.Org, s.now().UnixNano())
	if err != nil {
		return err
	}
	deepest := LevelInputs
	for _, b := range below {
		if Level(b.Onward) > Level(deepest) {
			deepest = b.Onward
		}
	}
	if Level(a.Drill) > Level(deepest) {
		return ErrAgreementDrill.At("body.drill", a.Drill).With("deepest", deepest)
	}
	return nil
}

func (s *Service) room(ctx context.Context, tx bun.Tx, side Side, org uuid.UUID) error {
	n, err := tx.NewSelect().Model((*agreementRow)(nil)).Where("a.? = ? AND a.ended = 0 AND a.until > ?", bun.Ident(side), org.String(), s.now().UnixNano()).Count(ctx)
	if err == nil && n >= maxAgreements {
		return ErrAgreementMany.With("max", maxAgreements)
	}
	return err
}

// changed writes an act down and tells the hooks; r is already written but for Changed.
func (s *Service) changed(ctx context.Context, tx bun.Tx, r *agreementRow, act actRow) (Agreement, error) {
	n, err := tick(ctx, tx)
	if err != nil {
		return Agreement{}, err
	}
	act.N, act.ID, act.Agreement, act.Known = n, uuid.Must(uuid.NewV7()), r.ID, s.now().UnixNano()
	if p := r.party(act.Side); p.Node == s.node {
		act.Org = p.Org
	} else {
		act.Org = r.party(act.Side.Other()).Org
	}
	if _, err := tx.NewInsert().Model(&act).Exec(ctx); err != nil {
		return Agreement{}, err
	}
	r.Changed = n
	if err := s.standing(ctx, tx, r); err != nil {
		return Agreement{}, err
	}
	if _, err := tx.NewUpdate().Model(r).ExcludeColumn("epoch").WherePK().Exec(ctx); err != nil {
		return Agreement{}, err
	}
	list, err := agreements(ctx, tx, []agreementRow{*r})
	if err != nil {
		return Agreement{}, err
	}
	for _, f := range s.hooks {
		if err := f(ctx, tx, &list[0], act.act()); err != nil {
			return Agreement{}, err
		}
	}
	return list[0], nil
}

// standing works out which version stands.
func (s *Service) standing(ctx context.Context, tx bun.Tx, r *agreementRow) error {
	var versions []versionRow
	if err := tx.NewSelect().Model(&versions).Where("v.agreement = ?", r.ID).OrderExpr("v.version").Scan(ctx); err != nil {
		return err
	}
	r.Standing = 0
	for _, v := range versions {
		if r.Newest = v.Version; r.Standing == 0 || v.both() {
			r.Until = v.Until
		}
		if v.both() {
			r.Standing = v.Version
		}
	}
	return nil
}

// mine finds an agreement of whose sides one is this node's. Errors: ErrNoOrg, ErrAgreementEnded.
func (s *Service) mine(ctx context.Context, tx bun.Tx, id uuid.UUID, side Side) (agreementRow, error) {
	r, err := findAgreement(ctx, tx, id)
	if err != nil {
		return r, err
	}
	if side != Giver && side != Taker || r.party(side).Node != s.node {
		return r, ErrNoOrg.With("thing", "agreement")
	}
	if r.Ended != 0 {
		return r, ErrAgreementEnded.With("at", time.Unix(0, r.Ended).UTC().Format(time.RFC3339))
	}
	return r, nil
}

// AcceptAgreement accepts the newest version for one side of this node. Errors: ErrNoOrg, ErrAgreementEnded, ErrAgreementVersion (a newer
// one has come), ErrAgreementNothing, ErrAgreementDrill.
func (s *Service) AcceptAgreement(ctx context.Context, id uuid.UUID, side Side, version int64, by string) (Agreement, error) {
	var out Agreement
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.mine(ctx, tx, id, side)
		if err != nil {
			return err
		}
		if version != r.Newest {
			return ErrAgreementVersion.At("body.version", version).With("version", r.Newest)
		}
		v, err := findVersion(ctx, tx, id, version)
		if err != nil {
			return err
		}
		now := s.now().UnixNano()
		if v.accepted(side) != nil {
			return ErrAgreementNothing
		}
		if v.Until <= now {
			return ErrAgreementEnded.With("at", time.Unix(0, v.Until).UTC().Format(time.RFC3339))
		}
		a, err := r.agreement(&v)
		if err != nil {
			return err
		}
		if err := s.promised(ctx, tx, &a, side); err != nil {
			return err
		}
		v.accept(side, by, now)
		if _, err := tx.NewUpdate().Model(&v).WherePK().Exec(ctx); err != nil {
			return err
		}
		out, err = s.changed(ctx, tx, &r, actRow{Version: version, Act: ActAccept, Side: side, By: by, At: now, Hash: v.Hash})
		return err
	})
	if err != nil {
		return Agreement{}, fmt.Errorf("accept agreement %s: %w", id, err)
	}
	return out, nil
}

// ReviseAgreement proposes other terms for one side of this node: a new version, which counts once the other side has accepted it. The
// parties stay, and so does the beginning once both have accepted a version. Errors: those of Check, ErrAgreementSame, ErrAgreementEnded, ErrNoOrg.
func (s *Service) ReviseAgreement(ctx context.Context, id uuid.UUID, side Side, terms Agreement, by string) (Agreement, error) {
	var out Agreement
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.mine(ctx, tx, id, side)
		if err != nil {
			return err
		}
		list, err := agreements(ctx, tx, []agreementRow{r})
		if err != nil {
			return err
		}
		now, last := s.now().UnixNano(), list[0]
		if last.Proposed != nil {
			last = *last.Proposed
		}
		a := terms
		a.ID, a.Giver, a.Taker, a.Version = id, r.party(Giver), r.party(Taker), r.Newest
		if r.Standing != 0 || a.Span.From == 0 {
			a.Span.From = list[0].Span.From
		}
		if err := a.check(); err != nil {
			return err
		}
		if a.Span.To <= now {
			return a.spanError()
		}
		if a.Hash() == last.Hash() {
			return ErrAgreementSame
		}
		if err := s.promised(ctx, tx, &a, side); err != nil {
			return err
		}
		a.Version = r.Newest + 1
		v, err := versionOf(&a)
		if err != nil {
			return err
		}
		v.accept(side, by, now)
		if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
			return err
		}
		out, err = s.changed(ctx, tx, &r, actRow{Version: a.Version, Act: ActAccept, Side: side, By: by, At: now, Hash: v.Hash})
		return err
	})
	if err != nil {
		return Agreement{}, fmt.Errorf("revise agreement %s: %w", id, err)
	}
	return out, nil
}

// EndAgreement ends it at once for one side of this node. Errors: ErrNoOrg, ErrAgreementEnded, ErrGrantReason.
func (s *Service) EndAgreement(ctx context.Context, id uuid.UUID, side Side, by, reason string) (Agreement, error) {
	reason, ok := clean(reason, minGrantWords, maxGrantWords)
	if !ok {
		return Agreement{}, ErrGrantReason.At("body.reason", "").With("min", minGrantWords).With("max", maxGrantWords)
	}
	var out Agreement
	err := s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		r, err := s.mine(ctx, tx, id, side)
		if err != nil {
			return err
		}
		out, err = s.end(ctx, tx, &r, side, by, reason, s.now().UnixNano())
		return err
	})
	if err != nil {
		return Agreement{}, fmt.Errorf("end agreement %s: %w", id, err)
	}
	return out, nil
}

func (s *Service) end(ctx context.Context, tx bun.Tx, r *agreementRow, side Side, by, reason string, at int64) (Agreement, error) {
	r.Ended, r.EndedBy, r.EndedOn, r.Reason = at, by, side, reason
	version := r.Standing
	if version == 0 {
		version = r.Newest
	}
	v, err := findVersion(ctx, tx, r.ID, version)
	if err != nil {
		return Agreement{}, err
	}
	return s.changed(ctx, tx, r, actRow{Version: version, Act: ActEnd, Side: side, By: by, At: at, Hash: v.Hash, Reason: reason})
}

// SetEpoch notes the epoch of an agreement's stream in a transaction; the room of neighbours calls it.
func (s *Service) SetEpoch(ctx context.Context, tx bun.IDB, id uuid.UUID, epoch uint64) error {
	if _, err := tx.NewUpdate().Model((*agreementRow)(nil)).Set("epoch = ?", int64(epoch)).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("note the epoch of agreement %s: %w", id, store.Err(err))
	}
	return nil
}

// AgreementFilter narrows a list of agreements.
type AgreementFilter struct {
	Orgs     []uuid.UUID // in either role; nil: none
	Side     Side        // the role of Orgs; "": either
	Standing bool        // only those that have neither ended nor expired
}

var agreementOrder = store.Keyset{Columns: []string{"a.id"}, Descending: true}

// Agreements lists those of organisations, the newest first.
func (s *Service) Agreements(ctx context.Context, f AgreementFilter, page store.Page) ([]Agreement, string, error) {
	if len(f.Orgs) == 0 {
		return nil, "", nil
	}
	var rows []agreementRow
	in := bun.List(store.Words(f.Orgs))
	q := s.db.NewSelect().Model(&rows)
	switch f.Side {
	case Giver:
		q = q.Where("a.giver IN (?)", in)
	case Taker:
		q = q.Where("a.taker IN (?)", in)
	default:
		q = q.Where("(a.giver IN (?) OR a.taker IN (?))", in, in)
	}
	if f.Standing {
		q = q.Where("a.ended = 0 AND a.until > ?", s.now().UnixNano())
	}
	kept, next, err := store.List(ctx, agreementOrder, q, &rows, page, func(r *agreementRow) []any { return []any{r.ID.String()} }, func(r *agreementRow) agreementRow { return *r })
	if err != nil {
		return nil, "", fmt.Errorf("list agreements: %w", err)
	}
	list, err := agreements(ctx, s.db, kept)
	return list, next, err
}

// Agreement finds one: the standing version, or the newest while none stands. Error: ErrNoOrg.
func (s *Service) Agreement(ctx context.Context, id uuid.UUID) (Agreement, error) {
	return s.AgreementIn(ctx, s.db, id)
}

// AgreementIn is Agreement as a transaction sees it.
func (s *Service) AgreementIn(ctx context.Context, db bun.IDB, id uuid.UUID) (Agreement, error) {
	r, err := findAgreement(ctx, db, id)
	if err != nil {
		return Agreement{}, err
	}
	list, err := agreements(ctx, db, []agreementRow{r})
	if err != nil {
		return Agreement{}, err
	}
	return list[0], nil
}

// AgreementVersions are all versions of one, the first first.
func (s *Service) AgreementVersions(ctx context.Context, id uuid.UUID) ([]Agreement, error) {
	r, err := findAgreement(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	var rows []versionRow
	if err := s.db.NewSelect().Model(&rows).Where("v.agreement = ?", id).OrderExpr("v.version").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list versions of agreement %s: %w", id, store.Err(err))
	}
	out := make([]Agreement, len(rows))
	for i := range rows {
		if out[i], err = r.agreement(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// AgreementSides are the roles that organisations have in it on this node.
func (s *Service) AgreementSides(a *Agreement, orgs []uuid.UUID) (out []Side) {
	for _, side := range []Side{Giver, Taker} {
		if p := a.Party(side); p.Node == s.node && slices.Contains(orgs, p.Org) {
			out = append(out, side)
		}
	}
	return out
}

// ActiveFor lists the agreements that are active at a time, in which an organisation has a role, the oldest first.
func (s *Service) ActiveFor(ctx context.Context, side Side, org uuid.UUID, at int64) ([]Agreement, error) {
	return s.active(ctx, s.db, side, org, at)
}

func (s *Service) active(ctx context.Context, db bun.IDB, side Side, org uuid.UUID, at int64) ([]Agreement, error) {
	var rows []agreementRow
	err := db.NewSelect().Model(&rows).Join("JOIN org_agreement_version AS v ON v.agreement = a.id AND v.version = a.standing").
		Where("a.? = ? AND a.? = ?", bun.Ident(side), org.String(), bun.Ident(string(side)+"_node"), s.node.String()).
		Where("a.ended = 0 AND v.since <= ? AND v.until > ?", at, at).OrderExpr("a.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list active agreements: %w", store.Err(err))
	}
	return agreements(ctx, db, rows)
}

// AgreementActs are the acts after a number, in order: what the evidence log takes.
func (s *Service) AgreementActs(ctx context.Context, after uint64, limit int) ([]AgreementAct, error) {
	var rows []actRow
	if err := s.db.NewSelect().Model(&rows).Where("t.n > ?", int64(after)).OrderExpr("t.n").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list acts of agreements: %w", store.Err(err))
	}
	return store.All(rows, (*actRow).act), nil
}

// AgreementAct finds one act. Error: store.ErrNotFound.
func (s *Service) AgreementAct(ctx context.Context, id uuid.UUID) (AgreementAct, error) {
	var r actRow
	if err := s.db.NewSelect().Model(&r).Where("t.id = ?", id).Scan(ctx); err != nil {
		return AgreementAct{}, fmt.Errorf("act %s: %w", id, store.Err(err))
	}
	return r.act(), nil
}

// AgreementHistory are the acts of one agreement, in order.
func (s *Service) AgreementHistory(ctx context.Context, id uuid.UUID) ([]AgreementAct, error) {
	var rows []actRow
	if err := s.db.NewSelect().Model(&rows).Where("t.agreement = ?", id).OrderExpr("t.n").Limit(1000).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list acts of agreement %s: %w", id, store.Err(err))
	}
	return store.All(rows, (*actRow).act), nil
}
