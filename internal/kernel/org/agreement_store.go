package org

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

type agreementRow struct {
	bun.BaseModel `bun:"table:org_agreement,alias:a"`

	ID        uuid.UUID `bun:"id,pk"`
	Giver     string
	GiverNode uuid.UUID
	GiverCode string
	GiverName text.Text `bun:",type:text"`
	GiverKey  string
	Taker     string
	TakerNode uuid.UUID
	TakerCode string
	TakerName text.Text `bun:",type:text"`
	TakerKey  string
	Standing  int64
	Newest    int64
	Until     int64
	Epoch     int64
	Changed   int64
	Created   int64
	Ended     int64
	EndedBy   string
	EndedOn   Side
	Reason    string
}

func (r *agreementRow) party(s Side) Party {
	if s == Giver {
		return Party{Node: r.GiverNode, Org: store.ID(r.Giver), Name: r.GiverName, CreditCode: r.GiverCode, Key: r.GiverKey}
	}
	return Party{Node: r.TakerNode, Org: store.ID(r.Taker), Name: r.TakerName, CreditCode: r.TakerCode, Key: r.TakerKey}
}

func (r *agreementRow) setParty(s Side, p Party) {
	if s == Giver {
		r.Giver, r.GiverNode, r.GiverCode, r.GiverName, r.GiverKey = store.Word(p.Org), p.Node, p.CreditCode, p.Name, p.Key
		return
	}
	r.Taker, r.TakerNode, r.TakerCode, r.TakerName, r.TakerKey = store.Word(p.Org), p.Node, p.CreditCode, p.Name, p.Key
}

// agreementTerms are the terms of one version as they are kept and as they travel.
type agreementTerms struct {
	Version int64    `json:"version"`
	Kind    string   `json:"kind"`
	Figures []string `json:"figures"`
	Detail  string   `json:"detail"`
	Drill   string   `json:"drill"`
	Onward  string   `json:"onward"`
	Since   string   `json:"since,omitempty"`
	From    int64    `json:"from,string"`
	To      int64    `json:"to,string"`
	Purpose string   `json:"purpose"`
	Words   string   `json:"words"`
	Basis   string   `json:"basis,omitempty"`
}

func termsOf(a *Agreement) agreementTerms {
	return agreementTerms{a.Version, a.Kind, a.Figures, a.Detail, a.Drill, a.Onward, a.Since, a.Span.From, a.Span.To, a.Purpose, a.Words, a.Basis}
}

func (t *agreementTerms) into(a *Agreement) {
	a.Version, a.Kind, a.Figures, a.Detail, a.Drill, a.Onward, a.Since = t.Version, t.Kind, t.Figures, t.Detail, t.Drill, t.Onward, t.Since
	a.Span, a.Purpose, a.Words, a.Basis = Span{t.From, t.To}, t.Purpose, t.Words, t.Basis
}

type versionRow struct {
	bun.BaseModel `bun:"table:org_agreement_version,alias:v"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Version   int64     `bun:"version,pk"`
	Hash      string
	Terms     string
	Since     int64
	Until     int64
	GiverBy   string
	GiverAt   int64
	TakerBy   string
	TakerAt   int64
}

func versionOf(a *Agreement) (versionRow, error) {
	b, err := json.Marshal(termsOf(a))
	return versionRow{Agreement: a.ID, Version: a.Version, Hash: a.Hash(), Terms: string(b), Since: a.Span.From, Until: a.Span.To}, err
}

func (v *versionRow) accepted(s Side) *Acceptance {
	by, at := v.GiverBy, v.GiverAt
	if s == Taker {
		by, at = v.TakerBy, v.TakerAt
	}
	if at == 0 {
		return nil
	}
	return &Acceptance{By: by, At: at, Hash: v.Hash}
}

func (v *versionRow) accept(s Side, by string, at int64) {
	if s == Giver {
		v.GiverBy, v.GiverAt = by, at
		return
	}
	v.TakerBy, v.TakerAt = by, at
}

func (v *versionRow) both() bool { return v.GiverAt != 0 && v.TakerAt != 0 }

// agreement puts the row and one version together.
func (r *agreementRow) agreement(v *versionRow) (Agreement, error) {
	a := Agreement{ID: r.ID, Giver: r.party(Giver), Taker: r.party(Taker), Epoch: uint64(r.Epoch), Created: r.Created,
		Ended: r.Ended, EndedBy: r.EndedBy, EndedOn: r.EndedOn, Reason: r.Reason, GiverAccepted: v.accepted(Giver), TakerAccepted: v.accepted(Taker)}
	var t agreementTerms
	if err := json.Unmarshal([]byte(v.Terms), &t); err != nil {
		return a, fmt.Errorf("agreement %s, version %d: %w", r.ID, v.Version, err)
	}
	t.into(&a)
	return a, nil
}

// agreements puts rows and their standing and newest versions together, in the order of the rows.
func agreements(ctx context.Context, db bun.IDB, rows []agreementRow) ([]Agreement, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID.String()
	}
	var versions []versionRow
	err := db.NewSelect().Model(&versions).Join("JOIN org_agreement AS a ON a.id = v.agreement AND (v.version = a.standing OR v.version = a.newest)").
		Where("v.agreement IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the terms of agreements: %w", store.Err(err))
	}
	type key struct {
		id      uuid.UUID
		version int64
	}
	known := map[key]*versionRow{}
	for i := range versions {
		known[key{versions[i].Agreement, versions[i].Version}] = &versions[i]
	}
	out := make([]Agreement, len(rows))
	for i := range rows {
		r := &rows[i]
		first := r.Standing
		if first == 0 {
			first = r.Newest
		}
		v := known[key{r.ID, first}]
		if v == nil {
			return nil, fmt.Errorf("agreement %s has no version %d", r.ID, first)
		}
		if out[i], err = r.agreement(v); err != nil {
			return nil, err
		}
		if n := known[key{r.ID, r.Newest}]; n != nil && r.Newest > first {
			p, err := r.agreement(n)
			if err != nil {
				return nil, err
			}
			out[i].Proposed = &p
		}
	}
	return out, nil
}

func findAgreement(ctx context.Context, db bun.IDB, id uuid.UUID) (r agreementRow, err error) {
	if err := db.NewSelect().Model(&r).Where("a.id = ?", id).Scan(ctx); err != nil {
		if err = store.Err(err); errors.Is(err, store.ErrNotFound) {
			return r, ErrNoOrg.With("thing", "agreement").Because(err)
		}
		return r, fmt.Errorf("agreement %s: %w", id, err)
	}
	return r, nil
}

func findVersion(ctx context.Context, db bun.IDB, id uuid.UUID, version int64) (v versionRow, err error) {
	err = store.Err(db.NewSelect().Model(&v).Where("v.agreement = ? AND v.version = ?", id, version).Scan(ctx))
	return v, err
}

type actRow struct {
	bun.BaseModel `bun:"table:org_agreement_act,alias:t"`

	N         int64 `bun:"n,pk"`
	ID        uuid.UUID
	Agreement uuid.UUID
	Version   int64
	Act       string
	Side      Side
	Org       uuid.UUID
	By        string
	At        int64
	Known     int64
	Hash      string
	Reason    string
}

func (r *actRow) act() AgreementAct {
	return AgreementAct{N: uint64(r.N), ID: r.ID, Agreement: r.Agreement, Version: r.Version, Act: r.Act, Side: r.Side, Org: r.Org, By: r.By, At: r.At, Known: r.Known, Hash: r.Hash, Reason: r.Reason}
}

type agreementClockRow struct {
	bun.BaseModel `bun:"table:org_agreement_clock,alias:k"`
	ID            int64 `bun:"id,pk"`
	N             int64
}

// tick is the number of the next change; changes are numbered in the order of their transactions.
func tick(ctx context.Context, tx bun.Tx) (int64, error) {
	var k agreementClockRow
	if err := tx.NewSelect().Model(&k).Where("k.id = 1").Scan(ctx); err != nil {
		return 0, err
	}
	_, err := tx.NewUpdate().Model((*agreementClockRow)(nil)).Set("n = ?", k.N+1).Where("id = 1").Exec(ctx)
	return k.N + 1, err
}
