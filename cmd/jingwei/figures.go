package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/federate/neighbour"
	"jingwei/internal/govern/indicator/figure"
	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/telemetry/seal"
)

// openFigures opens what keeps figures. It needs definitions, documents and agreements.
func (n *node) openFigures(ctx context.Context) (err error) {
	n.figures, err = figure.New(ctx, figure.Options{
		DB: n.db, Library: n.indicators.Library(), Registers: n.indicators, Orgs: figureOrgs{n.orgs}, Documents: figurePapers{n.facts}, Parties: figureParties{n}, Now: n.now, Logger: n.log,
	})
	return err
}

// figureOrgs says who organisations are (figure.Orgs).
type figureOrgs struct{ room *org.Service }

func (f figureOrgs) Name(ctx context.Context, id uuid.UUID) (text.Text, error) {
	o, err := f.room.Get(ctx, id)
	return o.Name, err
}

// figurePapers are documents that were handed in with facts (figure.Documents).
type figurePapers struct{ room *fact.Service }

func (f figurePapers) Handed(ctx context.Context, org uuid.UUID, id string) error {
	_, err := f.room.Handed(ctx, org, id)
	return err
}

// figureParties are the parties of agreements (figure.Parties).
type figureParties struct{ n *node }

func (f figureParties) Takers(ctx context.Context, keeper uuid.UUID) (out []figure.Taker, err error) {
	list, err := f.n.orgs.ActiveFor(ctx, org.Giver, keeper, f.n.now().UnixNano())
	for i := range list {
		if list[i].Hosted() {
			out = append(out, figure.Taker{Agreement: list[i].ID, Org: list[i].Taker.Org})
		}
	}
	return out, err
}

func (f figureParties) Given(ctx context.Context, keeper uuid.UUID) ([]org.Agreement, error) {
	return f.n.orgs.ActiveFor(ctx, org.Taker, keeper, f.n.now().UnixNano())
}

func (f figureParties) Giver(ctx context.Context, agreement uuid.UUID) (name text.Text, away time.Time, err error) {
	a, err := f.n.orgs.Agreement(ctx, agreement)
	if err != nil || a.Hosted() {
		return a.Giver.Name, away, err
	}
	peers, err := f.n.neighbours.Peers(ctx)
	for _, p := range peers {
		if p.Node == a.Giver.Node && p.Way == neighbour.Down && !p.Linked { // givers dial
			if away = p.Since; away.IsZero() { // it was never linked
				away = p.Joined
			}
		}
	}
	return a.Giver.Name, away, err
}

// deliverDecisions brings what was decided on periods of other nodes to them.
func (n *node) deliverDecisions(ctx context.Context) error {
	return n.figures.Deliver(auth.AsSystem(ctx, "figures"), figure.Delivery{Ask: n.neighbours.Ask})
}

// figureWords lets sealing ask for what people say of figures (seal.Options.Figures).
type figureWords struct{ n *node }

func (f figureWords) Since(ctx context.Context, commit uint64, limit int) ([]seal.Fact, error) {
	list, err := f.n.figures.Store().Leaves(ctx, int64(commit), limit)
	return store.All(list, figureLeaf), err
}

func (f figureWords) Find(ctx context.Context, id uuid.UUID) (seal.Fact, error) {
	x, err := f.n.figures.Store().FindLeaf(ctx, id)
	return figureLeaf(&x), err
}

func figureLeaf(x *figure.Leaf) seal.Fact {
	out := seal.Fact{ID: x.ID, Subject: x.Subject, Org: x.Org, Commit: uint64(x.At), At: x.At}
	for _, f := range x.Fields {
		out.Fields = append(out.Fields, seal.Field(f))
	}
	return out
}
