package org

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// noSuchParty is all that another node learns of an organisation that is not here.
var noSuchParty = text.Text{Zh: "该节点上没有此机构", En: "there is no such organisation on this node"}

// MaxAgreementDocument bounds what one node tells another of an agreement, in bytes.
const MaxAgreementDocument = 256 << 10

// agreementDocument is an agreement as one node tells the other of it: the standing version and the newest.
type agreementDocument struct {
	Format   int                `json:"format"` // 1
	ID       uuid.UUID          `json:"id"`
	Giver    partyDocument      `json:"giver"`
	Taker    partyDocument      `json:"taker"`
	Versions []versionDocument  `json:"versions"`
	Ended    *agreementEndWords `json:"ended,omitempty"`
}

type partyDocument struct {
	Node       uuid.UUID `json:"node"`
	Org        string    `json:"org,omitempty"`
	Name       text.Text `json:"name"`
	CreditCode string    `json:"creditCode,omitempty"`
	Key        string    `json:"key,omitempty"`
}

type versionDocument struct {
	agreementTerms
	Giver *acceptanceDocument `json:"giver,omitempty"`
	Taker *acceptanceDocument `json:"taker,omitempty"`
}

type acceptanceDocument struct {
	By   string `json:"by"`
	At   int64  `json:"at,string"`
	Hash string `json:"hash"`
}

type agreementEndWords struct {
	At     int64  `json:"at,string"`
	By     string `json:"by"`
	On     Side   `json:"on"`
	Reason string `json:"reason"`
}

// AgreementChange names an agreement that a linked node is to be told of.
type AgreementChange struct {
	ID      uuid.UUID
	Changed uint64
}

// AgreementsWith lists agreements with a node, by their last change, that have changed after a number.
func (s *Service) AgreementsWith(ctx context.Context, peer uuid.UUID, after uint64, limit int) ([]AgreementChange, error) {
	var rows []agreementRow
	err := s.db.NewSelect().Model(&rows).Column("id", "changed").Where("a.changed > ?", int64(after)).
		Where("(a.giver_node = ? AND a.taker_node = ? OR a.taker_node = ? AND a.giver_node = ?)", peer, s.node, peer, s.node).
		OrderExpr("a.changed").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list agreements with node %s: %w", peer, store.Err(err))
	}
	return store.All(rows, func(r *agreementRow) AgreementChange { return AgreementChange{r.ID, uint64(r.Changed)} }), nil
}

// AgreementDocument is what the other node is told. Error: ErrNoOrg.
func (s *Service) AgreementDocument(ctx context.Context, id uuid.UUID) ([]byte, error) {
	a, err := s.Agreement(ctx, id)
	if err != nil {
		return nil, err
	}
	party := func(p *Party) partyDocument {
		d := partyDocument{p.Node, store.Word(p.Org), p.Name, p.CreditCode, p.Key}
		if p.Node == s.node {
			d.Key = s.nodeKey
		}
		return d
	}
	accepted := func(c *Acceptance) *acceptanceDocument {
		if c == nil {
			return nil
		}
		return &acceptanceDocument{c.By, c.At, c.Hash}
	}
	d := agreementDocument{Format: 1, ID: id, Giver: party(&a.Giver), Taker: party(&a.Taker)}
	for _, v := range []*Agreement{&a, a.Proposed} {
		if v != nil {
			d.Versions = append(d.Versions, versionDocument{termsOf(v), accepted(v.GiverAccepted), accepted(v.TakerAccepted)})
		}
	}
	if a.Ended != 0 {
		d.Ended = &agreementEndWords{a.Ended, a.EndedBy, a.EndedOn, a.Reason}
	}
	return json.Marshal(d)
}

func forged(zh, en string) error {
	return ErrAgreementForged.With("reason", text.Text{Zh: zh, En: en})
}

// ReceivedAgreement takes what a linked node tells of an agreement. That node speaks for its own side alone: what it says of this
// side's acceptance does not count, and terms that both have accepted do not change. changed tells whether anything is new.
// Errors: ErrAgreementForged, ErrAgreementParty, ErrAgreementVersion (both have proposed at once: the giver's proposal counts), ErrAgreementMany.
func (s *Service) ReceivedAgreement(ctx context.Context, peer uuid.UUID, doc []byte) (out Agreement, changed bool, err error) {
	var d agreementDocument
	if len(doc) > MaxAgreementDocument || json.Unmarshal(doc, &d) != nil || d.Format != 1 || d.ID == uuid.Nil || len(d.Versions) == 0 || len(d.Versions) > 2 {
		return Agreement{}, false, forged("文件无法读取", "the document cannot be read")
	}
	side := Giver
	if d.Taker.Node == peer {
		side = Taker
	}
	a := Agreement{ID: d.ID, Giver: d.Giver.party(), Taker: d.Taker.party(), Created: s.now().UnixNano()}
	if a.Party(side).Node != peer || a.Party(side.Other()).Node != s.node || peer == s.node {
		return Agreement{}, false, forged("双方不是这两个节点的机构", "its sides are not organisations of these two nodes")
	}
	a.Party(side.Other()).Key = ""
	err = s.db.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		out, changed = Agreement{}, false
		r, err := s.incoming(ctx, tx, a, side)
		if err != nil {
			return err
		}
		slices.SortFunc(d.Versions, func(x, y versionDocument) int { return int(x.Version - y.Version) })
		for i := range d.Versions {
			act, err := s.receiveVersion(ctx, tx, &r, a, side, &d.Versions[i])
			if err != nil {
				return err
			}
			if act != nil {
				if out, err = s.changed(ctx, tx, &r, *act); err != nil {
					return err
				}
				changed = true
			}
		}
		if e := d.Ended; e != nil && e.On == side && r.Ended == 0 {
			by, okBy := clean(e.By, 0, 200)
			reason, okReason := clean(e.Reason, 0, maxGrantWords)
			if !okBy || !okReason || e.At <= 0 {
				return forged("终止的记载无法读取", "its end cannot be read")
			}
			if out, err = s.end(ctx, tx, &r, side, by, reason, e.At); err != nil {
				return err
			}
			changed = true
		}
		if !changed {
			out, err = s.AgreementIn(ctx, tx, d.ID)
		}
		return err
	})
	if err != nil {
		return Agreement{}, false, fmt.Errorf("take agreement %s from node %s: %w", d.ID, peer, err)
	}
	return out, changed, nil
}

func (d *partyDocument) party() Party {
	return Party{Node: d.Node, Org: store.ID(d.Org), Name: d.Name, CreditCode: d.CreditCode, Key: d.Key}
}

// incoming finds the row that a document is of, or makes it.
func (s *Service) incoming(ctx context.Context, tx bun.Tx, a Agreement, side Side) (agreementRow, error) {
	theirs, mine := a.Party(side), a.Party(side.Other())
	r, err := findAgreement(ctx, tx, a.ID)
	if errors.Is(err, ErrNoOrg) {
		own, err := s.own(ctx, mine)
		if err != nil {
			return r, err
		}
		if err := s.room(ctx, tx, side.Other(), own.Org); err != nil {
			return r, err
		}
		r = agreementRow{ID: a.ID, Created: a.Created, Until: 1}
		r.setParty(side, *theirs)
		r.setParty(side.Other(), own)
		if err := theirs.check("body." + string(side)); err != nil {
			return r, err
		}
		_, err = tx.NewInsert().Model(&r).Exec(ctx)
		return r, err
	}
	if err != nil {
		return r, err
	}
	known, own := r.party(side), r.party(side.Other())
	if !known.same(theirs) || !own.same(mine) || known.Org != uuid.Nil && theirs.Org != uuid.Nil && known.Org != theirs.Org {
		return r, forged("双方与此前不同", "its sides are not those that are known")
	}
	if err := theirs.check("body." + string(side)); err != nil {
		return r, err
	}
	// The other node may tell more of its own organisation than was known when it was asked.
	if told := *theirs; told != known {
		if told.Org == uuid.Nil {
			told.Org = known.Org
		}
		r.setParty(side, told)
		if _, err := tx.NewUpdate().Model(&r).ExcludeColumn("epoch").WherePK().Exec(ctx); err != nil {
			return r, err
		}
	}
	return r, nil
}

// receiveVersion takes one version; what is new in it is an act of the other side.
func (s *Service) receiveVersion(ctx context.Context, tx bun.Tx, r *agreementRow, a Agreement, side Side, d *versionDocument) (*actRow, error) {
	d.into(&a)
	if err := a.check(); err != nil {
		return nil, err
	}
	if a.Version < 1 || a.Version > 1<<31 {
		return nil, forged("版本号不对", "the number of its version is wrong")
	}
	theirs := d.Giver
	if side == Taker {
		theirs = d.Taker
	}
	hash := a.Hash()
	if theirs != nil {
		var ok bool
		if theirs.By, ok = clean(theirs.By, 0, 200); !ok || theirs.Hash != hash || theirs.At <= 0 {
			return nil, forged("所接受的内容与条款不符", "what was accepted are not these terms")
		}
	}
	v, err := findVersion(ctx, tx, r.ID, a.Version)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if a.Version <= r.Newest || r.Ended != 0 {
			return nil, nil // one that a newer has replaced
		}
		if theirs == nil {
			return nil, forged("对方未接受自己提出的条款", "its own node has not accepted it")
		}
		fresh, err := versionOf(&a)
		if err != nil {
			return nil, err
		}
		v = fresh
		v.accept(side, theirs.By, theirs.At)
		if _, err := tx.NewInsert().Model(&v).Exec(ctx); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case v.Hash != hash:
		if v.both() {
			return nil, forged("双方已接受的条款被改动", "terms that both have accepted were changed")
		}
		if v.accepted(side) != nil {
			return nil, forged("对方已接受的条款被改动", "terms that its own side has accepted were changed")
		}
		if side == Taker || theirs == nil {
			return nil, ErrAgreementVersion.With("version", v.Version)
		}
		fresh, err := versionOf(&a) // both have proposed at once: the giver's counts
		if err != nil {
			return nil, err
		}
		v = fresh
		v.accept(side, theirs.By, theirs.At)
		if _, err := tx.NewUpdate().Model(&v).WherePK().Exec(ctx); err != nil {
			return nil, err
		}
	default:
		if theirs == nil || v.accepted(side) != nil {
			return nil, nil
		}
		v.accept(side, theirs.By, theirs.At)
		if _, err := tx.NewUpdate().Model(&v).WherePK().Exec(ctx); err != nil {
			return nil, err
		}
	}
	return &actRow{Version: v.Version, Act: ActAccept, Side: side, By: theirs.By, At: theirs.At, Hash: v.Hash}, nil
}
