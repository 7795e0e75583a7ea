package account

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// AgreementParty is a side of an agreement as it is answered.
type AgreementParty struct {
	Node       uuid.UUID  `json:"node" format:"uuid"`
	Org        *uuid.UUID `json:"org,omitempty" format:"uuid" doc:"Its id on that node; absent while the node has not told it"`
	Name       text.Text  `json:"name"`
	CreditCode string     `json:"creditCode,omitempty"`
	Key        string     `json:"key,omitempty" doc:"Verifier of that node's evidence (C2SP vkey); absent for this node"`
}

// AgreementAcceptance is a side's word for terms.
type AgreementAcceptance struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash" doc:"SHA-256 of the canonical terms"`
}

// AgreementTerms are what both sides accept.
type AgreementTerms struct {
	Kind    string     `json:"kind" enum:"parent,chain-leader,peer,regulator,bank" doc:"What the taker is to the giver"`
	Figures []string   `json:"figures" nullable:"false" minItems:"1" maxItems:"500" doc:"Indicators, each id or id@filter"`
	Detail  string     `json:"detail" enum:"aggregate,enterprise" doc:"Accounts of populations, or each enterprise's inputs"`
	Drill   string     `json:"drill" enum:"none,inputs,facts,readings" doc:"How deep the taker may ask"`
	Onward  string     `json:"onward" enum:"none,aggregate,inputs,facts,readings" doc:"What the taker may pass on"`
	Since   string     `json:"since,omitempty" maxLength:"10" doc:"Day; periods that end before it are not told"`
	From    *time.Time `json:"from,omitempty" doc:"Absent: now"`
	Until   time.Time  `json:"until" doc:"At most three years later"`
	Purpose string     `json:"purpose" maxLength:"40"`
	Words   string     `json:"words" maxLength:"500" doc:"The purpose in words, 3 to 500 characters"`
	Basis   string     `json:"basis,omitempty" maxLength:"300" doc:"The document that it rests on"`
}

// AgreementVersion is one version of the terms, with what each side said.
type AgreementVersion struct {
	Version int64 `json:"version"`
	AgreementTerms
	Hash          string               `json:"hash"`
	GiverAccepted *AgreementAcceptance `json:"giverAccepted,omitempty"`
	TakerAccepted *AgreementAcceptance `json:"takerAccepted,omitempty"`
}

// AgreementView is an agreement as it is told to both sides.
type AgreementView struct {
	ID    uuid.UUID      `json:"id" format:"uuid"`
	Giver AgreementParty `json:"giver"`
	Taker AgreementParty `json:"taker"`
	AgreementVersion
	State    org.AgreementState `json:"state" enum:"requested,offered,agreed,active,expired,ended"`
	Hosted   bool               `json:"hosted,omitempty" doc:"Both sides are on this node: nothing travels"`
	Sides    []org.Side         `json:"sides" nullable:"false" doc:"What organisations are in which you may read"`
	Epoch    uint64             `json:"epoch,omitempty"`
	Created  time.Time          `json:"created"`
	Ended    *time.Time         `json:"ended,omitempty"`
	EndedBy  string             `json:"endedBy,omitempty"`
	EndedOn  org.Side           `json:"endedOn,omitempty" enum:"giver,taker"`
	Reason   string             `json:"reason,omitempty" doc:"Of the end"`
	Proposed *AgreementVersion  `json:"proposed,omitempty" doc:"A newer version that one side has accepted"`
}

// AgreementActView is an acceptance or an end.
type AgreementActView struct {
	ID      uuid.UUID `json:"id" format:"uuid" doc:"Of its leaf in the evidence log"`
	Act     string    `json:"act" enum:"accept,end"`
	Side    org.Side  `json:"side" enum:"giver,taker"`
	Version int64     `json:"version"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Hash    string    `json:"hash"`
	Reason  string    `json:"reason,omitempty"`
}

// AgreementOther names the other side of a new agreement.
type AgreementOther struct {
	Node       *uuid.UUID `json:"node,omitempty" format:"uuid" doc:"Absent: this node"`
	Org        *uuid.UUID `json:"org,omitempty" format:"uuid" doc:"Or its credit code"`
	CreditCode string     `json:"creditCode,omitempty" maxLength:"40"`
}

// AgreementProposal requests or offers an agreement.
type AgreementProposal struct {
	Org   uuid.UUID      `json:"org" format:"uuid" doc:"Your organisation"`
	Other AgreementOther `json:"other"`
	AgreementTerms
}

// AgreementRevision proposes other terms.
type AgreementRevision struct {
	Side org.Side `json:"side,omitempty" enum:"giver,taker" doc:"Which side you speak for; needed where both are yours"`
	AgreementTerms
}

// AgreementWord accepts a version.
type AgreementWord struct {
	Side    org.Side `json:"side,omitempty" enum:"giver,taker" doc:"Which side you speak for; needed where both are yours"`
	Version int64    `json:"version" minimum:"1"`
}

// AgreementEnd ends an agreement.
type AgreementEnd struct {
	Side   org.Side `json:"side,omitempty" enum:"giver,taker" doc:"Which side you speak for; needed where both are yours"`
	Reason string   `json:"reason" maxLength:"500" doc:"3 to 500 characters"`
}

func agreementVersion(a *org.Agreement) AgreementVersion {
	from := time.Unix(0, a.Span.From).UTC()
	accepted := func(c *org.Acceptance) *AgreementAcceptance {
		if c == nil {
			return nil
		}
		return &AgreementAcceptance{c.By, time.Unix(0, c.At).UTC(), c.Hash}
	}
	return AgreementVersion{Version: a.Version, Hash: a.Hash(), GiverAccepted: accepted(a.GiverAccepted), TakerAccepted: accepted(a.TakerAccepted), AgreementTerms: AgreementTerms{
		Kind: a.Kind, Figures: a.Figures, Detail: a.Detail, Drill: a.Drill, Onward: a.Onward, Since: a.Since, From: &from, Until: time.Unix(0, a.Span.To).UTC(),
		Purpose: a.Purpose, Words: a.Words, Basis: a.Basis}}
}

func (t *AgreementTerms) agreement() org.Agreement {
	a := org.Agreement{Kind: t.Kind, Figures: slices.Clone(t.Figures), Detail: t.Detail, Drill: t.Drill, Onward: t.Onward, Since: t.Since,
		Span: org.Span{To: t.Until.UnixNano()}, Purpose: t.Purpose, Words: t.Words, Basis: t.Basis}
	if t.From != nil {
		a.Span.From = t.From.UnixNano()
	}
	return a
}

func (s *Service) agreementView(a *org.Agreement, readable []uuid.UUID, now time.Time) AgreementView {
	party := func(p *org.Party) AgreementParty {
		v := AgreementParty{Node: p.Node, Name: p.Name, CreditCode: p.CreditCode, Key: p.Key}
		if p.Org != uuid.Nil {
			v.Org = &p.Org
		}
		return v
	}
	v := AgreementView{ID: a.ID, Giver: party(&a.Giver), Taker: party(&a.Taker), AgreementVersion: agreementVersion(a), State: a.State(now.UnixNano()), Hosted: a.Hosted(),
		Sides: append([]org.Side{}, s.Orgs.AgreementSides(a, readable)...), Epoch: a.Epoch, Created: time.Unix(0, a.Created).UTC(),
		Ended: store.Instant(a.Ended), EndedBy: a.EndedBy, EndedOn: a.EndedOn, Reason: a.Reason}
	if a.Proposed != nil {
		p := agreementVersion(a.Proposed)
		v.Proposed = &p
	}
	return v
}

// readable finds an agreement in which an organisation has a part in which the caller may read.
func (s *Service) readable(ctx context.Context, id uuid.UUID) (org.Agreement, auth.Scope, error) {
	scope, err := auth.Visible(ctx, auth.Read)
	if err != nil {
		return org.Agreement{}, scope, err
	}
	a, err := s.Orgs.Agreement(ctx, id)
	if err == nil && len(s.Orgs.AgreementSides(&a, scope.Orgs())) == 0 {
		err = auth.ErrNotFound.With("thing", "agreement")
	}
	return a, scope, err
}

// speaker is the side that the caller may speak for: the one that was named, or the only one.
func (s *Service) speaker(ctx context.Context, id uuid.UUID, side org.Side) (org.Side, auth.Scope, error) {
	a, visible, err := s.readable(ctx, id)
	if err != nil {
		return side, visible, err
	}
	sides := s.Orgs.AgreementSides(&a, visible.Orgs())
	if side == "" {
		if len(sides) > 1 {
			return side, visible, org.ErrAgreementWord.At("body.side", "").With("words", "giver, taker")
		}
		side = sides[0]
	}
	if !slices.Contains(sides, side) {
		return side, visible, auth.ErrNotFound.With("thing", "agreement")
	}
	scope, err := auth.Allow(ctx, auth.Configure, a.Party(side).Org)
	return side, scope, err
}

// acting carries an act on an agreement out together with its entry of the audit.
func (s *Service) acting(ctx context.Context, scope auth.Scope, now time.Time, verb, reason string, act func(context.Context) (org.Agreement, error)) (out org.Agreement, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if out, err = act(ctx); err != nil {
			return err
		}
		shown := &out
		if out.Proposed != nil {
			shown = out.Proposed
		}
		after := map[string]any{"giver": out.Giver.Org, "taker": out.Taker.Org, "version": shown.Version, "hash": shown.Hash(), "figures": shown.Figures, "detail": shown.Detail, "drill": shown.Drill,
			"onward": shown.Onward, "until": time.Unix(0, shown.Span.To).UTC()}
		e := scope.Act(ctx, now, verb, audit.Object{Kind: "agreement", ID: out.ID.String(), Name: out.Words}, nil, after)
		e.Reason = reason
		for _, side := range s.Orgs.AgreementSides(&out, []uuid.UUID{out.Giver.Org, out.Taker.Org}) { // both, where both are here
			e.Org = out.Party(side).Org
			if err := audit.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (s *Service) agreements(a *api.Server) {
	type output struct{ Body AgreementView }
	one := func(ctx context.Context, g org.Agreement) (*output, error) {
		scope, err := auth.Visible(ctx, auth.Read)
		if err != nil {
			return nil, err
		}
		return &output{s.agreementView(&g, scope.Orgs(), a.Now())}, nil
	}
	type listInput struct {
		OrgQuery
		Side     string `query:"side" enum:"giver,taker" doc:"Both where it is left out"`
		Standing bool   `query:"standing" doc:"Only those that have neither ended nor expired"`
		api.Paging
	}
	api.Register(a, get("listAgreements", "/agreements", "agreements", "Agreements on figures in which your organisations have a part, the newest first"),
		func(ctx context.Context, in *listInput) (*api.List[AgreementView], error) {
			scope, err := auth.AllowOrVisible(ctx, auth.Read, in.Org)
			if err != nil {
				return nil, err
			}
			list, next, err := s.Orgs.Agreements(ctx, org.AgreementFilter{Orgs: scope.Orgs(), Side: org.Side(in.Side), Standing: in.Standing}, in.Page())
			if err != nil {
				return nil, err
			}
			now := a.Now()
			return api.Listed(store.All(list, func(g *org.Agreement) AgreementView { return s.agreementView(g, scope.Orgs(), now) }), next), nil
		})
	type proposeInput struct{ Body AgreementProposal }
	propose := func(verb string, mine org.Side, do func(context.Context, org.Agreement, string) (org.Agreement, error)) func(context.Context, *proposeInput) (*output, error) {
		return func(ctx context.Context, in *proposeInput) (*output, error) {
			scope, err := auth.Allow(ctx, auth.Configure, in.Body.Org)
			if err != nil {
				return nil, err
			}
			g := in.Body.agreement()
			g.Party(mine).Org = in.Body.Org
			*g.Party(mine.Other()) = org.Party{Node: api.OrNil(in.Body.Other.Node), Org: api.OrNil(in.Body.Other.Org), CreditCode: in.Body.Other.CreditCode}
			g, err = s.acting(ctx, scope, a.Now(), verb, "", func(ctx context.Context) (org.Agreement, error) { return do(ctx, g, scope.Principal().Name) })
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		}
	}
	api.Register(a, post("requestAgreement", "/agreements/request", "agreements", "Ask another organisation for figures; for those who configure the taker", 201),
		propose("org.agreement.request", org.Taker, func(ctx context.Context, g org.Agreement, by string) (org.Agreement, error) {
			return s.Orgs.RequestAgreement(ctx, g, by)
		}))
	api.Register(a, post("offerAgreement", "/agreements/offer", "agreements", "Offer figures to another organisation; for those who configure the giver", 201),
		propose("org.agreement.offer", org.Giver, func(ctx context.Context, g org.Agreement, by string) (org.Agreement, error) {
			return s.Orgs.OfferAgreement(ctx, g, by)
		}))
	api.Register(a, get("getAgreement", "/agreements/{id}", "agreements", "An agreement, for both sides"),
		func(ctx context.Context, in *api.ByID) (*output, error) {
			g, _, err := s.readable(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type acceptInput struct {
		api.ByID
		Body AgreementWord
	}
	api.Register(a, operation("POST", "acceptAgreement", "/agreements/{id}/accept", "agreements", "Accept the newest version; for those who configure a side"),
		func(ctx context.Context, in *acceptInput) (*output, error) {
			side, scope, err := s.speaker(ctx, in.ID, in.Body.Side)
			if err != nil {
				return nil, err
			}
			g, err := s.acting(ctx, scope, a.Now(), "org.agreement.accept", "", func(ctx context.Context) (org.Agreement, error) {
				return s.Orgs.AcceptAgreement(ctx, in.ID, side, in.Body.Version, scope.Principal().Name)
			})
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type reviseInput struct {
		api.ByID
		Body AgreementRevision
	}
	api.Register(a, operation("POST", "reviseAgreement", "/agreements/{id}/revise", "agreements", "Propose other terms; they count once the other side has accepted them"),
		func(ctx context.Context, in *reviseInput) (*output, error) {
			side, scope, err := s.speaker(ctx, in.ID, in.Body.Side)
			if err != nil {
				return nil, err
			}
			g, err := s.acting(ctx, scope, a.Now(), "org.agreement.revise", "", func(ctx context.Context) (org.Agreement, error) {
				return s.Orgs.ReviseAgreement(ctx, in.ID, side, in.Body.agreement(), scope.Principal().Name)
			})
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	type endInput struct {
		api.ByID
		Body AgreementEnd
	}
	api.Register(a, operation("POST", "endAgreement", "/agreements/{id}/end", "agreements", "End an agreement at once; for those who configure a side"),
		func(ctx context.Context, in *endInput) (*output, error) {
			side, scope, err := s.speaker(ctx, in.ID, in.Body.Side)
			if err != nil {
				return nil, err
			}
			g, err := s.acting(ctx, scope, a.Now(), "org.agreement.end", in.Body.Reason, func(ctx context.Context) (org.Agreement, error) {
				return s.Orgs.EndAgreement(ctx, in.ID, side, scope.Principal().Name, in.Body.Reason)
			})
			if err != nil {
				return nil, err
			}
			return one(ctx, g)
		})
	s.agreementPast(a)
}

// agreementPast tells what an agreement was, and who accepted or ended it.
func (s *Service) agreementPast(a *api.Server) {
	api.Register(a, get("listAgreementVersions", "/agreements/{id}/versions", "agreements", "All versions of an agreement, the first first"),
		func(ctx context.Context, in *api.ByID) (*api.List[AgreementVersion], error) {
			if _, _, err := s.readable(ctx, in.ID); err != nil {
				return nil, err
			}
			list, err := s.Orgs.AgreementVersions(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, agreementVersion), ""), nil
		})
	api.Register(a, get("listAgreementActs", "/agreements/{id}/acts", "agreements", "Acceptances and ends of an agreement, in the order in which this node learned of them"),
		func(ctx context.Context, in *api.ByID) (*api.List[AgreementActView], error) {
			if _, _, err := s.readable(ctx, in.ID); err != nil {
				return nil, err
			}
			list, err := s.Orgs.AgreementHistory(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return api.Listed(store.All(list, func(t *org.AgreementAct) AgreementActView {
				return AgreementActView{t.ID, t.Act, t.Side, t.Version, t.By, time.Unix(0, t.At).UTC(), t.Hash, t.Reason}
			}), ""), nil
		})
}
